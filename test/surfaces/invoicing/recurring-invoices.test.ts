import { expect, test } from 'vitest'
import type { Ctx } from '../../../src/db/write.ts'
import { runRecurringInvoices } from '../../../src/jobs/recurring.ts'
import { asDate, type Instant } from '../../../src/kernel/dates.ts'
import { setSoftLock } from '../../../src/modules/ledger/period.actions.ts'
import { aBusiness, type Business, theWorld } from '../../harness.ts'

const path = '/api/v1/recurring-invoices'
const unknownId = '0197a1c2-0000-7000-8000-0000000000c1'
const items = [{ description: 'Support', quantity: 1, unit_price: 250, tax_rate: 7.5 }]
const monthly = { items, frequency: 'monthly', start_date: '2026-06-30' }

async function aShop(options = {}) {
  const business = await aBusiness(options)
  const { invoicing } = business
  const { body: customer } = await invoicing.post('/api/v1/customers', {
    ...{ name: 'Lantern & Rye Ltd', email: 'ap@lanternrye.example' },
  })
  const recur = async (more: object = {}) =>
    await invoicing.post(path, { customer_id: customer.id, ...monthly, ...more })
  return { ...business, customer, recur }
}

/** Lets the worker run at an instant, as one of any number of processes. */
async function runAt({ owner, gate, clock }: Business, now: string): Promise<void> {
  clock.set(now)
  await runRecurringInvoices({
    adminPool: owner,
    clock: () => now as Instant,
    write: (command) => gate.write(command),
  })
}

async function datesOf({ invoicing }: Business, id: string): Promise<readonly string[]> {
  const { body } = await invoicing.get(
    `/api/v1/invoices?recurring_invoice_id=${id}&sort=issue_date&limit=100`,
  )
  return body.data.map(({ issue_date }: { issue_date: string }) => issue_date)
}

async function eventsOf({ owner, businessId }: Business) {
  const { rows } = await owner.query(
    `select type, payload ->> 'previousStatus' as previous from event
    where tenant_id = $1 and (type like 'sales.recurring%' or type like 'sales.invoice%')
      and type <> 'sales.invoice.issued'
    order by sequence`,
    [businessId],
  )
  return rows.map(({ type, previous }) => `${type.replace('sales.', '')} ${previous}`)
}

test('201 a template is answered whole and makes nothing yet', async () => {
  const { recur, customer, businessId, invoicing } = await aShop()
  const reply = await recur({ name: 'Support', interval: 2, end_date: '2027-06-30' })
  expect(reply.status).toBe(201)
  expect(reply.text).toBe(
    JSON.stringify({
      id: reply.body.id,
      business_id: businessId,
      customer_id: customer.id,
      ...{ name: 'Support', frequency: 'monthly', interval: 2, start_date: '2026-06-30' },
      ...{ end_date: '2027-06-30', max_occurrences: null, due_days: 30, currency: 'USD' },
      ...{ notes: null, terms: null, template_type: 'modern', auto_send: false },
      items: [
        {
          ...{ description: 'Support', quantity: 1, unit_price: 250, tax_rate: 7.5 },
          ...{ product_id: null, discount_rate: 0, tax_category: null },
          ...{ revenue_account_code: null, unit: null },
        },
      ],
      ...{ next_run_date: '2026-06-30', last_run_date: null, occurrences: 0, total: 268.75 },
      ...{ status: 'active', pause_reason: null, external_id: null, metadata: {} },
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
    }),
  )
  expect(reply.headers['location']).toBe(`/invoicing${path}/${reply.body.id}`)
  const again = await invoicing.get(`${path}/${reply.body.id.toUpperCase()}`)
  expect([again.status, again.body]).toEqual([200, reply.body])
})

