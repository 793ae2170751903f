import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { books } from '../../src/api/books/surface.ts'
import { connect } from '../../src/api/connect/surface.ts'
import { isJsonObject } from '../../src/api/http/json.ts'
import type { RouteRecord } from '../../src/api/http/route.ts'
import { Validators } from '../../src/api/http/shape.ts'
import type { Surface } from '../../src/api/http/surface.ts'
import { invoicing } from '../../src/api/invoicing/surface.ts'
import { verifyBusinesses } from '../../src/cli/verify.ts'
import { manifests } from '../../src/connectors/registry.ts'
import { parsePrefixed } from '../../src/kernel/ids.ts'
import { runExamples } from '../examples.ts'
import { type Answer, aBusiness, answers, type Business, type Client } from '../harness.ts'
import { Shelf } from '../shelf.ts'
import { booksOf } from '../surfaces/books/client.ts'
import { aCase, type Case, type Stock } from './cases.ts'
import { Dice } from './dice.ts'

/** Cases of all surfaces together; each operation gets as many as another. */
const casesTotal = Number(process.env['FUZZ_CASES'] ?? 20_000)
const sentAtOnce = 32
const faultsMax = 12
const busyMax = 10
const hangMs = 600_000 + casesTotal * 20

const surfaces: readonly Surface[] = [invoicing, books, connect(manifests)]
const routesTotal = surfaces.reduce((sum, { routes }) => sum + routes.length, 0)
const casesPerRoute = Math.ceil(casesTotal / routesTotal)
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))

type Fault = Readonly<{ operation: string; problem: string; request: string; answer: string }>

/** Fuzzes every route of a surface; what would spoil the world for others comes last. */
async function fuzz(surface: Surface, client: Client, business: Business): Promise<Tally> {
  const dice = new Dice(seed + surface.name.length)
  const { rows } = await business.owner.query<{ id: string }>(
    'select key_id as id from api_key where organization_id = $1',
    [business.organizationId],
  )
  const own = new Set(rows.map(({ id }) => id))
  const shelf = new Shelf((id) => own.has(parsePrefixed('key', id) ?? id))
  const query: Stock['query'] = surface.name === 'books' ? { businessId: business.businessId } : {}
  const stock = {
    idOf: (collection: string) => dice.find(shelf.idsOf(collection)),
    findId: (name: string) => dice.find(shelf.idsNamed(name)),
    query,
  }
  const tally: Tally = { cases: 0, byStatus: new Map(), faults: [] }
  const bodyRules = new Validators()
  for (const route of sorted(surface.routes)) {
    const fits = route.body && bodyRules.compile(route.body)
    for (let made = 0; made < casesPerRoute; made += sentAtOnce) {
      const count = Math.min(sentAtOnce, casesPerRoute - made)
      const cases = Array.from({ length: count }, () => aCase(route, dice, stock))
      const done = await Promise.all(cases.map((one) => sendCase(client, one)))
      for (const [i, answer] of done.entries()) {
        const one = cases[i]
        if (one === undefined) continue
        tally.cases += 1
        tally.byStatus.set(answer.status, (tally.byStatus.get(answer.status) ?? 0) + 1)
        const problems = problemsOf(one, answer)
        if (fits !== undefined && isWronglyTaken(surface, one, answer, fits)) {
          problems.push('a body that breaks the schema was taken')
        }
        for (const problem of problems) addFault(tally, { route, problem, one, answer })
        const isSuccess = answer.status < 300 && one.method !== 'DELETE'
        if (isSuccess) shelf.keep(route.path, answer.body)
      }
      for (const problem of answers.takeProblems()) {
        const at = done.findIndex(({ headers, status }) =>
          problem.includes(headers['error-code'] ?? `${status}`),
        )
        const [one, answer] = [cases[at] ?? cases[0], done[at] ?? done[0]]
        if (one && answer) addFault(tally, { route, problem, one, answer })
      }
    }
  }
  return tally
}

type Tally = { cases: number; byStatus: Map<number, number>; faults: Fault[] }

function sorted(routes: readonly RouteRecord[]): readonly RouteRecord[] {
  const placeOf = ({ method, operation }: RouteRecord): number => {
    if (method === 'DELETE') return 3
    if (/lock|close|archive|revoke|disable/.test(operation)) return 2
    return method === 'GET' ? 1 : 0
  }
  return [...routes].sort((a, b) => placeOf(a) - placeOf(b))
}

