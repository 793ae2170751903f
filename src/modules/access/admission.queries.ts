import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** What is known of a key at this moment, and of the business that a request is about. */
export type Admitted = Readonly<{
  /** Null: nobody has a key with this hash. */
  key_id: Id<'key'> | null
  organization_id: Id<'organization'>
  surface: 'invoicing' | 'books' | 'connect'
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
  /** Days that an account on this plan may be used; null: for ever. */
  account_days_max: number | null
  /** Whose limits these are: the business, the key or the organization, by surface. */
  subject: string | null
  /** Whether the key is known, in force, and used from where it may be. */
  is_usable: boolean
  /** Whether nothing else keeps the requests from being counted. */
  is_counted: boolean
  /** How many of the equal requests are admitted: the first so many. */
  granted: number
  /** What refuses the others. */
  violated: 'minute' | 'hour' | 'day' | 'slots' | null
  minute_limit: number | null
  /** Used before these requests, as in the columns of the other windows. */
  minute_used: number | null
  /** Milliseconds: when another request fits, and when the window is empty. */
  minute_next: number | null
  minute_free: number | null
  hour_limit: number | null
  hour_used: number | null
  hour_free: number | null
  day_limit: number | null
  day_used: number | null
  day_free: number | null
  slot_limit: number | null
  slot_used: number | null
  /** Whether these requests are paid for. */
  is_metered: boolean
  /** For how many of the granted ones a charge is held: for the first so many. */
  held: number
  trial_calls: number | null
  /** Whether credits were ever granted. */
  has_credits: boolean | null
  /** Minor units of the naira, as `price` is, before these requests. */
  credit_balance: bigint | null
  price: bigint | null
  /** Whether the owner has to be told of something; 0: no. */
  notice: number
}>

/** Equal requests: a key by its hash in hexadecimal, and the business that they name. */
export type KeyQuestion = Readonly<{
  hash: string
  businessId: string | undefined
  /** Empty when unknown. */
  address: string
  cost: number
  count: number
  /**
   * 1: charged where calls are metered; 2: the same, on a route of a business; 3: on the plan
   * enterprise alone; 0: never.
   */
  metering: 0 | 1 | 2 | 3
  /** One per request where `metering` is not 0. */
  requestIds: readonly string[]
  operations: readonly string[]
}>

/** Requests of a subject that have ended; 0 says that others are still on their way. */
export type EndedRequests = Readonly<{
  subject: string
  organizationId: string
  process: number
  count: number
}>

/** What one statement settles. `process` is the process that asks. */
export type AdmissionBatch = Readonly<{
  nowMs: number
  process: number
  questions: readonly KeyQuestion[]
  ended: readonly EndedRequests[]
}>

/**
 * Who calls, and may they now? Many questions in one statement; one row per question, where `item`
 * is its place counted from 1. Runs before any tenant is known, with the rights of the function's
 * owner, and counts what it grants.
 * Source: platform specification 5.2 and 6.
 */
export const admitKeys = (
  db: Pick<Db, 'query'>,
  { nowMs, process, questions, ended }: AdmissionBatch,
): Promise<(Admitted & Readonly<{ item: number }>)[]> =>
  db.query({
    name: 'admit_keys',
    text: `
      select item, key_id, organization_id, surface, environment, key_business_id, scopes,
        key_business_ids, allowed_networks, plan_at_issue, created_at, expires_at, revoked_at,
        disabled_at, overlap_until, organization_status, organization_created_at, plan, plan_status,
        business_id, business_status, business_environment, business_suspended_at, base_currency,
        time_zone, account_days_max, subject, is_usable, is_counted, granted, violated,
        minute_limit, minute_used, minute_next, minute_free, hour_limit, hour_used, hour_free,
        day_limit, day_used, day_free, slot_limit, slot_used, is_metered, held, trial_calls,
        has_credits, credit_balance, price, notice
      from admit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    values: [
      nowMs,
      process,
      toArray(questions, ended, ({ hash }) => `"\\\\x${hash}"`),
      toArray(questions, ended, ({ businessId }) => businessId ?? 'NULL'),
      toArray(questions, ended, ({ address }) => address || 'NULL'),
      toArray(questions, ended, ({ cost }) => cost),
      `{${[...questions, ...ended].map(({ count }) => count).join(',')}}`,
      toArray(questions, ended, undefined, ({ subject }) => subject),
      toArray(questions, ended, undefined, ({ organizationId }) => organizationId),
      toArray(questions, ended, undefined, (one) => one.process),
      toArray(questions, ended, ({ metering }) => metering),
      toArray(questions, ended, toOffsets(questions)),
      `{${questions
        .map(({ requestIds }) => requestIds.join(','))
        .filter(Boolean)
        .join(',')}}`,
      `{${questions
        .map(({ operations }) => operations.join(','))
        .filter(Boolean)
        .join(',')}}`,
    ],
  })

/** Where the requests of each question begin in the list of all of them, counted from 1. */
function toOffsets(questions: readonly KeyQuestion[]): () => number {
  let [next, index] = [1, 0]
  return () => {
    const offset = next
    next += questions[index]?.requestIds.length ?? 0
    index += 1
    return offset
  }
}

/** The literal of one array parameter: a value per question, then one per set of ended requests. */
const toArray = (
  questions: readonly KeyQuestion[],
  ended: readonly EndedRequests[],
  ofQuestion?: (question: KeyQuestion) => string | number,
  ofEnded?: (one: EndedRequests) => string | number,
): string =>
  `{${[
    ...questions.map((question) => ofQuestion?.(question) ?? 'NULL'),
    ...ended.map((one) => ofEnded?.(one) ?? 'NULL'),
  ].join(',')}}`
