import { type Static, Type } from 'typebox'
import { catalogue, Refusal } from '../../kernel/errors.ts'
import { requireCompany } from '../../modules/sync/company.queries.ts'
import { getConnection } from '../../modules/sync/connection.queries.ts'
import type { Connection } from '../../modules/sync/connection.ts'
import { propertiesByEntity } from '../../modules/sync/property.ts'
import { pushNativeInvoice, pushScripted } from '../../modules/sync/push.actions.ts'
import { getPush, listPushes } from '../../modules/sync/push.queries.ts'
import { asPending, type PushOperation, type ToFailure } from '../../modules/sync/push.ts'
import { type dataTypes, isSupported, type Manifest } from '../../modules/sync/record.ts'
import { type Call, type Reply, type RouteRecord, route } from '../http/route.ts'
import { toCanBeRetried, toPushOutcome } from './errors.ts'
import { ListQueryIn, toListQuery, toPage } from './lists.ts'
import { bodyErrors, companyErrors, connectionErrors, listErrors, manifestOf } from './looks.ts'
import { PushOperationOut, pageOf } from './shapes.ts'

const maybe = (type: 'string' | 'number') =>
  Type.Optional(Type.Unsafe<never>({ type, nullable: true }))
const maybeText = Type.Optional(Type.Unsafe<string | null>({ type: 'string', nullable: true }))
const maybeNumber = Type.Optional(Type.Unsafe<number | null>({ type: 'number', nullable: true }))

const maybeRef = Type.Optional(
  Type.Unsafe<Readonly<{
    id?: string | null
    name?: string | null
    nominalCode?: string | null
  }> | null>({
    type: 'object',
    nullable: true,
    properties: { id: maybe('string'), name: maybe('string'), nominalCode: maybe('string') },
  }),
)

const LineIn = Type.Object({
  description: maybeText,
  unitAmount: maybeNumber,
  quantity: maybeNumber,
  discountAmount: maybeNumber,
  subTotal: maybeNumber,
  taxAmount: maybeNumber,
  totalAmount: maybeNumber,
  discountPercentage: maybeNumber,
  accountRef: maybeRef,
  taxRateRef: Type.Optional(
    Type.Unsafe<Readonly<{ effectiveTaxRate?: number | null }> | null>({
      type: 'object',
      nullable: true,
      properties: {
        id: maybe('string'),
        name: maybe('string'),
        effectiveTaxRate: maybe('number'),
      },
    }),
  ),
  itemRef: maybeRef,
})

/** Only types are looked at here; what is missing or impossible ends the operation instead. */
const InvoiceIn = Type.Object({
  invoiceNumber: maybeText,
  customerRef: maybeRef,
  issueDate: maybeText,
  dueDate: maybeText,
  currency: maybeText,
  currencyRate: maybeNumber,
  lineItems: Type.Optional(
    Type.Unsafe<readonly Static<typeof LineIn>[] | null>({
      type: 'array',
      nullable: true,
      items: LineIn,
    }),
  ),
  totalDiscount: maybeNumber,
  subTotal: maybeNumber,
  totalTaxAmount: maybeNumber,
  totalAmount: maybeNumber,
  discountPercentage: maybeNumber,
  status: maybeText,
  note: maybeText,
})

const CompanyParams = Type.Object({ companyId: Type.String() })
const ConnectionParams = Type.Object({ companyId: Type.String(), connectionId: Type.String() })
const PushParams = Type.Object({ companyId: Type.String(), pushOperationKey: Type.String() })

const timeoutMax = 10_080

const PushQuery = Type.Object({
  timeoutInMinutes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: timeoutMax,
      description: 'After this it is timed out',
    }),
  ),
  allowSyncOnPushComplete: Type.Optional(Type.Boolean({ description: 'Default true' })),
})

const vocabulary = {
  entity: 'PushOperation',
  properties: propertiesByEntity.PushOperation,
} as const

