import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { BenchError, require } from './bench-error.ts'
import { buildJournal, buildRandom } from './generator.ts'
import { blankResult, judge, type Result } from './output.ts'
import { untilEnd } from './processes.ts'
import { findPort, runCommand, type Server, startServer } from './server.ts'
import {
  type Books,
  countDrift,
  findDatabaseFolder,
  joinWorld,
  openBooks,
  readPostmaster,
  recentDays,
} from './world.ts'

const callers = 32
const cyclesDefault = 20
const loadMinMs = 500
const loadMaxMs = 2_000
const retryMs = 50
const answerLimitMs = 10_000
const operationLimitMs = 90_000

/** What the callers share. */
type Load = {
  readonly origin: string
  readonly books: Books
  readonly days: readonly string[]
  /** PostgreSQL's own, where it keeps its process id. */
  readonly databaseFolder: string
  /** Number of the answered entry, by idempotency key. */
  readonly acknowledged: Map<string, string>
  sent: number
  retries: number
  replays: number
  /** What a caller was told last, when it was no acknowledgement. */
  lastAnswer: string
  failure: string | undefined
  isOver: boolean
}

/**
 * Crashes: kill -9 of the server and of the postmaster in turns, while callers post and retry on
 * their idempotency keys. Afterwards each acknowledged journal is there once, and all books hold.
 */
export async function runCrashes(
  dataDir: string,
  say: (sentence: string) => void,
  cycles: number = cyclesDefault,
): Promise<readonly Result[]> {
  const port = await findPort()
  let server = await startServer(dataDir, port)
  const random = buildRandom(7)
  const [serverMs, databaseMs]: [number[], number[]] = [[], []]
  const running: Promise<void>[] = []
  const load: Load = {
    origin: server.origin,
    acknowledged: new Map(),
    sent: 0,
    retries: 0,
    replays: 0,
    lastAnswer: 'nothing',
    failure: undefined,
    isOver: false,
    ...(await prepare(dataDir)),
  }
  try {
    for (let caller = 0; caller < callers; caller += 1) running.push(callOn(load, caller))
    for (let cycle = 1; cycle <= cycles && load.failure === undefined; cycle += 1) {
      await pause(loadMinMs + random() * (loadMaxMs - loadMinMs))
      const before = load.acknowledged.size
      if (cycle % 2 === 1) {
        server.child.kill('SIGKILL')
        await untilEnd(server.child)
        server = await startServer(dataDir, port)
        serverMs.push(server.startMs)
      } else {
        databaseMs.push(await killDatabase(server, load))
      }
      const what = cycle % 2 === 1 ? 'server' : 'database'
      say(`crash ${cycle} of ${cycles}: ${what}, ${before} journals acknowledged before it`)
    }
    load.isOver = true
    await Promise.all(running)
    require(load.failure === undefined, `A caller could not go on: ${load.failure}`)
    say(`${load.acknowledged.size} acknowledged, ${load.retries} retries, ${load.replays} replays`)
    const checks = await check(dataDir, load)
    return toResults({ cycles, checks, serverMs, databaseMs })
  } catch (error) {
    load.failure ??= 'The run was given up.'
    throw error
  } finally {
    await server.stop()
  }
}

async function prepare(dataDir: string) {
  const world = await joinWorld(dataDir)
  try {
    const books = await openBooks(world, 'Crashes')
    return {
      books,
      days: recentDays(world.session.today()),
      databaseFolder: await findDatabaseFolder(dataDir),
    }
  } finally {
    await world.close()
  }
}

/** Kills the postmaster; milliseconds until a journal is accepted again. */
async function killDatabase(server: Server, load: Load): Promise<number> {
  const began = performance.now()
  process.kill(readPostmaster(load.databaseFolder), 'SIGKILL')
  // Answers that were under way count neither as a sign of life nor against it.
  await pause(retryMs)
  const before = load.acknowledged.size
  while (load.acknowledged.size < before + callers) {
    if (server.child.exitCode !== null || performance.now() - began > operationLimitMs) {
      const log = readFileSync(`${server.dataDir}/server.log`, 'utf8').slice(-2_000)
      throw new BenchError(`The server did not recover from the loss of its database: ${log}`)
    }
    if (load.failure !== undefined) throw new BenchError(load.failure)
    await pause(5)
  }
  return performance.now() - began
}

/** One caller: a journal, again and again with the same key until it is answered, then the next. */
async function callOn(load: Load, caller: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const random = buildRandom(100 + caller)
  while (!load.isOver && load.failure === undefined) {
    load.sent += 1
    const key = `crash-${caller}-${load.sent}`
    const body = buildJournal(random, load.days, { reference: key })
    const deadline = performance.now() + operationLimitMs
    while (!(await attempt(load, agent, key, body))) {
      load.retries += 1
      if (performance.now() > deadline)
        load.failure ??= `${key} was never acknowledged; last: ${load.lastAnswer}`
      if (load.failure !== undefined) break
      await pause(retryMs)
    }
  }
  agent.destroy()
}

