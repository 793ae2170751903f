import { Logger, parseCronItems, type Runner, run, type TaskList } from 'graphile-worker'
import type { Pool } from '../db/pool.ts'
import { DeliveryEngine, type EngineParts } from './delivery-engine.ts'
import { MailEngine, type MailParts } from './mail.ts'
import { type Task, type TaskParts, tasks } from './tasks.ts'
import { WorkWatch } from './work-watch.ts'

export type WorkerParts = TaskParts &
  EngineParts &
  Readonly<{
    /** Sessions of the owner's role with the driver's own types; without them no task runs. */
    jobsPool: Pool | undefined
    /** Hears of each task once it has ended. */
    onTask?: ((task: TaskSeen) => void) | undefined
    /** Tasks that run at once. */
    jobConcurrency?: number | undefined
    /** Where a test makes the worker fail: between a task and its end. */
    onTaskDone?: (() => Promise<void>) | undefined
    /** How messages are sent; without it they wait. */
    mail?: MailParts | undefined
  }>

/** A task that has ended, well or with an error. */
export type TaskSeen = Readonly<{ task: string; isDone: boolean; seconds: number }>

export type Worker = Readonly<{ stop: () => Promise<void> }>

/** The schema that graphile-worker keeps its tables in, and migrates by itself. */
export const jobsSchema = 'jobs'

const jobConcurrencyUsual = 2
const obeyMs = 1_000

/** What was due while no worker ran is made up for, so far back. */
const backfillMs = 86_400_000

/**
 * Starts what works behind the API: the delivery of events, messages, and tasks by schedule. Any
 * number of workers may run beside each other. `stop` takes nothing more and waits for what runs.
 * Source: platform specification 29.
 */
export async function startWorker(parts: WorkerParts): Promise<Worker> {
  const watch = new WorkWatch(parts.adminPool)
  const maySend = () => watch.maySend()
  const engine = new DeliveryEngine({ ...parts, maySend })
  const shift = parts.jobsPool && new Shift(parts, parts.jobsPool, watch)
  await shift?.start()
  const mail = parts.mail && new MailEngine({ ...parts.mail, maySend })
  engine.start()
  mail?.start()
  return {
    stop: async () => {
      await Promise.all([engine.stop(), mail?.stop(), shift?.stop()])
    },
  }
}

/** Tasks by schedule, which are taken up while the operator lets workers work. */
class Shift {
  readonly #parts: WorkerParts
  readonly #jobsPool: Pool
  readonly #watch: WorkWatch
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  #runner: Runner | undefined
  #change: Promise<void> | undefined
  #isOver = false

  constructor(parts: WorkerParts, jobsPool: Pool, watch: WorkWatch) {
    this.#parts = parts
    this.#jobsPool = jobsPool
    this.#watch = watch
  }

  async start(): Promise<void> {
    await this.#obey()
    this.#timers.push(setInterval(() => this.#look(), obeyMs))
    for (const task of tasks) {
      if (task.everyMs === undefined) continue
      this.#timers.push(setInterval(() => this.#tick(task), task.everyMs))
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    for (const timer of this.#timers) clearInterval(timer)
    await this.#change
    await Promise.all([this.#runner?.stop(), ...this.#running])
  }

  /** A change that lasts is waited for before the next look. */
  #look(): void {
    this.#change ??= this.#obey()
      .catch((error: unknown) => {
        this.#parts.log.warn({ err: error }, 'tasks wait for the database')
      })
      .finally(() => {
        this.#change = undefined
      })
  }

  async #obey(): Promise<void> {
    const { mayWork } = await this.#watch.look()
    if (this.#isOver) return
    if (mayWork && this.#runner === undefined) {
      this.#runner = await startTasks(this.#parts, this.#jobsPool)
    } else if (!mayWork && this.#runner !== undefined) {
      const runner = this.#runner
      this.#runner = undefined
      await runner.stop()
    }
  }

  /** Tasks that are due more often than a crontab can say. */
  #tick(task: Task): void {
    if (this.#runner === undefined || this.#isOver) return
    const once: Promise<void> = runTask(task, this.#parts)
      .catch((error: unknown) => {
        this.#parts.log.warn({ err: error, task: task.name }, 'a task waits for its next time')
      })
      .finally(() => this.#running.delete(once))
    this.#running.add(once)
  }
}

function startTasks(parts: WorkerParts, pgPool: Pool): Promise<Runner> {
  const taskList: TaskList = Object.fromEntries(
    tasks.map((task) => [task.name, () => runTask(task, parts)]),
  )
  const items = tasks.flatMap(({ name, schedule, attemptsMax }) => {
    if (schedule === undefined) return []
    const options = { maxAttempts: attemptsMax, backfillPeriod: backfillMs, jobKey: name }
    return [{ task: name, match: schedule, options }]
  })
  return run({
    pgPool,
    schema: jobsSchema,
    taskList,
    parsedCronItems: parseCronItems(items),
    concurrency: parts.jobConcurrency ?? jobConcurrencyUsual,
    noHandleSignals: true,
    logger: toLogger(parts.log),
  })
}

/** Runs a task and tells how it ended. */
async function runTask(task: Task, parts: WorkerParts): Promise<void> {
  const begunMs = performance.now()
  let isDone = false
  try {
    await task.run(parts)
    await parts.onTaskDone?.()
    isDone = true
  } finally {
    parts.onTask?.({ task: task.name, isDone, seconds: (performance.now() - begunMs) / 1_000 })
  }
}

/** What the runner says goes into our log; its everyday talk does not. */
const toLogger = (log: EngineParts['log']): Logger =>
  new Logger(() => (level, message, meta) => {
    if (level === 'error') log.error({ ...meta }, message)
    else if (level === 'warning') log.warn({ ...meta }, message)
  })
