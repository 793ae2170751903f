import { addDays, asDate, type CalendarDate, daysBetween } from '../src/kernel/dates.ts'
import { postJournal } from '../src/modules/ledger/journal.actions.ts'
import type { Journal } from '../src/modules/ledger/journal.ts'
import { require } from './bench-error.ts'
import { buildRandom } from './generator.ts'
import { blankResult, judge, type Result } from './output.ts'
import type { Stage } from './stage.ts'
import { percentile, spreadOf } from './statistics.ts'
import {
  accountCount,
  type Books,
  firstCode,
  isEqual,
  openBooks,
  readTrialBalance,
  sumNaively,
  type World,
} from './world.ts'

const linesEach = 10
const callersMax = 1_000
const draws = 200
const smallLines = 10_000
const seed = 4

type Filled = Readonly<{ books: Books; start: CalendarDate; end: CalendarDate }>

/**
 * B4: the trial balance over HTTP at random days, of books with few and with many lines, in turns;
 * every answer is compared with the sum of all lines.
 */
export async function runReports(stage: Stage, manyLines: number): Promise<readonly Result[]> {
  const few = await fill(stage, smallLines)
  const many = await fill(stage, manyLines)
  await stage.world.owner.query('vacuum analyze')
  const random = buildRandom(seed)
  const times = { few: [] as number[], many: [] as number[], naive: [] as number[] }
  let different = 0
  stage.say(`B4 drawing ${draws} days`)
  for (let i = 0; i < draws; i += 1) {
    const date = drawDate(random, many)
    times.few.push((await draw(stage, few, date)).ms)
    const shown = await draw(stage, many, date)
    times.many.push(shown.ms)
    const began = performance.now()
    const naive = await sumNaively(stage.world.owner, many.books, date)
    times.naive.push(performance.now() - began)
    if (!isEqual(shown.balances, naive)) different += 1
  }
  require(different === 0, `${different} of ${draws} trial balances differ from the naive sum.`)
  return toResults(times, manyLines)
}

type Times = Readonly<Record<'few' | 'many' | 'naive', readonly number[]>>

function toResults(times: Times, manyLines: number): readonly Result[] {
  const size = manyLines === 1_000_000 ? '1 M' : `${manyLines}`
  const few = spreadOf(times.few)
  const many = spreadOf(times.many)
  const naive = spreadOf(times.naive)
  const base = {
    ...blankResult('B4', size, 'trial balance over HTTP, any day', 'ms', times.many),
    checks: { lost: 0, doubled: 0, sum: 0, wrong: 0 },
    latencyMs: {
      p50: percentile(times.many, 0.5),
      p95: percentile(times.many, 0.95),
      p99: percentile(times.many, 0.99),
    },
  }
  const flat = (value: number) => ({ median: value, min: value, max: value })
  return [
    judge({
      ...base,
      variant: `${size} lines against 10,000`,
      denominator: { name: '10,000 lines, ms', median: few.median },
      ratio: flat(many.median / few.median),
      target: { op: '<=', value: 3 },
    }),
    judge({
      ...base,
      variant: `${size} lines, times faster than the naive sum`,
      denominator: { name: 'naive sum, ms', median: naive.median },
      ratio: flat(naive.median / many.median),
      target: { op: '>=', value: 100 },
    }),
    judge({
      ...blankResult('B4', `${size} p99`, base.workload, 'ms', [base.latencyMs.p99]),
      target: { op: '<=', value: 20 },
    }),
  ]
}

async function draw(stage: Stage, { books }: Filled, date: CalendarDate) {
  const began = performance.now()
  const balances = await readTrialBalance(stage.server.origin, books, date)
  return { ms: performance.now() - began, balances }
}

/** From a week before the first line to a week after the last one. */
function drawDate(random: () => number, { start, end }: Filled): CalendarDate {
  const from = addDays(start, -7)
  return addDays(from, Math.floor(random() * (daysBetween(from, end) + 8)))
}

/** Posts journals of ten lines over two years and a half, many callers at once, in this process. */
async function fill({ world, say }: Stage, lines: number): Promise<Filled> {
  say(`B4 posting ${lines} lines`)
  const end = world.session.today()
  const start = asDate(`${Number(end.slice(0, 4)) - 2}-07-01`)
  const books = await openBooks(world, `B4 ${lines}`, addDays(start, -30))
  const filled = { books, start, end }
  const random = buildRandom(seed + 1)
  let left = Math.ceil(lines / linesEach)
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await postOne(world, books, buildEntry(random, filled))
    }
  }
  await Promise.all(Array.from({ length: callersMax }, caller))
  return filled
}

const postOne = ({ session }: World, { organizationId, businessId }: Books, input: Journal) =>
  session.write({ organizationId, businessId }, postJournal, input)

/** Ten lines whose last one balances the others. */
function buildEntry(random: () => number, { start, end }: Filled): Journal {
  const pick = (count: number): number => Math.floor(random() * count)
  const code = (): string => `${firstCode + pick(accountCount)}`
  const lines = Array.from({ length: linesEach - 1 }, () => ({
    accountCode: code(),
    base: BigInt(1 + pick(1_000_000)),
    description: null,
  }))
  const sum = lines.reduce((total, { base }) => total + base, 0n)
  return {
    accountingDate: addDays(start, pick(daysBetween(start, end) + 1)),
    description: 'Sales of the day',
    reference: null,
    lines: [...lines, { accountCode: code(), base: -sum, description: null }],
  }
}
