import { type TSchema, Type } from 'typebox'
import { timestamp } from './fields.ts'

/** Source: Invoicing specification 1.2. */
export const pageSizeMax = 100
export const pageSizeDefault = 25
const pageMax = 1_000_000_000

/** Query members that every list has. `fields` are what it can be sorted by. */
export const listQuery = <const F extends readonly string[]>(fields: F) => ({
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: pageMax, description: 'Default 1' })),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: pageSizeMax, description: `Default ${pageSizeDefault}` }),
  ),
  sort: Type.Optional(
    Type.Enum([...fields, ...fields.map((field) => `-${field}`)], {
      description: 'A leading minus sorts descending',
    }),
  ),
  updated_since: Type.Optional(timestamp),
})

/** One page of a list as callers see it. */
export const pageOf = <T extends TSchema>(row: T) =>
  Type.Object({
    data: Type.Array(row),
    pagination: Type.Object({
      page: Type.Integer(),
      limit: Type.Integer(),
      total: Type.Integer(),
      total_pages: Type.Integer(),
    }),
  })

type PageQuery = Readonly<{ page?: number; limit?: number; sort?: string }>

/** Where a page begins and how long it is. */
export function toWindow({ page = 1, limit = pageSizeDefault }: PageQuery) {
  return { page, limit, offset: (page - 1) * limit }
}

/** The field to sort by and its direction; undefined: the list's own order. */
export function toSort(sort: string | undefined) {
  if (sort === undefined) return undefined
  const isDescending = sort.startsWith('-')
  return { field: isDescending ? sort.slice(1) : sort, isDescending }
}

/** The envelope of a page. */
export const toPage = <T>(data: readonly T[], query: PageQuery, total: number) => {
  const { page, limit } = toWindow(query)
  return { data, pagination: { page, limit, total, total_pages: Math.ceil(total / limit) } }
}
