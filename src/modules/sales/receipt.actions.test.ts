import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { createInvoice, voidInvoice } from './invoice.actions.ts'
import { getInvoice } from './invoice.queries.ts'
import { allocateReceipt, recordReceipt, reverseReceipt } from './receipt.actions.ts'
import { listReceipts } from './receipt.queries.ts'
import type { NewReceipt } from './receipt.ts'

const shop = await aShop()
afterAll(shop.close)
const customer = await shop.party()

const receiptOf = (amount: string, given: Partial<NewReceipt> = {}): NewReceipt => ({
  ...{ surface: 'books', customerId: customer.id, date: asDate('2026-06-12'), currency: 'NGN' },
  ...{ amount: minor(amount), method: 'bank_transfer', allocations: [] },
  ...given,
})

const issue = () => shop.write(createInvoice, anInvoice(customer.id))
const find = (id: string) =>
  shop.read((db) => getInvoice(db, shop.businessId, id, asDate('2026-06-15')))

test('parts of an invoice move tax cumulatively, never per payment', async () => {
  const lines = [{ description: 'x', quantity: '1', unitPrice: '0.45', taxPercent: '7.5' }]
  const invoice = await shop.write(createInvoice, anInvoice(customer.id, { lines }))
  const invoiceId = invoice.id
  const entries: string[] = []

  for (const amount of ['0.16', '0.16', '0.16']) {
    const allocations = [{ invoiceId, amount: minor(amount) }]
    const receipt = await shop.write(recordReceipt, receiptOf(amount, { allocations }))
    entries.push(await shop.entry(receipt.entryId))
  }

  expect(entries).toEqual([
    '1011 +0.16 | 1021 -0.16 | 2021 +0.01 | 2026 -0.01',
    '1011 +0.16 | 1021 -0.16 | 2021 +0.01 | 2026 -0.01',
    '1011 +0.16 | 1021 -0.16 | 2021 +0.01 | 2026 -0.01',
  ])
  expect((await find(invoiceId)).status).toBe('paid')
  expect(await shop.outOfStep()).toEqual([])
})

test('withholding is kept on the net and settles the invoice in full', async () => {
  const lines = [{ description: 'x', quantity: '1', unitPrice: '200000', taxPercent: '7.5' }]
  const invoice = await shop.write(createInvoice, anInvoice(customer.id, { lines }))
  const allocations = [{ invoiceId: invoice.id, amount: minor('107500') }]
  const half = receiptOf('107500', { allocations, withheldPercent: '5' })

  const first = await shop.write(recordReceipt, half)
  const second = await shop.write(recordReceipt, half)

  const expected =
    '1011 +102500.00 | 1024 +5000.00 | 1021 -107500.00 | 2021 +7500.00 | 2026 -7500.00'
  expect([await shop.entry(first.entryId), await shop.entry(second.entryId)]).toEqual([
    expected,
    expected,
  ])
  expect((await find(invoice.id)).amountDue).toBe(0n)
})

test('one receipt settles several invoices and leaves a deposit that settles another', async () => {
  const [a, b, c] = [await issue(), await issue(), await issue()]
  const allocations = [
    { invoiceId: a.id, amount: minor('107500') },
    { invoiceId: b.id, amount: minor('50000') },
  ]

  const receipt = await shop.write(recordReceipt, receiptOf('200000', { allocations }))
  expect([receipt.unallocated, receipt.type]).toEqual([minor('42500'), 'invoice_payment'])
  expect(await shop.outOfStep()).toEqual([])

  const later = await shop.write(allocateReceipt, {
    receiptId: receipt.id,
    date: asDate('2026-06-14'),
    allocations: [{ invoiceId: c.id, amount: minor('42500') }],
  })
  expect(later.unallocated).toBe(0n)
  expect([
    (await find(a.id)).status,
    (await find(b.id)).amountDue,
    (await find(c.id)).amountDue,
  ]).toEqual(['paid', minor('57500'), minor('65000')])
  expect(await shop.outOfStep()).toEqual([])
})

