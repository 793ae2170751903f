import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { AssertionError, assert } from '../kernel/assert.ts'
import type { Instant } from '../kernel/dates.ts'
import { Refusal } from '../kernel/errors.ts'
import type { ChainRecord } from './chain.ts'
import { isConnectionLoss, isTransient, toRefusal } from './constraints.ts'
import type { Pool, PoolClient } from './pool.ts'
import { type Seat, SideBySide } from './side-by-side.ts'
import { rollback, type Tenant, type Tx, tenantSettings, toTx, watched } from './tx.ts'
import {
  buildCtx,
  type Command,
  type Ctx,
  type Done,
  flushWork,
  type Head,
  type OrganizationCtx,
  type Outcome,
  parseHead,
  type Settlement,
  type StoredReply,
  Work,
  type WorkSize,
} from './write.ts'

/** How calls of an action may run beside their neighbours in the queue. */
export type Companion<Input = never> = Readonly<{
  /** Rows a call will write, against the bound of one transaction. */
  weight: (input: Input) => number
  /** What a call changes, or relies on; calls that share a subject run one after the other. */
  subjects: (input: Input) => readonly string[]
}>

type Waiting = {
  readonly command: Command<never, unknown, unknown>
  readonly resolve: (done: Done<unknown>) => void
  readonly reject: (error: unknown) => void
  readonly sinceMs: number
}

type Bounds = Readonly<{
  queueMax: number
  queueBytesMax: number
  processMax: number
  batchMax: number
  batchRowsMax: number
  attemptsMax: number
}>

/** Source: ledger specification 7.1, platform specification 20. */
export const laneBounds: Bounds = {
  queueMax: 1_000,
  queueBytesMax: 4 * 1024 * 1024,
  processMax: 10_000,
  batchMax: 500,
  batchRowsMax: 5_000,
  attemptsMax: 5,
}

/** How long the outcome of a commit is asked for when its answer was lost. */
const lookUpMs = 10_000
const lookUpPauseMs = 50
const retryPauseMs = 5

type GateParts = Readonly<{
  pool: Pool
  /** By action; the others run alone. */
  companions: ReadonlyMap<unknown, Companion>
  random: (bytes: number) => Uint8Array
  /** Lane transactions that may run at once; the rest of the pool is for reads. */
  transactionsMax: number
  bounds?: Partial<Bounds>
  /** Hears of each batch once its callers have their answers. */
  onBatch?: ((batch: BatchSeen) => void) | undefined
}>

/** One batch of a lane; `waitSeconds` is that of the command that waited longest. */
export type BatchSeen = Readonly<{
  commands: number
  /** Of the requests that have asked for them. */
  requestIds: readonly string[]
  waitSeconds: number
  commitSeconds: number
}>

type Counts = Readonly<Record<'journals' | 'lines' | 'links' | 'conflicts' | 'losses', number>>

type Lane = {
  readonly tenantId: string
  readonly queue: Waiting[]
  readonly running: Set<string>
  readonly memory: Map<unknown, unknown>
  memoryVersion: bigint
  bytes: number
  isBusy: boolean
}

/**
 * The gate of all writes: one queue per tenant, at most one transaction of it in flight in this
 * process, and an advisory lock as the fence between processes. Whatever queues while a commit runs
 * is the next commit; nobody waits for a timer.
 * Source: ledger specification 7.1 and 7.2.
 */
export class Gate {
  readonly #parts: GateParts
  readonly #bounds: Bounds
  readonly #lanes = new Map<string, Lane>()
  readonly #ready: Lane[] = []
  #transactions = 0
  #commands = 0
  #isClosed = false
  #idle: (() => void)[] = []
  readonly #counts = { journals: 0, lines: 0, links: 0, conflicts: 0, losses: 0 }

  constructor(parts: GateParts) {
    this.#parts = parts
    this.#bounds = { ...laneBounds, ...parts.bounds }
  }

  /** What was committed since the start of the process, and what was begun anew, by its reason. */
  get counts(): Counts {
    return this.#counts
  }

