import type { Instant } from '../../kernel/dates.ts'
import { instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { redactText } from '../../kernel/redact.ts'
import type { FieldPlace } from '../../kernel/secret-place.ts'
import type { WebhookSurface } from './endpoint.ts'

/**
 * `pending` and `deferred` are still to be sent, `deferred` because of an hourly quota; the others
 * are final: delivered, given up (`failed`), or not sent because the endpoint was disabled, its
 * queue too long, or its retries were called off.
 */
export type DeliveryState =
  | 'pending'
  | 'deferred'
  | 'delivered'
  | 'failed'
  | 'dropped_disabled'
  | 'dropped_quota'
  | 'canceled'

export const deliveryStates: readonly DeliveryState[] = [
  'pending',
  'deferred',
  'delivered',
  'failed',
  'dropped_disabled',
  'dropped_quota',
  'canceled',
]

/** One try. `number` 1 is the first; `status` is null while it runs. */
export type Attempt = Readonly<{
  id: Id<'attempt'>
  number: number
  status: 'success' | 'failed' | null
  httpStatus: number | null
  durationMs: number | null
  error: string | null
  excerpt: string | null
  startedAt: Instant
}>

/** One event on its way to one endpoint. */
export type Delivery = Readonly<{
  id: Id<'delivery'>
  endpointId: Id<'endpoint'>
  eventId: Id<'event'>
  eventType: string
  state: DeliveryState
  isReplayed: boolean
  /** Null in a final state. */
  dueAt: Instant | null
  createdAt: Instant
  attempts: readonly Attempt[]
}>

type Schedule = Readonly<{ timeoutMs: number; delaysMs: readonly number[] }>

const secondMs = 1_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** The wait after the first failure, after the second, and so on. */
const standard: Schedule = {
  timeoutMs: 15 * secondMs,
  delaysMs: [
    5 * secondMs,
    5 * minuteMs,
    30 * minuteMs,
    2 * hourMs,
    5 * hourMs,
    10 * hourMs,
    10 * hourMs,
  ],
}

/** Source: platform specification 13.1; Invoicing specification 13.5; Connect specification 21.2. */
export const scheduleBySurface: Readonly<Record<WebhookSurface, Schedule>> = {
  invoicing: {
    timeoutMs: 10 * secondMs,
    delaysMs: [minuteMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, dayMs],
  },
  books: standard,
  connect: standard,
}

/** Source: platform specification 13.2. */
export const deliveryBounds = {
  inFlightMax: 64,
  perEndpointMax: 4,
  /** For an endpoint that failed so often in a row, until a success. */
  perFailingEndpointMax: 1,
  failingFrom: 5,
  bodyBytesMax: 256 * 1024,
  answerBytesMax: 64 * 1024,
  excerptBytesMax: 1_024,
  deferredMax: 10_000,
  retryAfterMaxMs: dayMs,
  jitterMax: 0.05,
  replayDaysMax: 30,
  logDays: 30,
} as const

/** How an attempt ended. `failure` is null when an answer came, whatever its status. */
export type Outcome = Readonly<{
  httpStatus: number | null
  failure: string | null
  /** The header as received. */
  retryAfter: string | null
  durationMs: number
  excerpt: string | null
  endedAt: Instant
}>

export const isSuccess = ({ httpStatus, failure }: Outcome): boolean =>
  failure === null && httpStatus !== null && httpStatus >= 200 && httpStatus < 300

/** A receiver that says that it is gone for good. */
export const isGone = ({ httpStatus, failure }: Outcome): boolean =>
  failure === null && httpStatus === 410

const postponing = [429, 502, 503, 504]

/**
 * When the next attempt is due; undefined when the one that failed was the last.
 *
 * attempt   number of the one that failed, 1 for the first
 * fraction  0 up to 1, chosen anew each time: 0 to 5 % are added, so that receivers that failed
 *           together are not called together
 * Source: platform specification 13.2 (delays are never less than the table; `Retry-After` may
 * postpone by up to a day and adds no attempts).
 */
export function nextAttemptAt(
  surface: WebhookSurface,
  { attempt, outcome, fraction }: Readonly<{ attempt: number; outcome: Outcome; fraction: number }>,
): Instant | undefined {
  const delayMs = scheduleBySurface[surface].delaysMs[attempt - 1]
  if (delayMs === undefined) return undefined
  const endedMs = msOf(outcome.endedAt)
  const dueMs = endedMs + Math.ceil(delayMs * (1 + fraction * deliveryBounds.jitterMax))
  return instantFromMs(Math.max(dueMs, endedMs + postponedMs(outcome)))
}

/** Milliseconds a receiver asked us to wait, 0 to a day; seconds or a date. */
function postponedMs({ httpStatus, retryAfter, endedAt }: Outcome): number {
  if (retryAfter === null || !postponing.includes(httpStatus ?? 0)) return 0
  const text = retryAfter.trim()
  const wantedMs = /^\d{1,12}$/.test(text)
    ? Number(text) * secondMs
    : Date.parse(text) - msOf(endedAt)
  if (Number.isNaN(wantedMs)) return 0
  return Math.min(Math.max(wantedMs, 0), deliveryBounds.retryAfterMaxMs)
}

/** What is known of an endpoint after an attempt failed. */
export type Failing = Readonly<{
  consecutiveFailures: number
  failingSince: Instant
  /** Between the first and the last of the deliveries that failed since then. */
  spreadMs: number
  now: Instant
}>

/** Source: Invoicing specification 13.5; Connect specification 21.2. */
export const failuresMax = 100
const failingMaxMs = 5 * dayMs
const spreadMinMs = 12 * hourMs

/** Whether an endpoint failed for so long that it is disabled. */
export function isHopeless(surface: WebhookSurface, failing: Failing): boolean {
  if (surface === 'invoicing') return failing.consecutiveFailures >= failuresMax
  const failingMs = msOf(failing.now) - msOf(failing.failingSince)
  return failingMs >= failingMaxMs && failing.spreadMs >= spreadMinMs
}

/** Whether it may be worth looking at the spread of an endpoint's failures. */
export const isLongFailing = (
  surface: WebhookSurface,
  failing: Omit<Failing, 'spreadMs'>,
): boolean => isHopeless(surface, { ...failing, spreadMs: spreadMinMs })

/** The start of an instant's hour (UTC), which quotas are counted by, and of the next. */
export function hourOf(instant: Instant): Readonly<{ start: Instant; next: Instant }> {
  const startMs = Math.floor(msOf(instant) / hourMs) * hourMs
  return { start: instantFromMs(startMs), next: instantFromMs(startMs + hourMs) }
}

/**
 * The first bytes of an answer as a text that any log can show: what is not printable is escaped.
 */
export function toExcerpt(body: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(body.subarray(0, deliveryBounds.excerptBytesMax))
  return redactText(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, toEscape)
}

function toEscape(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/**
 * What a body is replaced by when it is too long: its ids, and a mark.
 *
 * body  the whole envelope as JSON; `data` or `payload` may hold an object
 * thin  the same envelope with ids only
 */
export const toSendable = ({ body, thin }: Readonly<{ body: string; thin: string }>): string =>
  new TextEncoder().encode(body).length > deliveryBounds.bodyBytesMax ? thin : body

/**
 * A range of events to send again: from `since` up to `until`, at most 30 days.
 * Refuses: webhooks.replay_range (also for a range that ends before it begins).
 */
export function requireReplayRange(since: Instant, until: Instant): void {
  const lengthMs = msOf(until) - msOf(since)
  if (lengthMs < 0 || lengthMs > deliveryBounds.replayDaysMax * dayMs) {
    throw new Refusal('webhooks.replay_range', { days: deliveryBounds.replayDaysMax })
  }
}

/** Where the body of a delivery lies sealed. */
export const placeOfBody = (deliveryId: string): FieldPlace => ({
  table: 'delivery',
  column: 'sealed_body',
  rowId: deliveryId,
})
