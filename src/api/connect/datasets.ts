import { Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { getCompany, requireCompany } from '../../modules/sync/company.queries.ts'
import { refreshCompany, refreshDataType } from '../../modules/sync/dataset.actions.ts'
import { getDataset, listDatasets, listDataTypeStates } from '../../modules/sync/dataset.queries.ts'
import type { Dataset, DataTypeState } from '../../modules/sync/dataset.ts'
import { propertiesByEntity } from '../../modules/sync/property.ts'
import {
  type DataType,
  dataTypes,
  findDataType,
  type Manifest,
  readableTypes,
} from '../../modules/sync/record.ts'
import { type RouteRecord, route } from '../http/route.ts'
import { ListQueryIn, toListQuery, toPage } from './lists.ts'
import {
  companyErrors,
  connectionErrors,
  listErrors,
  manifestOf,
  toPullOperation,
  writeErrors,
} from './looks.ts'
import { DataStatusesOut, PullOperationOut, pageOf } from './shapes.ts'

const CompanyParams = Type.Object({ companyId: Type.String() })
const vocabulary = { entity: 'Dataset', properties: propertiesByEntity.Dataset } as const
const toReply = (dataset: Dataset) => ({ status: 200, body: toPullOperation(dataset) })

const refreshErrors = [
  ...connectionErrors,
  ...writeErrors,
  'sync.data_type_not_queueable',
  'sync.connection_not_linked',
  'sync.dataset_in_progress',
] as const

const shared = { tenant: 'organization', cost: 1 } as const

const refreshAllRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'POST',
    path: '/companies/{companyId}/data/all',
    operation: 'refresh-company-data',
    tag: 'Refresh data',
    summary: 'Refresh all data',
    scope: 'manage',
    params: CompanyParams,
    answers: { 204: null },
    errors: [...companyErrors, ...writeErrors],
    examples: [{ summary: 'Every data type', params: { companyId: '$company' }, status: 204 }],
    handle: (call) =>
      call.writeOrganization(refreshCompany, { ...call.params, manifests }, () => ({
        status: 204,
      })),
  })

const refreshRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'POST',
    path: '/companies/{companyId}/data/queue/{dataType}',
    operation: 'refresh-data-type',
    tag: 'Refresh data',
    summary: 'Refresh data type',
    scope: 'manage',
    params: Type.Object({ companyId: Type.String(), dataType: Type.String() }),
    query: Type.Object({ connectionId: Type.Optional(Type.String()) }),
    answers: { 200: PullOperationOut },
    errors: [...refreshErrors, 'validation.failed'],
    examples: [
      {
        summary: 'Invoices',
        keep: 'dataset',
        params: { companyId: '$company', dataType: 'invoices' },
        status: 200,
      },
    ],
    handle: (call) => {
      const { companyId } = call.params
      const dataType = parseDataType(call.params.dataType)
      const input = { companyId, dataType, connectionId: call.query.connectionId, manifests }
      return call.writeOrganization(refreshDataType, input, toReply)
    },
  })

const refreshInfoRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'POST',
    path: '/companies/{companyId}/data/info',
    operation: 'refresh-company-info',
    tag: 'Company info',
    summary: 'Refresh company info',
    scope: 'manage',
    params: CompanyParams,
    answers: { 200: PullOperationOut },
    errors: refreshErrors,
    examples: [{ summary: 'Of a company', params: { companyId: '$company' }, status: 200 }],
    handle: (call) => {
      const input = { ...call.params, dataType: 'company', manifests } as const
      return call.writeOrganization(refreshDataType, input, toReply)
    },
  })

const statusRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/companies/{companyId}/dataStatus',
    operation: 'get-company-data-status',
    tag: 'Refresh data',
    summary: 'Get data status',
    scope: 'read',
    params: CompanyParams,
    answers: { 200: DataStatusesOut },
    errors: companyErrors,
    examples: [{ summary: 'Of a company', params: { companyId: '$company' }, status: 200 }],
    handle: async (call) => {
      const { organizationId } = call.caller
      const { company, states } = await call.read(async (db) => {
        const found = await getCompany(db, organizationId, call.params.companyId)
        const key = { organizationId, companyId: found.id }
        return { company: found, states: await listDataTypeStates(db, key) }
      })
      const stateByType = new Map(states.map((state) => [state.dataType, state]))
      const supported = company.connections.flatMap(({ platformKey }) =>
        readableTypes(manifestOf(manifests, platformKey)),
      )
      const types = new Set<string>([...supported, ...stateByType.keys()])
      const entries = [...types].map((dataType) => [
        dataType,
        toDataStatus(dataType, stateByType.get(dataType)),
      ])
      return { status: 200, body: Object.fromEntries(entries) }
    },
  })

const historyRoute = route({
  ...shared,
  method: 'GET',
  path: '/companies/{companyId}/data/history',
  operation: 'list-pull-operations',
  tag: 'Refresh data',
  summary: 'List pull operations',
  scope: 'read',
  params: CompanyParams,
  query: ListQueryIn,
  answers: { 200: pageOf(PullOperationOut) },
  errors: [...companyErrors, ...listErrors],
  examples: [{ summary: 'Of a company', params: { companyId: '$company' }, status: 200 }],
  handle: async (call) => {
    const { organizationId } = call.caller
    const query = toListQuery(call.query, vocabulary)
    const listed = await call.read(async (db) => {
      const companyId = await requireCompany(db, organizationId, call.params.companyId)
      return listDatasets(db, { organizationId, companyId, ...query })
    })
    return toPage(call, listed, toPullOperation)
  },
})

const getRoute = route({
  ...shared,
  method: 'GET',
  path: '/companies/{companyId}/data/history/{datasetId}',
  operation: 'get-pull-operation',
  tag: 'Refresh data',
  summary: 'Get pull operation',
  scope: 'read',
  params: Type.Object({ companyId: Type.String(), datasetId: Type.String() }),
  answers: { 200: PullOperationOut },
  errors: [...companyErrors, 'sync.dataset_not_found'],
  examples: [
    {
      summary: 'By id',
      params: { companyId: '$company', datasetId: '$dataset' },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { organizationId } = call.caller
    const dataset = await call.read(async (db) => {
      const companyId = await requireCompany(db, organizationId, call.params.companyId)
      return getDataset(db, { organizationId, companyId }, call.params.datasetId)
    })
    return toReply(dataset)
  },
})

/** Syncs of data types and how they ended. Source: Connect specification 14. */
export const datasetRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  refreshAllRoute(manifests),
  refreshRoute(manifests),
  refreshInfoRoute(manifests),
  statusRoute(manifests),
  historyRoute,
  getRoute,
]

/** Refuses: validation.failed. */
function parseDataType(text: string): DataType {
  const dataType = findDataType(text)
  if (dataType !== undefined) return dataType
  const message = `must be one of: ${dataTypes.join(', ')}`
  const issue = { pointer: '/dataType', path: 'dataType', rule: 'enum' as const, message }
  throw new Refusal('validation.failed', { issues: [issue] })
}

function toDataStatus(dataType: string, state: DataTypeState | undefined): object {
  const latest = state?.latest
  const complete = state?.latestComplete
  return {
    dataType,
    ...(complete?.completedAt && { lastSuccessfulSync: complete.completedAt }),
    currentStatus: latest?.status ?? 'Initial',
    ...(latest && { latestSyncId: latest.id }),
    ...(complete && { latestSuccessfulSyncId: complete.id }),
  }
}
