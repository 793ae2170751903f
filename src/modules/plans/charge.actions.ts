import type { Tenant, Tx } from '../../db/tx.ts'
import { updateChargesToSettled } from './charge.db.ts'

/**
 * The charges of writes, settled in the commit of the writes themselves: the gate calls this.
 * Source: platform specification 7.
 */
export const settleCharges = (
  tx: Tx,
  tenant: Tenant,
  requestIds: readonly string[],
): Promise<void> => updateChargesToSettled(tx, tenant, requestIds)
