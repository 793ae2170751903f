import { expect, test } from 'vitest'
import { isJsonObject } from '../../src/api/http/json.ts'
import type { RouteRecord } from '../../src/api/http/route.ts'
import { Dice } from '../fuzz/dice.ts'
import { type FindId, type Schema, validValue } from '../fuzz/values.ts'
import type { Answer } from '../harness.ts'
import {
  aLivedWorld,
  bySurface,
  changed,
  digest,
  hangMs,
  isId,
  nobody,
  pathOf,
  withOtherEnd,
  withoutIds,
} from './world.ts'

const seeds = [1, 2, 3, 4, 5, 6]

const toSchema = (schema: unknown): Schema => schema as Schema // TypeBox makes JSON schemas

/** Body and query of a route as its schemas have them, with ids where they take ids. */
function input(route: RouteRecord, seed: number, findId: FindId) {
  const dice = new Dice(seed)
  const query = route.query && validValue(toSchema(route.query), dice, findId)
  const body = route.body && validValue(toSchema(route.body), dice, findId)
  const entries = isJsonObject(query) ? Object.entries(query) : []
  const text = new URLSearchParams(
    Object.fromEntries(entries.map(([name, value]) => [name, String(value)])),
  )
  return { query: String(text), body }
}

test.each(bySurface)(
  '%s: an id of another organization in a body or a query is as absent as one that nobody has',
  async (_name, surface) => {
    const { business: mine, client, shelf: own } = await aLivedWorld(surface)
    const { business: other, shelf } = await aLivedWorld(surface)
    const before = await digest(other)
    const wrong: unknown[] = []
    const tally = { cells: 0, masked: 0 }
    const foreign: FindId = (name) =>
      name.toLowerCase() === 'businessid' ? other.businessId : shelf.idsNamed(name).find(isId)
    const absent: FindId = (name) => {
      const id = foreign(name)
      return id && withOtherEnd(id)
    }
    for (const route of surface.routes) {
      if (route.tenant === 'none' || route.method === 'DELETE') continue
      for (const seed of seeds) {
        const ask = async (findId: FindId) => {
          const { query, body } = input(route, seed, findId)
          const idOf = (collection: string) => own.idsOf(collection).find(isId) ?? nobody
          const path = pathOf(route, surface, mine, idOf).replace(/\?.*/, '')
          const headers = { 'dry-run': 'true' }
          const {
            status,
            headers: got,
            text,
          } = await client.send(
            route.method,
            query === '' ? path : `${path}?${query}`,
            body,
            route.method === 'GET' ? {} : headers,
          )
          const shown = status < 400 ? '' : withoutIds(text)
          return { sent: JSON.stringify([query, body]), status, code: got['error-code'], shown }
        }
        const [theirs, nobodys] = [await ask(foreign), await ask(absent)]
        if (theirs.sent === nobodys.sent) continue
        tally.cells += 1
        if (theirs.status >= 400) tally.masked += 1
        const isSame = ['status', 'code', 'shown'].every(
          (part) => theirs[part as 'code'] === nobodys[part as 'code'],
        )
        if (!isSame) wrong.push({ operation: route.operation, theirs, nobodys })
      }
    }
    process.stdout.write(
      `matrix ${surface.name}: ${tally.cells} cells with foreign ids in body or query, ${tally.masked} refused\n`,
    )
    expect(wrong).toEqual([])
    expect(changed(before, await digest(other))).toEqual([])
  },
  hangMs,
)

/** The cursors that an answer gives. */
const cursorsOf = ({ text }: Answer): readonly string[] =>
  [...text.matchAll(/"next_?cursor":"([^"]+)"/gi)].map(([, cursor = '']) => cursor)

const idsIn = ({ text }: Answer): readonly string[] =>
  [...text.matchAll(/"(?:id|\w+_?id)":"([^"]+)"/gi)].map(([, id = '']) => id).filter(isId)

test.each(bySurface)(
  '%s: a cursor of another organization opens nothing of theirs',
  async (_name, surface) => {
    const { business: mine, client } = await aLivedWorld(surface)
    const { client: theirs } = await aLivedWorld(surface)
    const wrong: unknown[] = []
    let cells = 0
    for (const route of surface.routes) {
      const names = Object.keys(toSchema(route.query ?? {}).properties ?? {})
      if (route.method !== 'GET' || !names.includes('cursor')) continue
      const path = pathOf(route, surface, mine).replace(/\?.*/, '')
      const first = await theirs.get(`${path}?limit=1&cursor=`)
      for (const cursor of cursorsOf(first)) {
        cells += 1
        const page = `${path}?limit=1&cursor=${encodeURIComponent(cursor)}`
        const [opened, meant] = [await client.get(page), await theirs.get(page)]
        const leaked = idsIn(meant).filter((id) => opened.text.includes(id))
        if (leaked.length > 0 || opened.status >= 500) {
          wrong.push({ operation: route.operation, leaked, status: opened.status })
        }
      }
    }
    process.stdout.write(`matrix ${surface.name}: ${cells} lists asked with a foreign cursor\n`)
    expect(wrong).toEqual([])
  },
  hangMs,
)
