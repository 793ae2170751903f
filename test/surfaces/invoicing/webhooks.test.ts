import { expect, test } from 'vitest'
import { operatorPlans } from '../../../src/modules/plans/plan.ts'
import { type Answer, aBusiness, type Business, type Client, newId } from '../../harness.ts'

const url = 'https://hooks.lanternrye.example/in'
const hook = { url, description: 'ERP', events: ['invoice.paid', 'customer.created'] }

const webhooksKey = (business: Business) => business.clientOf('invoicing', { scopes: ['webhooks'] })

/** An error of this surface: its status and its one sentence. */
const shown = ({ status, body }: Answer) => [status, body.error]

test('201 the signing secret is 64 hexadecimal digits, shown once', async () => {
  const { invoicing, businessId } = await aBusiness()
  const made = await invoicing.post('/api/v1/webhooks', hook)
  const { id, signing_secret: secret, created_at, updated_at } = made.body

  expect(made.status).toBe(201)
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  const rest = {
    id,
    business_id: businessId,
    ...hook,
    status: 'enabled',
    disabled_reason: null,
    consecutive_failures: 0,
    created_at,
    updated_at,
  }
  expect(Object.keys(made.body)).toEqual([
    ...Object.keys(rest).slice(0, 8),
    'signing_secret',
    'created_at',
    'updated_at',
  ])
  expect((await invoicing.get(`/api/v1/webhooks/${id}`)).body).toEqual(rest)
  expect((await invoicing.get('/api/v1/webhooks')).body).toEqual({
    data: [rest],
    pagination: { page: 1, limit: 25, total: 1, total_pages: 1 },
  })
})

test('201 a repeat of the same request shows the same secret for a day, and none after it', async () => {
  const { invoicing, owner, businessId, clock } = await aBusiness()
  const headers = { 'Idempotency-Key': 'hook-1' }
  const first = await invoicing.post('/api/v1/webhooks', hook, headers)
  clock.set('2026-06-16T11:59:59.999Z')
  const again = await invoicing.post('/api/v1/webhooks', hook, headers)
  clock.set('2026-06-16T12:00:00.000Z')
  const late = await invoicing.post('/api/v1/webhooks', hook, headers)
  const { rows } = await owner.query(
    `select encode(body, 'escape') || headers::text as kept from idempotency
     where tenant_id = $1`,
    [businessId],
  )

  expect([again.status, again.text]).toEqual([201, first.text])
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect([late.status, late.body]).toEqual([201, { ...first.body, signing_secret: null }])
  expect(Object.keys(late.headers)).toEqual(Object.keys(again.headers))
  expect(rows.length).toBe(1)
  expect(rows[0].kept).not.toContain(first.body.signing_secret)
  expect((await invoicing.get('/api/v1/webhooks')).body.pagination.total).toBe(1)
})

test('the secret lies sealed in the database', async () => {
  const { invoicing, owner } = await aBusiness()
  const { id, signing_secret: secret } = (await invoicing.post('/api/v1/webhooks', hook)).body
  const { rows } = await owner.query('select sealed from endpoint_secret where endpoint_id = $1', [
    id,
  ])
  const sealed: Buffer = rows[0].sealed

  expect(sealed[0]).toBe(1)
  expect(sealed.includes(secret)).toBe(false)
  expect(sealed.includes(Buffer.from(secret, 'hex'))).toBe(false)
})

