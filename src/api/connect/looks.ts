import { assert } from '../../kernel/assert.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Company } from '../../modules/sync/company.ts'
import type { Connection } from '../../modules/sync/connection.ts'
import { type Dataset, isComplete, isErrored } from '../../modules/sync/dataset.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import { callErrors, gateErrors, payloadErrors } from '../http/refusals.ts'
import type { Caller } from '../http/route.ts'

/** What the looks of records need besides the records. */
export type Setting = Readonly<{ manifests: readonly Manifest[]; origin: string }>

/** The manifest of a platform that a connection was made with. */
export function manifestOf(manifests: readonly Manifest[], platformKey: string): Manifest {
  const manifest = manifests.find(({ key }) => key === platformKey)
  assert(manifest !== undefined, 'a connection is made with a platform of the registry')
  return manifest
}

/** A company with its connections as callers see it. */
export function toCompanyOut(company: Company, setting: Setting): object {
  const { id, name, description, tags, createdAt, createdByName, lastSyncAt } = company
  return {
    id,
    name,
    ...(description !== null && { description }),
    platform: platformOf(company, setting),
    redirect: `${setting.origin}/link/company/${id}`,
    ...(lastSyncAt !== null && { lastSync: lastSyncAt }),
    created: createdAt,
    ...(createdByName !== null && { createdByUserName: createdByName }),
    products: company.products,
    tags,
    dataConnections: company.connections.map((connection) => toConnectionOut(connection, setting)),
  }
}

/** Name of the platform of the linked accounting connection. */
function platformOf({ connections }: Company, { manifests }: Setting): string {
  const linked = connections.find(
    ({ status, sourceType }) => status === 'Linked' && sourceType === 'Accounting',
  )
  return linked === undefined ? '' : manifestOf(manifests, linked.platformKey).name
}

/** A connection as callers see it. */
export function toConnectionOut(connection: Connection, { manifests, origin }: Setting): object {
  const { id, companyId, lastSyncAt, info } = connection
  const manifest = manifestOf(manifests, connection.platformKey)
  return {
    id,
    integrationId: manifest.integrationId,
    integrationKey: manifest.key,
    sourceId: manifest.sourceId,
    sourceType: connection.sourceType,
    platformName: manifest.name,
    linkUrl: `${origin}/link/companies/${companyId}/connections/${id}/start`,
    status: connection.status,
    ...(lastSyncAt !== null && { lastSync: lastSyncAt }),
    created: connection.createdAt,
    dataConnectionErrors: connection.errors,
    ...(Object.keys(info).length > 0 && { connectionInfo: info }),
  }
}

/** A dataset as a pull operation of the contract. */
export const toPullOperation = (dataset: Dataset): object => ({
  id: dataset.id,
  companyId: dataset.companyId,
  connectionId: dataset.connectionId,
  dataType: dataset.dataType,
  status: dataset.status,
  ...(dataset.statusDescription !== null && { statusDescription: dataset.statusDescription }),
  ...(dataset.errorMessage !== null && { errorMessage: dataset.errorMessage }),
  requested: dataset.requestedAt,
  ...(dataset.completedAt !== null && { completed: dataset.completedAt }),
  progress: dataset.progress,
  isCompleted: isComplete(dataset),
  isErrored: isErrored(dataset),
})

/** The companies that a narrowed key reaches; null: all of the client. */
export const companyIdsOf = ({
  businessIds,
}: Pick<Caller, 'businessIds'>): readonly Id<'company'>[] | null =>
  // Admission answers what a key is narrowed to in one column; on this surface it names companies.
  businessIds as readonly string[] | null as readonly Id<'company'>[] | null

/** What any route may refuse. */
export const commonErrors = [
  ...callErrors,
  'key.scope_insufficient',
  'plan.account_expired',
  'limit.concurrency_exceeded',
] as const satisfies readonly ErrorCode[]

/** What any route with a company in its path may refuse. */
export const companyErrors = [
  ...commonErrors,
  'sync.company_not_found',
  'key.resource_not_associated',
] as const satisfies readonly ErrorCode[]

export const connectionErrors = [
  ...companyErrors,
  'sync.connection_not_found',
] as const satisfies readonly ErrorCode[]

export const listErrors = [
  'request.page_invalid',
  'request.query_invalid',
  'request.query_language_malformed',
  'request.query_property_unknown',
  'request.order_by_unknown',
] as const satisfies readonly ErrorCode[]

/** What any write may refuse besides. */
export const writeErrors = gateErrors

/** What a write with a body may refuse besides. */
export const bodyErrors = [...gateErrors, ...payloadErrors] as const satisfies readonly ErrorCode[]
