import { nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Account } from './account.ts'

/** Inserts accounts in one statement; a taken code violates `account_code_unique`. */
export async function insertAccounts(
  tx: Tx,
  businessId: Id<'business'>,
  accounts: readonly Account[],
): Promise<void> {
  await tx.query({
    text: `
      insert into account (business_id, account_id, code, name, description, category, subcategory,
        role, level, currency, is_header, is_system, external_id, metadata, created_at, updated_at)
      select $1, t.id, t.code, t.name, t.description, t.category, t.subcategory, t.role, t.level,
        t.currency, t.is_header, t.is_system, t.external_id, t.metadata, t.created_at, t.created_at
      from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::boolean[], $12::boolean[], $13::text[],
        $14::jsonb[], $15::timestamptz[])
        as t (id, code, name, description, category, subcategory, role, level, currency,
          is_header, is_system, external_id, metadata, created_at)`,
    values: [
      businessId,
      plainArray(accounts.map(({ id }) => id)),
      textArray(accounts.map(({ code }) => code)),
      textArray(accounts.map(({ name }) => name)),
      textArray(accounts.map(({ description }) => description)),
      textArray(accounts.map(({ category }) => category)),
      textArray(accounts.map(({ subcategory }) => subcategory)),
      textArray(accounts.map(({ role }) => role)),
      textArray(accounts.map(({ level }) => level)),
      nullableArray(accounts.map(({ currency }) => currency)),
      plainArray(accounts.map(({ isHeader }) => isHeader)),
      plainArray(accounts.map(({ isSystem }) => isSystem)),
      textArray(accounts.map(({ externalId }) => externalId)),
      textArray(accounts.map(({ metadata }) => JSON.stringify(metadata))),
      plainArray(accounts.map(({ createdAt }) => createdAt)),
    ],
  })
}

/** Writes what may change of an account, and counts its version up. */
export async function updateAccountRow(
  tx: Tx,
  businessId: Id<'business'>,
  account: Account,
): Promise<void> {
  const { id, name, description, subcategory, externalId, metadata } = account
  await tx.query({
    text: `update account set name = $3, description = $4, subcategory = $5, external_id = $6,
        metadata = $7, archived_at = $8, updated_at = $9, version = version + 1
      where business_id = $1 and account_id = $2`,
    values: [
      ...[businessId, id, name, description, subcategory, externalId, JSON.stringify(metadata)],
      ...[account.archivedAt, account.updatedAt],
    ],
  })
}
