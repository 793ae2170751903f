import { type Static, Type } from 'typebox'
import {
  convertQuotation,
  decideQuotation,
  duplicateQuotation,
  sendQuotation,
} from '../../modules/sales/quotation.actions.ts'
import type { Call } from '../http/route.ts'
import { route } from '../http/route.ts'
import { writeDocument } from './dry-run.ts'
import { date, idParams, longText, text, writeErrors } from './fields.ts'
import {
  InvoiceOut,
  requireOrder as requireInvoiceOrder,
  toWire as toInvoiceWire,
} from './invoice-fields.ts'
import { MailIn, mailErrors, toMailing } from './mail-fields.ts'
import {
  contentErrors,
  conversionErrors,
  QuotationOut,
  requireOrder,
  toDate,
  toWire,
} from './quotation-fields.ts'
import { withWarnings } from './warnings.ts'

const DecisionIn = Type.Object({
  note: Type.Optional(longText),
  name: Type.Optional(text()),
})

const DuplicateIn = Type.Object({
  issue_date: Type.Optional(Type.String({ format: 'date', description: 'Default today' })),
  valid_until: Type.Optional(
    Type.String({ format: 'date', description: 'Default: as many days as the original' }),
  ),
})

const ConvertIn = Type.Object({
  issue_date: Type.Optional(Type.String({ format: 'date', description: 'Default today' })),
  due_date: Type.Optional(date),
  status: Type.Optional(Type.Enum(['draft', 'sent'], { description: 'Default draft' })),
})

const shared = {
  method: 'POST',
  tag: 'Quotations',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
  bodyOptional: true,
} as const

const sendRoute = route({
  ...shared,
  path: '/api/v1/quotations/{id}/send',
  operation: 'send-quotation',
  summary: 'Send a quotation to its customer',
  description: 'A draft becomes sent; a sent quotation is sent again.',
  body: MailIn,
  answers: { 200: QuotationOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'resource.invalid_transition',
    ...mailErrors,
  ],
  examples: [
    {
      summary: 'To another address than the customer’s own',
      params: { id: '$quotation' },
      body: { to: ['buyer@lanternrye.example'], message: 'As discussed' },
      status: 200,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'quotation',
      action: sendQuotation,
      input: { quotationId: call.params.id.toLowerCase(), ...toMailing(call.body) },
      answer: (quotation) => ({
        status: 200,
        body: withWarnings(toWire(quotation, call.outside.toPageUrl), quotation),
      }),
    }),
})

const decide = {
  ...shared,
  body: DecisionIn,
  answers: { 200: QuotationOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'sales.quotation_expired',
    'resource.invalid_transition',
  ],
} as const

type DecisionCall = Call<Static<typeof idParams>, unknown, Static<typeof DecisionIn>>

const toDecision = (decision: 'accepted' | 'rejected') => (call: DecisionCall) =>
  writeDocument(call, {
    kind: 'quotation',
    action: decideQuotation,
    input: {
      quotationId: call.params.id.toLowerCase(),
      decision,
      note: call.body.note ?? null,
      name: call.body.name ?? null,
    },
    answer: (quotation) => ({ status: 200, body: toWire(quotation, call.outside.toPageUrl) }),
  })

const acceptRoute = route({
  ...decide,
  path: '/api/v1/quotations/{id}/accept',
  operation: 'accept-quotation',
  summary: 'Note that the customer accepted',
  examples: [
    {
      summary: 'Accepted by telephone',
      params: { id: '$quotation' },
      body: { name: 'Ada Rye', note: 'By telephone' },
      status: 200,
    },
  ],
  handle: toDecision('accepted'),
})

const rejectRoute = route({
  ...decide,
  path: '/api/v1/quotations/{id}/reject',
  operation: 'reject-quotation',
  summary: 'Note that the customer rejected',
  examples: [
    {
      summary: 'Too dear',
      params: { id: '$refused_quotation' },
      body: { note: 'Too dear' },
      status: 200,
    },
  ],
  handle: toDecision('rejected'),
})

const duplicateRoute = route({
  ...shared,
  path: '/api/v1/quotations/{id}/duplicate',
  operation: 'duplicate-quotation',
  summary: 'Make a draft with the same content',
  body: DuplicateIn,
  answers: { 201: QuotationOut },
  errors: [...writeErrors, 'request.id_malformed', ...contentErrors],
  examples: [
    {
      summary: 'The same again, from July',
      params: { id: '$quotation' },
      body: { issue_date: '2026-07-01' },
      status: 201,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'quotation',
      action: duplicateQuotation,
      input: {
        quotationId: call.params.id.toLowerCase(),
        issueDate: toDate(call.body.issue_date),
        validUntil: toDate(call.body.valid_until),
        requireDates: requireOrder,
      },
      answer: (quotation) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/quotations/${quotation.id}` },
        body: toWire(quotation, call.outside.toPageUrl),
      }),
    }),
})

const convertRoute = route({
  ...shared,
  path: '/api/v1/quotations/{id}/convert',
  operation: 'convert-quotation',
  summary: 'Make the invoice of an accepted quotation',
  description: 'The invoice has the same items and totals. A quotation is converted once.',
  body: ConvertIn,
  answers: { 201: InvoiceOut },
  errors: [...writeErrors, 'request.id_malformed', ...conversionErrors],
  examples: [
    {
      summary: 'An issued invoice',
      params: { id: '$quotation' },
      body: { status: 'sent', due_date: '2026-07-31' },
      status: 201,
    },
    {
      summary: 'A second invoice of the same quotation',
      params: { id: '$quotation' },
      status: 400,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'invoice',
      action: convertQuotation,
      input: {
        quotationId: call.params.id.toLowerCase(),
        issueDate: toDate(call.body.issue_date),
        dueDate: toDate(call.body.due_date),
        status: call.body.status ?? 'draft',
        requireDates: requireInvoiceOrder,
      },
      answer: (invoice) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/invoices/${invoice.id}` },
        body: toInvoiceWire(invoice, call.outside.toPageUrl),
      }),
    }),
})

export const quotationStepRoutes = [
  sendRoute,
  acceptRoute,
  rejectRoute,
  duplicateRoute,
  convertRoute,
]
