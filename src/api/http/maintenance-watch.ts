import type { Db } from '../../db/tx.ts'
import { findMaintenance } from '../../modules/access/maintenance.queries.ts'
import type { Maintenance } from '../../modules/access/maintenance.ts'

/** From this age on the next request has the database asked again, */
const freshMs = 400
/** and from this age on it waits for the answer. */
const ageMaxMs = 900

/**
 * What the operator has ordered, as this process knows it: never older than a second when a request
 * is judged by it, and asked for at most a few times a second however many requests there are.
 * Source: platform specification 11.1.
 */
export class MaintenanceWatch {
  readonly #db: Pick<Db, 'query'>
  readonly #elapsedMs: () => number
  #known: Maintenance | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  /** `elapsedMs` counts on whatever the clock is set to. */
  constructor(db: Pick<Db, 'query'>, elapsedMs: () => number = () => performance.now()) {
    this.#db = db
    this.#elapsedMs = elapsedMs
  }

  /** What holds; undefined: everything is open. */
  async current(): Promise<Maintenance | undefined> {
    const ageMs = this.#elapsedMs() - this.#askedMs
    if (ageMs > freshMs) this.#asking ??= this.#ask()
    if (ageMs > ageMaxMs) await this.#asking
    return this.#known
  }

  async #ask(): Promise<void> {
    const startedMs = this.#elapsedMs()
    try {
      this.#known = await findMaintenance(this.#db)
    } catch {
      // Without an answer the last order holds on; whoever needs the database is refused by it.
    } finally {
      this.#askedMs = startedMs
      this.#asking = undefined
    }
  }
}
