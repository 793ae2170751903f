import { type Db, safeOf } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { placeOfEvent } from '../../kernel/secret-place.ts'
import type { WebhookSurface } from './endpoint.ts'
import type { EventBusiness, StoredEvent } from './event.ts'

const eventColumns = `
  ev.tenant_id as "tenantId", ev.sequence, ev.event_id as id, ev.type, ev.resource,
  ev.resource_id as "resourceId", ev.payload, ev.sealed, ev.at`

type SealedEvent = StoredEvent & Readonly<{ sealed: Uint8Array | null }>

/** Events with what of their payload lies sealed. */
async function withPersonal<Row extends SealedEvent>(
  db: Db,
  rows: readonly Row[],
): Promise<Omit<Row, 'sealed'>[]> {
  if (rows.every(({ sealed }) => sealed === null)) return rows.map(withoutSeal)
  const { open } = await safeOf(db)
  return rows.map((row) => {
    if (row.sealed === null) return withoutSeal(row)
    const personal: unknown = JSON.parse(
      new TextDecoder().decode(open(placeOfEvent(row.id), row.sealed)),
    )
    return { ...withoutSeal(row), payload: { ...row.payload, ...Object(personal) } }
  })
}

function withoutSeal<Row extends SealedEvent>({ sealed: _, ...event }: Row): Omit<Row, 'sealed'> {
  return event
}

/** Events of one tenant after a sequence number, in order, at most `limit`. */
export async function listEvents(
  db: Db,
  { tenantId, after, limit }: Readonly<{ tenantId: string; after: bigint; limit: number }>,
): Promise<StoredEvent[]> {
  const rows = await db.query<SealedEvent>({
    name: 'list_events',
    text: `select ${eventColumns} from event as ev
      where ev.tenant_id = $1 and ev.sequence > $2 order by ev.sequence limit $3`,
    values: [tenantId, after, limit],
  })
  return withPersonal(db, rows)
}

/**
 * Events of one tenant after a sequence number, in order, at most `limit`, without what of their
 * payload is personal. With no number: the newest 20.
 */
export async function listBareEvents(
  db: Db,
  { tenantId, after, limit }: Readonly<{ tenantId: string; after?: bigint; limit: number }>,
): Promise<StoredEvent[]> {
  const rows = await db.query<SealedEvent>({
    name: 'list_bare_events',
    text: `select ${eventColumns} from event as ev
      where ev.tenant_id = $1 and ev.sequence > coalesce($2,
        (select h.event_seq - 20 from lane_head as h where h.tenant_id = $1))
      order by ev.sequence limit $3`,
    values: [tenantId, after ?? null, limit],
  })
  return rows.map(withoutSeal)
}

/** One event of a tenant by its id. */
export async function findEvent(
  db: Db,
  tenantId: string,
  eventId: string,
): Promise<StoredEvent | undefined> {
  const rows = await db.query<SealedEvent>({
    name: 'find_event',
    text: `select ${eventColumns} from event as ev where ev.tenant_id = $1 and ev.event_id = $2`,
    values: [tenantId, eventId],
  })
  const [event] = await withPersonal(db, rows)
  return event
}

/** An event of a range, with the business it happened in. */
export type RangeEvent = StoredEvent & Readonly<{ business: EventBusiness | null }>

export type EventRange = Readonly<{
  organizationId: Id<'organization'>
  /** Null: the organization and all its businesses of the environment. */
  businessId: Id<'business'> | null
  environment: 'live' | 'test'
  since: Instant
  until: Instant
}>

type Place = Readonly<{ tenantId: string; sequence: bigint }>

/** Events of a range in the order of tenant and sequence, after a place, at most `limit`. */
export async function listEventsInRange(
  db: Db,
  { organizationId, businessId, environment, since, until }: EventRange,
  { after, limit }: Readonly<{ after: Place | undefined; limit: number }>,
): Promise<RangeEvent[]> {
  const rows = await db.query<RangeEvent & SealedEvent>({
    name: 'list_events_in_range',
    text: `
      with tenant as (
        select b.business_id as tenant_id, json_build_object('id', b.business_id, 'name', b.name,
          'baseCurrency', b.base_currency) as business
        from business as b
        where b.organization_id = $1 and b.environment = $2 and ($3::uuid is null or b.business_id = $3)
        union all
        select $1, null where $3::uuid is null
      )
      select ${eventColumns}, t.business
      from tenant as t
      join event as ev on ev.tenant_id = t.tenant_id
      where ev.at >= $4 and ev.at <= $5 and (ev.tenant_id, ev.sequence) > ($6::uuid, $7::bigint)
      order by ev.tenant_id, ev.sequence
      limit $8`,
    values: [
      organizationId,
      environment,
      businessId,
      since,
      until,
      after?.tenantId ?? '00000000-0000-0000-0000-000000000000',
      after?.sequence ?? 0n,
      limit,
    ],
  })
  return withPersonal(db, rows)
}

/** A tenant with events that have not been handed to endpoints yet. */
export type NewsOfTenant = Readonly<{
  organizationId: Id<'organization'>
  tenantId: string
  business: (EventBusiness & Readonly<{ environment: 'live' | 'test' }>) | null
  /** Surfaces that have an endpoint there. */
  surfaces: readonly WebhookSurface[]
  /** Where the cursor stands. */
  cursor: bigint
  /** Events up to this number concern no endpoint. */
  from: bigint
}>

/**
 * Tenants of every organization that have an endpoint and news for it, at most `limit`. Numbers of
 * events are given under the lane's lock, so that all before a committed one are committed as well.
 */
export function listTenantsWithNews(db: Db, limit: number): Promise<NewsOfTenant[]> {
  return db.query<NewsOfTenant>({
    name: 'list_tenants_with_news',
    text: `
      with listener as (
        select e.organization_id, e.surface, e.endpoint_id, e.business_id, e.environment
        from endpoint as e where e.deleted_at is null
      ), tenant as (
        select b.organization_id, b.business_id as tenant_id, b.environment,
          json_build_object('id', b.business_id, 'name', b.name, 'baseCurrency', b.base_currency,
            'environment', b.environment) as business
        from business as b
        where b.organization_id in (select organization_id from listener)
        union all
        select o.organization_id, o.organization_id, null, null from organization as o
        where o.organization_id in (select organization_id from listener)
      )
      select t.organization_id as "organizationId", t.tenant_id as "tenantId", t.business,
        n.surfaces, coalesce(c.sequence, 0) as cursor, greatest(coalesce(c.sequence, 0), n.start) as "from"
      from tenant as t
      join lane_head as h on h.tenant_id = t.tenant_id
      left join event_cursor as c on c.tenant_id = t.tenant_id
      cross join lateral (
        select array_agg(distinct l.surface) as surfaces, min(coalesce(s.sequence, 0)) as start
        from listener as l
        left join endpoint_start as s on s.organization_id = l.organization_id
          and s.endpoint_id = l.endpoint_id and s.tenant_id = t.tenant_id
        where l.organization_id = t.organization_id
          and (t.environment is null or l.environment = t.environment)
          and (l.business_id is null or l.business_id = t.tenant_id)
      ) as n
      where n.surfaces is not null and h.event_seq > greatest(coalesce(c.sequence, 0), n.start)
      order by t.tenant_id
      limit $1`,
    values: [limit],
  })
}
