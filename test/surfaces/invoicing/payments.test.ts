import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { setSoftLock } from '../../../src/modules/ledger/period.actions.ts'
import { aBusiness, type Business } from '../../harness.ts'
import { aCustomer, aSentInvoice, balancesOf, eventsOf, lastEvent, postingsOf } from '../../till.ts'

const path = '/api/v1/payments'
const invoices = '/api/v1/invoices'
const unknownId = '0197a1c2-0000-7000-8000-0000000000e1'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const find = async ({ invoicing }: Business, id: string) =>
  (await invoicing.get(`${invoices}/${id}`)).body

test('201 a part payment is answered whole and leaves the rest due', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  const before = await lastEvent(business)
  const reply = await business.invoicing.post(`${invoices}/${invoice.id}/payments`, {
    ...{ amount: 200, payment_date: '2026-06-14', reference: 'TRF 8841', notes: 'First half' },
    ...{ method: 'card', external_id: 'bank-1', metadata: { till: '7' } },
  })
  const { id } = reply.body
  expect([reply.status, reply.text]).toEqual([
    201,
    JSON.stringify({
      id,
      business_id: business.businessId,
      customer_id: invoice.customer_id,
      payment_number: 'PAY-00001',
      payment_date: '2026-06-14',
      amount: 200,
      currency: 'USD',
      method: 'card',
      reference: 'TRF 8841',
      deposit_account_code: '1010',
      wht_amount: 0,
      exchange_rate: null,
      allocations: [{ invoice_id: invoice.id, amount: 200 }],
      unallocated_amount: 0,
      status: 'posted',
      notes: 'First half',
      external_id: 'bank-1',
      metadata: { till: '7' },
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
    }),
  ])
  expect(reply.headers['location']).toBe(`/invoicing${path}/${id}`)
  const after = await find(business, invoice.id)
  expect([after.status, after.amount_paid, after.amount_due]).toEqual(['sent', 200, 232.5])
  expect(await eventsOf(business, before)).toEqual(['invoice.updated -'])
  const read = await business.invoicing.get(`${path}/${id}`)
  expect([read.status, read.text]).toEqual([200, reply.text])
})

test('201 what is left settles the invoice, with an event that says what it was', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business, { issue_date: '2026-05-01', due_date: '2026-05-31' })
  const pay = (amount: number) =>
    business.invoicing.post(`${invoices}/${invoice.id}/payments`, { amount })
  await pay(400)
  const before = await lastEvent(business)
  const reply = await pay(32.5)
  const after = await find(business, invoice.id)
  expect([reply.status, after.status, after.amount_due, after.paid_at]).toEqual([
    201,
    'paid',
    0,
    '2026-06-15T12:00:00.000Z',
  ])
  expect(await eventsOf(business, before)).toEqual(['invoice.paid overdue'])
})

test('200 a reversed payment leaves books and invoice as they were', async () => {
  const business = await aBusiness(nigeria)
  const invoice = await aSentInvoice(business, { currency: 'NGN' })
  const balances = await balancesOf(business)
  const paid = await business.invoicing.post(`${invoices}/${invoice.id}/payments`, {
    amount: 432.5,
  })
  const before = await lastEvent(business)
  const reply = await business.invoicing.post(`${path}/${paid.body.id}/reverse`, {
    reason: 'The cheque bounced',
  })
  expect([reply.status, reply.body]).toEqual([
    200,
    { ...paid.body, status: 'reversed', allocations: [], unallocated_amount: 0 },
  ])
  expect(await find(business, invoice.id)).toEqual(invoice)
  expect(await balancesOf(business)).toEqual(balances)
  expect(await eventsOf(business, before)).toEqual(['invoice.updated paid'])
  const again = await business.invoicing.post(`${path}/${paid.body.id}/reverse`)
  expect([again.status, again.text]).toEqual([
    400,
    '{"error":"Receipt PAY-00001 is already voided"}',
  ])
})

