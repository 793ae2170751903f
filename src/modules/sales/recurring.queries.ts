import { hasPart, listPage, type Page, toPattern, toWhere, type Where } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Recurring, RecurringFilter } from './recurring.ts'

const recurringColumns = `
  r.recurring_id as id, r.business_id as "businessId", r.party_id as "customerId", r.status, r.name,
  r.frequency, r.every, r.start_date as "startDate", r.end_date as "endDate",
  r.occurrences_max as "occurrencesMax", r.occurrences, r.next_date as "nextDate",
  r.last_date as "lastDate", r.due_days as "dueDays", r.is_sent as "isSent", r.currency, r.total,
  r.content, r.pause_reason as "pauseReason", r.failures, r.retry_on as "retryOn",
  r.external_id as "externalId", r.metadata, r.deleted_at as "deletedAt",
  r.created_at as "createdAt", r.updated_at as "updatedAt"`

type Content = Pick<Recurring, 'lines' | 'notes' | 'terms' | 'template'>
type Row = Omit<Recurring, keyof Content> & Readonly<{ content: Content }>

const toRecurring = ({ content, ...row }: Row): Recurring => ({ ...row, ...content })

/** One template that was not deleted. */
export async function findRecurring(
  db: Db,
  businessId: Id<'business'>,
  recurringId: string,
): Promise<Recurring | undefined> {
  const [row] = await db.query<Row>({
    name: 'find_recurring',
    text: `select ${recurringColumns} from recurring_invoice as r
      where r.business_id = $1 and r.recurring_id = $2 and r.deleted_at is null`,
    values: [businessId, recurringId],
  })
  return row && toRecurring(row)
}

/** The same. Refuses: resource.not_found. */
export async function getRecurring(
  db: Db,
  businessId: Id<'business'>,
  recurringId: string,
): Promise<Recurring> {
  const recurring = await findRecurring(db, businessId, recurringId)
  if (recurring === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Recurring invoice', id: recurringId })
  }
  return recurring
}

/** Whether another template that was not deleted has this external id. */
export async function isExternalIdTaken(
  db: Db,
  { businessId, id, externalId }: Pick<Recurring, 'businessId' | 'id' | 'externalId'>,
): Promise<boolean> {
  if (externalId === null) return false
  const rows = await db.query({
    name: 'find_recurring_by_external_id',
    text: `select from recurring_invoice
      where business_id = $1 and recurring_id <> $2 and external_id = $3 and deleted_at is null
      limit 1`,
    values: [businessId, id, externalId],
  })
  return rows.length > 0
}

/** A period that waits, in a business that may be written to. */
export type WaitingPeriod = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  recurringId: Id<'recurring'>
  period: CalendarDate
}>

/**
 * Periods whose day has come, of all businesses, oldest first: from 00:05 on by the clock of each
 * business. For sessions of the owner's role.
 * Source: Invoicing specification 10.2.
 */
export async function listWaiting(
  db: Db,
  { now, limit }: Readonly<{ now: Instant; limit: number }>,
): Promise<readonly WaitingPeriod[]> {
  return await db.query<WaitingPeriod>({
    name: 'list_waiting_recurring',
    text: `
      select b.organization_id as "organizationId", r.business_id as "businessId",
        r.recurring_id as "recurringId", r.next_date as period
      from recurring_invoice as r
      join business as b on b.business_id = r.business_id and b.status = 'active'
      join organization as o on o.organization_id = b.organization_id and o.status = 'active'
      where r.status = 'active' and r.deleted_at is null
        and r.next_date <= ($1::timestamptz at time zone 'UTC')::date + 1
        and greatest(r.next_date, r.retry_on) + time '00:05'
          <= $1::timestamptz at time zone b.time_zone
      order by r.next_date, r.recurring_id
      limit $2`,
    values: [now, limit],
  })
}

const sortColumn = {
  createdAt: 'r.created_at',
  updatedAt: 'r.updated_at',
  nextDate: 'r.next_date',
} as const

/**
 * A page of templates and the number of all that match. Newest first unless asked otherwise, ties
 * by id, those without a value last; at most `limit`.
 */
export async function listRecurring(db: Db, filter: RecurringFilter): Promise<Page<Recurring>> {
  const { values, where } = whereOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const { rows, ...count } = await listPage<Row>(db, {
    rows: `select ${recurringColumns} from recurring_invoice as r
      where r.business_id = $1 and r.deleted_at is null${where}`,
    matches: `select 1 from recurring_invoice as r
      where r.business_id = $1 and r.deleted_at is null${where}`,
    values,
    order: {
      column: sortColumn[by],
      id: 'r.recurring_id',
      isDescending,
      canBeEmpty: by === 'nextDate',
    },
    window: filter,
  })
  return { rows: rows.map(toRecurring), ...count }
}

const whereOf = (filter: RecurringFilter): Where =>
  toWhere(
    [filter.businessId],
    [
      [filter.statuses, (place) => `r.status = any (${place}::text[])`],
      [filter.customerId, (place) => `r.party_id = ${place}`],
      [filter.externalId, (place) => `r.external_id = ${place}`],
      [toPattern(filter.name), hasPart('r.name')],
      [filter.updatedSince, (place) => `r.updated_at >= ${place}`],
    ],
  )
