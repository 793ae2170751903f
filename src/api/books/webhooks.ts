import { type Static, Type } from 'typebox'
import type { Db } from '../../db/tx.ts'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { asId, eventId, type Id, parsePrefixed, toPrefixed } from '../../kernel/ids.ts'
import { findBusiness } from '../../modules/access/business.queries.ts'
import { listDeliveries } from '../../modules/webhooks/delivery.queries.ts'
import { type Delivery, deliveryStates } from '../../modules/webhooks/delivery.ts'
import {
  createEndpoint,
  deleteEndpoint,
  rotateSecret,
  updateEndpoint,
} from '../../modules/webhooks/endpoint.actions.ts'
import { getEndpoint, listEndpoints } from '../../modules/webhooks/endpoint.queries.ts'
import { type Endpoint, everyEvent, overlapHoursMax } from '../../modules/webhooks/endpoint.ts'
import { listEvents } from '../../modules/webhooks/event.queries.ts'
import { type EventBusiness, eventDays } from '../../modules/webhooks/event.ts'
import { recoverDeliveries, redeliver, sendTest } from '../../modules/webhooks/replay.actions.ts'
import { secretBytes, toBase64, toMasked } from '../../modules/webhooks/signature.ts'
import { type Call, type Reply, route } from '../http/route.ts'
import { addressErrors, namedOf, recoveryErrors, shownOnce, toRecovery } from '../http/webhook.ts'
import {
  businessQuery,
  enveloped,
  idText,
  instant,
  nullable,
  organizationErrors,
  organizationWriteErrors,
  readErrors,
  text,
  toId,
} from './fields.ts'
import {
  listLimitDefault,
  listLimitMax,
  listQuery,
  Pagination,
  sortQuery,
  toPage,
  toPagination,
  toWindow,
} from './lists.ts'
import { eventTypes, renderEvent, renderSample } from './webhook-events.ts'

const url = Type.String({ maxLength: 2_048, description: 'https, on port 443 or 8443' })
const events = Type.Array(Type.String({ maxLength: 100 }), {
  minItems: 1,
  maxItems: 100,
  description: `Event types, or ${everyEvent} for all`,
})
const words = text(500)

const WebhookIn = Type.Object({
  url,
  events,
  description: Type.Optional(words),
  asymmetric: Type.Optional(
    Type.Boolean({ description: 'Adds a v1a signature that is checked with a public key' }),
  ),
})

const WebhookChange = Type.Object({
  url: Type.Optional(url),
  events: Type.Optional(events),
  isActive: Type.Optional(Type.Boolean()),
  description: Type.Optional(nullable(words)),
})

const WebhookOut = Type.Object({
  id: Type.String(),
  url: Type.String(),
  events: Type.Array(Type.String()),
  secret: nullable(Type.String({ description: 'Whole in the answer that made it, else masked' })),
  isActive: Type.Boolean(),
  createdAt: instant,
  description: nullable(Type.String()),
  businessId: nullable(Type.String()),
  publicKey: nullable(Type.String()),
  disabledReason: nullable(Type.String({ description: 'manual, failures or gone' })),
  consecutiveFailures: Type.Integer(),
  updatedAt: instant,
})

const AttemptOut = Type.Object({
  id: Type.String(),
  attempt: Type.Integer(),
  status: Type.Enum(['success', 'failed', 'running']),
  httpStatus: nullable(Type.Integer()),
  durationMs: nullable(Type.Integer()),
  error: nullable(Type.String()),
  responseExcerpt: nullable(Type.String()),
  attemptedAt: instant,
})

const DeliveryOut = Type.Object({
  id: Type.String(),
  webhookId: Type.String(),
  eventId: Type.String(),
  eventType: Type.String(),
  state: Type.Enum([...deliveryStates]),
  replayed: Type.Boolean(),
  nextAttemptAt: nullable(instant),
  attempts: Type.Array(AttemptOut),
})

const Rotation = Type.Object({
  overlapHours: Type.Optional(
    Type.Integer({ minimum: 0, maximum: overlapHoursMax, description: 'Default 24' }),
  ),
})

const RecoveryIn = Type.Object({
  since: Type.String({ format: 'timestamp' }),
  until: Type.Optional(Type.String({ format: 'timestamp' })),
  only: Type.Optional(Type.Enum(['failed', 'missing', 'all'])),
})

