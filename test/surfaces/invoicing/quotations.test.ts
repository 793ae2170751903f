import { expect, test } from 'vitest'
import { aBusiness, type Business } from '../../harness.ts'

const path = '/api/v1/quotations'
const unknownId = '0197a1c2-0000-7000-8000-0000000000c1'

const items = [
  { description: 'Fit-out, phase one', quantity: 1, unit_price: 640, tax_rate: 20 },
  { description: 'Shelving', quantity: 4, unit_price: 75, tax_rate: 20, discount_rate: 10 },
]

async function aShop(options = {}) {
  const business = await aBusiness(options)
  const { invoicing } = business
  const { body: customer } = await invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    email: 'ap@lanternrye.example',
  })
  const quote = async (more: object = {}) =>
    await invoicing.post(path, { customer_id: customer.id, items, ...more })
  return { ...business, customer, quote }
}

async function eventsOf({ owner, businessId }: Business) {
  const { rows } = await owner.query(
    `select type, payload ->> 'status' as status, payload ->> 'previousStatus' as previous
    from event where tenant_id = $1 and (type like 'sales.quotation%' or type like 'sales.invoice%') order by sequence`,
    [businessId],
  )
  return rows.map(({ type, status, previous }) =>
    [type, status, previous].filter((one) => one !== null).join(' '),
  )
}

test('201 a quotation is answered whole, in the documented order', async () => {
  const { quote, customer, businessId, invoicing } = await aShop()
  const reply = await quote({ issue_date: '2026-05-02', valid_until: '2026-07-16' })
  const [first, second] = reply.body.items
  expect(reply.status).toBe(201)
  const tail = { tax_category: 'standard', revenue_account_code: '4000', unit: null }
  expect(reply.text).toBe(
    JSON.stringify({
      id: reply.body.id,
      business_id: businessId,
      customer_id: customer.id,
      quotation_number: 'QT-00001',
      issue_date: '2026-05-02',
      valid_until: '2026-07-16',
      status: 'draft',
      subtotal: 910,
      tax_amount: 182,
      total: 1092,
      currency: 'USD',
      created_at: '2026-06-15T12:00:00.000Z',
      items: [
        {
          ...{ description: 'Fit-out, phase one', quantity: 1, unit_price: 640, tax_rate: 20 },
          ...{ product_id: null, discount_rate: 0, id: first.id, ...tail },
          ...{ amount: 640, tax_amount: 128 },
        },
        {
          ...{ description: 'Shelving', quantity: 4, unit_price: 75, tax_rate: 20 },
          ...{ product_id: null, discount_rate: 10, id: second.id, ...tail },
          ...{ amount: 270, tax_amount: 54 },
        },
      ],
      ...{ notes: null, terms: null, template_type: 'modern' },
      updated_at: '2026-06-15T12:00:00.000Z',
      ...{ sent_at: null, accepted_at: null, rejected_at: null, decision_note: null },
      ...{ invoice_id: null, hosted_url: null, external_id: null, metadata: {} },
      ...{ decision_name: null, discount_rate: 0, prices_include_tax: false },
      ...{ exchange_rate: null, purchase_order: null },
    }),
  )
  expect(reply.headers['location']).toBe(`/invoicing/api/v1/quotations/${reply.body.id}`)
  const again = await invoicing.get(`${path}/${reply.body.id.toUpperCase()}`)
  expect([again.status, again.body]).toEqual([200, reply.body])
})

