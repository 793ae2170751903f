import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Business } from '../../harness.ts'
import { aCustomer, balancesOf, eventsOf, items, lastEvent } from '../../till.ts'

/* The acceptance properties 3 to 7 of the Invoicing specification, through HTTP. */

const path = '/api/v1/invoices'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const
const exponents = { USD: 2, JPY: 0, KWD: 3, NGN: 2 } as const
type Currency = keyof typeof exponents

/** A decimal as the JSON number of its shortest form. */
const decimal = (min: number, max: number, places: number) =>
  fc.integer({ min, max }).map((units) => units / 10 ** places)

const item = fc.record({
  description: fc.constant('Work'),
  quantity: decimal(1, 20_000, 3),
  unit_price: decimal(0, 5_000_000, 4),
  tax_rate: fc.constantFrom(0, 5, 7.5, 19, 20),
  discount_rate: fc.constantFrom(0, 0, 10, 33.3333),
})

const invoice = fc.record({
  items: fc.array(item, { minLength: 1, maxLength: 6 }),
  currency: fc.constantFrom<Currency>('USD', 'JPY', 'KWD', 'NGN'),
  prices_include_tax: fc.boolean(),
  discount_rate: fc.constantFrom(0, 0, 12.5),
  exchange_rate: decimal(1, 20_000_000, 4),
})

const minor = (amount: number, currency: string): bigint =>
  BigInt(Math.round(amount * 10 ** exponents[currency as Currency]))

const sumOf = (rows: readonly Answer['body'][], member: string, currency: string): bigint =>
  rows.reduce((sum, row) => sum + minor(row[member], currency), 0n)

/** What is open of an invoice and what its control account holds for it, in both currencies. */
async function receivableOf({ owner, businessId }: Business, invoiceId: string) {
  const { rows } = await owner.query(
    `select i.open_amount as open, i.open_base as "openBase", i.original_amount as total,
       (select coalesce(sum(l.amount), 0)::bigint from journal_line as l
        where l.business_id = i.business_id and l.open_item_id = i.item_id
          and l.account_id = (select account_id from account
            where business_id = i.business_id and role = 'receivables')) as control,
       (select coalesce(sum(l.base_amount), 0)::bigint from journal_line as l
        where l.business_id = i.business_id and l.open_item_id = i.item_id
          and l.account_id = (select account_id from account
            where business_id = i.business_id and role = 'receivables')) as "controlBase"
     from open_item as i where i.business_id = $1 and i.document_id = $2 and i.side = 'AR'`,
    [businessId, invoiceId],
  )
  return rows[0]
}

test.each(['document', 'line'])(
  '3: items add up to subtotal and tax, these to the total, which is what is owed (%s)',
  async (tax_rounding) => {
    const business = await aBusiness(nigeria)
    await business.invoicing.patch('/api/v1/business', { tax_rounding })
    const customer_id = await aCustomer(business)
    await fc.assert(
      fc.asyncProperty(invoice, async (draft) => {
        const { body, status } = await business.invoicing.post(path, {
          ...{ ...draft, customer_id, status: 'sent' },
        })
        expect([status, body.error]).toEqual([201, undefined])
        const { currency } = body
        const total = minor(body.total, currency)
        expect(sumOf(body.items, 'amount', currency)).toBe(minor(body.subtotal, currency))
        expect(sumOf(body.items, 'tax_amount', currency)).toBe(minor(body.tax_amount, currency))
        expect(minor(body.subtotal, currency) + minor(body.tax_amount, currency)).toBe(total)
        const receivable = await receivableOf(business, body.id)
        expect(receivable?.control ?? 0n).toBe(total)
        expect(receivable?.total ?? 0n).toBe(total)
      }),
      { numRuns: 25 },
    )
  },
)

