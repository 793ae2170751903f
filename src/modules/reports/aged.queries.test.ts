import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { createInvoice } from '../sales/invoice.actions.ts'
import { recordReceipt, reverseReceipt } from '../sales/receipt.actions.ts'
import { getAgedPayables, getAgedReceivables } from './aged.queries.ts'

const shop = await aShop()
afterAll(shop.close)
const customer = await shop.party()

test('an invoice paid in June is open in the report as of May, also after the payment was undone', async () => {
  const given = { issueDate: asDate('2026-05-10'), dueDate: asDate('2026-05-20') }
  const invoice = await shop.write(createInvoice, anInvoice(customer.id, given))
  const receipt = await shop.write(recordReceipt, {
    ...{ surface: 'books', customerId: customer.id, date: asDate('2026-06-03'), currency: 'NGN' },
    ...{ amount: minor('110000'), method: 'bank_transfer' },
    allocations: [{ invoiceId: invoice.id, amount: minor('107500') }],
  })
  const openAt = async (date: string) => {
    const input = { businessId: shop.businessId, date: asDate(date) }
    const { ages, deposits } = await shop.read((db) => getAgedReceivables(db, input))
    return [ages.current, ages.days30, deposits]
  }

  const due = minor('107500')
  expect(await openAt('2026-05-09')).toEqual([0n, 0n, 0n])
  expect(await openAt('2026-05-20')).toEqual([due, 0n, 0n])
  expect(await openAt('2026-05-31')).toEqual([0n, due, 0n])
  expect(await openAt('2026-06-03')).toEqual([0n, 0n, minor('2500')])

  const undo = { receiptId: receipt.id, reason: 'bounced', date: asDate('2026-06-10') }
  await shop.write(reverseReceipt, undo)
  expect(await openAt('2026-06-09')).toEqual([0n, 0n, minor('2500')])
  expect(await openAt('2026-06-10')).toEqual([0n, due, 0n])
  const payables = { businessId: shop.businessId, date: asDate('2026-06-10') }
  expect((await shop.read((db) => getAgedPayables(db, payables))).ages.total).toBe(0n)
})
