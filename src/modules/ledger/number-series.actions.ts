import type { Ctx, Together } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import {
  findSeries,
  insertNumber,
  isNumberTaken,
  markNumberDeleted,
  moveSeries,
  renameSeries,
  takeRegistered,
  takeValues,
} from './number-series.db.ts'
import {
  endlessSeries,
  formatNumber,
  type NumberedKind,
  type NumberSurface,
  type Series,
  seriesOf,
  valueInSeries,
} from './number-series.ts'

type Asked = Readonly<{ kind: NumberedKind; surface: NumberSurface; date: CalendarDate }>

/**
 * One number per date, in their order, from the yearly or endless series of kind and surface.
 * Refuses: nothing. Two calls of one business never get the same number, and a rollback leaves no
 * gap.
 * Source: ledger specification 7.5.
 */
export async function takeNumbers(
  ctx: Ctx,
  { kind, surface, dates }: Omit<Asked, 'date'> & Readonly<{ dates: readonly CalendarDate[] }>,
): Promise<readonly string[]> {
  const seriesByYear = new Map<number, ReturnType<typeof seriesOf> & { count: number }>()
  const years = dates.map((date) => {
    const series = seriesOf(kind, surface, date)
    const wanted = seriesByYear.get(series.year)
    if (wanted === undefined) seriesByYear.set(series.year, { ...series, count: 1 })
    else wanted.count += 1
    return series.year
  })
  const wanted = [...seriesByYear.values()]
  const taken = await takeValues(ctx.tx, ctx.businessId, { kind, surface, wanted })
  const nextByYear = new Map(taken.map((row) => [row.year, { ...row, next: row.first }]))
  return years.map((year) => {
    const series = nextByYear.get(year)
    assert(series !== undefined, 'every wanted series answers')
    const number = formatNumber(series, series.next)
    series.next += 1n
    return number
  })
}

/**
 * Takes the next number of a series for a document and registers it.
 * Refuses: nothing. A value that an explicit number already has is passed over.
 * Source: ledger specification 7.5.
 */
export const takeNumber = (ctx: Ctx, numbered: Numbered): Promise<string> =>
  ctx.writeTogether(takeForDocuments, numbered)

type Numbered = Asked & Readonly<{ documentId: string }>

const takeForDocuments: Together<Numbered, string> = async ({ tx, businessId }, all) => {
  const numberById = new Map<string, string>()
  for (const [series, asked] of bySeries(all)) {
    let documentIds = asked.map(({ documentId }) => documentId)
    while (documentIds.length > 0) {
      const [{ kind, surface }] = asked
      const taken = { kind, surface, series, documentIds }
      for (const [id, number] of await takeRegistered(tx, businessId, taken)) {
        numberById.set(id, number)
      }
      documentIds = documentIds.filter((id) => !numberById.has(id))
    }
  }
  return all.map(({ documentId }) => {
    const number = numberById.get(documentId)
    assert(number !== undefined, 'every document has its number')
    return number
  })
}

/** Documents by the series of their numbers, each in the order given. */
function bySeries(all: readonly Numbered[]): readonly (readonly [Series, Same])[] {
  const seriesByName = new Map<string, readonly [Series, Same]>()
  for (const one of all) {
    const series = seriesOf(one.kind, one.surface, one.date)
    const name = `${one.kind} ${one.surface} ${series.year}`
    const known = seriesByName.get(name)
    if (known === undefined) seriesByName.set(name, [series, [one]])
    else known[1].push(one)
  }
  return [...seriesByName.values()]
}

/** Documents of one series; never none. */
type Same = [Numbered, ...Numbered[]]

/**
 * Registers a number the caller chose. One that fits the series and is not below its next value
 * moves the series behind it.
 * Refuses: resource.number_taken.
 * Source: ledger specification 7.5; Invoicing specification 8.8.
 */
export async function takeExplicitNumber(
  ctx: Ctx,
  input: Asked & Readonly<{ number: string; documentId: string; resource: string }>,
): Promise<string> {
  const { kind, surface, date, number, documentId, resource } = input
  if (await isNumberTaken(ctx.tx, ctx.businessId, { kind, number })) {
    throw new Refusal('resource.number_taken', { resource, number })
  }
  const ownSeries = seriesOf(kind, surface, date)
  const wanted = { kind, surface, year: ownSeries.year }
  const series = (await findSeries(ctx.tx, ctx.businessId, wanted)) ?? ownSeries
  const value = valueInSeries(series, number)
  if (value !== undefined)
    await moveSeries(ctx.tx, ctx.businessId, { kind, surface, series, value })
  await insertNumber(ctx.tx, ctx.businessId, { kind, number, documentId })
  return number
}

/** A draft has given its number up for another; nobody else ever gets it. */
export const retireNumber = (
  ctx: Ctx,
  { kind, number }: Readonly<{ kind: NumberedKind; number: string }>,
): Promise<void> => markNumberDeleted(ctx.tx, ctx.businessId, { kind, number })

/**
 * The numbers of a kind that Invoicing gives from now on begin with another text; none that was
 * given changes.
 * Refuses: nothing.
 * Source: Invoicing specification 8.8.
 */
export function setPrefix(
  ctx: Ctx,
  { kind, prefix }: Readonly<{ kind: NumberedKind; prefix: string }>,
): Promise<void> {
  const surface = 'invoicing'
  const series = { ...endlessSeries(kind), prefix }
  return renameSeries(ctx.tx, ctx.businessId, { kind, surface, series })
}
