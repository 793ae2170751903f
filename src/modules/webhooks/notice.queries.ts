import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { WebhookSurface } from './endpoint.ts'

/** Something an owner and an operator should hear of, once a day. */
export type Notice = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'> | null
  endpointId: string
  surface: WebhookSurface
  url: string
  kind: 'disabled' | 'given_up' | 'quota'
  day: CalendarDate
}>

/** Notices of every organization that nobody was told of, the oldest first, at most `limit`. */
export function listUntold(db: Db, limit: number): Promise<Notice[]> {
  return db.query<Notice>({
    name: 'list_untold_notices',
    text: `select n.organization_id as "organizationId", e.business_id as "businessId",
        n.endpoint_id as "endpointId", e.surface, e.url, n.kind, n.day
      from webhook_notice as n
      join endpoint as e on e.organization_id = n.organization_id and e.endpoint_id = n.endpoint_id
      where n.told_at is null
      order by n.at, n.endpoint_id, n.kind limit $1`,
    values: [limit],
  })
}