const fixed = 'Missing required fields: customer_id, items (at least one), frequency, start_date'
const refused: readonly (readonly [object, string])[] = [
  [{ customer_id: null }, fixed],
  [{ items: [] }, fixed],
  [{ frequency: null }, fixed],
  [{ start_date: ' ' }, fixed],
  [{ items: [{ quantity: 1 }] }, 'Each item requires: description, quantity, unit_price'],
  [{ frequency: 'hourly' }, 'frequency must be one of: daily, weekly, monthly, quarterly, yearly'],
  [{ interval: 0 }, 'interval must be between 1 and 366'],
  [{ interval: 1.5 }, 'interval must be an integer'],
  [{ interval: 367 }, 'interval must be between 1 and 366'],
  [{ end_date: '2026-06-29' }, 'end_date must not be before start_date'],
  [{ start_date: '2026-06-31' }, 'start_date must be a valid date (YYYY-MM-DD)'],
  [{ max_occurrences: 0 }, 'max_occurrences must be between 1 and 1000000'],
  [{ status: 'completed' }, 'status must be one of: active, paused'],
  [{ auto_send: 'yes' }, 'auto_send must be true or false'],
  [
    { items: [{ ...items[0], quantity: -1 }] },
    'The total may not be negative; issue a credit note instead',
  ],
]

test.each(refused.map(([body, error]) => [error, body] as const))('400 %s', async (error, body) => {
  const { recur, invoicing } = await aShop()
  const reply = await recur(body)
  const list = await invoicing.get(path)
  expect([reply.status, reply.text, list.body.pagination.total]).toEqual([
    400,
    JSON.stringify({ error }),
    0,
  ])
})

test('404 an absent, a foreign and a deleted template, customer or product', async () => {
  const [one, other] = [await aShop(), await aShop()]
  const { body: foreign } = await other.recur()
  const { body: gone } = await one.recur()
  const removed = await one.invoicing.delete(`${path}/${gone.id}`)
  expect([removed.status, removed.text]).toEqual([204, ''])
  for (const id of [unknownId, foreign.id, gone.id]) {
    for (const reply of [
      await one.invoicing.get(`${path}/${id}`),
      await one.invoicing.patch(`${path}/${id}`, { name: 'b' }),
      await one.invoicing.post(`${path}/${id}/pause`),
      await one.invoicing.post(`${path}/${id}/resume`),
      await one.invoicing.post(`${path}/${id}/run`),
      await one.invoicing.delete(`${path}/${id}`),
    ]) {
      expect([reply.status, reply.text]).toEqual([404, '{"error":"Recurring invoice not found"}'])
    }
  }
  const customer = await one.recur({ customer_id: other.customer.id })
  const product = await one.recur({ items: [{ ...items[0], product_id: unknownId }] })
  expect([customer.status, customer.text]).toEqual([404, '{"error":"Customer not found"}'])
  expect([product.status, product.text]).toEqual([404, '{"error":"Product not found"}'])
})

test('each period gets its invoice at 00:05 of the business, dated by the schedule', async () => {
  const shop = await aShop({ timeZone: 'Africa/Lagos' })
  const { body } = await shop.recur({ start_date: '2026-01-31', status: 'paused' })
  await shop.invoicing.patch(`${path}/${body.id}`, { start_date: '2026-06-30', status: 'active' })
  await runAt(shop, '2026-06-29T23:04:59.000Z')
  expect(await datesOf(shop, body.id)).toEqual([])
  await runAt(shop, '2026-06-29T23:05:00.000Z')
  await runAt(shop, '2026-06-29T23:10:00.000Z')
  expect(await datesOf(shop, body.id)).toEqual(['2026-06-30'])
  const { body: list } = await shop.invoicing.get('/api/v1/invoices')
  expect(list.data[0]).toMatchObject({
    ...{ status: 'draft', due_date: '2026-07-30', total: 268.75 },
    ...{ recurring_invoice_id: body.id, quotation_id: null },
  })
  const { body: after } = await shop.invoicing.get(`${path}/${body.id}`)
  expect(after).toMatchObject({
    ...{ next_run_date: '2026-07-30', last_run_date: '2026-06-30', occurrences: 1 },
  })
  expect(await eventsOf(shop)).toEqual([
    'recurring.created null',
    'recurring.updated null',
    'recurring.resumed paused',
    'recurring.generated null',
    'invoice.created null',
  ])
})

