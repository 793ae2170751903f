import { type Static, Type } from 'typebox'
import { parseInstant } from '../../kernel/dates.ts'
import { eventId } from '../../kernel/ids.ts'
import { getDelivery, listDeliveries } from '../../modules/webhooks/delivery.queries.ts'
import { type Delivery, deliveryStates } from '../../modules/webhooks/delivery.ts'
import {
  createEndpoint,
  deleteEndpoint,
  type MadeEndpoint,
  rotateSecret,
  updateEndpoint,
} from '../../modules/webhooks/endpoint.actions.ts'
import { getEndpoint, listEndpoints } from '../../modules/webhooks/endpoint.queries.ts'
import { type Endpoint, everyEvent, overlapHoursMax } from '../../modules/webhooks/endpoint.ts'
import { recoverDeliveries, redeliver, sendTest } from '../../modules/webhooks/replay.actions.ts'
import { secretBytes } from '../../modules/webhooks/signature.ts'
import { type Call, type Reply, route } from '../http/route.ts'
import { addressErrors, namedOf, recoveryErrors, shownOnce, toRecovery } from '../http/webhook.ts'
import {
  idParams,
  listErrors,
  nullable,
  readErrors,
  text,
  timestamp,
  uuid,
  writeErrors,
} from './fields.ts'
import {
  listQuery,
  orderedQuery,
  pageOf,
  sortedBy,
  toListed,
  toPage,
  toSort,
  toWindow,
} from './lists.ts'
import { updateRoutes } from './updates.ts'
import { buildEventRenderer, eventTypes, renderSample } from './webhook-events.ts'

const url = Type.String({ maxLength: 2_048, description: 'https, on port 443 or 8443' })
const events = Type.Array(Type.String({ maxLength: 100 }), {
  minItems: 1,
  maxItems: 100,
  description: `Event types, or ${everyEvent} for all`,
})
const description = text(500)

const WebhookIn = Type.Object({ url, events, description: Type.Optional(description) })

const WebhookChange = Type.Object({
  url: Type.Optional(url),
  events: Type.Optional(events),
  description: Type.Optional(nullable(description)),
})

const shown = {
  id: uuid,
  business_id: uuid,
  url: Type.String(),
  description: nullable(Type.String()),
  events: Type.Array(Type.String()),
  status: Type.Enum(['enabled', 'disabled']),
  disabled_reason: nullable(Type.Enum(['manual', 'failures', 'gone'])),
  consecutive_failures: Type.Integer(),
} as const
const dates = { created_at: Type.String(), updated_at: Type.String() } as const

const WebhookOut = Type.Object({ ...shown, ...dates })
const MadeOut = Type.Object({
  ...shown,
  signing_secret: nullable(Type.String({ description: 'Shown in this answer only' })),
  ...dates,
})

const AttemptOut = Type.Object({
  id: uuid,
  attempt: Type.Integer({ description: '1 is the original, 2 to 6 are retries' }),
  status: Type.Enum(['success', 'failed']),
  http_status: nullable(Type.Integer()),
  duration_ms: nullable(Type.Integer()),
  error: nullable(Type.String()),
  response_excerpt: nullable(Type.String()),
  attempted_at: Type.String(),
})

const DeliveryOut = Type.Object({
  id: uuid,
  webhook_id: uuid,
  event_id: Type.String(),
  event_type: Type.String(),
  state: Type.Enum([...deliveryStates]),
  replayed: Type.Boolean(),
  next_attempt_at: nullable(Type.String()),
  attempts: Type.Array(AttemptOut),
})

const WebhookQuery = Type.Object(listQuery(['created_at', 'updated_at']))

const DeliveryQuery = Type.Object({
  ...orderedQuery(['created_at']),
  state: Type.Optional(Type.Enum([...deliveryStates])),
  event_type: Type.Optional(text()),
  event_id: Type.Optional(Type.String({ pattern: '^evt_[0-9a-fA-F]{32}$' })),
  attempted_from: Type.Optional(timestamp),
  attempted_to: Type.Optional(timestamp),
})

const Rotation = Type.Object({
  overlap_hours: Type.Optional(
    Type.Integer({ minimum: 0, maximum: overlapHoursMax, description: 'Default 24' }),
  ),
})

const TestIn = Type.Object({
  event: Type.Optional(Type.String({ maxLength: 100, description: 'Default invoice.created' })),
})

const RecoveryIn = Type.Object({
  since: timestamp,
  until: Type.Optional(timestamp),
  only: Type.Optional(
    Type.Enum(['failed', 'missing', 'all'], { description: 'Default: failed and missing' }),
  ),
})

const deliveryParams = Type.Object({ id: uuid, delivery_id: uuid })

