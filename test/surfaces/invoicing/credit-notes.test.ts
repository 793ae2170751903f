import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { setSoftLock } from '../../../src/modules/ledger/period.actions.ts'
import { aBusiness, type Business } from '../../harness.ts'
import { aCustomer, aSentInvoice, balancesOf, eventsOf, lastEvent, postingsOf } from '../../till.ts'

const path = '/api/v1/credit-notes'
const invoices = '/api/v1/invoices'
const unknownId = '0197a1c2-0000-7000-8000-0000000000e1'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const find = async ({ invoicing }: Business, id: string) =>
  (await invoicing.get(`${invoices}/${id}`)).body
const credit = ({ invoicing }: Business, id: string, body?: object, headers?: object) =>
  invoicing.post(`${invoices}/${id}/credit-notes`, body, { ...headers })

test('201 everything that is left is credited, and answered whole', async () => {
  const business = await aBusiness(nigeria)
  const invoice = await aSentInvoice(business, { currency: 'NGN' })
  const before = await lastEvent(business)
  const reply = await credit(business, invoice.id, {
    ...{ reason: 'Called off', external_id: 'cn-1', metadata: { by: 'Ada' } },
  })
  const { id, items } = reply.body
  expect([reply.status, reply.text]).toEqual([
    201,
    JSON.stringify({
      id,
      business_id: business.businessId,
      customer_id: invoice.customer_id,
      invoice_id: invoice.id,
      credit_note_number: 'CN-00001',
      issue_date: '2026-06-15',
      reason: 'Called off',
      status: 'applied',
      subtotal: 405.5,
      tax_amount: 27,
      total: 432.5,
      currency: 'NGN',
      items: invoice.items.map((item: object & { id: string }, index: number) => ({
        invoice_item_id: item.id,
        ...item,
        id: items[index].id,
        revenue_account_code: '4003',
      })),
      amount_applied: 432.5,
      amount_remaining: 0,
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
      external_id: 'cn-1',
      metadata: { by: 'Ada' },
    }),
  ])
  expect(reply.headers['location']).toBe(`/invoicing${path}/${id}`)
  const after = await find(business, invoice.id)
  expect([after.status, after.amount_credited, after.amount_paid, after.amount_due]).toEqual([
    'paid',
    432.5,
    0,
    0,
  ])
  expect(await eventsOf(business, before)).toEqual(['invoice.paid sent'])
  expect(await postingsOf(business, id)).toEqual(['4003 +405.50 | 2021 +27.00 | 1021 -432.50'])
  const read = await business.invoicing.get(`${path}/${id}`)
  expect([read.status, read.text]).toEqual([200, reply.text])
})

test('201 by quantity and by amount, the last credit of a line takes what rounding left', async () => {
  const business = await aBusiness()
  const lines = [{ description: 'Bolt', quantity: 3, unit_price: 0.335, tax_rate: 7.5 }]
  const invoice = await aSentInvoice(business, { items: lines })
  const [item] = invoice.items
  const before = await lastEvent(business)
  const first = await credit(business, invoice.id, {
    items: [{ invoice_item_id: item.id.toUpperCase(), quantity: 1 }],
  })
  const second = await credit(business, invoice.id, {
    items: [{ invoice_item_id: item.id, amount: 0.2 }],
  })
  const third = await credit(business, invoice.id)
  const parts = [first, second, third].map(({ body }) => [body.subtotal, body.tax_amount])
  const sum = (column: number) =>
    Math.round(parts.reduce((total, part) => total + (part[column] ?? 0), 0) * 100) / 100
  expect([first.status, second.status, third.status]).toEqual([201, 201, 201])
  expect([sum(0), sum(1)]).toEqual([invoice.subtotal, invoice.tax_amount])
  expect((await find(business, invoice.id)).status).toBe('paid')
  expect(await eventsOf(business, before)).toEqual([
    'invoice.updated -',
    'invoice.updated -',
    'invoice.paid sent',
  ])
  const balances = await balancesOf(business)
  expect(
    Object.values(balances)
      .map(BigInt)
      .reduce((a, b) => a + b, 0n),
  ).toBe(0n)
})

