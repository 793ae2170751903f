import { type Static, Type } from 'typebox'
import { addDays, type CalendarDate } from '../../kernel/dates.ts'
import { formatDecimal, isEqualDecimal, parseDecimal } from '../../kernel/decimal.ts'
import { type Issue, Refusal } from '../../kernel/errors.ts'
import { toPrefixed } from '../../kernel/ids.ts'
import { deleteInvoice, voidInvoice } from '../../modules/sales/invoice.actions.ts'
import { getInvoice, listInvoices } from '../../modules/sales/invoice.queries.ts'
import type {
  Invoice,
  InvoiceChanges,
  InvoiceDraft,
  InvoiceFilter,
  NewInvoice,
} from '../../modules/sales/invoice.ts'
import {
  type Billed,
  createInvoiceFor,
  duplicateInvoice,
  finalizeInvoice,
  type InvoiceStep,
  payInvoice,
  reviseInvoice,
  sendInvoice,
} from '../../modules/sales/invoice-step.actions.ts'
import { vatPercentsOn } from '../../modules/tax/vat-rate.ts'
import { type Reply, route } from '../http/route.ts'
import {
  amountMax,
  businessQuery,
  changeErrors,
  dateOut,
  dateText,
  description,
  enveloped,
  idParams,
  idText,
  instant,
  kobo,
  listErrors,
  major,
  nullable,
  readErrors,
  text,
  toDate,
  toDateOut,
  toId,
  toKobo,
  toMajor,
  writeErrors,
} from './fields.ts'
import { listQuery, Pagination, toPagination, toWindow } from './lists.ts'

/** Source: Books specification 9.1. */
export const lineItemsMax = 100
export const dueDays = 10

const statuses = [
  'draft',
  'cancelled',
  'paid',
  'overdue',
  'partially_paid',
  'sent',
  'unsent',
] as const
type Status = (typeof statuses)[number]

export const paymentMethods = ['cash', 'bank_transfer', 'card', 'mobile_money', 'cheque'] as const

const longText = text(5_000)
const percent = Type.Number({ isExact: true, decimalsMax: 4, minimum: 0, maximum: 100 })
const positive = { isExact: true, exclusiveMinimum: 0, maximum: amountMax } as const
const metadata = Type.Unsafe<Readonly<Record<string, string>>>({
  type: 'object',
  maxProperties: 50,
  propertyNames: { maxLength: 40 },
  additionalProperties: { type: 'string', maxLength: 500 },
})

const LineIn = Type.Object({
  description,
  quantity: Type.Number({ ...positive, decimalsMax: 6 }),
  unitPrice: Type.Number({ ...positive, decimalsMax: 2, description: 'Major units' }),
  taxable: Type.Optional(Type.Boolean({ description: 'Default true' })),
  productId: Type.Optional(idText('prd')),
  discountRate: Type.Optional(percent),
  accountId: Type.Optional(text()),
})

const lineItems = Type.Array(LineIn, { minItems: 1, maxItems: lineItemsMax })
const dueDate = Type.String({
  format: 'date-or-time',
  laterThan: 'invoiceDate',
  description: `Default ${dueDays} days after invoiceDate`,
})

const billed = {
  customerId: Type.Optional(idText('cust')),
  customerName: Type.Optional(description),
  customerEmail: Type.Optional(Type.String({ format: 'email' })),
}

const InvoiceIn = Type.Object(
  {
    ...billed,
    lineItems,
    invoiceDate: Type.Optional(dateText),
    dueDate: Type.Optional(dueDate),
    vatRate: Type.Optional(percent),
    customVat: Type.Optional(Type.Boolean({ description: 'Allows any vatRate' })),
    notes: Type.Optional(longText),
    terms: Type.Optional(longText),
    reference: Type.Optional(text()),
    currency: Type.Optional(Type.String({ format: 'currency' })),
    exchangeRate: Type.Optional(Type.Number({ ...positive, decimalsMax: 10 })),
    externalId: Type.Optional(text()),
    metadata: Type.Optional(metadata),
  },
  { requiredUnless: { customerId: ['customerName', 'customerEmail'] } },
)

const InvoiceChange = Type.Object({
  ...billed,
  lineItems: Type.Optional(lineItems),
  invoiceDate: Type.Optional(dateText),
  dueDate: Type.Optional(dueDate),
  vatRate: Type.Optional(percent),
  customVat: Type.Optional(Type.Boolean()),
  notes: Type.Optional(nullable(longText)),
  terms: Type.Optional(nullable(longText)),
  reference: Type.Optional(nullable(text())),
  currency: Type.Optional(Type.String({ format: 'currency' })),
  exchangeRate: Type.Optional(Type.Number({ ...positive, decimalsMax: 10 })),
  externalId: Type.Optional(nullable(text())),
  metadata: Type.Optional(metadata),
  status: Type.Optional(Type.Enum(['unsent', 'sent', 'paid', 'cancelled'])),
})

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