const fixed = 'Missing required fields: customer_id, items (at least one)'
const refused: readonly (readonly [object, string])[] = [
  [{ customer_id: null }, fixed],
  [{ items: [] }, fixed],
  [
    { items: [{ description: 'a', quantity: 1 }] },
    'Each item requires: description, quantity, unit_price',
  ],
  [{ items: [{ ...items[0], quantity: 0 }] }, 'items[0].quantity must not be 0'],
  [
    { issue_date: '2026-06-15', valid_until: '2026-06-14' },
    'valid_until must not be before issue_date',
  ],
  [{ valid_until: '2026-13-01' }, 'valid_until must be a valid date (YYYY-MM-DD)'],
  [{ status: 'expired' }, 'valid_until must be in the past'],
  [{ status: 'converted' }, 'Quotation cannot change from draft to converted'],
  [
    { status: 'late' },
    'status must be one of: draft, sent, accepted, rejected, expired, converted',
  ],
  [
    { items: [{ ...items[0], quantity: -1 }] },
    'The total may not be negative; issue a credit note instead',
  ],
  [
    { template_type: 'loud' },
    'template_type must be one of: modern, classic, compact, letterhead, minimal',
  ],
]

test.each(refused.map(([body, error]) => [error, body] as const))('400 %s', async (error, body) => {
  const { quote, invoicing } = await aShop()
  const reply = await quote(body)
  const list = await invoicing.get(path)
  expect([reply.status, reply.text, list.body.pagination.total]).toEqual([
    400,
    JSON.stringify({ error }),
    0,
  ])
})

test('400 a number and an external id are taken once', async () => {
  const { quote } = await aShop()
  const first = await quote({ quotation_number: 'QT-00007', external_id: 'crm-1' })
  const number = await quote({ quotation_number: 'QT-00007' })
  const external = await quote({ external_id: 'crm-1' })
  const next = await quote()
  expect([first.status, next.body.quotation_number]).toEqual([201, 'QT-00008'])
  expect([number.status, number.text]).toEqual([400, '{"error":"Quotation number already exists"}'])
  expect([external.status, external.text]).toEqual([
    400,
    '{"error":"externalId crm-1 is already used by another Quotation"}',
  ])
})

test('404 an absent or foreign quotation, customer or product', async () => {
  const [one, other] = [await aShop(), await aShop()]
  const { body: foreign } = await other.quote()
  const bodies = [undefined, { note: 'a' }]
  for (const id of [unknownId, foreign.id]) {
    const replies = [
      await one.invoicing.get(`${path}/${id}`),
      await one.invoicing.patch(`${path}/${id}`, { notes: 'b' }),
      await one.invoicing.delete(`${path}/${id}`),
    ]
    for (const step of ['send', 'accept', 'reject', 'duplicate', 'convert']) {
      for (const body of bodies) {
        replies.push(await one.invoicing.post(`${path}/${id}/${step}`, body))
      }
    }
    for (const reply of replies) {
      expect([reply.status, reply.text]).toEqual([404, '{"error":"Quotation not found"}'])
    }
  }
  const customer = await one.quote({ customer_id: other.customer.id })
  const product = await one.quote({ items: [{ ...items[0], product_id: unknownId }] })
  expect([customer.status, customer.text]).toEqual([404, '{"error":"Customer not found"}'])
  expect([product.status, product.text]).toEqual([404, '{"error":"Product not found"}'])
})

const past = { issue_date: '2026-05-01', valid_until: '2026-06-14' }

test.each([
  ['draft', {}, ['created draft']],
  ['sent', {}, ['created sent', 'sent sent']],
  ['accepted', {}, ['created accepted', 'accepted accepted']],
  ['rejected', {}, ['created rejected', 'rejected rejected']],
  ['expired', past, ['created expired', 'expired expired']],
])('201 a quotation made as %s says so', async (status, more, events) => {
  const shop = await aShop()
  const reply = await shop.quote({ status, ...more })
  expect([reply.status, reply.body.status]).toEqual([201, status])
  expect(await eventsOf(shop)).toEqual(events.map((one) => `sales.quotation.${one}`))
})

const forbidden = (from: string, to: string): string =>
  `Quotation cannot change from ${from} to ${to}`
const expired = 'Quotation QT-00001 expired on 2026-06-14'

