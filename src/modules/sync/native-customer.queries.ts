import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { type Column, type Columns, inOrderOf, listPage, newValues } from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'
import type { NativeSource } from './native.ts'
import type { CanonicalRecord } from './record.ts'

type Row = Readonly<{
  party_id: string
  name: string
  email: string | null
  phone: string | null
  address: string | null
  city: string | null
  state: string | null
  country: string | null
  postal_code: string | null
  tax_id: string | null
  currency: string | null
  archived_at: Instant | null
  deleted_at: Instant | null
  updated_at: Instant
}>

const statusSql = `case when p.archived_at is null and p.deleted_at is null
  then 'Active' else 'Archived' end`

const columns: Columns = new Map<string, Column>([
  ['id', { uuid: 'p.party_id' }],
  ['modifiedDate', 'p.updated_at'],
  ['sourceModifiedDate', 'p.updated_at'],
  ['metadata.isDeleted', '(p.deleted_at is not null)'],
  ['customerName', 'p.name'],
  ['contactName', 'null::text'],
  ['emailAddress', 'p.email'],
  ['defaultCurrency', 'p.currency'],
  ['phone', 'p.phone'],
  ['registrationNumber', 'null::text'],
  ['taxNumber', 'p.tax_id'],
  ['status', statusSql],
])

/** A page of the parties that are customers, removed ones included, oldest first by default. */
export async function listNativeCustomers(
  db: Db,
  { businessId }: NativeSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  const page = await listPage(db, query, {
    from: 'from party as p where p.business_id = $1 and p.is_customer',
    id: 'p.party_id',
    byDefault: 'p.created_at, p.party_id',
    columns,
    values: newValues(businessId),
  })
  const rows = await db.query<Row>({
    name: 'native_customers',
    text: `
      select p.party_id, p.name, p.email, p.phone, p.address, p.city, p.state, p.country,
        p.postal_code, p.tax_id, p.currency, p.archived_at, p.deleted_at, p.updated_at
      from party as p
      where p.business_id = $1 and p.party_id = any($2::uuid[])
      order by p.party_id limit 5000`,
    values: [businessId, page.rows],
  })
  const ordered = inOrderOf(page.rows, rows, ({ party_id }) => party_id)
  return { rows: ordered.map(toCustomer), total: page.total }
}

const toCustomer = (row: Row): CanonicalRecord => ({
  id: row.party_id,
  modifiedDate: row.updated_at,
  sourceModifiedDate: row.updated_at,
  customerName: row.name,
  ...(row.email !== null && { emailAddress: row.email }),
  ...(row.currency !== null && { defaultCurrency: row.currency }),
  ...(row.phone !== null && { phone: row.phone }),
  addresses: toAddresses(row),
  contacts: [],
  ...(row.tax_id !== null && { taxNumber: row.tax_id }),
  status: row.archived_at === null && row.deleted_at === null ? 'Active' : 'Archived',
  metadata: { isDeleted: row.deleted_at !== null },
})

/** One billing address, when anything of it is known. */
function toAddresses({ address, city, state, country, postal_code }: Row): readonly object[] {
  const parts = {
    ...(address !== null && { line1: address }),
    ...(city !== null && { city }),
    ...(state !== null && { region: state }),
    ...(country !== null && { country }),
    ...(postal_code !== null && { postalCode: postal_code }),
  }
  return Object.keys(parts).length === 0 ? [] : [{ type: 'Billing', ...parts }]
}
