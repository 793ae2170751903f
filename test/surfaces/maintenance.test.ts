import { afterEach, expect, test } from 'vitest'
import { asOwner } from '../../src/db/owner.ts'
import type { Instant } from '../../src/kernel/dates.ts'
import { orderMaintenance } from '../../src/modules/access/maintenance.actions.ts'
import type { Maintenance } from '../../src/modules/access/maintenance.ts'
import { type Answer, aBusiness, noon } from '../harness.ts'

const business = await aBusiness()
const { owner, invoicing, books, connect } = business
const booksPath = `/v1/chart-of-accounts?businessId=${business.businessId}`

const full: Maintenance = { mode: 'full', message: 'a new disk', until: null }
const readOnly: Maintenance = { mode: 'read_only', message: null, until: null }
const order = (maintenance: Maintenance | undefined): Promise<void> =>
  asOwner(owner, (tx) => orderMaintenance(tx, maintenance, { orderedBy: 'a test', at: noon }))

const readyz = async (): Promise<Answer['body']> =>
  JSON.parse((await business.app.server.inject({ url: '/readyz' })).payload)

/** Asks until the server knows of the order, which it must within a second. */
const obeyed = (ask: () => Promise<Answer>, status: number): Promise<void> =>
  expect.poll(async () => (await ask()).status, { timeout: 1_000, interval: 50 }).toBe(status)

afterEach(async () => {
  await order(undefined)
  await obeyed(() => books.get(booksPath), 200)
})

test('full maintenance answers 503 on each surface in its own words, and Retry-After', async () => {
  await order(full)
  await obeyed(() => books.get(booksPath), 503)
  const sentence = 'The API is temporarily offline for maintenance. Please try again later.'

  const answers = [
    await invoicing.get('/api/v1/customers'),
    await books.get(booksPath),
    await connect.get('/companies'),
  ]

  for (const { status, headers } of answers) {
    expect([status, headers['error-code'], headers['retry-after']]).toEqual([
      503,
      'platform.maintenance',
      '120',
    ])
  }
  const [ofInvoicing, ofBooks, ofConnect] = answers
  expect(ofInvoicing?.body).toEqual({ error: sentence })
  expect(ofBooks?.body).toMatchObject({
    success: false,
    error: { code: 'SERVICE_UNAVAILABLE', message: sentence, retryAfter: 120 },
  })
  expect(ofConnect?.body).toMatchObject({
    statusCode: 503,
    service: 'PublicApi',
    error: sentence,
    canBeRetried: 'True',
    detailedErrorCode: 9002,
  })
})

test('read-only maintenance answers reads and refuses writes', async () => {
  await order(readOnly)
  await obeyed(() => invoicing.post('/api/v1/customers', { name: 'Ada' }), 503)

  const write = await invoicing.post('/api/v1/customers', { name: 'Ada' })
  const read = await invoicing.get('/api/v1/customers')

  expect(write.headers['error-code']).toBe('platform.read_only')
  expect([read.status, (await connect.get('/companies')).status]).toEqual([200, 200])
})

test('callers hear when the expected end is, and it holds on beyond it', async () => {
  await order({ ...full, until: '2026-06-15T12:10:00.500Z' as Instant })
  await obeyed(() => books.get(booksPath), 503)

  expect((await books.get(booksPath)).headers['retry-after']).toBe('601')
  business.clock.set('2026-06-15T12:30:00.000Z')
  expect((await books.get(booksPath)).headers['retry-after']).toBe('120')
})

test('health stays green and names the mode; documentation stays open', async () => {
  await order(full)
  await obeyed(() => books.get(booksPath), 503)

  const { server } = business.app
  const health = await server.inject({ url: '/healthz' })
  const page = await server.inject({ url: '/docs/errors/platform.maintenance' })

  expect([health.statusCode, page.statusCode]).toEqual([200, 200])
  await expect
    .poll(readyz, { timeout: 2_500, interval: 100 })
    .toMatchObject({ status: 'ready', checks: { maintenance: { ok: true, detail: 'full' } } })
})
