import type { OrganizationCtx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import type { Id } from '../../kernel/ids.ts'
import { updateDeauthorized } from './connection.db.ts'
import type { Connection } from './connection.ts'
import { updateMoved } from './dataset.db.ts'
import type { Dataset } from './dataset.ts'
import { deleteRecordsOf, insertRecords } from './record.db.ts'
import { type DataType, type Manifest, recordTypes, type SyntheticBooks } from './record.ts'
import { scriptedEnd } from './scenario.ts'

const pageSize = 5_000

/** A data type of a dataset and how it ended. */
export type EndedDataset = Readonly<{
  id: Id<'dataset'>
  dataType: string
  status: Dataset['status']
}>

/**
 * Plays a connection's script on datasets that were queued: keeps the records where they complete,
 * and nothing where they fail or are held.
 * Refuses: nothing.
 * Source: Connect specification 11.4 and 14.2.
 */
export async function playDatasets(
  ctx: OrganizationCtx,
  connection: Connection,
  manifest: Manifest,
  datasets: readonly Dataset[],
): Promise<readonly EndedDataset[]> {
  const { script, id: connectionId } = connection
  const { tx, organizationId, recordedAt } = ctx
  assert(script !== null && manifest.buildBooks !== undefined, 'a scripted connection has a script')
  if (datasets.length === 0) return []
  const { status, progress, message = null } = scriptedEnd(script)
  await updateMoved(tx, organizationId, {
    ...{ datasetIds: datasets.map(({ id }) => id), status, progress, message },
    completedAt: status === 'Fetching' ? null : recordedAt,
  })
  if (status === 'Complete') {
    const books = manifest.buildBooks(script.seed)
    for (const { dataType } of datasets) await keep(ctx, connectionId, dataType as DataType, books)
  }
  if (status === 'AuthError') {
    await updateDeauthorized(tx, organizationId, connectionId, {
      statusCode: '401',
      statusText: 'Unauthorized',
      errorMessage: message ?? '',
      erroredOnUtc: recordedAt,
      status: 'Active',
    })
  }
  return datasets.map(({ id, dataType }) => ({ id, dataType, status }))
}

async function keep(
  { tx, organizationId }: OrganizationCtx,
  connectionId: Id<'connection'>,
  dataType: DataType,
  books: SyntheticBooks,
): Promise<void> {
  const recordType = recordTypes.find((one) => one === dataType)
  const records = recordType === undefined ? [books.company] : books.records[recordType]
  await deleteRecordsOf(tx, organizationId, connectionId, dataType)
  for (let position = 0; position < records.length; position += pageSize) {
    const part = records.slice(position, position + pageSize)
    await insertRecords(tx, { organizationId, connectionId, dataType, position, records: part })
  }
}
