import { expect, test } from 'vitest'
import type { Statement } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Admission, type Admittance, admissionBounds } from './admission.ts'

const clock = () => '2026-06-15T12:00:00.000Z' as Instant

/** A database that answers when it is told to, and remembers how it was asked. */
function aDatabase() {
  const asked: { count: number; answer: () => void; fail: () => void }[] = []
  const query = <R>({ values }: Statement): Promise<R[]> =>
    new Promise((resolve, reject) => {
      const hashes = String(values[2]).slice(1, -1).split(',')
      const rows = hashes.map((hash, i) => ({
        item: i + 1,
        granted: 1,
        is_usable: false,
        plan: hash.slice(4, -1),
        slot_limit: null,
      }))
      asked.push({
        count: hashes.length,
        answer: () => resolve(rows as R[]), // only what the test looks at
        fail: () => reject(new Error('gone')),
      })
    })
  return { asked, db: { query } }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const outcome = (asked: Promise<Admittance>): Promise<string> =>
  asked.then(
    ({ admitted }) => String(admitted.plan),
    (error: Error) => error.message,
  )

test('requests of one turn share a statement, and equal ones an item', async () => {
  const { asked, db } = aDatabase()
  const admission = new Admission(db, clock)
  const answers = ['aa', 'bb', 'aa'].map((hash) => outcome(admission.admit({ hash: hash })))
  await turn()
  expect(asked.map(({ count }) => count)).toEqual([2])
  asked[0]?.answer()
  expect(await Promise.all(answers)).toEqual(['aa', 'bb', 'aa'])
})

test('nothing is remembered from one statement to the next', async () => {
  const { asked, db } = aDatabase()
  const admission = new Admission(db, clock)
  const first = outcome(admission.admit({ hash: 'aa' }))
  await turn()
  const second = outcome(admission.admit({ hash: 'aa' }))
  const other = outcome(admission.admit({ hash: 'bb' }))
  await turn()
  // The same key waits for its own answer: both would stand at one row.
  expect(asked.map(({ count }) => count)).toEqual([1, 1])
  asked[0]?.answer()
  expect(await first).toBe('aa')
  await turn()
  expect(asked.map(({ count }) => count)).toEqual([1, 1, 1])
  for (const { answer } of asked) answer()
  expect(await Promise.all([second, other])).toEqual(['aa', 'bb'])
})

test('at most two statements run, and each takes at most 512 items', async () => {
  const { asked, db } = aDatabase()
  const admission = new Admission(db, clock)
  const answers = Array.from({ length: 1_200 }, (_, i) =>
    outcome(admission.admit({ hash: `k${i}` })),
  )
  for (let i = 0; i < 5; i += 1) await turn()
  expect(asked.map(({ count }) => count)).toEqual([512, 512])
  asked[1]?.answer()
  for (let i = 0; i < 5; i += 1) await turn()
  for (const { answer } of asked) answer()
  expect(asked.map(({ count }) => count)).toEqual([512, 512, 176])
  expect((await Promise.all(answers)).at(-1)).toBe('k1199')
})

test('a statement that fails admits nobody', async () => {
  const { asked, db } = aDatabase()
  const admission = new Admission(db, clock)
  const answers = ['aa', 'bb'].map((hash) => outcome(admission.admit({ hash: hash })))
  await turn()
  asked[0]?.fail()
  expect(await Promise.all(answers)).toEqual([
    'platform.database_unavailable',
    'platform.database_unavailable',
  ])
})

test('more than 10,000 waiting requests are refused at once', async () => {
  const { db } = aDatabase()
  const admission = new Admission(db, clock)
  for (let i = 0; i < admissionBounds.queueMax; i += 1) void admission.admit({ hash: `k${i}` })
  expect(await outcome(admission.admit({ hash: 'one more' }))).toBe('platform.overloaded')
})
