import { expect, test } from 'vitest'
import { sandboxManifest } from '../../../src/connectors/sandbox/manifest.ts'
import { aCompany, type WithCompany } from './linked.ts'

async function aConnection(company: WithCompany): Promise<string> {
  const { connect, companyId } = company
  const made = await connect.post(`/companies/${companyId}/connections`, { platformKey: 'mqjo' })
  return company.connectionPath(made.body.id)
}

const queue = ({ connect, companyId }: WithCompany, dataType = 'invoices') =>
  connect.post(`/companies/${companyId}/data/queue/${dataType}`)

test('the same seed gives the same books, and every entry of them balances', () => {
  const { buildBooks } = sandboxManifest
  const books = buildBooks?.(7)

  expect(buildBooks?.(7)).toEqual(books)
  expect(buildBooks?.(8)).not.toEqual(books)
  expect(books?.records.invoices).toHaveLength(400)
  const entries = books?.records.journalEntries ?? []
  expect(entries.length).toBeGreaterThan(1_000)
  for (const { journalLines } of entries) {
    const lines = journalLines as readonly Readonly<{ netAmount: number }>[]
    const sum = lines.reduce(
      (total, { netAmount }) => total + BigInt(Math.round(netAmount * 100)),
      0n,
    )
    expect(sum).toBe(0n)
  }
})

test('200 a linked sandbox is read at once and answers as the contract says', async () => {
  const company = await aCompany()
  const connection = await aConnection(company)

  const linked = await company.connect.put(`${connection}/authorization`, { seed: 7 })

  expect([linked.status, linked.body.status, linked.body.platformName]).toEqual([
    200,
    'Linked',
    'Sandbox',
  ])
  const totals = await Promise.all(
    ['accounts', 'customers', 'invoices', 'journalEntries'].map(async (type) => {
      const page = await company.get(`/data/${type}?pageSize=3&orderBy=-modifiedDate`)
      expect(page.body.results).toHaveLength(3)
      return page.body.totalResults
    }),
  )
  expect(totals.slice(0, 3)).toEqual([12, 24, 400])
  expect((await company.get('/data/info')).body.companyName).toBe('Sandbox Trading')
})

test.each([
  ['fetchError', 'FetchError'],
  ['mapError', 'MapError'],
  ['validationError', 'ValidationError'],
  ['processingError', 'ProcessingError'],
  ['internalError', 'InternalError'],
  ['authError', 'AuthError'],
  ['permissionsError', 'PermissionsError'],
  ['rateLimitError', 'RateLimitError'],
  ['prerequisiteNotMet', 'PrerequisiteNotMet'],
])(
  'a sync that plays %s ends as %s, and what was read before stays readable',
  async (scenario, status) => {
    const company = await aCompany()
    const connection = await aConnection(company)
    await company.connect.put(`${connection}/authorization`, { scenario: 'ok' })
    await company.connect.put(`${connection}/authorization`, { scenario })

    const queued = await queue(company)

    const dataset = await company.get(`/data/history/${queued.body.id}`)
    expect([queued.body.status, dataset.body.status, dataset.body.isErrored]).toEqual([
      'Queued',
      status,
      true,
    ])
    expect(dataset.body.errorMessage).toMatch(/\.$/)
    expect((await company.get('/data/invoices')).body.totalResults).toBe(400)
    const shown = await company.connect.get(connection)
    expect(shown.body.status).toBe(scenario === 'authError' ? 'Deauthorized' : 'Linked')
  },
)

test('409 a first sync that is held cannot be read, queued twice or kept from ending', async () => {
  const company = await aCompany()
  const connection = await aConnection(company)
  await company.connect.put(`${connection}/authorization`, { scenario: 'hold' })

  const read = await company.get('/data/invoices')
  const again = await queue(company)
  await company.connect.put(`${connection}/authorization`, { scenario: 'ok' })
  const later = await company.get('/data/invoices')

  expect([read.status, read.body.error]).toEqual([
    409,
    'The syncing of data set has not been completed.',
  ])
  expect(again.status).toBe(409)
  expect(again.body.error).toMatch(/^DatasetAlreadyInProgressException: Cannot queue invoices sync/)
  expect([later.status, later.body.totalResults]).toEqual([200, 400])
})

test('409 a type that the settings leave out at the first link was never requested', async () => {
  const company = await aCompany()
  const connection = await aConnection(company)
  const setting = { dataType: 'invoices', fetchOnFirstLink: false, syncSchedule: 0, syncOrder: 1 }
  await company.connect.post('/profile/syncSettings', { settings: [setting] })
  await company.connect.put(`${connection}/authorization`, {})

  const read = await company.get('/data/invoices')
  await queue(company)

  expect([read.status, read.body.error]).toEqual([409, 'The data set has not been requested.'])
  expect((await company.get('/data/invoices')).status).toBe(200)
})

test.each([
  [{ scenario: 'lunch' }, 'Sandbox did not accept the credentials: scenario must be one of: '],
  [{ seed: 'abc' }, 'Sandbox did not accept the credentials: seed must be an integer from 0 to '],
])('400 a script that nobody can play: %j', async (credentials, message) => {
  const company = await aCompany()
  const connection = await aConnection(company)

  const refused = await company.connect.put(`${connection}/authorization`, credentials)

  expect([refused.status, refused.body.error.slice(0, message.length)]).toEqual([400, message])
  expect((await company.connect.get(connection)).body.status).toBe('PendingAuth')
})