test('201 what no invoice takes is a deposit, which settles another later', async () => {
  const business = await aBusiness(nigeria)
  const customer_id = await aCustomer(business)
  const [a, b] = [
    await aSentInvoice(business, { customer_id, currency: 'NGN' }),
    await aSentInvoice(business, { customer_id, currency: 'NGN' }),
  ]
  const made = await business.invoicing.post(path, {
    ...{ customer_id, amount: 600, method: 'cheque' },
    allocations: [{ invoice_id: a.id.toUpperCase(), amount: 432.5 }],
  })
  expect([made.status, made.body.unallocated_amount, made.body.currency]).toEqual([
    201,
    167.5,
    'NGN',
  ])
  expect(await postingsOf(business, made.body.id)).toEqual([
    '1011 +600.00 | 1021 -432.50 | 2021 +27.00 | 2026 -27.00 | 2004 -167.50',
  ])
  const customer = await business.invoicing.get(`/api/v1/customers/${customer_id}`)
  expect([customer.body.balance, customer.body.credit_balance]).toEqual([432.5, 167.5])

  const before = await lastEvent(business)
  const reply = await business.invoicing.post(`${path}/${made.body.id}/allocate`, {
    allocations: [
      { invoice_id: b.id, amount: 100 },
      { invoice_id: b.id, amount: 67.5 },
    ],
  })
  expect([reply.status, reply.body.unallocated_amount, reply.body.allocations]).toEqual([
    200,
    0,
    expect.arrayContaining([
      { invoice_id: a.id, amount: 432.5 },
      { invoice_id: b.id, amount: 167.5 },
    ]),
  ])
  expect((await find(business, b.id)).amount_due).toBe(265)
  expect(await eventsOf(business, before)).toEqual(['invoice.updated -'])
})

test('201 a deposit is received in US dollars unless told otherwise, and is allocated in them', async () => {
  const business = await aBusiness(nigeria)
  const invoice = await aSentInvoice(business, { exchange_rate: 1520 })
  const made = await business.invoicing.post(path, {
    ...{ customer_id: invoice.customer_id, amount: 432.5, exchange_rate: 1535 },
  })
  expect([made.body.currency, made.body.exchange_rate]).toEqual(['USD', 1535])
  const reply = await business.invoicing.post(`${path}/${made.body.id}/allocate`, {
    allocations: [{ invoice_id: invoice.id, amount: 432.5 }],
  })
  expect([reply.status, (await find(business, invoice.id)).status]).toEqual([200, 'paid'])
  const { '1021': receivable, '2004': deposits } = await balancesOf(business)
  expect([receivable, deposits]).toEqual([undefined, undefined])
})

test('201 the documented exchange gain: 432.50 at 1,520, paid at 1,535', async () => {
  const business = await aBusiness(nigeria)
  const untaxed = [{ description: 'Survey', quantity: 1, unit_price: 432.5 }]
  const invoice = await aSentInvoice(business, { items: untaxed, exchange_rate: 1520 })
  const made = await business.invoicing.post(`${invoices}/${invoice.id}/payments`, {
    ...{ amount: 432.5, exchange_rate: 1535 },
  })
  const balances = await balancesOf(business)
  expect([made.status, made.body.exchange_rate]).toEqual([201, 1535])
  expect(balances['1021']).toBeUndefined()
  expect([balances['1011'], balances['4000']]).toEqual(['66388750', '-65740000'])
  expect(await postingsOf(business, made.body.id)).toEqual([
    '1011 USD +432.50 (+663887.50) | 1021 USD -432.50 (-657400.00) | 4013 USD +0.00 (-6487.50)',
  ])
})

test('201 what the customer withholds settles too, and waits as a tax receivable', async () => {
  const business = await aBusiness(nigeria)
  const lines = [{ description: 'Survey', quantity: 1, unit_price: 200_000, tax_rate: 7.5 }]
  const invoice = await aSentInvoice(business, { items: lines, currency: 'NGN' })
  const made = await business.invoicing.post(`${invoices}/${invoice.id}/payments`, {
    ...{ amount: 215_000, wht_amount: 10_000 },
  })
  expect([made.body.wht_amount, (await find(business, invoice.id)).status]).toEqual([
    10_000,
    'paid',
  ])
  expect(await postingsOf(business, made.body.id)).toEqual([
    '1011 +205000.00 | 1024 +10000.00 | 1021 -215000.00 | 2021 +15000.00 | 2026 -15000.00',
  ])
})

