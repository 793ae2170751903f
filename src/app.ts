import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { books } from './api/books/surface.ts'
import { findImage } from './api/connect/integration-images.ts'
import { connect } from './api/connect/surface.ts'
import { HostedPages } from './api/console/hosted-pages.ts'
import { buildNetworks } from './api/http/address.ts'
import { Admission } from './api/http/admission.ts'
import { Billing } from './api/http/billing.ts'
import type { Doors } from './api/http/call.ts'
import { Docs } from './api/http/docs.ts'
import { buildGuards } from './api/http/guard.ts'
import { MaintenanceWatch } from './api/http/maintenance-watch.ts'
import { parseSaid, RequestLog, type Said, type SeenRequest } from './api/http/request-log.ts'
import { buildServer, type HttpServer, headersBytesMax, uriBytesMax } from './api/http/server.ts'
import type { Surface } from './api/http/surface.ts'
import type { Log, Watch } from './api/http/visit.ts'
import { invoicing } from './api/invoicing/surface.ts'
import { companions } from './companions.ts'
import { type Config, type FaultPoint, packageRoot, version } from './config.ts'
import { manifests } from './connectors/registry.ts'
import { toOutage, toRefusal } from './db/constraints.ts'
import { Gate } from './db/lane.ts'
import { findLastMigration } from './db/migrate.ts'
import { asOwner } from './db/owner.ts'
import type { Pool } from './db/pool.ts'
import { openSecret } from './db/secret-box.ts'
import { readSnapshot, type Statement } from './db/tx.ts'
import { Renderer } from './documents/renderer.ts'
import type { MailSettings } from './jobs/mail.ts'
import type { Outbound, Resolve } from './jobs/outbound.ts'
import { startWorker, type Worker, type WorkerParts } from './jobs/worker.ts'
import type { Instant } from './kernel/dates.ts'
import { asId, type Id } from './kernel/ids.ts'
import { keyHasherOf, linkTokensOf } from './master-key.ts'
import type { Metrics } from './metrics.ts'
import { keyRandomBytes } from './modules/access/api-key.ts'
import { listOrganizations } from './modules/access/organization.queries.ts'
import { tellOwner } from './modules/access/owner-notice.actions.ts'
import { keepRequests } from './modules/access/request-log.actions.ts'
import { type KeptRequest, placeOfRequest } from './modules/access/request-log.ts'
import type { EventRenderers } from './modules/webhooks/event.ts'
import { buildOutbound, buildOutside, buildRenderers, buildWorkerParts } from './outside.ts'
import { readShippedPlans } from './plan-versions.ts'
import { buildPrinter } from './printing.ts'
import { buildReadiness } from './readiness.ts'
import type { Tracing } from './tracing.ts'

/** Everything from the outside world that the app stands on. */
export type AppParts = Readonly<{
  config: AppConfig
  /** Sessions of the application role, under row-level security. */
  pool: Pool
  /** Sessions of the owner's role: for what spans tenants. */
  adminPool: Pool
  clock: () => Instant
  random: (bytes: number) => Uint8Array
  /** 32 bytes; secrets of their own are derived from it. */
  masterKey: Uint8Array
  /** In place of the name servers, for tests. */
  resolve?: Resolve
  /** Looks at every answer before it is sent. */
  watch?: Watch
  /** Counts what happens; undefined: nobody looks. */
  metrics?: Metrics | undefined
  /** Sends spans; undefined: the operator has not asked for it. */
  tracing?: Tracing | undefined
  /** Whether the process can take no more for now; undefined: nobody watches. */
  isStrained?: (() => boolean) | undefined
  /** How long a handler may take in tests. */
  handlerMaxMs?: number | undefined
  /** Writes the lines of answered requests; undefined: nobody reads them. */
  logRequests?: ((rows: readonly SeenRequest[]) => void) | undefined
  log: Log
}>

