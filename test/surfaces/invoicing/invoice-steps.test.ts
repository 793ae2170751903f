import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { setSoftLock } from '../../../src/modules/ledger/period.actions.ts'
import { aBusiness, type Business } from '../../harness.ts'
import { aCustomer, aSentInvoice, balancesOf, eventsOf, items, lastEvent } from '../../till.ts'

const path = '/api/v1/invoices'
const unknownId = '0197a1c2-0000-7000-8000-0000000000e1'

const post = ({ invoicing }: Business, id: string, step: string, body?: object) =>
  invoicing.post(`${path}/${id}/${step}`, body)
const find = async ({ invoicing }: Business, id: string) =>
  (await invoicing.get(`${path}/${id}`)).body

test('200 voiding takes a posting back on its own date and keeps the number', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business, { issue_date: '2026-06-10' })
  const before = await lastEvent(business)
  const reply = await post(business, invoice.id, 'void', { reason: 'Made twice' })
  expect([reply.status, reply.body]).toEqual([
    200,
    {
      ...invoice,
      ...{ status: 'cancelled', amount_due: 0, cancelled_at: '2026-06-15T12:00:00.000Z' },
      hosted_url: reply.body.hosted_url,
    },
  ])
  expect([await balancesOf(business, '2026-06-10'), await balancesOf(business)]).toEqual([{}, {}])
  expect(await eventsOf(business, before)).toEqual(['invoice.cancelled sent'])
})

test('200 a date may be given, and a locked one is passed over', async () => {
  const business = await aBusiness()
  const dated = await aSentInvoice(business, { issue_date: '2026-05-10' })
  const locked = await aSentInvoice(business, { issue_date: '2026-05-11' })
  await post(business, dated.id, 'void', { date: '2026-06-01' })
  expect(Object.keys(await balancesOf(business, '2026-05-31'))).not.toEqual([])
  await business.write(setSoftLock, {
    ...{ scope: 'sales', through: asDate('2026-05-31'), reason: 'May is closed' },
  })
  const reply = await post(business, locked.id, 'void')
  expect([reply.status, await balancesOf(business, '2026-06-01')]).toEqual([200, {}])
})

test('200 a draft is voided without posting', async () => {
  const business = await aBusiness()
  const draft = await aSentInvoice(business, { status: 'draft' })
  const reply = await post(business, draft.id, 'void')
  expect([reply.status, reply.body.status, reply.body.invoice_number]).toEqual([
    200,
    'cancelled',
    draft.invoice_number,
  ])
})

test('400 and 404 voiding in a wrong state changes nothing', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  const paid = await aSentInvoice(business, { status: 'paid' })
  const credited = await aSentInvoice(business)
  const gone = await aSentInvoice(business, { status: 'cancelled' })
  await business.invoicing.post(`${path}/${credited.id}/credit-notes`, {
    items: [{ invoice_item_id: credited.items[0].id, quantity: 1 }],
  })
  await business.write(setSoftLock, {
    ...{ scope: 'sales', through: asDate('2026-06-30'), reason: 'June is closed' },
  })
  const before = [await balancesOf(business), await lastEvent(business)]
  const replies = [
    await post(business, unknownId, 'void'),
    await post(business, '7', 'void'),
    await post(business, gone.id, 'void'),
    await post(business, paid.id, 'void'),
    await post(business, credited.id, 'void'),
    await post(business, invoice.id, 'void', { date: '2026-06-14' }),
    await post(business, invoice.id, 'void', { date: '2026-06-20' }),
    await post(business, invoice.id, 'void', { date: '2026-06-31' }),
    await post(business, invoice.id, 'void', { reason: 7 }),
    await post(business, invoice.id, 'void', { reason: 'x'.repeat(256) }),
    await business.invoicing.post(`${path}/${invoice.id}/void`, []),
  ]
  const payments = 'has payments; remove them or issue a credit note'
  expect(replies.map(({ status, body }) => [status, body.error])).toEqual([
    [404, 'Invoice not found'],
    [400, 'id must be a valid UUID'],
    [400, `Invoice ${gone.invoice_number} is already voided`],
    [400, `Invoice ${paid.invoice_number} ${payments}`],
    [400, `Invoice ${credited.invoice_number} ${payments}`],
    [400, 'A reversal may not be dated before 2026-06-15'],
    [400, '2026-06-20 is locked for sales; the earliest open date is 2026-07-01'],
    [400, 'date must be a valid date (YYYY-MM-DD)'],
    [400, 'reason must be a string'],
    [400, 'reason must not be longer than 255 characters'],
    [400, 'Request body must be a JSON object'],
  ])
  expect([await balancesOf(business), await lastEvent(business)]).toEqual(before)
})

