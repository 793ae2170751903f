import { expect, test } from 'vitest'
import { assert } from '../../../src/kernel/assert.ts'
import { revokeKey } from '../../../src/modules/access/api-key.actions.ts'
import { listKeys } from '../../../src/modules/access/api-key.queries.ts'
import { type Answer, aBusiness, aClient, type Client } from '../../harness.ts'
import { aCompany, aLinkedCompany } from './linked.ts'

const absent = 'f0d8c5f6-6a9a-4e4c-9f14-1dd1c5b9b1e7'
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Status, service, text, number and retry of an error whose body is in order. */
function said({ status, body, headers }: Answer): readonly unknown[] {
  expect(body.statusCode).toBe(status)
  expect(body.correlationId).toMatch(guid)
  expect(headers['x-request-id']).toBe(body.correlationId)
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
  const names = ['statusCode', 'service', 'error', 'correlationId', 'validation']
  const known = [...names, 'canBeRetried', 'detailedErrorCode']
  expect(Object.keys(body)).toEqual(known.filter((name) => name in body))
  expect([Object.keys(body).at(-2), Object.keys(body).at(-1)]).toEqual(known.slice(-2))
  return [status, body.service, body.error, body.detailedErrorCode, body.canBeRetried]
}

const unauthorized = (number: number) => [401, 'PublicApi', 'Unauthorized', number, 'False']
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

test('401 a key that is missing, of another scheme, malformed or unknown', async () => {
  const { app, connect } = await aBusiness()
  const key = Buffer.from(connect.authorization.slice(6), 'base64').toString()
  const ask = (authorization: string) => aClient(app, 'connect', authorization).get('/companies')

  expect(said(await ask(''))).toEqual(unauthorized(1201))
  expect((await ask('')).headers['www-authenticate']).toBe('Basic realm="connect"')
  expect(said(await ask(`Bearer ${key}`))).toEqual(unauthorized(1202))
  expect(said(await ask(`Basic  ${key}`))).toEqual(unauthorized(1202))
  expect(said(await ask('Basic !!!'))).toEqual(unauthorized(1202))
  expect(said(await ask(basic('short')))).toEqual(unauthorized(1202))
  const flipped = key.endsWith('0') ? `${key.slice(0, -1)}1` : `${key.slice(0, -1)}0`
  expect(said(await ask(basic(flipped)))).toEqual(unauthorized(1204))
  expect((await ask(basic(`${key}:`))).status).toBe(200)
})

test('403 a key that was deleted is outdated', async () => {
  const { organizationId, read, write, connect } = await aBusiness()
  const keys = await read((db) => listKeys(db, { organizationId, surface: 'connect' }))
  const [key] = keys
  assert(key !== undefined, 'the business has a key')
  await write(revokeKey, { keyId: key.id }, { organizationId })

  expect(said(await connect.get('/companies'))).toEqual([
    403,
    'PublicApi',
    'You are using an outdated API key or a key not associated with that resource.',
    1206,
    'False',
  ])
})

test('403 a key without the scope of the route', async () => {
  const { clientOf } = await aBusiness()
  const reader = await clientOf('connect', { scopes: ['read'] })

  expect((await reader.get('/companies')).status).toBe(200)
  expect(said(await reader.post('/companies', { name: 'A' }))).toEqual([
    403,
    'PublicApi',
    'Insufficient permissions. Required: manage',
    1211,
    'False',
  ])
})

test('402 the account of a trial is older than 365 days, on every route', async () => {
  const { connect, clock } = await aBusiness({
    plans: { invoicing: 'basic', books: 'premium', connect: 'trial' },
  })
  clock.set('2027-06-15T12:00:00.000Z')
  expect((await connect.get('/companies')).status).toBe(200)
  clock.set('2027-06-15T12:00:00.001Z')

  const answer = await connect.get('/companies')
  expect(said(answer)).toEqual([402, 'PublicApi', 'Payment Required', 1408, 'False'])
  expect(answer.body.validation).toEqual({
    errors: [{ message: 'Account expired. Learn more at http://127.0.0.1:4400/docs/limits' }],
    warnings: [],
  })
})