const send = (client: Client, { method, path, headers, json, raw }: Case): Promise<Answer> =>
  client.send(method, path, raw ?? JSON.stringify(json), {
    ...(raw === undefined && json === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  })

/** What a machine answers that is busy with others. */
const busyCodes = new Set<string | undefined>(['platform.overloaded', 'documents.render_timeout'])

/** Where the machine was busy, the same is asked again: a fault of ours would come again. */
async function sendCase(client: Client, one: Case): Promise<Answer> {
  const isBusy = ({ headers }: Answer): boolean => busyCodes.has(headers['error-code'])
  let answer = await send(client, one)
  for (let again = 0; again < busyMax && isBusy(answer); again += 1) {
    answer = await send(client, one)
  }
  return answer
}

type Met = Readonly<{ route: RouteRecord; problem: string; one: Case; answer: Answer }>

function addFault({ faults }: Tally, { route, problem, one, answer }: Met): void {
  const { operation } = route
  const isKnown = faults.some((f) => f.operation === operation && f.problem === problem)
  if (isKnown || faults.length >= faultsMax) return
  const sent = one.raw === undefined ? JSON.stringify(one.json) : `raw ${String(one.raw)}`
  const request = `${one.kind}: ${one.method} ${one.path} ${JSON.stringify(one.headers)} ${sent}`
  faults.push({
    operation,
    problem,
    request: request.slice(0, 1_500),
    answer: `${answer.status} ${answer.headers['error-code']} ${answer.text}`.slice(0, 800),
  })
}

/** Marks of our inside that no answer may show. */
const leak =
  /\n\s+at |node_modules|\.ts:\d+|duplicate key value|violates |syntax error at or near|invalid input syntax|relation "|column "|tallystick_(app|owner)|ECONNREFUSED/

function problemsOf(
  { kind, method, headers: asked }: Case,
  { status, headers, text }: Answer,
): string[] {
  const problems: string[] = []
  if (status >= 500) problems.push(`status ${status}`)
  if (status < 200) problems.push(`status ${status}`)
  if (leak.test(text)) problems.push('an answer that shows our inside')
  if (headers['x-request-id'] === undefined) problems.push('no request id')
  if (status >= 400 && headers['error-code'] === undefined)
    problems.push('a refusal without a code')
  if (kind === 'bad key' && asked['authorization'] !== undefined && status < 400) {
    problems.push('a wrong key was taken')
  }
  if (status === 405 && (headers['allow'] ?? method).split(', ').includes(method)) {
    problems.push('405 without what is allowed')
  }
  return problems
}

/** Whether a body was taken that breaks the schema, after what the surface forgives. */
function isWronglyTaken(
  { trimsTexts }: Surface,
  { json, raw, method, kind }: Case,
  { status }: Answer,
  fits: (value: unknown) => boolean,
): boolean {
  if (status >= 300 || raw !== undefined || json === undefined || kind === 'bad method')
    return false
  const read: unknown = JSON.parse(JSON.stringify(json))
  const isUpdate = method === 'PATCH' || method === 'PUT'
  return !fits(trimsTexts ? forgiven(read, isUpdate) : read)
}

/** Blank texts and nulls are absent, and texts are trimmed. */
function forgiven(value: unknown, keepsNull: boolean): unknown {
  if (typeof value === 'string') return value.trim()
  if (Array.isArray(value)) return value.map((item) => forgiven(item, false))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value)
    .map(([name, member]): [string, unknown] => [name, forgiven(member, false)])
    .filter(([, member]) => member !== '' && (member !== null || keepsNull))
  return Object.fromEntries(entries)
}

const clientOf = (surface: Surface, business: Business): Client =>
  surface.name === 'books' ? business.books : business[surface.name]

test.each(surfaces.map((surface) => [surface.name, surface] as const))(
  '%s: no request breaks the server, the contract or the books',
  async (name, surface) => {
    const business = await aBusiness({ baseCurrency: 'USD' })
    const [client, own] = [clientOf(surface, business), booksOf(business)]
    // Something of everything, so that ids are found.
    await runExamples(surface, name === 'books' ? own : client, {
      idOf: ({ body }) => (name === 'books' ? body?.data?.id : body?.id) ?? '',
    })

    const started = performance.now()
    const { cases, byStatus, faults } = await fuzz(surface, client, business)

    const seconds = Math.round((performance.now() - started) / 1_000)
    const statuses = [...byStatus].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`)
    process.stdout.write(
      `fuzz ${name}: ${cases} cases, ${surface.routes.length} operations, SEED=${seed}, ${seconds} s (${statuses.join(', ')})\n`,
    )
    expect(faults).toEqual([])
    const { findings } = await verifyBusinesses(
      { adminPool: business.owner },
      { tenantId: business.businessId, anchors: [] },
    )
    expect(findings).toEqual([])
  },
  hangMs,
)
