import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Connection, ConnectionError } from './connection.ts'
import type { Script } from './scenario.ts'

type OrganizationId = Id<'organization'>

/** Inserts a connection that nobody has authorized yet. */
export async function insertConnection(
  tx: Tx,
  organizationId: OrganizationId,
  connection: Connection,
): Promise<void> {
  await tx.query({
    name: 'insert_connection',
    text: `insert into connection
        (organization_id, connection_id, company_id, platform_key, source_type, status, created_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      organizationId,
      connection.id,
      connection.companyId,
      connection.platformKey,
      connection.sourceType,
      connection.status,
      connection.createdAt,
    ],
  })
}

type Link = Readonly<{
  connectionId: Id<'connection'>
  businessId: Id<'business'> | null
  script?: Script
  info: Readonly<Record<string, string>>
  at: Instant
}>

/** Links a connection to a business, or to a script; its errors are resolved. */
export async function updateLinked(
  tx: Tx,
  organizationId: OrganizationId,
  { connectionId, businessId, script, info, at }: Link,
): Promise<void> {
  await tx.query({
    name: 'link_connection',
    text: `
      update connection set status = 'Linked', business_id = $3, info = $4, linked_at = $5,
        unlinked_at = null, script = $7, errors = coalesce((
          select jsonb_agg(case when e ->> 'status' = 'Active'
            then e || jsonb_build_object('status', 'Resolved', 'resolvedOnUtc', $6::text) else e end)
          from jsonb_array_elements(errors) as e), '[]')
      where organization_id = $1 and connection_id = $2`,
    values: [
      organizationId,
      connectionId,
      businessId,
      JSON.stringify(info),
      at,
      at,
      script === undefined ? null : JSON.stringify(script),
    ],
  })
}

/** Marks a linked connection as unlinked. */
export async function updateUnlinked(
  tx: Tx,
  organizationId: OrganizationId,
  connectionId: Id<'connection'>,
  at: Instant,
): Promise<void> {
  await tx.query({
    name: 'unlink_connection',
    text: `update connection set status = 'Unlinked', unlinked_at = $3
      where organization_id = $1 and connection_id = $2`,
    values: [organizationId, connectionId, at],
  })
}

/** Marks a connection whose credentials the platform refused. */
export async function updateDeauthorized(
  tx: Tx,
  organizationId: OrganizationId,
  connectionId: Id<'connection'>,
  error: ConnectionError,
): Promise<void> {
  await tx.query({
    name: 'deauthorize_connection',
    text: `update connection set status = 'Deauthorized', errors = errors || $3::jsonb
      where organization_id = $1 and connection_id = $2`,
    values: [organizationId, connectionId, JSON.stringify([error])],
  })
}

/** Removes a connection with its datasets and records. */
export async function deleteConnectionRow(
  tx: Tx,
  organizationId: OrganizationId,
  connectionId: Id<'connection'>,
): Promise<void> {
  await tx.query({
    name: 'delete_connection',
    text: 'delete from connection where organization_id = $1 and connection_id = $2',
    values: [organizationId, connectionId],
  })
}