/** What the app reads of the configuration. */
export type AppConfig = Pick<
  Config,
  | 'host'
  | 'port'
  | 'origin'
  | 'connectionsMax'
  | 'laneQueueMax'
  | 'laneBatchMax'
  | 'drainSeconds'
  | 'addressLimit'
  | 'connectFlood'
  | 'trustedProxies'
  | 'environment'
  | 'egressAllow'
  | 'egressPorts'
  | 'webhookAuthorities'
  | 'dataDir'
  | 'smtpUrl'
  | 'mailFrom'
  | 'testMailAllow'
  | 'requestLogDays'
  | 'eventDays'
  | 'idempotencyDays'
  | 'requestLogBodies'
>

export type App = Readonly<{
  server: HttpServer['fastify']
  gate: Gate
  pool: Pool
  surfaces: readonly Surface[]
  /** The one client to the outside. */
  outbound: Outbound
  /** How each surface shows events. */
  renderers: Required<EventRenderers>
  hasOrganizations: () => Promise<boolean>
  /** What the log of requests has kept of what was said; undefined: nothing. */
  saidIn: (row: KeptRequest) => Said | undefined
  /** Opens the port and answers the origin that it can be reached under. */
  listen: () => Promise<string>
  /** Starts what works behind the API: deliveries and tasks by schedule. */
  startWorker: (upkeep?: Upkeep) => Promise<void>
  /**
   * Refuses what is new, finishes what runs, and waits for both; whether all of it ended in time.
   * The pools stay open.
   */
  close: () => Promise<boolean>
}>

/** What only a process that serves gives to its worker. */
type Upkeep = Pick<WorkerParts, 'jobsPool' | 'jobConcurrency' | 'anchor' | 'readAnchors'> &
  Readonly<{
    webhookConcurrency: number
    /** Where a process of a test fails. */
    pass: (point: FaultPoint) => Promise<void>
  }>

const endMaxMs = 10_000
const dayMs = 86_400_000

/** Builds every part by hand and plugs them together; no port is open yet. */
export async function buildApp(parts: AppParts): Promise<App> {
  const { config, pool, adminPool } = parts
  let origin = config.origin
  const core = buildCore(parts, () => origin)
  const edge = buildEdge(parts, core)
  const { gate, outbound, renderers } = core
  const sources = { gate, adminPool, clock: parts.clock, pools: { app: pool, owner: adminPool } }
  parts.metrics?.watch({ ...sources, droppedRows: () => edge.requestLog.droppedCount })
  const http = await buildHttp(parts, core, edge)
  let worker: Worker | undefined
  return {
    server: http.fastify,
    gate,
    pool,
    surfaces,
    ...{ outbound, renderers },
    hasOrganizations: () => hasOrganizations(adminPool),
    saidIn: ({ organizationId, requestId, sealed }) => {
      if (sealed === null) return undefined
      const place = placeOfRequest(organizationId, requestId)
      return parseSaid(openSecret(parts.masterKey, place, sealed))
    },
    listen: async () => {
      const address = await http.fastify.listen({ host: config.host, port: config.port })
      if (config.port === 0) origin = address
      return address
    },
    startWorker: async (upkeep) => {
      worker = await startWorker(toWorkerParts(parts, core, upkeep))
    },
    close: async () => {
      const isWhole = await closeApp({ http, gate, config, worker })
      await parts.tracing?.close()
      const { admission, billing, requestLog } = edge
      await Promise.all([core.renderer, admission, billing, requestLog].map((part) => part.close()))
      return isWhole
    },
  }
}

const surfaces: readonly Surface[] = [invoicing, books, connect(manifests)]

/** How long answers to writes are kept: what the operator says, where the contract leaves it open. */
const keptFor = (surface: Surface, { idempotencyDays }: AppConfig): Surface =>
  surface.name === 'connect'
    ? surface
    : { ...surface, idempotency: { ...surface.idempotency, keepMs: idempotencyDays * dayMs } }

