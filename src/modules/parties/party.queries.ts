import { hasPart, listPage, type Page, toPattern, toWhere, type Where } from '../../db/lists.ts'
import { type Db, safeOf } from '../../db/tx.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  emptyFields,
  hasRole,
  type Party,
  type PartyFilter,
  type PartyRole,
  type PartyWithoutBalances,
  type PrivateFields,
  placeOfParty,
  privateRowsMax,
  toComparableEmail,
  toPrivate,
  toRoleName,
} from './party.ts'

const ownColumns = `
  p.party_id as id, p.business_id as "businessId", p.is_customer as "isCustomer",
  p.is_supplier as "isSupplier", p.name, p.sealed, p.country, p.notes, p.currency,
  p.language, p.external_id as "externalId", p.metadata, p.archived_at as "archivedAt",
  p.created_at as "createdAt", p.updated_at as "updatedAt"`

const partyColumns = `${ownColumns},
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

type PartyRow = Omit<Party, keyof PrivateFields> & SealedRow
type Balances = Omit<Party, keyof PartyWithoutBalances>
type SealedRow = Readonly<{ id: string; sealed: Uint8Array | null }>

const noPrivateFields = toPrivate(emptyFields)

/** Rows of parties with their personal data, opened with the keys of this snapshot. */
export async function withPrivate<Row extends SealedRow>(
  db: Db,
  rows: readonly Row[],
): Promise<(Row & PrivateFields)[]> {
  if (rows.every(({ sealed }) => sealed === null)) {
    return rows.map((row) => ({ ...row, ...noPrivateFields }))
  }
  const { open } = await safeOf(db)
  return rows.map((row) => {
    if (row.sealed === null) return { ...row, ...noPrivateFields }
    const text = new TextDecoder().decode(open(placeOfParty(row.id), row.sealed))
    return { ...row, ...(JSON.parse(text) as PrivateFields) } // what `party.db.ts` has sealed
  })
}

async function toParties(db: Db, rows: readonly PartyRow[]): Promise<readonly Party[]> {
  return (await withPrivate(db, rows)).map(({ sealed: _, ...party }) => party)
}

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
  const rows = await db.query<PartyRow>({
    name: 'find_party',
    text: findPartySql,
    values: [businessId, partyId],
  })
  const [party] = await toParties(db, rows)
  return party
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

/**
 * Parties that were not deleted, by id and without their balances: for documents, which say who they
 * are. The time does not grow with the number of their open documents; at most 1,000.
 */
export async function mapPartiesWithoutBalances(
  db: Db,
  businessId: Id<'business'>,
  partyIds: readonly string[],
): Promise<ReadonlyMap<string, PartyWithoutBalances>> {
  const rows = await db.query<Omit<PartyRow, keyof Balances>>({
    name: 'list_parties_without_balances',
    text: `select ${ownColumns} from party as p
      where p.business_id = $1 and p.party_id = any ($2::uuid[]) and p.deleted_at is null
      order by p.party_id limit 1000`,
    values: [businessId, partyIds],
  })
  const parties = await withPrivate(db, rows)
  return new Map(parties.map(({ sealed: _, ...party }) => [party.id, party]))
}

/** The oldest party of a role with this e-mail address, without regard to case. */
export async function findPartyByEmail(
  db: Db,
  businessId: Id<'business'>,
  email: string,
  role: PartyRole,
): Promise<Party | undefined> {
  const { blindIndex } = await safeOf(db)
  const rows = await db.query<PartyRow>({
    name: `find_${role}_by_email`,
    text: `
      select ${partyColumns}
      from party as p ${partyBalances}
      where p.business_id = $1 and p.email_index = $2 and p.deleted_at is null
        and p.is_${role}
      order by p.created_at, p.party_id
      limit 1`,
    values: [businessId, blindIndex(toComparableEmail(email))],
  })
  const [party] = await toParties(db, rows)
  return party
}

/** The id of the party that has this external id. */
export async function findExternalIdOwner(
  db: Db,
  businessId: Id<'business'>,
  externalId: string,
): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>({
    name: 'find_party_by_external_id',
    text: `select party_id as id from party
      where business_id = $1 and external_id = $2 and deleted_at is null`,
    values: [businessId, externalId],
  })
  return row?.id
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
 * Refuses: request.query_invalid (a part of personal data is looked for among too many parties).
 */
export async function listParties(db: Db, filter: PartyFilter): Promise<Page<Party>> {
  const { from, values, where } = await whereOf(db, filter)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const { rows, ...count } = await listPage<PartyRow>(db, {
    rows: `select ${partyColumns} from ${from} ${partyBalances}
      where p.business_id = $1${where}`,
    matches: `select 1 from ${from} where p.business_id = $1${where}`,
    values,
    order: { column: sortColumn[by], id: 'p.party_id', isDescending, canBeEmpty: false },
    window: filter,
  })
  return { rows: await toParties(db, rows), ...count }
}

/** Personal data of all parties of a business as columns, to be searched in. */
type OpenedColumns = Readonly<{
  ids: readonly string[]
  emails: readonly (string | null)[]
  phones: readonly (string | null)[]
  taxIds: readonly (string | null)[]
}>

/**
 * What SQL cannot search while it is sealed, opened; undefined above 10,000 parties.
 * Source: platform specification 16.
 */
export async function openColumns(
  db: Db,
  businessId: Id<'business'>,
): Promise<OpenedColumns | undefined> {
  const rows = await db.query<SealedRow>({
    name: 'sealed_parties',
    text: `select p.party_id as id, p.sealed from party as p
      where p.business_id = $1 and p.sealed is not null order by p.party_id limit $2`,
    values: [businessId, privateRowsMax + 1],
  })
  if (rows.length > privateRowsMax) return undefined
  const opened = await withPrivate(db, rows)
  return {
    ids: rows.map(({ id }) => id),
    emails: opened.map(({ email }) => email),
    phones: opened.map(({ phone }) => phone),
    taxIds: opened.map(({ taxId }) => taxId),
  }
}

type Source = Where & Readonly<{ from: string }>

const openedJoin = `party as p left join
  unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as o (party_id, email, phone, tax_id)
    on o.party_id = p.party_id`

async function whereOf(db: Db, filter: PartyFilter): Promise<Source> {
  const { businessId, email, phone, taxId, search } = filter
  const parameter = nameOfPrivate(filter)
  if (parameter === undefined) return { from: 'party as p', ...conditionsOf(filter, [businessId]) }
  const opened = await openColumns(db, businessId)
  if (opened !== undefined) {
    const { ids, emails, phones, taxIds } = opened
    const values = [businessId, ids, emails, phones, taxIds]
    return { from: openedJoin, ...conditionsOf(filter, values) }
  }
  const isEmailAlone = phone === undefined && taxId === undefined && search === undefined
  if (email === undefined || !isEmailAlone || !isWholeEmail(email)) {
    const reason = `a part of it is only looked for among up to ${privateRowsMax} records`
    throw new Refusal('request.query_invalid', { parameter, reason })
  }
  const { blindIndex } = await safeOf(db)
  const { email: _, ...rest } = filter
  const { values, where } = conditionsOf(rest, [businessId, blindIndex(toComparableEmail(email))])
  return { from: 'party as p', values, where: `${where} and p.email_index = $2` }
}

const isWholeEmail = (text: string): boolean => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text)

/** The first filter that needs personal data. */
function nameOfPrivate({ email, phone, taxId, search }: PartyFilter): string | undefined {
  const named = { email, phone, taxId, search }
  return Object.entries(named).find(([, value]) => value !== undefined)?.[0]
}

function conditionsOf(filter: PartyFilter, first: readonly unknown[]): Where {
  const ofRole = filter.role === undefined ? '' : ` and p.is_${filter.role}`
  const { values, where } = toWhere(first, [
    [toPattern(filter.name), hasPart('p.name')],
    [toPattern(filter.email), hasPart('o.email')],
    [toPattern(filter.phone), hasPart('o.phone')],
    [filter.taxId, (place) => `o.tax_id = ${place}`],
    [filter.country, (place) => `p.country = ${place}`],
    [filter.externalId, (place) => `p.external_id = ${place}`],
    [filter.updatedSince, (place) => `p.updated_at >= ${place}`],
    [
      toPattern(filter.search),
      (place) =>
        `(${['p.name', 'o.email', 'o.phone'].map((column) => hasPart(column)(place)).join(' or ')})`,
    ],
  ])
  return { values, where: ` and p.deleted_at is null${ofRole}${where}` }
}
