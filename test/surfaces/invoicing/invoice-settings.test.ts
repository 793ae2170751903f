import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Business } from '../../harness.ts'
import { aCustomer, aSentInvoice, items } from '../../till.ts'

const path = '/api/v1/invoices'
const draftNumber = /^DRAFT-[0-9A-F]{8}$/

async function aBusinessWith(settings: object, options = {}): Promise<Business> {
  const business = await aBusiness(options)
  const reply = await business.invoicing.patch('/api/v1/business', settings)
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)])
  return business
}

const create = (business: Business, customer_id: string, more: object = {}): Promise<Answer> =>
  business.invoicing.post(path, { customer_id, items, ...more })

test('the currency is US dollars, whatever customer and business use', async () => {
  const business = await aBusiness({ baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' })
  const { body } = await business.invoicing.post('/api/v1/customers', {
    ...{ name: 'Lantern & Rye Ltd', currency: 'EUR' },
  })
  expect((await create(business, body.id)).body.currency).toBe('USD')
})

test('a business may take the currency of the customer, then its own', async () => {
  const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' }
  const business = await aBusinessWith({ use_default_currency: true }, nigeria)
  const { body } = await business.invoicing.post('/api/v1/customers', {
    ...{ name: 'Lantern & Rye Ltd', currency: 'EUR' },
  })
  const [theirs, ours, asked] = [
    await create(business, body.id),
    await create(business, await aCustomer(business)),
    await create(business, body.id, { currency: 'GBP' }),
  ]
  expect([theirs, ours, asked].map((reply) => reply.body.currency)).toEqual(['EUR', 'NGN', 'GBP'])
})

test('new invoices begin with the texts, days and account of the business', async () => {
  const business = await aBusinessWith({
    ...{ default_terms: 'Net 14', default_notes: 'Thank you', default_due_days: 14 },
    default_deposit_account_code: '1000',
  })
  const customer_id = await aCustomer(business)
  const plain = await create(business, customer_id, { issue_date: '2026-06-10' })
  const own = await create(business, customer_id, {
    ...{ terms: 'At once', notes: 'Hello', due_date: '2026-06-16', status: 'paid' },
  })
  const members = ({ body }: Answer) => [body.terms, body.notes, body.due_date]
  expect([members(plain), members(own)]).toEqual([
    ['Net 14', 'Thank you', '2026-06-24'],
    ['At once', 'Hello', '2026-06-16'],
  ])
  const paid = await business.invoicing.get(`/api/v1/payments?invoice_id=${own.body.id}`)
  expect(paid.body.data[0].deposit_account_code).toBe('1000')
})

test('numbered at issue, drafts show a placeholder and take no number', async () => {
  const business = await aBusinessWith({ number_at: 'issue' })
  const customer_id = await aCustomer(business)
  const [first, second, third, fourth] = [
    await create(business, customer_id),
    await create(business, customer_id),
    await create(business, customer_id),
    await create(business, customer_id, { invoice_number: 'A-7' }),
  ]
  expect(first.body.invoice_number).toMatch(draftNumber)
  expect(first.body.invoice_number).toBe(`DRAFT-${first.body.id.slice(-8).toUpperCase()}`)
  expect(fourth.body.invoice_number).toBe('A-7')
  const move = (reply: Answer, body: object) =>
    business.invoicing.patch(`${path}/${reply.body.id}`, body)
  const same = await move(first, { invoice_number: first.body.invoice_number, notes: 'x' })
  const sent = await move(second, { status: 'sent' })
  const cancelled = await move(third, { status: 'cancelled' })
  const paid = await move(first, { status: 'paid' })
  const created = await create(business, customer_id, { status: 'cancelled' })
  expect([same, sent, cancelled, paid, created].map(({ body }) => body.invoice_number)).toEqual([
    first.body.invoice_number,
    'INV-00001',
    'INV-00002',
    'INV-00003',
    'INV-00004',
  ])
})

test('an explicit number that fits the series moves it, any other leaves it alone', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const numberOf = async (invoice_number?: string) =>
    (await create(business, customer_id, { invoice_number })).body.invoice_number
  expect([
    await numberOf(),
    await numberOf('INV-00010'),
    await numberOf(),
    await numberOf('INV-00005'),
    await numberOf('2026/7'),
    await numberOf(),
    await numberOf('INV-99999'),
    await numberOf(),
  ]).toEqual([
    ...['INV-00001', 'INV-00010', 'INV-00011', 'INV-00005', '2026/7', 'INV-00012'],
    ...['INV-99999', 'INV-100000'],
  ])
  const taken = await create(business, customer_id, { invoice_number: 'INV-00005' })
  const change = await aSentInvoice(business, { customer_id, status: 'draft' })
  const renamed = await business.invoicing.patch(`${path}/${change.id}`, {
    invoice_number: '2026/7',
  })
  expect([taken, renamed].map(({ status, text }) => [status, text])).toEqual([
    [400, '{"error":"Invoice number already exists"}'],
    [400, '{"error":"Invoice number already exists"}'],
  ])
})
