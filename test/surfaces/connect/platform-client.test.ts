import { CodatPlatform } from '@codat/platform'
import { expect, test } from 'vitest'
import { theWorld } from '../../harness.ts'
import { aCompany, aLinkedCompany } from './linked.ts'

const origin = await (await theWorld()).app.listen()

/** The published client, unmodified: only the address and the header differ. */
const clientFor = (authHeader: string): CodatPlatform =>
  new CodatPlatform({
    serverURL: `${origin}/connect`,
    authHeader,
    retryConfig: { strategy: 'none' },
  })

test('companies are listed, made, read, replaced, changed and deleted', async () => {
  const { connect } = await aCompany()
  const { companies } = clientFor(connect.authorization)

  const made = await companies.create({
    name: 'Juniper Ltd.',
    description: 'A client',
    tags: { region: 'uk', owningTeam: 'invoice-finance' },
  })
  expect(made).toMatchObject({
    name: 'Juniper Ltd.',
    description: 'A client',
    tags: { region: 'uk', owningTeam: 'invoice-finance' },
    redirect: expect.stringMatching(/\/link\/company\/[0-9a-f-]{36}$/),
    dataConnections: [],
    products: [],
  })
  expect(await companies.get({ companyId: made.id })).toEqual(made)

  const replaced = await companies.replace({
    companyId: made.id,
    companyRequestBody: { name: 'Juniper & Sons' },
  })
  expect([replaced.name, replaced.description, replaced.tags]).toEqual([
    'Juniper & Sons',
    undefined,
    {},
  ])
  const updated = await companies.update({
    companyId: made.id,
    companyUpdateRequest: { description: 'Changed', tags: { region: 'fr' } },
  })
  expect([updated.name, updated.description, updated.tags]).toEqual([
    'Juniper & Sons',
    'Changed',
    { region: 'fr' },
  ])

  const listed = await companies.list({ query: `id=${made.id}` })
  expect(listed?.results).toEqual([updated])
  const tagged = await companies.list({ tags: 'region = fr && owningTeam != invoice-finance' })
  expect(tagged?.results?.map(({ id }) => id)).toEqual([made.id])

  await companies.delete({ companyId: made.id })
  await expect(companies.get({ companyId: made.id })).rejects.toMatchObject({ statusCode: 404 })
})

test('pages follow each other without gaps', async () => {
  const { connect } = await aCompany()
  const { companies } = clientFor(connect.authorization)
  for (const name of ['Beta', 'alpha', 'Gamma']) await companies.create({ name })

  const names: string[] = []
  let page = 1
  for (;;) {
    const listed = await companies.list({ page, pageSize: 2, orderBy: 'name' })
    names.push(...(listed?.results ?? []).map(({ name }) => name))
    expect([listed?.pageNumber, listed?.pageSize, listed?.totalResults]).toEqual([page, 2, 4])
    if (listed?.links.next === undefined) break
    page += 1
  }
  expect(names).toEqual(['alpha', 'Beta', 'Gamma', 'Technicalium'])
  expect((await companies.list({ page: 9, pageSize: 2 }))?.results).toEqual([])
})

test('connections are made, linked, listed, unlinked and deleted', async () => {
  const { connect, companyId, businessId } = await aCompany()
  const { connections, companies } = clientFor(connect.authorization)

  const made = await connections.create({ companyId, requestBody: { platformKey: 'tlsk' } })
  expect(made).toMatchObject({
    integrationKey: 'tlsk',
    platformName: 'Tallystick',
    sourceType: 'Accounting',
    status: 'PendingAuth',
    linkUrl: expect.stringMatching(
      /\/link\/companies\/[0-9a-f-]+\/connections\/[0-9a-f-]+\/start$/,
    ),
  })
  const key = { companyId, connectionId: made.id }
  const linked = await connections.updateAuthorization({ ...key, requestBody: { businessId } })
  expect(linked).toMatchObject({
    id: made.id,
    status: 'Linked',
    connectionInfo: { companyName: 'Test business', baseCurrency: 'USD' },
  })
  expect(await connections.get(key)).toEqual(linked)
  const listed = await connections.list({ companyId, query: 'status=linked' })
  expect(listed?.results).toEqual([linked])
  const company = await companies.list({ query: 'dataConnections.status=Linked' })
  expect(company?.results?.map(({ id }) => id)).toEqual([companyId])

  const unlinked = await connections.unlink({
    ...key,
    updateConnectionStatus: { status: 'Unlinked' },
  })
  expect(unlinked.status).toBe('Unlinked')
  await connections.delete(key)
  expect((await connections.list({ companyId }))?.results).toEqual([])
})

test('products are added to a company once and taken away, with an event for each change', async () => {
  const business = await aCompany()
  const { companies } = clientFor(business.connect.authorization)
  const { id: companyId } = await companies.create({ name: 'Juniper Ltd.' })
  const eventsOf = async () => {
    const { rows } = await business.owner.query<{ type: string; products: string }>(
      `select type, payload ->> 'products' as products from event
      where resource_id = $1 and type like 'company.product.%' order by sequence`,
      [companyId],
    )
    return rows.map(({ type, products }) => `${type} ${products}`)
  }

  await companies.addProduct({ companyId, productIdentifier: 'lending' })
  await companies.addProduct({ companyId, productIdentifier: 'bank-feeds' })
  await companies.addProduct({ companyId, productIdentifier: 'lending' })
  expect((await companies.get({ companyId })).products).toEqual(['lending', 'bank-feeds'])
  await companies.removeProduct({ companyId, productIdentifier: 'lending' })
  await companies.removeProduct({ companyId, productIdentifier: 'lending' })
  expect((await companies.get({ companyId })).products).toEqual(['bank-feeds'])

  expect(await eventsOf()).toEqual([
    'company.product.added ["lending"]',
    'company.product.added ["lending", "bank-feeds"]',
    'company.product.removed ["bank-feeds"]',
  ])
  const unknown = { companyId, productIdentifier: 'gardening' }
  await expect(companies.addProduct(unknown)).rejects.toMatchObject({ statusCode: 404 })
  await expect(companies.removeProduct(unknown)).rejects.toMatchObject({ statusCode: 404 })
  await expect(
    companies.addProduct({ companyId: nobody, productIdentifier: 'lending' }),
  ).rejects.toMatchObject({ statusCode: 404 })
})

