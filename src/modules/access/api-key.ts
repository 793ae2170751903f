import { assert } from '../../kernel/assert.ts'
import {
  addDays,
  dateIn,
  type Instant,
  instantFromMs,
  msOf,
  parseInstant,
} from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'

/** The three public APIs. A key belongs to exactly one. */
export type Surface = 'invoicing' | 'books' | 'connect'

/** Live data or test data; fixed for the life of a key and of a business. */
export type Environment = 'live' | 'test'

/** What may end the life of a key. Null: it has not happened, or never will. */
export type KeyState = Readonly<{
  expiresAt: Instant | null
  revokedAt: Instant | null
  disabledAt: Instant | null
  overlapUntil: Instant | null
}>

/** Random bytes that `generateKey` wants: enough for 34 unbiased base62 digits. */
export const keyRandomBytes = 96

/** Characters of a key's name, and networks it may be used from. */
export const keyNameMax = 50
export const keyNetworksMax = 20

/** Days that a Books key lives (D); other keys may be given up to ten years. */
export const booksKeyDays = 90
export const keyDaysMax = 3_650

/** Hours that a rotated key goes on working. */
export const overlapHoursMax = 168
export const overlapHoursDefault = 24

const dayMs = 86_400_000

/** Days before its end that the owner of a key is reminded of it, the earliest first. */
export const reminderDays = [14, 7, 1] as const

/** The reminder that is due at an instant; undefined when the end is far, or over. */
export function reminderOf(expiresAt: Instant | null, now: Instant): number | undefined {
  if (expiresAt === null || expiresAt <= now) return undefined
  const leftMs = msOf(expiresAt) - msOf(now)
  return reminderDays.findLast((days) => leftMs <= days * dayMs)
}

const hexDigits = '0123456789abcdef'
const base62Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

type Shape = Readonly<{ prefix: string; body: number; checksum: number; digits: string }>

const invoicingShape: Shape = { prefix: 'oim_', body: 56, checksum: 8, digits: hexDigits }
const booksLiveShape: Shape = { prefix: 'live_sk_', body: 40, checksum: 8, digits: hexDigits }
const booksTestShape: Shape = { prefix: 'test_sk_', body: 40, checksum: 8, digits: hexDigits }
const connectShape: Shape = { prefix: '', body: 34, checksum: 6, digits: base62Digits }

const patternBySurface: Readonly<Record<Surface, RegExp>> = {
  invoicing: /^oim_[0-9a-f]{64}$/,
  books: /^(live|test)_sk_[0-9a-f]{48}$/,
  connect: /^[0-9A-Za-z]{40}$/,
}

const surfaces: readonly Surface[] = ['invoicing', 'books', 'connect']

/**
 * A new key as its holder will see it, once.
 *
 * random   `keyRandomBytes` bytes of the system's randomness
 * Refuses: nothing; too few bytes are our bug.
 * Source: platform specification 3.1.
 */
export function generateKey(
  surface: Surface,
  environment: Environment,
  random: Uint8Array,
): string {
  const shape = shapeOf(surface, environment)
  const text = shape.prefix + drawDigits(shape, random)
  return text + checksumOf(text, shape)
}

/**
 * A text that has the shape and the checksum of a key of this surface; known or not is for the
 * database to say. Given back for chaining.
 * Refuses, in this order: key.wrong_surface, key.format_invalid, key.checksum_invalid.
 * Source: platform specification 3.1.
 */
export function parseKeyText(surface: Surface, text: string): string {
  if (!patternBySurface[surface].test(text)) {
    const owner = surfaces.find((other) => patternBySurface[other].test(text))
    throw new Refusal(owner === undefined ? 'key.format_invalid' : 'key.wrong_surface')
  }
  if (!isWhole(surface, text)) throw new Refusal('key.checksum_invalid')
  return text
}

