import { expect, test } from 'vitest'
import {
  type EventType,
  eventTypes,
  renderEvent,
  renderSample,
} from '../../../src/api/invoicing/webhook-events.ts'
import { tellDue } from '../../../src/jobs/due.ts'
import { runRecurringInvoices } from '../../../src/jobs/recurring.ts'
import type { Instant } from '../../../src/kernel/dates.ts'
import { toSendable } from '../../../src/modules/webhooks/delivery.ts'
import { listEvents } from '../../../src/modules/webhooks/event.queries.ts'
import { type Answer, aBusiness, type Business, newId, noon } from '../../harness.ts'

const business = await aBusiness()
const { invoicing } = business
const items = [{ description: 'Survey', quantity: 1, unit_price: 18.35, tax_rate: 19 }]

async function ask(method: string, path: string, body?: unknown): Promise<Answer['body']> {
  const reply = await invoicing.send(method, `/api/v1${path}`, body)
  expect([`${method} ${path}`, reply.status, reply.text]).toEqual([
    `${method} ${path}`,
    expect.toSatisfy((status: number) => status < 300),
    reply.text,
  ])
  return reply.body
}

/** Lets the jobs of the day run at an instant. */
async function runJobsAt({ owner, gate, clock }: Business, now: string): Promise<void> {
  clock.set(now)
  const parts = {
    adminPool: owner,
    clock: () => now as Instant,
    write: (command: Parameters<typeof gate.write>[0]) => gate.write(command),
  } as Parameters<typeof tellDue>[0]
  await runRecurringInvoices(parts)
  await tellDue(parts)
}

const customer = await ask('POST', '/customers', {
  name: 'Lantern & Rye Ltd',
  email: 'a@b.example',
})
const createInvoice = (more: object = {}) =>
  ask('POST', '/invoices', { customer_id: customer.id, items, ...more })
const createQuotation = (more: object = {}) =>
  ask('POST', '/quotations', { customer_id: customer.id, items, ...more })
const createExpense = (more: object = {}) =>
  ask('POST', '/expenses', { description: 'Van hire', amount: 80, tax_rate: 20, ...more })
const recur = (more: object) =>
  ask('POST', '/recurring-invoices', {
    ...{ customer_id: customer.id, items, frequency: 'monthly', start_date: '2026-06-20' },
    ...more,
  })

type Cause = readonly [causes: readonly EventType[], act: () => Promise<unknown>]

