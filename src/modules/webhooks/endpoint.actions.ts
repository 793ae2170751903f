import { safeOf } from '../../db/tx.ts'
import type { Safe } from '../../db/vault.ts'
import type { OrganizationCtx } from '../../db/write.ts'
import { dateIn, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { findLimit } from '../plans/limit.queries.ts'
import {
  cancelWaiting,
  insertEndpoint,
  insertSecret,
  insertStarts,
  lockEndpoint,
  updateEndpointDeleted,
  updateEndpointRow,
  updateSecretExpiry,
} from './endpoint.db.ts'
import { countEndpoints, findEndpointByUrl, getEndpoint, listSecrets } from './endpoint.queries.ts'
import {
  type Endpoint,
  type EndpointFields,
  type EndpointScope,
  overlapHoursDefault,
  placeOfHeaders,
  placeOfSecret,
  placeOfSeed,
  requireEvents,
  requireHeaders,
} from './endpoint.ts'
import { toInvoicingSecret, toStandardSecret } from './signature.ts'

/** A key pair of ed25519 for asymmetric signatures, made at the edge. */
export type KeyPair = Readonly<{ seed: Uint8Array; publicKey: string }>

export type NewEndpoint = Pick<EndpointFields, 'url' | 'events'> &
  Partial<EndpointFields> &
  Readonly<{
    surface: Endpoint['surface']
    environment: Endpoint['environment']
    businessId?: Id<'business'> | null
    knownEvents: readonly string[]
    headers?: Readonly<Record<string, string>>
    keyPair?: KeyPair
    isDisabled?: boolean
    /** `secretBytes` random bytes for its secret. */
    random: Uint8Array
  }>

/** `secret` is shown to its owner now and never again. */
export type MadeEndpoint = Readonly<{ endpoint: Endpoint; secret: string }>

/**
 * Registers an endpoint; it gets the events that are committed from now on. Its URL was checked by
 * the caller.
 * Refuses, in this order: webhooks.event_unknown, validation.failed (headers),
 * plan.webhook_endpoint_limit, webhooks.url_taken.
 * Source: Invoicing specification 13.1; Books specification 22; Connect specification 21.1.
 */
export async function createEndpoint(
  ctx: OrganizationCtx,
  input: NewEndpoint,
): Promise<MadeEndpoint> {
  const { tx, organizationId } = ctx
  const { surface, environment, random, keyPair } = input
  const events = requireEvents(input.events, input.knownEvents)
  const headers = requireHeaders(input.headers ?? {})
  const businessId = input.businessId ?? null
  const scope: EndpointScope = {
    organizationId,
    surface,
    environment,
    ...(businessId !== null && { businessId }),
  }
  await requireRoom(ctx, scope)
  await requireFreeUrl(ctx, scope, input.url)
  const id = ctx.newId('endpoint')
  const secret = toSecret(surface, random)
  const safe = await safeOf(tx)
  const endpoint: Endpoint = {
    id,
    organizationId,
    surface,
    environment,
    businessId,
    url: input.url,
    description: input.description ?? null,
    events,
    companyTags: input.companyTags ?? [],
    isOrdered: input.isOrdered ?? false,
    hasHeaders: Object.keys(headers).length > 0,
    publicKey: keyPair?.publicKey ?? null,
    status: input.isDisabled === true ? 'disabled' : 'enabled',
    disabledReason: input.isDisabled === true ? 'manual' : null,
    consecutiveFailures: 0,
    failingSince: null,
    secretEnd: secret.slice(-4),
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  await insertEndpoint(tx, endpoint, {
    headers: sealHeaders(safe, endpoint, headers),
    seed: keyPair === undefined ? null : safe.seal(placeOfSeed(endpoint), keyPair.seed),
  })
  await insertSealed(ctx, endpoint, secret)
  await insertStarts(tx, endpoint, businessId ?? organizationId)
  record(ctx, 'created', endpoint)
  return { endpoint, secret }
}

export type EndpointChange = Readonly<{
  scope: EndpointScope
  endpointId: string
  changes: Partial<EndpointFields>
  knownEvents: readonly string[]
  /** Empty removes them all. */
  headers?: Readonly<Record<string, string>>
  keyPair?: KeyPair | null
  /** True also forgets the failures so far. */
  isEnabled?: boolean
}>

/**
 * Changes what is given and leaves the rest. Disabling calls off what waits for it.
 * Refuses, in this order: resource.not_found, webhooks.event_unknown, validation.failed (headers),
 * webhooks.url_taken.
 */
export async function updateEndpoint(
  ctx: OrganizationCtx,
  input: EndpointChange,
): Promise<Endpoint> {
  const { tx } = ctx
  const { scope, changes, keyPair, isEnabled } = input
  const before = await lockAndGet(ctx, scope, input.endpointId)
  const events = requireEvents(changes.events ?? before.events, [
    ...input.knownEvents,
    ...before.events,
  ])
  const headers = input.headers === undefined ? undefined : requireHeaders(input.headers)
  if (changes.url !== undefined && changes.url !== before.url) {
    await requireFreeUrl(ctx, toScope(before), changes.url)
  }
  const after: Endpoint = {
    ...before,
    ...changes,
    events,
    ...(isEnabled !== undefined && toStatus(before, isEnabled)),
    ...(headers !== undefined && { hasHeaders: Object.keys(headers).length > 0 }),
    ...(keyPair !== undefined && { publicKey: keyPair?.publicKey ?? null }),
    updatedAt: ctx.now,
  }
  const safe = await safeOf(tx)
  await updateEndpointRow(tx, after, {
    ...(headers !== undefined && { headers: sealHeaders(safe, after, headers) }),
    ...(keyPair !== undefined && {
      seed: keyPair === null ? null : safe.seal(placeOfSeed(after), keyPair.seed),
    }),
  })
  if (after.status === 'disabled' && before.status === 'enabled') await callOff(ctx, after)
  record(ctx, 'updated', after, before)
  return after
}

type Chosen = Readonly<{ scope: EndpointScope; endpointId: string }>

/**
 * Removes an endpoint and calls off what waits for it; its log stays for as long as logs do.
 * Refuses: resource.not_found.
 */
export async function deleteEndpoint(
  ctx: OrganizationCtx,
  { scope, endpointId }: Chosen,
): Promise<void> {
  const endpoint = await lockAndGet(ctx, scope, endpointId)
  await updateEndpointDeleted(ctx.tx, endpoint, ctx.now)
  await callOff(ctx, endpoint)
  record(ctx, 'deleted', endpoint, endpoint)
}

export type Rotation = Chosen & Readonly<{ overlapHours: number | undefined; random: Uint8Array }>

/**
 * Gives an endpoint a new secret, which signs at once. The one before counts until the end of the
 * overlap, 0 to 168 hours.
 * Refuses, in this order: resource.not_found, webhooks.rotation_active (a secret before still
 * counts).
 */
export async function rotateSecret(
  ctx: OrganizationCtx,
  { scope, endpointId, overlapHours = overlapHoursDefault, random }: Rotation,
): Promise<MadeEndpoint> {
  const { tx, organizationId, now } = ctx
  const before = await lockAndGet(ctx, scope, endpointId)
  const secrets = await listSecrets(tx, { organizationId, endpointId: before.id, now })
  const [, older] = secrets
  if (older?.expiresAt) throw new Refusal('webhooks.rotation_active', { date: older.expiresAt })
  const secret = toSecret(before.surface, random)
  await updateSecretExpiry(tx, before, instantFromMs(msOf(now) + overlapHours * hourMs))
  await insertSealed(ctx, before, secret)
  const endpoint = { ...before, secretEnd: secret.slice(-4), updatedAt: now }
  await updateEndpointRow(tx, endpoint)
  record(ctx, 'secret_rotated', endpoint, before)
  return { endpoint, secret }
}

const hourMs = 3_600_000

const toSecret = (surface: Endpoint['surface'], random: Uint8Array): string =>
  surface === 'invoicing' ? toInvoicingSecret(random) : toStandardSecret(random)

async function insertSealed(
  ctx: OrganizationCtx,
  endpoint: Endpoint,
  secret: string,
): Promise<void> {
  const id = ctx.newId('secret')
  const { seal } = await safeOf(ctx.tx)
  const sealed = seal(placeOfSecret(ctx.organizationId, id), new TextEncoder().encode(secret))
  await insertSecret(ctx.tx, endpoint, { id, sealed, end: secret.slice(-4), createdAt: ctx.now })
}

function sealHeaders(
  { seal }: Safe,
  endpoint: Endpoint,
  headers: Readonly<Record<string, string>>,
): Uint8Array | null {
  if (Object.keys(headers).length === 0) return null
  return seal(placeOfHeaders(endpoint), new TextEncoder().encode(JSON.stringify(headers)))
}

const toScope = ({
  organizationId,
  surface,
  environment,
  businessId,
}: Endpoint): EndpointScope => ({
  organizationId,
  surface,
  environment,
  ...(businessId !== null && { businessId }),
})

function toStatus(
  before: Endpoint,
  isEnabled: boolean,
): Pick<Endpoint, 'status' | 'disabledReason' | 'consecutiveFailures' | 'failingSince'> {
  const { consecutiveFailures, failingSince, disabledReason } = before
  if (isEnabled) {
    return { status: 'enabled', disabledReason: null, consecutiveFailures: 0, failingSince: null }
  }
  const reason = disabledReason ?? 'manual'
  return { status: 'disabled', disabledReason: reason, consecutiveFailures, failingSince }
}

/** The row is read again once it is locked, so that a decision stands on what others left. */
async function lockAndGet(
  { tx, organizationId }: OrganizationCtx,
  scope: EndpointScope,
  endpointId: string,
): Promise<Endpoint> {
  const { id } = await getEndpoint(tx, scope, endpointId)
  await lockEndpoint(tx, { organizationId, id })
  return getEndpoint(tx, scope, endpointId)
}

const callOff = ({ tx, organizationId, now }: OrganizationCtx, { id }: Endpoint): Promise<void> =>
  cancelWaiting(tx, { organizationId, endpointIds: [id], now })

/** Refuses: plan.webhook_endpoint_limit. Counted per business on Invoicing, else per organization. */
async function requireRoom(
  { tx, organizationId, now }: OrganizationCtx,
  { surface, businessId }: EndpointScope,
): Promise<void> {
  const asked = { organizationId, surface, name: 'webhookEndpointsMax' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  if (typeof limit !== 'number') return
  const own = surface === 'invoicing' && businessId !== undefined ? { businessId } : {}
  const count = await countEndpoints(tx, { organizationId, surface, ...own })
  if (count >= limit) throw new Refusal('plan.webhook_endpoint_limit', { limit })
}

/** Refuses: webhooks.url_taken. */
async function requireFreeUrl(
  { tx }: OrganizationCtx,
  scope: EndpointScope,
  url: string,
): Promise<void> {
  const existingId = await findEndpointByUrl(tx, scope, url)
  if (existingId !== undefined) throw new Refusal('webhooks.url_taken', { existingId })
}

function record(ctx: OrganizationCtx, what: string, after: Endpoint, before?: Endpoint): void {
  const resource = { resource: 'webhook_endpoint', resourceId: after.id } as const
  ctx.audit({
    action: `webhook_endpoint.${what}`,
    ...resource,
    ...(before !== undefined && { before }),
    after,
  })
  ctx.emit({ type: `webhooks.endpoint.${what}`, ...resource, payload: after })
}
