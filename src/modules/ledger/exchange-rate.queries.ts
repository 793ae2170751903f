import type { Db } from '../../db/tx.ts'
import { addDays, type CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Rate, rateAgeDaysMax, unitRate } from './exchange-rate.ts'
import { trimRate } from './journal.ts'

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
      select rate, source from fx_rate
      where business_id = $1 and currency = $2 and day <= $3 and day >= $4
      order by day desc,
        array_position(array['manual', 'import', 'feed'], split_part(source, ':', 1)), seq desc
      limit 1`,
    values: [businessId, currency, day, addDays(day, -rateAgeDaysMax)],
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