test.each([
  ['Pacific/Kiritimati', '2026-06-29T10:05:00.000Z'],
  ['Asia/Kathmandu', '2026-06-29T18:20:00.000Z'],
  ['America/St_Johns', '2026-06-30T02:35:00.000Z'],
  ['Pacific/Pago_Pago', '2026-06-30T11:05:00.000Z'],
])('the clock of %s says when', async (timeZone, at) => {
  const shop = await aShop({ timeZone })
  const { body } = await shop.recur()
  await runAt(shop, new Date(Date.parse(at) - 1).toISOString())
  expect(await datesOf(shop, body.id)).toEqual([])
  await runAt(shop, at)
  expect(await datesOf(shop, body.id)).toEqual(['2026-06-30'])
})

test('a night without midnight and a night with two of them make one invoice each', async () => {
  // Cairo leaps from 00:00 to 01:00 on 24 April 2026, and lives 23:00 twice on 29 October.
  const shop = await aShop({ timeZone: 'Africa/Cairo', booksStart: asDate('2026-01-01') })
  const { body } = await shop.recur({
    frequency: 'daily',
    start_date: '2026-04-24',
    end_date: '2026-04-24',
  })
  await runAt(shop, '2026-04-23T21:59:59.000Z')
  expect(await datesOf(shop, body.id)).toEqual([])
  await runAt(shop, '2026-04-23T22:05:00.000Z')
  expect(await datesOf(shop, body.id)).toEqual(['2026-04-24'])
  const { body: autumn } = await shop.recur({
    frequency: 'daily',
    start_date: '2026-10-30',
    end_date: '2026-10-30',
  })
  for (const now of ['2026-10-29T20:30:00.000Z', '2026-10-29T21:30:00.000Z']) {
    await runAt(shop, now)
    expect(await datesOf(shop, autumn.id)).toEqual([])
  }
  await runAt(shop, '2026-10-29T22:05:00.000Z')
  await runAt(shop, '2026-10-29T23:05:00.000Z')
  expect(await datesOf(shop, autumn.id)).toEqual(['2026-10-30'])
})

test('after a standstill every missed period is made up for, and the last completes it', async () => {
  const shop = await aShop()
  const { body } = await shop.recur({ max_occurrences: 4, auto_send: true, due_days: 0 })
  await runAt(shop, '2026-12-01T08:00:00.000Z')
  expect(await datesOf(shop, body.id)).toEqual([
    ...['2026-06-30', '2026-07-30', '2026-08-30', '2026-09-30'],
  ])
  const { body: after } = await shop.invoicing.get(`${path}/${body.id}`)
  expect(after).toMatchObject({
    ...{ status: 'completed', next_run_date: null, occurrences: 4, last_run_date: '2026-09-30' },
  })
  const { body: list } = await shop.invoicing.get('/api/v1/invoices?status=overdue')
  expect(list.pagination.total).toBe(4)
  const events = await eventsOf(shop)
  expect(events.slice(1, 4)).toEqual([
    'recurring.generated null',
    'invoice.created null',
    'invoice.sent draft',
  ])
  expect(events.slice(-4).map((event) => event.split(' ')[0])).toEqual([
    ...['recurring.generated', 'invoice.created', 'invoice.sent', 'recurring.completed'],
  ])
  const ended = '{"error":"The schedule ended on 2026-09-30"}'
  const resumed = await shop.invoicing.post(`${path}/${body.id}/resume`)
  const run = await shop.invoicing.post(`${path}/${body.id}/run`)
  const paused = await shop.invoicing.post(`${path}/${body.id}/pause`)
  expect([resumed.status, resumed.text, run.status, run.text]).toEqual([400, ended, 400, ended])
  expect([paused.status, paused.text]).toEqual([
    400,
    '{"error":"Recurring invoice cannot change from completed to paused"}',
  ])
})

