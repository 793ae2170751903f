import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { SourceType } from './record.ts'
import type { Script } from './scenario.ts'

export type ConnectionStatus = 'PendingAuth' | 'Linked' | 'Unlinked' | 'Deauthorized'

/** An error of the platform; resolved at the next success. */
export type ConnectionError = Readonly<{
  statusCode: string
  statusText: string
  errorMessage: string
  erroredOnUtc: Instant
  status: 'Active' | 'Resolved'
  resolvedOnUtc?: Instant
}>

/** A link of a company to one platform. */
export type Connection = Readonly<{
  id: Id<'connection'>
  companyId: Id<'company'>
  platformKey: string
  sourceType: SourceType
  status: ConnectionStatus
  /** The business of this installation behind a native connection, once it was linked. */
  businessId: Id<'business'> | null
  /** What a connection to synthetic books plays; null on every other platform. */
  script: Script | null
  /** What is known of the remote organization; never a secret. */
  info: Readonly<Record<string, string>>
  errors: readonly ConnectionError[]
  createdAt: Instant
  linkedAt: Instant | null
  /** End of the newest complete dataset; null before the first. */
  lastSyncAt: Instant | null
}>

/** Source types of which a company has at most one linked connection. */
export const singleSourceTypes: ReadonlySet<SourceType> = new Set(['Accounting', 'BankFeed'])

/**
 * The connection that answers company-scoped reads: the linked accounting connection, else the one
 * that was linked last; undefined when none ever was.
 * Source: Connect specification 15.
 */
export function accountingConnection(connections: readonly Connection[]): Connection | undefined {
  const known = connections.filter(
    ({ sourceType, linkedAt }) => sourceType === 'Accounting' && linkedAt !== null,
  )
  const linked = known.find(({ status }) => status === 'Linked')
  if (linked !== undefined) return linked
  return [...known].sort((a, b) => ((a.linkedAt ?? '') < (b.linkedAt ?? '') ? 1 : -1))[0]
}
