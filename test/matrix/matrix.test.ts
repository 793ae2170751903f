import { expect, test } from 'vitest'
import { books } from '../../src/api/books/surface.ts'
import { connect } from '../../src/api/connect/surface.ts'
import type { RouteRecord } from '../../src/api/http/route.ts'
import { invoicing } from '../../src/api/invoicing/surface.ts'
import { manifests } from '../../src/connectors/registry.ts'
import { toPrefixed } from '../../src/kernel/ids.ts'
import { runExamples } from '../examples.ts'
import { aBusiness, aClient, type Business, type Client, noon } from '../harness.ts'
import { Shelf } from '../shelf.ts'
import { booksOf } from '../surfaces/books/client.ts'
import { aCaller, type Caller } from './actors.ts'
import { mayChange } from './exceptions.ts'
import { type Actor, expected, namedActors, scopesOf } from './expect.ts'

const surfaces = [invoicing, books, connect(manifests)] as const
type Surface = (typeof surfaces)[number]

const nobody = '019ec9d0-0000-7000-8000-000000000000'
const hangMs = 600_000

/** The path of a route with an id for each of its parameters; Books names the business. */
function pathOf(
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
async function digest({ owner, organizationId, businessId }: Business): Promise<Digest> {
  const { rows } = await owner.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r'
       and relname !~ '^(usage_day|request_log|.*(counter|quota|slot))$'
     order by relname`,
  )
  const parts = rows.map(
    ({ name }) =>
      `select '${name}' as name, md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) as sum from ${name} as t where t::text ~ '${organizationId}|${businessId}'`,
  )
  const { rows: sums } = await owner.query<{ name: string; sum: string }>(parts.join(' union all '))
  return new Map(sums.map(({ name, sum }) => [name, sum]))
}

const changed = (before: Digest, after: Digest): readonly string[] =>
  [...after].filter(([name, sum]) => before.get(name) !== sum).map(([name]) => name)

/** Ids of whoever must not be seen. */
const idsOf = ({ organizationId, businessId }: Business): readonly string[] => [
  organizationId,
  businessId,
  toPrefixed('biz', businessId),
]

const send = (
  surface: Surface,
  { authorization, business }: Caller,
  { actor, route }: Readonly<{ actor: Actor; route: RouteRecord }>,
) =>
  aClient(business.app, surface.name, authorization).send(
    route.method,
    pathOf(route, surface, business),
    undefined,
    actor === 'an empty header' ? { authorization: '' } : {},
  )

test.each(surfaces.map((surface) => [surface.name, surface] as const))(
  '%s: every actor without the right is refused on every route, and nothing changes',
  async (name, surface) => {
    const mine = await aBusiness()
    const actors: Actor[] = [...scopesOf[name].map((scope) => ({ scope })), ...namedActors]
    const wrong: unknown[] = []
    const tally = { cells: 0, actors: 0 }
    for (const actor of actors) {
      const routes = surface.routes.filter((route) => expected(actor, route, name) !== undefined)
      if (routes.length === 0) continue
      tally.actors += 1
      const caller = await aCaller(actor, name, mine)
      mine.clock.set(caller.at ?? noon)
      const before = await digest(caller.business)
      for (const route of routes) {
        tally.cells += 1
        const { status, headers, text } = await send(surface, caller, { actor, route })
        const code = headers['error-code']
        const cell = { actor, operation: route.operation }
        const wanted = expected(actor, route, name)
        if (status !== wanted?.status || code !== wanted.code) {
          wrong.push({ ...cell, wanted, status, code })
        }
        const shown = `${text} ${JSON.stringify(headers)}`
        if (idsOf(mine).some((id) => shown.includes(id))) wrong.push({ ...cell, shown })
      }
      const tables = changed(before, await digest(caller.business)).filter(
        (table) => !mayChange(name, actor, table),
      )
      if (tables.length > 0) wrong.push({ actor, tables })
      mine.clock.set(noon)
    }
    process.stdout.write(
      `matrix ${name}: ${tally.cells} cells, ${surface.routes.length} operations, ${tally.actors} actors\n`,
    )
    expect(wrong).toEqual([])
  },
  hangMs,
)

const isId = (text: string): boolean => /^([a-z]+_)?[0-9a-z-]{20,36}$/i.test(text)

/** An id of the same form that nobody has. */
const withOtherEnd = (id: string): string => `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`

/** An answer without what differs from request to request. */
const withoutIds = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/g, '(id)')
    .replaceAll(/\b[a-z]{3,4}_[0-9a-z]{16,26}\b/g, '(id)')
    .replaceAll(/"timestamp":"[^"]*"/g, '')

/** A world in which every example was sent; answers what each operation came to, and the ids. */
async function aLivedWorld(surface: Surface) {
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

test.each(surfaces.map((surface) => [surface.name, surface] as const))(
  '%s: what belongs to another organization is as absent as what nobody has',
  async (name, surface) => {
    const { business: mine, client, proven } = await aLivedWorld(surface)
    const { business: other, shelf } = await aLivedWorld(surface)
    const before = await digest(other)
    const wrong: unknown[] = []
    const tally = { cells: 0, masked: 0 }
    for (const route of surface.routes) {
      if (!route.path.includes('{') || route.tenant === 'none') continue
      const body = route.examples.find(({ status }) => status < 300)?.body
      const ask = async (idOf?: (collection: string) => string) => {
        const path = pathOf(route, surface, mine, idOf).replace(/\?.*/, '')
        const { status, headers, text } = await client.send(route.method, path, body)
        return { status, code: headers['error-code'], text: withoutIds(text) }
      }
      for (const nth of [0, 1, 2]) {
        const idOf = (collection: string) => shelf.idsOf(collection).filter(isId)[nth] ?? nobody
        const absent = await ask((collection) => withOtherEnd(idOf(collection)))
        const foreign = await ask(idOf)
        tally.cells += 1
        if (foreign.status === 404) tally.masked += 1
        const isSame = JSON.stringify(foreign) === JSON.stringify(absent)
        if (!isSame || foreign.status < 400) {
          wrong.push({ operation: route.operation, foreign, absent })
        }
      }
    }
    const unproven = surface.routes.filter(({ operation }) => !proven.has(operation))
    process.stdout.write(
      `matrix ${name}: ${tally.cells} cells with foreign ids, ${tally.masked} of them 404; the right actor succeeds on ${proven.size} of ${surface.routes.length} operations by their examples; without one: ${unproven.map(({ operation }) => operation).join(', ') || 'none'}\n`,
    )
    expect(wrong).toEqual([])
    expect(changed(before, await digest(other))).toEqual([])
    expect(proven.size).toBeGreaterThan(surface.routes.length / 3)
  },
  hangMs,
)
