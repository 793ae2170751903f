import { join } from 'node:path'
import { packageRoot } from '../src/config.ts'
import type { CalendarDate } from '../src/kernel/dates.ts'
import { BenchError } from './bench-error.ts'
import type { Report } from './measure.ts'
import { findProgram, runProgram } from './processes.ts'

/** A flood of journals on one URL, for some seconds, over keep-alive connections. */
export type Flood = Readonly<{
  url: string
  connections: number
  seconds: number
  /** Start of every idempotency key; no two floods share it. */
  run: string
  businessId: string
  key: string
  seed: number
  /** Code of an account that is in every journal. */
  hot?: string
  days: readonly CalendarDate[]
}>

const wrk = findProgram(['wrk'])

/** Without `wrk` a generator in Node takes its place, which costs more of the machine. */
export const isFallback = wrk === undefined

/** Sends the flood and returns what came back. Keys go up to the number of requests begun. */
export async function flood(plan: Flood): Promise<Report> {
  const printed = await (wrk === undefined ? runInNode(plan) : runWrk(wrk, plan))
  return parseReport(printed)
}

function runWrk(program: string, plan: Flood): Promise<string> {
  const { url, connections, seconds, run, businessId, key, seed, hot = '-', days } = plan
  const script = join(packageRoot, 'bench', 'wrk', 'post_journal.lua')
  const manner = ['-t', '1', '-c', `${connections}`, '-d', `${seconds}s`, '--timeout', '20s']
  const words = [run, businessId, key, `${seed}`, hot, ...days]
  return runProgram(program, [...manner, '-s', script, url, '--', ...words])
}

const runInNode = (plan: Flood): Promise<string> =>
  runProgram(process.execPath, [
    join(import.meta.dirname, 'main.js'),
    'generator',
    JSON.stringify(plan),
  ])

function parseReport(printed: string): Report {
  const [, json] = /^RESULT (\{.*\})$/m.exec(printed) ?? []
  if (json === undefined) throw new BenchError(`The generator said no result: ${printed.trim()}`)
  const result: unknown = JSON.parse(json)
  const read = (name: string): number => Number(Reflect.get(Object(result), name))
  const refused = read('refused') + read('broken')
  return {
    operations: read('requests') - read('refused'),
    seconds: read('seconds'),
    refused,
    latencyMs: { p50: read('p50'), p95: read('p95'), p99: read('p99') },
  }
}
