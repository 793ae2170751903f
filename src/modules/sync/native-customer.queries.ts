import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { openColumns, withPrivate } from '../parties/party.queries.ts'
import { type PrivateFields, privateRowsMax } from '../parties/party.ts'
import {
  type Column,
  type Columns,
  inOrderOf,
  listPage,
  newValues,
  type Values,
} from './filter.queries.ts'
import { type Listed, type ListQuery, pathsOf } from './filter.ts'
import type { NativeSource } from './native.ts'
import type { CanonicalRecord } from './record.ts'

type Row = Readonly<{
  id: string
  name: string
  sealed: Uint8Array | null
  country: string | null
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
  ['emailAddress', 'o.email'],
  ['defaultCurrency', 'p.currency'],
  ['phone', 'o.phone'],
  ['registrationNumber', 'null::text'],
  ['taxNumber', 'o.tax_id'],
  ['status', statusSql],
])

/** A page of the parties that are customers, removed ones included, oldest first by default. */
export async function listNativeCustomers(
  db: Db,
  { businessId }: NativeSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  const page = await listPage(db, query, {
    ...(await sourceOf(db, businessId, query)),
    id: 'p.party_id',
    byDefault: 'p.created_at, p.party_id',
    columns,
  })
  const rows = await db.query<Row>({
    name: 'native_customers',
    text: `
      select p.party_id as id, p.name, p.sealed, p.country, p.currency, p.archived_at,
        p.deleted_at, p.updated_at
      from party as p
      where p.business_id = $1 and p.party_id = any($2::uuid[])
      order by p.party_id limit 5000`,
    values: [businessId, page.rows],
  })
  const parties = await withPrivate(db, rows)
  const ordered = inOrderOf(page.rows, parties, ({ id }) => id)
  return { rows: ordered.map(toCustomer), total: page.total }
}

const searched: readonly string[] = ['emailAddress', 'phone', 'taxNumber']

/**
 * The parties that are customers, with what is sealed opened where the query looks at it.
 * Refuses: request.query_invalid (above 10,000 parties).
 */
async function sourceOf(
  db: Db,
  businessId: Id<'business'>,
  query: ListQuery,
): Promise<Readonly<{ from: string; values: Values }>> {
  const path = pathsOf(query).find((one) => searched.includes(one))
  if (path === undefined) {
    return {
      from: 'from party as p where p.business_id = $1 and p.is_customer',
      values: newValues(businessId),
    }
  }
  const opened = await openColumns(db, businessId)
  if (opened === undefined) {
    const reason = `${path} is only compared among up to ${privateRowsMax} records`
    throw new Refusal('request.query_invalid', { parameter: 'query', reason })
  }
  const { ids, emails, phones, taxIds } = opened
  return {
    from: `from party as p left join
      unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as o (party_id, email, phone, tax_id)
        on o.party_id = p.party_id
      where p.business_id = $1 and p.is_customer`,
    values: newValues(businessId, ids, emails, phones, taxIds),
  }
}

type Customer = Row & PrivateFields

const toCustomer = (row: Customer): CanonicalRecord => ({
  id: row.id,
  modifiedDate: row.updated_at,
  sourceModifiedDate: row.updated_at,
  customerName: row.name,
  ...(row.email !== null && { emailAddress: row.email }),
  ...(row.currency !== null && { defaultCurrency: row.currency }),
  ...(row.phone !== null && { phone: row.phone }),
  addresses: toAddresses(row),
  contacts: [],
  ...(row.taxId !== null && { taxNumber: row.taxId }),
  status: row.archived_at === null && row.deleted_at === null ? 'Active' : 'Archived',
  metadata: { isDeleted: row.deleted_at !== null },
})

/** One billing address, when anything of it is known. */
function toAddresses({ address, city, state, country, postalCode }: Customer): readonly object[] {
  const parts = {
    ...(address !== null && { line1: address }),
    ...(city !== null && { city }),
    ...(state !== null && { region: state }),
    ...(country !== null && { country }),
    ...(postalCode !== null && { postalCode }),
  }
  return Object.keys(parts).length === 0 ? [] : [{ type: 'Billing', ...parts }]
}
