import { expect, test } from 'vitest'
import { toPrefixed } from '../../../src/kernel/ids.ts'
import { aBusiness, aClient, type Business, noon, theWorld } from '../../harness.ts'

const path = '/v1/request-log'

/** Requests that an app answered which has written all of them: one of each kind. */
async function aBusinessWithPast(): Promise<Business & { ids: readonly string[] }> {
  const business = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp()
  const past = {
    invoicing: aClient(app, 'invoicing', business.invoicing.authorization),
    books: aClient(app, 'books', business.books.authorization),
    connect: aClient(app, 'connect', business.connect.authorization),
  }
  business.clock.set('2026-06-15T10:00:00.000Z')
  const made = await past.invoicing.post('/api/v1/customers', {}, { 'x-request-id': 'mine' })
  business.clock.set('2026-06-15T11:00:00.000Z')
  const read = await past.books.get(`/v1/chart-of-accounts?businessId=${business.businessId}`)
  business.clock.set(noon)
  const lost = await past.connect.get('/companies/none')
  await app.close()
  const ids = [made, read, lost].map(({ headers }) => headers['x-request-id'] ?? '')
  return { ...business, ids }
}

test('200 requests of all APIs, the latest first, with what they came to', async () => {
  const { books, ids, businessId } = await aBusinessWithPast()

  const { status, body } = await books.get(path)

  const { requests, count, pagination } = body.data
  expect([status, count, pagination.total]).toEqual([200, 3, 3])
  expect(requests.map((one: { requestId: string }) => one.requestId)).toEqual([...ids].reverse())
  expect(requests[2]).toMatchObject({
    ...{ at: '2026-06-15T10:00:00.000Z', surface: 'invoicing', operation: 'create-customer' },
    ...{ method: 'POST', path: '/invoicing/api/v1/customers', status: 400 },
    ...{ errorCode: 'validation.fields_missing', clientRequestId: 'mine', charge: 'none' },
    ...{ businessId: toPrefixed('biz', businessId), idempotency: 'none' },
  })
  expect(JSON.stringify(requests)).not.toContain('sealed')
})

test.each([
  ['a UUID', ([id]: readonly string[]) => `requestId=${id}`, 1],
  ['a status', () => 'status=400', 1],
  ['a code', () => 'code=validation.fields_missing', 1],
  ['a surface', () => 'surface=books', 1],
  ['the start of a path', () => 'path=/connect/', 1],
  ['a time', () => 'from=2026-06-15T10:30:00Z&to=2026-06-15T11:30:00Z', 1],
  ['a day', () => 'from=2026-06-15&to=2026-06-16', 3],
  ['a page', () => 'limit=1&offset=1', 1],
  ['an id that is none', () => 'requestId=hello', 0],
])('200 found by %s', async (_what, query, count) => {
  const { books, ids } = await aBusinessWithPast()
  const { body } = await books.get(`${path}?${query(ids)}`)

  expect(body.data.count).toBe(count)
})

test('200 found by the short id that an answer shows, and by the key that asked', async () => {
  const { books } = await aBusinessWithPast()
  const all = (await books.get(path)).body.data.requests
  const [first] = all

  const byId = await books.get(`${path}?requestId=${first.shortId}`)
  const byKey = await books.get(`${path}?keyId=${first.keyId}`)
  expect([byId.body.data.requests, byKey.body.data.requests]).toEqual([[first], [first]])
})

test('a test key sees no request of live keys, a narrowed key none of other businesses', async () => {
  const business = await aBusinessWithPast()
  const other = await business.addBusiness()
  const testing = await business.clientOf('books', { environment: 'test' })
  const narrow = await business.clientOf('books', { businessIds: [other] })
  const stranger = await aBusiness()

  const seen = async (client: Business['books']) =>
    (await client.get(path)).body.data.requests.map((one: { surface: string }) => one.surface)
  expect(await seen(testing)).toEqual([])
  expect(await seen(narrow)).toEqual(['connect'])
  expect(await seen(stranger.books)).toEqual([])
})

test('400 a date that is none', async () => {
  const { books } = await aBusiness()
  const answer = await books.get(`${path}?from=yesterday`)

  expect([answer.status, answer.body.error.code]).toEqual([400, 'INVALID_REQUEST'])
})
