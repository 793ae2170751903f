import { expect, test } from 'vitest'
import { connect as surfaceOf } from '../../../src/api/connect/surface.ts'
import { manifests } from '../../../src/connectors/registry.ts'
import { runExamples } from '../../examples.ts'
import { aBusiness, aClient } from '../../harness.ts'

const surface = surfaceOf(manifests)

test('every example of every route is what the server answers', async () => {
  const { connect } = await aBusiness()
  const ran = await runExamples(surface, connect)
  const failed = ran.filter(({ problems }) => problems.length > 0)
  expect(failed.map(({ name, problems }) => [name, problems])).toEqual([])
  expect(ran.length).toBeGreaterThan(30)
})

test('200 the OpenAPI document names every route and needs no key', async () => {
  const { app } = await aBusiness()
  const { status, body } = await aClient(app, 'connect', '').get('/openapi.json')
  const described = Object.entries<object>(body.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect([status, body.openapi]).toEqual([200, '3.1.0'])
  expect(described.sort()).toEqual(
    surface.routes.map(({ method, path }) => `${method} ${path}`).sort(),
  )
})

test('operations of the contract have a name of their own', () => {
  const names = surface.routes.map(({ operation }) => operation)
  expect(new Set(names).size).toBe(names.length)
})
