import { expect, test } from 'vitest'
import { type Answer, aBusiness, aClient } from '../../harness.ts'

const path = '/api/v1/keys'
const customers = '/api/v1/customers'
const basic = { invoicing: 'basic', books: 'premium', connect: 'growth' } as const

const errorOf = ({ status, body }: Answer): unknown => [status, body.error]

test('201 a key is shown once, opens what its scope opens, and is listed without itself', async () => {
  const { app, invoicing } = await aBusiness()

  const made = await invoicing.post(path, {
    name: 'Shop plug-in',
    scope: 'write',
    expires_at: '2026-06-30',
    allowed_ips: ['127.0.0.1', '10.1.2.3/8'],
  })

  const { key, ...row } = made.body
  expect([made.status, row]).toEqual([
    201,
    {
      id: expect.any(String),
      name: 'Shop plug-in',
      scope: 'write',
      key_prefix: key.slice(0, 12),
      expires_at: '2026-07-01T00:00:00.000Z',
      allowed_ips: ['127.0.0.1/32', '10.0.0.0/8'],
      last_used_at: null,
      revoked_at: null,
      created_at: '2026-06-15T12:00:00.000Z',
    },
  ])
  expect((await invoicing.get(path)).body.data).toContainEqual(row)
  expect((await invoicing.get(`${path}/${row.id}`)).body).toEqual(row)
  const shop = aClient(app, 'invoicing', `Bearer ${key}`)
  expect((await shop.post(customers, { name: 'Ada' })).status).toBe(201)
  expect(errorOf(await shop.get(path))).toEqual([403, 'Insufficient permissions. Required: all'])
})

test('401 a key is refused from the instant it ends', async () => {
  const { app, invoicing, clock } = await aBusiness()
  const { body } = await invoicing.post(path, {
    name: 'Till',
    scope: 'read',
    expires_at: '2026-06-15T13:00:00Z',
  })
  const till = aClient(app, 'invoicing', `Bearer ${body.key}`)

  clock.set('2026-06-15T12:59:59.999Z')
  const before = await till.get(customers)
  clock.set('2026-06-15T13:00:00.000Z')
  const after = await till.get(customers)

  expect(before.status).toBe(200)
  expect(errorOf(after)).toEqual([401, 'API key has expired'])
})

test('429 keys of a plan are counted, however many ask at once', async () => {
  const { invoicing } = await aBusiness({ plans: basic })

  const answers = await Promise.all(
    Array.from({ length: 6 }, (_unused, i) =>
      invoicing.post(path, { name: `Key ${i}`, scope: 'read' }),
    ),
  )

  expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429, 429, 429])
  const [refused] = answers.filter(({ status }) => status === 429)
  expect(refused?.text).toBe('{"error":"API key limit reached for your current plan"}')
})

test('201 a rotated key is not counted, and works through its overlap', async () => {
  const { app, invoicing, clock } = await aBusiness({ plans: basic })
  const { body } = await invoicing.post(path, { name: 'Till', scope: 'read' })
  const till = aClient(app, 'invoicing', `Bearer ${body.key}`)

  const rotated = await invoicing.post(`${path}/${body.id}/rotate`, { overlap_hours: 1 })

  expect([rotated.status, rotated.body.name]).toEqual([201, 'Till'])
  expect((await till.get(customers)).status).toBe(200)
  clock.set('2026-06-15T13:00:00.000Z')
  expect(errorOf(await till.get(customers))).toEqual([401, 'Invalid API key'])
})

test('204 a deleted key is gone for good, its own caller included', async () => {
  const { app, invoicing } = await aBusiness()
  const { body } = await invoicing.post(path, { name: 'Till', scope: 'all' })
  const till = aClient(app, 'invoicing', `Bearer ${body.key}`)

  const deleted = await till.delete(`${path}/${body.id}`)
  const again = await invoicing.delete(`${path}/${body.id}`)

  expect([deleted.status, deleted.text]).toEqual([204, ''])
  expect(errorOf(again)).toEqual([404, 'API key not found'])
  expect(errorOf(await till.get(customers))).toEqual([401, 'Invalid API key'])
})

test('404 a key of another business is nobody’s', async () => {
  const { invoicing } = await aBusiness()
  const other = await aBusiness()
  const { body } = await other.invoicing.post(path, { name: 'Till', scope: 'read' })

  const answers = await Promise.all([
    invoicing.get(`${path}/${body.id}`),
    invoicing.patch(`${path}/${body.id}`, { name: 'Mine' }),
    invoicing.delete(`${path}/${body.id}`),
    invoicing.post(`${path}/${body.id}/rotate`),
  ])

  expect(answers.map(errorOf)).toEqual(Array(4).fill([404, 'API key not found']))
})

