import { type Static, Type } from 'typebox'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { parseAmount } from '../../kernel/money.ts'
import {
  approveExpense,
  createExpense,
  deleteExpense,
  settleExpense,
  updateExpense,
} from '../../modules/purchases/expense.actions.ts'
import { getExpense, listExpenses } from '../../modules/purchases/expense.queries.ts'
import {
  type Expense,
  type ExpenseChanges,
  type ExpenseFilter,
  type NewExpense,
  toShownStatus,
} from '../../modules/purchases/expense.ts'
import { route } from '../http/route.ts'
import { DryRunOut, writeDocument } from './dry-run.ts'
import {
  amount,
  amountMax,
  currency,
  date,
  externalId,
  idParams,
  listErrors,
  longText,
  metadata,
  name,
  nullable,
  number,
  percent,
  readErrors,
  text,
  toCurrency,
  toNumber,
  toWireDecimal,
  uuid,
  writeErrors,
} from './fields.ts'
import { toText } from './invoice-fields.ts'
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

const statuses = ['pending', 'approved', 'paid'] as const
const status = Type.Enum(statuses)
const net = number({
  decimalsMax: 4,
  exclusiveMinimum: 0,
  maximum: amountMax,
  description: 'Without tax',
})
const receiptUrl = Type.String({ format: 'url', maxLength: 255 })

