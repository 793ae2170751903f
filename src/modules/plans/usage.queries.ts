import type { Db } from '../../db/tx.ts'
import { type CalendarDate, monthStart, type Period } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** What an organization has used of its calls and credits. Amounts in minor units. */
export type Usage = Readonly<{
  isMetered: boolean
  /** Calls of the plan's trial. */
  trialCalls: number
  trialUsed: bigint
  trialLeft: bigint
  credits: bigint
  price: bigint
  callsThisMonth: bigint
  callsEver: bigint
  lastCallAt: string | null
}>

type Row = Readonly<{
  is_metered: boolean | null
  trial_calls: number | null
  price: bigint | null
  trial_available: bigint | null
  trial_consumed: bigint | null
  has_trial: boolean
  credits: bigint | null
  this_month: bigint | null
  ever: bigint | null
  last_at: string | null
}>

/** As of now; the trial that no call has begun yet is all left. */
export async function findUsage(
  db: Db,
  organizationId: Id<'organization'>,
  today: CalendarDate,
): Promise<Usage> {
  const [row] = await db.query<Row>({
    name: 'find_usage',
    text: `
      with chosen as (
        select coalesce((
          select s.plan from subscription as s
          where s.organization_id = $1 and s.surface = 'books' and s.valid_from <= $2
          order by s.valid_from desc, s.recorded_at desc limit 1), default_plan('books')) as plan
      ), version as (
        select v.limits || coalesce((
          select jsonb_object_agg(o.limit_name, o.value order by o.valid_from, o.recorded_at)
          from limit_override as o
          where o.organization_id = $1 and o.surface = 'books' and o.valid_from <= $2
            and (o.valid_to is null or o.valid_to > $2)), '{}') as limits
        from plan_version as v
        where v.surface = 'books' and v.plan = (select plan from chosen) and v.valid_from <= $2
        order by v.valid_from desc limit 1
      ), balances as (
        select code, asset, balance from meter_account where organization_id = $1
      ), calls as (
        select sum(counted) filter (where day >= $3)::bigint as this_month,
          sum(counted)::bigint as ever, max(last_counted_at) as last_at
        from usage_day where organization_id = $1 and day <= $2
      )
      select (limits ->> 'metered')::boolean as is_metered, (limits ->> 'trialCalls')::int as trial_calls,
        (limits ->> 'pricePerCallKobo')::bigint as price,
        (select balance from balances where code = 'available' and asset = 'CALL') as trial_available,
        (select balance from balances where code = 'consumed' and asset = 'CALL') as trial_consumed,
        exists (select 1 from meter_entry where organization_id = $1 and source = 'trial') as has_trial,
        (select balance from balances where code = 'available' and asset = 'NGN') as credits,
        this_month, ever, last_at
      from calls left join version on true`,
    values: [organizationId, today, monthStart(today)],
  })
  const trialCalls = row?.trial_calls ?? 0
  const price = row?.price ?? 0n
  return {
    isMetered: row?.is_metered === true && price > 0n,
    trialCalls,
    trialUsed: row?.trial_consumed ?? 0n,
    trialLeft: row?.has_trial ? (row.trial_available ?? 0n) : BigInt(trialCalls),
    credits: row?.credits ?? 0n,
    price,
    callsThisMonth: row?.this_month ?? 0n,
    callsEver: row?.ever ?? 0n,
    lastCallAt: row?.last_at ?? null,
  }
}

/** Calls of one day. */
export type UsageDay = Readonly<{
  day: CalendarDate
  calls: bigint
  charged: bigint
  succeeded: bigint
  refused: bigint
  failed: bigint
}>

/** Days with calls, the latest first, at most 366. */
export const listUsageDays = (
  db: Db,
  organizationId: Id<'organization'>,
  { start, end }: Period,
): Promise<UsageDay[]> =>
  db.query({
    name: 'list_usage_days',
    text: `select day, calls, charged, succeeded, refused, failed from usage_day
      where organization_id = $1 and day between $2 and $3 order by day desc limit 366`,
    values: [organizationId, start, end],
  })

/**
 * What the credit ledger and the charges say differently of what was consumed, over all
 * organizations and assets; 0 when they agree. Reads as the owner.
 */
export async function sumMeterDifference(db: Db): Promise<number> {
  const [row] = await db.query<{ difference: bigint }>({
    name: 'sum_meter_difference',
    text: `
      select coalesce(sum(abs(x.balance - x.charged)), 0)::bigint as difference from (
        select a.balance, coalesce((select sum(c.units) from charge as c
          where c.organization_id = a.organization_id and c.asset = a.asset
            and c.state = 'settled' and c.is_posted), 0) as charged
        from meter_account as a where a.organization_id is not null and a.code = 'consumed'
      ) as x`,
    values: [],
  })
  return Number(row?.difference ?? 0n)
}

/** One movement of the credit ledger; a positive amount makes more available. */
export type MeterMovement = Readonly<{
  id: string
  kind: string
  at: string
  note: string | null
  asset: string
  from: string
  to: string
  amount: bigint
}>

/** Movements, the latest first; one more than a page when there is a next one. */
export const listMeterMovements = (
  db: Db,
  organizationId: Id<'organization'>,
  { limit, offset }: Readonly<{ limit: number; offset: number }>,
): Promise<MeterMovement[]> =>
  db.query({
    name: 'list_meter_movements',
    text: `
      select e.entry_id as id, e.kind, e.at, e.note, t.asset, f.account_code as "from",
        t.account_code as "to", t.amount
      from meter_entry as e
      join meter_line as t on t.organization_id = e.organization_id and t.entry_id = e.entry_id and t.amount > 0
      join meter_line as f on f.organization_id = e.organization_id and f.entry_id = e.entry_id and f.amount < 0
        and f.asset = t.asset
      where e.organization_id = $1
      order by e.at desc, e.entry_id desc limit $2 offset $3`,
    values: [organizationId, limit, offset],
  })

/** How many movements there are. */
export async function countMeterMovements(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    name: 'count_meter_movements',
    text: 'select count(*)::int as count from meter_entry where organization_id = $1',
    values: [organizationId],
  })
  return row?.count ?? 0
}
