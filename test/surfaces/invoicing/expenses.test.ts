import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { listBalances } from '../../../src/modules/ledger/balance.queries.ts'
import { createParty } from '../../../src/modules/parties/party.actions.ts'
import { aBusiness, type Business } from '../../harness.ts'

const path = '/api/v1/expenses'
const unknownId = '0197a1c2-0000-7000-8000-0000000000c1'
const van = {
  ...{ description: 'Van hire', amount: 80, tax_rate: 20, expense_date: '2026-05-04' },
  ...{ category: 'Travel', expense_account_code: '6200', supplier_name: 'Moor Vans' },
}

async function eventsOf({ owner, businessId }: Business) {
  const { rows } = await owner.query(
    `select type, payload ->> 'previousStatus' as previous from event
    where tenant_id = $1 and type like 'purchases.%' order by sequence`,
    [businessId],
  )
  return rows.map(({ type, previous }) => `${type.replace('purchases.expense.', '')} ${previous}`)
}

/** Balances per account that are not zero, in minor units. */
async function balancesOf({ read, businessId, owner }: Business) {
  const rows = await read((db) => listBalances(db, { businessId, dates: [asDate('2027-12-31')] }))
  const { rows: accounts } = await owner.query(
    'select account_id as id, code from account where business_id = $1',
    [businessId],
  )
  const codeById = new Map(accounts.map(({ id, code }) => [id, code]))
  const sums = new Map<string, bigint>()
  for (const { accountId, debitBase, creditBase } of rows) {
    const code = codeById.get(accountId)
    sums.set(code, (sums.get(code) ?? 0n) + debitBase - creditBase)
  }
  return [...sums]
    .filter(([, sum]) => sum !== 0n)
    .map(([code, sum]) => `${code} ${sum}`)
    .sort()
}

test('201 an expense is answered whole, in the documented order, and posts nothing', async () => {
  const business = await aBusiness()
  const { invoicing, businessId } = business
  const reply = await invoicing.post(path, van)
  expect(reply.status).toBe(201)
  expect(reply.text).toBe(
    JSON.stringify({
      id: reply.body.id,
      business_id: businessId,
      expense_number: 'EXP-00001',
      ...{ description: 'Van hire', amount: 80, tax_rate: 20, tax_amount: 16, total: 96 },
      ...{ currency: 'USD', expense_date: '2026-05-04', category: 'Travel' },
      ...{ expense_account_code: '6200', supplier_name: 'Moor Vans', supplier_id: null },
      ...{ payment_account_code: null, reference: null, status: 'pending' },
      ...{ tax_recoverable: true, receipt_url: null, approved_at: null, paid_at: null },
      ...{ external_id: null, metadata: {}, created_at: '2026-06-15T12:00:00.000Z' },
      ...{ updated_at: '2026-06-15T12:00:00.000Z', approval_note: null },
    }),
  )
  expect(reply.headers['location']).toBe(`/invoicing/api/v1/expenses/${reply.body.id}`)
  const again = await invoicing.get(`${path}/${reply.body.id.toUpperCase()}`)
  expect([again.status, again.body]).toEqual([200, reply.body])
  expect(await balancesOf(business)).toEqual([])
})

test('200 an expense is approved, then paid; each step posts once', async () => {
  const business = await aBusiness()
  const { invoicing, clock } = business
  const { body: made } = await invoicing.post(path, van)
  clock.set('2026-06-16T08:00:00.000Z')
  const approved = await invoicing.post(`${path}/${made.id}/approve`, { note: 'For the move' })
  expect(approved.body).toEqual({
    ...made,
    ...{ status: 'approved', approved_at: '2026-06-16T08:00:00.000Z' },
    ...{ updated_at: '2026-06-16T08:00:00.000Z', approval_note: 'For the move' },
  })
  expect(await balancesOf(business)).toEqual(['1150 1600', '2010 -9600', '6200 8000'])
  const paid = await invoicing.post(`${path}/${made.id}/pay`, {
    ...{ paid_date: '2026-06-15', payment_account_code: '1000' },
  })
  expect(paid.body).toMatchObject({
    ...{ status: 'paid', paid_at: '2026-06-16T08:00:00.000Z', payment_account_code: '1000' },
  })
  expect(await balancesOf(business)).toEqual(['1000 -9600', '1150 1600', '6200 8000'])
  expect(await eventsOf(business)).toEqual(['created null', 'approved draft', 'paid pending'])
})

