import type { OrganizationCtx } from '../../db/write.ts'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { insertInvitation } from './invitation.db.ts'

/** Source: platform specification 17. */
const daysValid = 7
const dayMs = 86_400_000

type NewInvitation = Readonly<{
  email: string
  role: 'owner'
  /** SHA-256 of the token; the token itself is shown once to whoever invites. */
  tokenHash: Uint8Array
}>

type Invitation = Readonly<{ id: Id<'invitation'>; expiresAt: Instant }>

/**
 * Invites a person to the organization of this command, for seven days; addresses are compared in
 * lower case, composed.
 * Refuses: nothing.
 * Source: platform specification 1.1.
 */
export async function invitePerson(
  ctx: OrganizationCtx,
  { email, role, tokenHash }: NewInvitation,
): Promise<Invitation> {
  const id = ctx.newId('invitation')
  const expiresAt = instantFromMs(msOf(ctx.now) + daysValid * dayMs)
  await insertInvitation(ctx.tx, {
    ...{ organizationId: ctx.organizationId, id, role, tokenHash, expiresAt },
    email: email.normalize('NFC').toLowerCase(),
    createdAt: ctx.now,
    createdBy: ctx.actor,
  })
  const resource = { resource: 'invitation', resourceId: id }
  ctx.audit({ action: 'invitation.create', ...resource, after: { role, expiresAt } })
  ctx.emit({ type: 'invitation.created', ...resource, payload: { id, role, expiresAt } })
  return { id, expiresAt }
}
