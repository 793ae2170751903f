import type { OrganizationCtx } from '../../db/write.ts'

/** `reencrypted` counts the fields that were sealed anew under the version. */
type KeyRotation = Readonly<{ version: number; reencrypted: number }>

/**
 * Notes that an organization's fields are sealed under a new key.
 * Refuses: nothing. Source: platform specification 15 and 16.
 */
export function noteKeyRotation(ctx: OrganizationCtx, rotation: KeyRotation): Promise<void> {
  ctx.audit({
    action: 'data_key.rotated',
    resource: 'data_key',
    resourceId: String(rotation.version),
    after: rotation,
  })
  return Promise.resolve()
}
