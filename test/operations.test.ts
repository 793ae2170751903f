import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from './cluster.ts'
import { temporaryFolder } from './postgres.ts'
import { runTallystick, type Started, startTallystick, urlOf } from './process.ts'

const dataDir = temporaryFolder()
const cycles = 5
let database = ''
let key = ''

const surroundings = () => ({
  ...{ TALLYSTICK_DATA_DIR: dataDir, PORT: '0', TALLYSTICK_DEMO: '0' },
  ...{ TALLYSTICK_METRICS_PORT: '0', TALLYSTICK_ADDRESS_LIMIT: '0' },
  DATABASE_URL: urlOf(clusterAddress(), database),
})

async function tallystick(...words: string[]) {
  const { code, stdout } = await runTallystick([...words, '--json'], surroundings())
  return { code, data: JSON.parse(stdout).data }
}

beforeAll(async () => {
  database = await emptyDatabase()
  const { data } = await tallystick(
    ...['org', 'create', '--name', 'Ada Traders', '--country', 'NG', '--currency', 'NGN'],
  )
  const { organizationId, businessId } = data
  const made = await tallystick(
    ...['keys', 'create', '--surface', 'invoicing', '--organization', organizationId],
    ...['--business', businessId],
  )
  key = made.data.key
})
afterAll(() => dropDatabase(database))

type Ready = Readonly<{ origin: string | null; metrics: string }>

async function started(words: readonly string[] = [], env = {}): Promise<Started & Ready> {
  const server = startTallystick(['start', '--json', ...words], { ...surroundings(), ...env })
  onTestFinished(() => {
    server.child.kill('SIGKILL')
  })
  const line = await new Promise<string>((resolve, reject) => {
    server.child.stdout?.once('data', (chunk) => resolve(String(chunk)))
    void server.ended.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)))
  })
  return { ...server, ...JSON.parse(line) }
}