const LineOut = Type.Object({
  description: Type.String(),
  quantity: Type.Number(),
  unitPrice: Type.Number(),
  amountKobo: kobo,
  amount: major,
  taxable: Type.Boolean(),
  productId: nullable(Type.String()),
  discountRate: Type.Number(),
  accountId: Type.String(),
  vatRate: Type.Optional(Type.Number({ description: 'Where lines have several rates' })),
})

const InvoiceOut = Type.Object({
  id: Type.String(),
  businessId: Type.String(),
  invoiceNumber: Type.String(),
  customerId: Type.String(),
  invoiceDate: dateOut,
  dueDate: nullable(dateOut),
  lineItems: Type.Array(LineOut),
  subtotalKobo: kobo,
  vatRate: nullable(Type.Number({ description: 'Null where lines have several rates' })),
  vatAmountKobo: kobo,
  totalKobo: kobo,
  total: major,
  amountDueKobo: kobo,
  status: Type.Enum([...statuses]),
  createdAt: instant,
  subtotal: major,
  vatAmount: major,
  amountDue: major,
  amountPaidKobo: kobo,
  amountPaid: major,
  customerName: Type.String(),
  currency: Type.String(),
  exchangeRate: nullable(Type.Number()),
  notes: nullable(Type.String()),
  terms: nullable(Type.String()),
  reference: nullable(Type.String()),
  isPostedToGL: Type.Boolean(),
  journalEntryId: nullable(Type.String()),
  sentAt: nullable(instant),
  paidAt: nullable(instant),
  voidedAt: nullable(instant),
  voidReason: nullable(Type.String()),
  hostedUrl: nullable(Type.String()),
  updatedAt: instant,
  externalId: nullable(Type.String()),
  metadata,
})

const InvoicePage = Type.Object({
  invoices: Type.Array(InvoiceOut),
  count: Type.Integer(),
  pagination: Pagination,
})

const Deleted = Type.Object({ id: Type.String(), deleted: Type.Boolean() })

type InvoiceWire = Static<typeof InvoiceOut>

const params = idParams('inv')
const business = Type.Object(businessQuery)
const list = 'invoices'

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
    return call.write(createInvoiceFor, { billed: toBilled(body), invoice }, created)
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
    const { status, customerId, startDate, endDate, externalId } = call.query
    const window = toWindow(list, call.query)
    const filter: InvoiceFilter = {
      businessId,
      today: call.today,
      sort: { by: 'issueDate', isDescending: true },
      ...window,
      ...(status !== undefined && filterByStatus[status]),
      ...(customerId !== undefined && { customerId: toId('party', 'cust', customerId) }),
      ...(startDate !== undefined && { issueDateFrom: toDate(startDate, 'startDate') }),
      ...(endDate !== undefined && { issueDateTo: toDate(endDate, 'endDate') }),
      ...(externalId !== undefined && { externalId }),
    }
    const { rows, total } = await call.read((db) => listInvoices(db, filter))
    const pagination = toPagination(list, window, total)
    return done({ invoices: rows.map(toWire), count: rows.length, pagination })
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
    return shown(await call.read((db) => getInvoice(db, businessId, invoiceId, call.today)))
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
    return call.write(reviseInvoice, input, shown)
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
  handle: (call) => call.write(finalizeInvoice, { invoiceId: toInvoiceId(call.params.id) }, shown),
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
    return call.write(sendInvoice, input, shown)
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
    return call.write(payInvoice, { ...input, date: input.date || undefined }, shown)
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
    return call.write(voidInvoice, input, shown)
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
    return call.write(duplicateInvoice, input, created)
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
const shown = (invoice: Invoice): Reply => done(toWire(invoice))

function created(invoice: Invoice): Reply {
  const body = toWire(invoice)
  return { status: 201, headers: { Location: `/books/v1/invoices/${body.id}` }, body }
}

const toInvoiceId = (given: string) => toId('document', 'inv', given)
const dueAfter = (issueDate: CalendarDate): CalendarDate => addDays(issueDate, dueDays)

const stepByStatus = {
  unsent: 'finalize',
  sent: 'send',
  paid: 'pay',
  cancelled: 'void',
} as const satisfies Record<string, InvoiceStep>

const filterByStatus: Readonly<
  Record<Status, Pick<InvoiceFilter, 'statuses' | 'isSent' | 'isPartlyPaid'>>
