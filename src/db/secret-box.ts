import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { assert } from '../kernel/assert.ts'
import type { SecretPlace } from '../kernel/secret-place.ts'

const format = 0x01
const nonceBytes = 12
const tagBytes = 16
const headBytes = 3

/** A key and its number, which stands in front of what it seals. */
type VersionedKey = Readonly<{ version: number; key: Uint8Array }>

/**
 * Seals bytes for one column of one row: `0x01`, version of the key in two bytes, nonce,
 * ciphertext, tag (AES-256-GCM).
 * Source: platform specification 16, "Field format".
 */
export function sealField(
  { version, key }: VersionedKey,
  place: SecretPlace,
  clear: Uint8Array,
): Buffer {
  return Buffer.concat([
    Buffer.from([format, version >> 8, version & 0xff]),
    encrypt(key, toAad(place), clear),
  ])
}

/** What was sealed in this place. Throws when a byte, the place or the key is another. */
export const openField = (key: Uint8Array, place: SecretPlace, sealed: Uint8Array): Buffer =>
  decrypt(key, toAad(place), Buffer.from(sealed).subarray(headBytes))

/** Number of the key that sealed a field. */
export function versionOf(sealed: Uint8Array): number {
  const [first, high = 0, low = 0] = sealed
  assert(sealed.length >= headBytes + nonceBytes + tagBytes, 'a sealed field has all its parts')
  assert(first === format, 'a sealed field has a known format')
  return high * 256 + low
}

/** Nonce, ciphertext and tag of AES-256-GCM. */
export function encrypt(key: Uint8Array, aad: Uint8Array, clear: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()])
}

/** What `encrypt` was given. Throws when a byte, the key or what it was bound to is another. */
export function decrypt(key: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed)
  assert(bytes.length >= nonceBytes + tagBytes, 'sealed bytes have all their parts')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(aad)
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
}

/** Version of fields under a key that follows from the installation's own secret. */
const derivedVersion = 0
/** Derived keys that a box keeps at once: a key takes longer to derive than a field to seal. */
const keptMax = 10_000

/**
 * Seals for a place that no organization may own, such as a call that nobody was known in. Its key
 * is derived from the installation's secret and outlives the organization's own keys.
 */
export class SecretBox {
  readonly #root: Uint8Array
  readonly #keyOf = new Map<string, Uint8Array>()

  constructor(root: Uint8Array) {
    this.#root = root
  }

  seal(place: SecretPlace, secret: Uint8Array): Buffer {
    return sealField({ version: derivedVersion, key: this.#derived(place) }, place, secret)
  }

  /** What `seal` was given. Throws when a byte, the place or the key is another. */
  open(place: SecretPlace, sealed: Uint8Array): Buffer {
    assert(versionOf(sealed) === derivedVersion, 'it was sealed under a derived key')
    return openField(this.#derived(place), place, sealed)
  }

  #derived({ organizationId }: SecretPlace): Uint8Array {
    const known = this.#keyOf.get(organizationId)
    if (known !== undefined) return known
    const key = new Uint8Array(hkdfSync('sha256', this.#root, organizationId, 'field/v0', 32))
    const [oldest] = this.#keyOf.keys()
    if (this.#keyOf.size >= keptMax && oldest !== undefined) this.#keyOf.delete(oldest)
    this.#keyOf.set(organizationId, key)
    return key
  }
}

/** Seals one field, as a box of this secret does. */
export const sealSecret = (root: Uint8Array, place: SecretPlace, secret: Uint8Array): Buffer =>
  new SecretBox(root).seal(place, secret)

/** Opens one field that a box of this secret has sealed. Throws as the box does. */
export const openSecret = (root: Uint8Array, place: SecretPlace, sealed: Uint8Array): Buffer =>
  new SecretBox(root).open(place, sealed)

const toAad = ({ table, column, organizationId, rowId }: SecretPlace): Buffer =>
  Buffer.from(`${table}|${column}|${organizationId}|${rowId}`)
