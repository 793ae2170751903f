import { Type } from 'typebox'
import { isRefusal, Refusal } from '../../kernel/errors.ts'
import { getRecord } from '../../modules/sync/record.queries.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import { plays } from '../../modules/sync/scenario.ts'
import { type RouteRecord, route } from '../http/route.ts'
import { companyErrors, manifestOf } from './looks.ts'
import { businessOf, findSource } from './sources.ts'

/**
 * The document of an invoice. Whether it exists is answered under the name of its platform.
 * Source: Connect specification 4.4 and 19.3.
 */
export const invoicePdfRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  route({
    method: 'GET',
    path: '/companies/{companyId}/data/invoices/{invoiceId}/pdf',
    operation: 'download-invoice-pdf',
    tag: 'Invoices',
    summary: 'Get invoice as PDF',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object({ companyId: Type.String(), invoiceId: Type.String() }),
    answers: {},
    errors: [
      ...companyErrors,
      'sync.data_type_unsupported',
      'sync.dataset_not_requested',
      'sync.dataset_incomplete',
      'sync.downstream_forbidden',
      'documents.pdf_not_found',
    ],
    examples: [
      {
        summary: 'An invoice that is not there',
        params: { companyId: '$company', invoiceId: '12345' },
        status: 404,
      },
    ],
    handle: async (call) => {
      const { companyId, invoiceId } = call.params
      const source = await findSource(call, manifests, 'invoices')
      const { connection } = source
      const manifest = manifestOf(manifests, connection.platformKey)
      const platformName = manifest.serviceName
      if (connection.script !== null && plays(connection.script, 'denied')) {
        throw new Refusal('sync.downstream_forbidden', { platformName })
      }
      try {
        const businessId = businessOf(connection)
        await call.read((db) => getRecord(db, 'invoices', source, invoiceId), businessId)
      } catch (error) {
        if (!isRefusal(error, 'sync.data_not_available')) throw error
        throw new Refusal('documents.pdf_not_found', { companyId, invoiceId, platformName })
      }
      // No platform of this release renders documents.
      throw new Refusal('sync.data_type_unsupported', {
        dataType: 'invoices',
        platforms: manifest.name,
      })
    },
  }),
]
