import type { OrganizationCtx } from '../../db/write.ts'
import { instantFromMs, msOf } from '../../kernel/dates.ts'
import { announceCredits } from './credit.actions.ts'
import type { Crossing } from './credit.ts'
import { type ReachedQuota, updateQuotaToOpen, updateQuotaToTold } from './notice.db.ts'

const dayMs = 86_400_000

/**
 * Tells the owners of an organization what happened to its credits and to its quota, each once, and
 * answers what was told of its credits.
 * Refuses: nothing.
 * Source: platform specification 6.7 and 7; Connect specification 6.
 */
export async function announceLimits(ctx: OrganizationCtx): Promise<readonly Crossing[]> {
  const crossings = await announceCredits(ctx)
  const reached = await updateQuotaToTold(ctx.tx, ctx.organizationId)
  if (reached !== undefined) announceQuota(ctx, 'client.rate_limit_reached', reached, 0)
  const ended = await updateQuotaToOpen(ctx.tx, ctx.organizationId, msOf(ctx.now))
  if (ended !== undefined) announceQuota(ctx, 'client.rate_limit_reset', ended, ended.quota)
  return crossings
}

function announceQuota(
  ctx: OrganizationCtx,
  type: string,
  reached: ReachedQuota,
  quotaRemaining: number,
): void {
  const expiryDate = instantFromMs(Number(reached.dayMs) + dayMs)
  const payload = { dailyQuota: reached.quota, quotaRemaining, expiryDate }
  const resource = { resource: 'organization', resourceId: ctx.organizationId }
  ctx.audit({ action: type, ...resource, after: payload })
  ctx.emit({ type, ...resource, payload })
}