/** Whether the checksum of a text in the shape of a key is right. */
function isWhole(surface: Surface, text: string): boolean {
  const shape = shapeOf(surface, environmentOfKey(text))
  const end = text.length - shape.checksum
  return checksumOf(text.slice(0, end), shape) === text.slice(end)
}

/** Runs of characters that a key, or a Connect key in base 64, may be. */
const keyRun = /[0-9A-Za-z_+/=]{40,}/g
const keyInRun: readonly (readonly [Surface, RegExp])[] = [
  ['invoicing', /oim_[0-9a-f]{64}/g],
  ['books', /(?:live|test)_sk_[0-9a-f]{48}/g],
  ['connect', /(?<![0-9A-Za-z])[0-9A-Za-z]{40}(?![0-9A-Za-z])/g],
]

/** A key that stands in a text. */
export type FoundKey = Readonly<{ surface: Surface; text: string }>

/**
 * Keys in a text, as their checksums tell: digests and other runs of digits are none. A Connect key
 * is also known as it stands in a header of Basic authorization, when `decode` can undo base 64.
 */
export function findKeys(text: string, decode: (base64: string) => string): readonly FoundKey[] {
  const runs = text.match(keyRun) ?? []
  const texts = runs.flatMap((run) => [run, /^[0-9A-Za-z+/]{52,}=*$/.test(run) ? decode(run) : ''])
  return texts.flatMap((run) =>
    keyInRun.flatMap(([surface, shape]) =>
      (run.match(shape) ?? [])
        .filter((found) => isWhole(surface, found))
        .map((found) => ({ surface, text: found })),
    ),
  )
}

/** The environment that a key's prefix names; keys of surfaces without one are live. */
export const environmentOfKey = (text: string): Environment =>
  text.startsWith(booksTestShape.prefix) ? 'test' : 'live'

/** The characters that lists may show. Source: platform specification 3.1. */
export function visibleParts(
  surface: Surface,
  text: string,
): Readonly<{ start: string; end: string }> {
  if (surface === 'invoicing') return { start: text.slice(0, 12), end: '' }
  if (surface === 'books') return { start: text.slice(0, 12), end: text.slice(-4) }
  return { start: text.slice(0, 4), end: text.slice(-4) }
}

/**
 * A key that may be used at this instant.
 * Refuses, in this order: key.revoked, key.disabled, key.rotated_out, key.expired.
 * Source: platform specification 3.4; the instant of an end is the first one refused.
 */
export function requireUsableKey(state: KeyState, now: Instant): void {
  if (hasPassed(state.revokedAt, now)) throw new Refusal('key.revoked')
  if (hasPassed(state.disabledAt, now)) throw new Refusal('key.disabled')
  if (hasPassed(state.overlapUntil, now)) throw new Refusal('key.rotated_out')
  if (hasPassed(state.expiresAt, now)) throw new Refusal('key.expired')
}

/** Whether a key counts against the cap of its plan: in force, and not rotated. */
export const isCounted = (state: KeyState, now: Instant): boolean =>
  !hasPassed(state.revokedAt, now) &&
  !hasPassed(state.disabledAt, now) &&
  !hasPassed(state.expiresAt, now) &&
  state.overlapUntil === null

const hasPassed = (at: Instant | null, now: Instant): boolean => at !== null && at <= now

/** Scopes that a key may be made with; the first is the default. Books has none. */
export const scopesBySurface: Readonly<Record<Surface, readonly string[]>> = {
  invoicing: ['all', 'read', 'write', 'webhooks'],
  books: [],
  connect: ['full', 'read', 'push', 'manage'],
}

/**
 * Scopes that a key of this surface may have.
 * Refuses: validation.failed.
 */
export function requireScopes(surface: Surface, scopes: readonly string[]): void {
  const known = scopesBySurface[surface]
  if (scopes.every((scope) => known.includes(scope))) return
  const message = known.length === 0 ? 'must be empty' : `must be one of: ${known.join(', ')}`
  const issue = { pointer: '/scope', path: 'scope', rule: 'enum', message } as const
  throw new Refusal('validation.failed', { issues: [issue] })
}

