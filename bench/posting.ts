import { BenchError, require } from './bench-error.ts'
import { buildJournal, buildRandom } from './generator.ts'
import { rateOf, type Sample } from './measure.ts'
import {
  blankResult,
  type Checks,
  costsOf,
  type Denominator,
  judge,
  type Result,
} from './output.ts'
import { checkDenominators, clientCounts, runPgbench, type Script } from './pgbench.ts'
import { type Echo, openEcho, type Stage } from './stage.ts'
import { collectRounds, median, type Rounds, ratiosOf } from './statistics.ts'
import {
  type Books,
  countBooks,
  countDrift,
  firstCode,
  isEqual,
  openBooks,
  readTrialBalance,
  recentDays,
  sumNaively,
} from './world.ts'
import { flood, isFallback } from './wrk.ts'

const connectionsMost = 256
const hotAccount = `${firstCode}`
const hotClients = 32

/** What one posting benchmark holds: the books it fills, and what was acknowledged so far. */
type Posting = {
  readonly stage: Stage
  readonly books: Books
  /** Answers 2xx that the generators have seen. */
  acknowledged: number
  /** Requests that may have been under way, unseen, when a generator stopped. */
  underWay: number
  floods: number
}

type Plan = Readonly<{ connections: number; seconds: number; hot?: string }>

/**
 * B1: single journals over HTTP with everything on, against the best of `post_tx` and against a
 * bare HTTP server; then at fewer connections.
 */
export async function runPosting(stage: Stage): Promise<readonly Result[]> {
  const posting = await openPosting(stage, 'B1')
  const { pace, say } = stage
  const best = await findBest(stage, 'post_tx')
  const cte = await findBest(stage, 'post_cte')
  say(`A at its best with ${best.clients} clients`)
  await warmUp(posting, { connections: connectionsMost })
  const echo = await openEcho()
  try {
    const rounds = await collectRounds(pace.rounds, ['tx', 'echo'], rateOf, async (number) => {
      say(`B1 round ${number}`)
      return {
        tx: await runScript(stage, 'post_tx', best.clients),
        http: await post(posting, { connections: connectionsMost, seconds: pace.seconds }),
        echo: await runEcho(posting, echo),
        cte: await runScript(stage, 'post_cte', cte.clients),
      }
    })
    const fewer = await runFewer(posting, best.clients)
    const checks = await check(posting)
    await checkDenominators(stage.address)
    return [...toResults(rounds, { checks, best: best.clients, cte: cte.clients }), ...fewer]
  } finally {
    await echo.close()
  }
}

/** B2: the same with one account in every journal, against B1 of the same run and against A-hot. */
export async function runHot(stage: Stage): Promise<readonly Result[]> {
  const posting = await openPosting(stage, 'B2')
  const { pace, say } = stage
  const plan = { connections: connectionsMost, seconds: pace.seconds }
  await warmUp(posting, { connections: connectionsMost })
  const rounds = await collectRounds(pace.rounds, ['http'], rateOf, async (number) => {
    say(`B2 round ${number}`)
    return {
      http: await post(posting, plan),
      hot: await post(posting, { ...plan, hot: hotAccount }),
      tx: await runScript(stage, 'post_tx_hot', hotClients),
    }
  })
  const checks = await check(posting)
  await checkDenominators(stage.address)
  const base = resultOf(rounds, 'hot', {
    id: 'B2',
    workload: 'journals over HTTP, one account in all of them',
    checks,
  })
  return [
    judge({
      ...base,
      variant: '256 against B1',
      denominator: denominatorOf(rounds, 'http', 'B1'),
      ratio: ratiosOf(rounds.kept, 'hot', 'http', rateOf),
      target: { op: '>=', value: 0.95 },
    }),
    judge({
      ...base,
      variant: '256 against A-hot',
      denominator: denominatorOf(rounds, 'tx', 'A-hot', hotClients),
      ratio: ratiosOf(rounds.kept, 'hot', 'tx', rateOf),
      target: { op: '>=', value: 10 },
    }),
  ]
}

type Facts = Readonly<{ checks: Checks; best: number; cte: number }>

