import { type Static, Type } from 'typebox'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { createInvoice, deleteInvoice, updateInvoice } from '../../modules/sales/invoice.actions.ts'
import { getInvoice, listInvoices } from '../../modules/sales/invoice.queries.ts'
import {
  type Invoice,
  type InvoiceChanges,
  type InvoiceFilter,
  type InvoiceSort,
  type NewInvoice,
  placeholderNumber,
} from '../../modules/sales/invoice.ts'
import { route } from '../http/route.ts'
import { writeDocument } from './dry-run.ts'
import {
  amount,
  currency,
  date,
  externalId,
  idParams,
  listErrors,
  nullable,
  readErrors,
  text,
  uuid,
  writeErrors,
} from './fields.ts'
import {
  contentChange,
  contentIn,
  draftErrors,
  InvoiceOut,
  items,
  requireOrder,
  status,
  statuses,
  toContent,
  toContentChanges,
  toDocumentFilter,
  toIssue,
  toLine,
  toWire,
} from './invoice-fields.ts'
import {
  countedMax,
  listQuery,
  pageOf,
  parseStatuses,
  sortedBy,
  toListed,
  toPage,
} from './lists.ts'
import { updateRoutes } from './updates.ts'
import { withWarnings } from './warnings.ts'

const invoiceNumber = text(64)

const InvoiceIn = Type.Object({
  customer_id: uuid,
  items,
  invoice_number: Type.Optional(invoiceNumber),
  issue_date: Type.Optional(date),
  due_date: Type.Optional(date),
  status: Type.Optional(status),
  ...contentIn,
})

const InvoiceChange = Type.Object({
  customer_id: Type.Optional(uuid),
  items: Type.Optional(items),
  invoice_number: Type.Optional(invoiceNumber),
  issue_date: Type.Optional(date),
  due_date: Type.Optional(nullable(date)),
  status: Type.Optional(status),
  ...contentChange,
})

const InvoiceQuery = Type.Object({
  ...listQuery(['created_at', 'updated_at', 'issue_date', 'due_date', 'total', 'invoice_number']),
  status: Type.Optional(text(200)),
  customer_id: Type.Optional(uuid),
  invoice_number: Type.Optional(text()),
  currency: Type.Optional(currency),
  issue_date_from: Type.Optional(date),
  issue_date_to: Type.Optional(date),
  due_date_from: Type.Optional(date),
  due_date_to: Type.Optional(date),
  min_total: Type.Optional(amount),
  max_total: Type.Optional(amount),
  external_id: Type.Optional(externalId),
  quotation_id: Type.Optional(uuid),
  recurring_invoice_id: Type.Optional(uuid),
})

