import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { booksErrors } from '../src/api/books/errors.ts'
import { connectErrors } from '../src/api/connect/errors.ts'
import { requestsByCode, type ShownRequest } from '../src/api/http/error-requests.ts'
import { invoicingErrors } from '../src/api/invoicing/errors.ts'
import { asOwner } from '../src/db/owner.ts'
import { assert } from '../src/kernel/assert.ts'
import { catalogue, isErrorCode, isRefusal } from '../src/kernel/errors.ts'
import { revokeKey, rotateKey } from '../src/modules/access/api-key.actions.ts'
import { listKeys } from '../src/modules/access/api-key.queries.ts'
import { keyRandomBytes, type Surface } from '../src/modules/access/api-key.ts'
import { suspendBusiness } from '../src/modules/access/business.actions.ts'
import { orderMaintenance } from '../src/modules/access/maintenance.actions.ts'
import type { MaintenanceMode } from '../src/modules/access/maintenance.ts'
import { suspendOrganization } from '../src/modules/access/organization.actions.ts'
import { setPlans } from '../src/modules/plans/plan.actions.ts'
import { type Answer, aBusiness, aClient, type Business, keyHasher, noon } from './harness.ts'
import { booksOf } from './surfaces/books/client.ts'
import { aCompany, aLinkedCompany } from './surfaces/connect/linked.ts'
import { ofDoors } from './triggers/doors.ts'
import { ofTheLedger } from './triggers/ledger.ts'
import { ofDeliveries, ofFaults, ofPlans } from './triggers/platform.ts'
import { absent, idOf, nigeria, type Recipe, type Recipes, trialPlans } from './triggers/recipe.ts'
import { ofDocuments } from './triggers/sales.ts'
import { ofPushes, ofSync } from './triggers/sync.ts'
import { notBuilt, outOfReach, reachedElsewhere } from './triggers/unreached.ts'

/*
 * Reaches codes of the catalogue by what really causes them: requests that are wrong, on an
 * installation that is as the code says. A code without a recipe has its reason in
 * test/triggers/unreached.ts, or fails. How each surface shows a code is held for all of them, by
 * asking for it.
 * Source: proof specification 5.
 */

type Asked = Readonly<Record<string, string>>
const customers = '/api/v1/customers'
const invoices = '/api/v1/invoices'
const journals = '/v1/journal-entries'
const accounts = '/v1/chart-of-accounts'
const locks = '/v1/period-locks'

const shared = await aBusiness(nigeria)
const { app, invoicing, connect } = shared
const books = booksOf(shared)
const company = await aLinkedCompany()

const withKey = (authorization: string): Promise<Answer> =>
  aClient(app, 'invoicing', authorization).get(customers)

const entry = {
  transactionDate: '2026-04-30',
  description: 'Rent',
  lines: [
    { accountId: '5020', debit: 100 },
    { accountId: '2002', credit: 100 },
  ],
  post: true,
}

const reason = { reason: 'A mistake' }
const item = { description: 'Survey', quantity: 1, unit_price: 100 }
const sale = {
  customer_id: absent,
  issue_date: '2026-06-01',
  due_date: '2026-07-01',
  currency: 'NGN',
  items: [item],
}
const posters = {
  customerName: 'Kuti Prints',
  customerEmail: 'accounts@kutiprints.example',
  lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: 40_000 }],
  invoiceDate: '2026-04-10',
  dueDate: '2026-07-20',
}

async function firstKey({ organizationId, read }: Business, surface: Surface) {
  const [key] = await read((db) => listKeys(db, { organizationId, surface }))
  assert(key !== undefined, 'the business has a key')
  return key.id
}

/** A fresh business whose Invoicing key is changed before it asks. */
async function afterChange(
  change: (business: Business, keyId: Awaited<ReturnType<typeof firstKey>>) => Promise<unknown>,
): Promise<Answer> {
  const business = await aBusiness()
  await change(business, await firstKey(business, 'invoicing'))
  return business.invoicing.get(customers)
}

const ofOrganization = ({ organizationId }: Business) => ({ organizationId })

const aCustomer = async (): Promise<string> =>
  idOf(await invoicing.post(customers, { name: 'Juniper Stores' }))

