import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import { isUuid } from '../../kernel/ids.ts'
import type {
  Comparison,
  Filter,
  Listed,
  ListQuery,
  Operator,
  Order,
  PropertyKind,
} from './filter.ts'

/**
 * The SQL of a property: an expression, the same with the condition that some row must meet, or a
 * column of uuids, which is compared as such so that its index is used.
 * Numbers are numeric in major units, dates timestamptz or timestamp at midnight UTC, else text.
 */
export type Column = Expression | UuidColumn | Readonly<{ some: Some; of: Expression | UuidColumn }>

export type UuidColumn = Readonly<{ uuid: string }>

/** A function when it needs values of the statement, which it adds only where it is used. */
export type Expression = string | (() => string)

type Some = (condition: string) => string

/** The SQL of every property of a list, by path; total over the list's properties. */
export type Columns = ReadonlyMap<string, Column>

/** Collects the values of a statement; each call answers the placeholder of its value. */
export type Values = Readonly<{ list: unknown[]; add: (value: unknown) => string }>

export function newValues(...first: readonly unknown[]): Values {
  const list = [...first]
  return { list, add: (value) => `$${list.push(value)}` }
}

/**
 * A condition that holds for the rows which pass a filter. For a missing property it is null, or
 * true where it is compared by `!=`; null is as good as false, because nothing negates it.
 * Only expressions of `columns` and placeholders are in it.
 */
export function filterSql(filter: Filter | undefined, columns: Columns, values: Values): string {
  if (filter === undefined) return 'true'
  if ('all' in filter) return joined(filter.all, 'and', 'true', columns, values)
  if ('any' in filter) return joined(filter.any, 'or', 'false', columns, values)
  return comparisonSql(filter, columns, values)
}

/** The order of a list as `order by` terms; ties are broken by `id`, missing values come last. */
export function orderSql(
  order: Order | undefined,
  columns: Columns,
  { byDefault, id }: Readonly<{ byDefault: string; id: string }>,
): string {
  if (order === undefined) return byDefault
  const column = columns.get(order.path)
  assert(column !== undefined && !isSome(column), 'a list is ordered by a property of its own')
  const direction = order.isDescending ? 'desc' : 'asc'
  const expression = isUuidColumn(column) ? column.uuid : folded(textOf(column), order.kind)
  return `${expression} ${direction} nulls last, ${id}`
}

type PageOf = Readonly<{
  /** The tables, and the condition that fences the tenant. */
  from: string
  /** Their columns that are the id and the place by default. */
  id: string
  byDefault: string
  columns: Columns
  values: Values
}>

/**
 * The ids of one page in its order, and how many rows pass, from one statement that evaluates the
 * filter once per row and nothing else of the rows that are skipped.
 */
export async function listPage(
  db: Db,
  query: ListQuery,
  { from, id, byDefault, columns, values }: PageOf,
): Promise<Listed<string>> {
  const where = filterSql(query.filter, columns, values)
  const order = orderSql(query.order, columns, { byDefault, id })
  const rows = await db.query<{ id: string | null; total: number }>({
    text: `
      with passed as materialized (
        select ${id} as id, row_number() over (order by ${order}) as place ${from} and ${where}
      )
      select t.total, p.id
      from (select count(*)::int as total from passed) as t
      left join (select id, place from passed order by place ${pageSql(query, values)}) as p on true
      order by p.place`,
    values: values.list,
  })
  const ids = rows.map((row) => row.id).filter((one) => one !== null)
  return { rows: ids, total: rows[0]?.total ?? 0 }
}

/** Rows in the order of a page's ids. */
export function inOrderOf<Row>(
  ids: readonly string[],
  rows: readonly Row[],
  idOf: (row: Row) => string,
): readonly Row[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]))
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined)
}

/** `limit` and `offset` of a page. */
export function pageSql({ page, pageSize }: ListQuery, values: Values): string {
  return `limit ${values.add(pageSize)} offset ${values.add((page - 1) * pageSize)}`
}

function joined(
  parts: readonly Filter[],
  word: string,
  none: string,
  columns: Columns,
  values: Values,
): string {
  if (parts.length === 0) return none
  return `(${parts.map((part) => filterSql(part, columns, values)).join(` ${word} `)})`
}

function comparisonSql(comparison: Comparison, columns: Columns, values: Values): string {
  const column = columns.get(comparison.path)
  assert(column !== undefined, 'every property of a list has its SQL')
  if (!isSome(column)) return conditionOf(comparison, column, values)
  const { some, of } = column
  if (comparison.operator !== '!=') return some(conditionOf(comparison, of, values))
  return `not ${some(conditionOf({ ...comparison, operator: '=' }, of, values))}`
}

type SomeColumn = Extract<Column, Readonly<{ some: Some }>>

const isSome = (column: Column): column is SomeColumn =>
  typeof column === 'object' && 'some' in column

const isUuidColumn = (column: Expression | UuidColumn): column is UuidColumn =>
  typeof column === 'object'

const textOf = (expression: Expression): string =>
  typeof expression === 'string' ? expression : expression()

function conditionOf(
  { kind, operator, value }: Comparison,
  column: Expression | UuidColumn,
  values: Values,
): string {
  if (isUuidColumn(column)) return uuidCondition(column, operator, value, values)
  const left = folded(textOf(column), kind)
  const right = folded(`${values.add(value)}::${castByKind[kind]}`, kind)
  if (operator === '~') return `position(${right} in ${left}) > 0`
  if (operator === '!=') return `${left} is distinct from ${right}`
  return `${left} ${operator} ${right}`
}

/** A text that is no uuid is equal to none. */
function uuidCondition(
  { uuid }: UuidColumn,
  operator: Operator,
  value: string,
  values: Values,
): string {
  const isWanted = operator === '='
  if (!isUuid(value)) return isWanted ? 'false' : 'true'
  const given = `${values.add(value)}::uuid`
  return isWanted ? `${uuid} = ${given}` : `${uuid} is distinct from ${given}`
}

const castByKind: Readonly<Record<PropertyKind, string>> = {
  text: 'text',
  choice: 'text',
  id: 'text',
  number: 'numeric',
  date: 'timestamptz',
  boolean: 'boolean',
}

/** Texts compare without regard to case, by code point. */
function folded(expression: string, kind: PropertyKind): string {
  const isText = kind === 'text' || kind === 'choice' || kind === 'id'
  return isText ? `(lower(${expression}) collate "C")` : expression
}

/** Columns of canonical records that are kept as `body jsonb`. */
export const recordColumns = (properties: ReadonlyMap<string, PropertyKind>): Columns =>
  new Map(
    [...properties].map(([path, kind]) => {
      const text = `(body #>> '{${path.replaceAll('.', ',')}}')`
      return [path, storedExpression(text, kind)]
    }),
  )

/** A moment without zone is one in UTC, which is the time zone of every session. */
function storedExpression(text: string, kind: PropertyKind): string {
  const isText = kind === 'text' || kind === 'choice' || kind === 'id'
  return isText ? text : `${text}::${castByKind[kind]}`
}
