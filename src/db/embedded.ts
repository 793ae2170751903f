import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { Instant } from '../kernel/dates.ts'
import {
  type Account,
  chooseAccount,
  commandOf,
  giveTo,
  locateNative,
  spawnOptions,
} from './embedded-binaries.ts'
import { belongsTo, codeOf, hasProcesses, isAlive, takeLock } from './launcher-lock.ts'
import { StartError } from './start-error.ts'

/** The part of a logger that plumbing needs; a pino logger fits. */
export type Log = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>
>

/** How to reach the embedded database: a Unix socket in a folder that only its owner can enter. */
export type DatabaseAddress = Readonly<{ socketDir: string; port: number; user: string }>

export type Embedded = DatabaseAddress &
  Readonly<{
    /** Stops PostgreSQL (fast mode) and gives the data folder free. */
    stop: () => Promise<void>
    /** Calls the listener once when PostgreSQL cannot be kept running. */
    onExit: (listener: (cause: string) => void) => void
  }>

/** How a data folder is made from a physical backup before the first start on it. */
export type Recovery = Readonly<{
  /** Lays the files of the backup out in an empty folder. */
  place: (folder: string) => Promise<void>
  /** The last moment that is brought back; absent: all that the log has. */
  until?: Instant
  /** Whether a database that is there is moved aside; else it is in the way. */
  movesAside: boolean
}>

export type EmbeddedOptions = Readonly<{
  dataDir: string
  log: Log
  /** Where finished parts of the log are kept for recoveries; empty: nowhere. */
  archiveDir?: string
  recovery?: Recovery | undefined
}>

type Cluster = Readonly<{
  account: Account
  pgDir: string
  socketDir: string
  archiveDir: string
  log: Log
}>

type Running = Readonly<{
  child: ChildProcess
  ended: Promise<string>
  lastLines: readonly string[]
}>

const port = 5432
const user = 'postgres'
const majorVersion = '18'
const socketPathBytesMax = 100
const recoveryMs = 120_000
/** From a backup and the log of days. */
const recoveryOfDaysMs = 6 * 3_600_000
const progressMs = 5_000
const pollMs = 10
const fastStopMs = 20_000
const immediateStopMs = 10_000
const orphanBackendsMs = 20_000
const exitsMax = 5
const exitsWindowMs = 60_000
const backoffMinMs = 200
const backoffMaxMs = 5_000
const lastLinesMax = 20

/**
 * Starts the bundled PostgreSQL on a data folder, making the folder at the first start, and keeps
 * it running until `stop`. A PostgreSQL left over by a killed process is stopped first.
 * Throws StartError when it cannot start; the sentence says why.
 * Source: platform specification 25.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dataDir, log, archiveDir = '', recovery } = options
  if (process.platform === 'win32') {
    throw new StartError('The bundled PostgreSQL does not run on Windows; set DATABASE_URL.')
  }
  const folder = makeDataDir(dataDir)
  const unlock = takeLock(join(folder, 'launcher.lock'))
  try {
    const cluster = await prepare(folder, { log, archiveDir, hasData: recovery === undefined })
    const first = await (recovery === undefined ? startFirst(cluster) : recover(cluster, recovery))
    publishAddress(folder, cluster)
    return keepRunning(cluster, first, () => {
      rmSync(addressFile(folder), { force: true })
      unlock()
    })
  } catch (error) {
    unlock()
    throw error
  }
}

/** The address of the PostgreSQL that another process of ours runs on this data folder, if any. */
export function findRunning(dataDir: string): DatabaseAddress | undefined {
  try {
    const fields: unknown = JSON.parse(readFileSync(addressFile(dataDir), 'utf8'))
    const read = (name: string): unknown => Reflect.get(Object(fields), name)
    const [pid, launcher, socketDir] = [read('pid'), read('launcherPid'), read('socketDir')]
    if (typeof pid !== 'number' || typeof launcher !== 'number' || typeof socketDir !== 'string') {
      return undefined
    }
    return isAlive(launcher) ? { socketDir, port, user } : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) {
      return undefined
    }
    throw error
  }
}

