import { expect, test } from 'vitest'
import { aBusiness, type Client } from '../../harness.ts'

const unknownId = '0197a1c2-0000-7000-8000-0000000000c1'
const statementOf = (client: Client, id: string, query = '') =>
  client.get(`/api/v1/customers/${id}/statement${query}`)

type Line = Readonly<{
  date: string
  type: string
  number: string
  amount: number
  balance: number
}>
const toTexts = (lines: readonly Line[]) =>
  lines.map((one) => `${one.date} ${one.type} ${one.number} ${one.amount} ${one.balance}`)

test('200 a statement tells what was owed, what changed it and what is owed', async () => {
  const { invoicing } = await aBusiness()
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const create = async (issueDate: string, price: number, more: object = {}) => {
    const items = [{ description: 'Survey', quantity: 1, unit_price: price }]
    const body = { customer_id: customer.id, issue_date: issueDate, status: 'sent', items, ...more }
    const reply = await invoicing.post('/api/v1/invoices', body)
    expect(reply.status).toBe(201)
    return reply.body
  }
  await create('2026-05-20', 100)
  await create('2026-06-02', 250.5)
  await create('2026-06-03', 40, { status: 'draft' })
  await create('2026-06-04', 80, { status: 'paid' })
  const wrong = await create('2026-06-05', 9.99)
  const cancelled = await invoicing.patch(`/api/v1/invoices/${wrong.id}`, { status: 'cancelled' })
  expect(cancelled.status).toBe(200)
  const reply = await statementOf(invoicing, customer.id)
  expect([reply.status, Object.keys(reply.body)]).toEqual([
    200,
    ['customer_id', 'currency', 'from', 'to', 'opening_balance', 'lines', 'closing_balance'],
  ])
  const { lines, ...around } = reply.body
  expect(around).toEqual({
    ...{ customer_id: customer.id, currency: 'USD', from: '2026-06-01', to: '2026-06-15' },
    ...{ opening_balance: 100, closing_balance: 350.5 },
  })
  expect(toTexts(lines)).toEqual([
    '2026-06-02 invoice INV-00002 250.5 350.5',
    '2026-06-04 invoice INV-00004 80 430.5',
    '2026-06-04 payment PAY-00001 -80 350.5',
    '2026-06-05 invoice INV-00005 9.99 360.49',
    '2026-06-05 void INV-00005 -9.99 350.5',
  ])
  const { body: shown } = await invoicing.get(`/api/v1/customers/${customer.id}`)
  expect([shown.balance, shown.credit_balance]).toEqual([350.5, 0])
})

test('200 each currency has a statement of its own, and both balances are in the base currency', async () => {
  const { invoicing } = await aBusiness({ baseCurrency: 'NGN' })
  await invoicing.put('/api/v1/exchange-rates/USD/2026-06-10', { rate: 1520 })
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const items = [{ description: 'Survey', quantity: 1, unit_price: 10 }]
  const invoice = { customer_id: customer.id, issue_date: '2026-06-10', status: 'sent', items }
  await invoicing.post('/api/v1/invoices', invoice)
  await invoicing.post('/api/v1/invoices', { ...invoice, currency: 'NGN' })
  const dollars = await statementOf(invoicing, customer.id, '?currency=USD')
  const nairas = await statementOf(invoicing, customer.id)
  const { body: shown } = await invoicing.get(`/api/v1/customers/${customer.id}`)
  expect([dollars.body.closing_balance, nairas.body.closing_balance, shown.balance]).toEqual([
    10, 10, 15210,
  ])
  const later = await statementOf(invoicing, customer.id, '?from=2026-06-11&currency=USD')
  expect(later.body).toMatchObject({ opening_balance: 10, lines: [], closing_balance: 10 })
})

test('404 a customer that is not there has no statement', async () => {
  const { invoicing } = await aBusiness()
  const reply = await statementOf(invoicing, unknownId)
  expect([reply.status, reply.body]).toEqual([404, { error: 'Customer not found' }])
})

test('400 a period must end after it begins', async () => {
  const { invoicing } = await aBusiness()
  const reply = await statementOf(invoicing, unknownId, '?from=2026-06-02&to=2026-06-01')
  expect([reply.status, reply.body]).toEqual([
    400,
    { error: 'Query parameter to is not valid: must not be before from' },
  ])
})

test('200 customer, list and statement agree after a credit, a void and a reversal', async () => {
  const { invoicing } = await aBusiness()
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const customer_id: string = customer.id
  const bill = async (unit_price: number) => {
    const items = [{ description: 'Survey', quantity: 1, unit_price }]
    const body = { customer_id, status: 'sent', items }
    return (await invoicing.post('/api/v1/invoices', body)).body
  }
  const shown = async () => {
    const [{ body: one }, { body: list }, { body: statement }] = [
      await invoicing.get(`/api/v1/customers/${customer_id}`),
      await invoicing.get('/api/v1/customers'),
      await statementOf(invoicing, customer_id),
    ]
    expect(list.data).toEqual([one])
    expect(statement.closing_balance).toBe(one.balance - one.credit_balance)
    return [one.balance, one.credit_balance, statement.closing_balance]
  }
  const [first, second] = [await bill(300), await bill(200)]
  expect(await shown()).toEqual([500, 0, 500])
  const { body: payment } = await invoicing.post('/api/v1/payments', {
    ...{ customer_id, amount: 350, allocations: [{ invoice_id: first.id, amount: 300 }] },
  })
  expect(await shown()).toEqual([200, 50, 150])
  const credited = await invoicing.post(`/api/v1/invoices/${first.id}/credit-notes`, {
    items: [{ invoice_item_id: first.items[0].id, quantity: 0.5 }],
  })
  expect([credited.status, credited.body.amount_remaining]).toEqual([201, 150])
  expect(await shown()).toEqual([200, 200, 0])
  await invoicing.patch(`/api/v1/invoices/${second.id}`, { status: 'cancelled' })
  expect(await shown()).toEqual([0, 200, -200])
  const reversed = await invoicing.post(`/api/v1/payments/${payment.id}/reverse`)
  expect(reversed.status).toBe(200)
  expect(await shown()).toEqual([300, 150, 150])
  const { body: statement } = await statementOf(invoicing, customer_id)
  expect(toTexts(statement.lines)).toEqual([
    '2026-06-15 invoice INV-00001 300 300',
    '2026-06-15 invoice INV-00002 200 500',
    '2026-06-15 payment PAY-00001 -350 150',
    '2026-06-15 credit_note CN-00001 -150 0',
    '2026-06-15 void INV-00002 -200 -200',
    '2026-06-15 void PAY-00001 350 150',
  ])
})