const anInvoice = async (fields: object = {}): Promise<string> =>
  idOf(await invoicing.post(invoices, { ...sale, customer_id: await aCustomer(), ...fields }))

const aBooksInvoice = async (...steps: readonly string[]): Promise<string> => {
  const path = `/v1/invoices/${idOf(await books.post('/v1/invoices', posters))}`
  for (const step of steps) {
    const { status, text } = await books.post(`${path}/${step}`, reason)
    assert(status < 300, `${step}: ${text}`)
  }
  return path
}

const anEntry = async (fields: object = {}): Promise<string> =>
  `${journals}/${idOf(await books.post(journals, { ...entry, ...fields }))}`

const order = (mode: MaintenanceMode | undefined): Promise<void> =>
  asOwner(shared.owner, (tx) =>
    orderMaintenance(tx, mode && { mode, message: null, until: null }, {
      orderedBy: 'a test',
      at: noon,
    }),
  )

/** Asks until the order is obeyed. */
async function under(mode: MaintenanceMode, ask: Recipe): Promise<Answer> {
  await order(mode)
  await expect.poll(async () => (await ask()).status).toBe(503)
  const answer = await ask()
  await order(undefined)
  await expect.poll(async () => (await ask()).status).toBe(201)
  return answer
}

afterAll(() => order(undefined))

const ofRequests: Recipes = {
  'request.malformed_json': () => invoicing.post(customers, '{'),
  'request.body_required': () => invoicing.send('POST', customers),
  'request.body_not_object': () => invoicing.post(customers, '[]'),
  'request.body_too_large': () => invoicing.post(customers, `"${'a'.repeat(1024 * 1024)}"`),
  'request.media_type_unsupported': () =>
    invoicing.post(customers, 'a', { 'content-type': 'text/plain' }),
  'request.encoding_unsupported': () =>
    invoicing.post(customers, { name: 'A' }, { 'content-encoding': 'br' }),
  'request.uri_too_long': () => invoicing.get(`${customers}?search=${'a'.repeat(8_200)}`),
  'request.query_invalid': () => connect.get(`/companies?query=${'a'.repeat(2_050)}`),
  'request.query_missing': () => books.get('/v1/reports/profit-loss'),
  'request.id_malformed': () => invoicing.get(`${customers}/nope`),
  'request.page_invalid': () => connect.get('/companies?page=0'),
  'request.cursor_invalid': () => books.get(`${journals}?cursor=zz`),
  'request.query_language_malformed': () => connect.get('/companies?query=name'),
  'request.query_property_unknown': () => company.get('/data/accounts?query=nope.x=1'),
  'request.order_by_unknown': () => connect.get('/companies?orderBy=nope'),
  'request.version_unsupported': () => shared.books.get('/v2/journal-entries'),
  'request.route_unknown': () => invoicing.get('/api/v1/nope'),
  'request.method_not_allowed': () => invoicing.put(customers, {}),
  'request.business_id_missing': () => shared.books.get(journals),
  'validation.failed': () => books.post(journals, {}),
  'validation.fields_missing': () => invoicing.post(invoices, {}),
  'validation.items_incomplete': () => invoicing.post(invoices, { ...sale, items: [{}] }),
  'validation.nothing_to_update': async () =>
    invoicing.patch(`${customers}/${await aCustomer()}`, { nope: 1 }),
  'idempotency.key_invalid': () =>
    invoicing.post(customers, { name: 'A' }, { 'idempotency-key': 'a b' }),
  'idempotency.key_reused': async () => {
    const headers = { 'idempotency-key': 'one' }
    await invoicing.post(customers, { name: 'A' }, headers)
    return invoicing.post(customers, { name: 'B' }, headers)
  },
  'resource.not_found': () => invoicing.get(`${customers}/${absent}`),
  'test.live_forbidden': () => invoicing.get(customers, { 'simulate-error': 'key.unknown' }),
  'test.simulated_code_unknown': async () => {
    const trial = await aBusiness({ environment: 'test' })
    return trial.invoicing.get(customers, { 'simulate-error': 'nope' })
  },
  'platform.maintenance': () => under('full', () => invoicing.post(customers, { name: 'A' })),
  'platform.read_only': () => under('read_only', () => invoicing.post(customers, { name: 'A' })),
}

