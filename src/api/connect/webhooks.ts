import { type Static, Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { isUuid } from '../../kernel/ids.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import { listDeliveries } from '../../modules/webhooks/delivery.queries.ts'
import type { Delivery, DeliveryState } from '../../modules/webhooks/delivery.ts'
import {
  createEndpoint,
  deleteEndpoint,
  rotateSecret,
  updateEndpoint,
} from '../../modules/webhooks/endpoint.actions.ts'
import {
  getEndpoint,
  getSecretInForce,
  listEndpoints,
} from '../../modules/webhooks/endpoint.queries.ts'
import {
  companyTagCharactersMax,
  companyTagsMax,
  type Endpoint,
  everyEvent,
  overlapHoursMax,
} from '../../modules/webhooks/endpoint.ts'
import { recoverDeliveries, redeliver, sendTest } from '../../modules/webhooks/replay.actions.ts'
import { secretBytes } from '../../modules/webhooks/signature.ts'
import { type Call, type RouteRecord, route } from '../http/route.ts'
import { addressErrors, recoveryErrors, shownOnce, toRecovery } from '../http/webhook.ts'
import { listQuery, toPage } from './lists.ts'
import { bodyErrors, commonErrors, listErrors, writeErrors } from './looks.ts'
import { pageOf } from './shapes.ts'
import { buildRenderer, eventTypes, renderSample } from './webhook-events.ts'

const url = Type.String({ minLength: 1, maxLength: 2_048, description: 'https' })
const types = Type.Array(Type.String(), {
  minItems: 1,
  maxItems: 200,
  description: `Event types, or ${everyEvent} for all`,
})
const companyTags = Type.Array(
  Type.String({ pattern: '^[^:]+:.+$', maxLength: companyTagCharactersMax }),
  { maxItems: companyTagsMax, description: '`key:value`; any that matches lets an event pass' },
)
const headers = Type.Unsafe<Readonly<Record<string, string>>>({
  type: 'object',
  additionalProperties: { type: 'string' },
  description: 'Sent with each delivery; kept sealed and never shown again',
})
const extras = {
  disabled: Type.Optional(Type.Boolean()),
  companyTags: Type.Optional(companyTags),
  description: Type.Optional(Type.String({ maxLength: 500 })),
  headers: Type.Optional(headers),
  ordered: Type.Optional(
    Type.Boolean({ description: 'The next event of a resource waits for the one before' }),
  ),
} as const

const ConsumerIn = Type.Object({ url, eventTypes: types, ...extras })
const ConsumerChange = Type.Object({
  url: Type.Optional(url),
  eventTypes: Type.Optional(types),
  ...extras,
})

const ConsumerOut = Type.Object({
  id: Type.String({ format: 'uuid' }),
  url: Type.String(),
  disabled: Type.Boolean(),
  eventTypes: Type.Array(Type.String()),
  companyTags: Type.Array(Type.String()),
  description: Type.Optional(Type.String()),
  ordered: Type.Boolean(),
  secret: Type.Optional(Type.String({ description: 'Only in the answer that made it' })),
  createdDate: Type.String(),
  disabledReason: Type.Optional(Type.String()),
})
const ConsumersOut = Type.Object({ results: Type.Array(ConsumerOut) })
const SecretOut = Type.Object({ secret: Type.String() })

const DeliveryOut = Type.Object({
  id: Type.String({ format: 'uuid' }),
  eventId: Type.String({ format: 'uuid' }),
  eventType: Type.String(),
  status: Type.Enum(['Pending', 'Success', 'Failed']),
  attempts: Type.Array(
    Type.Object({
      at: Type.String(),
      statusCode: Type.Optional(Type.Integer()),
      error: Type.Optional(Type.String()),
      durationMs: Type.Optional(Type.Integer()),
    }),
  ),
  nextAttempt: Type.Optional(Type.String()),
})

const Params = Type.Object({ webhookId: Type.String() })
const DeliveryParams = Type.Object({ webhookId: Type.String(), deliveryId: Type.String() })
const PageQuery = Type.Object({ page: listQuery.page, pageSize: listQuery.pageSize })

const shared = { tag: 'Webhooks', scope: 'manage', tenant: 'organization', cost: 1 } as const
const one = { ...shared, path: '/webhooks/{webhookId}', params: Params } as const
const changeErrors = [...commonErrors, ...writeErrors, 'resource.not_found'] as const
const changeBodyErrors = [...changeErrors, ...bodyErrors] as const
const consumersMax = 1_000

const listRoute = route({
  ...shared,
  scope: 'read',
  method: 'GET',
  path: '/webhooks',
  operation: 'list-webhook-consumers',
  summary: 'List webhook consumers',
  answers: { 200: ConsumersOut },
  errors: commonErrors,
  examples: [{ summary: 'All of them', status: 200 }],
  handle: async (call) => {
    const window = { limit: consumersMax, offset: 0 }
    const { rows } = await call.read((db) => listEndpoints(db, scopeOf(call), window))
    return { status: 200, body: { results: rows.map((endpoint) => toWire(endpoint)) } }
  },
})

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/webhooks',
  operation: 'create-webhook-consumer',
  summary: 'Create webhook consumer',
  description: 'It gets the events that happen from now on. The secret is in this answer only.',
  hasSecret: true,
  body: ConsumerIn,
  answers: { 201: ConsumerOut },
  errors: [...commonErrors, ...bodyErrors, ...addressErrors, 'plan.webhook_endpoint_limit'],
  examples: [
    {
      summary: 'Reads of companies in a region',
      keep: 'webhook',
      body: {
        url: 'https://hooks.technicalium.example/in',
        eventTypes: ['read.completed'],
        companyTags: ['region:uk'],
      },
      status: 201,
    },
    {
      summary: 'An event that nobody knows',
      body: { url: 'https://hooks.technicalium.example/b', eventTypes: ['company.eaten'] },
      status: 400,
    },
  ],
  handle: async (call) => {
    const { caller, outside, body } = call
    await outside.requireReachable(body.url, caller.environment)
    const input = {
      surface: 'connect',
      environment: caller.environment,
      url: body.url,
      events: body.eventTypes,
      knownEvents: eventTypes,
      ...toFields(body),
      ...(body.headers !== undefined && { headers: body.headers }),
      ...(body.disabled === true && { isDisabled: true }),
      random: outside.random(secretBytes),
    } as const
    return call.writeOrganization(createEndpoint, input, shownOnce(201, toWire))
  },
})

