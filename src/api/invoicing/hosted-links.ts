import { revokeLink } from '../../modules/sales/hosted-link.actions.ts'
import { renewInvoiceLink } from '../../modules/sales/invoice-step.actions.ts'
import { renewQuotationLink } from '../../modules/sales/quotation.actions.ts'
import { route } from '../http/route.ts'
import { idParams, writeErrors } from './fields.ts'
import { InvoiceOut, toWire as toInvoiceWire } from './invoice-fields.ts'
import { QuotationOut, toWire as toQuotationWire } from './quotation-fields.ts'

const shared = { scope: 'write', tenant: 'business', cost: 1, params: idParams } as const
const ofInvoice = { ...shared, tag: 'Invoices', path: '/api/v1/invoices/{id}/link' } as const
const ofQuotation = { ...shared, tag: 'Quotations', path: '/api/v1/quotations/{id}/link' } as const

const renewErrors = [
  ...writeErrors,
  'request.id_malformed',
  'resource.not_found',
  'resource.invalid_transition',
] as const

const revokeErrors = [...writeErrors, 'request.id_malformed', 'resource.not_found'] as const

const renewInvoiceRoute = route({
  ...ofInvoice,
  method: 'POST',
  operation: 'renew-invoice-link',
  summary: 'Give the page of an invoice a new address',
  description: 'The address before opens nothing any more. A draft has no page.',
  answers: { 200: InvoiceOut },
  errors: renewErrors,
  examples: [{ summary: 'After the old one got lost', params: { id: '$owed' }, status: 200 }],
  handle: (call) =>
    call.write(renewInvoiceLink, { invoiceId: call.params.id.toLowerCase() }, (invoice) => ({
      status: 200,
      body: toInvoiceWire(invoice, call.outside.toPageUrl),
    })),
})

const revokeInvoiceRoute = route({
  ...ofInvoice,
  method: 'DELETE',
  operation: 'revoke-invoice-link',
  summary: 'Close the page of an invoice',
  description: 'It is not found any more until the invoice is sent, or gets a new address.',
  answers: { 204: null },
  errors: revokeErrors,
  examples: [{ summary: 'Closed', params: { id: '$owed' }, status: 204 }],
  handle: (call) =>
    call.write(
      revokeLink,
      { kind: 'invoice', documentId: call.params.id.toLowerCase() } as const,
      () => ({ status: 204 }),
    ),
})

const renewQuotationRoute = route({
  ...ofQuotation,
  method: 'POST',
  operation: 'renew-quotation-link',
  summary: 'Give the page of a quotation a new address',
  description: 'The address before opens nothing any more. A draft has no page.',
  answers: { 200: QuotationOut },
  errors: renewErrors,
  examples: [{ summary: 'After the old one got lost', params: { id: '$quotation' }, status: 200 }],
  handle: (call) =>
    call.write(renewQuotationLink, { quotationId: call.params.id.toLowerCase() }, (quotation) => ({
      status: 200,
      body: toQuotationWire(quotation, call.outside.toPageUrl),
    })),
})

const revokeQuotationRoute = route({
  ...ofQuotation,
  method: 'DELETE',
  operation: 'revoke-quotation-link',
  summary: 'Close the page of a quotation',
  description: 'It is not found any more until the quotation is sent, or gets a new address.',
  answers: { 204: null },
  errors: revokeErrors,
  examples: [{ summary: 'Closed', params: { id: '$quotation' }, status: 204 }],
  handle: (call) =>
    call.write(
      revokeLink,
      { kind: 'quotation', documentId: call.params.id.toLowerCase() } as const,
      () => ({ status: 204 }),
    ),
})

/** Addresses of the pages that customers see. Source: Invoicing specification 5 and 14. */
export const hostedLinkRoutes = [
  renewInvoiceRoute,
  revokeInvoiceRoute,
  renewQuotationRoute,
  revokeQuotationRoute,
]
