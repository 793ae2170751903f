import type { OrganizationCtx } from '../../db/write.ts'
import { queueNotice } from '../access/owner-notice.actions.ts'
import { updateTold } from './notice.db.ts'
import type { Notice } from './notice.queries.ts'

const eventByKind = {
  disabled: 'disabled',
  given_up: 'delivery_given_up',
  quota: 'quota_exceeded',
} as const satisfies Readonly<Record<Notice['kind'], string>>

/**
 * Writes what happened to an endpoint into the audit log and the events of its owner, and to the
 * owner by mail, one message per endpoint and day; that an endpoint was disabled is always told. What
 * was told before is left alone.
 * Refuses: nothing.
 * Source: platform specification 13.2, "Disabling, quota and given-up deliveries".
 */
export async function tellNotice(ctx: OrganizationCtx, notice: Notice): Promise<void> {
  if (!(await updateTold(ctx.tx, notice, ctx.recordedAt))) return
  const { endpointId, kind, day, url } = notice
  const resource = { resource: 'webhook_endpoint', resourceId: endpointId } as const
  const what = eventByKind[kind]
  ctx.audit({ action: `webhook_endpoint.${what}`, ...resource, after: { day, url } })
  ctx.emit({ type: `webhooks.endpoint.${what}`, ...resource, payload: { endpointId, day, url } })
  await queueNotice(ctx, {
    aboutId: endpointId,
    notice: { purpose: 'webhook_trouble', facts: { kind, url } },
    isOncePerDay: kind !== 'disabled',
  })
}
