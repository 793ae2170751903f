import type { Db } from '../../db/tx.ts'
import type { Ctx } from '../../db/write.ts'
import { addDays, type CalendarDate, dateIn, type Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { findLedgerState, listBalances } from './balance.queries.ts'
import { loadBook } from './book.queries.ts'
import { insertClose, insertLock } from './period.db.ts'
import { countClose, listDraftsThrough } from './period.queries.ts'
import {
  type CloseCheck,
  closedThrough,
  type Lock,
  monthsToClose,
  requireClosable,
  toCheck,
  toCloseChecks,
  toSealText,
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
): Promise<Lock & Readonly<{ setBy: string; updatedAt: Instant }>> {
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
  return { ...lock, setBy: stamp.setBy, updatedAt: stamp.at }
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
  const { booksStart, timeZone } = book.business
  requireClosable(throughDate, { booksStart, today: dateIn(ctx.now, timeZone), locks: book.locks })
  const checklist = await checksOf(ctx, close, closedThrough(book.locks))
  requireNoBlock(checklist)
  const before = book.locks.find(({ kind }) => kind === 'hard')
  for (const { end } of monthsToClose(throughDate, booksStart, book.locks)) {
    await closeMonth(ctx, { through: end, before, checklist, reason })
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

type MonthClose = Readonly<{
  through: CalendarDate
  before: Lock | undefined
  checklist: readonly CloseCheck[]
  reason: string
}>

/** Keeps the trial balance of a month's end, seals it and locks what lies before. */
async function closeMonth(
  ctx: Ctx,
  { through, before, checklist, reason }: MonthClose,
): Promise<void> {
  const { tx, businessId, actor: closedBy, recordedAt: at, link } = ctx
  const balances = await listBalances(tx, { businessId, dates: [through] })
  const { entrySeq: entryCount } = await findLedgerState(tx, businessId)
  const closeId = ctx.newId('close')
  const sha256 = ctx.digest(toSealText(balances))
  const row = { closeId, through, entryCount, sha256, checklist, reason, closedBy, at, link }
  await insertClose(tx, businessId, row, balances)
  ctx.chain('S', ['S', closeId, through, String(entryCount), sha256])
  const lock: Lock = { kind: 'hard', scope: 'all', through }
  await insertLock(tx, businessId, { ...lock, reason, setBy: closedBy, at })
  record(ctx, { lock, before, reason })
}

/** Refuses: ledger.drafts_in_period. */
async function checksOf(
  ctx: Ctx,
  { throughDate, acknowledgeDrafts, moreChecks }: Close,
  closed: CalendarDate | undefined,
): Promise<readonly CloseCheck[]> {
  const drafts = await listDraftsThrough(ctx.tx, ctx.businessId, throughDate)
  if (drafts.length > 0 && !acknowledgeDrafts) {
    throw new Refusal('ledger.drafts_in_period', {
      count: drafts.length,
      date: throughDate,
      drafts,
    })
  }
  const counts = await countClose(ctx.tx, ctx.businessId, { through: throughDate, closed })
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