function toResults(rounds: Rounds<Sample>, { checks, best, cte }: Facts): readonly Result[] {
  const workload = 'journals over HTTP, everything on'
  const base = resultOf(rounds, 'http', { id: 'B1', workload, checks })
  const p99 = base.latencyMs?.p99 ?? Number.NaN
  return [
    judge({
      ...base,
      variant: '256 against A',
      denominator: denominatorOf(rounds, 'tx', 'A', best),
      ratio: ratiosOf(rounds.kept, 'http', 'tx', rateOf),
      target: { op: '>=', value: 3 },
    }),
    judge({
      ...base,
      variant: '256 against echo',
      denominator: denominatorOf(rounds, 'echo', 'echo', connectionsMost),
      ratio: ratiosOf(rounds.kept, 'http', 'echo', rateOf),
      target: { op: '>=', value: 0.55 },
    }),
    {
      ...base,
      variant: '256 against B',
      denominator: denominatorOf(rounds, 'cte', 'B', cte),
      ratio: ratiosOf(rounds.kept, 'http', 'cte', rateOf),
    },
    judge({
      ...blankResult('B1', '256 p99', workload, 'ms', [p99]),
      target: { op: '<=', value: 100 },
      fallback: base.fallback,
      isUnstable: base.isUnstable,
    }),
  ]
}

/** At 64, 8 and 1 connections: less to share a commit with. */
async function runFewer(posting: Posting, clients: number): Promise<readonly Result[]> {
  const { stage } = posting
  const results: Result[] = []
  for (const connections of [64, 8, 1]) {
    stage.say(`B1 with ${connections} connections`)
    const seconds = Math.max(3, Math.round(stage.pace.seconds / 2))
    const rounds = await collectRounds(3, ['tx'], rateOf, async () => ({
      tx: await runScript(stage, 'post_tx', clients, seconds),
      http: await post(posting, { connections, seconds }),
    }))
    const workload = 'journals over HTTP, everything on'
    const base = resultOf(rounds, 'http', { id: 'B1', workload, checks: null })
    results.push({
      ...base,
      variant: `${connections} against A`,
      denominator: denominatorOf(rounds, 'tx', 'A', clients),
      ratio: ratiosOf(rounds.kept, 'http', 'tx', rateOf),
    })
    if (connections === 8) {
      const p50 = base.latencyMs?.p50 ?? Number.NaN
      const target = { op: '<=', value: 5 } as const
      const { fallback, isUnstable } = base
      const blank = blankResult('B1', '8 p50', workload, 'ms', [p50])
      results.push(judge({ ...blank, target, fallback, isUnstable }))
    }
  }
  return results
}

/** The number of clients at which a script is fastest, by the median of three short runs each. */
async function findBest(stage: Stage, script: Script): Promise<Readonly<{ clients: number }>> {
  const seconds = Math.max(2, Math.round(stage.pace.seconds / 4))
  let best = { clients: 1, rate: 0 }
  for (const clients of clientCounts) {
    const rates: number[] = []
    for (let i = 0; i < 3; i += 1) {
      const { operations, seconds: took } = await runPgbench(stage.address, script, {
        clients,
        seconds,
      })
      rates.push(operations / took)
    }
    const rate = median(rates)
    if (rate > best.rate) best = { clients, rate }
  }
  return best
}

const runScript = (
  { address, pace, measureOther }: Stage,
  script: Script,
  clients: number,
  seconds: number = pace.seconds,
): Promise<Sample> => measureOther(() => runPgbench(address, script, { clients, seconds }))

const runEcho = ({ stage, books }: Posting, { url, pid }: Echo): Promise<Sample> =>
  stage.measureOther(
    () =>
      flood({
        url,
        connections: connectionsMost,
        seconds: stage.pace.seconds,
        run: 'echo',
        businessId: books.businessId,
        key: books.key,
        seed: 1,
        days: recentDays(stage.world.session.today()),
      }),
    pid,
  )

