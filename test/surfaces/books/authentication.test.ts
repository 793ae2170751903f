import { expect, test } from 'vitest'
import { books as surface } from '../../../src/api/books/surface.ts'
import { toPrefixed } from '../../../src/kernel/ids.ts'
import { revokeKey } from '../../../src/modules/access/api-key.actions.ts'
import { listKeys } from '../../../src/modules/access/api-key.queries.ts'
import {
  closeBusiness,
  resumeBusiness,
  suspendBusiness,
} from '../../../src/modules/access/business.actions.ts'
import {
  resumeOrganization,
  suspendOrganization,
} from '../../../src/modules/access/organization.actions.ts'
import { setPlans } from '../../../src/modules/plans/plan.actions.ts'
import { type Answer, aBusiness, aClient, type Business } from '../../harness.ts'
import { booksOf, inBusiness } from './client.ts'

const path = '/v1/chart-of-accounts/4000'

const errorOf = ({ status, body }: Answer): unknown => [
  status,
  body.error?.code,
  body.error?.message,
]

const unauthorized = (message: string) => [401, 'UNAUTHORIZED', message]
const forbidden = [403, 'FORBIDDEN', 'No access to the requested business']

async function keyIdOf({ organizationId, read }: Business) {
  const [key] = await read((db) => listKeys(db, { organizationId, surface: 'books' }))
  if (key === undefined) throw new Error('no key')
  return key.id
}

test('200 a success stands in the documented envelope', async () => {
  const business = await aBusiness()

  const { status, body, headers } = await booksOf(business).get(path)

  expect([status, Object.keys(body), body.success]).toEqual([
    200,
    ['success', 'data', 'meta'],
    true,
  ])
  expect(body.meta).toEqual({
    requestId: expect.stringMatching(/^req_[0-9a-z]{16}$/),
    timestamp: '2026-06-15T12:00:00.000Z',
    rateLimit: expect.objectContaining({ limit: expect.any(Number) }),
  })
  expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  expect(headers['cache-control']).toBe('no-store')
})

test('an error stands in the documented envelope and has no meta', async () => {
  const business = await aBusiness()

  const { body, headers } = await booksOf(business).get('/v1/chart-of-accounts/9999')

  expect(body).toEqual({
    success: false,
    error: {
      code: 'NOT_FOUND',
      message: 'Account not found',
      requestId: expect.stringMatching(/^req_[0-9a-z]{16}$/),
    },
  })
  expect(headers['error-code']).toBe('resource.not_found')
})

test('an error may be asked for as a problem', async () => {
  const business = await aBusiness()
  const accept = { accept: 'application/problem+json' }

  const { status, body, headers } = await booksOf(business).get(
    '/v1/chart-of-accounts/9999',
    accept,
  )

  expect([status, headers['content-type'], body.code, body.surface]).toEqual([
    404,
    'application/problem+json',
    'resource.not_found',
    { code: 'NOT_FOUND' },
  ])
})

test('401 every wrong Authorization header has its documented answer', async () => {
  const business = await aBusiness()
  const { app, businessId } = business
  const key = business.books.authorization.slice('Bearer '.length)
  const wrongShape = unauthorized('Invalid API key format')
  const unknown = [401, 'INVALID_API_KEY', 'Invalid API key']
  const cases: readonly (readonly [string, unknown])[] = [
    ['', unauthorized('Missing Authorization header')],
    [key, wrongShape],
    [`Basic ${key}`, wrongShape],
    [`Bearer  ${key}`, wrongShape],
    [`Bearer ${key.slice(1)}`, wrongShape],
    [business.invoicing.authorization, wrongShape],
    [`Bearer live_sk_${'0'.repeat(48)}`, unknown],
    [`Bearer live_sk_${'0'.repeat(40)}becb6b97`, unknown],
    [`Bearer test_sk_${'0'.repeat(40)}a7b2ce97`, unknown],
    [`Bearer live_sk_${key.slice(8).toUpperCase()}`, unknown],
  ]

  for (const [authorization, expected] of cases) {
    const client = inBusiness(aClient(app, 'books', authorization), businessId)
    expect([authorization, errorOf(await client.get(path))]).toEqual([authorization, expected])
  }
  const lower = inBusiness(aClient(app, 'books', `bearer ${key}`), businessId)
  expect((await lower.get(path)).status).toBe(200)
})