test('200 paying a pending expense does both', async () => {
  const business = await aBusiness()
  const { body: one } = await business.invoicing.post(path, van)
  const { body: two } = await business.invoicing.post(path, van)
  const paid = await business.invoicing.post(`${path}/${one.id}/pay`)
  const patched = await business.invoicing.patch(`${path}/${two.id}`, { status: 'paid' })
  expect([paid.body.status, paid.body.payment_account_code]).toEqual(['paid', '1010'])
  expect([patched.status, patched.body.status]).toEqual([200, 'paid'])
  expect(await balancesOf(business)).toEqual(['1010 -19200', '1150 3200', '6200 16000'])
})

test.each([
  ['pending', ['created null'], []],
  ['approved', ['created null', 'approved null'], ['1150 1600', '2010 -9600', '6200 8000']],
  ['paid', ['created null', 'paid null'], ['1010 -9600', '1150 1600', '6200 8000']],
])('201 an expense entered as %s', async (status, events, balances) => {
  const business = await aBusiness()
  const reply = await business.invoicing.post(path, { ...van, status })
  expect([reply.status, reply.body.status]).toEqual([201, status])
  expect(await eventsOf(business)).toEqual(events)
  expect(await balancesOf(business)).toEqual(balances)
})

test('tax that does not come back is part of the expense', async () => {
  const business = await aBusiness()
  const { body } = await business.invoicing.post(path, {
    ...van,
    ...{ tax_recoverable: false, status: 'approved' },
  })
  expect([body.amount, body.tax_amount, body.total]).toEqual([80, 16, 96])
  expect(await balancesOf(business)).toEqual(['2010 -9600', '6200 9600'])
})

const refused: readonly (readonly [object, string])[] = [
  [{}, 'Missing required fields: description, amount'],
  [{ description: 'a' }, 'Missing required fields: description, amount'],
  [{ description: 'a', amount: 0 }, 'amount must be a positive number'],
  [{ description: 'a', amount: '5' }, 'amount must be a number'],
  [{ description: 'a', amount: 1.001 }, 'amount must not have more than 2 decimals'],
  [
    { description: 'a', amount: 1, status: 'draft' },
    'status must be one of: pending, approved, paid',
  ],
  [
    { description: 'a', amount: 1, expense_date: '2026-02-30' },
    'expense_date must be a valid date (YYYY-MM-DD)',
  ],
  [{ description: 'a', amount: 1, expense_account_code: '9999' }, 'Account 9999 does not exist'],
  [
    { description: 'a', amount: 1, currency: 'EUR', status: 'approved' },
    'No exchange rate from EUR to USD on 2026-06-15',
  ],
  [
    { description: 'a', amount: 1, tax_rate: 101, supplier_id: '7' },
    'tax_rate must be between 0 and 100; supplier_id must be a valid UUID',
  ],
]

test.each(refused.map(([body, error]) => [error, body] as const))('400 %s', async (error, body) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.post(path, body)
  const list = await invoicing.get(path)
  expect([reply.status, reply.text, list.body.pagination.total]).toEqual([
    400,
    JSON.stringify({ error }),
    0,
  ])
})

const forbidden = (from: string, to: string) => `Expense cannot change from ${from} to ${to}`

test('400 an expense goes forward only', async () => {
  const { invoicing } = await aBusiness()
  const { body: approved } = await invoicing.post(path, { ...van, status: 'approved' })
  const { body: paid } = await invoicing.post(path, { ...van, status: 'paid' })
  const outcome = async (id: string, step: string, body?: object) => {
    const reply =
      step === ''
        ? await invoicing.patch(`${path}/${id}`, body)
        : await invoicing.post(`${path}/${id}/${step}`, body)
    return [reply.status, reply.body.error]
  }
  expect(await outcome(approved.id, 'approve')).toEqual([400, forbidden('approved', 'approved')])
  expect(await outcome(paid.id, 'approve')).toEqual([400, forbidden('paid', 'approved')])
  expect(await outcome(paid.id, 'pay')).toEqual([400, forbidden('paid', 'paid')])
  expect(await outcome(approved.id, '', { status: 'pending' })).toEqual([
    400,
    forbidden('approved', 'pending'),
  ])
  expect(await outcome(paid.id, '', { amount: 81 })).toEqual([400, forbidden('paid', 'pending')])
})

