import { books } from '../../src/api/books/surface.ts'
import { connect } from '../../src/api/connect/surface.ts'
import type { RouteRecord } from '../../src/api/http/route.ts'
import { invoicing } from '../../src/api/invoicing/surface.ts'
import { manifests } from '../../src/connectors/registry.ts'
import { runExamples } from '../examples.ts'
import { aBusiness, type Business, type Client } from '../harness.ts'
import { Shelf } from '../shelf.ts'
import { booksOf } from '../surfaces/books/client.ts'

const surfaces = [invoicing, books, connect(manifests)] as const
export type Surface = (typeof surfaces)[number]

/** A table for what holds on each surface. */
export const bySurface = surfaces.map((surface) => [surface.name, surface] as const)

export const hangMs = 600_000
export const nobody = '019ec9d0-0000-7000-8000-000000000000'

/** The path of a route with an id for each of its parameters; Books names the business. */
export function pathOf(
  { path }: RouteRecord,
  surface: Surface,
  { businessId }: Business,
  idOf: (collection: string) => string = () => nobody,
): string {
  const filled = path.replaceAll(/\{\w+\}/g, (_place, at: number) => idOf(path.slice(0, at - 1)))
  return surface.name === 'books' ? `${filled}?businessId=${businessId}` : filled
}

type Digest = ReadonlyMap<string, string>

/** Every row of an organization in every table but those that count or log requests. */
export async function digest({ owner, organizationId, businessId }: Business): Promise<Digest> {
  const { rows } = await owner.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r'
       and relname !~ '^(usage_day|key_usage|request_log|.*(counter|quota|slot))$'
     order by relname`,
  )
  const parts = rows.map(
    ({ name }) =>
      `select '${name}' as name, md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) as sum from ${name} as t where t::text ~ '${organizationId}|${businessId}'`,
  )
  const { rows: sums } = await owner.query<{ name: string; sum: string }>(parts.join(' union all '))
  return new Map(sums.map(({ name, sum }) => [name, sum]))
}

export const changed = (before: Digest, after: Digest): readonly string[] =>
  [...after].filter(([name, sum]) => before.get(name) !== sum).map(([name]) => name)

export const isId = (text: string): boolean => /^([a-z]+_)?[0-9a-z-]{20,36}$/i.test(text)

/** An id of the same form that nobody has. */
export const withOtherEnd = (id: string): string =>
  `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`

/** An answer without what differs from request to request. */
export const withoutIds = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/g, '(id)')
    .replaceAll(/\b[a-z]{3,4}_[0-9a-z]{16,26}\b/g, '(id)')
    .replaceAll(/"timestamp":"[^"]*"/g, '')

/** A world in which every example was sent; answers what each operation came to, and the ids. */
export async function aLivedWorld(surface: Surface) {
  const business = await aBusiness({ baseCurrency: 'USD' })
  const shelf = new Shelf()
  const isBooks = surface.name === 'books'
  const client: Client = isBooks ? booksOf(business) : business[surface.name]
  const ran = await runExamples(surface, client, {
    idOf: ({ body }) => (isBooks ? body?.data?.id : body?.id) ?? '',
  })
  const proven = new Set<string>()
  for (const { name, answer } of ran) {
    const operation = name.slice(0, name.indexOf(':'))
    const route = surface.routes.find((one) => one.operation === operation)
    if (route === undefined || answer.status >= 300) continue
    proven.add(operation)
    shelf.keep(route.path, answer.body)
  }
  return { business, client, shelf, proven }
}