const shared = { tag: 'Webhooks', scope: 'webhooks', tenant: 'business', cost: 1 } as const
const one = { ...shared, path: '/api/v1/webhooks/{id}', params: idParams } as const
const changeErrors = [...writeErrors, 'request.id_malformed', 'resource.not_found'] as const

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/webhooks',
  operation: 'create-webhook',
  summary: 'Register an endpoint',
  description: 'It gets the events that happen from now on. The signing secret is shown once.',
  hasSecret: true,
  body: WebhookIn,
  requiredText: 'url, events (at least one)',
  answers: { 201: MadeOut },
  errors: [
    ...writeErrors,
    'validation.fields_missing',
    ...addressErrors,
    'plan.webhook_endpoint_limit',
  ],
  examples: [
    {
      summary: 'Two events of invoices',
      keep: 'webhook',
      body: {
        url: 'https://hooks.lanternrye.example/in',
        events: ['invoice.paid', 'invoice.created'],
        description: 'ERP',
      },
      status: 201,
    },
    {
      summary: 'An address inside of a network',
      body: { url: 'https://192.168.0.10/in', events: ['*'] },
      status: 400,
    },
  ],
  handle: async (call) => {
    const { caller, outside, body } = call
    await outside.requireReachable(body.url, caller.environment)
    const input = {
      surface: 'invoicing',
      environment: caller.environment,
      businessId: call.business().businessId,
      url: body.url,
      events: body.events,
      knownEvents: eventTypes,
      ...(body.description !== undefined && { description: body.description }),
      random: outside.random(secretBytes),
    } as const
    return call.write(createEndpoint, input, made(201))
  },
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/webhooks',
  operation: 'list-webhooks',
  summary: 'List endpoints, newest first',
  query: WebhookQuery,
  answers: { 200: pageOf(WebhookOut) },
  errors: listErrors,
  examples: [{ summary: 'All of them', status: 200 }],
  handle: async (call) => {
    const listed = toListed(call.query, sortBy)
    const found = await call.read((db) => listEndpoints(db, scopeOf(call), listed))
    const by = sortBy(call.query)
    const placeOf = (endpoint: Endpoint) => ({ value: endpoint[by], id: endpoint.id })
    return { status: 200, body: toPage(found, call.query, { placeOf, toWire }) }
  },
})

const getRoute = route({
  ...one,
  method: 'GET',
  operation: 'get-webhook',
  summary: 'Get an endpoint',
  answers: { 200: WebhookOut },
  errors: readErrors,
  examples: [{ summary: 'By id', params: { id: '$webhook' }, status: 200 }],
  handle: async (call) => ({ status: 200, body: toWire(await findOwn(call)) }),
})

const changeRoutes = updateRoutes(
  {
    ...one,
    method: 'PATCH',
    operation: 'update-webhook',
    summary: 'Change an endpoint',
    body: WebhookChange,
    answers: { 200: WebhookOut },
    errors: [...changeErrors, 'validation.nothing_to_update', ...addressErrors],
    examples: [
      {
        summary: 'Every event',
        params: { id: '$webhook' },
        body: { events: ['*'] },
        status: 200,
      },
      {
        summary: 'An event that nobody knows',
        params: { id: '$webhook' },
        body: { events: ['invoice.eaten'] },
        status: 400,
      },
    ],
    handle: async (call) => {
      const { body, caller, outside } = call
      if (body.url !== undefined) await outside.requireReachable(body.url, caller.environment)
      return call.write(updateEndpoint, { ...chosen(call), changes: namedOf(body) }, toReply)
    },
  },
  [
    {
      summary: 'Without a description',
      params: { id: '$webhook' },
      body: { description: null },
      status: 200,
    },
  ],
)

const deleteRoute = route({
  ...one,
  method: 'DELETE',
  operation: 'delete-webhook',
  summary: 'Remove an endpoint',
  description: 'What waits for it is called off.',
  answers: { 204: null },
  errors: changeErrors,
  examples: [],
  handle: (call) => {
    const { scope, endpointId } = chosen(call)
    return call.write(deleteEndpoint, { scope, endpointId }, () => ({ status: 204 }))
  },
})

const setEnabled = (verb: 'enable' | 'disable') =>
  route({
    ...one,
    method: 'POST',
    path: `/api/v1/webhooks/{id}/${verb}`,
    operation: `${verb}-webhook`,
    summary: verb === 'enable' ? 'Deliver again, forgetting failures' : 'Stop deliveries',
    answers: { 200: WebhookOut },
    errors: changeErrors,
    examples: [{ summary: 'By id', params: { id: '$webhook' }, status: 200 }],
    handle: (call) =>
      call.write(
        updateEndpoint,
        { ...chosen(call), changes: {}, isEnabled: verb === 'enable' },
        toReply,
      ),
  })