const addressFile = (folder: string): string => join(folder, 'run', 'database.json')

/** Others may pass through the folder, as PostgreSQL under its own user must, but not look inside. */
function makeDataDir(dataDir: string): string {
  try {
    if (!existsSync(dataDir)) {
      mkdirSync(dataDir, { recursive: true })
      chmodSync(dataDir, 0o711)
    }
    accessSync(dataDir, constants.W_OK)
    return realpathSync(dataDir)
  } catch (error) {
    const reason = codeOf(error) ?? String(error)
    throw new StartError(`The data folder ${dataDir} cannot be written by this user (${reason}).`)
  }
}

async function prepare(
  folder: string,
  { hasData, ...rest }: Pick<Cluster, 'log' | 'archiveDir'> & Readonly<{ hasData: boolean }>,
): Promise<Cluster> {
  const account = chooseAccount(locateNative(folder), folder)
  const pgDir = join(account.home, 'pg')
  mkdirSync(join(folder, 'run'), { recursive: true, mode: 0o711 })
  const cluster = { account, pgDir, socketDir: makeSocketDir(account), ...rest }
  makeArchiveDir(cluster)
  await stopLeftover(cluster)
  if (!hasData) return cluster
  if (!existsSync(join(pgDir, 'PG_VERSION'))) {
    initialize(cluster)
  }
  requireVersion(pgDir)
  giveTo(account, pgDir)
  return cluster
}

function makeSocketDir(account: Account): string {
  const near = join(account.home, 'run')
  const fits = Buffer.byteLength(join(near, `.s.PGSQL.${port}`)) <= socketPathBytesMax
  const hash = createHash('sha256').update(account.home).digest('hex').slice(0, 16)
  const socketDir = fits ? near : join(realpathSync(tmpdir()), `tallystick-${hash}`)
  mkdirSync(socketDir, { recursive: true, mode: 0o700 })
  // A folder in the shared temporary place may have been laid there by a stranger.
  const owners = [process.getuid?.(), account.uid]
  const found = lstatSync(socketDir)
  if (!fits && (!found.isDirectory() || !owners.includes(found.uid))) {
    throw new StartError(`The socket folder ${socketDir} belongs to somebody else; remove it.`)
  }
  chmodSync(socketDir, 0o700)
  giveTo(account, socketDir)
  return socketDir
}

/** PostgreSQL copies its log there under its own account. Throws StartError. */
function makeArchiveDir({ account, archiveDir }: Cluster): void {
  if (archiveDir === '') return
  mkdirSync(archiveDir, { recursive: true, mode: 0o700 })
  giveTo(account, archiveDir)
  const [file = '', ...words] = [...account.prefix, '/bin/sh', '-c', 'test -w "$1"', 'test']
  if (spawnSync(file, [...words, archiveDir], spawnOptions(account)).status !== 0) {
    throw new StartError(`PostgreSQL cannot write to TALLYSTICK_PG_ARCHIVE_DIR ${archiveDir}.`)
  }
}

/** We hold the lock, so a live postmaster of this folder has lost its launcher: it is stopped. */
async function stopLeftover({ pgDir, socketDir, log }: Cluster): Promise<void> {
  const pid = postmasterOf(pgDir)?.pid
  if (pid !== undefined && isAlive(pid) && belongsTo(pid, pgDir)) {
    log.warn({ pid }, 'stopping a PostgreSQL that a killed process left behind')
    process.kill(pid, 'SIGINT')
    if (!(await isGoneWithin(pid, fastStopMs))) {
      process.kill(pid, 'SIGQUIT')
      if (!(await isGoneWithin(pid, immediateStopMs))) {
        throw new StartError(`PostgreSQL (process ${pid}) uses ${pgDir} and does not stop.`)
      }
    }
  }
  for (const stale of [`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`]) {
    rmSync(join(socketDir, stale), { force: true })
  }
  removeStalePid(pgDir)
}

/**
 * A process id is used again soon in containers. The file is removed only when it is certain that
 * no process works in the folder: it is also what keeps two PostgreSQLs apart.
 */
