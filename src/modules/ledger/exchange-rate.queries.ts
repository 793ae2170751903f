import type { Db } from '../../db/tx.ts'
import { addDaysWithin, type CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Rate, rateAgeDaysMax, unitRate } from './exchange-rate.ts'
import { trimRate } from './journal.ts'

/** True for a row `f` that no later row of its day withdraws. */
const isInForce = `not f.is_withdrawal and not exists (
  select from fx_rate as w
  where w.business_id = f.business_id and w.currency = f.currency and w.day = f.day
    and w.seq > f.seq and w.is_withdrawal
)`

/** Which of the rates of one day holds comes first. */
const bestFirst = `array_position(array['manual', 'import', 'feed'], split_part(f.source, ':', 1)),
  f.seq desc`

type Wanted = Readonly<{
  businessId: Id<'business'>
  currency: string
  baseCurrency: string
  day: CalendarDate
}>

/**
 * The rate of a day: of the newest day on or before it that is at most seven days older; within a
 * day a manual rate before imported ones before feeds, and the later row of equals.
 * Source: ledger specification 5.1.
 */
export async function findRate(
  db: Db,
  { businessId, currency, baseCurrency, day }: Wanted,
): Promise<Rate | undefined> {
  if (currency === baseCurrency) return unitRate
  const [row] = await db.query<Rate>({
    name: 'find_rate',
    text: `
      select rate, source from fx_rate as f
      where business_id = $1 and currency = $2 and day <= $3 and day >= $4 and ${isInForce}
      order by day desc, ${bestFirst}
      limit 1`,
    values: [businessId, currency, day, addDaysWithin(day, -rateAgeDaysMax)],
  })
  return row && { rate: trimRate(row.rate), source: row.source }
}

/**
 * The rate of a day, or the refusal that there is none.
 * Refuses: ledger.rate_missing.
 */
export async function getRate(db: Db, wanted: Wanted): Promise<Rate> {
  const rate = await findRate(db, wanted)
  if (rate === undefined) {
    const { currency, baseCurrency, day } = wanted
    throw new Refusal('ledger.rate_missing', { from: currency, to: baseCurrency, date: day })
  }
  return rate
}

/** The rate that holds for a day. */
export type DayRate = Rate & Readonly<{ currency: string; day: CalendarDate }>

export type RateFilter = Readonly<{
  businessId: Id<'business'>
  currency?: string
  from?: CalendarDate
  to?: CalendarDate
  isDescending: boolean
  after?: Pick<DayRate, 'currency' | 'day'>
  limit: number
  offset: number
}>

/** A page of the rates that hold, by day, ties by currency, and the number of all that match. */
export async function listRates(
  db: Db,
  filter: RateFilter,
): Promise<Readonly<{ rows: readonly DayRate[]; total: number }>> {
  const { businessId, currency, from, to, isDescending, after, limit, offset } = filter
  const [than, order] = isDescending ? ['<', 'desc'] : ['>', 'asc']
  const values = [businessId, currency ?? null, from ?? null, to ?? null]
  const held = `
    select distinct on (f.currency, f.day) f.currency, f.day, trim_scale(f.rate)::text as rate,
      f.source
    from fx_rate as f
    where f.business_id = $1 and ($2::text is null or f.currency = $2)
      and ($3::date is null or f.day >= $3) and ($4::date is null or f.day <= $4) and ${isInForce}
    order by f.currency, f.day, ${bestFirst}`
  const rows = await db.query<DayRate>({
    name: `list_rates_${order}`,
    text: `
      select * from (${held}) as r
      where $5::date is null or (r.day, r.currency) ${than} ($5, $6::text)
      order by r.day ${order}, r.currency ${order} limit $7 offset $8`,
    values: [...values, after?.day ?? null, after?.currency ?? null, limit, offset],
  })
  const [count] = await db.query<{ total: number }>({
    name: 'count_rates',
    text: `select count(*)::int as total from (${held}) as r`,
    values,
  })
  return { rows, total: count?.total ?? 0 }
}