test('201 the same external id in the same words is the same payment', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  const pay = (body: object) => business.invoicing.post(`${invoices}/${invoice.id}/payments`, body)
  const first = await pay({ amount: 100, external_id: 'bank-7' })
  const same = await pay({ amount: 100, external_id: 'bank-7' })
  const other = await pay({ amount: 101, external_id: 'bank-7' })
  expect([same.status, same.text]).toEqual([201, first.text])
  expect([other.status, other.text]).toEqual([
    400,
    '{"error":"externalId bank-7 is already used by another Payment"}',
  ])
  expect((await find(business, invoice.id)).amount_paid).toBe(100)
})

test('400 and 404 in their order and their words, changing nothing', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const invoice = await aSentInvoice(business)
  const { customer_id } = invoice
  const draft = await aSentInvoice(business, { customer_id, status: 'draft' })
  const paid = await aSentInvoice(business, { customer_id, status: 'paid' })
  const gone = await aSentInvoice(business, { customer_id, status: 'cancelled' })
  const euros = await aSentInvoice(business, { customer_id, currency: 'EUR', exchange_rate: 1.1 })
  const theirs = await aSentInvoice(business)
  const balances = await balancesOf(business)
  const events = await lastEvent(business)
  const of = (id: string, body: object = { amount: 1 }) =>
    invoicing.post(`${invoices}/${id}/payments`, body)
  const pay = (body: object) => invoicing.post(path, { customer_id, amount: 1, ...body })
  const on = (invoice_id: string, amount = 1) => ({ allocations: [{ invoice_id, amount }] })
  const replies = [
    await of(unknownId),
    await of(draft.id),
    await of(gone.id),
    await of(paid.id),
    await of(invoice.id, { amount: 432.51 }),
    await of(invoice.id, { amount: 1, currency: 'EUR', exchange_rate: 1.1 }),
    await of(invoice.id, { amount: 1, currency: 'EUR' }),
    await of(invoice.id, { amount: 0.001 }),
    await of(invoice.id, { amount: 1, wht_amount: 2 }),
    await of(invoice.id, { amount: 1, deposit_account_code: '9999' }),
    await of(invoice.id, { amount: 1, deposit_account_code: '1100' }),
    await pay({ customer_id: unknownId, ...on(unknownId) }),
    await pay(on(unknownId)),
    await pay(on(theirs.id)),
    await pay(on(invoice.id, 2)),
    await pay(on(euros.id)),
    await pay({ currency: 'USD', ...on(euros.id) }),
    await invoicing.get(`${path}/${unknownId}`),
    await invoicing.post(`${path}/${unknownId}/reverse`),
    await invoicing.post(`${path}/${unknownId}/allocate`, on(invoice.id)),
    await invoicing.get(`${invoices}/${unknownId}/payments`),
  ]
  expect(replies.map(({ status, body }) => [status, body.error])).toEqual([
    [404, 'Invoice not found'],
    [400, `Invoice ${draft.invoice_number} is draft and takes no payments`],
    [400, `Invoice ${gone.invoice_number} is cancelled and takes no payments`],
    [400, `Invoice ${paid.invoice_number} is already paid`],
    [400, `432.51 USD is more than the 432.50 USD due on invoice ${invoice.invoice_number}`],
    [400, 'Payment (EUR) and invoice (USD) must be in the same currency'],
    [400, 'Payment (EUR) and invoice (USD) must be in the same currency'],
    [400, 'amount must not have more than 2 decimals'],
    [400, 'Withholding of 2.00 USD exceeds the payment'],
    [400, 'Account 9999 does not exist'],
    [400, expect.stringMatching(/1100/)],
    [404, 'Customer not found'],
    [404, 'Invoice not found'],
    [404, 'Invoice not found'],
    [400, 'The allocations exceed the receipt by 1.00 USD'],
    [400, 'No exchange rate from EUR to USD on 2026-06-15'],
    [400, 'Payment (USD) and invoice (EUR) must be in the same currency'],
    [404, 'Payment not found'],
    [404, 'Payment not found'],
    [404, 'Payment not found'],
    [404, 'Invoice not found'],
  ])
  expect([await balancesOf(business), await lastEvent(business)]).toEqual([balances, events])
})

