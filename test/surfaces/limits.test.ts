import { expect, onTestFinished, test } from 'vitest'
import { Admission } from '../../src/api/http/admission.ts'
import { tellLimits } from '../../src/jobs/tasks.ts'
import type { Instant } from '../../src/kernel/dates.ts'
import { operatorPlans } from '../../src/modules/plans/plan.ts'
import { type Answer, aBusiness, type Client, noon, theWorld } from '../harness.ts'

const invoices = '/api/v1/invoices'

/** Milliseconds after noon. */
const after = (ms: number): string => new Date(Date.parse(noon) + ms).toISOString()

/** A structured field of items with parameters, as RFC 9651 writes them. */
function parseItems(field: string | undefined): Record<string, Record<string, string | number>> {
  const items = (field ?? '').split(', ').map((item) => {
    const [name = '', ...parameters] = item.split(';')
    expect(name).toMatch(/^"[a-z-]+"$/)
    const pairs = parameters.map((parameter): [string, string | number] => {
      const [, key = '', value = ''] =
        /^([a-z]+)=(-?\d+|"[\w-]+"|:[A-Za-z0-9+/=]+:)$/.exec(parameter) ?? []
      expect(key).not.toBe('')
      return [key, /^-?\d/.test(value) ? Number(value) : value.slice(1, -1)]
    })
    return [name.slice(1, -1), Object.fromEntries(pairs)] as const
  })
  return Object.fromEntries(items)
}

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const many = (count: number, send: () => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, send))

const accountsPath = (businessId: string): string =>
  `/v1/chart-of-accounts?businessId=${businessId}`

async function oneByOne(count: number, client: Client, path: string): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let i = 0; i < count; i += 1) answers.push(await client.get(path))
  return answers
}

test('Invoicing: 1,000 a minute on pro, however many arrive at once; then one per place', async () => {
  const { invoicing, clock } = await aBusiness({ limits: 'of the plan' })
  // Counted, and refused right behind the limits.
  const answers = await many(1_100, () => invoicing.get(`${invoices}/none`))
  expect(statuses(answers)).toEqual({ 400: 1_000, 429: 100 })
  const refused = answers.find(({ status }) => status === 429)
  expect(refused?.text).toBe('{"error":"Rate limit exceeded"}')
  expect(refused?.headers).toMatchObject({
    'retry-after': '60',
    'error-code': 'limit.rate_exceeded',
    'ratelimit-policy': '"plan-minute";q=1000;w=60',
    ratelimit: '"plan-minute";r=0;t=60',
  })
  clock.set(after(59_999))
  const early = await invoicing.get(invoices)
  expect([early.status, early.headers['retry-after']]).toEqual([429, '1'])
  clock.set(after(60_000))
  expect((await invoicing.get(invoices)).headers['ratelimit']).toBe('"plan-minute";r=999;t=60')
})

test('Invoicing: 100 a minute on basic, shared by the keys of the business', async () => {
  const plans = { ...operatorPlans, invoicing: 'basic' as const }
  const { invoicing, clientOf } = await aBusiness({ plans, limits: 'of the plan' })
  const other = await clientOf('invoicing')
  const answers = await Promise.all([
    many(60, () => invoicing.get(`${invoices}/none`)),
    many(60, () => other.get(`${invoices}/none`)),
  ])
  expect(statuses(answers.flat())).toEqual({ 400: 100, 429: 20 })
})

test('a refused scope and an absent id count, a wrong key does not', async () => {
  const { invoicing, clientOf } = await aBusiness({ limits: 'of the plan' })
  const reader = await clientOf('invoicing', { scopes: ['read'] })
  expect((await reader.post(invoices, {})).headers['ratelimit']).toBe('"plan-minute";r=999;t=60')
  const absent = await invoicing.get(`${invoices}/0197a1c2-0000-7000-8000-0000000000e1`)
  expect([absent.status, absent.headers['ratelimit']]).toEqual([404, '"plan-minute";r=998;t=60'])
  const wrong = await invoicing.send('GET', invoices, undefined, {
    authorization: `Bearer oim_${'0'.repeat(64)}`,
  })
  expect([wrong.status, wrong.headers['ratelimit']]).toEqual([401, undefined])
  expect((await invoicing.get(invoices)).headers['ratelimit']).toBe('"plan-minute";r=997;t=60')
})

