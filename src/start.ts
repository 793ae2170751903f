import { join } from 'node:path'
import type { Logger } from 'pino'
import { type App, type AppParts, buildApp } from './app.ts'
import { type Config, ConfigError, packageRoot, version } from './config.ts'
import { anchorKeyOf, appendAnchors, isGenuine, readAnchors } from './db/anchor.ts'
import { openRoot } from './db/data-key.ts'
import { admitApp, type Database, openDatabase, withClient } from './db/database.ts'
import type { Recovery } from './db/embedded.ts'
import { codeOf } from './db/launcher-lock.ts'
import { type MigrationReport, migrate } from './db/migrate.ts'
import { openPool, type Pool } from './db/pool.ts'
import { pooledRandom } from './db/random.ts'
import { requireUsable } from './db/restore.ts'
import { StartError } from './db/start-error.ts'
import { Vault } from './db/vault.ts'
import { seedDemo } from './demo.ts'
import {
  type DemoFile,
  noteDemoBegun,
  readDemoFile,
  wasDemoInterrupted,
  writeDemoFile,
} from './demo-file.ts'
import { FaultPlan } from './faults.ts'
import { AnchorPost, type AnchorPostParts } from './jobs/anchor-post.ts'
import { type Instant, instantFromMs } from './kernel/dates.ts'
import { buildLog, buildRequestLines } from './log.ts'
import {
  anchorPostSecretOf,
  anchorSecretOf,
  type KeyHasher,
  keepMasterKey,
  keyHasherOf,
} from './master-key.ts'
import { listenMetrics, Metrics, type MetricsListener } from './metrics.ts'
import { loadPlanVersions } from './plan-versions.ts'
import { Strain } from './strain.ts'
import type { Tracing } from './tracing.ts'

/** A database that is up to date and an app on top of it; no port is open. */
export type Installation = Readonly<{
  app: App
  migrations: MigrationReport
  /** Connections of the owner, which see every organization. */
  adminPool: Pool
  clock: () => Instant
  random: (bytes: number) => Uint8Array
  keyHasher: KeyHasher
  /** The secret that the installation's own keys come from. */
  root: Uint8Array
  vault: Vault
  /** Undefined: nobody looks. */
  metrics: Metrics | undefined
  /** Looks at the load of the process from its `start` on. */
  strain: Strain
  startWorker: () => Promise<void>
  /** Whether all that ran could end in time. */
  close: () => Promise<boolean>
  onLoss: (listener: (cause: string) => void) => void
}>

type Serving = Readonly<{ config: Config; log: Logger; isJson: boolean; asked: Promise<Cause> }>

type Cause = Readonly<{ reason: string; exitCode: number }>

const ownerConnectionsMax = 3
/** Besides those of running tasks: one listens, one writes down what has ended. */
const jobsConnectionsSpare = 2
const parentPollMs = 1_000
const sameSignalMs = 1_000
const interruptedExit = 130

/** The folder of the numbered migrations of this release. */
export const migrationsFolder = join(packageRoot, 'migrations')

/**
 * Runs the server until a signal, the loss of the database or the end of npm above it, and ends the
 * process: 0 after a clean stop, 1 when the database was lost or something had to be cut off, 2 for a
 * wrong configuration, 3 when it cannot start, 130 at the second signal.
 * Source: platform specification 20 (shutdown) and 28 (exit codes).
 */