test('two workers at once, and one that dies between two invoices, make each period once', async () => {
  const shop = await aShop()
  const { addApp } = await theWorld()
  const other = await addApp()
  const { body } = await shop.recur({ frequency: 'daily', start_date: '2026-06-16' })
  const now = '2026-07-05T08:00:00.000Z' as Instant
  shop.clock.set(now)
  const run = (gate: Business['gate'], deadAfter = Number.POSITIVE_INFINITY) => {
    let left = deadAfter
    return runRecurringInvoices({
      adminPool: shop.owner,
      clock: () => now,
      write: async (command) => {
        if (left <= 0) throw new Error('the process died')
        left -= 1
        const done = await gate.write(command)
        // The answer is lost on the way: nobody knows that it was made.
        if (left === 0) throw new Error('the process died')
        return done
      },
    })
  }
  await expect(run(shop.gate, 3)).rejects.toThrow('the process died')
  await Promise.all([run(shop.gate), run(other.gate), run(shop.gate), run(other.gate)])
  const dates = await datesOf(shop, body.id)
  expect(dates.length).toBe(20)
  expect(new Set(dates).size).toBe(20)
  const { rows } = await shop.owner.query(
    `select count(*)::int as runs, count(distinct document_id)::int as documents
    from recurring_run where business_id = $1`,
    [shop.businessId],
  )
  expect(rows).toEqual([{ runs: 20, documents: 20 }])
})

test('a connection that is cut in the middle of an invoice leaves nothing of it', async () => {
  const shop = await aShop()
  const { body } = await shop.recur({ auto_send: true })
  const now = '2026-06-30T08:00:00.000Z' as Instant
  shop.clock.set(now)
  let cuts = 1
  await runRecurringInvoices({
    adminPool: shop.owner,
    clock: () => now,
    write: (command) =>
      shop.gate.write({
        ...command,
        action: async (ctx: Ctx, input: typeof command.input) => {
          const result = await command.action(ctx, input)
          if (cuts > 0) {
            cuts -= 1
            await ctx.tx.query({
              text: 'select pg_terminate_backend(pg_backend_pid())',
              values: [],
            })
          }
          return result
        },
      }),
  }).catch(() => undefined)
  await runAt(shop, now)
  expect(await datesOf(shop, body.id)).toEqual(['2026-06-30'])
  const numbers = await shop.invoicing.get('/api/v1/invoices')
  expect(numbers.body.data[0].invoice_number).toBe('INV-00001')
})

test('a period that fails is tried again on later days, and pauses the template after three', async () => {
  const shop = await aShop()
  const { body } = await shop.recur({ auto_send: true })
  await shop.write(setSoftLock, { scope: 'sales', through: asDate('2026-07-15'), reason: 'audit' })
  for (const now of [
    '2026-06-30T00:05',
    '2026-06-30T12:00',
    '2026-07-01T00:05',
    '2026-07-01T09:00',
  ]) {
    await runAt(shop, `${now}:00.000Z`)
  }
  const { body: trying } = await shop.invoicing.get(`${path}/${body.id}`)
  expect([trying.status, trying.next_run_date]).toEqual(['active', '2026-06-30'])
  await runAt(shop, '2026-07-02T00:05:00.000Z')
  await runAt(shop, '2026-07-03T00:05:00.000Z')
  const { body: paused } = await shop.invoicing.get(`${path}/${body.id}`)
  expect(paused).toMatchObject({ status: 'paused', next_run_date: '2026-06-30', occurrences: 0 })
  expect(paused.pause_reason).toBe(
    '2026-06-30 is locked for sales; the earliest open date is 2026-07-16',
  )
  expect(await eventsOf(shop)).toEqual([
    'recurring.created null',
    'recurring.failed null',
    'recurring.failed null',
    'recurring.failed active',
  ])
  await shop.write(setSoftLock, { scope: 'sales', through: null, reason: 'audit over' })
  const resumed = await shop.invoicing.post(`${path}/${body.id}/resume`)
  expect(resumed.body).toMatchObject({ status: 'active', pause_reason: null })
  await runAt(shop, '2026-07-03T08:00:00.000Z')
  expect(await datesOf(shop, body.id)).toEqual(['2026-06-30'])
  const { body: list } = await shop.invoicing.get('/api/v1/invoices')
  expect(list.data[0].invoice_number).toBe('INV-00001')
})

