import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop, at, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { setRate } from '../ledger/exchange-rate.actions.ts'
import { createInvoice, deleteInvoice, updateInvoice, voidInvoice } from './invoice.actions.ts'
import { listInvoices } from './invoice.queries.ts'
import { recordReceipt } from './receipt.actions.ts'

const shop = await aShop()
afterAll(shop.close)
const customer = await shop.party()

test('issuing posts receivable, revenue and tax in provision, and opens an item', async () => {
  const before = await shop.counts()

  const invoice = await shop.write(createInvoice, anInvoice(customer.id))

  expect(invoice).toMatchObject({
    ...{ number: 'INV-00001', status: 'sent', total: minor('107500'), tax: minor('7500') },
    ...{ amountDue: minor('107500'), amountPaid: 0n, exchangeRate: null },
  })
  expect(await shop.entry(invoice.entryId)).toBe(
    '1021 +107500.00 | 4000 -100000.00 | 2021 -7500.00',
  )
  expect(await shop.outOfStep()).toEqual([])
  const after = await shop.counts()
  expect(after['entries']).toBe((before['entries'] ?? 0) + 1)
})

test('a draft posts nothing, keeps its number and can be sent later', async () => {
  const balances = await shop.balances()
  const draft = await shop.write(createInvoice, anInvoice(customer.id, { status: 'draft' }))

  expect([draft.status, draft.entryId, draft.amountDue]).toEqual(['draft', null, minor('107500')])
  expect(await shop.balances()).toBe(balances)
  const lines = [{ description: 'Report', quantity: '1', unitPrice: '40.50' }]
  const changes = { lines, notes: 'Thank you' }
  const changed = await shop.write(updateInvoice, { invoiceId: draft.id, changes })
  expect([changed.total, changed.number, changed.notes]).toEqual([
    minor('40.50'),
    draft.number,
    'Thank you',
  ])

  const sent = await shop.write(updateInvoice, { invoiceId: draft.id, changes: {}, status: 'sent' })
  expect([sent.status, sent.number]).toEqual(['sent', draft.number])
  expect(await shop.entry(sent.entryId)).toBe('1021 +40.50 | 4000 -40.50')
})

test('paid receives the total and moves the tax from provision to payable', async () => {
  const paid = await shop.write(createInvoice, anInvoice(customer.id, { status: 'paid' }))

  expect([paid.status, paid.amountPaid, paid.amountDue]).toEqual(['paid', minor('107500'), 0n])
  expect(paid.paidAt).not.toBeNull()
  expect(await shop.outOfStep()).toEqual([])
})

test('void mirrors the entry on the issue date and closes the item', async () => {
  const balances = await shop.balances()
  const invoice = await shop.write(createInvoice, anInvoice(customer.id))

  const voided = await shop.write(voidInvoice, { invoiceId: invoice.id, reason: 'wrong customer' })

  expect([voided.status, voided.amountDue, voided.number]).toEqual([
    'cancelled',
    0n,
    invoice.number,
  ])
  expect(await shop.balances()).toBe(balances)
  expect(await shop.outOfStep()).toEqual([])
  const again = { invoiceId: invoice.id, reason: 'again' }
  expect(await shop.outcome(voidInvoice, again)).toBe('sales.invoice_voided')
})

test('a foreign invoice is carried at the rate of its issue date', async () => {
  const day = asDate('2026-06-05')
  const quote = { quoted: '1520', direction: 'base_per_unit', source: 'manual' } as const
  await shop.write(setRate, { currency: 'USD', day, ...quote })
  const lines = [
    { description: 'Survey', quantity: '3', unitPrice: '120', taxPercent: '7.5' },
    { description: 'Report', quantity: '1', unitPrice: '45.50' },
  ]

  const invoice = await shop.write(
    createInvoice,
    anInvoice(customer.id, { currency: 'USD', lines }),
  )

  expect([invoice.total, invoice.baseTotal, invoice.exchangeRate]).toEqual([
    minor('432.50', 'USD'),
    minor('657400'),
    '1520',
  ])
  const receipt = await shop.write(recordReceipt, {
    ...{ surface: 'invoicing', customerId: customer.id, date: asDate('2026-06-12') },
    ...{ currency: 'USD', amount: minor('432.50', 'USD'), method: 'bank_transfer' },
    exchangeRate: '1535',
    allocations: [{ invoiceId: invoice.id, amount: minor('432.50', 'USD') }],
  })
  expect(await shop.entry(receipt.entryId)).toBe(
    '1011 USD +432.50 (+663887.50) | 1021 USD -432.50 (-657400.00) | 4013 USD +0.00 (-6487.50)' +
      ' | 2021 USD +27.00 (+41040.00) | 2026 USD -27.00 (-41040.00)',
  )
  expect(await shop.outOfStep()).toEqual([])
})