const wrong: readonly (readonly [object, string])[] = [
  [{ amount: undefined }, 'Missing required fields: customer_id, amount'],
  [{ amount: null }, 'Missing required fields: customer_id, amount'],
  [{ customer_id: undefined, amount: 'x' }, 'Missing required fields: customer_id, amount'],
  [{ customer_id: 7 }, 'customer_id must be a string'],
  [{ customer_id: '7' }, 'customer_id must be a valid UUID'],
  [{ amount: '5' }, 'amount must be a number'],
  [{ amount: 0 }, 'amount must be a positive number'],
  [{ amount: -5 }, 'amount must be a positive number'],
  [{ amount: 1e14 }, 'The amount is too large'],
  [{ amount: 0.00001 }, 'amount must not have more than 4 decimals'],
  [{ payment_date: '2026-02-30' }, 'payment_date must be a valid date (YYYY-MM-DD)'],
  [
    { method: 'barter' },
    'method must be one of: cash, bank_transfer, card, mobile_money, cheque, other',
  ],
  [{ currency: 'ABC' }, 'currency must be an ISO 4217 currency code'],
  [{ reference: 7 }, 'reference must be a string'],
  [{ reference: 'x'.repeat(256) }, 'reference must not be longer than 255 characters'],
  [{ deposit_account_code: [] }, 'deposit_account_code must be a string'],
  [{ wht_amount: -1 }, 'wht_amount must be between 0 and 9999999999999.99'],
  [{ wht_amount: 'x' }, 'wht_amount must be a number'],
  [{ exchange_rate: 0 }, 'exchange_rate must be a positive number'],
  [{ notes: 'x'.repeat(5001) }, 'notes must not be longer than 5000 characters'],
  [{ notes: 'a\u0000b' }, 'notes contains characters that are not allowed'],
  [{ external_id: {} }, 'external_id must be a string'],
  [{ metadata: { a: 1 } }, 'metadata.a must be a string'],
  [{ allocations: {} }, 'allocations must be an array'],
  [{ allocations: [7] }, 'allocations[0] must be an object'],
  [
    { allocations: [{ invoice_id: 'x', amount: 1 }] },
    'allocations[0].invoice_id must be a valid UUID',
  ],
  [
    { allocations: [{ invoice_id: unknownId, amount: 0 }] },
    'allocations[0].amount must be a positive number',
  ],
  [
    { allocations: Array.from({ length: 501 }, () => ({ invoice_id: unknownId, amount: 1 })) },
    'allocations must have at most 500 items',
  ],
]

test.each(wrong.map(([change, error]) => [error, change] as const))(
  '400 %s',
  async (error, change) => {
    const business = await aBusiness()
    const customer_id = await aCustomer(business)
    const reply = await business.invoicing.post(path, { customer_id, amount: 5, ...change })
    const list = await business.invoicing.get(path)
    expect([reply.status, reply.body.error, list.body.pagination.total]).toEqual([400, error, 0])
  },
)

test('400 the sub-route asks for an amount, allocating for at least one invoice', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  const replies = [
    await business.invoicing.post(`${invoices}/${invoice.id}/payments`, { method: 'cash' }),
    await business.invoicing.post(`${path}/${unknownId}/allocate`, { allocations: [] }),
    await business.invoicing.get(`${path}/7`),
  ]
  expect(replies.map(({ status, text }) => [status, text])).toEqual([
    [400, '{"error":"Missing required fields: amount"}'],
    [400, '{"error":"Missing required fields: allocations (at least one)"}'],
    [400, '{"error":"id must be a valid UUID"}'],
  ])
})