test('a missing rate and a deleted customer are failures of the period', async () => {
  const shop = await aShop()
  const { body: euro } = await shop.recur({ currency: 'EUR', auto_send: true })
  const { body: nobody } = await shop.invoicing.post('/api/v1/customers', { name: 'Gone' })
  const { body: gone } = await shop.recur({ customer_id: nobody.id })
  const { body: fine } = await shop.recur({ customer_id: shop.customer.id })
  await shop.invoicing.delete(`/api/v1/customers/${nobody.id}`)
  await runAt(shop, '2026-06-30T08:00:00.000Z')
  const { rows } = await shop.owner.query(
    `select resource_id as id, payload ->> 'reason' as reason, payload ->> 'periodDate' as period
    from event where tenant_id = $1 and type = 'sales.recurring.failed'`,
    [shop.businessId],
  )
  expect(new Map(rows.map(({ id, reason, period }) => [id, [reason, period]]))).toEqual(
    new Map([
      [euro.id, ['No exchange rate from EUR to USD on 2026-06-30', '2026-06-30']],
      [gone.id, ['Customer not found', '2026-06-30']],
    ]),
  )
  expect(await datesOf(shop, fine.id)).toEqual(['2026-06-30'])
})

test('200 a pause somebody asked for passes over its periods', async () => {
  const shop = await aShop()
  const { body } = await shop.recur()
  const paused = await shop.invoicing.post(`${path}/${body.id}/pause`)
  const twice = await shop.invoicing.post(`${path}/${body.id}/pause`)
  expect([paused.status, paused.body.status]).toEqual([200, 'paused'])
  expect([twice.status, twice.text]).toEqual([
    400,
    '{"error":"Recurring invoice cannot change from paused to paused"}',
  ])
  await runAt(shop, '2026-08-15T08:00:00.000Z')
  expect(await datesOf(shop, body.id)).toEqual([])
  const resumed = await shop.invoicing.post(`${path}/${body.id}/resume`)
  const again = await shop.invoicing.post(`${path}/${body.id}/resume`)
  expect([resumed.body.status, resumed.body.next_run_date]).toEqual(['active', '2026-08-30'])
  expect([again.status, again.text]).toEqual([
    400,
    '{"error":"Recurring invoice cannot change from active to active"}',
  ])
})

test('201 a run makes the next invoice now, once per period', async () => {
  const shop = await aShop()
  const { body } = await shop.recur({ max_occurrences: 2 })
  const first = await shop.invoicing.post(`${path}/${body.id}/run`)
  expect([first.status, first.body.issue_date, first.body.recurring_invoice_id]).toEqual([
    201,
    '2026-06-30',
    body.id,
  ])
  expect(first.headers['location']).toBe(`/invoicing/api/v1/invoices/${first.body.id}`)
  await runAt(shop, '2026-06-30T08:00:00.000Z')
  expect(await datesOf(shop, body.id)).toEqual(['2026-06-30'])
  const key = { 'Idempotency-Key': 'run-1' }
  const second = await shop.invoicing.post(`${path}/${body.id}/run`, {}, key)
  const replayed = await shop.invoicing.post(`${path}/${body.id}/run`, {}, key)
  expect([second.status, replayed.status, replayed.text]).toEqual([201, 201, second.text])
  expect(await datesOf(shop, body.id)).toEqual(['2026-06-30', '2026-07-30'])
})

