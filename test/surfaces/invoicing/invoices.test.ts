import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { setSoftLock } from '../../../src/modules/ledger/period.actions.ts'
import { recordReceipt } from '../../../src/modules/sales/receipt.actions.ts'
import { type Answer, aBusiness, type Business } from '../../harness.ts'

const path = '/api/v1/invoices'
const unknownId = '0197a1c2-0000-7000-8000-0000000000e1'
const missing = 'Missing required fields: customer_id, items (at least one)'
const incomplete = 'Each item requires: description, quantity, unit_price'

const items = [
  { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 },
  { description: 'Printed report', quantity: 1, unit_price: 45.5 },
]

async function aCustomer({ invoicing }: Business): Promise<string> {
  const { body } = await invoicing.post('/api/v1/customers', { name: 'Lantern & Rye Ltd' })
  return body.id
}

async function anInvoice(business: Business, more: object = {}): Promise<Answer> {
  const customer_id = await aCustomer(business)
  return business.invoicing.post(path, { customer_id, items, ...more })
}

test('201 a draft is answered whole, in the documented order', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const reply = await business.invoicing.post(path, {
    customer_id,
    due_date: '2026-07-15',
    notes: 'Thank you',
    items,
  })
  expect(reply.status).toBe(201)
  expect(reply.text).toBe(
    JSON.stringify({
      id: reply.body.id,
      business_id: business.businessId,
      customer_id,
      invoice_number: 'INV-00001',
      issue_date: '2026-06-15',
      due_date: '2026-07-15',
      status: 'draft',
      subtotal: 405.5,
      tax_amount: 27,
      total: 432.5,
      currency: 'USD',
      notes: 'Thank you',
      terms: null,
      template_type: 'modern',
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
      items: [
        {
          description: 'Site survey',
          quantity: 3,
          unit_price: 120,
          tax_rate: 7.5,
          product_id: null,
          discount_rate: 0,
          id: reply.body.items[0].id,
          tax_category: 'standard',
          revenue_account_code: '4000',
          unit: null,
          amount: 360,
          tax_amount: 27,
        },
        {
          description: 'Printed report',
          quantity: 1,
          unit_price: 45.5,
          tax_rate: 0,
          product_id: null,
          discount_rate: 0,
          id: reply.body.items[1].id,
          tax_category: 'zero_rated',
          revenue_account_code: '4000',
          unit: null,
          amount: 45.5,
          tax_amount: 0,
        },
      ],
      amount_paid: 0,
      amount_credited: 0,
      amount_due: 432.5,
      discount_rate: 0,
      prices_include_tax: false,
      exchange_rate: null,
      purchase_order: null,
      quotation_id: null,
      recurring_invoice_id: null,
      sent_at: null,
      paid_at: null,
      cancelled_at: null,
      hosted_url: null,
      external_id: null,
      metadata: {},
    }),
  )
  const again = await business.invoicing.get(`${path}/${reply.body.id}`)
  expect([again.status, again.text]).toEqual([200, reply.text])
  expect(reply.headers['location']).toBe(`/invoicing${path}/${reply.body.id}`)
})

test('200 a draft is sent, then paid; the customer owes it in between', async () => {
  const business = await aBusiness()
  const draft = await anInvoice(business)
  const { customer_id, id } = draft.body
  const sent = await business.invoicing.patch(`${path}/${id}`, { status: 'sent' })
  const owing = await business.invoicing.get(`/api/v1/customers/${customer_id}`)
  const paid = await business.invoicing.put(`${path}/${id}`, { status: 'paid' })
  const settled = await business.invoicing.get(`/api/v1/customers/${customer_id}`)
  expect([sent.status, sent.body]).toEqual([
    200,
    {
      ...{ ...draft.body, status: 'sent', sent_at: '2026-06-15T12:00:00.000Z' },
      hosted_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:4400\/i\/[\w-]{43}$/),
    },
  ])
  expect([paid.status, paid.body.status, paid.body.amount_due, paid.body.amount_paid]).toEqual([
    200,
    'paid',
    0,
    432.5,
  ])
  expect([owing.body.balance, settled.body.balance]).toEqual([432.5, 0])
})