test.each([
  ['draft', 'sent', 'sent'],
  ['draft', 'accepted', 'accepted'],
  ['draft', 'rejected', 'rejected'],
  ['draft', 'expired', forbidden('draft', 'expired')],
  ['draft', 'converted', forbidden('draft', 'converted')],
  ['sent', 'draft', forbidden('sent', 'draft')],
  ['sent', 'sent', 'sent'],
  ['sent', 'accepted', 'accepted'],
  ['sent', 'rejected', 'rejected'],
  ['sent', 'expired', forbidden('sent', 'expired')],
  ['sent', 'converted', forbidden('sent', 'converted')],
  ['expired', 'draft', forbidden('expired', 'draft')],
  ['expired', 'sent', forbidden('expired', 'sent')],
  ['expired', 'accepted', expired],
  ['expired', 'rejected', forbidden('expired', 'rejected')],
  ['expired', 'expired', 'expired'],
  ['accepted', 'sent', forbidden('accepted', 'sent')],
  ['accepted', 'rejected', 'rejected'],
  ['accepted', 'converted', 'converted'],
  ['rejected', 'accepted', forbidden('rejected', 'accepted')],
  ['rejected', 'draft', forbidden('rejected', 'draft')],
  ['converted', 'accepted', forbidden('converted', 'accepted')],
  ['converted', 'converted', 'converted'],
])('%s to %s: %s', async (from, to, outcome) => {
  const { quote, invoicing } = await aShop()
  const isConverted = from === 'converted'
  const made = await quote({
    ...(from === 'expired' && past),
    status: isConverted ? 'accepted' : from,
  })
  if (isConverted) await invoicing.post(`${path}/${made.body.id}/convert`)
  const reply = await invoicing.patch(`${path}/${made.body.id}`, { status: to })
  expect(reply.body.error ?? reply.body.status).toBe(outcome)
  expect(reply.status).toBe(outcome === to ? 200 : 400)
})

test('200 a sent quotation is expired on the day after its last, without any job', async () => {
  const { quote, invoicing, clock } = await aShop({ timeZone: 'Africa/Lagos' })
  const { body } = await quote({ status: 'sent', valid_until: '2026-06-20' })
  clock.set('2026-06-20T22:59:59.000Z')
  const last = await invoicing.get(`${path}/${body.id}`)
  clock.set('2026-06-20T23:00:00.000Z')
  const next = await invoicing.get(`${path}/${body.id}`)
  const listed = await invoicing.get(`${path}?status=expired`)
  const accepted = await invoicing.post(`${path}/${body.id}/accept`)
  expect([last.body.status, next.body.status]).toEqual(['sent', 'expired'])
  expect(listed.body.data).toEqual([next.body])
  expect([accepted.status, accepted.text]).toEqual([
    400,
    '{"error":"Quotation QT-00001 expired on 2026-06-20"}',
  ])
})

test('200 an expired quotation with a new last day is sent again', async () => {
  const shop = await aShop()
  const { body } = await shop.quote({ status: 'expired', ...past })
  const late = await shop.invoicing.patch(`${path}/${body.id}`, { notes: 'b' })
  const reply = await shop.invoicing.patch(`${path}/${body.id}`, {
    status: 'sent',
    valid_until: '2026-06-30',
  })
  expect([late.status, late.text]).toEqual([
    400,
    '{"error":"Quotation QT-00001 is expired and cannot be changed"}',
  ])
  expect([reply.status, reply.body.status, reply.body.valid_until]).toEqual([
    200,
    'sent',
    '2026-06-30',
  ])
  expect((await eventsOf(shop)).slice(2)).toEqual([
    'sales.quotation.updated sent',
    'sales.quotation.sent sent expired',
  ])
})

