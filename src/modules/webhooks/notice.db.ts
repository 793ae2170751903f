import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Notice } from './notice.queries.ts'

/** Notes that a notice was passed on; false when it was before. */
export async function updateTold(
  tx: Tx,
  { organizationId, endpointId, kind, day }: Notice,
  now: Instant,
): Promise<boolean> {
  const rows = await tx.query({
    name: 'tell_webhook_notice',
    text: `update webhook_notice set told_at = $5
      where organization_id = $1 and endpoint_id = $2 and kind = $3 and day = $4
        and told_at is null
      returning 1`,
    values: [organizationId, endpointId, kind, day, now],
  })
  return rows.length > 0
}