test('201 what was paid already, or is not to be applied, becomes a credit of the customer', async () => {
  const business = await aBusiness()
  const paid = await aSentInvoice(business, { status: 'paid' })
  const before = await lastEvent(business)
  const rest = await credit(business, paid.id)
  expect([rest.body.status, rest.body.amount_applied, rest.body.amount_remaining]).toEqual([
    'open',
    0,
    432.5,
  ])
  expect(await eventsOf(business, before)).toEqual([])
  const { customer_id } = paid
  const owed = await aSentInvoice(business, { customer_id })
  const kept = await credit(business, owed.id, {
    ...{ apply: false, items: [{ invoice_item_id: owed.items[1].id, quantity: 1 }] },
  })
  expect([kept.body.status, kept.body.amount_remaining]).toEqual(['open', 45.5])
  expect((await find(business, owed.id)).amount_due).toBe(432.5)
  const customer = await business.invoicing.get(`/api/v1/customers/${customer_id}`)
  expect([customer.body.balance, customer.body.credit_balance]).toEqual([432.5, 478])
})

test('400 and 404 in their order and their words, changing nothing', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const invoice = await aSentInvoice(business, { issue_date: '2026-06-10' })
  const { customer_id } = invoice
  const [item] = invoice.items
  const draft = await aSentInvoice(business, { customer_id, status: 'draft' })
  const gone = await aSentInvoice(business, { customer_id, status: 'cancelled' })
  await credit(business, invoice.id, {
    ...{ external_id: 'cn-7', items: [{ invoice_item_id: item.id, quantity: 1 }] },
  })
  const state = async () => [await balancesOf(business), await lastEvent(business)]
  const before = await state()
  const of = (member: object) => ({ items: [{ invoice_item_id: item.id, ...member }] })
  const replies = [
    await credit(business, unknownId),
    await credit(business, draft.id),
    await credit(business, gone.id),
    await credit(business, invoice.id, { items: [{ invoice_item_id: unknownId, quantity: 1 }] }),
    await credit(business, invoice.id, of({ quantity: 3 })),
    await credit(business, invoice.id, of({ amount: 240.01 })),
    await credit(business, invoice.id, of({ amount: 0.001 })),
    await credit(business, invoice.id, { issue_date: '2026-06-09' }),
    await credit(business, invoice.id, { external_id: 'cn-7' }),
    await invoicing.get(`${path}/${unknownId}`),
    await invoicing.get(`${path}/7`),
    await invoicing.get(`${invoices}/${unknownId}/credit-notes`),
  ]
  expect(replies.map(({ status, body }) => [status, body.error])).toEqual([
    [404, 'Invoice not found'],
    [400, `Invoice ${draft.invoice_number} is draft and takes no payments`],
    [400, `Invoice ${gone.invoice_number} is cancelled and takes no payments`],
    [404, 'Invoice item not found'],
    [400, 'The credit of 360.00 USD exceeds the remaining 240.00 USD'],
    [400, 'The credit of 240.01 USD exceeds the remaining 240.00 USD'],
    [400, 'items[0].amount must not have more than 2 decimals'],
    [400, 'A reversal may not be dated before 2026-06-10'],
    [400, 'externalId cn-7 is already used by another Credit note'],
    [404, 'Credit note not found'],
    [400, 'id must be a valid UUID'],
    [404, 'Invoice not found'],
  ])
  expect(await state()).toEqual(before)
})

const anItem = unknownId
const wrong: readonly (readonly [object, string])[] = [
  [{ items: [{ quantity: 1 }] }, 'Each item requires: invoice_item_id'],
  [{ items: [7] }, 'Each item requires: invoice_item_id'],
  [{ items: [] }, 'items is required'],
  [{ items: {} }, 'items must be an array'],
  [
    { items: Array.from({ length: 501 }, () => ({ invoice_item_id: anItem, quantity: 1 })) },
    'items must have at most 500 items',
  ],
  [{ items: [{ invoice_item_id: 'x' }] }, 'items[0].invoice_item_id must be a valid UUID'],
  [{ items: [{ invoice_item_id: anItem }] }, 'items[0] must have exactly one of: quantity, amount'],
  [
    { items: [{ invoice_item_id: anItem, quantity: 1, amount: 1 }] },
    'items[0] must have exactly one of: quantity, amount',
  ],
  [{ items: [{ invoice_item_id: anItem, quantity: 0 }] }, 'items[0].quantity must not be 0'],
  [{ items: [{ invoice_item_id: anItem, quantity: '1' }] }, 'items[0].quantity must be a number'],
  [
    { items: [{ invoice_item_id: anItem, amount: -1 }] },
    'items[0].amount must be a positive number',
  ],
  [{ issue_date: 'today' }, 'issue_date must be a valid date (YYYY-MM-DD)'],
  [{ reason: 7 }, 'reason must be a string'],
  [{ reason: 'x'.repeat(256) }, 'reason must not be longer than 255 characters'],
  [{ apply: 'yes' }, 'apply must be true or false'],
  [{ external_id: 7 }, 'external_id must be a string'],
  [{ metadata: [] }, 'metadata must be an object'],
]

