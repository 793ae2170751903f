import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type Id, isUuid } from '../../kernel/ids.ts'
import type { Dataset, DatasetStatus, DataTypeState } from './dataset.ts'
import {
  type Column,
  type Columns,
  filterSql,
  newValues,
  orderSql,
  pageSql,
} from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'

type DatasetRow = Readonly<{
  dataset_id: Id<'dataset'>
  company_id: Id<'company'>
  connection_id: Id<'connection'>
  data_type: string
  status: DatasetStatus
  progress: number
  status_description: string | null
  error_message: string | null
  requested_at: Instant
  completed_at: Instant | null
}>

const columnsSql = `d.dataset_id, d.company_id, d.connection_id, d.data_type, d.status, d.progress,
  d.status_description, d.error_message, d.requested_at, d.completed_at`

const columns: Columns = new Map<string, Column>([
  ['id', { uuid: 'd.dataset_id' }],
  ['companyId', { uuid: 'd.company_id' }],
  ['connectionId', { uuid: 'd.connection_id' }],
  ['dataType', 'd.data_type'],
  ['status', 'd.status'],
  ['statusDescription', 'd.status_description'],
  ['errorMessage', 'd.error_message'],
  ['requested', 'd.requested_at'],
  ['completed', 'd.completed_at'],
])

const toDataset = (row: DatasetRow): Dataset => ({
  id: row.dataset_id,
  companyId: row.company_id,
  connectionId: row.connection_id,
  dataType: row.data_type,
  status: row.status,
  statusDescription: row.status_description,
  errorMessage: row.error_message,
  requestedAt: row.requested_at,
  completedAt: row.completed_at,
  progress: row.progress,
})

type CompanyKey = Readonly<{ organizationId: Id<'organization'>; companyId: Id<'company'> }>

/** A page of a company's datasets, newest request first unless ordered otherwise. */
export async function listDatasets(
  db: Db,
  { organizationId, companyId, ...query }: CompanyKey & ListQuery,
): Promise<Listed<Dataset>> {
  const values = newValues(organizationId, companyId)
  const where = filterSql(query.filter, columns, values)
  const order = orderSql(query.order, columns, {
    byDefault: 'd.requested_at desc, d.seq desc',
    id: 'd.dataset_id',
  })
  const rows = await db.query<DatasetRow & { total: number }>({
    text: `
      with passed as (
        select ${columnsSql}, row_number() over (order by ${order}) as place
        from dataset as d
        where d.organization_id = $1 and d.company_id = $2 and ${where}
      )
      select t.total, p.* from (select count(*)::int as total from passed) as t
      left join (select * from passed order by place ${pageSql(query, values)}) as p on true
      order by p.place`,
    values: values.list,
  })
  return {
    rows: rows.filter((row) => row.dataset_id !== null).map(toDataset),
    total: rows[0]?.total ?? 0,
  }
}

/**
 * One dataset of a company.
 * Refuses: sync.dataset_not_found, for malformed and foreign ids too.
 */
export async function getDataset(
  db: Db,
  { organizationId, companyId }: CompanyKey,
  datasetId: string,
): Promise<Dataset> {
  const [row] = isUuid(datasetId)
    ? await db.query<DatasetRow>({
        name: 'get_dataset',
        text: `select ${columnsSql} from dataset as d
          where d.organization_id = $1 and d.company_id = $2 and d.dataset_id = $3`,
        values: [organizationId, companyId, datasetId],
      })
    : []
  if (row === undefined) throw new Refusal('sync.dataset_not_found', { datasetId })
  return toDataset(row)
}

/**
 * Per data type that ever had a dataset: the newest one over all connections, or over one, and the
 * newest that completed; in order of the data types' names, at most 1,000.
 */
export async function listDataTypeStates(
  db: Db,
  { organizationId, companyId, connectionId }: CompanyKey & { connectionId?: Id<'connection'> },
): Promise<readonly DataTypeState[]> {
  const rows = await db.query<DatasetRow & { is_latest: boolean }>({
    name: 'list_data_type_states',
    text: `
      with own as (
        select ${columnsSql}, d.seq from dataset as d
        where d.organization_id = $1 and d.company_id = $2
          and ($3::uuid is null or d.connection_id = $3)
      ), latest as (
        select distinct on (data_type) own.*, true as is_latest from own
        order by data_type, requested_at desc, seq desc
      ), complete as (
        select distinct on (data_type) own.*, false as is_latest from own
        where status = 'Complete'
        order by data_type, requested_at desc, seq desc
      )
      select * from latest union all select * from complete
      order by data_type, is_latest, dataset_id
      limit 2000`,
    values: [organizationId, companyId, connectionId ?? null],
  })
  const stateByType = new Map<string, DataTypeState>()
  for (const row of rows) {
    const before = stateByType.get(row.data_type)
    const state = before ?? { dataType: row.data_type, latest: null, latestComplete: null }
    const dataset = toDataset(row)
    const found = row.is_latest ? { latest: dataset } : { latestComplete: dataset }
    stateByType.set(row.data_type, { ...state, ...found })
  }
  return [...stateByType.values()]
}

/**
 * Data of a type may be read once one of its datasets completed, whatever came after.
 * Refuses, in this order: sync.dataset_not_requested, sync.dataset_incomplete.
 * Source: Connect specification 15.
 */
export async function requireReadable(
  db: Db,
  { organizationId, connectionId, dataType }: DatasetKey,
): Promise<void> {
  const [row] = await db.query<{ requested: boolean; complete: boolean }>({
    name: 'dataset_state',
    text: `
      select count(*) > 0 as requested, coalesce(bool_or(status = 'Complete'), false) as complete
      from dataset
      where organization_id = $1 and connection_id = $2 and data_type = $3`,
    values: [organizationId, connectionId, dataType],
  })
  if (row?.requested !== true) throw new Refusal('sync.dataset_not_requested')
  if (!row.complete) throw new Refusal('sync.dataset_incomplete', { retryAfterSeconds: 1 })
}

type DatasetKey = Readonly<{
  organizationId: Id<'organization'>
  connectionId: Id<'connection'>
  dataType: string
}>

/** The dataset of a type that is still running on a connection. */
export async function findRunningDataset(
  db: Db,
  { organizationId, connectionId, dataType }: DatasetKey,
): Promise<Dataset | undefined> {
  const [row] = await db.query<DatasetRow>({
    name: 'find_running_dataset',
    text: `
      select ${columnsSql} from dataset as d
      where d.organization_id = $1 and d.connection_id = $2 and d.data_type = $3
        and d.status in ('Initial', 'Queued', 'Fetching', 'MapQueued', 'Mapping',
          'ValidationQueued', 'Validating', 'ProcessingQueued', 'Processing')
      order by d.requested_at desc, d.seq desc limit 1`,
    values: [organizationId, connectionId, dataType],
  })
  return row && toDataset(row)
}

/** The datasets that are still running on a connection, in the order they were asked for. */
export async function listRunningDatasets(
  db: Db,
  organizationId: Id<'organization'>,
  connectionId: Id<'connection'>,
): Promise<readonly Dataset[]> {
  const rows = await db.query<DatasetRow>({
    name: 'list_running_datasets',
    text: `
      select ${columnsSql} from dataset as d
      where d.organization_id = $1 and d.connection_id = $2
        and d.status in ('Initial', 'Queued', 'Fetching', 'MapQueued', 'Mapping',
          'ValidationQueued', 'Validating', 'ProcessingQueued', 'Processing')
      order by d.requested_at, d.seq limit 1000`,
    values: [organizationId, connectionId],
  })
  return rows.map(toDataset)
}