test('200 a key is renamed and tied to networks from then on', async () => {
  const { app, invoicing } = await aBusiness()
  const { body } = await invoicing.post(path, { name: 'Till', scope: 'read' })
  const till = aClient(app, 'invoicing', `Bearer ${body.key}`)

  const changed = await invoicing.patch(`${path}/${body.id}`, {
    name: 'Till 2',
    allowed_ips: ['192.0.2.0/24'],
  })

  expect([changed.body.name, changed.body.allowed_ips]).toEqual(['Till 2', ['192.0.2.0/24']])
  expect(errorOf(await till.get(customers))).toEqual([
    403,
    'This API key may not be used from address 127.0.0.1',
  ])
})

test.each([
  [{}, 'Missing required fields: name, scope'],
  [{ name: 'Till', scope: 'admin' }, 'scope must be one of: all, read, write, webhooks'],
  [
    { name: 'Till', scope: 'read', allowed_ips: ['300.1.1.1'] },
    'allowed_ips[0] must be an IP address or a network in CIDR notation',
  ],
  [
    { name: 'Till', scope: 'read', expires_at: '2026-06-14' },
    'Expiry must be between 1 and 3650 days from now',
  ],
  [
    { name: 'Till', scope: 'read', expires_at: '9999-12-31' },
    'Expiry must be between 1 and 3650 days from now',
  ],
])('400 %j: %s', async (body, message) => {
  const { invoicing } = await aBusiness()

  expect(errorOf(await invoicing.post(path, body))).toEqual([400, message])
})

test('200 pages follow each other by number and by cursor', async () => {
  const { invoicing } = await aBusiness()
  for (const name of ['C', 'A', 'B']) await invoicing.post(path, { name, scope: 'read' })
  const names = async (query: string): Promise<readonly string[]> =>
    (await invoicing.get(`${path}?${query}`)).body.data.map(({ name }: { name: string }) => name)

  const { body } = await invoicing.get(`${path}?sort=name&limit=2&cursor=`)
  const next = body.pagination.next_cursor

  expect(await names('sort=name&limit=2&page=2')).toEqual(['C', 'invoicing key'])
  expect(await names(`sort=name&limit=2&cursor=${next}`)).toEqual(['C', 'invoicing key'])
})

test('201 a repeat of the same request shows the same key for a day, and none after it', async () => {
  const { invoicing, clock } = await aBusiness()
  const headers = { 'Idempotency-Key': 'key-1' }
  const first = await invoicing.post(path, { name: 'Shop', scope: 'read' }, headers)
  clock.set('2026-06-16T11:59:59.999Z')
  const again = await invoicing.post(path, { name: 'Shop', scope: 'read' }, headers)
  clock.set('2026-06-16T12:00:00.000Z')
  const late = await invoicing.post(path, { name: 'Shop', scope: 'read' }, headers)
  expect([first.status, again.status, again.text]).toEqual([201, 201, first.text])
  expect([late.status, late.body]).toEqual([201, { ...first.body, key: null }])
})

test('201 one Idempotency-Key of two businesses of an organization makes a key for each', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const otherId = await business.addBusiness({ name: 'Other' })
  const other = await business.clientOf('invoicing', { businessId: otherId })
  const headers = { 'Idempotency-Key': 'shop' }
  const body = { name: 'Shop', scope: 'read' }
  const own = await invoicing.post(path, body, headers)
  const theirs = await other.post(path, body, headers)
  expect([own.status, theirs.status]).toEqual([201, 201])
  expect(theirs.body.key).not.toBe(own.body.key)
  const [mine, others] = [await invoicing.get(path), await other.get(path)]
  const namesOf = (list: typeof mine) => list.body.data.map(({ id }: { id: string }) => id)
  expect(namesOf(mine)).toContain(own.body.id)
  expect(namesOf(mine)).not.toContain(theirs.body.id)
  expect(namesOf(others)).toContain(theirs.body.id)
  const again = await other.post(path, body, headers)
  expect([again.text, again.headers['idempotency-replayed']]).toEqual([theirs.text, 'true'])
  const changed = await other.post(path, { ...body, name: 'Till' }, headers)
  const misshapen = await other.post(path, { ...body, name: 7 }, headers)
  expect([changed.status, misshapen.status]).toEqual([422, 422])
})