test.each([
  ['without events', { url }, 'Missing required fields: url, events (at least one)'],
  [
    'plain text',
    { ...hook, url: 'http://hooks.lanternrye.example/in' },
    'Webhook URL must use https',
  ],
  ['a private address', { ...hook, url: 'https://10.0.0.1/in' }, 'Webhook URL is not reachable'],
  [
    'loopback of a live business',
    { ...hook, url: 'http://127.0.0.1:4501/in' },
    'Webhook URL must use https',
  ],
  ['an unknown name', { ...hook, url: 'https://nobody.test/in' }, 'Webhook URL is not reachable'],
  [
    'an odd port',
    { ...hook, url: 'https://hooks.lanternrye.example:22/in' },
    'Webhook URL is not reachable',
  ],
  [
    'user information',
    { ...hook, url: 'https://a:b@hooks.lanternrye.example/' },
    'Webhook URL is not reachable',
  ],
  ['an unknown event', { ...hook, events: ['invoice.eaten'] }, 'Unknown event type invoice.eaten'],
])('400 %s is refused and nothing is kept', async (_name, body, sentence) => {
  const { invoicing } = await aBusiness()

  expect(shown(await invoicing.post('/api/v1/webhooks', body))).toEqual([400, sentence])
  expect((await invoicing.get('/api/v1/webhooks')).body.data).toEqual([])
})

test('400 the same URL is taken until its endpoint is gone', async () => {
  const { invoicing } = await aBusiness()
  const { id } = (await invoicing.post('/api/v1/webhooks', hook)).body
  const taken = [400, 'Webhook endpoint with this URL already exists']
  expect(shown(await invoicing.post('/api/v1/webhooks', hook))).toEqual(taken)

  expect((await invoicing.delete(`/api/v1/webhooks/${id}`)).status).toBe(204)
  expect((await invoicing.post('/api/v1/webhooks', hook)).status).toBe(201)
})

test('429 a third endpoint is beyond the plan Basic', async () => {
  const business = await aBusiness({
    plans: { invoicing: 'basic', books: 'premium', connect: 'trial' },
    limits: 'of the plan',
  })
  const { invoicing } = business
  for (const path of ['one', 'two']) {
    const made = await invoicing.post('/api/v1/webhooks', { ...hook, url: `${url}/${path}` })
    expect(made.status).toBe(201)
  }

  expect(shown(await invoicing.post('/api/v1/webhooks', { ...hook, url: `${url}/three` }))).toEqual(
    [429, 'Webhook endpoint limit reached for your current plan'],
  )
})

test('404 another business’s endpoint reads as absent, in every route', async () => {
  const [mine, other] = [await aBusiness(), await aBusiness()]
  const { id } = (await other.invoicing.post('/api/v1/webhooks', hook)).body
  const path = `/api/v1/webhooks/${id}`
  const answers = [
    await mine.invoicing.get(path),
    await mine.invoicing.patch(path, { description: 'mine' }),
    await mine.invoicing.delete(path),
    await mine.invoicing.post(`${path}/enable`),
    await mine.invoicing.post(`${path}/rotate-secret`),
    await mine.invoicing.post(`${path}/test`),
    await mine.invoicing.get(`${path}/deliveries`),
    await mine.invoicing.post(`${path}/recover`, { since: '2026-06-15T00:00:00Z' }),
  ]

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]))
  expect((await other.invoicing.get(path)).body.description).toBe('ERP')
})

test('403 a key that may not manage webhooks; one for webhooks alone may, and reads events', async () => {
  const business = await aBusiness()
  const writer = await business.clientOf('invoicing', { scopes: ['write'] })
  const manager = await webhooksKey(business)
  await business.invoicing.post('/api/v1/customers', { name: 'Lantern & Rye' })

  expect((await writer.post('/api/v1/webhooks', hook)).status).toBe(403)
  expect((await manager.post('/api/v1/webhooks', hook)).status).toBe(201)
  expect((await manager.get('/api/v1/events')).body.data).toHaveLength(1)
  expect((await manager.get('/api/v1/customers')).status).toBe(403)
})

