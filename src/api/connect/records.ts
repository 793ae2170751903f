import { type TSchema, Type } from 'typebox'
import { asDate, type CalendarDate, isDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { entityByRecordType, propertiesByEntity } from '../../modules/sync/property.ts'
import {
  getCompanyInfo,
  getRecord,
  getStatement,
  listRecords,
} from '../../modules/sync/record.queries.ts'
import { findDataType, type Manifest, type RecordType } from '../../modules/sync/record.ts'
import { periodLengthMax, periodsMax } from '../../modules/sync/statement.ts'
import { type Call, type Reply, type RouteRecord, route } from '../http/route.ts'
import { ListQueryIn, type ListQueryInput, toListQuery, toPage } from './lists.ts'
import { companyErrors, connectionErrors, listErrors } from './looks.ts'
import {
  AccountOut,
  BalanceSheetOut,
  CompanyInfoOut,
  CustomerOut,
  InvoiceOut,
  JournalEntryOut,
  ProfitAndLossOut,
  pageOf,
} from './shapes.ts'
import { businessOf, findSource } from './sources.ts'

const datasetErrors = [
  'sync.data_type_unsupported',
  'sync.dataset_not_requested',
  'sync.dataset_incomplete',
] as const

type RecordRoutes = Readonly<{
  recordType: RecordType
  /** Segment of the path. */
  segment: string
  tag: string
  one: string
  many: string
  row: ReturnType<typeof Type.Object>
}>

const recordRoutesOf: readonly RecordRoutes[] = [
  {
    recordType: 'chartOfAccounts',
    segment: 'accounts',
    tag: 'Accounts',
    one: 'account',
    many: 'accounts',
    row: AccountOut,
  },
  {
    recordType: 'customers',
    segment: 'customers',
    tag: 'Customers',
    one: 'customer',
    many: 'customers',
    row: CustomerOut,
  },
  {
    recordType: 'invoices',
    segment: 'invoices',
    tag: 'Invoices',
    one: 'invoice',
    many: 'invoices',
    row: InvoiceOut,
  },
  {
    recordType: 'journalEntries',
    segment: 'journalEntries',
    tag: 'Journal entries',
    one: 'journal-entry',
    many: 'journal-entries',
    row: JournalEntryOut,
  },
]

/**
 * Records and statements of companies, read through their connections. Every data type has both
 * forms of path; the documented one has the plain operation name.
 * Source: Connect specification 15, 16 and 20.1.
 */
export const recordRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  ...recordRoutesOf.flatMap((records) => [
    listRoute(manifests, records, 'company'),
    getRoute(manifests, records, 'company'),
    listRoute(manifests, records, 'connection'),
    getRoute(manifests, records, 'connection'),
  ]),
  infoRoute(manifests),
  statementRoute(manifests, 'balanceSheet', 'get-balance-sheet', BalanceSheetOut),
  statementRoute(manifests, 'profitAndLoss', 'get-profit-and-loss', ProfitAndLossOut),
  ...(['company', 'connection'] as const).flatMap((scope) => [
    unsupportedRoute(manifests, scope, 'list'),
    unsupportedRoute(manifests, scope, 'get'),
  ]),
]

type Scope = 'company' | 'connection'

const pathOf = (scope: Scope): string =>
  scope === 'company'
    ? '/companies/{companyId}/data'
    : '/companies/{companyId}/connections/{connectionId}/data'

const paramsOf = (scope: Scope) => ({
  companyId: Type.String(),
  ...(scope === 'connection' && { connectionId: Type.String() }),
})

const exampleParams = (scope: Scope) => ({
  companyId: '$company',
  ...(scope === 'connection' && { connectionId: '$connection' }),
})

const suffixOf = (scope: Scope): string => (scope === 'company' ? '' : '-of-connection')

function listRoute(
  manifests: readonly Manifest[],
  { recordType, segment, tag, many, row }: RecordRoutes,
  scope: Scope,
): RouteRecord {
  const entity = entityByRecordType[recordType]
  const vocabulary = { entity, properties: propertiesByEntity[entity] }
  return route({
    method: 'GET',
    path: `${pathOf(scope)}/${segment}`,
    operation: `list-${many}${suffixOf(scope)}`,
    tag,
    summary: `List ${many.replace('-', ' ')}`,
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object(paramsOf(scope)),
    query: ListQueryIn,
    answers: { 200: pageOf(row) },
    errors: [...errorsOf(scope), ...listErrors, ...datasetErrors],
    examples: [
      {
        summary: 'The last changed first',
        params: exampleParams(scope),
        query: { query: 'modifiedDate>=2020-01-01', orderBy: '-modifiedDate', pageSize: '10' },
        status: 200,
      },
    ],
    handle: async (call) => {
      const query = toListQuery(call.query, vocabulary)
      const source = await findSource(call, manifests, recordType)
      const listed = await call.read(
        (db) => listRecords(db, recordType, source, query),
        businessOf(source.connection),
      )
      return toPage(call as Call<unknown, ListQueryInput>, listed, (record) => record)
    },
  })
}

