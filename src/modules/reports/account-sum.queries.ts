import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { listBalances } from '../ledger/balance.queries.ts'
import { findHeads, type Heads } from '../ledger/journal.queries.ts'
import { type SumRow, type Sums, toSums } from './account-sum.ts'
import {
  countSpanLines,
  countTagLines,
  findSeal,
  linesMax,
  listSealedSums,
  listSpanSums,
  listTagSums,
  type Span,
} from './line-sum.queries.ts'

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
 * Refuses: reports.too_many_lines.
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
    const tagged = { dates, tag, through: heads?.known }
    requireReadable(await countTagLines(db, businessId, tagged))
    return accumulated(await listTagSums(db, businessId, tagged), dates)
  }
  if (heads === undefined || heads.known === heads.newest) {
    return listBalances(db, { businessId, dates })
  }
  return listKnownRows(db, businessId, dates, heads)
}

/** From where what was known is counted, and the entries between. */
type Way = Readonly<{ span: Span; base: () => Promise<readonly DatedRow[]>; isBack: boolean }>

/**
 * What was known at an entry: counted back from now, or on from the start or from the latest close
 * before it, whichever is nearest.
 */
async function listKnownRows(
  db: Db,
  businessId: Id<'business'>,
  dates: readonly CalendarDate[],
  { known, newest }: Heads,
): Promise<readonly DatedRow[]> {
  const [first] = dates
  const seal = first && (await findSeal(db, businessId, { date: first, known }))
  const fromNow: Way = {
    span: { after: known },
    base: () => listBalances(db, { businessId, dates }),
    isBack: true,
  }
  const fromStart: Way = {
    span: { after: 0n, through: known },
    base: () => Promise.resolve([]),
    isBack: false,
  }
  const ways = [newest - known < known ? fromNow : fromStart]
  if (first !== undefined && seal !== undefined) {
    const { closeId, through, entrySeq } = seal
    ways.push({
      span: { after: entrySeq, through: known, datedAfter: through },
      base: async () =>
        accumulated(await listSealedSums(db, businessId, { closeId, date: first }), dates),
      isBack: false,
    })
  }
  const { span, base, isBack } = await nearest(ways, ({ span: each }) =>
    countSpanLines(db, businessId, { dates, ...each }),
  )
  const between = accumulated(await listSpanSums(db, businessId, { dates, ...span }), dates)
  return [...(await base()), ...(isBack ? between.map(turned) : between)]
}

/** Refuses: reports.too_many_lines. */
async function nearest(ways: readonly Way[], count: (way: Way) => Promise<number>): Promise<Way> {
  const counted: Readonly<{ way: Way; lines: number }>[] = []
  for (const way of ways) counted.push({ way, lines: await count(way) })
  const [best] = counted.sort((a, b) => a.lines - b.lines)
  assert(best !== undefined, 'there is a way from now or from the start')
  requireReadable(best.lines)
  return best.way
}

/** Refuses: reports.too_many_lines. */
function requireReadable(lines: number): void {
  if (lines > linesMax) throw new Refusal('reports.too_many_lines', { max: linesMax })
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
