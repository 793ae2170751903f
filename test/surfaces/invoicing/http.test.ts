import { request } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { aBusiness, aClient, theWorld } from '../../harness.ts'

const path = '/api/v1/customers'

test('200 health needs neither key nor surface', async () => {
  const { app } = await theWorld()
  const health = await app.server.inject('/healthz')
  const ready = await app.server.inject('/readyz')
  const posted = await app.server.inject({ method: 'POST', url: '/healthz' })
  expect([health.statusCode, health.body]).toEqual([200, '{"status":"ok"}'])
  expect([ready.statusCode, ready.json().status]).toEqual([200, 'ready'])
  expect(ready.json().checks.database).toEqual({ ok: true })
  expect([posted.statusCode, posted.headers['allow']]).toEqual([405, 'GET, HEAD'])
})

test('404 unknown paths are answered before any key is asked for', async () => {
  const { app } = await theWorld()
  const nobody = aClient(app, 'invoicing', '')
  const cases = [
    '',
    '/',
    '/api',
    '/api/v2/customers',
    '/api/v1/customers/',
    '/api/v1//',
    '/api/v1/%zz',
  ]
  for (const unknown of cases) {
    const reply = await nobody.get(unknown)
    expect([unknown, reply.status, reply.text]).toEqual([unknown, 404, '{"error":"Not found"}'])
  }
  const nowhere = await app.server.inject('/elsewhere')
  expect([nowhere.statusCode, nowhere.headers['content-type']]).toEqual([
    404,
    'application/problem+json',
  ])
})

test('405 names what is allowed, before any key is asked for', async () => {
  const { app } = await theWorld()
  const nobody = aClient(app, 'invoicing', '')
  const list = await nobody.delete(path)
  const one = await nobody.post(`${path}/7`, {})
  const options = await nobody.send('OPTIONS', path)
  const strange = await nobody.send('PROPFIND', path)
  expect([list.status, list.text, list.headers['allow']]).toEqual([
    405,
    '{"error":"Method not allowed"}',
    'GET, HEAD, POST',
  ])
  expect(one.headers['allow']).toBe('DELETE, GET, HEAD, PATCH, PUT')
  expect([options.status, strange.status]).toEqual([405, 405])
})

test('HEAD answers as GET does, without a body', async () => {
  const { invoicing } = await aBusiness()
  const get = await invoicing.get(path)
  const head = await invoicing.send('HEAD', path)
  expect([head.status, head.text]).toEqual([200, ''])
  expect(head.headers['content-length']).toBe(get.headers['content-length'])
})

test('every answer carries its request id and the security headers', async () => {
  const { invoicing } = await aBusiness()
  const replies = [
    await invoicing.get(path),
    await invoicing.post(path, { name: 'Lantern' }),
    await invoicing.post(path, {}),
    await invoicing.get('/nowhere'),
  ]
  for (const { headers } of replies) {
    expect(headers).toMatchObject({
      'x-request-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'",
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(
      Object.keys(headers).filter((name) => /^(server|x-powered-by|access)/.test(name)),
    ).toEqual([])
  }
  expect(replies[2]?.headers).toMatchObject({
    'error-code': 'validation.fields_missing',
    link: '<http://127.0.0.1:4400/docs/errors/validation.fields_missing>; rel="help"',
  })
})

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

test.each([
  ['nothing', '', 'A request body is required'],
  ['half an object', '{"name":', 'Invalid JSON in request body'],
  ['a bare word', 'name', 'Invalid JSON in request body'],
  ['a trailing comma', '{"name":"a",}', 'Invalid JSON in request body'],
  ['NaN', '{"name":NaN}', 'Invalid JSON in request body'],
  ['a member twice', '{"name":"a","name":"b"}', 'Invalid JSON in request body'],
  ['a member twice, deep', '{"name":"a","x":[{"y":1,"y":1}]}', 'Invalid JSON in request body'],
  ['a member twice by escape', '{"name":"a","n\\u0061me":"b"}', 'Invalid JSON in request body'],
  [
    'bytes that are not UTF-8',
    Buffer.from('7b226e616d65223a22ff227d', 'hex'),
    'Invalid JSON in request body',
  ],
  ['a byte order mark', Buffer.from('efbbbf7b7d', 'hex'), 'Invalid JSON in request body'],
  ['a prototype', '{"name":"a","__proto__":{"x":1}}', 'Invalid JSON in request body'],
  ['a constructor', '{"name":"a","x":{"constructor":1}}', 'Invalid JSON in request body'],
  ['33 levels', deep(33), 'Invalid JSON in request body'],
  ['32 levels', deep(32), 'Missing required fields: name'],
  [
    '1,001 members',
    JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`m${i}`, 1]))),
    'Invalid JSON in request body',
  ],
  ['an array', '[]', 'Request body must be a JSON object'],
  ['a number', '7', 'Request body must be a JSON object'],
  ['null', 'null', 'Request body must be a JSON object'],
  ['a text', '"name"', 'Request body must be a JSON object'],
  ['a quote after backslashes', '{"x":"\\\\\\"","name":7}', 'name must be a string'],
])('400 a body of %s', async (_name, body, error) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.send('POST', path, body)
  const list = await invoicing.get(path)
  expect([reply.status, reply.text, list.body.pagination.total]).toEqual([
    400,
    JSON.stringify({ error }),
    0,
  ])
})

