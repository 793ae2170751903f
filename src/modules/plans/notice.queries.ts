import type { Db } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'

/**
 * Organizations whose owners have not been told of all that happened to their credits and quotas,
 * of the whole installation.
 */
export async function listUntoldLimits(
  db: Db,
  nowMs: number,
  limit: number,
): Promise<readonly Id<'organization'>[]> {
  const rows = await db.query<{ organization_id: Id<'organization'> }>({
    name: 'list_untold_limits',
    text: `
      select organization_id from meter_account
      where organization_id is not null and code = 'available' and announced < notice
      union
      select organization_id from limit_counter
      where organization_id is not null and reached_day is not null
        and (not reached_told or reached_day + 86400000 <= $1)
      order by organization_id limit $2`,
    values: [nowMs, limit],
  })
  return rows.map(({ organization_id: id }) => id)
}