  /** Transactions that run. */
  get transactionCount(): number {
    return this.#transactions
  }

  /** Commands that wait or run in this process. */
  get commandCount(): number {
    return this.#commands
  }

  /**
   * Queues a write and answers when it has been committed.
   * Refuses, in this order: platform.shutting_down, platform.overloaded, platform.lane_full,
   * idempotency.in_progress, idempotency.key_reused, then what the action refuses.
   */
  async write<C extends OrganizationCtx, Input, Result>(
    command: Command<C, Input, Result>,
  ): Promise<Done<Result>> {
    const lane = this.#lane(command.tenant)
    this.#requireRoom(lane, command.sizeBytes ?? 0)
    const key = keyOf(command)
    if (key !== undefined) {
      if (lane.running.has(key)) throw new Refusal('idempotency.in_progress')
      lane.running.add(key)
    }
    lane.bytes += command.sizeBytes ?? 0
    this.#commands += 1
    try {
      const done = await new Promise<Done<unknown>>((resolve, reject) => {
        const sinceMs = performance.now()
        const typed = command as Command<never, unknown, unknown> // typed again below
        lane.queue.push({ command: typed, resolve, reject, sinceMs })
        this.#wake(lane)
      })
      return done as Done<Result> // the action's own result
    } finally {
      this.#commands -= 1
      lane.bytes -= command.sizeBytes ?? 0
      if (key !== undefined) lane.running.delete(key)
      if (this.#commands === 0) for (const done of this.#idle.splice(0)) done()
    }
  }

  /** Takes no more commands and waits for those it has. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#commands > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #lane({ organizationId, businessId }: Tenant): Lane {
    const tenantId = businessId ?? organizationId
    let lane = this.#lanes.get(tenantId)
    if (lane === undefined) {
      lane = {
        tenantId,
        queue: [],
        running: new Set(),
        memory: new Map(),
        memoryVersion: -1n,
        bytes: 0,
        isBusy: false,
      }
      this.#lanes.set(tenantId, lane)
    }
    return lane
  }

  #requireRoom(lane: Lane, sizeBytes: number): void {
    if (this.#isClosed) throw new Refusal('platform.shutting_down')
    if (this.#commands >= this.#bounds.processMax) throw new Refusal('platform.overloaded')
    const isFull =
      lane.queue.length >= this.#bounds.queueMax ||
      lane.bytes + sizeBytes > this.#bounds.queueBytesMax
    if (isFull) throw new Refusal('platform.lane_full')
  }

  #wake(lane: Lane): void {
    if (lane.isBusy || lane.queue.length === 0) return
    lane.isBusy = true
    this.#ready.push(lane)
    // One turn later, so that neighbours that arrive in the same turn share the commit.
    setImmediate(() => this.#startNext())
  }

  #startNext(): void {
    while (this.#transactions < this.#parts.transactionsMax) {
      const lane = this.#ready.shift()
      if (lane === undefined) return
      this.#transactions += 1
      void this.#runLane(lane)
    }
  }

  async #runLane(lane: Lane): Promise<void> {
    const batch = this.#takeBatch(lane)
    const begunMs = performance.now()
    try {
      await this.#settle(lane, batch)
    } catch (error) {
      // A fault of ours: nobody may wait for ever, and who has an answer keeps it.
      for (const { reject } of batch) reject(error)
    } finally {
      this.#parts.onBatch?.({
        commands: batch.length,
        requestIds: batch.flatMap(({ command }) => command.requestId ?? []),
        waitSeconds: (begunMs - (batch[0]?.sinceMs ?? begunMs)) / 1_000,
        commitSeconds: (performance.now() - begunMs) / 1_000,
      })
      this.#transactions -= 1
      lane.isBusy = false
      this.#wake(lane)
      this.#startNext()
    }
  }

  /** First in, first out, up to the bounds of one transaction; a dry run stands alone. */
  #takeBatch(lane: Lane): Waiting[] {
    let rows = 0
    let count = 0
    for (const { command } of lane.queue) {
      const weight = companionOf(this.#parts, command)?.weight(command.input as never) ?? 10 // its own input
      const isOver = count >= this.#bounds.batchMax || rows + weight > this.#bounds.batchRowsMax
      if (count > 0 && (isOver || command.dryRun === true)) break
      rows += weight
      count += 1
      if (command.dryRun === true) break
    }
    return lane.queue.splice(0, count)
  }

  /** Runs a batch until each of its commands has an answer. */
  async #settle(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const attemptResult = await this.#attempt(lane, batch)
      if (attemptResult === 'settled') return
      lane.memory.clear()
      const { error, mayRetry } = attemptResult
      if (mayRetry && attempt < this.#bounds.attemptsMax) {
        if (isConnectionLoss(error)) this.#counts.losses += 1
        else this.#counts.conflicts += 1
        await pause(attempt * (retryPauseMs + (this.#parts.random(1)[0] ?? 0) / 16))
        continue
      }
      if (!mayRetry && batch.length > 1 && !isConnectionLoss(error)) {
        // Something refused the whole commit: alone, the guilty command gets the refusal itself.
        for (const waiting of batch) await this.#settle(lane, [waiting])
        return
      }
      const failure = toFailure(error, mayRetry)
      for (const { reject } of batch) reject(failure)
      return
    }
  }

  #count(run: BatchRun): void {
    if (run.link === 0n) return
    const counts = this.#counts
    counts.links += 1
    for (const entry of run.entries) {
      counts.journals += 1
      counts.lines += entry.filter((part) => Array.isArray(part)).length
    }
  }

  async #attempt(
    lane: Lane,
    batch: readonly Waiting[],
  ): Promise<'settled' | { error: unknown; mayRetry: boolean }> {
    let client: PoolClient
    try {
      client = await this.#parts.pool.connect()
    } catch (error) {
      return { error, mayRetry: false }
    }
    const run = new BatchRun(client, lane, this.#parts, batch)
    try {
      await run.all()
      client.release()
      this.#count(run)
      run.settle()
      return 'settled'
    } catch (error) {
      client.release(await rollback(client))
      if (run.isCommitting && isConnectionLoss(error)) {
        const outcome = await this.#lookUp(lane, run)
        if (outcome === 'committed') {
          this.#count(run)
          run.settle()
          return 'settled'
        }
        if (outcome === 'unknown') return { error, mayRetry: false }
      }
      return { error, mayRetry: isTransient(error) || isConnectionLoss(error) }
    }
  }

  /**
   * The connection went away around COMMIT: the link, if it exists, proves that it took effect. A
   * server that cannot be reached for long leaves the outcome unknown; the same again is then not
   * safe without an idempotency key.
   */
  async #lookUp(lane: Lane, run: BatchRun): Promise<'committed' | 'absent' | 'unknown'> {
    const deadline = performance.now() + lookUpMs
    while (performance.now() < deadline) {
      try {
        return (await this.#hasLink(lane, run)) ? 'committed' : 'absent'
      } catch (error) {
        if (!isTransient(error) && !isConnectionLoss(error)) throw error
        await pause(lookUpPauseMs)
      }
    }
    return 'unknown'
  }

  async #hasLink(lane: Lane, run: BatchRun): Promise<boolean> {
    const client = await this.#parts.pool.connect()
    let isBroken = true
    try {
      // The fence first: the lost transaction may still be at work on the server.
      await client.query(
        `begin isolation level read committed read only; ${tenantSettings(run.tenant)};
        select pg_advisory_xact_lock(${laneKey(lane.tenantId)})`,
      )
      const { rows } = await client.query(
        'select 1 from chain_link where tenant_id = $1 and link = $2 and hash = $3',
        [lane.tenantId, run.link, run.hash],
      )
      await client.query('commit')
      isBroken = false
      return rows.length > 0
    } finally {
      client.release(isBroken)
    }
  }
}