/** Every type by a real action over HTTP or a job; in the order that they must appear. */
const causes: readonly Cause[] = [
  [['customer.updated'], () => ask('PATCH', `/customers/${customer.id}`, { phone: '1' })],
  [[], () => ask('PATCH', `/customers/${customer.id}`, { phone: '1' })],
  [
    ['customer.created', 'customer.deleted'],
    async () => {
      const { id } = await ask('POST', '/customers', { name: 'Gone' })
      await ask('DELETE', `/customers/${id}`)
    },
  ],
  [
    ['invoice.created', 'invoice.updated', 'invoice.sent', 'invoice.paid'],
    async () => {
      const { id } = await createInvoice()
      await ask('PATCH', `/invoices/${id}`, { notes: 'Thank you' })
      await ask('PATCH', `/invoices/${id}`, { status: 'sent' })
      await ask('PATCH', `/invoices/${id}`, { status: 'paid' })
    },
  ],
  [
    ['invoice.created', 'invoice.sent', 'invoice.updated', 'invoice.paid'],
    async () => {
      const { id, amount_due: due } = await createInvoice({ status: 'sent' })
      await ask('POST', `/invoices/${id}/payments`, { amount: 5 })
      await ask('POST', `/invoices/${id}/payments`, { amount: Math.round((due - 5) * 100) / 100 })
    },
  ],
  [['invoice.created', 'invoice.cancelled'], () => createInvoice({ status: 'cancelled' })],
  [
    ['invoice.created', 'invoice.deleted'],
    async () => ask('DELETE', `/invoices/${(await createInvoice()).id}`),
  ],
  [
    ['quotation.created', 'quotation.updated', 'quotation.sent', 'quotation.accepted'],
    async () => {
      const { id } = await createQuotation()
      await ask('PATCH', `/quotations/${id}`, { notes: 'As discussed' })
      await ask('PATCH', `/quotations/${id}`, { status: 'sent' })
      await ask('POST', `/quotations/${id}/accept`, {})
    },
  ],
  [
    ['quotation.created', 'quotation.accepted', 'quotation.converted', 'invoice.created'],
    async () => {
      const { id } = await createQuotation({ status: 'accepted' })
      await ask('POST', `/quotations/${id}/convert`, {})
    },
  ],
  [
    ['quotation.created', 'quotation.sent', 'quotation.rejected'],
    async () => {
      const { id } = await createQuotation({ status: 'sent' })
      await ask('POST', `/quotations/${id}/reject`, { note: 'Too dear' })
    },
  ],
  [
    ['expense.created', 'expense.updated', 'expense.approved', 'expense.paid', 'expense.deleted'],
    async () => {
      const { id } = await createExpense()
      await ask('PATCH', `/expenses/${id}`, { category: 'Travel' })
      await ask('POST', `/expenses/${id}/approve`, {})
      await ask('POST', `/expenses/${id}/pay`, {})
      await ask('DELETE', `/expenses/${id}`)
    },
  ],
  [
    ['recurring_invoice.generated', 'invoice.created', 'recurring_invoice.completed'],
    async () => {
      const { id } = await recur({ max_occurrences: 1 })
      await ask('POST', `/recurring-invoices/${id}/run`, {})
    },
  ],
  [
    ['quotation.created', 'quotation.sent', 'quotation.expired'],
    async () => {
      await createQuotation({ status: 'sent', valid_until: '2026-06-18' })
      await runJobsAt(business, '2026-06-19T12:00:00.000Z')
    },
  ],
  [
    ['invoice.created', 'invoice.sent', 'invoice.overdue'],
    async () => {
      await createInvoice({ status: 'sent', due_date: '2026-06-19' })
      await runJobsAt(business, '2026-06-20T12:00:00.000Z')
    },
  ],
  [
    ['recurring_invoice.failed'],
    async () => {
      await recur({ currency: 'EUR', auto_send: true })
      await runJobsAt(business, '2026-06-20T13:00:00.000Z')
    },
  ],
]

const membersByFamily: Readonly<Record<string, readonly string[]>> = {
  invoice: ['id', 'invoice_number', 'total', 'status', 'previous_status', 'invoice'],
  quotation: ['id', 'quotation_number', 'total', 'status', 'previous_status', 'quotation'],
  customer: ['id', 'name', 'email', 'customer'],
  expense: ['id', 'expense_number', 'amount', 'status', 'previous_status', 'expense'],
  recurring_invoice: ['id', 'status', 'next_run_date', 'recurring_invoice'],
}

const moreByType: Readonly<Partial<Record<EventType, readonly string[]>>> = {
  'quotation.converted': ['invoice_id'],
  'recurring_invoice.generated': ['invoice_id', 'invoice'],
  'recurring_invoice.failed': ['period_date', 'reason'],
}

type Shown = Readonly<{
  sequence: number
  type: EventType
  data: Readonly<Record<string, unknown>>
}>

async function eventsAfter(after: number): Promise<readonly Shown[]> {
  const page = await ask('GET', `/events?after=${after}&limit=100`)
  return page.data
}

const seen: Shown[] = []

test('every one of the 25 types is caused by what it says, in the order that it says', async () => {
  seen.push(...(await eventsAfter(0)))
  expect(seen.map(({ type }) => type)).toEqual(['customer.created'])
  const told: (readonly [number, readonly string[]])[] = []
  for (const [index, [, act]] of causes.entries()) {
    await act()
    const fresh = await eventsAfter(seen.at(-1)?.sequence ?? 0)
    seen.push(...fresh)
    told.push([index, fresh.map(({ type }) => type)])
  }
  expect(told).toEqual(causes.map(([types], index) => [index, types]))
  expect([...new Set(seen.map(({ type }) => type))].sort()).toEqual([...eventTypes].sort())
})

