import { expect, test } from 'vitest'
import { Refusal } from '../kernel/errors.ts'
import { type Seat, SideBySide } from './side-by-side.ts'
import type { Ctx, Together } from './write.ts'

const ctx = {} as Ctx // handed on untouched

/** Doubles numbers, and notes which ones it was asked for at once. */
function aDoubler(): Readonly<{ double: Together<number, number>; calls: (readonly number[])[] }> {
  const calls: (readonly number[])[] = []
  const double: Together<number, number> = async (_ctx, numbers) => {
    calls.push(numbers)
    await Promise.resolve()
    return numbers.map((number) => number * 2)
  }
  return { double, calls }
}

const refusal = new Refusal('sales.total_negative')

test('what commands ask for at the same moment is asked once, in their order', async () => {
  const side = new SideBySide()
  const { double, calls } = aDoubler()
  const command = (number: number) => async () => {
    const once = await side.ask(ctx, double, number)
    return side.ask(ctx, double, once)
  }

  const outcomes = await side.run([command(1), command(2), command(3)])

  expect(outcomes).toEqual([{ value: 4 }, { value: 8 }, { value: 12 }])
  expect(calls).toEqual([
    [1, 2, 3],
    [2, 4, 6],
  ])
})

test('a command that ends early, or asks alone meanwhile, holds nobody up', async () => {
  const side = new SideBySide()
  const { double, calls } = aDoubler()

  const outcomes = await side.run([
    async () => 0,
    () => side.ask(ctx, double, 2),
    async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return side.ask(ctx, double, 3)
    },
  ])

  expect(outcomes).toEqual([{ value: 0 }, { value: 4 }, { value: 6 }])
  expect(calls).toEqual([[2, 3]])
})

test('a refusal before the first write is that of its command alone', async () => {
  const side = new SideBySide()
  const { double } = aDoubler()

  const outcomes = await side.run([() => Promise.reject(refusal), () => side.ask(ctx, double, 2)])

  expect(outcomes).toEqual([{ refusal }, { value: 4 }])
})

test('a refusal after a write fails all, because only a rollback takes the write back', async () => {
  const side = new SideBySide()
  const { double } = aDoubler()

  const run = side.run([
    async (seat: Seat) => {
      seat.hasWritten = true
      await side.ask(ctx, double, 1)
      throw refusal
    },
    () => side.ask(ctx, double, 2),
  ])

  await expect(run).rejects.toBe(refusal)
})

test('an error of a shared call fails all, and nobody is left waiting', async () => {
  const side = new SideBySide()
  const { double } = aDoubler()
  const error = new Error('the database said no')
  const failing: Together<number, number> = () => Promise.reject(error)
  const ended: number[] = []

  const run = side.run([
    () => side.ask(ctx, failing, 1).finally(() => ended.push(1)),
    () => side.ask(ctx, double, 2).finally(() => ended.push(2)),
  ])

  await expect(run).rejects.toBe(error)
  expect(ended).toEqual([1, 2])
})
