import { createHmac, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { aBusiness, type Business, newId } from '../../test/harness.ts'
import { testLog } from '../../test/postgres.ts'
import {
  type Answer,
  aClosedPort,
  aRawServer,
  aReceiver,
  type Receiver,
} from '../../test/receiver.ts'
import { eventTypes, renderEvent, renderSample } from '../api/invoicing/webhook-events.ts'
import { openAlone } from '../db/tx.ts'
import { assert } from '../kernel/assert.ts'
import { type Instant, instantFromMs, msOf } from '../kernel/dates.ts'
import { createParty, updateParty } from '../modules/parties/party.actions.ts'
import {
  type DeliveryFilter,
  getDelivery,
  listDeliveries,
} from '../modules/webhooks/delivery.queries.ts'
import { deliveryBounds } from '../modules/webhooks/delivery.ts'
import {
  createEndpoint,
  type NewEndpoint,
  updateEndpoint,
} from '../modules/webhooks/endpoint.actions.ts'
import { getEndpoint } from '../modules/webhooks/endpoint.queries.ts'
import type { Endpoint } from '../modules/webhooks/endpoint.ts'
import type { EventRenderers } from '../modules/webhooks/event.ts'
import { recoverDeliveries, redeliver, sendTest } from '../modules/webhooks/replay.actions.ts'
import { parseAllowList } from './address.ts'
import { DeliveryEngine, type EngineParts } from './delivery-engine.ts'
import { Outbound } from './outbound.ts'

const noon = '2026-06-15T12:00:00.000Z' as Instant
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const outbound = new Outbound(
  { allowed: parseAllowList(['127.0.0.0/8']) ?? [], ports: [], isProduction: false },
  (name) => Promise.resolve(name === 'hooks.example.com' ? ['93.184.216.34'] : []),
)

/** The simplest shape of an event for the surfaces whose words are not looked at here. */
const plain: EventRenderers['connect'] = (event) => ({
  type: event.type,
  body: JSON.stringify({ id: event.id, type: event.type, sequence: Number(event.sequence) }),
  thin: JSON.stringify({ id: event.id, type: event.type, truncated: true }),
})

const renderers: EventRenderers = { invoicing: renderEvent, books: plain, connect: plain }

type Scene = Business &
  Readonly<{
    engine: DeliveryEngine
    /** Another worker process on the same rows. */
    anEngine: (more?: Partial<EngineParts>) => DeliveryEngine
    later: (ms: number) => void
    anEndpoint: (url: string, more?: Partial<NewEndpoint>) => Promise<Made>
    customer: (name: string) => Promise<string>
    log: (endpoint: Endpoint, filter?: Partial<DeliveryFilter>) => ReturnType<typeof listDeliveries>
    health: (endpoint: Endpoint) => Promise<Endpoint>
  }>

type Made = Readonly<{ endpoint: Endpoint; secret: string }>

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function receiver(answer?: Answer): Promise<Receiver> {
  const made = await aReceiver(answer)
  closers.push(made.close)
  return made
}

async function aScene(): Promise<Scene> {
  const business = await aBusiness({ environment: 'test' })
  // An engine works for every organization; what another test has left is none of ours.
  closers.push(async () => {
    await business.owner.query(`update endpoint set deleted_at = '2026-06-15T12:00:00Z'`)
  })
  let now = noon
  const set = (ms: number): void => {
    now = instantFromMs(ms)
    business.clock.set(now)
  }
  const anEngine: Scene['anEngine'] = (more = {}) => {
    const made = new DeliveryEngine({
      adminPool: business.owner,
      clock: () => now,
      random: (bytes) => (bytes === 2 ? new Uint8Array(2) : randomBytes(bytes)),
      openSecret: (place, sealed) => openAlone(business.owner, place, sealed),
      outbound,
      renderers,
      log: { info: () => undefined, warn: () => undefined, error: testLog.error },
      timeoutMs: 400,
      ...more,
    })
    closers.push(() => made.stop())
    return made
  }
  const { organizationId, businessId, read, write } = business
  const scopeOf = ({ surface }: Endpoint) => ({ organizationId, surface })
  return {
    ...business,
    engine: anEngine(),
    anEngine,
    later: (ms) => set(msOf(now) + ms),
    anEndpoint: (url, more = {}) =>
      write(createEndpoint, {
        surface: 'invoicing',
        environment: 'test',
        url,
        events: ['*'],
        knownEvents: eventTypes,
        random: randomBytes(32),
        ...(more.surface === undefined && { businessId }),
        ...more,
      }),
    customer: async (name) => (await write(createParty, { name })).id,
    log: ({ id: endpointId }, filter = {}) =>
      read((db) =>
        listDeliveries(db, { organizationId, endpointId, limit: 500, offset: 0, ...filter }),
      ),
    health: (endpoint) => read((db) => getEndpoint(db, scopeOf(endpoint), endpoint.id)),
  }
}

const customerOf = (body: string): string =>
  (JSON.parse(body) as { data: { name: string } }).data.name

test('an event reaches its endpoint once, signed, with bytes that survive a second writing', async () => {
  const { engine, anEndpoint, customer, log, health } = await aScene()
  const { url, received } = await receiver()
  const { endpoint, secret } = await anEndpoint(url)
  const id = await customer('Ọláwálé & Sons')

  expect(await engine.fanOut()).toBeGreaterThan(0)
  expect(await engine.deliverDue()).toBe(1)
  expect(await engine.fanOut()).toBe(0)
  expect(await engine.deliverDue()).toBe(0)

  const [one] = received
  assert(one !== undefined, 'something was received')
  const { headers, body } = one
  const again = JSON.stringify(JSON.parse(body))
  const timestamp = headers['x-webhook-timestamp']
  const signature = createHmac('sha256', secret).update(`${timestamp}.${again}`).digest('hex')
  const envelope = JSON.parse(body)
  const { rows } = await log(endpoint)
  expect(received).toHaveLength(1)
  expect(again).toBe(body)
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'Tallystick-Webhooks/1',
    'x-webhook-event': 'customer.created',
    'x-webhook-event-id': envelope.id,
    'x-webhook-id': rows[0]?.attempts[0]?.id,
    'x-webhook-timestamp': `${msOf(noon) / 1_000}`,
    'x-webhook-signature': signature,
  })
  expect(Object.keys(envelope)).toEqual(['id', 'type', 'created_at', 'business_id', 'data'])
  expect(envelope.data).toMatchObject({ id, name: 'Ọláwálé & Sons', customer: { id } })
  expect(rows).toMatchObject([
    {
      state: 'delivered',
      eventType: 'customer.created',
      dueAt: null,
      attempts: [{ number: 1, status: 'success', httpStatus: 200 }],
    },
  ])
  expect(await health(endpoint)).toMatchObject({ consecutiveFailures: 0, failingSince: null })
})

