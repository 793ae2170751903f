import { type CalendarDate, type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import type { FieldPlace } from '../../kernel/secret-place.ts'

/** Messages that bring a document to its customer. */
export type DocumentPurpose = 'invoice' | 'quotation'

/**
 * `queued` waits for a worker. The others are final: handed to the mail server, given up, or kept
 * and not sent because no mail server is set up, or because a test business may not write there.
 */
export type MailState = 'queued' | 'sent' | 'failed' | 'suppressed'

export const mailStates = ['queued', 'sent', 'failed', 'suppressed'] as const

/** What the message of a document says, frozen when it is queued. `amount` is in major units. */
export type MailFacts = Readonly<{
  to: readonly string[]
  cc: readonly string[]
  /** What the sender writes instead of our subject. */
  subject: string | null
  /** What the sender adds in words of its own. */
  message: string | null
  language: string
  seller: string
  replyTo: string | null
  buyer: string
  number: string
  currency: string
  amount: string
  dueDate: CalendarDate | null
  /** Of the link to the document's page. */
  generation: number
  hasPdf: boolean
}>

/** What the owner of an organization is told; `left` is in major units of the asset. */
export type Notice =
  | Readonly<{
      purpose: 'key_expiry'
      facts: Readonly<{
        surface: string
        environment: string
        name: string
        /** How the key begins and ends. */
        shown: string
        days: number
        expiresAt: Instant
      }>
    }>
  | Readonly<{
      purpose: 'credits_low'
      facts: Readonly<{ asset: string; left: string; share: string; isOver: boolean }>
    }>
  | Readonly<{
      purpose: 'webhook_trouble'
      facts: Readonly<{ kind: 'disabled' | 'given_up' | 'quota'; url: string }>
    }>

export type DocumentLetter = Readonly<{ purpose: DocumentPurpose; facts: MailFacts }>

/** What a message says, by what it is for; a notice names the organization that it is about. */
export type Letter = DocumentLetter | (Notice & Readonly<{ organization: string }>)

export type MailPurpose = Letter['purpose']

/** What of a message lies sealed: the address, in lower case, and what it says. */
export type OpenedMail = Readonly<{ recipient: string; letter: Letter }>

export const parseMail = (opened: Uint8Array): OpenedMail =>
  JSON.parse(new TextDecoder().decode(opened)) as OpenedMail // what `mail-message.db.ts` has sealed

/** Where a message lies sealed. */
export const placeOfMessage = (messageId: string): FieldPlace => ({
  table: 'mail_message',
  column: 'sealed',
  rowId: messageId,
})

/** Where an address that takes no mail lies sealed. */
export const placeOfStop = (stopId: string): FieldPlace => ({
  table: 'mail_stop',
  column: 'sealed',
  rowId: stopId,
})

/** An address that takes no mail, and what its server said. */
export type MailStop = Readonly<{ address: string; reason: string; createdAt: Instant }>

/** A message to one address, as it stands in the log. */
export type MailMessage = Readonly<{
  id: string
  /** The business, or the organization whose owner is written to. */
  tenantId: string
  /** The document, key, endpoint or organization that it is about. */
  aboutId: string
  purpose: MailPurpose
  sendNo: number
  recipient: string
  state: MailState
  attempts: number
  dueAt: Instant | null
  /** What the mail server said last, or why nothing was sent. */
  reply: string | null
  sizeBytes: number | null
  createdAt: Instant
  finishedAt: Instant | null
}>

const minuteMs = 60_000

/** Source: documents specification 7. */
export const mailBounds = {
  recipientsMax: 20,
  /** Of one document and one day (UTC). */
  perDocumentMax: 100,
  attachmentBytesMax: 10 * 1024 * 1024,
  replyMax: 1_000,
} as const

/** The wait after the first failure, after the second, and so on: five attempts over six hours. */
const delaysMs = [1, 9, 50, 300].map((minutes) => minutes * minuteMs)

/** When the next attempt is due after one that ended now; undefined when it was the last. */
export function nextMailAttempt(attempt: number, now: Instant): Instant | undefined {
  const delayMs = delaysMs[attempt - 1]
  return delayMs === undefined ? undefined : instantFromMs(msOf(now) + delayMs)
}

/** Addresses compare in lower case, composed. */
export const toAddress = (email: string): string => email.normalize('NFC').trim().toLowerCase()

/** Whether a text may stand in the head of a message: a line break would begin another header. */
export const isHeaderText = (text: string): boolean => !/[\p{Cc}\u2028\u2029]/u.test(text)

/** Whether a test business may write to an address; `*` in a pattern stands for anything. */
export const isAllowedAddress = (address: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const text = toAddress(pattern).split('*').map(toLiteral).join('.*')
    return new RegExp(`^${text}$`).test(toAddress(address))
  })

/** What a mail server said, without the address it was asked about. */
export const withoutAddress = (said: string, address: string): string =>
  said.replace(new RegExp(toLiteral(address), 'gi'), '[address]')

const toLiteral = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
