import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Environment } from './api-key.ts'
import type { BankDetail, Business, BusinessStatus } from './business.ts'
import { type DocumentOptions, firstOptions } from './document-options.ts'

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
  updated_at: Instant
  email: string | null
  phone: string | null
  website: string | null
  address: string | null
  city: string | null
  state: string | null
  postal_code: string | null
  tax_id: string | null
  registration_number: string | null
  bank_details: readonly BankDetail[]
  logo_sha256: string | null
  use_default_currency: boolean
  invoice_prefix: string
  quotation_prefix: string
  default_terms: string | null
  default_notes: string | null
  default_due_days: number | null
  default_deposit_account_code: string | null
  document_options: Partial<DocumentOptions>
}

const columns = `organization_id, business_id, name, legal_name, environment, status, suspended_at,
  base_currency, country, time_zone, fiscal_year_start, chart, tax_rounding, rounding_mode,
  number_at, books_start, created_at, coalesce(updated_at, created_at) as updated_at, email, phone,
  website, address, city, state, postal_code, tax_id, registration_number, bank_details,
  encode(logo_sha256, 'hex') as logo_sha256, use_default_currency, invoice_prefix, quotation_prefix,
  default_terms, default_notes, default_due_days, default_deposit_account_code, document_options`

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
  profile: {
    email: row.email,
    phone: row.phone,
    website: row.website,
    address: row.address,
    city: row.city,
    state: row.state,
    postalCode: row.postal_code,
    taxId: row.tax_id,
    registrationNumber: row.registration_number,
    bankDetails: row.bank_details.map(toBankDetail),
    logoSha256: row.logo_sha256,
    useDefaultCurrency: row.use_default_currency,
    invoicePrefix: row.invoice_prefix,
    quotationPrefix: row.quotation_prefix,
    defaultTerms: row.default_terms,
    defaultNotes: row.default_notes,
    defaultDueDays: row.default_due_days,
    defaultDepositAccountCode: row.default_deposit_account_code,
    documentOptions: { ...firstOptions, ...row.document_options },
  },
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

/** The database keeps the members in an order of its own. */
const toBankDetail = (kept: BankDetail): BankDetail => ({
  label: kept.label,
  name: kept.name,
  bankName: kept.bankName,
  accountNumber: kept.accountNumber,
  sortCode: kept.sortCode,
  iban: kept.iban,
  bic: kept.bic,
})
