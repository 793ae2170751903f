import { safeOf, type Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Organization, type OrganizationStatus, placeOfOwner } from './organization.ts'

/** Inserts one organization; a taken slug violates `organization_slug_unique`. */
export async function insertOrganization(
  tx: Tx,
  { id, name, slug, status, createdAt }: Organization,
): Promise<void> {
  await tx.query({
    text: `insert into organization (organization_id, name, slug, status, created_at)
      values ($1, $2, $3, $4, $5)`,
    values: [id, name, slug, status, createdAt],
  })
}

/** Sets the status of one organization. */
export async function updateOrganizationStatus(
  tx: Tx,
  organizationId: Id<'organization'>,
  status: OrganizationStatus,
): Promise<void> {
  await tx.query({
    text: 'update organization set status = $2 where organization_id = $1',
    values: [organizationId, status],
  })
}

/** Sets the e-mail address that notices to an organization go to, sealed. */
export async function updateOwner(
  tx: Tx,
  organizationId: Id<'organization'>,
  email: string,
): Promise<void> {
  const { seal } = await safeOf(tx)
  await tx.query({
    text: 'update organization set sealed_owner = $2 where organization_id = $1',
    values: [organizationId, seal(placeOfOwner(organizationId), new TextEncoder().encode(email))],
  })
}

/** Held until commit: businesses of an organization are counted and added one at a time. */
export async function lockOrganization(
  tx: Tx,
  organizationId: Id<'organization'>,
): Promise<boolean> {
  const rows = await tx.query({
    text: 'select 1 from organization where organization_id = $1 for update',
    values: [organizationId],
  })
  return rows.length > 0
}