test('Books: every dialect tells the same numbers', async () => {
  const { books, businessId } = await aBusiness({ limits: 'of the plan' })
  await books.get(accountsPath(businessId))
  const { headers, body, status } = await books.get(accountsPath(businessId))
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': '58',
    'x-ratelimit-reset': '2026-06-15T12:01:00Z',
  })
  expect(body.meta.rateLimit).toEqual({
    limit: 60,
    remaining: 58,
    reset: '2026-06-15T12:01:00.000Z',
  })
  const pk = expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/)
  expect(parseItems(headers['ratelimit-policy'])).toEqual({
    'key-minute': { q: 60, w: 60, pk },
    'key-hour': { q: 1_000, w: 3_600, pk },
    'key-day': { q: 10_000, w: 86_400, pk },
    'key-inflight': { q: 10, qu: 'concurrent-requests', pk },
  })
  expect(parseItems(headers['ratelimit'])).toEqual({
    'key-minute': { r: 58, t: 60 },
    'key-hour': { r: 998, t: 3_600 },
    'key-day': { r: 9_998, t: 43_200 },
    'key-inflight': { r: 9 },
  })
})

test('Books: the 61st call of a minute waits until the oldest leaves', async () => {
  const { books, businessId, clock } = await aBusiness({ limits: 'of the plan' })
  await oneByOne(1, books, accountsPath(businessId))
  clock.set(after(20_000))
  const answers = await oneByOne(60, books, accountsPath(businessId))
  expect(statuses(answers)).toEqual({ 200: 59, 429: 1 })
  const { body, headers } = answers.at(-1) as Answer
  expect(body.error).toMatchObject({
    code: 'RATE_LIMIT',
    message: 'Rate limit exceeded. Retry after 40 seconds.',
    retryAfter: 40,
  })
  expect(headers).toMatchObject({
    'retry-after': '40',
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': '0',
  })
  clock.set(after(60_000))
  const statusesNow = (await oneByOne(2, books, accountsPath(businessId))).map((a) => a.status)
  expect(statusesNow).toEqual([200, 429])
})

