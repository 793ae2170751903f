import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

const path = '/v1/period-locks'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const aBooks = async (): Promise<Client> => booksOf(await aBusiness(nigeria))

const entryOn = (transactionDate: string, post = true) => ({
  transactionDate,
  description: 'Rent',
  lines: [
    { accountId: '5020', debit: 100 },
    { accountId: '2002', credit: 100 },
  ],
  post,
})

const errorOf = ({ status, body }: Answer): unknown => [
  status,
  body.error?.code,
  body.error?.message,
]

test('200 a lock is set, moved back, listed and lifted', async () => {
  const books = await aBooks()

  await books.put(`${path}/journals`, { lockDate: '2026-04-30', reason: 'Filed' })
  const moved = await books.put(`${path}/journals`, { lockDate: '2026-03-31', reason: 'Too far' })
  const { body } = await books.get(path)
  const lifted = await books.send('DELETE', `${path}/journals`, { reason: 'Late entry' })

  expect(body.data).toEqual({
    locks: [
      {
        scope: 'journals',
        lockDate: '2026-03-31',
        hard: false,
        reason: 'Too far',
        setBy: expect.stringMatching(/^key:/),
        updatedAt: '2026-06-15T12:00:00.000Z',
      },
    ],
    count: 1,
    pagination: { total: 1, limit: 50, offset: 0, hasMore: false, nextCursor: null },
  })
  expect(moved.body.data).toEqual(body.data.locks[0])
  expect(lifted.body.data).toEqual({ id: 'journals', deleted: true })
  expect((await books.get(path)).body.data).toMatchObject({ locks: [], count: 0 })
})

test('422 nothing is posted on or before a lock of its scope, and everything after it is', async () => {
  const books = await aBooks()
  await books.put(`${path}/all`, { lockDate: '2026-04-30', reason: 'Filed' })

  const locked = await books.post('/v1/journal-entries', entryOn('2026-04-30'))
  const open = await books.post('/v1/journal-entries', entryOn('2026-05-01'))

  expect(errorOf(locked)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    '2026-04-30 is locked for all; the earliest open date is 2026-05-01',
  ])
  expect(locked.body.error.details).toEqual([
    { field: 'transactionDate', message: 'must be on or after 2026-05-01' },
  ])
  expect(open.status).toBe(201)
})

test('200 a close answers its checklist and shuts every month through its date', async () => {
  const books = await aBooks()
  await books.post('/v1/journal-entries', entryOn('2026-04-30'))

  const closed = await books.post(`${path}/close`, { throughDate: '2026-04-30', reason: 'Audited' })
  const late = await books.post('/v1/journal-entries', entryOn('2026-02-10'))

  expect([closed.status, closed.body.data]).toEqual([
    200,
    {
      throughDate: '2026-04-30',
      hard: true,
      checklist: [
        'drafts',
        'bank_lines',
        'revaluation',
        'subledger',
        'opening_equity',
        'integrity',
      ].map((check) => ({ check, result: 'ok', count: 0 })),
      sealedAt: '2026-06-15T12:00:00.000Z',
    },
  ])
  expect(errorOf(late)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    '2026-02-10 lies in a closed period; the earliest open date is 2026-05-01',
  ])
  expect((await books.get(path)).body.data.locks).toMatchObject([
    { scope: 'all', lockDate: '2026-04-30', hard: true, reason: 'Audited' },
  ])
})

test.each([
  ['a month that is closed', '2026-04-30', 409, 'The year ending 2026-04-30 is already closed'],
  [
    'a month that has not passed',
    '2026-06-30',
    422,
    'The year cannot be closed: 2026-06-30 has not passed yet',
  ],
  ['a day within a month', '2026-05-15', 400, 'Request body validation failed'],
])('%s is not closed', async (_name, throughDate, status, message) => {
  const books = await aBooks()
  await books.post(`${path}/close`, { throughDate: '2026-04-30', reason: 'Audited' })

  const refused = await books.post(`${path}/close`, { throughDate, reason: 'Again' })

  expect([refused.status, refused.body.error.message]).toEqual([status, message])
})

test('409 what ends before the books begin is no period to close', async () => {
  const books = await aBooks()

  const refused = await books.post(`${path}/close`, { throughDate: '1999-12-31', reason: 'Old' })

  expect([refused.status, refused.body.error.message]).toEqual([
    409,
    'The year ending 1999-12-31 is already closed',
  ])
  expect((await books.get(path)).body.data.locks).toEqual([])
})

test('422 drafts in the period stop a close until they are acknowledged', async () => {
  const books = await aBooks()
  const draft = await books.post('/v1/journal-entries', entryOn('2026-03-05', false))
  const close = { throughDate: '2026-03-31', reason: 'Audited' }

  const refused = await books.post(`${path}/close`, close)
  const closed = await books.post(`${path}/close`, { ...close, acknowledgeDrafts: true })

  expect(errorOf(refused)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    '1 drafts are dated in the period to 2026-03-31; post or delete them, or acknowledge them',
  ])
  expect(refused.body.error.details).toEqual([
    { field: 'drafts[0]', message: `journal entry ${draft.body.data.id} dated 2026-03-05` },
  ])
  expect(closed.body.data.checklist[0]).toEqual({ check: 'drafts', result: 'warn', count: 1 })
})

test('a closed period is reopened by people alone, and no soft lock moves back into it', async () => {
  const books = await aBooks()
  await books.post(`${path}/close`, { throughDate: '2026-03-31', reason: 'Audited' })

  const reopened = await books.post(`${path}/reopen`)
  const back = await books.put(`${path}/all`, { lockDate: '2026-01-31', reason: 'Oops' })
  const none = await books.send('DELETE', `${path}/sales`, { reason: 'Oops' })

  expect(errorOf(reopened)).toEqual([
    403,
    'FORBIDDEN',
    'Reopening a period can only be done by a person in the console',
  ])
  expect(errorOf(back)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    '2026-01-31 lies in a closed period; the earliest open date is 2026-04-01',
  ])
  expect(errorOf(none)).toEqual([404, 'NOT_FOUND', 'Period lock not found'])
})
