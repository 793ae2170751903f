import { statfsSync } from 'node:fs'
import { connect } from 'node:net'
import { Command } from 'commander'
import { type Config, loadConfig, version } from '../config.ts'
import { type Database, withClient } from '../db/database.ts'
import { inspectDatabase } from '../db/inspection.ts'
import { newestMigration } from '../db/migrate.ts'
import { requireUsable } from '../db/restore.ts'
import { buildLog } from '../log.ts'
import { migrationsFolder, openConfigured } from '../start.ts'
import { type Answer, answer, toTable } from './output.ts'

/** One thing that was looked at; `detail` says what was found. */
type Finding = Readonly<{ name: string; ok: boolean; detail: string }>

const freeBytesMin = 256 * 1024 * 1024
const clockDriftMaxMs = 2_000
const connectMs = 1_000

/** Looks at everything that a start needs; changes nothing in the database. Exit code 4: not well. */
export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('look at database, migrations, clock, disk and ports')
    .action((_flags: object, command: Command) => answer(command, run))

async function run(): Promise<Answer> {
  const config = loadConfig()
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: true })
  try {
    const checks = [
      { name: 'versions', ok: true, detail: `Tallystick ${version}, Node ${process.version}` },
      ...(await lookAtDatabase(database)),
      lookAtDisk(config),
      await lookAtPort('port', config.host, config.port),
      ...(config.metricsPort === undefined
        ? []
        : [await lookAtPort('metrics port', config.metricsHost, config.metricsPort)]),
    ]
    const isWell = checks.every(({ ok }) => ok)
    const rows = checks.map(({ name, ok, detail }) => [ok ? 'ok' : 'NOT OK', name, detail])
    return {
      data: { checks },
      text: toTable(['STATE', 'CHECK', 'DETAIL'], rows),
      warnings: database.warnings,
      exitCode: isWell ? 0 : 4,
    }
  } finally {
    await database.close()
  }
}

function lookAtDatabase({ owner, kind }: Database): Promise<readonly Finding[]> {
  return withClient(owner, async (client) => {
    const askedMs = Date.now()
    const { server, clockMs, applied } = await inspectDatabase(client)
    const driftMs = Math.abs(clockMs - (askedMs + Date.now()) / 2)
    const expected = newestMigration(migrationsFolder)
    return [
      { name: 'database', ok: true, detail: `PostgreSQL ${server} (${kind})` },
      await lookAtRestore(client),
      {
        name: 'migrations',
        ok: applied <= expected,
        detail: `${applied} of ${expected} applied${applied < expected ? '; the next start applies the rest' : ''}`,
      },
      {
        name: 'clock',
        ok: driftMs < clockDriftMaxMs,
        detail: `${Math.trunc(driftMs)} ms from the clock of the database`,
      },
    ]
  })
}

type Client = Parameters<typeof requireUsable>[0]

async function lookAtRestore(client: Client): Promise<Finding> {
  try {
    await requireUsable(client)
    return { name: 'restore', ok: true, detail: 'none is unfinished' }
  } catch (error) {
    return { name: 'restore', ok: false, detail: error instanceof Error ? error.message : '' }
  }
}

function lookAtDisk({ dataDir }: Config): Finding {
  try {
    const { bavail, bsize } = statfsSync(dataDir)
    const freeBytes = bavail * bsize
    const detail = `${Math.trunc(freeBytes / 1024 / 1024)} MiB free in ${dataDir}`
    return { name: 'disk', ok: freeBytes >= freeBytesMin, detail }
  } catch {
    return { name: 'disk', ok: true, detail: `${dataDir} is not there yet` }
  }
}

/** A port may be in use by our own server; that is said, not judged. */
async function lookAtPort(name: string, host: string, port: number): Promise<Finding> {
  const isTaken = await isAnswering(host, port)
  return { name, ok: true, detail: `${host}:${port} is ${isTaken ? 'in use' : 'free'}` }
}

function isAnswering(host: string, port: number): Promise<boolean> {
  if (port === 0) return Promise.resolve(false)
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs })
    const end = (isTaken: boolean) => () => {
      socket.destroy()
      resolve(isTaken)
    }
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false))
  })
}