> = {
  draft: { statuses: ['draft'] },
  cancelled: { statuses: ['cancelled'] },
  paid: { statuses: ['paid'] },
  overdue: { statuses: ['overdue'] },
  partially_paid: { statuses: ['sent'], isPartlyPaid: true },
  sent: { statuses: ['sent'], isPartlyPaid: false, isSent: true },
  unsent: { statuses: ['sent'], isPartlyPaid: false, isSent: false },
}

/** The status in the words of this surface. Source: Books specification 9.1. */
function statusOf({ status, amountDue, total, sentAt }: Invoice): Status {
  if (status !== 'sent') return status
  if (amountDue < total) return 'partially_paid'
  return sentAt === null ? 'unsent' : 'sent'
}

type Named = Readonly<{ customerId?: string; customerName?: string; customerEmail?: string }>

/** The schema has seen to it that one or the other is there. */
const toBilled = ({ customerId, customerName, customerEmail }: Named): Billed =>
  customerId === undefined
    ? { name: customerName ?? '', email: customerEmail ?? '' }
    : { customerId: toId('party', 'cust', customerId) }

/** Refuses: validation.failed. */
function toNewInvoice(
  body: Static<typeof InvoiceIn>,
  today: CalendarDate,
  baseCurrency: string,
): Omit<NewInvoice, 'customerId'> {
  const issueDate = body.invoiceDate === undefined ? today : toDate(body.invoiceDate, 'invoiceDate')
  const due = body.dueDate === undefined ? dueAfter(issueDate) : toDate(body.dueDate, 'dueDate')
  const [standard = '0'] = vatPercentsOn(issueDate)
  const vatPercent = body.vatRate === undefined ? standard : toText(body.vatRate, 'vatRate')
  const issues = [
    ...orderIssues(issueDate, due),
    ...(body.customVat === true ? [] : vatIssues(vatPercent, issueDate)),
  ]
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  return {
    ...{ surface: 'books', status: 'draft', issueDate, dueDate: due },
    currency: body.currency ?? baseCurrency,
    notes: body.notes ?? null,
    terms: body.terms ?? null,
    template: null,
    exchangeRate:
      body.exchangeRate === undefined ? undefined : toText(body.exchangeRate, 'exchangeRate'),
    pricesIncludeTax: false,
    discountPercent: '0',
    purchaseOrder: body.reference ?? null,
    externalId: body.externalId ?? null,
    metadata: body.metadata ?? {},
    lines: body.lineItems.map((line, index) => toLine(line, index, vatPercent)),
  }
}

/** Refuses: validation.failed. */
function toChanges(body: Static<typeof InvoiceChange>, before: Invoice): InvoiceChanges {
  const issueDate =
    body.invoiceDate === undefined ? before.issueDate : toDate(body.invoiceDate, 'invoiceDate')
  const vatPercent =
    body.vatRate === undefined ? vatPercentOf(before) : toText(body.vatRate, 'vatRate')
  if (body.vatRate !== undefined && vatPercent !== undefined && body.customVat !== true) {
    const issues = vatIssues(vatPercent, issueDate)
    if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  }
  const [standard = '0'] = vatPercentsOn(issueDate)
  const { notes, terms, reference, currency, exchangeRate, externalId } = body
  return {
    ...(body.invoiceDate !== undefined && { issueDate }),
    ...(body.dueDate !== undefined && { dueDate: toDate(body.dueDate, 'dueDate') }),
    ...(notes !== undefined && { notes }),
    ...(terms !== undefined && { terms }),
    ...(reference !== undefined && { purchaseOrder: reference }),
    ...(currency !== undefined && { currency }),
    ...(exchangeRate !== undefined && { exchangeRate: toText(exchangeRate, 'exchangeRate') }),
    ...(externalId !== undefined && { externalId }),
    ...(body.metadata !== undefined && { metadata: body.metadata }),
    ...(body.lineItems !== undefined && {
      lines: body.lineItems.map((line, index) => toLine(line, index, vatPercent ?? standard)),
    }),
    ...(body.lineItems === undefined &&
      body.vatRate !== undefined &&
      vatPercent !== undefined && { lines: before.lines.map((line) => retaxed(line, vatPercent)) }),
  }
}

/** A line that is not taxable is exempt; one that is has the rate of the invoice, also when it is 0. */
function toLine(
  line: Static<typeof LineIn>,
  index: number,
  vatPercent: string,
): InvoiceDraft['lines'][number] {
  const at = (member: string): string => `lineItems[${index}].${member}`
  return {
    description: line.description,
    quantity: toText(line.quantity, at('quantity')),
    unitPrice: toText(line.unitPrice, at('unitPrice')),
    discountPercent: toText(line.discountRate ?? 0, at('discountRate')),
    ...taxOf(line.taxable ?? true, vatPercent),
    productId: line.productId === undefined ? undefined : toId('product', 'prd', line.productId),
    accountCode: line.accountId,
  }
}

