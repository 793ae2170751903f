import { createHash } from 'node:crypto'
import { type TSchema, Type } from 'typebox'
import { parseInstant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { isUuid } from '../../kernel/ids.ts'
import { parseCursor, toCursor } from '../../kernel/page.ts'
import { nullable, timestamp } from './fields.ts'

/** Source: Invoicing specification 1.2. */
export const pageSizeMax = 100
export const pageSizeDefault = 25
const pageMax = 1_000_000_000

/** Matches of a long list that are counted; where there are more, the total says so. */
export const countedMax = 10_000

/** Query members that every list has. `fields` are what it can be sorted by. */
export const orderedQuery = <const F extends readonly string[]>(fields: F) => ({
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: pageMax, description: 'Default 1' })),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: pageSizeMax, description: `Default ${pageSizeDefault}` }),
  ),
  sort: Type.Optional(
    Type.Enum([...fields, ...fields.map((field) => `-${field}`)], {
      description: 'A leading minus sorts descending',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ description: 'From `next_cursor`; empty for the first page', keepsEmpty: true }),
  ),
})

/** The same of lists whose rows say when they were changed. */
export const listQuery = <const F extends readonly string[]>(fields: F) => ({
  ...orderedQuery(fields),
  updated_since: Type.Optional(timestamp),
})

/** One page of a list as callers see it. */
export const pageOf = <T extends TSchema>(row: T) =>
  Type.Object({
    data: Type.Array(row),
    pagination: Type.Object({
      page: Type.Optional(Type.Integer()),
      limit: Type.Integer(),
      total: Type.Optional(Type.Integer()),
      total_pages: Type.Optional(Type.Integer()),
      total_is_minimum: Type.Optional(
        Type.Boolean({ description: `True where more than ${countedMax} match; else absent` }),
      ),
      next_cursor: Type.Optional(nullable(Type.String())),
    }),
  })

type PageQuery = Readonly<{ page?: number; limit?: number; sort?: string; cursor?: string }>

/** The row that a page ended with: what it is sorted by, and its id. */
type Place = Readonly<{ value: string | null; id: string }>

/** Whether a text can be the id of a row in this list. */
type IsId = (text: string) => boolean

/** Where a page begins and how many rows to read for it; a cursor reads one more, to look ahead. */
export function toWindow(query: PageQuery, isId: IsId = isUuid) {
  const { page = 1, limit = pageSizeDefault, cursor } = query
  if (cursor === undefined) return { limit, offset: (page - 1) * limit }
  const after = cursor === '' ? undefined : parsePlace(nameOf(query), cursor, isId)
  return { limit: limit + 1, offset: 0, ...(after !== undefined && { after }) }
}

/** The field to sort by and its direction; undefined: the list's own order. */
export function toSort(sort: string | undefined) {
  if (sort === undefined) return undefined
  const isDescending = sort.startsWith('-')
  return { field: isDescending ? sort.slice(1) : sort, isDescending }
}

type Fields = Readonly<Record<string, string>> & Readonly<{ created_at: string }>

/** Names the column that a query sorts by; `fields` has one for each word of callers. */
export const sortedBy =
  <const F extends Fields>(fields: F) =>
  ({ sort }: Pick<PageQuery, 'sort'>): F[keyof F] =>
    fields[(toSort(sort)?.field ?? 'created_at') as keyof F] // its own enumeration

/**
 * What every list takes from its query: where the page begins, its order (the newest first unless
 * asked otherwise), and since when its rows have changed.
 */
export function toListed<By extends string>(
  query: PageQuery & Readonly<{ updated_since?: string }>,
  sortBy: (query: PageQuery) => By,
) {
  return {
    ...toWindow(query),
    sort: { by: sortBy(query), isDescending: toSort(query.sort)?.isDescending ?? true },
    ...(query.updated_since !== undefined && {
      updatedSince: parseInstant(query.updated_since, 'updated_since'),
    }),
  }
}

/** The statuses of a comma list. Refuses: request.query_invalid, naming those there are. */
export const parseStatuses = <S extends string>(list: string, known: readonly S[]): readonly S[] =>
  list.split(',').map((given) => {
    const status = known.find((one) => one === given.trim())
    if (status === undefined) {
      const reason = `must be one of: ${known.join(', ')}`
      throw new Refusal('request.query_invalid', { parameter: 'status', reason })
    }
    return status
  })

/** What a query has found: the rows of a page, and how many match in all. */
export type Found<T> = Readonly<{ rows: readonly T[]; total: number; isMinimum?: boolean }>

/** The envelope of a page: numbered, or followed by a cursor when the caller sent one. */
export function toPage<T, W>(
  { rows, total, isMinimum = false }: Found<T>,
  query: PageQuery,
  { placeOf, toWire }: Readonly<{ placeOf: (row: T) => Place; toWire: (row: T) => W }>,
) {
  const { page = 1, limit = pageSizeDefault, cursor } = query
  const shown = rows.slice(0, limit)
  const data = shown.map(toWire)
  if (cursor === undefined) {
    const total_pages = Math.ceil(total / limit)
    const more = isMinimum ? { total_is_minimum: true } : {}
    return { data, pagination: { page, limit, total, total_pages, ...more } }
  }
  const last = rows.length > limit ? shown.at(-1) : undefined
  const place = last && placeOf(last)
  const next_cursor = place === undefined ? null : toCursor(nameOf(query), [place.value, place.id])
  return { data, pagination: { limit, next_cursor } }
}

/** Tells a query from others by its order and filters; pages of one query may differ in length. */
function nameOf({ page: _page, limit: _limit, cursor: _cursor, ...rest }: PageQuery): string {
  const pairs = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(pairs)).digest('base64url').slice(0, 16)
}

/** Refuses: request.cursor_invalid. */
function parsePlace(name: string, cursor: string, isId: IsId): Place {
  const [value, id] = parseCursor(name, cursor, 2)
  const isPlace = typeof value === 'string' || value === null
  if (!isPlace || typeof id !== 'string' || !isId(id)) throw new Refusal('request.cursor_invalid')
  return { value, id }
}
