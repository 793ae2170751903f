import { expect, test } from 'vitest'
import { aBusiness, type Business } from '../../harness.ts'

const items = [
  { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 },
  { description: 'Printed report', quantity: 1, unit_price: 45.5 },
]

async function aCustomer({ invoicing }: Business): Promise<string> {
  const { body } = await invoicing.post('/api/v1/customers', { name: 'Lantern & Rye Ltd' })
  return body.id
}

async function aSale(business: Business, more: object = {}) {
  const customer_id = await aCustomer(business)
  return business.invoicing.post('/api/v1/invoices', { customer_id, items, ...more })
}

test('201 a draft is answered whole, in the documented order', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const reply = await business.invoicing.post('/api/v1/invoices', {
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
  const again = await business.invoicing.get(`/api/v1/invoices/${reply.body.id}`)
  expect([again.status, again.text]).toEqual([200, reply.text])
})

test('200 a draft is sent, then paid; the customer owes it in between', async () => {
  const business = await aBusiness()
  const draft = await aSale(business)
  const path = `/api/v1/invoices/${draft.body.id}`
  const sent = await business.invoicing.patch(path, { status: 'sent' })
  const owing = await business.invoicing.get(`/api/v1/customers/${draft.body.customer_id}`)
  const paid = await business.invoicing.put(path, { status: 'paid' })
  const settled = await business.invoicing.get(`/api/v1/customers/${draft.body.customer_id}`)
  expect([sent.status, sent.body.status, sent.body.amount_due, sent.body.sent_at]).toEqual([
    200,
    'sent',
    432.5,
    '2026-06-15T12:00:00.000Z',
  ])
  expect([paid.status, paid.body.status, paid.body.amount_due, paid.body.amount_paid]).toEqual([
    200,
    'paid',
    0,
    432.5,
  ])
  expect([owing.body.balance, settled.body.balance]).toEqual([432.5, 0])
})
