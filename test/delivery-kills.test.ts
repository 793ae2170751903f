import type { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { deliverUnderFaults, type WorkerProcess } from '../bench/deliveries.ts'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from './cluster.ts'
import { temporaryFolder } from './postgres.ts'
import { readyOrigin, runTallystick, startTallystick, startWorker, urlOf } from './process.ts'

const dataDir = temporaryFolder()
let database = ''
let client: Client

const surroundings = () => ({
  ...{ TALLYSTICK_DATA_DIR: dataDir, PORT: '0', TALLYSTICK_DEMO: '0' },
  ...{ TALLYSTICK_EGRESS_ALLOW: '127.0.0.0/8', TALLYSTICK_ADDRESS_LIMIT: '0' },
  ...{ TALLYSTICK_LOG_LEVEL: 'error', DATABASE_URL: urlOf(clusterAddress(), database) },
})

async function tallystick(...words: string[]) {
  const { stdout } = await runTallystick([...words, '--json'], surroundings())
  return JSON.parse(stdout).data
}

beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(async () => {
  await client.end()
  await dropDatabase(database)
})

async function workerAhead(minutes: number): Promise<WorkerProcess> {
  const offset = { TALLYSTICK_CLOCK_OFFSET: `+${minutes}m` }
  const { child, ended } = await startWorker({ ...surroundings(), ...offset })
  return { kill: (signal) => child.kill(signal), ended }
}

test('workers are killed and receivers misbehave: no event is lost, and each comes by its own id', {
  timeout: 300_000,
}, async () => {
  const { organizationId, testBusinessId: business } = await tallystick(
    ...['org', 'create', '--name', 'Ada Traders', '--country', 'NG', '--currency', 'NGN'],
  )
  const keyOf = async (surface: string): Promise<string> => {
    const own = surface === 'invoicing' ? ['--business', business] : ['--environment', 'test']
    const of = ['--surface', surface, '--organization', organizationId]
    return (await tallystick('keys', 'create', ...of, ...own)).key
  }
  client = await connect(database)
  await client.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     select $1, 'invoicing', name, '1000000', '2000-01-01', 'many events', now()
     from unnest(array['requestsPerMinute', 'webhookDeliveriesPerHour']) as name`,
    [organizationId],
  )
  const api = startTallystick(['start', '--role', 'api', '--json'], surroundings())
  onTestFinished(async () => {
    api.child.kill('SIGKILL')
    await api.ended
  })

  const found = await deliverUnderFaults(
    {
      origin: await readyOrigin(api),
      businessId: business,
      invoicingKey: await keyOf('invoicing'),
      booksKey: await keyOf('books'),
      query: async (text, values) => (await client.query(text, [...values])).rows,
      startWorker: workerAhead,
    },
    { events: 200, kills: 3, say: () => undefined },
  )

  expect(found).toMatchObject({ events: 200, kills: 3, lost: 0, unaccounted: 0, changed: 0 })
  expect(found).toMatchObject({ foreign: 0, followed: 0 })
  expect(Object.keys(found.faults)).toEqual(
    expect.arrayContaining(['reset', '500', '429', 'redirect', 'endless', 'inflating', 'gone']),
  )
})
