import { type Static, Type } from 'typebox'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { hostedRefOf } from '../../modules/sales/hosted-link.ts'
import { placeholderNumber } from '../../modules/sales/invoice.ts'
import {
  convertQuotation,
  createQuotation,
  decideQuotation,
  deleteQuotation,
  duplicateQuotation,
  sendQuotation,
  updateQuotation,
} from '../../modules/sales/quotation.actions.ts'
import { getQuotation, listQuotations } from '../../modules/sales/quotation.queries.ts'
import type {
  NewQuotation,
  Quotation,
  QuotationChanges,
  QuotationFilter,
  QuotationSort,
} from '../../modules/sales/quotation.ts'
import type { ToPageUrl } from '../http/outside.ts'
import type { Call } from '../http/route.ts'
import { route } from '../http/route.ts'
import { DryRunOut, writeDocument } from './dry-run.ts'
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
  readErrors,
  text,
  toNumber,
  toWireDecimal,
  uuid,
  writeErrors,
} from './fields.ts'
import {
  contentChange,
  contentIn,
  draftErrors,
  InvoiceOut,
  ItemOut,
  items,
  requireOrder as requireInvoiceOrder,
  toContent,
  toContentChanges,
  toHostedUrl,
  toWire as toInvoiceWire,
  toIssue,
  toItem,
  toLine,
  toText,
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
import { MailIn, mailErrors, toMailing } from './mail-fields.ts'

const statuses = ['draft', 'sent', 'accepted', 'rejected', 'expired', 'converted'] as const
const status = Type.Enum(statuses)

const QuotationIn = Type.Object({
  customer_id: uuid,
  items,
  quotation_number: Type.Optional(text(64)),
  issue_date: Type.Optional(date),
  valid_until: Type.Optional(date),
  status: Type.Optional(status),
  ...contentIn,
})

const QuotationChange = Type.Object({
  customer_id: Type.Optional(uuid),
  items: Type.Optional(items),
  quotation_number: Type.Optional(text(64)),
  issue_date: Type.Optional(date),
  valid_until: Type.Optional(nullable(date)),
  status: Type.Optional(status),
  ...contentChange,
})

const QuotationOut = Type.Object({
  id: uuid,
  business_id: uuid,
  customer_id: uuid,
  quotation_number: Type.String(),
  issue_date: date,
  valid_until: nullable(date),
  status,
  subtotal: Type.Number(),
  tax_amount: Type.Number(),
  total: Type.Number(),
  currency: Type.String(),
  created_at: Type.String(),
  items: Type.Array(ItemOut),
  notes: nullable(Type.String()),
  terms: nullable(Type.String()),
  template_type: Type.String(),
  updated_at: Type.String(),
  sent_at: nullable(Type.String()),
  accepted_at: nullable(Type.String()),
  rejected_at: nullable(Type.String()),
  decision_note: nullable(Type.String()),
  invoice_id: nullable(uuid),
  hosted_url: nullable(Type.String()),
  external_id: nullable(Type.String()),
  metadata,
  decision_name: nullable(Type.String()),
  discount_rate: Type.Number(),
  prices_include_tax: Type.Boolean(),
  exchange_rate: nullable(Type.Number()),
  purchase_order: nullable(Type.String()),
  dry_run: Type.Optional(DryRunOut),
})

const QuotationQuery = Type.Object({
  ...listQuery([
    ...(['created_at', 'updated_at', 'issue_date', 'valid_until', 'total'] as const),
    'quotation_number',
  ]),
  status: Type.Optional(text(200)),
  customer_id: Type.Optional(uuid),
  quotation_number: Type.Optional(text()),
  currency: Type.Optional(currency),
  issue_date_from: Type.Optional(date),
  issue_date_to: Type.Optional(date),
  valid_until_from: Type.Optional(date),
  valid_until_to: Type.Optional(date),
  min_total: Type.Optional(amount),
  max_total: Type.Optional(amount),
  external_id: Type.Optional(externalId),
})

const contentErrors = [
  'tax.category_mismatch',
  'validation.items_incomplete',
  'resource.not_found',
  'party.archived',
  'resource.number_taken',
  'resource.external_id_taken',
  'resource.invalid_transition',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'ledger.account_inactive',
  'ledger.amount_overflow',
  'sales.total_negative',
] as const

const conversionErrors = [
  ...draftErrors,
  'sales.quotation_converted',
  'sales.quotation_expired',
  'sales.quotation_not_accepted',
] as const

const shared = { tag: 'Quotations', tenant: 'business', cost: 1 } as const

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/quotations',
  operation: 'create-quotation',
  summary: 'Create a quotation',
  description: 'A quotation never posts; its number is taken at once.',
  scope: 'write',
  body: QuotationIn,
  requiredText: 'customer_id, items (at least one)',
  answers: { 201: QuotationOut },
  errors: [...writeErrors, 'validation.fields_missing', ...contentErrors],
  examples: [
    {
      summary: 'Two items, one with a discount',
      keep: 'quotation',
      body: {
        customer_id: '$customer',
        valid_until: '2026-07-15',
        items: [
          { description: 'Fit-out, phase one', quantity: 1, unit_price: 640, tax_rate: 20 },
          {
            description: 'Shelving',
            quantity: 4,
            unit_price: 75,
            tax_rate: 20,
            discount_rate: 10,
          },
        ],
      },
      status: 201,
    },
    {
      summary: 'A quotation to turn down',
      keep: 'refused_quotation',
      body: {
        customer_id: '$customer',
        items: [{ description: 'Awning', quantity: 1, unit_price: 900 }],
      },
      status: 201,
    },
    {
      summary: 'A quotation without items',
      body: { customer_id: '$customer', items: [] },
      status: 400,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      ...{ kind: 'quotation', action: createQuotation },
      input: toNewQuotation(call.body, call.today),
      answer: (quotation) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/quotations/${quotation.id}` },
        body: toWire(quotation, call.outside.toPageUrl),
      }),
    }),
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/quotations',
  operation: 'list-quotations',
  summary: 'List quotations',
  scope: 'read',
  query: QuotationQuery,
  answers: { 200: pageOf(QuotationOut) },
  errors: listErrors,
  examples: [
    { summary: 'What customers still think about', query: { status: 'sent' }, status: 200 },
    { summary: 'A status that nobody has', query: { status: 'lost' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const filter = { businessId, today: call.today, ...toFilter(call.query) }
    const found = await call.read((db) => listQuotations(db, filter))
    const by = sortBy(call.query)
    const placeOf = (quotation: Quotation) => ({
      value: toPlace(quotation, by),
      id: quotation.id,
    })
    const show = (quotation: Quotation) => toWire(quotation, call.outside.toPageUrl)
    return { status: 200, body: toPage(found, call.query, { placeOf, toWire: show }) }
  },
})

const getRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/quotations/{id}',
  operation: 'get-quotation',
  summary: 'Get a quotation',
  scope: 'read',
  params: idParams,
  answers: { 200: QuotationOut },
  errors: readErrors,
  examples: [{ summary: 'A quotation by id', params: { id: '$quotation' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const id = call.params.id.toLowerCase()
    const quotation = await call.read((db) => getQuotation(db, businessId, id, call.today))
    return { status: 200, body: toWire(quotation, call.outside.toPageUrl) }
  },
})

const change = {
  ...shared,
  scope: 'write',
  path: '/api/v1/quotations/{id}',
  params: idParams,
  body: QuotationChange,
  answers: { 200: QuotationOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'validation.nothing_to_update',
    ...conversionErrors,
    'sales.quotation_not_editable',
  ],
  handle: (call: Call<Static<typeof idParams>, unknown, Static<typeof QuotationChange>>) =>
    writeDocument(call, {
      kind: 'quotation',
      action: updateQuotation,
      input: {
        quotationId: call.params.id.toLowerCase(),
        changes: toChanges(call.body),
        status: call.body.status,
        requireDates: requireOrder,
      },
      answer: (quotation) => ({ status: 200, body: toWire(quotation, call.outside.toPageUrl) }),
    }),
} as const

const patchRoute = route({
  ...change,
  method: 'PATCH',
  operation: 'update-quotation',
  summary: 'Update a quotation or move its status',
  description:
    'Only the members that are sent change. A draft or a sent quotation may change in everything, an expired one in its last day, later ones in external_id and metadata.',
  examples: [
    {
      summary: 'A longer validity',
      params: { id: '$quotation' },
      body: { valid_until: '2026-07-31' },
      status: 200,
    },
  ],
})

const putRoute = route({
  ...change,
  method: 'PUT',
  operation: 'put-quotation',
  summary: 'Update a quotation or move its status',
  description: 'The same as PATCH: only the members that are sent change.',
  examples: [
    {
      summary: 'Mark as sent',
      params: { id: '$quotation' },
      body: { status: 'sent' },
      status: 200,
    },
  ],
})

const sendRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/quotations/{id}/send',
  operation: 'send-quotation',
  summary: 'Send a quotation to its customer',
  description: 'A draft becomes sent; a sent quotation is sent again.',
  scope: 'write',
  params: idParams,
  body: MailIn,
  bodyOptional: true,
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
      answer: (quotation) => ({ status: 200, body: toWire(quotation, call.outside.toPageUrl) }),
    }),
})

const DecisionIn = Type.Object({
  note: Type.Optional(longText),
  name: Type.Optional(text()),
})

const decide = {
  ...shared,
  method: 'POST',
  scope: 'write',
  params: idParams,
  body: DecisionIn,
  bodyOptional: true,
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

const DuplicateIn = Type.Object({
  issue_date: Type.Optional(Type.String({ format: 'date', description: 'Default today' })),
  valid_until: Type.Optional(
    Type.String({ format: 'date', description: 'Default: as many days as the original' }),
  ),
})

const duplicateRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/quotations/{id}/duplicate',
  operation: 'duplicate-quotation',
  summary: 'Make a draft with the same content',
  scope: 'write',
  params: idParams,
  body: DuplicateIn,
  bodyOptional: true,
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

const ConvertIn = Type.Object({
  issue_date: Type.Optional(Type.String({ format: 'date', description: 'Default today' })),
  due_date: Type.Optional(date),
  status: Type.Optional(Type.Enum(['draft', 'sent'], { description: 'Default draft' })),
})

const convertRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/quotations/{id}/convert',
  operation: 'convert-quotation',
  summary: 'Make the invoice of an accepted quotation',
  description: 'The invoice has the same items and totals. A quotation is converted once.',
  scope: 'write',
  params: idParams,
  body: ConvertIn,
  bodyOptional: true,
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

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/api/v1/quotations/{id}',
  operation: 'delete-quotation',
  summary: 'Delete a draft or a rejected quotation',
  scope: 'write',
  params: idParams,
  answers: { 204: null },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'sales.quotation_not_editable',
  ],
  examples: [],
  handle: (call) =>
    call.write(deleteQuotation, { quotationId: call.params.id.toLowerCase() }, () => ({
      status: 204,
    })),
})

export const quotationRoutes = [
  createRoute,
  listRoute,
  getRoute,
  patchRoute,
  putRoute,
  sendRoute,
  acceptRoute,
  rejectRoute,
  duplicateRoute,
  convertRoute,
  deleteRoute,
]

const toDate = (given: string | undefined): CalendarDate | undefined =>
  given === undefined ? undefined : parseDate(given)

function requireOrder(issueDate: CalendarDate, validUntil: CalendarDate | null): void {
  if (validUntil !== null && validUntil < issueDate) {
    throw toIssue('valid_until', 'must not be before issue_date')
  }
}

function toNewQuotation(body: Static<typeof QuotationIn>, today: CalendarDate): NewQuotation {
  const issueDate = toDate(body.issue_date) ?? today
  const validUntil = toDate(body.valid_until) ?? null
  requireOrder(issueDate, validUntil)
  const wanted = body.status ?? 'draft'
  if (wanted === 'expired' && !(validUntil !== null && validUntil < today)) {
    throw toIssue('valid_until', 'must be in the past')
  }
  return {
    surface: 'invoicing',
    status: wanted,
    customerId: body.customer_id.toLowerCase(),
    number: body.quotation_number,
    issueDate,
    dueDate: validUntil,
    ...toContent(body),
    lines: body.items.map(toLine),
  }
}

function toChanges(body: Static<typeof QuotationChange>): QuotationChanges {
  const { issue_date, valid_until } = body
  const issueDate = toDate(issue_date)
  return {
    ...toContentChanges(body),
    ...(body.customer_id !== undefined && { customerId: body.customer_id.toLowerCase() }),
    ...(body.quotation_number !== undefined && { number: body.quotation_number }),
    ...(issueDate !== undefined && { issueDate }),
    ...(valid_until !== undefined && { dueDate: toDate(valid_until ?? undefined) ?? null }),
    ...(body.items !== undefined && { lines: body.items.map(toLine) }),
  }
}

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  issue_date: 'issueDate',
  valid_until: 'validUntil',
  total: 'total',
  quotation_number: 'number',
})

/** What a list is sorted by, as the database holds it. */
function toPlace(quotation: Quotation, by: QuotationSort): string | null {
  if (by === 'total') return quotation.total.toString()
  if (by !== 'number') return quotation[by]
  return quotation.number === placeholderNumber(quotation.id) ? null : quotation.number
}

type Filter = Omit<QuotationFilter, 'businessId' | 'today'>

function toFilter(query: Static<typeof QuotationQuery>): Filter {
  const { min_total: min, max_total: max } = query
  return {
    ...toListed(query, sortBy),
    countMax: countedMax,
    ...toDateFilter(query),
    ...(query.status !== undefined && { statuses: parseStatuses(query.status, statuses) }),
    ...(query.customer_id !== undefined && { customerId: query.customer_id }),
    ...(query.quotation_number !== undefined && { number: query.quotation_number }),
    ...(query.currency !== undefined && { currency: query.currency.toUpperCase() }),
    ...(min !== undefined && { minTotal: toText(min, 'min_total') ?? '0' }),
    ...(max !== undefined && { maxTotal: toText(max, 'max_total') ?? '0' }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

const toDateFilter = (query: Static<typeof QuotationQuery>): Partial<Filter> => ({
  ...(query.issue_date_from !== undefined && { issueDateFrom: parseDate(query.issue_date_from) }),
  ...(query.issue_date_to !== undefined && { issueDateTo: parseDate(query.issue_date_to) }),
  ...(query.valid_until_from !== undefined && {
    validUntilFrom: parseDate(query.valid_until_from),
  }),
  ...(query.valid_until_to !== undefined && { validUntilTo: parseDate(query.valid_until_to) }),
})

export function toWire(quotation: Quotation, toPageUrl?: ToPageUrl): Static<typeof QuotationOut> {
  const { currency: code, exchangeRate } = quotation
  return {
    id: quotation.id,
    business_id: quotation.businessId,
    customer_id: quotation.customerId,
    quotation_number: quotation.number,
    issue_date: quotation.issueDate,
    valid_until: quotation.validUntil,
    status: quotation.status,
    subtotal: toNumber(quotation.subtotal, code),
    tax_amount: toNumber(quotation.tax, code),
    total: toNumber(quotation.total, code),
    currency: code,
    created_at: quotation.createdAt,
    items: quotation.lines.map((line) => toItem(line, code)),
    notes: quotation.notes,
    terms: quotation.terms,
    template_type: quotation.template ?? 'modern',
    updated_at: quotation.updatedAt,
    sent_at: quotation.sentAt,
    accepted_at: quotation.acceptedAt,
    rejected_at: quotation.rejectedAt,
    decision_note: quotation.decisionNote,
    invoice_id: quotation.invoiceId,
    hosted_url: toHostedUrl(hostedRefOf(quotation), toPageUrl),
    external_id: quotation.externalId,
    metadata: quotation.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
    decision_name: quotation.decisionName,
    discount_rate: toWireDecimal(quotation.discountPercent),
    prices_include_tax: quotation.pricesIncludeTax,
    exchange_rate: exchangeRate === null ? null : toWireDecimal(exchangeRate),
    purchase_order: quotation.purchaseOrder,
  }
}
