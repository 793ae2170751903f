import { Type } from 'typebox'
import type { CalendarDate } from '../../kernel/dates.ts'
import { toPrefixed } from '../../kernel/ids.ts'
import { deleteInvoice, voidInvoice } from '../../modules/sales/invoice.actions.ts'
import { getInvoice, listInvoices } from '../../modules/sales/invoice.queries.ts'
import type { Invoice, InvoiceFilter, InvoiceSort } from '../../modules/sales/invoice.ts'
import {
  createInvoiceFor,
  duplicateInvoice,
  finalizeInvoice,
  type InvoiceStep,
  payInvoice,
  reviseInvoice,
  sendInvoice,
} from '../../modules/sales/invoice-step.actions.ts'
import { type Call, type Reply, route } from '../http/route.ts'
import {
  businessQuery,
  changeErrors,
  dateText,
  description,
  enveloped,
  idParams,
  idText,
  listErrors,
  readErrors,
  text,
  toDate,
  toId,
  writeErrors,
} from './fields.ts'
import {
  dueAfter,
  InvoiceChange,
  InvoiceIn,
  longText,
  requireOrder,
  toBilled,
  toChanges,
  toNewInvoice,
} from './invoice-body.ts'
import { filterByStatus, InvoiceOut, statuses, toWire } from './invoice-wire.ts'
import { listQuery, Pagination, sortQuery, toPagination, toSince, toWindow } from './lists.ts'

const paymentMethods = ['cash', 'bank_transfer', 'card', 'mobile_money', 'cheque'] as const

const Sending = Type.Object({
  to: Type.Optional(Type.Array(Type.String({ format: 'email' }), { minItems: 1, maxItems: 20 })),
  message: Type.Optional(longText),
})

const Payment = Type.Object({
  paymentDate: Type.Optional(dateText),
  paymentMethod: Type.Optional(Type.Enum([...paymentMethods])),
  bankAccountId: Type.Optional(text()),
  reference: Type.Optional(text()),
})

const Voiding = Type.Object({ reason: description, date: Type.Optional(dateText) })

const InvoicePage = Type.Object({
  invoices: Type.Array(InvoiceOut),
  count: Type.Integer(),
  pagination: Pagination,
})

const Deleted = Type.Object({ id: Type.String(), deleted: Type.Boolean() })

const params = idParams('inv')
const business = Type.Object(businessQuery)
const list = 'invoices'
const sorts = [
  'invoiceDate',
  'createdAt',
  'updatedAt',
  'dueDate',
  'total',
  'invoiceNumber',
] as const

const draftErrors = [
  'resource.not_found',
  'party.archived',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'ledger.account_inactive',
  'ledger.amount_overflow',
  'ledger.rate_missing',
  'resource.external_id_taken',
  'sales.total_negative',
] as const

const stepErrors = [
  'resource.not_found',
  'resource.invalid_transition',
  'party.archived',
  'ledger.account_inactive',
  'ledger.amount_overflow',
  'ledger.balance_out_of_range',
  'ledger.rate_missing',
  'ledger.date_too_far',
  'ledger.period_closed',
  'ledger.period_locked',
  'tax.return_filed',
] as const

const paymentErrors = [
  'sales.invoice_already_paid',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'sales.allocation_currency_mismatch',
] as const

const shared = { tag: 'Invoices', scope: null, tenant: 'business', cost: 1 } as const

const posters = {
  customerName: 'Kuti Prints',
  customerEmail: 'accounts@kutiprints.example',
  lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: 40_000 }],
  invoiceDate: '2026-04-10',
} as const

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/invoices',
  operation: 'create-invoice',
  summary: 'Create an invoice',
  description:
    'Keeps a draft. The customer is named by id, or found or made by name and e-mail address.',
  query: business,
  body: InvoiceIn,
  answers: { 201: enveloped(InvoiceOut) },
  errors: [...writeErrors, ...draftErrors],
  examples: [
    { summary: 'Two poster runs', keep: 'invoice', body: posters, status: 201 },
    { summary: 'Another one', keep: 'mistake', body: posters, status: 201 },
    {
      summary: 'A price and a due date that cannot be',
      body: {
        ...posters,
        lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: -5 }],
        dueDate: '2026-04-01',
      },
      status: 400,
    },
  ],
  handle: (call) => {
    const { body } = call
    const invoice = toNewInvoice(body, call.today, call.business().baseCurrency)
    return call.write(createInvoiceFor, { billed: toBilled(body), invoice }, created(call))
  },
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/v1/invoices',
  operation: 'list-invoices',
  summary: 'List invoices, newest first',
  query: Type.Object({
    ...businessQuery,
    status: Type.Optional(Type.Enum([...statuses])),
    customerId: Type.Optional(idText('cust')),
    startDate: Type.Optional(dateText),
    endDate: Type.Optional(dateText),
    externalId: Type.Optional(text()),
    ...sortQuery(sorts),
    ...listQuery,
  }),
  answers: { 200: enveloped(InvoicePage) },
  errors: listErrors,
  examples: [
    { summary: 'What is late', query: { status: 'overdue' }, status: 200 },
    { summary: 'A status that nobody has', query: { status: 'late' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const { status, customerId, startDate, endDate, externalId, sort = '-invoiceDate' } = call.query
    const updatedSince = toSince(call.query.updatedSince)
    const window = toWindow(list, call.query)
    const filter: InvoiceFilter = {
      businessId,
      today: call.today,
      sort: toSort(sort),
      ...window,
      ...(status !== undefined && filterByStatus[status]),
      ...(customerId !== undefined && { customerId: toId('party', 'cust', customerId) }),
      ...(startDate !== undefined && { issueDateFrom: toDate(startDate, 'startDate') }),
      ...(endDate !== undefined && { issueDateTo: toDate(endDate, 'endDate') }),
      ...(externalId !== undefined && { externalId }),
      ...(updatedSince !== undefined && { updatedSince }),
    }
    const { rows, total } = await call.read((db) => listInvoices(db, filter))
    const pagination = toPagination(list, window, total)
    return done({
      invoices: rows.map((row) => toWire(row, call.outside.toPageUrl)),
      count: rows.length,
      pagination,
    })
  },
})

