import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { BenchError } from './bench-error.ts'
import { untilEnd } from './processes.ts'

/** A server of the product as an operator starts it: a process of its own, on loopback. */
export type Server = Readonly<{
  child: ChildProcess
  pid: number
  origin: string
  dataDir: string
  /** From the start of the process to its first 200. */
  startMs: number
  /** Asks for a clean stop and waits for it, PostgreSQL included. */
  stop: () => Promise<void>
}>

const startLimitMs = 60_000
const pollMs = 5

/** The built files of the product, beside the built files of the benchmarks. */
const built = join(import.meta.dirname, '..', 'src')

export async function findPort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve)
  })
  const { port } = probe.address() as AddressInfo // a TCP server has one
  await new Promise((resolve) => {
    probe.close(resolve)
  })
  return port
}

export const serverEnv = (dataDir: string, port: number): Readonly<Record<string, string>> => ({
  TALLYSTICK_DATA_DIR: dataDir,
  TALLYSTICK_DEMO: '0',
  TALLYSTICK_ADDRESS_LIMIT: '0',
  TALLYSTICK_CONNECT_FLOOD: '0',
  PORT: `${port}`,
  // Ends the server when the benchmark is killed.
  npm_lifecycle_event: 'bench',
})

/** Starts the server on a data folder and waits until it is ready. Its log goes to `server.log`. */
export async function startServer(
  dataDir: string,
  port: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const began = performance.now()
  const log = openSync(join(dataDir, 'server.log'), 'a')
  const child = spawn(process.execPath, [join(built, 'main.js')], {
    cwd: dataDir,
    env: { ...process.env, ...serverEnv(dataDir, port), ...more },
    stdio: ['ignore', log, log],
  })
  const origin = `http://127.0.0.1:${port}`
  while (!(await isReady(origin))) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null
    if (hasEnded || performance.now() - began > startLimitMs) {
      child.kill('SIGKILL')
      const tail = readFileSync(join(dataDir, 'server.log'), 'utf8').slice(-2_000)
      throw new BenchError(`The server did not become ready: ${tail}`)
    }
    await pause(pollMs)
  }
  const startMs = performance.now() - began
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await untilEnd(child)
  }
  return { child, pid: child.pid ?? 0, origin, dataDir, startMs, stop }
}

export async function isReady(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(2_000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}

/** Runs the product's command line on the data folder and returns its JSON answer and exit code. */
export async function runCommand(
  dataDir: string,
  words: readonly string[],
): Promise<Readonly<{ code: number | null; output: string }>> {
  const child = spawn(process.execPath, [join(built, 'cli', 'main.js'), ...words, '--json'], {
    cwd: dataDir,
    env: { ...process.env, ...serverEnv(dataDir, 0) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed: string[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString('utf8')))
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  return { code, output: printed.join('').trim() }
}
