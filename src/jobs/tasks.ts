import { asOwner } from '../db/owner.ts'
import type { Pool } from '../db/pool.ts'
import { readSnapshot } from '../db/tx.ts'
import type { Action, OrganizationCtx } from '../db/write.ts'
import { type Instant, instantFromMs, msOf } from '../kernel/dates.ts'
import { asId, type Id } from '../kernel/ids.ts'
import { remindOfEnd } from '../modules/access/api-key.actions.ts'
import { listEndingKeys } from '../modules/access/api-key.queries.ts'
import { tellOwner } from '../modules/access/owner-notice.actions.ts'
import { forgetRequests } from '../modules/access/request-log.actions.ts'
import { listClosedSince } from '../modules/ledger/period.queries.ts'
import { sweepCharges } from '../modules/plans/charge.queries.ts'
import { listUntoldLimits } from '../modules/plans/notice.queries.ts'
import { sumMeterDifference } from '../modules/plans/usage.queries.ts'
import { listTenants, verifyTenant } from '../modules/reports/integrity.queries.ts'
import { cleanDeliveries } from '../modules/webhooks/delivery.actions.ts'
import { tellNotice } from '../modules/webhooks/notice.actions.ts'
import { listUntold } from '../modules/webhooks/notice.queries.ts'
import { forgetEvents } from '../modules/webhooks/outbox.actions.ts'
import { tellDue } from './due.ts'
import { runRecurringInvoices } from './recurring.ts'
import { runSchedules, type SyncParts, timeOutLatePushes } from './sync.ts'

/** What a task may use: sessions of the owner's role, and the gate of all writes. */
export type TaskParts = Pick<SyncParts, 'manifests' | 'toPushFailure'> &
  Readonly<{
    adminPool: Pool
    clock: () => Instant
    /** How long requests are remembered. */
    requestLogDays: number
    /** How long events can be read and sent again. */
    eventDays: number
    /** Writes down outside of the tables where chains stand; without it nobody does. */
    anchor?: Anchor | undefined
    /** The anchors that are ours; without it chains are not compared with any. */
    readAnchors?: (() => readonly Anchored[]) | undefined
    /** Hears what the verification of a tenant has come to. */
    onVerified?: ((verified: Verified) => void) | undefined
    log: Readonly<Record<'error', (fields: object, message: string) => void>>
    write: <C extends OrganizationCtx, Input, Result>(
      command: Readonly<{
        tenant: Readonly<{ organizationId: Id<'organization'>; businessId?: Id<'business'> }>
        action: Action<C, Input, Result>
        input: Input
        actor: string
        now: Instant
      }>,
    ) => Promise<unknown>
  }>

/** Appends anchors of the chains that grew, or of those that are due by the link named. */
export type Anchor = (due?: ReadonlyMap<string, bigint>) => Promise<void>

/** What an anchor says of a chain. */
type Anchored = Readonly<{ chain: string; link: bigint; hash: string }>

/** A tenant whose books were recomputed, and how much was wrong. */
export type Verified = Readonly<{ tenantId: string; findings: number }>

/** A task by its name. It may run twice, and a second run finds nothing to do. */
export type Task = Readonly<{
  name: string
  /** When it is due by itself, as a crontab has it, in UTC; undefined: when somebody asks. */
  schedule?: string
  /** How often each worker runs it by itself. */
  everyMs?: number
  attemptsMax: number
  run: (parts: TaskParts) => Promise<void>
}>

const noticesMax = 200
const cleanedMax = 5_000
const dayMs = 86_400_000
const closesMs = 600_000

/** Every task of the worker. Source: platform specification 29. */
export const tasks: readonly Task[] = [
  { name: 'webhooks.tell', schedule: '* * * * *', attemptsMax: 1, run: tellNotices },
  { name: 'charges.release', everyMs: 30_000, attemptsMax: 1, run: releaseCharges },
  { name: 'limits.tell', schedule: '* * * * *', attemptsMax: 1, run: tellLimits },
  { name: 'webhooks.clean', schedule: '15 3 * * *', attemptsMax: 5, run: cleanLog },
  { name: 'requests.clean', schedule: '35 3 * * *', attemptsMax: 5, run: cleanRequests },
  { name: 'recurring.run', schedule: '*/5 * * * *', attemptsMax: 3, run: runRecurringInvoices },
  { name: 'keys.remind', schedule: '5 * * * *', attemptsMax: 3, run: remindOfKeys },
  { name: 'chain.anchor', schedule: '0 * * * *', attemptsMax: 3, run: anchorAll },
  { name: 'chain.anchor_closes', schedule: '* * * * *', attemptsMax: 1, run: anchorCloses },
  { name: 'meter.reconcile', schedule: '45 2 * * *', attemptsMax: 3, run: reconcileMeter },
  { name: 'verify.sample', schedule: '15 2 * * *', attemptsMax: 1, run: verifySample },
  { name: 'events.forget', schedule: '25 3 * * *', attemptsMax: 5, run: cleanEvents },
  { name: 'sync.run', schedule: '20 * * * *', attemptsMax: 3, run: (parts) => runSchedules(parts) },
  { name: 'push.time_out', schedule: '* * * * *', attemptsMax: 1, run: timeOutLatePushes },
  { name: 'sales.due', schedule: '10 * * * *', attemptsMax: 3, run: (parts) => tellDue(parts) },
]

