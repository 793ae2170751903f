import { createServer, type Server } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { FlushSeen } from './api/http/admission.ts'
import type { Finished, Observer } from './api/http/observer.ts'
import { getServerVersion } from './db/inspection.ts'
import { getJobBacklog } from './db/job-backlog.ts'
import type { BatchSeen, Gate } from './db/lane.ts'
import { codeOf } from './db/launcher-lock.ts'
import type { Pool } from './db/pool.ts'
import { StartError } from './db/start-error.ts'
import { type Db, readSnapshot } from './db/tx.ts'
import type { AttemptSeen } from './jobs/delivery-engine.ts'
import type { Verified } from './jobs/tasks.ts'
import type { TaskSeen } from './jobs/worker.ts'
import type { Instant } from './kernel/dates.ts'
import { asId } from './kernel/ids.ts'
import { sumMeterDifference } from './modules/plans/usage.queries.ts'
import { countDisabledEndpoints, getBacklog } from './modules/webhooks/backlog.queries.ts'

/** What is asked at each scrape. */
export type Sources = Readonly<{
  pools: Readonly<Record<string, Pool>>
  /** Reads of the owner, for what spans tenants. */
  adminPool: Pool
  clock: () => Instant
  gate: Pick<Gate, 'commandCount' | 'transactionCount' | 'counts'>
  /** Rows that the request log has lost. */
  droppedRows: () => number
}>

export type MetricsListener = Readonly<{ origin: string; close: () => Promise<void> }>

const everybody = asId('organization', '00000000-0000-0000-0000-000000000000')
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const backlogMaxAgeMs = 5_000
const differenceMaxAgeMs = 3_600_000

const resultByCode: Readonly<Record<string, string>> = {
  'idempotency.key_reused': 'reused',
  'idempotency.in_progress': 'in_progress',
}

/**
 * Counts and durations of this process in the text form of Prometheus. Labels are bounded: surfaces,
 * operations, statuses and codes, never ids or paths.
 * Source: platform specification 23.
 */
