import type { Db, Tenant } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { RoundingMode } from '../../kernel/decimal.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Account, type AccountRow, mapByRole, toAccount } from './account.ts'
import type { Lock } from './period.ts'

/** Settings of a business that postings need. */
export type BusinessSettings = Readonly<{
  id: Id<'business'>
  organizationId: Id<'organization'>
  name: string
  environment: 'live' | 'test'
  baseCurrency: string
  country: string
  timeZone: string
  fiscalYearStart: string
  chart: 'generic' | 'nigeria'
  taxRounding: 'document' | 'line'
  roundingMode: RoundingMode
  numberAt: 'creation' | 'issue'
  booksStart: CalendarDate
}>

/** What every posting of a business looks at; small, and kept by the lane until it changes. */
export type Book = Readonly<{
  business: BusinessSettings
  accounts: readonly Account[]
  accountById: ReadonlyMap<Id<'account'>, Account>
  accountByCode: ReadonlyMap<string, Account>
  /** The one account of a role; for `cash` and `bank` the one with the lowest code. */
  accountByRole: ReadonlyMap<string, Account>
  locks: readonly Lock[]
}>

type BusinessRow = {
  business_id: Id<'business'>
  organization_id: Id<'organization'>
  name: string
  environment: 'live' | 'test'
  base_currency: string
  country: string
  time_zone: string
  fiscal_year_start: string
  chart: 'generic' | 'nigeria'
  tax_rounding: 'document' | 'line'
  rounding_mode: RoundingMode
  number_at: 'creation' | 'issue'
  books_start: CalendarDate
}

/** Settings, accounts in order of code (at most 10,000) and the locks in force. */
export async function loadBook(db: Db, { organizationId, businessId }: Tenant): Promise<Book> {
  const [row] = await db.query<BusinessRow>({
    name: 'load_business',
    text: `select business_id, organization_id, name, environment, base_currency, country,
        time_zone, fiscal_year_start, chart, tax_rounding, rounding_mode, number_at, books_start
      from business where organization_id = $1 and business_id = $2`,
    values: [organizationId, businessId],
  })
  assert(row !== undefined, 'a lane belongs to a business that exists')
  const rows = await db.query<AccountRow>({
    name: 'load_accounts',
    text: `select account_id, code, name, description, category, subcategory, role, level, currency,
        is_header, is_system, archived_at, created_at, updated_at
      from account where business_id = $1 order by code, account_id limit 10000`,
    values: [businessId],
  })
  const locks = await db.query<Lock>({
    name: 'load_locks',
    text: `select distinct on (kind, scope) kind, scope, through_date as through
      from period_lock where business_id = $1 order by kind, scope, seq desc limit 20`,
    values: [businessId],
  })
  const accounts = rows.map(toAccount)
  return {
    business: toSettings(row),
    accounts,
    accountById: new Map(accounts.map((account) => [account.id, account])),
    accountByCode: new Map(accounts.map((account) => [account.code, account])),
    accountByRole: mapByRole(accounts),
    locks,
  }
}

const toSettings = (row: BusinessRow): BusinessSettings => ({
  id: row.business_id,
  organizationId: row.organization_id,
  name: row.name,
  environment: row.environment,
  baseCurrency: row.base_currency,
  country: row.country,
  timeZone: row.time_zone,
  fiscalYearStart: row.fiscal_year_start,
  chart: row.chart,
  taxRounding: row.tax_rounding,
  roundingMode: row.rounding_mode,
  numberAt: row.number_at,
  booksStart: row.books_start,
})