const ofCallers: Recipes = {
  'key.header_missing': () => withKey(''),
  'key.format_invalid': () => withKey('Bearer nope'),
  'key.wrong_surface': () => withKey(shared.books.authorization),
  'key.checksum_invalid': () => withKey(`Bearer oim_${'0'.repeat(64)}`),
  'key.unknown': () => withKey(`Bearer oim_${'0'.repeat(56)}cd5bae18`),
  'key.revoked': () =>
    afterChange((business, keyId) =>
      business.write(revokeKey, { keyId }, ofOrganization(business)),
    ),
  'key.rotated_out': () =>
    afterChange(async (business, keyId) => {
      const random = crypto.getRandomValues(new Uint8Array(keyRandomBytes))
      const rotation = { keyId, overlapHours: 1, random, ...keyHasher }
      await business.write(rotateKey, rotation, ofOrganization(business))
      business.clock.set('2026-06-15T13:00:00.000Z')
    }),
  'key.disabled': () =>
    afterChange((business, keyId) =>
      business.owner.query('update api_key set disabled_at = $2 where key_id = $1', [keyId, noon]),
    ),
  'key.expired': async () => {
    const business = await aBusiness()
    const client = await business.clientOf('invoicing', { expiresInDays: 1 })
    business.clock.set('2026-06-17T00:00:00.000Z')
    return client.get(customers)
  },
  'key.ip_not_allowed': async () => {
    const client = await shared.clientOf('invoicing', { allowedNetworks: ['203.0.113.0/24'] })
    return client.get(customers)
  },
  'key.scope_insufficient': async () => {
    const client = await shared.clientOf('invoicing', { scopes: ['read'] })
    return client.post(customers, { name: 'A' })
  },
  'key.last_key': async () => {
    const business = await aBusiness()
    return business.connect.delete(`/apiKeys/${await firstKey(business, 'connect')}`)
  },
  'key.expiry_invalid': () =>
    invoicing.post('/api/v1/keys', { name: 'A', scope: 'read', expires_at: '2020-01-01' }),
  'key.already_revoked': async () => {
    const business = await aBusiness()
    const path = `/v1/api-keys/${await firstKey(business, 'books')}`
    const other = await business.clientOf('books')
    await other.delete(path)
    return other.delete(path)
  },
  'key.limit_reached': async () => {
    const business = await aBusiness({ plans: { ...trialPlans }, limits: 'of the plan' })
    const make = () => business.invoicing.post('/api/v1/keys', { name: 'A', scope: 'read' })
    await make()
    return make()
  },
  'access.business_forbidden': async () => {
    const other = await aBusiness()
    return shared.books.get(`${journals}?businessId=${other.businessId}`)
  },
  'access.business_suspended': async () => {
    const business = await aBusiness()
    await business.write(suspendBusiness, {})
    return business.invoicing.post(customers, { name: 'A' })
  },
  'access.organization_suspended': () =>
    afterChange((business) => business.write(suspendOrganization, {}, ofOrganization(business))),
  'access.enterprise_only': async () => {
    const business = await aBusiness({ plans: trialPlans })
    return business.books.get('/v1/enterprise/businesses')
  },
  'plan.no_subscription': async () => {
    const business = await aBusiness()
    const plans = { books: 'free' } as const
    await business.write(setPlans, { plans, booksStatus: 'active' }, ofOrganization(business))
    const client = await business.clientOf('books')
    return booksOf({ ...business, books: client }).get(journals)
  },
  'plan.downgraded': async () => {
    const business = await aBusiness()
    await business.write(setPlans, { plans: { books: 'free' } }, ofOrganization(business))
    return booksOf(business).get(journals)
  },
  'plan.trial_exhausted': async () => {
    const business = await aBusiness({ plans: trialPlans })
    const ask = () => booksOf(business).get(accounts)
    for (let call = 0; call < 100; call += 1) await ask()
    return ask()
  },
  'plan.account_expired': async () => {
    const business = await aBusiness({ plans: trialPlans })
    business.clock.set('2027-06-15T12:00:00.001Z')
    return business.connect.get('/companies')
  },
  'limit.concurrency_exceeded': async () => {
    const business = await aBusiness({ limits: 'of the plan' })
    const ask = () => booksOf(business).get(accounts)
    const answers = await Promise.all(Array.from({ length: 60 }, ask))
    return answers.find(({ status }) => status === 429) ?? ask()
  },
  'limit.rate_exceeded': async () => {
    const business = await aBusiness({ plans: trialPlans, limits: 'of the plan' })
    const ask = () => business.invoicing.get(customers)
    const answers = await Promise.all(Array.from({ length: 101 }, ask))
    return answers.find(({ status }) => status === 429) ?? ask()
  },
}

