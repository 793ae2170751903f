import { type Static, type TSchema, Type } from 'typebox'
import type { CurrencyCode } from '../../kernel/currency.ts'
import { type Instant, isDate, type Period, parseInstant } from '../../kernel/dates.ts'
import { ratio, round } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { View } from '../../modules/reports/account-sum.queries.ts'
import {
  columnsMax,
  columnsOf,
  dateBefore,
  rangeBefore,
} from '../../modules/reports/report-span.ts'
import { businessQuery, dateText, day, kobo, major, nullable, toDate, toMajor } from './fields.ts'
import { tag } from './journal-lines.ts'

/*
 * What every report takes besides its dates, and what that adds to its answer. Reports are compared
 * as they are shown: the amounts of two answers side by side. Source: Books specification 19.
 */

const includeZero = Type.Optional(
  Type.Boolean({ description: 'Shows active accounts at zero too; default false' }),
)

const common = {
  format: Type.Optional(
    Type.Enum(['json', 'csv'], {
      description: 'Default json; csv is a table with a row for each amount',
    }),
  ),
  includeZero,
  asKnownAt: Type.Optional({
    ...dateText,
    description: 'Only what was recorded by then: an ISO 8601 timestamp, or the end of a UTC day',
  }),
  tag: Type.Optional(tag),
  compareTo: Type.Optional(
    Type.Enum(['previous_period', 'previous_year'], {
      description: 'The same length of time before, or the same a year before',
    }),
  ),
  periods: Type.Optional(
    Type.Enum(['month', 'quarter', 'year'], {
      description: `Adds \`columns\`, each a report of its own; at most ${columnsMax}. Quarters and years are those of the fiscal year`,
    }),
  ),
}

/** The query of a report over a range. */
export const rangeQuery = Type.Object({
  ...businessQuery,
  startDate: dateText,
  endDate: dateText,
  ...common,
  compareStartDate: Type.Optional(dateText),
  compareEndDate: Type.Optional(dateText),
})

/** The query of a report on a date. */
export const pointQuery = Type.Object({
  ...businessQuery,
  asOfDate: Type.Optional(dateText),
  startDate: Type.Optional(dateText),
  ...common,
  compareDate: Type.Optional(dateText),
})

type RangeQuery = Static<typeof rangeQuery>
type PointQuery = Static<typeof pointQuery>
type CommonQuery = Omit<RangeQuery, 'startDate' | 'endDate' | 'compareStartDate' | 'compareEndDate'>

/** What of the ledger is asked for. */
export const toView = ({ asKnownAt, tag: only }: CommonQuery): View => ({
  knownAt: asKnownAt === undefined ? undefined : toKnownAt(asKnownAt),
  tag: only,
})

const toKnownAt = (given: string): Instant =>
  parseInstant(isDate(given) ? `${given}T23:59:59.999Z` : given, 'asKnownAt')

/**
 * The range to compare with, if any.
 * Refuses: reports.range_invalid, request.query_missing, request.query_invalid.
 */
export function toRangeBefore(query: RangeQuery, range: Period): Period | undefined {
  const { compareTo, compareStartDate, compareEndDate } = query
  if (compareStartDate === undefined && compareEndDate === undefined) {
    if (compareTo === undefined) return undefined
    if (range.end < range.start) throw new Refusal('reports.range_invalid')
    return rangeBefore(range, compareTo) ?? refuseTooEarly()
  }
  if (compareTo !== undefined) refuseBoth('compareStartDate')
  if (compareStartDate === undefined) refuseMissing('compareStartDate')
  if (compareEndDate === undefined) refuseMissing('compareEndDate')
  return {
    start: toDate(compareStartDate, 'compareStartDate'),
    end: toDate(compareEndDate, 'compareEndDate'),
  }
}

/** The same of a report on a date. Refuses: request.query_invalid. */
export function toDateBefore(query: PointQuery, date: Period['end']): Period['end'] | undefined {
  const { compareTo, compareDate } = query
  if (compareDate === undefined) {
    return compareTo && (dateBefore(date, compareTo) ?? refuseTooEarly())
  }
  if (compareTo !== undefined) refuseBoth('compareDate')
  return toDate(compareDate, 'compareDate')
}

/** The columns that are asked for, none or some. Refuses: request.query_invalid. */
export function toColumns(
  { periods }: CommonQuery,
  range: Period,
  fiscalYearStart: string,
): readonly Period[] {
  if (periods === undefined) return []
  const reason = `must make at most ${columnsMax} columns`
  const columns = columnsOf(range, periods, fiscalYearStart)
  if (columns === undefined)
    throw new Refusal('request.query_invalid', { parameter: 'periods', reason })
  return columns
}

function refuseTooEarly(): never {
  const reason = 'must not lead before 1900-01-01'
  throw new Refusal('request.query_invalid', { parameter: 'compareTo', reason })
}

function refuseBoth(other: string): never {
  const reason = `must have exactly one of compareTo, ${other}`
  throw new Refusal('request.query_invalid', { parameter: 'compareTo', reason })
}

function refuseMissing(parameter: string): never {
  throw new Refusal('request.query_missing', { parameter })
}

/** A report as it is shown, or a part of one. */
export type Wire = Readonly<Record<string, unknown>>

type Columns<Span> = Readonly<{
  own: Span
  before: Span | undefined
  columns: readonly Span[]
  currency: CurrencyCode
}>

