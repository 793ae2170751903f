import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { assert } from '../src/kernel/assert.ts'
import { clusterAddress } from './cluster.ts'
import { type Ledger, noon } from './lane.ts'

/** A sale of so many minor units; its key is also its idempotency key and its description. */
export type Posting = Readonly<{ key: string; amount: string }>

export type GateProcess = Readonly<{
  child: ChildProcessByStdio<Writable, Readable, null>
  /** Answers by key, as they arrive: a number, or a code. */
  answers: Map<string, string>
  post: (posting: Posting) => void
  /** No more postings; answers the exit code, or the signal that ended it. */
  end: () => Promise<number | string | null>
  ended: Promise<number | string | null>
}>

const root = join(import.meta.dirname, '..')

/** Starts a process of its own with a gate on the database of a ledger. */
export function startGate({ database, tenant }: Ledger): GateProcess {
  const { socketDir: host, port, user } = clusterAddress()
  const parts = JSON.stringify({ host, port, user, database, tenant, now: noon })
  const child = spawn(process.execPath, [join(root, 'test', 'gate-process.mjs'), parts], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => undefined)
  const answers = new Map<string, string>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said: unknown = JSON.parse(line)
    const read = (name: string): string => String(Reflect.get(Object(said), name))
    answers.set(read('key'), read('answer'))
  })
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code))
  })
  return {
    ...{ child, answers, ended },
    post: (posting) => void child.stdin.write(`${JSON.stringify(posting)}\n`),
    end: () => {
      child.stdin.end()
      return ended
    },
  }
}

/** Brings the build up to date, which such a process runs; quick when nothing changed. */
export function buildOnce(): void {
  const prestart = spawnSync(process.execPath, [join(root, 'scripts', 'prestart.mjs')])
  assert(prestart.status === 0, `the build failed: ${prestart.stderr}`)
}
