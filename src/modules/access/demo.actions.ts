import type { OrganizationCtx } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { insertDemo, removeDemoRows } from './demo.db.ts'

type Demo = Readonly<{ businessId: Id<'business'> }>

/**
 * Marks a test business as the demo's own, which is what `removeDemo` takes.
 * Refuses: nothing.
 */
export async function markDemo(ctx: OrganizationCtx, { businessId }: Demo): Promise<void> {
  const { organizationId } = ctx
  await insertDemo(ctx.tx, { organizationId, businessId, at: ctx.now })
  record(ctx, 'demo.marked', businessId)
}

/**
 * Deletes a test business that is marked as demo with every row it has in any table, posted ones
 * too, in one commit with the organization's record of it. Answers how many rows that were.
 * Refuses: resource.not_found (there is no such business, it is live, or not marked).
 * Source: platform specification 2.
 */
export async function removeDemo(ctx: OrganizationCtx, { businessId }: Demo): Promise<bigint> {
  const { organizationId } = ctx
  const removed = await removeDemoRows(ctx.tx, { organizationId, businessId })
  if (removed === null) {
    throw new Refusal('resource.not_found', { resource: 'Demo business', id: businessId })
  }
  record(ctx, removedAction, businessId)
  return removed
}

/** The audit row that says that the chain of a business ended with the business. */
export const removedAction = 'demo.removed'

function record(ctx: OrganizationCtx, what: string, businessId: Id<'business'>): void {
  const resource = { resource: 'business', resourceId: businessId }
  ctx.audit({ action: what, ...resource })
  ctx.emit({ type: what, ...resource, payload: { id: businessId } })
}
