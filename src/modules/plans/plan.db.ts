import { plainArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { PlanSurface, SubscriptionStatus } from './plan.ts'

type Row = Readonly<{ surface: PlanSurface; plan: string; status: SubscriptionStatus }>

/** Adds rows that supersede earlier ones of the same day: each is recorded after all before it. */
export async function insertSubscriptions(
  tx: Tx,
  organizationId: Id<'organization'>,
  rows: readonly Row[],
  { validFrom, recordedAt }: Readonly<{ validFrom: CalendarDate; recordedAt: Instant }>,
): Promise<void> {
  await tx.query({
    name: 'insert_subscriptions',
    text: `
      insert into subscription (organization_id, surface, plan, status, valid_from, recorded_at)
      select $1, t.surface, t.plan, t.status, $5, greatest($6::timestamptz, (
        select max(s.recorded_at) + interval '1 millisecond' from subscription as s
        where s.organization_id = $1))
      from unnest($2::text[], $3::text[], $4::text[]) as t (surface, plan, status)`,
    values: [
      organizationId,
      plainArray(rows.map(({ surface }) => surface)),
      plainArray(rows.map(({ plan }) => plan)),
      plainArray(rows.map(({ status }) => status)),
      validFrom,
      recordedAt,
    ],
  })
}
