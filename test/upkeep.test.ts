import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { toFailureOf } from '../src/api/connect/push.ts'
import { eventTypes, renderEvent } from '../src/api/invoicing/webhook-events.ts'
import { manifests } from '../src/connectors/registry.ts'
import { anchorKeyOf, appendAnchors } from '../src/db/anchor.ts'
import { asOwner } from '../src/db/owner.ts'
import { openPool } from '../src/db/pool.ts'
import { openAlone } from '../src/db/tx.ts'
import { parseAllowList } from '../src/jobs/address.ts'
import { Outbound } from '../src/jobs/outbound.ts'
import { runSchedules, timeOutLatePushes } from '../src/jobs/sync.ts'
import {
  cleanEvents,
  reconcileMeter,
  remindOfKeys,
  tasks,
  verifySample,
} from '../src/jobs/tasks.ts'
import { startWorker, type WorkerParts } from '../src/jobs/worker.ts'
import { asDate, type Instant } from '../src/kernel/dates.ts'
import { orderMaintenance } from '../src/modules/access/maintenance.actions.ts'
import { closePeriods } from '../src/modules/ledger/period.actions.ts'
import { createParty } from '../src/modules/parties/party.actions.ts'
import { verifyTenant } from '../src/modules/reports/integrity.queries.ts'
import { createEndpoint } from '../src/modules/webhooks/endpoint.actions.ts'
import {
  discardOutgoing,
  holdOutgoing,
  releaseOutgoing,
} from '../src/modules/webhooks/held.actions.ts'
import { clusterAddress, connect } from './cluster.ts'
import { aBusiness, type Business } from './harness.ts'
import { aReceiver } from './receiver.ts'
import { aCompany } from './surfaces/connect/linked.ts'

const now = '2026-06-15T12:00:00.000Z' as Instant
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

const partsOf = ({ owner, gate }: Pick<Business, 'owner' | 'gate'>, at = now): WorkerParts => ({
  ...{ adminPool: owner, jobsPool: undefined, clock: () => at, random: randomBytes },
  ...{ requestLogDays: 30, eventDays: 90, manifests, log: silent },
  toPushFailure: (requestId) => toFailureOf({ requestId, origin: 'http://127.0.0.1' }),
  openSecret: (place, sealed) => openAlone(owner, place, sealed),
  outbound: new Outbound({
    ...{ allowed: parseAllowList(['127.0.0.1']) ?? [], ports: [], isProduction: false },
  }),
  renderers: { invoicing: renderEvent },
  write: (command) => gate.write(command),
})

async function jobsPoolOf({ owner }: Business) {
  const database = String(owner.options.database)
  const client = await connect(database)
  await client.query(`grant create on database ${database} to tallystick_owner`)
  await client.end()
  const { socketDir: host, port, user } = clusterAddress()
  const where = { host, port, user, database, role: 'tallystick_owner' } as const
  const pool = openPool({ ...where, connectionsMax: 4, hasDriverTypes: true })
  onTestFinished(() => pool.end())
  return pool
}

async function aListener() {
  const business = await aBusiness({ environment: 'test' })
  const receiver = await aReceiver()
  onTestFinished(receiver.close)
  const { endpoint } = await business.write(createEndpoint, {
    ...{ surface: 'invoicing', environment: 'test', businessId: business.businessId },
    ...{ url: receiver.url, events: ['customer.created'], knownEvents: eventTypes },
    random: randomBytes(32),
  })
  const arrived = new Promise<string>((resolve) => {
    receiver.answer(({ body }) => {
      resolve(JSON.parse(body).data.name)
      return { status: 200 }
    })
  })
  const states = async () => {
    const { rows } = await business.owner.query<{ state: string }>(
      'select state from delivery where endpoint_id = $1 order by sequence',
      [endpoint.id],
    )
    return rows.map(({ state }) => state)
  }
  return { business, arrived, states }
}

test('while all is closed no task is taken and nothing leaves; afterwards both go on', async () => {
  const { business, arrived, states } = await aListener()
  const { owner } = business
  const by = { orderedBy: 'operator', at: now }
  await asOwner(owner, (tx) =>
    orderMaintenance(tx, { mode: 'full', message: null, until: null }, by),
  )
  const jobsPool = await jobsPoolOf(business)
  const worker = await startWorker({ ...partsOf(business), jobsPool })
  onTestFinished(worker.stop)
  const { rows: before } = await jobsPool.query(
    `select to_regclass('jobs._private_known_crontabs') is null as "isUntouched"`,
  )
  await business.write(createParty, { name: 'Lantern & Rye' })
  expect([before, await states()]).toEqual([[{ isUntouched: true }], []])

  await asOwner(owner, (tx) => orderMaintenance(tx, undefined, by))

  expect(await arrived).toBe('Lantern & Rye')
})

