import { expect, test } from 'vitest'
import { closeBusiness, suspendBusiness } from '../../../src/modules/access/business.actions.ts'
import { suspendOrganization } from '../../../src/modules/access/organization.actions.ts'
import {
  type Answer,
  aBusiness,
  aClient,
  type Client,
  newId,
  noon,
  theWorld,
} from '../../harness.ts'
import { stopMail } from '../../mail-stop.ts'
import { booksOf } from '../books/client.ts'

/*
 * Every sentence of the contract, by a request that earns it, byte for byte. What the service says
 * of itself with 503 beside being busy is reached in catalogue-triggers.test.ts. Only `The document
 * lacks mandatory particulars: <fields>` is never said: a document is issued with what there is.
 * Source: Invoicing specification 3.2, 3.3, 15.1.
 */

type Cause = () => Promise<Answer>
/** The text as it is answered, where the row has places to fill, and the request. */
type Case = readonly [text: string, cause: Cause]

const v1 = '/api/v1'
const [customers, products, expenses] = [`${v1}/customers`, `${v1}/products`, `${v1}/expenses`]
const [invoices, quotations, payments] = [`${v1}/invoices`, `${v1}/quotations`, `${v1}/payments`]
const [recurring, webhooks, keys] = [`${v1}/recurring-invoices`, `${v1}/webhooks`, `${v1}/keys`]
const absent = 'f0d8c5f6-6a9a-4e4c-9f14-1dd1c5b9b1e7'
const basic = {
  plans: { invoicing: 'basic', books: 'premium', connect: 'trial' },
  limits: 'of the plan',
} as const

const business = await aBusiness()
const { app, owner, invoicing } = business
const item = { description: 'Survey', quantity: 1, unit_price: 100 }
const items = [item]
const endpointAt = (name: string) => ({ url: `https://${name}.example/in`, events: ['*'] })

const made = ({ status, body, text }: Answer) => {
  if (status >= 300) throw new Error(text)
  return body
}
const customer: string = made(await invoicing.post(customers, { name: 'Lantern' })).id
const endpoint: string = made(await invoicing.post(webhooks, endpointAt('off'))).id
made(await invoicing.post(`${webhooks}/${endpoint}/disable`))

const anInvoice = async (number: string, more: object = {}): Promise<string> => {
  const body = { customer_id: customer, items, invoice_number: number, status: 'sent', ...more }
  return `${invoices}/${made(await invoicing.post(invoices, body)).id}`
}
const aQuotation = async (number: string, more: object = {}): Promise<string> => {
  const body = { customer_id: customer, items, quotation_number: number, ...more }
  return `${quotations}/${made(await invoicing.post(quotations, body)).id}`
}
const aSchedule = async (more: object = {}): Promise<string> => {
  const plan = { customer_id: customer, items, frequency: 'monthly', start_date: '2026-06-01' }
  return `${recurring}/${made(await invoicing.post(recurring, { ...plan, ...more })).id}`
}
const anExpense = async (more: object = {}): Promise<string> =>
  `${expenses}/${made(await invoicing.post(expenses, { description: 'Van', amount: 5, ...more })).id}`

/** Pays ten for an invoice, allocated as told. */
const pay = async (invoicePath: string, amount: number, more: object = {}): Promise<Answer> =>
  invoicing.post(payments, {
    customer_id: customer,
    amount: 10,
    allocations: [{ invoice_id: invoicePath.slice(-36), amount }],
    ...more,
  })

/** Two requests on the same path; the answer to the second. */
const twice = async (client: Client, path: string, body: object = {}): Promise<Answer> => {
  made(await client.post(path, body))
  return client.post(path, body)
}

const withKey = (authorization: string): Promise<Answer> =>
  aClient(app, 'invoicing', authorization).get(customers)

async function withOther(
  change: (other: typeof business) => Promise<unknown>,
  ask: (client: Client) => Promise<Answer> = (client) => client.post(customers, { name: 'A' }),
): Promise<Answer> {
  const other = await aBusiness()
  await change(other)
  return ask(other.invoicing)
}