test('reversing a receipt gives everything back, uses of its deposit included', async () => {
  const [a, b] = [await issue(), await issue()]
  const before = await shop.balances()
  const allocations = [{ invoiceId: a.id, amount: minor('107500') }]
  const receipt = await shop.write(recordReceipt, receiptOf('120000', { allocations }))
  await shop.write(allocateReceipt, {
    receiptId: receipt.id,
    date: asDate('2026-06-14'),
    allocations: [{ invoiceId: b.id, amount: minor('12500') }],
  })

  const reversed = await shop.write(reverseReceipt, { receiptId: receipt.id, reason: 'bounced' })

  expect([reversed.status, reversed.unallocated, reversed.allocations]).toEqual([
    'reversed',
    0n,
    [],
  ])
  expect(await shop.balances()).toBe(before)
  expect(await shop.outOfStep()).toEqual([])
  expect([await find(a.id), await find(b.id)].map((one) => [one.status, one.amountDue])).toEqual([
    ['sent', minor('107500')],
    ['sent', minor('107500')],
  ])
  const again = { receiptId: receipt.id, reason: 'again' }
  expect(await shop.outcome(reverseReceipt, again)).toBe('sales.receipt_voided')
  expect(await shop.outcome(voidInvoice, { invoiceId: a.id, reason: 'x' })).toBe('accepted')
  expect(await shop.outOfStep()).toEqual([])
})

test('a euro invoice is paid in naira through exchange clearing', async () => {
  const lines = [{ description: 'x', quantity: '1', unitPrice: '100', taxCategory: 'G' as const }]
  const given = { currency: 'EUR', exchangeRate: '1600', lines }
  const invoice = await shop.write(createInvoice, anInvoice(customer.id, given))
  const allocations = [
    { invoiceId: invoice.id, amount: minor('100', 'EUR'), paid: minor('165000') },
  ]

  const receipt = await shop.write(recordReceipt, receiptOf('165000', { allocations }))

  expect(await shop.entry(receipt.entryId)).toBe(
    '1011 +165000.00 | 1021 EUR -100.00 (-160000.00) | 1043 EUR +100.00 (+165000.00)' +
      ' | 1043 -165000.00 | 4013 EUR +0.00 (-5000.00)',
  )
  expect(await shop.outOfStep()).toEqual([])
})

test('money without customer and invoice is a sale for cash with the tax inside', async () => {
  const cashSale = { taxPercent: '7.5' }
  const sale = receiptOf('107.50', { customerId: null, cashSale, accountCode: '1001' })

  const receipt = await shop.write(recordReceipt, sale)

  expect(receipt.type).toBe('cash_sale')
  const filter = { businessId: shop.businessId, limit: 100 }
  const { rows } = await shop.read((db) => listReceipts(db, filter))
  expect(rows.find(({ id }) => id === receipt.id)).toEqual(receipt)
  expect(await shop.entry(receipt.entryId)).toBe('1001 +107.50 | 4000 -100.00 | 2026 -7.50')
})

test('refusals come in order and change nothing', async () => {
  const open = await issue()
  const draft = await shop.write(createInvoice, anInvoice(customer.id, { status: 'draft' }))
  const paid = await shop.write(createInvoice, anInvoice(customer.id, { status: 'paid' }))
  const dollars = await shop.write(
    createInvoice,
    anInvoice(customer.id, { currency: 'USD', exchangeRate: '1500' }),
  )
  const before = [await shop.counts(), await shop.balances()]
  const unknown = '0197a1c2-0000-7000-8000-0000000000e1'
  const to = (invoiceId: string, amount = '1') => [{ invoiceId, amount: minor(amount) }]
  const outcomeOf = (amount: string, given: Partial<NewReceipt>) =>
    shop.outcome(recordReceipt, receiptOf(amount, given))

  expect([
    await outcomeOf('1', { customerId: unknown }),
    await outcomeOf('1', { allocations: to(unknown) }),
    await outcomeOf('1', { accountCode: '1021' }),
    await outcomeOf('1', { allocations: to(draft.id) }),
    await outcomeOf('1', { allocations: to(paid.id) }),
    await outcomeOf('1', { allocations: to(dollars.id) }),
    await outcomeOf('1', { withheld: minor('2') }),
    await outcomeOf('1', { allocations: to(open.id, '2') }),
    await outcomeOf('107501', { allocations: to(open.id, '107501') }),
    await outcomeOf('1', { allocations: to(open.id), date: asDate('2019-01-01') }),
  ]).toEqual([
    'resource.not_found',
    'resource.not_found',
    'ledger.account_is_control',
    'sales.invoice_not_open',
    'sales.invoice_already_paid',
    'sales.allocation_currency_mismatch',
    'purchases.withholding_invalid',
    'sales.allocation_exceeds_receipt',
    'sales.allocation_exceeds_due',
    'ledger.date_too_far',
  ])
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
})
