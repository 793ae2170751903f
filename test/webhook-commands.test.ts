import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { clusterAddress, dropDatabase, emptyDatabase } from './cluster.ts'
import { temporaryFolder } from './postgres.ts'
import { readyOrigin, runTallystick, startTallystick, urlOf } from './process.ts'
import { aReceiver } from './receiver.ts'

const dataDir = temporaryFolder()
let database = ''
let business = ''
let key = ''

const surroundings = () => ({
  ...{ TALLYSTICK_DATA_DIR: dataDir, PORT: '0', TALLYSTICK_DEMO: '0' },
  ...{ TALLYSTICK_EGRESS_ALLOW: '127.0.0.0/8', TALLYSTICK_LOG_LEVEL: 'error' },
  DATABASE_URL: urlOf(clusterAddress(), database),
})

const run = (words: readonly string[]) => runTallystick(words, surroundings())

async function tallystick(...words: string[]) {
  const { stdout } = await run([...words, '--json'])
  return JSON.parse(stdout).data
}

beforeAll(async () => {
  database = await emptyDatabase()
  const made = await tallystick(
    ...['org', 'create', '--name', 'Ada Traders', '--country', 'NG', '--currency', 'NGN'],
  )
  business = made.testBusinessId
  const of = ['--organization', made.organizationId, '--business', business]
  key = (await tallystick('keys', 'create', '--surface', 'invoicing', ...of)).key
})
afterAll(() => dropDatabase(database))

test('an operator sees what became of deliveries, sends them again, and reads the events', async () => {
  const receiver = await aReceiver(() => ({ status: 410 }))
  const server = startTallystick(['start', '--json'], surroundings())
  onTestFinished(async () => {
    server.child.kill('SIGKILL')
    await receiver.close()
  })
  const origin = await readyOrigin(server)
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${origin}/invoicing/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect([path, answer.ok]).toEqual([path, true])
    return (await answer.json()) as { id: string }
  }
  const untilReceived = async (count: number): Promise<void> => {
    await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(count)
  }
  const target = { url: receiver.url, events: ['customer.created'] }
  const { id: endpoint } = await post('/webhooks', target)
  await post('/customers', { name: 'Bola Stores', email: 'bola@stores.example' })
  await untilReceived(1)
  const list = () => tallystick('webhooks', 'list', '--endpoint', endpoint)
  await expect.poll(async () => (await list()).log[0]?.state, { timeout: 20_000 }).toBe('failed')

  const overview = await tallystick('webhooks', 'list', '--failed')
  const off = await run(['webhooks', 'replay', '--endpoint', endpoint, '--since', '2020-01-01'])
  receiver.answer(() => ({ status: 200 }))
  await post(`/webhooks/${endpoint}/enable`, {})
  const since = new Date(Date.now() - 86_400_000).toISOString()
  const again = ['webhooks', 'replay', '--endpoint', endpoint, '--since', since, '--failed']
  const replayed = await tallystick(...again)
  await untilReceived(2)
  await expect
    .poll(async () => (await tallystick(...again)).deliveries, { timeout: 20_000 })
    .toBe(0)
  const nobody = await run(['webhooks', 'replay', '--endpoint', business, '--since', since])

  expect(overview).toMatchObject({
    deliveries: 1,
    endpoints: [{ endpointId: endpoint, status: 'disabled', disabledReason: 'gone', failed: 1 }],
  })
  expect([off.code, off.stderr]).toEqual([1, expect.stringContaining('disabled')])
  expect(replayed).toEqual({ deliveries: 1 })
  const ids = receiver.received.map(({ headers }) => headers['x-webhook-event-id'])
  expect(ids[1]).toBe(ids[0])
  expect(nobody.code).toBe(1)

  const tailed = await run(['events', 'tail', '--business', business, '--after', '0'])
  const events = tailed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const created = events.find(({ id }) => id === ids[0])
  expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_, at) => at + 1))
  expect(created).toMatchObject({ resource: 'party', payload: { name: 'Bola Stores' } })
  expect(tailed.stdout).not.toContain('bola@stores.example')
}, 120_000)
