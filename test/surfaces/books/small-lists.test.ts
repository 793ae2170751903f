import { expect, test } from 'vitest'
import { aBusiness, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

type Small = Readonly<{
  path: string
  /** The member that holds the rows, and the one by which they are told apart. */
  rows: string
  told: string
  /** Makes the row of a name; it is made in the order of the clock. */
  make: (books: Client, name: string) => Promise<unknown>
  /** A sort that turns the order of making, and one that keeps it. */
  down: string
  up: string
}>

const lists: readonly Small[] = [
  {
    ...{ path: '/v1/webhooks', rows: 'webhooks', told: 'description' },
    make: (books, description) =>
      books.post('/v1/webhooks', {
        ...{ url: `https://hooks.kutiprints.example/${description}`, events: ['*'], description },
      }),
    ...{ down: '-createdAt', up: 'url' },
  },
  {
    ...{ path: '/v1/api-keys', rows: 'keys', told: 'name' },
    make: (books, name) => books.post('/v1/api-keys', { name, environment: 'live' }),
    ...{ down: '-name', up: 'createdAt' },
  },
  {
    ...{ path: '/v1/period-locks', rows: 'locks', told: 'scope' },
    make: (books, scope) =>
      books.put(`/v1/period-locks/${scope}`, { lockDate: '2026-01-31', reason: 'Filed' }),
    ...{ down: '-scope', up: 'updatedAt' },
  },
]

const names = ['bank', 'payroll', 'sales']

test.each(lists.map((list) => [list.path, list] as const))(
  '200 %s is sorted, paged and narrowed to what changed since',
  async (_path, { path, rows, told, make, down, up }) => {
    const business = await aBusiness()
    const books = booksOf(business)
    for (const [minute, name] of names.entries()) {
      business.clock.set(`2026-06-15T13:0${minute}:00.000Z`)
      await make(books, name)
    }
    const read = async (query: string) => {
      const { status, body } = await books.get(`${path}?${query}`)
      expect(status).toBe(200)
      const found = body.data[rows].map((row: Record<string, string>) => row[told])
      return { names: found.filter((name: string) => names.includes(name)), body }
    }

    const since = 'updatedSince=2026-06-15T13:01:00Z'
    const first = await read(`${since}&sort=${up}&limit=1`)
    const { pagination } = first.body.data
    const second = await read(`${since}&sort=${up}&limit=1&cursor=${pagination.nextCursor}`)

    expect((await read(`sort=${up}`)).names).toEqual(names)
    expect((await read(`sort=${down}`)).names).toEqual(names.toReversed())
    expect([first.names, second.names]).toEqual([['payroll'], ['sales']])
    expect(pagination).toMatchObject({ total: 2, limit: 1, offset: 0, hasMore: true })
    expect(second.body.data.pagination).toMatchObject({ offset: 1, hasMore: false })
  },
)

test.each(lists.map(({ path }) => path))('400 %s is sorted by its members alone', async (path) => {
  const books = booksOf(await aBusiness())

  const { status, body } = await books.get(`${path}?sort=secret`)

  expect([status, body.error.code, body.error.details[0].field]).toEqual([
    400,
    'INVALID_REQUEST',
    'sort',
  ])
})