test('402 the 51st company of a trial, and none of sixty at once gets past it', async () => {
  const { connect } = await aBusiness({
    plans: { invoicing: 'basic', books: 'premium', connect: 'trial' },
  })
  const make = () => connect.post('/companies', { name: 'One of many' })
  for (let made = 0; made < 49; made += 1) expect((await make()).status).toBe(200)

  const answers = await Promise.all(Array.from({ length: 60 }, make))

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  const [refused] = answers.filter(({ status }) => status !== 200)
  expect(refused && said(refused)).toEqual([
    402,
    'PublicApi',
    'CompanyValidationException: Company limit exceeded',
    1405,
    'False',
  ])
  expect(refused?.body.validation).toEqual({
    errors: [
      {
        itemId: 'Company',
        message: 'Company limit exceeded. Learn more at http://127.0.0.1:4400/docs/limits',
        validatorName: 'CreateCompany',
      },
    ],
    warnings: [],
  })
  const listed = await connect.get('/companies?pageSize=1')
  expect((await connect.delete(`/companies/${listed.body.results[0].id}`)).status).toBe(204)
  expect((await make()).status).toBe(200)
})

test('404 paths that lead nowhere, before any key is looked at', async () => {
  const { app, connect } = await aBusiness()
  const nobody = aClient(app, 'connect', '')

  expect(said(await nobody.get('/nope'))).toEqual([404, 'PublicApi', 'NotFound', 1019, 'False'])
  const refused = await connect.send('DELETE', '/companies')
  expect(said(refused)).toEqual([405, 'PublicApi', 'Method Not Allowed', 1020, 'False'])
  expect(refused.headers['allow']).toBe('GET, HEAD, POST')
  const company = await aCompany()
  expect(said(await company.get('/data/nonsense'))).toEqual([
    404,
    'PublicApi',
    'NotFound',
    1019,
    'False',
  ])
})

test('404 companies, connections and datasets that are absent, malformed or another client’s', async () => {
  const mine = await aLinkedCompany()
  const other = await aLinkedCompany()
  const { connect } = mine
  const noCompany = (id: string) => [
    404,
    'ClientsApi',
    `No company was found with ID ${id}`,
    3001,
    'False',
  ]
  for (const id of [absent, 'zz', other.companyId]) {
    expect(said(await connect.get(`/companies/${id}`))).toEqual(noCompany(id))
    expect(said(await connect.get(`/companies/${id}/data/invoices`))).toEqual(noCompany(id))
    expect(said(await connect.delete(`/companies/${id}`))).toEqual(noCompany(id))
    expect(said(await connect.post(`/companies/${id}/connections`, {}))).toEqual(noCompany(id))
  }
  for (const id of [absent, 'zz', other.connectionId]) {
    const expected = [404, 'PublicApi', `Data connection ${id} not found`, 3002, 'False']
    const path = mine.connectionPath(id)
    expect(said(await connect.get(path))).toEqual(expected)
    expect(said(await connect.patch(path, { status: 'Unlinked' }))).toEqual(expected)
    expect(said(await connect.get(`${path}/data/customers`))).toEqual(expected)
  }
  expect(said(await mine.get(`/data/history/${absent}`))).toEqual([
    404,
    'PullApi',
    `No data set was found with ID ${absent}`,
    3010,
    'False',
  ])
  expect(said(await connect.get('/integrations/zzzz'))).toEqual([
    404,
    'PublicApi',
    'No integration with key zzzz',
    3003,
    'False',
  ])
})