test('200 a draft and a sent quotation change in everything, later ones in little', async () => {
  const shop = await aShop()
  const { body: made } = await shop.quote()
  const id = `${path}/${made.id}`
  const edited = await shop.invoicing.patch(id, {
    items: [{ description: 'Awning', quantity: 2, unit_price: 100 }],
    discount_rate: 10,
    valid_until: '2026-07-01',
    quotation_number: 'Q-9',
    metadata: { deal: '7' },
  })
  expect([edited.body.total, edited.body.quotation_number, edited.body.items.length]).toEqual([
    180,
    'Q-9',
    1,
  ])
  await shop.invoicing.put(id, { status: 'sent' })
  const sent = await shop.invoicing.put(id, { notes: 'Soon', prices_include_tax: true })
  expect([sent.status, sent.body.status, sent.body.notes]).toEqual([200, 'sent', 'Soon'])
  const same = await shop.invoicing.patch(id, { notes: 'Soon', discount_rate: 10 })
  expect(same.body).toEqual(sent.body)
  await shop.invoicing.post(`${id}/accept`)
  const late = await shop.invoicing.patch(id, { notes: 'Later' })
  const tagged = await shop.invoicing.patch(id, { metadata: {}, external_id: 'deal-7' })
  expect([late.status, late.text]).toEqual([
    400,
    '{"error":"Quotation Q-9 is accepted and cannot be changed"}',
  ])
  expect([tagged.status, tagged.body.external_id, tagged.body.notes]).toEqual([
    200,
    'deal-7',
    'Soon',
  ])
  const empty = await shop.invoicing.patch(id, { total: 1 })
  expect([empty.status, empty.text]).toEqual([400, '{"error":"No valid fields to update"}'])
  const wrong = await shop.invoicing.patch(id, { valid_until: '2026-01-01' })
  expect(wrong.status).toBe(400)
  expect(await eventsOf(shop)).toEqual([
    'sales.quotation.created draft',
    'sales.quotation.updated draft',
    'sales.quotation.sent sent draft',
    'sales.quotation.updated sent',
    'sales.quotation.accepted accepted sent',
    'sales.quotation.updated accepted',
  ])
})

test('200 what the customer decided is kept with a note and a name', async () => {
  const { quote, invoicing, clock } = await aShop()
  const { body: first } = await quote({ status: 'sent' })
  const { body: second } = await quote()
  clock.set('2026-06-16T08:00:00.000Z')
  const accepted = await invoicing.post(`${path}/${first.id}/accept`, {
    note: ' Go ahead ',
    name: 'Ada Rye',
  })
  const rejected = await invoicing.post(`${path}/${second.id}/reject`)
  const twice = await invoicing.post(`${path}/${first.id}/accept`)
  expect(accepted.body).toEqual({
    ...first,
    status: 'accepted',
    accepted_at: '2026-06-16T08:00:00.000Z',
    updated_at: '2026-06-16T08:00:00.000Z',
    decision_note: 'Go ahead',
    decision_name: 'Ada Rye',
  })
  expect(rejected.body).toMatchObject({
    ...{ status: 'rejected', rejected_at: '2026-06-16T08:00:00.000Z', decision_note: null },
  })
  expect([twice.status, twice.text]).toEqual([
    400,
    JSON.stringify({ error: forbidden('accepted', 'accepted') }),
  ])
})

test('200 sending takes a draft to sent, and needs an address', async () => {
  const shop = await aShop()
  const { body: nobody } = await shop.invoicing.post('/api/v1/customers', { name: 'No Mail' })
  const { body: made } = await shop.quote()
  const sent = await shop.invoicing.post(`${path}/${made.id}/send`)
  const again = await shop.invoicing.post(`${path}/${made.id}/send`, { to: ['b@c.example'] })
  expect([sent.status, sent.body.status, sent.body.sent_at]).toEqual([
    200,
    'sent',
    '2026-06-15T12:00:00.000Z',
  ])
  expect(again.status).toBe(200)
  const { body: unknown } = await shop.quote({ customer_id: nobody.id })
  const refusedSend = await shop.invoicing.post(`${path}/${unknown.id}/send`)
  expect([refusedSend.status, refusedSend.text]).toEqual([
    400,
    '{"error":"No Mail has no e-mail address"}',
  ])
  const wrong = await shop.invoicing.post(`${path}/${unknown.id}/send`, { to: ['nobody'] })
  expect([wrong.status, wrong.text]).toEqual([
    400,
    '{"error":"to[0] must be a valid email address"}',
  ])
  await shop.invoicing.post(`${path}/${made.id}/accept`)
  const late = await shop.invoicing.post(`${path}/${made.id}/send`)
  expect([late.status, late.text]).toEqual([
    400,
    JSON.stringify({ error: forbidden('accepted', 'sent') }),
  ])
})

