import type { Tx } from '../../db/tx.ts'
import type { OrganizationCtx } from '../../db/write.ts'
import type { Instant } from '../../kernel/dates.ts'
import { updateTold } from './notice.db.ts'
import type { Notice } from './notice.queries.ts'

const eventByKind = {
  disabled: 'disabled',
  given_up: 'delivery_given_up',
  quota: 'quota_exceeded',
} as const satisfies Readonly<Record<Notice['kind'], string>>

/**
 * Writes what happened to an endpoint into the audit log and the events of its owner.
 * Refuses: nothing.
 * Source: platform specification 13.2, "Disabling, quota and given-up deliveries".
 */
export function tellNotice(ctx: OrganizationCtx, notice: Notice): Promise<void> {
  const { endpointId, kind, day, url } = notice
  const resource = { resource: 'webhook_endpoint', resourceId: endpointId } as const
  const what = eventByKind[kind]
  ctx.audit({ action: `webhook_endpoint.${what}`, ...resource, after: { day, url } })
  ctx.emit({ type: `webhooks.endpoint.${what}`, ...resource, payload: { endpointId, day, url } })
  return Promise.resolve()
}

/** Remembers that a notice was told; between the two, a crash tells it once more. */
export const rememberTold = (tx: Tx, notice: Notice, now: Instant): Promise<void> =>
  updateTold(tx, notice, now)
