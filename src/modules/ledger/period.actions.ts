import type { Ctx } from '../../db/write.ts'
import { loadBook } from './book.queries.ts'
import { insertLock } from './period.db.ts'
import type { Lock } from './period.ts'

/**
 * Locks the days of a scope through a date, or lifts the lock with `through` null. Nothing that is
 * posted changes.
 * Refuses: nothing.
 * Source: ledger specification 6.2.
 */
export async function setSoftLock(
  ctx: Ctx,
  { scope, through, reason }: Readonly<Pick<Lock, 'scope' | 'through'> & { reason: string }>,
): Promise<Lock> {
  const { locks } = await ctx.remember(loadBook)
  const before = locks.find((each) => each.kind === 'soft' && each.scope === scope)
  const lock: Lock = { kind: 'soft', scope, through }
  const stamp = { reason, setBy: ctx.actor, at: ctx.recordedAt }
  await insertLock(ctx.tx, ctx.businessId, { ...lock, ...stamp })
  ctx.configurationChanged()
  const resource = { resource: 'period_lock', resourceId: `soft/${scope}` } as const
  ctx.audit({
    ...{ action: 'period_lock.set', ...resource, reason, after: lock },
    ...(before !== undefined && { before }),
  })
  ctx.emit({ type: 'ledger.period_lock.set', ...resource, payload: lock })
  return lock
}
