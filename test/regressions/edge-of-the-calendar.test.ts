import { expect, test } from 'vitest'
import { aBusiness } from '../harness.ts'
import { booksOf } from '../surfaces/books/client.ts'

/* Dates run from 1900-01-01 to 9999-12-31; what is reckoned from the first or the last stays inside. */

const business = await aBusiness()
const books = booksOf(business)
const reports = '/v1/reports'

test.each([
  [200, '/v1/usage/history?endDate=1900-01-01'],
  [200, `${reports}/balance-sheet?asOfDate=1900-01-15`],
  [200, `${reports}/balance-sheet?asOfDate=2026-06-01&compareDate=1900-01-01`],
  [200, `${reports}/trial-balance?asOfDate=1900-01-01`],
  [200, `${reports}/profit-loss?startDate=1900-01-01&endDate=1900-01-01`],
  [200, `${reports}/profit-loss?startDate=9999-12-31&endDate=9999-12-31`],
  [400, `${reports}/profit-loss?startDate=2026-06-01&endDate=1900-01-01&compareTo=previous_year`],
  [400, `${reports}/profit-loss?startDate=2026-06-15&endDate=1900-01-01&compareTo=previous_period`],
])('%i %s', async (status, path) => {
  await books.post('/v1/journal-entries', {
    ...{ transactionDate: '2026-06-01', description: 'Rent', post: true },
    lines: [
      { accountId: '6100', debit: 1 },
      { accountId: '1100', credit: 1 },
    ],
  })

  const answer = await books.get(path)

  expect([answer.status, answer.text]).toEqual([status, expect.any(String)])
})

test('400 an invoice of the last day has no day after it to be due on', async () => {
  const { status, body } = await books.post('/v1/invoices', {
    ...{ customerName: 'Ada', customerEmail: 'ada@rye.example', invoiceDate: '9999-12-31' },
    lineItems: [{ description: 'Poster run', quantity: 1, unitPrice: 10 }],
  })

  expect([status, body.error.details]).toEqual([
    400,
    [{ field: 'dueDate', message: 'must be after invoiceDate' }],
  ])
})

test('400 the rate of the first day is looked for no earlier', async () => {
  const { body } = await business.invoicing.post('/api/v1/customers', { name: 'Ada' })
  const answer = await business.invoicing.post('/api/v1/invoices', {
    ...{ customer_id: body.id, currency: 'EUR', status: 'sent' },
    ...{ issue_date: '1900-01-01', due_date: '1900-01-01' },
    items: [{ description: 'Survey', quantity: 1, unit_price: 1 }],
  })

  expect(answer.status).toBe(400)
})
