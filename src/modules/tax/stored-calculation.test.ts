import { expect, test } from 'vitest'
import { decimal } from '../../kernel/decimal.ts'
import { calculate } from './calculation.ts'
import { type CreditCalculation, calculateCredit } from './credit.ts'
import { parseStoredCalculation, toStoredCalculation } from './stored-calculation.ts'

const tax = {
  componentId: '42',
  percent: decimal(75n, 1),
  compound: false,
  category: 'S',
  reason: undefined,
  recoverablePercent: decimal(40n),
} as const

const invoice = calculate({
  currency: 'NGN',
  direction: 'purchase',
  pricesInclude: 'none',
  rounding: 'line',
  mode: 'half_even',
  lines: [{ quantity: decimal(3n), unitPrice: decimal(3333n, 2), taxes: [tax] }],
  cashIncrement: 5n,
})

test('a calculation comes back from its stored text as it was', () => {
  expect(parseStoredCalculation(toStoredCalculation(invoice))).toEqual(invoice)
})

test('a stored invoice and its stored credits can be credited further', () => {
  const lines = [{ line: 0, quantity: decimal(1n) }]
  const credit = calculateCredit({ invoice, earlier: [], lines })
  const kept = parseStoredCalculation<CreditCalculation>(toStoredCalculation(credit))
  const back = parseStoredCalculation(toStoredCalculation(invoice))

  expect(kept).toEqual(credit)
  expect(calculateCredit({ invoice: back, earlier: [kept] }).totals).toEqual(
    calculateCredit({ invoice, earlier: [credit] }).totals,
  )
})
