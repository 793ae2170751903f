import { array, bigInt, assert as check, constantFrom, integer, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import {
  addDecimals,
  allocate,
  apportion,
  compareRatios,
  decimal,
  formatDecimal,
  isEqualDecimal,
  multiplyDecimals,
  parseDecimal,
  type Ratio,
  type RoundingMode,
  ratio,
  round,
  roundDecimal,
  subtractRatios,
  sumRatios,
  toRatio,
} from './decimal.ts'
import { isRefusal } from './errors.ts'

const modes = [
  'half_up',
  'half_even',
  'half_down',
  'up',
  'down',
  'ceiling',
  'floor',
] as const satisfies readonly RoundingMode[]
const mirrored = constantFrom<RoundingMode>('half_up', 'half_even', 'half_down', 'up', 'down')
const ratios = tuple(
  bigInt({ min: -1_000_000n, max: 1_000_000n }),
  bigInt({ min: 1n, max: 1_000n }),
).map(([num, den]) => ratio(num, den))
const decimals = tuple(
  bigInt({ min: -(10n ** 14n), max: 10n ** 14n }),
  integer({ min: 0, max: 12 }),
)

//                 half_up half_even half_down up  down ceiling floor
test.each([
  ['0.5', [1n, 0n, 0n, 1n, 0n, 1n, 0n]],
  ['1.5', [2n, 2n, 1n, 2n, 1n, 2n, 1n]],
  ['2.5', [3n, 2n, 2n, 3n, 2n, 3n, 2n]],
  ['2.4', [2n, 2n, 2n, 3n, 2n, 3n, 2n]],
  ['2.6', [3n, 3n, 3n, 3n, 2n, 3n, 2n]],
  ['-0.5', [-1n, 0n, 0n, -1n, 0n, 0n, -1n]],
  ['-1.5', [-2n, -2n, -1n, -2n, -1n, -1n, -2n]],
  ['-2.4', [-2n, -2n, -2n, -3n, -2n, -2n, -3n]],
  ['-2.6', [-3n, -3n, -3n, -3n, -2n, -2n, -3n]],
  ['3', [3n, 3n, 3n, 3n, 3n, 3n, 3n]],
])('%s rounds to %s in the seven modes', (text, expected) => {
  const value = toRatio(parseDecimal(text, 'value'))

  expect(modes.map((mode) => round(value, mode))).toEqual(expected)
})

test('a negative tie mirrors the positive one: -0.125 at two decimals is -0.13', () => {
  const both = ['0.125', '-0.125'].map((text) => parseDecimal(text, 'value'))

  expect(both.map((value) => formatDecimal(roundDecimal(value, 2, 'half_up')))).toEqual([
    '0.13',
    '-0.13',
  ])
})

test('rounding mirrors in the first five modes', () => {
  void check(
    property(ratios, mirrored, (value, mode) => {
      expect(round(ratio(-value.num, value.den), mode)).toBe(-round(value, mode))
    }),
  )
})

test('rounding keeps order in every mode and moves by less than one', () => {
  void check(
    property(ratios, ratios, constantFrom(...modes), (a, b, mode) => {
      const [low, high] = compareRatios(a, b) <= 0 ? [a, b] : [b, a]
      expect(round(low, mode) <= round(high, mode)).toBe(true)
      expect(isLessThanOneApart(round(a, mode), a)).toBe(true)
    }),
  )
})

test('parts add up to the target, stay within one of their share, and mirror', () => {
  void check(
    property(array(ratios, { minLength: 1, maxLength: 30 }), mirrored, (shares, mode) => {
      const target = round(sumRatios(shares), mode)
      const parts = apportion(target, shares)
      const mirror = apportion(
        -target,
        shares.map(({ num, den }) => ratio(-num, den)),
      )

      expect(total(parts)).toBe(target)
      expect(parts.every((part, i) => isLessThanOneApart(part, shares[i] ?? ratio(0n)))).toBe(true)
      expect(mirror).toEqual(parts.map((part) => -part))
    }),
  )
})

test.each([
  [1000n, [1n, 1n, 1n], [334n, 333n, 333n]],
  [-5n, [2n, 2n, 1n], [-2n, -2n, -1n]],
  [7n, [1n, 1n, 1n, 1n], [2n, 2n, 2n, 1n]],
  [5n, [0n, 0n], [3n, 2n]],
  [100n, [3n, -1n], [150n, -50n]],
  [0n, [1n, 2n], [0n, 0n]],
])('%s spread over %s is %s', (amount, weights, expected) => {
  expect(allocate(amount, weights)).toEqual(expected)
})

test('fractions are weights as well', () => {
  expect(allocate(100n, [ratio(1n, 3n), ratio(2n, 3n)])).toEqual([33n, 67n])
})

test('weights that cancel each other are refused', () => {
  expect(() => allocate(1n, [5n, -5n])).toThrow('sales.weights_cancel')
})

test('an allocation adds up and each part is within one unit of its share', () => {
  const weightLists = array(bigInt({ min: 0n, max: 10n ** 9n }), { minLength: 1, maxLength: 50 })
  void check(
    property(bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), weightLists, (amount, weights) => {
      const parts = allocate(amount, weights)
      const sum = total(weights)
      expect(total(parts)).toBe(amount)
      for (const [i, weight] of sum === 0n ? [] : weights.entries()) {
        expect(isLessThanOneApart(parts[i] ?? 0n, ratio(amount * weight, sum))).toBe(true)
      }
    }),
  )
})

test('reading a written decimal gives the same value', () => {
  void check(
    property(decimals, ([units, scale]) => {
      const value = decimal(units, scale)
      expect(parseDecimal(formatDecimal(value), 'value')).toEqual(value)
    }),
  )
})

test.each([
  ['1.50', '1.5'],
  ['-0.050', '-0.05'],
  ['0.000', '0'],
  ['-0', '0'],
  ['100', '100'],
  [1e-7, '0.0000001'],
  [1.5e-10, '0.00000000015'],
  [123_456_789_012.345, '123456789012.345'],
])('%s is the decimal %s', (text, expected) => {
  expect(formatDecimal(parseDecimal(text, 'value'))).toBe(expected)
})

test.each([
  ['1e3', 'format'],
  ['1234567890123456', 'range'],
  ['0.1234567890123', 'precision'],
  [1e-13, 'precision'],
  [1e21, 'range'],
  [Number.NaN, 'type'],
])('%s is no decimal: %s', (text, rule) => {
  expect(failureOf(() => parseDecimal(text, 'value'))).toBe(rule)
})

test('equality is by value, and sums and products are exact', () => {
  const [a, b] = [parseDecimal('1.50', 'a'), parseDecimal('1.5', 'b')]

  expect(isEqualDecimal(a, b)).toBe(true)
  expect(formatDecimal(addDecimals(a, parseDecimal('0.005', 'c')))).toBe('1.505')
  expect(formatDecimal(multiplyDecimals(parseDecimal('1.15', 'd'), decimal(100n)))).toBe('115')
})

const total = (parts: readonly bigint[]): bigint => parts.reduce((sum, part) => sum + part, 0n)

function isLessThanOneApart(part: bigint, share: Ratio): boolean {
  const apart = subtractRatios(ratio(part), share)
  return apart.num < apart.den && -apart.num < apart.den
}

function failureOf(attempt: () => unknown): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    return isRefusal(error, 'validation.failed') ? error.params.issues[0]?.rule : String(error)
  }
}