test('what happened before an endpoint existed is not sent, what came after is', async () => {
  const { engine, anEndpoint, customer } = await aScene()
  await customer('Before')
  const { url, received } = await receiver()
  await anEndpoint(url)
  await customer('After')
  await engine.fanOut()
  await engine.deliverDue()

  expect(received.map(({ body }) => customerOf(body))).toEqual(['After'])
})

test('an endpoint gets the types it asked for, in the order of their events', async () => {
  const { engine, anEndpoint, customer } = await aScene()
  const [all, none] = [await receiver(), await receiver()]
  await anEndpoint(all.url, { events: ['customer.created'] })
  await anEndpoint(none.url, { events: ['invoice.paid'] })
  const names = Array.from({ length: 12 }, (_, i) => `Customer ${i}`)
  for (const name of names) await customer(name)
  await engine.fanOut()
  await engine.deliverDue()

  expect(all.received.map(({ body }) => customerOf(body)).sort()).toEqual([...names].sort())
  expect(none.received).toEqual([])
})

const refused: readonly (readonly [string, () => Promise<string>, object])[] = [
  ['refuses the connection', refusing, { httpStatus: null, error: 'connection failed' }],
  ['resets the connection', resetting, { httpStatus: null, error: 'connection failed' }],
  ['answers 500', answering(500, 'oops'), { httpStatus: 500, error: null, excerpt: 'oops' }],
  ['answers 429', answering(429), { httpStatus: 429, error: null }],
  ['redirects to loopback', redirecting, { httpStatus: 302, error: null }],
  ['hangs', hanging, { httpStatus: null, error: 'no answer in time' }],
  ['answers too late', slow, { httpStatus: null, error: 'no answer in time' }],
  ['closes in the middle of its answer', cutting, { httpStatus: null, error: 'connection failed' }],
  ['sends a bad certificate', insecure, { httpStatus: null }],
  ['has an unknown name', unknown, { httpStatus: null, error: 'connection failed' }],
  ['does not speak HTTP', babbling, { httpStatus: null, error: 'answer not readable' }],
]