test('201 an accepted quotation becomes one invoice with the same items and totals', async () => {
  const shop = await aShop()
  const { invoicing } = shop
  const { body: product } = await invoicing.post('/api/v1/products', {
    ...{ name: 'Awning', unit_price: 99.99, tax_rate: 7.5 },
  })
  const { body: quotation } = await shop.quote({
    items: [
      ...items,
      { description: 'Awning', quantity: 3, unit_price: 33.335, product_id: product.id },
    ],
    discount_rate: 2.5,
    notes: 'Thank you',
    purchase_order: 'PO-1',
    status: 'accepted',
  })
  await invoicing.delete(`/api/v1/products/${product.id}`)
  const reply = await invoicing.post(`${path}/${quotation.id}/convert`, {
    issue_date: '2026-06-14',
    due_date: '2026-07-14',
    status: 'sent',
  })
  const { body: invoice } = reply
  expect([reply.status, reply.headers['location']]).toEqual([
    201,
    `/invoicing/api/v1/invoices/${invoice.id}`,
  ])
  expect(invoice).toMatchObject({
    ...{ invoice_number: 'INV-00001', status: 'sent', quotation_id: quotation.id },
    ...{ issue_date: '2026-06-14', due_date: '2026-07-14', notes: 'Thank you' },
    ...{ subtotal: quotation.subtotal, tax_amount: quotation.tax_amount },
    ...{ total: quotation.total, discount_rate: 2.5, purchase_order: 'PO-1' },
  })
  const withoutIds = (rows: readonly { id: string }[]) => rows.map(({ id: _id, ...row }) => row)
  expect(withoutIds(invoice.items)).toEqual(withoutIds(quotation.items))
  const converted = await invoicing.get(`${path}/${quotation.id}`)
  expect([converted.body.status, converted.body.invoice_id]).toEqual(['converted', invoice.id])
  const found = await invoicing.get(`/api/v1/invoices?quotation_id=${quotation.id}`)
  expect(found.body.data.map(({ id }: { id: string }) => id)).toEqual([invoice.id])
  const twice = await invoicing.post(`${path}/${quotation.id}/convert`)
  expect([twice.status, twice.text]).toEqual([
    400,
    '{"error":"Quotation QT-00001 was already converted to INV-00001"}',
  ])
  expect((await eventsOf(shop)).slice(2)).toEqual([
    'sales.quotation.converted converted accepted',
    'sales.invoice.created sent',
    'sales.invoice.sent sent',
  ])
})

test('400 only an accepted quotation that holds becomes an invoice', async () => {
  const { quote, invoicing } = await aShop()
  const { body: draft } = await quote()
  const { body: late } = await quote({ status: 'expired', ...past })
  const { body: good } = await quote({ status: 'accepted' })
  const convert = async (id: string, body?: object) => {
    const reply = await invoicing.post(`${path}/${id}/convert`, body)
    return [reply.status, reply.body.error]
  }
  expect(await convert(draft.id)).toEqual([
    400,
    'Quotation QT-00001 is draft; only accepted quotations can be converted',
  ])
  expect(await convert(late.id)).toEqual([400, 'Quotation QT-00002 expired on 2026-06-14'])
  expect(await convert(good.id, { due_date: '2026-06-14' })).toEqual([
    400,
    'due_date must not be before issue_date',
  ])
  expect(await convert(good.id, { status: 'paid' })).toEqual([
    400,
    'status must be one of: draft, sent',
  ])
  const invoices = await invoicing.get('/api/v1/invoices')
  expect(invoices.body.pagination.total).toBe(0)
})

