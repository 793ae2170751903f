import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

const path = '/v1/journal-entries'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const accrual = {
  transactionDate: '2026-04-30',
  description: 'Rent accrual April',
  lines: [
    { accountId: '5020', debit: 250000 },
    { accountId: '2002', credit: 250000 },
  ],
}

const posted = { ...accrual, post: true }

const aBooks = async (): Promise<Client> => booksOf(await aBusiness(nigeria))

const errorOf = ({ status, body }: Answer): unknown => [
  status,
  body.error?.code,
  body.error?.message,
]

/** Every figure that a refused request must leave alone. */
async function stateOf(books: Client): Promise<string> {
  const balance = await books.get('/v1/reports/trial-balance')
  const entries = await books.get(path)
  return JSON.stringify([balance.body.data, entries.body.data])
}

test('201 the published entry is kept as a draft, member by member, and moves no balance', async () => {
  const books = await aBooks()
  const before = await books.get('/v1/reports/trial-balance')

  const { status, body, headers } = await books.post(path, accrual)

  expect(status).toBe(201)
  const { id } = body.data
  expect(id).toMatch(/^je_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  expect(headers['location']).toBe(`/books/v1/journal-entries/${id}`)
  expect(JSON.stringify(body.data)).toBe(
    `{"id":"${id}","number":null,"transactionDate":"2026-04-30T00:00:00.000Z",` +
      '"description":"Rent accrual April","sourceType":"manual","sourceId":null,"lines":[' +
      '{"accountId":"5020","accountCode":"5020","debitKobo":25000000,"debit":250000,' +
      '"creditKobo":0,"credit":0,"description":null,"accountName":"Rent","tags":[]},' +
      '{"accountId":"2002","accountCode":"2002","debitKobo":0,"debit":0,' +
      '"creditKobo":25000000,"credit":250000,"description":null,"accountName":"Accrued Expenses",' +
      '"tags":[]}],' +
      '"totalDebitKobo":25000000,"totalDebit":250000,"totalCreditKobo":25000000,' +
      '"totalCredit":250000,"status":"draft","createdAt":"2026-06-15T12:00:00.000Z",' +
      '"postedAt":null,"reversedById":null,"reversesId":null,"reference":null,' +
      '"externalId":null,"metadata":{}}',
  )
  expect((await books.get(`${path}/${id}`)).body.data).toEqual(body.data)
  expect((await books.get('/v1/reports/trial-balance')).body.data).toEqual(before.body.data)
})

test('201 an entry with post is posted at once and takes its number', async () => {
  const books = await aBooks()

  const { status, body } = await books.post(path, { ...posted, reference: 'LEASE-7' })

  expect([status, body.data]).toEqual([
    201,
    expect.objectContaining({
      number: 'JE-2026-001',
      status: 'posted',
      postedAt: '2026-06-15T12:00:00.000Z',
      reference: 'LEASE-7',
    }),
  ])
  expect((await books.get(`${path}/${body.data.id}`)).body.data).toEqual(body.data)
})

test('201 amounts in kobo and naira, codes and ids, dates and instants mean the same', async () => {
  const books = await aBooks()
  const lines = [
    { accountCode: '5020', debitKobo: 1050, debit: 10.5, credit: 0, description: ' Rent ' },
    { accountId: '1001', accountCode: '1001', creditKobo: 1050 },
  ]

  const { body } = await books.post(path, {
    transactionDate: '2026-04-30T23:30:00+01:00',
    description: 'Rent',
    lines,
    post: true,
  })

  expect(body.data).toMatchObject({
    transactionDate: '2026-04-30T00:00:00.000Z',
    lines: [
      { accountId: '5020', debitKobo: 1050, debit: 10.5, description: 'Rent' },
      { accountId: '1001', creditKobo: 1050, credit: 10.5, description: null },
    ],
  })
})

test('201 the same request again under one Idempotency-Key answers the same entry', async () => {
  const books = await aBooks()
  const headers = { 'idempotency-key': 'rent-april' }

  const first = await books.post(path, posted, headers)
  const again = await books.post(path, posted, headers)
  const other = await books.post(path, { ...posted, description: 'Other' }, headers)

  expect([again.status, again.text]).toEqual([201, first.text])
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect(errorOf(other)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    'This Idempotency-Key was used with a different request',
  ])
  expect((await books.get(path)).body.data.count).toBe(1)
})