function removeStalePid(pgDir: string): void {
  if (hasProcesses(pgDir) === false) {
    rmSync(join(pgDir, 'postmaster.pid'), { force: true })
  }
}

async function isGoneWithin(pid: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      return false
    }
    await pause(pollMs)
  }
  return true
}

/**
 * Lays out a backup and has PostgreSQL bring it forward by its log: by what the backup holds, what is
 * kept in the archive, and what lies in a database that was moved aside. When that fails, the folder
 * is as it was before. Throws StartError.
 */
async function recover(cluster: Cluster, recovery: Recovery): Promise<Running> {
  const { account, pgDir, archiveDir, log } = cluster
  const isThere = existsSync(pgDir)
  if (isThere && !recovery.movesAside) {
    throw new StartError(`${pgDir} is not empty; --force-empty moves it aside.`)
  }
  const draft = `${pgDir}.tmp`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  await recovery.place(draft)
  requireVersion(draft)
  writeFileSync(join(draft, 'recovery.signal'), '', { mode: 0o600 })
  giveTo(account, draft)
  const aside = `${pgDir}-${new Date().toISOString().replaceAll(':', '')}`
  if (isThere) renameSync(pgDir, aside)
  renameSync(draft, pgDir)
  const kept = [
    ...(archiveDir === '' ? [] : [archiveDir]),
    ...(isThere ? [join(aside, 'pg_wal')] : []),
  ]
  const running = launch(cluster, recoverySettings(kept, recovery.until))
  const failure = await untilReady(cluster, running, recoveryOfDaysMs)
  if (failure === undefined) {
    if (isThere) log.warn({ folder: aside }, 'the database before was moved aside')
    return running
  }
  await end(running)
  rmSync(pgDir, { recursive: true, force: true })
  if (isThere) renameSync(aside, pgDir)
  throw new StartError(
    failure.includes('recovery ended before configured recovery target')
      ? 'The log that was kept ends before that moment; leave --until away to have all of it.'
      : `PostgreSQL did not recover: ${failure}`,
  )
}

function recoverySettings(
  kept: readonly string[],
  until: Instant | undefined,
): Readonly<Record<string, string>> {
  const attempts = kept.map((folder) => `cp ${quoted(`${folder}/`)}%f "%p" 2>/dev/null`)
  return {
    restore_command: [...attempts, 'false'].join(' || '),
    hot_standby: 'off',
    recovery_target_action: 'promote',
    ...(until !== undefined && { recovery_target_time: until.replace('Z', '+00') }),
  }
}

