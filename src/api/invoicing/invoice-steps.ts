import { type Static, Type } from 'typebox'
import { type CalendarDate, daysBetween, parseDate } from '../../kernel/dates.ts'
import { voidInvoice } from '../../modules/sales/invoice.actions.ts'
import { dueAfter, type Invoice } from '../../modules/sales/invoice.ts'
import { duplicateInvoice } from '../../modules/sales/invoice-step.actions.ts'
import { route } from '../http/route.ts'
import { writeDocument } from './dry-run.ts'
import { date, idParams, text, writeErrors } from './fields.ts'
import { draftErrors, InvoiceOut, requireOrder, toWire } from './invoice-fields.ts'

const Voiding = Type.Object({
  reason: Type.Optional(text()),
  date: Type.Optional(date),
})

const Duplicating = Type.Object({
  issue_date: Type.Optional(date),
  due_date: Type.Optional(date),
})

const shared = {
  method: 'POST',
  tag: 'Invoices',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
  bodyOptional: true,
} as const

const voidRoute = route({
  ...shared,
  path: '/api/v1/invoices/{id}/void',
  operation: 'void-invoice',
  summary: 'Void an invoice',
  description:
    'Reverses its posting on the date of the invoice, or on the first open day after it; the number stays.',
  body: Voiding,
  answers: { 200: InvoiceOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'sales.invoice_voided',
    'sales.invoice_has_payments',
    'ledger.reversal_too_early',
    'ledger.period_closed',
    'ledger.period_locked',
    'ledger.date_too_far',
  ],
  examples: [
    {
      summary: 'A mistake',
      params: { id: '$mistake' },
      body: { reason: 'Made twice' },
      status: 200,
    },
    { summary: 'The same once more', params: { id: '$mistake' }, status: 400 },
  ],
  handle: (call) => {
    const { reason = 'cancelled', date: day } = call.body
    return writeDocument(call, {
      kind: 'invoice',
      action: voidInvoice,
      input: {
        invoiceId: call.params.id.toLowerCase(),
        reason,
        date: day === undefined ? undefined : parseDate(day),
      },
      answer: (invoice) => ({ status: 200, body: toWire(invoice, call.outside.toPageUrl) }),
    })
  },
})

const duplicateRoute = route({
  ...shared,
  path: '/api/v1/invoices/{id}/duplicate',
  operation: 'duplicate-invoice',
  summary: 'Make a draft with the content of an invoice',
  description:
    'With the same customer, items, currency and texts; issued today and due after as many days, unless dates are given.',
  body: Duplicating,
  answers: { 201: InvoiceOut },
  errors: [...writeErrors, 'request.id_malformed', ...draftErrors],
  examples: [
    { summary: 'Once more', params: { id: '$invoice' }, status: 201 },
    {
      summary: 'Due before it is issued',
      params: { id: '$invoice' },
      body: { issue_date: '2026-07-01', due_date: '2026-06-30' },
      status: 400,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'invoice',
      action: duplicateInvoice,
      input: {
        invoiceId: call.params.id.toLowerCase(),
        surface: 'invoicing',
        datesOf: (today, invoice) => toDates(call.body, today, invoice),
      } as const,
      answer: (invoice) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/invoices/${invoice.id}` },
        body: toWire(invoice, call.outside.toPageUrl),
      }),
    }),
})

export const invoiceStepRoutes = [voidRoute, duplicateRoute]

/** Refuses: validation.failed. */
function toDates(body: Static<typeof Duplicating>, today: CalendarDate, invoice: Invoice) {
  const issueDate = body.issue_date === undefined ? today : parseDate(body.issue_date)
  const dueDate =
    body.due_date === undefined ? sameDistance(invoice, issueDate) : parseDate(body.due_date)
  requireOrder(issueDate, dueDate)
  return { issueDate, dueDate }
}

/** As many days after the issue date as before; none past the last date there is. */
function sameDistance(
  { issueDate: from, dueDate }: Invoice,
  issueDate: CalendarDate,
): CalendarDate | null {
  return dueAfter(issueDate, dueDate && daysBetween(from, dueDate))
}
