import type { Instant } from '../../kernel/dates.ts'
import type { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Connection } from './connection.ts'

export type PushStatus = 'Pending' | 'Success' | 'Failed' | 'TimedOut'

/** One fault or remark about a record that was pushed. */
export type PushItem = Readonly<{ itemId?: string; message: string; validatorName?: string }>

export type PushValidation = Readonly<{
  errors: readonly PushItem[]
  warnings: readonly PushItem[]
}>

/** What a push did at the platform. */
export type PushChange = Readonly<{
  type: 'Created' | 'Modified' | 'Deleted'
  recordRef: Readonly<{ id: string; dataType: string }>
}>

/** A record on its way to a platform. `statusCode` is the state of the operation, not an answer. */
export type PushOperation = Readonly<{
  key: Id<'push'>
  companyId: Id<'company'>
  connectionId: Id<'connection'>
  dataType: string
  status: PushStatus
  statusCode: number
  requestedAt: Instant
  completedAt: Instant | null
  timeoutMinutes: number | null
  /** From this moment a pending operation is timed out. */
  timeoutAt: Instant | null
  errorMessage: string | null
  errorNumber: number | null
  canBeRetried: string | null
  validation: PushValidation | null
  changes: readonly PushChange[]
  /** What was asked to be written. */
  body: Readonly<Record<string, unknown>>
}>

/** How an operation ended that its platform refused, in the words of the surface. */
export type PushFailure = Pick<
  PushOperation,
  'statusCode' | 'errorMessage' | 'errorNumber' | 'canBeRetried' | 'validation'
> &
  Readonly<{ status: 'Failed' | 'TimedOut' }>

/** Says a refusal of an entity as the surface shows it. */
export type ToFailure = (refusal: Refusal, entity: string) => PushFailure

/** What a push route knows of a request. */
export type PushRequest = Readonly<{
  connection: Connection
  dataType: string
  body: Readonly<Record<string, unknown>>
  timeoutMinutes: number | null
  toFailure: ToFailure
}>

/** How every operation begins, and what its request answers. */
export const asPending = (operation: PushOperation): PushOperation => ({
  ...operation,
  status: 'Pending',
  statusCode: 202,
  completedAt: null,
  errorMessage: null,
  errorNumber: null,
  canBeRetried: null,
  validation: null,
  changes: [],
})

/** The operation with its end. */
export const asSuccess = (
  operation: PushOperation,
  at: Instant,
  {
    changes,
    warnings,
  }: Readonly<{ changes: readonly PushChange[]; warnings: readonly PushItem[] }>,
): PushOperation => ({
  ...operation,
  status: 'Success',
  statusCode: 200,
  completedAt: at,
  validation: { errors: [], warnings },
  changes,
})

export const asFailed = (
  operation: PushOperation,
  at: Instant,
  failure: PushFailure,
): PushOperation => ({ ...operation, ...failure, completedAt: at })
