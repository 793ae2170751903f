import type { OrganizationCtx } from '../../db/write.ts'
import { dateIn, type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { findLimit } from '../plans/limit.queries.ts'
import { findSubscription } from '../plans/plan.queries.ts'
import type { Plans } from '../plans/plan.ts'
import {
  insertKey,
  updateKeyOverlap,
  updateKeyReminded,
  updateKeyRevoked,
  updateKeyUse,
} from './api-key.db.ts'
import { type ApiKey, countKeys, findKey, getKey } from './api-key.queries.ts'
import {
  type Environment,
  expiryOf,
  generateKey,
  isCounted,
  overlapEnd,
  overlapHoursDefault,
  reminderOf,
  requireExpiry,
  requireScopes,
  type Surface,
  scopesBySurface,
  visibleParts,
} from './api-key.ts'
import { findBusiness } from './business.queries.ts'
import { queueNotice } from './owner-notice.actions.ts'

/** What only the edge has: randomness, and the pepper behind the hash. */
export type KeyMaker = Readonly<{
  /** `keyRandomBytes` bytes. */
  random: Uint8Array
  hashKey: (text: string) => Uint8Array
  pepperVersion: number
}>

/** `isOperator`: made by hand, at any tier of Books. */
export type NewKey = KeyMaker &
  Readonly<{
    surface: Surface
    environment: Environment
    /** Invoicing keys belong to one business, and take its environment. */
    businessId?: Id<'business'>
    businessIds?: readonly Id<'business'>[] | null
    /** Connect keys are narrowed to companies; those of the organization that exist by then. */
    companyIds?: readonly Id<'company'>[] | null
    name: string
    scopes?: readonly string[]
    allowedNetworks?: readonly string[]
    expiresInDays?: number
    /** In place of days: the instant itself. */
    expiresAt?: Instant
    isOperator?: boolean
  }>

/** `text` is shown to its holder once and kept nowhere. */
export type MadeKey = Readonly<{ key: ApiKey; text: string }>

/**
 * Makes a key of the organization.
 * Refuses, in this order: validation.failed (a scope of another surface), key.expiry_invalid,
 * resource.not_found (the business), access.business_forbidden, plan.no_subscription,
 * key.limit_reached.
 * Source: platform specification 3.4.
 */
export async function createKey(ctx: OrganizationCtx, input: NewKey): Promise<MadeKey> {
  const { tx, organizationId, now } = ctx
  const { surface } = input
  const scopes = input.scopes ?? scopesBySurface[surface].slice(0, 1)
  requireScopes(surface, scopes)
  const expiresAt = input.expiresAt ?? expiryOf(surface, now, input.expiresInDays)
  requireExpiry(surface, now, expiresAt)
  const environment = await environmentFor(ctx, input)
  const { plans } = await findSubscription(tx, organizationId, dateIn(now, 'UTC'))
  await requireRoom(ctx, input, plans)
  const text = generateKey(surface, environment, input.random)
  const { start, end } = visibleParts(surface, text)
  const key: ApiKey = {
    id: ctx.newId('key'),
    organizationId,
    surface,
    environment,
    businessId: input.businessId ?? null,
    name: input.name,
    scopes,
    businessIds: input.businessIds ?? null,
    companyIds: input.companyIds ?? null,
    allowedNetworks: input.allowedNetworks ?? [],
    visibleStart: start,
    visibleEnd: end,
    planAtIssue: plans[surface],
    createdAt: now,
    createdBy: ctx.actor,
    expiresAt,
    revokedAt: null,
    revokedBy: null,
    revokeReason: null,
    disabledAt: null,
    rotatedFrom: null,
    overlapUntil: null,
    ...unused,
  }
  await insertKey(tx, key, { hash: input.hashKey(text), pepperVersion: input.pepperVersion })
  // The database writes networks in their one form.
  const kept = key.allowedNetworks.length === 0 ? key : await getKey(tx, organizationId, key.id)
  ctx.audit({ action: 'api_key.create', resource: 'api_key', resourceId: key.id, after: kept })
  ctx.emit({ type: 'api_key.created', resource: 'api_key', resourceId: key.id, payload: kept })
  return { key: kept, text }
}

const unused = { lastUsedAt: null, totalCalls: 0 } as const

export type KeyChange = Readonly<{
  keyId: Id<'key'>
  name?: string | undefined
  allowedNetworks?: readonly string[] | undefined
}>

/**
 * Changes what a key is called and where it may be used from; the next admission goes by it.
 * Refuses: resource.not_found.
 * Source: Invoicing specification 12.
 */
export async function updateKey(ctx: OrganizationCtx, change: KeyChange): Promise<ApiKey> {
  const { tx, organizationId } = ctx
  const { keyId } = change
  const before = await getKey(tx, organizationId, keyId)
  const { name = before.name, allowedNetworks = before.allowedNetworks } = change
  await updateKeyUse(tx, { ...before, name, allowedNetworks })
  const after = await getKey(tx, organizationId, keyId)
  const resource = { resource: 'api_key', resourceId: keyId } as const
  ctx.audit({ action: 'api_key.update', ...resource, before, after })
  ctx.emit({ type: 'api_key.updated', ...resource, payload: after })
  return after
}

/**
 * `keepsLast`: a surface on which the last key cannot be deleted. `shownId`: the id as the surface
 * shows it.
 */
type Revocation = Readonly<{
  keyId: Id<'key'>
  reason?: string
  keepsLast?: boolean
  shownId?: string
}>

/**
 * Ends a key for ever; requests admitted after the commit are refused.
 * Refuses, in this order: resource.not_found, key.already_revoked, key.last_key.
 * Source: platform specification 3.4.
 */
export async function revokeKey(
  ctx: OrganizationCtx,
  { keyId, reason, keepsLast = false, shownId = keyId }: Revocation,
): Promise<ApiKey> {
  const { tx, organizationId, now } = ctx
  const before = await getKey(tx, organizationId, keyId)
  if (before.revokedAt !== null) throw new Refusal('key.already_revoked', { keyId: shownId })
  if (keepsLast && isCounted(before, now)) {
    const { surface, businessId } = before
    if ((await countKeys(tx, { organizationId, surface, businessId, now })) <= 1) {
      throw new Refusal('key.last_key')
    }
  }
  const after: ApiKey = {
    ...before,
    revokedAt: now,
    revokedBy: ctx.actor,
    revokeReason: reason ?? null,
  }
  await updateKeyRevoked(tx, after)
  ctx.audit({
    action: 'api_key.revoke',
    resource: 'api_key',
    resourceId: keyId,
    ...(reason !== undefined && { reason }),
    before,
    after,
  })
  ctx.emit({ type: 'api_key.revoked', resource: 'api_key', resourceId: keyId, payload: after })
  return after
}

type Rotation = KeyMaker & Readonly<{ keyId: Id<'key'>; overlapHours?: number; shownId?: string }>

/**
 * Makes a key with the attributes of another and the same length of life from now on. The old one
 * works on for the overlap and counts no more against the cap.
 * Refuses, in this order: key.overlap_invalid, resource.not_found, key.already_revoked,
 * resource.invalid_transition (it was rotated or has ended).
 * Source: platform specification 3.4.
 */
export async function rotateKey(ctx: OrganizationCtx, input: Rotation): Promise<MadeKey> {
  const { tx, organizationId, now } = ctx
  const overlapUntil = overlapEnd(now, input.overlapHours ?? overlapHoursDefault)
  const old = await getKey(tx, organizationId, input.keyId)
  if (old.revokedAt !== null)
    throw new Refusal('key.already_revoked', { keyId: input.shownId ?? old.id })
  if (!isCounted(old, now)) {
    const from = old.overlapUntil === null ? 'ended' : 'rotated'
    throw new Refusal('resource.invalid_transition', { resource: 'API key', from, to: 'rotated' })
  }
  const text = generateKey(old.surface, old.environment, input.random)
  const { start, end } = visibleParts(old.surface, text)
  const lifeMs = old.expiresAt === null ? null : msOf(old.expiresAt) - msOf(old.createdAt)
  const key: ApiKey = {
    ...old,
    id: ctx.newId('key'),
    visibleStart: start,
    visibleEnd: end,
    createdAt: now,
    createdBy: ctx.actor,
    expiresAt: lifeMs === null ? null : instantFromMs(msOf(now) + lifeMs),
    rotatedFrom: old.id,
    ...unused,
  }
  await insertKey(tx, key, { hash: input.hashKey(text), pepperVersion: input.pepperVersion })
  await updateKeyOverlap(tx, organizationId, old.id, overlapUntil)
  const payload = { ...key, overlapUntil, rotatedKeyId: old.id }
  ctx.audit({
    action: 'api_key.rotate',
    resource: 'api_key',
    resourceId: old.id,
    before: old,
    after: { ...old, overlapUntil, rotatedTo: key.id },
  })
  ctx.emit({ type: 'api_key.rotated', resource: 'api_key', resourceId: key.id, payload })
  return { key, text }
}

/** The environment of the key; its businesses exist, are the organization's and of one kind. */
async function environmentFor(
  { tx, organizationId }: OrganizationCtx,
  { surface, environment, businessId, businessIds }: NewKey,
): Promise<Environment> {
  if (surface === 'invoicing') {
    const business = businessId && (await findBusiness(tx, organizationId, businessId))
    if (!business) {
      throw new Refusal('resource.not_found', { resource: 'Business', id: businessId ?? '' })
    }
    return business.environment
  }
  for (const id of businessIds ?? []) {
    const business = await findBusiness(tx, organizationId, id)
    if (business?.environment !== environment) throw new Refusal('access.business_forbidden')
  }
  return environment
}

async function requireRoom(
  { tx, organizationId, now }: OrganizationCtx,
  { surface, businessId, isOperator }: NewKey,
  plans: Plans,
): Promise<void> {
  if (surface === 'books' && plans.books === 'free') {
    if (isOperator === true) return
    throw new Refusal('plan.no_subscription')
  }
  const asked = { organizationId, surface, name: 'apiKeysMax' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  if (typeof limit !== 'number') return
  const cap = { organizationId, surface, businessId: businessId ?? null, now }
  if ((await countKeys(tx, cap)) >= limit) throw new Refusal('key.limit_reached', { limit })
}

/**
 * Tells the owner of a key that it is about to end: 14, 7 and 1 days before.
 * Refuses: nothing; a key that is gone, or that was told of, is left alone.
 * Source: platform specification 3.
 */
export async function remindOfEnd(
  ctx: OrganizationCtx,
  { keyId }: Readonly<{ keyId: Id<'key'> }>,
): Promise<void> {
  const { tx, organizationId, now } = ctx
  const key = await findKey(tx, organizationId, keyId)
  const days = key && reminderOf(key.expiresAt, now)
  if (key === undefined || days === undefined) return
  // Another worker may have found the same key, and may have been here before.
  if (!(await updateKeyReminded(tx, organizationId, keyId, days))) return
  const { surface, environment, name, visibleStart, visibleEnd, expiresAt } = key
  const shown = { surface, environment, name, visibleStart, visibleEnd, expiresAt, days }
  ctx.audit({ action: 'api_key.expiring', resource: 'api_key', resourceId: keyId, after: shown })
  ctx.emit({ type: 'api_key.expiring', resource: 'api_key', resourceId: keyId, payload: shown })
  if (expiresAt === null) return
  const facts = { surface, environment, name, days, expiresAt }
  await queueNotice(ctx, {
    aboutId: keyId,
    notice: {
      purpose: 'key_expiry',
      facts: { ...facts, shown: `${visibleStart}…${visibleEnd}` },
    },
  })
}