const companionOf = (
  { companions }: Pick<GateParts, 'companions'>,
  { action, dryRun }: Waiting['command'],
): Companion | undefined => (dryRun === true ? undefined : companions.get(action))

/** One transaction of a lane. */
class BatchRun {
  readonly tenant: Tenant
  isCommitting = false
  link = 0n
  hash: Buffer = Buffer.alloc(0)
  readonly #client: PoolClient
  readonly #lane: Lane
  readonly #parts: GateParts
  readonly #batch: readonly Waiting[]
  readonly #tx: Tx
  readonly #work = new Work()
  readonly #settlements: (() => void)[] = []
  #head: Head = parseHead(undefined)
  #isSavepointFresh = false

  constructor(client: PoolClient, lane: Lane, parts: GateParts, batch: readonly Waiting[]) {
    const [first] = batch
    assert(first !== undefined, 'a batch has a command')
    this.tenant = first.command.tenant
    this.#client = client
    this.#lane = lane
    this.#parts = parts
    this.#batch = batch
    this.#tx = toTx(client, { pool: parts.pool, tenant: this.tenant, isWriting: true })
  }

  /** Records of the journal entries that were written. */
  get entries(): readonly ChainRecord[] {
    return this.#work.chained.filter(({ kind }) => kind === 'E').map(({ record }) => record)
  }