test('4: voids and reversals leave every balance as it was, from their day on', async () => {
  const business = await aBusiness(nigeria)
  const { invoicing } = business
  const customer_id = await aCustomer(business)
  await invoicing.post(path, { customer_id, items, status: 'sent', currency: 'NGN' })
  const days = ['2026-06-10', '2026-06-12', '2026-06-14', '2026-06-20'] as const
  const step = fc.record({
    part: decimal(1, 40, 2),
    rate: decimal(1_000, 1_600, 0),
    date: fc.constantFrom(...days.slice(0, 3)),
  })
  await fc.assert(
    fc.asyncProperty(invoice, fc.array(step, { maxLength: 4 }), async (draft, steps) => {
      const before = await Promise.all(days.map((day) => balancesOf(business, day)))
      const made = await invoicing.post(path, {
        ...{ ...draft, customer_id, issue_date: days[0], status: 'sent' },
      })
      const paid: string[] = []
      for (const { part, rate, date } of steps) {
        const unit = 10 ** exponents[draft.currency]
        const amount = Math.floor(made.body.total * part * unit) / unit
        if (amount <= 0) continue
        const reply = await invoicing.post(`${path}/${made.body.id}/payments`, {
          ...{ amount, payment_date: date, exchange_rate: rate },
        })
        if (reply.status === 201) paid.push(reply.body.id)
      }
      for (const id of paid) {
        const reply = await invoicing.post(`/api/v1/payments/${id}/reverse`)
        expect([reply.status, reply.body.status]).toEqual([200, 'reversed'])
      }
      const after = await invoicing.get(`${path}/${made.body.id}`)
      expect([after.body.amount_paid, after.body.amount_due]).toEqual([0, made.body.total])
      if (made.body.total > 0) {
        const reply = await invoicing.post(`${path}/${made.body.id}/void`)
        expect([reply.status, reply.body.error]).toEqual([200, undefined])
      }
      expect(await Promise.all(days.map((day) => balancesOf(business, day)))).toEqual(before)
    }),
    { numRuns: 15 },
  )
})

test('5: two hundred parallel creates give two hundred consecutive numbers', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const replies = await Promise.all(
    Array.from({ length: 200 }, () => business.invoicing.post(path, { customer_id, items })),
  )
  const numbers = replies.map(({ body }) => body.invoice_number).sort()
  expect(numbers).toEqual(consecutive(200))
})

const consecutive = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `INV-${String(index + 1).padStart(5, '0')}`)

test('256 drafts that are sent at once, some refused, are numbered without a gap', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  await invoicing.patch('/api/v1/business', { number_at: 'issue' })
  const customer_id = await aCustomer(business)
  const make = (more: object) => invoicing.post(path, { customer_id, items, ...more })
  const drafts = await Promise.all(Array.from({ length: 256 }, () => make({})))
  const unrated = await Promise.all(Array.from({ length: 16 }, () => make({ currency: 'EUR' })))
  const all = [...drafts, ...unrated].map(({ body }, index) => ({ id: body.id, index }))
  all.sort((a, b) => ((a.index * 7) % 17) - ((b.index * 7) % 17))
  const replies = await Promise.all(
    all.map(({ id }) => invoicing.patch(`${path}/${id}`, { status: 'sent' })),
  )
  const [sent, refused] = [200, 400].map((wanted) => replies.filter((r) => r.status === wanted))
  expect([sent?.length, refused?.length]).toEqual([256, 16])
  expect(sent?.map(({ body }) => body.invoice_number).sort()).toEqual(consecutive(256))
})

