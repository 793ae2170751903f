import type { Db } from '../../db/tx.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { hasRole, type Party, type PartyFilter, type PartyRole, toRoleName } from './party.ts'

const partyColumns = `
  p.party_id as id, p.business_id as "businessId", p.is_customer as "isCustomer",
  p.is_supplier as "isSupplier", p.name, p.email, p.phone, p.address, p.city, p.state, p.country,
  p.postal_code as "postalCode", p.tax_id as "taxId", p.notes, p.currency,
  p.external_id as "externalId", p.metadata, p.archived_at as "archivedAt",
  p.created_at as "createdAt", p.updated_at as "updatedAt",
  b.receivable, b.customer_credit as "customerCredit", b.payable,
  b.supplier_credit as "supplierCredit"`

const partyBalances = `
  cross join lateral (
    select
      coalesce(sum(i.open_base) filter (where i.side = 'AR'), 0)::bigint as receivable,
      coalesce(sum(i.open_base) filter (where i.side = 'DEP'), 0)::bigint as customer_credit,
      coalesce(sum(i.open_base) filter (where i.side = 'AP'), 0)::bigint as payable,
      coalesce(sum(i.open_base) filter (where i.side = 'SDP'), 0)::bigint as supplier_credit
    from open_item as i
    where i.business_id = p.business_id and i.party_id = p.party_id and i.closed_on is null
  ) as b`

const findPartySql = `
  select ${partyColumns}
  from party as p ${partyBalances}
  where p.business_id = $1 and p.party_id = $2 and p.deleted_at is null`

/** One party that was not deleted, whatever its role. */
export async function findParty(
  db: Db,
  businessId: Id<'business'>,
  partyId: string,
): Promise<Party | undefined> {
  const [row] = await db.query<Party>({
    name: 'find_party',
    text: findPartySql,
    values: [businessId, partyId],
  })
  return row
}

/**
 * One party of a role.
 * Refuses: resource.not_found (also for a party of the other role alone).
 */
export async function getParty(
  db: Db,
  businessId: Id<'business'>,
  partyId: string,
  role: PartyRole = 'customer',
): Promise<Party> {
  const party = await findParty(db, businessId, partyId)
  if (party === undefined || !hasRole(party, role)) {
    throw new Refusal('resource.not_found', { resource: toRoleName(role), id: partyId })
  }
  return party
}

/** The oldest party of a role with this e-mail address, without regard to case. */
export async function findPartyByEmail(
  db: Db,
  businessId: Id<'business'>,
  email: string,
  role: PartyRole,
): Promise<Party | undefined> {
  const [row] = await db.query<Party>({
    name: `find_${role}_by_email`,
    text: `
      select ${partyColumns}
      from party as p ${partyBalances}
      where p.business_id = $1 and lower(p.email) = lower($2) and p.deleted_at is null
        and p.is_${role}
      order by p.created_at, p.party_id
      limit 1`,
    values: [businessId, email],
  })
  return row
}

/** Documents of a party that are still open, drafts not counted. */
export async function countOpenDocuments(
  db: Db,
  businessId: Id<'business'>,
  partyId: Id<'party'>,
): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    name: 'count_open_documents',
    text: `
      select count(*)::int as count from open_item
      where business_id = $1 and party_id = $2 and closed_on is null and side in ('AR', 'AP')`,
    values: [businessId, partyId],
  })
  return row?.count ?? 0
}

const sortColumn = { createdAt: 'p.created_at', updatedAt: 'p.updated_at', name: 'p.name' } as const

/**
 * A page of parties and the number of all that match. Newest first unless asked otherwise, ties by
 * id; at most `limit`.
 */
export async function listParties(
  db: Db,
  filter: PartyFilter,
): Promise<Readonly<{ rows: readonly Party[]; total: number }>> {
  const { values, conditions } = whereOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const direction = isDescending ? 'desc' : 'asc'
  const where = conditions.join(' and ')
  const follows = followsOf(filter, values.length)
  const rows = await db.query<Party>({
    text: `
      select ${partyColumns}
      from party as p ${partyBalances}
      where p.business_id = $1 and ${where}${follows.condition}
      order by ${sortColumn[by]} ${direction}, p.party_id ${direction}
      limit $${values.length + 1} offset $${values.length + 2}`,
    values: [...values, filter.limit, filter.offset ?? 0, ...follows.values],
  })
  const isWhole = rows.length < filter.limit && (filter.offset ?? 0) === 0
  if (isWhole) return { rows, total: rows.length }
  const [count] = await db.query<{ total: number }>({
    text: `select count(*)::int as total from party as p where p.business_id = $1 and ${where}`,
    values,
  })
  return { rows, total: count?.total ?? 0 }
}

/** The rows behind the one that a page ended with; two more values, after limit and offset. */
function followsOf(
  { after, sort }: PartyFilter,
  count: number,
): Readonly<{ condition: string; values: readonly string[] }> {
  if (after === undefined) return { condition: '', values: [] }
  const { by, isDescending } = sort ?? { by: 'createdAt', isDescending: true }
  const places = `($${count + 3}, $${count + 4}::uuid)`
  return {
    condition: ` and (${sortColumn[by]}, p.party_id) ${isDescending ? '<' : '>'} ${places}`,
    values: [after.value, after.id],
  }
}

type Where = Readonly<{ values: readonly unknown[]; conditions: readonly string[] }>

function whereOf(filter: PartyFilter): Where {
  const values: unknown[] = [filter.businessId]
  const conditions = ['p.deleted_at is null']
  const add = (value: unknown, toCondition: (place: string) => string): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(toCondition(`$${values.length}`))
  }
  if (filter.role === 'customer') conditions.push('p.is_customer')
  if (filter.role === 'supplier') conditions.push('p.is_supplier')
  add(toPattern(filter.name), (place) => `p.name ilike ${place}`)
  add(toPattern(filter.email), (place) => `p.email ilike ${place}`)
  add(toPattern(filter.phone), (place) => `p.phone ilike ${place}`)
  add(filter.taxId, (place) => `p.tax_id = ${place}`)
  add(filter.country, (place) => `p.country = ${place}`)
  add(filter.externalId, (place) => `p.external_id = ${place}`)
  add(filter.updatedSince, (place) => `p.updated_at >= ${place}`)
  add(
    toPattern(filter.search),
    (place) => `(p.name ilike ${place} or p.email ilike ${place} or p.phone ilike ${place})`,
  )
  return { values, conditions }
}

/** A text as a pattern that matches any part; what the pattern language reserves is escaped. */
const toPattern = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : `%${text.replace(/[\\%_]/g, '\\$&')}%`
