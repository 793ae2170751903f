import { setTimeout as pause } from 'node:timers/promises'
import { require } from './bench-error.ts'
import { type Fault, gonePath, openUnruly, type Unruly } from './unruly.ts'

/** A worker of the product in a process of its own. */
export type WorkerProcess = Readonly<{
  kill: (signal: 'SIGKILL' | 'SIGTERM') => void
  ended: Promise<unknown>
}>

/** An installation whose API answers and whose workers are started here. */
export type Site = Readonly<{
  origin: string
  /** A test business: its endpoints may be on loopback. */
  businessId: string
  invoicingKey: string
  booksKey: string
  query: <Row>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>
  /** Resolves once it works; its clock is so many minutes ahead, so that retries are due sooner. */
  startWorker: (minutesAhead: number) => Promise<WorkerProcess>
}>

/** What a run came to. */
export type Found = Readonly<{
  events: number
  kills: number
  /** Events of an endpoint that no answer of success was ever begun for. */
  lost: number
  /** Events without a row that says what became of them, at an endpoint. */
  unaccounted: number
  /** Events that did not come with the same bytes each time. */
  changed: number
  /** Deliveries with two rows, and messages that no event stands behind. */
  foreign: number
  followed: number
  /** Successes beyond the first, each with the id and the bytes of the first. */
  duplicates: number
  attempts: number
  seconds: number
  faults: Readonly<Partial<Record<Fault | 'gone' | 'refused', number>>>
}>

const callers = 16
const stepMinutes = 2
const drainStepMinutes = 5
const progressLimitMs = 30_000
const drainLimitMs = 240_000
const drainRoundsMax = 40
const pollMs = 50
const minuteMs = 60_000
const workingEndpoints = 2

/**
 * Events under load while receivers misbehave and workers are killed, one after the other; then all
 * that is left is worked off. Source: proof specification 6, F8 to F10.
 */
export async function deliverUnderFaults(
  site: Site,
  { events, kills, say }: Readonly<{ events: number; kills: number; say: (text: string) => void }>,
): Promise<Found> {
  const began = performance.now()
  const receiver = await openUnruly()
  try {
    await openEndpoints(site, receiver.port)
    const loading = makeEvents(site, events)
    let ahead = 0
    for (let kill = 1; kill <= kills; kill += 1) {
      const worker = await site.startWorker(ahead)
      const share = (0.9 * kill) / (kills + 1)
      await untilAccepted(receiver, Math.floor(events * workingEndpoints * share))
      if (kill % 8 === 3) await receiver.vanish(500)
      await pause(Math.random() * 200)
      worker.kill('SIGKILL')
      await worker.ended
      ahead += stepMinutes
      say(`kill ${kill} of ${kills}: ${receiver.acceptedCount()} events accepted before it`)
    }
    await loading
    await drain(site, ahead, say)
    return await judge(site, receiver, { events, kills, began })
  } finally {
    await receiver.close()
  }
}

async function openEndpoints({ origin, businessId, ...keys }: Site, port: number): Promise<void> {
  const url = (path: string) => `http://127.0.0.1:${port}${path}`
  const wanted = { events: ['customer.created'] }
  const books = `${origin}/books/v1/webhooks?businessId=${businessId}`
  await post(books, keys.booksKey, { url: url('/books'), ...wanted })
  await post(books, keys.booksKey, { url: url(gonePath), ...wanted })
  const invoicing = `${origin}/invoicing/api/v1/webhooks`
  await post(invoicing, keys.invoicingKey, { url: url('/invoicing'), ...wanted })
}