  /** Steps 1 to 12 of the posting transaction; `settle` then answers the callers. */
  async all(): Promise<void> {
    await this.#begin()
    const fresh = await this.#replay()
    const firstEntrySeq = this.#head.entrySeq + 1n
    for (const run of this.#runsOf(fresh)) await this.#runTogether(run)
    if (this.#batch.some(({ command }) => command.dryRun === true)) {
      await this.#client.query('set constraints all immediate; rollback')
      this.#lane.memory.clear()
    } else {
      await this.#commit(firstEntrySeq)
    }
  }

  settle(): void {
    for (const settlement of this.#settlements) settlement()
  }

  async #begin(): Promise<void> {
    const { tenantId } = this.#lane
    // The fence is taken before anything else is read; later statements see what was committed.
    const answers = await this.#client.query(
      `begin isolation level read committed; ${tenantSettings(this.tenant)};
      select pg_advisory_xact_lock(${laneKey(tenantId)});
      select entry_seq, link, event_seq, audit_seq, chain_hash, horizon, config_version, recorded_at
      from lane_head where tenant_id = '${tenantId}' for update;
      savepoint command`,
    )
    this.#isSavepointFresh = true
    const found = (answers as unknown as { rows: never[] }[]).at(-2) // several statements, several results
    this.#head = parseHead(found?.rows[0])
    if (this.#head.configVersion !== this.#lane.memoryVersion) this.#lane.memory.clear()
    this.#lane.memoryVersion = this.#head.configVersion
  }

  /** Answers the commands whose key has a kept outcome; the rest go on. */
  async #replay(): Promise<readonly Waiting[]> {
    const batch = this.#batch
    const keyed = batch.flatMap(({ command }) => command.idempotency ?? [])
    if (keyed.length === 0) return batch
    const now = batch[0]?.command.now
    const rows = await this.#tx.query<KeptRow>({
      name: 'find_kept',
      text: `select surface, key, fingerprint, status, headers, body, request_id
        from idempotency where tenant_id = $1 and key = any ($2) and expires_at > $3`,
      values: [this.#lane.tenantId, keyed.map(({ key }) => key), now],
    })
    if (rows.length === 0) return batch
    const keptByKey = new Map(rows.map((row) => [`${row.surface} ${row.key}`, row]))
    return batch.filter(({ command, resolve, reject }) => {
      const key = keyOf(command)
      const kept = key === undefined ? undefined : keptByKey.get(key)
      if (kept === undefined || command.idempotency === undefined) return true
      const isSame = kept.fingerprint.equals(command.idempotency.fingerprint)
      this.#settlements.push(() =>
        isSame
          ? resolve({ replayed: toReply(kept) })
          : reject(new Refusal('idempotency.key_reused')),
      )
      return false
    })
  }

  /** Neighbours that may run side by side, as long as no two have a subject in common. */
  *#runsOf(batch: readonly Waiting[]): Generator<readonly Waiting[]> {
    let run: Waiting[] = []
    let taken: Set<string> | undefined
    for (const waiting of batch) {
      const { command } = waiting
      const subjects = companionOf(this.#parts, command)?.subjects(command.input as never) // its own input
      const isBeside = subjects?.every((subject) => taken?.has(subject) === false) ?? false
      if (run.length > 0 && (!isBeside || taken === undefined)) {
        yield run
        run = []
        taken = undefined
      }
      run.push(waiting)
      if (subjects === undefined) continue
      taken ??= new Set()
      for (const subject of subjects) taken.add(subject)
    }
    if (run.length > 0) yield run
  }

  async #runTogether(run: readonly Waiting[]): Promise<void> {
    if (run.length < 2) return this.#runOneByOne(run)
    const saved = this.#save()
    const works = run.map(() => new Work())
    await this.#savepoint()
    try {
      const side = new SideBySide()
      const outcomes = await side.run(
        run.map(({ command }, i) => (seat: Seat) => {
          const ctx = this.#ctx(command, works[i] ?? this.#work) as Ctx // companions belong to businesses
          return command.action(beside(ctx, side, seat) as never, command.input as never) // its own types
        }),
      )
      for (const [i, waiting] of run.entries()) {
        const outcome = outcomes[i]
        assert(outcome !== undefined, 'each command has an outcome')
        this.#conclude(waiting, outcome, works[i] ?? this.#work)
      }
    } catch (error) {
      if (isTransient(error) || isConnectionLoss(error)) throw error
      await this.#restore(saved, works)
      await this.#runOneByOne(run)
    }
  }

  async #runOneByOne(run: readonly Waiting[]): Promise<void> {
    for (const waiting of run) await this.#runAlone(waiting)
  }

  async #runAlone(waiting: Waiting): Promise<void> {
    const { command } = waiting
    const saved = this.#save()
    await this.#savepoint()
    const work = new Work()
    try {
      const value = await command.action(this.#ctx(command, work) as never, command.input as never) // its own types
      this.#conclude(waiting, { value }, work)
    } catch (error) {
      if (isTransient(error) || isConnectionLoss(error)) throw error
      await this.#restore(saved, [work])
      const refusal = toRefusal(error)
      if (refusal === undefined) {
        this.#settlements.push(() => waiting.reject(error))
        return
      }
      this.#conclude(waiting, { refusal }, new Work())
    }
  }

  /** Keeps the reply where asked, takes over the command's work, and plans its answer. */
  #conclude(waiting: Waiting, outcome: Outcome<unknown>, work: Work): void {
    const { command, resolve, reject } = waiting
    const { idempotency, settlement } = command
    const reply = idempotency?.reply(outcome)
    if ('value' in outcome) {
      this.#work.add(work)
      if (settlement !== undefined) this.#work.settlements.push(settlement)
    }
    if (idempotency !== undefined && reply !== undefined) {
      const { surface, key, fingerprint, keepMs } = idempotency
      const expiresAt = new Date(Date.parse(command.now) + keepMs).toISOString() as Instant // arithmetic on the input
      this.#work.kept.push({ surface, key, fingerprint, reply, at: command.now, expiresAt })
    }
    this.#settlements.push(() => {
      if ('refusal' in outcome) reject(outcome.refusal)
      else resolve({ value: outcome.value, ...(reply !== undefined && { reply }) })
    })
  }

  #ctx(command: Waiting['command'], work: Work): OrganizationCtx {
    return buildCtx({
      tx: this.#tx,
      tenant: this.tenant,
      head: this.#head,
      work,
      actor: command.actor,
      requestId: command.requestId,
      now: command.now,
      random: this.#parts.random,
      memory: this.#lane.memory,
      savepoint: (part) => this.#attempt(part),
    })
  }

  /** A part of a command in a savepoint within the command's own. */
  async #attempt<Result>(part: () => Promise<Result>): Promise<Outcome<Result>> {
    await this.#client.query('savepoint part')
    try {
      const value = await part()
      await this.#client.query('release savepoint part')
      return { value }
    } catch (error) {
      if (isTransient(error) || isConnectionLoss(error)) throw error
      await this.#client.query('rollback to savepoint part; release savepoint part')
      const refusal = toRefusal(error)
      if (refusal === undefined) throw error
      return { refusal }
    }
  }

  /** One savepoint at a time; the first came with the beginning, the next follow in one message. */
  async #savepoint(): Promise<void> {
    if (!this.#isSavepointFresh) {
      await this.#client.query('release savepoint command; savepoint command')
    }
    this.#isSavepointFresh = false
  }

  #save(): Saved {
    const { length } = this.#settlements
    return { head: { ...this.#head }, settlements: length, work: this.#work.size() }
  }

  async #restore({ head, settlements, work }: Saved, works: readonly Work[]): Promise<void> {
    await this.#client.query('rollback to savepoint command')
    Object.assign(this.#head, head)
    this.#settlements.length = settlements
    this.#work.cut(work)
    if (works.some((one) => one.isConfigurationChanged)) this.#lane.memory.clear()
  }

  async #runSettlements(): Promise<void> {
    const itemsByRun = new Map<Settlement['run'], string[]>()
    for (const { run, item } of this.#work.settlements) {
      const items = itemsByRun.get(run)
      if (items === undefined) itemsByRun.set(run, [item])
      else items.push(item)
    }
    for (const [run, items] of itemsByRun) await run(this.#tx, this.tenant, items)
  }

  async #commit(firstEntrySeq: bigint): Promise<void> {
    const { tenantId } = this.#lane
    const head = this.#head
    const work = this.#work
    await this.#runSettlements()
    const hasWork = work.chained.length + work.audits.length + work.events.length > 0
    if (hasWork || work.kept.length > 0 || work.isConfigurationChanged) {
      const before = head.link
      this.hash = await flushWork(this.#tx, { tenantId, head, work, firstEntrySeq })
      if (head.link > before) this.link = head.link
    }
    this.isCommitting = true
    await this.#client.query('set constraints all immediate; commit')
    if (work.isConfigurationChanged) this.#lane.memory.clear()
    this.#lane.memoryVersion = head.configVersion
  }
}