/** Status of an answer, or what became of the connection; a body makes it a write. */
async function ask(origin: string, body?: object): Promise<string> {
  try {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answer = await fetch(`${origin}/invoicing/api/v1/customers`, {
      headers,
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    await answer.text()
    return String(answer.status)
  } catch (error) {
    const cause: unknown = Reflect.get(Object(error), 'cause')
    return String(Reflect.get(Object(cause), 'code') ?? cause)
  }
}

test('the metrics have a listener of their own and count by operation, never by caller', async () => {
  const { child, ended, origin, metrics } = await started()
  await ask(origin ?? '')
  await fetch(`${origin}/invoicing/api/v1/customers`)
  await fetch(`${origin}/nowhere`)

  const answer = await fetch(`${metrics}/metrics`)
  const text = await answer.text()
  const elsewhere = await fetch(`${metrics}/healthz`)
  const onMain = await fetch(`${origin}/metrics`)
  child.kill('SIGTERM')

  expect(answer.headers.get('content-type')).toContain('text/plain')
  expect([elsewhere.status, onMain.status]).toEqual([404, 404])
  expect(text).toMatch(
    /tallystick_http_requests_total\{surface="invoicing",operation="list-customers",status="401"\} 1/,
  )
  expect(text).toContain('surface="none",operation="none",status="404"} 1')
  for (const name of [
    'http_request_duration_seconds_bucket',
    'refusals_total',
    'lane_queue_length 0',
    'lane_commit_seconds_count',
    'db_pool_connections{pool="app",state="idle"}',
    'outbox_lag_seconds 0',
    'webhook_oldest_due_seconds 0',
    'build_info{',
    'admission_batch_size_count 1',
    'admission_seconds_count 1',
    'lane_active 0',
    'journals_posted_total 0',
    'lines_posted_total 0',
    'chain_links_total',
    'db_pool_wait_seconds_count{pool="app"}',
    'db_retries_total{reason="conflict"} 0',
    'request_log_dropped_total 0',
    'meter_difference 0',
    'verify_findings 0',
    'pdf_render_seconds_count 0',
    'jobs_waiting',
    'jobs_oldest_seconds',
  ]) {
    expect(text).toContain(`tallystick_${name}`)
  }
  expect(text).toMatch(
    /tallystick_build_info\{version="[\d.]+",node="v[\d.]+",postgres="\d+\.\d+"\} 1/,
  )
  expect(text).not.toContain(key.slice(0, 12))
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
  expect((await ended).code).toBe(0)
})

test('the log tells what happened to a request, and how to put it right', async () => {
  const { child, ended, origin } = await started()
  const answer = await fetch(`${origin}/invoicing/api/v1/customers?token=${key}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'someone@example.com', notes: key }),
  })
  const id = answer.headers.get('x-request-id') ?? ''
  child.kill('SIGTERM')
  const { stdout, stderr } = await ended

  const explained = await tallystick('errors', 'explain', id)
  const listed = await tallystick('requests', 'list', '--code', 'validation.fields_missing')
  const shown = await runTallystick(['requests', 'show', id], surroundings())
  expect(explained).toMatchObject({
    code: 0,
    data: {
      code: 'validation.fields_missing',
      fix: [expect.any(String)],
      request: {
        ...{ requestId: id, status: 400, errorCode: 'validation.fields_missing' },
        ...{ path: '/invoicing/api/v1/customers?token=[removed]', params: '{"fields":"name"}' },
        request: `{"email":"[removed]","notes":"${key.slice(0, 12)}…"}`,
        response: '{"error":"Missing required fields: name"}',
      },
    },
  })
  expect(listed.data.requests).toMatchObject([{ requestId: id, hasBodies: true }])
  expect(shown.stdout).toContain('validation.fields_missing')
  expect(await tallystick('requests', 'show', id.replace(/^......../, '00000000'))).toMatchObject({
    code: 1,
  })
  const everything = [stdout, stderr, JSON.stringify([explained, listed]), shown.stdout].join('\n')
  expect(everything).not.toContain(key.slice(12))
  expect(stderr).toContain(`"requestId":"${id}"`)
})

// As behind a balancer: who hears that the process stops asks another one from then on.
test('a stop under load breaks no request that was begun, and ends with 0', async () => {
  const outcomes = new Set<string>()
  let created = 0
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    const { child, ended, origin } = await started([], { TALLYSTICK_DRAIN_SECONDS: '1' })
    const state = { answered: 0 }
    const call = async (_caller: unknown, index: number): Promise<void> => {
      while (child.exitCode === null) {
        const isWrite = index % 2 === 0
        const outcome = await ask(
          origin ?? '',
          isWrite ? { name: `Customer of ${cycle}` } : undefined,
        )
        outcomes.add(outcome)
        if (outcome === '201') created += 1
        if (outcome === '503') return
        state.answered += 1
        if (state.answered === 60) child.kill('SIGTERM')
      }
    }
    await Promise.all(Array.from({ length: 8 }, call))
    expect((await ended).code).toBe(0)
    expect(state.answered).toBeGreaterThanOrEqual(60)
  }
  expect([...outcomes].toSorted()).toEqual(['200', '201', '503'])
  const client = await connect(database)
  const { rows } = await client.query('select count(*)::int as parties from party')
  await client.end()
  expect(created).toBeGreaterThan(0)
  expect(rows).toEqual([{ parties: created }])
}, 180_000)

test('a request that cannot end is cut off after ten seconds, and the process says so', async () => {
  const { child, ended, origin } = await started()
  const slow = request(`${origin}/invoicing/api/v1/customers`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': '100',
    },
  })
  slow.on('error', () => undefined)
  await new Promise<void>((resolve) => {
    slow.write('{', () => resolve())
  })
  await ask(origin ?? '')
  child.kill('SIGTERM')
  expect((await ended).code).toBe(1)
})

test('an API process has no worker, and a worker has no door; both end with 0', async () => {
  const api = await started(['--role', 'api'])
  const worker = await started(['--role', 'worker'])

  expect(await ask(api.origin ?? '')).toBe('200')
  expect(worker.origin).toBeNull()
  expect((await fetch(`${worker.metrics}/metrics`)).status).toBe(200)
  worker.child.kill('SIGTERM')
  api.child.kill('SIGTERM')
  expect([(await worker.ended).code, (await api.ended).code]).toEqual([0, 0])
})

test('an unknown role ends with 2, and a metrics port in use with 3', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => {
    holder.close()
  })
  await new Promise((resolve) => {
    holder.once('listening', resolve)
  })
  const { port } = holder.address() as AddressInfo // it listens on a port

  const unknown = await runTallystick(['start', '--role', 'both'], surroundings())
  const taken = { ...surroundings(), TALLYSTICK_METRICS_PORT: `${port}` }
  const used = await runTallystick(['start'], taken)

  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('TALLYSTICK_ROLE')])
  expect([used.code, used.stderr]).toEqual([3, expect.stringContaining(`${port}`)])
})
