import { assert } from './assert.ts'
import { Refusal } from './errors.ts'

/** A lower-case UUID that names one kind of thing; ids of different kinds do not mix. */
export type Id<K extends string> = string & { readonly __id: K }

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const base32Alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const base32Pattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/

/** A UUID in its usual form, in any case and of any version. */
export const isUuid = (text: string): boolean => uuidPattern.test(text)

/**
 * Reads an id from a caller, in any case.
 * Refuses: request.id_malformed.
 */
export function parseId<K extends string>(_kind: K, text: string, name = 'id'): Id<K> {
  if (!isUuid(text)) {
    throw new Refusal('request.id_malformed', { name })
  }
  return text.toLowerCase() as Id<K>
}

/** Brands a text that our own code knows to be a UUID. Refuses: nothing; anything else is our bug. */
export function asId<K extends string>(_kind: K, text: string): Id<K> {
  assert(isUuid(text), 'ids of our own making are UUIDs')
  return text.toLowerCase() as Id<K>
}

/**
 * A UUID of version 7: 48 bits of time, then randomness, so that ids sort by the millisecond they
 * were made in.
 *
 * unixMs  milliseconds since 1970, 0 to 2^48 - 1
 * random  10 bytes, of which 74 bits are used
 * Source: RFC 9562, 5.7.
 */
export function uuidV7(unixMs: number, random: Uint8Array): string {
  assert(Number.isSafeInteger(unixMs) && unixMs >= 0 && unixMs < 2 ** 48, 'time fits 48 bits')
  assert(random.length === 10, 'ten random bytes')
  const time = unixMs.toString(16).padStart(12, '0')
  const hex = (index: number): string => byteHex[random[index] ?? 0] ?? ''
  const version = byteHex[0x70 | ((random[0] ?? 0) & 0x0f)] ?? ''
  const variant = byteHex[0x80 | ((random[2] ?? 0) & 0x3f)] ?? ''
  const node = hex(4) + hex(5) + hex(6) + hex(7) + hex(8) + hex(9)
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${hex(1)}-${variant}${hex(3)}-${node}`
}

const byteHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * The form of an id on Books: prefix, underscore, 26 lower-case Crockford base32 characters of the
 * 128 bits, padded on the left. Example: `je_01jygw4000e008000000002002`.
 */
export const toPrefixed = (prefix: string, id: string): string => `${prefix}_${toBase32(id)}`

/**
 * The UUID behind a prefixed id or a plain UUID; `undefined` for any other text, another prefix
 * included. Case does not matter.
 */
export function parsePrefixed(prefix: string, text: string): string | undefined {
  const lower = text.toLowerCase()
  if (isUuid(lower)) {
    return lower
  }
  const digits = lower.startsWith(`${prefix}_`) ? lower.slice(prefix.length + 1) : ''
  return base32Pattern.test(digits) ? fromBase32(digits) : undefined
}

/** The form of an event's id on the wire: `evt_` and 32 hexadecimal digits. */
export const eventId = (uuid: string): string => `evt_${uuid.replaceAll('-', '')}`

function toBase32(uuid: string): string {
  assert(isUuid(uuid), 'only UUIDs have a prefixed form')
  const hex = uuid.replaceAll('-', '')
  return pairOf(Number.parseInt(hex.slice(0, 2), 16)) + base32Of(hex.slice(2))
}

/** Crockford's base 32, in lower case, of hexadecimal digits in groups of five. */
export function base32Of(hex: string): string {
  let text = ''
  for (let start = 0; start < hex.length; start += 5) {
    const bits = Number.parseInt(hex.slice(start, start + 5), 16)
    text += pairOf(bits >> 10) + pairOf(bits & 1_023)
  }
  return text
}

/** Two digits for each number of ten bits. */
const pairs = Array.from({ length: 1_024 }, (_, bits) =>
  [bits >> 5, bits & 31].map((digit) => base32Alphabet[digit]).join(''),
)

const pairOf = (bits: number): string => pairs[bits] ?? ''

function fromBase32(digits: string): string {
  let bits = 0n
  for (const digit of digits) {
    bits = bits * 32n + BigInt(base32Alphabet.indexOf(digit))
  }
  return dashed(bits.toString(16).padStart(32, '0'))
}

const dashed = (hex: string): string =>
  [0, 8, 12, 16, 20].map((start, i) => hex.slice(start, [8, 12, 16, 20, 32][i])).join('-')