test.each([
  ['draft', 'draft', 432.5],
  ['sent', 'sent', 432.5],
  ['paid', 'paid', 0],
  ['cancelled', 'cancelled', 0],
  ['overdue', 'overdue', 432.5],
])('201 created as %s, it shows as %s and owes %s', async (status, shown, due) => {
  const business = await aBusiness()
  const dates = status === 'overdue' ? { issue_date: '2026-05-01', due_date: '2026-06-14' } : {}
  const made = await anInvoice(business, { status, ...dates })
  const read = await business.invoicing.get(`${path}/${made.body.id}`)
  expect([made.status, made.body.status, made.body.amount_due]).toEqual([201, shown, due])
  expect(read.body).toEqual(made.body)
})

test('200 an open invoice is overdue on the day after its due date, without any job', async () => {
  const business = await aBusiness()
  const { body } = await anInvoice(business, { status: 'sent', due_date: '2026-06-20' })
  const statusAt = async (instant: string) => {
    business.clock.set(instant)
    return (await business.invoicing.get(`${path}/${body.id}`)).body.status
  }
  expect(await statusAt('2026-06-20T23:59:59.999Z')).toBe('sent')
  expect(await statusAt('2026-06-21T00:00:00.000Z')).toBe('overdue')
})

test('200 cancelling a sent invoice takes back what the customer owes', async () => {
  const business = await aBusiness()
  const { body } = await anInvoice(business, { status: 'sent' })
  const reply = await business.invoicing.patch(`${path}/${body.id}`, { status: 'cancelled' })
  const customer = await business.invoicing.get(`/api/v1/customers/${body.customer_id}`)
  expect([reply.status, reply.body.status, reply.body.amount_due, customer.body.balance]).toEqual([
    200,
    'cancelled',
    0,
    0,
  ])
  expect(reply.body.invoice_number).toBe(body.invoice_number)
})

test.each([
  ['sent', 'draft'],
  ['sent', 'overdue'],
  ['paid', 'draft'],
  ['paid', 'sent'],
  ['paid', 'overdue'],
  ['paid', 'cancelled'],
  ['cancelled', 'draft'],
  ['cancelled', 'sent'],
  ['cancelled', 'paid'],
  ['cancelled', 'overdue'],
])('400 an invoice that is %s cannot become %s', async (from, to) => {
  const business = await aBusiness()
  const { body: made } = await anInvoice(business, { status: from })
  const reply = await business.invoicing.patch(`${path}/${made.id}`, { status: to })
  const after = await business.invoicing.get(`${path}/${made.id}`)
  expect([reply.status, reply.body]).toEqual([
    400,
    { error: `Invoice cannot change from ${from} to ${to}` },
  ])
  expect(after.body).toEqual(made)
})

const at = (member: object) => ({ items: [items[1], { ...items[0], ...member }] })

