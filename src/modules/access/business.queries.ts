import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Environment } from './api-key.ts'
import type { Business, BusinessStatus } from './business.ts'

type Row = {
  organization_id: Id<'organization'>
  business_id: Id<'business'>
  name: string
  legal_name: string | null
  environment: Environment
  status: BusinessStatus
  suspended_at: Instant | null
  base_currency: string
  country: string
  time_zone: string
  fiscal_year_start: string
  chart: 'generic' | 'nigeria'
  tax_rounding: 'document' | 'line'
  rounding_mode: 'half_up' | 'half_even'
  number_at: 'creation' | 'issue'
  books_start: CalendarDate
  created_at: Instant
}

const columns = `organization_id, business_id, name, legal_name, environment, status, suspended_at,
  base_currency, country, time_zone, fiscal_year_start, chart, tax_rounding, rounding_mode,
  number_at, books_start, created_at`

/** One business of the organization, or undefined. */
export async function findBusiness(
  db: Db,
  organizationId: Id<'organization'>,
  businessId: Id<'business'>,
): Promise<Business | undefined> {
  const [row] = await db.query<Row>({
    name: 'find_business',
    text: `select ${columns} from business where organization_id = $1 and business_id = $2`,
    values: [organizationId, businessId],
  })
  return row && toBusiness(row)
}

/** Refuses: resource.not_found. */
export async function getBusiness(
  db: Db,
  organizationId: Id<'organization'>,
  businessId: Id<'business'>,
): Promise<Business> {
  const business = await findBusiness(db, organizationId, businessId)
  if (business === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Business', id: businessId })
  }
  return business
}

/** All businesses of an organization by name, ties by id, at most 1,000. */
export async function listBusinesses(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<readonly Business[]> {
  const rows = await db.query<Row>({
    name: 'list_businesses',
    text: `select ${columns} from business where organization_id = $1
      order by name, business_id limit 1000`,
    values: [organizationId],
  })
  return rows.map(toBusiness)
}

export type BusinessFilter = Readonly<{
  organizationId: Id<'organization'>
  environment: Environment
  /** The only ones a key reaches; null: all. */
  businessIds: readonly Id<'business'>[] | null
  statuses?: readonly BusinessStatus[]
  /** A part of the name, without regard to case. */
  search?: string
  limit: number
  offset: number
}>

/** A page of an organization's businesses by name, ties by id, and the number of all that match. */
export async function listBusinessPage(
  db: Db,
  { organizationId, environment, businessIds, statuses, search, limit, offset }: BusinessFilter,
): Promise<Readonly<{ rows: readonly Business[]; total: number }>> {
  const pattern = search === undefined ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const values = [organizationId, environment, businessIds, statuses ?? null, pattern]
  const matches = `environment = $2 and ($3::uuid[] is null or business_id = any ($3))
    and ($4::text[] is null or status = any ($4)) and ($5::text is null or name ilike $5)`
  const rows = await db.query<Row>({
    name: 'list_business_page',
    text: `select ${columns} from business where organization_id = $1 and ${matches}
      order by name, business_id limit $6 offset $7`,
    values: [...values, limit, offset],
  })
  const [count] = await db.query<{ total: number }>({
    name: 'count_business_page',
    text: `select count(*)::int as total from business
      where organization_id = $1 and ${matches}`,
    values,
  })
  return { rows: rows.map(toBusiness), total: count?.total ?? 0 }
}

/** Live businesses of an organization that are not closed; for the limit of its plan. */
export async function countLiveBusinesses(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    text: `select count(*) as count from business
      where organization_id = $1 and environment = 'live' and status <> 'closing'`,
    values: [organizationId],
  })
  return Number(row?.count ?? 0n)
}

/** The organization of a business, for operators who name the business alone: on an owner's connection. */
export async function findOrganizationOf(
  db: Db,
  businessId: Id<'business'>,
): Promise<Id<'organization'> | undefined> {
  const [row] = await db.query<{ organization_id: Id<'organization'> }>({
    text: 'select organization_id from business where business_id = $1',
    values: [businessId],
  })
  return row?.organization_id
}

const toBusiness = (row: Row): Business => ({
  id: row.business_id,
  organizationId: row.organization_id,
  name: row.name,
  legalName: row.legal_name,
  environment: row.environment,
  status: row.status,
  suspendedAt: row.suspended_at,
  baseCurrency: row.base_currency,
  country: row.country,
  timeZone: row.time_zone,
  fiscalYearStart: row.fiscal_year_start,
  chart: row.chart,
  taxRounding: row.tax_rounding,
  roundingMode: row.rounding_mode,
  numberAt: row.number_at,
  booksStart: row.books_start,
  createdAt: row.created_at,
})