test.each(refused)(
  'a receiver that %s is tried by the schedule, then given up',
  async (_name, open, seen) => {
    const { engine, anEndpoint, customer, log, later } = await aScene()
    const { endpoint } = await anEndpoint(await open())
    await customer('Lantern & Rye')
    await engine.fanOut()
    const waits: number[] = []
    for (const ms of [0, minute, 5 * minute, 30 * minute, 2 * hour, day]) {
      if (ms > 0) {
        later(ms - 1)
        expect(await engine.deliverDue()).toBe(0)
        later(1)
      }
      expect(await engine.deliverDue()).toBe(1)
      waits.push(ms)
    }
    later(10 * day)
    expect(await engine.deliverDue()).toBe(0)

    const { rows } = await log(endpoint)
    expect(rows).toMatchObject([{ state: 'failed', dueAt: null }])
    expect(rows[0]?.attempts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
    for (const attempt of rows[0]?.attempts ?? []) {
      expect(attempt).toMatchObject({ status: 'failed', ...seen })
    }
  },
)

test.each([
  ['an endless body', endless],
  ['a body that would inflate', inflating],
  ['garbage', answering(200, '\u0000\u001b[31m<script>')],
])(
  'a receiver that answers 200 with %s is a success, and little of it is kept',
  async (_name, open) => {
    const { engine, anEndpoint, customer, log } = await aScene()
    const { endpoint } = await anEndpoint(await open())
    await customer('Lantern & Rye')
    await engine.fanOut()
    await engine.deliverDue()

    const { rows } = await log(endpoint)
    const excerpt = rows[0]?.attempts[0]?.excerpt ?? ''
    expect(rows).toMatchObject([{ state: 'delivered' }])
    expect(excerpt.length).toBeLessThanOrEqual(10_000)
    expect(excerpt).not.toContain('\u001b')
  },
)

test('410 disables an endpoint at once and calls off what waits for it', async () => {
  const { engine, anEndpoint, customer, log, health } = await aScene()
  const { url } = await receiver(() => ({ status: 410 }))
  const { endpoint } = await anEndpoint(url, { isOrdered: true })
  for (const name of ['One', 'Two', 'Three', 'Four', 'Five', 'Six']) await customer(name)
  await engine.fanOut()
  await engine.deliverDue()
  await customer('Seven')
  await engine.fanOut()
  await engine.deliverDue()

  const { rows } = await log(endpoint)
  const states = new Set(rows.map(({ state }) => state))
  expect(await health(endpoint)).toMatchObject({ status: 'disabled', disabledReason: 'gone' })
  expect(rows).toHaveLength(7)
  expect([...states].sort()).toEqual(['dropped_disabled', 'failed'])
})

test('100 failures in a row disable an Invoicing endpoint; a success starts the count anew', async () => {
  const { engine, anEndpoint, customer, health, later, owner } = await aScene()
  const { url, answer } = await receiver(() => ({ status: 500 }))
  const { endpoint } = await anEndpoint(url)
  const fail = (count: number) =>
    owner.query('update endpoint set consecutive_failures = $2 where endpoint_id = $1', [
      endpoint.id,
      count,
    ])
  await customer('One')
  await engine.fanOut()
  await fail(98)
  await engine.deliverDue()
  expect(await health(endpoint)).toMatchObject({ status: 'enabled', consecutiveFailures: 99 })

  answer(() => ({ status: 200 }))
  later(minute)
  await engine.deliverDue()
  expect(await health(endpoint)).toMatchObject({ status: 'enabled', consecutiveFailures: 0 })

  answer(() => ({ status: 500 }))
  await customer('Two')
  await engine.fanOut()
  await fail(99)
  await engine.deliverDue()
  expect(await health(endpoint)).toMatchObject({
    status: 'disabled',
    disabledReason: 'failures',
    consecutiveFailures: 100,
  })
})

test('Connect disables after five days of failures that lie half a day apart', async () => {
  const { engine, anEndpoint, customer, health, later } = await aScene()
  const { url } = await receiver(() => ({ status: 500 }))
  const { endpoint } = await anEndpoint(url, { surface: 'connect', businessId: null })
  await customer('One')
  await engine.fanOut()
  await engine.deliverDue()
  later(13 * hour)
  await customer('Two')
  await engine.fanOut()
  await engine.deliverDue()
  later(4 * day)
  await engine.deliverDue()
  expect(await health(endpoint)).toMatchObject({ status: 'enabled', disabledReason: null })

  later(day)
  await engine.deliverDue()
  expect(await health(endpoint)).toMatchObject({ status: 'disabled', disabledReason: 'failures' })
})

test('Retry-After postpones the next attempt and adds none', async () => {
  const { engine, anEndpoint, customer, log, later } = await aScene()
  const { url } = await receiver(() => ({ status: 503, headers: { 'Retry-After': '600' } }))
  const { endpoint } = await anEndpoint(url)
  await customer('One')
  await engine.fanOut()
  await engine.deliverDue()
  later(10 * minute - 1)
  expect(await engine.deliverDue()).toBe(0)
  later(1)
  expect(await engine.deliverDue()).toBe(1)

  const { rows } = await log(endpoint)
  expect(rows[0]?.attempts).toHaveLength(2)
})

test('a worker that dies after the answer is followed by another: same event, same bytes', async () => {
  const { anEngine, engine, anEndpoint, customer, log, later } = await aScene()
  const { url, received } = await receiver()
  const { endpoint } = await anEndpoint(url)
  for (const name of ['One', 'Two', 'Three']) await customer(name)
  for (let kill = 0; kill < 3; kill += 1) {
    const seen = received.length
    const dying = anEngine({ onAnswered: () => Promise.reject(new Error('killed')), log: quiet })
    await dying.fanOut()
    expect(await dying.deliverDue()).toBe(3)
    expect(received.length - seen).toBe(3)
    // Nobody else touches them while the dead worker's lease lasts.
    expect(await engine.deliverDue()).toBe(0)
    later(minute)
  }
  expect(await engine.deliverDue()).toBe(3)

  const byEvent = new Map<string, Set<string>>()
  for (const { headers, body } of received) {
    const id = String(headers['x-webhook-event-id'])
    byEvent.set(id, (byEvent.get(id) ?? new Set()).add(body))
  }
  const { rows } = await log(endpoint)
  expect(received).toHaveLength(12)
  expect([...byEvent.values()].map(({ size }) => size)).toEqual([1, 1, 1])
  expect(rows.map(({ state, attempts }) => [state, attempts.length])).toEqual([
    ['delivered', 1],
    ['delivered', 1],
    ['delivered', 1],
  ])
})

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

test('1,000 events through a bad receiver and dying workers: none lost, none under another id', async () => {
  const { anEngine, anEndpoint, customer, later, owner, organizationId } = await aScene()
  const tries = new Map<string, number>()
  const moody = await receiver(({ headers, body }) => {
    const id = String(headers['x-webhook-event-id'])
    const count = (tries.get(id) ?? 0) + 1
    tries.set(id, count)
    const mood = body.length % 7
    if (mood === 0 && count < 3) return { status: 500 }
    if (mood === 3 && count < 2) return { status: 429, headers: { 'Retry-After': '30' } }
    return { status: 200 }
  })
  const steady = await receiver()
  const bad = await anEndpoint(moody.url)
  const good = await anEndpoint(steady.url)
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => customer(`Customer ${i}`)))
  for (let round = 0; round < 40; round += 1) {
    let deaths = 0
    const worker = anEngine({
      log: quiet,
      onAnswered: () => {
        deaths += 1
        return round < 3 && deaths % 50 === 0
          ? Promise.reject(new Error('killed'))
          : Promise.resolve()
      },
    })
    await worker.fanOut()
    await worker.deliverDue()
    later(hour)
  }

  const { rows } = await owner.query(
    `select endpoint_id, state, count(*)::int as count, count(distinct event_id)::int as events
     from delivery where organization_id = $1 group by 1, 2 order by 1, 2`,
    [organizationId],
  )
  const delivered = { state: 'delivered', count: 1_000, events: 1_000 }
  expect(rows).toHaveLength(2)
  expect(rows).toContainEqual({ endpoint_id: bad.endpoint.id, ...delivered })
  expect(rows).toContainEqual({ endpoint_id: good.endpoint.id, ...delivered })
  for (const { received } of [moody, steady]) {
    const bodyById = new Map(received.map((one) => [one.headers['x-webhook-event-id'], one.body]))
    expect(bodyById.size).toBe(1_000)
    expect(
      received.every((one) => bodyById.get(one.headers['x-webhook-event-id']) === one.body),
    ).toBe(true)
  }
}, 180_000)

