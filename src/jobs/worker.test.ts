import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { clusterAddress, connect } from '../../test/cluster.ts'
import { aBusiness, type Business } from '../../test/harness.ts'
import { aReceiver } from '../../test/receiver.ts'
import { toFailureOf } from '../api/connect/push.ts'
import { eventTypes, renderEvent } from '../api/invoicing/webhook-events.ts'
import { manifests } from '../connectors/registry.ts'
import { migrate } from '../db/migrate.ts'
import { openPool } from '../db/pool.ts'
import { openAlone } from '../db/tx.ts'
import type { Instant } from '../kernel/dates.ts'
import { createParty } from '../modules/parties/party.actions.ts'
import { createEndpoint } from '../modules/webhooks/endpoint.actions.ts'
import { migrationsFolder } from '../start.ts'
import { parseAllowList } from './address.ts'
import { Outbound } from './outbound.ts'
import { cleanLog, cleanRequests, tellNotices } from './tasks.ts'
import { startWorker, type WorkerParts } from './worker.ts'

const now = '2026-06-15T12:00:00.000Z' as Instant
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function partsOf({ owner, gate }: Business): WorkerParts {
  return {
    adminPool: owner,
    jobsPool: undefined,
    clock: () => now,
    requestLogDays: 30,
    eventDays: 90,
    manifests,
    toPushFailure: (requestId) => toFailureOf({ requestId, origin: 'http://127.0.0.1' }),
    random: randomBytes,
    openSecret: (place, sealed) => openAlone(owner, place, sealed),
    outbound: new Outbound({
      allowed: parseAllowList(['127.0.0.1']) ?? [],
      ports: [],
      isProduction: false,
    }),
    renderers: { invoicing: renderEvent },
    write: (command) => gate.write(command),
    log: silent,
  }
}

const databaseOf = ({ owner }: Business): string => String(owner.options.database)

/** A copy of the template has its tables, but not the rights that `migrate` gives to the owner. */
async function jobsPoolOf(business: Business) {
  const client = await connect(databaseOf(business))
  await client.query(`grant create on database ${databaseOf(business)} to tallystick_owner`)
  await client.end()
  const { socketDir: host, port, user } = clusterAddress()
  const where = { host, port, user, database: databaseOf(business) }
  const pool = openPool({
    ...where,
    role: 'tallystick_owner',
    connectionsMax: 4,
    hasDriverTypes: true,
  })
  closers.push(() => pool.end())
  return pool
}

async function anEndpoint({ write, businessId }: Business, url: string) {
  return await write(createEndpoint, {
    surface: 'invoicing',
    environment: 'test',
    businessId,
    url,
    events: ['customer.created'],
    knownEvents: eventTypes,
    random: randomBytes(32),
  })
}

test('a running worker delivers what happens, and stops when it is told to', async () => {
  const business = await aBusiness({ environment: 'test' })
  const receiver = await aReceiver()
  closers.push(receiver.close)
  const arrived = new Promise<void>((resolve) => {
    receiver.answer(() => {
      resolve()
      return { status: 200 }
    })
  })
  await anEndpoint(business, receiver.url)
  const jobsPool = await jobsPoolOf(business)
  const worker = await startWorker({ ...partsOf(business), jobsPool })
  await business.write(createParty, { name: 'Lantern & Rye' })
  await arrived
  await worker.stop()

  const { rows } = await business.owner.query('select state from delivery where sequence > 0')
  expect(rows).toEqual([{ state: 'delivered' }])
  const { rows: known } = await jobsPool.query(
    'select identifier from jobs._private_known_crontabs',
  )
  expect(known.map(({ identifier }) => identifier).sort()).toEqual([
    'chain.anchor',
    'chain.anchor_closes',
    'events.forget',
    'keys.remind',
    'limits.tell',
    'meter.reconcile',
    'push.time_out',
    'recurring.run',
    'requests.clean',
    'sales.due',
    'sync.run',
    'verify.sample',
    'webhooks.clean',
    'webhooks.tell',
  ])
})

