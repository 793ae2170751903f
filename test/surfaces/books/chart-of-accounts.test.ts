import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'
import { booksOf } from './client.ts'

const path = '/v1/chart-of-accounts'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const sale = {
  transactionDate: '2026-04-15',
  description: 'Cash sale',
  lines: [
    { accountId: '1001', debit: 2150 },
    { accountId: '4000', credit: 2150 },
  ],
  post: true,
}

test('200 an account shows its balance in its own direction', async () => {
  const books = booksOf(await aBusiness(nigeria))
  await books.post('/v1/journal-entries', sale)

  const { status, body } = await books.get(`${path}/4000`)

  expect(status).toBe(200)
  expect(JSON.stringify(body.data)).toBe(
    '{"id":"4000","code":"4000","name":"Revenue","category":"revenue",' +
      '"subcategory":"operating_revenue","balanceKobo":215000,"balance":2150,' +
      '"isSystemAccount":true,"isActive":true,"createdAt":"2026-06-15T12:00:00.000Z",' +
      '"description":null,"role":"revenue","currency":null,"externalId":null,"metadata":{}}',
  )
})

test('200 the chart is listed by code, in pages', async () => {
  const books = booksOf(await aBusiness(nigeria))

  const first = (await books.get(path)).body.data
  const second = (await books.get(`${path}?cursor=${first.pagination.nextCursor}`)).body.data
  const codes = [...first.accounts, ...second.accounts].map(({ code }) => code)

  expect([first.count, second.count]).toEqual([50, 32])
  expect(first.pagination).toMatchObject({ total: 82, limit: 50, offset: 0, hasMore: true })
  expect(second.pagination).toMatchObject({ offset: 50, hasMore: false, nextCursor: null })
  expect(codes).toEqual([...codes].sort())
})

test('200 the chart is sorted by name or age, and narrowed to what changed since', async () => {
  const business = await aBusiness(nigeria)
  const books = booksOf(business)
  business.clock.set('2026-06-16T09:00:00.000Z')
  await books.post(path, { code: '5999', name: 'Zebra feed', category: 'expense' })
  await books.put(`${path}/5020`, { name: 'Aaron rents' })
  const codes = async (query: string) => {
    const { status, body } = await books.get(`${path}?limit=2&${query}`)
    return [status, body.data.pagination.total, ...body.data.accounts.map(({ code = '' }) => code)]
  }

  expect(await codes('updatedSince=2026-06-16T09:00:00Z')).toEqual([200, 2, '5020', '5999'])
  expect(await codes('updatedSince=2026-06-17')).toEqual([200, 0])
  expect(await codes('sort=name')).toEqual([200, 83, '5020', expect.any(String)])
  expect(await codes('sort=-name')).toEqual([200, 83, '5999', expect.any(String)])
  expect(await codes('sort=-createdAt')).toEqual([200, 83, '5999', expect.any(String)])
})

test('200 the chart is filtered by category and by being active', async () => {
  const books = booksOf(await aBusiness(nigeria))
  await books.put(`${path}/4001`, { isActive: false })

  const active = (await books.get(`${path}?category=revenue`)).body.data
  const archived = (await books.get(`${path}?isActive=false`)).body.data

  expect(active.accounts.map(({ code }: { code: string }) => code)).toEqual([
    '4000',
    '4003',
    '4010',
    '4011',
    '4012',
    '4013',
  ])
  expect(archived.accounts).toMatchObject([{ code: '4001', isActive: false }])
})

test('201 an account sent again under its external id is the account that is there', async () => {
  const books = booksOf(await aBusiness(nigeria))
  const gifts = { code: '5998', name: 'Gifts', category: 'expense' }
  const labelled = { ...gifts, externalId: 'erp-7', metadata: { b: '2', a: '1' } }

  const made = await books.post(path, labelled)
  const again = await books.post(path, { ...labelled, metadata: { a: '1', b: '2' } })
  const other = await books.post(path, { ...labelled, code: '5997' })
  const found = (await books.get(`${path}?externalId=erp-7`)).body.data

  expect([made.status, made.body.data.externalId, made.body.data.metadata]).toEqual([
    201,
    'erp-7',
    { a: '1', b: '2' },
  ])
  expect([again.status, again.body.data]).toEqual([201, made.body.data])
  expect([other.status, other.body.error.message]).toEqual([
    409,
    'externalId erp-7 is already used by another Account',
  ])
  expect(found.accounts).toEqual([made.body.data])
})

test('200 labels change on system accounts too, and an external id is given away', async () => {
  const books = booksOf(await aBusiness(nigeria))

  const system = await books.put(`${path}/1021`, { externalId: 'ar', metadata: { team: 'sales' } })
  const taken = await books.put(`${path}/5020`, { externalId: 'ar' })
  const freed = await books.put(`${path}/1021`, { externalId: null })
  const moved = await books.put(`${path}/5020`, { externalId: 'ar' })

  expect(system.body.data).toMatchObject({ externalId: 'ar', metadata: { team: 'sales' } })
  expect([taken.status, taken.body.error.code]).toEqual([409, 'CONFLICT'])
  expect(freed.body.data).toMatchObject({ externalId: null, metadata: { team: 'sales' } })
  expect(moved.body.data).toMatchObject({ id: '5020', externalId: 'ar' })
})

