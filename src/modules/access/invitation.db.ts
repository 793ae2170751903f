import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

type InvitationRow = Readonly<{
  organizationId: Id<'organization'>
  id: Id<'invitation'>
  email: string
  role: 'owner'
  tokenHash: Uint8Array
  createdAt: Instant
  createdBy: string
  expiresAt: Instant
}>

/** Keeps one invitation; of its token only the hash. */
export async function insertInvitation(tx: Tx, row: InvitationRow): Promise<void> {
  await tx.query({
    text: `insert into invitation (organization_id, invitation_id, email, role, token_hash,
        created_at, created_by, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      ...[row.organizationId, row.id, row.email, row.role, Buffer.from(row.tokenHash)],
      ...[row.createdAt, row.createdBy, row.expiresAt],
    ],
  })
}
