import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { assert } from '../kernel/assert.ts'
import type { SecretPlace } from '../kernel/secret-place.ts'

const format = 0x01
const keyVersion = 1
const nonceBytes = 12
const tagBytes = 16
const headBytes = 3

/**
 * Seals bytes for one column of one row: `0x01`, version of the key in two bytes, nonce,
 * ciphertext, tag (AES-256-GCM).
 * Source: platform specification 16, "Field format".
 */
export function sealSecret(masterKey: Uint8Array, place: SecretPlace, secret: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', dataKeyOf(masterKey, place), nonce)
  cipher.setAAD(toAad(place))
  const head = Buffer.from([format, keyVersion >> 8, keyVersion & 0xff])
  return Buffer.concat([head, nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
}

/** What was sealed in this place. Throws when a byte, the place or the key is another. */
export function openSecret(masterKey: Uint8Array, place: SecretPlace, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed)
  assert(bytes.length >= headBytes + nonceBytes + tagBytes, 'a sealed secret has all its parts')
  assert(bytes[0] === format && bytes.readUInt16BE(1) === keyVersion, 'a known format and key')
  const nonce = bytes.subarray(headBytes, headBytes + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', dataKeyOf(masterKey, place), nonce, {
    authTagLength: tagBytes,
  })
  decipher.setAAD(toAad(place))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const text = bytes.subarray(headBytes + nonceBytes, -tagBytes)
  return Buffer.concat([decipher.update(text), decipher.final()])
}

/** The key of an organization's fields, derived from the master key. */
const dataKeyOf = (masterKey: Uint8Array, { organizationId }: SecretPlace): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', masterKey, organizationId, `field/v${keyVersion}`, 32))

const toAad = ({ table, column, organizationId, rowId }: SecretPlace): Buffer =>
  Buffer.from(`${table}|${column}|${organizationId}|${rowId}`)
