import { afterAll, expect, test } from 'vitest'
import { aShop, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { createAccount } from '../ledger/account.actions.ts'
import { importStatementLines } from './statement-line.actions.ts'
import { listStatementLines } from './statement-line.queries.ts'
import { transferMoney } from './transfer.actions.ts'

const shop = await aShop()
afterAll(shop.close)
const date = asDate('2026-06-10')

test('a transfer moves money and nothing else', async () => {
  const { id } = await shop.write(transferMoney, {
    ...{ fromCode: '1011', toCode: '1001', date, currency: 'NGN', amount: minor('60000') },
    description: 'Cash',
  })

  expect(await shop.entry(id)).toBe('1001 +60000.00 | 1011 -60000.00')
})

test('a transfer between currencies passes through exchange clearing', async () => {
  const { id } = await shop.write(transferMoney, {
    ...{ fromCode: '1012', toCode: '1011', date, currency: 'USD', exchangeRate: '1500' },
    ...{ amount: minor('100', 'USD'), toCurrency: 'NGN', received: minor('149000') },
    description: 'Dollars sold',
  })

  expect(await shop.entry(id)).toBe(
    '1011 +149000.00 | 1012 USD -100.00 (-150000.00) | 1043 USD +100.00 (+149000.00)' +
      ' | 1043 -149000.00 | 5053 USD +0.00 (+1000.00)',
  )
})

test('the transfer that empties a dollar account leaves no naira behind on it', async () => {
  await shop.write(transferMoney, {
    ...{ fromCode: '1011', toCode: '1013', date, currency: 'NGN', amount: minor('150000') },
    ...{ toCurrency: 'USD', received: minor('100', 'USD'), exchangeRate: '1500' },
    description: 'Dollars bought',
  })
  await shop.write(createAccount, {
    ...{ code: '1014', name: 'Bank - USD', category: 'asset', currency: 'USD' },
  })
  const dollars = { currency: 'USD', amount: minor('100', 'USD'), exchangeRate: '1500' }
  const route = { fromCode: '1013', toCode: '1014', date, description: 'To the bank' }
  await shop.write(transferMoney, { ...route, ...dollars })

  const { id } = await shop.write(transferMoney, {
    ...{ fromCode: '1014', toCode: '1011', date, currency: 'USD', exchangeRate: '1520' },
    ...{ amount: minor('100', 'USD'), toCurrency: 'NGN', received: minor('152000') },
    description: 'Dollars sold',
  })

  expect(await shop.entry(id)).toBe(
    '1011 +152000.00 | 1014 USD -100.00 (-152000.00) | 1043 USD +100.00 (+152000.00)' +
      ' | 1043 -152000.00 | 1014 USD +0.00 (+2000.00) | 4013 USD +0.00 (-2000.00)',
  )
  expect(await shop.balances()).not.toMatch(/1014|1043/)
})

test('a control account holds no money', async () => {
  const transfer = { fromCode: '1021', toCode: '1011', date, currency: 'NGN', amount: 1n }
  const before = [await shop.counts(), await shop.balances()]

  expect(await shop.outcome(transferMoney, { ...transfer, description: 'x' })).toBe(
    'ledger.account_is_control',
  )
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
})

test('equal rows of one import are two transactions, the same import again adds none', async () => {
  const row = { bookedOn: date, amount: minor('-50'), description: 'FEE', reference: null }
  const lines = [row, row, { ...row, reference: 'FT1' }]

  const first = await shop.write(importStatementLines, { accountCode: '1011', lines })
  const second = await shop.write(importStatementLines, { accountCode: '1011', lines })

  expect([first.lines.length, second.lines.length, second.duplicates]).toEqual([3, 0, [0, 1, 2]])
  const filter = { businessId: shop.businessId, isMatched: false, limit: 10 }
  expect(await shop.read((db) => listStatementLines(db, filter))).toHaveLength(3)
})
