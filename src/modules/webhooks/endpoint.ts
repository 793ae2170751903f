import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { SecretPlace } from '../../kernel/secret-place.ts'

/** Whose contract an endpoint follows: its signer, schedule, events and limits. */
export type WebhookSurface = 'invoicing' | 'books' | 'connect'

export type EndpointStatus = 'enabled' | 'disabled'

/** `manual`: by its owner. `failures`: by the rule of its surface. `gone`: it answered 410. */
export type DisabledReason = 'manual' | 'failures' | 'gone'

/** What its owner decides about an endpoint and may read again. */
export type EndpointFields = Readonly<{
  url: string
  description: string | null
  /** Event types of the surface, or `*` for all. */
  events: readonly string[]
  /** Connect: `key:value`; an event of a company is delivered when any of its tags is here. */
  companyTags: readonly string[]
  /** Whether the next event of a resource waits for the one before. */
  isOrdered: boolean
}>

export type Endpoint = EndpointFields &
  Readonly<{
    id: Id<'endpoint'>
    organizationId: Id<'organization'>
    surface: WebhookSurface
    environment: 'live' | 'test'
    /** Null: every business of the organization and environment. */
    businessId: Id<'business'> | null
    /** Whether static headers go with each delivery; their values are sealed. */
    hasHeaders: boolean
    /** `whpk_` and base64, where asymmetric signatures are added; else null. */
    publicKey: string | null
    status: EndpointStatus
    disabledReason: DisabledReason | null
    consecutiveFailures: number
    /** Since when every attempt has failed; null after a success. */
    failingSince: Instant | null
    /** Last four characters of the secret in force. */
    secretEnd: string
    createdAt: Instant
    updatedAt: Instant
  }>

/** Whose endpoints a caller may see and change. */
export type EndpointScope = Readonly<{
  organizationId: Id<'organization'>
  surface: WebhookSurface
  environment?: 'live' | 'test'
  businessId?: Id<'business'>
}>

/** Every event of the surface, also those that later releases add. */
export const everyEvent = '*'

/** Source: platform specification 13.2; Connect specification 21.1. */
export const headersMax = 10
export const companyTagsMax = 10
export const companyTagCharactersMax = 128
export const overlapHoursDefault = 24
export const overlapHoursMax = 168

/** Whether an endpoint wants events of this type. */
export const isWanted = ({ events }: Pick<Endpoint, 'events'>, type: string): boolean =>
  events.includes(everyEvent) || events.includes(type)

/** Whether a company with these tags passes the endpoint's filter; events without one pass. */
export const hasWantedTag = (
  { companyTags }: Pick<Endpoint, 'companyTags'>,
  tags: Readonly<Record<string, string>> | undefined,
): boolean =>
  companyTags.length === 0 ||
  tags === undefined ||
  Object.entries(tags).some(([key, value]) => companyTags.includes(`${key}:${value}`))

/**
 * The event types without repetitions, each of them known to the surface.
 * Refuses: webhooks.event_unknown, naming the first that is not.
 */
export function requireEvents(
  events: readonly string[],
  known: readonly string[],
): readonly string[] {
  for (const event of events) {
    if (event !== everyEvent && !known.includes(event)) {
      throw new Refusal('webhooks.event_unknown', { event })
    }
  }
  return [...new Set(events)]
}

const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/
const headerValue = /^[\x20-\x7e]{0,1024}$/
const reservedName =
  /^(x-)?webhook-|^(host|content-.*|connection|transfer-encoding|te|trailer|upgrade|expect|keep-alive|user-agent|accept-encoding|proxy-.*)$/

/**
 * Static headers by lower-case name, none of them one that we set.
 * Refuses: validation.failed.
 */
export function requireHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  )
  const isFine =
    entries.length <= headersMax &&
    entries.every(([name, value]) => {
      return headerName.test(name) && !reservedName.test(name) && headerValue.test(value)
    })
  if (!isFine) {
    const message = `must be at most ${headersMax} headers that are not set by us`
    const issue = { pointer: '/headers', path: 'headers', rule: 'pattern', message } as const
    throw new Refusal('validation.failed', { issues: [issue] })
  }
  return Object.fromEntries(entries)
}

/** Where the secrets of an endpoint are sealed to. */
export const placeOfSecret = (organizationId: string, secretId: string): SecretPlace => ({
  table: 'endpoint_secret',
  column: 'sealed',
  organizationId,
  rowId: secretId,
})

type Owned = Pick<Endpoint, 'organizationId' | 'id'>

export const placeOfHeaders = ({ organizationId, id }: Owned): SecretPlace => ({
  table: 'endpoint',
  column: 'sealed_headers',
  organizationId,
  rowId: id,
})

export const placeOfSeed = ({ organizationId, id }: Owned): SecretPlace => ({
  table: 'endpoint',
  column: 'sealed_seed',
  organizationId,
  rowId: id,
})