test('each has the members of its family, in their order, and then its own', () => {
  const wrong = seen.filter(({ type, data }) => {
    const members = [
      ...(membersByFamily[type.split('.')[0] ?? ''] ?? []),
      ...(moreByType[type] ?? []),
    ]
    return JSON.stringify(Object.keys(data)) !== JSON.stringify(members)
  })
  expect(wrong.map(({ type, data }) => [type, Object.keys(data)])).toEqual([])
})

/** The names of all members, those of the first row for a list. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return null
  return Object.entries(value).map(([name, member]) => [name, shapeOf(member)])
}

test('a sample of each type has all that an event of the type has, and says what it is', () => {
  const { businessId } = business
  for (const type of eventTypes) {
    const body = renderSample(type, { id: newId('event'), at: noon, businessId })
    const { data, ...head } = JSON.parse(body)
    const { test: isTest, ...sample } = data
    const real = seen.find((event) => event.type === type)
    expect([type, shapeOf(sample)]).toEqual([type, shapeOf(real?.data)])
    expect([isTest, Object.keys(head)]).toEqual([true, ['id', 'type', 'created_at', 'business_id']])
    expect(body).toBe(JSON.stringify(JSON.parse(body)))
  }
})

test('a change of status names the status before it, and nothing else does', () => {
  const steps = seen.flatMap(({ type, data }) => {
    if (!('previous_status' in data)) return []
    return [`${type} ${data['previous_status']} ${data['status']}`]
  })
  expect([...new Set(steps)].sort()).toEqual([
    'expense.approved pending approved',
    'expense.created null pending',
    'expense.deleted null paid',
    'expense.paid approved paid',
    'expense.updated null pending',
    'invoice.cancelled null cancelled',
    'invoice.created null cancelled',
    'invoice.created null draft',
    'invoice.created null sent',
    'invoice.deleted null draft',
    'invoice.overdue sent overdue',
    'invoice.paid sent paid',
    'invoice.sent draft sent',
    'invoice.sent null sent',
    'invoice.updated null draft',
    'invoice.updated null sent',
    'quotation.accepted null accepted',
    'quotation.accepted sent accepted',
    'quotation.converted accepted converted',
    'quotation.created null accepted',
    'quotation.created null draft',
    'quotation.created null sent',
    'quotation.expired sent expired',
    'quotation.rejected sent rejected',
    'quotation.sent draft sent',
    'quotation.sent null sent',
    'quotation.updated null draft',
  ])
})

test('a receiver that parses the bytes and writes them again has the same bytes', async () => {
  const { businessId, read } = business
  const stored = await read((db) =>
    listEvents(db, { tenantId: businessId, after: 0n, limit: 1_000 }),
  )
  const owner = { id: businessId, name: 'Test business', baseCurrency: 'USD' }
  const wires = stored.flatMap((event) => renderEvent(event, owner) ?? [])
  const changed = wires.flatMap(({ body, thin }) =>
    [body, thin].filter((bytes) => bytes !== JSON.stringify(JSON.parse(bytes))),
  )
  expect(wires.length).toBe(seen.length)
  expect(changed).toEqual([])
})

test('a body of more than 256 KiB is sent thin, with ids only', async () => {
  const { businessId, read } = business
  const text = 'A line that says a great deal about very little. '.repeat(10)
  const many = Array.from({ length: 500 }, () => ({ ...items[0], description: text }))
  const { id } = await createInvoice({ items: many })
  const stored = await read((db) =>
    listEvents(db, { tenantId: businessId, after: 0n, limit: 1_000 }),
  )
  const last = stored.at(-1)
  const owner = { id: businessId, name: 'Test business', baseCurrency: 'USD' }
  const wire = last && renderEvent(last, owner)
  const sent = wire && JSON.parse(toSendable(wire).toString())
  expect(wire?.body.length).toBeGreaterThan(256 * 1024)
  expect([sent.type, sent.data]).toEqual(['invoice.created', { id, truncated: true }])
})