const shared = { tag: 'Push data', tenant: 'organization', cost: 1 } as const

const createRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'POST',
    path: '/companies/{companyId}/connections/{connectionId}/push/invoices',
    operation: 'create-invoice',
    summary: 'Create invoice',
    description:
      'Answers 200 with a pending operation of state 202; whether the platform took the invoice is told by the operation.',
    scope: 'push',
    params: ConnectionParams,
    query: PushQuery,
    body: InvoiceIn,
    answers: { 200: PushOperationOut },
    errors: [
      ...connectionErrors,
      ...bodyErrors,
      'request.query_invalid',
      'sync.push_unsupported',
      'sync.connection_not_linked',
    ],
    examples: [
      {
        summary: 'Of nobody, which ends the operation as failed',
        params: { companyId: '$company', connectionId: '$connection' },
        body: {
          issueDate: '2026-06-01',
          lineItems: [{ description: 'Survey', quantity: 1, unitAmount: 120 }],
        },
        status: 200,
      },
      {
        summary: 'A quantity that is no number',
        params: { companyId: '$company', connectionId: '$connection' },
        body: { lineItems: [{ quantity: 'two' }] },
        status: 400,
      },
    ],
    handle: async (call): Promise<Reply> => {
      const connection = await findConnection(call)
      requireWritable(connection, manifestOf(manifests, connection.platformKey))
      const request = {
        connection,
        dataType: 'invoices',
        body: call.body,
        timeoutMinutes: call.query.timeoutInMinutes ?? null,
        toFailure: toFailureOf(call),
      }
      const pending = (push: PushOperation): Reply => ({
        status: 200,
        body: toPushOut(asPending(push)),
      })
      const { businessId } = connection
      return businessId === null
        ? call.writeOrganization(pushScripted, request, pending)
        : call.write(pushNativeInvoice, request, pending, businessId)
    },
  })

const getRoute = route({
  ...shared,
  method: 'GET',
  path: '/companies/{companyId}/push/{pushOperationKey}',
  operation: 'get-push-operation',
  summary: 'Get push operation',
  scope: 'read',
  params: PushParams,
  answers: { 200: PushOperationOut },
  errors: [...companyErrors, 'resource.not_found'],
  examples: [
    {
      summary: 'A key that is not there',
      params: {
        companyId: '$company',
        pushOperationKey: '00000000-0000-0000-0000-000000000000',
      },
      status: 404,
    },
  ],
  handle: async (call) => {
    const { organizationId } = call.caller
    const { companyId: company, pushOperationKey } = call.params
    const push = await call.read(async (db) => {
      const companyId = await requireCompany(db, organizationId, company)
      return getPush(db, { organizationId, companyId, now: call.now }, pushOperationKey)
    })
    return { status: 200, body: toPushOut(push, toFailureOf(call)) }
  },
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/companies/{companyId}/push',
  operation: 'get-company-push-history',
  summary: 'List push operations',
  scope: 'read',
  params: CompanyParams,
  query: ListQueryIn,
  answers: { 200: pageOf(PushOperationOut) },
  errors: [...companyErrors, ...listErrors],
  examples: [
    {
      summary: 'What failed',
      params: { companyId: '$company' },
      query: { query: 'status=Failed' },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { organizationId } = call.caller
    const query = toListQuery(call.query, vocabulary)
    const listed = await call.read(async (db) => {
      const companyId = await requireCompany(db, organizationId, call.params.companyId)
      return listPushes(db, { organizationId, companyId, now: call.now, ...query })
    })
    const toFailure = toFailureOf(call)
    return toPage(call, listed, (push) => toPushOut(push, toFailure))
  },
})

/** Records written to platforms, and how they ended. Source: Connect specification 17. */
export const pushRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  createRoute(manifests),
  listRoute,
  getRoute,
]

type ConnectionCall = Call<Static<typeof ConnectionParams>>

