import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Instant } from '../../kernel/dates.ts'
import { readDecimal } from '../../kernel/decimal.ts'
import { asId } from '../../kernel/ids.ts'
import type { Account } from '../ledger/account.ts'
import { chartAccounts } from '../ledger/chart.ts'
import { toAccountType, toCategory, toNormalSide, toValidLinks, toWireDecimal } from './native.ts'

const accountsOf = (chart: 'nigeria' | 'generic'): readonly Account[] =>
  chartAccounts(chart).map((row, index) => ({
    ...row,
    id: asId('account', `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`),
    description: null,
    currency: null,
    isHeader: false,
    isSystem: row.role !== null,
    externalId: null,
    metadata: {},
    archivedAt: null,
    createdAt: '2020-01-01T00:00:00.000Z' as Instant,
    updatedAt: '2020-01-01T00:00:00.000Z' as Instant,
  }))

const accounts = accountsOf('nigeria')

const account = (code: string): Account => {
  const found = accounts.find((one) => one.code === code)
  expect(found).toBeDefined()
  return found as Account
}

test.each([
  ['1001', 'Asset.Bank'],
  ['1011', 'Asset.Bank'],
  ['1021', 'Asset.Current.Receivables'],
  ['1041', 'Asset.Current'],
  ['1101', 'Asset.Fixed'],
  ['1106', 'Asset.NonCurrent'],
  ['1151', 'Asset.Fixed'],
  ['2001', 'Liability.Current.Payables'],
  ['2021', 'Liability.Current.Tax'],
  ['2027', 'Liability.Current.Tax'],
  ['2101', 'Liability.NonCurrent'],
  ['3001', 'Equity.Capital'],
  ['3003', 'Equity.RetainedEarnings'],
  ['4000', 'Income.Revenue'],
  ['4003', 'Income.Revenue'],
  ['4010', 'Income.Other'],
  ['5001', 'Expense.CostOfSales'],
  ['5020', 'Expense.Operating'],
  ['5047', 'Expense.Other'],
  ['5051', 'Expense.Depreciation'],
  ['5061', 'Expense.Tax'],
])('account %s is %s', (code, category) => {
  expect(toCategory(account(code))).toBe(category)
  expect(toAccountType(account(code))).toBe(category.split('.')[0])
})

const contractCategory =
  /^(Asset\.(Bank|Current|Fixed|NonCurrent)|Liability\.(Current|CreditCard|NonCurrent)|Equity\.(Capital|RetainedEarnings)|Income\.(Revenue|Other)|Expense\.(CostOfSales|Operating|Depreciation|Other|Tax))(\.(Receivables|Payables|Tax))?$/

test('every account of both charts has a category of the contract', () => {
  for (const one of [...accounts, ...accountsOf('generic')]) {
    expect(toCategory(one)).toMatch(contractCategory)
  }
})

test('an account can be used where its category belongs, and entries reach open accounts only', () => {
  expect(toValidLinks(account('4000'))).toContain('Invoices.LineItems.AccountRef.Id')
  expect(toValidLinks(account('5020'))).toContain('Bills.LineItems.AccountRef.Id')
  expect(toValidLinks(account('1101'))).toContain('DirectCosts.LineItems.AccountRef.Id')
  expect(toValidLinks(account('1011'))).toContain('Transfers.To.AccountRef.Id')
  const journals = 'JournalEntries.JournalLines.AccountRef.Id'
  expect(toValidLinks(account('5020'))).toContain(journals)
  expect(toValidLinks({ ...account('5020'), isHeader: true })).not.toContain(journals)
  expect(toValidLinks({ ...account('5020'), level: 'locked' })).not.toContain(journals)
})

test('a balance is positive on its normal side', () => {
  expect([toNormalSide(account('1001'), 5n), toNormalSide(account('4000'), -5n)]).toEqual([5n, 5n])
})

test.each([
  ['1.08', 1.08],
  ['0.000000000001', 1e-12],
  ['1538.461538461538', 1538.46153846154],
  ['-0.123456789012', -0.123456789012],
  ['999999999999.9999999', 1_000_000_000_000],
  ['0', 0],
])('the rate %s goes over the wire as %d', (text, expected) => {
  expect(toWireDecimal(text)).toBe(expected)
})

test('a rate of up to fifteen digits is exact', () => {
  const whole = fc.bigInt({ min: -999_999_999_999_999n, max: 999_999_999_999_999n })
  fc.assert(
    fc.property(whole, fc.integer({ min: 0, max: 12 }), (units, scale) => {
      const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
      const cut = digits.length - scale
      const text = `${units < 0n ? '-' : ''}${digits.slice(0, cut)}${scale > 0 ? `.${digits.slice(cut)}` : ''}`
      expect(readDecimal(toWireDecimal(text))).toEqual(readDecimal(text))
    }),
  )
})