/** What each scope opens besides itself. Source: platform specification 3.3. */
const openedBy: Readonly<Record<string, readonly string[]>> = {
  all: ['read', 'write', 'webhooks'],
  write: ['read'],
  full: ['read', 'push', 'manage'],
  push: ['read'],
  manage: ['read'],
}

/** Whether a key with these scopes may use a route of that scope; a route without one is open. */
export const hasScope = (granted: readonly string[], required: string | null): boolean =>
  required === null ||
  granted.some((scope) => scope === required || openedBy[scope]?.includes(required) === true)

/**
 * When a key made now ends; the instant itself is refused.
 *
 * Books      so many days after creation, 1 to 90; 90 when unsaid (D)
 * others     never when unsaid; Invoicing keys work through the last millisecond of their last day
 * Refuses: key.expiry_invalid.
 * Source: platform specification 3.4.
 */
export function expiryOf(
  surface: Surface,
  now: Instant,
  expiresInDays: number | undefined,
): Instant | null {
  const maxDays = surface === 'books' ? booksKeyDays : keyDaysMax
  const days = expiresInDays ?? (surface === 'books' ? booksKeyDays : undefined)
  if (days === undefined) return null
  if (!Number.isInteger(days) || days < 1 || days > maxDays) {
    throw new Refusal('key.expiry_invalid', { maxDays })
  }
  if (surface === 'invoicing') {
    const lastDay = addDays(dateIn(now, 'UTC'), days)
    return parseInstant(`${addDays(lastDay, 1)}T00:00:00.000Z`)
  }
  return instantFromMs(msOf(now) + days * 86_400_000)
}

/**
 * A key ends in the future, and within the life that keys of its surface may have.
 * Refuses: key.expiry_invalid.
 */
export function requireExpiry(surface: Surface, now: Instant, expiresAt: Instant | null): void {
  if (expiresAt === null) return
  const maxDays = surface === 'books' ? booksKeyDays : keyDaysMax
  const latest = instantFromMs(msOf(now) + (maxDays + 1) * 86_400_000)
  if (expiresAt <= now || expiresAt > latest) throw new Refusal('key.expiry_invalid', { maxDays })
}

/**
 * When a key rotated now stops working.
 * Refuses: key.overlap_invalid.
 * Source: platform specification 3.4.
 */
export function overlapEnd(now: Instant, overlapHours: number): Instant {
  if (!Number.isInteger(overlapHours) || overlapHours < 0 || overlapHours > overlapHoursMax) {
    throw new Refusal('key.overlap_invalid', { maxHours: overlapHoursMax })
  }
  return instantFromMs(msOf(now) + overlapHours * 3_600_000)
}

function shapeOf(surface: Surface, environment: Environment): Shape {
  if (surface === 'invoicing') return invoicingShape
  if (surface === 'connect') return connectShape
  return environment === 'live' ? booksLiveShape : booksTestShape
}

/** One digit per byte; bytes beyond the last whole multiple of the alphabet are passed over. */
function drawDigits({ digits, body }: Shape, random: Uint8Array): string {
  const bound = 256 - (256 % digits.length)
  let text = ''
  for (const byte of random) {
    if (byte < bound && text.length < body) text += digits.charAt(byte % digits.length)
  }
  assert(text.length === body, 'a key gets enough random bytes')
  return text
}

function checksumOf(text: string, { checksum, digits }: Shape): string {
  let rest = crc32(text)
  let written = ''
  for (let place = 0; place < checksum; place += 1) {
    written = digits.charAt(rest % digits.length) + written
    rest = Math.floor(rest / digits.length)
  }
  return written
}

const crcTable = Uint32Array.from({ length: 256 }, (_unused, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc >>> 0
})

/** CRC-32 of ASCII text, unsigned. Source: IEEE 802.3. */
function crc32(text: string): number {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i += 1) {
    crc = (crc >>> 8) ^ (crcTable[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
