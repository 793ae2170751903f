import { type Static, Type } from 'typebox'
import { parseCurrency } from '../../kernel/currency.ts'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import {
  createRecurring,
  deleteRecurring,
  pauseRecurring,
  resumeRecurring,
  runRecurring,
  updateRecurring,
} from '../../modules/sales/recurring.actions.ts'
import { getRecurring, listRecurring } from '../../modules/sales/recurring.queries.ts'
import type {
  NewRecurring,
  Recurring,
  RecurringChanges,
  RecurringFilter,
} from '../../modules/sales/recurring.ts'
import { route } from '../http/route.ts'
import {
  currency,
  date,
  externalId,
  idParams,
  listErrors,
  longText,
  metadata,
  name,
  nullable,
  readErrors,
  text,
  toCurrency,
  toNumber,
  toWireDecimal,
  uuid,
  writeErrors,
} from './fields.ts'
import {
  draftErrors,
  InvoiceOut,
  items,
  templates,
  toWire as toInvoiceWire,
  toIssue,
  toLine,
} from './invoice-fields.ts'
import { listQuery, pageOf, parseStatuses, sortedBy, toListed, toPage } from './lists.ts'
import { categoryByCode, taxCategory } from './tax-categories.ts'
import { updateRoutes } from './updates.ts'

const frequencies = ['daily', 'weekly', 'monthly', 'quarterly', 'yearly'] as const
const statuses = ['active', 'paused', 'completed'] as const
const frequency = Type.Enum(frequencies)
const template = Type.Enum(templates)
const switchable = Type.Enum(['active', 'paused'])
const interval = Type.Integer({ minimum: 1, maximum: 366 })
const occurrences = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const dueDays = Type.Integer({ minimum: 0, maximum: 3_650 })
const [intervalDefault, dueDaysDefault] = [1, 30] as const

