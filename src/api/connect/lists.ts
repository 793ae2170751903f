import { type Static, Type } from 'typebox'
import type { Listed, ListQuery } from '../../modules/sync/filter.ts'
import type { Call, Reply } from '../http/route.ts'
import { parseOrder, parseQuery, type Vocabulary } from './query-language.ts'

/** Source: Connect specification 8.1. */
export const pageSizeMax = 5_000
export const pageSizeDefault = 100
const pageMax = 1_000_000_000

/** Query members that every list has. */
export const listQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: pageMax, description: 'Default 1' })),
  pageSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: pageSizeMax,
      description: `Default ${pageSizeDefault}`,
    }),
  ),
  query: Type.Optional(Type.String({ description: 'Filter, such as `amountDue>0&&status!=paid`' })),
  orderBy: Type.Optional(
    Type.String({ description: 'Property to sort by; a leading minus sorts descending' }),
  ),
} as const

export const ListQueryIn = Type.Object(listQuery)

export type ListQueryInput = Static<typeof ListQueryIn>

/**
 * The page, filter and order that a request asks for.
 * Refuses: as `parseQuery` and `parseOrder`.
 */
export const toListQuery = (
  { page = 1, pageSize = pageSizeDefault, query = '', orderBy = '' }: ListQueryInput,
  vocabulary: Vocabulary,
): ListQuery => ({
  filter: parseQuery(query, vocabulary),
  order: parseOrder(orderBy, vocabulary),
  page,
  pageSize,
})

type PageCall = Call<unknown, ListQueryInput & Readonly<{ tags?: string }>>

/**
 * One page of a list with links that clients append to the address of the API.
 * Source: Connect specification 8.1 and 1.4.
 */
export function toPage<Row>(
  { route, params, query, origin }: PageCall,
  { rows, total }: Listed<Row>,
  toRow: (row: Row) => object,
): Reply {
  const { page = 1, pageSize = pageSizeDefault } = query
  const path = toPath(route.path, params)
  const hrefOf = (number: number): string => `${path}?${toSearch({ ...query, pageSize }, number)}`
  const next = page * pageSize < total ? hrefOf(page + 1) : undefined
  const previous = page > 1 ? hrefOf(page - 1) : undefined
  const links = [toLink(origin, next, 'next'), toLink(origin, previous, 'prev')].filter(
    (link) => link !== undefined,
  )
  return {
    status: 200,
    ...(links.length > 0 && { headers: { Link: links.join(', ') } }),
    body: {
      results: rows.map(toRow),
      pageNumber: page,
      pageSize,
      totalResults: total,
      _links: {
        self: { href: path },
        current: { href: hrefOf(page) },
        ...(next !== undefined && { next: { href: next } }),
        ...(previous !== undefined && { previous: { href: previous } }),
      },
    },
  }
}

const toLink = (origin: string, href: string | undefined, relation: string): string | undefined =>
  href === undefined ? undefined : `<${origin}/connect${href}>; rel="${relation}"`

/** The path of a route with the caller's own values in it. */
function toPath(template: string, params: unknown): string {
  const values = params as Readonly<Record<string, string>> // as the router found them
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
}

function toSearch(
  { pageSize, query, orderBy, tags }: PageCall['query'] & Readonly<{ pageSize: number }>,
  page: number,
): string {
  const given = Object.entries({ query, orderBy, tags }).flatMap(([name, value]) =>
    value === undefined ? [] : [`&${name}=${encodeURIComponent(value)}`],
  )
  return `page=${page}&pageSize=${pageSize}${given.join('')}`
}