test('what a restore holds leaves when it is released', async () => {
  const { business, arrived } = await aListener()
  const { owner } = business
  await business.write(createParty, { name: 'Held' })
  expect(await asOwner(owner, (tx) => holdOutgoing(tx, now))).toBe(true)
  const worker = await startWorker(partsOf(business))
  onTestFinished(worker.stop)

  const released = await asOwner(owner, releaseOutgoing)
  const again = await asOwner(owner, releaseOutgoing)

  expect([released, again]).toEqual([{ deliveries: 0, messages: 0 }, undefined])
  expect(await arrived).toBe('Held')
})

test('what a restore holds is given up when it is discarded, and what is new leaves', async () => {
  const { business, arrived, states } = await aListener()
  const { owner } = business
  await business.write(createParty, { name: 'Old' })
  await asOwner(owner, (tx) => holdOutgoing(tx, now))
  const later = '2026-06-15T13:00:00.000Z' as Instant
  business.clock.set(later)
  await business.write(createParty, { name: 'New' })

  const discarded = await asOwner(owner, (tx) => discardOutgoing(tx, later))
  const worker = await startWorker(partsOf(business, later))
  onTestFinished(worker.stop)

  expect(discarded).toEqual({ deliveries: 0, messages: 0 })
  expect(await arrived).toBe('New')
  expect(await states()).toHaveLength(1)
})

test('a hundredth of all books is verified each night, all in turn, and faults are told', async () => {
  const business = await aBusiness()
  const { owner, businessId } = business
  await business.write(createParty, { name: 'Lantern & Rye' })
  const said: object[] = []
  const log = { error: (fields: object) => said.push(fields) }
  const dayMs = 86_400_000
  const nights = async (
    readAnchors = () => [] as { chain: string; link: bigint; hash: string }[],
  ) => {
    const verified = new Map<string, number>()
    for (let night = 0; night < 10; night += 1) {
      const clock = () => new Date(Date.parse(now) + night * dayMs).toISOString() as Instant
      const onVerified = ({ tenantId, findings }: { tenantId: string; findings: number }) =>
        verified.set(tenantId, findings)
      await verifySample({ adminPool: owner, clock, log, readAnchors, onVerified })
    }
    return verified
  }
  const { rows } = await owner.query(
    'select business_id as id from business union select organization_id from organization',
  )
  expect(rows.length).toBeLessThan(10)

  const clean = await nights()
  const cut = { chain: businessId, link: 1_000n, hash: 'f'.repeat(64) }
  const broken = await nights(() => [cut])

  expect([...clean.keys()].toSorted()).toEqual(rows.map(({ id }) => id).toSorted())
  expect(new Set(clean.values())).toEqual(new Set([0]))
  expect(broken.get(businessId)).toBe(1)
  expect(said).toContainEqual(
    expect.objectContaining({ tenantId: businessId, kind: 'chain_truncated' }),
  )
})

test('events are forgotten after their days, never before an endpoint has had them', async () => {
  const heard = await aListener()
  const unheard = await aBusiness()
  await unheard.write(createParty, { name: 'Old 1' })
  await unheard.write(createParty, { name: 'Old 2' })
  await heard.business.write(createParty, { name: 'Old' })
  const count = async ({ owner, businessId }: Business): Promise<number> => {
    const { rows } = await owner.query('select from event where tenant_id = $1', [businessId])
    return rows.length
  }
  const before = { heard: await count(heard.business), unheard: await count(unheard) }
  const late = '2026-09-13T12:00:00.001Z' as Instant
  await cleanEvents(partsOf(unheard, '2026-09-13T12:00:00.000Z' as Instant))
  expect(await count(unheard)).toBe(before.unheard)

  await cleanEvents(partsOf(unheard, late))

  expect([await count(heard.business), await count(unheard)]).toEqual([before.heard, 1])
  const found = await unheard.read((db) => verifyTenant(db, unheard.businessId, []))
  expect(found.findings).toEqual([])
  await expect(
    unheard.owner.query('delete from event where tenant_id = $1', [unheard.businessId]),
  ).rejects.toThrow('append-only')
})

