import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

const path = '/v1/journal-entries'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const rent = {
  transactionDate: '2026-04-30',
  description: 'Rent accrual April',
  lines: [
    { accountId: '5020', debit: 250000, tags: ['lagos', 'head office', 'lagos'] },
    { accountId: '2002', credit: 250000 },
  ],
  externalId: 'erp-17',
  metadata: { batch: '7' },
}
const posted = { ...rent, post: true }

const aBooks = async (): Promise<Client> => booksOf(await aBusiness(nigeria))

const errorOf = ({ status, body }: Answer): unknown => [
  status,
  body.error?.code,
  body.error?.message,
]

const taken = [409, 'CONFLICT', 'externalId erp-17 is already used by another Journal entry']

const idsOf = ({ body }: Answer): readonly string[] =>
  body.data.journalEntries.map(({ id }: { id: string }) => id)

test('201 tags, metadata and external id are kept by a draft and by what is posted from it', async () => {
  const books = await aBooks()

  const draft = (await books.post(path, rent)).body.data
  const post = await books.post(`${path}/${draft.id}/post`)
  const found = (await books.get(`${path}/${draft.id}`)).body.data

  for (const one of [draft, post.body.data, found]) {
    expect(one).toMatchObject({ externalId: 'erp-17', metadata: { batch: '7' } })
    expect(one.lines.map(({ tags }: { tags: string[] }) => tags)).toEqual([
      ['head office', 'lagos'],
      [],
    ])
  }
})

test('200 a draft changes its metadata and gives its external id away', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, rent)).body.data

  const changed = await books.put(`${path}/${id}`, { externalId: null, metadata: { seen: 'yes' } })

  expect([changed.status, changed.body.data]).toEqual([
    200,
    expect.objectContaining({ externalId: null, metadata: { seen: 'yes' } }),
  ])
  expect((await books.post(path, posted)).status).toBe(201)
})

test('201 the same entry sent again under its external id is the entry that is there', async () => {
  const books = await aBooks()

  const replies = await Promise.all([1, 2, 3].map(() => books.post(path, posted)))
  const later = await books.post(path, posted)

  const [first] = replies
  for (const reply of [...replies, later]) {
    expect([reply.status, reply.body.data]).toEqual([201, first?.body.data])
  }
  expect((await books.get(path)).body.data.count).toBe(1)
  expect((await books.get('/v1/reports/trial-balance')).body.data.totalDebit).toBe(250_000)
})

test('409 an external id in use is refused to other content, to drafts and to posting twice', async () => {
  const books = await aBooks()
  const { id } = (await books.post(path, rent)).body.data

  expect(errorOf(await books.post(path, posted))).toEqual(taken)
  expect(errorOf(await books.post(path, rent))).toEqual(taken)
  await books.post(`${path}/${id}/post`)
  expect(errorOf(await books.post(path, { ...posted, description: 'Other' }))).toEqual(taken)
  const other = (await books.post(path, { ...rent, externalId: 'erp-18' })).body.data
  expect(errorOf(await books.put(`${path}/${other.id}`, { externalId: 'erp-17' }))).toEqual(taken)
  expect((await books.get(path)).body.data.pagination.total).toBe(2)
})

test('400 labels of wrong form are named at their place', async () => {
  const books = await aBooks()
  const bad = {
    ...rent,
    lines: [
      { ...rent.lines[0], tags: ['a,b'] },
      { ...rent.lines[1], tags: [1] },
    ],
    externalId: 'x'.repeat(256),
    metadata: { n: 1 },
  }

  const { status, body } = await books.post(path, bad)

  expect(status).toBe(400)
  expect(body.error.details.map(({ field }: { field: string }) => field)).toEqual([
    'lines[0].tags[0]',
    'lines[1].tags[0]',
    'externalId',
    'metadata.n',
  ])
})

test('200 the list is narrowed by external id, tag and time of change, and sorted', async () => {
  const business = await aBusiness(nigeria)
  const books = booksOf(business)
  const one = (await books.post(path, posted)).body.data
  const plain = { ...posted, lines: rent.lines.map(({ tags: _, ...line }) => line) }
  business.clock.set('2026-06-16T08:00:00.000Z')
  const early = { ...plain, externalId: 'erp-18', transactionDate: '2026-01-31' }
  const two = (await books.post(path, early)).body.data
  const draft = (await books.post(path, { ...rent, externalId: 'erp-19' })).body.data

  const list = async (query: string) => idsOf(await books.get(`${path}?${query}`))

  expect(await list('externalId=erp-18')).toEqual([two.id])
  expect(await list('externalId=erp-19')).toEqual([draft.id])
  expect((await list('tag=lagos&sort=createdAt'))[0]).toBe(one.id)
  expect(await list('tag=lagos&status=posted')).toEqual([one.id])
  expect(await list('tag=nowhere')).toEqual([])
  expect(await list('updatedSince=2026-06-16')).toEqual([draft.id, two.id])
  expect(await list('updatedSince=2026-06-16T09:00:00%2B01:00&status=posted')).toEqual([two.id])
  expect(await list('sort=transactionDate')).toEqual([two.id, one.id, draft.id])
  expect(await list('sort=-number')).toEqual([two.id, one.id, draft.id])
  business.clock.set('2026-06-17T08:00:00.000Z')
  const reversal = await books.post(`${path}/${one.id}/reverse`, { reason: 'Twice' })
  expect(await list('updatedSince=2026-06-17&sort=number')).toEqual([one.id, reversal.body.data.id])
  expect(reversal.body.data.lines[0].tags).toEqual(['head office', 'lagos'])
})

test('400 a sort that is not offered and a time that is none are refused', async () => {
  const books = await aBooks()

  const sort = await books.get(`${path}?sort=description`)
  const since = await books.get(`${path}?updatedSince=yesterday`)

  expect([sort.status, sort.body.error.details]).toEqual([
    400,
    [
      {
        field: 'sort',
        message:
          'must be one of: transactionDate, createdAt, number, -transactionDate, -createdAt, -number',
      },
    ],
  ])
  expect([since.status, since.body.error.details[0].field]).toEqual([400, 'updatedSince'])
})
