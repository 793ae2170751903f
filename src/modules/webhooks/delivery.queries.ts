import { listPage, type Page } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Delivery, DeliveryState } from './delivery.ts'

const deliveryColumns = `
  d.delivery_id as id, d.endpoint_id as "endpointId", d.event_id as "eventId",
  d.event_type as "eventType", d.state, d.is_replayed as "isReplayed", d.due_at as "dueAt",
  d.created_at as "createdAt", coalesce(a.attempts, '[]') as attempts`

/** Attempts that were begun, the first one first. */
const attemptsOf = `
  left join lateral (
    select json_agg(json_build_object(
      'id', t.attempt_id, 'number', t.number, 'status', t.status, 'httpStatus', t.http_status,
      'durationMs', t.duration_ms, 'error', t.error, 'excerpt', t.excerpt,
      'startedAt', to_char(t.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ) order by t.number) as attempts
    from attempt as t
    where t.organization_id = d.organization_id and t.delivery_id = d.delivery_id
  ) as a on true`

export type DeliveryFilter = Readonly<{
  organizationId: Id<'organization'>
  endpointId: Id<'endpoint'>
  state?: DeliveryState
  eventType?: string
  eventId?: string
  attemptedFrom?: Instant
  attemptedTo?: Instant
  isAscending?: boolean
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
}>

/**
 * The log of an endpoint, newest first unless asked otherwise, ties by id; at most `limit`, with the
 * number of all.
 */
export function listDeliveries(db: Db, filter: DeliveryFilter): Promise<Page<Delivery>> {
  const values = [
    filter.organizationId,
    filter.endpointId,
    filter.state ?? null,
    filter.eventType ?? null,
    filter.eventId ?? null,
    filter.attemptedFrom ?? null,
    filter.attemptedTo ?? null,
  ]
  const isDescending = filter.isAscending !== true
  return listPage(db, {
    rows: `select ${deliveryColumns} from delivery as d ${attemptsOf}
      where d.organization_id = $1 and ${matching}`,
    matches: `select 1 from delivery as d where d.organization_id = $1 and ${matching}`,
    values,
    order: { column: 'd.created_at', id: 'd.delivery_id', isDescending, canBeEmpty: false },
    window: filter,
  })
}

const matching = `
  d.endpoint_id = $2 and ($3::text is null or d.state = $3)
  and ($4::text is null or d.event_type = $4) and ($5::uuid is null or d.event_id = $5)
  and (($6::timestamptz is null and $7::timestamptz is null) or exists (
    select 1 from attempt as t
    where t.organization_id = d.organization_id and t.delivery_id = d.delivery_id
      and ($6::timestamptz is null or t.started_at >= $6)
      and ($7::timestamptz is null or t.started_at <= $7)))`

type Place = Readonly<{
  organizationId: Id<'organization'>
  endpointId: Id<'endpoint'>
  deliveryId: string
}>

/** Refuses: resource.not_found. */
export async function getDelivery(
  db: Db,
  { organizationId, endpointId, deliveryId }: Place,
): Promise<Delivery> {
  const [row] = await db.query<Delivery>({
    name: 'find_delivery',
    text: `select ${deliveryColumns} from delivery as d ${attemptsOf}
      where d.organization_id = $1 and d.endpoint_id = $2 and d.delivery_id = $3`,
    values: [organizationId, endpointId, deliveryId],
  })
  if (row !== undefined) return row
  throw new Refusal('resource.not_found', { resource: 'Delivery', id: deliveryId })
}