const sorts = ['createdAt', 'updatedAt', 'url'] as const
const listing = {
  list: 'webhooks',
  sort: '-createdAt',
  members: {
    createdAt: ({ createdAt }: Endpoint) => createdAt,
    updatedAt: ({ updatedAt }: Endpoint) => updatedAt,
    url: (endpoint: Endpoint) => endpoint.url,
  },
  idOf: ({ id }: Endpoint) => id,
  changedAt: ({ updatedAt }: Endpoint) => updatedAt,
} as const

const params = Type.Object({ id: idText('wh') })
const deliveryParams = Type.Object({ id: idText('wh'), deliveryId: idText('whd') })
const narrowing = Type.Object({
  businessId: Type.Optional(
    Type.String({ description: 'Only this business; absent: all of the key' }),
  ),
})

const shared = {
  tag: 'Webhooks',
  scope: null,
  tenant: 'organization',
  cost: 1,
  isFree: true,
} as const
const one = { ...shared, path: '/v1/webhooks/{id}', params } as const
const changeErrors = [...organizationWriteErrors, 'resource.not_found'] as const

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/webhooks',
  operation: 'create-webhook',
  summary: 'Register a webhook',
  description: 'It gets the events that happen from now on. The secret is shown once.',
  hasSecret: true,
  query: narrowing,
  body: WebhookIn,
  answers: { 201: enveloped(WebhookOut) },
  errors: [
    ...organizationWriteErrors,
    'access.business_forbidden',
    ...addressErrors,
    'plan.webhook_endpoint_limit',
  ],
  examples: [
    {
      summary: 'Payments of every business',
      keep: 'webhook',
      body: { url: 'https://hooks.kutiprints.example/in', events: ['invoice.paid'] },
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
    const businessId = await chosenBusiness(call)
    await outside.requireReachable(body.url, caller.environment)
    const { seed, publicKey } = outside.keyPair()
    const keyPair = { seed, publicKey: `whpk_${toBase64(publicKey)}` }
    const input = {
      surface: 'books',
      environment: caller.environment,
      businessId,
      url: body.url,
      events: body.events,
      knownEvents: eventTypes,
      ...(body.description !== undefined && { description: body.description }),
      ...(body.asymmetric === true && { keyPair }),
      random: outside.random(secretBytes),
    } as const
    return call.writeOrganization(createEndpoint, input, shownOnce(201, toWire))
  },
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/v1/webhooks',
  operation: 'list-webhooks',
  summary: 'List webhooks, newest first',
  query: Type.Object({ ...sortQuery(sorts), ...listQuery }),
  answers: {
    200: enveloped(
      Type.Object({
        webhooks: Type.Array(WebhookOut),
        count: Type.Integer(),
        pagination: Pagination,
      }),
    ),
  },
  errors: [...organizationErrors, 'request.page_invalid', 'request.cursor_invalid'],
  examples: [
    { summary: 'All of them', status: 200 },
    { summary: 'Those that changed last', query: { sort: '-updatedAt' }, status: 200 },
  ],
  handle: async (call) => {
    const window = { limit: webhooksMax, offset: 0 }
    const { rows } = await call.read((db) => listEndpoints(db, scopeOf(call), window))
    const own = rows.filter((endpoint) => isWithinReach(endpoint, call))
    const { page, rest } = toPage(own, call.query, listing)
    return { status: 200, body: { webhooks: page.map(toMaskedWire), ...rest } }
  },
})

const getRoute = route({
  ...one,
  method: 'GET',
  operation: 'get-webhook',
  summary: 'Get a webhook',
  answers: { 200: enveloped(WebhookOut) },
  errors: [...organizationErrors, 'resource.not_found'],
  examples: [{ summary: 'By id', params: { id: '$webhook' }, status: 200 }],
  handle: async (call) => shown(await findOwn(call)),
})