test('200 a dry run shows the entry and keeps nothing', async () => {
  const books = await aBooks()
  const before = await stateOf(books)

  const { status, body } = await books.post(path, posted, { 'dry-run': 'true' })

  expect([status, body.data.status]).toEqual([200, 'posted'])
  expect(await stateOf(books)).toBe(before)
})

test('201 a hundred entries at once have gapless numbers', async () => {
  const books = await aBooks()

  const replies = await Promise.all(Array.from({ length: 100 }, () => books.post(path, posted)))
  const numbers = replies.map(({ body }) => body.data.number).sort()

  expect(numbers).toEqual(
    Array.from({ length: 100 }, (_unused, i) => `JE-2026-${String(i + 1).padStart(3, '0')}`),
  )
  expect((await books.get('/v1/reports/trial-balance')).body.data.totalDebit).toBe(25_000_000)
})

test('200 a draft is changed, posted under its own id, and then never changes', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, accrual)).body.data
  const lines = [
    { accountId: '5020', debit: 1 },
    { accountId: '2002', credit: 1 },
  ]

  const changed = await books.put(`${path}/${id}`, { lines, reference: 'R' })
  const cleared = await books.put(`${path}/${id}`, { reference: null })
  const post = await books.post(`${path}/${id}/post`)

  expect([changed.status, changed.body.data.totalDebit, changed.body.data.reference]).toEqual([
    200,
    1,
    'R',
  ])
  expect([cleared.body.data.totalDebit, cleared.body.data.reference]).toEqual([1, null])
  expect([post.status, post.body.data.id, post.body.data.number]).toEqual([200, id, 'JE-2026-001'])
  const late = [409, 'CONFLICT', 'Journal entry JE-2026-001 is posted and cannot be changed']
  expect(errorOf(await books.put(`${path}/${id}`, { reference: 'X' }))).toEqual(late)
  expect(errorOf(await books.post(`${path}/${id}/post`))).toEqual(late)
  expect(errorOf(await books.delete(`${path}/${id}`))).toEqual(late)
})

test('200 a deleted draft is gone', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, accrual)).body.data

  const reply = await books.delete(`${path}/${id}`)

  expect([reply.status, reply.body.data]).toEqual([200, { id, deleted: true }])
  expect(errorOf(await books.get(`${path}/${id}`))).toEqual([
    404,
    'NOT_FOUND',
    'Journal entry not found',
  ])
})

test('200 a reversal mirrors its entry with both links, and only once', async () => {
  const books = await aBooks()
  const entry = (await books.post(path, posted)).body.data

  const { status, body } = await books.post(`${path}/${entry.id}/reverse`, { reason: 'Twice' })
  const reversal = body.data
  const original = (await books.get(`${path}/${entry.id}`)).body.data

  expect(status).toBe(200)
  expect(reversal).toMatchObject({
    number: 'JE-2026-002',
    transactionDate: '2026-04-30T00:00:00.000Z',
    sourceType: 'reversal',
    status: 'posted',
    reversesId: entry.id,
    lines: [
      { accountId: '5020', creditKobo: 25000000 },
      { accountId: '2002', debitKobo: 25000000 },
    ],
  })
  expect([original.status, original.reversedById]).toEqual(['reversed', reversal.id])
  expect((await books.get('/v1/reports/trial-balance')).body.data.accounts).toEqual([])
  const again = await books.post(`${path}/${entry.id}/reverse`, { reason: 'Thrice' })
  expect(errorOf(again)).toEqual([
    409,
    'CONFLICT',
    'Journal entry JE-2026-001 was already reversed by JE-2026-002',
  ])
  expect(errorOf(await books.put(`${path}/${entry.id}`, { reference: 'X' }))).toEqual([
    409,
    'CONFLICT',
    'Journal entry JE-2026-001 is reversed and cannot be changed',
  ])
})

