import type { OrganizationCtx } from '../../db/write.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { asId } from '../../kernel/ids.ts'
import { insertDeliveries, type NewDelivery } from './delivery.db.ts'
import { getDelivery } from './delivery.queries.ts'
import { type Delivery, requireReplayRange, toSendable } from './delivery.ts'
import { getEndpoint } from './endpoint.queries.ts'
import { type Endpoint, type EndpointScope, hasWantedTag, isWanted } from './endpoint.ts'
import { listEventsInRange, type RangeEvent } from './event.queries.ts'
import type { EventRenderer, WireEvent } from './event.ts'
import { copyDelivery, listEventStates } from './replay.db.ts'

type Chosen = Readonly<{ scope: EndpointScope; endpointId: string }>

/** A sample event: the type, and how it is shown under an id of its own. */
export type Sample = Readonly<{
  type: string
  knownEvents: readonly string[]
  render: (eventId: string) => string
}>

/**
 * Sends a sample event to an endpoint, marked as a test by its data.
 * Refuses, in this order: resource.not_found, webhooks.endpoint_disabled, webhooks.event_unknown.
 */
export async function sendTest(
  ctx: OrganizationCtx,
  { scope, endpointId, sample }: Chosen & Readonly<{ sample: Sample }>,
): Promise<Delivery> {
  const endpoint = await getEnabled(ctx, scope, endpointId)
  if (!sample.knownEvents.includes(sample.type)) {
    throw new Refusal('webhooks.event_unknown', { event: sample.type })
  }
  const eventId = ctx.newId('event')
  const row: NewDelivery = {
    id: ctx.newId('delivery'),
    organizationId: ctx.organizationId,
    endpointId: endpoint.id,
    tenantId: endpoint.businessId ?? ctx.organizationId,
    sequence: 0n,
    eventId,
    eventType: sample.type,
    resourceId: eventId,
    state: 'pending',
    isReplayed: false,
    body: Buffer.from(sample.render(eventId)),
    at: ctx.now,
  }
  await insertDeliveries(ctx.tx, [row])
  record(ctx, 'test_sent', endpoint, { eventType: sample.type })
  return getDelivery(ctx.tx, { ...toPlace(endpoint), deliveryId: row.id })
}

/**
 * Sends what one delivery carried once more, as a new delivery of the same event.
 * Refuses, in this order: resource.not_found (endpoint, then delivery), webhooks.endpoint_disabled.
 */
export async function redeliver(
  ctx: OrganizationCtx,
  { scope, endpointId, deliveryId }: Chosen & Readonly<{ deliveryId: string }>,
): Promise<Delivery> {
  const endpoint = await getEndpoint(ctx.tx, scope, endpointId)
  const place = toPlace(endpoint)
  const before = await getDelivery(ctx.tx, { ...place, deliveryId })
  requireEnabled(endpoint)
  const id = ctx.newId('delivery')
  await copyDelivery(ctx.tx, { ...place, deliveryId: before.id, id, now: ctx.now })
  record(ctx, 'redelivered', endpoint, { eventId: before.eventId })
  return getDelivery(ctx.tx, { ...place, deliveryId: id })
}

/** Which events of a range are sent again. */
export type Only = 'failed' | 'missing' | 'all'

export type Recovery = Chosen &
  Readonly<{ since: Instant; until?: Instant; only?: Only; render: EventRenderer }>

const pageSize = 500

/**
 * Queues events of a range for an endpoint once more, as new deliveries with the same event ids:
 * those that were never delivered (`failed`), never queued (`missing`), both together by default,
 * or `all`. Events that are still on their way are left alone.
 * Refuses, in this order: resource.not_found, webhooks.endpoint_disabled, webhooks.replay_range.
 */
export async function recoverDeliveries(
  ctx: OrganizationCtx,
  { scope, endpointId, since, until = ctx.now, only, render }: Recovery,
): Promise<Readonly<{ queued: number }>> {
  const endpoint = await getEnabled(ctx, scope, endpointId)
  requireReplayRange(since, until)
  const { businessId, environment } = endpoint
  const range = { organizationId: ctx.organizationId, businessId, environment, since, until }
  let queued = 0
  let after: RangeEvent | undefined
  for (;;) {
    const events = await listEventsInRange(ctx.tx, range, { after, limit: pageSize })
    const wanted = events.flatMap((event) => toWanted(endpoint, event, render))
    const stateByEvent = await listEventStates(ctx.tx, {
      ...toPlace(endpoint),
      eventIds: wanted.map(({ event }) => event.id),
    })
    const chosen = wanted.filter(({ event }) => isChosen(stateByEvent.get(event.id), only))
    const rows = chosen.map(({ event, wire }) => toRow(ctx, endpoint, { event, wire }))
    queued += await insertDeliveries(ctx.tx, rows)
    after = events.at(-1)
    if (after === undefined || events.length < pageSize) break
  }
  record(ctx, 'recovered', endpoint, { since, until, queued })
  return { queued }
}

type State = 'waiting' | 'delivered' | 'lost'

function isChosen(state: State | undefined, only: Only | undefined): boolean {
  if (only === 'all') return state !== 'waiting'
  if (only === 'failed') return state === 'lost'
  if (only === 'missing') return state === undefined
  return state === 'lost' || state === undefined
}

type Wanted = Readonly<{ event: RangeEvent; wire: WireEvent }>

function toWanted(endpoint: Endpoint, event: RangeEvent, render: EventRenderer): Wanted[] {
  const wire = render(event, event.business ?? undefined)
  if (wire === undefined || !isWanted(endpoint, wire.type)) return []
  return hasWantedTag(endpoint, wire.companyTags) ? [{ event, wire }] : []
}

const toRow = (ctx: OrganizationCtx, endpoint: Endpoint, { event, wire }: Wanted): NewDelivery => ({
  id: ctx.newId('delivery'),
  organizationId: ctx.organizationId,
  endpointId: endpoint.id,
  tenantId: event.tenantId,
  sequence: event.sequence,
  eventId: event.id,
  eventType: wire.type,
  resourceId: event.resourceId,
  state: 'pending',
  isReplayed: true,
  body: Buffer.from(toSendable(wire)),
  at: ctx.now,
})

const toPlace = ({ organizationId, id }: Endpoint) => ({ organizationId, endpointId: id })

async function getEnabled(
  { tx }: OrganizationCtx,
  scope: EndpointScope,
  endpointId: string,
): Promise<Endpoint> {
  const endpoint = await getEndpoint(tx, scope, asId('endpoint', endpointId))
  requireEnabled(endpoint)
  return endpoint
}

/** Refuses: webhooks.endpoint_disabled. */
function requireEnabled({ id, status }: Endpoint): void {
  if (status === 'disabled') throw new Refusal('webhooks.endpoint_disabled', { endpointId: id })
}

function record(
  ctx: OrganizationCtx,
  what: string,
  { id }: Endpoint,
  payload: Readonly<Record<string, unknown>>,
): void {
  const resource = { resource: 'webhook_endpoint', resourceId: id } as const
  ctx.audit({ action: `webhook_endpoint.${what}`, ...resource, after: payload })
  ctx.emit({ type: `webhooks.endpoint.${what}`, ...resource, payload })
}