/** One word of a shell, in which PostgreSQL looks for `%`. */
const quoted = (text: string): string => `'${text.replaceAll('%', '%%').replaceAll("'", `'\\''`)}'`

/** Made beside its place and renamed when complete, so that an interrupted start leaves nothing. */
function initialize({ account, pgDir, log }: Cluster): void {
  const draft = `${pgDir}.tmp`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  giveTo(account, draft)
  log.info({ folder: pgDir }, 'creating the database folder')
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8']
  const auth = ['--auth-local=trust', '--auth-host=scram-sha-256']
  const rest = ['--data-checksums', '--no-instructions']
  const args = ['-D', draft, '-U', user, ...locale, ...auth, ...rest]
  const made = run(account, 'initdb', args)
  if (made.status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    throw new StartError(`PostgreSQL could not create its data folder: ${made.output}`)
  }
  const lz4 = ['-D', draft, '-C', 'wal_compression', '-c', 'wal_compression=lz4']
  if (run(account, 'postgres', lz4).status === 0) {
    appendFileSync(join(draft, 'postgresql.conf'), "wal_compression = 'lz4'\n")
  }
  renameSync(draft, pgDir)
  const parent = openSync(dirname(pgDir), 'r')
  fsyncSync(parent)
  closeSync(parent)
}

function run(
  account: Account,
  program: 'initdb' | 'postgres',
  args: readonly string[],
): Readonly<{ status: number | null; output: string }> {
  const [file, words] = commandOf(account, program, args)
  const answer = spawnSync(file, words, { ...spawnOptions(account), encoding: 'utf8' })
  const output = answer.error?.message ?? answer.stderr.trim().replaceAll('\n', ' ')
  return { status: answer.status, output }
}

function requireVersion(pgDir: string): void {
  const found = readFileSync(join(pgDir, 'PG_VERSION'), 'utf8').trim()
  if (found !== majorVersion) {
    throw new StartError(
      `The data folder ${pgDir} was made by PostgreSQL ${found} and this release brings ${majorVersion}; back up with the old release and restore with this one.`,
    )
  }
}

/** Backends of a killed postmaster need a moment to notice; until then a new one cannot start. */
async function startFirst(cluster: Cluster): Promise<Running> {
  const deadline = performance.now() + orphanBackendsMs
  for (;;) {
    const running = launch(cluster)
    const failure = await untilReady(cluster, running)
    if (failure === undefined) {
      return running
    }
    const isBusy = failure.includes('pre-existing shared memory block')
    if (!isBusy || performance.now() > deadline) {
      throw new StartError(`PostgreSQL did not start: ${failure}`)
    }
    await pause(backoffMinMs)
  }
}

/** In its own process group, so that Ctrl-C reaches us first and requests can still finish. */
function launch(cluster: Cluster, more: Readonly<Record<string, string>> = {}): Running {
  const values = { ...settings(), ...archiveSettings(cluster), ...more }
  const chosen = Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const args = ['-D', cluster.pgDir, '-k', cluster.socketDir, ...chosen]
  const [file, words] = commandOf(cluster.account, 'postgres', args)
  const child = spawn(file, words, {
    ...spawnOptions(cluster.account),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (child.pid !== undefined) {
    watchOver(cluster.account, child, child.pid)
  }
  const lastLines: string[] = []
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastLines.push(line)
      lastLines.splice(0, lastLines.length - lastLinesMax)
      relay(cluster.log, line)
    })
  }
  return { child, ended, lastLines }
}

/**
 * A process that is killed outright cannot stop its PostgreSQL. This shell waits on a pipe that only
 * we hold: when we are gone, however that came, it reads the end of it and sends the signal.
 */
function watchOver(account: Account, child: ChildProcess, pid: number): void {
  const script = 'read -r _; kill -INT "$1"'
  const watch = spawn('/bin/sh', ['-c', script, 'tallystick-watch', `${pid}`], {
    ...spawnOptions(account),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watch.on('error', () => undefined)
  watch.stdin?.on('error', () => undefined)
  child.once('exit', () => watch.kill('SIGKILL'))
  watch.unref()
}

/** A part that is there already with the same bytes was kept by an earlier attempt. */
function archiveSettings({ archiveDir }: Cluster): Readonly<Record<string, string>> {
  if (archiveDir === '') return {}
  const kept = `${quoted(`${archiveDir}/`)}%f`
  const keep = `cp "%p" ${kept}.tmp && sync ${kept}.tmp && mv ${kept}.tmp ${kept}`
  return {
    archive_mode: 'on',
    archive_timeout: '60',
    archive_command: `cmp -s "%p" ${kept} || { test ! -e ${kept} && ${keep}; }`,
  }
}

function settings(): Readonly<Record<string, string | number>> {
  const sharedBuffersMb = Math.max(16, Math.min(256, Math.floor(totalmem() / 8 / 2 ** 20)))
  return {
    listen_addresses: '',
    port,
    unix_socket_permissions: '0700',
    max_connections: 60,
    shared_buffers: `${sharedBuffersMb}MB`,
    max_wal_size: '1GB',
    jit: 'off',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '',
    // Statements and their values may be personal: neither reaches the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
  }
}

function relay(log: Log, line: string): void {
  const text = line.trim()
  if (text.startsWith('PANIC:') || text.includes('archive command failed')) {
    log.error({ source: 'postgres' }, text)
  } else if (text.startsWith('WARNING:')) {
    log.warn({ source: 'postgres' }, text)
  } else if (text !== '') {
    log.debug({ source: 'postgres' }, text)
  }
}

/** Undefined once connections are accepted; else why PostgreSQL ended or did not get there. */
async function untilReady(
  { pgDir, log }: Cluster,
  running: Running,
  limitMs = recoveryMs,
): Promise<string | undefined> {
  const began = performance.now()
  let ending: string | undefined
  void running.ended.then((how) => {
    ending = how
  })
  for (let reported = began; ; ) {
    const found = postmasterOf(pgDir)
    if (found?.pid === running.child.pid && found?.status === 'ready') {
      return undefined
    }
    if (ending !== undefined) {
      return `${running.lastLines.slice(-6).join(' ')} (${ending})`
    }
    const now = performance.now()
    if (now - began > limitMs) {
      running.child.kill('SIGQUIT')
      return `it was not ready after ${limitMs / 1_000} seconds`
    }
    if (now - reported > progressMs) {
      reported = now
      log.info({ seconds: Math.trunc((now - began) / 1_000) }, 'PostgreSQL is recovering')
    }
    await pause(pollMs)
  }
}

/** What the postmaster says of itself: its process id and, in the eighth line, its status. */
function postmasterOf(pgDir: string): Readonly<{ pid: number; status: string }> | undefined {
  try {
    const lines = readFileSync(join(pgDir, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined
    }
    throw error
  }
}

function publishAddress(folder: string, { pgDir, socketDir }: Cluster): void {
  const pid = postmasterOf(pgDir)?.pid ?? 0
  const address = { pid, launcherPid: process.pid, socketDir, port, user }
  writeFileSync(`${addressFile(folder)}.tmp`, `${JSON.stringify(address)}\n`, { mode: 0o600 })
  renameSync(`${addressFile(folder)}.tmp`, addressFile(folder))
}

/** Watches the child: restarts it with a growing pause, gives up after five exits in a minute. */
function keepRunning(cluster: Cluster, first: Running, release: () => void): Embedded {
  const { log, socketDir } = cluster
  const listeners: ((cause: string) => void)[] = []
  const wake = new AbortController()
  let running = first
  // The last resort when the process ends without `stop`: the signal is sent, nobody waits.
  const onProcessExit = (): void => {
    running.child.kill('SIGINT')
  }
  process.once('exit', onProcessExit)

  const watch = async (): Promise<void> => {
    let exits: readonly number[] = []
    while (!wake.signal.aborted) {
      const how = await running.ended
      if (wake.signal.aborted) {
        return
      }
      const now = performance.now()
      exits = [...exits.filter((at) => now - at < exitsWindowMs), now]
      log.error({ how, exits: exits.length }, 'PostgreSQL ended unexpectedly')
      if (exits.length >= exitsMax) {
        for (const listener of listeners) {
          listener(`PostgreSQL ended ${exits.length} times within a minute`)
        }
        return
      }
      const backoffMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** (exits.length - 1))
      await pause(backoffMs, undefined, { signal: wake.signal }).catch(() => undefined)
      await relaunch()
    }
  }

  const relaunch = async (): Promise<void> => {
    const deadline = performance.now() + orphanBackendsMs
    while (!wake.signal.aborted) {
      removeStalePid(cluster.pgDir)
      running = launch(cluster)
      const failure = await untilReady(cluster, running)
      if (failure === undefined) {
        log.info({}, 'PostgreSQL is running again')
        return
      }
      if (performance.now() > deadline) {
        log.error({ failure }, 'PostgreSQL did not start again')
        return
      }
      await pause(backoffMinMs, undefined, { signal: wake.signal }).catch(() => undefined)
    }
  }

  const watching = watch()
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    wake.abort()
    await end(running)
    await watching
    await end(running)
    process.off('exit', onProcessExit)
    release()
  }
  return {
    socketDir,
    port,
    user,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
    onExit: (listener) => {
      listeners.push(listener)
    },
  }
}

async function end({ child, ended }: Running): Promise<void> {
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  if (isOver() || child.pid === undefined) {
    return
  }
  child.kill('SIGINT')
  const timer = new AbortController()
  const late = pause(fastStopMs, 'late', { signal: timer.signal }).catch(() => 'cancelled')
  if ((await Promise.race([ended, late])) === 'late') {
    child.kill('SIGQUIT')
  }
  timer.abort()
  await ended
}