test('200 a rotation gives a new secret at once, and another only after the overlap', async () => {
  const { invoicing, clock } = await aBusiness()
  const made = (await invoicing.post('/api/v1/webhooks', hook)).body
  const path = `/api/v1/webhooks/${made.id}/rotate-secret`
  const rotated = await invoicing.post(path, { overlap_hours: 1 })

  expect(rotated.status).toBe(200)
  expect(rotated.body.signing_secret).toMatch(/^[0-9a-f]{64}$/)
  expect(rotated.body.signing_secret).not.toBe(made.signing_secret)
  expect(shown(await invoicing.post(path, {}))).toEqual([
    400,
    'The previous secret is still valid until 2026-06-15T13:00:00.000Z',
  ])
  clock.set('2026-06-15T13:00:00.001Z')
  expect((await invoicing.post(path, { overlap_hours: 0 })).status).toBe(200)
  expect((await invoicing.post(path)).status).toBe(200)
})

test('202 a test event, a redelivery and a recovery are queued; a disabled endpoint takes none', async () => {
  const { invoicing, app } = await aBusiness()
  const { id } = (await invoicing.post('/api/v1/webhooks', { url, events: ['*'] })).body
  const path = `/api/v1/webhooks/${id}`
  const tested = await invoicing.post(`${path}/test`, { event: 'invoice.paid' })
  expect([tested.status, tested.body]).toEqual([
    202,
    {
      id: tested.body.id,
      webhook_id: id,
      event_id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
      event_type: 'invoice.paid',
      state: 'pending',
      replayed: false,
      next_attempt_at: '2026-06-15T12:00:00.000Z',
      attempts: [],
    },
  ])
  const delivery = `${path}/deliveries/${tested.body.id}`
  expect((await invoicing.get(delivery)).body).toEqual(tested.body)
  const again = await invoicing.post(`${delivery}/redeliver`)
  expect([again.status, again.body.event_id, again.body.replayed]).toEqual([
    202,
    tested.body.event_id,
    true,
  ])
  const found = await invoicing.get(`${path}/deliveries?event_id=${tested.body.event_id}`)
  expect(found.body.pagination.total).toBe(2)
  await invoicing.post('/api/v1/customers', { name: 'Lantern & Rye' })
  const since = '2026-06-15T00:00:00Z'
  const recovered = await invoicing.post(`${path}/recover`, { since })
  expect([recovered.status, recovered.body]).toEqual([202, { queued: 1 }])
  expect(shown(await invoicing.post(`${path}/recover`, { since: '2026-05-01T00:00:00Z' }))).toEqual(
    [400, 'A replay may cover at most 30 days'],
  )

  await invoicing.post(`${path}/disable`)
  const refused = [400, `Webhook endpoint ${id} is disabled`]
  expect(shown(await invoicing.post(`${path}/test`))).toEqual(refused)
  expect(shown(await invoicing.post(`${delivery}/redeliver`))).toEqual(refused)
  expect(shown(await invoicing.post(`${path}/recover`, { since }))).toEqual(refused)
  expect(app.gate.commandCount).toBe(0)
})

test('200 events are read by polling, in order, each with the body that webhooks carry', async () => {
  const { invoicing, clock } = await aBusiness()
  for (const name of ['One', 'Two', 'Three']) await invoicing.post('/api/v1/customers', { name })
  const first = (await invoicing.get('/api/v1/events?limit=2')).body
  const second = (
    await invoicing.get(`/api/v1/events?limit=2&after=${first.pagination.next_after}`)
  ).body
  const names = [...first.data, ...second.data].map(({ data }) => data.name)

  expect(names).toEqual(['One', 'Two', 'Three'])
  expect([first.pagination.has_more, second.pagination.has_more]).toEqual([true, false])
  expect(Object.keys(first.data[0])).toEqual([
    'sequence',
    'id',
    'type',
    'created_at',
    'business_id',
    'data',
  ])
  const [{ id }] = first.data
  expect((await invoicing.get(`/api/v1/events/${id}`)).body).toEqual(first.data[0])
  expect((await invoicing.get('/api/v1/events?types=invoice.paid')).body.data).toEqual([])
  expect(shown(await invoicing.get('/api/v1/events?types=invoice.paid,%20lost'))).toEqual([
    400,
    'Unknown event type lost',
  ])
  expect(shown(await invoicing.get(`/api/v1/events/evt_${'0'.repeat(32)}`))[0]).toBe(404)
  expect(shown(await invoicing.get('/api/v1/events/nothing'))[0]).toBe(400)

  clock.set('2026-09-15T12:00:00.000Z')
  expect(shown(await invoicing.get(`/api/v1/events/${id}`))).toEqual([
    404,
    `Event ${id} is older than 90 days and no longer stored`,
  ])
  expect((await invoicing.get('/api/v1/events')).body.data).toEqual([])
})

