import { expect, test } from 'vitest'
import { isRefusal } from '../../kernel/errors.ts'
import { amountMax } from '../../kernel/money.ts'
import { linesMax, requireBalanced, requireShape } from './journal.ts'

type Amounts = Readonly<{ currency: string; amount: bigint; base: bigint }>

/** `NGN +100 | USD -1 (-100)`: minor units, in brackets those in base where they differ. */
const linesOf = (text: string): readonly Amounts[] =>
  text.split(' | ').map((part) => {
    const [currency = '', amount = '', base = amount] = part.replaceAll(/[+()]/g, '').split(' ')
    return { currency, amount: BigInt(amount), base: BigInt(base) }
  })

function outcome(check: () => void): string {
  try {
    check()
    return 'accepted'
  } catch (error) {
    return isRefusal(error) ? error.code : 'our bug'
  }
}

test.each([
  ['a sale for cash', 'NGN +10750 | NGN -10000 | NGN -750', 'accepted'],
  ['one kobo short', 'NGN +10750 | NGN -10000 | NGN -749', 'ledger.journal_unbalanced'],
  ['dollars among themselves', 'USD +1 (+1500) | USD -1 (-1500)', 'accepted'],
  ['a difference of exchange', 'USD +1 (+1500) | USD -1 (-1400) | USD 0 (-100)', 'accepted'],
  [
    'dollars against naira without a clearing pair',
    'USD +1 (+1500) | NGN -1500',
    'ledger.journal_unbalanced_currency',
  ],
  [
    'dollars against naira with one',
    'USD +1 (+1500) | NGN -1500 | NGN +1500 | USD -1 (-1500)',
    'accepted',
  ],
  ['naira worth something else', 'NGN +100 (+90) | NGN -100 (-90)', 'our bug'],
  ['a difference of exchange in naira', 'NGN +100 | NGN -90 | NGN 0 (-10)', 'our bug'],
])('%s: %s is %s', (_name, lines, expected) => {
  expect(outcome(() => requireBalanced(linesOf(lines), 'NGN'))).toBe(expected)
})

const most = String(amountMax)

test.each([
  ['one line', 'NGN +100', 'ledger.too_few_lines'],
  ['a line of nothing', 'NGN +100 | NGN 0', 'ledger.line_zero'],
  ['a difference of exchange', 'USD 0 (+100) | USD 0 (-100)', 'accepted'],
  ['the largest amount', `NGN +${most} | NGN -${most}`, 'accepted'],
  ['one more', `NGN +${amountMax + 1n} | NGN -${amountMax + 1n}`, 'ledger.amount_overflow'],
])('an entry with %s is %s', (_name, lines, expected) => {
  expect(outcome(() => requireShape(linesOf(lines)))).toBe(expected)
})

test('an entry has at most a thousand lines', () => {
  const lines = (count: number) => Array.from({ length: count }, () => ({ amount: 1n, base: 1n }))

  expect(outcome(() => requireShape(lines(linesMax)))).toBe('accepted')
  expect(outcome(() => requireShape(lines(linesMax + 1)))).toBe('ledger.too_many_lines')
})
