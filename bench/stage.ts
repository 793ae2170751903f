import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../src/config.ts'
import type { DatabaseAddress } from '../src/db/embedded.ts'
import { findRunning } from '../src/db/embedded.ts'
import { isAlive } from '../src/db/launcher-lock.ts'
import { BenchError } from './bench-error.ts'
import { measure, type Report, type Sample } from './measure.ts'
import { untilEnd } from './processes.ts'
import { findPort, type Server, startServer } from './server.ts'
import { findDatabaseFolder, joinWorld, readPostmaster, type World } from './world.ts'

/** How long and how often. Source: proof specification 11.1. */
export type Pace = Readonly<{ rounds: number; seconds: number; warmUpSeconds: number }>

/** A server of the product, its database, and the meters: what every benchmark stands on. */
export type Stage = Readonly<{
  pace: Pace
  server: Server
  world: World
  address: DatabaseAddress
  measureApi: (run: () => Promise<Report>) => Promise<Sample>
  /** For denominators: `process` stands in the place of the API, if there is one. */
  measureOther: (run: () => Promise<Report>, process?: number) => Promise<Sample>
  say: (sentence: string) => void
  close: () => Promise<void>
}>

/** Beside the data of an installation: the same disk, which is what a durable commit costs. */
export function makeDataDir(): string {
  const home = join(packageRoot, '.tallystick', 'bench')
  mkdirSync(home, { recursive: true })
  removeLeftovers(home)
  const dataDir = mkdtempSync(join(home, `run-${process.pid}-`))
  // PostgreSQL, under a user of its own, passes through.
  chmodSync(dataDir, 0o711)
  return dataDir
}

/** What a killed benchmark left behind can be large. */
function removeLeftovers(home: string): void {
  for (const name of readdirSync(home)) {
    const [, pid] = /^run-(\d+)-/.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) removeDataDir(join(home, name))
  }
}

export const removeDataDir = (dataDir: string): void =>
  rmSync(dataDir, { recursive: true, force: true })

export async function openStage(
  dataDir: string,
  pace: Pace,
  say: (sentence: string) => void,
): Promise<Stage> {
  const server = await startServer(dataDir, await findPort())
  try {
    return await setUp(server, pace, say)
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function setUp(server: Server, pace: Pace, say: (sentence: string) => void): Promise<Stage> {
  const address = findRunning(server.dataDir)
  if (address === undefined) throw new BenchError('The database of the server is not to be found.')
  const world = await joinWorld(server.dataDir)
  const postmaster = readPostmaster(await findDatabaseFolder(server.dataDir))
  const cores = cpus().length
  const payers = { owner: world.owner, postmaster }
  return {
    pace,
    server,
    world,
    address,
    measureApi: (run) => measure({ ...payers, api: server.pid }, cores, run),
    measureOther: (run, process) => measure({ ...payers, api: process }, cores, run),
    say,
    close: async () => {
      await world.close()
      await server.stop()
    },
  }
}

export type Echo = Readonly<{ url: string; pid: number; close: () => Promise<void> }>

/** The HTTP denominator, in a process of its own as the API is. */
export async function openEcho(): Promise<Echo> {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'main.js'), 'echo'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new BenchError('The echo has no pipes.')
  const port = await new Promise<string>((resolve) => {
    createInterface({ input: stdout }).once('line', resolve)
  })
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    close: async () => {
      stdin.end()
      await untilEnd(child)
    },
  }
}
