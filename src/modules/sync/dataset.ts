import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** Source: Connect specification 14.2. */
export type DatasetStatus =
  | 'Initial'
  | 'Queued'
  | 'Fetching'
  | 'MapQueued'
  | 'Mapping'
  | 'ValidationQueued'
  | 'Validating'
  | 'ProcessingQueued'
  | 'Processing'
  | 'Complete'
  | 'FetchError'
  | 'MapError'
  | 'ValidationError'
  | 'ProcessingError'
  | 'InternalError'
  | 'AuthError'
  | 'PermissionsError'
  | 'RateLimitError'
  | 'PrerequisiteNotMet'
  | 'NotSupported'
  | 'Cancelled'

/** One sync of one data type on one connection; the contract's pull operation. */
export type Dataset = Readonly<{
  id: Id<'dataset'>
  companyId: Id<'company'>
  connectionId: Id<'connection'>
  /** A data type, or `custom/<identifier>`. */
  dataType: string
  status: DatasetStatus
  statusDescription: string | null
  errorMessage: string | null
  requestedAt: Instant
  completedAt: Instant | null
  progress: number
}>

/** The newest dataset of a data type and the newest that ended well; each may be unknown. */
export type DataTypeState = Readonly<{
  dataType: string
  latest: Dataset | null
  latestComplete: Dataset | null
}>

const running: ReadonlySet<DatasetStatus> = new Set([
  'Initial',
  'Queued',
  'Fetching',
  'MapQueued',
  'Mapping',
  'ValidationQueued',
  'Validating',
  'ProcessingQueued',
  'Processing',
])

export const isRunning = ({ status }: Dataset): boolean => running.has(status)

export const isComplete = ({ status }: Dataset): boolean => status === 'Complete'

/** Ended, and not well. */
export const isErrored = (dataset: Dataset): boolean => !(isRunning(dataset) || isComplete(dataset))

/** How a native dataset was before it completed, which is what its request answers. */
export const asQueued = (dataset: Dataset): Dataset => ({
  ...dataset,
  status: 'Queued',
  progress: 0,
  completedAt: null,
})