const getRoute = route({
  ...one,
  scope: 'read',
  method: 'GET',
  operation: 'get-webhook-consumer',
  summary: 'Get webhook consumer',
  answers: { 200: ConsumerOut },
  errors: [...commonErrors, 'resource.not_found'],
  examples: [{ summary: 'By id', params: { webhookId: '$webhook' }, status: 200 }],
  handle: async (call) => ({ status: 200, body: toWire(await findOwn(call)) }),
})

const updateRoute = route({
  ...one,
  method: 'PATCH',
  operation: 'update-webhook-consumer',
  summary: 'Update webhook consumer',
  description: 'Only the members that are sent change. Enabling forgets the failures so far.',
  body: ConsumerChange,
  answers: { 200: ConsumerOut },
  errors: [...changeBodyErrors, ...addressErrors],
  examples: [
    {
      summary: 'Disable it',
      params: { webhookId: '$webhook' },
      body: { disabled: true },
      status: 200,
    },
    {
      summary: 'Enable it',
      params: { webhookId: '$webhook' },
      body: { disabled: false },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { body, caller, outside } = call
    const chosen = await choose(call)
    if (body.url !== undefined) await outside.requireReachable(body.url, caller.environment)
    const input = {
      ...chosen,
      changes: {
        ...(body.url !== undefined && { url: body.url }),
        ...(body.eventTypes !== undefined && { events: body.eventTypes }),
        ...toFields(body),
      },
      knownEvents: eventTypes,
      ...(body.headers !== undefined && { headers: body.headers }),
      ...(body.disabled !== undefined && { isEnabled: !body.disabled }),
    }
    return call.writeOrganization(updateEndpoint, input, (endpoint) => ({
      status: 200,
      body: toWire(endpoint),
    }))
  },
})

const secretRoute = route({
  ...one,
  method: 'GET',
  path: '/webhooks/{webhookId}/secret',
  operation: 'get-webhook-consumer-secret',
  summary: 'Get the secret in force',
  answers: { 200: SecretOut },
  errors: [...commonErrors, 'resource.not_found'],
  examples: [{ summary: 'By id', params: { webhookId: '$webhook' }, status: 200 }],
  handle: async (call) => {
    const { id: endpointId } = await findOwn(call)
    const { organizationId } = call.caller
    const secret = await call.read((db) =>
      getSecretInForce(db, { organizationId, endpointId, now: call.now }),
    )
    return { status: 200, body: { secret } }
  },
})

const rotateRoute = route({
  ...one,
  method: 'POST',
  path: '/webhooks/{webhookId}/secret/rotate',
  operation: 'rotate-webhook-consumer-secret',
  summary: 'Give a consumer a new secret',
  description: 'Both secrets sign until the overlap has ended.',
  hasSecret: true,
  body: Type.Object({
    overlapHours: Type.Optional(
      Type.Integer({ minimum: 0, maximum: overlapHoursMax, description: 'Default 24' }),
    ),
  }),
  bodyOptional: true,
  answers: { 200: ConsumerOut },
  errors: [...changeBodyErrors, 'webhooks.rotation_active'],
  examples: [
    { summary: 'With a day of overlap', params: { webhookId: '$webhook' }, status: 200 },
    { summary: 'The same once more', params: { webhookId: '$webhook' }, status: 409 },
  ],
  handle: async (call) => {
    const { outside, body } = call
    const random = outside.random(secretBytes)
    const input = { ...(await choose(call)), overlapHours: body.overlapHours, random }
    return call.writeOrganization(rotateSecret, input, shownOnce(200, toWire))
  },
})

const deliveriesRoute = route({
  ...one,
  scope: 'read',
  method: 'GET',
  path: '/webhooks/{webhookId}/deliveries',
  operation: 'list-webhook-consumer-deliveries',
  summary: 'List deliveries with their attempts, newest first',
  query: PageQuery,
  answers: { 200: pageOf(DeliveryOut) },
  errors: [...commonErrors, ...listErrors, 'resource.not_found'],
  examples: [{ summary: 'First page', params: { webhookId: '$webhook' }, status: 200 }],
  handle: async (call) => {
    const { id: endpointId } = await findOwn(call)
    const { page = 1, pageSize = deliveriesDefault } = call.query
    const { organizationId } = call.caller
    const window = { limit: pageSize, offset: (page - 1) * pageSize }
    const listed = await call.read((db) =>
      listDeliveries(db, { organizationId, endpointId, ...window }),
    )
    return toPage(call, listed, toDeliveryWire)
  },
})

const resendRoute = route({
  ...shared,
  method: 'POST',
  path: '/webhooks/{webhookId}/deliveries/{deliveryId}/resend',
  params: DeliveryParams,
  operation: 'resend-webhook-consumer-delivery',
  summary: 'Send an event once more',
  answers: { 202: null },
  errors: [...changeErrors, 'webhooks.endpoint_disabled'],
  examples: [],
  handle: async (call) => {
    const chosen = await choose(call)
    const { deliveryId } = call.params
    if (!isUuid(deliveryId)) {
      throw new Refusal('resource.not_found', { resource: 'Delivery', id: deliveryId })
    }
    const input = { ...chosen, deliveryId: deliveryId.toLowerCase() }
    return call.writeOrganization(redeliver, input, () => ({ status: 202 }))
  },
})

const testRoute = route({
  ...one,
  method: 'POST',
  path: '/webhooks/{webhookId}/test',
  operation: 'test-webhook-consumer',
  summary: 'Send a sample event',
  body: Type.Object({ eventType: Type.Optional(Type.String()) }),
  bodyOptional: true,
  answers: { 202: DeliveryOut },
  errors: [...changeBodyErrors, 'webhooks.event_unknown', 'webhooks.endpoint_disabled'],
  examples: [
    {
      summary: 'A read that is done',
      params: { webhookId: '$webhook' },
      body: { eventType: 'read.completed' },
      status: 202,
    },
  ],
  handle: async (call) => {
    const chosen = await choose(call)
    const type = call.body.eventType ?? eventTypes[0] ?? ''
    const render = (id: string): string => renderSample(type, { id, at: call.now })
    const sample = { type, knownEvents: eventTypes, render }
    return call.writeOrganization(sendTest, { ...chosen, sample }, (delivery) => ({
      status: 202,
      body: toDeliveryWire(delivery),
    }))
  },
})

const recoverRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...one,
    method: 'POST',
    path: '/webhooks/{webhookId}/recover',
    operation: 'recover-webhook-consumer',
    summary: 'Send what failed since an instant once more',
    description: 'At most 30 days. What is still on its way is left alone.',
    body: Type.Object({ since: Type.String({ format: 'timestamp' }) }),
    answers: { 202: Type.Object({ queued: Type.Integer() }) },
    errors: [...changeBodyErrors, ...recoveryErrors],
    examples: [
      {
        summary: 'More than 30 days',
        params: { webhookId: '$webhook' },
        body: { since: '2026-01-01T00:00:00Z' },
        status: 400,
      },
    ],
    handle: async (call) => {
      const chosen = await choose(call)
      const render = buildRenderer({ manifests, origin: () => call.origin })
      const input = { ...chosen, ...toRecovery(call.body), render }
      return call.writeOrganization(recoverDeliveries, input, (body) => ({ status: 202, body }))
    },
  })

