import { expect, test } from 'vitest'
import { listMessages } from '../../../src/modules/access/mail-message.queries.ts'
import { type Answer, aBusiness, type Business } from '../../harness.ts'

const item = { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 }
const path = (id: string, step: string): string => `/api/v1/invoices/${id}/${step}`

async function anInvoice(
  { invoicing }: Business,
  { email = 'ap@lanternrye.example', ...more }: Readonly<Record<string, unknown>> = {},
): Promise<Answer['body']> {
  const customer = await invoicing.post('/api/v1/customers', { name: 'Lantern', email })
  const invoice = await invoicing.post('/api/v1/invoices', {
    customer_id: customer.body.id,
    items: [item],
    ...more,
  })
  expect(invoice.status, invoice.text).toBe(201)
  return invoice.body
}

const recipientsOf = async ({ read, businessId }: Business): Promise<readonly string[]> =>
  (await read((db) => listMessages(db, { tenantId: businessId, limit: 50 }))).map(
    ({ recipient }) => recipient,
  )

test('200 a draft is issued, sent to its customer and says where its page is', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const sent = await business.invoicing.post(path(id, 'send'))
  expect([sent.status, sent.body]).toMatchObject([
    200,
    { status: 'sent', sent_at: '2026-06-15T12:00:00.000Z' },
  ])
  expect(sent.body.hosted_url).toMatch(/^http:\/\/127\.0\.0\.1:4400\/i\/[A-Za-z0-9_-]{43}$/)
  expect(await recipientsOf(business)).toEqual(['ap@lanternrye.example'])
})

test('200 an overdue invoice is sent again, to whom the caller names', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business, {
    issue_date: '2026-05-01',
    due_date: '2026-06-01',
    status: 'overdue',
  })
  const body = { to: ['ada@rye.example'], cc: ['bo@rye.example'], subject: 'A reminder' }
  const sent = await business.invoicing.post(path(id, 'send'), body)
  expect([sent.status, sent.body.status]).toEqual([200, 'overdue'])
  expect([...(await recipientsOf(business))].sort()).toEqual(['ada@rye.example', 'bo@rye.example'])
})

test('200 a repeated key sends once', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const headers = { 'idempotency-key': 'send-1' }
  const [first, second] = [
    await business.invoicing.post(path(id, 'send'), {}, headers),
    await business.invoicing.post(path(id, 'send'), {}, headers),
  ]
  expect([second.status, second.text]).toEqual([200, first.text])
  expect(await recipientsOf(business)).toHaveLength(1)
})

test.each([
  ['paid', 'Invoice cannot change from paid to sent'],
  ['cancelled', 'Invoice cannot change from cancelled to sent'],
])('400 a %s invoice is not sent', async (status, error) => {
  const business = await aBusiness()
  const { id } = await anInvoice(business, { status })
  const sent = await business.invoicing.post(path(id, 'send'))
  expect([sent.status, sent.body]).toEqual([400, { error }])
  expect(await recipientsOf(business)).toEqual([])
})

test('400 nobody to send to', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business, { email: null })
  const sent = await business.invoicing.post(path(id, 'send'))
  expect([sent.status, sent.body]).toEqual([400, { error: 'Lantern has no e-mail address' }])
  const { body } = await business.invoicing.get(`/api/v1/invoices/${id}`)
  expect(body.status).toBe('draft')
})

const many = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `reader-${i}@rye.example`)

test.each([
  [{ to: 'ada@rye.example' }, 'to must be an array'],
  [{ to: ['ada'] }, 'to[0] must be a valid email address'],
  [{ cc: ['ada@rye.example', 'Ada <ada@rye.example>'] }, 'cc[1] must be a valid email address'],
  [{ to: many(21) }, 'to must have at most 20 items'],
  [{ to: many(19), cc: ['a@rye.example', 'b@rye.example'] }, 'cc must have at most 1 items'],
  [{ subject: 'a\nb' }, 'subject contains characters that are not allowed'],
  [{ subject: 'x'.repeat(256) }, 'subject must not be longer than 255 characters'],
  [{ message: 'x'.repeat(5_001) }, 'message must not be longer than 5000 characters'],
  [{ attach_pdf: 'yes' }, 'attach_pdf must be true or false'],
])('400 %j', async (body, error) => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const sent = await business.invoicing.post(path(id, 'send'), body)
  expect([sent.status, sent.body]).toEqual([400, { error }])
})

test('404 a stranger’s invoice is not sent', async () => {
  const [business, stranger] = [await aBusiness(), await aBusiness()]
  const { id } = await anInvoice(stranger, { status: 'sent' })
  const { status, body } = await business.invoicing.post(path(id, 'send'), { to: ['a@b.example'] })
  expect([status, body]).toEqual([404, { error: 'Invoice not found' }])
})
