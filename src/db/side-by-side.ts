import { assert } from '../kernel/assert.ts'
import { isRefusal } from '../kernel/errors.ts'
import type { Ctx, Outcome, Together } from './write.ts'

/** The place of one command among those that run side by side. */
export type Seat = {
  /** It has left something in the database that only a rollback takes back. */
  hasWritten: boolean
}

type Asked = Readonly<{
  ctx: Ctx
  items: unknown[]
  answers: { resolve: (result: unknown) => void; reject: (error: unknown) => void }[]
}>

/**
 * Commands of one transaction that run side by side: each goes its own way until all of them wait
 * for an answer of the database, and then what several ask for is asked once.
 */
export class SideBySide {
  #asked = new Map<Together<never, unknown>, Asked>()
  #running = 0
  #waiting = 0
  #failure: Readonly<{ error: unknown }> | undefined

  /**
   * Runs commands until each has its outcome, in their order.
   * Throws what failed for all of them: an error of the database, or the refusal of a command that
   * had written before. They are then run one by one.
   */
  async run<Result>(
    commands: readonly ((seat: Seat) => Promise<Result>)[],
  ): Promise<readonly Outcome<Result>[]> {
    this.#running = commands.length
    const outcomes = await Promise.all(commands.map((command) => this.#runOne(command)))
    if (this.#failure !== undefined) throw this.#failure.error
    return outcomes as readonly Outcome<Result>[] // without a failure, each has an outcome
  }

  /** Answers one item, in one call with those that the neighbours ask for meanwhile. */
  ask<Item, Result>(ctx: Ctx, run: Together<Item, Result>, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      let asked = this.#asked.get(run)
      if (asked === undefined) {
        asked = { ctx, items: [], answers: [] }
        this.#asked.set(run, asked)
      }
      asked.items.push(item)
      asked.answers.push({ resolve: resolve as (result: unknown) => void, reject }) // of its own run
      this.#waiting += 1
      this.#answerWhenAllWait()
    })
  }

  async #runOne<Result>(
    command: (seat: Seat) => Promise<Result>,
  ): Promise<Outcome<Result> | undefined> {
    const seat = { hasWritten: false }
    try {
      return { value: await command(seat) }
    } catch (error) {
      if (isRefusal(error) && !seat.hasWritten) return { refusal: error }
      this.#failure ??= { error }
      return undefined
    } finally {
      this.#running -= 1
      this.#answerWhenAllWait()
    }
  }

  #answerWhenAllWait(): void {
    if (this.#waiting === 0 || this.#waiting < this.#running) return
    const asked = this.#asked
    this.#asked = new Map()
    this.#waiting = 0
    void answer(asked)
  }
}

/** Nobody goes on before all have their answers, so that they ask again at the same moment. */
async function answer(asked: ReadonlyMap<Together<never, unknown>, Asked>): Promise<void> {
  const settlements: (() => void)[] = []
  for (const [run, { ctx, items, answers }] of asked) {
    try {
      const results = await run(ctx, items as never[]) // the items of this very run
      assert(results.length === items.length, 'each item has its own answer')
      settlements.push(() => {
        for (const [i, { resolve }] of answers.entries()) resolve(results[i])
      })
    } catch (error) {
      settlements.push(() => {
        for (const { reject } of answers) reject(error)
      })
    }
  }
  for (const settle of settlements) settle()
}
