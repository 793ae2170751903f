import { type Db, safeOf } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Organization, type OrganizationStatus, placeOfOwner } from './organization.ts'

type Row = {
  organization_id: Id<'organization'>
  name: string
  slug: string
  status: OrganizationStatus
  created_at: Instant
}

const columns = 'organization_id, name, slug, status, created_at'

/** One organization, or undefined. */
export async function findOrganization(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<Organization | undefined> {
  const [row] = await db.query<Row>({
    name: 'find_organization',
    text: `select ${columns} from organization where organization_id = $1`,
    values: [organizationId],
  })
  return row && toOrganization(row)
}

/** Refuses: resource.not_found. */
export async function getOrganization(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<Organization> {
  const organization = await findOrganization(db, organizationId)
  if (organization === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Organization', id: organizationId })
  }
  return organization
}

/** Whom notices to an organization go to; undefined: its owner has given no address. */
export async function findOwner(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<Readonly<{ organization: string; email: string }> | undefined> {
  const [row] = await db.query<{ name: string; sealed: Buffer | null }>({
    name: 'find_owner',
    text: 'select name, sealed_owner as sealed from organization where organization_id = $1',
    values: [organizationId],
  })
  if (row === undefined || row.sealed === null) return undefined
  const { open } = await safeOf(db)
  const email = new TextDecoder().decode(open(placeOfOwner(organizationId), row.sealed))
  return { organization: row.name, email }
}

/**
 * Organizations in the order they were made, at most 1,000. On a connection of the owner all of the
 * installation, elsewhere the tenant's own.
 */
export async function listOrganizations(db: Db): Promise<readonly Organization[]> {
  const rows = await db.query<Row>({
    text: `select ${columns} from organization order by created_at, organization_id limit 1000`,
    values: [],
  })
  return rows.map(toOrganization)
}

const toOrganization = (row: Row): Organization => ({
  id: row.organization_id,
  name: row.name,
  slug: row.slug,
  status: row.status,
  createdAt: row.created_at,
})