/** An invoice of 30 April in a business whose books are shut up to then. */
const afterShutting = (shut: (books: Client) => Promise<Answer>): Promise<Answer> =>
  withOther(
    async (other) => made(await shut(booksOf(other))),
    async (client) => {
      const { id } = made(await client.post(customers, { name: 'A' }))
      const late = { customer_id: id, items, issue_date: '2026-04-30', status: 'sent' }
      return client.post(invoices, late)
    },
  )

const notFound = (row: string, path: string): Readonly<Record<string, Case>> => ({
  [`404 ${row}`]: [row, () => invoicing.get(path)],
})

/** Rows of 3.2 in their order; rows with several sentences are as many rows here. */
const rows: Readonly<Record<string, Case>> = {
  '401 Missing Authorization header': ['', () => withKey('')],
  '401 Invalid API key format': ['', () => withKey('Bearer nope')],
  '401 Invalid API key': ['', () => withKey(`Bearer oim_${'0'.repeat(56)}cd5bae18`)],
  '401 API key has expired': [
    '',
    async () => {
      const other = await aBusiness()
      const client = await other.clientOf('invoicing', { expiresInDays: 1 })
      other.clock.set('2026-06-17T00:00:00.000Z')
      const answer = await client.get(customers)
      other.clock.set(noon)
      return answer
    },
  ],
  '403 Insufficient permissions. Required: <scope>': [
    'Insufficient permissions. Required: write',
    async () => {
      const client = await business.clientOf('invoicing', { scopes: ['read'] })
      return client.post(customers, { name: 'A' })
    },
  ],
  '403 This business is suspended': [
    '',
    () => withOther(({ write }) => write(suspendBusiness, {})),
  ],
  '403 This business is archived and read only': [
    '',
    () =>
      withOther((other) =>
        other.owner.query(`update business set status = 'archived' where business_id = $1`, [
          other.businessId,
        ]),
      ),
  ],
  '403 This organization is suspended': [
    '',
    () =>
      withOther(({ write, organizationId }) => write(suspendOrganization, {}, { organizationId })),
  ],
  '403 This API key may not be used from address <ip>': [
    'This API key may not be used from address 127.0.0.1',
    async () => {
      const client = await business.clientOf('invoicing', { allowedNetworks: ['203.0.113.0/24'] })
      return client.get(customers)
    },
  ],
  '400 Missing required fields: customer_id, items (at least one)': [
    '',
    () => invoicing.post(invoices, { customer_id: customer, items: [] }),
  ],
  '400 Each item requires: description, quantity, unit_price': [
    '',
    () => invoicing.post(quotations, { customer_id: customer, items: [7] }),
  ],
  '400 No valid fields to update': [
    '',
    () => invoicing.patch(`${customers}/${customer}`, { total: 1 }),
  ],
  '400 Missing required fields: name': ['', () => invoicing.post(customers, { name: ' ' })],
  '400 Missing required fields: name, unit_price': [
    '',
    () => invoicing.post(products, { name: 'Survey' }),
  ],
  '400 Missing required fields: description, amount': [
    '',
    () => invoicing.post(expenses, { amount: 1 }),
  ],
  '400 Missing required fields: customer_id, items (at least one), frequency, start_date': [
    '',
    () => invoicing.post(recurring, { customer_id: customer, items }),
  ],
  '400 Missing required fields: amount': [
    '',
    async () => invoicing.post(`${await anInvoice('A-1')}/payments`, {}),
  ],
  '400 Missing required fields: customer_id, amount': [
    '',
    () => invoicing.post(payments, { amount: 1 }),
  ],
  '400 Missing required fields: name, scope': ['', () => invoicing.post(keys, { scope: 'read' })],
  '400 Missing required fields: url, events (at least one)': [
    '',
    () => invoicing.post(webhooks, { ...endpointAt('a'), events: [] }),
  ],
  '400 Missing required fields: rate': [
    '',
    () => invoicing.put(`${v1}/exchange-rates/EUR/2026-06-01`, {}),
  ],
  '400 Invalid JSON in request body': ['', () => invoicing.post(customers, '{"name":')],
  '400 A request body is required': ['', () => invoicing.send('POST', customers)],
  '400 Request body must be a JSON object': ['', () => invoicing.post(customers, '[]')],
  '400 <path> <message>': [
    'email must be a valid email address; phone must be a string; country must be an ISO 3166-1 alpha-2 country code',
    () =>
      invoicing.post(customers, {
        ...{ name: 'A', email: 'a', phone: 1, country: 'gb', tax_id: 1 },
      }),
  ],
  '400 id must be a valid UUID': ['', () => invoicing.get(`${invoices}/7`)],
  '400 limit must be between 1 and 100': ['', () => invoicing.get(`${invoices}?limit=101`)],
  '400 Query parameter <p> is not valid: <reason>': [
    'Query parameter currency is not valid: must be an ISO 4217 currency code',
    () => invoicing.get(`${invoices}?currency=usd`),
  ],
  '400 Cursor is not valid or belongs to another query': [
    '',
    () => invoicing.get(`${invoices}?cursor=zz`),
  ],
  '400 Invoice number already exists': [
    '',
    async () => {
      await anInvoice('A-2')
      return invoicing.post(invoices, { customer_id: customer, items, invoice_number: 'A-2' })
    },
  ],
  '400 Quotation number already exists': [
    '',
    async () => {
      await aQuotation('Q-1')
      return invoicing.post(quotations, { customer_id: customer, items, quotation_number: 'Q-1' })
    },
  ],
  '400 externalId <value> is already used by another <resource>': [
    'externalId x1 is already used by another Customer',
    () => twice(invoicing, customers, { name: 'A', external_id: 'x1' }),
  ],
  '400 Invoice cannot change from <status> to <status>': [
    'Invoice cannot change from sent to draft',
    async () => invoicing.patch(await anInvoice('A-3'), { status: 'draft' }),
  ],
  '400 Quotation cannot change from <status> to <status>': [
    'Quotation cannot change from rejected to accepted',
    async () => invoicing.post(`${await aQuotation('Q-2', { status: 'rejected' })}/accept`),
  ],
  '400 Expense cannot change from <status> to <status>': [
    'Expense cannot change from paid to approved',
    async () => invoicing.post(`${await anExpense({ status: 'paid' })}/approve`),
  ],
  '400 Recurring invoice cannot change from <status> to <status>': [
    'Recurring invoice cannot change from completed to paused',
    async () => {
      const schedule = await aSchedule({ max_occurrences: 1 })
      made(await invoicing.post(`${schedule}/run`))
      return invoicing.post(`${schedule}/pause`)
    },
  ],
  '400 Invoice <number> is <status>; only drafts can be changed in this way': [
    'Invoice A-4 is sent; only drafts can be changed in this way',
    async () => invoicing.delete(await anInvoice('A-4')),
  ],
  '400 Quotation <number> is <status> and cannot be changed': [
    'Quotation Q-3 is accepted and cannot be changed',
    async () => invoicing.patch(await aQuotation('Q-3', { status: 'accepted' }), { notes: 'a' }),
  ],
  '400 Invoice <number> has payments; remove them or issue a credit note': [
    'Invoice A-5 has payments; remove them or issue a credit note',
    async () => {
      const path = await anInvoice('A-5')
      made(await pay(path, 10))
      return invoicing.patch(path, { status: 'cancelled' })
    },
  ],
  '400 Invoice <number> is already voided': [
    'Invoice A-6 is already voided',
    async () => twice(invoicing, `${await anInvoice('A-6')}/void`),
  ],
  '400 Invoice <number> is already paid': [
    'Invoice A-7 is already paid',
    async () => twice(invoicing, `${await anInvoice('A-7')}/payments`, { amount: 100 }),
  ],
  '400 Invoice <number> is <status> and takes no payments': [
    'Invoice A-8 is cancelled and takes no payments',
    async () =>
      invoicing.post(`${await anInvoice('A-8', { status: 'cancelled' })}/payments`, { amount: 1 }),
  ],
  '400 <amount> is more than the <due> due on invoice <number>': [
    '100.01 USD is more than the 100.00 USD due on invoice A-9',
    async () => invoicing.post(`${await anInvoice('A-9')}/payments`, { amount: 100.01 }),
  ],
  '400 The allocations exceed the receipt by <difference>': [
    'The allocations exceed the receipt by 0.01 USD',
    async () => pay(await anInvoice('A-10'), 10.01),
  ],
  '400 Receipt <number> is already voided': [
    'Receipt PAY-00100 is already voided',
    async () => {
      const { id, payment_number } = made(await pay(await anInvoice('A-11'), 1))
      const answer = await twice(invoicing, `${payments}/${id}/reverse`)
      return inNumber(answer, payment_number, 'PAY-00100')
    },
  ],
  '400 The credit of <amount> exceeds the remaining <remaining>': [
    'The credit of 100.01 USD exceeds the remaining 100.00 USD',
    async () => {
      const path = await anInvoice('A-12')
      const [line] = made(await invoicing.get(path)).items
      const credited = { items: [{ invoice_item_id: line.id, amount: 100.01 }] }
      return invoicing.post(`${path}/credit-notes`, credited)
    },
  ],
  '400 The total may not be negative; issue a credit note instead': [
    '',
    () => invoicing.post(invoices, { customer_id: customer, items: [{ ...item, quantity: -1 }] }),
  ],
  '400 <email> has opted out of messages': [
    'ada@rye.example has opted out of messages',
    async () => {
      await stopMail(business, 'ada@rye.example')
      return invoicing.post(`${await anInvoice('A-13')}/send`, { to: ['Ada@rye.example'] })
    },
  ],
  '400 Payment (<CUR>) and invoice (<CUR>) must be in the same currency': [
    'Payment (EUR) and invoice (USD) must be in the same currency',
    async () => pay(await anInvoice('A-14'), 1, { currency: 'EUR', exchange_rate: 1.1 }),
  ],
  '400 No exchange rate from <CUR> to <CUR> on <date>': [
    'No exchange rate from EUR to USD on 2026-06-15',
    () =>
      invoicing.post(invoices, { customer_id: customer, items, currency: 'EUR', status: 'sent' }),
  ],
  '400 <date> is locked for <scope>; the earliest open date is <date>': [
    '2026-04-30 is locked for sales; the earliest open date is 2026-05-01',
    () =>
      afterShutting((books) =>
        books.put('/v1/period-locks/sales', { lockDate: '2026-04-30', reason: 'Filed' }),
      ),
  ],
  '400 <date> lies in a closed period; the earliest open date is <date>': [
    '2026-04-30 lies in a closed period; the earliest open date is 2026-05-01',
    () =>
      afterShutting((books) =>
        books.post('/v1/period-locks/close', { throughDate: '2026-04-30', reason: 'Audited' }),
      ),
  ],
  '400 <name> has <count> open documents': [
    'Rye has 1 open documents',
    async () => {
      const { id } = made(await invoicing.post(customers, { name: 'Rye' }))
      await anInvoice('A-15', { customer_id: id })
      return invoicing.delete(`${customers}/${id}`)
    },
  ],
  '400 <name> has no e-mail address': [
    'Lantern has no e-mail address',
    async () => invoicing.post(`${await anInvoice('A-16')}/send`),
  ],
  '400 Quotation <number> expired on <date>': [
    'Quotation Q-4 expired on 2026-06-14',
    async () => {
      const lapsed = { issue_date: '2026-06-01', valid_until: '2026-06-14', status: 'sent' }
      return invoicing.post(`${await aQuotation('Q-4', lapsed)}/accept`)
    },
  ],
  '400 Quotation <number> is <status>; only accepted quotations can be converted': [
    'Quotation Q-5 is sent; only accepted quotations can be converted',
    async () => invoicing.post(`${await aQuotation('Q-5', { status: 'sent' })}/convert`),
  ],
  '400 Quotation <number> was already converted to <invoice number>': [
    'Quotation Q-6 was already converted to INV-00100',
    async () => {
      const path = await aQuotation('Q-6', { status: 'accepted' })
      const { invoice_number } = made(await invoicing.post(`${path}/convert`))
      return inNumber(await invoicing.post(`${path}/convert`), invoice_number, 'INV-00100')
    },
  ],
  '400 The schedule ended on <date>': [
    'The schedule ended on 2026-06-01',
    async () => twice(invoicing, `${await aSchedule({ max_occurrences: 1 })}/run`),
  ],
  '400 Webhook URL must use https': [
    '',
    () => invoicing.post(webhooks, { url: 'http://shop.example/in', events: ['*'] }),
  ],
  '400 Webhook URL is not reachable': [
    '',
    () => invoicing.post(webhooks, { url: 'https://10.0.0.1/in', events: ['*'] }),
  ],
  '400 Unknown event type <type>': [
    'Unknown event type invoice.eaten',
    () => invoicing.post(webhooks, { ...endpointAt('eaten'), events: ['invoice.eaten'] }),
  ],
  '400 Webhook endpoint with this URL already exists': [
    '',
    () => twice(invoicing, webhooks, endpointAt('twice')),
  ],
  '400 Webhook endpoint <id> is disabled': [
    `Webhook endpoint ${endpoint} is disabled`,
    () => invoicing.post(`${webhooks}/${endpoint}/test`),
  ],
  '400 Idempotency-Key must be 1 to 255 visible ASCII characters': [
    '',
    () => invoicing.post(customers, { name: 'A' }, { 'idempotency-key': 'a b' }),
  ],
  ...notFound('Invoice not found', `${invoices}/${absent}`),
  ...notFound('Customer not found', `${customers}/${absent}`),
  '404 Business not found': [
    '',
    () =>
      withOther(
        ({ write }) => write(closeBusiness, {}),
        (client) => client.get(customers),
      ),
  ],
  ...notFound('Quotation not found', `${quotations}/${absent}`),
  ...notFound('Product not found', `${products}/${absent}`),
  ...notFound('Expense not found', `${expenses}/${absent}`),
  ...notFound('Recurring invoice not found', `${recurring}/${absent}`),
  ...notFound('Payment not found', `${payments}/${absent}`),
  ...notFound('Credit note not found', `${v1}/credit-notes/${absent}`),
  ...notFound('API key not found', `${keys}/${absent}`),
  ...notFound('Webhook endpoint not found', `${webhooks}/${absent}`),
  ...notFound('Delivery not found', `${webhooks}/${endpoint}/deliveries/${absent}`),
  ...notFound('Event not found', `${v1}/events/evt_${newId('event').replaceAll('-', '')}`),
  '404 Exchange rate not found': [
    '',
    () => invoicing.delete(`${v1}/exchange-rates/EUR/2026-06-01`),
  ],
  ...notFound('Not found', `${v1}/invoice`),
  '405 Method not allowed': ['', () => invoicing.put(customers, {})],
  '409 A request with this Idempotency-Key is still in progress': [
    '',
    async () => {
      const headers = { 'idempotency-key': 'order-7' }
      const ask = () => invoicing.post(customers, { name: 'A' }, headers)
      const answers = await Promise.all([ask(), ask(), ask()])
      return answers.find(({ status }) => status === 409) ?? ask()
    },
  ],
  '413 Request body is larger than <n> bytes': [
    'Request body is larger than 1048576 bytes',
    () => invoicing.post(customers, { name: 'a'.repeat(1024 * 1024) }),
  ],
  '415 Content-Type <type> is not supported; use application/json': [
    'Content-Type text/plain is not supported; use application/json',
    () => invoicing.post(customers, '{"name":"A"}', { 'content-type': 'text/plain' }),
  ],
  '422 This Idempotency-Key was used with a different request': [
    '',
    async () => {
      const headers = { 'idempotency-key': 'order-8' }
      made(await invoicing.post(customers, { name: 'A' }, headers))
      return invoicing.post(customers, { name: 'B' }, headers)
    },
  ],
  '429 API key limit reached for your current plan': [
    '',
    async () => {
      const { invoicing: client } = await aBusiness(basic)
      return twice(client, keys, { name: 'Till', scope: 'read' })
    },
  ],
  '429 Webhook endpoint limit reached for your current plan': [
    '',
    async () => {
      const { invoicing: client } = await aBusiness(basic)
      for (const name of ['a', 'b']) made(await client.post(webhooks, endpointAt(name)))
      return client.post(webhooks, endpointAt('c'))
    },
  ],
  '429 Rate limit exceeded': [
    '',
    async () => {
      const { invoicing: client } = await aBusiness(basic)
      const ask = () => client.get(customers)
      const answers = await Promise.all(Array.from({ length: 101 }, ask))
      return answers.find(({ status }) => status === 429) ?? ask()
    },
  ],
  '500 Internal server error': [
    '',
    async () => {
      await owner.query('revoke select on party from tallystick_app')
      const answer = await invoicing.get(customers)
      await owner.query('grant select on party to tallystick_app')
      return answer
    },
  ],
  '503 The service is busy. Please try again later.': [
    '',
    async () => {
      const { addApp } = await theWorld()
      const busy = await addApp({}, { isStrained: () => true })
      return aClient(busy, 'invoicing', invoicing.authorization).get(customers)
    },
  ],
}

