import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../src/config.ts'
import type { Machine } from './machine.ts'
import type { Latency, Sample } from './measure.ts'
import { median, type Spread, spreadOf } from './statistics.ts'

export type Target = Readonly<{ op: '>=' | '<='; value: number }>

export type Checks = Readonly<{ lost: number; doubled: number; sum: number; wrong: number }>

/** `cpuUs`: CPU per operation of the denominator, of PostgreSQL or of the bare server. */
export type Denominator = Readonly<{
  name: string
  clients?: number
  median: number
  cpuUs?: number
}>

/** One line of the table. `ratio` is compared with the target where there is a denominator. */
export type Result = Readonly<{
  id: string
  variant: string
  workload: string
  unit: string
  value: Spread
  denominator: Denominator | null
  ratio: Spread | null
  target: Target | null
  /** null: nothing to meet, or not comparable (fallback, unstable). */
  met: boolean | null
  isUnstable: boolean
  cpuUs: Readonly<{ api: number; postgres: number; generator: number }> | null
  walBytes: number | null
  latencyMs: Latency | null
  rssMb: number | null
  generatorShare: number | null
  pairs: number
  discarded: number
  fallback: boolean
  checks: Checks | null
}>

export type Outcome = Readonly<{
  commit: string
  date: string
  isQuick: boolean
  machine: Machine
  load: Readonly<{ before: readonly number[]; after: readonly number[] }>
  settings: Readonly<Record<string, string>>
  results: readonly Result[]
}>

/** A result that has nothing but a value yet. */
export const blankResult = (
  id: string,
  variant: string,
  workload: string,
  unit: string,
  values: readonly number[],
): Result => ({
  id,
  variant,
  workload,
  unit,
  value: spreadOf(values),
  denominator: null,
  ratio: null,
  target: null,
  met: null,
  isUnstable: false,
  cpuUs: null,
  walBytes: null,
  latencyMs: null,
  rssMb: null,
  generatorShare: null,
  pairs: values.length,
  discarded: 0,
  fallback: false,
  checks: null,
})

/** Medians of what the runs of one workload cost. */
export function costsOf(
  samples: readonly Sample[],
): Pick<Result, 'cpuUs' | 'walBytes' | 'latencyMs' | 'rssMb' | 'generatorShare'> {
  const middle = (read: (sample: Sample) => number): number => median(samples.map(read))
  const latencies = samples.flatMap(({ latencyMs }) => latencyMs ?? [])
  return {
    cpuUs: {
      api: middle(({ cpuUs }) => cpuUs.api),
      postgres: middle(({ cpuUs }) => cpuUs.postgres),
      generator: middle(({ cpuUs }) => cpuUs.generator),
    },
    walBytes: middle(({ walBytes }) => walBytes),
    latencyMs:
      latencies.length === 0
        ? null
        : {
            p50: median(latencies.map(({ p50 }) => p50)),
            p95: median(latencies.map(({ p95 }) => p95)),
            p99: median(latencies.map(({ p99 }) => p99)),
          },
    rssMb: middle(({ rssMb }) => rssMb),
    generatorShare: middle(({ generatorShare }) => generatorShare),
  }
}

/** Says whether the target is met by the ratio, or by the value where there is none. */
export function judge(result: Result): Result {
  const { target, ratio, value, fallback, isUnstable } = result
  if (target === null || fallback || isUnstable) return { ...result, met: null }
  const found = ratio?.median ?? value.median
  const isMet = target.op === '>=' ? found >= target.value : found <= target.value
  return { ...result, met: isMet }
}

const folder = join(packageRoot, 'bench', 'results')

/** Writes the JSON of this run and the table of the latest one; returns where. */
export function writeOutcome(outcome: Outcome): readonly string[] {
  mkdirSync(folder, { recursive: true })
  const json = join(folder, `${outcome.date}-${outcome.commit}.json`)
  const table = join(folder, 'latest.md')
  writeFileSync(json, `${JSON.stringify(outcome, null, 1)}\n`)
  writeFileSync(table, toMarkdown(outcome))
  return [json, table]
}

