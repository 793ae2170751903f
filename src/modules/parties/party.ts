import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { FieldPlace, privateMembers } from '../../kernel/secret-place.ts'
import type { PrintLanguage } from '../access/document-options.ts'

export type PartyRole = 'customer' | 'supplier'

/** What a caller decides about a party. */
export type PartyFields = Readonly<{
  name: string
  email: string | null
  phone: string | null
  address: string | null
  city: string | null
  state: string | null
  country: string | null
  postalCode: string | null
  taxId: string | null
  notes: string | null
  /** Default currency of new documents. */
  currency: string | null
  /** Of its documents and messages; null: that of the business. */
  language: PrintLanguage | null
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
}>

/** What of a party lies sealed in the database. */
export type PrivateFields = Pick<PartyFields, (typeof privateMembers)[number]>

/** The personal data of a party alone. */
export const toPrivate = (fields: PrivateFields): PrivateFields => ({
  email: fields.email,
  phone: fields.phone,
  address: fields.address,
  city: fields.city,
  state: fields.state,
  postalCode: fields.postalCode,
  taxId: fields.taxId,
})

export const placeOfParty = (partyId: string): FieldPlace => ({
  table: 'party',
  column: 'sealed',
  rowId: partyId,
})

/**
 * Parties that personal data is searched in at once; above, a whole e-mail address alone is found.
 * Source: platform specification 16.
 */
export const privateRowsMax = 10_000

/** An e-mail address as it is compared. Source: platform specification 16, "Blind index". */
export const toComparableEmail = (email: string): string =>
  email.normalize('NFC').trim().toLowerCase()

export type NewParty = Pick<PartyFields, 'name'> &
  Partial<PartyFields> &
  Readonly<{ isCustomer?: boolean; isSupplier?: boolean }>

/**
 * A customer, a supplier, or both. The balances are carrying values in base currency: open invoices
 * and unused credit of a customer, open bills and unused deposits of a supplier.
 */
export type Party = PartyFields &
  Readonly<{
    id: Id<'party'>
    businessId: Id<'business'>
    isCustomer: boolean
    isSupplier: boolean
    archivedAt: Instant | null
    createdAt: Instant
    updatedAt: Instant
    receivable: bigint
    customerCredit: bigint
    payable: bigint
    supplierCredit: bigint
  }>

/** A party without what it owes and is owed, which costs a look at each of its open items. */
export type PartyWithoutBalances = Omit<
  Party,
  'receivable' | 'customerCredit' | 'payable' | 'supplierCredit'
>

export type PartyChanges = Partial<PartyFields>

const roleName: Readonly<Record<PartyRole, string>> = {
  customer: 'Customer',
  supplier: 'Supplier',
}

/** The role as a sentence names it. */
export const toRoleName = (role: PartyRole): string => roleName[role]

export const hasRole = (
  { isCustomer, isSupplier }: Pick<Party, 'isCustomer' | 'isSupplier'>,
  role: PartyRole,
): boolean => (role === 'customer' ? isCustomer : isSupplier)

/**
 * A party may stand on a new document: it has the role and is active.
 * Refuses, in this order: resource.not_found (another role), then for an archived party
 * party.archived (customer) or purchases.supplier_inactive.
 */
export function requireUsableParty(party: PartyWithoutBalances, role: PartyRole): void {
  if (!hasRole(party, role)) {
    throw new Refusal('resource.not_found', { resource: toRoleName(role), id: party.id })
  }
  if (party.archivedAt === null) return
  if (role === 'supplier') throw new Refusal('purchases.supplier_inactive', { name: party.name })
  throw new Refusal('party.archived', { role: 'Customer', name: party.name })
}

/** The default name of a party made from an e-mail address. */
export const localPartOf = (email: string): string => email.split('@')[0] ?? email

export const emptyFields = {
  email: null,
  phone: null,
  address: null,
  city: null,
  state: null,
  country: null,
  postalCode: null,
  taxId: null,
  notes: null,
  currency: null,
  language: null,
  externalId: null,
  metadata: {},
} as const satisfies Omit<PartyFields, 'name'>

/** How a list of parties is narrowed. Texts match a part, without regard to case. */
export type PartyFilter = Readonly<{
  businessId: Id<'business'>
  role?: PartyRole
  name?: string
  email?: string
  phone?: string
  taxId?: string
  country?: string
  externalId?: string
  /** Matches a part of name, e-mail or phone. */
  search?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: 'createdAt' | 'updatedAt' | 'name'; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string; id: string }>
  limit: number
  offset?: number
}>