/** One customer is one event. */
async function makeEvents({ origin, invoicingKey }: Site, events: number): Promise<void> {
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < events) {
      next += 1
      const body = { name: `Customer ${next}` }
      await post(`${origin}/invoicing/api/v1/customers`, invoicingKey, body)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

async function post(url: string, key: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  require(answer.status === 201, `${url} answered ${answer.status}: ${text}`)
}

async function untilAccepted(receiver: Unruly, wanted: number): Promise<void> {
  const began = performance.now()
  while (receiver.acceptedCount() < wanted && performance.now() - began < progressLimitMs) {
    await pause(pollMs)
  }
}

type Left = Readonly<{ waiting: number; due: number; unsent: number; first: string | null }>

/** Lets workers work, later and later, until nothing is left. */
async function drain(site: Site, from: number, say: (text: string) => void): Promise<void> {
  let ahead = from
  for (let round = 1; ; round += 1) {
    const worker = await site.startWorker(ahead)
    const began = performance.now()
    let left = await look(site, ahead)
    while (left.due + left.unsent > 0) {
      require(performance.now() - began <
        drainLimitMs, `${left.due} deliveries are not worked off.`)
      await pause(pollMs)
      left = await look(site, ahead)
    }
    worker.kill('SIGTERM')
    await worker.ended
    left = await look(site, ahead)
    say(`worked off at +${ahead} minutes, ${left.waiting} deliveries wait for a later attempt`)
    if (left.waiting === 0) return
    require(round < drainRoundsMax, `${left.waiting} deliveries never come to an end.`)
    const first = Date.parse(left.first ?? '') - Date.now()
    ahead = Math.max(ahead, Math.ceil(first / minuteMs)) + drainStepMinutes
  }
}

async function look({ query, businessId }: Site, minutesAhead: number): Promise<Left> {
  const [left] = await query<Left>(
    `select count(*)::int as waiting,
      (count(*) filter (where d.due_at <= now() + $2::int * interval '1 minute'))::int as due,
      (select (h.event_seq - coalesce(c.sequence, 0))::int from lane_head as h
        left join event_cursor as c on c.tenant_id = h.tenant_id where h.tenant_id = $1) as unsent,
      to_char(min(d.due_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as first
    from delivery as d where d.tenant_id = $1 and d.due_at is not null`,
    [businessId, minutesAhead],
  )
  require(left !== undefined, 'Counting answered nothing.')
  return left
}

async function judge(
  { query, businessId }: Site,
  receiver: Unruly,
  { events, kills, began }: Readonly<{ events: number; kills: number; began: number }>,
): Promise<Found> {
  const rows = await query<{ id: string }>(
    `select 'evt_' || replace(event_id::text, '-', '') as id from event
      where tenant_id = $1 and type = 'party.created' order by sequence`,
    [businessId],
  )
  require(rows.length === events, `${events} customers made ${rows.length} events.`)
  const known = new Set(
    rows.flatMap(({ id }) => ['/books', '/invoicing'].map((path) => `${path} ${id}`)),
  )
  const fates = [...receiver.fates]
  const isLost = (key: string): boolean => (receiver.fates.get(key)?.accepted ?? 0) === 0
  const [counts] = await query<{ unaccounted: number; doubled: number }>(
    `select
      (select count(*)::int from event as ev cross join endpoint as e
        where ev.tenant_id = $1 and ev.type = 'party.created' and not exists (
          select from delivery as d where d.endpoint_id = e.endpoint_id and d.event_id = ev.event_id)
      ) as unaccounted,
      (select count(*)::int from (
        select from delivery as d where d.tenant_id = $1
        group by d.endpoint_id, d.event_id having count(*) > 1) as x) as doubled`,
    [businessId],
  )
  const sum = (read: (fate: { attempts: number; accepted: number }) => number): number =>
    fates.reduce((total, [, fate]) => total + read(fate), 0)
  return {
    events,
    kills,
    lost: [...known].filter(isLost).length,
    unaccounted: counts?.unaccounted ?? events,
    changed: fates.filter(([, { isChanged }]) => isChanged).length,
    foreign: fates.filter(([key]) => !known.has(key)).length + (counts?.doubled ?? 0),
    followed: receiver.followedCount(),
    duplicates: sum(({ accepted }) => Math.max(0, accepted - 1)),
    attempts: sum(({ attempts }) => attempts),
    seconds: (performance.now() - began) / 1_000,
    faults: Object.fromEntries(receiver.faults),
  }
}
