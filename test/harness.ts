import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect } from 'vitest'
import { type App, type AppConfig, type AppParts, buildApp } from '../src/app.ts'
import { openPool, type Pool } from '../src/db/pool.ts'
import { type Db, readSnapshot, type Tenant } from '../src/db/tx.ts'
import { Vault } from '../src/db/vault.ts'
import type { Action, OrganizationCtx } from '../src/db/write.ts'
import { assert } from '../src/kernel/assert.ts'
import { type Instant, msOf } from '../src/kernel/dates.ts'
import { asId, type Id, uuidV7 } from '../src/kernel/ids.ts'
import { keyHasherOf } from '../src/master-key.ts'
import { createKey, type NewKey } from '../src/modules/access/api-key.actions.ts'
import { keyRandomBytes, type Surface } from '../src/modules/access/api-key.ts'
import type { NewBusiness } from '../src/modules/access/business.actions.ts'
import { createOrganization } from '../src/modules/access/organization.actions.ts'
import { openBusiness } from '../src/modules/ledger/account.actions.ts'
import type { Plans } from '../src/modules/plans/plan.ts'
import { AnswerBook } from './answers.ts'
import { clusterAddress, dropDatabase, freshDatabase } from './cluster.ts'
import { testLog } from './postgres.ts'

/** The instant that every test begins at, unless it sets the clock. */
export const noon = '2026-06-15T12:00:00.000Z' as Instant

/** An answer: `body` is the JSON value, or the text when it is none. */
export type Answer = Readonly<{
  status: number
  headers: Readonly<Record<string, string | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers by name and compare.
  body: any
  text: string
  bytes: Buffer
}>

type Headers = Readonly<Record<string, string>>

/** A caller of one surface with one key; paths are below the mount of the surface. */
export type Client = Readonly<{
  /** The whole Authorization header. */
  authorization: string
  get: (path: string, headers?: Headers) => Promise<Answer>
  post: (path: string, body?: unknown, headers?: Headers) => Promise<Answer>
  put: (path: string, body?: unknown, headers?: Headers) => Promise<Answer>
  patch: (path: string, body?: unknown, headers?: Headers) => Promise<Answer>
  delete: (path: string, headers?: Headers) => Promise<Answer>
  /** Any method; a text or bytes go over the wire as they are. */
  send: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<Answer>
}>

export type Business = Readonly<{
  app: App
  gate: App['gate']
  pool: Pool
  owner: Pool
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  tenant: Required<Tenant>
  clock: { set: (instant: string) => void }
  invoicing: Client
  books: Client
  connect: Client
  /** A caller with a key of its own; what is left out is as for the clients above. */
  clientOf: (surface: Surface, key?: Partial<NewKey>) => Promise<Client>
  write: <C extends OrganizationCtx, Input, Result>(
    action: Action<C, Input, Result>,
    input: Input,
    tenant?: Tenant,
  ) => Promise<Result>
  read: <Result>(work: (db: Db) => Promise<Result>) => Promise<Result>
  /** Another business of the same organization, without clients. */
  addBusiness: (options?: Partial<NewBusiness>) => Promise<Id<'business'>>
}>

type World = Readonly<{
  app: App
  pool: Pool
  owner: Pool
  /** Another app on the same database with connections of its own, as another process has it. */
  addApp: (config?: Partial<AppConfig>, parts?: Partial<AppParts>) => Promise<App>
  close: () => Promise<void>
}>

/** The secrets of the app of the tests follow from it. */
export const masterKey = new Uint8Array(32).fill(7)
/** The hash that the app of the tests keeps keys under. */
export const keyHasher = keyHasherOf(masterKey)
const time = { now: noon }
let world: Promise<World> | undefined

/** Every answer of the file is held against the record of its route. */
export const answers = new AnswerBook()

afterEach(() => {
  expect(answers.takeProblems(), 'answers that break their contract').toEqual([])
})

afterAll(async () => {
  await (await world)?.close()
  world = undefined
})

/** The app of this test file, on a database of its own; made at the first use. */
export function theWorld(): Promise<World> {
  world ??= openWorld()
  return world
}

async function openWorld(): Promise<World> {
  const database = await freshDatabase()
  const { socketDir: host, port, user } = clusterAddress()
  const where = { host, port, user, database }
  const vault = new Vault({ masterKey, root: masterKey })
  const pool = openPool({ ...where, role: 'tallystick_app', connectionsMax: 6, vault })
  const owner = openPool({ ...where, role: 'tallystick_owner', connectionsMax: 2, vault })
  const config = {
    host: '127.0.0.1',
    port: 0,
    origin: 'http://127.0.0.1:4400',
    connectionsMax: 6,
    laneQueueMax: 1_000,
    laneBatchMax: 500,
    drainSeconds: 0,
    addressLimit: 0,
    connectFlood: 0,
    trustedProxies: [],
    environment: 'test' as const,
    egressAllow: ['127.0.0.0/8'],
    egressPorts: [],
    webhookAuthorities: '',
    dataDir: join(tmpdir(), `tallystick-${database}`),
    smtpUrl: '',
    mailFrom: '',
    testMailAllow: [],
    requestLogDays: 30,
    eventDays: 90,
    idempotencyDays: 30,
    requestLogBodies: 'errors' as const,
  }
  const apps: { app: App; pool: Pool }[] = []
  const addApp: World['addApp'] = async (more = {}, parts = {}) => {
    const ownPool = openPool({ ...where, role: 'tallystick_app', connectionsMax: 6, vault })
    const app = await open(ownPool, { ...config, ...more }, parts)
    apps.push({ app, pool: ownPool })
    return app
  }
  const app = await open(pool, config)
  return {
    app,
    pool,
    owner,
    addApp,
    close: async () => {
      await Promise.all([app, ...apps.map((one) => one.app)].map((one) => one.close()))
      const pools = [pool, owner, ...apps.map((one) => one.pool)]
      await Promise.all(pools.map((one) => one.end()))
      await dropDatabase(database)
      rmSync(config.dataDir, { recursive: true, force: true })
    },
  }

  function open(appPool: Pool, appConfig: AppConfig, parts: Partial<AppParts> = {}): Promise<App> {
    return buildApp({
      config: appConfig,
      pool: appPool,
      adminPool: owner,
      clock: () => time.now,
      random: randomBytes,
      masterKey,
      resolve: (name) => Promise.resolve(name.endsWith('.example') ? ['93.184.216.34'] : []),
      watch: answers.look,
      log: testLog,
      ...parts,
    })
  }
}

