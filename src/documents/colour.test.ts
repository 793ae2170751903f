import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contrast, toBrand } from './colour.ts'

test.each([
  ['#1f4e79', '#1f4e79'],
  ['#000000', '#000000'],
  ['#ffffff', '#757575'],
  ['#ffd400', '#897200'],
])('%s is read as %s', (colour, ink) => {
  expect(toBrand(colour).ink).toBe(ink)
})

test.each([
  ['#000000', '#ffffff', 21],
  ['#777777', '#777777', 1],
])('%s on %s has a contrast of %s', (a, b, ratio) => {
  expect(contrast(a, b)).toBe(ratio)
})

test('any colour can be read on white and on its own tint', () => {
  const colours = fc
    .integer({ min: 0, max: 0xffffff })
    .map((value) => `#${value.toString(16).padStart(6, '0')}`)
  fc.assert(
    fc.property(colours, (colour) => {
      const { ink, tint } = toBrand(colour)
      expect(contrast(ink, tint)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(ink, '#ffffff')).toBeGreaterThanOrEqual(4.5)
      if (contrast(colour, tint) >= 4.5) expect(ink).toBe(colour)
    }),
  )
})