const refused: readonly (readonly [object, string])[] = [
  [{ items: undefined }, missing],
  [{ items: [] }, missing],
  [{ items: {} }, missing],
  [{ items: 'x', currency: 'ABC' }, missing],
  [{ customer_id: undefined }, missing],
  [{ customer_id: null }, missing],
  [{ customer_id: '', items: [{}] }, missing],
  [{ items: [7] }, incomplete],
  [{ items: [null] }, incomplete],
  [{ items: [{ description: 'x', quantity: 1 }] }, incomplete],
  [
    { items: [items[0], { description: ' ', quantity: 1, unit_price: 1 }], currency: 'A' },
    incomplete,
  ],
  [{ customer_id: '7' }, 'customer_id must be a valid UUID'],
  [at({ quantity: 0 }), 'items[1].quantity must not be 0'],
  [at({ quantity: '3' }), 'items[1].quantity must be a number'],
  [at({ quantity: 1.1234567 }), 'items[1].quantity must not have more than 6 decimals'],
  [at({ quantity: 1234567890.123456 }), 'items[1].quantity has more than 15 significant digits'],
  [at({ unit_price: -1 }), 'items[1].unit_price must be between 0 and 9999999999999.99'],
  [at({ unit_price: 1e300 }), 'items[1].unit_price must be between 0 and 9999999999999.99'],
  [at({ unit_price: true }), 'items[1].unit_price must be a number'],
  [at({ unit_price: 0.123456789012 }), 'items[1].unit_price must not have more than 10 decimals'],
  [at({ tax_rate: 101 }), 'items[1].tax_rate must be between 0 and 100'],
  [at({ tax_rate: 7.12345 }), 'items[1].tax_rate must not have more than 4 decimals'],
  [at({ discount_rate: -1 }), 'items[1].discount_rate must be between 0 and 100'],
  [at({ description: 7 }), 'items[1].description must be a string'],
  [
    at({ description: 'x'.repeat(501) }),
    'items[1].description must not be longer than 500 characters',
  ],
  [at({ product_id: 'x' }), 'items[1].product_id must be a valid UUID'],
  [
    at({ tax_category: 'free' }),
    'items[1].tax_category must be one of: standard, zero_rated, exempt, reverse_charge, out_of_scope',
  ],
  [{ issue_date: '2026-02-30' }, 'issue_date must be a valid date (YYYY-MM-DD)'],
  [{ issue_date: '1899-12-31' }, 'issue_date must be a valid date (YYYY-MM-DD)'],
  [{ due_date: '15.07.2026' }, 'due_date must be a valid date (YYYY-MM-DD)'],
  [{ due_date: '2026-06-14' }, 'due_date must not be before issue_date'],
  [{ status: 'overdue' }, 'due_date must be in the past'],
  [{ status: 'late' }, 'status must be one of: draft, sent, paid, overdue, cancelled'],
  [{ currency: 'ABC' }, 'currency must be an ISO 4217 currency code'],
  [{ exchange_rate: 0 }, 'exchange_rate must be a positive number'],
  [{ prices_include_tax: 'yes' }, 'prices_include_tax must be true or false'],
  [
    { template_type: 'fancy' },
    'template_type must be one of: modern, classic, compact, letterhead, minimal',
  ],
  [{ invoice_number: 'x'.repeat(65) }, 'invoice_number must not be longer than 64 characters'],
  [{ notes: 'x'.repeat(5001) }, 'notes must not be longer than 5000 characters'],
  [{ items: Array.from({ length: 501 }, () => items[0]) }, 'items must have at most 500 items'],
  [
    { ...at({ tax_rate: 200 }), currency: 'ABC', discount_rate: -1, due_date: 'x' },
    'items[1].tax_rate must be between 0 and 100; due_date must be a valid date (YYYY-MM-DD); currency must be an ISO 4217 currency code',
  ],
  [{ currency: 'NGN', status: 'sent' }, 'No exchange rate from NGN to USD on 2026-06-15'],
  [
    { items: [{ description: 'Deduction', quantity: -1, unit_price: 5 }], status: 'sent' },
    'The total may not be negative; issue a credit note instead',
  ],
]

test.each(refused.map(([change, error]) => [error, change] as const))(
  '400 %s',
  async (error, change) => {
    const business = await aBusiness()
    const reply = await anInvoice(business, change)
    const list = await business.invoicing.get(path)
    const fine = await anInvoice(business)
    expect([reply.status, reply.text]).toEqual([400, JSON.stringify({ error })])
    expect([list.body.pagination.total, fine.body.invoice_number]).toEqual([0, 'INV-00001'])
  },
)

test('404 a customer, a product or an invoice that is absent or of another business', async () => {
  const [one, other] = [await aBusiness(), await aBusiness()]
  const theirs = await aCustomer(other)
  const { body: foreign } = await anInvoice(other)
  const post = (customer_id: string) => one.invoicing.post(path, { customer_id, items })
  const replies = [
    await post(unknownId),
    await post(theirs),
    await anInvoice(one, { items: [{ ...items[0], product_id: unknownId }] }),
    await one.invoicing.get(`${path}/${unknownId}`),
    await one.invoicing.get(`${path}/${foreign.id}`),
    await one.invoicing.patch(`${path}/${foreign.id}`, { status: 'sent' }),
    await one.invoicing.delete(`${path}/${foreign.id}`),
  ]
  expect(replies.map(({ status, body }) => [status, body.error])).toEqual([
    [404, 'Customer not found'],
    [404, 'Customer not found'],
    [404, 'Product not found'],
    [404, 'Invoice not found'],
    [404, 'Invoice not found'],
    [404, 'Invoice not found'],
    [404, 'Invoice not found'],
  ])
  const malformed = await one.invoicing.patch(`${path}/7`, { status: 'sent' })
  expect([malformed.status, malformed.body.error]).toEqual([400, 'id must be a valid UUID'])
})

