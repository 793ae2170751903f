import { assert } from '../../kernel/assert.ts'
import { compareDecimals, type Decimal, readDecimal } from '../../kernel/decimal.ts'

/** How a property compares. Source: Connect specification 8.4. */
export type PropertyKind = 'text' | 'choice' | 'number' | 'date' | 'boolean' | 'id'

export type Operator = '=' | '!=' | '~' | '>' | '<' | '>=' | '<='

/** The properties of an entity that can be asked for, by path in the contract's spelling. */
export type Properties = ReadonlyMap<string, PropertyKind>

/**
 * One property against one value, already of the property's kind: numbers as plain decimal text,
 * dates as instants in UTC, booleans as `true` or `false`, everything else as it was given.
 */
export type Comparison = Readonly<{
  path: string
  kind: PropertyKind
  operator: Operator
  value: string
}>

export type Filter =
  | Comparison
  | Readonly<{ all: readonly Filter[] }>
  | Readonly<{ any: readonly Filter[] }>

/** Order of a list; undefined: the list's own order. Missing values come last either way. */
export type Order = Readonly<{ path: string; kind: PropertyKind; isDescending: boolean }>

/** What a list is asked for: the rows of one page among those that pass. */
export type ListQuery = Readonly<{
  filter: Filter | undefined
  order: Order | undefined
  /** 1 for the first page. */
  page: number
  /** 1 to 5,000. */
  pageSize: number
}>

export type Listed<Row> = Readonly<{ rows: readonly Row[]; total: number }>

/** Every property that a query looks at. */
export const pathsOf = ({ filter, order }: ListQuery): readonly string[] => [
  ...(filter === undefined ? [] : filterPaths(filter)),
  ...(order === undefined ? [] : [order.path]),
]

function filterPaths(filter: Filter): readonly string[] {
  if ('all' in filter) return filter.all.flatMap(filterPaths)
  if ('any' in filter) return filter.any.flatMap(filterPaths)
  return [filter.path]
}

const operatorsByKind: Readonly<Record<PropertyKind, readonly Operator[]>> = {
  text: ['=', '!=', '~'],
  choice: ['=', '!=', '~'],
  number: ['=', '!=', '>', '<', '>=', '<='],
  date: ['=', '!=', '>', '<', '>=', '<='],
  boolean: ['=', '!='],
  id: ['=', '!='],
}

/** Whether a kind of property can be compared so. Source: Connect specification 8.4. */
export const isAllowed = (kind: PropertyKind, operator: Operator): boolean =>
  operatorsByKind[kind].includes(operator)

/** Properties by path without regard to case: the path as the contract spells it, and its kind. */
export function findProperty(
  properties: Properties,
  path: string,
): Readonly<{ path: string; kind: PropertyKind }> | undefined {
  const wanted = path.toLowerCase()
  for (const [known, kind] of properties) {
    if (known.toLowerCase() === wanted) return { path: known, kind }
  }
  return undefined
}

/**
 * Whether a record passes. A missing property fails every comparison but `!=`.
 * Source: Connect specification 8.4.
 */
export function isMatch(filter: Filter, record: unknown): boolean {
  if ('all' in filter) return filter.all.every((part) => isMatch(part, record))
  if ('any' in filter) return filter.any.some((part) => isMatch(part, record))
  const found = valueAt(record, filter.path)
  return found === undefined ? filter.operator === '!=' : isHit(filter, found)
}

/** The page of a list that is small enough to be held, with the number of rows that pass. */
export function selectPage<Row>(
  rows: readonly Row[],
  { filter, order, page, pageSize }: ListQuery,
): Listed<Row> {
  const passed = filter === undefined ? rows : rows.filter((row) => isMatch(filter, row))
  const sorted = order === undefined ? passed : [...passed].sort(byOrder(order))
  const from = (page - 1) * pageSize
  return { rows: sorted.slice(from, from + pageSize), total: passed.length }
}

function isHit({ kind, operator, value }: Comparison, found: unknown): boolean {
  const side = compareAs(kind, found, value)
  switch (operator) {
    case '~':
      return fold(found).includes(fold(value))
    case '=':
      return side === 0
    case '!=':
      return side !== 0
    case '>':
      return side > 0
    case '<':
      return side < 0
    case '>=':
      return side >= 0
    case '<=':
      return side <= 0
  }
}

/** Ties are broken by id, in the order of its text. */
function byOrder<Row>({ path, kind, isDescending }: Order): (a: Row, b: Row) => number {
  return (a, b) => {
    const [left, right] = [valueAt(a, path), valueAt(b, path)]
    if (left === undefined || right === undefined) {
      const missing = Number(left === undefined) - Number(right === undefined)
      return missing || compareText(fold(valueAt(a, 'id')), fold(valueAt(b, 'id')))
    }
    const side = compareAs(kind, left, right)
    const directed = isDescending ? -side : side
    return directed || compareText(fold(valueAt(a, 'id')), fold(valueAt(b, 'id')))
  }
}

function compareAs(kind: PropertyKind, a: unknown, b: unknown): number {
  if (kind === 'number') return compareDecimals(toDecimal(a), toDecimal(b))
  if (kind === 'date') return compareText(toMoment(a), toMoment(b))
  return compareText(fold(a), fold(b))
}

function toDecimal(value: unknown): Decimal {
  assert(typeof value === 'number' || typeof value === 'string', 'a number property holds one')
  const read = readDecimal(value)
  assert(typeof read !== 'string', 'numbers of records and filters are exact')
  return read
}

/** Instants and local midnights as one text whose order is the order of time. */
function toMoment(value: unknown): string {
  assert(typeof value === 'string', 'a date property holds a text')
  const [seconds = '', fraction = ''] = value.replace(/Z$/, '').split('.')
  return `${seconds}.${fraction.padEnd(7, '0')}`
}

const fold = (value: unknown): string => String(value ?? '').toLowerCase()

const compareText = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function valueAt(record: unknown, path: string): unknown {
  let value = record
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value ?? undefined
}
