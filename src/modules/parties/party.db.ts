import { safeOf, type Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Party, placeOfParty, toComparableEmail, toPrivate } from './party.ts'

/** Inserts one party. An external id in use violates `party_external_id_unique`. */
export async function insertParty(tx: Tx, party: Party): Promise<void> {
  await tx.query({
    name: 'insert_party',
    text: `
      insert into party (business_id, party_id, is_customer, is_supplier, name, sealed, email_index,
        country, notes, currency, language, external_id, metadata, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)`,
    values: [
      ...[party.businessId, party.id, party.isCustomer, party.isSupplier],
      ...(await fieldsOf(tx, party)),
      party.createdAt,
    ],
  })
}

/** Writes all fields of a party anew. */
export async function updatePartyRow(tx: Tx, party: Party): Promise<void> {
  await tx.query({
    name: 'update_party',
    text: `
      update party set is_customer = $3, is_supplier = $4, name = $5, sealed = $6,
        email_index = $7, country = $8, notes = $9, currency = $10, language = $11,
        external_id = $12, metadata = $13, archived_at = $14, updated_at = $15
      where business_id = $1 and party_id = $2`,
    values: [
      ...[party.businessId, party.id, party.isCustomer, party.isSupplier],
      ...(await fieldsOf(tx, party)),
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

async function fieldsOf(tx: Tx, party: Party): Promise<readonly unknown[]> {
  const { seal, blindIndex } = await safeOf(tx)
  const fields = toPrivate(party)
  const isEmpty = Object.values(fields).every((value) => value === null)
  const { email } = fields
  return [
    party.name,
    isEmpty ? null : seal(placeOfParty(party.id), new TextEncoder().encode(JSON.stringify(fields))),
    email === null ? null : blindIndex(toComparableEmail(email)),
    party.country,
    party.notes,
    party.currency,
    party.language,
    party.externalId,
    JSON.stringify(party.metadata),
  ]
}
