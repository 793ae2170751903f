import { expect, test } from 'vitest'
import { asOwner } from '../../../src/db/owner.ts'
import { orderMaintenance } from '../../../src/modules/access/maintenance.actions.ts'
import { operatorPlans } from '../../../src/modules/plans/plan.ts'
import { bytesOf, rowsOf } from '../../error-page.ts'
import { type Answer, aBusiness, aClient, noon } from '../../harness.ts'
import { aCompany, aLinkedCompany, type WithCompany } from './linked.ts'

/*
 * The published error page of this surface, row by row: status, service, and what is said. Each row
 * is brought about by what really causes it, through HTTP.
 */

const page = `
202 Accepted (pending)
400 apparent client-side error
401 API key is incorrect
402 Company limit exceeded
402 Sync schedule not allowed
402 Account expired
403 outdated API key
403 key not associated with that resource
403 downstream endpoint
403 not authorized
404 not found
404 data type not supported
404 document of a platform
405 unauthorized method
409 data set has not been requested
409 data set has not been completed
409 more than 10 API keys
429 too many requests
500 problem with our server
503 offline for maintenance
`

const trial = { ...operatorPlans, connect: 'trial' } as const
const absent = '131f0225-5467-421a-b179-4531d6b4a942'

const linked = await aLinkedCompany()
const { connect, companyId, connectionId, connectionPath } = linked

async function aSandbox(scenario: string): Promise<WithCompany & { connection: string }> {
  const company = await aCompany()
  const made = await company.connect.post(`/companies/${company.companyId}/connections`, {
    platformKey: 'mqjo',
  })
  const connection = company.connectionPath(made.body.id)
  await company.connect.put(`${connection}/authorization`, { scenario })
  return { ...company, connection }
}

const clientWith = (key: string) =>
  aClient(linked.app, 'connect', `Basic ${Buffer.from(key).toString('base64')}`)

