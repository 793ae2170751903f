import { Refusal } from '../../kernel/errors.ts'
import { getCompany } from '../../modules/sync/company.queries.ts'
import { accountingConnection, type Connection } from '../../modules/sync/connection.ts'
import type { RecordSource } from '../../modules/sync/record.queries.ts'
import { type DataType, isSupported, type Manifest } from '../../modules/sync/record.ts'
import type { Call } from '../http/route.ts'
import { manifestOf } from './looks.ts'

/**
 * The connection that answers for a data type.
 *
 * Refuses, in this order: sync.company_not_found, sync.connection_not_found,
 * sync.data_type_unsupported, sync.dataset_not_requested (nothing was ever linked).
 * Source: Connect specification 3 and 15.
 */
export async function findSource(
  call: Pick<Call, 'caller' | 'now' | 'params' | 'read'>,
  manifests: readonly Manifest[],
  dataType: DataType,
): Promise<RecordSource> {
  const { organizationId } = call.caller
  // The router has found every parameter that the path names.
  const { companyId = '', connectionId } = call.params as Readonly<Record<string, string>>
  const company = await call.read((db) => getCompany(db, organizationId, companyId))
  const named = connectionId?.toLowerCase()
  const candidates =
    named === undefined ? company.connections : company.connections.filter(({ id }) => id === named)
  if (connectionId !== undefined && candidates.length === 0) {
    throw new Refusal('sync.connection_not_found', { connectionId })
  }
  const offers = candidates.map((connection) => ({
    connection,
    manifest: manifestOf(manifests, connection.platformKey),
  }))
  const able = offers.filter(({ manifest }) => isSupported(manifest, dataType, 'Get'))
  if (offers.length > 0 && able.length === 0) {
    const platforms = offers.map(({ manifest }) => manifest.name).join(', ')
    throw new Refusal('sync.data_type_unsupported', { dataType, platforms })
  }
  const chosen = accountingConnection(able.map((offer) => offer.connection))
  if (chosen === undefined) throw new Refusal('sync.dataset_not_requested')
  return { organizationId, connection: chosen, now: call.now }
}

/** A connection that was ever linked has a business on the native platform, and only there. */
export const businessOf = ({ businessId }: Connection) => businessId ?? undefined