const nobody = '00000000-0000-4000-8000-000000000000'

test('the coverage tells every feature of every platform as the integrations do', async () => {
  const { connect } = await aCompany()

  const { status, body } = await connect.get('/coverage')
  const native = (await connect.get('/integrations/tlsk')).body
  type Row = Readonly<{ dataType: string; featureType: string; featureState: string }>
  const rows: readonly Row[] = body.platforms[0].features

  expect([status, body.platforms.map(({ platformKey = '' }) => platformKey)]).toEqual([
    200,
    ['tlsk', 'mqjo'],
  ])
  expect(rows).toEqual(
    native.datatypeFeatures.flatMap(
      ({ dataType, supportedFeatures }: { dataType: string; supportedFeatures: Row[] }) =>
        supportedFeatures.map((feature) => ({ ...feature, dataType })),
    ),
  )
})

test('the branding of a platform names pictures that we serve ourselves, to any page', async () => {
  const { connect } = await aCompany()
  const { integrations } = clientFor(connect.authorization)

  const branding = await integrations.getBranding({ platformKey: 'tlsk' })
  const { logoUrl } = await integrations.get({ platformKey: 'tlsk' })
  const { logo, button, sourceId } = branding
  const sources = [logo?.full, logo?.square, button?.default, button?.hover].map(
    (one) => one?.image?.src ?? '',
  )

  expect(logo?.square?.image).toEqual({ src: logoUrl, alt: 'Tallystick mark' })
  expect(sourceId).toBe('b5415f59-fa92-5fc4-98f4-b4090a1f1d8c')
  expect(new Set(sources).size).toBe(4)
  for (const source of sources) {
    const { pathname } = new URL(source)
    const answer = await fetch(`${origin}${pathname}`)
    const content = await answer.text()
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(content).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>\n$/)
  }
  const missing = await fetch(`${origin}/assets/integrations/zzzz.svg`)
  const written = await fetch(`${origin}/assets/integrations/tlsk.svg`, { method: 'POST' })
  expect([missing.status, written.status]).toEqual([404, 405])
  await expect(integrations.getBranding({ platformKey: 'zzzz' })).rejects.toMatchObject({
    statusCode: 404,
  })
})

test('integrations tell what each platform can be read for', async () => {
  const { connect } = await aCompany()
  const { integrations } = clientFor(connect.authorization)

  const listed = await integrations.list({ query: 'enabled=true&&sourceType=accounting' })
  const native = await integrations.get({ platformKey: 'tlsk' })
  const sandbox = await integrations.get({ platformKey: 'mqjo' })

  expect(listed?.results).toEqual([sandbox, native])
  expect(native).toMatchObject({ key: 'tlsk', name: 'Tallystick', enabled: true, isBeta: false })
  const invoices = native.datatypeFeatures?.find(({ dataType }) => dataType === 'invoices')
  expect(invoices?.supportedFeatures).toEqual([
    { featureType: 'Get', featureState: 'Release' },
    { featureType: 'Post', featureState: 'Release' },
    { featureType: 'GetAsPdf', featureState: 'Release' },
  ])
})

test('data is refreshed, and its status and history can be read', async () => {
  const { connect, companyId, connectionId } = await aLinkedCompany()
  const { refreshData } = clientFor(connect.authorization)

  await refreshData.all({ companyId })
  const queued = await refreshData.byDataType({ companyId, dataType: 'invoices' })
  expect(queued).toMatchObject({
    companyId,
    connectionId,
    dataType: 'invoices',
    status: 'Queued',
    progress: 0,
    isCompleted: false,
    isErrored: false,
  })

  const statuses = await refreshData.get({ companyId })
  expect(statuses?.['invoices']).toMatchObject({
    dataType: 'invoices',
    currentStatus: 'Complete',
    latestSyncId: queued.id,
    latestSuccessfulSyncId: queued.id,
  })
  const history = await refreshData.listPullOperations({ companyId, query: 'dataType=invoices' })
  expect(history?.totalResults).toBe(3)
  const read = await refreshData.getPullOperation({ companyId, datasetId: queued.id })
  expect(read).toMatchObject({ status: 'Complete', progress: 100, isCompleted: true })
})

test('an error reaches the caller as the error of the contract', async () => {
  const { connect } = await aCompany()
  const { companies } = clientFor(connect.authorization)
  const companyId = 'f0d8c5f6-6a9a-4e4c-9f14-1dd1c5b9b1e7'

  await expect(companies.get({ companyId })).rejects.toMatchObject({
    name: 'ErrorMessage',
    statusCode: 404,
    service: 'ClientsApi',
    error: `No company was found with ID ${companyId}`,
    canBeRetried: 'False',
    detailedErrorCode: 3001,
  })
  await expect(
    clientFor(`Basic ${Buffer.from('x'.repeat(40)).toString('base64')}`).companies.list({}),
  ).rejects.toMatchObject({ statusCode: 401, error: 'Unauthorized' })
})
