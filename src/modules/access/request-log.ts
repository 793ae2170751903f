import type { Instant } from '../../kernel/dates.ts'
import type { SecretPlace } from '../../kernel/secret-place.ts'

/** Characters of a kept body, after secrets were taken out. Source: platform specification 10. */
export const loggedBodyMax = 8_192

/** A request as it was answered. Times are microseconds; none of its texts holds a secret. */
export type LoggedRequest = Readonly<{
  requestId: string
  at: Instant
  /** Null: nobody knows who called. */
  organizationId: string | null
  businessId: string | null
  keyId: string | null
  clientRequestId: string | null
  surface: string
  operation: string | null
  method: string
  path: string
  status: number
  errorCode: string | null
  durationUs: number
  dbUs: number
  waitUs: number
  bytesIn: number
  bytesOut: number
  address: string
  userAgent: string | null
  idempotency: 'none' | 'first' | 'replayed'
  chargeState: 'none' | 'settled' | 'released'
}>

/** A row, and what was said, sealed; null where nothing is kept of it. */
export type KeptRequest = LoggedRequest & Readonly<{ sealed: Buffer | null }>

/** First and last of the ids that a text can stand for. */
export type RequestIds = Readonly<{ first: string; last: string }>

/** Where the bodies of a request lie sealed. */
export const placeOfRequest = (organizationId: string | null, requestId: string): SecretPlace => ({
  ...{ table: 'request_log', column: 'sealed', rowId: requestId },
  organizationId: organizationId ?? noOrganization,
})

const noOrganization = '00000000-0000-0000-0000-000000000000'

const crockford = '0123456789abcdefghjkmnpqrstvwxyz'
const uuidPattern = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i

/**
 * A request id in any of its forms: the UUID with or without hyphens, or `req_` and the first 80
 * bits of it in base 32. Undefined for any other text.
 */
export function parseRequestId(text: string): RequestIds | undefined {
  if (uuidPattern.test(text)) {
    const id = toUuid(text.toLowerCase().replaceAll('-', ''))
    return { first: id, last: id }
  }
  const short = /^req_([0-9a-hjkmnp-tv-z]{16})$/i.exec(text)?.[1]?.toLowerCase()
  if (short === undefined) return undefined
  const bits = [...short].map((digit) => crockford.indexOf(digit).toString(2).padStart(5, '0'))
  const hex = bits.join('').replaceAll(/.{4}/g, (four) => Number.parseInt(four, 2).toString(16))
  return { first: toUuid(hex.padEnd(32, '0')), last: toUuid(hex.padEnd(32, 'f')) }
}

const toUuid = (hex: string): string =>
  [[0, 8] as const, [8, 12] as const, [12, 16] as const, [16, 20] as const, [20, 32] as const]
    .map(([from, to]) => hex.slice(from, to))
    .join('-')
