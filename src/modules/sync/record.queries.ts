import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Connection } from './connection.ts'
import { requireReadable } from './dataset.queries.ts'
import { type Column, inOrderOf, listPage, newValues, recordColumns } from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'
import { getNativeCompanyInfo, listNativeRecords } from './native.queries.ts'
import type { NativeSource } from './native.ts'
import { entityByRecordType, propertiesByEntity } from './property.ts'
import type { CanonicalRecord, DataType, RecordType } from './record.ts'
import { type FrozenBooks, loadStatementBooks, thawBooks } from './statement.queries.ts'
import { type StatementQuery, toBalanceSheets, toProfitAndLoss } from './statement.ts'

/** Whose data is read, and when. The reads below belong into one snapshot of its business. */
export type RecordSource = Readonly<{
  organizationId: Id<'organization'>
  connection: Connection
  now: Instant
}>

/**
 * A page of a data type: live while the connection is linked, as it was read last otherwise.
 * Refuses, in this order: sync.dataset_not_requested, sync.dataset_incomplete.
 * Source: Connect specification 15.
 */
export async function listRecords(
  db: Db,
  recordType: RecordType,
  source: RecordSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  await requireComplete(db, source, recordType)
  return isLive(source)
    ? await listNativeRecords(db, recordType, toNative(source), query)
    : await listStored(db, recordType, source, query)
}

/**
 * One record by its id.
 * Refuses, in this order: sync.dataset_not_requested, sync.dataset_incomplete,
 * sync.data_not_available.
 */
export async function getRecord(
  db: Db,
  recordType: RecordType,
  source: RecordSource,
  id: string,
): Promise<CanonicalRecord> {
  const { rows } = await listRecords(db, recordType, source, {
    filter: { path: 'id', kind: 'id', operator: '=', value: id },
    order: undefined,
    page: 1,
    pageSize: 1,
  })
  const [record] = rows
  if (record === undefined) {
    throw new Refusal('sync.data_not_available', { dataType: recordType, id })
  }
  return record
}

/**
 * What the platform says of the company.
 * Refuses, in this order: sync.dataset_not_requested, sync.dataset_incomplete.
 */
export async function getCompanyInfo(
  db: Db,
  source: RecordSource,
): Promise<Readonly<Record<string, unknown>>> {
  await requireComplete(db, source, 'company')
  if (isLive(source)) return await getNativeCompanyInfo(db, toNative(source))
  const { id: _, ...info } = await getKept(db, source, 'company')
  return info
}

/**
 * A financial statement over some periods.
 * Refuses, in this order: sync.dataset_not_requested, sync.dataset_incomplete.
 * Source: Connect specification 20.1.
 */
export async function getStatement(
  db: Db,
  dataType: 'balanceSheet' | 'profitAndLoss',
  source: RecordSource,
  query: StatementQuery,
): Promise<object> {
  await requireComplete(db, source, dataType)
  const books = isLive(source)
    ? await loadStatementBooks(db, toNative(source), query)
    : thawBooks(await getKept<FrozenBooks>(db, source, 'balanceSheet'))
  return dataType === 'balanceSheet' ? toBalanceSheets(books, query) : toProfitAndLoss(books, query)
}

/** Only our own books are read live; what came from elsewhere is kept as it was read. */
const isLive = ({ connection: { status, businessId } }: RecordSource): boolean =>
  status === 'Linked' && businessId !== null

function toNative({ organizationId, connection, now }: RecordSource): NativeSource {
  const { businessId } = connection
  assert(businessId !== null, 'a linked native connection has its business')
  return { organizationId, businessId, now }
}

const requireComplete = (
  db: Db,
  { organizationId, connection }: RecordSource,
  dataType: DataType,
): Promise<void> => requireReadable(db, { organizationId, connectionId: connection.id, dataType })

/** A page of what is kept of an unlinked connection, in the order it was read by default. */
async function listStored(
  db: Db,
  recordType: RecordType,
  { organizationId, connection }: RecordSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  const columns = recordColumns(propertiesByEntity[entityByRecordType[recordType]])
  const page = await listPage(db, query, {
    from: 'from record where organization_id = $1 and connection_id = $2 and data_type = $3',
    id: 'record_id',
    byDefault: 'position',
    columns: new Map<string, Column>([...columns, ['id', 'record_id']]),
    values: newValues(organizationId, connection.id, recordType),
  })
  const rows = await db.query<{ body: CanonicalRecord }>({
    name: 'kept_records',
    text: `select body from record
      where organization_id = $1 and connection_id = $2 and data_type = $3
        and record_id = any($4::text[])
      order by position limit 5000`,
    values: [organizationId, connection.id, recordType, page.rows],
  })
  const bodies = rows.map(({ body }) => body)
  return { rows: inOrderOf(page.rows, bodies, ({ id }) => id), total: page.total }
}

/** The one record kept of a data type that has a single one. */
async function getKept<Body = Readonly<Record<string, unknown>>>(
  db: Db,
  { organizationId, connection }: RecordSource,
  dataType: DataType,
): Promise<Body> {
  const [row] = await db.query<{ body: Body }>({
    name: 'get_kept_record',
    text: `select body from record
      where organization_id = $1 and connection_id = $2 and data_type = $3
      order by position limit 1`,
    values: [organizationId, connection.id, dataType],
  })
  assert(row !== undefined, 'an unlinked connection keeps what was read')
  return row.body
}
