import { expect, test } from 'vitest'
import type { Instant } from '../../kernel/dates.ts'
import { asId } from '../../kernel/ids.ts'
import { type Account, accountsMax, inNormalDirection, mapByRole, requireRoom } from './account.ts'
import { type ChartName, chartAccounts } from './chart.ts'

const made = '2026-01-01T00:00:00.000Z' as Instant // the instant of every account here

const accountsOf = (chart: ChartName): readonly Account[] =>
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
    createdAt: made,
    updatedAt: made,
  }))

test.each([
  ['nigeria', 'vat_provision', '2021'],
  ['nigeria', 'vat_payable', '2026'],
  ['generic', 'vat_provision', '2200'],
  ['generic', 'vat_payable', '2200'],
] as const)('on chart %s the role %s is account %s', (chart, role, code) => {
  expect(mapByRole(accountsOf(chart)).get(role)?.code).toBe(code)
})

test('of several bank accounts the lowest code in use has the role', () => {
  const [bank] = accountsOf('nigeria').filter(({ role }) => role === 'bank')
  if (bank === undefined) throw new Error('no bank')
  const dollars: Account = { ...bank, code: '1014' }
  const archived: Account = { ...bank, code: '1010', archivedAt: made }

  expect(mapByRole([dollars, archived, bank]).get('bank')).toBe(bank)
})

test('a balance is positive when the account grew', () => {
  expect(inNormalDirection('asset', 5n)).toBe(5n)
  expect(inNormalDirection('expense', 5n)).toBe(5n)
  expect(inNormalDirection('cost_of_sales', 5n)).toBe(5n)
  expect(inNormalDirection('liability', -5n)).toBe(5n)
  expect(inNormalDirection('equity', -5n)).toBe(5n)
  expect(inNormalDirection('revenue', -5n)).toBe(5n)
})

test('a chart takes ten thousand accounts and no more', () => {
  expect(() => requireRoom(accountsMax - 1)).not.toThrow()
  expect(() => requireRoom(accountsMax)).toThrow('validation.failed')
})