test('400 a number is given once', async () => {
  const business = await aBusiness()
  const first = await anInvoice(business, { invoice_number: 'A-1' })
  const second = await anInvoice(business, { invoice_number: 'A-1' })
  const third = await anInvoice(business)
  expect([
    first.body.invoice_number,
    second.status,
    second.text,
    third.body.invoice_number,
  ]).toEqual(['A-1', 400, '{"error":"Invoice number already exists"}', 'INV-00001'])
})

test('201 numbers follow each other without gaps under parallel creates', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const replies = await Promise.all(
    Array.from({ length: 40 }, () => business.invoicing.post(path, { customer_id, items })),
  )
  const numbers = replies.map(({ body }) => body.invoice_number).sort()
  const expected = Array.from({ length: 40 }, (_, i) => `INV-${String(i + 1).padStart(5, '0')}`)
  expect(numbers).toEqual(expected)
})

test.each([
  [{}, 'No valid fields to update'],
  [{ total: 7, id: unknownId }, 'No valid fields to update'],
  [{ items: [] }, 'items is required'],
  [{ items: [{ quantity: 1 }] }, incomplete],
  [{ items: null }, 'items must be an array'],
  [{ customer_id: null }, 'customer_id must be a string'],
  [{ discount_rate: 101 }, 'discount_rate must be between 0 and 100'],
  [{ issue_date: '2026-06-20', due_date: '2026-06-19' }, 'due_date must not be before issue_date'],
])('400 an update with %j: %s', async (change, error) => {
  const business = await aBusiness()
  const { body: made } = await anInvoice(business)
  const reply = await business.invoicing.patch(`${path}/${made.id}`, change)
  const after = await business.invoicing.get(`${path}/${made.id}`)
  expect([reply.status, reply.body, after.body]).toEqual([400, { error }, made])
})

test('200 a draft changes in everything, and its amounts with it', async () => {
  const business = await aBusiness()
  const { body: made } = await anInvoice(business, { due_date: '2026-07-15' })
  const reply = await business.invoicing.patch(`${path}/${made.id}`, {
    items: [{ description: 'Survey', quantity: 2, unit_price: 100, tax_rate: 10 }],
    discount_rate: 50,
    due_date: null,
    currency: 'EUR',
    metadata: { order: '7' },
  })
  const { subtotal, tax_amount, total, amount_due, due_date, currency, metadata } = reply.body
  expect([reply.status, { subtotal, tax_amount, total, amount_due }]).toEqual([
    200,
    { subtotal: 100, tax_amount: 10, total: 110, amount_due: 110 },
  ])
  expect([due_date, currency, metadata]).toEqual([null, 'EUR', { order: '7' }])
})

test('400 an issued invoice keeps what it was issued with', async () => {
  const business = await aBusiness()
  const { body: made } = await anInvoice(business, { status: 'sent' })
  const frozen = await business.invoicing.patch(`${path}/${made.id}`, { items })
  const changed = await business.invoicing.patch(`${path}/${made.id}`, {
    items: [{ ...items[0], quantity: 4 }],
  })
  const fine = await business.invoicing.patch(`${path}/${made.id}`, {
    notes: 'Overdue soon',
    due_date: '2026-08-01',
  })
  const gone = await business.invoicing.delete(`${path}/${made.id}`)
  const error = 'Invoice INV-00001 is sent; only drafts can be changed in this way'
  expect([frozen.status, frozen.body]).toEqual([200, made])
  expect([changed.status, changed.body, gone.status, gone.body]).toEqual([
    400,
    { error },
    400,
    { error },
  ])
  expect([fine.body.notes, fine.body.due_date]).toEqual(['Overdue soon', '2026-08-01'])
})

test('204 a deleted draft is gone, and its number is not given again', async () => {
  const business = await aBusiness()
  const { body: made } = await anInvoice(business)
  const reply = await business.invoicing.delete(`${path}/${made.id}`)
  const after = await business.invoicing.get(`${path}/${made.id}`)
  const next = await anInvoice(business)
  expect([reply.status, reply.text, after.status, next.body.invoice_number]).toEqual([
    204,
    '',
    404,
    'INV-00002',
  ])
})

test('a dry run of a sent invoice takes no number and posts nothing', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const draft = { customer_id, items, status: 'sent' }
  const dry = await business.invoicing.post(path, draft, { 'dry-run': 'true' })
  const customer = await business.invoicing.get(`/api/v1/customers/${customer_id}`)
  const real = await business.invoicing.post(path, draft)
  expect([dry.status, dry.body.status, dry.body.invoice_number]).toEqual([200, 'sent', 'INV-00001'])
  expect([customer.body.balance, real.body.invoice_number]).toEqual([0, 'INV-00001'])
})