test('201 ten conversions at once make one invoice', async () => {
  const { quote, invoicing } = await aShop()
  const { body } = await quote({ status: 'accepted' })
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => invoicing.post(`${path}/${body.id}/convert`)),
  )
  const invoices = await invoicing.get('/api/v1/invoices')
  expect(replies.filter(({ status }) => status === 201).length).toBe(1)
  expect(invoices.body.pagination.total).toBe(1)
})

test('201 a duplicate is a draft of today that holds as many days', async () => {
  const { quote, invoicing } = await aShop()
  const { body } = await quote({ status: 'accepted', ...past, external_id: 'deal-1' })
  const reply = await invoicing.post(`${path}/${body.id}/duplicate`)
  expect(reply.status).toBe(201)
  expect(reply.body).toMatchObject({
    ...{ quotation_number: 'QT-00002', status: 'draft', total: 1092, external_id: null },
    ...{ issue_date: '2026-06-15', valid_until: '2026-07-29', accepted_at: null },
  })
  const wrong = await invoicing.post(`${path}/${body.id}/duplicate`, { valid_until: '2026-06-01' })
  expect([wrong.status, wrong.text]).toEqual([
    400,
    '{"error":"valid_until must not be before issue_date"}',
  ])
})

test('204 a draft or a rejected quotation is deleted, and its number stays used', async () => {
  const { quote, invoicing } = await aShop()
  const { body: draft } = await quote()
  const { body: rejected } = await quote({ status: 'rejected' })
  const { body: sent } = await quote({ status: 'sent' })
  for (const { id } of [draft, rejected]) {
    const reply = await invoicing.delete(`${path}/${id}`)
    const gone = await invoicing.get(`${path}/${id}`)
    expect([reply.status, reply.text, gone.status]).toEqual([204, '', 404])
  }
  const kept = await invoicing.delete(`${path}/${sent.id}`)
  expect([kept.status, kept.text]).toEqual([
    400,
    '{"error":"Quotation QT-00003 is sent and cannot be changed"}',
  ])
  const again = await quote({ quotation_number: 'QT-00001' })
  const next = await quote()
  expect([again.status, next.body.quotation_number]).toEqual([400, 'QT-00004'])
})

test('200 quotations are narrowed by every filter, and sorted', async () => {
  const { quote, invoicing, customer } = await aShop()
  await quote({ issue_date: '2026-06-01', valid_until: '2026-06-30', currency: 'EUR' })
  await quote({ issue_date: '2026-06-02', status: 'sent', external_id: 'two' })
  await quote({ items: [items[0]], issue_date: '2026-06-03', valid_until: '2026-06-14' })
  const found = async (query: string) => {
    const { body } = await invoicing.get(`${path}?${query}&sort=quotation_number`)
    return body.data.map((row: { quotation_number: string }) => row.quotation_number.slice(-1))
  }
  expect(await found('status=draft')).toEqual(['1', '3'])
  expect(await found('status=draft,sent')).toEqual(['1', '2', '3'])
  expect(await found(`customer_id=${customer.id}`)).toEqual(['1', '2', '3'])
  expect(await found(`customer_id=${unknownId}`)).toEqual([])
  expect(await found('quotation_number=qt-00002')).toEqual(['2'])
  expect(await found('currency=EUR')).toEqual(['1'])
  expect(await found('issue_date_from=2026-06-02&issue_date_to=2026-06-02')).toEqual(['2'])
  expect(await found('valid_until_from=2026-06-15')).toEqual(['1'])
  expect(await found('valid_until_to=2026-06-14')).toEqual(['3'])
  expect(await found('min_total=768.01')).toEqual(['1', '2'])
  expect(await found('max_total=768')).toEqual(['3'])
  expect(await found('external_id=two')).toEqual(['2'])
  expect(await found('updated_since=2026-06-15T12:00:00Z')).toEqual(['1', '2', '3'])
  const wrong = await invoicing.get(`${path}?status=lost`)
  expect(wrong.status).toBe(400)
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await invoicing.get(`${path}?limit=1&sort=-valid_until&cursor=${cursor}`)
    seen.push(...body.data.map((row: { quotation_number: string }) => row.quotation_number))
    cursor = body.pagination.next_cursor
  }
  expect(seen).toEqual(['QT-00001', 'QT-00003', 'QT-00002'])
})