test('200 a reversal may be dated later, never before its original', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, posted)).body.data
  const reverse = (reversalDate: string) =>
    books.post(`${path}/${id}/reverse`, { reason: 'Twice', reversalDate })

  expect(errorOf(await reverse('2026-04-29'))).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    'A reversal may not be dated before 2026-04-30',
  ])
  expect((await reverse('2026-05-02')).body.data.transactionDate).toBe('2026-05-02T00:00:00.000Z')
})

test('409 a draft is not reversed', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, accrual)).body.data

  const reply = await books.post(`${path}/${id}/reverse`, { reason: 'Twice' })

  expect(errorOf(reply)).toEqual([409, 'CONFLICT', 'Journal entry (draft) is not posted'])
})

test('200 the list is newest first and can be filtered', async () => {
  const business = await aBusiness(nigeria)
  const books = booksOf(business)
  const may = { ...posted, transactionDate: '2026-05-31', description: 'May' }
  const { id } = (await books.post(path, may)).body.data
  await books.post(path, accrual)
  await books.post(path, {
    ...posted,
    description: 'Cash',
    lines: [
      { accountId: '1001', debit: 5 },
      { accountId: '3001', credit: 5 },
    ],
  })
  business.clock.set('2026-06-15T12:00:01.000Z')
  await books.post(`${path}/${id}/reverse`, { reason: 'Twice' })
  const found = async (query: string): Promise<unknown> => {
    const { journalEntries } = (await books.get(`${path}${query}`)).body.data
    return journalEntries.map(
      ({ description, status }: Record<string, string>) => `${description} ${status}`,
    )
  }
  const mirror = 'Reversal of JE-2026-001: Twice posted'

  const all = (await books.get(`${path}?limit=3`)).body.data
  const next = (await books.get(`${path}?limit=3&cursor=${all.pagination.nextCursor}`)).body.data

  expect([all.count, next.count, all.pagination.total, next.pagination.hasMore]).toEqual([
    3,
    1,
    4,
    false,
  ])
  expect(await found('?status=draft')).toEqual(['Rent accrual April draft'])
  expect(await found('?status=posted')).toEqual([mirror, 'Cash posted'])
  expect(await found('?status=reversed')).toEqual(['May reversed'])
  expect(await found('?startDate=2026-05-01&endDate=2026-05-31')).toEqual([mirror, 'May reversed'])
  expect(await found('?sourceType=reversal')).toEqual([mirror])
  expect(await found('?sourceType=invoice')).toEqual([])
  expect(await found('?accountId=1001')).toEqual(['Cash posted'])
  expect(await found('?accountId=5020&sourceType=manual')).toEqual([
    'May reversed',
    'Rent accrual April draft',
  ])
})

test.each([
  ['?limit=101', 'limit', 'must be between 1 and 100'],
  ['?status=void', 'status', 'must be one of: draft, posted, reversed'],
  ['?startDate=2026-02-30', 'startDate', 'must be a valid date (YYYY-MM-DD)'],
  ['/je_nonsense?x=1', 'id', 'is not valid'],
])('400 %s is an INVALID_REQUEST', async (query, field, message) => {
  const books = await aBooks()

  const { status, body } = await books.get(`${path}${query}`)

  expect([status, body.error.code, body.error.details]).toEqual([
    400,
    'INVALID_REQUEST',
    [{ field, message }],
  ])
})

const debit = { accountId: '5020', debit: 10 }
const credit = { accountId: '2002', credit: 10 }

