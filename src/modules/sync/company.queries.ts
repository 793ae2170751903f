import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { asId, type Id, isUuid } from '../../kernel/ids.ts'
import type { Company, Tags } from './company.ts'
import {
  type ConnectionSetting,
  connectionColumns,
  listConnectionsOf,
} from './connection.queries.ts'
import type { Connection } from './connection.ts'
import {
  type Column,
  type Columns,
  filterSql,
  newValues,
  orderSql,
  pageSql,
  type Values,
} from './filter.queries.ts'
import type { Comparison, Filter, Listed, ListQuery } from './filter.ts'
import { companyConnectionPrefix } from './property.ts'

type CompanyRow = Readonly<{
  company_id: Id<'company'>
  name: string
  description: string | null
  tags: Tags
  products: readonly string[]
  created_at: Instant
  created_by_name: string | null
}>

const columnsSql = `c.company_id, c.name, c.description, c.tags, c.products, c.created_at,
  c.created_by_name`

type CompanyQuery = ListQuery &
  Readonly<{
    organizationId: Id<'organization'>
    tags: Filter | undefined
    /** The only ones that are shown; null: all. */
    companyIds: readonly Id<'company'>[] | null
  }>

/** A page of an organization's companies, newest first unless ordered otherwise. */
export async function listCompanies(
  db: Db,
  { organizationId, tags, companyIds, ...query }: CompanyQuery,
  setting: ConnectionSetting,
): Promise<Listed<Company>> {
  const values = newValues(organizationId, companyIds)
  const columns = companyColumns(setting, values)
  const where = filterSql(query.filter, columns, values)
  const tagWhere = filterSql(tags, tagColumns(tags, values), values)
  const order = orderSql(query.order, columns, {
    byDefault: 'c.created_at desc, c.company_id',
    id: 'c.company_id',
  })
  const rows = await db.query<CompanyRow & { total: number }>({
    text: `
      with passed as (
        select ${columnsSql}, row_number() over (order by ${order}) as place
        from company as c
        where c.organization_id = $1 and ($2::uuid[] is null or c.company_id = any ($2))
          and ${where} and ${tagWhere}
      )
      select t.total, p.* from (select count(*)::int as total from passed) as t
      left join (select * from passed order by place ${pageSql(query, values)}) as p on true
      order by p.place`,
    values: values.list,
  })
  const found = rows.filter((row) => row.company_id !== null)
  const companies = await withConnections(db, organizationId, found)
  return { rows: companies, total: rows[0]?.total ?? 0 }
}

/**
 * One company with its connections.
 * Refuses: sync.company_not_found, for malformed and foreign ids too.
 */
export async function getCompany(
  db: Db,
  organizationId: Id<'organization'>,
  companyId: string,
): Promise<Company> {
  const rows = isUuid(companyId)
    ? await db.query<CompanyRow>({
        name: 'get_company',
        text: `select ${columnsSql} from company as c
          where c.organization_id = $1 and c.company_id = $2`,
        values: [organizationId, companyId],
      })
    : []
  const [company] = await withConnections(db, organizationId, rows)
  if (company === undefined) throw new Refusal('sync.company_not_found', { companyId })
  return company
}

/** The id of a company that exists. Refuses: sync.company_not_found. */
export async function requireCompany(
  db: Db,
  organizationId: Id<'organization'>,
  companyId: string,
): Promise<Id<'company'>> {
  const [row] = isUuid(companyId)
    ? await db.query({
        name: 'require_company',
        text: 'select 1 from company where organization_id = $1 and company_id = $2',
        values: [organizationId, companyId],
      })
    : []
  if (row === undefined) throw new Refusal('sync.company_not_found', { companyId })
  return asId('company', companyId)
}

/** Companies of an organization that count against its plan. */
export async function countCompanies(db: Db, organizationId: Id<'organization'>): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    name: 'count_companies',
    text: 'select count(*) as count from company where organization_id = $1',
    values: [organizationId],
  })
  return Number(row?.count ?? 0n)
}

async function withConnections(
  db: Db,
  organizationId: Id<'organization'>,
  rows: readonly CompanyRow[],
): Promise<readonly Company[]> {
  const ids = rows.map(({ company_id }) => company_id)
  const connections = ids.length === 0 ? [] : await listConnectionsOf(db, organizationId, ids)
  const byCompany = new Map<string, Connection[]>(ids.map((id) => [id, []]))
  for (const connection of connections) byCompany.get(connection.companyId)?.push(connection)
  return rows.map((row) => toCompany(row, byCompany.get(row.company_id) ?? []))
}

const toCompany = (row: CompanyRow, connections: readonly Connection[]): Company => ({
  id: row.company_id,
  name: row.name,
  description: row.description,
  tags: row.tags,
  products: row.products,
  createdAt: row.created_at,
  createdByName: row.created_by_name,
  lastSyncAt: newest(connections.map(({ lastSyncAt }) => lastSyncAt)),
  connections,
})

/** Text order of instants is time order. */
const newest = (instants: readonly (Instant | null)[]): Instant | null =>
  instants.reduce((last, at) => (last === null || (at !== null && at > last) ? at : last), null)

/** Of a company's connections any may match, and for `!=` none may be equal. */
function companyColumns(setting: ConnectionSetting, values: Values): Columns {
  const ofConnections = [...connectionColumns(setting, values.add)].map(
    ([path, of]): [string, Column] => [
      `${companyConnectionPrefix}${path}`,
      { some: someConnection, of },
    ],
  )
  return new Map<string, Column>([
    ['id', { uuid: 'c.company_id' }],
    ['name', 'c.name'],
    ['description', 'c.description'],
    ['platform', () => platformSql(setting, values)],
    ['redirect', () => `(${values.add(setting.origin)}::text || '/link/company/' || c.company_id)`],
    ['created', 'c.created_at'],
    [
      'lastSync',
      `(select max(s.completed_at) from dataset as s
        where s.organization_id = c.organization_id and s.company_id = c.company_id
          and s.status = 'Complete')`,
    ],
    ['createdByUserName', 'c.created_by_name'],
    ...ofConnections,
  ])
}

/** Name of the platform of the linked accounting connection, or an empty text. */
function platformSql({ manifests }: ConnectionSetting, values: Values): string {
  const names = values.add(manifests.map(({ name }) => name))
  const keys = values.add(manifests.map(({ key }) => key))
  return `coalesce((
    select (${names}::text[])[array_position(${keys}::text[], k.platform_key)]
    from connection as k
    where k.organization_id = c.organization_id and k.company_id = c.company_id
      and k.status = 'Linked' and k.source_type = 'Accounting' limit 1), '')`
}

const someConnection = (condition: string): string => `exists (
  select 1 from connection as k
  where k.organization_id = c.organization_id and k.company_id = c.company_id and ${condition})`

/** Each tag name of the filter as a column of its own, found without regard to case. */
function tagColumns(filter: Filter | undefined, values: Values): Columns {
  return new Map(
    comparisonsOf(filter).map(({ path }) => [
      path,
      () => `(select t.value from jsonb_each_text(c.tags) as t
        where lower(t.key) = lower(${values.add(path)}::text) order by t.key limit 1)`,
    ]),
  )
}

function comparisonsOf(filter: Filter | undefined): readonly Comparison[] {
  if (filter === undefined) return []
  if ('all' in filter) return filter.all.flatMap(comparisonsOf)
  if ('any' in filter) return filter.any.flatMap(comparisonsOf)
  return [filter]
}
