import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from './cluster.ts'
import { temporaryFolder } from './postgres.ts'
import { readyOrigin, runTallystick, startTallystick, urlOf } from './process.ts'
import { aReceiver } from './receiver.ts'

const dataDir = temporaryFolder()
let database = ''
let made: Readonly<{ organizationId: string; testBusinessId: string }>

const surroundings = () => ({
  ...{ TALLYSTICK_DATA_DIR: dataDir, PORT: '0', TALLYSTICK_DEMO: '0', TALLYSTICK_ENV: 'test' },
  ...{ TALLYSTICK_EGRESS_ALLOW: '127.0.0.0/8', TALLYSTICK_LOG_LEVEL: 'error' },
  DATABASE_URL: urlOf(clusterAddress(), database),
})

async function tallystick(...words: string[]) {
  const { stdout } = await runTallystick([...words, '--json'], surroundings())
  return JSON.parse(stdout).data
}

/** A process that is killed when the test ends, if nothing has killed it before. */
function aProcess(role: string, env: Readonly<Record<string, string>> = {}) {
  const started = startTallystick(['start', '--json', '--role', role], {
    ...surroundings(),
    ...env,
  })
  onTestFinished(() => {
    started.child.kill('SIGKILL')
  })
  return started
}

beforeAll(async () => {
  database = await emptyDatabase()
  made = await tallystick(
    ...['org', 'create', '--name', 'Ada Traders', '--country', 'NG', '--currency', 'NGN'],
  )
})
afterAll(() => dropDatabase(database))

test('a worker killed between an answer and its record: another repeats the same id and bytes', async () => {
  const receiver = await aReceiver()
  onTestFinished(receiver.close)
  const of = ['--organization', made.organizationId, '--business', made.testBusinessId]
  const { key } = await tallystick('keys', 'create', '--surface', 'invoicing', ...of)
  const origin = await readyOrigin(aProcess('api'))
  const post = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${origin}/invoicing/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect([path, answer.status]).toEqual([path, 201])
  }
  await post('/webhooks', { url: receiver.url, events: ['customer.created'] })
  await post('/customers', { name: 'Bola Stores' })

  const dying = aProcess('worker', { TALLYSTICK_FAULTS: 'webhook.answered:kill' })
  expect((await dying.ended).code).toBeNull()
  expect(receiver.received).toHaveLength(1)
  aProcess('worker', { TALLYSTICK_CLOCK_OFFSET: '+5m' })
  await expect.poll(() => receiver.received.length, { timeout: 40_000 }).toBe(2)

  const [first, second] = receiver.received
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['x-webhook-event-id']).toBe(first?.headers['x-webhook-event-id'])
}, 120_000)

test('workers killed after a task, beside those that go on: its effect is there once', async () => {
  const expiring = ['--surface', 'books', '--organization', made.organizationId]
  await tallystick('keys', 'create', ...expiring, '--expires-days', '1')
  const client = await connect(database)
  onTestFinished(() => client.end())
  const first = aProcess('worker')
  await readyOrigin(first)
  await client.query(`select jobs.add_job('keys.remind') from generate_series(1, 12)`)
  first.child.kill('SIGKILL')
  for (const nth of [1, 2, 3]) {
    const dying = aProcess('worker', { TALLYSTICK_FAULTS: `task.done:kill:${nth}` })
    expect((await dying.ended).code).toBeNull()
  }
  const survivors = [aProcess('worker'), aProcess('worker')]
  await Promise.all(survivors.map(readyOrigin))
  const waiting = async (): Promise<number> => {
    const { rows } = await client.query(
      `select from jobs.jobs where task_identifier = 'keys.remind' and locked_at is null`,
    )
    return rows.length
  }
  await expect.poll(waiting, { timeout: 40_000 }).toBe(0)
  for (const { child } of survivors) child.kill('SIGTERM')
  const codes = await Promise.all(survivors.map(async ({ ended }) => (await ended).code))

  const { rows } = await client.query(
    `select from event where tenant_id = $1 and type = 'api_key.expiring'`,
    [made.organizationId],
  )
  expect([codes, rows.length]).toEqual([[0, 0], 1])
}, 180_000)
