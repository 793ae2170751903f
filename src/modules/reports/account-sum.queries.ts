import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { listBalances } from '../ledger/balance.queries.ts'
import { type SumRow, type Sums, toSums } from './account-sum.ts'
import { findHeads, listSpanSums, listTagSums } from './line-sum.queries.ts'

/** What of the ledger a report shows; all of it where nothing is said. */
export type View = Readonly<{
  /** What was recorded by then. */
  knownAt?: Instant | undefined
  /** Lines with this tag. */
  tag?: string | undefined
}>

type DatedRow = SumRow & Readonly<{ date: CalendarDate }>

/**
 * Sums of every account at the end of each date, in the order of the dates; no date, no sums. Call
 * it in one snapshot with what else the report reads.
 * Source: ledger specification 9.2 and 9.9.
 */
export async function listSums(
  db: Db,
  businessId: Id<'business'>,
  dates: readonly (CalendarDate | undefined)[],
  view: View = {},
): Promise<readonly Sums[]> {
  const known = [...new Set(dates.filter((date) => date !== undefined))].sort()
  const rows = known.length === 0 ? [] : await listRows(db, businessId, known, view)
  const rowsByDate = new Map<CalendarDate, DatedRow[]>(known.map((date) => [date, []]))
  for (const row of rows) rowsByDate.get(row.date)?.push(row)
  return dates.map((date) => toSums((date && rowsByDate.get(date)) ?? []))
}

/** The dates are in order and none comes twice. */
async function listRows(
  db: Db,
  businessId: Id<'business'>,
  dates: readonly CalendarDate[],
  { knownAt, tag }: View,
): Promise<readonly DatedRow[]> {
  const heads = knownAt === undefined ? undefined : await findHeads(db, businessId, knownAt)
  if (tag !== undefined) {
    const slots = await listTagSums(db, businessId, { dates, tag, through: heads?.known })
    return accumulated(slots, dates)
  }
  if (heads === undefined || heads.known === heads.newest) {
    return listBalances(db, { businessId, dates })
  }
  const { known, newest } = heads
  if (known < newest - known) {
    const slots = await listSpanSums(db, businessId, { dates, after: 0n, through: known })
    return accumulated(slots, dates)
  }
  const all = await listBalances(db, { businessId, dates })
  const later = await listSpanSums(db, businessId, { dates, after: known })
  return [...all, ...accumulated(later, dates).map(turned)]
}

/** Sums per date out of what came with each date. */
const accumulated = (
  slots: readonly DatedRow[],
  dates: readonly CalendarDate[],
): readonly DatedRow[] =>
  dates.flatMap((date) =>
    slots.filter((slot) => slot.date <= date).map((slot) => ({ ...slot, date })),
  )

const turned = (row: DatedRow): DatedRow => ({
  ...row,
  debitBase: -row.debitBase,
  creditBase: -row.creditBase,
})