const ofBooks: Recipes = {
  'ledger.journal_unbalanced': () =>
    books.post(journals, { ...entry, lines: [entry.lines[0], { accountId: '2002', credit: 90 }] }),
  'ledger.account_not_found': () =>
    books.post(journals, { ...entry, lines: [entry.lines[0], { accountId: '9999', credit: 100 }] }),
  'ledger.account_is_control': () =>
    books.post(journals, { ...entry, lines: [entry.lines[0], { accountId: '2001', credit: 100 }] }),
  'ledger.account_code_taken': () =>
    books.post(accounts, { code: '5020', name: 'Rent again', category: 'expense' }),
  'ledger.entry_not_draft': async () => books.put(await anEntry(), { description: 'Late' }),
  'ledger.entry_not_posted': async () =>
    books.post(`${await anEntry({ post: false })}/reverse`, reason),
  'ledger.entry_already_reversed': async () => {
    const path = `${await anEntry()}/reverse`
    await books.post(path, reason)
    return books.post(path, reason)
  },
  'ledger.reversal_too_early': async () =>
    books.post(`${await anEntry()}/reverse`, { reason: 'A mistake', reversalDate: '2026-04-01' }),
  'ledger.period_locked': async () => {
    const own = booksOf(await aBusiness(nigeria))
    await own.put(`${locks}/all`, { lockDate: '2026-04-30', reason: 'Filed' })
    return own.post(journals, entry)
  },
  'ledger.period_closed': async () => {
    const own = booksOf(await aBusiness(nigeria))
    await own.post(`${locks}/close`, { throughDate: '2026-04-30', reason: 'Audited' })
    return own.post(journals, entry)
  },
  'ledger.drafts_in_period': async () => {
    const own = booksOf(await aBusiness(nigeria))
    await own.post(journals, { ...entry, post: false })
    return own.post(`${locks}/close`, { throughDate: '2026-04-30', reason: 'Audited' })
  },
  'access.human_required': () =>
    books.post(`${locks}/reopen`, { fromDate: '2026-04-01', reason: 'Late bill' }),
  'ledger.date_too_far': () => books.post(journals, { ...entry, transactionDate: '2126-04-30' }),
  'ledger.system_account_locked': async () => {
    const { body } = await books.get(`${accounts}/2001`)
    return books.put(`${accounts}/${body.data.id}`, { isActive: false })
  },
  'reports.range_invalid': () =>
    books.get('/v1/reports/profit-loss?startDate=2026-02-01&endDate=2026-01-01'),
  'sales.invoice_not_draft': async () =>
    books.put(await aBooksInvoice('finalize'), {
      lineItems: [{ description: 'Banner run', quantity: 1, unitPrice: 10_000 }],
    }),
  'sales.invoice_already_paid': async () =>
    books.post(`${await aBooksInvoice('finalize', 'mark-paid')}/mark-paid`),
  'sales.invoice_voided': async () =>
    books.post(`${await aBooksInvoice('finalize', 'void')}/void`, reason),
  'sales.invoice_has_payments': async () =>
    books.post(`${await aBooksInvoice('finalize', 'mark-paid')}/void`, reason),
  'sales.email_missing': async () => {
    const { customerName: _name, customerEmail: _email, ...rest } = posters
    const made = await books.post('/v1/invoices', { ...rest, customerId: await aCustomer() })
    return books.post(`/v1/invoices/${idOf(made)}/send`)
  },
  'ledger.entry_has_source': async () => {
    const own = await aBusiness(nigeria)
    const path = `/v1/invoices/${idOf(await booksOf(own).post('/v1/invoices', posters))}`
    await booksOf(own).post(`${path}/finalize`)
    const [first] = (await booksOf(own).get(journals)).body.data.journalEntries
    return booksOf(own).post(`${journals}/${first.id}/reverse`, reason)
  },
  'ledger.account_inactive': async () => {
    const id = idOf(
      await books.post(accounts, { code: '5999', name: 'Gifts', category: 'expense' }),
    )
    await books.put(`${accounts}/${id}`, { isActive: false })
    const lines = [{ accountId: '5999', debit: 100 }, entry.lines[1]]
    return books.post(journals, { ...entry, lines })
  },
}

