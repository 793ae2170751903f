import type { Db } from '../../db/tx.ts'
import type { Ctx } from '../../db/write.ts'
import { addDays, type CalendarDate, dateIn, type Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Book, loadBook } from './book.queries.ts'
import { insertLock } from './period.db.ts'
import { countClose, listDraftsThrough } from './period.queries.ts'
import {
  type CloseCheck,
  closedThrough,
  type Lock,
  monthsToClose,
  requireClosable,
  toCheck,
  toCloseChecks,
} from './period.ts'

/**
 * Locks the days of a scope through a date, or lifts the lock with `through` null. Nothing that is
 * posted changes.
 * Refuses, in this order: ledger.period_closed (a close reaches the date, or is what stands in the
 * way), resource.not_found (nothing to lift).
 * Source: ledger specification 6.2; Books specification 12.3.
 */
export async function setSoftLock(
  ctx: Ctx,
  { scope, through, reason }: Readonly<Pick<Lock, 'scope' | 'through'> & { reason: string }>,
): Promise<Lock> {
  const { locks } = await ctx.remember(loadBook)
  const before = locks.find((each) => each.kind === 'soft' && each.scope === scope)
  const closed = scope === 'all' ? closedThrough(locks) : undefined
  const isLifted = through === null && (before === undefined || before.through === null)
  if (closed !== undefined && (isLifted || (through !== null && through <= closed))) {
    const earliest = addDays(closed, 1)
    throw new Refusal('ledger.period_closed', { date: through ?? closed, earliest })
  }
  if (isLifted) throw new Refusal('resource.not_found', { resource: 'Period lock', id: scope })
  const lock: Lock = { kind: 'soft', scope, through }
  const stamp = { reason, setBy: ctx.actor, at: ctx.recordedAt }
  await insertLock(ctx.tx, ctx.businessId, { ...lock, ...stamp })
  ctx.configurationChanged()
  record(ctx, { lock, before, reason })
  return lock
}

/** A check of another module that a close runs too. */
export type MoreCheck = (
  db: Db,
  businessId: Id<'business'>,
  through: CalendarDate,
) => Promise<CloseCheck>

export type Close = Readonly<{
  throughDate: CalendarDate
  reason: string
  acknowledgeDrafts: boolean
  moreChecks: readonly MoreCheck[]
}>

export type Closed = Readonly<{
  throughDate: CalendarDate
  checklist: readonly CloseCheck[]
  sealedAt: Instant
}>

/**
 * Closes every open month through the end of one, in order; nothing can be posted into them any
 * more.
 * Refuses, in this order: ledger.year_already_closed, ledger.year_not_closable (the month has not
 * ended), ledger.drafts_in_period, ledger.year_not_closable (a check blocks).
 * Source: ledger specification 6.3.
 */
export async function closePeriods(ctx: Ctx, close: Close): Promise<Closed> {
  const { throughDate, reason, acknowledgeDrafts } = close
  const book = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, book.business.timeZone)
  requireClosable(throughDate, today, book.locks)
  const checklist = await checksOf(ctx, close)
  requireNoBlock(checklist)
  for (const { end } of monthsToClose(throughDate, book.business.booksStart, book.locks)) {
    await closeMonth(ctx, book, end, reason)
  }
  ctx.configurationChanged()
  ctx.emit({
    type: 'ledger.period.closed',
    resource: 'period_lock',
    resourceId: 'hard/all',
    payload: { throughDate, checklist, acknowledgeDrafts },
  })
  return { throughDate, checklist, sealedAt: ctx.recordedAt }
}

async function closeMonth(
  ctx: Ctx,
  { locks }: Book,
  through: CalendarDate,
  reason: string,
): Promise<void> {
  const before = locks.find(({ kind }) => kind === 'hard')
  const lock: Lock = { kind: 'hard', scope: 'all', through }
  const stamp = { reason, setBy: ctx.actor, at: ctx.recordedAt }
  await insertLock(ctx.tx, ctx.businessId, { ...lock, ...stamp })
  record(ctx, { lock, before, reason })
}

/** Refuses: ledger.drafts_in_period. */
async function checksOf(
  ctx: Ctx,
  { throughDate, acknowledgeDrafts, moreChecks }: Close,
): Promise<readonly CloseCheck[]> {
  const drafts = await listDraftsThrough(ctx.tx, ctx.businessId, throughDate)
  if (drafts.length > 0 && !acknowledgeDrafts) {
    throw new Refusal('ledger.drafts_in_period', {
      count: drafts.length,
      date: throughDate,
      drafts,
    })
  }
  const counts = await countClose(ctx.tx, ctx.businessId, throughDate)
  const more: CloseCheck[] = []
  for (const check of moreChecks) more.push(await check(ctx.tx, ctx.businessId, throughDate))
  return [toCheck('drafts', drafts.length, 'warn'), ...more, ...toCloseChecks(counts)]
}

/** Refuses: ledger.year_not_closable. */
function requireNoBlock(checklist: readonly CloseCheck[]): void {
  const blocking = checklist.find(({ result }) => result === 'block')
  if (blocking === undefined) return
  const reason = `${blocking.check} has ${blocking.count} differences`
  throw new Refusal('ledger.year_not_closable', { reason })
}

type Locking = Readonly<{ lock: Lock; before: Lock | undefined; reason: string }>

function record(ctx: Ctx, { lock, before, reason }: Locking): void {
  const resource = {
    resource: 'period_lock',
    resourceId: `${lock.kind}/${lock.scope}`,
  } as const
  ctx.audit({
    ...{ action: 'period_lock.set', ...resource, reason, after: lock },
    ...(before !== undefined && { before }),
  })
  ctx.emit({ type: 'ledger.period_lock.set', ...resource, payload: lock })
}