export class Metrics implements Observer {
  readonly #registry = new Registry()
  readonly #tellers: (() => void)[] = []
  readonly #requests = this.#counter('http_requests_total', 'Requests that were answered', [
    'surface',
    'operation',
    'status',
  ])
  readonly #durations = this.#histogram(
    'http_request_duration_seconds',
    'From the first byte that was read to the answer',
    { labels: ['surface', 'operation'], buckets: durations },
  )
  readonly #inFlight = this.#gauge('http_requests_in_flight', 'Requests that are being answered', [
    'surface',
  ])
  readonly #refusals = this.#counter('refusals_total', 'Requests that were refused', [
    'surface',
    'code',
  ])
  readonly #unexpected = this.#counter('unexpected_total', 'Requests that failed by our fault', [
    'operation',
  ])
  readonly #idempotency = this.#counter('idempotency_total', 'Writes with an idempotency key', [
    'result',
  ])
  readonly #charges = this.#counter('meter_charges_total', 'Charges of calls that have ended', [
    'state',
  ])
  readonly #flushSize = this.#histogram('admission_batch_size', 'Requests of one admission', {
    labels: [],
    buckets: sizes,
  })
  readonly #flushSeconds = this.#histogram('admission_seconds', 'One statement of admission', {
    labels: [],
    buckets: durations,
  })
  readonly #poolWait = this.#histogram('db_pool_wait_seconds', 'Waits for a connection', {
    labels: ['pool'],
    buckets: durations,
  })
  readonly #attempts = this.#counter('webhook_attempts_total', 'Attempts of deliveries', [
    'surface',
    'result',
  ])
  readonly #firstAttempt = this.#histogram(
    'webhook_first_attempt_seconds',
    'From the outbox to the first attempt',
    { labels: ['surface'], buckets: [...durations, 60, 600, 3_600] },
  )
  readonly #jobs = this.#counter('jobs_total', 'Tasks that have ended', ['task', 'result'])
  readonly #jobSeconds = this.#histogram('job_duration_seconds', 'One run of a task', {
    labels: ['task'],
    buckets: durations,
  })
  readonly #denied = this.#counter('admission_denied_total', 'Requests over a limit', ['policy'])
  readonly #laneWait = this.#histogram('lane_wait_seconds', 'From the queue to the commit', {
    labels: [],
    buckets: durations,
  })
  readonly #laneBatch = this.#histogram('lane_batch_size', 'Writes that share a commit', {
    labels: [],
    buckets: sizes,
  })
  readonly #laneCommit = this.#histogram('lane_commit_seconds', 'One transaction of a lane', {
    labels: [],
    buckets: durations,
  })
  readonly #renders = this.#histogram('pdf_render_seconds', 'One document as PDF', {
    labels: [],
    buckets: durations,
  })
  readonly #findings = this.#gauge('verify_findings', 'What nightly verifications found', [])
  readonly #findingsByTenant = new Map<string, number>()
  readonly #build: Readonly<{ version: string; node: string }>

  constructor({ version, node }: Readonly<{ version: string; node: string }>) {
    collectDefaultMetrics({ register: this.#registry })
    this.#build = { version, node }
  }

  begin(surface: string): void {
    this.#inFlight.inc({ surface })
  }

  end({ surface, operation, status, code, seconds, idempotency, chargeState }: Finished): void {
    this.#inFlight.dec({ surface })
    this.#requests.inc({ surface, operation, status: String(status) })
    this.#durations.observe({ surface, operation }, seconds)
    if (idempotency !== 'none') {
      this.#idempotency.inc({ result: resultByCode[code ?? ''] ?? idempotency })
    }
    if (chargeState !== 'none') this.#charges.inc({ state: chargeState })
    if (code === undefined) return
    this.#refusals.inc({ surface, code })
    if (code === 'platform.unexpected') this.#unexpected.inc({ operation })
    if (code.startsWith('limit.')) this.#denied.inc({ policy: code.slice('limit.'.length) })
  }

  /** Hears of every transaction of the gate. */
  readonly seeBatch = ({ commands, waitSeconds, commitSeconds }: BatchSeen): void => {
    this.#laneWait.observe(waitSeconds)
    this.#laneBatch.observe(commands)
    this.#laneCommit.observe(commitSeconds)
  }

  /** Hears of every statement of admission. */
  readonly seeFlush = ({ requests, seconds }: FlushSeen): void => {
    this.#flushSize.observe(requests)
    this.#flushSeconds.observe(seconds)
  }

  /** Hears of every attempt of a delivery. */
  readonly seeAttempt = ({ surface, isDelivered, waitSeconds }: AttemptSeen): void => {
    this.#attempts.inc({ surface, result: isDelivered ? 'delivered' : 'failed' })
    if (waitSeconds !== undefined) this.#firstAttempt.observe({ surface }, waitSeconds)
  }

  /** Hears of every task. */
  readonly seeTask = ({ task, isDone, seconds }: TaskSeen): void => {
    this.#jobs.inc({ task, result: isDone ? 'done' : 'failed' })
    this.#jobSeconds.observe({ task }, seconds)
  }

  /** Hears of every tenant that was verified; what was wrong stays until it is right. */
  readonly seeVerified = ({ tenantId, findings }: Verified): void => {
    this.#findingsByTenant.set(tenantId, findings)
    const sum = [...this.#findingsByTenant.values()].reduce((total, count) => total + count, 0)
    this.#findings.set(sum)
  }

  /** Hears of every document that was rendered. */
  readonly seeRender = (seconds: number): void => this.#renders.observe(seconds)

  /** Adds what is asked at each scrape. A database that does not answer leaves its gauges out. */
  watch({ pools, adminPool, clock, gate, droppedRows }: Sources): void {
    this.#asked('lane_queue_length', 'Writes that wait or run', [], (gauge) => {
      gauge.set(gate.commandCount)
    })
    this.#asked('lane_active', 'Transactions of lanes that run', [], (gauge) => {
      gauge.set(gate.transactionCount)
    })
    this.#told('journals_posted_total', 'Journal entries', () => gate.counts.journals)
    this.#told('lines_posted_total', 'Lines of journal entries', () => gate.counts.lines)
    this.#told('chain_links_total', 'Links of hash chains', () => gate.counts.links)
    this.#told('request_log_dropped_total', 'Rows that the request log has lost', droppedRows)
    const retries = this.#counter('db_retries_total', 'Commits that were begun anew', ['reason'])
    const conflict = (): number => gate.counts.conflicts
    const loss = (): number => gate.counts.losses
    this.#tell(retries, [
      [{ reason: 'conflict' }, conflict],
      [{ reason: 'connection' }, loss],
    ])
    for (const [name, pool] of Object.entries(pools)) {
      measureWaits(pool, (seconds) => this.#poolWait.observe({ pool: name }, seconds))
    }
    this.#asked(
      'db_pool_connections',
      'Connections to the database',
      ['pool', 'state'],
      (gauge) => {
        for (const [pool, { totalCount, idleCount, waitingCount }] of Object.entries(pools)) {
          gauge.set({ pool, state: 'busy' }, totalCount - idleCount)
          gauge.set({ pool, state: 'idle' }, idleCount)
          gauge.set({ pool, state: 'waiting' }, waitingCount)
        }
      },
    )
    const read = <Value>(maxAgeMs: number, work: (db: Db) => Promise<Value>) =>
      remembered(maxAgeMs, () => readSnapshot(adminPool, { organizationId: everybody }, work))
    const backlog = read(backlogMaxAgeMs, (db) => getBacklog(db, clock()))
    const jobs = read(backlogMaxAgeMs, getJobBacklog)
    const disabled = read(backlogMaxAgeMs, countDisabledEndpoints)
    const difference = read(differenceMaxAgeMs, sumMeterDifference)
    const server = read(differenceMaxAgeMs, getServerVersion)
    const known = (name: string, help: string, value: () => Promise<number>) =>
      this.#asked(name, help, [], async (gauge) => gauge.set(await value()))
    const [unsent, lag] = [
      'Events that no endpoint was asked about yet',
      'Age of the oldest of them',
    ]
    known('outbox_unsent', unsent, async () => (await backlog()).unsent)
    known('outbox_lag_seconds', lag, async () => (await backlog()).lagSeconds)
    const due = 'How long the oldest delivery has been due'
    known('webhook_oldest_due_seconds', due, async () => (await backlog()).dueSeconds)
    known('jobs_waiting', 'Tasks that are due', async () => (await jobs()).waiting)
    known('jobs_oldest_seconds', 'How long the oldest of them has been due', async () => {
      return (await jobs()).oldestSeconds
    })
    const differs = 'What charges and the credit ledger say differently; asked once an hour'
    known('meter_difference', differs, difference)
    this.#asked(
      'webhook_endpoints_disabled',
      'Endpoints that were switched off',
      ['surface'],
      async (gauge) => {
        for (const { surface, count } of await disabled()) gauge.set({ surface }, count)
      },
    )
    const labels = ['version', 'node', 'postgres']
    this.#asked('build_info', 'Always 1; the labels say what runs', labels, async (gauge) => {
      gauge.set({ ...this.#build, postgres: await server() }, 1)
    })
  }

  /** Everything as text. */
  readonly render = (): Promise<string> => {
    for (const tell of this.#tellers) tell()
    return this.#registry.metrics()
  }

  /** The type of that text. */
  get contentType(): string {
    return this.#registry.contentType
  }

  #asked(
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (gauge: Gauge) => void | Promise<void>,
  ): void {
    const gauge: Gauge = new Gauge({
      ...{ name: `tallystick_${name}`, help, labelNames: [...labelNames] },
      registers: [this.#registry],
      collect: async () => {
        gauge.reset()
        try {
          await collect(gauge)
        } catch {
          gauge.reset()
        }
      },
    })
  }

  /** A counter that somebody else keeps. */
  #told(name: string, help: string, count: () => number): void {
    this.#tell(this.#counter(name, help, []), [[{}, count]])
  }

  #tell(
    counter: Counter,
    counts: readonly (readonly [labels: Record<string, string>, count: () => number])[],
  ): void {
    this.#tellers.push(() => {
      counter.reset()
      for (const [labels, count] of counts) counter.inc(labels, count())
    })
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    const labels = { labelNames: [...labelNames], registers: [this.#registry] }
    return new Counter({ name: `tallystick_${name}`, help, ...labels })
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    const labels = { labelNames: [...labelNames], registers: [this.#registry] }
    return new Gauge({ name: `tallystick_${name}`, help, ...labels })
  }

  #histogram(
    name: string,
    help: string,
    { labels, buckets }: Readonly<{ labels: readonly string[]; buckets: readonly number[] }>,
  ): Histogram {
    return new Histogram({
      ...{ name: `tallystick_${name}`, help, labelNames: [...labels], buckets: [...buckets] },
      registers: [this.#registry],
    })
  }
}

/** The answer of a question, asked again when it is too old. */
function remembered<Value>(maxAgeMs: number, ask: () => Promise<Value>): () => Promise<Value> {
  let last: Readonly<{ atMs: number; value: Promise<Value> }> | undefined
  return async () => {
    const atMs = performance.now()
    if (last === undefined || atMs - last.atMs > maxAgeMs) last = { atMs, value: ask() }
    try {
      return await last.value
    } catch (error) {
      last = undefined
      throw error
    }
  }
}

type Answered = (...answer: readonly unknown[]) => void

/** Has somebody hear how long each connection of a pool was waited for. */
function measureWaits(pool: Pool, onWait: (seconds: number) => void): void {
  const connect = pool.connect.bind(pool) as (answered?: Answered) => Promise<unknown> | undefined // both of its forms
  const measured = (answered?: Answered): Promise<unknown> | undefined => {
    const begunMs = performance.now()
    const seen = (): void => onWait((performance.now() - begunMs) / 1_000)
    if (answered !== undefined) {
      return connect((...answer) => {
        seen()
        answered(...answer)
      })
    }
    const connected = connect()
    connected?.then(seen, seen)
    return connected
  }
  Object.assign(pool, { connect: measured })
}

/**
 * Opens the listener of the metrics, apart from that of the APIs. Port 0 lets the system choose.
 * Throws StartError.
 */
export async function listenMetrics(
  metrics: Metrics,
  { host, port }: Readonly<{ host: string; port: number }>,
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    const isKnown = request.method === 'GET' && request.url === '/metrics'
    if (!isKnown) {
      response.writeHead(404).end()
      return
    }
    metrics.render().then(
      (text) => response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await listening(server, { host, port })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listening(
  server: Server,
  { host, port }: Readonly<{ host: string; port: number }>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = codeOf(error) ?? error.message
      reject(
        new StartError(
          `TALLYSTICK_METRICS_PORT ${port} on ${host} cannot be opened (${reason}); choose another.`,
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}
