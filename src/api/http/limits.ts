import { hash } from 'node:crypto'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Admitted } from '../../modules/access/admission.queries.ts'

/**
 * One limit as it stands after a request.
 *
 * windowSeconds  undefined: requests in flight
 * nextMs         when one more request like this fits
 * freeMs         when the window is empty, or ends
 */
export type Policy = Readonly<{
  id: string
  limit: number
  remaining: number
  windowSeconds: number | undefined
  nextMs: number
  freeMs: number
}>

/** All limits of a caller; `violated` is the one that refuses this request. */
export type Standing = Readonly<{ policies: readonly Policy[]; violated: Policy | undefined }>

type Headers = Readonly<Record<string, string>>

/** How each surface names its limits. Source: platform specification 6.1. */
const policyIds = {
  invoicing: { minute: 'plan-minute', hour: '', day: '', slots: '' },
  books: { minute: 'key-minute', hour: 'key-hour', day: 'key-day', slots: 'key-inflight' },
  connect: { minute: '', hour: '', day: 'day', slots: 'inflight' },
} as const

/** Seconds that a caller waits for one of its own requests to end. */
const slotSeconds = 1

/**
 * Where the caller stands after one of the equal requests of an item.
 *
 * index  place of the request among them, from 0
 * nowMs  the instant the item was decided at
 */
export function toStanding(
  row: Admitted,
  { index, cost, nowMs }: Readonly<{ index: number; cost: number; nowMs: number }>,
): Standing {
  const ids = policyIds[row.surface]
  const requests = Math.min(index + 1, row.granted)
  const taken = requests * cost
  const policies: Policy[] = []
  let violated: Policy | undefined
  const add = (
    name: 'minute' | 'hour' | 'day' | 'slots',
    { limit, remaining, windowSeconds, nextMs, freeMs }: Omit<Policy, 'id'>,
  ): void => {
    const left = Math.max(0, remaining)
    const policy = { id: ids[name], limit, remaining: left, windowSeconds, nextMs, freeMs }
    policies.push(policy)
    if (index >= row.granted && row.violated === name) violated = policy
  }
  if (row.minute_limit !== null) {
    const [nextMs, freeMs] = [row.minute_next ?? nowMs, row.minute_free ?? nowMs]
    const remaining = row.minute_limit - (row.minute_used ?? 0) - taken
    add('minute', { limit: row.minute_limit, remaining, windowSeconds: 60, nextMs, freeMs })
  }
  if (row.hour_limit !== null) {
    const freeMs = row.hour_free ?? nowMs
    const remaining = row.hour_limit - (row.hour_used ?? 0) - taken
    add('hour', { limit: row.hour_limit, remaining, windowSeconds: 3_600, nextMs: freeMs, freeMs })
  }
  if (row.day_limit !== null) {
    const freeMs = row.day_free ?? nowMs
    const remaining = row.day_limit - (row.day_used ?? 0) - taken
    add('day', { limit: row.day_limit, remaining, windowSeconds: 86_400, nextMs: freeMs, freeMs })
  }
  if (row.slot_limit !== null) {
    const freeMs = nowMs + slotSeconds * 1_000
    const remaining = row.slot_limit - (row.slot_used ?? 0) - requests
    add('slots', {
      limit: row.slot_limit,
      remaining,
      windowSeconds: undefined,
      nextMs: freeMs,
      freeMs,
    })
  }
  return { policies, violated }
}

/** The refusal of a violated limit, with the seconds until one more request fits. */
export function toLimitRefusal(
  { id, limit, windowSeconds, nextMs }: Policy,
  now: Instant,
): Refusal {
  if (windowSeconds === undefined) {
    return new Refusal('limit.concurrency_exceeded', { limit, retryAfterSeconds: slotSeconds })
  }
  const retryAfterSeconds = Math.max(1, secondsUntil(nextMs, msOf(now)))
  return new Refusal('limit.rate_exceeded', { retryAfterSeconds, policy: id, limit, windowSeconds })
}

/**
 * The window that a surface with one pair of numbers shows: the violated one, else the tightest;
 * of equals the shortest. Undefined where no window limits.
 */
export function shownWindow({ policies, violated }: Standing): Policy | undefined {
  if (violated?.windowSeconds !== undefined) return violated
  let shown: Policy | undefined
  for (const policy of policies) {
    if (policy.windowSeconds === undefined) continue
    const isTighter =
      shown === undefined || policy.remaining * shown.limit < shown.remaining * policy.limit
    if (isTighter) shown = policy
  }
  return shown
}

/** The window of a length in days or seconds by its id. */
export const findPolicy = ({ policies }: Standing, id: string): Policy | undefined =>
  policies.find((policy) => policy.id === id)

/**
 * `RateLimit-Policy` and `RateLimit`, structured fields with one item per limit.
 * Source: platform specification 6.7.
 *
 * partition  names whose limits they are, where a surface shows it
 */
export function toLimitHeaders(
  { policies }: Standing,
  now: Instant,
  partition: string | undefined,
): Headers {
  if (policies.length === 0) return {}
  const nowMs = msOf(now)
  let [limits, standing] = ['', '']
  for (const policy of policies) {
    const comma = limits === '' ? '' : ', '
    limits += comma + toPolicyItem(policy, partition)
    standing += comma + toStandingItem(policy, nowMs)
  }
  return { 'RateLimit-Policy': limits, RateLimit: standing }
}

function toPolicyItem({ id, limit, windowSeconds }: Policy, partition?: string): string {
  const unit = windowSeconds === undefined ? 'qu="concurrent-requests"' : `w=${windowSeconds}`
  return `"${id}";q=${limit};${unit}${partition === undefined ? '' : `;pk=:${partition}:`}`
}

const toStandingItem = ({ id, remaining, windowSeconds, freeMs }: Policy, nowMs: number): string =>
  windowSeconds === undefined
    ? `"${id}";r=${remaining}`
    : `"${id}";r=${remaining};t=${secondsUntil(freeMs, nowMs)}`

/** Names a key's share of the limits without telling the key: 8 bytes in base64. */
export const partitionOf = (keyId: string): string =>
  Buffer.from(hash('sha256', keyId).slice(0, 16), 'hex').toString('base64')

/** `2026-05-20T10:31:00Z`. */
export const toSecondText = (ms: number): string => `${instantFromMs(ms).slice(0, 19)}Z`

const secondsUntil = (ms: number, nowMs: number): number =>
  Math.max(0, Math.ceil((ms - nowMs) / 1_000))
