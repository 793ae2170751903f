import { safeOf, type Tx } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { Instant } from '../../kernel/dates.ts'
import { placeOfBody } from './delivery.ts'

type Copy = Readonly<{
  organizationId: string
  endpointId: string
  deliveryId: string
  id: string
  now: Instant
}>

/** Queues the bytes of a delivery once more under an id of their own. */
export async function copyDelivery(
  tx: Tx,
  { organizationId, endpointId, deliveryId, id, now }: Copy,
): Promise<void> {
  const [found] = await tx.query<{ sealed: Buffer }>({
    name: 'find_sealed_body',
    text: `select sealed_body as sealed from delivery
      where organization_id = $1 and endpoint_id = $2 and delivery_id = $3`,
    values: [organizationId, endpointId, deliveryId],
  })
  assert(found !== undefined, 'a delivery that is copied is there')
  const { open, seal } = await safeOf(tx)
  const body = open(placeOfBody(deliveryId), found.sealed)
  await tx.query({
    name: 'copy_delivery',
    text: `insert into delivery (organization_id, delivery_id, endpoint_id, tenant_id, sequence,
        event_id, event_type, resource_id, state, is_replayed, sealed_body, due_at, created_at)
      select organization_id, $4, endpoint_id, tenant_id, sequence, event_id, event_type, resource_id,
        'pending', true, $6, $5, $5
      from delivery where organization_id = $1 and endpoint_id = $2 and delivery_id = $3`,
    values: [organizationId, endpointId, deliveryId, id, now, seal(placeOfBody(id), body)],
  })
}

type OfEvents = Readonly<{
  organizationId: string
  endpointId: string
  eventIds: readonly string[]
}>

/** What became of events at an endpoint: an event that was never queued there is left out. */
export async function listEventStates(
  tx: Tx,
  { organizationId, endpointId, eventIds }: OfEvents,
): Promise<ReadonlyMap<string, 'waiting' | 'delivered' | 'lost'>> {
  if (eventIds.length === 0) return new Map()
  const rows = await tx.query<{ eventId: string; isWaiting: boolean; isDelivered: boolean }>({
    name: 'list_event_states',
    text: `select event_id as "eventId", bool_or(due_at is not null) as "isWaiting",
        bool_or(state = 'delivered') as "isDelivered"
      from delivery
      where organization_id = $1 and endpoint_id = $2 and event_id = any($3::uuid[])
      group by event_id order by event_id`,
    values: [organizationId, endpointId, eventIds],
  })
  return new Map(
    rows.map(({ eventId, isWaiting, isDelivered }) => {
      if (isWaiting) return [eventId, 'waiting']
      return [eventId, isDelivered ? 'delivered' : 'lost']
    }),
  )
}