test('a closed period is anchored within minutes, chains beside it with the next hour', async () => {
  const closed = await aBusiness()
  await aBusiness()
  await closed.write(closePeriods, {
    ...{
      throughDate: asDate('2026-05-31'),
      reason: 'month end',
      acknowledgeDrafts: false,
      moreChecks: [],
    },
  })
  const file = join(mkdtempSync(join(tmpdir(), 'anchors-')), 'anchors.jsonl')
  const key = anchorKeyOf(randomBytes(32))
  const chains = () => {
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.map((line) => JSON.parse(line).chain)
  }
  const anchor = async (due?: ReadonlyMap<string, bigint>): Promise<void> => {
    await appendAnchors(closed.owner, { file, key, at: now, due })
  }
  const run = (name: string) =>
    tasks.find((task) => task.name === name)?.run({ ...partsOf(closed), anchor })
  await run('chain.anchor_closes')
  await run('chain.anchor_closes')
  expect(chains()).toEqual([closed.businessId])

  await run('chain.anchor')

  expect(new Set(chains()).size).toBe(chains().length)
  expect(chains().length).toBeGreaterThan(2)
})

test('a data type is read again once its hours have passed, and not twice', async () => {
  const company = await aCompany()
  const { connect: client, companyId, connectionPath } = company
  const made = await client.post(`/companies/${companyId}/connections`, { platformKey: 'mqjo' })
  const path = connectionPath(made.body.id)
  await client.put(`${path}/authorization`, { scenario: 'ok' })
  const count = async (): Promise<number> => {
    const { rows } = await company.owner.query<{ count: bigint }>(
      `select count(*) as count from dataset where connection_id = $1 and data_type = 'invoices'`,
      [made.body.id],
    )
    return Number(rows[0]?.count)
  }
  const first = await count()
  await runSchedules(partsOf(company, '2026-06-16T11:59:59.000Z' as Instant))
  expect(await count()).toBe(first)

  await runSchedules(partsOf(company, '2026-06-16T12:00:00.000Z' as Instant))
  await runSchedules(partsOf(company, '2026-06-16T12:00:00.000Z' as Instant))

  expect(await count()).toBe(first + 1)
})

test('a push that is over time ends although nobody looks', async () => {
  const company = await aCompany()
  const { connect: client, companyId, connectionPath } = company
  const made = await client.post(`/companies/${companyId}/connections`, { platformKey: 'mqjo' })
  const path = connectionPath(made.body.id)
  await client.put(`${path}/authorization`, { scenario: 'pushTimeout' })
  const body = { lineItems: [{ description: 'Survey', quantity: 1, unitAmount: 1 }] }
  await client.post(`${path}/push/invoices?timeoutInMinutes=1`, body)

  await timeOutLatePushes(partsOf(company, '2026-06-15T12:01:00.000Z' as Instant))
  await timeOutLatePushes(partsOf(company, '2026-06-15T12:01:00.000Z' as Instant))

  const { rows } = await company.owner.query(
    `select status, status_code, error_message is not null as "hasMessage" from push_operation
      where connection_id = $1`,
    [made.body.id],
  )
  expect(rows).toEqual([{ status: 'TimedOut', status_code: 408, hasMessage: true }])
  const { rows: told } = await company.owner.query(
    `select from event where tenant_id = $1 and type = 'push.timed_out'`,
    [company.organizationId],
  )
  expect(told).toHaveLength(1)
})

test('the operator hears when credits and charges differ', async () => {
  const { owner, organizationId } = await aBusiness()
  const said: object[] = []
  const log = { error: (fields: object) => said.push(fields) }
  await reconcileMeter({ adminPool: owner, log })
  expect(said).toEqual([])
  await owner.query(
    `insert into meter_account (organization_id, code, asset, balance)
     values ($1, 'consumed', 'CALL', 3)`,
    [organizationId],
  )

  await reconcileMeter({ adminPool: owner, log })

  expect(said).toEqual([{ difference: 3 }])
})

test('the owner of a key hears 14, 7 and 1 days before its end, each once', async () => {
  const { owner, gate, organizationId, clientOf } = await aBusiness()
  await clientOf('books', { expiresAt: '2026-07-01T12:00:00.000Z' as Instant })
  const told = async (at: string): Promise<readonly number[]> => {
    await remindOfKeys(partsOf({ owner, gate }, at as Instant))
    await remindOfKeys(partsOf({ owner, gate }, at as Instant))
    const { rows } = await owner.query<{ days: number }>(
      `select (payload ->> 'days')::int as days from event
        where tenant_id = $1 and type = 'api_key.expiring'
          and payload ->> 'expiresAt' = '2026-07-01T12:00:00.000Z' order by sequence`,
      [organizationId],
    )
    return rows.map(({ days }) => days)
  }
  expect(await told('2026-06-17T11:59:59.000Z')).toEqual([])
  expect(await told('2026-06-17T12:00:00.000Z')).toEqual([14])
  expect(await told('2026-06-24T13:00:00.000Z')).toEqual([14, 7])
  expect(await told('2026-06-30T18:00:00.000Z')).toEqual([14, 7, 1])
  expect(await told('2026-07-01T12:00:00.000Z')).toEqual([14, 7, 1])
})