test('201 an account is added and takes postings at once', async () => {
  const books = booksOf(await aBusiness(nigeria))
  const account = { code: '4002', name: ' Repairs ', category: 'revenue', description: 'Workshop' }

  const { status, body, headers } = await books.post(path, account)
  const posted = await books.post('/v1/journal-entries', {
    ...sale,
    lines: [sale.lines[0], { accountId: '4002', credit: 2150 }],
  })

  expect(status).toBe(201)
  expect(headers['location']).toBe('/books/v1/chart-of-accounts/4002')
  expect(body.data).toEqual({
    id: '4002',
    code: '4002',
    name: 'Repairs',
    category: 'revenue',
    subcategory: 'operating_revenue',
    balanceKobo: 0,
    balance: 0,
    isSystemAccount: false,
    isActive: true,
    createdAt: '2026-06-15T12:00:00.000Z',
    description: 'Workshop',
    role: null,
    currency: null,
    externalId: null,
    metadata: {},
  })
  expect(posted.status).toBe(201)
})

test('200 name and subcategory of a system account may change', async () => {
  const books = booksOf(await aBusiness(nigeria))
  const changes = { name: 'Sales', subcategory: 'other_income', code: '4999', category: 'asset' }

  const { status, body } = await books.put(`${path}/4000`, changes)

  expect(status).toBe(200)
  expect(body.data).toMatchObject({
    code: '4000',
    name: 'Sales',
    category: 'revenue',
    subcategory: 'other_income',
  })
})

test.each([
  [{}, ['code', 'name', 'category'].map((field) => ({ field, message: 'is required' }))],
  [{ code: '12', name: 'x', category: 'asset' }, [{ field: 'code', message: 'is not valid' }]],
  [
    { code: '4002', name: 7, category: 'income' },
    [
      { field: 'name', message: 'must be a string' },
      {
        field: 'category',
        message: 'must be one of: asset, liability, equity, revenue, expense, cost_of_sales',
      },
    ],
  ],
  [
    { code: '4002', name: 'x', category: 'equity', subcategory: 'tax_expense' },
    [{ field: 'subcategory', message: 'must be one of: equity' }],
  ],
])('400 the account %j is a VALIDATION_ERROR', async (account, details) => {
  const books = booksOf(await aBusiness(nigeria))

  const { status, body } = await books.post(path, account)

  expect([status, body.error.code, body.error.details]).toEqual([400, 'VALIDATION_ERROR', details])
})

test.each([
  ['?limit=101', 'limit', 'must be between 1 and 100'],
  ['?limit=0', 'limit', 'must be between 1 and 100'],
  ['?isActive=maybe', 'isActive', 'must be true or false'],
  ['?cursor=nonsense', 'cursor', 'Cursor is not valid or belongs to another query'],
])('400 the list query %s is an INVALID_REQUEST', async (query, field, message) => {
  const books = booksOf(await aBusiness())

  const { status, body } = await books.get(`${path}${query}`)

  expect([status, body.error.code, body.error.details]).toEqual([
    400,
    'INVALID_REQUEST',
    [{ field, message }],
  ])
})

test('404 an account of another business is absent', async () => {
  const other = booksOf(await aBusiness(nigeria))
  await other.post(path, { code: '4002', name: 'Repairs', category: 'revenue' })
  const books = booksOf(await aBusiness(nigeria))

  const read = await books.get(`${path}/4002`)
  const write = await books.put(`${path}/4002`, { name: 'Mine' })

  for (const { status, body } of [read, write]) {
    expect([status, body.error.code, body.error.message]).toEqual([
      404,
      'NOT_FOUND',
      'Account not found',
    ])
  }
})

test.each([
  ['1003', 'Account code 1003 belongs to a system account'],
  ['5020', 'Account code 5020 is already used'],
])('409 the taken code %s is a CONFLICT', async (code, message) => {
  const books = booksOf(await aBusiness(nigeria))

  const { status, body } = await books.post(path, { code, name: 'Twin', category: 'asset' })

  expect([status, body.error.code, body.error.message]).toEqual([409, 'CONFLICT', message])
})

test('409 an account with a balance stays active', async () => {
  const books = booksOf(await aBusiness(nigeria))
  const lines = [
    { accountId: '1001', debit: 2150 },
    { accountId: '4001', credit: 2150 },
  ]
  await books.post('/v1/journal-entries', { ...sale, lines })

  const { status, body } = await books.put(`${path}/4001`, { isActive: false })

  expect([status, body.error.code, body.error.message]).toEqual([
    409,
    'CONFLICT',
    'Account 4001 has postings and cannot be deleted',
  ])
})

test.each([{ isActive: false }, { description: 'Ours' }])(
  '422 a system account refuses %j',
  async (changes) => {
    const books = booksOf(await aBusiness(nigeria))

    const { status, body } = await books.put(`${path}/1021`, changes)

    expect([status, body.error.code, body.error.message]).toEqual([
      422,
      'BUSINESS_LOGIC_ERROR',
      'Account 1021 is a system account; only name and subcategory may change',
    ])
  },
)