const RecurringIn = Type.Object({
  customer_id: uuid,
  items,
  frequency,
  start_date: Type.String({ format: 'date', description: 'The first period' }),
  interval: Type.Optional(interval),
  end_date: Type.Optional(Type.String({ format: 'date', description: 'No period begins later' })),
  max_occurrences: Type.Optional(occurrences),
  due_days: Type.Optional(dueDays),
  currency: Type.Optional(currency),
  notes: Type.Optional(longText),
  terms: Type.Optional(longText),
  template_type: Type.Optional(template),
  auto_send: Type.Optional(
    Type.Boolean({ description: 'Default false: drafts; true: issued and sent by e-mail' }),
  ),
  status: Type.Optional(switchable),
  name: Type.Optional(name),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const RecurringChange = Type.Object({
  customer_id: Type.Optional(uuid),
  items: Type.Optional(items),
  frequency: Type.Optional(frequency),
  start_date: Type.Optional(date),
  interval: Type.Optional(nullable(interval)),
  end_date: Type.Optional(nullable(date)),
  max_occurrences: Type.Optional(nullable(occurrences)),
  due_days: Type.Optional(nullable(dueDays)),
  currency: Type.Optional(currency),
  notes: Type.Optional(nullable(longText)),
  terms: Type.Optional(nullable(longText)),
  template_type: Type.Optional(nullable(template)),
  auto_send: Type.Optional(nullable(Type.Boolean())),
  status: Type.Optional(switchable),
  name: Type.Optional(nullable(name)),
  external_id: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(nullable(metadata)),
})

const ItemOut = Type.Object({
  description: Type.String(),
  quantity: Type.Number(),
  unit_price: Type.Number(),
  tax_rate: Type.Number(),
  product_id: nullable(uuid),
  discount_rate: Type.Number(),
  tax_category: nullable(taxCategory),
  revenue_account_code: nullable(Type.String()),
  unit: nullable(Type.String()),
})

export const RecurringOut = Type.Object({
  id: uuid,
  business_id: uuid,
  customer_id: uuid,
  name: nullable(Type.String()),
  frequency,
  interval,
  start_date: date,
  end_date: nullable(date),
  max_occurrences: nullable(Type.Integer()),
  due_days: Type.Integer(),
  currency: Type.String(),
  notes: nullable(Type.String()),
  terms: nullable(Type.String()),
  template_type: Type.String(),
  auto_send: Type.Boolean(),
  items: Type.Array(ItemOut),
  next_run_date: nullable(date),
  last_run_date: nullable(date),
  occurrences: Type.Integer({ description: 'Invoices made so far' }),
  total: Type.Number({ description: 'What an invoice of it comes to' }),
  status: Type.Enum(statuses),
  pause_reason: nullable(Type.String({ description: 'Why it was paused after failures' })),
  external_id: nullable(Type.String()),
  metadata,
  created_at: Type.String(),
  updated_at: Type.String(),
})

const RecurringQuery = Type.Object({
  ...listQuery(['created_at', 'updated_at', 'next_run_date']),
  status: Type.Optional(text(200)),
  customer_id: Type.Optional(uuid),
  name: Type.Optional(text(200)),
  external_id: Type.Optional(externalId),
})

const contentErrors = [
  'tax.category_mismatch',
  'validation.items_incomplete',
  'resource.not_found',
  'party.archived',
  'resource.external_id_taken',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'ledger.amount_overflow',
  'sales.total_negative',
] as const

const shared = { tag: 'Recurring invoices', tenant: 'business', cost: 1 } as const
const path = '/api/v1/recurring-invoices'

const createRoute = route({
  ...shared,
  method: 'POST',
  path,
  operation: 'create-recurring-invoice',
  summary: 'Create a recurring invoice',
  description:
    'Makes one invoice per period, at 00:05 by the clock of the business. Monthly kinds keep the day they began on, or take the last day of a shorter month. Periods that are past get their invoices too.',
  scope: 'write',
  body: RecurringIn,
  requiredText: 'customer_id, items (at least one), frequency, start_date',
  answers: { 201: RecurringOut },
  errors: [...writeErrors, 'validation.fields_missing', ...contentErrors],
  examples: [
    {
      summary: 'Support at the end of each month',
      keep: 'recurring',
      body: {
        customer_id: '$customer',
        name: 'Support',
        frequency: 'monthly',
        start_date: '2026-07-31',
        max_occurrences: 12,
        items: [{ description: 'Support', quantity: 1, unit_price: 250, tax_rate: 7.5 }],
      },
      status: 201,
    },
    {
      summary: 'A schedule without a beginning',
      body: {
        customer_id: '$customer',
        frequency: 'monthly',
        items: [{ description: 'Support', quantity: 1, unit_price: 250 }],
      },
      status: 400,
    },
  ],
  handle: (call) =>
    call.write(createRecurring, toNewRecurring(call.body), (recurring) => ({
      status: 201,
      headers: { Location: `/invoicing${path}/${recurring.id}` },
      body: toWire(recurring),
    })),
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path,
  operation: 'list-recurring-invoices',
  summary: 'List recurring invoices',
  scope: 'read',
  query: RecurringQuery,
  answers: { 200: pageOf(RecurringOut) },
  errors: listErrors,
  examples: [
    { summary: 'Those that run', query: { status: 'active' }, status: 200 },
    { summary: 'A status that nobody has', query: { status: 'lost' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const found = await call.read((db) =>
      listRecurring(db, { businessId, ...toFilter(call.query) }),
    )
    const by = sortBy(call.query)
    const placeOf = (recurring: Recurring) => ({ value: recurring[by], id: recurring.id })
    return { status: 200, body: toPage(found, call.query, { placeOf, toWire }) }
  },
})

const getRoute = route({
  ...shared,
  method: 'GET',
  path: `${path}/{id}`,
  operation: 'get-recurring-invoice',
  summary: 'Get a recurring invoice',
  scope: 'read',
  params: idParams,
  answers: { 200: RecurringOut },
  errors: readErrors,
  examples: [{ summary: 'A recurring invoice by id', params: { id: '$recurring' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const id = call.params.id.toLowerCase()
    return { status: 200, body: toWire(await call.read((db) => getRecurring(db, businessId, id))) }
  },
})

const changeRoutes = updateRoutes(
  {
    ...shared,
    method: 'PATCH',
    path: `${path}/{id}`,
    operation: 'update-recurring-invoice',
    summary: 'Update a recurring invoice',
    description: 'Only the members that are sent change; invoices that were made stay as they are.',
    scope: 'write',
    params: idParams,
    body: RecurringChange,
    answers: { 200: RecurringOut },
    errors: [
      ...writeErrors,
      'request.id_malformed',
      'validation.nothing_to_update',
      ...contentErrors,
      'sales.schedule_ended',
      'resource.invalid_transition',
    ],
    examples: [
      {
        summary: 'Two weeks to pay',
        params: { id: '$recurring' },
        body: { due_days: 14 },
        status: 200,
      },
    ],
    handle: (call) =>
      call.write(
        updateRecurring,
        {
          recurringId: call.params.id.toLowerCase(),
          changes: toChanges(call.body),
          status: call.body.status,
          requireDates: requireOrder,
        },
        (recurring) => ({ status: 200, body: toWire(recurring) }),
      ),
  },
  [
    {
      summary: 'Every second month',
      params: { id: '$recurring' },
      body: { interval: 2 },
      status: 200,
    },
  ],
)

const step = {
  ...shared,
  method: 'POST',
  scope: 'write',
  params: idParams,
  body: Type.Object({}),
  bodyOptional: true,
} as const

const pauseRoute = route({
  ...step,
  path: `${path}/{id}/pause`,
  operation: 'pause-recurring-invoice',
  summary: 'Pause a recurring invoice',
  answers: { 200: RecurringOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'resource.invalid_transition',
  ],
  examples: [
    { summary: 'For a while', params: { id: '$recurring' }, status: 200 },
    { summary: 'Twice', params: { id: '$recurring' }, status: 400 },
  ],
  handle: (call) =>
    call.write(pauseRecurring, { recurringId: call.params.id.toLowerCase() }, (recurring) => ({
      status: 200,
      body: toWire(recurring),
    })),
})

const resumeRoute = route({
  ...step,
  path: `${path}/{id}/resume`,
  operation: 'resume-recurring-invoice',
  summary: 'Resume a paused recurring invoice',
  description:
    'A period that failed is tried again. Periods that lay in a pause that you asked for are passed over.',
  answers: { 200: RecurringOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'sales.schedule_ended',
    'resource.invalid_transition',
  ],
  examples: [{ summary: 'Go on', params: { id: '$recurring' }, status: 200 }],
  handle: (call) =>
    call.write(resumeRecurring, { recurringId: call.params.id.toLowerCase() }, (recurring) => ({
      status: 200,
      body: toWire(recurring),
    })),
})

const runRoute = route({
  ...step,
  path: `${path}/{id}/run`,
  operation: 'run-recurring-invoice',
  summary: 'Make the invoice of the next period now',
  description: 'It has the date of its period, as if the day had come.',
  answers: { 201: InvoiceOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'sales.schedule_ended',
    'ledger.date_too_far',
    ...draftErrors,
  ],
  examples: [{ summary: 'The first one early', params: { id: '$recurring' }, status: 201 }],
  handle: (call) =>
    call.write(runRecurring, { recurringId: call.params.id.toLowerCase() }, (invoice) => ({
      status: 201,
      headers: { Location: `/invoicing/api/v1/invoices/${invoice.id}` },
      body: toInvoiceWire(invoice, call.outside.toPageUrl),
    })),
})

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: `${path}/{id}`,
  operation: 'delete-recurring-invoice',
  summary: 'Delete a recurring invoice',
  description: 'It makes no more invoices; those it made stay.',
  scope: 'write',
  params: idParams,
  answers: { 204: null },
  errors: [...writeErrors, 'request.id_malformed', 'resource.not_found'],
  examples: [],
  handle: (call) =>
    call.write(deleteRecurring, { recurringId: call.params.id.toLowerCase() }, () => ({
      status: 204,
    })),
})

export const recurringRoutes = [
  createRoute,
  listRoute,
  getRoute,
  ...changeRoutes,
  pauseRoute,
  resumeRoute,
  runRoute,
  deleteRoute,
]

function requireOrder(startDate: CalendarDate, endDate: CalendarDate | null): void {
  if (endDate !== null && endDate < startDate) {
    throw toIssue('end_date', 'must not be before start_date')
  }
}

function toNewRecurring(body: Static<typeof RecurringIn>): NewRecurring {
  const startDate = parseDate(body.start_date)
  const endDate = body.end_date === undefined ? null : parseDate(body.end_date)
  requireOrder(startDate, endDate)
  return {
    status: body.status ?? 'active',
    customerId: body.customer_id.toLowerCase(),
    lines: body.items.map(toLine),
    frequency: body.frequency,
    every: body.interval ?? intervalDefault,
    startDate,
    endDate,
    occurrencesMax: body.max_occurrences ?? null,
    dueDays: body.due_days ?? dueDaysDefault,
    ...(body.currency !== undefined && { currency: parseCurrency(body.currency) }),
    ...(body.notes !== undefined && { notes: body.notes }),
    ...(body.terms !== undefined && { terms: body.terms }),
    template: body.template_type ?? 'modern',
    isSent: body.auto_send ?? false,
    name: body.name ?? null,
    externalId: body.external_id ?? null,
    metadata: body.metadata ?? {},
  }
}

function toChanges(body: Static<typeof RecurringChange>): RecurringChanges {
  const { end_date, max_occurrences, template_type, metadata: texts, notes, terms } = body
  return {
    ...(body.customer_id !== undefined && { customerId: body.customer_id.toLowerCase() }),
    ...(body.items !== undefined && { lines: body.items.map(toLine) }),
    ...(body.frequency !== undefined && { frequency: body.frequency }),
    ...(body.start_date !== undefined && { startDate: parseDate(body.start_date) }),
    ...(body.interval !== undefined && { every: body.interval ?? intervalDefault }),
    ...(end_date !== undefined && { endDate: end_date === null ? null : parseDate(end_date) }),
    ...(max_occurrences !== undefined && { occurrencesMax: max_occurrences }),
    ...(body.due_days !== undefined && { dueDays: body.due_days ?? dueDaysDefault }),
    ...(body.currency !== undefined && { currency: toCurrency(body.currency) ?? 'USD' }),
    ...(notes !== undefined && { notes }),
    ...(terms !== undefined && { terms }),
    ...(template_type !== undefined && { template: template_type ?? 'modern' }),
    ...(body.auto_send !== undefined && { isSent: body.auto_send ?? false }),
    ...(body.name !== undefined && { name: body.name }),
    ...(body.external_id !== undefined && { externalId: body.external_id }),
    ...(texts !== undefined && { metadata: texts ?? {} }),
  }
}

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  next_run_date: 'nextDate',
})

function toFilter(query: Static<typeof RecurringQuery>): Omit<RecurringFilter, 'businessId'> {
  return {
    ...toListed(query, sortBy),
    ...(query.status !== undefined && { statuses: parseStatuses(query.status, statuses) }),
    ...(query.customer_id !== undefined && { customerId: query.customer_id }),
    ...(query.name !== undefined && { name: query.name }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

export function toWire(recurring: Recurring): Static<typeof RecurringOut> {
  const { currency: code } = recurring
  return {
    id: recurring.id,
    business_id: recurring.businessId,
    customer_id: recurring.customerId,
    name: recurring.name,
    frequency: recurring.frequency,
    interval: recurring.every,
    start_date: recurring.startDate,
    end_date: recurring.endDate,
    max_occurrences: recurring.occurrencesMax,
    due_days: recurring.dueDays,
    currency: code,
    notes: recurring.notes,
    terms: recurring.terms,
    template_type: recurring.template ?? 'modern',
    auto_send: recurring.isSent,
    items: recurring.lines.map((line) => ({
      description: line.description,
      quantity: toWireDecimal(line.quantity),
      unit_price: toWireDecimal(line.unitPrice),
      tax_rate: toWireDecimal(line.taxPercent ?? '0'),
      product_id: line.productId ?? null,
      discount_rate: toWireDecimal(line.discountPercent ?? '0'),
      tax_category: line.taxCategory === undefined ? null : categoryByCode[line.taxCategory],
      revenue_account_code: line.accountCode ?? null,
      unit: line.unit ?? null,
    })),
    next_run_date: recurring.nextDate,
    last_run_date: recurring.lastDate,
    occurrences: recurring.occurrences,
    total: toNumber(recurring.total, code),
    status: recurring.status,
    pause_reason: recurring.pauseReason,
    external_id: recurring.externalId,
    metadata: recurring.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
    created_at: recurring.createdAt,
    updated_at: recurring.updatedAt,
  }
}
