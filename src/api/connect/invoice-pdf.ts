import { Type } from 'typebox'
import { isRefusal, Refusal } from '../../kernel/errors.ts'
import { getRecord } from '../../modules/sync/record.queries.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import { plays } from '../../modules/sync/scenario.ts'
import { type Call, type RouteRecord, route } from '../http/route.ts'
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
    description:
      'Answered as `application/pdf` where `Accept` names it, else as `application/octet-stream`; the bytes are the same.',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object({ companyId: Type.String(), invoiceId: Type.String() }),
    answers: { 200: Type.String() },
    answerTypes: ['application/pdf', 'application/octet-stream'],
    errors: [
      ...companyErrors,
      'sync.data_type_unsupported',
      'sync.dataset_not_requested',
      'sync.dataset_incomplete',
      'sync.downstream_forbidden',
      'documents.pdf_not_found',
      'documents.not_ready',
      'documents.render_timeout',
      'documents.render_failed',
      'platform.lane_full',
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
      const businessId = businessOf(connection)
      const { id } = await findRecord(call, source, { companyId, invoiceId, platformName })
      if (businessId === undefined) {
        // Platforms elsewhere render their documents themselves; none of this release does.
        throw new Refusal('sync.data_type_unsupported', {
          dataType: 'invoices',
          platforms: manifest.name,
        })
      }
      const { organizationId } = call.caller
      const order = { kind: 'invoice', documentId: id } as const
      const { number, pdf } = await call.outside.print({ organizationId, businessId }, order)
      const isNamed = call.headers['accept']?.includes('application/pdf') === true
      return {
        status: 200,
        headers: {
          'Content-Type': isNamed ? 'application/pdf' : 'application/octet-stream',
          'Content-Disposition': `attachment; filename="${toFileName(number ?? 'draft')}.pdf"`,
        },
        bytes: pdf,
      }
    },
  }),
]

/** What is not there is missing under the name of its platform. */
async function findRecord(
  call: Pick<Call, 'read'>,
  source: Awaited<ReturnType<typeof findSource>>,
  asked: Readonly<Record<'companyId' | 'invoiceId' | 'platformName', string>>,
) {
  try {
    const businessId = businessOf(source.connection)
    return await call.read((db) => getRecord(db, 'invoices', source, asked.invoiceId), businessId)
  } catch (error) {
    if (!isRefusal(error, 'sync.data_not_available')) throw error
    throw new Refusal('documents.pdf_not_found', asked)
  }
}

const toFileName = (number: string): string => number.replaceAll(/[^\w.-]/g, '_')
