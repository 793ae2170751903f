import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** What is known of a key at this moment, and of the business that a request is about. */
export type Admitted = Readonly<{
  /** Null: nobody has a key with this hash. */
  key_id: Id<'key'> | null
  organization_id: Id<'organization'>
  surface: string
  environment: 'live' | 'test'
  key_business_id: Id<'business'> | null
  scopes: readonly string[]
  key_business_ids: readonly Id<'business'>[] | null
  allowed_networks: readonly string[]
  plan_at_issue: string
  created_at: Instant
  expires_at: Instant | null
  revoked_at: Instant | null
  disabled_at: Instant | null
  overlap_until: Instant | null
  organization_status: string
  organization_created_at: Instant
  plan: string | null
  plan_status: string | null
  business_id: Id<'business'> | null
  business_status: string | null
  business_environment: 'live' | 'test' | null
  business_suspended_at: Instant | null
  base_currency: string | null
  time_zone: string | null
}>

/** A key by its hash in hexadecimal, and the business that its request names. */
export type KeyQuestion = Readonly<{ hash: string; businessId: string | undefined }>

/**
 * Who calls, many questions in one statement; one row per question, where `item` is its place
 * counted from 1. Runs before any tenant is known, with the rights of the function's owner.
 * Source: platform specification 5.2.
 */
export const admitKeys = (
  db: Pick<Db, 'query'>,
  questions: readonly KeyQuestion[],
): Promise<(Admitted & Readonly<{ item: number }>)[]> =>
  db.query({
    name: 'admit_keys',
    text: `
      select item, key_id, organization_id, surface, environment, key_business_id, scopes,
        key_business_ids, allowed_networks, plan_at_issue, created_at, expires_at, revoked_at,
        disabled_at, overlap_until, organization_status, organization_created_at, plan, plan_status,
        business_id, business_status, business_environment, business_suspended_at, base_currency,
        time_zone
      from admit($1, $2)`,
    values: [
      `{${questions.map(({ hash }) => `"\\\\x${hash}"`).join(',')}}`,
      `{${questions.map(({ businessId }) => businessId ?? 'NULL').join(',')}}`,
    ],
  })
