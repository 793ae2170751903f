import { expect, test } from 'vitest'
import { type Conversion, rateOfQuote, shareBase, toBase } from './exchange-rate.ts'

test.each([
  ['1520', 'base_per_unit', '1520'],
  ['0.0005', 'unit_per_base', '2000'],
  ['1500', 'unit_per_base', '0.000666666667'],
  ['3', 'unit_per_base', '0.333333333333'],
] as const)('a quote of %s %s stands for %s', (quoted, direction, rate) => {
  expect(rateOfQuote({ quoted, direction })).toBe(rate)
})

const from = (currency: string, baseCurrency: string, rate: string): Conversion => ({
  ...{ currency, baseCurrency, rate, mode: 'half_up' },
})

test.each([
  ['dollars to naira', 432_50n, from('USD', 'NGN', '1520'), 657_400_00n],
  ['yen to euro, exponents 0 and 2', 1_250n, from('JPY', 'EUR', '0.0061'), 7_63n],
  ['dinars to yen, exponents 3 and 0', 1_250n, from('KWD', 'JPY', '489.6'), 612n],
  ['a tie away from zero', -5n, from('EUR', 'USD', '1.1'), -6n],
  ['the base currency itself', 7n, from('NGN', 'NGN', '1'), 7n],
])('%s', (_name, amount, conversion, base) => {
  expect(toBase(amount, conversion)).toBe(base)
})

test('parts of a document sum to its base, earlier ones first', () => {
  const conversion = from('USD', 'NGN', '0.335')
  const amounts = [1n, 1n, 1n]
  const total = toBase(3n, conversion)

  expect([total, shareBase(total, amounts, conversion)]).toEqual([1n, [1n, 0n, 0n]])
})