test('400 a payment on a locked day posts nothing', async () => {
  const business = await aBusiness()
  const invoice = await aSentInvoice(business)
  await business.write(setSoftLock, {
    ...{ scope: 'sales', through: asDate('2026-06-30'), reason: 'June is closed' },
  })
  const reply = await business.invoicing.post(`${invoices}/${invoice.id}/payments`, { amount: 1 })
  expect([reply.status, reply.text]).toEqual([
    400,
    '{"error":"2026-06-15 is locked for sales; the earliest open date is 2026-07-01"}',
  ])
  expect(await find(business, invoice.id)).toEqual(invoice)
})

test('200 lists are narrowed, sorted and followed', async () => {
  const business = await aBusiness()
  const { invoicing, clock } = business
  const invoice = await aSentInvoice(business)
  const { customer_id } = invoice
  const make = async (second: number, body: object) => {
    clock.set(`2026-06-15T12:00:0${second}.000Z`)
    return (await invoicing.post(path, { customer_id, ...body })).body.id
  }
  const first = await make(1, {
    ...{ amount: 30, method: 'cash', payment_date: '2026-06-03', external_id: 'x-1' },
    allocations: [{ invoice_id: invoice.id, amount: 10 }],
  })
  await make(2, { amount: 10, payment_date: '2026-06-02' })
  await make(3, { amount: 20, payment_date: '2026-06-01' })
  await invoicing.post(`${path}/${first}/reverse`)
  const search = async (query: string) => {
    const { body } = await invoicing.get(`${path}?${query}`)
    return body.data.map((row: { payment_number: string }) => row.payment_number.slice(-1)).join('')
  }
  expect(await search('')).toBe('321')
  expect(await search('sort=amount')).toBe('231')
  expect(await search('sort=-payment_date')).toBe('123')
  expect(await search('method=cash')).toBe('1')
  expect(await search('status=reversed')).toBe('1')
  expect(await search('status=posted')).toBe('32')
  expect(await search(`customer_id=${customer_id}`)).toBe('321')
  expect(await search(`customer_id=${unknownId}`)).toBe('')
  expect(await search(`invoice_id=${invoice.id}`)).toBe('1')
  expect(await search('payment_date_from=2026-06-02&payment_date_to=2026-06-02')).toBe('2')
  expect(await search('external_id=x-1')).toBe('1')
  expect(await search('updated_since=2026-06-15T12:00:03Z')).toBe('31')
  const of = await invoicing.get(`${invoices}/${invoice.id}/payments`)
  expect([of.status, of.body.pagination.total]).toEqual([200, 1])
  const walked: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await invoicing.get(`${path}?limit=1&sort=amount&cursor=${cursor}`)
    walked.push(body.data[0].payment_number.slice(-1))
    cursor = body.pagination.next_cursor
  }
  expect(walked.join('')).toBe('231')
})

test('a dry run of a payment shows its journal and leaves nothing', async () => {
  const business = await aBusiness(nigeria)
  const invoice = await aSentInvoice(business, { currency: 'NGN' })
  const reply = await business.invoicing.post(
    `${invoices}/${invoice.id}/payments`,
    { amount: 432.5 },
    { 'dry-run': 'true' },
  )
  const line = (account_code: string, debit: number, credit: number) => ({
    ...{ date: '2026-06-15', account_code, debit, credit, currency: 'NGN', base: debit - credit },
  })
  expect([reply.status, reply.headers['dry-run'], reply.body.payment_number]).toEqual([
    200,
    'true',
    'PAY-00001',
  ])
  expect(reply.body.dry_run).toEqual({
    calculation: null,
    journal: [
      line('1011', 432.5, 0),
      line('1021', 0, 432.5),
      line('2021', 27, 0),
      line('2026', 0, 27),
    ],
  })
  expect(await find(business, invoice.id)).toEqual(invoice)
  expect((await business.invoicing.get(path)).body.pagination.total).toBe(0)
})
