import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import {
  insertDeliveries,
  type Listener,
  lockCursor,
  lockListeners,
  type NewDelivery,
  updateCursor,
} from './delivery.db.ts'
import { toSendable } from './delivery.ts'
import { hasWantedTag, isWanted, type WebhookSurface } from './endpoint.ts'
import { listEvents, type NewsOfTenant } from './event.queries.ts'
import type { EventRenderers, StoredEvent, WireEvent } from './event.ts'
import { deleteEvents } from './outbox.db.ts'

const eventsMax = 200
const rowsMax = 200

export type FanOut = Readonly<{
  renderers: EventRenderers
  now: Instant
  newId: () => string
  /** Hears of events that a surface failed to put into its words. */
  onFault: (error: unknown, event: StoredEvent) => void
}>

/**
 * Hands the next events of a tenant to the endpoints that want them, in order, and moves the
 * cursor in the same commit: each event is queued once per endpoint, or noted as dropped where the
 * endpoint is disabled. An event that cannot be rendered is our fault: it is noted as failed, to be
 * recovered, and does not hold up those behind it. Answers how many events were looked at; 0 when
 * another worker was faster.
 * Refuses: nothing.
 * Source: platform specification 13.2, "Fan-out".
 */
export async function fanOutEvents(
  tx: Tx,
  { organizationId, tenantId, business, cursor, from }: NewsOfTenant,
  { renderers, now, newId, onFault }: FanOut,
): Promise<number> {
  if ((await lockCursor(tx, tenantId)) !== cursor) return 0
  const environment = business?.environment ?? null
  const listeners = await lockListeners(tx, { organizationId, tenantId, environment })
  const events = await listEvents(tx, { tenantId, after: from, limit: eventsMax })
  const rows: NewDelivery[] = []
  for (const event of events) {
    const wireBySurface = renderAll(event, listeners, { renderers, onFault, business })
    for (const listener of listeners) {
      const wire = wireBySurface.get(listener.surface)
      if (wire === undefined || event.sequence <= listener.start) continue
      if (wire === 'fault' || isFor(listener, wire)) {
        rows.push(toRow({ event, wire, listener, organizationId, now, id: newId() }))
      }
    }
  }
  for (let first = 0; first < rows.length; first += rowsMax) {
    await insertDeliveries(tx, rows.slice(first, first + rowsMax))
  }
  const last = events.at(-1)
  if (last !== undefined) await updateCursor(tx, tenantId, last.sequence)
  return events.length
}

type Rendered = WireEvent | 'fault' | undefined

type Words = Pick<FanOut, 'renderers' | 'onFault'> & Pick<NewsOfTenant, 'business'>

/** An event in the words of each surface that somebody listens on. */
function renderAll(
  event: StoredEvent,
  listeners: readonly Listener[],
  { renderers, onFault, business }: Words,
): ReadonlyMap<WebhookSurface, Rendered> {
  const surfaces = new Set(listeners.map(({ surface }) => surface))
  return new Map(
    [...surfaces].map((surface): readonly [WebhookSurface, Rendered] => {
      try {
        return [surface, renderers[surface]?.(event, business ?? undefined)]
      } catch (error) {
        onFault(error, event)
        return [surface, 'fault']
      }
    }),
  )
}

const isFor = (listener: Listener, wire: WireEvent): boolean =>
  isWanted(listener, wire.type) && hasWantedTag(listener, wire.companyTags)

type Row = Readonly<{
  event: StoredEvent
  wire: WireEvent | 'fault'
  listener: Listener
  organizationId: string
  now: Instant
  id: string
}>

const toRow = ({ event, wire, listener, organizationId, now, id }: Row): NewDelivery => ({
  id,
  organizationId,
  endpointId: listener.endpointId,
  tenantId: event.tenantId,
  sequence: event.sequence,
  eventId: event.id,
  eventType: wire === 'fault' ? event.type : wire.type,
  resourceId: event.resourceId,
  state: stateOf(listener, wire),
  isReplayed: false,
  body: Buffer.from(wire === 'fault' ? '' : toSendable(wire)),
  at: now,
})

function stateOf({ status }: Listener, wire: WireEvent | 'fault'): NewDelivery['state'] {
  if (wire === 'fault') return 'failed'
  return status === 'enabled' ? 'pending' : 'dropped_disabled'
}

/**
 * Forgets events from before an instant, at most `limit` of them; those that an endpoint has not
 * been given yet are kept. Answers how many there were.
 * Refuses: nothing.
 * Source: platform specification 12.
 */
export const forgetEvents = (
  tx: Tx,
  old: Readonly<{ before: Instant; limit: number }>,
): Promise<number> => deleteEvents(tx, old)