const rotateRoute = route({
  ...one,
  method: 'POST',
  path: '/api/v1/webhooks/{id}/rotate-secret',
  operation: 'rotate-webhook-secret',
  summary: 'Sign with a new secret from now on',
  description: 'The old secret is kept for the overlap, so that receivers can check what was sent.',
  hasSecret: true,
  body: Rotation,
  bodyOptional: true,
  answers: { 200: MadeOut },
  errors: [...changeErrors, 'webhooks.rotation_active'],
  examples: [
    {
      summary: 'With an hour of overlap',
      params: { id: '$webhook' },
      body: { overlap_hours: 1 },
      status: 200,
    },
    { summary: 'The same once more', params: { id: '$webhook' }, status: 400 },
  ],
  handle: (call) => {
    const { outside, body } = call
    const random = outside.random(secretBytes)
    const input = { ...chosen(call), overlapHours: body.overlap_hours, random }
    return call.write(rotateSecret, input, made(200))
  },
})

const testRoute = route({
  ...one,
  method: 'POST',
  path: '/api/v1/webhooks/{id}/test',
  operation: 'test-webhook',
  summary: 'Send a sample event',
  description:
    'With all that an event of the type has, about objects of nobody; `data.test` is true.',
  body: TestIn,
  bodyOptional: true,
  answers: { 202: DeliveryOut },
  errors: [...changeErrors, 'webhooks.event_unknown', 'webhooks.endpoint_disabled'],
  examples: [
    {
      summary: 'An invoice that is paid',
      params: { id: '$webhook' },
      body: { event: 'invoice.paid' },
      status: 202,
    },
  ],
  handle: (call) => {
    const type = call.body.event ?? 'invoice.created'
    const { businessId } = call.business()
    const render = (id: string): string => renderSample(type, { id, at: call.now, businessId })
    const { scope, endpointId } = chosen(call)
    const sample = { type, knownEvents: eventTypes, render }
    return call.write(sendTest, { scope, endpointId, sample }, toDeliveryReply)
  },
})

const deliveriesRoute = route({
  ...one,
  method: 'GET',
  path: '/api/v1/webhooks/{id}/deliveries',
  operation: 'list-webhook-deliveries',
  summary: 'Deliveries with their attempts, newest first',
  description: 'Kept for 30 days.',
  query: DeliveryQuery,
  answers: { 200: pageOf(DeliveryOut) },
  errors: [...listErrors, 'request.id_malformed', 'resource.not_found'],
  examples: [
    {
      summary: 'What waits',
      params: { id: '$webhook' },
      query: { state: 'pending' },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { query } = call
    const { id: endpointId } = await findOwn(call)
    const filter = {
      organizationId: call.caller.organizationId,
      endpointId,
      ...toWindow(query),
      isAscending: toSort(query.sort)?.isDescending === false,
      ...(query.state !== undefined && { state: query.state }),
      ...(query.event_type !== undefined && { eventType: query.event_type }),
      ...(query.event_id !== undefined && { eventId: query.event_id.slice(4) }),
      ...(query.attempted_from !== undefined && {
        attemptedFrom: parseInstant(query.attempted_from, 'attempted_from'),
      }),
      ...(query.attempted_to !== undefined && {
        attemptedTo: parseInstant(query.attempted_to, 'attempted_to'),
      }),
    }
    const found = await call.read((db) => listDeliveries(db, filter))
    const placeOf = ({ createdAt: value, id }: Delivery) => ({ value, id })
    return { status: 200, body: toPage(found, query, { placeOf, toWire: toDeliveryWire }) }
  },
})

const deliveryRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/webhooks/{id}/deliveries/{delivery_id}',
  params: deliveryParams,
  operation: 'get-webhook-delivery',
  summary: 'Get a delivery with its attempts',
  answers: { 200: DeliveryOut },
  errors: readErrors,
  examples: [],
  handle: async (call) => {
    const { id: endpointId } = await findOwn(call)
    const { organizationId } = call.caller
    const deliveryId = call.params.delivery_id.toLowerCase()
    const place = { organizationId, endpointId, deliveryId }
    return { status: 200, body: toDeliveryWire(await call.read((db) => getDelivery(db, place))) }
  },
})

const redeliverRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver',
  params: deliveryParams,
  operation: 'redeliver-webhook',
  summary: 'Send an event once more',
  description: 'A new delivery with the same event id and body.',
  answers: { 202: DeliveryOut },
  errors: [...changeErrors, 'webhooks.endpoint_disabled'],
  examples: [],
  handle: (call) => {
    const { scope, endpointId } = chosen(call)
    const deliveryId = call.params.delivery_id.toLowerCase()
    return call.write(redeliver, { scope, endpointId, deliveryId }, toDeliveryReply)
  },
})

