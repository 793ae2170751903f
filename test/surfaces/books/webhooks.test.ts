import { expect, test } from 'vitest'
import { type Answer, aBusiness } from '../../harness.ts'

const url = 'https://hooks.kutiprints.example/in'
const hook = { url, events: ['invoice.paid', 'customer.created'], description: 'Shop' }
const failure = ({ status, body }: Answer) => [status, body.error.code, body.error.message]

/** The member that is wrong, and why. */
const detail = ({ status, body }: Answer) => [status, body.error.details]

test('201 the secret is whole once and masked ever after', async () => {
  const { books } = await aBusiness()
  const made = await books.post('/v1/webhooks', hook)
  const { id, secret, createdAt, updatedAt } = made.body.data
  const rest = {
    id,
    ...hook,
    secret: `whsec_****${secret.slice(-4)}`,
    isActive: true,
    createdAt,
    businessId: null,
    publicKey: null,
    disabledReason: null,
    consecutiveFailures: 0,
    updatedAt,
  }

  expect(made.status).toBe(201)
  expect(id).toMatch(/^wh_[0-9a-z]{26}$/)
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect((await books.get(`/v1/webhooks/${id}`)).body.data).toEqual(rest)
  expect((await books.get('/v1/webhooks')).body.data).toEqual({
    webhooks: [rest],
    count: 1,
    pagination: { total: 1, limit: 50, offset: 0, hasMore: false, nextCursor: null },
  })
})

test('400, 409 and 422 are said in the envelope of this surface', async () => {
  const { books } = await aBusiness({
    plans: { invoicing: 'basic', books: 'premium', connect: 'trial' },
    limits: 'of the plan',
  })
  for (let i = 0; i < 10; i += 1) await books.post('/v1/webhooks', { ...hook, url: `${url}/${i}` })

  expect(detail(await books.post('/v1/webhooks', { ...hook, url: 'http://a.example/in' }))).toEqual(
    [400, [{ field: 'url', message: 'Webhook URL must use https' }]],
  )
  expect(detail(await books.post('/v1/webhooks', { ...hook, url: 'https://10.0.0.1/' }))).toEqual([
    400,
    [{ field: 'url', message: 'Webhook URL is not reachable' }],
  ])
  expect(failure(await books.post('/v1/webhooks', { ...hook, url: `${url}/11` }))).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    'Webhook endpoint limit reached for your current plan',
  ])
})

test('a key for one business reaches the webhooks of that business alone', async () => {
  const business = await aBusiness()
  const other = await business.addBusiness()
  const narrow = await business.clientOf('books', { businessIds: [business.businessId] })
  const wide = (await business.books.post('/v1/webhooks', hook)).body.data

  expect(failure(await narrow.post('/v1/webhooks', { ...hook, url: `${url}/all` }))[1]).toBe(
    'FORBIDDEN',
  )
  expect((await narrow.post(`/v1/webhooks?businessId=${other}`, hook)).status).toBe(403)
  const own = await narrow.post(`/v1/webhooks?businessId=${business.businessId}`, hook)
  expect(own.status).toBe(201)
  expect(
    (await narrow.get('/v1/webhooks')).body.data.webhooks.map(({ id }: { id: string }) => id),
  ).toEqual([own.body.data.id])
  expect((await narrow.get(`/v1/webhooks/${wide.id}`)).status).toBe(404)
})

test('200 events of a business are polled in order', async () => {
  const { books, invoicing, businessId } = await aBusiness()
  for (const name of ['One', 'Two']) await invoicing.post('/api/v1/customers', { name })
  const { events, hasMore } = (await books.get(`/v1/events?businessId=${businessId}`)).body.data
  const names = events
    .filter(({ type }: { type: string }) => type === 'customer.created')
    .map(({ data }: { data: { object: { name: string } } }) => data.object.name)

  expect([names, hasMore]).toEqual([['One', 'Two'], false])
})
