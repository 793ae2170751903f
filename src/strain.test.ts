import { expect, test } from 'vitest'
import { Strain } from './strain.ts'

test.each([
  ['calm seconds', [10, 20, 90], false],
  ['one stall', [900, 10], false],
  ['one stall after another', [900, 10, 900], false],
  ['two late seconds', [251, 251], true],
  ['late, then only a little better', [300, 300, 150], true],
  ['late, then calm', [300, 300, 99], false],
  ['at the bound', [250, 250, 250], false],
])('%s: %j', (_what, delays, isStrained) => {
  const strain = new Strain()
  for (const delayMs of delays) strain.see({ delayMs, heapShare: 0.5 })
  expect(strain.isStrained).toBe(isStrained)
})

test('a heap that is nearly full strains at once, and no longer when there is room', () => {
  const strain = new Strain()
  strain.see({ delayMs: 1, heapShare: 0.86 })
  expect(strain.isStrained).toBe(true)
  strain.see({ delayMs: 1, heapShare: 0.84 })
  expect(strain.isStrained).toBe(false)
})

test('turns that are held up for seconds are seen, and so is their end', async () => {
  const strain = new Strain()
  strain.start()
  const hold = setInterval(() => {
    const until = performance.now() + 600
    while (performance.now() < until);
  }, 1)

  await expect.poll(() => strain.isStrained, { timeout: 20_000 }).toBe(true)
  clearInterval(hold)
  await expect.poll(() => strain.isStrained, { timeout: 20_000 }).toBe(false)
  strain.stop()
})
