import { plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Dataset, DatasetStatus } from './dataset.ts'

/** Inserts datasets as queued, in one statement. */
export async function insertQueued(
  tx: Tx,
  organizationId: Id<'organization'>,
  datasets: readonly Dataset[],
): Promise<void> {
  await tx.query({
    name: 'insert_datasets',
    text: `
      insert into dataset (organization_id, dataset_id, company_id, connection_id, data_type,
        status, progress, requested_at)
      select $1, t.dataset_id, t.company_id, t.connection_id, t.data_type, 'Queued', 0,
        t.requested_at
      from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
        with ordinality as t (dataset_id, company_id, connection_id, data_type, requested_at, place)
      order by t.place`,
    values: [
      organizationId,
      plainArray(datasets.map(({ id }) => id)),
      plainArray(datasets.map(({ companyId }) => companyId)),
      plainArray(datasets.map(({ connectionId }) => connectionId)),
      textArray(datasets.map(({ dataType }) => dataType)),
      plainArray(datasets.map(({ requestedAt }) => requestedAt)),
    ],
  })
}

/** Completes queued datasets. */
export async function updateComplete(
  tx: Tx,
  organizationId: Id<'organization'>,
  datasetIds: readonly Id<'dataset'>[],
  at: Instant,
): Promise<void> {
  await tx.query({
    name: 'complete_datasets',
    text: `update dataset set status = 'Complete', progress = 100, completed_at = $3
      where organization_id = $1 and dataset_id = any($2::uuid[])`,
    values: [organizationId, plainArray(datasetIds), at],
  })
}

type Ended = Readonly<{
  datasetIds: readonly Id<'dataset'>[]
  status: DatasetStatus
  progress: number
  message: string | null
  /** Null while it goes on. */
  completedAt: Instant | null
}>

/** Moves datasets on to a status, which may be their last. */
export async function updateMoved(
  tx: Tx,
  organizationId: Id<'organization'>,
  { datasetIds, status, progress, message, completedAt }: Ended,
): Promise<void> {
  await tx.query({
    name: 'move_datasets',
    text: `update dataset set status = $3, progress = $4, status_description = $5,
        error_message = $5, completed_at = $6
      where organization_id = $1 and dataset_id = any($2::uuid[])`,
    values: [organizationId, plainArray(datasetIds), status, progress, message, completedAt],
  })
}

/** Ends what is still running on a connection as cancelled; progress stays where it was. */
export async function updateCancelled(
  tx: Tx,
  organizationId: Id<'organization'>,
  connectionId: Id<'connection'>,
  at: Instant,
): Promise<void> {
  await tx.query({
    name: 'cancel_datasets',
    text: `update dataset set status = 'Cancelled', completed_at = $3
      where organization_id = $1 and connection_id = $2
        and status in ('Initial', 'Queued', 'Fetching', 'MapQueued', 'Mapping',
          'ValidationQueued', 'Validating', 'ProcessingQueued', 'Processing')`,
    values: [organizationId, connectionId, at],
  })
}