test('6: a replayed key gives one document, one number, one posting and one set of events', async () => {
  const business = await aBusiness()
  const { invoicing, owner, businessId } = business
  const customer_id = await aCustomer(business)
  const state = async () => {
    const { rows } = await owner.query(
      `select (select count(*)::int from document where business_id = $1) as documents,
         (select count(*)::int from number_register where business_id = $1) as numbers,
         (select count(*)::int from journal_entry where business_id = $1) as entries,
         (select count(*)::int from event where tenant_id = $1) as events`,
      [businessId],
    )
    return rows[0]
  }
  const made = await invoicing.post(path, { customer_id, items, status: 'sent' })
  const { id } = made.body
  const line = made.body.items[0].id
  const writes: readonly (readonly [string, object])[] = [
    [path, { customer_id, items, status: 'sent' }],
    [`${path}/${id}/duplicate`, {}],
    [`${path}/${id}/payments`, { amount: 10 }],
    ['/api/v1/payments', { customer_id, amount: 10 }],
    [`${path}/${id}/credit-notes`, { items: [{ invoice_item_id: line, amount: 10 }] }],
  ]
  for (const [index, [to, body]] of writes.entries()) {
    const key = { 'idempotency-key': `once-${index}` }
    const before = await lastEvent(business)
    const atOnce = await Promise.all([1, 2, 3].map(() => invoicing.post(to, body, key)))
    const [once, told] = [await state(), await eventsOf(business, before)]
    const later = await invoicing.post(to, body, key)
    // Whoever comes while the first is at work is told so, the others get its answer.
    for (const { status, text } of atOnce) {
      expect(status === 409 || (status === 201 && text === later.text)).toBe(true)
    }
    expect(later.status).toBe(201)
    expect([await state(), await eventsOf(business, before)]).toEqual([once, told])
  }
})

test('7: what owes nothing any more holds nothing in either currency', async () => {
  const business = await aBusiness(nigeria)
  const { invoicing } = business
  const customer_id = await aCustomer(business)
  const step = fc.record({
    kind: fc.constantFrom('pay', 'pay', 'withhold', 'credit', 'deposit'),
    part: decimal(5, 60, 2),
    rate: decimal(1, 20_000_000, 4),
  })
  await fc.assert(
    fc.asyncProperty(invoice, fc.array(step, { maxLength: 5 }), async (draft, steps) => {
      const made = await invoicing.post(path, { ...draft, customer_id, status: 'sent' })
      const { id, currency } = made.body
      fc.pre(made.body.total > 0)
      const unit = 10 ** exponents[currency as Currency]
      const due = async () => (await invoicing.get(`${path}/${id}`)).body.amount_due
      for (const { kind, part, rate: exchange_rate } of [...steps, last]) {
        const left = await due()
        if (left === 0) break
        const amount = kind === 'rest' ? left : Math.max(1, Math.floor(left * part * unit)) / unit
        const [first] = made.body.items
        const reply = await settle(kind, { id, amount, exchange_rate, itemId: first.id })
        // A credit may ask for more than its line has left; that changes nothing.
        expect([200, 201, 400]).toContain(reply.status)
      }
      expect(await due()).toBe(0)
      const { open, openBase, control, controlBase } = await receivableOf(business, id)
      expect([open, openBase, control, controlBase]).toEqual([0n, 0n, 0n, 0n])
    }),
    { numRuns: 25 },
  )

  type Settling = { id: string; amount: number; exchange_rate: number; itemId: string }
  async function settle(
    kind: string,
    { id, amount, exchange_rate, itemId }: Settling,
  ): Promise<Answer> {
    if (kind === 'credit') {
      return invoicing.post(`${path}/${id}/credit-notes`, {
        items: [{ invoice_item_id: itemId, amount }],
      })
    }
    if (kind !== 'deposit') {
      const wht_amount = kind === 'withhold' ? amount : 0
      return invoicing.post(`${path}/${id}/payments`, { amount, exchange_rate, wht_amount })
    }
    const { body } = await invoicing.get(`${path}/${id}`)
    const made = await invoicing.post('/api/v1/payments', {
      ...{ customer_id, amount, exchange_rate, currency: body.currency },
    })
    expect([made.status, made.body.error]).toEqual([201, undefined])
    return invoicing.post(`/api/v1/payments/${made.body.id}/allocate`, {
      allocations: [{ invoice_id: id, amount }],
    })
  }
})

const last = { kind: 'rest', part: 1, rate: 1_500 }