/** The same answer with a number of the series in place of the one that was next. */
const inNumber = (answer: Answer, given: string, shown: string): Answer => ({
  ...answer,
  text: answer.text.replace(given, shown),
})

test.each(Object.entries(rows))('%s', async (row, [text, cause]) => {
  const [status = '', ...words] = row.split(' ')
  const sentence = text === '' ? words.join(' ') : text

  const answer = await cause()

  expect([answer.status, answer.text]).toEqual([
    Number(status),
    JSON.stringify({ error: sentence }),
  ])
  const shape = words.join(' ').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  expect(sentence).toMatch(new RegExp(`^${shape.replaceAll(/<[^>]+>/g, '.+')}`))
})

const bill = { customer_id: customer, items }
const ofItem = (more: object) => ({ ...bill, items: [{ ...item, ...more }] })

/** The messages of 3.3 in their order. */
test.each<readonly [string, string, object]>([
  ['allocations[0].amount is required', payments, { allocations: [{ invoice_id: absent }] }],
  ['name must be a string', customers, { name: 7 }],
  ['items[0].quantity must be a number', invoices, ofItem({ quantity: '1' })],
  ['amount must be a positive number', expenses, { description: 'Van', amount: 0 }],
  ['interval must be an integer', recurring, { interval: 1.5 }],
  ['prices_include_tax must be true or false', invoices, { ...bill, prices_include_tax: 1 }],
  ['allocations must be an array', payments, { allocations: 'all' }],
  ['metadata must be an object', customers, { name: 'A', metadata: [] }],
  ['customer_id must be a valid UUID', invoices, { ...bill, customer_id: 'a' }],
  ['issue_date must be a valid date (YYYY-MM-DD)', invoices, { ...bill, issue_date: '2026-02-30' }],
  ['since must be an ISO 8601 timestamp', `${webhooks}/${endpoint}/recover`, { since: 'today' }],
  ['currency must be an ISO 4217 currency code', invoices, { ...bill, currency: 'usd' }],
  ['country must be an ISO 3166-1 alpha-2 country code', customers, { name: 'A', country: 'UKR' }],
  ['email must be a valid email address', customers, { name: 'A', email: 'a' }],
  ['status must be one of: pending, approved, paid', expenses, { status: 'late' }],
  [
    'phone must not be longer than 255 characters',
    customers,
    { name: 'A', phone: '1'.repeat(256) },
  ],
  ['items[0].tax_rate must be between 0 and 100', invoices, ofItem({ tax_rate: 101 })],
  ['items[0].quantity must not be 0', invoices, ofItem({ quantity: 0 })],
  ['items[0].tax_rate must not have more than 4 decimals', invoices, ofItem({ tax_rate: 0.00001 })],
  ['items must have at most 500 items', invoices, { ...bill, items: Array(501).fill(item) }],
  [
    'due_date must not be before issue_date',
    invoices,
    { ...bill, issue_date: '2026-06-02', due_date: '2026-06-01' },
  ],
  [
    'due_date must be in the past',
    invoices,
    { ...bill, status: 'overdue', due_date: '2026-06-15' },
  ],
  ['name contains characters that are not allowed', customers, { name: 'A\u0000' }],
])('400 %s', async (error, path, body) => {
  const complete: Readonly<Record<string, object>> = {
    [payments]: { customer_id: customer, amount: 10 },
    [expenses]: { description: 'Van', amount: 5 },
    [recurring]: { ...bill, frequency: 'monthly', start_date: '2026-06-01' },
  }
  const answer = await invoicing.post(path, { ...complete[path], ...body })
  expect([answer.status, answer.text]).toEqual([400, JSON.stringify({ error })])
})
