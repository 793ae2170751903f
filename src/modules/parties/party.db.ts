import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Party } from './party.ts'

/** Inserts one party. An external id in use violates `party_external_id_unique`. */
export async function insertParty(tx: Tx, party: Party): Promise<void> {
  await tx.query({
    name: 'insert_party',
    text: `
      insert into party (business_id, party_id, is_customer, is_supplier, name, email, phone,
        address, city, state, country, postal_code, tax_id, notes, currency, external_id, metadata,
        created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)`,
    values: [
      ...[party.businessId, party.id, party.isCustomer, party.isSupplier],
      ...fieldsOf(party),
      party.createdAt,
    ],
  })
}

/** Writes all fields of a party anew. */
export async function updatePartyRow(tx: Tx, party: Party): Promise<void> {
  await tx.query({
    name: 'update_party',
    text: `
      update party set is_customer = $3, is_supplier = $4, name = $5, email = $6, phone = $7,
        address = $8, city = $9, state = $10, country = $11, postal_code = $12, tax_id = $13,
        notes = $14, currency = $15, external_id = $16, metadata = $17, archived_at = $18,
        updated_at = $19
      where business_id = $1 and party_id = $2`,
    values: [
      ...[party.businessId, party.id, party.isCustomer, party.isSupplier],
      ...fieldsOf(party),
      ...[party.archivedAt, party.updatedAt],
    ],
  })
}

/** Takes a party out of every list; documents keep their copy of it. */
export async function deletePartyRow(
  tx: Tx,
  businessId: Id<'business'>,
  partyId: Id<'party'>,
  at: Instant,
): Promise<void> {
  await tx.query({
    name: 'delete_party',
    text: `update party set deleted_at = $3, updated_at = $3
      where business_id = $1 and party_id = $2`,
    values: [businessId, partyId, at],
  })
}

const fieldsOf = (party: Party): readonly unknown[] => [
  party.name,
  party.email,
  party.phone,
  party.address,
  party.city,
  party.state,
  party.country,
  party.postalCode,
  party.taxId,
  party.notes,
  party.currency,
  party.externalId,
  JSON.stringify(party.metadata),
]