test('the hourly quota is exact with two workers, and what is over it waits for the next hour', async () => {
  const { owner, organizationId, engine, anEngine, anEndpoint, customer, log, later } =
    await aScene()
  await owner.query(
    `update subscription set plan = 'basic' where organization_id = $1 and surface = 'invoicing'`,
    [organizationId],
  )
  const { url, received } = await receiver()
  const { endpoint } = await anEndpoint(url)
  await Promise.all(Array.from({ length: 130 }, (_, i) => customer(`Customer ${i}`)))
  await engine.fanOut()
  const other = anEngine()
  await Promise.all([engine.deliverDue(), other.deliverDue()])
  await engine.deliverDue()
  expect(received).toHaveLength(100)
  const waiting = (await log(endpoint)).rows.filter(({ state }) => state === 'deferred')
  expect(waiting).toHaveLength(30)
  expect(new Set(waiting.map(({ dueAt }) => dueAt))).toEqual(new Set(['2026-06-15T13:00:00.000Z']))

  later(hour)
  await engine.deliverDue()
  expect(received).toHaveLength(130)
})

test('a queue that is too long loses its newest events, and can be recovered', async () => {
  const { owner, organizationId, engine, anEndpoint, customer, log, write } = await aScene()
  await owner.query(
    `update subscription set plan = 'basic' where organization_id = $1 and surface = 'invoicing'`,
    [organizationId],
  )
  const { url } = await receiver()
  const { endpoint } = await anEndpoint(url)
  await Promise.all(Array.from({ length: 110 }, (_, i) => customer(`Customer ${i}`)))
  await engine.fanOut()
  await owner.query(
    `insert into delivery (organization_id, delivery_id, endpoint_id, tenant_id, sequence, event_id,
       event_type, resource_id, state, is_replayed, sealed_body, due_at, created_at)
     select organization_id, gen_random_uuid(), endpoint_id, tenant_id, 0, gen_random_uuid(), 'x', 'x',
       'deferred', false, '', '2026-06-15T13:00:00Z', created_at
     from delivery, generate_series(1, $2) where endpoint_id = $1 and sequence = (
       select min(sequence) from delivery where endpoint_id = $1)`,
    [endpoint.id, deliveryBounds.deferredMax - 4],
  )
  await engine.deliverDue()
  const dropped = (await log(endpoint, { state: 'dropped_quota' })).rows
  const { rows: notices } = await owner.query(
    `select kind from webhook_notice where endpoint_id = $1`,
    [endpoint.id],
  )

  expect(dropped).toHaveLength(6)
  expect(notices).toEqual([{ kind: 'quota' }])
  const scope = { organizationId, surface: 'invoicing' } as const
  const recovered = await write(recoverDeliveries, {
    scope,
    endpointId: endpoint.id,
    since: noon,
    only: 'failed',
    render: renderEvent,
  })
  expect(recovered).toEqual({ queued: 6 })
})