test('201 a copy is a draft of today, due after as many days, with the same content', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business, {
    ...{ issue_date: '2026-05-01', due_date: '2026-05-31', currency: 'EUR', exchange_rate: 1.1 },
    ...{ notes: 'Thank you', terms: 'Net 30', purchase_order: 'PO 7', discount_rate: 10 },
    ...{ external_id: 'shop-1' },
  })
  const before = await lastEvent(business)
  const reply = await post(business, invoice.id, 'duplicate')
  expect([reply.status, reply.body]).toEqual([
    201,
    {
      ...invoice,
      ...{ id: reply.body.id, invoice_number: 'INV-00002', status: 'draft' },
      ...{ issue_date: '2026-06-15', due_date: '2026-07-15', exchange_rate: null },
      ...{ sent_at: null, external_id: null, hosted_url: null },
      items: invoice.items.map((item: object, index: number) => ({
        ...item,
        id: reply.body.items[index].id,
      })),
    },
  ])
  expect(reply.headers['location']).toBe(`/invoicing${path}/${reply.body.id}`)
  expect(await eventsOf(business, before)).toEqual(['invoice.created -'])
  const dated = await post(business, invoice.id, 'duplicate', {
    ...{ issue_date: '2026-07-01', due_date: '2026-07-02' },
  })
  expect([dated.body.issue_date, dated.body.due_date]).toEqual(['2026-07-01', '2026-07-02'])
  const late = await post(business, invoice.id, 'duplicate', { issue_date: '9999-12-31' })
  expect([late.status, late.body.due_date]).toEqual([201, null])
  const early = await post(business, invoice.id, 'duplicate', { due_date: '2026-06-14' })
  const absent = await post(business, unknownId, 'duplicate')
  expect([early, absent].map(({ status, text }) => [status, text])).toEqual([
    [400, '{"error":"due_date must not be before issue_date"}'],
    [404, '{"error":"Invoice not found"}'],
  ])
})

/* The matrix of 8.5, with what is told of each move. */
test.each([
  ['draft', 'draft', [], 200],
  ['draft', 'sent', ['invoice.sent draft'], 200],
  ['draft', 'paid', ['invoice.paid draft'], 200],
  ['draft', 'overdue', ['invoice.overdue draft'], 200],
  ['draft', 'cancelled', ['invoice.cancelled draft'], 200],
  ['overdue', 'sent', [], 200],
  ['overdue', 'overdue', [], 200],
  ['overdue', 'paid', ['invoice.paid overdue'], 200],
  ['overdue', 'cancelled', ['invoice.cancelled overdue'], 200],
  ['overdue', 'draft', [], 400],
  ['paid', 'paid', [], 200],
  ['paid', 'draft', [], 400],
  ['paid', 'sent', [], 400],
  ['paid', 'overdue', [], 400],
  ['paid', 'cancelled', [], 400],
  ['cancelled', 'cancelled', [], 200],
  ['cancelled', 'draft', [], 400],
  ['cancelled', 'sent', [], 400],
  ['cancelled', 'paid', [], 400],
  ['cancelled', 'overdue', [], 400],
])('from %s to %s: %j, %s', async (from, to, events, status) => {
  const business = await aBusiness()
  const dates = { issue_date: '2026-05-01', due_date: '2026-05-31' }
  const invoice = await aSentInvoice(business, { ...dates, status: from })
  const before = await lastEvent(business)
  const reply = await business.invoicing.patch(`${path}/${invoice.id}`, { status: to })
  expect([reply.status, await eventsOf(business, before)]).toEqual([status, events])
  if (status === 400) {
    expect(reply.body).toEqual({ error: `Invoice cannot change from ${from} to ${to}` })
    expect(await find(business, invoice.id)).toEqual(invoice)
  }
})

test.each([
  ['draft', ['invoice.created -']],
  ['sent', ['invoice.created -', 'invoice.sent -']],
  ['paid', ['invoice.created -', 'invoice.paid sent']],
  ['overdue', ['invoice.created -', 'invoice.overdue -']],
  ['cancelled', ['invoice.created -', 'invoice.cancelled -']],
])('created as %s tells %j', async (status, events) => {
  const business = await aBusiness()
  const dates = status === 'overdue' ? { issue_date: '2026-05-01', due_date: '2026-05-31' } : {}
  await aSentInvoice(business, { status, ...dates })
  const told = await eventsOf(business)
  expect(told.filter((event) => event.startsWith('invoice'))).toEqual(events)
})

test('a change and a move are told in that order, and no change not at all', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business, { status: 'draft' })
  const before = await lastEvent(business)
  await business.invoicing.patch(`${path}/${invoice.id}`, { notes: 'Hello', status: 'sent' })
  await business.invoicing.patch(`${path}/${invoice.id}`, { notes: 'Hello' })
  await business.invoicing.patch(`${path}/${invoice.id}`, {
    ...{ issue_date: invoice.issue_date, due_date: '2026-06-20' },
  })
  expect(await eventsOf(business, before)).toEqual([
    'invoice.updated -',
    'invoice.sent draft',
    'invoice.updated -',
  ])
})