const updateRoute = route({
  ...one,
  method: 'PUT',
  operation: 'update-webhook',
  summary: 'Change a webhook',
  description: 'Only the members that are sent change. Activating it forgets its failures.',
  body: WebhookChange,
  answers: { 200: enveloped(WebhookOut) },
  errors: [...changeErrors, ...addressErrors],
  examples: [
    {
      summary: 'Pause it',
      params: { id: '$webhook' },
      body: { isActive: false },
      status: 200,
    },
    {
      summary: 'Go on with every event',
      params: { id: '$webhook' },
      body: { isActive: true, events: ['*'] },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { body, caller, outside } = call
    const chosen = await choose(call)
    if (body.url !== undefined) await outside.requireReachable(body.url, caller.environment)
    const input = {
      ...chosen,
      changes: namedOf(body),
      knownEvents: eventTypes,
      ...(body.isActive !== undefined && { isEnabled: body.isActive }),
    }
    return call.writeOrganization(updateEndpoint, input, shown)
  },
})

const deleteRoute = route({
  ...one,
  method: 'DELETE',
  operation: 'delete-webhook',
  summary: 'Remove a webhook',
  answers: { 200: enveloped(Type.Object({ id: Type.String(), deleted: Type.Boolean() })) },
  errors: changeErrors,
  examples: [],
  handle: async (call) => {
    const chosen = await choose(call)
    const body = { id: toPrefixed('wh', chosen.endpointId), deleted: true }
    return call.writeOrganization(deleteEndpoint, chosen, () => ({ status: 200, body }))
  },
})

const rotateRoute = route({
  ...one,
  method: 'POST',
  path: '/v1/webhooks/{id}/rotate-secret',
  operation: 'rotate-webhook-secret',
  summary: 'Give a webhook a new secret',
  description: 'Both secrets sign until the overlap has ended.',
  hasSecret: true,
  body: Rotation,
  bodyOptional: true,
  answers: { 200: enveloped(WebhookOut) },
  errors: [...changeErrors, 'webhooks.rotation_active'],
  examples: [
    {
      summary: 'With an hour of overlap',
      params: { id: '$webhook' },
      body: { overlapHours: 1 },
      status: 200,
    },
    { summary: 'The same once more', params: { id: '$webhook' }, status: 409 },
  ],
  handle: async (call) => {
    const { outside, body } = call
    const random = outside.random(secretBytes)
    const input = { ...(await choose(call)), overlapHours: body.overlapHours, random }
    return call.writeOrganization(rotateSecret, input, shownOnce(200, toWire))
  },
})

const testRoute = route({
  ...one,
  method: 'POST',
  path: '/v1/webhooks/{id}/test',
  operation: 'test-webhook',
  summary: 'Send a sample event',
  body: Type.Object({ event: Type.Optional(text(100)) }),
  bodyOptional: true,
  answers: { 202: enveloped(DeliveryOut) },
  errors: [...changeErrors, 'webhooks.event_unknown', 'webhooks.endpoint_disabled'],
  examples: [
    {
      summary: 'An invoice that is paid',
      params: { id: '$webhook' },
      body: { event: 'invoice.paid' },
      status: 202,
    },
  ],
  handle: async (call) => {
    const { id: endpointId, businessId } = await findOwn(call)
    const type = call.body.event ?? eventTypes[0]
    const business = businessId === null ? undefined : { id: businessId }
    const render = (id: string): string => renderSample(type, { id, at: call.now, business })
    const sample = { type, knownEvents: eventTypes, render }
    const input = { scope: scopeOf(call), endpointId, sample }
    return call.writeOrganization(sendTest, input, queued)
  },
})

const deliveriesRoute = route({
  ...one,
  method: 'GET',
  path: '/v1/webhooks/{id}/deliveries',
  operation: 'list-webhook-deliveries',
  summary: 'Deliveries with their attempts, newest first',
  description: 'Kept for 30 days.',
  query: Type.Object({ ...listQuery, state: Type.Optional(Type.Enum([...deliveryStates])) }),
  answers: {
    200: enveloped(Type.Object({ deliveries: Type.Array(DeliveryOut), pagination: Pagination })),
  },
  errors: [
    ...organizationErrors,
    'request.page_invalid',
    'request.cursor_invalid',
    'resource.not_found',
  ],
  examples: [
    { summary: 'What waits', params: { id: '$webhook' }, query: { state: 'pending' }, status: 200 },
  ],
  handle: async (call) => {
    const { id: endpointId } = await findOwn(call)
    const window = toWindow('deliveries', call.query)
    const { state } = call.query
    const { organizationId } = call.caller
    const filter = { organizationId, endpointId, ...window, ...(state !== undefined && { state }) }
    const { rows, total } = await call.read((db) => listDeliveries(db, filter))
    const pagination = toPagination('deliveries', window, total)
    return { status: 200, body: { deliveries: rows.map(toDeliveryWire), pagination } }
  },
})

const redeliverRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver',
  params: deliveryParams,
  operation: 'redeliver-webhook',
  summary: 'Send an event once more',
  answers: { 202: enveloped(DeliveryOut) },
  errors: [...changeErrors, 'webhooks.endpoint_disabled'],
  examples: [],
  handle: async (call) => {
    const chosen = await choose(call)
    const deliveryId = toId('delivery', 'whd', call.params.deliveryId)
    return call.writeOrganization(redeliver, { ...chosen, deliveryId }, queued)
  },
})