const deleteRoute = route({
  ...one,
  method: 'DELETE',
  operation: 'delete-webhook-consumer',
  summary: 'Delete webhook consumer',
  answers: { 204: null },
  errors: changeErrors,
  examples: [{ summary: 'By id', params: { webhookId: '$webhook' }, status: 204 }],
  handle: async (call) => {
    const chosen = await choose(call)
    return call.writeOrganization(deleteEndpoint, chosen, () => ({ status: 204 }))
  },
})

/** Webhook consumers of the client. Source: Connect specification 21.1. */
export const webhookRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  listRoute,
  createRoute,
  getRoute,
  updateRoute,
  secretRoute,
  rotateRoute,
  deliveriesRoute,
  resendRoute,
  testRoute,
  recoverRoute(manifests),
  deleteRoute,
]

const deliveriesDefault = 100

type AnyCall = Pick<Call, 'caller'>
type OneCall = AnyCall & Pick<Call, 'read'> & Readonly<{ params: Readonly<{ webhookId: string }> }>

const scopeOf = ({ caller: { organizationId } }: AnyCall) =>
  ({ organizationId, surface: 'connect' }) as const

/** Refuses: resource.not_found, also for a text that is no id. */
function findOwn(call: OneCall): Promise<Endpoint> {
  const { webhookId } = call.params
  if (!isUuid(webhookId)) {
    throw new Refusal('resource.not_found', { resource: 'Webhook', id: webhookId })
  }
  return call.read((db) => getEndpoint(db, scopeOf(call), webhookId.toLowerCase()))
}

