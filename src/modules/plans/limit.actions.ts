import type { OrganizationCtx } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import { insertLimitOverride } from './limit.db.ts'
import { fitsLimit, type LimitOverride } from './limit.ts'

/**
 * Gives an organization a limit of its own; the next admission goes by it.
 * Refuses: validation.failed (no limit of the surface has this name, or not this kind of value).
 * Source: platform specification 4.
 */
export async function setLimit(
  ctx: OrganizationCtx,
  exception: LimitOverride,
): Promise<LimitOverride> {
  const { surface, name, value } = exception
  if (!fitsLimit(surface, name, value)) {
    const message = `must be a value of a limit of ${surface}`
    throw new Refusal('validation.failed', {
      issues: [{ pointer: `/${name}`, path: name, rule: 'type', message }],
    })
  }
  await insertLimitOverride(ctx.tx, ctx.organizationId, exception, ctx.recordedAt)
  const resource = { resource: 'organization', resourceId: ctx.organizationId }
  ctx.audit({ action: 'limit.set', ...resource, reason: exception.reason, after: exception })
  ctx.emit({ type: 'limit.changed', ...resource, payload: exception })
  return exception
}
