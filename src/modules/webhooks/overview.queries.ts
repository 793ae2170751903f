import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { DisabledReason, EndpointStatus, WebhookSurface } from './endpoint.ts'

/** An endpoint of any organization, and what became of its deliveries. */
export type EndpointOverview = Readonly<{
  endpointId: Id<'endpoint'>
  organizationId: Id<'organization'>
  businessId: Id<'business'> | null
  surface: WebhookSurface
  environment: 'live' | 'test'
  url: string
  status: EndpointStatus
  disabledReason: DisabledReason | null
  /** Deliveries that were queued since the instant asked for. */
  deliveries: number
  waiting: number
  failed: number
}>

type Asked = Readonly<{ endpointId?: Id<'endpoint'>; since?: Instant; hasFailed: boolean }>

/**
 * Endpoints that were not deleted, of all organizations and in their order, at most 1,000; with
 * `hasFailed` only those with a delivery that was given up. For reads of the owner.
 */
export function listEndpointOverviews(
  db: Db,
  { endpointId, since, hasFailed }: Asked,
): Promise<EndpointOverview[]> {
  return db.query<EndpointOverview>({
    name: 'list_endpoint_overviews',
    text: `
      select e.endpoint_id as "endpointId", e.organization_id as "organizationId",
        e.business_id as "businessId", e.surface, e.environment, e.url, e.status,
        e.disabled_reason as "disabledReason", d.deliveries, d.waiting, d.failed
      from endpoint as e
      cross join lateral (
        select count(*)::int as deliveries, count(d.due_at)::int as waiting,
          (count(*) filter (where d.state = 'failed'))::int as failed
        from delivery as d
        where d.organization_id = e.organization_id and d.endpoint_id = e.endpoint_id
          and ($2::timestamptz is null or d.created_at >= $2)
      ) as d
      where e.deleted_at is null and ($1::uuid is null or e.endpoint_id = $1)
        and (not $3::boolean or d.failed > 0)
      order by e.organization_id, e.created_at, e.endpoint_id
      limit 1000`,
    values: [endpointId ?? null, since ?? null, hasFailed],
  })
}