const causes = {
  '202 Accepted (pending)': () =>
    connect.post(`${connectionPath(connectionId)}/push/invoices`, { lineItems: [] }),
  '400 apparent client-side error': () => connect.get('/companies?query=name'),
  '401 API key is incorrect': () => clientWith('0'.repeat(40)).get('/companies'),
  '402 Company limit exceeded': async () => {
    const client = (await aBusiness({ plans: trial })).connect
    for (let i = 0; i < 50; i += 1) await client.post('/companies', { name: `Company ${i}` })
    return client.post('/companies', { name: 'One more' })
  },
  '402 Sync schedule not allowed': async () => {
    const client = (await aBusiness({ plans: trial })).connect
    const hourly = { dataType: 'invoices', fetchOnFirstLink: true, syncSchedule: 1, syncOrder: 0 }
    return client.post('/profile/syncSettings', { settings: [hourly] })
  },
  '402 Account expired': async () => {
    const { connect: client, clock } = await aBusiness({ plans: trial })
    clock.set('2027-06-16T12:00:00.000Z')
    const answer = await client.get('/integrations')
    clock.set(noon)
    return answer
  },
  '403 outdated API key': async () => {
    const { body } = await connect.post('/apiKeys', { name: 'Old' })
    await connect.delete(`/apiKeys/${body.id}`)
    return clientWith(body.apiKey).get('/companies')
  },
  '403 key not associated with that resource': async () => {
    const other = await connect.post('/companies', { name: 'Another' })
    const narrow = await linked.clientOf('connect', { companyIds: [other.body.id] })
    return narrow.get(`/companies/${companyId}`)
  },
  '403 downstream endpoint': async () => {
    const { connection, connect: client } = await aSandbox('ok')
    await client.patch(connection, { status: 'Unlinked' })
    return client.post(`${connection}/push/invoices`, {})
  },
  '403 not authorized': async () => {
    const reader = await linked.clientOf('connect', { scopes: ['read'] })
    return reader.post('/companies', { name: 'Technicalium' })
  },
  '404 not found': () => connect.get(`/companies/${absent}`),
  '404 data type not supported': () => linked.get('/data/itemReceipts'),
  '404 document of a platform': () => linked.get('/data/invoices/12345/pdf'),
  '405 unauthorized method': () => connect.put('/apiKeys', {}),
  '409 data set has not been requested': async () => {
    const company = await aCompany()
    await company.addConnection()
    return company.get('/data/invoices')
  },
  '409 data set has not been completed': async () => (await aSandbox('hold')).get('/data/invoices'),
  '409 more than 10 API keys': async () => {
    const client = (await aBusiness()).connect
    for (let i = 1; i < 10; i += 1) await client.post('/apiKeys')
    return client.post('/apiKeys')
  },
  '429 too many requests': async () => {
    const { owner, organizationId, connect: client } = await aBusiness()
    await owner.query(
      `update limit_override set value = '1'
       where organization_id = $1 and surface = 'connect' and limit_name = 'requestsPerDay'`,
      [organizationId],
    )
    await client.get('/companies')
    return client.get('/companies')
  },
  '500 problem with our server': async () => {
    await linked.owner.query('revoke select on dataset from tallystick_app')
    const answer = await connect.get(`/companies/${companyId}`)
    await linked.owner.query('grant select on dataset to tallystick_app')
    return answer
  },
  '503 offline for maintenance': async () => {
    const order = (mode?: 'full') =>
      asOwner(linked.owner, (tx) =>
        orderMaintenance(tx, mode && { mode, message: null, until: null }, {
          orderedBy: 'a test',
          at: noon,
        }),
      )
    const untilAnswered = async (status: number): Promise<Answer> => {
      const ask = (): Promise<Answer> => connect.get('/companies')
      const wait = { timeout: 2_000 }
      await expect.poll(async () => (await ask()).status, wait).toBe(status)
      return ask()
    }
    await order('full')
    const answer = await untilAnswered(503)
    await order()
    await untilAnswered(200)
    return answer
  },
}

const limits = 'Learn more at http://127.0.0.1:4400/docs/limits'
const outdated = 'You are using an outdated API key or a key not associated with that resource.'

type Said = Readonly<{
  service: string
  error: string
  validation?: string
  retry?: 'True'
  number: number
}>

