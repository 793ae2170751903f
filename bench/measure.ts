import type { Pool } from '../src/db/pool.ts'
import { cpuSecondsOf, cpuSecondsOfEnded, cpuSecondsOfTree, rssMbOf } from './processes.ts'

export type Latency = Readonly<{ p50: number; p95: number; p99: number }>

/** What a generator says of its own run. */
export type Report = Readonly<{
  operations: number
  seconds: number
  /** Answers that were not successes; they are not operations. */
  refused: number
  latencyMs: Latency | undefined
}>

/** One run of one workload, with what it cost. CPU in microseconds per operation. */
export type Sample = Report &
  Readonly<{
    perSecond: number
    cpuUs: Readonly<{ api: number; postgres: number; generator: number }>
    walBytes: number
    rssMb: number
    /** Share of the machine's CPU that the generator took. */
    generatorShare: number
  }>

/** The processes that are paid for a run: `api` may be absent, for denominators that need none. */
export type Payers = Readonly<{ owner: Pool; postmaster: number; api: number | undefined }>

const rssPollMs = 250

export const rateOf = ({ perSecond }: Sample): number => perSecond

/** Runs a generator and reads the meters before and after it. */
export async function measure(
  { owner, postmaster, api }: Payers,
  cores: number,
  run: () => Promise<Report>,
): Promise<Sample> {
  const read = async () => ({
    api: api === undefined ? 0 : cpuSecondsOf(api),
    postgres: cpuSecondsOfTree(postmaster),
    generator: cpuSecondsOfEnded(),
    wal: await readWal(owner),
  })
  let rssMb = 0
  const poll = setInterval(() => {
    if (api !== undefined) rssMb = Math.max(rssMb, rssMbOf(api))
  }, rssPollMs)
  const before = await read()
  try {
    const report = await run()
    const after = await read()
    const each = (name: 'api' | 'postgres' | 'generator'): number =>
      ((after[name] - before[name]) * 1e6) / report.operations
    return {
      ...report,
      perSecond: report.operations / report.seconds,
      cpuUs: { api: each('api'), postgres: each('postgres'), generator: each('generator') },
      walBytes: (after.wal - before.wal) / report.operations,
      rssMb,
      generatorShare: (after.generator - before.generator) / (report.seconds * cores),
    }
  } finally {
    clearInterval(poll)
  }
}

async function readWal(owner: Pool): Promise<number> {
  const { rows } = await owner.query<{ bytes: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as bytes`,
  )
  return rows[0]?.bytes ?? 0
}