test('one bad endpoint does not delay another', async () => {
  const { engine, anEndpoint, customer, log } = await aScene()
  const steady = await receiver()
  const bad = await anEndpoint(await hanging())
  const good = await anEndpoint(steady.url)
  await Promise.all(Array.from({ length: 40 }, (_, i) => customer(`Customer ${i}`)))
  const served = new Promise<void>((resolve) => {
    steady.answer(() => {
      if (steady.received.length === 40) resolve()
      return { status: 200 }
    })
  })
  engine.start()
  await served
  const { rows } = await log(bad.endpoint)

  expect(rows.filter(({ attempts }) => attempts.length > 0).length).toBeLessThan(40)
  expect((await log(good.endpoint)).total).toBe(40)
})

test('at most 4 attempts run at an endpoint at once, and 1 after five failures', async () => {
  const { engine, anEndpoint, customer, later } = await aScene()
  const state = { running: 0, most: 0, status: 200 }
  const { url } = await receiver(async () => {
    state.running += 1
    state.most = Math.max(state.most, state.running)
    await new Promise((resolve) => setTimeout(resolve, 20))
    state.running -= 1
    return { status: state.status }
  })
  await anEndpoint(url)
  await Promise.all(Array.from({ length: 20 }, (_, i) => customer(`Customer ${i}`)))
  await engine.fanOut()
  await engine.deliverDue()
  expect(state.most).toBe(4)

  Object.assign(state, { status: 500 })
  await Promise.all(Array.from({ length: 8 }, (_, i) => customer(`Next ${i}`)))
  await engine.fanOut()
  await engine.deliverDue()
  Object.assign(state, { most: 0 })
  later(minute)
  await engine.deliverDue()
  expect(state.most).toBe(1)
})

