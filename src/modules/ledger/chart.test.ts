import { expect, test } from 'vitest'
import { chartAccounts } from './chart.ts'

test.each([
  ['nigeria', 82],
  ['generic', 80],
] as const)('chart %s has %i accounts, each code and each role once', (chart, count) => {
  const accounts = chartAccounts(chart)
  const codes = accounts.map(({ code }) => code)
  const roles = accounts.flatMap(({ role }) => role ?? [])

  expect(accounts.length).toBe(count)
  expect(new Set(codes).size).toBe(codes.length)
  expect(new Set(roles).size).toBe(roles.length)
})

test.each([
  ['nigeria', '1001', 'Cash', 'asset', 'cash', 'open'],
  ['nigeria', '1021', 'Trade Debtors', 'asset', 'receivables', 'locked'],
  ['nigeria', '2021', 'VAT Provision', 'liability', 'vat_provision', 'tagged'],
  ['nigeria', '2026', 'VAT Payable', 'liability', 'vat_payable', 'tagged'],
  ['nigeria', '2027', 'WHT Payable', 'liability', 'wht_payable', 'tagged'],
  ['nigeria', '4000', 'Revenue', 'revenue', 'revenue', 'open'],
  ['nigeria', '5021', 'Electricity', 'expense', null, 'open'],
  ['generic', '2200', 'Sales Tax Payable', 'liability', 'vat_payable', 'tagged'],
  ['generic', '1100', 'Trade Debtors', 'asset', 'receivables', 'locked'],
  ['generic', '5000', 'Cost of Goods Sold', 'cost_of_sales', 'cogs', 'open'],
] as const)('chart %s: %s is %s, %s, role %s, %s', (chart, code, name, category, role, level) => {
  const account = chartAccounts(chart).find((row) => row.code === code)

  expect(account).toMatchObject({ name, category, role, level })
})
