import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn, fiscalYearOf, type Instant } from '../../kernel/dates.ts'
import type { Listed, ListQuery } from './filter.ts'
import { type NativeSource, toLocalMidnight } from './native.ts'
import { listNativeAccounts } from './native-account.queries.ts'
import { listNativeCustomers } from './native-customer.queries.ts'
import { listNativeEntries } from './native-entry.queries.ts'
import { listNativeInvoices } from './native-invoice.queries.ts'
import type { CanonicalRecord, RecordType } from './record.ts'

type List = (db: Db, source: NativeSource, query: ListQuery) => Promise<Listed<CanonicalRecord>>

const listByType: Readonly<Record<RecordType, List>> = {
  chartOfAccounts: listNativeAccounts,
  customers: listNativeCustomers,
  invoices: listNativeInvoices,
  journalEntries: listNativeEntries,
}

/** A page of our own books as canonical records, live; call it in one snapshot of the business. */
export const listNativeRecords = (
  db: Db,
  recordType: RecordType,
  source: NativeSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> => listByType[recordType](db, source, query)

type BusinessRow = Readonly<{
  name: string
  legal_name: string | null
  base_currency: string
  time_zone: string
  fiscal_year_start: string
  created_at: Instant
  locked_through: CalendarDate | null
}>

/** What a business says of itself, as the contract's company information. */
export async function getNativeCompanyInfo(
  db: Db,
  { organizationId, businessId, now }: NativeSource,
): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await db.query<BusinessRow>({
    name: 'native_company_info',
    text: `
      select b.name, b.legal_name, b.base_currency, b.time_zone, b.fiscal_year_start, b.created_at,
        (select l.through_date from period_lock as l
          where l.business_id = b.business_id and l.kind = 'hard'
          order by l.seq desc limit 1) as locked_through
      from business as b
      where b.organization_id = $1 and b.business_id = $2`,
    values: [organizationId, businessId],
  })
  assert(row !== undefined, 'a linked business exists')
  const year = fiscalYearOf(dateIn(now, row.time_zone), row.fiscal_year_start)
  return {
    companyName: row.name,
    accountingPlatformRef: businessId,
    ...(row.legal_name !== null && { companyLegalName: row.legal_name }),
    addresses: [],
    phoneNumbers: [],
    webLinks: [],
    ...(row.locked_through !== null && { ledgerLockDate: toLocalMidnight(row.locked_through) }),
    financialYearStartDate: toLocalMidnight(year.start),
    baseCurrency: row.base_currency,
    createdDate: row.created_at,
  }
}
