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
