import { Ajv } from 'ajv'
import fc from 'fast-check'
import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import {
  AccountOut,
  BalanceSheetOut,
  CompanyInfoOut,
  CompanyOut,
  ConnectionOut,
  CustomerOut,
  DataStatusesOut,
  IntegrationOut,
  InvoiceOut,
  JournalEntryOut,
  ProfitAndLossOut,
  PullOperationOut,
  pageOf,
} from '../../../src/api/connect/shapes.ts'
import { assert } from '../../../src/kernel/assert.ts'
import { isUuid } from '../../../src/kernel/ids.ts'
import { getCompany } from '../../../src/modules/sync/company.queries.ts'
import {
  type Comparison,
  type Filter,
  type ListQuery,
  type Operator,
  type Order,
  selectPage,
} from '../../../src/modules/sync/filter.ts'
import { entityByRecordType, propertiesByEntity } from '../../../src/modules/sync/property.ts'
import { listRecords, type RecordSource } from '../../../src/modules/sync/record.queries.ts'
import {
  type CanonicalRecord,
  type RecordType,
  recordTypes,
} from '../../../src/modules/sync/record.ts'
import { noon } from '../../harness.ts'
import { aCustomer, aLinkedCompany, anInvoice, type Linked, post } from './linked.ts'

const ajv = new Ajv({ strict: false, allErrors: true, formats: { uuid: isUuid } })

/** Required members, their types and closed lists; no member is null and none is unknown. */
function fits(schema: TSchema, body: unknown): void {
  const validate = ajv.compile(schema)
  expect(validate(body), JSON.stringify(validate.errors)).toBe(true)
  expect(JSON.stringify(body)).not.toContain('null')
}

/** Books with an invoice in every state, two currencies and a manual entry. */
async function aBusyCompany(): Promise<Linked> {
  const company = await aLinkedCompany()
  const { invoicing, clock } = company
  const customer_id = await aCustomer(company, {
    email: 'accounts@juniper.example',
    phone: '+234 1 234 5678',
    address: '4 Broad Street',
    city: 'Lagos',
    country: 'NG',
    tax_id: '12345678-0001',
    currency: 'USD',
  })
  const second = await aCustomer(company, { name: 'Zed & Co' })
  await anInvoice(company, { customer_id, status: 'draft', notes: 'Only a draft' })
  const sent = await anInvoice(company, { customer_id, status: 'sent', discount_rate: 10 })
  await anInvoice(company, { customer_id: second, status: 'paid', prices_include_tax: true })
  const cancelled = await anInvoice(company, { customer_id: second, status: 'sent' })
  await invoicing.patch(`/api/v1/invoices/${cancelled}`, { status: 'cancelled' })
  await anInvoice(company, {
    customer_id: second,
    status: 'sent',
    currency: 'EUR',
    exchange_rate: 1.08,
    due_date: '2026-06-20',
  })
  clock.set('2026-06-16T09:30:00.250Z')
  await invoicing.patch(`/api/v1/invoices/${sent}`, { notes: 'Please pay soon' })
  await post(company, '2026-05-10', { '1010': 50_000n, '3000': -50_000n })
  await post(company, '2026-06-10', { '6100': 12_000n, '1010': -12_000n })
  return company
}

test('every answer has the members of the contract, and no null', async () => {
  const company = await aBusyCompany()
  const { get, connect, companyId, connectionId, connectionPath } = company
  const pages: readonly [string, TSchema][] = [
    ['/connections', pageOf(ConnectionOut)],
    ['/data/history', pageOf(PullOperationOut)],
    ['/data/accounts', pageOf(AccountOut)],
    ['/data/customers', pageOf(CustomerOut)],
    ['/data/invoices', pageOf(InvoiceOut)],
    ['/data/journalEntries', pageOf(JournalEntryOut)],
    ['/data/info', CompanyInfoOut],
    ['/data/financials/balanceSheet?periodLength=1&periodsToCompare=3', BalanceSheetOut],
    ['/data/financials/profitAndLoss?periodLength=1&periodsToCompare=3', ProfitAndLossOut],
    ['/dataStatus', DataStatusesOut],
    ['', CompanyOut],
    [`/connections/${connectionId}`, ConnectionOut],
  ]
  for (const [path, schema] of pages) {
    const { status, body } = await get(path)
    expect([path, status]).toEqual([path, 200])
    fits(schema, body)
  }
  fits(pageOf(CompanyOut), (await connect.get('/companies')).body)
  fits(pageOf(IntegrationOut), (await connect.get('/integrations')).body)
  fits(PullOperationOut, (await connect.post(`/companies/${companyId}/data/info`)).body)
  const queued = await connect.post(`/companies/${companyId}/data/queue/invoices`)
  fits(PullOperationOut, queued.body)
  const one = await connect.get(`${connectionPath(connectionId)}/data/invoices?pageSize=1`)
  fits(pageOf(InvoiceOut), one.body)
  const [invoice] = one.body.results
  expect((await get(`/data/invoices/${invoice.id}`)).body).toEqual(invoice)
})