const ofInvoicing: Recipes = {
  'resource.number_taken': async () => {
    await anInvoice({ invoice_number: 'A-1' })
    const fields = { ...sale, customer_id: await aCustomer(), invoice_number: 'A-1' }
    return invoicing.post(invoices, fields)
  },
  'resource.external_id_taken': async () => {
    await invoicing.post(customers, { name: 'A', external_id: 'x1' })
    return invoicing.post(customers, { name: 'B', external_id: 'x1' })
  },
  'resource.invalid_transition': async () =>
    invoicing.patch(`${invoices}/${await anInvoice()}`, { status: 'overdue' }),
  'party.has_open_documents': async () => {
    const customerId = await aCustomer()
    await anInvoice({ customer_id: customerId, status: 'sent' })
    return invoicing.delete(`${customers}/${customerId}`)
  },
  'ledger.rate_missing': async () =>
    invoicing.post(invoices, {
      ...sale,
      customer_id: await aCustomer(),
      currency: 'EUR',
      status: 'sent',
    }),
}

const naira = { status: 'sent', currency: 'NGN' }
const pay = async (more: object, body: object): Promise<Answer> =>
  invoicing.post(`${invoices}/${await anInvoice({ ...naira, ...more })}/payments`, body)

/** A payment of a customer with an invoice in naira, allocated as told. */
async function aPayment(payment: object, allocated: number): Promise<Answer> {
  const customer_id = await aCustomer()
  const invoice_id = await anInvoice({ ...naira, customer_id })
  const allocations = [{ invoice_id, amount: allocated }]
  return invoicing.post('/api/v1/payments', { customer_id, allocations, ...payment })
}

const ofSales: Recipes = {
  'validation.amount_precision': () => pay({}, { amount: 0.001 }),
  'ledger.amount_overflow': () => pay({}, { amount: 1e14 }),
  'sales.total_negative': async () => {
    const items = [{ ...item, quantity: -1 }]
    return invoicing.post(invoices, { customer_id: await aCustomer(), items })
  },
  'sales.invoice_not_open': () => pay({ status: 'draft' }, { amount: 1 }),
  'sales.allocation_exceeds_due': () => pay({}, { amount: 1_000 }),
  'sales.allocation_exceeds_receipt': () => aPayment({ amount: 1 }, 2),
  'sales.allocation_currency_mismatch': () =>
    aPayment({ amount: 1, currency: 'EUR', exchange_rate: 1_700 }, 1),
  'purchases.withholding_invalid': () => pay({}, { amount: 1, wht_amount: 2 }),
  'sales.receipt_voided': async () => {
    const path = `/api/v1/payments/${(await aPayment({ amount: 2 }, 1)).body.id}/reverse`
    await invoicing.post(path)
    return invoicing.post(path)
  },
  'sales.credit_exceeds_remaining': async () => {
    const path = `${invoices}/${await anInvoice(naira)}/credit-notes`
    await invoicing.post(path)
    return invoicing.post(path)
  },
}