type Core = ReturnType<typeof buildCore>

/** What answers and the worker share: the gate, the way outside, and documents. */
function buildCore(parts: AppParts, origin: () => string) {
  const { pool, clock, log } = parts
  const gate = buildGate(parts)
  const outbound = buildOutbound(parts)
  const renderer = new Renderer({
    root: packageRoot,
    onFailure: (reason) => log.error({ reason }, 'a document could not be rendered'),
  })
  const tokens = linkTokensOf(parts.masterKey)
  const toPageUrl = (documentId: string, generation: number): string =>
    `${origin()}/i/${tokens.toToken(documentId, generation)}`
  const onRender = parts.metrics?.seeRender
  const print = buildPrinter({ pool, gate, renderer, clock, toPageUrl, onRender })
  const renderers = buildRenderers({ origin, toPageUrl })
  const outside = buildOutside(parts, outbound, { print, toPageUrl })
  return { gate, outbound, renderer, tokens, toPageUrl, print, renderers, outside, origin }
}

/** Every write goes through it. */
const buildGate = ({ config, pool, random, metrics, tracing }: AppParts): Gate =>
  new Gate({
    pool,
    companions,
    random,
    transactionsMax: Math.max(1, config.connectionsMax - 2),
    bounds: { queueMax: config.laneQueueMax, batchMax: config.laneBatchMax },
    onBatch: (batch) => {
      metrics?.seeBatch(batch)
      tracing?.seeBatch(batch)
    },
  })

type Edge = ReturnType<typeof buildEdge>

/** What stands between a request and its handler, and what remembers it. */
function buildEdge(parts: AppParts, { gate, outside }: Core) {
  const { pool, adminPool, clock } = parts
  const alone = { query: <Row>(statement: Statement) => queryAlone<Row>(pool, statement) }
  return {
    alone,
    billing: new Billing(alone, clock),
    admission: new Admission(alone, clock, tellerOf(parts, gate), parts.metrics?.seeFlush),
    maintenance: new MaintenanceWatch(alone),
    requestLog: new RequestLog({
      write: (rows) => asOwner(adminPool, (tx) => keepRequests(tx, rows)),
      seal: outside.seal,
      onRows: (rows) => parts.logRequests?.(rows),
    }),
  }
}

/** Tells owners that a limit is near; nobody waits for it. */
const tellerOf =
  ({ clock, log }: AppParts, gate: Gate) =>
  (organizationId: Id<'organization'>): void => {
    const told = gate.write({
      tenant: { organizationId },
      action: tellOwner,
      input: {},
      actor: 'system',
      now: clock(),
    })
    told.catch((error: unknown) => log.warn({ err: error }, 'limits were not announced yet'))
  }

/** The server with its surfaces and pages, ready to listen. */
async function buildHttp(parts: AppParts, core: Core, edge: Edge): Promise<HttpServer> {
  const { config, pool, adminPool, clock, random, log } = parts
  const { gate, outside, tokens, print, origin } = core
  const { alone, admission, billing, maintenance, requestLog } = edge
  const keyHasher = keyHasherOf(parts.masterKey)
  const doors: Doors = {
    write: (command) => gate.write(command),
    read: (tenant, work) => readSnapshot(pool, tenant, work),
    keyMaker: () => ({ random: random(keyRandomBytes), ...keyHasher }),
    outside,
  }
  const expected = await findLastMigration(adminPool)
  const http = buildServer({
    surfaces: surfaces.map((surface) => keptFor(surface, config)),
    hosted: new HostedPages({ doors, alone, log, tokens, print }).answer,
    doors,
    admission,
    guards: buildGuards(config),
    billing,
    proxies: config.trustedProxies.length > 0 ? buildNetworks(config.trustedProxies) : undefined,
    hashKey: keyHasher.hashKey,
    ...{ clock, origin, version },
    toRefusal: (error) => toRefusal(error) ?? toOutage(error),
    readiness: buildReadiness({ pool, adminPool, gate, maintenance, expected }),
    maintenance: () => maintenance.current(),
    images: (path) => findImage(manifests, path),
    docs: new Docs({
      surfaces,
      plans: readShippedPlans(),
      bounds: { uriBytesMax, headersBytesMax },
      version,
      readScript: () => readFileSync(join(packageRoot, 'assets/scalar/standalone.js.gz')),
    }),
    watch: parts.watch,
    observer: parts.metrics,
    logRequest: (row) => requestLog.add(row),
    loggedBodies: config.requestLogBodies,
    trace: parts.tracing,
    isStrained: parts.isStrained ?? (() => false),
    handlerMaxMs: parts.handlerMaxMs,
    log,
  })
  await http.fastify.ready()
  return http
}