const createRoute = route({
  method: 'POST',
  path: '/api/v1/invoices',
  operation: 'create-invoice',
  tag: 'Invoices',
  summary: 'Create an invoice',
  description:
    'A draft posts nothing. With status sent it is issued, with paid it is settled as well.',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  body: InvoiceIn,
  requiredText: 'customer_id, items (at least one)',
  answers: { 201: InvoiceOut },
  errors: [...writeErrors, 'validation.fields_missing', ...draftErrors],
  examples: [
    {
      summary: 'A draft with two items',
      keep: 'invoice',
      body: {
        customer_id: '$customer',
        due_date: '2026-07-15',
        notes: 'Thank you',
        items: [
          { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 },
          { description: 'Printed report', quantity: 1, unit_price: 45.5 },
        ],
      },
      status: 201,
    },
    {
      summary: 'An invoice that is issued at once',
      keep: 'owed',
      body: {
        customer_id: '$customer',
        status: 'sent',
        items: [{ description: 'Site survey', quantity: 4, unit_price: 120, tax_rate: 7.5 }],
      },
      status: 201,
    },
    {
      summary: 'A mistake',
      keep: 'mistake',
      body: {
        customer_id: '$customer',
        status: 'sent',
        items: [{ description: 'Site survey', quantity: 1, unit_price: 120 }],
      },
      status: 201,
    },
    {
      summary: 'An invoice without items',
      body: { customer_id: '$customer', items: [] },
      status: 400,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'invoice',
      action: createInvoice,
      input: toNewInvoice(call.body, call.today),
      answer: (invoice) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/invoices/${invoice.id}` },
        body: withWarnings(toWire(invoice, call.outside.toPageUrl), invoice),
      }),
    }),
})

const listRoute = route({
  method: 'GET',
  path: '/api/v1/invoices',
  operation: 'list-invoices',
  tag: 'Invoices',
  summary: 'List invoices',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  query: InvoiceQuery,
  answers: { 200: pageOf(InvoiceOut) },
  errors: listErrors,
  examples: [
    { summary: 'What is still owed', query: { status: 'sent,overdue' }, status: 200 },
    { summary: 'A status that nobody has', query: { status: 'late' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const filter = {
      ...{ businessId, today: call.today, countMax: countedMax },
      ...toFilter(call.query),
    }
    const found = await call.read((db) => listInvoices(db, filter))
    const by = sortBy(call.query)
    const placeOf = (invoice: Invoice) => ({ value: toPlace(invoice, by), id: invoice.id })
    const show = (invoice: Invoice) => toWire(invoice, call.outside.toPageUrl)
    return { status: 200, body: toPage(found, call.query, { placeOf, toWire: show }) }
  },
})

const getRoute = route({
  method: 'GET',
  path: '/api/v1/invoices/{id}',
  operation: 'get-invoice',
  tag: 'Invoices',
  summary: 'Get an invoice',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  params: idParams,
  answers: { 200: InvoiceOut },
  errors: readErrors,
  examples: [{ summary: 'An invoice by id', params: { id: '$invoice' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const id = call.params.id.toLowerCase()
    const invoice = await call.read((db) => getInvoice(db, businessId, id, call.today))
    return { status: 200, body: toWire(invoice, call.outside.toPageUrl) }
  },
})

const changeRoutes = updateRoutes(
  {
    method: 'PATCH',
    path: '/api/v1/invoices/{id}',
    operation: 'update-invoice',
    tag: 'Invoices',
    summary: 'Update an invoice or move its status',
    description:
      'Only the members that are sent change. A draft may change in everything, an issued invoice in dates and texts.',
    scope: 'write',
    tenant: 'business',
    cost: 1,
    params: idParams,
    body: InvoiceChange,
    answers: { 200: InvoiceOut },
    errors: [
      ...writeErrors,
      'request.id_malformed',
      'validation.nothing_to_update',
      ...draftErrors,
      'sales.invoice_not_draft',
      'sales.invoice_has_payments',
    ],
    examples: [
      {
        summary: 'Issue a draft',
        params: { id: '$invoice' },
        body: { status: 'sent' },
        status: 200,
      },
    ],
    handle: (call) =>
      writeDocument(call, {
        kind: 'invoice',
        action: updateInvoice,
        input: {
          invoiceId: call.params.id.toLowerCase(),
          changes: toChanges(call.body),
          status: call.body.status,
          requireDates: requireOrder,
        },
        answer: (invoice) => ({
          status: 200,
          body: withWarnings(toWire(invoice, call.outside.toPageUrl), invoice),
        }),
      }),
  },
  [{ summary: 'Mark as paid', params: { id: '$invoice' }, body: { status: 'paid' }, status: 200 }],
)

const deleteRoute = route({
  method: 'DELETE',
  path: '/api/v1/invoices/{id}',
  operation: 'delete-invoice',
  tag: 'Invoices',
  summary: 'Delete a draft',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
  answers: { 204: null },
  errors: [...writeErrors, 'request.id_malformed', 'resource.not_found', 'sales.invoice_not_draft'],
  examples: [],
  handle: (call) =>
    call.write(deleteInvoice, { invoiceId: call.params.id.toLowerCase() }, () => ({
      status: 204,
    })),
})

export const invoiceRoutes = [createRoute, listRoute, getRoute, ...changeRoutes, deleteRoute]

function toNewInvoice(body: Static<typeof InvoiceIn>, today: CalendarDate): NewInvoice {
  const issueDate = body.issue_date === undefined ? today : parseDate(body.issue_date)
  const dueDate = body.due_date === undefined ? undefined : parseDate(body.due_date)
  requireOrder(issueDate, dueDate ?? null)
  const wanted = body.status ?? 'draft'
  if (wanted === 'overdue' && !(dueDate !== undefined && dueDate < today)) {
    throw toIssue('due_date', 'must be in the past')
  }
  return {
    surface: 'invoicing',
    status: wanted,
    customerId: body.customer_id.toLowerCase(),
    number: body.invoice_number,
    issueDate,
    ...(dueDate !== undefined && { dueDate }),
    ...toContent(body),
    lines: body.items.map(toLine),
  }
}

function toChanges(body: Static<typeof InvoiceChange>): InvoiceChanges {
  const { due_date } = body
  return {
    ...toContentChanges(body),
    ...(body.invoice_number !== undefined && { number: body.invoice_number }),
    ...(due_date !== undefined && { dueDate: due_date === null ? null : parseDate(due_date) }),
  }
}

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  issue_date: 'issueDate',
  due_date: 'dueDate',
  total: 'total',
  invoice_number: 'invoiceNumber',
})

/** What a list is sorted by, as the database holds it. */
function toPlace(invoice: Invoice, by: InvoiceSort): string | null {
  if (by === 'total') return invoice.total.toString()
  if (by !== 'invoiceNumber') return invoice[by]
  return invoice.number === placeholderNumber(invoice.id) ? null : invoice.number
}

type Filter = Omit<InvoiceFilter, 'businessId' | 'today'>

function toFilter(query: Static<typeof InvoiceQuery>): Filter {
  const { due_date_from: from, due_date_to: to } = query
  return {
    ...toListed(query, sortBy),
    ...toDocumentFilter(query),
    ...(query.status !== undefined && { statuses: parseStatuses(query.status, statuses) }),
    ...(query.invoice_number !== undefined && { number: query.invoice_number }),
    ...(from !== undefined && { dueDateFrom: parseDate(from) }),
    ...(to !== undefined && { dueDateTo: parseDate(to) }),
    ...(query.quotation_id !== undefined && { quotationId: query.quotation_id }),
    ...(query.recurring_invoice_id !== undefined && {
      recurringId: query.recurring_invoice_id.toLowerCase(),
    }),
  }
}
