import { bigInt, assert as check, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { AssertionError } from './assert.ts'
import { Refusal } from './errors.ts'
import {
  add,
  amountMax,
  money,
  parseAmount,
  subtract,
  sum,
  toDecimalText,
  toPlainNumberText,
  toWireNumber,
} from './money.ts'

const currencies = constantFrom('JPY', 'USD', 'KWD', 'CLF')
const minors = bigInt({ min: -amountMax, max: amountMax })

test.each([
  ['250', 'USD', 25_000n],
  ['250.5', 'USD', 25_050n],
  ['250.500', 'USD', 25_050n],
  ['-0.05', 'USD', -5n],
  ['007.50', 'USD', 750n],
  [1.15, 'USD', 115n],
  [1.25, 'KWD', 1_250n],
  ['1250', 'JPY', 1_250n],
  [1e-4, 'CLF', 1n],
  [-0, 'USD', 0n],
  ['9999999999999.99', 'USD', amountMax],
])('%s %s is exactly %s minor units', (text, currency, minor) => {
  expect(parseAmount(text, currency, 'amount')).toEqual(money(minor, currency))
})

test.each([
  ['1.005', 'USD', 'validation.amount_precision'],
  ['1.0000000000000', 'USD', 'validation.amount_precision'],
  [0.5, 'JPY', 'validation.amount_precision'],
  [1e-7, 'USD', 'validation.amount_precision'],
  [0.1 + 0.2, 'USD', 'validation.number_too_precise'],
  ['10000000000000.00', 'USD', 'ledger.amount_overflow'],
  ['1234567890123456', 'JPY', 'ledger.amount_overflow'],
  [1e21, 'JPY', 'ledger.amount_overflow'],
  ['-999999999999999', 'KWD', 'ledger.amount_overflow'],
  ['1,000', 'USD', 'validation.failed'],
  ['+1', 'USD', 'validation.failed'],
  ['1e3', 'USD', 'validation.failed'],
  [' 1', 'USD', 'validation.failed'],
  ['1.', 'USD', 'validation.failed'],
  ['.5', 'USD', 'validation.failed'],
  ['', 'USD', 'validation.failed'],
  [Number.NaN, 'USD', 'validation.failed'],
  [Number.POSITIVE_INFINITY, 'USD', 'validation.failed'],
])('%s %s is refused with %s %s', (text, currency, code) => {
  expect(refusalOf(() => parseAmount(text, currency, 'amount'))).toBe(code)
})

test('a refused amount names its place in the body', () => {
  const attempt = () => parseAmount('x', 'USD', 'lineItems[0].unitPrice')

  expect(paramsOf(attempt)).toEqual({
    issues: [
      {
        pointer: '/lineItems/0/unitPrice',
        path: 'lineItems[0].unitPrice',
        rule: 'format',
        message: 'must be a number',
      },
    ],
  })
})

test.each([
  [25_000n, 'USD', '250.00', '250'],
  [25_050n, 'USD', '250.50', '250.5'],
  [-5n, 'USD', '-0.05', '-0.05'],
  [0n, 'USD', '0.00', '0'],
  [1_250n, 'KWD', '1.250', '1.25'],
  [1_250n, 'JPY', '1250', '1250'],
  [1_200n, 'JPY', '1200', '1200'],
  [1n, 'CLF', '0.0001', '0.0001'],
])('%s %s reads %s, and %s as a JSON number', (minor, currency, text, plain) => {
  const amount = money(minor, currency)

  expect([toDecimalText(amount), toPlainNumberText(amount)]).toEqual([text, plain])
})

test('reading what was written gives the same amount, as text and as a JSON number', () => {
  void check(
    property(minors, currencies, (minor, currency) => {
      const amount = money(minor, currency)
      expect(parseAmount(toDecimalText(amount), currency, 'amount')).toEqual(amount)
      expect(parseAmount(toPlainNumberText(amount), currency, 'amount')).toEqual(amount)
      expect(parseAmount(toWireNumber(amount), currency, 'amount')).toEqual(amount)
    }),
  )
})

test('adding and subtracting are exact and undo each other', () => {
  void check(
    property(minors, minors, (a, b) => {
      const [left, right] = [money(a, 'USD'), money(b, 'USD')]
      expect(add(left, right)).toEqual(money(a + b, 'USD'))
      expect(subtract(add(left, right), right)).toEqual(left)
      expect(sum([left, right], 'USD')).toEqual(add(left, right))
    }),
  )
})

test('adding two currencies is our bug, not a refusal', () => {
  expect(() => add(money(1n, 'USD'), money(1n, 'EUR'))).toThrow(AssertionError)
})

function refusalOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'accepted'
  } catch (error) {
    return error instanceof Refusal ? error.code : 'crashed'
  }
}

function paramsOf(attempt: () => unknown): unknown {
  try {
    return attempt()
  } catch (error) {
    return error instanceof Refusal ? error.params : error
  }
}