/** What the worker works with, and who hears of it. */
function toWorkerParts(parts: AppParts, core: Core, upkeep: Upkeep | undefined): WorkerParts {
  const { config, adminPool, clock, random, log, metrics, tracing } = parts
  const { gate, outbound, renderers, print, toPageUrl, origin } = core
  const pass = upkeep?.pass
  return {
    ...buildWorkerParts(parts, { gate, outbound, jobsPool: upkeep?.jobsPool, origin, renderers }),
    onAttempt: (attempt) => {
      metrics?.seeAttempt(attempt)
      tracing?.seeAttempt(attempt)
    },
    onAnswered: pass && (() => pass('webhook.answered')),
    onTask: metrics?.seeTask,
    onVerified: metrics?.seeVerified,
    onTaskDone: pass && (() => pass('task.done')),
    mail: {
      ...{ adminPool, clock, random, log, print, toPageUrl },
      settings: toMailSettings(config),
      onAnswered: pass && (() => pass('mail.answered')),
    },
    ...{ requestLogDays: config.requestLogDays, eventDays: config.eventDays },
    inFlightMax: upkeep?.webhookConcurrency,
    jobConcurrency: upkeep?.jobConcurrency,
    ...{ anchor: upkeep?.anchor, readAnchors: upkeep?.readAnchors },
  }
}

/** How messages leave. */
const toMailSettings = (config: AppConfig): MailSettings => ({
  smtpUrl: config.smtpUrl,
  mailFrom: config.mailFrom,
  testMailAllow: config.testMailAllow,
  outbox: join(config.dataDir, 'outbox'),
})

/** One statement on any connection, in a transaction of its own. */
async function queryAlone<Row>(pool: Pool, { name, text, values }: Statement): Promise<Row[]> {
  const { rows } = await pool.query({
    ...(name !== undefined && { name }),
    text,
    values: [...values],
  })
  return rows as Row[] // the statement's own columns; the caller names its row
}

/** Nobody's id: a connection of the owner sees every tenant whatever it is set to. */
const everybody = { organizationId: asId('organization', '00000000-0000-0000-0000-000000000000') }

async function hasOrganizations(adminPool: Pool): Promise<boolean> {
  return (await readSnapshot(adminPool, everybody, listOrganizations)).length > 0
}

type Running = Readonly<{
  http: HttpServer
  gate: Gate
  config: AppConfig
  worker: Worker | undefined
}>

/** Source: platform specification 20, shutdown, steps 1 to 3. */
async function closeApp({ http, gate, config, worker }: Running): Promise<boolean> {
  http.drain()
  // Balancers see that we are not ready before the port closes.
  const drainMs = config.drainSeconds * 1_000
  if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs))
  const [areAnswered, isStopped] = await Promise.all([
    http.close(),
    endsInTime(worker?.stop() ?? Promise.resolve()),
  ])
  return (await endsInTime(gate.close())) && areAnswered && isStopped
}

async function endsInTime(ending: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), endMaxMs)
  })
  try {
    return await Promise.race([ending.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