test('200 a pending expense changes in everything, later ones in texts', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const { body: made } = await invoicing.post(path, van)
  const id = `${path}/${made.id}`
  const edited = await invoicing.patch(id, { amount: 100, tax_rate: null, category: null })
  expect(edited.body).toEqual({
    ...made,
    ...{ amount: 100, tax_rate: 0, tax_amount: 0, total: 100, category: null },
  })
  const approved = await invoicing.put(id, { status: 'approved', reference: 'MV-1' })
  expect([approved.body.status, approved.body.reference]).toEqual(['approved', 'MV-1'])
  const texts = await invoicing.patch(id, {
    ...{ description: 'A van', receipt_url: 'https://a.example/r.pdf', amount: 100 },
    ...{ external_id: 'card-1', metadata: { trip: '7' } },
  })
  expect(texts.body).toMatchObject({
    ...{ description: 'A van', receipt_url: 'https://a.example/r.pdf', external_id: 'card-1' },
    ...{ metadata: { trip: '7' }, status: 'approved', total: 100 },
  })
  const same = await invoicing.patch(id, { description: 'A van' })
  expect(same.body).toEqual(texts.body)
  const empty = await invoicing.patch(id, { total: 1 })
  const taken = await invoicing.post(path, { ...van, external_id: 'card-1' })
  expect([empty.status, empty.text]).toEqual([400, '{"error":"No valid fields to update"}'])
  expect([taken.status, taken.text]).toEqual([
    400,
    '{"error":"externalId card-1 is already used by another Expense"}',
  ])
  expect(await eventsOf(business)).toEqual([
    'created null',
    'updated null',
    'updated null',
    'approved draft',
    'updated null',
  ])
})

test('204 deleting reverses what was posted, hides the expense, and works once', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  for (const status of ['pending', 'approved', 'paid']) {
    const { body } = await invoicing.post(path, { ...van, status, external_id: 'card-1' })
    if (status === 'paid') await invoicing.patch(`${path}/${body.id}`, { description: 'b' })
    const reply = await invoicing.delete(`${path}/${body.id}`)
    const again = await invoicing.delete(`${path}/${body.id}`)
    expect([reply.status, reply.text]).toEqual([204, ''])
    expect([again.status, again.text]).toEqual([404, '{"error":"Expense not found"}'])
  }
  const list = await invoicing.get(path)
  expect([list.body.data, await balancesOf(business)]).toEqual([[], []])
  const next = await invoicing.post(path, van)
  expect(next.body.expense_number).toBe('EXP-00004')
})

test('404 an absent, a foreign and a deleted expense, and an absent supplier', async () => {
  const [one, other] = [await aBusiness(), await aBusiness()]
  const { body: foreign } = await other.invoicing.post(path, van)
  const { body: gone } = await one.invoicing.post(path, { ...van, status: 'paid' })
  await one.invoicing.delete(`${path}/${gone.id}`)
  for (const id of [unknownId, foreign.id, gone.id]) {
    for (const reply of [
      await one.invoicing.get(`${path}/${id}`),
      await one.invoicing.patch(`${path}/${id}`, { category: 'b' }),
      await one.invoicing.post(`${path}/${id}/approve`),
      await one.invoicing.post(`${path}/${id}/pay`),
      await one.invoicing.delete(`${path}/${id}`),
    ]) {
      expect([reply.status, reply.text]).toEqual([404, '{"error":"Expense not found"}'])
    }
  }
  const supplier = await one.write(createParty, { name: 'Moor Vans', isSupplier: true })
  const known = await one.invoicing.post(path, { ...van, supplier_id: supplier.id })
  const absent = await one.invoicing.post(path, { ...van, supplier_id: unknownId })
  expect([known.body.supplier_id, known.body.supplier_name]).toEqual([supplier.id, 'Moor Vans'])
  expect([absent.status, absent.text]).toEqual([404, '{"error":"Supplier not found"}'])
})

