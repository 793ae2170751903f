import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Connection } from './connection.ts'
import { type DataType, type Manifest, readableTypes } from './record.ts'
import { loadCompanySettings } from './sync-setting.queries.ts'
import { dueTypes } from './sync-setting.ts'

/** A connection of any organization. */
export type ScheduledConnection = Readonly<{
  organizationId: Id<'organization'>
  connectionId: Id<'connection'>
}>

/** Linked connections of every organization after one, in the order of both ids, at most `limit`. */
export function listLinkedConnections(
  db: Db,
  after: ScheduledConnection | undefined,
  limit: number,
): Promise<readonly ScheduledConnection[]> {
  const nobody = '00000000-0000-0000-0000-000000000000'
  return db.query<ScheduledConnection>({
    name: 'list_linked_connections',
    text: `select organization_id as "organizationId", connection_id as "connectionId"
      from connection
      where status = 'Linked' and (organization_id, connection_id) > ($1::uuid, $2::uuid)
      order by organization_id, connection_id limit $3`,
    values: [after?.organizationId ?? nobody, after?.connectionId ?? nobody, limit],
  })
}

/** Connections of every organization with pushes that are over time and not yet written down. */
export function listConnectionsWithLatePushes(
  db: Db,
  { now, limit }: Readonly<{ now: Instant; limit: number }>,
): Promise<readonly ScheduledConnection[]> {
  return db.query<ScheduledConnection>({
    name: 'list_connections_with_late_pushes',
    text: `select distinct organization_id as "organizationId", connection_id as "connectionId"
      from push_operation
      where organization_id is not null and status = 'Pending' and timeout_at <= $1
      order by 1, 2 limit $2`,
    values: [now, limit],
  })
}

type Schedule = Readonly<{
  connection: Connection
  manifest: Manifest
  now: Instant
  allowsHourlySync: boolean
}>

/** The data types of a connection whose time has come, by when each was asked for last. */
export async function listDueTypes(
  db: Db,
  organizationId: Id<'organization'>,
  { connection, manifest, now, allowsHourlySync }: Schedule,
): Promise<readonly DataType[]> {
  const { settings } = await loadCompanySettings(db, organizationId, connection.companyId)
  const rows = await db.query<{ dataType: string; at: Instant }>({
    name: 'list_last_requests',
    text: `select data_type as "dataType", max(requested_at) as at from dataset
      where organization_id = $1 and connection_id = $2 group by data_type order by data_type`,
    values: [organizationId, connection.id],
  })
  const lastByType = new Map(rows.map(({ dataType, at }) => [dataType, at]))
  return dueTypes(settings, {
    supported: readableTypes(manifest),
    lastByType,
    now,
    allowsHourlySync,
  })
}