const ofConnect: Recipes = {
  'sync.company_not_found': () => connect.get(`/companies/${absent}`),
  'sync.connection_not_found': () => company.get(`/connections/${absent}`),
  'sync.integration_not_found': () => connect.get('/integrations/zzzz'),
  'sync.dataset_not_found': () => company.get(`/data/history/${absent}`),
  'sync.data_type_unsupported': () => company.get('/data/itemReceipts'),
  'sync.data_not_available': () => company.get('/data/invoices/12345'),
  'sync.tags_invalid': () => connect.post('/companies', { name: 'A', tags: { 'a:b': 'c' } }),
  'sync.connection_transition': async () => {
    const path = company.connectionPath(await company.addConnection())
    return company.connect.patch(path, { status: 'Unlinked' })
  },
  'sync.connection_not_linked': async () => {
    const own = await aCompany()
    await own.addConnection()
    return own.connect.post(`/companies/${own.companyId}/data/queue/invoices`)
  },
  'sync.data_type_not_queueable': () =>
    company.connect.post(`/companies/${company.companyId}/data/queue/itemReceipts`),
  'sync.dataset_not_requested': async () => {
    const own = await aCompany()
    return own.get('/data/invoices')
  },
  'connect.tenant_mismatch': async () => {
    const own = await aLinkedCompany()
    const [connection] = (await own.get('/connections')).body.results
    const businessId = await own.addBusiness()
    return own.connect.put(`${own.connectionPath(connection.id)}/authorization`, { businessId })
  },
  'sync.authorization_rejected': async () => {
    const own = await aCompany()
    const path = own.connectionPath(await own.addConnection())
    return own.connect.put(`${path}/authorization`, { businessId: absent })
  },
  'sync.connection_category_taken': async () => {
    const own = await aLinkedCompany()
    return own.link(await own.addConnection())
  },
  'plan.company_limit': async () => {
    const business = await aBusiness({ plans: trialPlans })
    const make = () => business.connect.post('/companies', { name: 'One of many' })
    for (let made = 0; made < 50; made += 1) await make()
    return make()
  },
  'validation.text_too_long': () => connect.post('/apiKeys', { name: 'a'.repeat(300) }),
}

const webhooks = '/api/v1/webhooks'

const anEndpoint = async (): Promise<string> =>
  `${webhooks}/${idOf(await invoicing.post(webhooks, endpointAt('https://shop.example/hook')))}`

const endpointAt = (url: string, events: readonly string[] = ['*']) => ({ url, events })

const ofWebhooks: Recipes = {
  'webhooks.url_not_https': () => invoicing.post(webhooks, endpointAt('http://shop.example/')),
  'webhooks.url_refused': () => invoicing.post(webhooks, endpointAt('https://nobody.invalid/')),
  'webhooks.event_unknown': () =>
    invoicing.post(webhooks, endpointAt('https://shop.example/', ['nope'])),
  'webhooks.url_taken': async () => {
    const endpoint = endpointAt('https://shop.example/twice')
    await invoicing.post(webhooks, endpoint)
    return invoicing.post(webhooks, endpoint)
  },
  'webhooks.endpoint_disabled': async () => {
    const path = await anEndpoint()
    await invoicing.post(`${path}/disable`)
    return invoicing.post(`${path}/test`, { event_type: 'invoice.created' })
  },
  'plan.webhook_endpoint_limit': async () => {
    const business = await aBusiness({ plans: trialPlans, limits: 'of the plan' })
    const make = (name: string): Promise<Answer> =>
      business.invoicing.post(webhooks, endpointAt(`https://shop.example/${name}`))
    for (const name of ['a', 'b']) await make(name)
    return make('c')
  },
}

const recipes: Recipes = {
  ...ofRequests,
  ...ofCallers,
  ...ofBooks,
  ...ofInvoicing,
  ...ofSales,
  ...ofConnect,
  ...ofWebhooks,
  ...ofDeliveries,
  ...ofDocuments,
  ...ofFaults,
  ...ofPlans,
  ...ofSync,
  ...ofTheLedger,
}

const codes = Object.keys(catalogue).filter(isErrorCode)
const reached = new Set<string>()

test.each(Object.entries(recipes))('%s is reached by its cause', async (code, reach) => {
  const { status, headers, text } = await reach()

  expect([headers['error-code'], text]).toEqual([code, expect.any(String)])
  expect(status).toBeGreaterThanOrEqual(400)
  expect(headers['simulated']).toBeUndefined()
  expect(headers['link']).toBe(`<http://127.0.0.1:4400/docs/errors/${code}>; rel="help"`)
  reached.add(code)
})

/** The ids of this installation in the place of those that pages show. */
const shownHere = async (): Promise<Readonly<Record<string, string>>> => ({
  $business: shared.businessId,
  $company: (await connect.post('/companies', { name: 'Technicalium' })).body.id,
  $customer: await aCustomer(),
  $invoice: await anInvoice(naira),
  $nobody: absent,
})

