import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { BenchError } from './bench-error.ts'

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100

type Stat = Readonly<{ parent: number; own: number; ofChildren: number }>

/** CPU seconds, user and system, that one process has used. */
export const cpuSecondsOf = (pid: number): number => (readStat(pid)?.own ?? 0) / ticksPerSecond

/** CPU seconds of a postmaster, its living backends and those that have ended. */
export function cpuSecondsOfTree(pid: number): number {
  const root = readStat(pid)
  if (root === undefined) return 0
  let ticks = root.own + root.ofChildren
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    if (stat?.parent === pid) ticks += stat.own
  }
  return ticks / ticksPerSecond
}

/** CPU seconds of the children of this process that have ended. */
export const cpuSecondsOfEnded = (): number =>
  (readStat(process.pid)?.ofChildren ?? 0) / ticksPerSecond

/** Resident memory in MiB; 0 when the process is gone. */
export function rssMbOf(pid: number): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readProc(pid, 'status') ?? '') ?? []
  return Number(kilobytes) / 1_024
}

function readStat(pid: number): Stat | undefined {
  const text = readProc(pid, 'stat')
  if (text === undefined) return undefined
  // The name, in brackets, may hold blanks; numbers follow it.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [parent = 0, user = 0, system = 0, ofUser = 0, ofSystem = 0] = [1, 11, 12, 13, 14].map(
    (position) => fields[position] ?? 0,
  )
  return { parent, own: user + system, ofChildren: ofUser + ofSystem }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/** Runs a program to its end and returns what it printed. */
export async function runProgram(
  file: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const printed: string[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString('utf8')))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new BenchError(`${file} ended with ${code}: ${printed.join('').trim()}`)
  return printed.join('')
}

/** Resolves when the process has ended. */
export function untilEnd(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
  })
}

/** The first of these programs that can be started, or undefined. */
export const findProgram = (candidates: readonly string[]): string | undefined =>
  candidates.find((file) => spawnSync(file, ['--version']).error === undefined)