test('on an ordered endpoint the next event of a resource waits for the one before', async () => {
  const { engine, anEndpoint, write, later } = await aScene()
  const { url, received, answer } = await receiver(() => ({ status: 500 }))
  await anEndpoint(url, { isOrdered: true })
  const party = await write(createParty, { name: 'One' })
  await write(updateParty, { partyId: party.id, changes: { name: 'Two' } })
  await write(createParty, { name: 'Other' })
  await engine.fanOut()
  await engine.deliverDue()
  expect(received.map(({ body }) => customerOf(body)).sort()).toEqual(['One', 'Other'])

  answer(() => ({ status: 200 }))
  later(minute)
  await engine.deliverDue()
  expect(
    received
      .slice(2)
      .map(({ body }) => customerOf(body))
      .at(-1),
  ).toBe('Two')
})

test('disabling drops what is new and cancels retries; enabling forgets the failures', async () => {
  const { engine, anEndpoint, customer, log, write, health, organizationId } = await aScene()
  const { url, received, answer } = await receiver(() => ({ status: 500 }))
  const { endpoint } = await anEndpoint(url)
  const scope = { organizationId, surface: 'invoicing' } as const
  const change = (isEnabled: boolean) =>
    write(updateEndpoint, {
      scope,
      endpointId: endpoint.id,
      changes: {},
      knownEvents: eventTypes,
      isEnabled,
    })
  await customer('Retried')
  await engine.fanOut()
  await engine.deliverDue()
  await customer('Waiting')
  await engine.fanOut()
  await change(false)
  await customer('Dropped')
  await engine.fanOut()
  expect((await log(endpoint)).rows.map(({ state }) => state).sort()).toEqual([
    'canceled',
    'dropped_disabled',
    'dropped_disabled',
  ])

  answer(() => ({ status: 200 }))
  await change(true)
  expect(await health(endpoint)).toMatchObject({ status: 'enabled', consecutiveFailures: 0 })
  const render = renderEvent
  expect(
    await write(recoverDeliveries, { scope, endpointId: endpoint.id, since: noon, render }),
  ).toEqual({ queued: 3 })
  await engine.deliverDue()
  expect(
    received
      .slice(1)
      .map(({ body }) => customerOf(body))
      .sort(),
  ).toEqual(['Dropped', 'Retried', 'Waiting'])
  expect(
    await write(recoverDeliveries, { scope, endpointId: endpoint.id, since: noon, render }),
  ).toEqual({ queued: 0 })
})

test('an event that cannot be rendered holds up nobody, and is sent once it can be', async () => {
  const { anEngine, anEndpoint, customer, log, write, organizationId } = await aScene()
  const { url, received } = await receiver()
  const { endpoint } = await anEndpoint(url, { events: ['customer.created'] })
  const faults: string[] = []
  const broken = anEngine({
    renderers: {
      invoicing: (event, business) => {
        if (event.payload['name'] === 'Odd') throw new Error('a renderer that is wrong')
        return renderEvent(event, business)
      },
    },
    log: { ...quiet, error: (_fields, message) => faults.push(message) },
  })
  for (const name of ['One', 'Odd', 'Two']) await customer(name)
  await broken.fanOut()
  await broken.deliverDue()
  expect(received.map(({ body }) => customerOf(body)).sort()).toEqual(['One', 'Two'])
  expect(faults).toEqual(['an event could not be rendered'])
  expect((await log(endpoint, { state: 'failed' })).total).toBe(1)

  const scope = { organizationId, surface: 'invoicing' } as const
  const recovery = { scope, endpointId: endpoint.id, since: noon, render: renderEvent }
  expect(await write(recoverDeliveries, recovery)).toEqual({ queued: 1 })
  await broken.deliverDue()
  expect(received.map(({ body }) => customerOf(body))).toContain('Odd')
})

