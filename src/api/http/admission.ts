import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type Admitted, admitKeys } from '../../modules/access/admission.queries.ts'

/** Source: platform specification 5.2. */
export const admissionBounds = { flushesMax: 2, itemsMax: 512, queueMax: 10_000 } as const

type Waiter = Readonly<{ resolve: (row: Admitted) => void; reject: (error: unknown) => void }>

type Item = Readonly<{ hash: string; businessId: string | undefined; waiters: Waiter[] }>

/**
 * Asks the database who calls, many requests in one statement. Nothing is remembered between two
 * statements, so a revocation holds from its commit.
 * Source: platform specification 5.2.
 */
export class Admission {
  readonly #db: Pick<Db, 'query'>
  #items = new Map<string, Item>()
  #waiting = 0
  #flushes = 0
  #isScheduled = false

  /** `db` runs each statement on any connection, in a transaction of its own. */
  constructor(db: Pick<Db, 'query'>) {
    this.#db = db
  }

  /**
   * State of the key with this hash (hexadecimal), of its organization and plan, and of its
   * business or the one named.
   * Refuses: platform.overloaded, platform.database_unavailable. An unknown key has a null key_id.
   */
  admit(hash: string, businessId: string | undefined): Promise<Admitted> {
    if (this.#waiting >= admissionBounds.queueMax) {
      return Promise.reject(new Refusal('platform.overloaded'))
    }
    this.#waiting += 1
    return new Promise((resolve, reject) => {
      const name = businessId === undefined ? hash : `${hash} ${businessId}`
      const item = this.#items.get(name)
      if (item === undefined) {
        this.#items.set(name, { hash, businessId, waiters: [{ resolve, reject }] })
      } else {
        item.waiters.push({ resolve, reject })
      }
      this.#schedule()
    })
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
    if (items.length === 0) return
    this.#flushes += 1
    if (this.#items.size > 0) this.#schedule()
    try {
      const rows = await admitKeys(this.#db, items)
      assert(rows.length === items.length, 'admission answers each item')
      for (const row of rows) {
        for (const waiter of items[row.item - 1]?.waiters ?? []) waiter.resolve(row)
      }
    } catch {
      // Never open: without an answer everybody is refused.
      const refusal = new Refusal('platform.database_unavailable')
      for (const item of items) for (const waiter of item.waiters) waiter.reject(refusal)
    } finally {
      this.#flushes -= 1
      for (const item of items) this.#waiting -= item.waiters.length
      if (this.#items.size > 0) this.#schedule()
    }
  }

  #take(): readonly Item[] {
    if (this.#items.size <= admissionBounds.itemsMax) {
      const all = [...this.#items.values()]
      this.#items = new Map()
      return all
    }
    const some: Item[] = []
    for (const [name, item] of this.#items) {
      if (some.length === admissionBounds.itemsMax) break
      some.push(item)
      this.#items.delete(name)
    }
    return some
  }
}
