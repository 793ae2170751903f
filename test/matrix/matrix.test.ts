import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RouteRecord } from '../../src/api/http/route.ts'
import { assert } from '../../src/kernel/assert.ts'
import { toPrefixed } from '../../src/kernel/ids.ts'
import { rotateKey } from '../../src/modules/access/api-key.actions.ts'
import { listKeys } from '../../src/modules/access/api-key.queries.ts'
import { keyRandomBytes } from '../../src/modules/access/api-key.ts'
import { aBusiness, aClient, type Business, keyHasher, noon } from '../harness.ts'
import { aCaller, type Caller } from './actors.ts'
import { mayChange } from './exceptions.ts'
import { type Actor, expected, namedActors, scopesOf } from './expect.ts'
import {
  aLivedWorld,
  bySurface,
  changed,
  digest,
  hangMs,
  isId,
  nobody,
  pathOf,
  type Surface,
  withOtherEnd,
  withoutIds,
} from './world.ts'

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

test.each(bySurface)(
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

test.each(bySurface)(
  '%s: every route answers a key in its overlap as it answers the key that came after it',
  async (name, surface) => {
    const business = await aBusiness()
    const { organizationId, read, write } = business
    const { authorization } = await business.clientOf(name, { name: 'an old key' })
    const keys = await read((db) => listKeys(db, { organizationId, surface: name }))
    const old = keys.find((key) => key.name === 'an old key')
    assert(old, 'the key was made')
    const random = randomBytes(keyRandomBytes)
    await write(
      rotateKey,
      { keyId: old.id, overlapHours: 1, random, ...keyHasher },
      { organizationId },
    )
    const wrong: unknown[] = []
    for (const route of surface.routes) {
      const ask = async (key: string) => {
        const client = aClient(business.app, name, key)
        const path = pathOf(route, surface, business)
        const headers = { 'dry-run': 'true' }
        const sent = route.method === 'GET' ? {} : headers
        const answer = await client.send(route.method, path, undefined, sent)
        return { status: answer.status, code: answer.headers['error-code'] }
      }
      const [before, after] = [await ask(authorization), await ask(business[name].authorization)]
      if (before.status !== after.status || before.code !== after.code) {
        wrong.push({ operation: route.operation, before, after })
      }
    }
    expect(wrong).toEqual([])
  },
  hangMs,
)

test.each(bySurface)(
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
