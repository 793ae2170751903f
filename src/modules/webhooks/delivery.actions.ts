import type { Tx } from '../../db/tx.ts'
import { type CalendarDate, dateIn, type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { asId } from '../../kernel/ids.ts'
import { findLimit } from '../plans/limit.queries.ts'
import {
  type Due,
  deferDue,
  deleteOld,
  type Ended,
  type Free,
  type Health,
  insertNotice,
  lockDue,
  lockEndpointsWithDue,
  lockHealth,
  lockOpenDeliveries,
  releaseDeliveries,
  sumFailureSpread,
  type Taken,
  takeDeliveries,
  updateEnded,
  updateHealth,
  updateQuota,
} from './delivery.db.ts'
import {
  deliveryBounds,
  hourOf,
  isGone,
  isHopeless,
  isLongFailing,
  isSuccess,
  nextAttemptAt,
  type Outcome,
} from './delivery.ts'
import { cancelWaiting } from './endpoint.db.ts'
import type { DisabledReason } from './endpoint.ts'

/** A delivery in a worker's hand. */
export type TakenDelivery = Taken

export type Claim = Readonly<{
  now: Instant
  /** How many this worker can still send at once. */
  room: number
  /** Id of the endpoint that was served last, for the round. */
  after: string
  /** How long the deliveries belong to this worker. */
  leaseMs: number
  newId: () => string
}>

/**
 * Takes deliveries that are due, at most so many per endpoint as it has room for, and counts them
 * against the hour's quota where there is one; what is beyond it waits for the next hour.
 * Refuses: nothing.
 * Source: platform specification 13.2.
 */
export async function claimDeliveries(
  tx: Tx,
  { now, room, after, leaseMs, newId }: Claim,
): Promise<readonly TakenDelivery[]> {
  const endpoints = await lockEndpointsWithDue(tx, { now, after, limit: room })
  if (endpoints.length === 0) return []
  const due = await lockDue(tx, { now, endpoints, limit: room })
  const allowed = await takeQuota(tx, { now, endpoints, due })
  return takeDeliveries(tx, {
    now,
    leaseUntil: instantFromMs(msOf(now) + leaseMs),
    taken: allowed.map((row) => ({ ...row, attemptId: newId() })),
  })
}

/** Hands deliveries back unsent: their attempts do not count. */
export const giveBack = (tx: Tx, taken: readonly TakenDelivery[]): Promise<void> =>
  releaseDeliveries(tx, taken)

type Asked = Readonly<{ now: Instant; endpoints: readonly Free[]; due: readonly Due[] }>

async function takeQuota(tx: Tx, { now, endpoints, due }: Asked): Promise<readonly Due[]> {
  const limited = new Map(
    endpoints.flatMap(({ surface, endpointId, businessId }) => {
      if (surface !== 'invoicing' || businessId === null) return []
      return [[endpointId, { businessId }] as const]
    }),
  )
  const allowed = due.filter(({ endpointId }) => !limited.has(endpointId))
  const { start: hour, next } = hourOf(now)
  const businessIds = new Set([...limited.values()].map(({ businessId }) => businessId))
  for (const businessId of [...businessIds].sort()) {
    const wanted = due.filter(
      ({ endpointId }) => limited.get(endpointId)?.businessId === businessId,
    )
    if (wanted.length === 0) continue
    const organizationId = asId('organization', wanted[0]?.organizationId ?? '')
    const quota = { organizationId, businessId, hour }
    const asked = {
      organizationId,
      surface: 'invoicing',
      name: 'webhookDeliveriesPerHour',
    } as const
    const limit = await findLimit(tx, { ...asked, today: dayOf(now) })
    if (typeof limit !== 'number') {
      allowed.push(...wanted)
      continue
    }
    const used = await updateQuota(tx, quota, wanted.length)
    const over = Math.min(Math.max(0, used - limit), wanted.length)
    if (over > 0) await updateQuota(tx, quota, -over)
    const granted = wanted.slice(0, wanted.length - over)
    allowed.push(...granted)
    if (granted.length < wanted.length) {
      await postpone(tx, { quota, granted, now, until: next })
    }
  }
  return allowed
}

type Postponed = Readonly<{
  quota: Readonly<{ organizationId: string; businessId: string; hour: Instant }>
  granted: readonly Due[]
  now: Instant
  until: Instant
}>

/** Everything that is due waits, and not only what was looked at: else it is looked at for ever. */
async function postpone(tx: Tx, { quota, granted, now, until }: Postponed): Promise<void> {
  const lost = await deferDue(tx, quota, {
    now,
    until,
    except: granted.map(({ deliveryId }) => deliveryId),
  })
  const { organizationId } = quota
  for (const endpointId of lost) {
    await insertNotice(tx, { organizationId, endpointId, kind: 'quota', day: dayOf(now), at: now })
  }
}

/** An attempt that ended, with its delivery. */
export type EndedAttempt = Readonly<{
  taken: Pick<
    TakenDelivery,
    'organizationId' | 'deliveryId' | 'endpointId' | 'attemptId' | 'attempt' | 'surface'
  >
  startedAt: Instant
  outcome: Outcome
  /** 0 up to 1, for the jitter. */
  fraction: number
}>

/** An endpoint that was disabled by what happened. */
export type Disabled = Readonly<{ endpointId: string; reason: DisabledReason }>

/**
 * Records how attempts ended: the next one is planned or the delivery is final, endpoints that fail
 * for too long or are gone are disabled, and what waits for them is called off. An outcome that
 * another worker recorded is left out.
 * Refuses: nothing.
 * Source: platform specification 13.1 and 13.2.
 */
export async function recordAttempts(
  tx: Tx,
  attempts: readonly EndedAttempt[],
): Promise<readonly Disabled[]> {
  const endpointIds = [...new Set(attempts.map(({ taken }) => taken.endpointId))]
  const healths = await lockHealth(tx, endpointIds)
  const open = await lockOpenDeliveries(
    tx,
    attempts.map(({ taken }) => taken),
  )
  const own = attempts.filter(({ taken }) => open.has(taken.deliveryId))
  const disabled: Disabled[] = []
  for (const before of healths) {
    const ofEndpoint = own.filter(({ taken }) => taken.endpointId === before.endpointId)
    const last = ofEndpoint.at(-1)
    if (last === undefined) continue
    const now = last.outcome.endedAt
    const { organizationId, endpointId } = before
    const { health, reason } = await judge(tx, before, ofEndpoint)
    const isOff = before.status === 'disabled' || before.isDeleted
    const ended = ofEndpoint.map((attempt) => toEnded(attempt, { isOff }))
    await updateEnded(tx, ended)
    if (health !== before) await updateHealth(tx, health, { reason, now })
    const notice = { organizationId, endpointId, day: dayOf(now), at: now } as const
    if (ended.some(({ state }) => state === 'failed')) {
      await insertNotice(tx, { ...notice, kind: 'given_up' })
    }
    if (reason === undefined) continue
    await cancelWaiting(tx, { organizationId, endpointIds: [endpointId], now })
    await insertNotice(tx, { ...notice, kind: 'disabled' })
    disabled.push({ endpointId, reason })
  }
  return disabled
}

type Judged = Readonly<{ health: Health; reason: DisabledReason | undefined }>

/** Counts outcomes in the order they came in; a success forgets every failure. */
async function judge(tx: Tx, before: Health, attempts: readonly EndedAttempt[]): Promise<Judged> {
  let health = before
  for (const { outcome, startedAt } of attempts) {
    if (isSuccess(outcome)) {
      if (health.consecutiveFailures > 0) {
        health = { ...health, consecutiveFailures: 0, failingSince: null }
      }
      continue
    }
    const failingSince = health.failingSince ?? startedAt
    const consecutiveFailures = health.consecutiveFailures + 1
    health = { ...health, consecutiveFailures, failingSince }
  }
  if (before.status === 'disabled') return { health, reason: undefined }
  if (attempts.some(({ outcome }) => isGone(outcome))) return { health, reason: 'gone' }
  const { failingSince, consecutiveFailures, surface } = health
  const now = attempts.at(-1)?.outcome.endedAt
  if (failingSince === null || now === undefined) return { health, reason: undefined }
  const failing = { consecutiveFailures, failingSince, now }
  if (!isLongFailing(surface, failing)) return { health, reason: undefined }
  const spreadMs = await sumFailureSpread(tx, health, failingSince)
  const isOver = isHopeless(surface, { ...failing, spreadMs })
  return { health, reason: isOver ? 'failures' : undefined }
}

function toEnded(
  { taken, outcome, fraction }: EndedAttempt,
  { isOff }: Readonly<{ isOff: boolean }>,
): Ended {
  const { attempt, surface } = taken
  const ended = {
    organizationId: taken.organizationId,
    deliveryId: taken.deliveryId,
    attemptId: taken.attemptId,
    attempt,
    httpStatus: outcome.httpStatus,
    durationMs: outcome.durationMs,
    error: outcome.failure,
    excerpt: outcome.excerpt,
    at: outcome.endedAt,
  }
  if (isSuccess(outcome)) return { ...ended, isSuccess: true, state: 'delivered', dueAt: null }
  const dueAt = isGone(outcome) ? undefined : nextAttemptAt(surface, { attempt, outcome, fraction })
  if (dueAt === undefined) return { ...ended, isSuccess: false, state: 'failed', dueAt: null }
  if (isOff) return { ...ended, isSuccess: false, state: 'canceled', dueAt: null }
  return { ...ended, isSuccess: false, state: 'pending', dueAt }
}

const dayOf = (instant: Instant): CalendarDate => dateIn(instant, 'UTC')

const dayMs = 86_400_000

/**
 * Forgets deliveries that ended longer ago than the log is kept, at most `limit` of them. Answers
 * how many there were.
 * Refuses: nothing.
 */
export const cleanDeliveries = (
  tx: Tx,
  { now, limit }: Readonly<{ now: Instant; limit: number }>,
): Promise<number> =>
  deleteOld(tx, { before: instantFromMs(msOf(now) - deliveryBounds.logDays * dayMs), limit })