/** A context whose reads and writes are shared with the neighbours; what it asks alone may be a write. */
function beside(ctx: Ctx, side: SideBySide, seat: Seat): Ctx {
  const write = (): void => {
    seat.hasWritten = true
  }
  return {
    ...ctx,
    tx: watched(ctx.tx, write),
    readTogether: (run, item) => side.ask(ctx, run, item),
    writeTogether: (run, item) => {
      write()
      return side.ask(ctx, run, item)
    },
    attempt: () => Promise.reject(new AssertionError('a command with parts runs alone')),
  }
}

type Saved = Readonly<{ head: Head; settlements: number; work: WorkSize }>

type KeptRow = {
  surface: string
  key: string
  fingerprint: Buffer
  status: number
  headers: Record<string, string>
  body: Buffer
  request_id: string
}

const toReply = ({ status, headers, body, request_id }: KeptRow): StoredReply => ({
  status,
  headers,
  body,
  requestId: request_id,
})

const keyOf = ({ idempotency }: Keyed): string | undefined =>
  idempotency && `${idempotency.surface} ${idempotency.key}`

type Keyed = Readonly<{ idempotency?: Readonly<{ surface: string; key: string }> | undefined }>

function toFailure(error: unknown, mayRetry: boolean): unknown {
  const refusal = toRefusal(error)
  if (refusal !== undefined) return refusal
  if (isConnectionLoss(error)) return new Refusal('platform.database_unavailable')
  return mayRetry ? new Refusal('platform.write_conflict') : error
}

/** The advisory lock of a lane: the first 8 bytes of SHA-256 of its name, as a signed bigint. */
function laneKey(tenantId: string): string {
  const digest = createHash('sha256').update(`lane:${tenantId}`).digest()
  return `${digest.readBigInt64BE(0)}::bigint`
}