/** `limits`: those of the plans, for tests of limits; wide ones unless told. */
export type BusinessOptions = Partial<NewBusiness> &
  Readonly<{ plans?: Plans; limits?: 'of the plan' }>

/** A fresh organization with one live business and a client of each surface; it is noon. */
export async function aBusiness(options: BusinessOptions = {}): Promise<Business> {
  const { app, pool, owner } = await theWorld()
  time.now = noon
  const organizationId = newId('organization')
  const businessId = newId('business')
  const tenant = { organizationId, businessId }
  const write: Business['write'] = async (action, input, where = tenant) => {
    const done = await app.gate.write({
      tenant: where,
      action,
      input,
      actor: 'operator',
      now: time.now,
    })
    assert('value' in done, 'a write without an idempotency key is never replayed')
    return done.value
  }
  const { plans, limits, ...businessOptions } = options
  const named = { name: 'Test organization', ...(plans !== undefined && { plans }) }
  await write(createOrganization, named, { organizationId })
  if (limits === undefined) await widenLimits(owner, organizationId)
  const open = async (id: Id<'business'>, more: Partial<NewBusiness>): Promise<Id<'business'>> => {
    const input: NewBusiness = { ...defaults, ...more }
    await write(openBusiness, input, { organizationId, businessId: id })
    return id
  }
  await open(businessId, businessOptions)
  const clientOf: Business['clientOf'] = async (surface, key = {}) => {
    const made = await write(
      createKey,
      {
        surface,
        environment: options.environment ?? 'live',
        name: `${surface} key`,
        isOperator: true,
        ...(surface === 'invoicing' && { businessId }),
        random: randomBytes(keyRandomBytes),
        ...keyHasher,
        ...key,
      },
      { organizationId },
    )
    return aClient(app, surface, toAuthorization(surface, made.text))
  }
  return {
    app,
    gate: app.gate,
    pool,
    owner,
    organizationId,
    businessId,
    tenant,
    clock: {
      set: (instant) => {
        time.now = instant as Instant
      },
    },
    invoicing: await clientOf('invoicing'),
    books: await clientOf('books'),
    connect: await clientOf('connect'),
    clientOf,
    write,
    read: (work) => readSnapshot(pool, tenant, work),
    addBusiness: (more = {}) => open(newId('business'), more),
  }
}

/** Limits that no test reaches by accident. */
export async function widenLimits(owner: Pool, organizationId: string): Promise<void> {
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     select $1, surface, name, value, '2000-01-01', 'many requests', '2000-01-01'
     from (values
       ('invoicing', 'requestsPerMinute', '1000000'::jsonb), ('books', 'requestsPerMinute', '1000000'),
       ('books', 'requestsPerHour', '1000000'), ('books', 'requestsPerDay', '1000000'),
       ('books', 'inFlightMax', '1000'), ('connect', 'requestsPerDay', '1000000'),
       ('connect', 'inFlightMax', '1000')) as wide (surface, name, value)`,
    [organizationId],
  )
}

const defaults: NewBusiness = {
  name: 'Test business',
  environment: 'live',
  baseCurrency: 'USD',
  country: 'US',
  timeZone: 'UTC',
  chart: 'generic',
}

export const newId = <K extends string>(kind: K): Id<K> =>
  asId(kind, uuidV7(msOf(time.now), randomBytes(10)))

const toAuthorization = (surface: Surface, key: string): string =>
  surface === 'connect' ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`

/** A caller with any Authorization header; an empty one is not sent. */
export function aClient(app: App, surface: Surface, authorization: string): Client {
  const send: Client['send'] = async (method, path, body, headers = {}) => {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const payload = isRaw ? body : JSON.stringify(body)
    const answer = await app.server.inject({
      method: method as 'GET', // also methods that nobody has
      url: `/${surface}${path}`,
      headers: {
        ...(authorization === '' ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    })
    const { statusCode: status, payload: text, rawPayload: bytes } = answer
    return { status, headers: toTexts(answer.headers), body: parseBody(text), text, bytes }
  }
  return {
    authorization,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body, headers) => send('PUT', path, body, headers),
    patch: (path, body, headers) => send('PATCH', path, body, headers),
    delete: (path, headers) => send('DELETE', path, undefined, headers),
  }
}

const toTexts = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
