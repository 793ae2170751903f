import type { Db } from './tx.ts'

/*
 * What lists have in common: what narrows them, the order of their rows, where a page begins, and
 * how many match.
 */

/** A value that a list is narrowed by, and the condition it stands in; undefined narrows nothing. */
export type Condition = readonly [value: unknown, toText: (place: string) => string]

export type Where = Readonly<{ values: readonly unknown[]; where: string }>

/** The conditions that were asked for, each behind an `and`; their values follow those of `first`. */
export function toWhere(first: readonly unknown[], conditions: readonly Condition[]): Where {
  const values = [...first]
  const texts: string[] = []
  for (const [value, toText] of conditions) {
    if (value === undefined) continue
    values.push(value)
    texts.push(` and ${toText(`$${values.length}`)}`)
  }
  return { values, where: texts.join('') }
}

/** A text as a pattern that matches any part; what the pattern language reserves is escaped. */
export const toPattern = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : `%${text.replace(/[\\%_]/g, '\\$&')}%`

/**
 * Whether a column has a pattern in it, without regard to case: by simple folding, where all three
 * of Σ, σ and ς are one letter.
 */
export const hasPart =
  (column: string) =>
  (place: string): string =>
    `lower(upper(${column})) like lower(upper(${place}))`

/**
 * By which column a list is sorted, ties by id. Empty values come last; only a column that can be
 * empty says so, because no index does.
 */
export type Order = Readonly<{
  column: string
  id: string
  isDescending: boolean
  canBeEmpty: boolean
}>

export function orderOf({ column, id, isDescending, canBeEmpty }: Order): string {
  const direction = isDescending ? 'desc' : 'asc'
  return `order by ${column} ${direction}${canBeEmpty ? ' nulls last' : ''}, ${id} ${direction}`
}

/** The row that a page ended with: what it is sorted by, and its id. */
type Place = Readonly<{ value: string | null; id: string }>

/** The rows behind a place in their order; `count` values of the statement stand before its own. */
export function followsOf(
  { column, id, isDescending, canBeEmpty }: Order,
  after: Place | undefined,
  count: number,
): Readonly<{ condition: string; values: readonly string[] }> {
  if (after === undefined) return { condition: '', values: [] }
  const than = isDescending ? '<' : '>'
  const [idPlace, valuePlace] = [`$${count + 1}::uuid`, `$${count + 2}`]
  if (after.value === null) {
    return { condition: ` and ${column} is null and ${id} ${than} ${idPlace}`, values: [after.id] }
  }
  const values = [after.id, after.value]
  if (!canBeEmpty) {
    return { condition: ` and (${column}, ${id}) ${than} (${valuePlace}, ${idPlace})`, values }
  }
  const ties = `(${column} = ${valuePlace} and ${id} ${than} ${idPlace})`
  return {
    condition: ` and (${column} ${than} ${valuePlace} or ${ties} or ${column} is null)`,
    values,
  }
}

/** How many match in all; `isMinimum` where more match than were counted. */
type Count = Readonly<{ total: number; isMinimum?: boolean }>

/** A statement whose rows are counted, up to `countMax` where it is given. */
type Counted = Readonly<{ text: string; values: readonly unknown[]; countMax?: number | undefined }>

/** Counts the rows of a statement, up to `countMax` where it is given. */
export async function countRows(db: Db, { text, values, countMax }: Counted): Promise<Count> {
  const bound = countMax === undefined ? '' : `limit ${countMax + 1}`
  const [row] = await db.query<{ total: number }>({
    text: `select count(*)::int as total from (${text} ${bound}) as counted`,
    values,
  })
  const total = row?.total ?? 0
  return countMax === undefined || total <= countMax
    ? { total }
    : { total: countMax, isMinimum: true }
}

/** The rows of a page, and how many match in all. */
export type Page<Row> = Readonly<{ rows: readonly Row[] }> & Count

/** Which part of a list is wanted, and how far its matches are counted. */
type Window = Readonly<{ limit: number; offset?: number; after?: Place; countMax?: number }>

type List = Readonly<{
  /** Both end in the same conditions: the rows with their columns, and the rows to be counted. */
  rows: string
  matches: string
  values: readonly unknown[]
  order: Order
  window: Window
}>

/** A page of a list in its order, at most `limit` rows; counts only what the page does not show. */
export async function listPage<Row extends object>(db: Db, list: List): Promise<Page<Row>> {
  const { values, order } = list
  const { limit, offset = 0, after, countMax } = list.window
  const follows = followsOf(order, after, values.length + 2)
  const rows = await db.query<Row>({
    text: `${list.rows}${follows.condition}
      ${orderOf(order)}
      limit $${values.length + 1} offset $${values.length + 2}`,
    values: [...values, limit, offset, ...follows.values],
  })
  const isWhole = rows.length < limit && offset === 0 && after === undefined
  if (isWhole) return { rows, total: rows.length }
  return { rows, ...(await countRows(db, { text: list.matches, values, countMax })) }
}
