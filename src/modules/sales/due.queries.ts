import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** Open receivables and sent quotations whose last day has passed and nobody was told of. */
const untoldSql = (today: string): string => `
  select d.business_id, d.document_id, d.kind, d.due_date
  from open_item as i
  join document as d on d.business_id = i.business_id and d.document_id = i.document_id
  where i.side = 'AR' and i.closed_on is null and d.kind = 'invoice' and d.lifecycle = 'open'
    and d.due_date < ${today}
  union all
  select d.business_id, d.document_id, d.kind, d.due_date
  from document as d
  where d.kind = 'quotation' and d.lifecycle = 'open' and d.details ->> 'status' = 'sent'
    and d.due_date < ${today}`

const isUntold = `not exists (
    select from due_notice as n
    where n.business_id = u.business_id and n.document_id = u.document_id
      and n.due_date = u.due_date)`

type Owner = Readonly<{ organizationId: Id<'organization'>; businessId: Id<'business'> }>

/**
 * Businesses with documents whose last day has passed by their own clock and nobody was told of;
 * at most `limit`. For sessions of the owner's role.
 */
export async function listBusinessesWithDue(
  db: Db,
  { now, limit }: Readonly<{ now: Instant; limit: number }>,
): Promise<readonly Owner[]> {
  return await db.query<Owner>({
    name: 'list_businesses_with_due',
    text: `
      select distinct b.organization_id as "organizationId", b.business_id as "businessId"
      from (${untoldSql("($1::timestamptz at time zone 'UTC')::date + 1")}) as u
      join business as b on b.business_id = u.business_id and b.status = 'active'
      join organization as o on o.organization_id = b.organization_id and o.status = 'active'
      where u.due_date < ($1::timestamptz at time zone b.time_zone)::date and ${isUntold}
      order by 2
      limit $2`,
    values: [now, limit],
  })
}

type Due = Readonly<{
  id: Id<'document'>
  kind: 'invoice' | 'quotation'
  dueDate: CalendarDate
}>

/** Documents of a business whose last day has passed and nobody was told of; oldest day first. */
export async function listUntoldDue(
  db: Db,
  businessId: Id<'business'>,
  { today, limit }: Readonly<{ today: CalendarDate; limit: number }>,
): Promise<readonly Due[]> {
  return await db.query<Due>({
    name: 'list_untold_due',
    text: `
      select u.document_id as id, u.kind, u.due_date as "dueDate"
      from (${untoldSql('$2::date')}) as u
      where u.business_id = $1 and ${isUntold}
      order by u.due_date, u.document_id
      limit $3`,
    values: [businessId, today, limit],
  })
}
