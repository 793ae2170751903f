import type { Db } from '../../db/tx.ts'
import { type Instant, msOf } from '../../kernel/dates.ts'
import { listTenantsWithNews } from './event.queries.ts'

/** What waits to go out, over all tenants; 0 when nothing does. */
export type Backlog = Readonly<{
  /** Events that have not been handed to the endpoints that ask for them. */
  unsent: number
  /** Age of the oldest of these. */
  lagSeconds: number
  /** How long the delivery that was due first has been. */
  dueSeconds: number
}>

const tenantsMax = 200

/** Endpoints that were switched off, by surface. Reads as the owner. */
export const countDisabledEndpoints = (
  db: Db,
): Promise<readonly Readonly<{ surface: string; count: number }>[]> =>
  db.query({
    name: 'count_disabled_endpoints',
    text: `select e.surface, count(*)::int as count from endpoint as e
      where e.organization_id is not null and e.status = 'disabled' and e.deleted_at is null
      group by e.surface order by e.surface`,
    values: [],
  })

/** The backlog at an instant, of the 200 tenants that come first. Reads as the owner. */
export async function getBacklog(db: Db, now: Instant): Promise<Backlog> {
  const news = await listTenantsWithNews(db, tenantsMax)
  const [events] = await db.query<{ unsent: bigint | null; first: Instant | null }>({
    name: 'count_unsent_events',
    text: `
      select sum(h.event_seq - w.sequence)::bigint as unsent, min(e.at) as first
      from unnest($1::uuid[], $2::bigint[]) as w (tenant_id, sequence)
      join lane_head as h on h.tenant_id = w.tenant_id
      left join event as e on e.tenant_id = w.tenant_id and e.sequence = w.sequence + 1`,
    values: [news.map(({ tenantId }) => tenantId), news.map(({ from }) => from)],
  })
  const [due] = await db.query<{ first: Instant | null }>({
    name: 'find_first_due_delivery',
    text: `select min(d.due_at) as first from delivery as d
      where d.organization_id is not null and d.due_at is not null`,
    values: [],
  })
  return {
    unsent: Number(events?.unsent ?? 0n),
    lagSeconds: secondsBetween(events?.first, now),
    dueSeconds: secondsBetween(due?.first, now),
  }
}

const secondsBetween = (first: Instant | null | undefined, now: Instant): number =>
  first === null || first === undefined ? 0 : Math.max(0, msOf(now) - msOf(first)) / 1_000
