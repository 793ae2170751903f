import { expect, test } from 'vitest'
import { books as surface } from '../../../src/api/books/surface.ts'
import { runExamples } from '../../examples.ts'
import { aBusiness, aClient } from '../../harness.ts'
import { booksOf } from './client.ts'

test('every example of every route is what the server answers', async () => {
  const business = await aBusiness({ baseCurrency: 'NGN', country: 'NG', chart: 'generic' })

  const ran = await runExamples(surface, booksOf(business), { idOf: ({ body }) => body.data.id })

  const failed = ran.filter(({ problems }) => problems.length > 0)
  expect(failed.map(({ name, problems }) => [name, problems])).toEqual([])
  expect(ran.length).toBeGreaterThan(20)
})

test('200 the OpenAPI document names every route and needs no key', async () => {
  const { app } = await aBusiness()

  const { status, body } = await aClient(app, 'books', '').get('/v1/openapi.json')

  const described = Object.entries<object>(body.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect([status, body.openapi]).toEqual([200, '3.1.0'])
  expect(described.sort()).toEqual(
    surface.routes.map(({ method, path }) => `${method} ${path}`).sort(),
  )
})
