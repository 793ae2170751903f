import { sendInvoice } from '../../modules/sales/invoice-step.actions.ts'
import { route } from '../http/route.ts'
import { writeDocument } from './dry-run.ts'
import { idParams, writeErrors } from './fields.ts'
import { draftErrors, InvoiceOut, toWire } from './invoice-fields.ts'
import { MailIn, mailErrors, toMailing } from './mail-fields.ts'
import { withWarnings } from './warnings.ts'

const sendRoute = route({
  method: 'POST',
  path: '/api/v1/invoices/{id}/send',
  operation: 'send-invoice',
  tag: 'Invoices',
  summary: 'Send an invoice to its customer',
  description:
    'A draft is issued first; an open invoice is sent again. One message to each address leaves once the answer is given. Where no mail server is set up, it is kept as suppressed.',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
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
      answer: (invoice) => ({
        status: 200,
        body: withWarnings(toWire(invoice, call.outside.toPageUrl), invoice),
      }),
    }),
})

export const invoiceSendRoutes = [sendRoute]