test('the status follows due date and balance without any job', async () => {
  const due = { dueDate: asDate('2026-06-20') }
  const invoice = await shop.write(createInvoice, anInvoice(customer.id, due), at('2026-06-10'))
  const find = async (today: string) => {
    const filter = { businessId: shop.businessId, today: asDate(today), number: invoice.number }
    const { rows } = await shop.read((db) => listInvoices(db, { ...filter, limit: 10 }))
    return rows.map(({ status }) => status)
  }

  expect([await find('2026-06-20'), await find('2026-06-21')]).toEqual([['sent'], ['overdue']])
  const overdue = { businessId: shop.businessId, today: asDate('2026-06-21'), limit: 100 }
  const { rows } = await shop.read((db) =>
    listInvoices(db, { ...overdue, statuses: ['overdue'], minTotal: '107500', maxTotal: '107500' }),
  )
  expect(rows.map(({ id }) => id)).toEqual([invoice.id])
})

test.each([
  [
    'an unknown customer',
    { customerId: '0197a1c2-0000-7000-8000-0000000000c1' },
    'resource.not_found',
  ],
  [
    'an unknown account',
    { lines: [{ description: 'x', quantity: '1', unitPrice: '1', accountCode: '9999' }] },
    'ledger.account_not_found',
  ],
  [
    'a control account',
    { lines: [{ description: 'x', quantity: '1', unitPrice: '1', accountCode: '1021' }] },
    'ledger.account_is_control',
  ],
  ['overdue before its time', { status: 'overdue' as const }, 'resource.invalid_transition'],
  ['a number that is taken', { number: 'INV-00001' }, 'resource.number_taken'],
  [
    'a negative total',
    { lines: [{ description: 'x', quantity: '-1', unitPrice: '1' }] },
    'sales.total_negative',
  ],
  ['no rate', { currency: 'EUR' }, 'ledger.rate_missing'],
  ['a day beyond the books', { issueDate: asDate('2019-12-31') }, 'ledger.date_too_far'],
])('%s is refused and changes nothing', async (_name, given, code) => {
  const before = [await shop.counts(), await shop.balances()]

  expect(await shop.outcome(createInvoice, anInvoice(customer.id, given))).toBe(code)
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
})

test('what an open invoice says can change, what it counts cannot', async () => {
  const invoice = await shop.write(createInvoice, anInvoice(customer.id))
  const update = (changes: object) => ({ invoiceId: invoice.id, changes })

  const changed = await shop.write(
    updateInvoice,
    update({ notes: 'late', discountPercent: '0.00' }),
  )
  expect([changed.notes, changed.version]).toEqual(['late', 2n])
  expect(await shop.outcome(updateInvoice, update({ discountPercent: '5' }))).toBe(
    'sales.invoice_not_draft',
  )
  expect(await shop.outcome(deleteInvoice, { invoiceId: invoice.id })).toBe(
    'sales.invoice_not_draft',
  )
})

test('one external id makes one invoice', async () => {
  const given = anInvoice(customer.id, { externalId: 'order-7' })
  const first = await shop.write(createInvoice, given)

  expect((await shop.write(createInvoice, given)).id).toBe(first.id)
  expect(await shop.outcome(createInvoice, { ...given, notes: 'other' })).toBe(
    'resource.external_id_taken',
  )
})