test.each<[string, unknown, readonly (readonly [string, string])[]]>([
  [
    'without members',
    { transactionDate: undefined, description: undefined, lines: undefined },
    [
      ['transactionDate', 'is required'],
      ['description', 'is required'],
      ['lines', 'is required'],
    ],
  ],
  [
    'of wrong types',
    { transactionDate: 'today', description: 7, lines: 'two' },
    [
      ['transactionDate', 'must be a valid date (YYYY-MM-DD)'],
      ['description', 'must be a string'],
      ['lines', 'must be an array'],
    ],
  ],
  ['with one line', { lines: [debit] }, [['lines', 'must contain between 2 and 1000 items']]],
  [
    'with 1,001 lines',
    { lines: Array.from({ length: 1001 }, () => debit) },
    [['lines', 'must contain between 2 and 1000 items']],
  ],
  [
    'with a line without an amount',
    { lines: [debit, { accountId: '2002' }] },
    [['lines[1]', 'must have exactly one of debit, credit']],
  ],
  [
    'with a line of zero',
    { lines: [debit, { accountId: '2002', credit: 0 }] },
    [['lines[1]', 'must have exactly one of debit, credit']],
  ],
  [
    'with a line of two sides',
    { lines: [{ ...debit, credit: 10 }, credit] },
    [['lines[0]', 'must have exactly one of debit, credit']],
  ],
  [
    'with lines without accounts',
    { lines: [{ debit: 10 }, { credit: 10 }] },
    [
      ['lines[0].accountId', 'is required'],
      ['lines[1].accountId', 'is required'],
    ],
  ],
  [
    'with a negative amount',
    { lines: [{ ...debit, debit: -10 }, credit] },
    [['lines[0].debit', 'must be between 0 and 10000000000000']],
  ],
  [
    'with too many decimals',
    { lines: [{ ...debit, debit: 10.005 }, credit] },
    [['lines[0].debit', 'must have at most 2 decimal places']],
  ],
  [
    'with more digits than a number holds',
    { lines: [{ ...debit, debit: 123456789.1234567 }, credit] },
    [['lines[0].debit', 'has more than 15 significant digits']],
  ],
  [
    'with amounts that disagree',
    { lines: [{ ...debit, debitKobo: 1001 }, credit] },
    [['lines[0].debitKobo', 'must have exactly one of debit, debitKobo']],
  ],
  [
    'with an amount as text',
    { lines: [{ ...debit, debit: '10' }, credit] },
    [['lines[0].debit', 'must be a number']],
  ],
  [
    'with a description that is too long',
    { description: 'x'.repeat(501) },
    [['description', 'must not be longer than 500 characters']],
  ],
  [
    'with a NUL in a text',
    { description: 'a\0b' },
    [['description', 'contains characters that are not allowed']],
  ],
])('400 an entry %s is a VALIDATION_ERROR and changes nothing', async (_name, wrong, details) => {
  const books = await aBooks()
  const before = await stateOf(books)

  const { status, body } = await books.post(path, { ...posted, ...(wrong as object) })

  expect([status, body.error.code, body.error.message]).toEqual([
    400,
    'VALIDATION_ERROR',
    'Request body validation failed',
  ])
  expect(body.error.details).toEqual(details.map(([field, message]) => ({ field, message })))
  expect(await stateOf(books)).toBe(before)
})

test('400 an unknown member is refused only when strictness is asked for', async () => {
  const books = await aBooks()
  const odd = { ...posted, colour: 'red', lines: [{ ...debit, tint: 1 }, credit] }

  const lax = await books.post(path, odd)
  const strict = await books.post(path, odd, { 'tallystick-strict': 'true' })

  expect(lax.status).toBe(201)
  expect([strict.status, strict.body.error.details]).toEqual([
    400,
    [
      { field: 'lines[0].tint', message: 'is not a known field' },
      { field: 'colour', message: 'is not a known field' },
    ],
  ])
})

test.each([true, false])('400 UNBALANCED_JOURNAL as documented, with post %s', async (post) => {
  const books = await aBooks()
  const before = await stateOf(books)
  const lines = [
    { accountId: '5020', debit: 1000 },
    { accountId: '9999', credit: 900 },
  ]

  const { status, body } = await books.post(path, { ...accrual, lines, post })

  const message = 'Debits (1000.00 NGN) and credits (900.00 NGN) differ by 100.00 NGN'
  expect([status, body.error]).toEqual([
    400,
    {
      code: 'UNBALANCED_JOURNAL',
      message,
      details: [{ field: 'lines', message }],
      requestId: expect.stringMatching(/^req_/),
    },
  ])
  expect(await stateOf(books)).toBe(before)
})

