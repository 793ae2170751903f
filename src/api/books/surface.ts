import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { parsePrefixed } from '../../kernel/ids.ts'
import { parseKeyText } from '../../modules/access/api-key.ts'
import {
  type Facts,
  requireActiveBusiness,
  requireActiveOrganization,
  requireAllowedAddress,
  requireBusiness,
  requireCredits,
  requireKnownKey,
  requireRate,
} from '../http/checks.ts'
import { type Policy, type Standing, shownWindow, toSecondText } from '../http/limits.ts'
import { wantsProblem } from '../http/problem.ts'
import type { Query } from '../http/query.ts'
import type { Call } from '../http/route.ts'
import type { Surface } from '../http/surface.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { accountRoutes } from './chart-of-accounts.ts'
import { enterpriseRoutes, requireEnterprise } from './enterprise.ts'
import { renderBooksError, toBooksRequestId } from './errors.ts'
import { invoiceRoutes } from './invoices.ts'
import { journalEntryRoutes } from './journal-entries.ts'
import { periodLockRoutes } from './period-locks.ts'
import { reportRoutes } from './reports.ts'
import { requestLogRoutes } from './request-log.ts'
import { usageRoutes } from './usage.ts'
import { webhookRoutes } from './webhooks.ts'

const dayMs = 86_400_000

/**
 * The Books API: a key belongs to an organization, each call names its business in the query, every
 * body stands in an envelope. Source: Books specification 1 to 3.
 */
export const books: Surface = {
  name: 'books',
  mount: '/books',
  title: 'Tallystick Books API',
  openApiPath: '/v1/openapi.json',
  routes: [
    ...apiKeyRoutes,
    ...invoiceRoutes,
    ...accountRoutes,
    ...journalEntryRoutes,
    ...periodLockRoutes,
    ...reportRoutes,
    ...enterpriseRoutes,
    ...webhookRoutes,
    ...usageRoutes,
    ...requestLogRoutes,
  ],
  bodyBytesMax: 1024 * 1024,
  ignoresCase: false,
  trimsTexts: true,
  namesMissingFields: false,
  refusesEmptyUpdates: false,
  requireVersion: requireFirstVersion,
  parseKey,
  findBusinessId: ({ businessId }) =>
    businessId === undefined ? undefined : parsePrefixed('biz', businessId.trim()),
  checks: [
    requireKnownKey,
    requireAllowedAddress,
    requireActiveOrganization,
    requireTier,
    requireRate,
    requireBusinessId,
    requireBusiness,
    requireReadableBusiness,
    requireSubscription,
    requireEnterprise,
    requireCredits,
  ],
  envelope: toEnvelope,
  limitHeaders,
  isMetered: true,
  hasPartition: true,
  wantsProblem,
  renderError: (refusal, context, met) => {
    const dateField = dateFieldByOperation[met?.route?.operation ?? '']
    return renderBooksError(refusal, { ...context, dateField })
  },
  wording: {
    decimals: (max) => `must have at most ${max} decimal places`,
    items: ({ min, max }) => `must contain between ${min} and ${max} items`,
  },
  idempotency: {
    keepMs: 30 * dayMs,
    keepsEverything: false,
    // Refusals of shape and of the service itself may turn out otherwise the next time.
    keeps: ({ code }, status) =>
      status < 500 && !/^(validation|request|idempotency|limit)\./.test(code),
  },
}

/** The member that says when a posting is dated; to blame where its period is closed. */
const dateFieldByOperation: Readonly<Record<string, string>> = {
  'create-journal-entry': 'transactionDate',
  'post-journal-entry': 'transactionDate',
  'reverse-journal-entry': 'reversalDate',
  'update-invoice': 'invoiceDate',
  'finalize-invoice': 'invoiceDate',
  'send-invoice': 'invoiceDate',
  'mark-invoice-paid': 'paymentDate',
  'void-invoice': 'date',
  'set-period-lock': 'lockDate',
}

/** The documented envelope of a success. Source: Books specification 1.1. */
function toEnvelope(data: unknown, { requestId, now, standing }: Call) {
  const window = standing && shownWindow(standing)
  return {
    success: true,
    data,
    meta: {
      requestId: toBooksRequestId(requestId),
      timestamp: now,
      ...(window && { rateLimit: toShown(window) }),
    },
  }
}

const toShown = ({ limit, remaining, freeMs }: Policy) => ({
  limit,
  remaining,
  reset: instantFromMs(freeMs),
})

/** What is shown before the key is known. Source: platform specification 6.7. */
const unknownLimit = 60
const unknownWindowMs = 60_000

/** The documented headers, on every answer. Source: Books specification 1.1 and 4. */
function limitHeaders(
  standing: Standing | undefined,
  now: Instant,
): Readonly<Record<string, string>> {
  const window = standing && shownWindow(standing)
  const {
    limit = unknownLimit,
    remaining = unknownLimit,
    freeMs = msOf(now) + unknownWindowMs,
  } = window ?? {}
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': toSecondText(freeMs),
  }
}

/** Refuses: request.version_unsupported. */
function requireFirstVersion(path: string): void {
  const version = /^\/(v\d+)(\/|$)/.exec(path)?.[1]
  if (version !== undefined && version !== 'v1') {
    throw new Refusal('request.version_unsupported', { version })
  }
}

/**
 * The key behind `Bearer`, in any case, and exactly one space.
 * Refuses, in this order: key.header_missing, key.format_invalid, key.wrong_surface,
 * key.checksum_invalid.
 */
function parseKey(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw new Refusal('key.header_missing')
  if (!/^bearer \S/i.test(authorization)) throw new Refusal('key.format_invalid')
  const text = authorization.slice(7)
  // The documented shape allows capitals; no key of ours has them, so its checksum is wrong.
  if (/^(live|test)_sk_[0-9a-fA-F]{48}$/.test(text) && text !== text.toLowerCase()) {
    throw new Refusal('key.checksum_invalid')
  }
  return parseKeyText('books', text)
}

/** Refuses: plan.no_subscription (never had a tier with keys), plan.downgraded. */
function requireTier({ admitted: { plan, plan_at_issue } }: Facts): void {
  if (plan !== null && plan !== 'free') return
  throw new Refusal(plan_at_issue === 'free' ? 'plan.no_subscription' : 'plan.downgraded')
}

const isNamed = ({ businessId }: Query): boolean => businessId !== undefined && businessId !== ''

/** Refuses: request.business_id_missing. */
function requireBusinessId({ route, query }: Facts): void {
  if (route.tenant === 'business' && !isNamed(query)) {
    throw new Refusal('request.business_id_missing')
  }
}

/** Refuses, in this order: access.business_suspended, access.business_archived (writes only). */
function requireReadableBusiness(facts: Facts): void {
  if (facts.admitted.business_status === 'archived' && !facts.isWrite) return
  requireActiveBusiness(facts)
}

/** Refuses: plan.subscription_expired, on everything that belongs to a business. */
function requireSubscription({ route, admitted }: Facts): void {
  if (route.tenant === 'business' && admitted.plan_status === 'expired') {
    throw new Refusal('plan.subscription_expired')
  }
}
