import { plainArray } from '../../db/arrays.ts'
import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Environment, type KeyState, reminderDays, type Surface } from './api-key.ts'

/** A key as it is kept: everything but the key itself. */
export type ApiKey = KeyState &
  Readonly<{
    id: Id<'key'>
    organizationId: Id<'organization'>
    surface: Surface
    environment: Environment
    businessId: Id<'business'> | null
    name: string
    scopes: readonly string[]
    /** The businesses it reaches; null: all of its environment. */
    businessIds: readonly Id<'business'>[] | null
    /** The companies a Connect key reaches; null: all of its client. */
    companyIds: readonly Id<'company'>[] | null
    allowedNetworks: readonly string[]
    visibleStart: string
    visibleEnd: string
    planAtIssue: string
    createdAt: Instant
    createdBy: string
    revokedBy: string | null
    revokeReason: string | null
    rotatedFrom: Id<'key'> | null
    /** When it was last admitted, a moment ago at the soonest; null: never. */
    lastUsedAt: Instant | null
    /** How often it was admitted. */
    totalCalls: number
  }>

type Row = {
  key_id: Id<'key'>
  organization_id: Id<'organization'>
  surface: Surface
  environment: Environment
  business_id: Id<'business'> | null
  name: string
  scopes: string[]
  business_ids: Id<'business'>[] | null
  allowed_networks: string[]
  visible_start: string
  visible_end: string
  plan_at_issue: string
  created_at: Instant
  created_by: string
  expires_at: Instant | null
  revoked_at: Instant | null
  revoked_by: string | null
  revoke_reason: string | null
  disabled_at: Instant | null
  rotated_from: Id<'key'> | null
  overlap_until: Instant | null
  last_used_at: Instant | null
  calls: bigint | null
}

const columns = `key_id, organization_id, surface, environment, business_id, name, scopes,
  business_ids::text[] as business_ids, allowed_networks::text[] as allowed_networks,
  visible_start, visible_end, plan_at_issue, created_at, created_by, expires_at, revoked_at,
  revoked_by, revoke_reason, disabled_at, rotated_from, overlap_until,
  (select u.last_used_at from key_usage as u where u.organization_id = api_key.organization_id
    and u.key_id = api_key.key_id) as last_used_at,
  (select u.calls from key_usage as u where u.organization_id = api_key.organization_id
    and u.key_id = api_key.key_id) as calls`

/** One key of the organization, whatever its state, or undefined. */
export async function findKey(
  db: Db,
  organizationId: Id<'organization'>,
  keyId: Id<'key'>,
): Promise<ApiKey | undefined> {
  const [row] = await db.query<Row>({
    name: 'find_key',
    text: `select ${columns} from api_key where organization_id = $1 and key_id = $2`,
    values: [organizationId, keyId],
  })
  return row && toApiKey(row)
}

/** Refuses: resource.not_found. */
export async function getKey(
  db: Db,
  organizationId: Id<'organization'>,
  keyId: Id<'key'>,
): Promise<ApiKey> {
  const key = await findKey(db, organizationId, keyId)
  if (key === undefined) throw new Refusal('resource.not_found', { resource: 'API key', id: keyId })
  return key
}

type Filter = Readonly<{
  organizationId: Id<'organization'>
  surface?: Surface
  businessId?: Id<'business'>
}>

/** Keys in every state, in the order they were made, ties by id, at most 1,000. */
export async function listKeys(
  db: Db,
  { organizationId, surface, businessId }: Filter,
): Promise<readonly ApiKey[]> {
  const rows = await db.query<Row>({
    name: 'list_keys',
    text: `select ${columns} from api_key
      where organization_id = $1 and ($2::text is null or surface = $2)
        and ($3::uuid is null or business_id = $3)
      order by created_at, key_id limit 1000`,
    values: [organizationId, surface ?? null, businessId ?? null],
  })
  return rows.map(toApiKey)
}

type Cap = Readonly<{
  organizationId: Id<'organization'>
  surface: Surface
  /** Invoicing counts per business. */
  businessId: Id<'business'> | null
  now: Instant
}>

/** Keys in force that count against the cap: not ended, and not rotated. */
export async function countKeys(
  db: Db,
  { organizationId, surface, businessId, now }: Cap,
): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    text: `select count(*) as count from api_key
      where organization_id = $1 and surface = $2
        and ($2 <> 'invoicing' or business_id = $3)
        and revoked_at is null and disabled_at is null and overlap_until is null
        and (expires_at is null or expires_at > $4)`,
    values: [organizationId, surface, businessId, now],
  })
  return Number(row?.count ?? 0n)
}

/** A key of any organization that its owner should be reminded of. */
export type EndingKey = Readonly<{ organizationId: Id<'organization'>; keyId: Id<'key'> }>

/** Keys of every organization whose next reminder is due, the first to end first. */
export function listEndingKeys(
  db: Db,
  { now, limit }: Readonly<{ now: Instant; limit: number }>,
): Promise<readonly EndingKey[]> {
  const [first = 0] = reminderDays
  return db.query<EndingKey>({
    name: 'list_ending_keys',
    text: `select organization_id as "organizationId", key_id as "keyId" from api_key
      where organization_id is not null and expires_at > $1
        and expires_at <= $1::timestamptz + $4::int * interval '1 day'
        and revoked_at is null and disabled_at is null and overlap_until is null
        and coalesce(reminded_days, $4 + 1) > (
          select min(d) from unnest($3::int[]) as d
          where expires_at <= $1::timestamptz + d * interval '1 day')
      order by expires_at, organization_id, key_id limit $2`,
    values: [now, limit, plainArray(reminderDays), first],
  })
}

/** The organization of a key, for operators who name the key alone: on an owner's connection. */
export async function findOrganizationOfKey(
  db: Db,
  keyId: Id<'key'>,
): Promise<Id<'organization'> | undefined> {
  const [row] = await db.query<{ organization_id: Id<'organization'> }>({
    text: 'select organization_id from api_key where key_id = $1 order by organization_id limit 1',
    values: [keyId],
  })
  return row?.organization_id
}

const toApiKey = (row: Row): ApiKey => ({
  id: row.key_id,
  organizationId: row.organization_id,
  surface: row.surface,
  environment: row.environment,
  businessId: row.business_id,
  name: row.name,
  scopes: row.scopes,
  businessIds: row.surface === 'connect' ? null : row.business_ids,
  // One column: a key is narrowed to one kind of thing.
  companyIds:
    row.surface === 'connect'
      ? (row.business_ids as readonly string[] as readonly Id<'company'>[] | null)
      : null,
  allowedNetworks: row.allowed_networks,
  visibleStart: row.visible_start,
  visibleEnd: row.visible_end,
  planAtIssue: row.plan_at_issue,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  revokedBy: row.revoked_by,
  revokeReason: row.revoke_reason,
  disabledAt: row.disabled_at,
  rotatedFrom: row.rotated_from,
  overlapUntil: row.overlap_until,
  lastUsedAt: row.last_used_at,
  totalCalls: Number(row.calls ?? 0n),
})