test('404 records that are absent, and data types that the platform does not have', async () => {
  const { get, connect, connectionPath, connectionId } = await aLinkedCompany()

  for (const id of [absent, '12345']) {
    expect(said(await get(`/data/invoices/${id}`))).toEqual([
      404,
      'PublicApi',
      `No data available for invoices for ID ${id}`,
      3006,
      'False',
    ])
  }
  const unsupported = [
    404,
    'PullApi',
    'Datatype itemReceipts not supported by platform(s) Tallystick',
    3004,
    'False',
  ]
  expect(said(await get('/data/itemReceipts'))).toEqual(unsupported)
  expect(said(await get('/data/itemReceipts/1'))).toEqual(unsupported)
  const path = `${connectionPath(connectionId)}/data/ITEMRECEIPTS`
  expect(said(await connect.get(path))).toEqual(unsupported)
})

test('400 queries that cannot be read', async () => {
  const { connect, get } = await aLinkedCompany()
  const malformed = 'Error parsing query - Malformed query.'

  expect(said(await connect.get('/companies?query=name'))).toEqual([
    ...[400, 'ClientsApi', malformed, 1014, 'False'],
  ])
  expect(said(await get('/data/invoices?query=status%3D'))).toEqual([
    ...[400, 'PullApi', malformed, 1014, 'False'],
  ])
  const unresolved = (property: string, entity: string) =>
    `Error parsing query - Could not resolve property ${property} on ${entity}`
  expect(said(await get('/data/history?query=isCompleted=true'))).toEqual([
    ...[400, 'PullApi', unresolved('isCompleted', 'Dataset'), 1015, 'False'],
  ])
  expect(said(await get('/data/accounts?query=lines.x=1'))).toEqual([
    ...[400, 'PullApi', unresolved('lines.x', 'Account'), 1015, 'False'],
  ])
  expect(said(await connect.get('/companies?orderBy=dataConnections.status'))).toEqual([
    ...[400, 'ClientsApi', unresolved('dataConnections.status', 'Company'), 1016, 'False'],
  ])
  expect(said(await get('/data/invoices?query=totalAmount~5'))).toEqual([
    400,
    'PublicApi',
    'Query parameter query is not valid: totalAmount cannot be compared with ~',
    1009,
    'False',
  ])
  expect(said(await get(`/data/invoices?query=note=${'a'.repeat(2_043)}`))).toEqual([
    400,
    'PublicApi',
    'Query parameter query is not valid: it must be shorter than 2048 characters',
    1009,
    'False',
  ])
  for (const page of ['page=0', 'page=x', 'pageSize=0', 'pageSize=5001', 'pageSize=1.5']) {
    expect(said(await get(`/data/invoices?${page}`))).toEqual([
      ...[400, 'PublicApi', 'Error processing request - not valid.', 1012, 'False'],
    ])
  }
})

test('400 bodies that cannot be used, and nothing is written', async () => {
  const { connect, companyId, connectionPath, addConnection } = await aCompany()
  const connectionId = await addConnection()
  const before = (await connect.get('/companies')).text
  const notValid = 'Error processing request - not valid.'

  const nameless = await connect.post('/companies', {})
  expect(said(nameless)).toEqual([400, 'PublicApi', notValid, 1101, 'False'])
  expect(nameless.body.validation).toEqual({
    errors: [{ itemId: 'name', message: 'is required', validatorName: 'Company' }],
    warnings: [],
  })
  const cases: readonly [Promise<Answer>, number][] = [
    [connect.post('/companies', '{'), 1001],
    [connect.post('/companies', undefined), 1002],
    [connect.post('/companies', []), 1024],
    [connect.post('/companies', { name: '***' }), 1101],
    [connect.post('/companies', { name: 'x'.repeat(251) }), 1101],
    [connect.post('/companies', { name: 5 }), 1101],
    [connect.post('/companies', { name: 'A', tags: { a: 1 } }), 1101],
    [connect.patch(connectionPath(connectionId), { status: 'Linked' }), 1101],
    [connect.put(`${connectionPath(connectionId)}/authorization`, { apiKey: 'x' }), 1101],
    [connect.post(`/companies/${companyId}/data/queue/nonsense`), 1101],
  ]
  for (const [asked, number] of cases) {
    expect(said(await asked)).toEqual([400, 'PublicApi', notValid, number, 'False'])
  }
  expect(said(await connect.post('/companies', { name: 'A', tags: { 'a:b': 'c' } }))).toEqual([
    400,
    'PublicApi',
    'Tags: a key has 1 to 100 characters and no colon',
    3018,
    'False',
  ])
  for (const body of [{}, { platformKey: 5 }, [], 5, '""', undefined]) {
    expect(said(await connect.post(`/companies/${companyId}/connections`, body))).toEqual([
      ...[400, 'PublicApi', 'Push object DataConnectionArgs must be provided', 3023, 'False'],
    ])
  }
  expect(said(await connect.post(`/companies/${companyId}/connections`, '"gbol"'))).toEqual([
    ...[404, 'PublicApi', 'No integration with key gbol', 3003, 'False'],
  ])
  expect((await connect.get('/companies')).text).toBe(before)
})

