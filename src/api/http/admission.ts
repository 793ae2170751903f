import { randomInt } from 'node:crypto'
import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import { type Instant, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  type Admitted,
  admitKeys,
  type EndedRequests,
} from '../../modules/access/admission.queries.ts'
import { type Standing, toStanding } from './limits.ts'

/** Source: platform specification 5.2. */
export const admissionBounds = { flushesMax: 2, itemsMax: 512, queueMax: 10_000 } as const

/** Slots travel with the next statement, or with one of their own after so long. */
const returnMs = 15

/** How often the database hears that requests are still on their way; their lease is 15 seconds. */
const heartbeatMs = 5_000

const processesMax = 2 ** 47

/** One request, as far as admission looks at it. */
export type Asked = Readonly<{
  /** Of the key, hexadecimal. */
  hash: string
  /** The business that the request names. */
  businessId?: string | undefined
  /** Of the sender; empty when unknown. */
  address?: string
  cost?: number
  metering?: 0 | 1 | 2 | 3
  /** Needed where the request is metered. */
  requestId?: string
  operation?: string
}>

/** What was decided about one request. */
export type Admittance = Readonly<{
  admitted: Admitted
  /** Undefined where the key may not be used at all. */
  standing: Standing | undefined
  isGranted: boolean
  charge: Charge
  /** To be given back when the request has ended. */
  slot: Slot | undefined
}>

/** `none`: nothing to pay. `held`: paid when the call succeeds. `refused`: nothing left to pay with. */
export type Charge = 'none' | 'held' | 'refused'

/** One statement of admission. */
export type FlushSeen = Readonly<{ requests: number; seconds: number }>

/** Place of a request among those in flight. */
export type Slot = Held

type Held = {
  readonly process: number
  readonly subject: string
  readonly organizationId: string
  /** Keys whose requests are among them. */
  readonly hashes: Set<string>
  /** In flight, by the knowledge of the database. */
  count: number
  /** Of these, ended since the database was told. */
  ended: number
}

type Told = EndedRequests & Readonly<{ hashes: readonly string[] }>

type Waiter = Readonly<{
  resolve: (admittance: Admittance) => void
  reject: (error: unknown) => void
}>

type Item = Readonly<{
  asked: Asked
  waiters: Waiter[]
  requestIds: string[]
  operations: string[]
}>

/**
 * Asks the database who calls and whether they may now, many requests in one statement. Nothing is
 * remembered between two statements, so a revocation and a changed limit hold from their commit.
 * Source: platform specification 5.2 and 6.
 */
export class Admission {
  readonly #db: Pick<Db, 'query'>
  readonly #clock: () => Instant
  readonly #onNotice: ((organizationId: Id<'organization'>) => void) | undefined
  readonly #onFlush: ((flush: FlushSeen) => void) | undefined
  #process = randomInt(processesMax)
  #items = new Map<string, Item>()
  #held = new Map<string, Held>()
  /** Keys that a running statement speaks of. Others of them wait: they meet at the same row. */
  readonly #busy = new Set<string>()
  #waiting = 0
  #flushes = 0
  #isScheduled = false
  #isReturnDue = false
  #isHeartbeatDue = false
  #returnTimer: NodeJS.Timeout | undefined
  readonly #heartbeat: NodeJS.Timeout