const frozen: readonly (readonly [string, unknown])[] = [
  ['items', [{ description: 'Other', quantity: 1, unit_price: 1 }]],
  ['invoice_number', 'X-1'],
  ['issue_date', '2026-06-01'],
  ['currency', 'EUR'],
  ['exchange_rate', 2],
  ['prices_include_tax', true],
  ['discount_rate', 5],
]
const open: readonly (readonly [string, unknown])[] = [
  ['due_date', '2026-08-01'],
  ['notes', 'New'],
  ['terms', 'New'],
  ['template_type', 'classic'],
  ['purchase_order', 'PO 9'],
]
const always: readonly (readonly [string, unknown])[] = [
  ['external_id', 'shop-9'],
  ['metadata', { a: 'b' }],
]

test('what may change: all in a draft, some of an open one, labels of a cancelled one', async () => {
  const business = await aBusiness()
  const dates = { issue_date: '2026-06-10' }
  const change = (id: string, member: string, value: unknown) =>
    business.invoicing.patch(`${path}/${id}`, { [member]: value })
  const refusal = (number: string, status: string) => ({
    error: `Invoice ${number} is ${status}; only drafts can be changed in this way`,
  })
  const [sent, gone, draft] = [
    await aSentInvoice(business, dates),
    await aSentInvoice(business, { ...dates, status: 'cancelled' }),
    await aSentInvoice(business, { ...dates, status: 'draft' }),
  ]
  const other = await aCustomer(business)
  for (const [member, value] of [...frozen, ['customer_id', other] as const]) {
    const reply = await change(sent.id, member, value)
    expect([member, reply.body]).toEqual([member, refusal(sent.invoice_number, 'sent')])
    const same = await change(sent.id, member, sent[member] ?? undefined)
    expect([member, same.status === 200 || sent[member] === null]).toEqual([member, true])
  }
  for (const [member, value] of [...frozen, ...open]) {
    const reply = await change(gone.id, member, value)
    expect([member, reply.body]).toEqual([member, refusal(gone.invoice_number, 'cancelled')])
  }
  for (const [member, value] of always) {
    expect((await change(gone.id, member, value)).body[member]).toEqual(value)
  }
  await change(gone.id, 'external_id', null)
  for (const [member, value] of [...open, ...always]) {
    expect((await change(sent.id, member, value)).body[member]).toEqual(value)
  }
  await change(sent.id, 'external_id', null)
  for (const [member, value] of [...frozen, ...open, ...always]) {
    expect([member, (await change(draft.id, member, value)).status]).toEqual([member, 200])
  }
})

test('a dry run of an update shows what it would post, of a draft how its amounts come about', async () => {
  const business = await aBusiness()
  const draft = await aSentInvoice(business, { status: 'draft' })
  const dry = { 'dry-run': 'true' }
  const sent = await business.invoicing.patch(`${path}/${draft.id}`, { status: 'sent' }, dry)
  const { journal, calculation } = sent.body.dry_run
  expect([sent.status, sent.body.status, calculation.tax_amount]).toEqual([200, 'sent', 27])
  expect(journal.map((line: { base: number }) => line.base)).toEqual([432.5, -405.5, -27])
  const customer_id = await aCustomer(business)
  const made = await business.invoicing.post(path, { customer_id, items }, dry)
  expect([made.status, made.body.dry_run.journal]).toEqual([200, []])
  expect(made.body.dry_run.calculation.trace).toContainEqual({
    ...{ step: 'tax_group', ref: expect.any(String), exact: '2700', rounded: '2700' },
    ...{ mode: 'half_up', note: expect.any(String) },
  })
  expect(await find(business, draft.id)).toEqual(draft)
})

test('200 invoices are found by the quotation and the recurring invoice they came from', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const customer_id = await aCustomer(business)
  const quotation = await invoicing.post('/api/v1/quotations', {
    ...{ customer_id, items, status: 'accepted' },
  })
  const converted = await invoicing.post(`/api/v1/quotations/${quotation.body.id}/convert`)
  const recurring = await invoicing.post('/api/v1/recurring-invoices', {
    ...{ customer_id, items, frequency: 'monthly', start_date: '2026-06-15' },
  })
  const run = await invoicing.post(`/api/v1/recurring-invoices/${recurring.body.id}/run`)
  expect([converted.status, run.status]).toEqual([201, 201])
  const search = async (query: string) => {
    const { body } = await invoicing.get(`${path}?${query}`)
    return body.data.map(({ id }: { id: string }) => id)
  }
  expect(await search(`quotation_id=${quotation.body.id}`)).toEqual([converted.body.id])
  expect(await search(`quotation_id=${quotation.body.id.toUpperCase()}`)).toEqual([
    converted.body.id,
  ])
  const found = await search(`recurring_invoice_id=${recurring.body.id.toUpperCase()}`)
  expect(found).toHaveLength(1)
  const { body } = await invoicing.get(`${path}/${found[0]}`)
  expect([body.recurring_invoice_id, body.quotation_id]).toEqual([recurring.body.id, null])
  expect(await search(`recurring_invoice_id=${unknownId}`)).toEqual([])
})