test('200 edits change later periods only; a schedule that is cut short is completed', async () => {
  const shop = await aShop()
  const { body } = await shop.recur()
  await runAt(shop, '2026-06-30T08:00:00.000Z')
  const edited = await shop.invoicing.patch(`${path}/${body.id}`, {
    ...{ frequency: 'weekly', items: [{ ...items[0], unit_price: 10 }], external_id: 'sub-1' },
  })
  expect(edited.body).toMatchObject({ next_run_date: '2026-07-07', total: 10.75 })
  const { body: list } = await shop.invoicing.get('/api/v1/invoices')
  expect(list.data[0].total).toBe(268.75)
  const taken = await shop.recur({ external_id: 'sub-1' })
  expect([taken.status, taken.text]).toEqual([
    400,
    '{"error":"externalId sub-1 is already used by another Recurring invoice"}',
  ])
  const wrong = await shop.invoicing.patch(`${path}/${body.id}`, { end_date: '2026-01-01' })
  const empty = await shop.invoicing.patch(`${path}/${body.id}`, { total: 1 })
  expect([wrong.status, wrong.text]).toEqual([
    400,
    '{"error":"end_date must not be before start_date"}',
  ])
  expect([empty.status, empty.text]).toEqual([400, '{"error":"No valid fields to update"}'])
  const cut = await shop.invoicing.put(`${path}/${body.id}`, { end_date: '2026-07-06' })
  expect([cut.body.status, cut.body.next_run_date]).toEqual(['completed', null])
  expect((await eventsOf(shop)).at(-1)).toBe('recurring.completed active')
})

test('200 templates are narrowed by every filter, and sorted', async () => {
  const { recur, invoicing, customer } = await aShop()
  await recur({ name: 'One', start_date: '2026-08-01' })
  await recur({ name: 'Two', status: 'paused', external_id: 'two' })
  const found = async (query: string) => {
    const { body } = await invoicing.get(`${path}?sort=next_run_date&${query}`)
    return body.data.map(({ name }: { name: string }) => name)
  }
  expect(await found('')).toEqual(['Two', 'One'])
  expect(await found('status=active')).toEqual(['One'])
  expect(await found('status=paused,completed')).toEqual(['Two'])
  expect(await found(`customer_id=${customer.id}`)).toEqual(['Two', 'One'])
  expect(await found(`customer_id=${unknownId}`)).toEqual([])
  expect(await found('name=ON')).toEqual(['One'])
  expect(await found('external_id=two')).toEqual(['Two'])
  expect(await found('updated_since=2026-06-15T12:00:01Z')).toEqual([])
  const wrong = await invoicing.get(`${path}?status=lost`)
  expect(wrong.status).toBe(400)
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await invoicing.get(`${path}?limit=1&sort=-next_run_date&cursor=${cursor}`)
    seen.push(...body.data.map(({ name }: { name: string }) => name))
    cursor = body.pagination.next_cursor
  }
  expect(seen).toEqual(['One', 'Two'])
})

test('201 an invoice of the last day there is has no day that it is due', async () => {
  const { recur, invoicing } = await aShop()
  const { body } = await recur({ start_date: '9999-12-31' })
  const ran = await invoicing.post(`${path}/${body.id}/run`)
  expect([ran.status, ran.body]).toMatchObject([201, { due_date: null }])
})

test('200 null in an update clears what is optional, and gives back what is usual', async () => {
  const { recur, invoicing } = await aShop()
  const { body } = await recur({
    ...{ interval: 3, due_days: 7, auto_send: true, name: 'Support', notes: 'Hello' },
    ...{ end_date: '2030-01-01', template_type: 'classic', metadata: { a: 'b' } },
  })
  const cleared = {
    ...{ interval: null, due_days: null, auto_send: null, name: null, notes: null },
    ...{ end_date: null, template_type: null, metadata: null },
  }
  const { status, body: after } = await invoicing.patch(`${path}/${body.id}`, cleared)
  expect([status, after]).toMatchObject([
    200,
    {
      ...{ interval: 1, due_days: 30, auto_send: false, name: null, notes: null },
      ...{ end_date: null, template_type: 'modern', metadata: {} },
    },
  ])
})
