import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  defaultPlans,
  isPlanOf,
  type PlanSurface,
  type Plans,
  type SubscriptionStatus,
} from './plan.ts'

/** The plans in force on a day, with the standing of the Books subscription. */
export type Subscription = Readonly<{ plans: Plans; booksStatus: SubscriptionStatus }>

type Row = { surface: PlanSurface; plan: string; status: SubscriptionStatus }

/** The newest row of each surface that is valid on the day; defaults where there is none. */
export async function findSubscription(
  db: Db,
  organizationId: Id<'organization'>,
  today: CalendarDate,
): Promise<Subscription> {
  const rows = await db.query<Row>({
    name: 'find_subscription',
    text: `select distinct on (surface) surface, plan, status
      from subscription where organization_id = $1 and valid_from <= $2
      order by surface, valid_from desc, recorded_at desc limit 3`,
    values: [organizationId, today],
  })
  const planBySurface = Object.fromEntries(rows.map(({ surface, plan }) => [surface, plan]))
  for (const { surface, plan } of rows) assert(isPlanOf(surface, plan), 'a stored plan has a name')
  const plans = { ...defaultPlans, ...planBySurface } as Plans // names were compared just above
  return { plans, booksStatus: rows.find(({ surface }) => surface === 'books')?.status ?? 'active' }
}
