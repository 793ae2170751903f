import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  cashIncrementByCurrency,
  currencyExponent,
  findCurrency,
  parseCurrency,
} from './currency.ts'
import { currencyTable } from './currency-table.ts'

const codesWith = (exponent: number): string =>
  currencyTable
    .filter((row) => row[3] === exponent)
    .map(([code]) => code)
    .join(' ')

test('an exponent never changes in place', () => {
  const pinned = currencyTable.map(([code, , , exponent]) => `${code}${exponent}`).join(' ')

  expect(codesWith(0)).toBe('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF')
  expect(codesWith(3)).toBe('BHD IQD JOD KWD LYD OMR TND')
  expect(codesWith(4)).toBe('CLF UYW')
  expect(currencyTable.length).toBe(187)
  expect(createHash('sha256').update(pinned).digest('hex').slice(0, 16)).toBe('18a2565657ae47f6')
})

test('rows are sorted, well formed and unique among currencies in force', () => {
  const codes = currencyTable.map(([code]) => code)
  const numerics = currencyTable.filter((row) => row.length === 4).map(([, numeric]) => numeric)

  expect(codes).toEqual([...new Set(codes)].sort())
  expect(numerics.length).toBe(new Set(numerics).size)
  expect(currencyTable.every(([code, n]) => /^[A-Z]{3}$/.test(code) && /^\d{3}$/.test(n))).toBe(
    true,
  )
})

test.each(['XAU', 'XAG', 'XDR', 'XTS', 'XXX', 'ABC', 'US', 'DOLLAR', ''])(
  '%s is not a currency of account',
  (code) => {
    expect(() => parseCurrency(code)).toThrow('validation.currency_unknown')
  },
)

test('codes are read in any case, and a withdrawn currency stays readable', () => {
  expect(parseCurrency('ngn')).toBe('NGN')
  expect(currencyExponent('KWD')).toBe(3)
  expect(findCurrency('DEM')?.until).toBe('2002-02-28')
  expect(findCurrency('NGN')?.until).toBe(undefined)
})

test('every cash increment belongs to a currency of the table', () => {
  expect([...cashIncrementByCurrency.keys()].filter((code) => !findCurrency(code))).toEqual([])
})