test('401 no route answers without a key', async () => {
  const { app } = await aBusiness()
  const client = aClient(app, 'books', '')

  for (const { method, path: own } of surface.routes) {
    const reply = await client.send(method, own.replace('{id}', 'any'), {})
    expect([method, own, errorOf(reply)]).toEqual([
      method,
      own,
      unauthorized('Missing Authorization header'),
    ])
  }
})

test('401 a revoked key is refused from its revocation on', async () => {
  const business = await aBusiness()
  const { organizationId } = business
  const before = await booksOf(business).get(path)

  await business.write(revokeKey, { keyId: await keyIdOf(business) }, { organizationId })

  expect(before.status).toBe(200)
  expect(errorOf(await booksOf(business).get(path))).toEqual([
    401,
    'INVALID_API_KEY',
    'Invalid API key',
  ])
})

test('401 a key works for ninety days less a millisecond', async () => {
  const business = await aBusiness()

  business.clock.set('2026-09-13T11:59:59.999Z')
  const last = await booksOf(business).get(path)
  business.clock.set('2026-09-13T12:00:00.000Z')
  const after = await booksOf(business).get(path)

  expect([last.status, errorOf(after)]).toEqual([
    200,
    [401, 'INVALID_API_KEY', 'API key has expired'],
  ])
})

test('403 a key bound to networks is refused elsewhere', async () => {
  const business = await aBusiness()
  const key = { allowedNetworks: ['203.0.113.0/24'] }
  const client = inBusiness(await business.clientOf('books', key), business.businessId)

  expect(errorOf(await client.get(path))).toEqual([
    403,
    'FORBIDDEN',
    'This API key may not be used from address 127.0.0.1',
  ])
})

test.each(['', '?businessId=', '?businessid=x'])(
  '400 without a business (%s) MISSING_BUSINESS_ID',
  async (query) => {
    const { books } = await aBusiness()

    expect(errorOf(await books.get(`${path}${query}`))).toEqual([
      400,
      'MISSING_BUSINESS_ID',
      'businessId query parameter is required',
    ])
  },
)

test('200 a business is named by its prefixed id or its UUID, in any case', async () => {
  const { books, businessId } = await aBusiness()
  const prefixed = toPrefixed('biz', businessId)

  for (const id of [businessId, businessId.toUpperCase(), prefixed, prefixed.toUpperCase()]) {
    expect((await inBusiness(books, id).get(path)).status).toBe(200)
  }
})

test('403 absent, foreign, narrowed, closing and other environment read alike', async () => {
  const business = await aBusiness()
  const other = await aBusiness()
  const sandbox = await business.addBusiness({ environment: 'test' })
  const second = await business.addBusiness()
  const absent = '01890000-0000-7000-8000-000000000000'

  for (const id of [absent, 'nonsense', other.businessId, sandbox]) {
    const reply = await inBusiness(business.books, id).get(path)
    expect([id, errorOf(reply)]).toEqual([id, forbidden])
  }
  const narrow = await business.clientOf('books', { businessIds: [business.businessId] })
  expect((await inBusiness(narrow, business.businessId).get(path)).status).toBe(200)
  expect(errorOf(await inBusiness(narrow, second).get(path))).toEqual(forbidden)
  await business.write(closeBusiness, {})
  expect(errorOf(await booksOf(business).get(path))).toEqual(forbidden)
})

test('200 a test key reaches test businesses only', async () => {
  const business = await aBusiness()
  const sandbox = await business.addBusiness({ environment: 'test' })
  const client = await business.clientOf('books', { environment: 'test' })

  expect(client.authorization).toMatch(/^Bearer test_sk_/)
  expect((await inBusiness(client, sandbox).get(path)).status).toBe(200)
  expect(errorOf(await inBusiness(client, business.businessId).get(path))).toEqual(forbidden)
})