test('201 one invoice, one number and one posting for a repeated key', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const draft = { customer_id, items, status: 'sent' }
  const key = { 'idempotency-key': 'order-7' }
  const first = await business.invoicing.post(path, draft, key)
  const again = await business.invoicing.post(path, draft, key)
  const customer = await business.invoicing.get(`/api/v1/customers/${customer_id}`)
  expect([again.status, again.text, again.headers['idempotency-replayed']]).toEqual([
    201,
    first.text,
    'true',
  ])
  expect(customer.body.balance).toBe(432.5)
})

test('201 an invoice in another currency is owed at its rate', async () => {
  const business = await aBusiness({ baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' })
  const made = await anInvoice(business, { status: 'sent', exchange_rate: 1520 })
  const customer = await business.invoicing.get(`/api/v1/customers/${made.body.customer_id}`)
  expect([made.status, made.body.currency, made.body.total, made.body.exchange_rate]).toEqual([
    201,
    'USD',
    432.5,
    1520,
  ])
  expect(customer.body.balance).toBe(657_400)
})

test('200 lists are narrowed by what invoices show today', async () => {
  const business = await aBusiness()
  const make = async (second: number, more: object) => {
    business.clock.set(`2026-06-15T12:00:0${second}.000Z`)
    return (await anInvoice(business, { invoice_number: `N-${second}`, ...more })).body
  }
  await make(1, { due_date: '2026-07-01' })
  await make(2, { status: 'sent', issue_date: '2026-05-01', due_date: '2026-05-31' })
  const sent = await make(3, { status: 'sent', due_date: '2026-07-15', external_id: 'shop-3' })
  await make(4, { status: 'paid', items: [{ ...items[0], unit_price: 7 }] })
  await make(5, { status: 'cancelled', currency: 'EUR' })
  const search = async (query: string) => {
    const { body } = await business.invoicing.get(`${path}?${query}`)
    return body.data.map((row: { invoice_number: string }) => row.invoice_number).join(' ')
  }
  expect(await search('')).toBe('N-5 N-4 N-3 N-2 N-1')
  expect(await search('status=sent')).toBe('N-3')
  expect(await search('status=overdue,paid')).toBe('N-4 N-2')
  expect(await search('status=draft,cancelled&sort=created_at')).toBe('N-1 N-5')
  expect(await search(`customer_id=${sent.customer_id.toUpperCase()}`)).toBe('N-3')
  expect(await search('invoice_number=n-4')).toBe('N-4')
  expect(await search('currency=EUR')).toBe('N-5')
  expect(await search('issue_date_to=2026-05-01')).toBe('N-2')
  expect(await search('due_date_from=2026-07-01&due_date_to=2026-07-15')).toBe('N-3 N-1')
  expect(await search('max_total=100')).toBe('N-4')
  expect(await search('min_total=432.5&sort=-invoice_number')).toBe('N-5 N-3 N-2 N-1')
  expect(await search('external_id=shop-3')).toBe('N-3')
  expect(await search(`quotation_id=${unknownId}`)).toBe('')
  expect(await search('updated_since=2026-06-15T12:00:04Z')).toBe('N-5 N-4')
  expect(await search('sort=due_date')).toBe('N-2 N-1 N-3 N-4 N-5')
  expect(await search('sort=total&limit=1')).toBe('N-4')
})

test('200 cursors walk every order once, empty dates last', async () => {
  const business = await aBusiness()
  for (const due_date of ['2026-07-01', null, '2026-06-20', null, '2026-07-01']) {
    await anInvoice(business, { due_date })
  }
  const walk = async (sort: string) => {
    const numbers: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await business.invoicing.get(`${path}?limit=2&sort=${sort}&cursor=${cursor}`)
      numbers.push(...body.data.map((row: { invoice_number: string }) => row.invoice_number))
      cursor = body.pagination.next_cursor
    }
    return numbers
  }
  const whole = async (sort: string) => {
    const { body } = await business.invoicing.get(`${path}?sort=${sort}`)
    return body.data.map((row: { invoice_number: string }) => row.invoice_number)
  }
  for (const sort of ['due_date', '-due_date', 'total', '-created_at', 'invoice_number']) {
    expect([sort, await walk(sort)]).toEqual([sort, await whole(sort)])
  }
})

test.each([
  [
    'status=late',
    'Query parameter status is not valid: must be one of: draft, sent, paid, overdue, cancelled',
  ],
  ['customer_id=7', 'Query parameter customer_id is not valid: must be a valid UUID'],
  [
    'issue_date_from=2026-02-30',
    'Query parameter issue_date_from is not valid: must be a valid date (YYYY-MM-DD)',
  ],
  ['min_total=ten', 'Query parameter min_total is not valid: must be a number'],
  ['limit=0', 'limit must be between 1 and 100'],
])('400 ?%s', async (query, error) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.get(`${path}?${query}`)
  expect([reply.status, reply.body]).toEqual([400, { error }])
})

