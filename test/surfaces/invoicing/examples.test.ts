import { expect, test } from 'vitest'
import { invoicing as surface } from '../../../src/api/invoicing/surface.ts'
import { runExamples } from '../../examples.ts'
import { aBusiness, aClient } from '../../harness.ts'

test('every example of every route is what the server answers', async () => {
  const { invoicing } = await aBusiness()
  const ran = await runExamples(surface, invoicing)
  const failed = ran.filter(({ problems }) => problems.length > 0)
  expect(failed.map(({ name, problems }) => [name, problems])).toEqual([])
  expect(ran.length).toBeGreaterThan(10)
})

test('200 the OpenAPI document names every route and needs no key', async () => {
  const { app } = await aBusiness()
  const reply = await aClient(app, 'invoicing', '').get('/api/v1/openapi.json')
  const { openapi, paths } = reply.body
  const described = Object.entries<object>(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect([reply.status, openapi]).toEqual([200, '3.1.0'])
  expect(described.sort()).toEqual(
    surface.routes.map(({ method, path }) => `${method} ${path}`).sort(),
  )
  expect(
    paths['/api/v1/invoices'].post.responses['404'].content['application/json'].examples,
  ).toEqual(
    expect.objectContaining({
      'access.business_forbidden': { value: { error: 'Business not found' } },
    }),
  )
  expect(reply.text).not.toContain('decimalsMax')
})