/** What the body of each row says besides its status and its correlation id. */
const saidBy: Readonly<Record<string, Said>> = {
  '400 apparent client-side error': {
    service: 'ClientsApi',
    error: 'Error parsing query - Malformed query.',
    number: 1014,
  },
  '401 API key is incorrect': { service: 'PublicApi', error: 'Unauthorized', number: 1204 },
  '402 Company limit exceeded': {
    service: 'PublicApi',
    error: 'CompanyValidationException: Company limit exceeded',
    validation: `{"errors":[{"itemId":"Company","message":"Company limit exceeded. ${limits}","validatorName":"CreateCompany"}],"warnings":[]}`,
    number: 1405,
  },
  '402 Sync schedule not allowed': {
    service: 'PublicApi',
    error: 'SyncSettingsValidationException: Sync schedule not allowed',
    validation: `{"errors":[{"itemId":"SyncSchedule","message":"Sync schedule not allowed. ${limits}","validatorName":"SyncSettings"}],"warnings":[]}`,
    number: 1407,
  },
  '402 Account expired': {
    service: 'PublicApi',
    error: 'Payment Required',
    validation: `{"errors":[{"message":"Account expired. ${limits}"}],"warnings":[]}`,
    number: 1408,
  },
  '403 outdated API key': { service: 'PublicApi', error: outdated, number: 1206 },
  '403 key not associated with that resource': {
    service: 'PublicApi',
    error: outdated,
    number: 1218,
  },
  '403 downstream endpoint': {
    service: 'PublicApi',
    error: "A downstream endpoint can't be accessed. Data connection <id> is Unlinked.",
    number: 3013,
  },
  '403 not authorized': {
    service: 'PublicApi',
    error: 'Insufficient permissions. Required: manage',
    number: 1211,
  },
  '404 not found': {
    service: 'ClientsApi',
    error: 'No company was found with ID <id>',
    number: 3001,
  },
  '404 data type not supported': {
    service: 'PullApi',
    error: 'Datatype itemReceipts not supported by platform(s) Tallystick',
    number: 3004,
  },
  '404 document of a platform': {
    service: 'Tallystick',
    error: 'InvoicePdfNotFoundException: Invoice not found for company <id> and invoice ID 12345',
    number: 2818,
  },
  '405 unauthorized method': { service: 'PublicApi', error: 'Method Not Allowed', number: 1020 },
  '409 data set has not been requested': {
    service: 'PublicApi',
    error: 'The data set has not been requested.',
    number: 3007,
  },
  '409 data set has not been completed': {
    service: 'PublicApi',
    error: 'The syncing of data set has not been completed.',
    retry: 'True',
    number: 3008,
  },
  '409 more than 10 API keys': {
    service: 'PublicApi',
    error:
      'Maximum number of API keys reached. To create a new API key, delete an unused key and try again.',
    number: 1213,
  },
  '429 too many requests': {
    service: 'PublicApi',
    error: 'You have made too many requests in a given amount of time; please retry later.',
    retry: 'True',
    number: 1501,
  },
  '500 problem with our server': {
    service: 'PublicApi',
    error: 'There is a problem with our server. Please try again later.',
    retry: 'True',
    number: 9001,
  },
  '503 offline for maintenance': {
    service: 'PublicApi',
    error: 'The API is temporarily offline for maintenance. Please try again later.',
    retry: 'True',
    number: 9002,
  },
}

const rows = rowsOf(page, causes)
const [pending, ...refused] = rows

test.each(refused)('%s is answered byte for byte', async (row, cause) => {
  const answer = await cause()

  const status = Number(row.slice(0, 3))
  const { service, error, validation, retry = 'False', number } = saidBy[row] ?? {}
  const checked = validation === undefined ? '' : `,"validation":${validation}`
  expect([answer.status, bytesOf(answer)]).toEqual([
    status,
    `{"statusCode":${status},"service":"${service}","error":"${error}","correlationId":"<id>"` +
      `${checked},"canBeRetried":"${retry}","detailedErrorCode":${number}}`,
  ])
})

test('202 is the state of a push, inside of an answer that is 200', async () => {
  const answer = await pending?.[1]()

  expect([answer?.status, answer?.body.status, answer?.body.statusCode]).toEqual([
    200,
    'Pending',
    202,
  ])
})

test('402 sixty creations on forty-nine companies yield one company', async () => {
  const client = (await aBusiness({ plans: trial })).connect
  await Promise.all(
    Array.from({ length: 49 }, (_unused, i) => client.post('/companies', { name: `Company ${i}` })),
  )

  const answers = await Promise.all(
    Array.from({ length: 60 }, (_unused, i) => client.post('/companies', { name: `More ${i}` })),
  )

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(59)
})

test('402 an account on trial works through its 365th day, on every route', async () => {
  const { connect: client, clock } = await aBusiness({ plans: trial })
  const statusesAt = async (instant: string): Promise<readonly number[]> => {
    clock.set(instant)
    const answers = await Promise.all([
      client.get('/companies'),
      client.get('/apiKeys'),
      client.post('/companies', { name: 'Late' }),
      client.get(`/companies/${absent}/push`),
    ])
    return answers.map(({ status }) => status)
  }

  expect(await statusesAt('2027-06-15T12:00:00.000Z')).toEqual([200, 200, 200, 404])
  expect(await statusesAt('2027-06-15T12:00:00.001Z')).toEqual([402, 402, 402, 402])
  clock.set(noon)
})
