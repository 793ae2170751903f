import { asOwner } from '../db/owner.ts'
import type { Pool } from '../db/pool.ts'
import { findPermission, type Permission } from '../modules/access/outgoing-hold.queries.ts'

const maxAgeMs = 1_000

/** Knows what the operator lets workers do, not more than a second late. */
export class WorkWatch {
  readonly #adminPool: Pool
  #seen: Readonly<{ atMs: number; permission: Promise<Permission> }> | undefined

  constructor(adminPool: Pool) {
    this.#adminPool = adminPool
  }

  /** Looks at most once a second; who asks meanwhile gets what was seen. */
  async look(): Promise<Permission> {
    const atMs = performance.now()
    if (this.#seen === undefined || atMs - this.#seen.atMs >= maxAgeMs) {
      const permission = asOwner(this.#adminPool, findPermission)
      this.#seen = { atMs, permission }
    }
    return await this.#seen.permission
  }

  async maySend(): Promise<boolean> {
    return (await this.look()).maySend
  }
}
