import type { Db } from '../../db/tx.ts'
import { type Instant, msOf } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  type CallCounts,
  type ChargedCall,
  finishCalls,
  type KeyUse,
  noteKeyUses,
} from '../../modules/plans/charge.queries.ts'

const flushMs = 15
const retryMs = 1_000
/** Who looks at a key sees its uses so late. */
const usesMs = 1_000

/** A call that has been answered. */
export type EndedCall = Readonly<{
  organizationId: Id<'organization'>
  requestId: string
  status: number
  /** Whether admission holds a charge for it. */
  isHeld: boolean
  /** Whether it did something for the first time and for real: no replay, no dry run. */
  isReal: boolean
}>

/**
 * Tells the meter how calls ended, many in one statement: charges are settled or given back, and
 * calls are counted. What a crash keeps from it, the sweeper gives back.
 * Source: platform specification 7.
 */
export class Billing {
  readonly #db: Pick<Db, 'query'>
  readonly #clock: () => Instant
  #charged: ChargedCall[] = []
  #counts = new Map<string, CallCounts>()
  #uses = new Map<string, KeyUse>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #usesTimer: NodeJS.Timeout | undefined
  #noting: Promise<void> | undefined

  constructor(db: Pick<Db, 'query'>, clock: () => Instant) {
    this.#db = db
    this.#clock = clock
  }

  finish({ organizationId, requestId, status, isHeld, isReal }: EndedCall): void {
    const isSettled = status < 300 && isReal
    if (isHeld) this.#charged.push({ organizationId, requestId, isSettled })
    const before = this.#counts.get(organizationId) ?? none
    this.#counts.set(organizationId, {
      organizationId,
      calls: before.calls + 1,
      succeeded: before.succeeded + (status < 400 ? 1 : 0),
      refused: before.refused + (status >= 400 && status < 500 ? 1 : 0),
      failed: before.failed + (status >= 500 ? 1 : 0),
      counted: before.counted + (isSettled ? 1 : 0),
    })
    this.#start(flushMs)
  }

  /** A key was used once more. */
  use({ organizationId, keyId }: Omit<KeyUse, 'uses'>): void {
    const uses = (this.#uses.get(keyId)?.uses ?? 0) + 1
    this.#uses.set(keyId, { organizationId, keyId, uses })
    this.#usesTimer ??= setTimeout(() => {
      this.#noting = this.#note()
    }, usesMs)
    this.#usesTimer.unref()
  }

  /** Says all that is known; nobody calls any more. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    clearTimeout(this.#usesTimer)
    await this.#noting
    await this.#note()
    await this.#running
    await this.#flush()
    clearTimeout(this.#timer)
  }

  /** How often a key was used is a hint for its owner: what cannot be noted is let go. */
  async #note(): Promise<void> {
    this.#usesTimer = undefined
    const uses = [...this.#uses.values()]
    this.#uses = new Map()
    if (uses.length === 0) return
    try {
      await noteKeyUses(this.#db, msOf(this.#clock()), uses)
    } catch {
      return
    }
  }

  #start(afterMs: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#running = this.#flush()
    }, afterMs)
    this.#timer.unref()
  }

  async #flush(): Promise<void> {
    await this.#running
    this.#timer = undefined
    const [charged, counts] = [this.#charged, this.#counts]
    if (charged.length === 0 && counts.size === 0) return
    this.#charged = []
    this.#counts = new Map()
    try {
      await finishCalls(this.#db, msOf(this.#clock()), { charged, counts: [...counts.values()] })
    } catch {
      // A charge may be closed twice; a count may not, and its outcome is unknown.
      this.#charged.push(...charged)
      if (this.#charged.length > 0) this.#start(retryMs)
    }
  }
}

const none = { calls: 0, succeeded: 0, refused: 0, failed: 0, counted: 0 }