test('Books: the hour ends at its boundary, and a change of plan holds with the next call', async () => {
  const { books, businessId, clock, owner, organizationId } = await aBusiness({
    limits: 'of the plan',
  })
  clock.set('2026-06-15T12:59:00.000Z')
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     values ($1, 'books', 'requestsPerHour', '3', '2026-01-01', 'few', '2026-01-01')`,
    [organizationId],
  )
  const answers = await oneByOne(4, books, accountsPath(businessId))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
  expect(answers.at(-1)?.headers).toMatchObject({
    'retry-after': '60',
    'x-ratelimit-limit': '3',
    'x-ratelimit-reset': '2026-06-15T13:00:00Z',
  })
  clock.set('2026-06-15T13:00:00.000Z')
  expect((await books.get(accountsPath(businessId))).status).toBe(200)
})

test('Books: before the key is known the headers show a free window', async () => {
  const { books } = await aBusiness()
  const { headers, status } = await books.send('GET', '/v1/chart-of-accounts', undefined, {
    authorization: 'Bearer live_sk_wrong',
  })
  expect(status).toBe(401)
  expect(headers).toMatchObject({ 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '60' })
  expect(headers['ratelimit']).toBeUndefined()
})

test('Books: ten in flight and no more; the eleventh is told to wait a second', async () => {
  const { books, businessId } = await aBusiness({ limits: 'of the plan' })
  const answers = await many(11, () => books.get(accountsPath(businessId)))
  expect(statuses(answers)).toEqual({ 200: 10, 429: 1 })
  const refused = answers.find(({ status }) => status === 429)
  expect(refused?.headers).toMatchObject({
    'retry-after': '1',
    'error-code': 'limit.concurrency_exceeded',
  })
  expect(refused?.body.error).toMatchObject({ code: 'RATE_LIMIT', retryAfter: 1 })
  const again = await many(10, () => books.get(accountsPath(businessId)))
  expect(statuses(again)).toEqual({ 200: 10 })
  expect(parseItems(again.at(-1)?.headers['ratelimit'])['key-minute']?.['r']).toBe(40)
})

test('Connect: the quota of the day falls by one per call, and its owner is told of both ends', async () => {
  const { connect, clock, owner, organizationId, gate } = await aBusiness({
    limits: 'of the plan',
  })
  clock.set('2026-06-15T23:59:30.000Z')
  const first = await connect.get('/companies')
  expect(first.headers).toMatchObject({
    'x-rate-limit-limit': '1000',
    'x-rate-limit-remaining': '999',
    'x-rate-limit-reset': '2026-06-16T00:00:00Z',
  })
  expect(parseItems(first.headers['ratelimit'])).toEqual({
    day: { r: 999, t: 30 },
    inflight: { r: 9 },
  })
  await owner.query('update limit_counter set day_count = 1000 where subject = $1', [
    organizationId,
  ])
  const refused = await connect.get('/companies')
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '30'])
  expect(refused.body).toMatchObject({
    statusCode: 429,
    error: 'You have made too many requests in a given amount of time; please retry later.',
  })
  await connect.get('/companies')
  clock.set('2026-06-16T00:00:00.000Z')
  expect((await connect.get('/companies')).status).toBe(200)
  const parts = {
    adminPool: owner,
    clock: () => '2026-06-16T00:00:00.000Z' as Instant,
    requestLogDays: 30,
    write: gate.write.bind(gate),
  }
  await tellLimits(parts)
  await tellLimits(parts)
  const { rows } = await owner.query(
    `select type, payload from event where tenant_id = $1 and type like 'client.%' order by sequence`,
    [organizationId],
  )
  const expiryDate = '2026-06-16T00:00:00.000Z'
  expect(rows).toEqual([
    {
      type: 'client.rate_limit_reached',
      payload: { dailyQuota: 1_000, quotaRemaining: 0, expiryDate },
    },
    {
      type: 'client.rate_limit_reset',
      payload: { dailyQuota: 1_000, quotaRemaining: 1_000, expiryDate },
    },
  ])
})

test('two processes share one limit exactly', async () => {
  const business = await aBusiness({ limits: 'of the plan' })
  const { pool } = await theWorld()
  const { rows } = await business.owner.query<{ hash: Buffer }>(
    `select hash from api_key where organization_id = $1 and surface = 'invoicing'`,
    [business.organizationId],
  )
  const hash = rows[0]?.hash.toString('hex') ?? ''
  const processes = Array.from({ length: 3 }, () => {
    const query = async <Row>({ text, values }: { text: string; values: readonly unknown[] }) =>
      (await pool.query(text, [...values])).rows as Row[]
    return new Admission({ query }, () => noon as Instant)
  })
  onTestFinished(async () => {
    for (const process of processes) await process.close()
  })
  const granted = await Promise.all(
    Array.from({ length: 3_000 }, async (_, i) => {
      // Rounds, so that the processes meet at the row many times.
      for (let turn = 0; turn < i % 10; turn += 1) await new Promise(setImmediate)
      return (await processes[i % 3]?.admit({ hash, address: '127.0.0.1' }))?.isGranted
    }),
  )
  expect(granted.filter(Boolean)).toHaveLength(1_000)
})

test('slots of a process that is gone come back when its lease ends', async () => {
  const business = await aBusiness({ limits: 'of the plan' })
  const { pool } = await theWorld()
  const { rows } = await business.owner.query<{ hash: Buffer }>(
    `select hash from api_key where organization_id = $1 and surface = 'books'`,
    [business.organizationId],
  )
  const hash = rows[0]?.hash.toString('hex') ?? ''
  let now = noon
  const query = async <Row>({ text, values }: { text: string; values: readonly unknown[] }) =>
    (await pool.query(text, [...values])).rows as Row[]
  const open = (): Admission => new Admission({ query }, () => now as Instant)
  const [gone, here] = [open(), open()]
  const granted = async (admission: Admission): Promise<number> => {
    const all = await Promise.all(Array.from({ length: 12 }, () => admission.admit({ hash })))
    return all.filter(({ isGranted }) => isGranted).length
  }
  expect(await granted(gone)).toBe(10)
  expect(await granted(here)).toBe(0)
  now = after(15_000) as Instant
  expect(await granted(here)).toBe(10)
  await here.close()
})
