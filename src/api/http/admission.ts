import type { Statement } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'

/** Source: platform specification 5.2. */
export const admissionBounds = { flushesMax: 2, itemsMax: 512, queueMax: 10_000 } as const

/** What is known of a key at this moment, and of the business that the request is about. */
export type Admitted = Readonly<{
  key_id: Id<'key'> | null
  organization_id: Id<'organization'>
  surface: string
  environment: 'live' | 'test'
  key_business_id: Id<'business'> | null
  scopes: readonly string[]
  key_business_ids: readonly Id<'business'>[] | null
  allowed_networks: readonly string[]
  plan_at_issue: string
  created_at: Instant
  expires_at: Instant | null
  revoked_at: Instant | null
  disabled_at: Instant | null
  overlap_until: Instant | null
  organization_status: string
  organization_created_at: Instant
  plan: string | null
  plan_status: string | null
  business_id: Id<'business'> | null
  business_status: string | null
  business_environment: 'live' | 'test' | null
  business_suspended_at: Instant | null
  base_currency: string | null
  time_zone: string | null
}>

type Row = Admitted & Readonly<{ item: number }>

type Waiter = Readonly<{ resolve: (row: Admitted) => void; reject: (error: unknown) => void }>

type Item = Readonly<{ hash: string; businessId: string | undefined; waiters: Waiter[] }>

const admitSql = `select item, key_id, organization_id, surface, environment, key_business_id,
  scopes, key_business_ids, allowed_networks, plan_at_issue, created_at, expires_at, revoked_at,
  disabled_at, overlap_until, organization_status, organization_created_at, plan, plan_status,
  business_id, business_status, business_environment, business_suspended_at, base_currency, time_zone
  from admit($1, $2)`

/**
 * Asks the database who calls, many requests in one statement. Nothing is remembered between two
 * statements, so a revocation holds from its commit.
 * Source: platform specification 5.2.
 */
export class Admission {
  readonly #query: <R>(statement: Statement) => Promise<R[]>
  #items = new Map<string, Item>()
  #waiting = 0
  #flushes = 0
  #isScheduled = false

  /** `query` runs one statement on any connection, outside of a transaction. */
  constructor(query: <R>(statement: Statement) => Promise<R[]>) {
    this.#query = query
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
      const rows = await this.#query<Row>({
        name: 'admit',
        text: admitSql,
        values: [
          `{${items.map((item) => `"\\\\x${item.hash}"`).join(',')}}`,
          `{${items.map((item) => item.businessId ?? 'NULL').join(',')}}`,
        ],
      })
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
