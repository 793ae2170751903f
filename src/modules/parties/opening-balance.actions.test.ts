import { afterAll, expect, test } from 'vitest'
import { aShop, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { recordReceipt } from '../sales/receipt.actions.ts'
import { postOpening } from './opening-balance.actions.ts'
import type { Opening } from './opening-balance.ts'

const shop = await aShop()
afterAll(shop.close)
const customer = await shop.party()
const date = asDate('2025-12-31')

const account = (accountCode: string, amount: string, currency = 'NGN', base = amount) => ({
  ...{ accountCode, currency, amount: minor(amount, currency), base: minor(base) },
})

const openingOf = (given: Partial<Opening> = {}): Opening => ({
  date,
  accounts: [
    account('1011', '100000'),
    account('1012', '10', 'USD', '15000'),
    account('2021', '-7500'),
    account('3001', '-215000'),
  ],
  documents: [
    {
      ...{ kind: 'invoice', partyId: customer.id, number: 'OLD-7', issueDate: date },
      ...{ dueDate: null, currency: 'NGN', total: minor('107500'), base: minor('107500') },
      ...{ tax: minor('7500'), description: 'Old invoice' },
    },
  ],
  ...given,
})

test('an uneven opening, a control account or an unknown one are refused', async () => {
  const before = [await shop.counts(), await shop.balances()]
  const outcomeOf = (given: Partial<Opening>) => shop.outcome(postOpening, openingOf(given))

  expect([
    await outcomeOf({ accounts: [account('9999', '1')] }),
    await outcomeOf({ accounts: [account('1021', '1')] }),
    await outcomeOf({ documents: [] }),
  ]).toEqual(['ledger.account_not_found', 'ledger.account_is_control', 'ledger.journal_unbalanced'])
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
})

test('an opening leaves equity at zero and items that can be settled, once', async () => {
  const [, invoice] = await shop.write(postOpening, openingOf())

  expect(await shop.balances()).toBe(
    '1011 +100000.00 | 1012 +15000.00 | 1021 +107500.00 | 2021 -7500.00 | 3001 -215000.00',
  )
  expect(await shop.outOfStep()).toEqual([])
  expect(await shop.outcome(postOpening, openingOf())).toBe('ledger.opening_exists')
  const receipt = await shop.write(recordReceipt, {
    ...{ surface: 'books', customerId: customer.id, date: asDate('2026-01-12'), currency: 'NGN' },
    ...{ amount: minor('107500'), method: 'bank_transfer' },
    allocations: [{ invoiceId: invoice?.sourceId ?? '', amount: minor('107500') }],
  })
  expect(await shop.entry(receipt.entryId)).toBe(
    '1011 +107500.00 | 1021 -107500.00 | 2021 +7500.00 | 2026 -7500.00',
  )
})