test('200 endpoints and deliveries are sorted, followed and asked for by their changes', async () => {
  const business = await aBusiness({ plans: operatorPlans })
  const { invoicing, clock } = business
  const path = '/api/v1/webhooks'
  const ids: string[] = []
  for (const second of [1, 2, 3]) {
    clock.set(`2026-06-15T12:00:0${second}.000Z`)
    const { body } = await invoicing.post(path, { ...hook, url: `${url}/${second}` })
    ids.push(body.id)
  }
  const [one, two, three] = ids
  clock.set('2026-06-15T12:00:09.000Z')
  await invoicing.patch(`${path}/${one}`, { description: null })
  const idsOf = async (query: string): Promise<readonly string[]> =>
    (await invoicing.get(`${path}?${query}`)).body.data.map(({ id }: { id: string }) => id)
  expect(await idsOf('')).toEqual([three, two, one])
  expect(await idsOf('sort=created_at&limit=2&page=2')).toEqual([three])
  expect(await idsOf('sort=-updated_at')).toEqual([one, three, two])
  expect(await idsOf('updated_since=2026-06-15T12:00:03Z')).toEqual([three, one])
  expect(await followed(invoicing, `${path}?sort=updated_at`)).toEqual([two, three, one])

  const tested: string[] = []
  for (const second of [11, 12, 13]) {
    clock.set(`2026-06-15T12:00:${second}.000Z`)
    tested.push((await invoicing.post(`${path}/${one}/test`)).body.id)
  }
  const log = `${path}/${one}/deliveries`
  expect(await followed(invoicing, `${log}?state=pending`)).toEqual([...tested].reverse())
  expect(await followed(invoicing, `${log}?sort=created_at`)).toEqual(tested)
  expect(shown(await invoicing.get(`${log}?sort=state`))[0]).toBe(400)
})

/** The ids of a list, one a page. */
async function followed(client: Client, path: string): Promise<readonly string[]> {
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await client.get(`${path}&limit=1&cursor=${cursor}`)
    seen.push(...body.data.map(({ id }: { id: string }) => id))
    cursor = body.pagination.next_cursor
  }
  return seen
}

test('200 an attempt shows once it has ended', async () => {
  const { invoicing, owner, organizationId } = await aBusiness()
  const { id } = (await invoicing.post('/api/v1/webhooks', { url, events: ['*'] })).body
  const { body: delivery } = await invoicing.post(`/api/v1/webhooks/${id}/test`)
  const attempt = newId('attempt')
  await owner.query(
    `insert into attempt (organization_id, attempt_id, endpoint_id, delivery_id, number, started_at)
     values ($1, $2, $3, $4, 1, '2026-06-15T12:00:00Z')`,
    [organizationId, attempt, id, delivery.id],
  )
  const path = `/api/v1/webhooks/${id}/deliveries/${delivery.id}`
  expect((await invoicing.get(path)).body.attempts).toEqual([])
  await owner.query(
    "update attempt set status = 'failed', http_status = 500, duration_ms = 84 where attempt_id = $1",
    [attempt],
  )
  expect((await invoicing.get(path)).body.attempts).toEqual([
    {
      ...{ id: attempt, attempt: 1, status: 'failed', http_status: 500, duration_ms: 84 },
      ...{ error: null, response_excerpt: null, attempted_at: '2026-06-15T12:00:00.000Z' },
    },
  ])
})