test.each([
  ['text/plain', 'Content-Type text/plain is not supported; use application/json'],
  [
    'multipart/form-data; boundary=x',
    'Content-Type multipart/form-data is not supported; use application/json',
  ],
  ['nonsense', 'Content-Type nonsense is not supported; use application/json'],
])('415 a body of type %s', async (type, error) => {
  const { app, invoicing } = await aBusiness()
  const headers = { 'content-type': type }
  const reply = await invoicing.send('POST', path, '{"name":"a"}', headers)
  const nobody = await aClient(app, 'invoicing', '').send('POST', path, '{', headers)
  expect([reply.status, reply.body, nobody.status]).toEqual([415, { error }, 401])
})

test('a body may be packed with gzip, and with nothing else', async () => {
  const { invoicing } = await aBusiness()
  const packed = gzipSync(JSON.stringify({ name: 'Lantern' }))
  const gzip = { 'content-encoding': 'gzip' }
  const fine = await invoicing.send('POST', path, packed, gzip)
  const broken = await invoicing.send('POST', path, packed.subarray(0, 12), gzip)
  const bomb = await invoicing.send('POST', path, gzipSync(Buffer.alloc(2 * 1024 * 1024, 32)), gzip)
  const other = await invoicing.send('POST', path, '{}', { 'content-encoding': 'br' })
  expect([fine.status, broken.status, bomb.status, other.status]).toEqual([201, 400, 413, 415])
  expect(other.body.error).toBe('Content-Encoding br is not supported')
})

test('415 is answered for a charset only when the type differs', async () => {
  const { invoicing } = await aBusiness()
  const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
  expect((await invoicing.send('POST', path, '{"name":"a"}', headers)).status).toBe(201)
})