test('invoices have the states and amounts of the ledger', async () => {
  const { get } = await aBusyCompany()
  const { body } = await get('/data/invoices?orderBy=-totalAmount')

  // biome-ignore lint/suspicious/noExplicitAny: members of the answer are compared by name.
  const shown = body.results.map((row: any) => [
    row.status,
    row.currency,
    row.currencyRate,
    row.subTotal,
    row.totalTaxAmount,
    row.totalAmount,
    row.amountDue,
    row.totalDiscount,
    row.paidOnDate,
  ])
  expect(new Set(shown)).toEqual(
    new Set([
      ['Draft', 'USD', undefined, 250.5, 15.04, 265.54, 265.54, 0, undefined],
      ['Submitted', 'USD', undefined, 225.45, 13.53, 238.98, 238.98, 25.05, undefined],
      ['Paid', 'USD', undefined, 236.51, 13.99, 250.5, 0, 0, '2026-06-01T00:00:00'],
      ['Void', 'USD', undefined, 250.5, 15.04, 265.54, 0, 0, undefined],
      ['Submitted', 'EUR', 1.08, 250.5, 15.04, 265.54, 265.54, 0, undefined],
    ]),
  )
  for (const row of body.results) {
    // biome-ignore lint/suspicious/noExplicitAny: members of the answer are summed by name.
    const sum = (name: string): number => total(row.lineItems.map((line: any) => line[name]))
    expect(sum('subTotal')).toBe(cents(row.subTotal))
    expect(sum('taxAmount')).toBe(cents(row.totalTaxAmount))
    expect(sum('totalAmount')).toBe(cents(row.totalAmount))
    // biome-ignore lint/suspicious/noExplicitAny: members of the answer are summed by name.
    const settled = row.paymentAllocations.map(({ allocation }: any) => allocation.totalAmount)
    if (row.status === 'Void') continue
    expect(cents(row.totalAmount) - total(settled)).toBe(cents(row.amountDue))
  }
  const [paid] = body.results.filter((row: { status: string }) => row.status === 'Paid')
  expect(paid.paymentAllocations).toMatchObject([
    {
      payment: { currency: 'USD', totalAmount: 250.5, paidOnDate: '2026-06-01T00:00:00' },
      allocation: { currency: 'USD', totalAmount: 250.5 },
    },
  ])
  expect(paid.paymentAllocations[0].payment.accountRef.name).toBe('Bank - Main')
})

test('a change is visible in the next read, and modifiedDate does not miss it', async () => {
  const { get, invoicing, clock } = await aBusyCompany()
  const { body: before } = await get('/data/invoices?query=status=Submitted%26%26currency=USD')
  const [invoice] = before.results
  clock.set('2026-06-17T08:00:00.000Z')
  await invoicing.patch(`/api/v1/invoices/${invoice.id}`, { status: 'paid' })

  const { body: after } = await get(
    '/data/invoices?query=modifiedDate>=2026-06-17T08:00:00Z&orderBy=modifiedDate',
  )

  expect(after.results.map(({ id }: { id: string }) => id)).toEqual([invoice.id])
  expect(after.results[0]).toMatchObject({ status: 'Paid', amountDue: 0 })
})

test('a removed customer stays, archived and marked as deleted', async () => {
  const company = await aLinkedCompany()
  const id = await aCustomer(company)
  expect((await company.invoicing.delete(`/api/v1/customers/${id}`)).status).toBeLessThan(300)

  const { body } = await company.get(`/data/customers/${id}`)

  expect([body.status, body.metadata]).toEqual(['Archived', { isDeleted: true }])
  const { body: kept } = await company.get('/data/customers?query=metadata.isDeleted!=true')
  expect(kept.totalResults).toBe(0)
})