  /**
   * db        runs each statement on any connection, in a transaction of its own
   * onFlush   hears of each statement once it has been answered
   * onNotice  hears of an organization whose owner has to be told of its credits or its quota
   */
  constructor(
    db: Pick<Db, 'query'>,
    clock: () => Instant,
    onNotice?: (organizationId: Id<'organization'>) => void,
    onFlush?: (flush: FlushSeen) => void,
  ) {
    this.#db = db
    this.#clock = clock
    this.#onNotice = onNotice
    this.#onFlush = onFlush
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs)
    this.#heartbeat.unref()
  }

  /**
   * State of the key, of its organization and plan, and of its business or the one named; where its
   * caller stands, and whether the request is granted. An unknown key has a null key_id.
   * Refuses: platform.overloaded, platform.database_unavailable.
   */
  admit(asked: Asked): Promise<Admittance> {
    if (this.#waiting >= admissionBounds.queueMax) {
      return Promise.reject(new Refusal('platform.overloaded'))
    }
    this.#waiting += 1
    return new Promise((resolve, reject) => {
      const { hash, businessId = '', address = '', cost = 1, metering = 0 } = asked
      const name = `${hash} ${businessId} ${cost} ${metering} ${address}`
      let item = this.#items.get(name)
      if (item === undefined) {
        item = { asked, waiters: [], requestIds: [], operations: [] }
        this.#items.set(name, item)
      }
      item.waiters.push({ resolve, reject })
      if (metering !== 0) {
        item.requestIds.push(asked.requestId ?? '')
        item.operations.push(asked.operation ?? '')
      }
      this.#schedule()
    })
  }

  /** The request that held the slot has ended. */
  giveBack(slot: Slot): void {
    slot.ended += 1
    if (this.#returnTimer !== undefined) return
    this.#returnTimer = setTimeout(() => {
      this.#returnTimer = undefined
      this.#isReturnDue = true
      this.#schedule()
    }, returnMs)
    this.#returnTimer.unref()
  }

  /** Gives back what is held; nobody asks any more. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat)
    clearTimeout(this.#returnTimer)
    while (this.#flushes > 0) await new Promise((resolve) => setImmediate(resolve))
    this.#isReturnDue = true
    await this.#flush()
  }

  #beat(): void {
    if (this.#held.size === 0) return
    this.#isHeartbeatDue = true
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#flushes >= admissionBounds.flushesMax) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const items = this.#take()
    const told = this.#takeEnded(items.length > 0)
    if (items.length + told.length === 0) return
    const hashes = [...items.map(({ asked }) => asked.hash), ...told.flatMap((one) => one.hashes)]
    for (const hash of hashes) this.#busy.add(hash)
    this.#flushes += 1
    if (this.#items.size > 0) this.#schedule()
    const begunMs = performance.now()
    try {
      const nowMs = msOf(this.#clock())
      const process = this.#process
      const questions = items.map(({ asked, waiters, requestIds, operations }) => ({
        hash: asked.hash,
        businessId: asked.businessId,
        address: asked.address ?? '',
        cost: asked.cost ?? 1,
        count: waiters.length,
        metering: asked.metering ?? 0,
        requestIds,
        operations,
      }))
      const rows = await admitKeys(this.#db, { nowMs, process, questions, ended: told })
      assert(rows.length === items.length, 'admission answers each item')
      this.#onFlush?.({
        requests: items.reduce((sum, { waiters }) => sum + waiters.length, 0),
        seconds: (performance.now() - begunMs) / 1_000,
      })
      for (const row of rows) this.#answer(items[row.item - 1], row, { nowMs, process })
    } catch {
      // What the database has counted is unknown. Under another name this process starts at none;
      // the leases of the old one run out.
      this.#process = randomInt(processesMax)
      // Never open: without an answer everybody is refused.
      const refusal = new Refusal('platform.database_unavailable')
      for (const item of items) for (const waiter of item.waiters) waiter.reject(refusal)
    } finally {
      this.#flushes -= 1
      for (const hash of hashes) this.#busy.delete(hash)
      for (const item of items) this.#waiting -= item.waiters.length
      if (this.#items.size > 0 || this.#isReturnDue || this.#isHeartbeatDue) this.#schedule()
    }
  }

  #answer(
    item: Item | undefined,
    row: Admitted,
    { nowMs, process }: Readonly<{ nowMs: number; process: number }>,
  ): void {
    const { asked, waiters = [] } = item ?? {}
    const cost = asked?.cost ?? 1
    if (row.notice > 0) this.#onNotice?.(row.organization_id)
    const slot = row.slot_limit === null ? undefined : this.#hold(row, process, asked?.hash ?? '')
    for (const [index, waiter] of waiters.entries()) {
      const isGranted = index < row.granted
      waiter.resolve({
        admitted: row,
        standing: row.is_usable ? toStanding(row, { index, cost, nowMs }) : undefined,
        isGranted,
        charge: toCharge(row, index),
        slot: isGranted ? slot : undefined,
      })
    }
  }

  #hold(
    { subject, organization_id, granted }: Admitted,
    process: number,
    hash: string,
  ): Held | undefined {
    if (subject === null || granted === 0) return undefined
    const name = `${process} ${subject}`
    let held = this.#held.get(name)
    if (held === undefined) {
      const organizationId = organization_id
      held = { process, subject, organizationId, hashes: new Set(), count: 0, ended: 0 }
      this.#held.set(name, held)
    }
    held.hashes.add(hash)
    held.count += granted
    return held
  }

  /** What the database must hear about requests in flight; only with the next statement, or due. */
  #takeEnded(hasItems: boolean): readonly Told[] {
    if (!hasItems && !this.#isReturnDue && !this.#isHeartbeatDue) return []
    const told: Told[] = []
    let mustWait = false
    for (const [name, held] of this.#held) {
      if (held.ended === 0 && !this.#isHeartbeatDue) continue
      const { process, subject, organizationId, ended } = held
      const hashes = [...held.hashes]
      if (hashes.some((hash) => this.#busy.has(hash))) {
        mustWait = true
        continue
      }
      told.push({ process, subject, organizationId, count: ended, hashes })
      held.count -= ended
      held.ended = 0
      if (held.count === 0) this.#held.delete(name)
    }
    this.#isReturnDue = mustWait
    this.#isHeartbeatDue = false
    return told
  }

  #take(): readonly Item[] {
    if (this.#items.size <= admissionBounds.itemsMax && this.#busy.size === 0) {
      const all = [...this.#items.values()]
      this.#items = new Map()
      return all
    }
    const some: Item[] = []
    for (const [name, item] of this.#items) {
      if (some.length === admissionBounds.itemsMax) break
      if (this.#busy.has(item.asked.hash)) continue
      some.push(item)
      this.#items.delete(name)
    }
    return some
  }
}

function toCharge({ is_metered, granted, held }: Admitted, index: number): Charge {
  if (!is_metered || index >= granted) return 'none'
  return index < held ? 'held' : 'refused'
}
