import { createServer, type Server } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Finished, Observer } from './api/http/observer.ts'
import type { BatchSeen } from './db/lane.ts'
import { codeOf } from './db/launcher-lock.ts'
import type { Pool } from './db/pool.ts'
import { StartError } from './db/start-error.ts'
import { readSnapshot } from './db/tx.ts'
import type { Instant } from './kernel/dates.ts'
import { asId } from './kernel/ids.ts'
import { getBacklog } from './modules/webhooks/backlog.queries.ts'

/** What is asked at each scrape. */
export type Sources = Readonly<{
  pools: Readonly<Record<string, Pool>>
  /** Reads of the owner, for what spans tenants. */
  adminPool: Pool
  clock: () => Instant
  laneCommands: () => number
}>

export type MetricsListener = Readonly<{ origin: string; close: () => Promise<void> }>

const everybody = asId('organization', '00000000-0000-0000-0000-000000000000')
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const backlogMaxAgeMs = 5_000

/**
 * Counts and durations of this process in the text form of Prometheus. Labels are bounded: surfaces,
 * operations, statuses and codes, never ids or paths.
 * Source: platform specification 23.
 */
export class Metrics implements Observer {
  readonly #registry = new Registry()
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
  #backlog: { readonly atMs: number; readonly value: ReturnType<typeof getBacklog> } | undefined

  constructor({ version, node }: Readonly<{ version: string; node: string }>) {
    collectDefaultMetrics({ register: this.#registry })
    const build = this.#gauge('build_info', 'Always 1; the labels say what runs', [
      'version',
      'node',
    ])
    build.set({ version, node }, 1)
  }

  begin(surface: string): void {
    this.#inFlight.inc({ surface })
  }

  end({ surface, operation, status, code, seconds }: Finished): void {
    this.#inFlight.dec({ surface })
    this.#requests.inc({ surface, operation, status: String(status) })
    this.#durations.observe({ surface, operation }, seconds)
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

  /** Adds what is asked at each scrape. A database that does not answer leaves its gauges out. */
  watch({ pools, adminPool, clock, laneCommands }: Sources): void {
    this.#asked('lane_queue_length', 'Writes that wait or run', [], (gauge) => {
      gauge.set(laneCommands())
    })
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
    const backlog = async (): ReturnType<typeof getBacklog> => {
      const atMs = performance.now()
      if (this.#backlog === undefined || atMs - this.#backlog.atMs > backlogMaxAgeMs) {
        const value = readSnapshot(adminPool, { organizationId: everybody }, (db) =>
          getBacklog(db, clock()),
        )
        this.#backlog = { atMs, value }
      }
      return await this.#backlog.value
    }
    const known = (name: string, help: string, pick: 'unsent' | 'lagSeconds' | 'dueSeconds') =>
      this.#asked(name, help, [], async (gauge) => {
        try {
          gauge.set((await backlog())[pick])
        } catch {
          gauge.reset()
        }
      })
    known('outbox_unsent', 'Events that no endpoint was asked about yet', 'unsent')
    known('outbox_lag_seconds', 'Age of the oldest of them', 'lagSeconds')
    known('webhook_oldest_due_seconds', 'How long the oldest delivery has been due', 'dueSeconds')
  }

  /** Everything as text. */
  readonly render = (): Promise<string> => this.#registry.metrics()

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
      collect: () => collect(gauge),
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