const taxOf = (isTaxed: boolean, vatPercent: string) =>
  isTaxed
    ? { taxPercent: vatPercent, taxCategory: isZero(vatPercent) ? ('Z' as const) : ('S' as const) }
    : { taxPercent: '0', taxCategory: 'E' as const }

const isTaxable = ({ taxCategory }: Invoice['lines'][number]): boolean =>
  taxCategory === 'S' || taxCategory === 'Z'

const retaxed = (
  line: Invoice['lines'][number],
  vatPercent: string,
): InvoiceDraft['lines'][number] =>
  isTaxable(line) ? { ...line, ...taxOf(true, vatPercent) } : line

/** The one rate of the taxable lines; undefined where they have several. */
function vatPercentOf({ lines }: Invoice): string | undefined {
  const [first = '0', ...others] = lines.filter(isTaxable).map(({ taxPercent }) => taxPercent)
  return others.every((other) => isSameNumber(first, other)) ? first : undefined
}

const isSameNumber = (a: string, b: string): boolean =>
  isEqualDecimal(parseDecimal(a, 'number'), parseDecimal(b, 'number'))

const isZero = (decimalText: string): boolean => isSameNumber(decimalText, '0')

const toText = (value: number, field: string): string => formatDecimal(parseDecimal(value, field))

function requireOrder(issueDate: CalendarDate, due: CalendarDate | null): void {
  const issues = due === null ? [] : orderIssues(issueDate, due)
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
}

const orderIssues = (issueDate: CalendarDate, due: CalendarDate): readonly Issue[] =>
  due > issueDate
    ? []
    : [
        {
          pointer: '/dueDate',
          path: 'dueDate',
          rule: 'order',
          message: 'must be after invoiceDate',
        },
      ]

function vatIssues(percentText: string, issueDate: CalendarDate): readonly Issue[] {
  const valid = vatPercentsOn(issueDate)
  if (valid.some((one) => isSameNumber(one, percentText))) return []
  const message = `must be one of: ${valid.join(', ')}`
  return [{ pointer: '/vatRate', path: 'vatRate', rule: 'enum', message }]
}

export function toWire(invoice: Invoice): InvoiceWire {
  const { currency: code } = invoice
  const vatPercent = vatPercentOf(invoice)
  return {
    id: toPrefixed('inv', invoice.id),
    businessId: toPrefixed('biz', invoice.businessId),
    invoiceNumber: invoice.number,
    customerId: toPrefixed('cust', invoice.customerId),
    invoiceDate: toDateOut(invoice.issueDate),
    dueDate: invoice.dueDate === null ? null : toDateOut(invoice.dueDate),
    lineItems: invoice.lines.map((line) => toLineOut(line, code, vatPercent === undefined)),
    subtotalKobo: toKobo(invoice.subtotal),
    vatRate: vatPercent === undefined ? null : Number(vatPercent),
    vatAmountKobo: toKobo(invoice.tax),
    totalKobo: toKobo(invoice.total),
    total: toMajor(invoice.total, code),
    amountDueKobo: toKobo(invoice.amountDue),
    status: statusOf(invoice),
    createdAt: invoice.createdAt,
    subtotal: toMajor(invoice.subtotal, code),
    vatAmount: toMajor(invoice.tax, code),
    amountDue: toMajor(invoice.amountDue, code),
    amountPaidKobo: toKobo(invoice.amountPaid),
    amountPaid: toMajor(invoice.amountPaid, code),
    customerName: invoice.customerName,
    currency: code,
    exchangeRate: invoice.exchangeRate === null ? null : Number(invoice.exchangeRate),
    notes: invoice.notes,
    terms: invoice.terms,
    reference: invoice.purchaseOrder,
    isPostedToGL: invoice.entryId !== null,
    journalEntryId: invoice.entryId === null ? null : toPrefixed('je', invoice.entryId),
    sentAt: invoice.sentAt,
    paidAt: invoice.paidAt,
    voidedAt: invoice.cancelledAt,
    voidReason: invoice.voidReason,
    hostedUrl: null,
    updatedAt: invoice.updatedAt,
    externalId: invoice.externalId,
    metadata: invoice.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
  }
}

const toLineOut = (
  line: Invoice['lines'][number],
  code: string,
  hasSeveralRates: boolean,
): Static<typeof LineOut> => ({
  description: line.description,
  quantity: Number(line.quantity),
  unitPrice: Number(line.unitPrice),
  amountKobo: toKobo(line.net),
  amount: toMajor(line.net, code),
  taxable: isTaxable(line),
  productId: line.productId === null ? null : toPrefixed('prd', line.productId),
  discountRate: Number(line.discountPercent),
  accountId: line.accountCode,
  ...(hasSeveralRates && { vatRate: Number(line.taxPercent) }),
})