test('200 a dry run shows the quotation and leaves nothing', async () => {
  const shop = await aShop()
  const reply = await shop.invoicing.post(
    path,
    { customer_id: shop.customer.id, items, status: 'sent' },
    { 'Dry-Run': 'true' },
  )
  const list = await shop.invoicing.get(path)
  expect([reply.status, reply.body.total, list.body.pagination.total]).toEqual([200, 1092, 0])
  expect(await eventsOf(shop)).toEqual([])
})

test('201 what a quotation leaves open is what the business says', async () => {
  const { quote, invoicing } = await aShop()
  await invoicing.patch('/api/v1/business', {
    ...{ use_default_currency: true, default_notes: 'Thank you', default_terms: '14 days' },
    ...{ default_due_days: 14 },
  })
  const { body } = await quote({ status: 'accepted', terms: 'Cash' })
  const { body: invoice } = await invoicing.post(`${path}/${body.id}/convert`)
  expect([body.notes, body.terms, body.valid_until]).toEqual(['Thank you', 'Cash', null])
  expect([invoice.notes, invoice.terms, invoice.due_date]).toEqual([
    'Thank you',
    'Cash',
    '2026-06-29',
  ])
  const recurring = await invoicing.post('/api/v1/recurring-invoices', {
    ...{ customer_id: body.customer_id, items, frequency: 'daily', start_date: '2026-07-01' },
  })
  expect([recurring.body.notes, recurring.body.terms]).toEqual(['Thank you', '14 days'])
})

test('a dry run of a quotation tells how its amounts come about and keeps nothing', async () => {
  const { quote, invoicing } = await aShop()
  const dry = { 'Dry-Run': 'true' }
  const { body: kept } = await quote()
  const tried = await invoicing.post(path, { customer_id: kept.customer_id, items }, dry)
  expect([tried.status, tried.headers['dry-run'], tried.body.total]).toEqual([200, 'true', 1092])
  const { calculation, journal } = tried.body.dry_run
  expect([calculation.subtotal, calculation.tax_amount, calculation.total]).toEqual([
    910, 182, 1092,
  ])
  expect(calculation.tax_groups).toEqual([
    { tax_category: 'standard', tax_rate: 20, taxable_amount: 910, tax_amount: 182 },
  ])
  expect([calculation.trace.length > 0, journal]).toEqual([true, []])
  const accepted = await invoicing.post(`${path}/${kept.id}/accept`, {}, dry)
  expect([accepted.status, accepted.body.dry_run.calculation?.total]).toEqual([200, 1092])
  expect((await invoicing.get(`${path}/${kept.id}`)).body).toEqual(kept)
  expect((await invoicing.get(path)).body.pagination.total).toBe(1)
})

test('a dry run of a conversion tells what its invoice would post', async () => {
  const { quote, invoicing } = await aShop()
  const { body: kept } = await quote({ status: 'accepted' })
  const reply = await invoicing.post(
    `${path}/${kept.id}/convert`,
    { status: 'sent' },
    { 'Dry-Run': 'true' },
  )
  const line = (account_code: string, debit: number, credit: number) => ({
    ...{ date: '2026-06-15', account_code, debit, credit, currency: 'USD', base: debit - credit },
  })
  expect([reply.status, reply.body.dry_run.calculation.total]).toEqual([200, 1092])
  expect(reply.body.dry_run.journal).toEqual([
    line('1100', 1092, 0),
    line('4000', 0, 910),
    line('2200', 0, 182),
  ])
  expect((await invoicing.get('/api/v1/invoices')).body.pagination.total).toBe(0)
})
