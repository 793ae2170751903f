import { expect, test } from 'vitest'
import { type Answer, aBusiness, aClient, type Business, type Client } from '../../harness.ts'

const path = '/apiKeys'

const errorOf = ({ status, body }: Answer): unknown => [status, body.error]

const clientWith = ({ app }: Business, key: string): Client =>
  aClient(app, 'connect', `Basic ${Buffer.from(key).toString('base64')}`)

const outdated = 'You are using an outdated API key or a key not associated with that resource.'

test('201 a key is shown once, works at once, and is listed masked', async () => {
  const business = await aBusiness()
  const { connect } = business

  const made = await connect.post(path, { name: 'azure-invoice-finance' })

  const { apiKey, ...row } = made.body
  expect([made.status, row]).toEqual([
    201,
    {
      id: expect.any(String),
      name: 'azure-invoice-finance',
      createdDate: '2026-06-15T12:00:00.000Z',
    },
  ])
  const masked = `${apiKey.slice(0, 4)}${'*'.repeat(32)}${apiKey.slice(-4)}`
  expect((await connect.get(path)).body.results).toContainEqual({ ...row, apiKey: masked })
  expect((await clientWith(business, apiKey).get('/companies')).status).toBe(200)
})

test('201 a key needs no name, and the same request again shows the same', async () => {
  const { connect } = await aBusiness()
  const headers = { 'idempotency-key': 'first-key' }

  const first = await connect.post(path, undefined, headers)
  const again = await connect.post(path, undefined, headers)

  expect([first.status, again.status, again.text]).toEqual([201, 201, first.text])
  expect((await connect.get(path)).body.results).toHaveLength(2)
})

test('400 a name of 51 characters, in the words of the contract', async () => {
  const { connect } = await aBusiness()

  const refused = await connect.post(path, { name: 'n'.repeat(51) })

  expect(errorOf(refused)).toEqual([400, 'Max string length (50) for `name` reached.'])
  expect((await connect.get(path)).body.results).toHaveLength(1)
})

test('409 the eleventh key is refused, however many ask at once', async () => {
  const { connect } = await aBusiness()

  const answers = await Promise.all(
    Array.from({ length: 14 }, (_unused, i) => connect.post(path, { name: `Key ${i}` })),
  )

  const refused = answers.filter(({ status }) => status !== 201)
  expect(refused.map(errorOf)).toEqual(
    Array(5).fill([
      409,
      'Maximum number of API keys reached. To create a new API key, delete an unused key and try again.',
    ]),
  )
  expect((await connect.get(path)).body.results).toHaveLength(10)
})

test('204 a deleted key has no body and is refused from then on', async () => {
  const business = await aBusiness()
  const { connect } = business
  const { body } = await connect.post(path, { name: 'Old' })
  const old = clientWith(business, body.apiKey)

  const deleted = await old.delete(`${path}/${body.id}`)
  const again = await connect.delete(`${path}/${body.id}`)

  expect([deleted.status, deleted.text, deleted.headers['content-type']]).toEqual([
    204,
    '',
    undefined,
  ])
  expect(errorOf(again)).toEqual([404, `API key ${body.id} not found`])
  expect(errorOf(await old.get('/companies'))).toEqual([403, outdated])
})

test('409 the last key stays', async () => {
  const { connect } = await aBusiness()
  const [only] = (await connect.get(path)).body.results

  const refused = await connect.delete(`${path}/${only.id}`)

  expect(errorOf(refused)).toEqual([409, 'The last API key cannot be deleted'])
  expect((await connect.get(path)).status).toBe(200)
})

test('403 and 405 a key without the right, and a method that is not there', async () => {
  const { connect, clientOf } = await aBusiness()
  const reader = await clientOf('connect', { scopes: ['read'] })

  expect(errorOf(await reader.get(path))).toEqual([
    403,
    'Insufficient permissions. Required: manage',
  ])
  expect(errorOf(await connect.put(path, {}))).toEqual([405, 'Method Not Allowed'])
})