const recoverRoute = route({
  ...one,
  method: 'POST',
  path: '/api/v1/webhooks/{id}/recover',
  operation: 'recover-webhook',
  summary: 'Send events of a range once more',
  description: 'At most 30 days. What is still on its way is left alone.',
  body: RecoveryIn,
  answers: { 202: Type.Object({ queued: Type.Integer() }) },
  errors: [...changeErrors, 'validation.fields_missing', ...recoveryErrors],
  examples: [
    {
      summary: 'What was missed since a day',
      params: { id: '$webhook' },
      body: { since: '2026-06-14T00:00:00Z' },
      status: 202,
    },
    {
      summary: 'More than 30 days',
      params: { id: '$webhook' },
      body: { since: '2026-01-01T00:00:00Z' },
      status: 400,
    },
  ],
  handle: (call) => {
    const { scope, endpointId } = chosen(call)
    const render = buildEventRenderer(call.outside.toPageUrl)
    const input = { scope, endpointId, render, ...toRecovery(call.body) }
    return call.write(recoverDeliveries, input, (body) => ({ status: 202, body }))
  },
})

/** Endpoints, their secrets and their log. Source: Invoicing specification 13. */
export const webhookRoutes = [
  createRoute,
  listRoute,
  getRoute,
  ...changeRoutes,
  deleteRoute,
  setEnabled('disable'),
  setEnabled('enable'),
  rotateRoute,
  testRoute,
  deliveriesRoute,
  deliveryRoute,
  redeliverRoute,
  recoverRoute,
]

type AnyCall = Pick<Call, 'caller' | 'business' | 'outside'>
type OneCall = AnyCall & Readonly<{ params: Readonly<{ id: string }> }>

const scopeOf = (call: AnyCall) =>
  ({
    organizationId: call.caller.organizationId,
    surface: 'invoicing',
    businessId: call.business().businessId,
  }) as const

const chosen = (call: OneCall) => ({
  scope: scopeOf(call),
  endpointId: call.params.id.toLowerCase(),
  knownEvents: eventTypes,
})

/** Refuses: resource.not_found. */
function findOwn(call: OneCall & Pick<Call, 'read'>): Promise<Endpoint> {
  const { scope, endpointId } = chosen(call)
  return call.read((db) => getEndpoint(db, scope, endpointId))
}

const sortBy = sortedBy({ created_at: 'createdAt', updated_at: 'updatedAt' })

const made =
  (status: 200 | 201) =>
  (fresh: MadeEndpoint): Reply => ({
    ...shownOnce(status, toMadeWire)(fresh),
    ...(status === 201 && {
      headers: { Location: `/invoicing/api/v1/webhooks/${fresh.endpoint.id}` },
    }),
  })

const toReply = (endpoint: Endpoint): Reply => ({ status: 200, body: toWire(endpoint) })

const toDeliveryReply = (delivery: Delivery): Reply => ({
  status: 202,
  body: toDeliveryWire(delivery),
})

function toMadeWire(endpoint: Endpoint, secret: string | null): Static<typeof MadeOut> {
  const { created_at, updated_at, ...rest } = toWire(endpoint)
  return { ...rest, signing_secret: secret, created_at, updated_at }
}

const toWire = (endpoint: Endpoint): Static<typeof WebhookOut> => ({
  id: endpoint.id,
  business_id: endpoint.businessId ?? '',
  url: endpoint.url,
  description: endpoint.description,
  events: [...endpoint.events],
  status: endpoint.status,
  disabled_reason: endpoint.disabledReason,
  consecutive_failures: endpoint.consecutiveFailures,
  created_at: endpoint.createdAt,
  updated_at: endpoint.updatedAt,
})

const toDeliveryWire = (delivery: Delivery): Static<typeof DeliveryOut> => ({
  id: delivery.id,
  webhook_id: delivery.endpointId,
  event_id: eventId(delivery.eventId),
  event_type: delivery.eventType,
  state: delivery.state,
  replayed: delivery.isReplayed,
  next_attempt_at: delivery.dueAt,
  attempts: delivery.attempts.flatMap(toAttemptWire),
})

/** An attempt that is still on its way shows once it has ended. */
const toAttemptWire = ({
  status,
  ...attempt
}: Delivery['attempts'][number]): Static<typeof AttemptOut>[] =>
  status === null
    ? []
    : [
        {
          id: attempt.id,
          attempt: attempt.number,
          status,
          http_status: attempt.httpStatus,
          duration_ms: attempt.durationMs,
          error: attempt.error,
          response_excerpt: attempt.excerpt,
          attempted_at: attempt.startedAt,
        },
      ]
