import { Type } from 'typebox'
import { type Instant, isDate, parseInstant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { parseCursor, toCursor } from '../../kernel/page.ts'
import { dateText, nullable } from './fields.ts'

/** Source: Books specification 1.2. */
export const listLimitMax = 100
export const listLimitDefault = 50
const offsetMax = 1_000_000_000

/** Query members that every list has. */
export const listQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: listLimitMax, description: `Default ${listLimitDefault}` }),
  ),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: offsetMax, description: 'Default 0' })),
  cursor: Type.Optional(Type.String({ description: 'nextCursor of the page before' })),
}

/** Query members of a list whose rows change. `fields` are what it can be sorted by. */
export const sortQuery = <const F extends readonly string[]>(fields: F) => ({
  sort: Type.Optional(
    Type.Enum([...fields, ...fields.map((field) => `-${field}`)], {
      description: 'A leading minus sorts descending',
    }),
  ),
  updatedSince: Type.Optional({
    ...dateText,
    description: 'Only what was made or changed then or later: an ISO 8601 timestamp, or a UTC day',
  }),
})

/** The instant of an `updatedSince`; a day begins at midnight UTC. */
export function toSince(given: string | undefined): Instant | undefined {
  if (given === undefined) return undefined
  return parseInstant(isDate(given) ? `${given}T00:00:00Z` : given, 'updatedSince')
}

export const Pagination = Type.Object({
  total: Type.Integer(),
  limit: Type.Integer(),
  offset: Type.Integer(),
  hasMore: Type.Boolean(),
  nextCursor: nullable(Type.String()),
})

type ListQuery = Readonly<{ limit?: number; offset?: number; cursor?: string }>

export type Window = Readonly<{ limit: number; offset: number }>

/**
 * Where a page begins and how long it is; a cursor says where, whatever the offset.
 * Refuses: request.cursor_invalid.
 */
export function toWindow(list: string, { limit, offset, cursor }: ListQuery): Window {
  const wanted = { limit: limit ?? listLimitDefault, offset: offset ?? 0 }
  if (cursor === undefined) return wanted
  const [from] = parseCursor(list, cursor, 1)
  const isPlace = typeof from === 'number' && Number.isInteger(from) && from >= 0
  if (!isPlace || from > offsetMax) throw new Refusal('request.cursor_invalid')
  return { ...wanted, offset: from }
}

/** What follows the rows of a page. */
export function toPagination(list: string, { limit, offset }: Window, total: number) {
  const hasMore = offset + limit < total
  const nextCursor = hasMore ? toCursor(list, [offset + limit]) : null
  return { total, limit, offset, hasMore, nextCursor }
}

type Listing<Row, Member extends string> = Readonly<{
  list: string
  /** What it can be sorted by, as texts that compare as they should; what is absent comes first. */
  members: Readonly<Record<Member, (row: Row) => string | null>>
  /** Without a wish. */
  sort: Member | `-${Member}`
  /** Unique: decides where members are equal. */
  idOf: (row: Row) => string
  changedAt: (row: Row) => Instant
}>

type SortedQuery<Member extends string> = ListQuery &
  Readonly<{ sort?: Member | `-${Member}`; updatedSince?: string }>

/** A page of rows that are few enough to be sorted here. Refuses: request.cursor_invalid. */
export function toPage<Row, Member extends string>(
  rows: readonly Row[],
  query: SortedQuery<Member>,
  { list, members, sort, idOf, changedAt }: Listing<Row, Member>,
) {
  const window = toWindow(list, query)
  const since = toSince(query.updatedSince)
  const changed = rows.filter((row) => since === undefined || changedAt(row) >= since)
  const wish = query.sort ?? sort
  const isDown = wish.startsWith('-')
  const member = (isDown ? wish.slice(1) : wish) as Member // a minus and a member
  const keyOf = (row: Row): string => `${members[member](row) ?? ''}\0${idOf(row)}`
  const compare = (a: Row, b: Row): number => (keyOf(a) < keyOf(b) ? -1 : 1)
  const ordered = [...changed].sort((a, b) => (isDown ? compare(b, a) : compare(a, b)))
  const page = ordered.slice(window.offset, window.offset + window.limit)
  return {
    page,
    rest: { count: page.length, pagination: toPagination(list, window, changed.length) },
  }
}
