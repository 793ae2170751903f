import { expect, test } from 'vitest'
import { collectRounds, median, percentile, ratiosOf, splitByDrift } from './statistics.ts'

const rate = (value: number): number => value

test.each([
  [[3], 3],
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([0.5, 0.95, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 95, 99, 100])
})

test('a round whose control drifted by more than a fifth is discarded', () => {
  const rounds = [100, 119, 121, 79, 101, 100, 100].map((control) => ({ control, subject: 300 }))
  const { kept, discarded } = splitByDrift(rounds, ['control'], rate)
  expect(discarded.map(({ control }) => control)).toEqual([121, 79])
  expect(kept).toHaveLength(5)
})

test('a ratio compares workloads of the same round only', () => {
  const rounds = [
    { a: 100, b: 300 },
    { a: 200, b: 500 },
    { a: 100, b: 310 },
  ]
  expect(ratiosOf(rounds, 'b', 'a', rate)).toEqual({ median: 3, min: 2.5, max: 3.1 })
})

test('a discarded round is repeated', async () => {
  const controls = [100, 100, 500, 100]
  const found = await collectRounds(3, ['control'], rate, (number) =>
    Promise.resolve({ control: controls[number - 1] ?? 0 }),
  )
  expect(found.kept).toHaveLength(3)
  expect(found.discarded).toEqual([{ control: 500 }])
  expect(found.isUnstable).toBe(false)
})

test('a machine that never holds still gives an unstable result, not a failed one', async () => {
  const found = await collectRounds(2, ['control'], rate, (number) =>
    Promise.resolve({ control: 2 ** number }),
  )
  expect(found.isUnstable).toBe(true)
})
