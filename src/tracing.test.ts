import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { aBusiness, aClient, theWorld } from '../test/harness.ts'
import { Tracing } from './tracing.ts'

type Told = Readonly<{
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: readonly Readonly<{ key: string; value: Readonly<Record<string, string>> }>[]
  status: Readonly<{ code?: number }>
  links?: readonly Readonly<{ traceId: string; spanId: string }>[]
}>

/** A collector on this machine that takes spans by OTLP over HTTP. */
async function aCollector(status = 200) {
  const spans: Told[] = []
  const texts: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      texts.push(`${request.method} ${request.url} ${text}`)
      const [resource] = JSON.parse(text).resourceSpans
      for (const { spans: told } of resource.scopeSpans) spans.push(...told)
      response.writeHead(status).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo // it listens on a port
  const warnings: string[] = []
  const note = (_fields: object, message: string): void => void warnings.push(message)
  const tracing = new Tracing({
    endpoint: `http://127.0.0.1:${port}`,
    version: '1.2.3',
    log: { info: note, warn: note },
  })
  return { tracing, spans, texts, warnings }
}

const memberOf = ({ attributes }: Told, name: string): unknown =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0]

const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }

test('a request goes on in the trace of its caller, with its admission and its commit', async () => {
  const { tracing, spans, texts } = await aCollector()
  const business = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp({}, { tracing })
  const client = aClient(app, 'invoicing', business.invoicing.authorization)

  const made = await client.post(
    '/api/v1/customers',
    { name: 'Lantern & Rye' },
    { traceparent: `00-${parent.traceId}-${parent.spanId}-01` },
  )
  await app.close()

  const names = spans.map(({ name }) => name).toSorted()
  expect([made.status, names]).toEqual([
    201,
    ['admission', 'http.request', 'lane.commit', 'lane.wait'],
  ])
  const [request] = spans.filter(({ name }) => name === 'http.request')
  expect(request).toMatchObject({
    ...{ traceId: parent.traceId, parentSpanId: parent.spanId, kind: 2, status: {} },
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
  for (const span of spans) {
    expect(span.traceId).toBe(parent.traceId)
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano))
    if (span !== request) expect(span.parentSpanId).toBe(request?.spanId)
  }
  expect(memberOf(request as Told, 'tallystick.operation')).toBe('create-customer')
  expect(memberOf(request as Told, 'http.response.status_code')).toBe('201')
  const [commit] = spans.filter(({ name }) => name === 'lane.commit')
  expect(commit?.links).toEqual([{ traceId: parent.traceId, spanId: request?.spanId }])
  // Never a name, a value or a key: neither of the caller nor of its customer.
  expect(texts.join()).toMatch(/^POST \/v1\/traces .*"service.version".*1\.2\.3/)
  expect(texts.join()).not.toMatch(/Lantern|oim_|authorization/i)
})

test('a request without a trace begins one under its own id; one that is not sampled sends none', async () => {
  const { tracing, spans } = await aCollector()
  const business = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp({}, { tracing })
  const client = aClient(app, 'invoicing', business.invoicing.authorization)

  const alone = await client.get('/api/v1/nowhere')
  const unsampled = { traceparent: `00-${parent.traceId}-${parent.spanId}-00` }
  await client.get('/api/v1/customers', unsampled)
  await client.get('/api/v1/nowhere', { traceparent: 'nonsense' })
  await app.close()

  const requests = spans.filter(({ name }) => name === 'http.request')
  expect(requests.map((span) => memberOf(span, 'error.type'))).toEqual([
    'request.route_unknown',
    'request.route_unknown',
  ])
  expect(requests[0]?.traceId).toBe(alone.headers['x-request-id']?.replaceAll('-', ''))
  expect(requests[0]?.parentSpanId).toBeUndefined()
})

test('an attempt of a delivery is a span; a failed one says so', async () => {
  const { tracing, spans } = await aCollector()
  tracing.seeAttempt({ surface: 'books', isDelivered: true, seconds: 0.2, waitSeconds: 1 })
  tracing.seeAttempt({ surface: 'books', isDelivered: false, seconds: 0.2, waitSeconds: 1 })
  await tracing.close()

  expect(spans.map(({ name, kind, status }) => [name, kind, status])).toEqual([
    ['webhook.attempt', 3, {}],
    ['webhook.attempt', 3, { code: 2 }],
  ])
})

test('a collector that takes nothing costs spans and one warning, and holds nobody up', async () => {
  const { tracing, texts, warnings } = await aCollector(503)
  for (let i = 0; i < 2; i += 1) {
    tracing.seeAttempt({ surface: 'books', isDelivered: true, seconds: 0, waitSeconds: undefined })
    await tracing.close()
  }

  expect([texts.length, warnings]).toEqual([
    2,
    ['the collector does not take spans; they are lost'],
  ])
})
