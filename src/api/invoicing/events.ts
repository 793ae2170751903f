import { type Static, Type } from 'typebox'
import type { Db } from '../../db/tx.ts'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { eventId } from '../../kernel/ids.ts'
import { findBusiness } from '../../modules/access/business.queries.ts'
import { findEvent, listEvents } from '../../modules/webhooks/event.queries.ts'
import { type EventBusiness, eventDays, type StoredEvent } from '../../modules/webhooks/event.ts'
import { type Call, route } from '../http/route.ts'
import { listErrors, readErrors, text, uuid } from './fields.ts'
import { pageSizeDefault, pageSizeMax } from './lists.ts'
import { buildEventRenderer, type EventType, isEventType } from './webhook-events.ts'

const EventOut = Type.Object({
  sequence: Type.Integer({ description: 'Rises without gaps in the outbox of the business' }),
  id: Type.String(),
  type: Type.String(),
  created_at: Type.String(),
  business_id: uuid,
  data: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' }),
})

const EventPage = Type.Object({
  data: Type.Array(EventOut),
  pagination: Type.Object({
    limit: Type.Integer(),
    next_after: Type.Integer({ description: 'The `after` of the next call' }),
    has_more: Type.Boolean(),
  }),
})

const sequenceMax = Number.MAX_SAFE_INTEGER

const EventQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({ minimum: 0, maximum: sequenceMax, description: 'Sequence, not included' }),
  ),
  types: Type.Optional(text(2_000)),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: pageSizeMax, description: `Default ${pageSizeDefault}` }),
  ),
})

const shared = {
  tag: 'Events',
  scope: 'read',
  otherScope: 'webhooks',
  tenant: 'business',
  cost: 1,
} as const

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/events',
  operation: 'list-events',
  summary: 'What happened, in order',
  description: 'Kept for 90 days. Call again with `next_after` to go on; nothing is missed.',
  query: EventQuery,
  answers: { 200: EventPage },
  errors: [...listErrors, 'webhooks.event_unknown'],
  examples: [
    { summary: 'From the beginning', status: 200 },
    { summary: 'Invoices that were paid', query: { types: 'invoice.paid' }, status: 200 },
    { summary: 'A type that nobody knows', query: { types: 'invoice.eaten' }, status: 400 },
  ],
  handle: async (call) => {
    const { after = 0, limit = pageSizeDefault, types } = call.query
    const wanted = types === undefined ? undefined : types.split(',').map(parseType)
    const asked = { after: BigInt(after), limit, wanted }
    return { status: 200, body: await call.read((db) => readPage(db, call, asked)) }
  },
})

const getRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/events/{event_id}',
  params: Type.Object({ event_id: Type.String() }),
  operation: 'get-event',
  summary: 'Get an event',
  answers: { 200: EventOut },
  errors: [...readErrors, 'webhooks.event_expired'],
  examples: [],
  handle: async (call) => {
    const given = call.params.event_id
    const id = parseEventId(given)
    const found = await call.read(async (db) => {
      const event = await findEvent(db, call.business().businessId, id)
      const wire = event && toWire(event, await ownBusiness(db, call), call)
      return event && wire && { event, wire }
    })
    if (found === undefined)
      throw new Refusal('resource.not_found', { resource: 'Event', id: given })
    if (found.event.at < oldestOf(call.now)) {
      throw new Refusal('webhooks.event_expired', { eventId: given, days: eventDays })
    }
    return { status: 200, body: found.wire }
  },
})

/** Events by polling. Source: Invoicing specification 13.9. */
export const eventRoutes = [listRoute, getRoute]

type Asked = Readonly<{ after: bigint; limit: number; wanted: readonly string[] | undefined }>
type Page = Static<typeof EventPage>
type OneCall = Pick<Call, 'business' | 'caller' | 'now' | 'outside'>

const batchSize = 500
/** Events of the outbox that one call looks at, at most: most of them may have no name here. */
const scannedMax = 5_000

async function readPage(db: Db, call: OneCall, { after, limit, wanted }: Asked): Promise<Page> {
  const { businessId } = call.business()
  const business = await ownBusiness(db, call)
  const oldest = oldestOf(call.now)
  const data: Static<typeof EventOut>[] = []
  let last = after
  let hasMore = true
  for (let scanned = 0; hasMore && scanned < scannedMax; scanned += batchSize) {
    const events = await listEvents(db, { tenantId: businessId, after: last, limit: batchSize })
    hasMore = events.length === batchSize
    for (const event of events) {
      const wire = event.at < oldest ? undefined : toWire(event, business, call)
      const isWanted = wire !== undefined && (wanted === undefined || wanted.includes(wire.type))
      if (isWanted && data.length === limit) return toPage(data, { limit, last, hasMore: true })
      if (isWanted) data.push(wire)
      last = event.sequence
    }
  }
  return toPage(data, { limit, last, hasMore })
}

const toPage = (
  data: Page['data'],
  { limit, last, hasMore }: Readonly<{ limit: number; last: bigint; hasMore: boolean }>,
): Page => ({ data, pagination: { limit, next_after: Number(last), has_more: hasMore } })

async function ownBusiness(db: Db, call: OneCall): Promise<EventBusiness> {
  const { businessId, baseCurrency } = call.business()
  const business = await findBusiness(db, call.caller.organizationId, businessId)
  return { id: businessId, name: business?.name ?? '', baseCurrency }
}

function toWire(
  event: StoredEvent,
  business: EventBusiness,
  { outside }: OneCall,
): Static<typeof EventOut> | undefined {
  const wire = buildEventRenderer(outside.toPageUrl)(event, business)
  if (wire === undefined) return undefined
  const { data } = JSON.parse(wire.body) as { data: Readonly<Record<string, unknown>> } // our own envelope
  return {
    sequence: Number(event.sequence),
    id: eventId(event.id),
    type: wire.type,
    created_at: event.at,
    business_id: business.id,
    data,
  }
}

const dayMs = 86_400_000

const oldestOf = (now: Instant): Instant => instantFromMs(msOf(now) - eventDays * dayMs)

/** Refuses: webhooks.event_unknown. */
function parseType(given: string): EventType {
  const type = given.trim()
  if (!isEventType(type)) throw new Refusal('webhooks.event_unknown', { event: type })
  return type
}

/** The uuid behind `evt_` and 32 digits. Refuses: request.id_malformed. */
function parseEventId(given: string): string {
  const digits = /^evt_([0-9a-f]{32})$/i.exec(given)?.[1]
  if (digits === undefined) throw new Refusal('request.id_malformed', { name: 'event_id' })
  return digits.toLowerCase()
}