test('200 expenses are narrowed by every filter, and sorted', async () => {
  const { invoicing } = await aBusiness()
  await invoicing.post(path, van)
  await invoicing.post(path, { ...van, amount: 10, category: '100% fun', status: 'paid' })
  await invoicing.post(path, {
    ...{ description: 'c', amount: 500, currency: 'JPY', expense_date: '2026-06-01' },
  })
  const found = async (query: string) => {
    const { body } = await invoicing.get(`${path}?sort=expense_date&${query}`)
    return body.data.map((row: { expense_number: string }) => row.expense_number.slice(-1)).sort()
  }
  expect(await found('')).toEqual(['1', '2', '3'])
  expect(await found('status=pending')).toEqual(['1', '3'])
  expect(await found('status=pending,paid')).toEqual(['1', '2', '3'])
  expect(await found('status=approved')).toEqual([])
  expect(await found('category=TRAV')).toEqual(['1'])
  expect(await found('category=%25')).toEqual(['2'])
  expect(await found('supplier_name=moor')).toEqual(['1', '2'])
  expect(await found('expense_date_from=2026-05-05')).toEqual(['3'])
  expect(await found('expense_date_to=2026-05-04')).toEqual(['1', '2'])
  expect(await found('currency=JPY')).toEqual(['3'])
  expect(await found('min_amount=80')).toEqual(['1', '3'])
  expect(await found('max_amount=10')).toEqual(['2'])
  const wrong = await invoicing.get(`${path}?status=lost`)
  expect(wrong.status).toBe(400)
  const seen: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await invoicing.get(`${path}?limit=1&sort=-amount&cursor=${cursor}`)
    seen.push(...body.data.map((row: { amount: number }) => row.amount))
    cursor = body.pagination.next_cursor
  }
  expect(seen).toEqual([80, 10, 500])
})

test('a dry run of an expense tells how its amounts come about and what would be posted', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const dry = { 'Dry-Run': 'true' }
  const tried = await invoicing.post(path, { ...van, status: 'approved' }, dry)
  const line = (account_code: string, debit: number, credit: number) => ({
    ...{ date: '2026-05-04', account_code, debit, credit, currency: 'USD', base: debit - credit },
  })
  const { calculation, journal } = tried.body.dry_run
  expect([tried.status, tried.headers['dry-run'], calculation.total]).toEqual([200, 'true', 96])
  expect(journal).toEqual([line('6200', 80, 0), line('1150', 16, 0), line('2010', 0, 96)])
  expect((await invoicing.get(path)).body.pagination.total).toBe(0)
  const { body: kept } = await invoicing.post(path, van)
  const steps = [
    await invoicing.patch(`${path}/${kept.id}`, { amount: 100 }, dry),
    await invoicing.post(`${path}/${kept.id}/approve`, {}, dry),
    await invoicing.post(`${path}/${kept.id}/pay`, {}, dry),
  ]
  expect(
    steps.map(({ status, body }) => [
      ...[status, body.dry_run.calculation.total, body.dry_run.journal.length > 0],
    ]),
  ).toEqual([
    [200, 120, false],
    [200, 96, true],
    [200, 96, true],
  ])
  expect((await invoicing.get(`${path}/${kept.id}`)).body).toEqual(kept)
  expect(await balancesOf(business)).toEqual([])
})

test('200 null in an update clears what is optional, and gives back what is usual', async () => {
  const { invoicing } = await aBusiness()
  const { body } = await invoicing.post(path, { ...van, currency: 'EUR', reference: 'MV-1' })
  const cleared = {
    ...{ expense_date: null, currency: null, tax_rate: null, category: null, reference: null },
    ...{ expense_account_code: null, supplier_name: null },
  }
  const { status, body: after } = await invoicing.patch(`${path}/${body.id}`, cleared)
  expect([status, after]).toMatchObject([
    200,
    {
      ...{ expense_date: '2026-06-15', currency: 'USD', tax_rate: 0, category: null },
      ...{ reference: null, supplier_name: null, total: 80 },
    },
  ])
})