test('statements agree with each other, with the accounts and with the entries', async () => {
  const { get } = await aBusyCompany()
  const periods = 'periodLength=1&periodsToCompare=4'
  const { body: sheet } = await get(`/data/financials/balanceSheet?${periods}`)
  const { body: report } = await get(`/data/financials/profitAndLoss?${periods}`)

  expect([sheet.earliestAvailableMonth, sheet.mostRecentAvailableMonth]).toEqual([
    '2026-05-01T00:00:00',
    '2026-06-01T00:00:00',
  ])
  expect(sheet.reports.map(({ date }: { date: string }) => date)).toEqual([
    '2026-06-30T00:00:00',
    '2026-05-31T00:00:00',
  ])
  for (const { assets, liabilities, netAssets, equity } of sheet.reports) {
    expect(cents(assets.value) - cents(liabilities.value)).toBe(cents(netAssets))
    expect(cents(equity.value)).toBe(cents(netAssets))
    for (const line of [assets, liabilities, equity]) requireSums(line)
  }
  let profit = 0
  for (const row of report.reports) {
    for (const name of ['income', 'costOfSales', 'expenses', 'otherIncome', 'otherExpenses']) {
      requireSums(row[name])
    }
    const gross = cents(row.income.value) - cents(row.costOfSales.value)
    expect(cents(row.grossProfit)).toBe(gross)
    expect(cents(row.netOperatingProfit)).toBe(gross - cents(row.expenses.value))
    const other = cents(row.otherIncome.value) - cents(row.otherExpenses.value)
    expect(cents(row.netOtherIncome)).toBe(other)
    expect(cents(row.netProfit)).toBe(cents(row.netOperatingProfit) + other)
    profit += cents(row.netProfit)
  }
  const equity = sheet.reports[0].equity.items.at(-1)
  expect([equity.name, cents(equity.value)]).toEqual(['Current year earnings', profit])

  const { body: entries } = await get('/data/journalEntries?pageSize=5000')
  for (const { journalLines } of entries.results) {
    expect(total(journalLines.map((line: { netAmount: number }) => line.netAmount))).toBe(0)
  }
  const { body: accounts } = await get('/data/accounts?query=type=Asset&pageSize=5000')
  const balances = accounts.results.map((row: { currentBalance: number }) => row.currentBalance)
  expect(total(balances)).toBe(cents(sheet.reports[0].assets.value))
})

type Line = Readonly<{ value: number; items: readonly Line[] }>

const cents = (amount: number): number => Math.round(amount * 100)
const total = (amounts: readonly number[]): number =>
  amounts.reduce((sum, amount) => sum + cents(amount), 0)

function requireSums({ value, items }: Line): void {
  if (items.length === 0) return
  expect(total(items.map((item) => item.value))).toBe(cents(value))
  for (const item of items) requireSums(item)
}

test('an unlinked connection stays as it was read, and lives again when it is linked', async () => {
  const company = await aBusyCompany()
  const { get, connect, connectionId, connectionPath, link } = company
  const paths = [
    '/data/accounts',
    '/data/customers?orderBy=-customerName',
    '/data/invoices?query=totalAmount>240&orderBy=-amountDue',
    '/data/journalEntries?query=journalRef.name=sales',
    '/data/info',
    '/data/financials/balanceSheet?periodLength=1&periodsToCompare=3',
    '/data/financials/profitAndLoss?periodLength=2&periodsToCompare=3&startMonth=2026-07-01',
  ]
  const read = async (): Promise<readonly unknown[]> =>
    Promise.all(paths.map(async (path) => (await get(path)).body))
  const before = await read()
  const unlinked = await connect.patch(connectionPath(connectionId), { status: 'Unlinked' })
  expect(unlinked.body.status).toBe('Unlinked')

  const customer_id = await aCustomer(company, { name: 'Another' })
  await anInvoice(company, { customer_id, status: 'sent' })

  expect(await read()).toEqual(before)
  const counted = await company.owner.query('select count(*)::int as kept from record')
  expect(counted.rows[0].kept).toBeGreaterThan(0)

  expect((await link(connectionId)).body.status).toBe('Linked')
  expect((await get('/data/customers')).body.totalResults).toBe(3)
  const history = await get('/data/history?query=dataType=customers')
  expect(history.body.totalResults).toBe(1)
})