test('403 a suspended business answers reads and writes alike until it is resumed', async () => {
  const business = await aBusiness()
  const suspended = [403, 'BUSINESS_SUSPENDED', 'This business is suspended']

  await business.write(suspendBusiness, {})
  const read = await booksOf(business).get(path)
  const write = await booksOf(business).post('/v1/chart-of-accounts', {})
  await business.write(resumeBusiness, {})
  const after = await booksOf(business).get(path)

  expect([errorOf(read), errorOf(write), after.status]).toEqual([suspended, suspended, 200])
})

test('403 an archived business is read only', async () => {
  const business = await aBusiness()
  const { owner, businessId } = business
  await owner.query(`update business set status = 'archived' where business_id = $1`, [businessId])

  const read = await booksOf(business).get(path)
  const write = await booksOf(business).post('/v1/chart-of-accounts', {})

  expect([read.status, errorOf(write)]).toEqual([
    200,
    [403, 'BUSINESS_SUSPENDED', 'This business is archived and read only'],
  ])
})

test('403 a suspended organization is closed until it is resumed', async () => {
  const business = await aBusiness()
  const { organizationId } = business

  await business.write(suspendOrganization, {}, { organizationId })
  const during = await booksOf(business).get(path)
  await business.write(resumeOrganization, {}, { organizationId })

  expect(errorOf(during)).toEqual([403, 'BUSINESS_SUSPENDED', 'This organization is suspended'])
  expect((await booksOf(business).get(path)).status).toBe(200)
})

test('403 an expired subscription closes the business, one past due does not', async () => {
  const business = await aBusiness()
  const { organizationId } = business

  await business.write(setPlans, { plans: {}, booksStatus: 'past_due' }, { organizationId })
  const late = await booksOf(business).get(path)
  await business.write(setPlans, { plans: {}, booksStatus: 'expired' }, { organizationId })
  const expired = await booksOf(business).get(path)

  expect([late.status, errorOf(expired)]).toEqual([
    200,
    [403, 'BUSINESS_SUSPENDED', 'This business is suspended'],
  ])
})

test('403 the free tier tells a downgrade from never having had a subscription', async () => {
  const business = await aBusiness()
  const { organizationId, businessId } = business

  await business.write(setPlans, { plans: { books: 'free' } }, { organizationId })
  const downgraded = await booksOf(business).get(path)
  const fresh = await business.clientOf('books')
  const never = await inBusiness(fresh, businessId).get(path)
  await business.write(setPlans, { plans: { books: 'premium' } }, { organizationId })

  expect(errorOf(downgraded)).toEqual([
    403,
    'FREE_TIER',
    'The subscription was downgraded after this key was issued',
  ])
  expect(errorOf(never)).toEqual([
    403,
    'NO_SUBSCRIPTION',
    'API keys require a Premium or Accountant Pro subscription',
  ])
  expect((await booksOf(business).get(path)).status).toBe(200)
})

test('400 another version than v1 is named', async () => {
  const { books } = await aBusiness()

  expect(errorOf(await books.get('/v2/reports/trial-balance'))).toEqual([
    400,
    'INVALID_VERSION',
    'API version v2 is not supported. Use /v1/.',
  ])
})

test.each(['/v1/nope', '/nope', '/', '/v1', '/v1/chart-of-accounts/4000/more'])(
  '404 %s is no endpoint',
  async (nowhere) => {
    const business = await aBusiness()

    expect(errorOf(await booksOf(business).get(nowhere))).toEqual([
      404,
      'NOT_FOUND',
      'No such endpoint',
    ])
  },
)

test('405 names the methods that a path has', async () => {
  const business = await aBusiness()

  const reply = await booksOf(business).delete('/v1/chart-of-accounts')

  expect(errorOf(reply)).toEqual([
    405,
    'METHOD_NOT_ALLOWED',
    'Method DELETE is not allowed here; allowed: GET, HEAD, POST',
  ])
  expect(reply.headers['allow']).toBe('GET, HEAD, POST')
})

