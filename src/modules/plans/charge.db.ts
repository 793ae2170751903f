import type { Tenant, Tx } from '../../db/tx.ts'

/** Marks held charges of requests as settled; what was given back meanwhile stays so. */
export async function updateChargesToSettled(
  tx: Tx,
  { organizationId }: Tenant,
  requestIds: readonly string[],
): Promise<void> {
  await tx.query({
    name: 'update_charges_to_settled',
    text: `update charge set state = 'settled'
      where organization_id = $1 and request_id = any ($2) and state = 'held'`,
    values: [organizationId, requestIds],
  })
}
