import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type Id, isUuid } from '../../kernel/ids.ts'
import type { Connection, ConnectionError, ConnectionStatus } from './connection.ts'
import {
  type Expression,
  filterSql,
  newValues,
  orderSql,
  pageSql,
  type UuidColumn,
} from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'
import type { Manifest, SourceType } from './record.ts'
import type { Script } from './scenario.ts'

type ConnectionRow = Readonly<{
  connection_id: Id<'connection'>
  company_id: Id<'company'>
  platform_key: string
  source_type: SourceType
  status: ConnectionStatus
  business_id: Id<'business'> | null
  script: Script | null
  info: Readonly<Record<string, string>>
  errors: readonly ConnectionError[]
  created_at: Instant
  linked_at: Instant | null
  last_sync_at: Instant | null
}>

const columnsSql = `k.connection_id, k.company_id, k.platform_key, k.source_type, k.status,
  k.business_id, k.script, k.info, k.errors, k.created_at, k.linked_at`

/** End of the newest complete dataset of connection `k`. */
const lastSyncSql = `(
  select max(s.completed_at) from dataset as s
  where s.organization_id = k.organization_id and s.connection_id = k.connection_id
    and s.status = 'Complete')`

const toConnection = (row: ConnectionRow): Connection => ({
  id: row.connection_id,
  companyId: row.company_id,
  platformKey: row.platform_key,
  sourceType: row.source_type,
  status: row.status,
  businessId: row.business_id,
  script: row.script,
  info: row.info,
  errors: row.errors,
  createdAt: row.created_at,
  linkedAt: row.linked_at,
  lastSyncAt: row.last_sync_at,
})

/** What of a connection the database does not hold: its manifest, and where its pages are. */
export type ConnectionSetting = Readonly<{ manifests: readonly Manifest[]; origin: string }>

type OwnColumn = Expression | UuidColumn

/**
 * The SQL of a connection's properties, over alias `k`. Names and ids of platforms are values of
 * the statement; `linkUrl` is built as the surface builds it.
 */
export function connectionColumns(
  { manifests, origin }: ConnectionSetting,
  add: (value: unknown) => string,
): ReadonlyMap<string, OwnColumn> {
  const ofPlatform =
    (values: readonly string[]): (() => string) =>
    () => {
      const keys = add(manifests.map(({ key }) => key))
      return `(${add(values)}::text[])[array_position(${keys}::text[], k.platform_key)]`
    }
  return new Map<string, OwnColumn>([
    ['id', { uuid: 'k.connection_id' }],
    ['integrationId', ofPlatform(manifests.map(({ integrationId }) => integrationId))],
    ['integrationKey', 'k.platform_key'],
    ['sourceId', ofPlatform(manifests.map(({ sourceId }) => sourceId))],
    ['sourceType', 'k.source_type'],
    ['platformName', ofPlatform(manifests.map(({ name }) => name))],
    [
      'linkUrl',
      () =>
        `(${add(origin)}::text || '/link/companies/' || k.company_id || '/connections/' || k.connection_id || '/start')`,
    ],
    ['status', 'k.status'],
    ['lastSync', lastSyncSql],
    ['created', 'k.created_at'],
  ])
}

type CompanyKey = Readonly<{ organizationId: Id<'organization'>; companyId: Id<'company'> }>

/** A page of a company's connections, oldest first unless ordered otherwise. */
export async function listConnections(
  db: Db,
  { organizationId, companyId, ...query }: CompanyKey & ListQuery,
  setting: ConnectionSetting,
): Promise<Listed<Connection>> {
  const values = newValues(organizationId, companyId)
  const columns = connectionColumns(setting, values.add)
  const where = filterSql(query.filter, columns, values)
  const order = orderSql(query.order, columns, {
    byDefault: 'k.created_at, k.connection_id',
    id: 'k.connection_id',
  })
  const rows = await db.query<ConnectionRow & { total: number }>({
    text: `
      with passed as (
        select ${columnsSql}, ${lastSyncSql} as last_sync_at, row_number() over (order by ${order})
          as place
        from connection as k
        where k.organization_id = $1 and k.company_id = $2 and ${where}
      )
      select t.total, p.* from (select count(*)::int as total from passed) as t
      left join (select * from passed order by place ${pageSql(query, values)}) as p on true
      order by p.place`,
    values: values.list,
  })
  return {
    rows: rows.filter((row) => row.connection_id !== null).map(toConnection),
    total: rows[0]?.total ?? 0,
  }
}

/** Every connection of some companies, oldest first within each. */
export async function listConnectionsOf(
  db: Db,
  organizationId: Id<'organization'>,
  companyIds: readonly Id<'company'>[],
): Promise<readonly Connection[]> {
  const rows = await db.query<ConnectionRow>({
    name: 'connections_of_companies',
    text: `
      select ${columnsSql}, ${lastSyncSql} as last_sync_at from connection as k
      where k.organization_id = $1 and k.company_id = any($2::uuid[])
      order by k.created_at, k.connection_id
      limit 100000`,
    values: [organizationId, companyIds],
  })
  return rows.map(toConnection)
}

/**
 * One connection of a company.
 * Refuses: sync.connection_not_found, for malformed and foreign ids too.
 */
export async function getConnection(
  db: Db,
  { organizationId, companyId }: CompanyKey,
  connectionId: string,
): Promise<Connection> {
  const [row] = isUuid(connectionId)
    ? await db.query<ConnectionRow>({
        name: 'get_connection',
        text: `
          select ${columnsSql}, ${lastSyncSql} as last_sync_at from connection as k
          where k.organization_id = $1 and k.company_id = $2 and k.connection_id = $3`,
        values: [organizationId, companyId, connectionId],
      })
    : []
  if (row === undefined) throw new Refusal('sync.connection_not_found', { connectionId })
  return toConnection(row)
}

/** One connection of an organization, whichever company it is of, or undefined. */
export async function findConnection(
  db: Db,
  organizationId: Id<'organization'>,
  connectionId: Id<'connection'>,
): Promise<Connection | undefined> {
  const [row] = await db.query<ConnectionRow>({
    name: 'find_connection',
    text: `
      select ${columnsSql}, ${lastSyncSql} as last_sync_at from connection as k
      where k.organization_id = $1 and k.connection_id = $2`,
    values: [organizationId, connectionId],
  })
  return row && toConnection(row)
}

/** Connections of an organization that count against its plan. */
export async function countLinkedConnections(
  db: Db,
  organizationId: Id<'organization'>,
): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    name: 'count_linked_connections',
    text: `select count(*) as count from connection
      where organization_id = $1 and status = 'Linked'`,
    values: [organizationId],
  })
  return Number(row?.count ?? 0n)
}