export function toMarkdown({ commit, date, isQuick, machine, load, results }: Outcome): string {
  const { cpu, cores, memory, node, postgres, fsync_us: syncUs } = machine
  const header = [
    'id',
    'workload',
    'result',
    'denominator',
    'ratio (range)',
    'target',
    'met',
    'CPU µs per operation: API + PostgreSQL + generator',
    'p50 / p95 / p99 ms',
    'discarded',
  ]
  const rows = [header, header.map(() => '---'), ...results.map(toCells)]
  const unstable = results
    .filter(({ isUnstable }) => isUnstable)
    .map(({ id, variant }) => `${id} ${variant}`)
  const fallback = results.some((result) => result.fallback)
  return [
    `# Benchmarks of ${commit}, ${date}${isQuick ? ' (quick)' : ''}`,
    '',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `${cpu}, ${cores} cores, ${memory}, Node ${node}, PostgreSQL ${postgres}, one durable page in ${syncUs} µs; load before ${load.before.join(' ')}, after ${load.after.join(' ')}.`,
    'Each ratio is the median of the ratios of one round; its range is in brackets. Rates of different machines are not comparable.',
    ...(unstable.length > 0
      ? [`Unstable, the machine was too restless: ${unstable.join(', ')}.`]
      : []),
    ...(fallback ? ['Made with a stand-in for wrk, and not compared with targets.'] : []),
    '',
  ].join('\n')
}

function toCells(result: Result): readonly string[] {
  const { id, variant, workload, unit, value, denominator, ratio, target, cpuUs } = result
  const name = denominator?.clients === undefined ? '' : ` at ${denominator.clients}`
  const latency = result.latencyMs
  return [
    `${id} ${variant}`,
    workload,
    `${short(value.median)} ${unit}`,
    denominator === null
      ? '–'
      : `${denominator.name}${name}: ${short(denominator.median)}${cpuWord(denominator)}`,
    ratio === null ? '–' : `${short(ratio.median)} (${short(ratio.min)} to ${short(ratio.max)})`,
    target === null ? '–' : `${target.op === '>=' ? '≥' : '≤'} ${target.value}`,
    metWord(result),
    cpuUs === null ? '–' : [cpuUs.api, cpuUs.postgres, cpuUs.generator].map(short).join(' + '),
    latency === null ? '–' : [latency.p50, latency.p95, latency.p99].map(short).join(' / '),
    `${result.discarded}`,
  ]
}

const cpuWord = ({ cpuUs }: Denominator): string =>
  cpuUs === undefined ? '' : `, ${short(cpuUs)} µs`

function metWord({ met, isUnstable, target }: Result): string {
  if (isUnstable) return 'unstable'
  if (target === null || met === null) return '–'
  return met ? 'yes' : '**no**'
}

/** Three digits that mean something. */
function short(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return `${Math.round(value)}`
  return value.toPrecision(3)
}

/** How each ratio changed since an earlier run; absolute rates are not compared. */
export function compare(results: readonly Result[], path: string): readonly string[] {
  const earlier: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const rows: unknown = Reflect.get(Object(earlier), 'results')
  const known = new Map<string, number>()
  for (const row of Array.isArray(rows) ? rows : []) {
    const member = (name: string): unknown => Reflect.get(Object(row), name)
    const ratio = Number(Reflect.get(Object(member('ratio')), 'median'))
    if (Number.isFinite(ratio)) known.set(`${member('id')} ${member('variant')}`, ratio)
  }
  return results.flatMap(({ id, variant, ratio }) => {
    const before = known.get(`${id} ${variant}`)
    if (before === undefined || ratio === null) return []
    const percent = (100 * (ratio.median - before)) / before
    const sign = percent < 0 ? '−' : '+'
    return [
      `${id} ${variant}: ${short(before)} → ${short(ratio.median)} (${sign}${Math.abs(percent).toFixed(1)} %)`,
    ]
  })
}