const getRoute = route({
  ...shared,
  method: 'GET',
  path: '/v1/invoices/{id}',
  operation: 'get-invoice',
  summary: 'Get an invoice',
  params,
  query: business,
  answers: { 200: enveloped(InvoiceOut) },
  errors: readErrors,
  examples: [{ summary: 'By id', params: { id: '$invoice' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const invoiceId = toInvoiceId(call.params.id)
    return shown(call)(await call.read((db) => getInvoice(db, businessId, invoiceId, call.today)))
  },
})

const updateRoute = route({
  ...shared,
  method: 'PUT',
  path: '/v1/invoices/{id}',
  operation: 'update-invoice',
  summary: 'Update an invoice',
  description:
    'Only the members that are sent change. A status does what the route of its name does.',
  params,
  query: business,
  body: InvoiceChange,
  answers: { 200: enveloped(InvoiceOut) },
  errors: [
    ...writeErrors,
    ...draftErrors,
    ...stepErrors,
    ...paymentErrors,
    'sales.invoice_not_draft',
    'sales.email_missing',
    'sales.invoice_voided',
    'sales.invoice_has_payments',
    'ledger.reversal_too_early',
  ],
  examples: [
    {
      summary: 'Another note',
      params: { id: '$invoice' },
      body: { notes: 'Thank you' },
      status: 200,
    },
  ],
  handle: (call) => {
    const { body } = call
    const { customerId, customerName, customerEmail, status } = body
    const isBilled =
      customerId !== undefined || (customerName !== undefined && customerEmail !== undefined)
    const input = {
      invoiceId: toInvoiceId(call.params.id),
      billed: isBilled ? toBilled(body) : undefined,
      changes: (invoice: Invoice) => toChanges(body, invoice),
      step: status && stepByStatus[status],
      requireDates: requireOrder,
    }
    return call.write(reviseInvoice, input, shown(call))
  },
})

const finalizeRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/invoices/{id}/finalize',
  operation: 'finalize-invoice',
  summary: 'Issue a draft',
  description: 'Posts it without sending it.',
  params,
  query: business,
  answers: { 200: enveloped(InvoiceOut) },
  errors: [...changeErrors, ...stepErrors],
  examples: [{ summary: 'A draft', params: { id: '$invoice' }, status: 200 }],
  handle: (call) =>
    call.write(finalizeInvoice, { invoiceId: toInvoiceId(call.params.id) }, shown(call)),
})

const sendRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/invoices/{id}/send',
  operation: 'send-invoice',
  summary: 'Send an invoice',
  description: 'To the customer unless other addresses are given; a draft is issued first.',
  params,
  query: business,
  body: Sending,
  bodyOptional: true,
  answers: { 200: enveloped(InvoiceOut) },
  errors: [...writeErrors, ...stepErrors, 'sales.email_missing'],
  examples: [{ summary: 'To the customer', params: { id: '$invoice' }, status: 200 }],
  handle: (call) => {
    const { to = [], message = null } = call.body
    const input = { invoiceId: toInvoiceId(call.params.id), to, message }
    return call.write(sendInvoice, input, shown(call))
  },
})

const payRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/invoices/{id}/mark-paid',
  operation: 'mark-invoice-paid',
  summary: 'Mark an invoice as paid',
  description: 'Posts a receipt for what is still due; a draft is issued first.',
  params,
  query: business,
  body: Payment,
  bodyOptional: true,
  answers: { 200: enveloped(InvoiceOut) },
  errors: [...writeErrors, ...stepErrors, ...paymentErrors],
  examples: [
    {
      summary: 'In cash',
      params: { id: '$invoice' },
      body: { paymentDate: '2026-04-20', paymentMethod: 'cash' },
      status: 200,
    },
    { summary: 'The same once more', params: { id: '$invoice' }, status: 409 },
  ],
  handle: (call) => {
    const { paymentDate, paymentMethod, bankAccountId, reference } = call.body
    const input = {
      invoiceId: toInvoiceId(call.params.id),
      date: paymentDate && toDate(paymentDate, 'paymentDate'),
      method: paymentMethod,
      accountCode: bankAccountId,
      reference,
    }
    return call.write(payInvoice, { ...input, date: input.date || undefined }, shown(call))
  },
})

const voidRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/invoices/{id}/void',
  operation: 'void-invoice',
  summary: 'Void an invoice',
  description: 'Reverses its posting; the number stays.',
  params,
  query: business,
  body: Voiding,
  answers: { 200: enveloped(InvoiceOut) },
  errors: [
    ...writeErrors,
    ...stepErrors,
    'sales.invoice_voided',
    'sales.invoice_has_payments',
    'ledger.reversal_too_early',
  ],
  examples: [
    {
      summary: 'A mistake',
      params: { id: '$mistake' },
      body: { reason: 'Made twice' },
      status: 200,
    },
    {
      summary: 'The same once more',
      params: { id: '$mistake' },
      body: { reason: 'Made twice' },
      status: 409,
    },
  ],
  handle: (call) => {
    const { reason, date } = call.body
    const input = {
      invoiceId: toInvoiceId(call.params.id),
      reason,
      date: date === undefined ? undefined : toDate(date, 'date'),
    }
    return call.write(voidInvoice, input, shown(call))
  },
})

const duplicateRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/invoices/{id}/duplicate',
  operation: 'duplicate-invoice',
  summary: 'Make a draft with the content of an invoice',
  params,
  query: business,
  answers: { 201: enveloped(InvoiceOut) },
  errors: [...changeErrors, ...draftErrors],
  examples: [{ summary: 'Once more', params: { id: '$invoice' }, keep: 'copy', status: 201 }],
  handle: (call) => {
    const datesOf = (today: CalendarDate) => ({ issueDate: today, dueDate: dueAfter(today) })
    const input = { invoiceId: toInvoiceId(call.params.id), surface: 'books', datesOf } as const
    return call.write(duplicateInvoice, input, created(call))
  },
})

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/v1/invoices/{id}',
  operation: 'delete-invoice',
  summary: 'Delete a draft',
  params,
  query: business,
  answers: { 200: enveloped(Deleted) },
  errors: [...changeErrors, 'resource.not_found', 'sales.invoice_not_draft'],
  examples: [
    { summary: 'A draft', params: { id: '$copy' }, status: 200 },
    { summary: 'Issued invoices stay', params: { id: '$invoice' }, status: 409 },
  ],
  handle: (call) => {
    const invoiceId = toInvoiceId(call.params.id)
    return call.write(deleteInvoice, { invoiceId }, () =>
      done({ id: toPrefixed('inv', invoiceId), deleted: true }),
    )
  },
})

export const invoiceRoutes = [
  createRoute,
  listRoute,
  getRoute,
  updateRoute,
  finalizeRoute,
  sendRoute,
  payRoute,
  voidRoute,
  duplicateRoute,
  deleteRoute,
]

const done = (body: unknown): Reply => ({ status: 200, body })

type AnyCall = Pick<Call, 'outside'>

const shown =
  ({ outside: { toPageUrl } }: AnyCall) =>
  (invoice: Invoice): Reply =>
    done(toWire(invoice, toPageUrl))

const created =
  ({ outside: { toPageUrl } }: AnyCall) =>
  (invoice: Invoice): Reply => {
    const body = toWire(invoice, toPageUrl)
    return { status: 201, headers: { Location: `/books/v1/invoices/${body.id}` }, body }
  }

const sorted = {
  invoiceDate: 'issueDate',
  createdAt: 'createdAt',
  updatedAt: 'updatedAt',
  dueDate: 'dueDate',
  total: 'total',
  invoiceNumber: 'invoiceNumber',
} as const satisfies Record<(typeof sorts)[number], InvoiceSort>

function toSort(sort: string): NonNullable<InvoiceFilter['sort']> {
  const isDescending = sort.startsWith('-')
  const name = (isDescending ? sort.slice(1) : sort) as (typeof sorts)[number] // a minus and a name
  return { by: sorted[name], isDescending }
}

const toInvoiceId = (given: string) => toId('document', 'inv', given)

const stepByStatus = {
  unsent: 'finalize',
  sent: 'send',
  paid: 'pay',
  cancelled: 'void',
} as const satisfies Record<string, InvoiceStep>
