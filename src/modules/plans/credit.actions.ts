import type { OrganizationCtx } from '../../db/write.ts'
import { insertGrant, updateAnnounced } from './credit.db.ts'
import {
  type Crossing,
  type Grant,
  type NewGrant,
  noticeEvent,
  noticeShares,
  priorityDefault,
  requireGrant,
} from './credit.ts'

/** A grant as it was made, and what is available with it. */
export type Granted = Grant & Readonly<{ balance: bigint }>

/**
 * Gives an organization credits.
 * Refuses: validation.failed (amount, expires).
 * Source: platform specification 7.
 */
export async function grantCredits(ctx: OrganizationCtx, given: NewGrant): Promise<Granted> {
  requireGrant(given, ctx.now)
  const grant: Grant = {
    id: ctx.newId('grant'),
    asset: given.asset,
    amount: given.amount,
    priority: given.priority ?? priorityDefault,
    expiresAt: given.expiresAt ?? null,
    reason: given.reason,
    createdAt: ctx.recordedAt,
  }
  const balance = await insertGrant(ctx.tx, ctx.organizationId, grant)
  const resource = { resource: 'grant', resourceId: grant.id }
  ctx.audit({ action: 'credits.grant', ...resource, reason: grant.reason, after: grant })
  ctx.emit({ type: 'credits.granted', ...resource, payload: { ...grant, balance } })
  return { ...grant, balance }
}

/**
 * Tells the owners of an organization that its credits run low or have ended, once per crossing, and
 * answers what was told.
 * Refuses: nothing.
 * Source: platform specification 7.
 */
export async function announceCredits(ctx: OrganizationCtx): Promise<readonly Crossing[]> {
  const resource = { resource: 'organization', resourceId: ctx.organizationId }
  const crossings = await updateAnnounced(ctx.tx, ctx.organizationId)
  for (const { asset, told, notice, balance } of crossings) {
    for (let level = told + 1; level <= notice; level += 1) {
      const type = noticeEvent(level)
      const payload = { asset, balance, share: noticeShares[level] ?? '' }
      ctx.audit({ action: type, ...resource, after: payload })
      ctx.emit({ type, ...resource, payload })
    }
  }
  return crossings
}
