import { expect, test } from 'vitest'
import { type Answer, aBusiness, aClient } from '../../harness.ts'
import { inBusiness } from './client.ts'

const path = '/v1/api-keys'
const account = '/v1/chart-of-accounts/4000'

const errorOf = ({ status, body }: Answer): unknown => [
  status,
  body.error?.code,
  body.error?.message,
]

test('201 a key is shown once, works at once, and is listed without itself', async () => {
  const { app, books, businessId } = await aBusiness()

  const made = await books.post(path, { name: 'Till', environment: 'live', expiresInDays: 30 })

  const { apiKey, ...row } = made.body.data
  expect([made.status, row]).toEqual([
    201,
    {
      keyId: expect.stringMatching(/^key_[0-9a-hjkmnp-tv-z]{26}$/),
      keyPrefix: apiKey.slice(0, 12),
      keyLastFour: apiKey.slice(-4),
      name: 'Till',
      environment: 'live',
      isActive: true,
      createdAt: '2026-06-15T12:00:00.000Z',
      lastUsedAt: null,
      totalCalls: 0,
      expiresAt: '2026-07-15T12:00:00.000Z',
    },
  ])
  const { body } = await books.get(path)
  expect(body.data.keys).toContainEqual(row)
  const till = inBusiness(aClient(app, 'books', `Bearer ${apiKey}`), businessId)
  expect((await till.get(account)).status).toBe(200)
})

test('200 a key shows when it was last used and how often, within a second or two', async () => {
  const { app, books, businessId, clock } = await aBusiness()
  const made = await books.post(path, { name: 'Till', environment: 'live' })
  const { apiKey, keyId } = made.body.data
  const till = inBusiness(aClient(app, 'books', `Bearer ${apiKey}`), businessId)
  clock.set('2026-06-15T12:34:56.000Z')
  for (let call = 0; call < 3; call += 1) await till.get(account)

  const keyOf = async () => {
    const { body } = await books.get(path)
    return body.data.keys.find((key: { keyId: string }) => key.keyId === keyId)
  }
  await expect
    .poll(keyOf, { timeout: 20_000 })
    .toMatchObject({ lastUsedAt: '2026-06-15T12:34:56.000Z', totalCalls: 3 })
})

test('201 the same request again under one Idempotency-Key makes no second key, and shows it for a day', async () => {
  const { books, clock } = await aBusiness()
  const headers = { 'idempotency-key': 'till-key' }
  const body = { name: 'Till', environment: 'live' }

  const first = await books.post(path, body, headers)
  const again = await books.post(path, body, headers)
  clock.set('2026-06-16T12:00:00.000Z')
  const late = await books.post(path, body, headers)

  expect(first.body.data.apiKey).toMatch(/^live_sk_[0-9a-f]{48}$/)
  expect(again.text).toBe(first.text)
  expect(late.body.data).toEqual({ ...first.body.data, apiKey: null })
  expect((await books.get(path)).body.data.count).toBe(2)
})

test('200 a deleted key is refused from then on, and deleting it again is a conflict', async () => {
  const { app, books, businessId } = await aBusiness()
  const { body } = await books.post(path, { name: 'Till', environment: 'live' })
  const { keyId, apiKey } = body.data
  const till = inBusiness(aClient(app, 'books', `Bearer ${apiKey}`), businessId)

  const deleted = await books.delete(`${path}/${keyId}`)
  const again = await books.delete(`${path}/${keyId}`)

  expect([deleted.status, deleted.body.data]).toEqual([200, { id: keyId, deleted: true }])
  expect(errorOf(again)).toEqual([409, 'CONFLICT', `API key ${keyId} is already revoked`])
  expect(errorOf(await till.get(account))).toEqual([401, 'INVALID_API_KEY', 'Invalid API key'])
})

test('201 a rotated key works through its overlap and not after it', async () => {
  const business = await aBusiness()
  const { app, books, businessId, clock } = business
  const { body } = await books.post(path, { name: 'Till', environment: 'live' })
  const { keyId, apiKey } = body.data
  const old = inBusiness(aClient(app, 'books', `Bearer ${apiKey}`), businessId)

  const rotated = await books.post(`${path}/${keyId}/rotate`, { overlapHours: 2 })

  expect([rotated.status, rotated.body.data.name]).toEqual([201, 'Till'])
  expect((await old.get(account)).status).toBe(200)
  clock.set('2026-06-15T14:00:00.000Z')
  expect(errorOf(await old.get(account))).toEqual([401, 'INVALID_API_KEY', 'Invalid API key'])
})

test('422 the plan’s last key is the last one', async () => {
  const { books } = await aBusiness({
    plans: { invoicing: 'pro', books: 'premium', connect: 'growth' },
  })

  const answers: Answer[] = []
  for (let i = 0; i < 10; i += 1) {
    answers.push(await books.post(path, { name: `Key ${i}`, environment: 'live' }))
  }

  expect(answers.slice(0, 9).map(({ status }) => status)).toEqual(Array(9).fill(201))
  expect(errorOf(answers[9] as Answer)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    'API key limit reached for your current plan',
  ])
})

test('403 a test key makes no live key, and sees none', async () => {
  const { books, clientOf } = await aBusiness()
  const tests = await clientOf('books', { environment: 'test' })
  const live = await books.post(path, { name: 'Till', environment: 'live' })

  const refused = await tests.post(path, { name: 'Sneaky', environment: 'live' })

  expect(errorOf(refused)).toEqual([403, 'FORBIDDEN', 'No access to the requested business'])
  expect((await tests.get(path)).body.data.count).toBe(1)
  expect((await tests.delete(`${path}/${live.body.data.keyId}`)).status).toBe(404)
})

test('the enterprise group is for that tier alone', async () => {
  const large = await aBusiness({ name: 'Harbour Rent Ltd' })
  const small = await aBusiness({
    plans: { invoicing: 'pro', books: 'premium', connect: 'growth' },
  })

  const listed = await large.books.get('/v1/enterprise/businesses?search=harbour')
  const refused = await small.books.get('/v1/enterprise/businesses')

  expect(listed.body.data).toMatchObject({
    businesses: [{ name: 'Harbour Rent Ltd', subscriptionTier: 'enterprise' }],
    pagination: { total: 1, limit: 20, offset: 0, hasMore: false },
  })
  expect(errorOf(refused)).toEqual([
    403,
    'ENTERPRISE_ONLY',
    'This endpoint is for enterprise accounts only',
  ])
})