test('a redelivery is a new delivery with the same event id and bytes; a test event says so', async () => {
  const { engine, anEndpoint, customer, log, write, organizationId, read } = await aScene()
  const { url, received } = await receiver()
  const { endpoint } = await anEndpoint(url)
  const scope = { organizationId, surface: 'invoicing' } as const
  await customer('One')
  await engine.fanOut()
  await engine.deliverDue()
  const [first] = (await log(endpoint)).rows
  const again = await write(redeliver, {
    scope,
    endpointId: endpoint.id,
    deliveryId: first?.id ?? '',
  })
  const tested = await write(sendTest, {
    scope,
    endpointId: endpoint.id,
    sample: {
      type: 'invoice.paid',
      knownEvents: eventTypes,
      render: (id) => renderSample('invoice.paid', { id, at: noon, businessId: newId('business') }),
    },
  })
  await engine.deliverDue()
  const place = { organizationId, endpointId: endpoint.id, deliveryId: again.id }

  expect(await read((db) => getDelivery(db, place))).toMatchObject({
    eventId: first?.eventId,
    isReplayed: true,
    state: 'delivered',
    attempts: [{ number: 1 }],
  })
  const twice = received.filter(({ headers }) => headers['x-webhook-event'] === 'customer.created')
  expect(new Set(twice.map(({ body }) => body)).size).toBe(1)
  expect(twice[0]?.headers['x-webhook-id']).not.toBe(twice[1]?.headers['x-webhook-id'])
  const sample = received.find(({ headers }) => headers['x-webhook-event'] === 'invoice.paid')
  expect(JSON.parse(sample?.body ?? '').data.test).toBe(true)
  expect(tested.state).toBe('pending')
})

test('two workers on the same rows send everything once', async () => {
  const { engine, anEngine, anEndpoint, customer } = await aScene()
  const [one, two] = [await receiver(), await receiver()]
  await anEndpoint(one.url)
  await anEndpoint(two.url)
  await Promise.all(Array.from({ length: 60 }, (_, i) => customer(`Customer ${i}`)))
  const other = anEngine()
  await Promise.all([engine.fanOut(), other.fanOut()])
  await Promise.all([engine.deliverDue(), other.deliverDue()])
  await engine.deliverDue()

  expect([one.received.length, two.received.length]).toEqual([60, 60])
})

async function refusing(): Promise<string> {
  return `http://127.0.0.1:${await aClosedPort()}/in`
}

function answering(status: number, body?: string): () => Promise<string> {
  return async () => (await receiver(() => ({ status, ...(body !== undefined && { body }) }))).url
}

async function redirecting(): Promise<string> {
  const target = await receiver()
  const headers = { Location: target.url }
  const { url } = await receiver(() => {
    expect(target.received).toEqual([])
    return { status: 302, headers }
  })
  return url
}

async function raw(onSocket: Parameters<typeof aRawServer>[0]): Promise<string> {
  const server = await aRawServer(onSocket)
  closers.push(server.close)
  return server.url
}

function resetting(): Promise<string> {
  return raw((socket) => socket.resetAndDestroy())
}

function hanging(): Promise<string> {
  return raw(() => undefined)
}

function babbling(): Promise<string> {
  return raw((socket) => {
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
  })
}

/** The head comes in time, the rest does not. */
function slow(): Promise<string> {
  return raw((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'))
  })
}

function cutting(): Promise<string> {
  return raw((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nab'))
  })
}

function endless(): Promise<string> {
  return raw((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      const more = (): void => {
        while (socket.writable && socket.write(`4000\r\n${'a'.repeat(0x4000)}\r\n`));
      }
      socket.on('drain', more)
      more()
    })
  })
}

/** A kilobyte that says that it is a gigabyte: nobody unpacks it. */
async function inflating(): Promise<string> {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024))
  const { url } = await receiver((_received, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb)
    return undefined
  })
  return url
}

/** Something on a TLS port that has nothing to show. */
async function insecure(): Promise<string> {
  const plainText = await receiver()
  return plainText.url.replace('http:', 'https:')
}

function unknown(): Promise<string> {
  return Promise.resolve('https://nobody.example.com/in')
}