const recoverRoute = route({
  ...one,
  method: 'POST',
  path: '/v1/webhooks/{id}/recover',
  operation: 'recover-webhook',
  summary: 'Send events of a range once more',
  description: 'At most 30 days. What is still on its way is left alone.',
  body: RecoveryIn,
  answers: { 202: enveloped(Type.Object({ queued: Type.Integer() })) },
  errors: [...changeErrors, ...recoveryErrors],
  examples: [
    {
      summary: 'More than 30 days',
      params: { id: '$webhook' },
      body: { since: '2026-01-01T00:00:00Z' },
      status: 400,
    },
  ],
  handle: async (call) => {
    const chosen = await choose(call)
    const input = { ...chosen, render: renderEvent, ...toRecovery(call.body) }
    return call.writeOrganization(recoverDeliveries, input, (body) => ({ status: 202, body }))
  },
})

const EventOut = Type.Object({
  sequence: Type.Integer(),
  id: Type.String(),
  type: Type.String(),
  createdAt: instant,
  businessId: nullable(Type.String()),
  data: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' }),
})

const eventsRoute = route({
  tag: 'Webhooks',
  scope: null,
  tenant: 'business',
  cost: 1,
  method: 'GET',
  path: '/v1/events',
  operation: 'list-events',
  summary: 'What happened in a business, in order',
  description: 'Kept for 90 days. Call again with `nextAfter` to go on; nothing is missed.',
  query: Type.Object({
    ...businessQuery,
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    types: Type.Optional(text(2_000)),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: listLimitMax })),
  }),
  answers: {
    200: enveloped(
      Type.Object({
        events: Type.Array(EventOut),
        nextAfter: Type.Integer(),
        hasMore: Type.Boolean(),
      }),
    ),
  },
  errors: [...readErrors, 'request.page_invalid'],
  examples: [{ summary: 'From the beginning', status: 200 }],
  handle: async (call) => {
    const { after = 0, limit = listLimitDefault, types } = call.query
    const wanted = types === undefined ? undefined : types.split(',').map((type) => type.trim())
    const asked = { after: BigInt(after), limit, wanted }
    return { status: 200, body: await call.read((db) => readEvents(db, call, asked)) }
  },
})

/** Webhooks and events by polling. Source: Books specification 22. */
export const webhookRoutes = [
  createRoute,
  listRoute,
  getRoute,
  updateRoute,
  deleteRoute,
  rotateRoute,
  testRoute,
  deliveriesRoute,
  redeliverRoute,
  recoverRoute,
  eventsRoute,
]

const webhooksMax = 1_000

type AnyCall = Pick<Call, 'caller'>
type OneCall = AnyCall & Pick<Call, 'read'> & Readonly<{ params: Readonly<{ id: string }> }>

const scopeOf = ({ caller: { organizationId, environment } }: AnyCall) =>
  ({ organizationId, surface: 'books', environment }) as const

/** A key that is narrowed to businesses sees the webhooks of those alone. */
const isWithinReach = ({ businessId }: Endpoint, { caller: { businessIds } }: AnyCall): boolean =>
  businessIds === null || (businessId !== null && businessIds.includes(businessId))

/** Refuses: resource.not_found. */
async function findOwn(call: OneCall): Promise<Endpoint> {
  const id = toId('endpoint', 'wh', call.params.id)
  const endpoint = await call.read((db) => getEndpoint(db, scopeOf(call), id))
  if (isWithinReach(endpoint, call)) return endpoint
  throw new Refusal('resource.not_found', { resource: 'Webhook endpoint', id: call.params.id })
}

/** The endpoint of a call, as actions take it. Refuses: resource.not_found. */
const choose = async (call: OneCall) => ({
  scope: scopeOf(call),
  endpointId: (await findOwn(call)).id,
})