/** Refuses, in this order: sync.company_not_found, sync.connection_not_found. */
function findConnection(call: Pick<ConnectionCall, 'caller' | 'params' | 'read'>) {
  const { organizationId } = call.caller
  return call.read(async (db) => {
    const companyId = await requireCompany(db, organizationId, call.params.companyId)
    return getConnection(db, { organizationId, companyId }, call.params.connectionId)
  })
}

/** Refuses, in this order: sync.push_unsupported, sync.connection_not_linked. */
function requireWritable({ id, status }: Connection, manifest: Manifest): void {
  const { name: platformName } = manifest
  if (!isSupported(manifest, 'invoices', 'Post')) {
    const params = { operation: 'Create', dataType: 'invoices', platformName }
    throw new Refusal('sync.push_unsupported', params)
  }
  if (status !== 'Linked') {
    throw new Refusal('sync.connection_not_linked', { connectionId: id, status, platformName })
  }
}

/** How a refusal ends an operation, in the words of the contract. */
export const toFailureOf =
  ({ requestId, origin }: Pick<Call, 'requestId' | 'origin'>): ToFailure =>
  (refusal, entity) => {
    const context = { requestId, origin, acceptsProblem: false }
    const { validation, ...outcome } = toPushOutcome(refusal, entity, context)
    const { number, retry } = catalogue[refusal.code]
    return {
      ...outcome,
      errorNumber: number,
      canBeRetried: toCanBeRetried(retry),
      validation: {
        errors: validation.errors.map((item) => toPushItem(item, entity)),
        warnings: validation.warnings.map((item) => toPushItem(item, entity)),
      },
    }
  }

type Item = Readonly<{ itemId?: string; message?: string; validatorName?: string }>

/** Items of a push name their field as the platforms' models do: `LineItems[0].Quantity`. */
function toPushItem({ itemId, message = '', validatorName }: Item, entity: string) {
  const name = { ...(validatorName !== undefined && { validatorName }) }
  if (itemId === undefined) return { message, ...name }
  const path = itemId.replaceAll(/(^|\.)([a-z])/g, (_part, dot: string, letter: string) => {
    return `${dot}${letter.toUpperCase()}`
  })
  return { itemId: path, message: `Failed to push to ${entity} as ${path} ${message}`, ...name }
}

/** An operation as callers see it. What is over time and not yet written down says so too. */
export function toPushOut(
  push: PushOperation,
  toFailure?: ToFailure,
): Static<typeof PushOperationOut> {
  const isLate = push.status === 'TimedOut' && push.errorMessage === null
  const minutes = push.timeoutMinutes ?? 0
  const failure = isLate
    ? toFailure?.(new Refusal('sync.push_timed_out', { minutes }), 'Invoice')
    : undefined
  const { errorMessage, errorNumber, canBeRetried, validation } = { ...push, ...failure }
  return {
    ...(push.changes.length > 0 && { changes: push.changes.map((change) => ({ ...change })) }),
    dataType: push.dataType as (typeof dataTypes)[number], // only pushes of data types are made
    companyId: push.companyId,
    pushOperationKey: push.key,
    dataConnectionKey: push.connectionId,
    requestedOnUtc: push.requestedAt,
    ...(push.completedAt !== null && { completedOnUtc: push.completedAt }),
    ...(push.timeoutMinutes !== null && {
      timeoutInMinutes: push.timeoutMinutes,
      timeoutInSeconds: push.timeoutMinutes * 60,
    }),
    status: push.status,
    ...(errorMessage !== null && { errorMessage }),
    ...(validation !== null && {
      validation: { errors: [...validation.errors], warnings: [...validation.warnings] },
    }),
    statusCode: push.statusCode,
    ...(canBeRetried !== null && { canBeRetried }),
    ...(errorNumber !== null && { detailedErrorCode: errorNumber }),
  }
}
