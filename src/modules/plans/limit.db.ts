import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { LimitOverride } from './limit.ts'

/** Adds an exception; of the same limit and day the one recorded last holds. */
export async function insertLimitOverride(
  tx: Tx,
  organizationId: Id<'organization'>,
  { surface, name, value, validFrom, validTo, reason }: LimitOverride,
  recordedAt: Instant,
): Promise<void> {
  await tx.query({
    name: 'insert_limit_override',
    text: `
      insert into limit_override (organization_id, surface, limit_name, value, valid_from, valid_to,
        reason, recorded_at)
      select $1, $2, $3, $4, $5, $6, $7, greatest($8::timestamptz, (
        select max(o.recorded_at) + interval '1 millisecond' from limit_override as o
        where o.organization_id = $1 and o.surface = $2 and o.limit_name = $3))`,
    values: [
      organizationId,
      surface,
      name,
      JSON.stringify(value),
      validFrom,
      validTo ?? null,
      reason,
      recordedAt,
    ],
  })
}
