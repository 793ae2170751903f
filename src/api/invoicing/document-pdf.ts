import { Type } from 'typebox'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { PrintOrder } from '../http/outside.ts'
import { type RouteRecord, route } from '../http/route.ts'
import { idParams, readErrors } from './fields.ts'

const PdfQuery = Type.Object({
  download: Type.Optional(
    Type.Boolean({ description: 'Whether browsers keep the file in place of showing it' }),
  ),
  language: Type.Optional(
    Type.String({
      description:
        'en, fr, de, es, pt or ar; by the customer, then the business, then en unless given',
    }),
  ),
  paper: Type.Optional(
    Type.String({ description: 'a4 or us-letter; by the country of the business unless given' }),
  ),
})

const printErrors = [
  ...readErrors,
  'request.query_invalid',
  'documents.language_unknown',
  'documents.paper_unknown',
  'documents.not_ready',
  'documents.render_timeout',
  'documents.render_failed',
  'platform.lane_full',
] as const satisfies readonly ErrorCode[]

type Printed = Readonly<{
  kind: PrintOrder['kind']
  /** Its list, as paths name it. */
  path: string
  tag: string
  name: string
  /** The name under which the examples keep one of them. */
  example: string
}>

const pdfRoute = ({ kind, path, tag, name, example }: Printed): RouteRecord =>
  route({
    method: 'GET',
    path: `/api/v1/${path}/{id}/pdf`,
    operation: `get-${name.replaceAll(' ', '-')}-pdf`,
    tag,
    summary: `Get the PDF of ${name === 'invoice' ? 'an' : 'a'} ${name}`,
    description:
      'Once the document is issued, every call answers the same bytes. A draft and a cancelled document say so.',
    scope: 'read',
    tenant: 'business',
    cost: 1,
    params: idParams,
    query: PdfQuery,
    answers: { 200: Type.String() },
    answerTypes: ['application/pdf'],
    errors: printErrors,
    examples: [{ summary: `The ${name} as PDF`, params: { id: example }, status: 200 }],
    handle: async (call) => {
      const { organizationId } = call.caller
      const { businessId } = call.business()
      const { download = false, language, paper } = call.query
      const documentId = call.params.id.toLowerCase()
      const order = { kind, documentId, language, paper }
      const { number, pdf } = await call.outside.print({ organizationId, businessId }, order)
      return {
        status: 200,
        headers: {
          'Content-Type': 'application/pdf',
          'Content-Disposition': dispositionOf(`${number ?? 'draft'}.pdf`, download),
        },
        bytes: pdf,
      }
    },
  })

/** The name twice: for clients that know ASCII alone, and as it is. */
function dispositionOf(fileName: string, isDownload: boolean): string {
  const plain = fileName.replaceAll(/[^\w.-]/g, '_')
  const whole = encodeURIComponent(fileName).replaceAll(/['()*]/g, '_')
  const names = plain === fileName ? '' : `; filename*=UTF-8''${whole}`
  return `${isDownload ? 'attachment' : 'inline'}; filename="${plain}"${names}`
}

export const documentPdfRoutes = [
  pdfRoute({
    ...{ kind: 'invoice', path: 'invoices', tag: 'Invoices', name: 'invoice' },
    example: '$invoice',
  }),
  pdfRoute({
    ...{ kind: 'credit_note', path: 'credit-notes', tag: 'Credit notes', name: 'credit note' },
    example: '$credit',
  }),
  pdfRoute({
    ...{ kind: 'quotation', path: 'quotations', tag: 'Quotations', name: 'quotation' },
    example: '$quotation',
  }),
]
