import { assert } from '../../kernel/assert.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { money } from '../../kernel/money.ts'
import type { Admitted } from '../../modules/access/admission.queries.ts'
import { hasScope, requireUsableKey } from '../../modules/access/api-key.ts'
import { creditAsset } from '../../modules/plans/credit.ts'
import { buildNetworks, isInside } from './address.ts'
import type { Admittance } from './admission.ts'
import { toLimitRefusal } from './limits.ts'
import type { Query } from './query.ts'
import type { RouteRecord } from './route.ts'

/** What is known of a request once its key has been looked up. */
export type Facts = Readonly<{
  admitted: Admitted
  admittance: Admittance
  route: RouteRecord
  isWrite: boolean
  query: Query
  address: string
  now: Instant
}>

/** Returns, or refuses. A surface lists its checks in the order of its contract. */
export type Check = (facts: Facts) => void

/** Refuses, in this order: key.unknown, key.revoked, key.disabled, key.rotated_out, key.expired. */
export function requireKnownKey({ admitted, now }: Facts): void {
  if (admitted.key_id === null) throw new Refusal('key.unknown')
  const { revoked_at, disabled_at, overlap_until, expires_at } = admitted
  const isPlain =
    revoked_at === null && disabled_at === null && overlap_until === null && expires_at === null
  if (isPlain) return
  requireUsableKey(
    {
      revokedAt: revoked_at,
      disabledAt: disabled_at,
      overlapUntil: overlap_until,
      expiresAt: expires_at,
    },
    now,
  )
}

/** Refuses: key.ip_not_allowed. A key without networks may be used from anywhere. */
export function requireAllowedAddress({ admitted, address }: Facts): void {
  const { allowed_networks: networks } = admitted
  if (networks.length === 0) return
  if (!isInside(address, buildNetworks(networks)))
    throw new Refusal('key.ip_not_allowed', { ip: address })
}

/** Refuses: access.organization_suspended. */
export function requireActiveOrganization({ admitted }: Facts): void {
  if (admitted.organization_status !== 'active') throw new Refusal('access.organization_suspended')
}

/**
 * The request is within the limits of its caller, as the database has decided it.
 * Refuses, in this order: limit.rate_exceeded, limit.concurrency_exceeded.
 */
export function requireRate({ admittance, now }: Facts): void {
  if (admittance.isGranted) return
  const violated = admittance.standing?.violated
  assert(violated !== undefined, 'what is not granted and not refused before exceeds a limit')
  throw toLimitRefusal(violated, now)
}

/**
 * A metered call is paid for by a call of the trial or by credits.
 * Refuses: plan.trial_exhausted (no credits were ever granted), plan.credits_insufficient.
 */
export function requireCredits({ admittance: { charge, admitted } }: Facts): void {
  if (charge !== 'refused') return
  if (admitted.has_credits !== true) {
    throw new Refusal('plan.trial_exhausted', { limit: admitted.trial_calls ?? 0 })
  }
  throw new Refusal('plan.credits_insufficient', {
    balance: money(admitted.credit_balance ?? 0n, creditAsset),
    price: money(admitted.price ?? 0n, creditAsset),
  })
}

/** Refuses: key.scope_insufficient, naming the scope of the route. */
export function requireScope({ admitted, route }: Facts): void {
  const { scope, otherScope } = route
  const isOpen = otherScope !== undefined && hasScope(admitted.scopes, otherScope)
  if (!isOpen && !hasScope(admitted.scopes, scope)) {
    throw new Refusal('key.scope_insufficient', { required: route.scope ?? '' })
  }
}

/**
 * The business exists, is the key's to use, and is not on its way out.
 * Refuses: access.business_forbidden.
 */
export function requireBusiness({ admitted, route }: Facts): void {
  if (route.tenant !== 'business') return
  const { business_id, business_status, business_environment, key_business_ids } = admitted
  const isReached =
    business_id !== null &&
    business_status !== 'closing' &&
    business_environment === admitted.environment &&
    (key_business_ids === null || key_business_ids.includes(business_id))
  if (!isReached) throw new Refusal('access.business_forbidden')
}

/** Refuses, in this order: access.business_suspended, access.business_archived. */
export function requireActiveBusiness({ admitted, route }: Facts): void {
  if (route.tenant !== 'business') return
  if (admitted.business_status === 'suspended') {
    throw new Refusal('access.business_suspended', {
      since: admitted.business_suspended_at ?? undefined,
    })
  }
  if (admitted.business_status === 'archived') throw new Refusal('access.business_archived')
}

/** As `requireActiveBusiness`, for writes alone; reads stay open. */
export function requireWritableBusiness(facts: Facts): void {
  if (facts.isWrite) requireActiveBusiness(facts)
}