test('403 a key that may only read writes nothing, whatever it sends', async () => {
  const business = await aBusiness()
  const reader = await business.clientOf('invoicing', { scopes: ['read'] })
  const { body: made } = await anInvoice(business)
  const replies = [
    await reader.post(path, {}),
    await reader.patch(`${path}/${made.id}`, { status: 'sent' }),
    await reader.put(`${path}/${made.id}`, 'nonsense'),
    await reader.delete(`${path}/${made.id}`),
  ]
  const after = await reader.get(`${path}/${made.id}`)
  expect(replies.map(({ status, text }) => `${status} ${text}`)).toEqual(
    replies.map(() => '403 {"error":"Insufficient permissions. Required: write"}'),
  )
  expect(after.body).toEqual(made)
})

test('400 a posting on a locked day names the first open one, and posts nothing', async () => {
  const business = await aBusiness()
  await business.write(setSoftLock, {
    scope: 'sales',
    through: asDate('2026-05-31'),
    reason: 'May is closed',
  })
  const late = { issue_date: '2026-05-31', status: 'sent' }
  const reply = await anInvoice(business, late)
  const draft = await anInvoice(business, { ...late, status: 'draft' })
  const issue = await business.invoicing.patch(`${path}/${draft.body.id}`, { status: 'sent' })
  const error = '2026-05-31 is locked for sales; the earliest open date is 2026-06-01'
  expect([reply.status, reply.body, draft.status, issue.status, issue.body]).toEqual([
    400,
    { error },
    201,
    400,
    { error },
  ])
  const after = await business.invoicing.get(`${path}/${draft.body.id}`)
  expect(after.body).toEqual(draft.body)
})

test('400 an invoice with a payment is not cancelled', async () => {
  const business = await aBusiness()
  const { body: made } = await anInvoice(business, { status: 'sent' })
  await business.write(recordReceipt, {
    surface: 'invoicing',
    customerId: made.customer_id,
    date: asDate('2026-06-15'),
    currency: 'USD',
    amount: 20_000n,
    method: 'bank_transfer',
    allocations: [{ invoiceId: made.id, amount: 20_000n }],
  })
  const before = await business.invoicing.get(`${path}/${made.id}`)
  const reply = await business.invoicing.patch(`${path}/${made.id}`, { status: 'cancelled' })
  const after = await business.invoicing.get(`${path}/${made.id}`)
  expect([before.body.amount_paid, before.body.amount_due, before.body.status]).toEqual([
    200,
    232.5,
    'sent',
  ])
  expect([reply.status, reply.body, after.body]).toEqual([
    400,
    { error: 'Invoice INV-00001 has payments; remove them or issue a credit note' },
    before.body,
  ])
})

test('400 a draft cannot owe less than nothing, nor be due before it is issued', async () => {
  const business = await aBusiness()
  const negative = [{ description: 'Deduction', quantity: -1, unit_price: 5 }]
  const draft = await anInvoice(business, { items: negative })
  const { body: made } = await anInvoice(business, { due_date: '2026-06-20' })
  const change = await business.invoicing.patch(`${path}/${made.id}`, { items: negative })
  const early = await business.invoicing.patch(`${path}/${made.id}`, { due_date: '2026-06-14' })
  const later = await business.invoicing.patch(`${path}/${made.id}`, { issue_date: '2026-06-21' })
  const tooMuch = 'The total may not be negative; issue a credit note instead'
  const order = 'due_date must not be before issue_date'
  expect([draft, change, early, later].map(({ status, body }) => [status, body.error])).toEqual([
    [400, tooMuch],
    [400, tooMuch],
    [400, order],
    [400, order],
  ])
})
