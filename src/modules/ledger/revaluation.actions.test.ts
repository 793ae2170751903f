import { afterAll, expect, test } from 'vitest'
import { aShop, at, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { createBill } from '../purchases/bill.actions.ts'
import { payBills } from '../purchases/bill-payment.actions.ts'
import { revalue } from './revaluation.actions.ts'

const shop = await aShop({ baseCurrency: 'EUR', country: 'DE', chart: 'generic' })
afterAll(shop.close)
const supplier = await shop.party({ isSupplier: true })

test('a bill that grew is shown at month end, reversed, and the loss on payment stays whole', async () => {
  const bill = await shop.write(createBill, {
    ...{ surface: 'books', supplierId: supplier.id, currency: 'GBP', exchangeRate: '1.15' },
    ...{ issueDate: asDate('2026-05-10'), dueDate: asDate('2026-06-10') },
    ...{ reference: null, notes: null },
    lines: [{ description: 'Boards', quantity: '1', unitPrice: '800', accountCode: '5000' }],
  })
  const before = await shop.balances('2026-06-01')
  const input = { date: asDate('2026-05-31'), rateByCurrency: { GBP: '1.18' } }

  const { entry } = await shop.write(revalue, input)

  expect(await shop.entry(entry?.id ?? null)).toBe(
    '2000 GBP +0.00 (-24.00) | 6620 GBP +0.00 (+24.00)',
  )
  expect(await shop.balances('2026-06-01')).toBe(before)
  expect(await shop.outOfStep()).toEqual([])
  const payment = await shop.write(payBills, {
    ...{ surface: 'books', date: asDate('2026-06-05'), currency: 'GBP', exchangeRate: '1.17' },
    ...{ method: 'bank_transfer', allocations: [{ billId: bill.id, amount: minor('800', 'GBP') }] },
  })
  expect(await shop.entry(payment.entryId)).toBe(
    '1010 GBP -800.00 (-936.00) | 2000 GBP +800.00 (+920.00) | 6620 GBP +0.00 (+16.00)',
  )
})

test('a second run for a day takes the first one back', async () => {
  const date = asDate('2026-05-31')
  const after = await shop.balances('2026-06-01')

  await shop.write(revalue, { date, rateByCurrency: { GBP: '1.20' } })
  expect(await shop.balances('2026-05-31')).toBe('2000 -960.00 | 5000 +920.00 | 6620 +40.00')
  await shop.write(revalue, { date, rateByCurrency: { GBP: '1.15' } })
  expect(await shop.balances('2026-05-31')).toBe('2000 -920.00 | 5000 +920.00')
  expect(await shop.balances('2026-06-01')).toBe(after)
})

test('without a rate nothing is posted', async () => {
  const before = [await shop.counts(), await shop.balances()]
  const input = { date: asDate('2026-05-31') }

  expect(await shop.outcome(revalue, input)).toBe('ledger.rate_missing')
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
  const none = await shop.write(revalue, { date: asDate('2026-04-30') }, at('2026-06-15'))
  expect(none.entry).toBeUndefined()
})
