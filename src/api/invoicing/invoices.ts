import { type Static, Type } from 'typebox'
import { parseCurrency } from '../../kernel/currency.ts'
import { type CalendarDate, parseDate, parseInstant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { createInvoice, deleteInvoice, updateInvoice } from '../../modules/sales/invoice.actions.ts'
import { getInvoice, listInvoices } from '../../modules/sales/invoice.queries.ts'
import {
  type Invoice,
  type InvoiceChanges,
  type InvoiceFilter,
  type InvoiceSort,
  type InvoiceStatus,
  type NewInvoice,
  placeholderNumber,
} from '../../modules/sales/invoice.ts'
import type { Call } from '../http/route.ts'
import { route } from '../http/route.ts'
import { writeDocument } from './dry-run.ts'
import {
  amount,
  currency,
  date,
  externalId,
  idParams,
  listErrors,
  longText,
  metadata,
  nullable,
  percent,
  readErrors,
  text,
  toCurrency,
  uuid,
  writeErrors,
} from './fields.ts'
import {
  draftErrors,
  InvoiceOut,
  items,
  rate,
  requireOrder,
  status,
  statuses,
  templates,
  toIssue,
  toLine,
  toText,
  toWire,
} from './invoice-fields.ts'
import { countedMax, listQuery, pageOf, toPage, toSort, toWindow } from './lists.ts'

const invoiceNumber = text(64)

const InvoiceIn = Type.Object({
  customer_id: uuid,
  items,
  invoice_number: Type.Optional(invoiceNumber),
  issue_date: Type.Optional(date),
  due_date: Type.Optional(date),
  status: Type.Optional(status),
  currency: Type.Optional(currency),
  notes: Type.Optional(longText),
  terms: Type.Optional(longText),
  template_type: Type.Optional(Type.Enum(templates)),
  exchange_rate: Type.Optional(rate),
  prices_include_tax: Type.Optional(Type.Boolean()),
  discount_rate: Type.Optional(percent),
  purchase_order: Type.Optional(text()),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const InvoiceChange = Type.Object({
  customer_id: Type.Optional(uuid),
  items: Type.Optional(items),
  invoice_number: Type.Optional(invoiceNumber),
  issue_date: Type.Optional(date),
  due_date: Type.Optional(nullable(date)),
  status: Type.Optional(status),
  currency: Type.Optional(currency),
  notes: Type.Optional(nullable(longText)),
  terms: Type.Optional(nullable(longText)),
  template_type: Type.Optional(nullable(Type.Enum(templates))),
  exchange_rate: Type.Optional(nullable(rate)),
  prices_include_tax: Type.Optional(nullable(Type.Boolean())),
  discount_rate: Type.Optional(nullable(percent)),
  purchase_order: Type.Optional(nullable(text())),
  external_id: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(nullable(metadata)),
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
        body: toWire(invoice, call.outside.toPageUrl),
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

const change = {
  tag: 'Invoices',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  path: '/api/v1/invoices/{id}',
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
  handle: (call: Call<Static<typeof idParams>, unknown, Static<typeof InvoiceChange>>) =>
    writeDocument(call, {
      kind: 'invoice',
      action: updateInvoice,
      input: {
        invoiceId: call.params.id.toLowerCase(),
        changes: toChanges(call.body),
        status: call.body.status,
        requireDates: requireOrder,
      },
      answer: (invoice) => ({ status: 200, body: toWire(invoice, call.outside.toPageUrl) }),
    }),
} as const

const patchRoute = route({
  ...change,
  method: 'PATCH',
  operation: 'update-invoice',
  summary: 'Update an invoice or move its status',
  description:
    'Only the members that are sent change. A draft may change in everything, an issued invoice in dates and texts.',
  examples: [
    {
      summary: 'Issue a draft',
      params: { id: '$invoice' },
      body: { status: 'sent' },
      status: 200,
    },
  ],
})

const putRoute = route({
  ...change,
  method: 'PUT',
  operation: 'put-invoice',
  summary: 'Update an invoice or move its status',
  description: 'The same as PATCH: only the members that are sent change.',
  examples: [
    { summary: 'Mark as paid', params: { id: '$invoice' }, body: { status: 'paid' }, status: 200 },
  ],
})

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

export const invoiceRoutes = [createRoute, listRoute, getRoute, patchRoute, putRoute, deleteRoute]

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
    ...(body.currency !== undefined && { currency: parseCurrency(body.currency) }),
    ...(body.notes !== undefined && { notes: body.notes }),
    ...(body.terms !== undefined && { terms: body.terms }),
    template: body.template_type ?? 'modern',
    exchangeRate: toText(body.exchange_rate, 'exchange_rate'),
    pricesIncludeTax: body.prices_include_tax ?? false,
    discountPercent: toText(body.discount_rate ?? 0, 'discount_rate') ?? '0',
    purchaseOrder: body.purchase_order ?? null,
    externalId: body.external_id ?? null,
    metadata: body.metadata ?? {},
    lines: body.items.map(toLine),
  }
}

function toChanges(body: Static<typeof InvoiceChange>): InvoiceChanges {
  const { issue_date, due_date, template_type, discount_rate, metadata: texts } = body
  const issueDate = issue_date && parseDate(issue_date)
  const dueDate = due_date && parseDate(due_date)
  return {
    ...toTextChanges(body),
    ...(body.customer_id !== undefined && { customerId: body.customer_id.toLowerCase() }),
    ...(body.invoice_number !== undefined && { number: body.invoice_number }),
    ...(issueDate && { issueDate }),
    ...(due_date !== undefined && { dueDate: dueDate || null }),
    ...(body.currency !== undefined && { currency: toCurrency(body.currency) ?? 'USD' }),
    ...(template_type !== undefined && { template: template_type ?? 'modern' }),
    ...(body.exchange_rate !== undefined && {
      exchangeRate: toText(body.exchange_rate ?? undefined, 'exchange_rate'),
    }),
    ...(body.prices_include_tax !== undefined && {
      pricesIncludeTax: body.prices_include_tax ?? false,
    }),
    ...(discount_rate !== undefined && {
      discountPercent: toText(discount_rate ?? 0, 'discount_rate') ?? '0',
    }),
    ...(texts !== undefined && { metadata: texts ?? {} }),
    ...(body.items !== undefined && { lines: body.items.map(toLine) }),
  }
}

const toTextChanges = ({
  notes,
  terms,
  purchase_order,
  external_id,
}: Static<typeof InvoiceChange>): InvoiceChanges => ({
  ...(notes !== undefined && { notes }),
  ...(terms !== undefined && { terms }),
  ...(purchase_order !== undefined && { purchaseOrder: purchase_order }),
  ...(external_id !== undefined && { externalId: external_id }),
})

const sortFields = {
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  issue_date: 'issueDate',
  due_date: 'dueDate',
  total: 'total',
  invoice_number: 'invoiceNumber',
} as const

const sortBy = ({ sort }: Readonly<{ sort?: string }>): InvoiceSort =>
  sortFields[(toSort(sort)?.field ?? 'created_at') as keyof typeof sortFields] // its own enumeration

/** What a list is sorted by, as the database holds it. */
function toPlace(invoice: Invoice, by: InvoiceSort): string | null {
  if (by === 'total') return invoice.total.toString()
  if (by !== 'invoiceNumber') return invoice[by]
  return invoice.number === placeholderNumber(invoice.id) ? null : invoice.number
}

type Filter = Omit<InvoiceFilter, 'businessId' | 'today'>

function toFilter(query: Static<typeof InvoiceQuery>): Filter {
  const { limit, offset, after } = toWindow(query)
  const sort = toSort(query.sort)
  const { min_total: min, max_total: max } = query
  return {
    limit,
    offset,
    ...(after !== undefined && { after }),
    ...toDateFilter(query),
    ...(sort !== undefined && {
      sort: { by: sortBy(query), isDescending: sort.isDescending },
    }),
    ...(query.status !== undefined && { statuses: parseStatuses(query.status) }),
    ...(query.customer_id !== undefined && { customerId: query.customer_id }),
    ...(query.invoice_number !== undefined && { number: query.invoice_number }),
    ...(query.currency !== undefined && { currency: query.currency.toUpperCase() }),
    ...(min !== undefined && { minTotal: toText(min, 'min_total') ?? '0' }),
    ...(max !== undefined && { maxTotal: toText(max, 'max_total') ?? '0' }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
    ...(query.quotation_id !== undefined && { quotationId: query.quotation_id }),
    ...(query.recurring_invoice_id !== undefined && {
      recurringId: query.recurring_invoice_id.toLowerCase(),
    }),
  }
}

const toDateFilter = (query: Static<typeof InvoiceQuery>): Partial<Filter> => ({
  ...(query.issue_date_from !== undefined && { issueDateFrom: parseDate(query.issue_date_from) }),
  ...(query.issue_date_to !== undefined && { issueDateTo: parseDate(query.issue_date_to) }),
  ...(query.due_date_from !== undefined && { dueDateFrom: parseDate(query.due_date_from) }),
  ...(query.due_date_to !== undefined && { dueDateTo: parseDate(query.due_date_to) }),
  ...(query.updated_since !== undefined && {
    updatedSince: parseInstant(query.updated_since, 'updated_since'),
  }),
})

/** Refuses: request.query_invalid. */
function parseStatuses(list: string): readonly InvoiceStatus[] {
  return list.split(',').map((given) => {
    const known = statuses.find((one) => one === given.trim())
    if (known === undefined) {
      const reason = `must be one of: ${statuses.join(', ')}`
      throw new Refusal('request.query_invalid', { parameter: 'status', reason })
    }
    return known
  })
}