test('two workers share one database, and its own tables stand beside our migrations', async () => {
  const business = await aBusiness({ environment: 'test' })
  const jobsPool = await jobsPoolOf(business)
  const workers = await Promise.all(
    [1, 2].map(() => startWorker({ ...partsOf(business), jobsPool })),
  )
  for (const worker of workers) await worker.stop()

  const client = await connect(databaseOf(business))
  closers.push(() => client.end())
  expect((await migrate(client, migrationsFolder)).applied).toEqual([])
  const { rows } = await client.query(
    `select distinct tableowner from pg_tables where schemaname = 'jobs'`,
  )
  expect(rows).toEqual([{ tableowner: 'tallystick_owner' }])
})

test('a notice is told once, as an audit row and an event of the endpoint’s owner', async () => {
  const business = await aBusiness({ environment: 'test' })
  const { endpoint } = await anEndpoint(business, 'http://127.0.0.1:9/in')
  await business.owner.query(
    `insert into webhook_notice (organization_id, endpoint_id, kind, day, at)
     values ($1, $2, 'disabled', '2026-06-15', $3)`,
    [business.organizationId, endpoint.id, now],
  )
  await tellNotices(partsOf(business))
  await tellNotices(partsOf(business))

  const { rows: events } = await business.owner.query(
    `select type, actor, payload from event where resource_id = $1 and actor = 'system'`,
    [endpoint.id],
  )
  expect(events).toEqual([
    {
      type: 'webhooks.endpoint.disabled',
      actor: 'system',
      payload: { endpointId: endpoint.id, day: '2026-06-15', url: endpoint.url },
    },
  ])
})

test('the log forgets what ended more than 30 days ago, and keeps what still waits', async () => {
  const business = await aBusiness({ environment: 'test' })
  const { endpoint } = await anEndpoint(business, 'http://127.0.0.1:9/in')
  const insert = (state: string, at: string) =>
    business.owner.query(
      `insert into delivery (organization_id, delivery_id, endpoint_id, tenant_id, sequence, event_id,
         event_type, resource_id, state, is_replayed, sealed_body, due_at, created_at, finished_at)
       values ($1, gen_random_uuid(), $2, $1, 0, gen_random_uuid(), 'x', 'x', $3, false, '',
         case when $3 = 'pending' then now() end, $4::timestamptz,
         case when $3 <> 'pending' then $4::timestamptz end)`,
      [business.organizationId, endpoint.id, state, at],
    )
  await insert('delivered', '2026-05-16T11:59:59Z')
  await insert('delivered', '2026-05-16T12:00:01Z')
  await insert('pending', '2026-05-01T00:00:00Z')
  await cleanLog(partsOf(business))

  const { rows } = await business.owner.query(
    'select state from delivery where endpoint_id = $1 order by state',
    [endpoint.id],
  )
  expect(rows).toEqual([{ state: 'delivered' }, { state: 'pending' }])
})

test('requests are forgotten when they are older than the log is kept, and no sooner', async () => {
  const business = await aBusiness()
  const insert = (at: string) =>
    business.owner.query(
      `insert into request_log (request_id, at, organization_id, surface, method, path, status,
        duration_us, db_us, wait_us, bytes_in, bytes_out, address, idempotency, charge_state)
      values (gen_random_uuid(), $1, $2, 'books', 'GET', '/', 200, 1, 1, 1, 0, 0, '', 'none', 'none')`,
      [at, business.organizationId],
    )
  await insert('2026-05-16T11:59:59Z')
  await insert('2026-05-16T12:00:01Z')
  await cleanRequests(partsOf(business))

  const { rows } = await business.owner.query(
    'select at from request_log where organization_id = $1',
    [business.organizationId],
  )
  expect(rows).toEqual([{ at: '2026-05-16T12:00:01.000Z' }])
})