test('400 and 409 connections that cannot change so', async () => {
  const company = await aLinkedCompany()
  const { connect, connectionPath, addConnection, addBusiness, link } = company
  const second = await addConnection()
  const path = connectionPath(second)

  expect(said(await connect.patch(path, { status: 'Unlinked' }))).toEqual([
    400,
    'PublicApi',
    'Only a linked connection can be unlinked; this one is PendingAuth',
    3014,
    'False',
  ])
  for (const businessId of [absent, 'zz', (await aBusiness()).businessId]) {
    expect(said(await connect.put(`${path}/authorization`, { businessId }))).toEqual([
      400,
      'PublicApi',
      'Tallystick did not accept the credentials: businessId is not a business of this organization',
      3016,
      'False',
    ])
  }
  expect(said(await link(second))).toEqual([
    409,
    'PublicApi',
    `Company ${company.companyId} already has an active Accounting connection`,
    3015,
    'False',
  ])
  const other = await addBusiness()
  const linked = connectionPath(company.connectionId)
  expect(said(await connect.put(`${linked}/authorization`, { businessId: other }))[3]).toBe(3122)
  expect(said(await connect.put(`${path}/authorization`, {}))[3]).toBe(3016)
  expect((await connect.get(path)).body.status).toBe('PendingAuth')
})

test('400 and 403 types that cannot be queued', async () => {
  const company = await aCompany()
  const { connect, companyId, connectionPath, addConnection, link } = company
  const connectionId = await addConnection()
  const queue = (dataType: string, query = ''): Promise<Answer> =>
    connect.post(`/companies/${companyId}/data/queue/${dataType}${query}`)

  expect(said(await queue('invoices'))).toEqual([
    403,
    'PublicApi',
    `A downstream endpoint can't be accessed. Data connection ${connectionId} is PendingAuth.`,
    3013,
    'False',
  ])
  await link(connectionId)
  expect(said(await queue('itemReceipts'))).toEqual([
    400,
    'PullApi',
    "Datatype 'itemReceipts' not supported by platform 8d5c2b50-77c6-5fa6-b3f8-d11788a882e0",
    3005,
    'False',
  ])
  expect(said(await queue('invoices', `?connectionId=${absent}`))[3]).toBe(3002)
  expect((await queue('INVOICES', `?connectionId=${connectionId}`)).body.dataType).toBe('invoices')
  await connect.patch(connectionPath(connectionId), { status: 'Unlinked' })
  expect(said(await queue('invoices'))[3]).toBe(3013)
  expect((await connect.post(`/companies/${companyId}/data/all`)).status).toBe(204)
})

