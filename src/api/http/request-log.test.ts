import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { aBusiness, aClient, noon, theWorld } from '../../../test/harness.ts'
import { openSecret, sealSecret } from '../../db/secret-box.ts'
import { type KeptRequest, placeOfRequest } from '../../modules/access/request-log.ts'
import { RequestLog, requestLogBounds, type SeenRequest } from './request-log.ts'

const masterKey = new Uint8Array(32).fill(7)

type Row = Readonly<Record<string, unknown>>

/** Rows of an app of its own, once everything has been written. */
async function logged(
  use: (business: Awaited<ReturnType<typeof aBusiness>>) => Promise<void>,
  bodies: 'none' | 'errors' | 'all' = 'errors',
): Promise<readonly Row[]> {
  const { addApp, owner } = await theWorld()
  const business = await aBusiness()
  const app = await addApp({ requestLogBodies: bodies })
  const on = (name: 'invoicing' | 'books' | 'connect') =>
    aClient(app, name, business[name].authorization)
  await use({
    ...business,
    app,
    invoicing: on('invoicing'),
    books: on('books'),
    connect: on('connect'),
  })
  await app.close()
  const { rows } = await owner.query<Row>(
    `select * from request_log where organization_id = $1 order by path, request_id`,
    [business.organizationId],
  )
  return rows
}

const saidOf = (row: Row | undefined) => {
  const { organization_id, request_id, sealed } = row ?? {}
  if (sealed === null) return null
  const place = placeOfRequest(String(organization_id), String(request_id))
  return JSON.parse(openSecret(masterKey, place, sealed as Buffer).toString())
}

test('each request of each surface leaves one row that says who asked and how it ended', async () => {
  const ids: (string | undefined)[] = []
  const rows = await logged(async ({ invoicing, books, connect, businessId }) => {
    const made = await invoicing.post(
      '/api/v1/customers',
      { name: 'Lantern & Rye' },
      { 'idempotency-key': 'one', 'x-request-id': 'my-own', 'user-agent': 'probe/1' },
    )
    await invoicing.post(
      '/api/v1/customers',
      { name: 'Lantern & Rye' },
      { 'idempotency-key': 'one' },
    )
    const read = await books.get(`/v1/chart-of-accounts?businessId=${businessId}&limit=1`)
    const lost = await connect.get(`/companies/${businessId}`)
    ids.push(made.headers['x-request-id'], read.headers['x-request-id'])
    expect([made.status, read.status, lost.status]).toEqual([201, 200, 404])
  })

  expect(
    rows.map((row) => [row['surface'], row['operation'], row['status'], row['error_code']]),
  ).toEqual([
    ['books', 'list-accounts', 200, null],
    ['connect', 'get-company', 404, 'sync.company_not_found'],
    ['invoicing', 'create-customer', 201, null],
    ['invoicing', 'create-customer', 201, null],
  ])
  const made = rows.find((row) => row['request_id'] === ids[0])
  const { key_id, sealed, ...rest } = made ?? {}
  expect([typeof key_id, sealed]).toEqual(['string', null])
  expect(rest).toMatchObject({
    ...{ at: noon, client_request_id: 'my-own', user_agent: 'probe/1', method: 'POST' },
    ...{ path: '/invoicing/api/v1/customers', address: '127.0.0.1', charge_state: 'none' },
    ...{ idempotency: 'first', bytes_in: 24n },
  })
  for (const name of ['duration_us', 'db_us', 'wait_us', 'bytes_out']) {
    expect([name, Number(rest[name as 'at']) > 0]).toEqual([name, true])
  }
  const states = rows.map((row) => row['idempotency']).toSorted()
  expect(states).toEqual(['first', 'none', 'none', 'replayed'])
})

test('a refusal keeps its values and both bodies, sealed and without secrets', async () => {
  const body = { name: '', email: 'someone@example.com', password: 'hunter2', notes: 7 }
  const [row] = await logged(async ({ invoicing }) => {
    await invoicing.post('/api/v1/customers', body)
  })

  expect(row).toMatchObject({ status: 400, error_code: 'validation.fields_missing' })
  expect(String(row?.['sealed'])).not.toContain('name')
  const said = saidOf(row)
  expect(JSON.parse(said.request)).toEqual({
    ...{ name: '', email: '[removed]', password: '[removed]', notes: 7 },
  })
  expect(JSON.parse(said.params)).toEqual({ fields: 'name' })
  expect(JSON.parse(said.response)).toEqual({ error: 'Missing required fields: name' })
})

test.each([
  ['none', [{ params: '{"fields":"name"}' }, null]],
  [
    'all',
    [
      expect.objectContaining({ request: '{}' }),
      expect.objectContaining({ request: '{"name":"B"}' }),
    ],
  ],
] as const)('with bodies of %s', async (bodies, expected) => {
  const rows = await logged(async ({ invoicing }) => {
    await invoicing.post('/api/v1/customers', {})
    await invoicing.post('/api/v1/customers', { name: 'B' })
  }, bodies)

  const byStatus = rows.toSorted((a, b) => Number(b['status']) - Number(a['status']))
  expect(byStatus.map(saidOf)).toEqual(expected)
})

