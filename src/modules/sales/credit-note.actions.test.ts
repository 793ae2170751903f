import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { issueCreditNote } from './credit-note.actions.ts'
import { listCreditNotes } from './credit-note.queries.ts'
import type { NewCreditNote } from './credit-note.ts'
import { createInvoice } from './invoice.actions.ts'
import { getInvoice } from './invoice.queries.ts'
import { recordReceipt } from './receipt.actions.ts'

const shop = await aShop()
afterAll(shop.close)
const customer = await shop.party()

const creditOf = (invoiceId: string, given: Partial<NewCreditNote> = {}): NewCreditNote => ({
  ...{ surface: 'invoicing', invoiceId, issueDate: asDate('2026-06-14'), reason: 'returned' },
  ...given,
})

const find = (id: string) =>
  shop.read((db) => getInvoice(db, shop.businessId, id, asDate('2026-06-15')))

test('a full credit takes revenue, tax and receivable back', async () => {
  const invoice = await shop.write(createInvoice, anInvoice(customer.id))

  const credit = await shop.write(issueCreditNote, creditOf(invoice.id))

  expect([credit.status, credit.total, credit.number]).toEqual([
    'applied',
    minor('107500'),
    'CN-00001',
  ])
  expect(await shop.entry(credit.entryId)).toBe('4003 +100000.00 | 2021 +7500.00 | 1021 -107500.00')
  const after = await find(invoice.id)
  expect([after.status, after.amountCredited, after.amountPaid]).toEqual([
    'paid',
    minor('107500'),
    0n,
  ])
  expect(await shop.outOfStep()).toEqual([])
  const filter = { businessId: shop.businessId, invoiceId: invoice.id, limit: 10 }
  expect(await shop.read((db) => listCreditNotes(db, filter))).toEqual({ rows: [credit], total: 1 })
  expect(await shop.outcome(issueCreditNote, creditOf(invoice.id))).toBe(
    'sales.credit_exceeds_remaining',
  )
})

test('a credit after payment takes moved tax from payable and leaves the customer a credit', async () => {
  const invoice = await shop.write(createInvoice, anInvoice(customer.id))
  await shop.write(recordReceipt, {
    ...{ surface: 'books', customerId: customer.id, date: asDate('2026-06-12'), currency: 'NGN' },
    ...{ amount: minor('86000'), method: 'bank_transfer' },
    allocations: [{ invoiceId: invoice.id, amount: minor('86000') }],
  })

  const lines = [{ invoiceLineId: invoice.lines[0]?.id ?? '', quantity: '1' }]
  const credit = await shop.write(issueCreditNote, creditOf(invoice.id, { lines }))

  expect(await shop.entry(credit.entryId)).toBe(
    '4003 +50000.00 | 2021 +1500.00 | 2026 +2250.00 | 1021 -21500.00 | 2004 -32250.00',
  )
  expect([credit.status, credit.amountRemaining]).toEqual(['open', minor('32250')])
  expect((await find(invoice.id)).status).toBe('paid')
  expect(await shop.outOfStep()).toEqual([])
})

test('single line credits of a foreign invoice end at zero in both currencies', async () => {
  const line = { description: 'x', quantity: '1', unitPrice: '33.33', taxPercent: '7.5' }
  const given = { currency: 'USD', exchangeRate: '1533.337', lines: [line, line, line] }
  const invoice = await shop.write(createInvoice, anInvoice(customer.id, given))

  for (const { id: invoiceLineId } of invoice.lines) {
    const lines = [{ invoiceLineId, quantity: '1' }]
    await shop.write(issueCreditNote, creditOf(invoice.id, { lines }))
    expect(await shop.outOfStep()).toEqual([])
  }

  expect((await find(invoice.id)).amountDue).toBe(0n)
  expect(await shop.balances()).toMatch(/^(?!.*1021).*$/)
})

test('drafts, unknown lines, earlier dates and too much are refused', async () => {
  const invoice = await shop.write(createInvoice, anInvoice(customer.id))
  const draft = await shop.write(createInvoice, anInvoice(customer.id, { status: 'draft' }))
  const before = [await shop.counts(), await shop.balances()]
  const invoiceLineId = invoice.lines[0]?.id ?? ''
  const outcomeOf = (id: string, given: Partial<NewCreditNote> = {}) =>
    shop.outcome(issueCreditNote, creditOf(id, given))

  expect([
    await outcomeOf('0197a1c2-0000-7000-8000-0000000000e1'),
    await outcomeOf(invoice.id, { lines: [{ invoiceLineId: draft.id, quantity: '1' }] }),
    await outcomeOf(draft.id),
    await outcomeOf(invoice.id, { issueDate: asDate('2026-06-09') }),
    await outcomeOf(invoice.id, { lines: [{ invoiceLineId, quantity: '3' }] }),
  ]).toEqual([
    'resource.not_found',
    'resource.not_found',
    'sales.invoice_not_open',
    'ledger.reversal_too_early',
    'sales.credit_exceeds_remaining',
  ])
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
})
