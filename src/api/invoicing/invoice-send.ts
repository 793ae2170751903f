import { revokeLink } from '../../modules/sales/hosted-link.actions.ts'
import { renewInvoiceLink, sendInvoice } from '../../modules/sales/invoice-step.actions.ts'
import { route } from '../http/route.ts'
import { writeDocument } from './dry-run.ts'
import { idParams, writeErrors } from './fields.ts'
import { draftErrors, InvoiceOut, toWire } from './invoice-fields.ts'
import { MailIn, mailErrors, toMailing } from './mail-fields.ts'

const shared = {
  tag: 'Invoices',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
} as const

const sendRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/invoices/{id}/send',
  operation: 'send-invoice',
  summary: 'Send an invoice to its customer',
  description:
    'A draft is issued first; an open invoice is sent again. One message to each address leaves once the answer is given. Where no mail server is set up, it is kept as suppressed.',
  body: MailIn,
  bodyOptional: true,
  answers: { 200: InvoiceOut },
  errors: [...writeErrors, 'request.id_malformed', ...draftErrors, ...mailErrors],
  examples: [
    {
      summary: 'To two people',
      params: { id: '$owed' },
      body: {
        to: ['ap@lanternrye.example'],
        cc: ['ada@lanternrye.example'],
        message: 'Thank you for the visit.',
      },
      status: 200,
    },
    {
      summary: 'To an address that is none',
      params: { id: '$owed' },
      body: { to: ['ap'] },
      status: 400,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'invoice',
      action: sendInvoice,
      input: { invoiceId: call.params.id.toLowerCase(), ...toMailing(call.body) },
      answer: (invoice) => ({ status: 200, body: toWire(invoice, call.outside.toPageUrl) }),
    }),
})

const link = { ...shared, path: '/api/v1/invoices/{id}/link' } as const

const linkRoute = route({
  ...link,
  method: 'POST',
  operation: 'renew-invoice-link',
  summary: 'Give the page of an invoice a new address',
  description: 'The address before opens nothing any more. A draft has no page.',
  answers: { 200: InvoiceOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'resource.invalid_transition',
  ],
  examples: [{ summary: 'After the old one got lost', params: { id: '$owed' }, status: 200 }],
  handle: (call) =>
    call.write(renewInvoiceLink, { invoiceId: call.params.id.toLowerCase() }, (invoice) => ({
      status: 200,
      body: toWire(invoice, call.outside.toPageUrl),
    })),
})

const unlinkRoute = route({
  ...link,
  method: 'DELETE',
  operation: 'revoke-invoice-link',
  summary: 'Close the page of an invoice',
  description: 'It is not found any more until the invoice is sent, or gets a new address.',
  answers: { 204: null },
  errors: [...writeErrors, 'request.id_malformed', 'resource.not_found'],
  examples: [{ summary: 'Closed', params: { id: '$owed' }, status: 204 }],
  handle: (call) =>
    call.write(
      revokeLink,
      { kind: 'invoice', documentId: call.params.id.toLowerCase() } as const,
      () => ({ status: 204 }),
    ),
})

export const invoiceSendRoutes = [sendRoute, linkRoute, unlinkRoute]
