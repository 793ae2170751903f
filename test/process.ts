import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { DatabaseAddress } from '../src/db/embedded.ts'
import { assert } from '../src/kernel/assert.ts'

export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

export type Started = Readonly<{ child: ChildProcess; ended: Promise<Ended> }>

type Surroundings = Readonly<Record<string, string>>

const root = join(import.meta.dirname, '..')

// What runs is the build; this brings it up to date, and is quick when nothing changed.
const prestart = spawnSync(process.execPath, [join(root, 'scripts', 'prestart.mjs')])
assert(prestart.status === 0, `the build failed: ${prestart.stderr}`)

/** Starts the built command line in a clean environment, as an operator would. */
export function startTallystick(words: readonly string[], env: Surroundings): Started {
  const program = join(root, 'dist', 'src', 'cli', 'main.js')
  const child = spawn(process.execPath, [program, ...words], {
    cwd: env['TALLYSTICK_DATA_DIR'] ?? root,
    env: { PATH: process.env['PATH'], ...env },
  })
  const [stdout, stderr]: [string[], string[]] = [[], []]
  child.stdout.on('data', (chunk) => stdout.push(String(chunk)))
  child.stderr.on('data', (chunk) => stderr.push(String(chunk)))
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, stdout: stdout.join(''), stderr: stderr.join('') })
    })
  })
  return { child, ended }
}

/** Runs one command to its end. */
export const runTallystick = (words: readonly string[], env: Surroundings): Promise<Ended> =>
  startTallystick(words, env).ended

/** The origin of a server that was started with `start --json`, once it is ready. */
export function readyOrigin({ child, ended }: Started): Promise<string> {
  const { stdout } = child
  return new Promise((resolve, reject) => {
    void ended.then(({ code, stderr }) => {
      reject(new Error(`the server ended with ${code}: ${stderr}`))
    })
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (line) => {
        const event: unknown = JSON.parse(line)
        resolve(String(Reflect.get(Object(event), 'origin')))
      })
    }
  })
}

/** A worker in a process of its own, once it works; it ends with the test at the latest. */
export async function startWorker(env: Surroundings): Promise<Started> {
  const worker = startTallystick(['start', '--role', 'worker', '--json'], env)
  const { child, ended } = worker
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const { stdout } = child
  await Promise.race([
    new Promise((resolve) => {
      if (stdout !== null) createInterface({ input: stdout }).once('line', resolve)
    }),
    ended.then(({ stderr }) => Promise.reject(new Error(`the worker ended: ${stderr}`))),
  ])
  return worker
}

/** A connection URL of one database of a server that is reached by its socket. */
export const urlOf = ({ socketDir, port, user }: DatabaseAddress, database: string): string =>
  `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(socketDir)}`

/** Resolves once no process has this id; the limit of the test is the limit of the wait. */
export async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) {
    await pause(20)
  }
}

/** Whether a process has this id. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