/** Tells what happened to endpoints, each notice in the lane of the endpoint's owner. */
export async function tellNotices({
  adminPool,
  clock,
  write,
}: Pick<TaskParts, 'adminPool' | 'clock' | 'write'>): Promise<void> {
  const notices = await asOwner(adminPool, (tx) => listUntold(tx, noticesMax))
  for (const notice of notices) {
    const { organizationId, businessId } = notice
    await write({
      tenant: { organizationId, ...(businessId !== null && { businessId }) },
      action: tellNotice,
      input: notice,
      actor: 'system',
      now: clock(),
    })
  }
}

/** Gives back charges that were held too long, and ends grants whose day has come. */
export async function releaseCharges({ adminPool, clock }: TaskParts): Promise<void> {
  await asOwner(adminPool, (tx) => sweepCharges(tx, msOf(clock())))
}

/** Tells owners of credits that ran low, and of quotas that were reached or begin anew. */
export async function tellLimits({
  adminPool,
  clock,
  write,
}: Pick<TaskParts, 'adminPool' | 'clock' | 'write'>): Promise<void> {
  const waiting = await asOwner(adminPool, (tx) => listUntoldLimits(tx, msOf(clock()), noticesMax))
  for (const organizationId of waiting) {
    const tenant = { organizationId }
    await write({ tenant, action: tellOwner, input: {}, actor: 'system', now: clock() })
  }
}

/** Reminds owners of keys that are about to end. */
export async function remindOfKeys({
  adminPool,
  clock,
  write,
}: Pick<TaskParts, 'adminPool' | 'clock' | 'write'>): Promise<void> {
  const now = clock()
  const ending = await asOwner(adminPool, (tx) => listEndingKeys(tx, { now, limit: noticesMax }))
  for (const { organizationId, keyId } of ending) {
    const tenant = { organizationId }
    await write({ tenant, action: remindOfEnd, input: { keyId }, actor: 'system', now })
  }
}

/** Forgets requests that are older than the log is kept, a part at a time. */
export async function cleanRequests({
  adminPool,
  clock,
  requestLogDays,
}: Pick<TaskParts, 'adminPool' | 'clock' | 'requestLogDays'>): Promise<void> {
  const before = instantFromMs(msOf(clock()) - requestLogDays * dayMs)
  for (;;) {
    const count = await asOwner(adminPool, (tx) =>
      forgetRequests(tx, { before, limit: cleanedMax }),
    )
    if (count < cleanedMax) return
  }
}

/** Forgets deliveries that are older than the log is kept, a part at a time. */
export async function cleanLog({ adminPool, clock }: TaskParts): Promise<void> {
  for (;;) {
    const count = await asOwner(adminPool, (tx) =>
      cleanDeliveries(tx, { now: clock(), limit: cleanedMax }),
    )
    if (count < cleanedMax) return
  }
}

/** Forgets events that are older than they are kept, a part at a time. */
export async function cleanEvents({
  adminPool,
  clock,
  eventDays,
}: Pick<TaskParts, 'adminPool' | 'clock' | 'eventDays'>): Promise<void> {
  const before = instantFromMs(msOf(clock()) - eventDays * dayMs)
  for (;;) {
    const count = await asOwner(adminPool, (tx) => forgetEvents(tx, { before, limit: cleanedMax }))
    if (count < cleanedMax) return
  }
}

/** Tells the operator when the credit ledger and the charges differ on what was consumed. */
export async function reconcileMeter({
  adminPool,
  log,
}: Pick<TaskParts, 'adminPool' | 'log'>): Promise<void> {
  const difference = await asOwner(adminPool, sumMeterDifference)
  if (difference === 0) return
  log.error({ difference }, 'credits and charges differ; tallystick verify says where')
}

const samplePart = 100

/**
 * Verifies a hundredth of all businesses and organizations, at least one, in turn: so many nights
 * later each has been looked at. What is wrong is for the operator to hear.
 * Source: platform specification 29.
 */
export async function verifySample({
  adminPool,
  clock,
  log,
  readAnchors,
  onVerified,
}: Pick<TaskParts, 'adminPool' | 'clock' | 'log' | 'readAnchors' | 'onVerified'>): Promise<void> {
  const tenants = await readSnapshot(adminPool, everybody, listTenants)
  const count = Math.ceil(tenants.length / samplePart)
  const first = Math.trunc(msOf(clock()) / dayMs) * count
  const anchors = readAnchors?.() ?? []
  for (let place = first; place < first + count; place += 1) {
    const tenantId = tenants[place % tenants.length]?.tenantId
    if (tenantId === undefined) return
    const witnesses = anchors.filter(({ chain }) => chain === tenantId)
    const { findings } = await readSnapshot(adminPool, everybody, (db) =>
      verifyTenant(db, tenantId, witnesses, { isDeep: true }),
    )
    onVerified?.({ tenantId, findings: findings.length })
    const [found] = findings
    if (found === undefined) continue
    const said = { tenantId, findings: findings.length, kind: found.kind, where: found.where }
    log.error(said, 'books do not verify; tallystick verify says all of it')
  }
}

/** Nobody's id: a connection of the owner sees every tenant whatever it is set to. */
const everybody = { organizationId: asId('organization', '00000000-0000-0000-0000-000000000000') }

async function anchorAll({ anchor }: Pick<TaskParts, 'anchor'>): Promise<void> {
  await anchor?.()
}

/** A closed period is witnessed within minutes, not with the next hour. */
async function anchorCloses({ adminPool, clock, anchor }: TaskParts): Promise<void> {
  const since = instantFromMs(msOf(clock()) - closesMs)
  const closed = await asOwner(adminPool, (tx) => listClosedSince(tx, since))
  if (closed.size > 0) await anchor?.(closed)
}