export async function runServer(
  readConfig: () => Config,
  { isJson }: Readonly<{ isJson: boolean }> = { isJson: false },
): Promise<void> {
  const asked = untilAsked()
  try {
    const config = readConfig()
    const out = isJson ? process.stderr : process.stdout
    const log = buildLog(config, out)
    const logRequests = buildRequestLines(config, out)
    const mayJoin = config.role === 'worker'
    const installation = await openInstallation(config, log, { mayJoin, logRequests })
    const cause = await serve(installation, { config, log, isJson, asked })
    log.info({ reason: cause.reason }, 'stopping')
    const isWhole = await installation.close()
    process.exit(isWhole ? cause.exitCode : 1)
  } catch (error) {
    if (error instanceof StartError || error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`)
      process.exit(error.exitCode)
    }
    throw error
  }
}

/**
 * Opens the database, brings it up to date and builds the app on it.
 * Throws StartError when one of them is impossible; nothing keeps running then.
 */
export async function openInstallation(
  config: Config,
  log: Logger,
  manner: Readonly<{ mayJoin: boolean; logRequests?: AppParts['logRequests'] }>,
): Promise<Installation> {
  const database = await openConfigured(config, log, manner)
  try {
    for (const warning of database.warnings) {
      log.warn({}, warning)
    }
    const migrations = await withClient(database.owner, async (client) => {
      await requireUsable(client)
      return migrate(client, migrationsFolder)
    })
    await admitApp(database)
    await loadPlans(database, config)
    return {
      ...(await buildOn(database, config, { log, logRequests: manner.logRequests })),
      migrations,
      onLoss: database.onLoss,
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Brings the plan versions of this release and of the operator into the database. */
export async function loadPlans(database: Database, { plansFile }: Config): Promise<void> {
  const pool = openPool({ ...database.owner, role: 'tallystick_owner', connectionsMax: 1 })
  try {
    await loadPlanVersions(pool, plansFile)
  } finally {
    await pool.end()
  }
}

/** Opens the database as the configuration says, without looking at what is in it. */
export const openConfigured = (
  config: Config,
  log: Logger,
  { mayJoin, recovery }: Readonly<{ mayJoin: boolean; recovery?: Recovery }>,
): Promise<Database> =>
  openDatabase({
    ...{ dataDir: config.dataDir, archiveDir: config.archiveDir, recovery },
    databaseUrl: config.databaseUrl,
    migrateUrl: config.migrateUrl,
    isProduction: config.environment === 'production',
    allowsUnsafe: config.allowsUnsafeDatabase,
    mayJoin,
    log,
  })

/** The vault of an installation, and the secret that its other keys come from. */
export async function openKeys(
  owner: Database['owner'],
  masterKey: Uint8Array,
): Promise<Readonly<{ vault: Vault; root: Uint8Array }>> {
  const pool = openPool({ ...owner, role: 'tallystick_owner', connectionsMax: 1 })
  try {
    const root = await openRoot(pool, masterKey)
    return { root, vault: new Vault({ masterKey, root }) }
  } finally {
    await pool.end()
  }
}

async function buildOn(
  database: Database,
  config: Config,
  { log, logRequests }: Readonly<{ log: Logger; logRequests: AppParts['logRequests'] }>,
): Promise<Omit<Installation, 'migrations' | 'onLoss'>> {
  const masterKey = config.masterKey ?? keepMasterKey(config.dataDir)
  const { root, vault } = await openKeys(database.owner, masterKey)
  const pool = openPool({
    ...database.app,
    role: 'tallystick_app',
    connectionsMax: config.connectionsMax,
    vault,
  })
  const adminPool = openPool({
    ...database.owner,
    role: 'tallystick_owner',
    connectionsMax: ownerConnectionsMax,
    vault,
  })
  let jobsPool: Pool | undefined
  const clock = (): Instant => instantFromMs(Date.now() + config.clockOffsetMs)
  const random = pooledRandom()
  const closePlumbing = async (): Promise<void> => {
    await Promise.allSettled([pool.end(), adminPool.end(), jobsPool?.end()])
    await database.close()
  }
  try {
    const metrics =
      config.metricsPort === undefined ? undefined : new Metrics({ version, node: process.version })
    const tracing = await openTracing(config, log)
    const strain = new Strain()
    const isStrained = (): boolean => strain.isStrained
    const parts = {
      config,
      pool,
      adminPool,
      clock,
      random,
      isStrained,
      tracing,
      logRequests,
      masterKey: root,
      metrics,
      log,
    }
    const app = await buildApp(parts)
    const keyHasher = keyHasherOf(root)
    const { anchorFile: file } = config
    const anchorKey = anchorKeyOf(anchorSecretOf(root))
    let post: AnchorPost | undefined
    const anchor = async (due?: ReadonlyMap<string, bigint>): Promise<void> => {
      try {
        await appendAnchors(adminPool, { file, key: anchorKey, at: clock(), due })
      } catch (error) {
        log.error({ err: error, file }, 'the anchors could not be written')
      }
      await post?.send()
    }
    const readGenuine = () => readAnchors(file).filter((one) => isGenuine(one, anchorKey))
    const close = async (): Promise<boolean> => {
      strain.stop()
      try {
        const isWhole = await app.close()
        await anchor()
        return isWhole
      } finally {
        await closePlumbing()
      }
    }
    const startWorker = async (): Promise<void> => {
      jobsPool = openPool({
        ...database.owner,
        role: 'tallystick_owner',
        connectionsMax: config.jobConcurrency + jobsConnectionsSpare,
        hasDriverTypes: true,
      })
      post = openAnchorPost(config, { root, clock, log, outbound: app.outbound })
      const { jobConcurrency, webhookConcurrency, faults } = config
      const { pass } = new FaultPlan(faults)
      const given = { jobsPool, jobConcurrency, webhookConcurrency, pass }
      await app.startWorker({ ...given, anchor, readAnchors: readGenuine })
    }
    const keys = { keyHasher, root, vault }
    return { app, adminPool, clock, random, ...keys, metrics, strain, startWorker, close }
  } catch (error) {
    await Promise.allSettled([pool.end(), adminPool.end()])
    throw error
  }
}

/** Anchors are posted by who works behind the API, when the operator has named a witness. */
function openAnchorPost(
  { anchorWebhook: url, anchorFile: file }: Config,
  { root, ...parts }: Pick<AnchorPostParts, 'clock' | 'log' | 'outbound'> & { root: Uint8Array },
): AnchorPost | undefined {
  if (url === '') return undefined
  const keys = { secret: anchorPostSecretOf(root), seed: anchorSecretOf(root) }
  return new AnchorPost({ ...parts, ...keys, file, url })
}

/** Nothing of it is loaded unless the operator has asked for traces. */
async function openTracing(
  { tracesEndpoint: endpoint }: Config,
  log: Logger,
): Promise<Tracing | undefined> {
  if (endpoint === '') return undefined
  const { Tracing: Opened } = await import('./tracing.ts')
  return new Opened({ endpoint, version, log })
}

async function serve(installation: Installation, serving: Serving): Promise<Cause> {
  const { config, asked } = serving
  const lost = new Promise<Cause>((resolve) => {
    installation.onLoss((reason) => resolve({ reason, exitCode: 1 }))
  })
  let metrics: MetricsListener | undefined
  try {
    metrics = await openMetrics(installation, config)
    if (config.role !== 'api') await installation.startWorker()
    if (config.role !== 'worker') installation.strain.start()
    if (config.role === 'worker') announceWorker(metrics, serving)
    else await openDoors(installation, metrics, serving)
  } catch (error) {
    await metrics?.close()
    await installation.close()
    throw error
  }
  const parentGone = config.hasNpmParent ? untilParentGone() : undefined
  const causes = [asked, lost, ...(parentGone === undefined ? [] : [parentGone])]
  const cause = await Promise.race(causes)
  await metrics?.close()
  return cause
}

const openMetrics = async (
  { metrics }: Installation,
  { metricsHost: host, metricsPort: port }: Config,
): Promise<MetricsListener | undefined> =>
  metrics === undefined || port === undefined ? undefined : listenMetrics(metrics, { host, port })

async function openDoors(
  installation: Installation,
  metrics: MetricsListener | undefined,
  serving: Serving,
): Promise<void> {
  const { config } = serving
  const demo = await keepDemo(installation, config)
  const listened = await listen(installation.app, config)
  const origin = config.port === 0 ? listened : config.origin
  if (demo !== undefined && demo.origin !== origin) {
    writeDemoFile(config.dataDir, { ...demo, origin })
  }
  announce(origin, { demo, metrics }, serving)
}

/** A worker has no port of its own but that of its metrics. */
function announceWorker(metrics: MetricsListener | undefined, { log, isJson }: Serving): void {
  const ready = { role: 'worker', origin: null, metrics: metrics?.origin }
  if (isJson) process.stdout.write(`${JSON.stringify({ event: 'ready', ...ready })}\n`)
  else log.info(ready, 'ready')
}

/** Seeds the demo into an empty database, once; after a crash in the middle, once more. */
async function keepDemo(installation: Installation, config: Config): Promise<DemoFile | undefined> {
  const known = readDemoFile(config.dataDir)
  if (known !== undefined) return known
  const isWanted =
    wasDemoInterrupted(config.dataDir) || !(await installation.app.hasOrganizations())
  if (!config.hasDemo || !isWanted) return undefined
  noteDemoBegun(config.dataDir)
  const facts = await seedDemo(installation, { seed: 1, years: 1 })
  const file = { origin: config.origin, ...facts }
  writeDemoFile(config.dataDir, file)
  return file
}

async function listen(app: App, { host, port }: Config): Promise<string> {
  try {
    return await app.listen()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE') {
      throw new StartError(`Port ${port} on ${host} is in use; choose another with PORT.`)
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartError(`Port ${port} on ${host} cannot be opened; choose PORT and HOST.`)
    }
    throw error
  }
}

/** What a person at a terminal needs first; one JSON line for programs. */
function announce(
  origin: string,
  { demo, metrics }: Readonly<{ demo: DemoFile | undefined; metrics: MetricsListener | undefined }>,
  { config, log, isJson }: Serving,
): void {
  if (isJson) {
    const ready = { event: 'ready', origin, metrics: metrics?.origin }
    process.stdout.write(`${JSON.stringify(ready)}\n`)
    return
  }
  if (config.environment === 'production') {
    log.info({ origin, version }, 'ready')
    return
  }
  const lines = [
    `Tallystick ${version} is ready at ${origin}`,
    `  Invoicing  ${origin}/invoicing`,
    `  Books      ${origin}/books`,
    `  Connect    ${origin}/connect`,
    ...(demo === undefined ? [] : demoLines(demo, config)),
    'Ctrl-C stops it.',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const demoLines = ({ businessId, connectCompanyId, keys }: DemoFile, { dataDir }: Config) => [
  `Demo keys, also in ${join(dataDir, 'demo.json')}`,
  `  business   ${businessId}`,
  `  company    ${connectCompanyId}`,
  `  Invoicing  ${keys.invoicing}`,
  `  Books      ${keys.booksLive} (test: ${keys.booksTest})`,
  `  Connect    ${keys.connect}`,
]

/**
 * The first signal asks for a clean stop. Ctrl-C arrives twice, from the terminal and from npm, so
 * only a signal after a moment counts as the second, which ends the process at once.
 */
function untilAsked(): Promise<Cause> {
  return new Promise((resolve) => {
    let askedAt: number | undefined
    const ask = (signal: NodeJS.Signals): void => {
      const now = performance.now()
      askedAt ??= now
      if (now - askedAt > sameSignalMs) {
        process.exit(interruptedExit)
      }
      resolve({ reason: signal, exitCode: 0 })
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, ask)
    }
  })
}

/** npm that is killed cannot pass the signal on; the system then gives us another parent. */
function untilParentGone(): Promise<Cause> {
  const parent = process.ppid
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if (process.ppid !== parent) {
        clearInterval(poll)
        resolve({ reason: 'the parent process is gone', exitCode: 0 })
      }
    }, parentPollMs)
    poll.unref()
  })
}
