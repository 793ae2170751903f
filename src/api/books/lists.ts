import { Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { parseCursor, toCursor } from '../../kernel/page.ts'
import { nullable } from './fields.ts'

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
