import { plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { PlanVersion } from './limit.ts'

/** Adds versions; one that is there already stays as it is. Answers how many were new. */
export async function insertPlanVersions(
  tx: Tx,
  versions: readonly PlanVersion[],
): Promise<number> {
  const rows = await tx.query({
    text: `
      insert into plan_version (surface, plan, valid_from, limits)
      select * from unnest($1::text[], $2::text[], $3::date[], $4::jsonb[])
      on conflict do nothing
      returning 1`,
    values: [
      textArray(versions.map(({ surface }) => surface)),
      textArray(versions.map(({ plan }) => plan)),
      plainArray(versions.map(({ validFrom }) => validFrom)),
      textArray(versions.map(({ limits }) => JSON.stringify(limits))),
    ],
  })
  return rows.length
}