test('409 data that was never requested, is not finished, or is being read', async () => {
  const company = await aCompany()
  const { get, owner, companyId, connect, addConnection, link } = company
  const never = [409, 'PublicApi', 'The data set has not been requested.', 3007, 'False']

  expect(said(await get('/data/invoices'))).toEqual(never)
  const connectionId = await addConnection()
  expect(said(await get('/data/invoices'))).toEqual(never)
  await link(connectionId)
  const statement = '/data/financials/balanceSheet?periodLength=1&periodsToCompare=1'
  expect((await get(statement)).status).toBe(200)
  await owner.query(
    `update dataset set status = 'Fetching', progress = 20, completed_at = null
      where connection_id = $1 and data_type = 'invoices'`,
    [connectionId],
  )

  const unfinished = await get('/data/invoices')
  expect(said(unfinished)).toEqual([
    409,
    'PublicApi',
    'The syncing of data set has not been completed.',
    3008,
    'True',
  ])
  expect(unfinished.headers['retry-after']).toBe('1')
  const { body } = await get('/data/history?query=dataType=invoices')
  const running = await connect.post(`/companies/${companyId}/data/queue/invoices`)
  expect(said(running)).toEqual([
    409,
    'PullApi',
    `DatasetAlreadyInProgressException: Cannot queue invoices sync for ${companyId} as previous sync ${body.results[0].id} is still in progress`,
    3009,
    'True',
  ])
  expect((await connect.post(`/companies/${companyId}/data/all`)).status).toBe(204)
  const { body: statuses } = await get('/dataStatus')
  expect(statuses.invoices).toEqual({
    dataType: 'invoices',
    currentStatus: 'Fetching',
    latestSyncId: body.results[0].id,
  })
})

test('400 statements without their periods', async () => {
  const { get } = await aLinkedCompany()
  const path = '/data/financials/profitAndLoss'
  for (const query of [
    '',
    '?periodLength=1',
    '?periodLength=0&periodsToCompare=1',
    '?periodLength=13&periodsToCompare=1',
    '?periodLength=1&periodsToCompare=61',
    '?periodLength=1&periodsToCompare=1&startMonth=soon',
  ]) {
    expect(said(await get(`${path}${query}`))[0]).toBe(400)
  }
})

test('problem+json is answered only when it alone is asked for', async () => {
  const { connect } = await aBusiness()
  const ask = (accept: string) => connect.get(`/companies/${absent}`, { accept })

  const problem = await ask('application/problem+json')
  expect(problem.headers['content-type']).toBe('application/problem+json')
  expect(said(await ask('application/problem+json, application/json'))[3]).toBe(3001)
})

test('a repeated key replays the answer, refusals too, and never another request', async () => {
  const { connect } = await aBusiness()
  const once = (body: unknown, key: string): Promise<Answer> =>
    connect.post('/companies', body, { 'idempotency-key': key })

  const first = await once({ name: 'Only one' }, 'a')
  const again = await once({ name: 'Only one' }, 'a')
  expect([again.status, again.text]).toEqual([200, first.text])
  expect(again.headers['idempotency-replayed']).toBe('true')
  const refused = await once({}, 'b')
  const refusedAgain = await once({}, 'b')
  expect(refusedAgain.text).toBe(refused.text)
  expect(refusedAgain.headers['idempotency-replayed']).toBe('true')
  expect(said(await once({ name: 'Another' }, 'a'))[3]).toBe(1604)
  expect((await connect.get('/companies')).body.totalResults).toBe(1)
})

const anyCase: readonly [string, (client: Client, companyId: string) => Promise<Answer>][] = [
  ['path', (client, companyId) => client.get(`/Companies/${companyId}/DataStatus/`)],
  ['company id', (client, companyId) => client.get(`/companies/${companyId.toUpperCase()}`)],
  ['query name', (client) => client.get('/companies?PAGESIZE=1&OrderBy=Name')],
]

test.each(anyCase)('the case of a %s does not matter', async (_name, ask) => {
  const { connect, companyId } = await aCompany()
  expect((await ask(connect, companyId)).status).toBe(200)
})
