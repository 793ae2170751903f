import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { insertMaintenance } from './maintenance.db.ts'
import type { Maintenance } from './maintenance.ts'

/**
 * Closes the installation to callers, or opens it again (undefined). Every process obeys within a
 * second. It belongs to the installation, not to a tenant; the orders themselves are its record.
 * Refuses: nothing. Source: platform specification 11.1.
 */
export const orderMaintenance = (
  tx: Tx,
  maintenance: Maintenance | undefined,
  by: Readonly<{ orderedBy: string; at: Instant }>,
): Promise<void> => insertMaintenance(tx, maintenance, by)