test('413 a body of 10 MiB is refused over a socket, with and without a length', async () => {
  const { app, invoicing } = await aBusiness()
  const origin = await app.listen()
  const big = Buffer.alloc(10 * 1024 * 1024, 32)
  const statuses: (number | undefined)[] = []
  for (const isChunked of [false, true]) {
    statuses.push(
      await new Promise((resolve, reject) => {
        const headers = {
          authorization: invoicing.authorization,
          'content-type': 'application/json',
          ...(isChunked ? {} : { 'content-length': String(big.length) }),
        }
        const sent = request(`${origin}/invoicing${path}`, { method: 'POST', headers }, (reply) => {
          reply.resume()
          reply.on('end', () => resolve(reply.statusCode))
        })
        sent.on('error', reject)
        sent.end(big)
      }),
    )
  }
  const exact = await invoicing.send('POST', path, `{"name":"a"}${' '.repeat(1024 * 1024 - 12)}`)
  expect([statuses, exact.status]).toEqual([[413, 413], 201])
  const small = await invoicing.send('POST', path, `{"name":"a"}${' '.repeat(1024 * 1024 - 11)}`)
  expect(small.body.error).toBe('Request body is larger than 1048576 bytes')
  const { hostname, port } = new URL(origin)
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(text))
      let read = ''
      socket.on('data', (chunk) => {
        read += chunk.toString()
      })
      socket.on('close', () => resolve(read))
      socket.on('error', reject)
    })
  const nonsense = await raw('NONSENSE\r\n\r\n')
  const heavy = await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`)
  expect([nonsense.slice(9, 12), heavy.slice(9, 12)]).toEqual(['400', '431'])
  expect((await app.server.inject('/healthz')).statusCode).toBe(200)
})

test('414 a long address', async () => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.get(`${path}?name=${'x'.repeat(8200)}`)
  expect([reply.status, reply.body.error]).toEqual([414, 'Request URI is longer than 8192 bytes'])
})

test('a problem is answered to those who prefer one', async () => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.post(path, { name: 7 }, { accept: 'application/problem+json' })
  expect([reply.status, reply.headers['content-type']]).toEqual([400, 'application/problem+json'])
  expect(reply.body).toMatchObject({
    status: 400,
    detail: 'name must be a string',
    code: 'validation.failed',
    instance: `urn:uuid:${reply.headers['x-request-id']}`,
    errors: [{ pointer: '/name', path: 'name', rule: 'type', detail: 'must be a string' }],
  })
})

test('400 unknown members are refused to those who ask for it', async () => {
  const { invoicing } = await aBusiness()
  const strict = { 'tallystick-strict': 'true' }
  const reply = await invoicing.post(path, { name: 'a', colour: 'red' }, strict)
  const fine = await invoicing.post(path, { name: 'a' }, strict)
  expect([reply.status, reply.body.error, fine.status]).toEqual([
    400,
    'colour is not a known field',
    201,
  ])
})

test('a dry run answers what would be, and changes nothing', async () => {
  const { invoicing } = await aBusiness()
  const dry = await invoicing.post(path, { name: 'Lantern' }, { 'dry-run': 'true' })
  const refused = await invoicing.post(path, {}, { 'dry-run': 'true' })
  const list = await invoicing.get(path)
  expect([dry.status, dry.body.name, dry.headers['dry-run']]).toEqual([200, 'Lantern', 'true'])
  expect([refused.status, list.body.data]).toEqual([400, []])
})

test('a repeated key gives one effect and the same bytes', async () => {
  const { invoicing, clock } = await aBusiness()
  const key = { 'idempotency-key': 'order-7' }
  const first = await invoicing.post(path, { name: 'Lantern', city: 'Bath' }, key)
  clock.set('2026-06-15T13:00:00.000Z')
  const again = await invoicing.post(path, { city: 'Bath', name: 'Lantern' }, key)
  const quoted = await invoicing.post(
    path,
    { name: 'Lantern', city: 'Bath' },
    { 'idempotency-key': '"order-7"' },
  )
  const list = await invoicing.get(path)
  expect([again.status, again.text, quoted.text]).toEqual([201, first.text, first.text])
  expect(again.headers).toMatchObject({
    'idempotency-replayed': 'true',
    'original-request-id': first.headers['x-request-id'],
    location: first.headers['location'],
  })
  expect(list.body.pagination.total).toBe(1)
})

test('422 a key that was used with another request', async () => {
  const { invoicing } = await aBusiness()
  const key = { 'idempotency-key': 'order-7' }
  await invoicing.post(path, { name: 'Lantern' }, key)
  const reply = await invoicing.post(path, { name: 'Rye' }, key)
  expect([reply.status, reply.text]).toEqual([
    422,
    '{"error":"This Idempotency-Key was used with a different request"}',
  ])
})

test('409 a key whose first request still runs', async () => {
  const { invoicing } = await aBusiness()
  const key = { 'idempotency-key': 'order-7' }
  const replies = await Promise.all(
    [1, 2, 3].map(() => invoicing.post(path, { name: 'Lantern' }, key)),
  )
  const list = await invoicing.get(path)
  expect(replies.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  expect(replies.find(({ status }) => status === 409)?.headers['retry-after']).toBe('1')
  expect(list.body.pagination.total).toBe(1)
})

test.each([[''], ['a b'], ['ä'], ['x'.repeat(256)]])('400 the key %j', async (key) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.post(path, {}, { 'idempotency-key': key })
  expect([reply.status, reply.body.error]).toEqual([
    400,
    'Idempotency-Key must be 1 to 255 visible ASCII characters',
  ])
})

test('a kept refusal is answered again, a refused shape is not kept', async () => {
  const { invoicing } = await aBusiness()
  const key = { 'idempotency-key': 'order-7' }
  const shape = await invoicing.post(path, {}, key)
  const { body: made } = await invoicing.post(path, { name: 'a', external_id: 'x' }, key)
  const taken = { name: 'b', external_id: 'x' }
  const first = await invoicing.post(path, taken, { 'idempotency-key': 'order-8' })
  await invoicing.delete(`${path}/${made.id}`)
  const again = await invoicing.post(path, taken, { 'idempotency-key': 'order-8' })
  const fresh = await invoicing.post(path, taken, { 'idempotency-key': 'order-9' })
  expect([shape.status, first.status, again.status, again.text, fresh.status]).toEqual([
    400,
    400,
    400,
    first.text,
    201,
  ])
  expect(again.headers['error-code']).toBe('resource.external_id_taken')
})

test('500 tells nothing but the request id', async () => {
  const { invoicing, owner, businessId } = await aBusiness()
  await owner.query('alter table party rename column currency to money')
  const reply = await invoicing.get(path)
  await owner.query('alter table party rename column money to currency')
  expect([reply.status, reply.text]).toEqual([500, '{"error":"Internal server error"}'])
  expect(JSON.stringify(reply.headers)).not.toContain(businessId)
})
