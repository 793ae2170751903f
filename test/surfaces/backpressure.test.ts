import { expect, test } from 'vitest'
import { aBusiness, aClient, type Business, theWorld } from '../harness.ts'

const surfaces = ['invoicing', 'books', 'connect'] as const

const pathOf = (
  surface: (typeof surfaces)[number],
  { businessId }: Pick<Business, 'businessId'>,
): string =>
  ({
    invoicing: '/api/v1/customers',
    books: `/v1/chart-of-accounts?businessId=${businessId}`,
    connect: '/companies',
  })[surface]

const bodies = {
  invoicing: { error: 'The service is busy. Please try again later.' },
  books: {
    success: false,
    error: {
      code: 'SERVICE_UNAVAILABLE',
      message: 'The service is busy. Please try again later.',
      retryAfter: expect.any(Number),
      requestId: expect.any(String),
    },
  },
  connect: expect.objectContaining({ statusCode: 503, service: 'PublicApi' }),
}

test.each(surfaces)(
  '503 %s: a strained process refuses what is new, and says when',
  async (name) => {
    const business = await aBusiness()
    const { addApp } = await theWorld()
    const load = { isStrained: true }
    const app = await addApp({}, { isStrained: () => load.isStrained })
    const client = aClient(app, name, business[name].authorization)

    const refused = await client.get(pathOf(name, business))
    const problem = await client.get(pathOf(name, business), { accept: 'application/problem+json' })
    load.isStrained = false
    const answered = await client.get(pathOf(name, business))

    expect([refused.status, refused.body]).toEqual([503, bodies[name]])
    expect(refused.headers).toMatchObject({ 'error-code': 'platform.overloaded' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(problem.body).toMatchObject({ status: 503, code: 'platform.overloaded' })
    expect(answered.status).toBe(200)
  },
)

test('health is answered by a strained process, pages are not', async () => {
  const { addApp } = await theWorld()
  const app = await addApp({}, { isStrained: () => true })
  const statusOf = async (url: string) => (await app.server.inject({ url })).statusCode

  expect([await statusOf('/healthz'), await statusOf('/readyz')]).toEqual([200, 200])
  expect([await statusOf('/docs'), await statusOf('/nowhere')]).toEqual([503, 503])
})

/** Runs `work` while nobody can read or write parties. */
async function whileHeld<Result>(
  { owner }: Business,
  work: () => Promise<Result>,
): Promise<Result> {
  const holder = await owner.connect()
  try {
    await holder.query('begin; lock table party in access exclusive mode')
    return await work()
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}

test.each([
  ['invoicing', '/api/v1/customers'],
  ['connect', '/companies'],
] as const)('503 %s: a handler that takes too long is answered for', async (name, path) => {
  const business = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp({}, { handlerMaxMs: 100 })
  const client = aClient(app, name, business[name].authorization)
  const quick = await client.get(path)

  const table = name === 'invoicing' ? 'party' : 'company'
  const holder = await business.owner.connect()
  await holder.query(`begin; lock table ${table} in access exclusive mode`)
  const late = await client.get(path)
  await holder.query('rollback')
  holder.release()

  expect([quick.status, late.status]).toEqual([200, 503])
  expect(late.headers).toMatchObject({ 'error-code': 'platform.timeout' })
  expect(Number(late.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect((await client.get(path)).status).toBe(200)
})

test('503 books: a report is waited for a fifth longer than others, and answered for then', async () => {
  const business = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp({}, { handlerMaxMs: 1_000 })
  const client = aClient(app, 'books', business.books.authorization)
  const path = `/v1/reports/trial-balance?businessId=${business.businessId}`
  const quick = await client.get(path)

  const holder = await business.owner.connect()
  await holder.query('begin; lock table account in access exclusive mode')
  const begunMs = performance.now()
  const late = await client.get(path)
  const tookMs = performance.now() - begunMs
  await holder.query('rollback')
  holder.release()

  expect([quick.status, late.status]).toEqual([200, 503])
  expect(late.headers).toMatchObject({ 'error-code': 'platform.timeout' })
  expect(tookMs).toBeGreaterThanOrEqual(1_200)
})

test('a write that ends after its caller was told of the time is found by its key', async () => {
  const business = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp({}, { handlerMaxMs: 100 })
  const client = aClient(app, 'invoicing', business.invoicing.authorization)
  const post = () =>
    client.post('/api/v1/customers', { name: 'Ada' }, { 'idempotency-key': 'patient' })

  const late = await whileHeld(business, post)
  await expect.poll(async () => (await client.get('/api/v1/customers')).body.data?.length).toBe(1)
  const again = await post()

  expect([late.status, again.status, again.headers['idempotency-replayed']]).toEqual([
    503,
    201,
    'true',
  ])
  await app.close()
  const { rows } = await business.owner.query(
    `select status, error_code, idempotency from request_log
     where organization_id = $1 and method = 'POST' order by status`,
    [business.organizationId],
  )
  expect(rows).toEqual([
    { status: 201, error_code: null, idempotency: 'replayed' },
    { status: 503, error_code: 'platform.timeout', idempotency: 'first' },
  ])
})

test('who sends headers or a request too slowly, or nothing at all, is cut off in time', async () => {
  const { app } = await aBusiness()

  expect(app.server.server).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
  })
})

test('a database without a free connection is answered for within its two seconds', async () => {
  const business = await aBusiness()
  const { pool, invoicing } = business
  const held = await Promise.all(
    Array.from({ length: Number(pool.options.max) }, () => pool.connect()),
  )
  const began = performance.now()
  const refused = await invoicing.get('/api/v1/customers')
  const seconds = (performance.now() - began) / 1_000
  for (const client of held) client.release()

  expect([refused.status, Number(refused.headers['retry-after']) >= 1]).toEqual([503, true])
  expect(seconds).toBeLessThan(10)
  expect((await invoicing.get('/api/v1/customers')).status).toBe(200)
})