async function openPosting(stage: Stage, name: string): Promise<Posting> {
  const books = await openBooks(stage.world, name)
  const posting = { stage, books, acknowledged: 0, underWay: 0, floods: 0 }
  await postOne(posting)
  return posting
}

/** One journal by hand, so that a wrong body shows its answer instead of a rate. */
async function postOne(posting: Posting): Promise<void> {
  const { stage, books } = posting
  const days = recentDays(stage.world.session.today())
  const answer = await fetch(`${toUrl(stage)}?businessId=${books.businessId}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${books.key}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': 'first',
    },
    body: buildJournal(buildRandom(1), days),
  })
  const text = await answer.text()
  require(answer.status === 201, `The first journal answered ${answer.status}: ${text}`)
  posting.acknowledged += 1
}

const toUrl = ({ server }: Stage): string => `${server.origin}/books/v1/journal-entries`

async function warmUp(posting: Posting, { connections }: Pick<Plan, 'connections'>): Promise<void> {
  await post(posting, { connections, seconds: posting.stage.pace.warmUpSeconds })
}

async function post(posting: Posting, { connections, seconds, hot }: Plan): Promise<Sample> {
  const { stage, books } = posting
  posting.floods += 1
  const run = `${posting.floods}`
  const sample = await stage.measureApi(() =>
    flood({
      url: toUrl(stage),
      connections,
      seconds,
      run,
      businessId: books.businessId,
      key: books.key,
      seed: posting.floods,
      ...(hot !== undefined && { hot }),
      days: recentDays(stage.world.session.today()),
    }),
  )
  posting.acknowledged += sample.operations
  posting.underWay += connections
  if (sample.refused > 0) {
    throw new BenchError(`${sample.refused} of ${sample.operations} journals were not accepted.`)
  }
  return sample
}

/**
 * What voids the numbers: a journal acknowledged and absent, one written twice, books that do not
 * balance, a roll-up or a trial balance that differs from the sum of its lines.
 */
async function check({ stage, books, acknowledged, underWay }: Posting): Promise<Checks> {
  const { owner, session } = stage.world
  stage.say('checking the books')
  const { sum, entries, keys } = await countBooks(owner, books)
  const lost = Math.max(0, acknowledged - entries)
  const doubled = Math.max(entries - keys, entries - acknowledged - underWay, 0)
  const today = session.today()
  const shown = await readTrialBalance(stage.server.origin, books, today)
  const isSame = isEqual(shown, await sumNaively(owner, books, today))
  const wrong = (await countDrift(owner, books)) + (isSame ? 0 : 1)
  const checks = { lost, doubled, sum: Number(sum), wrong }
  const isRight = lost === 0 && doubled === 0 && sum === 0n && wrong === 0
  require(isRight, `The books are wrong, so the numbers are void: ${JSON.stringify(checks)}`)
  return checks
}

type Named = Readonly<{ id: string; workload: string; checks: Checks | null }>

function resultOf(rounds: Rounds<Sample>, name: string, { id, workload, checks }: Named): Result {
  const samples = rounds.kept.flatMap((round) => round[name] ?? [])
  return {
    ...blankResult(id, name, workload, 'journals/s', samples.map(rateOf)),
    ...costsOf(samples),
    isUnstable: rounds.isUnstable,
    pairs: rounds.kept.length,
    discarded: rounds.discarded.length,
    fallback: isFallback,
    checks,
  }
}

function denominatorOf(
  { kept }: Rounds<Sample>,
  workload: string,
  name: string,
  clients?: number,
): Denominator {
  const samples = kept.flatMap((round) => round[workload] ?? [])
  return {
    name,
    ...(clients !== undefined && { clients }),
    median: median(samples.map(rateOf)),
    cpuUs: median(samples.map(({ cpuUs }) => cpuUs.api + cpuUs.postgres)),
  }
}

/** Fills books with at least this many journals, for what is measured afterwards. */
export async function fillBooks(stage: Stage, journals: number): Promise<Books> {
  const posting = await openPosting(stage, 'B6')
  while (posting.acknowledged < journals) {
    await post(posting, { connections: 64, seconds: 2 })
  }
  await check(posting)
  return posting.books
}
