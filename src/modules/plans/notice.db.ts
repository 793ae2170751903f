import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'

/** A quota that was used up; `dayMs` is the day it is of. */
export type ReachedQuota = Readonly<{ dayMs: bigint; quota: number }>

/** Takes the quota that was reached and that nobody was told of. */
export async function updateQuotaToTold(
  tx: Tx,
  organizationId: Id<'organization'>,
): Promise<ReachedQuota | undefined> {
  const [row] = await tx.query<ReachedQuota>({
    name: 'update_quota_to_told',
    text: `update limit_counter set reached_told = true
      where organization_id = $1 and subject = $1 and reached_day is not null and not reached_told
      returning reached_day as "dayMs", reached_quota as quota`,
    values: [organizationId],
  })
  return row
}

/** Takes the quota that was reached on a day that is over. */
export async function updateQuotaToOpen(
  tx: Tx,
  organizationId: Id<'organization'>,
  nowMs: number,
): Promise<ReachedQuota | undefined> {
  const [row] = await tx.query<ReachedQuota>({
    name: 'update_quota_to_open',
    text: `
      with ended as (
        select subject, reached_day, reached_quota from limit_counter
        where organization_id = $1 and subject = $1 and reached_day + 86400000 <= $2 for update
      )
      update limit_counter as c set reached_day = null
      from ended as e where c.organization_id = $1 and c.subject = e.subject
      returning e.reached_day as "dayMs", e.reached_quota as quota`,
    values: [organizationId, nowMs],
  })
  return row
}
