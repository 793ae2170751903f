import { nullableArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { ApiKey } from './api-key.queries.ts'

/** The keyed hash under which a key is found; the key itself is never stored. */
export type KeyHash = Readonly<{ hash: Uint8Array; pepperVersion: number }>

/** Inserts one key. Networks are kept without host bits. */
export async function insertKey(
  tx: Tx,
  key: ApiKey,
  { hash, pepperVersion }: KeyHash,
): Promise<void> {
  await tx.query({
    text: `insert into api_key (organization_id, key_id, surface, environment, business_id, hash,
        pepper_version, visible_start, visible_end, name, scopes, business_ids, allowed_networks,
        plan_at_issue, created_at, created_by, expires_at, rotated_from)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text[], $12::uuid[],
        array(select network(t::inet)::cidr from unnest($13::text[]) as t),
        $14, $15, $16, $17, $18)`,
    values: [
      key.organizationId,
      key.id,
      key.surface,
      key.environment,
      key.businessId,
      Buffer.from(hash),
      pepperVersion,
      key.visibleStart,
      key.visibleEnd,
      key.name,
      textArray(key.scopes),
      toNullableArray(key.companyIds ?? key.businessIds),
      textArray(key.allowedNetworks),
      key.planAtIssue,
      key.createdAt,
      key.createdBy,
      key.expiresAt,
      key.rotatedFrom,
    ],
  })
}

const toNullableArray = (ids: readonly string[] | null) =>
  ids === null ? null : nullableArray(ids)

/** Writes the name of one key and the networks it may be used from, without host bits. */
export async function updateKeyUse(
  tx: Tx,
  { organizationId, id, name, allowedNetworks }: ApiKey,
): Promise<void> {
  await tx.query({
    text: `update api_key set name = $3,
        allowed_networks = array(select network(t::inet)::cidr from unnest($4::text[]) as t)
      where organization_id = $1 and key_id = $2`,
    values: [organizationId, id, name, textArray(allowedNetworks)],
  })
}

/** Marks one key as revoked, for ever. */
export async function updateKeyRevoked(
  tx: Tx,
  { organizationId, id, revokedAt, revokedBy, revokeReason }: ApiKey,
): Promise<void> {
  await tx.query({
    text: `update api_key set revoked_at = $3, revoked_by = $4, revoke_reason = $5
      where organization_id = $1 and key_id = $2`,
    values: [organizationId, id, revokedAt, revokedBy, revokeReason],
  })
}

/** Notes which reminder of a key's end is told; false when it, or a later one, was told before. */
export async function updateKeyReminded(
  tx: Tx,
  organizationId: Id<'organization'>,
  keyId: Id<'key'>,
  days: number,
): Promise<boolean> {
  const rows = await tx.query<{ id: string }>({
    text: `update api_key set reminded_days = $3
      where organization_id = $1 and key_id = $2 and (reminded_days is null or reminded_days > $3)
      returning key_id as id`,
    values: [organizationId, keyId, days],
  })
  return rows.length > 0
}

/** Sets when a rotated key stops working. */
export async function updateKeyOverlap(
  tx: Tx,
  organizationId: Id<'organization'>,
  keyId: Id<'key'>,
  overlapUntil: Instant,
): Promise<void> {
  await tx.query({
    text: 'update api_key set overlap_until = $3 where organization_id = $1 and key_id = $2',
    values: [organizationId, keyId, overlapUntil],
  })
}