test.each(wrong.map(([body, error]) => [error, body] as const))('400 %s', async (error, body) => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  const reply = await credit(business, invoice.id, body)
  expect([reply.status, reply.body.error]).toEqual([400, error])
  expect(await find(business, invoice.id)).toEqual(invoice)
})

test('400 a credit on a locked day posts nothing', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  await business.write(setSoftLock, {
    ...{ scope: 'sales', through: asDate('2026-06-30'), reason: 'June is closed' },
  })
  const reply = await credit(business, invoice.id)
  expect([reply.status, reply.text]).toEqual([
    400,
    '{"error":"2026-06-15 is locked for sales; the earliest open date is 2026-07-01"}',
  ])
  expect(await find(business, invoice.id)).toEqual(invoice)
})

test('200 lists are narrowed, sorted and followed', async () => {
  const business = await aBusiness()
  const { invoicing, clock } = business
  const customer_id = await aCustomer(business)
  const invoice = await aSentInvoice(business, { customer_id, issue_date: '2026-06-01' })
  const paid = await aSentInvoice(business, {
    ...{ customer_id, status: 'paid', issue_date: '2026-06-01' },
  })
  const take = async (
    second: number,
    tens: number,
    taken: { id: string; items: { id: string }[] },
    more: object,
  ) => {
    clock.set(`2026-06-15T12:00:0${second}.000Z`)
    const items = [{ invoice_item_id: taken.items[0]?.id, amount: tens * 10 }]
    await credit(business, taken.id, { items, ...more })
  }
  await take(3, 3, invoice, { issue_date: '2026-06-03', external_id: 'c-1' })
  await take(4, 4, invoice, { issue_date: '2026-06-02' })
  await take(5, 2, paid, { issue_date: '2026-06-04' })
  const search = async (query: string) => {
    const { body } = await invoicing.get(`${path}?${query}`)
    return body.data
      .map((row: { credit_note_number: string }) => row.credit_note_number.slice(-1))
      .join('')
  }
  expect(await search('sort=issue_date')).toBe('213')
  expect(await search('sort=-total')).toBe('213')
  expect(await search('status=open')).toBe('3')
  expect(await search('status=applied&sort=created_at')).toBe('12')
  expect(await search('status=refunded')).toBe('')
  expect(await search(`invoice_id=${paid.id}`)).toBe('3')
  expect(await search(`customer_id=${customer_id}&sort=total`)).toBe('312')
  expect(await search('credit_note_number=cn-00002')).toBe('2')
  expect(await search('issue_date_from=2026-06-03&issue_date_to=2026-06-03')).toBe('1')
  expect(await search('external_id=c-1')).toBe('1')
  expect(await search('updated_since=2026-06-15T12:00:04Z')).toBe('32')
  const of = await invoicing.get(`${invoices}/${invoice.id}/credit-notes`)
  expect([of.status, of.body.pagination.total]).toEqual([200, 2])
})

test('a dry run of a credit shows its calculation and its journal', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  const reply = await credit(business, invoice.id, {}, { 'dry-run': 'true' })
  const { calculation, journal } = reply.body.dry_run
  expect([reply.status, reply.body.credit_note_number]).toEqual([200, 'CN-00001'])
  expect([calculation.total, calculation.tax_groups]).toEqual([
    432.5,
    [
      { tax_category: 'standard', tax_rate: 7.5, taxable_amount: 360, tax_amount: 27 },
      { tax_category: 'zero_rated', tax_rate: 0, taxable_amount: 45.5, tax_amount: 0 },
    ],
  ])
  expect(journal.map((line: { base: number }) => line.base)).toEqual([405.5, 27, -432.5])
  expect(await find(business, invoice.id)).toEqual(invoice)
})
