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
import { hasWantedTag, isWanted } from './endpoint.ts'
import { listEvents, type NewsOfTenant } from './event.queries.ts'
import type { EventRenderers, StoredEvent, WireEvent } from './event.ts'

const eventsMax = 200
const rowsMax = 200

export type FanOut = Readonly<{
  renderers: EventRenderers
  now: Instant
  newId: () => string
}>

/**
 * Hands the next events of a tenant to the endpoints that want them, in order, and moves the
 * cursor in the same commit: each event is queued once per endpoint, or noted as dropped where the
 * endpoint is disabled. Answers how many events were looked at; 0 when another worker was faster.
 * Refuses: nothing.
 * Source: platform specification 13.2, "Fan-out".
 */
export async function fanOutEvents(
  tx: Tx,
  { organizationId, tenantId, business, cursor, from }: NewsOfTenant,
  { renderers, now, newId }: FanOut,
): Promise<number> {
  if ((await lockCursor(tx, tenantId)) !== cursor) return 0
  const environment = business?.environment ?? null
  const listeners = await lockListeners(tx, { organizationId, tenantId, environment })
  const events = await listEvents(tx, { tenantId, after: from, limit: eventsMax })
  const rows: NewDelivery[] = []
  for (const event of events) {
    const wireBySurface = new Map<string, WireEvent | undefined>()
    for (const listener of listeners) {
      const { surface } = listener
      if (!wireBySurface.has(surface)) {
        wireBySurface.set(surface, renderers[surface]?.(event, business ?? undefined))
      }
      const wire = wireBySurface.get(surface)
      if (wire === undefined || !isFor(listener, event, wire)) continue
      rows.push(toRow({ event, wire, listener, organizationId, now, id: newId() }))
    }
  }
  for (let first = 0; first < rows.length; first += rowsMax) {
    await insertDeliveries(tx, rows.slice(first, first + rowsMax))
  }
  const last = events.at(-1)
  if (last !== undefined) await updateCursor(tx, tenantId, last.sequence)
  return events.length
}

const isFor = (listener: Listener, { sequence }: StoredEvent, wire: WireEvent): boolean =>
  sequence > listener.start &&
  isWanted(listener, wire.type) &&
  hasWantedTag(listener, wire.companyTags)

type Row = Readonly<{
  event: StoredEvent
  wire: WireEvent
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
  eventType: wire.type,
  resourceId: event.resourceId,
  state: listener.status === 'enabled' ? 'pending' : 'dropped_disabled',
  isReplayed: false,
  body: Buffer.from(toSendable(wire)),
  at: now,
})
