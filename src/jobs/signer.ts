import { createHmac, createPrivateKey, sign } from 'node:crypto'
import { eventId } from '../kernel/ids.ts'
import type { WebhookSurface } from '../modules/webhooks/endpoint.ts'
import { signAsymmetric, signInvoicing, signStandard } from '../modules/webhooks/signature.ts'

/** What one attempt says about itself. */
export type Envelope = Readonly<{
  surface: WebhookSurface
  /** Plain uuid of the event. */
  event: string
  eventType: string
  /** Plain uuid of this attempt; the same only when nobody knows how it ended. */
  attempt: string
  deliveryId: string
  /** Seconds since 1970. */
  timestamp: number
  body: Uint8Array
  /** Secrets that sign, the one in force first. */
  secrets: readonly string[]
  seed?: Uint8Array
}>

export const userAgent = 'Tallystick-Webhooks/1'

/**
 * The headers of one attempt in the dress of its surface.
 * Source: platform specification 13.1; Invoicing specification 13.4; Books specification 22;
 * Connect specification 21.2.
 */
export function toSignedHeaders(envelope: Envelope): Readonly<Record<string, string>> {
  const common = { 'content-type': 'application/json', 'user-agent': userAgent }
  return envelope.surface === 'invoicing'
    ? { ...common, ...toInvoicingHeaders(envelope) }
    : { ...common, ...toStandardHeaders(envelope) }
}

function toInvoicingHeaders({ event, eventType, attempt, timestamp, body, secrets }: Envelope) {
  return {
    'X-Webhook-ID': attempt,
    'X-Webhook-Event-ID': eventId(event),
    'X-Webhook-Timestamp': `${timestamp}`,
    'X-Webhook-Signature': signInvoicing(secrets[0] ?? '', { timestamp, body }, hmac),
    'X-Webhook-Event': eventType,
  }
}

/** A message of Connect is a delivery, a message of Books is an event. */
function toStandardHeaders(envelope: Envelope) {
  const { surface, event, deliveryId, timestamp, body, secrets, seed } = envelope
  const id = surface === 'books' ? eventId(event) : `msg_${deliveryId.replaceAll('-', '')}`
  const signing = { id, timestamp, body }
  const asymmetric = seed === undefined ? [] : [signAsymmetric(seed, signing, ed25519)]
  return {
    'webhook-id': id,
    'webhook-timestamp': `${timestamp}`,
    'webhook-signature': [signStandard(secrets, signing, hmac), ...asymmetric].join(' '),
  }
}

const hmac = (key: Uint8Array, message: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(message).digest()

/** The frame that a bare seed stands in as a key of PKCS #8. Source: RFC 8410, 7. */
const seedFrame = Buffer.from('302e020100300506032b657004220420', 'hex')

const ed25519 = (seed: Uint8Array, message: Uint8Array): Uint8Array =>
  sign(null, message, createPrivateKey(toPrivateKey(seed)))

/** A bare seed as a private key of ed25519. */
export const toPrivateKey = (seed: Uint8Array) =>
  ({ key: Buffer.concat([seedFrame, seed]), format: 'der', type: 'pkcs8' }) as const