test('the checks of a request come in the documented order', async () => {
  const business = await aBusiness()
  const { app, books, organizationId } = business
  const nobody = aClient(app, 'books', '')
  const codeOf = async (reply: Promise<Answer>): Promise<string> => (await reply).body.error.code
  const entries = '/v1/journal-entries'

  expect(await codeOf(nobody.get('/v2/nope'))).toBe('INVALID_VERSION')
  expect(await codeOf(nobody.get('/v1/nope'))).toBe('NOT_FOUND')
  expect(await codeOf(nobody.delete(entries))).toBe('METHOD_NOT_ALLOWED')
  expect(await codeOf(nobody.post(entries, '{'))).toBe('UNAUTHORIZED')
  expect(await codeOf(books.post(entries, '{'))).toBe('MISSING_BUSINESS_ID')
  expect(await codeOf(books.post(`${entries}?businessId=x`, '{'))).toBe('FORBIDDEN')
  await business.write(setPlans, { plans: { books: 'free' } }, { organizationId })
  expect(await codeOf(books.post(entries, '{'))).toBe('FREE_TIER')
  await business.write(setPlans, { plans: { books: 'premium' } }, { organizationId })
  await business.write(suspendBusiness, {})
  expect(await codeOf(booksOf(business).post(entries, '{'))).toBe('BUSINESS_SUSPENDED')
  await business.write(resumeBusiness, {})
  const badKey = { 'idempotency-key': 'ä' }
  expect(await codeOf(booksOf(business).post(entries, '{', badKey))).toBe('INVALID_REQUEST')
  expect(await codeOf(booksOf(business).post(entries, '{'))).toBe('INVALID_REQUEST')
  expect(await codeOf(booksOf(business).post(entries, {}))).toBe('VALIDATION_ERROR')
})

test.each([
  ['{"a":', 400, 'Request body is not valid JSON'],
  ['{"a":1,"a":2}', 400, 'Request body is not valid JSON'],
  ['[]', 400, 'Request body must be a JSON object'],
  [undefined, 400, 'A request body is required'],
])('400 the body %s is INVALID_REQUEST', async (text, status, message) => {
  const business = await aBusiness()
  const reply = await booksOf(business).post('/v1/journal-entries', text)

  expect(errorOf(reply)).toEqual([status, 'INVALID_REQUEST', message])
})

test('413 and 415 are INVALID_REQUEST', async () => {
  const business = await aBusiness()
  const client = booksOf(business)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  const large = await client.post('/v1/journal-entries', ' '.repeat(1024 * 1024 + 1))
  const wrong = await client.post('/v1/journal-entries', 'a=1', form)

  expect([large.status, large.body.error.code]).toEqual([413, 'INVALID_REQUEST'])
  expect([wrong.status, wrong.body.error.code]).toEqual([415, 'INVALID_REQUEST'])
})

test('500 a fault of ours tells nothing but its request id', async () => {
  const business = await aBusiness()
  const client = booksOf(business)

  await business.owner.query('revoke select on account from tallystick_app')
  const reply = await client.get(path)
  await business.owner.query('grant select on account to tallystick_app')

  expect(reply.body).toEqual({
    success: false,
    error: {
      code: 'INTERNAL_ERROR',
      message: 'Internal server error',
      requestId: expect.stringMatching(/^req_[0-9a-z]{16}$/),
    },
  })
  expect((await client.get(path)).status).toBe(200)
})

test('503 without an answer about the key nobody is let in', async () => {
  const business = await aBusiness()

  await business.owner.query('revoke execute on function admit from tallystick_app')
  const reply = await booksOf(business).get(path)
  await business.owner.query('grant execute on function admit to tallystick_app')

  expect([reply.status, reply.body.error.code, reply.body.error.retryAfter]).toEqual([
    503,
    'SERVICE_UNAVAILABLE',
    1,
  ])
  expect(reply.headers['retry-after']).toBe('1')
})
