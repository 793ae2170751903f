import { type CalendarDate, type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

export type MailPurpose = 'invoice' | 'quotation'

/**
 * `queued` waits for a worker. The others are final: handed to the mail server, given up, or kept
 * and not sent because no mail server is set up, or because a test business may not write there.
 */
export type MailState = 'queued' | 'sent' | 'failed' | 'suppressed'

export const mailStates = ['queued', 'sent', 'failed', 'suppressed'] as const

/** What a message says, frozen when it is queued. `amount` is in major units. */
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

/** A message to one address, as it stands in the log. */
export type MailMessage = Readonly<{
  id: string
  businessId: Id<'business'>
  documentId: Id<'document'>
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

/** Addresses compare in lower case. */
export const toAddress = (email: string): string => email.trim().toLowerCase()

/** Whether a text may stand in the head of a message: a line break would begin another header. */
export const isHeaderText = (text: string): boolean => !/[\p{Cc}\u2028\u2029]/u.test(text)

/** Whether a test business may write to an address; `*` in a pattern stands for anything. */
export const isAllowedAddress = (address: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const parts = toAddress(pattern).split('*')
    const text = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')
    return new RegExp(`^${text}$`).test(toAddress(address))
  })