/** True when the journal was acknowledged; false when the caller must ask again. */
async function attempt(load: Load, agent: Agent, key: string, body: string): Promise<boolean> {
  const answer = await post(load, agent, key, body)
  if (answer === undefined || answer.status >= 500 || [409, 429].includes(answer.status)) {
    load.lastAnswer = answer === undefined ? 'a broken connection' : answer.text
    return false
  }
  if (answer.status !== 201) {
    load.failure ??= `${answer.status} ${answer.text}`
    return false
  }
  const entry: unknown = Reflect.get(Object(JSON.parse(answer.text)), 'data')
  load.acknowledged.set(key, String(Reflect.get(Object(entry), 'number')))
  if (answer.isReplay) load.replays += 1
  return true
}

type Answer = Readonly<{ status: number; text: string; isReplay: boolean }>

function post(load: Load, agent: Agent, key: string, body: string): Promise<Answer | undefined> {
  const url = `${load.origin}/books/v1/journal-entries?businessId=${load.books.businessId}`
  return new Promise((resolve) => {
    const sending = request(url, {
      agent,
      method: 'POST',
      timeout: answerLimitMs,
      headers: {
        Authorization: `Bearer ${load.books.key}`,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'Idempotency-Key': key,
      },
    })
    sending.once('timeout', () => sending.destroy())
    sending.once('error', () => resolve(undefined))
    sending.once('response', (answer) => {
      void readAll(answer).then((text) => {
        const isReplay = answer.headers['idempotency-replayed'] === 'true'
        resolve(text === undefined ? undefined : { status: answer.statusCode ?? 0, text, isReplay })
      })
    })
    sending.end(body)
  })
}

/** The whole text, or undefined when the connection broke before its end. */
async function readAll(answer: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(Buffer.from(chunk))
  } catch {
    return undefined
  }
  return answer.complete ? Buffer.concat(chunks).toString('utf8') : undefined
}

type CrashChecks = Readonly<{ lost: number; doubled: number; sum: number; wrong: number }>

async function check(dataDir: string, load: Load): Promise<CrashChecks> {
  const world = await joinWorld(dataDir)
  try {
    const { owner } = world
    const { businessId } = load.books
    const { rows } = await owner.query<{ reference: string; number: string }>(
      'select reference, number from journal_entry where business_id = $1 order by entry_seq',
      [businessId],
    )
    const numbersByKey = new Map<string, string[]>()
    for (const { reference, number } of rows) {
      numbersByKey.set(reference, [...(numbersByKey.get(reference) ?? []), number])
    }
    const isThere = ([key, number]: readonly [string, string]): boolean =>
      numbersByKey.get(key)?.includes(number) === true
    const lost = [...load.acknowledged].filter((one) => !isThere(one)).length
    const doubled = rows.length - numbersByKey.size
    const sums = await owner.query<{ sum: string }>(
      'select coalesce(sum(base_amount), 0)::text as sum from journal_line where business_id = $1',
      [businessId],
    )
    const sum = Number(sums.rows[0]?.sum)
    const wrong = (await countDrift(owner, load.books)) + (await verify(dataDir))
    return { lost, doubled, sum, wrong }
  } finally {
    await world.close()
  }
}

/** 0 when the product's own verification finds nothing; it says what it found. */
async function verify(dataDir: string): Promise<number> {
  const { code, output } = await runCommand(dataDir, ['verify'])
  if (code !== 0) console.error(`verify ended with ${code}: ${output.slice(0, 2_000)}`)
  return code === 0 ? 0 : 1
}

type Found = Readonly<{
  cycles: number
  checks: CrashChecks
  serverMs: readonly number[]
  databaseMs: readonly number[]
}>

function toResults({ cycles, checks, serverMs, databaseMs }: Found): readonly Result[] {
  const faults = checks.lost + checks.doubled + Math.abs(checks.sum) + checks.wrong
  const workload = `${cycles} × kill -9 under the load of ${callers} callers`
  const base = blankResult('B7', 'crashes', workload, 'lost, doubled or wrong', [faults])
  const back = (variant: string, times: readonly number[], limitMs: number): Result =>
    judge({
      ...blankResult('B7', variant, workload, 'ms at the slowest', [Math.max(...times)]),
      target: { op: '<=', value: limitMs },
    })
  return [
    judge({ ...base, checks, target: { op: '<=', value: 0 } }),
    ...(serverMs.length > 0 ? [back('server back', serverMs, 3_000)] : []),
    ...(databaseMs.length > 0 ? [back('database back', databaseMs, 30_000)] : []),
  ]
}
