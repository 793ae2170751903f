/** HMAC-SHA-256 of a message under a key, 32 bytes. */
export type Hmac = (key: Uint8Array, message: Uint8Array) => Uint8Array

/** Signature of a message by a private key of ed25519 (a seed of 32 bytes), 64 bytes. */
export type Ed25519 = (seed: Uint8Array, message: Uint8Array) => Uint8Array

/** Random bytes of a secret. */
export const secretBytes = 32

export type Signing = Readonly<{
  /** What the receiver sees as the id of the message. */
  id: string
  /** Seconds since 1970 of this attempt. */
  timestamp: number
  body: Uint8Array
}>

/** The secret of an Invoicing endpoint as its owner sees it: 64 lower-case hexadecimal digits. */
export const toInvoicingSecret = (random: Uint8Array): string => toHex(random)

/** The secret of a Books or Connect endpoint as its owner sees it: `whsec_` and base64. */
export const toStandardSecret = (random: Uint8Array): string => `${prefix}${toBase64(random)}`

/**
 * Lower-case hexadecimal HMAC-SHA-256 of `<timestamp>.<body>` under the text of the secret.
 * Source: Invoicing specification 13.4.
 */
export function signInvoicing(
  secret: string,
  { timestamp, body }: Omit<Signing, 'id'>,
  hmac: Hmac,
): string {
  return toHex(hmac(utf8.encode(secret), joined(`${timestamp}.`, body)))
}

/**
 * Signatures of Standard Webhooks over `<id>.<timestamp>.<body>`, separated by spaces: one `v1` per
 * secret in force, in the order given.
 *
 * secrets  `whsec_` and base64 each; the key is the decoded bytes
 * Source: Standard Webhooks specification; platform specification 13.1.
 */
export function signStandard(
  secrets: readonly string[],
  { id, timestamp, body }: Signing,
  hmac: Hmac,
): string {
  const message = joined(`${id}.${timestamp}.`, body)
  return secrets
    .map((secret) => `v1,${toBase64(hmac(fromBase64(secret.slice(prefix.length)), message))}`)
    .join(' ')
}

/** The asymmetric signature of Standard Webhooks, `v1a`, over the same message. */
export function signAsymmetric(
  seed: Uint8Array,
  { id, timestamp, body }: Signing,
  ed25519: Ed25519,
): string {
  return `v1a,${toBase64(ed25519(seed, joined(`${id}.${timestamp}.`, body)))}`
}

/** A secret as lists show it: its prefix and its last four characters. */
export const toMasked = (secretEnd: string): string => `${prefix}****${secretEnd}`

const prefix = 'whsec_'
const utf8 = new TextEncoder()

function joined(head: string, body: Uint8Array): Uint8Array {
  const start = utf8.encode(head)
  const message = new Uint8Array(start.length + body.length)
  message.set(start)
  message.set(body, start.length)
  return message
}

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** In base64 with padding, as keys and signatures of Standard Webhooks are written. */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