/** The endpoint of a call, as actions take it. Refuses: resource.not_found. */
const choose = async (call: OneCall) => ({
  scope: scopeOf(call),
  endpointId: (await findOwn(call)).id,
})

const toFields = ({ companyTags: tags, description, ordered }: Static<typeof ConsumerChange>) => ({
  ...(tags !== undefined && { companyTags: tags }),
  ...(description !== undefined && { description }),
  ...(ordered !== undefined && { isOrdered: ordered }),
})

const toWire = (endpoint: Endpoint, secret: string | null = null): Static<typeof ConsumerOut> => ({
  id: endpoint.id,
  url: endpoint.url,
  disabled: endpoint.status === 'disabled',
  eventTypes: [...endpoint.events],
  companyTags: [...endpoint.companyTags],
  ...(endpoint.description !== null && { description: endpoint.description }),
  ordered: endpoint.isOrdered,
  ...(secret !== null && { secret }),
  createdDate: endpoint.createdAt,
  ...(endpoint.disabledReason !== null && { disabledReason: endpoint.disabledReason }),
})

const statusByState: Readonly<Record<DeliveryState, 'Pending' | 'Success' | 'Failed'>> = {
  pending: 'Pending',
  deferred: 'Pending',
  delivered: 'Success',
  failed: 'Failed',
  dropped_disabled: 'Failed',
  dropped_quota: 'Failed',
  canceled: 'Failed',
}

const toDeliveryWire = (delivery: Delivery): Static<typeof DeliveryOut> => ({
  id: delivery.id,
  eventId: delivery.eventId,
  eventType: delivery.eventType,
  status: statusByState[delivery.state],
  attempts: delivery.attempts.map(({ startedAt, httpStatus, error, durationMs }) => ({
    at: startedAt,
    ...(httpStatus !== null && { statusCode: httpStatus }),
    ...(error !== null && { error }),
    ...(durationMs !== null && { durationMs }),
  })),
  ...(delivery.dueAt !== null && { nextAttempt: delivery.dueAt }),
})