test('a filter of the database and the same filter in memory choose the same records', async () => {
  const company = await aBusyCompany()
  const customer = (await company.get('/data/customers')).body.results[0]
  await company.invoicing.patch(`/api/v1/customers/${customer.id}`, { name: 'ÉCLAIR & Ñandú' })

  await requireAgreement(company, 50)
  const { connect, connectionPath, connectionId } = company
  await connect.patch(connectionPath(connectionId), { status: 'Unlinked' })
  await requireAgreement(company, 25)
})

/** Random filters, orders and pages of every record type, live or kept. */
async function requireAgreement(company: Linked, runs: number): Promise<void> {
  const { organizationId, companyId } = company
  const { connections } = await company.read((db) => getCompany(db, organizationId, companyId))
  const [connection] = connections
  assert(connection !== undefined, 'the company has a connection')
  const source: RecordSource = { organizationId, connection, now: noon }
  for (const recordType of recordTypes) {
    const list = (query: ListQuery) =>
      company.read((db) => listRecords(db, recordType, source, query))
    const all = await list({ filter: undefined, order: undefined, page: 1, pageSize: 5_000 })
    const property = fc.asyncProperty(
      filterOver(recordType, all.rows),
      orderOver(recordType),
      fc.integer({ min: 1, max: 3 }),
      async (filter, order, page) => {
        const query = { filter, order, page, pageSize: 3 }
        expect(await list(query)).toEqual(selectPage(all.rows, query))
      },
    )
    await fc.assert(property, { numRuns: runs })
  }
}

const propertiesOf = (recordType: RecordType) => [
  ...propertiesByEntity[entityByRecordType[recordType]],
]

const orderOver = (recordType: RecordType): fc.Arbitrary<Order> =>
  fc
    .record({ of: fc.constantFrom(...propertiesOf(recordType)), isDescending: fc.boolean() })
    .map(({ of: [path, kind], isDescending }) => ({ path, kind, isDescending }))

/** Comparisons with values that the records have, so that both outcomes are common. */
function filterOver(
  recordType: RecordType,
  records: readonly CanonicalRecord[],
): fc.Arbitrary<Filter> {
  const operators: Readonly<Record<Comparison['kind'], readonly Operator[]>> = {
    text: ['=', '!=', '~'],
    choice: ['=', '!=', '~'],
    id: ['=', '!='],
    boolean: ['=', '!='],
    number: ['=', '!=', '>', '<', '>=', '<='],
    date: ['=', '!=', '>', '<', '>=', '<='],
  }
  const comparison = fc
    .record({
      property: fc.constantFrom(...propertiesOf(recordType)),
      record: fc.constantFrom(...records),
      pick: fc.nat({ max: 5 }),
      cut: fc.nat({ max: 4 }),
    })
    .map(({ property: [path, kind], record, pick, cut }): Comparison => {
      const own = operators[kind]
      const operator = own[pick % own.length] ?? '='
      const found = path
        .split('.')
        .reduce((inner: unknown, name) => (inner as Record<string, unknown>)?.[name], record)
      const text = String(found ?? fallback[kind])
      const value = operator === '~' ? text.slice(cut, cut + 4) || 'a' : text
      return { path, kind, operator, value: kind === 'date' ? toInstant(text) : value }
    })
  return fc.oneof(
    comparison,
    fc.array(comparison, { minLength: 2, maxLength: 3 }).map((all) => ({ all })),
    fc.array(comparison, { minLength: 2, maxLength: 3 }).map((any) => ({ any })),
  )
}

const fallback = {
  text: 'x',
  choice: 'Active',
  id: 'f0d8c5f6-6a9a-4e4c-9f14-1dd1c5b9b1e7',
  boolean: 'true',
  number: '1.5',
  date: '2026-01-01T00:00:00',
} as const

const toInstant = (text: string): string => (text.endsWith('Z') ? text : `${text}.000Z`)

test('small quantities go over the wire as plain digits', async () => {
  const company = await aLinkedCompany()
  const customer_id = await aCustomer(company)
  const items = [{ description: 'Calls', quantity: 2_000_000, unit_price: 0.0000001 }]
  const id = await anInvoice(company, { customer_id, status: 'draft', items })

  const { text } = await company.get(`/data/invoices/${id}`)

  expect(text).toContain('"unitAmount":0.0000001,')
})