test('400 a draft is not changed into an unbalanced one', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, accrual)).body.data
  const lines = [debit, { ...credit, credit: 9.99 }]

  const { status, body } = await books.put(`${path}/${id}`, { lines })

  expect([status, body.error.code]).toEqual([400, 'UNBALANCED_JOURNAL'])
  expect((await books.get(`${path}/${id}`)).body.data.totalDebit).toBe(250000)
})

test('404 an entry of another business is absent on every route', async () => {
  const other = await aBooks()
  const { id } = (await other.post(path, accrual)).body.data
  const books = await aBooks()
  const absent = [404, 'NOT_FOUND', 'Journal entry not found']

  expect(errorOf(await books.get(`${path}/${id}`))).toEqual(absent)
  expect(errorOf(await books.put(`${path}/${id}`, { reference: 'X' }))).toEqual(absent)
  expect(errorOf(await books.delete(`${path}/${id}`))).toEqual(absent)
  expect(errorOf(await books.post(`${path}/${id}/post`))).toEqual(absent)
  expect(errorOf(await books.post(`${path}/${id}/reverse`, { reason: 'X' }))).toEqual(absent)
  expect((await other.get(`${path}/${id}`)).status).toBe(200)
})

test.each([
  ['9999', 'Account 9999 does not exist'],
  ['1021', 'Account 1021 is a control account; use invoices and receipts instead'],
  ['4001', 'Account 4001 is inactive'],
])('422 a line on account %s is refused and changes nothing', async (accountId, message) => {
  const books = await aBooks()
  await books.put('/v1/chart-of-accounts/4001', { isActive: false })
  const before = await stateOf(books)

  for (const post of [true, false]) {
    const lines = [debit, { accountId, credit: 10 }]
    const reply = await books.post(path, { ...accrual, lines, post })
    expect(errorOf(reply)).toEqual([422, 'BUSINESS_LOGIC_ERROR', message])
  }
  expect(await stateOf(books)).toBe(before)
})

test.each([
  ['2024-12-31', '2024-12-31 is outside the accepted range 2025-01-01 to 2027-06-16'],
  ['2027-06-17', '2027-06-17 is outside the accepted range 2025-01-01 to 2027-06-16'],
])('422 nothing is posted on %s', async (transactionDate, message) => {
  const books = await aBooks()

  const reply = await books.post(path, { ...posted, transactionDate })

  expect(errorOf(reply)).toEqual([422, 'BUSINESS_LOGIC_ERROR', message])
})

test.each([
  ['hard', '2026-04-30 lies in a closed period; the earliest open date is 2026-05-01'],
  ['soft', '2026-04-30 is locked for all; the earliest open date is 2026-05-01'],
])(
  '422 nothing is posted under a %s lock, and drafts are not touched by it',
  async (kind, message) => {
    const business = await aBusiness(nigeria)
    const books = booksOf(business)
    await business.owner.query(
      `insert into period_lock (business_id, seq, kind, scope, through_date, reason, set_by, recorded_at)
     values ($1, 1, $2, 'all', '2026-04-30', 'Filed', 'operator', now())`,
      [business.businessId, kind],
    )

    const draft = await books.post(path, accrual)
    const entry = await books.post(path, posted)

    expect(draft.status).toBe(201)
    expect(errorOf(entry)).toEqual([422, 'BUSINESS_LOGIC_ERROR', message])
  },
)

test('422 an amount beyond what the books hold is refused', async () => {
  const books = await aBooks()
  const lines = [
    { accountId: '5020', debit: 10_000_000_000_000 },
    { accountId: '2002', credit: 10_000_000_000_000 },
  ]

  expect(errorOf(await books.post(path, { ...posted, lines }))).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    'The amount is too large',
  ])
})