const ExpenseIn = Type.Object({
  description: name,
  amount: net,
  expense_date: Type.Optional(date),
  currency: Type.Optional(currency),
  tax_rate: Type.Optional(percent),
  tax_recoverable: Type.Optional(Type.Boolean({ description: 'Default true' })),
  category: Type.Optional(text()),
  expense_account_code: Type.Optional(text()),
  supplier_name: Type.Optional(text()),
  supplier_id: Type.Optional(uuid),
  payment_account_code: Type.Optional(text()),
  reference: Type.Optional(text()),
  status: Type.Optional(status),
  receipt_url: Type.Optional(receiptUrl),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const ExpenseChange = Type.Object({
  description: Type.Optional(name),
  amount: Type.Optional(net),
  expense_date: Type.Optional(nullable(date)),
  currency: Type.Optional(nullable(currency)),
  tax_rate: Type.Optional(nullable(percent)),
  tax_recoverable: Type.Optional(nullable(Type.Boolean())),
  category: Type.Optional(nullable(text())),
  expense_account_code: Type.Optional(nullable(text())),
  supplier_name: Type.Optional(nullable(text())),
  supplier_id: Type.Optional(nullable(uuid)),
  payment_account_code: Type.Optional(nullable(text())),
  reference: Type.Optional(nullable(text())),
  status: Type.Optional(status),
  receipt_url: Type.Optional(nullable(receiptUrl)),
  external_id: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(nullable(metadata)),
})

export const ExpenseOut = Type.Object({
  id: uuid,
  business_id: uuid,
  expense_number: Type.String(),
  description: nullable(Type.String()),
  amount: Type.Number({ description: 'Without tax' }),
  tax_rate: Type.Number(),
  tax_amount: Type.Number(),
  total: Type.Number(),
  currency: Type.String(),
  expense_date: date,
  category: nullable(Type.String()),
  expense_account_code: Type.String(),
  supplier_name: nullable(Type.String()),
  supplier_id: nullable(uuid),
  payment_account_code: nullable(Type.String()),
  reference: nullable(Type.String()),
  status,
  tax_recoverable: Type.Boolean(),
  receipt_url: nullable(Type.String()),
  approved_at: nullable(Type.String()),
  paid_at: nullable(Type.String()),
  external_id: nullable(Type.String()),
  metadata,
  created_at: Type.String(),
  updated_at: Type.String(),
  approval_note: nullable(Type.String()),
  dry_run: Type.Optional(DryRunOut),
})

const ExpenseQuery = Type.Object({
  ...listQuery(['created_at', 'updated_at', 'expense_date', 'amount']),
  status: Type.Optional(text(200)),
  category: Type.Optional(text()),
  supplier_name: Type.Optional(text()),
  expense_date_from: Type.Optional(date),
  expense_date_to: Type.Optional(date),
  currency: Type.Optional(currency),
  min_amount: Type.Optional(amount),
  max_amount: Type.Optional(amount),
  external_id: Type.Optional(externalId),
})

const postingErrors = [
  'validation.amount_precision',
  'resource.not_found',
  'purchases.supplier_inactive',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'ledger.account_inactive',
  'ledger.amount_overflow',
  'ledger.balance_out_of_range',
  'ledger.rate_missing',
  'ledger.period_closed',
  'ledger.period_locked',
  'tax.return_filed',
  'ledger.date_too_far',
] as const

const shared = { tag: 'Expenses', tenant: 'business', cost: 1 } as const

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/expenses',
  operation: 'create-expense',
  summary: 'Enter an expense',
  description: 'Pending posts nothing, approved is owed, paid leaves the payment account at once.',
  scope: 'write',
  body: ExpenseIn,
  requiredText: 'description, amount',
  answers: { 201: ExpenseOut },
  errors: [
    ...writeErrors,
    'validation.fields_missing',
    'resource.external_id_taken',
    ...postingErrors,
  ],
  examples: [
    {
      summary: 'A hired van',
      keep: 'expense',
      body: {
        description: 'Van hire',
        amount: 80,
        tax_rate: 20,
        category: 'Travel',
        supplier_name: 'Moor Vans',
      },
      status: 201,
    },
    { summary: 'An expense of nothing', body: { description: 'Van hire', amount: 0 }, status: 400 },
  ],
  handle: (call) =>
    writeDocument(call, {
      ...{ kind: 'expense', action: createExpense, input: toNewExpense(call.body, call.today) },
      answer: (expense) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/expenses/${expense.id}` },
        body: toWire(expense),
      }),
    }),
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/expenses',
  operation: 'list-expenses',
  summary: 'List expenses',
  scope: 'read',
  query: ExpenseQuery,
  answers: { 200: pageOf(ExpenseOut) },
  errors: listErrors,
  examples: [
    { summary: 'What waits for approval', query: { status: 'pending' }, status: 200 },
    { summary: 'A status that nobody has', query: { status: 'lost' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const found = await call.read((db) => listExpenses(db, { businessId, ...toFilter(call.query) }))
    const by = sortBy(call.query)
    const placeOf = (expense: Expense) => ({ value: String(expense[by]), id: expense.id })
    return { status: 200, body: toPage(found, call.query, { placeOf, toWire }) }
  },
})

const getRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/expenses/{id}',
  operation: 'get-expense',
  summary: 'Get an expense',
  scope: 'read',
  params: idParams,
  answers: { 200: ExpenseOut },
  errors: readErrors,
  examples: [{ summary: 'An expense by id', params: { id: '$expense' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const id = call.params.id.toLowerCase()
    const expense = await call.read((db) => getExpense(db, businessId, id))
    // One that was deleted is kept in the books, and nowhere else.
    if (expense.status === 'cancelled') {
      throw new Refusal('resource.not_found', { resource: 'Expense', id })
    }
    return { status: 200, body: toWire(expense) }
  },
})

const changeRoutes = updateRoutes(
  {
    ...shared,
    method: 'PATCH',
    path: '/api/v1/expenses/{id}',
    operation: 'update-expense',
    summary: 'Update an expense or move its status',
    description:
      'Only the members that are sent change. A pending expense may change in everything, later ones in texts, external_id and metadata.',
    scope: 'write',
    params: idParams,
    body: ExpenseChange,
    answers: { 200: ExpenseOut },
    errors: [
      ...writeErrors,
      'request.id_malformed',
      'validation.nothing_to_update',
      'resource.external_id_taken',
      'resource.invalid_transition',
      ...postingErrors,
    ],
    examples: [
      {
        summary: 'Another amount',
        params: { id: '$expense' },
        body: { amount: 85 },
        status: 200,
      },
    ],
    handle: (call) =>
      writeDocument(call, {
        kind: 'expense',
        action: updateExpense,
        input: {
          expenseId: call.params.id.toLowerCase(),
          changes: toChanges(call.body, call.today),
          status: call.body.status && statusByName[call.body.status],
          today: call.today,
        },
        answer: (expense) => ({ status: 200, body: toWire(expense) }),
      }),
  },
  [
    {
      summary: 'Its reference',
      params: { id: '$expense' },
      body: { reference: 'MV-118' },
      status: 200,
    },
  ],
)

const ApprovalIn = Type.Object({ note: Type.Optional(longText) })

const approveRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/expenses/{id}/approve',
  operation: 'approve-expense',
  summary: 'Approve a pending expense',
  description: 'It is owed from its date on.',
  scope: 'write',
  params: idParams,
  body: ApprovalIn,
  bodyOptional: true,
  answers: { 200: ExpenseOut },
  errors: [...writeErrors, 'request.id_malformed', 'resource.invalid_transition', ...postingErrors],
  examples: [
    {
      summary: 'With a note',
      params: { id: '$expense' },
      body: { note: 'For the May move' },
      status: 200,
    },
    { summary: 'Twice', params: { id: '$expense' }, status: 400 },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'expense',
      action: approveExpense,
      input: { expenseId: call.params.id.toLowerCase(), note: call.body.note ?? null },
      answer: (expense) => ({ status: 200, body: toWire(expense) }),
    }),
})

const PaymentIn = Type.Object({
  paid_date: Type.Optional(Type.String({ format: 'date', description: 'Default today' })),
  payment_account_code: Type.Optional(text()),
})

const payRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/expenses/{id}/pay',
  operation: 'pay-expense',
  summary: 'Pay an expense',
  description: 'A pending expense is approved first. Paid from the account given, else its own.',
  scope: 'write',
  params: idParams,
  body: PaymentIn,
  bodyOptional: true,
  answers: { 200: ExpenseOut },
  errors: [...writeErrors, 'request.id_malformed', 'resource.invalid_transition', ...postingErrors],
  examples: [
    {
      summary: 'From petty cash',
      params: { id: '$expense' },
      body: { payment_account_code: '1000' },
      status: 200,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'expense',
      action: settleExpense,
      input: {
        expenseId: call.params.id.toLowerCase(),
        date: call.body.paid_date === undefined ? call.today : parseDate(call.body.paid_date),
        moneyAccountCode: call.body.payment_account_code,
      },
      answer: (expense) => ({ status: 200, body: toWire(expense) }),
    }),
})

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/api/v1/expenses/{id}',
  operation: 'delete-expense',
  summary: 'Delete an expense',
  description: 'What was posted is reversed; the expense leaves lists and answers 404.',
  scope: 'write',
  params: idParams,
  answers: { 204: null },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'ledger.reversal_too_early',
    'ledger.period_closed',
    'ledger.period_locked',
  ],
  examples: [],
  handle: (call) =>
    call.write(deleteExpense, { expenseId: call.params.id.toLowerCase() }, () => ({
      status: 204,
    })),
})

export const expenseRoutes = [
  createRoute,
  listRoute,
  getRoute,
  ...changeRoutes,
  approveRoute,
  payRoute,
  deleteRoute,
]

/** What this surface calls pending has not been approved; the core calls it a draft. */
const statusByName = { pending: 'draft', approved: 'pending', paid: 'paid' } as const

function toNewExpense(body: Static<typeof ExpenseIn>, today: CalendarDate): NewExpense {
  const code = toCurrency(body.currency) ?? 'USD'
  parseAmount(body.amount, code, 'amount')
  return {
    surface: 'invoicing',
    status: statusByName[body.status ?? 'pending'],
    supplierId: body.supplier_id?.toLowerCase() ?? null,
    supplierName: body.supplier_name ?? null,
    accountCode: body.expense_account_code,
    moneyAccountCode: body.payment_account_code,
    date: body.expense_date === undefined ? today : parseDate(body.expense_date),
    currency: code,
    amount: toText(body.amount, 'amount') ?? '0',
    taxPercent: toText(body.tax_rate ?? 0, 'tax_rate') ?? '0',
    withheldPercent: '0',
    isTaxRecoverable: body.tax_recoverable ?? true,
    method: 'bank_transfer',
    description: body.description,
    category: body.category ?? null,
    reference: body.reference ?? null,
    receiptUrl: body.receipt_url ?? null,
    externalId: body.external_id ?? null,
    metadata: body.metadata ?? {},
  }
}

function toChanges(body: Static<typeof ExpenseChange>, today: CalendarDate): ExpenseChanges {
  const { amount: given, tax_rate: rate, tax_recoverable: isTaxRecoverable, metadata: texts } = body
  const { expense_account_code: account, payment_account_code: payment, supplier_id } = body
  const { expense_date: day, currency: code } = body
  return {
    ...(body.description !== undefined && { description: body.description }),
    ...(given !== undefined && { amount: toText(given, 'amount') ?? '0' }),
    ...(day !== undefined && { date: day === null ? today : parseDate(day) }),
    ...(code !== undefined && { currency: toCurrency(code ?? undefined) ?? 'USD' }),
    ...(rate !== undefined && { taxPercent: toText(rate ?? 0, 'tax_rate') ?? '0' }),
    ...(isTaxRecoverable !== undefined && { isTaxRecoverable: isTaxRecoverable ?? true }),
    ...(body.category !== undefined && { category: body.category }),
    ...(account !== undefined && { accountCode: account ?? undefined }),
    ...(body.supplier_name !== undefined && { supplierName: body.supplier_name }),
    ...(supplier_id !== undefined && { supplierId: supplier_id?.toLowerCase() ?? null }),
    ...(payment !== undefined && { moneyAccountCode: payment ?? undefined }),
    ...(body.reference !== undefined && { reference: body.reference }),
    ...(body.receipt_url !== undefined && { receiptUrl: body.receipt_url }),
    ...(body.external_id !== undefined && { externalId: body.external_id }),
    ...(texts !== undefined && { metadata: texts ?? {} }),
  }
}

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  expense_date: 'date',
  amount: 'amount',
})

function toFilter(query: Static<typeof ExpenseQuery>): Omit<ExpenseFilter, 'businessId'> {
  const { expense_date_from: from, expense_date_to: to, min_amount, max_amount } = query
  return {
    ...toListed(query, sortBy),
    countMax: countedMax,
    statuses:
      query.status === undefined
        ? Object.values(statusByName)
        : parseStatuses(query.status, statuses).map((shown) => statusByName[shown]),
    ...(query.category !== undefined && { category: query.category }),
    ...(query.supplier_name !== undefined && { supplierName: query.supplier_name }),
    ...(from !== undefined && { dateFrom: parseDate(from) }),
    ...(to !== undefined && { dateTo: parseDate(to) }),
    ...(query.currency !== undefined && { currency: query.currency }),
    ...(min_amount !== undefined && { minAmount: toText(min_amount, 'min_amount') ?? '0' }),
    ...(max_amount !== undefined && { maxAmount: toText(max_amount, 'max_amount') ?? '0' }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

export function toWire(expense: Expense): Static<typeof ExpenseOut> {
  const { currency: code } = expense
  const shown = toShownStatus(expense.status, 'invoicing')
  return {
    id: expense.id,
    business_id: expense.businessId,
    expense_number: expense.number,
    description: expense.description,
    amount: toNumber(expense.amount, code),
    tax_rate: toWireDecimal(expense.taxPercent),
    tax_amount: toNumber(expense.tax, code),
    total: toNumber(expense.total, code),
    currency: code,
    expense_date: expense.date,
    category: expense.category,
    expense_account_code: expense.accountCode,
    supplier_name: expense.supplierName,
    supplier_id: expense.supplierId,
    payment_account_code: expense.moneyAccountCode,
    reference: expense.reference,
    status: statuses.find((one) => one === shown) ?? 'pending',
    tax_recoverable: expense.isTaxRecoverable,
    receipt_url: expense.receiptUrl,
    approved_at: expense.approvedAt,
    paid_at: expense.paidAt,
    external_id: expense.externalId,
    metadata: expense.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
    created_at: expense.createdAt,
    updated_at: expense.updatedAt,
    approval_note: expense.approvalNote,
  }
}