/**
 * The business that a webhook is for; null: all of the key's environment.
 * Refuses: access.business_forbidden, also for a narrowed key that names none.
 */
async function chosenBusiness(
  call: AnyCall & Pick<Call, 'read'> & Readonly<{ query: Static<typeof narrowing> }>,
): Promise<Id<'business'> | null> {
  const { organizationId, environment, businessIds } = call.caller
  const given = call.query.businessId
  if (given === undefined) {
    if (businessIds !== null) throw new Refusal('access.business_forbidden')
    return null
  }
  const uuid = parsePrefixed('biz', given)
  const businessId = uuid === undefined ? undefined : asId('business', uuid)
  const business =
    businessId && (await call.read((db) => findBusiness(db, organizationId, businessId)))
  const isReached =
    business?.environment === environment &&
    (businessIds === null || businessIds.includes(business.id))
  if (!isReached) throw new Refusal('access.business_forbidden')
  return business.id
}

const shown = (endpoint: Endpoint): Reply => ({ status: 200, body: toMaskedWire(endpoint) })
const queued = (delivery: Delivery): Reply => ({ status: 202, body: toDeliveryWire(delivery) })

const toMaskedWire = (endpoint: Endpoint): Static<typeof WebhookOut> =>
  toWire(endpoint, toMasked(endpoint.secretEnd))

const toWire = (endpoint: Endpoint, secret: string | null): Static<typeof WebhookOut> => ({
  id: toPrefixed('wh', endpoint.id),
  url: endpoint.url,
  events: [...endpoint.events],
  secret,
  isActive: endpoint.status === 'enabled',
  createdAt: endpoint.createdAt,
  description: endpoint.description,
  businessId: endpoint.businessId === null ? null : toPrefixed('biz', endpoint.businessId),
  publicKey: endpoint.publicKey,
  disabledReason: endpoint.disabledReason,
  consecutiveFailures: endpoint.consecutiveFailures,
  updatedAt: endpoint.updatedAt,
})

const toDeliveryWire = (delivery: Delivery): Static<typeof DeliveryOut> => ({
  id: toPrefixed('whd', delivery.id),
  webhookId: toPrefixed('wh', delivery.endpointId),
  eventId: eventId(delivery.eventId),
  eventType: delivery.eventType,
  state: delivery.state,
  replayed: delivery.isReplayed,
  nextAttemptAt: delivery.dueAt,
  attempts: delivery.attempts.map((attempt) => ({
    id: attempt.id,
    attempt: attempt.number,
    status: attempt.status ?? 'running',
    httpStatus: attempt.httpStatus,
    durationMs: attempt.durationMs,
    error: attempt.error,
    responseExcerpt: attempt.excerpt,
    attemptedAt: attempt.startedAt,
  })),
})

type Asked = Readonly<{ after: bigint; limit: number; wanted: readonly string[] | undefined }>

const batchSize = 500
const scannedMax = 5_000
const dayMs = 86_400_000

/** Events that have a name here, in order; at most so many of the outbox are looked at. */
async function readEvents(
  db: Db,
  call: Pick<Call, 'business' | 'now'>,
  { after, limit, wanted }: Asked,
) {
  const { businessId, baseCurrency } = call.business()
  const shownBusiness: EventBusiness = { id: businessId, name: '', baseCurrency }
  const oldest: Instant = instantFromMs(msOf(call.now) - eventDays * dayMs)
  const found: Static<typeof EventOut>[] = []
  let last = after
  let hasMore = true
  for (let scanned = 0; hasMore && scanned < scannedMax; scanned += batchSize) {
    const rows = await listEvents(db, { tenantId: businessId, after: last, limit: batchSize })
    hasMore = rows.length === batchSize
    for (const event of rows) {
      const wire = event.at < oldest ? undefined : renderEvent(event, shownBusiness)
      const isWanted = wire !== undefined && (wanted === undefined || wanted.includes(wire.type))
      if (isWanted && found.length === limit) {
        return { events: found, nextAfter: Number(last), hasMore: true }
      }
      if (isWanted) {
        const envelope = JSON.parse(wire.body) as Omit<Static<typeof EventOut>, 'sequence'> // our own
        found.push({ sequence: Number(event.sequence), ...envelope })
      }
      last = event.sequence
    }
  }
  return { events: found, nextAfter: Number(last), hasMore }
}
