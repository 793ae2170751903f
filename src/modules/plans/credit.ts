import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'

/** What the meter counts in: calls of the trial, or minor units of a currency. */
export type MeterAsset = string

/** Calls are paid in naira. Source: Books specification 5. */
export const creditAsset = 'NGN'

/** Grants are used by priority, the lower first; trial calls have 0. */
export const priorityDefault = 100

/** A gift or purchase of credits; `amount` in minor units. */
export type NewGrant = Readonly<{
  asset: MeterAsset
  amount: bigint
  priority?: number
  expiresAt?: Instant
  reason: string
}>

export type Grant = Readonly<{
  id: Id<'grant'>
  asset: MeterAsset
  amount: bigint
  priority: number
  expiresAt: Instant | null
  reason: string
  createdAt: Instant
}>

/** Refuses: validation.failed, naming what is not positive or not in the future. */
export function requireGrant({ amount, expiresAt }: NewGrant, now: Instant): void {
  if (amount <= 0n) refuse('amount', 'must be a positive number')
  if (expiresAt !== undefined && expiresAt <= now) refuse('expires', 'must be in the future')
}

function refuse(path: string, message: string): never {
  const issue = { pointer: `/${path}`, path, rule: 'range' as const, message }
  throw new Refusal('validation.failed', { issues: [issue] })
}

/** A share of the last grant that the balance fell below: the last one told, and the last made. */
export type Crossing = Readonly<{ asset: string; told: number; notice: number; balance: bigint }>

/** Shares of the last grant below which its owner is told. Source: platform specification 7. */
export const noticeShares = ['', '20 %', '5 %', '0 %'] as const

/** The event of a crossing: 1 and 2 are low, 3 is the end. */
export const noticeEvent = (notice: number): 'credits.low' | 'credits.exhausted' =>
  notice >= 3 ? 'credits.exhausted' : 'credits.low'