function getRoute(
  manifests: readonly Manifest[],
  { recordType, segment, tag, one, row }: RecordRoutes,
  scope: Scope,
): RouteRecord {
  return route({
    method: 'GET',
    path: `${pathOf(scope)}/${segment}/{recordId}`,
    operation: `get-${one}${suffixOf(scope)}`,
    tag,
    summary: `Get ${one.replace('-', ' ')}`,
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object({ ...paramsOf(scope), recordId: Type.String() }),
    answers: { 200: row },
    errors: [...errorsOf(scope), ...datasetErrors, 'sync.data_not_available'],
    examples: [
      {
        summary: 'An id that is not there',
        params: { ...exampleParams(scope), recordId: '00000000-0000-0000-0000-000000000000' },
        status: 404,
      },
    ],
    handle: async (call) => {
      const source = await findSource(call, manifests, recordType)
      const { recordId } = call.params
      const body = await call.read(
        (db) => getRecord(db, recordType, source, recordId),
        businessOf(source.connection),
      )
      return { status: 200, body }
    },
  })
}

function infoRoute(manifests: readonly Manifest[]): RouteRecord {
  return route({
    method: 'GET',
    path: `${pathOf('company')}/info`,
    operation: 'get-company-info',
    tag: 'Company info',
    summary: 'Get company info',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object(paramsOf('company')),
    answers: { 200: CompanyInfoOut },
    errors: [...companyErrors, ...datasetErrors],
    examples: [{ summary: 'Of a company', params: exampleParams('company'), status: 200 }],
    handle: async (call) => {
      const source = await findSource(call, manifests, 'company')
      const businessId = businessOf(source.connection)
      const info = await call.read((db) => getCompanyInfo(db, source), businessId)
      const sourceUrls =
        businessId === undefined
          ? {}
          : { console: `${call.origin}/console/businesses/${businessId}` }
      return { status: 200, body: { ...info, sourceUrls } }
    },
  })
}

const StatementQueryIn = Type.Object({
  periodLength: Type.Integer({
    minimum: 1,
    maximum: periodLengthMax,
    description: 'Months in a period',
  }),
  periodsToCompare: Type.Integer({
    minimum: 1,
    maximum: periodsMax,
    description: 'Number of periods, newest first',
  }),
  startMonth: Type.Optional(
    Type.String({ description: 'A day in the newest month; default the current month' }),
  ),
})

function statementRoute(
  manifests: readonly Manifest[],
  dataType: 'balanceSheet' | 'profitAndLoss',
  operation: string,
  answer: TSchema,
): RouteRecord {
  return route({
    method: 'GET',
    path: `${pathOf('company')}/financials/${dataType}`,
    operation,
    tag: 'Reports',
    summary: dataType === 'balanceSheet' ? 'Get balance sheet' : 'Get profit and loss',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object(paramsOf('company')),
    query: StatementQueryIn,
    answers: { 200: answer },
    errors: [...companyErrors, 'request.query_missing', 'request.query_invalid', ...datasetErrors],
    examples: [
      {
        summary: 'Three months',
        params: exampleParams('company'),
        query: { periodLength: '1', periodsToCompare: '3' },
        status: 200,
      },
      { summary: 'Without periods', params: exampleParams('company'), status: 400 },
    ],
    handle: async (call) => {
      const { periodLength: length, periodsToCompare: count, startMonth } = call.query
      const month = startMonth === undefined ? call.today : parseMonth(startMonth)
      const source = await findSource(call, manifests, dataType)
      const body = await call.read(
        (db) => getStatement(db, dataType, source, { length, count, month }),
        businessOf(source.connection),
      )
      return { status: 200, body }
    },
  })
}

/** Types of the contract that no platform of ours has are refused by name, not as unknown paths. */
function unsupportedRoute(
  manifests: readonly Manifest[],
  scope: Scope,
  kind: 'list' | 'get',
): RouteRecord {
  return route({
    method: 'GET',
    path: `${pathOf(scope)}/{dataType}${kind === 'get' ? '/{recordId}' : ''}`,
    operation: `${kind}-unsupported-records${suffixOf(scope)}`,
    tag: 'Reports',
    summary: 'Read a data type that no platform of the company has',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object({ ...paramsOf(scope), dataType: Type.String() }),
    answers: {},
    errors: [...errorsOf(scope), ...datasetErrors, 'request.route_unknown'],
    examples: [
      {
        summary: 'Item receipts, which our own books do not have',
        params: {
          ...exampleParams(scope),
          dataType: 'itemReceipts',
          ...(kind === 'get' && { recordId: '1' }),
        },
        status: 404,
      },
    ],
    handle: async (call): Promise<Reply> => {
      const { dataType: text } = call.params
      const dataType = findDataType(text)
      if (dataType !== undefined) await findSource(call, manifests, dataType)
      throw new Refusal('request.route_unknown', { method: 'GET', path: call.route.path })
    },
  })
}

const errorsOf = (scope: Scope) => (scope === 'company' ? companyErrors : connectionErrors)

/** Refuses: request.query_invalid. */
function parseMonth(text: string): CalendarDate {
  const day = text.slice(0, 10)
  const isMoment = /^(T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})?)?$/i.test(
    text.slice(10),
  )
  if (isDate(day) && isMoment) return asDate(day)
  const reason = 'must be a valid date (YYYY-MM-DD)'
  throw new Refusal('request.query_invalid', { parameter: 'startMonth', reason })
}