test.each(Object.entries(requestsByCode))(
  '%s: the request on its page is refused, and taken when it is put right',
  async (code, { wrong, right }) => {
    const ids = await shownHere()
    const ask = ({ surface, method, path, headers, body }: ShownRequest): Promise<Answer> => {
      const isText = typeof body === 'string'
      const text = isText || body === undefined ? body : JSON.stringify(body)
      const fill = (given: string): string =>
        given.replaceAll(/\$[a-z]+/g, (name) => ids[name] ?? name)
      const type = { 'content-type': 'application/json' }
      const own = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
      const all = { ...(text !== undefined && type), ...Object.fromEntries(own) }
      return shared[surface].send(method, fill(path), text && fill(text), all)
    }

    const refused = await ask(wrong)
    const taken = await ask(right)

    expect([refused.headers['error-code'], refused.status >= 400]).toEqual([code, true])
    expect([taken.status < 300, taken.text]).toEqual([true, expect.any(String)])
  },
)

const trial = await aBusiness({ environment: 'test' })
const trialBooks = booksOf(trial)

test.each([
  ['invoicing', invoicingErrors, (headers: Asked) => trial.invoicing.get(customers, headers)],
  ['books', booksErrors, (headers: Asked) => trialBooks.get(accounts, headers)],
  ['connect', connectErrors, (headers: Asked) => trial.connect.get('/companies', headers)],
] as const)(
  '%s answers every code as its table says, in both media types',
  async (_, looks, ask) => {
    for (const code of codes) {
      const asked = { 'simulate-error': code }
      const plain = await ask(asked)
      const problem = await ask({ ...asked, accept: 'application/problem+json' })

      for (const { status, headers } of [plain, problem]) {
        const { 'error-code': shown, simulated, link } = headers
        expect([code, status, shown, simulated]).toEqual([code, looks[code].status, code, 'true'])
        expect(link).toBe(`<http://127.0.0.1:4400/docs/errors/${code}>; rel="help"`)
      }
      expect(plain.text).not.toMatch(/[{]\w+[}]/)
      expect(problem.headers['content-type']).toContain('application/problem+json')
      expect(problem.body).toMatchObject({ code, number: catalogue[code].number })
    }
  },
)

test.each(Object.entries(ofPushes))('%s is how a push ends by its cause', async (code, reach) => {
  const { status, body } = await reach()

  assert(isErrorCode(code), 'recipes are kept by code')
  expect([status, body.detailedErrorCode]).toEqual([200, catalogue[code].number])
  reached.add(code)
})

test.each(Object.entries(ofDoors))('%s is refused behind the surfaces', async (code, act) => {
  const refused: unknown = await act().catch((error: unknown) => error)

  expect(isRefusal(refused) ? refused.code : refused).toBe(code)
  reached.add(code)
})

const root = dirname(import.meta.dirname)
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

test.each(Object.entries(reachedElsewhere))('%s reaches what it is said to', (path, named) => {
  const text = textOf(path)

  expect(named.filter((code) => !text.includes(`'${code}'`))).toEqual([])
})

test('nothing refuses what is said not to be built', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => textOf(join('src', path)))
    .join('\n')
  const isRefused = (code: string): boolean =>
    new RegExp(`Refusal\\(\\s*'${code.replace('.', '\\.')}'`).test(sources)

  expect(Object.values(notBuilt).flat().filter(isRefused)).toEqual([])
  expect(Object.values(outOfReach).flat().every(isRefused)).toBe(true)
})

test('every recipe reaches its code; every other code has a reason', () => {
  const made = Object.keys({ ...recipes, ...ofPushes, ...ofDoors })
  const elsewhere = Object.values(reachedElsewhere).flat()
  const explained = [...Object.entries(outOfReach), ...Object.entries(notBuilt)]
  const all = [...made, ...elsewhere, ...explained.flatMap(([, named]) => named)]

  expect([...reached].toSorted()).toEqual(made.toSorted())
  expect(all.toSorted()).toEqual(codes.toSorted())
  console.info(
    [
      `${made.length} of ${codes.length} codes reached by their cause, ${elsewhere.length} more in tests of their own; not reached:`,
      ...explained.map(([why, named]) => `  ${why}: ${named.join(', ')}`),
    ].join('\n'),
  )
})
