import { type Static, Type } from 'typebox'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { placeholderNumber } from '../../modules/sales/invoice.ts'
import {
  createQuotation,
  deleteQuotation,
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
  items,
  toContent,
  toContentChanges,
  toDocumentFilter,
  toIssue,
  toLine,
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
import {
  contentErrors,
  conversionErrors,
  QuotationOut,
  requireOrder,
  status,
  statuses,
  toDate,
  toWire,
} from './quotation-fields.ts'
import { updateRoutes } from './updates.ts'
import { withWarnings } from './warnings.ts'

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
        body: withWarnings(toWire(quotation, call.outside.toPageUrl), quotation),
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

const changeRoutes = updateRoutes(
  {
    ...shared,
    method: 'PATCH',
    path: '/api/v1/quotations/{id}',
    operation: 'update-quotation',
    summary: 'Update a quotation or move its status',
    description:
      'Only the members that are sent change. A draft or a sent quotation may change in everything, an expired one in its last day, later ones in external_id and metadata.',
    scope: 'write',
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
    examples: [
      {
        summary: 'A longer validity',
        params: { id: '$quotation' },
        body: { valid_until: '2026-07-31' },
        status: 200,
      },
    ],
    handle: (call) =>
      writeDocument(call, {
        kind: 'quotation',
        action: updateQuotation,
        input: {
          quotationId: call.params.id.toLowerCase(),
          changes: toChanges(call.body),
          status: call.body.status,
          requireDates: requireOrder,
        },
        answer: (quotation) => ({
          status: 200,
          body: withWarnings(toWire(quotation, call.outside.toPageUrl), quotation),
        }),
      }),
  },
  [
    {
      summary: 'Mark as sent',
      params: { id: '$quotation' },
      body: { status: 'sent' },
      status: 200,
    },
  ],
)

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

export const quotationRoutes = [createRoute, listRoute, getRoute, ...changeRoutes, deleteRoute]

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
  const { valid_until } = body
  return {
    ...toContentChanges(body),
    ...(body.quotation_number !== undefined && { number: body.quotation_number }),
    ...(valid_until !== undefined && { dueDate: toDate(valid_until ?? undefined) ?? null }),
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
  const { valid_until_from: from, valid_until_to: to } = query
  return {
    ...toListed(query, sortBy),
    countMax: countedMax,
    ...toDocumentFilter(query),
    ...(query.status !== undefined && { statuses: parseStatuses(query.status, statuses) }),
    ...(query.quotation_number !== undefined && { number: query.quotation_number }),
    ...(from !== undefined && { validUntilFrom: parseDate(from) }),
    ...(to !== undefined && { validUntilTo: parseDate(to) }),
  }
}
