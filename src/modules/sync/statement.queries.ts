import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import {
  addMonths,
  asDate,
  type CalendarDate,
  dateIn,
  fiscalYearOf,
  monthEnd,
  monthStart,
} from '../../kernel/dates.ts'
import type { Account } from '../ledger/account.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { listSums } from '../reports/account-sum.queries.ts'
import { openingDate, type Sums } from '../reports/account-sum.ts'
import type { NativeSource } from './native.ts'
import { periodsOf, type StatementBooks, type StatementQuery, sumDates } from './statement.ts'

/** The books of a business as far as one statement reads them, in one snapshot. */
export async function loadStatementBooks(
  db: Db,
  source: NativeSource,
  query: StatementQuery,
): Promise<StatementBooks> {
  const facts = await loadFacts(db, source)
  const periods = periodsOf(query, facts.earliest)
  return withSums(db, source, facts, sumDates(periods, facts.fiscalYearStart))
}

/** Every month end that any later statement can ask for; kept when a connection is unlinked. */
export async function loadFrozenBooks(db: Db, source: NativeSource): Promise<FrozenBooks> {
  const facts = await loadFacts(db, source)
  const ends = monthEnds(facts.earliest, facts.today, facts.fiscalYearStart)
  const sums = await listSums(db, source.businessId, ends)
  return {
    ...facts,
    months: ends.map((end, i) => ({
      end,
      sums: [...(sums[i] ?? [])].map(([id, { whole, open, debit, credit }]) => [
        id,
        ...[whole, open, debit, credit].map(String),
      ]),
    })),
  }
}

type Facts = Omit<StatementBooks, 'sumsAt'>

/** Sums as decimal texts, because JSON has no whole numbers of their size. */
export type FrozenBooks = Facts &
  Readonly<{ months: readonly Readonly<{ end: CalendarDate; sums: readonly string[][] }>[] }>

/** Frozen books as statements read them; months after the last one are as the last. */
export function thawBooks(frozen: FrozenBooks): StatementBooks {
  const { months, ...facts } = frozen
  const sumsByEnd = new Map(months.map(({ end, sums }) => [end, new Map(sums.map(toSum))]))
  const last = months.at(-1)
  return {
    ...facts,
    sumsAt: (end) => {
      const asked = last !== undefined && end > last.end ? last.end : end
      return (sumsByEnd.get(asked) ?? new Map()) as Sums // keyed by the ids that were frozen
    },
  }
}

function toSum([id = '', ...figures]: readonly string[]): [
  string,
  Readonly<{ whole: bigint; open: bigint; debit: bigint; credit: bigint }>,
] {
  const [whole = 0n, open = 0n, debit = 0n, credit = 0n] = figures.map(BigInt)
  return [id, { whole, open, debit, credit }]
}

async function loadFacts(
  db: Db,
  { organizationId, businessId, now }: NativeSource,
): Promise<Facts & Readonly<{ accounts: readonly Account[] }>> {
  const { business, accounts } = await loadBook(db, { organizationId, businessId })
  const [first] = await db.query<{ earliest: CalendarDate | null }>({
    name: 'first_accounting_date',
    text: 'select min(accounting_date) as earliest from journal_entry where business_id = $1',
    values: [businessId],
  })
  return {
    baseCurrency: business.baseCurrency,
    fiscalYearStart: business.fiscalYearStart,
    accounts,
    earliest: first?.earliest ?? null,
    today: dateIn(now, business.timeZone),
  }
}

async function withSums(
  db: Db,
  { businessId }: NativeSource,
  facts: Facts,
  dates: readonly CalendarDate[],
): Promise<StatementBooks> {
  const sums = await listSums(db, businessId, dates)
  const sumsByDate = new Map(dates.map((date, i) => [date, sums[i]]))
  return {
    ...facts,
    sumsAt: (end) => {
      const found = sumsByDate.get(end)
      assert(found !== undefined, 'a statement asks for the sums it named')
      return found
    },
  }
}

/** From before the year of the first posting to the newest month; a year's opening is among them. */
function monthEnds(
  earliest: CalendarDate | null,
  today: CalendarDate,
  fiscalYearStart: string,
): readonly CalendarDate[] {
  if (earliest === null) return []
  const ends = new Set<CalendarDate>()
  for (let month = monthStart(earliest); month <= today; month = addMonths(month, 1)) {
    ends.add(monthEnd(month))
    ends.add(openingDate(fiscalYearOf(month, fiscalYearStart).start) ?? asDate('1900-01-01'))
  }
  return [...ends].sort()
}