test('a caller whose key nobody knows is logged without an organization', async () => {
  const { app, owner, invoicing } = await aBusiness()
  const stranger = aClient(app, 'invoicing', 'Bearer nothing')
  const path = `/api/v1/customers?marker=${randomBytes(8).toString('hex')}`
  const answer = await stranger.get(path)
  await invoicing.get('/api/v1/customers')

  await expect
    .poll(async () => {
      const { rows } = await owner.query(
        'select request_id, organization_id, error_code from request_log where path = $1',
        [`/invoicing${path}`],
      )
      return rows
    })
    .toEqual([
      {
        request_id: answer.headers['x-request-id'],
        ...{ organization_id: null, error_code: 'key.format_invalid' },
      },
    ])
})

test('no key, token, password or signing secret is in any row, wherever callers have put it', async () => {
  const secrets: string[] = []
  const rows = await logged(async ({ invoicing, books, connect, businessId, clientOf }) => {
    const keys = [invoicing, books, connect].map(({ authorization }) => authorization.slice(6))
    const plain = Buffer.from(connect.authorization.slice(6), 'base64').toString()
    const others = [await clientOf('books', { environment: 'test' })]
    for (const key of [...keys, plain, ...others.map((one) => one.authorization.slice(7))]) {
      secrets.push(key.trim())
    }
    const made = await invoicing.post('/api/v1/webhooks', {
      ...{ url: 'https://hooks.example/x', events: ['invoice.created'] },
    })
    expect([made.status, made.body.signing_secret.length]).toEqual([201, 64])
    secrets.push(made.body.signing_secret)
    for (const secret of secrets) {
      const at = encodeURIComponent(secret)
      const hidden = secret.replaceAll('_', '%5F')
      await invoicing.get(`/api/v1/customers?token=${at}&search=${at}`)
      await invoicing.get(`/api/v1/customers?search=${hidden}`)
      await invoicing.get(`/api/v1/customers/${at}`)
      await books.post(`/v1/journal-entries?businessId=${businessId}`, { description: secret })
      await connect.get(`/companies/${at}`, { 'user-agent': secret, 'x-request-id': secret })
      await connect.post('/companies', { name: 7, secret, deep: [{ [secret]: secret }] })
    }
  }, 'all')

  expect(rows.length).toBeGreaterThan(30)
  const text = rows.map((row) => JSON.stringify([row, saidOf(row)], asText)).join('\n')
  // The signing secret of Invoicing has no shape of its own: it is known by the names around it.
  const shaped = secrets.filter((secret) => !/^[0-9a-f]{64}$/.test(secret))
  const signing = secrets.find((secret) => /^[0-9a-f]{64}$/.test(secret))
  const made = rows.find((row) => row['operation'] === 'create-webhook')
  expect(shaped.filter((secret) => text.includes(secret.slice(-20)))).toEqual([])
  expect(JSON.stringify(saidOf(made))).not.toContain(signing)
})

const asText = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value

const aRow = (more: Partial<SeenRequest> = {}): SeenRequest => ({
  requestId: '0198c3f0-7a00-7000-8000-000000000001',
  ...{ at: noon, organizationId: 'o', businessId: null, keyId: null },
  ...{ clientRequestId: null, surface: 'books', operation: 'x', method: 'GET', path: '/books' },
  ...{ status: 200, errorCode: null, durationUs: 1_500, dbUs: 1, waitUs: 1, bytesIn: 0 },
  ...{ bytesOut: 0, address: '::1', userAgent: null, idempotency: 'none', chargeState: 'none' },
  ...{ said: undefined, ...more },
})

function aLog(write: (rows: readonly KeptRequest[]) => Promise<void>) {
  const seal = (place: Parameters<typeof sealSecret>[1], bytes: Uint8Array) =>
    sealSecret(masterKey, place, bytes)
  const log = new RequestLog({ write, seal, onRows: () => undefined })
  onTestFinished(() => log.close())
  return log
}

test('rows go in batches, and those that come while one is written wait for the next', async () => {
  const batches: number[] = []
  const log = aLog((rows) => {
    batches.push(rows.length)
    return Promise.resolve()
  })
  for (let i = 0; i < 1_200; i += 1) log.add(aRow())
  await log.flush()

  expect(batches).toEqual([500, 500, 200])
})

test('a database that takes nothing costs rows, counted, and never holds a request up', async () => {
  const log = aLog(() => Promise.reject(new Error('no database')))
  const extra = 25
  for (let i = 0; i < requestLogBounds.bufferMax + extra; i += 1) log.add(aRow())
  expect(log.droppedCount).toBe(extra)

  await log.flush()
  await log.flush()
  expect(log.droppedCount).toBe(extra + requestLogBounds.batchMax)
})

test('a batch that fails once is written again, with the same rows', async () => {
  const seen: string[] = []
  let failures = 1
  const log = aLog((rows) => {
    failures -= 1
    if (failures === 0) return Promise.reject(new Error('not yet'))
    seen.push(...rows.map(({ requestId }) => requestId))
    return Promise.resolve()
  })
  log.add(aRow({ requestId: 'a' }))
  await log.flush()
  log.add(aRow({ requestId: 'b' }))
  await log.flush()

  expect([seen, log.droppedCount]).toEqual([['a', 'b'], 0])
})