/**
 * The report itself, with every amount beside the one it is compared with, and its columns.
 * `make` is told when amounts are compared, so that optional ones stand in both reports.
 */
export async function showColumns<Span>(
  make: (span: Span, isCompared: boolean) => Promise<Wire>,
  { own, before, columns, currency }: Columns<Span>,
): Promise<Wire> {
  const now = await make(own, before !== undefined)
  const then = before === undefined ? undefined : await make(before, true)
  const parts: Wire[] = []
  for (const column of columns) parts.push(await make(column, false))
  return {
    ...(then === undefined ? now : besides(now, then, currency)),
    ...(then !== undefined && spanOf(then)),
    ...(columns.length > 0 && { columns: parts }),
  }
}

const spanOf = ({ period, asOfDate }: Wire): Wire =>
  period === undefined ? { comparisonDate: asOfDate } : { comparisonPeriod: period }

/** Names of the amounts of an object: each stands there in major and in minor units. */
export const amountsOf = (members: Wire): readonly string[] =>
  Object.keys(members).filter((name) => `${name}Kobo` in members)

/** How what is added to an amount is called: by itself where the amount is the only one. */
const prefixOf = (name: string, amounts: readonly string[]): string =>
  amounts.length === 1 ? '' : name

const joined = (prefix: string, word: string): string =>
  prefix === '' ? word : `${prefix}${word.charAt(0).toUpperCase()}${word.slice(1)}`

function besides(now: Wire, then: Wire, currency: CurrencyCode): Wire {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(now)) {
    const earlier = then[name]
    if (Array.isArray(value)) shown[name] = rowsBesides(value, toRows(earlier), currency)
    else if (isWire(value)) {
      shown[name] = isWire(earlier) ? besides(value, earlier, currency) : value
    } else shown[name] = value
  }
  const amounts = amountsOf(now)
  for (const name of amounts) {
    const earlier = then[`${name}Kobo`]
    if (typeof earlier !== 'number') continue
    const [is, was] = [BigInt(Number(now[`${name}Kobo`])), BigInt(earlier)]
    const add = (word: string, value: unknown): void => {
      shown[joined(prefixOf(name, amounts), word)] = value
    }
    add('comparisonKobo', Number(was))
    add('comparison', toMajor(was, currency))
    add('changeKobo', Number(is - was))
    add('change', toMajor(is - was, currency))
    add('changePercent', percentOf(is - was, was))
  }
  return shown
}

/** Rows of both reports in the order of their codes; a row that one lacks is zero there. */
function rowsBesides(
  now: readonly unknown[],
  then: readonly Wire[],
  currency: CurrencyCode,
): readonly Wire[] {
  const rows = toRows(now)
  const thenByCode = new Map(then.map((row) => [row['code'], row]))
  const codes = new Set(rows.map((row) => row['code']))
  const gone = then.filter((row) => !codes.has(row['code'])).map(zeroed)
  return [...rows, ...gone]
    .sort((a, b) => (String(a['code']) < String(b['code']) ? -1 : 1))
    .map((row) => besides(row, thenByCode.get(row['code']) ?? zeroed(row), currency))
}

const toRows = (value: unknown): readonly Wire[] =>
  Array.isArray(value) ? value.filter(isWire) : []

export const isWire = (value: unknown): value is Wire =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const zeroed = (row: Wire): Wire =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? 0 : value]),
  )

/** Percent of the earlier amount with two decimals; null where that was zero. */
const percentOf = (change: bigint, was: bigint): number | null =>
  was === 0n ? null : Number(round(ratio(change * 10_000n, was < 0n ? -was : was), 'half_up')) / 100

/** The schema of a report with what comparisons and columns add to it, all of it optional. */
export const withColumns = (report: TSchema): TSchema => {
  const { properties = {} } = report as Schema
  const span = 'period' in properties ? { comparisonPeriod: Span } : { comparisonDate: day }
  const added = { ...span, columns: Type.Array(report) }
  return { ...compared(report), properties: { ...propertiesOf(compared(report)), ...added } }
}

const Span = Type.Object({ startDate: day, endDate: day })

type Schema = TSchema &
  Readonly<{ properties?: Readonly<Record<string, TSchema>>; items?: TSchema }>

const propertiesOf = (schema: TSchema): Readonly<Record<string, TSchema>> =>
  (schema as Schema).properties ?? {} // a TypeBox schema is a JSON schema

function compared(schema: TSchema): TSchema {
  const { properties, items } = schema as Schema // a TypeBox schema is a JSON schema
  if (items !== undefined) return { ...schema, items: compared(items) }
  if (properties === undefined) return schema
  const all: Record<string, TSchema> = {}
  for (const [name, own] of Object.entries(properties)) all[name] = compared(own)
  const amounts = amountsOf(properties)
  for (const name of amounts) {
    // Optional amounts count too: one that may stand beside another is never told by itself.
    for (const prefix of new Set([prefixOf(name, amounts), name])) {
      all[joined(prefix, 'comparisonKobo')] = kobo
      all[joined(prefix, 'comparison')] = major
      all[joined(prefix, 'changeKobo')] = kobo
      all[joined(prefix, 'change')] = major
      all[joined(prefix, 'changePercent')] = nullable(major)
    }
  }
  return { ...schema, properties: all }
}
