import { type Static, Type } from 'typebox'
import { parseDate } from '../../kernel/dates.ts'
import { getInvoice } from '../../modules/sales/invoice.queries.ts'
import { reverseReceipt } from '../../modules/sales/receipt.actions.ts'
import { getReceipt, listReceipts } from '../../modules/sales/receipt.queries.ts'
import type { Receipt, ReceiptFilter } from '../../modules/sales/receipt.ts'
import {
  type AskedAllocation,
  type AskedReceipt,
  allocatePayment,
  receiveForInvoice,
  receivePayment,
} from '../../modules/sales/receipt-step.actions.ts'
import { route } from '../http/route.ts'
import { DryRunOut, writeDocument } from './dry-run.ts'
import {
  amountMax,
  currency,
  date,
  externalId,
  idParams,
  listErrors,
  longText,
  metadata,
  nullable,
  number,
  readErrors,
  text,
  toCurrency,
  toNumber,
  toWireDecimal,
  uuid,
  writeErrors,
} from './fields.ts'
import { rate, toText } from './invoice-fields.ts'
import { countedMax, type Found, listQuery, pageOf, sortedBy, toListed, toPage } from './lists.ts'

const allocationsMax = 500
const methods = ['cash', 'bank_transfer', 'card', 'mobile_money', 'cheque', 'other'] as const
const method = Type.Enum(methods)
const status = Type.Enum(['posted', 'reversed'])
const positive = number({ decimalsMax: 4, exclusiveMinimum: 0 })

const allocations = (minItems: number) =>
  Type.Array(Type.Object({ invoice_id: uuid, amount: positive }), {
    minItems,
    maxItems: allocationsMax,
  })

const shared = {
  payment_date: Type.Optional(date),
  method: Type.Optional(method),
  currency: Type.Optional(currency),
  reference: Type.Optional(text()),
  deposit_account_code: Type.Optional(text()),
  wht_amount: Type.Optional(
    number({
      decimalsMax: 4,
      minimum: 0,
      maximum: amountMax,
      description: 'Tax that the customer withheld, part of the amount',
    }),
  ),
  exchange_rate: Type.Optional(rate),
}

const labels = {
  notes: Type.Optional(longText),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
}

const InvoicePaymentIn = Type.Object({ amount: positive, ...shared, ...labels })

const PaymentIn = Type.Object({
  amount: positive,
  customer_id: uuid,
  ...shared,
  allocations: Type.Optional(allocations(0)),
  ...labels,
})

const Allocating = Type.Object({ allocations: allocations(1) })

const Reversing = Type.Object({ reason: Type.Optional(text()), date: Type.Optional(date) })

const PaymentOut = Type.Object({
  id: uuid,
  business_id: uuid,
  customer_id: nullable(uuid),
  payment_number: Type.String(),
  payment_date: date,
  amount: Type.Number(),
  currency: Type.String(),
  method,
  reference: nullable(Type.String()),
  deposit_account_code: Type.String(),
  wht_amount: Type.Number(),
  exchange_rate: nullable(Type.Number()),
  allocations: Type.Array(Type.Object({ invoice_id: uuid, amount: Type.Number() })),
  unallocated_amount: Type.Number({ description: 'What the customer still has to its credit' }),
  status,
  notes: nullable(Type.String()),
  external_id: nullable(Type.String()),
  metadata,
  created_at: Type.String(),
  updated_at: Type.String(),
  dry_run: Type.Optional(DryRunOut),
})

const paging = listQuery(['created_at', 'updated_at', 'payment_date', 'amount'])

const PagingQuery = Type.Object(paging)

const PaymentQuery = Type.Object({
  ...paging,
  customer_id: Type.Optional(uuid),
  invoice_id: Type.Optional(uuid),
  payment_date_from: Type.Optional(date),
  payment_date_to: Type.Optional(date),
  method: Type.Optional(method),
  status: Type.Optional(status),
  external_id: Type.Optional(externalId),
})

const settleErrors = [
  'resource.not_found',
  'validation.amount_precision',
  'ledger.amount_overflow',
  'ledger.balance_out_of_range',
  'sales.invoice_not_open',
  'sales.invoice_already_paid',
  'sales.allocation_currency_mismatch',
  'sales.allocation_exceeds_receipt',
  'sales.allocation_exceeds_due',
  'ledger.period_closed',
  'ledger.period_locked',
  'ledger.date_too_far',
] as const

const paymentErrors = [
  ...settleErrors,
  'validation.fields_missing',
  'resource.external_id_taken',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'ledger.account_is_group',
  'ledger.account_inactive',
  'ledger.account_currency_mismatch',
  'ledger.rate_missing',
  'ledger.rate_out_of_range',
  'purchases.withholding_invalid',
] as const

const base = { tag: 'Payments', tenant: 'business', cost: 1 } as const

const payInvoiceRoute = route({
  ...base,
  method: 'POST',
  path: '/api/v1/invoices/{id}/payments',
  operation: 'create-invoice-payment',
  summary: 'Record a payment of an invoice',
  description: 'In the currency of the invoice, up to what it still owes.',
  scope: 'write',
  params: idParams,
  body: InvoicePaymentIn,
  answers: { 201: PaymentOut },
  errors: [...writeErrors, 'request.id_malformed', ...paymentErrors],
  examples: [
    {
      summary: 'A part of it',
      keep: 'payment',
      params: { id: '$owed' },
      body: { amount: 200, payment_date: '2026-06-15', reference: 'TRF 8841' },
      status: 201,
    },
    {
      summary: 'More than it owes',
      params: { id: '$owed' },
      body: { amount: 1_000_000 },
      status: 400,
    },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'receipt',
      action: receiveForInvoice,
      input: { invoiceId: call.params.id.toLowerCase(), payment: toAsked(call.body) },
      answer: created,
    }),
})

const listOfInvoiceRoute = route({
  ...base,
  method: 'GET',
  path: '/api/v1/invoices/{id}/payments',
  operation: 'list-invoice-payments',
  summary: 'List the payments of an invoice',
  scope: 'read',
  params: idParams,
  query: PagingQuery,
  answers: { 200: pageOf(PaymentOut) },
  errors: [...listErrors, 'request.id_malformed', 'resource.not_found'],
  examples: [{ summary: 'All of them', params: { id: '$owed' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const invoiceId = call.params.id.toLowerCase()
    const found = await call.read(async (db) => {
      await getInvoice(db, businessId, invoiceId, call.today)
      return listReceipts(db, { businessId, invoiceId, ...toWindowed(call.query) })
    })
    return { status: 200, body: toList(found, call.query) }
  },
})

const createRoute = route({
  ...base,
  method: 'POST',
  path: '/api/v1/payments',
  operation: 'create-payment',
  summary: 'Record a payment of a customer',
  description:
    'Settles the invoices named; the rest is a credit of the customer that can be allocated later.',
  scope: 'write',
  body: PaymentIn,
  requiredText: 'customer_id, amount',
  answers: { 201: PaymentOut },
  errors: [...writeErrors, ...paymentErrors],
  examples: [
    {
      summary: 'For one invoice, with something left',
      keep: 'deposit',
      body: {
        customer_id: '$customer',
        amount: 150,
        method: 'cheque',
        allocations: [{ invoice_id: '$owed', amount: 50 }],
      },
      status: 201,
    },
    { summary: 'Nobody paid it', body: { amount: 10 }, status: 400 },
  ],
  handle: (call) => {
    const { customer_id, allocations: asked = [], ...payment } = call.body
    return writeDocument(call, {
      kind: 'receipt',
      action: receivePayment,
      input: {
        customerId: customer_id.toLowerCase(),
        payment: toAsked(payment),
        allocations: toAllocations(asked),
      },
      answer: created,
    })
  },
})

const listRoute = route({
  ...base,
  method: 'GET',
  path: '/api/v1/payments',
  operation: 'list-payments',
  summary: 'List payments',
  scope: 'read',
  query: PaymentQuery,
  answers: { 200: pageOf(PaymentOut) },
  errors: listErrors,
  examples: [
    { summary: 'Of a customer', query: { customer_id: '$customer' }, status: 200 },
    { summary: 'A method that nobody has', query: { method: 'barter' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const filter = { businessId, ...toFilter(call.query) }
    const found = await call.read((db) => listReceipts(db, filter))
    return { status: 200, body: toList(found, call.query) }
  },
})

const getRoute = route({
  ...base,
  method: 'GET',
  path: '/api/v1/payments/{id}',
  operation: 'get-payment',
  summary: 'Get a payment',
  scope: 'read',
  params: idParams,
  answers: { 200: PaymentOut },
  errors: readErrors,
  examples: [{ summary: 'A payment by id', params: { id: '$payment' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const receipt = await call.read((db) =>
      getReceipt(db, businessId, call.params.id.toLowerCase()),
    )
    return { status: 200, body: toWire(receipt) }
  },
})

const allocateRoute = route({
  ...base,
  method: 'POST',
  path: '/api/v1/payments/{id}/allocate',
  operation: 'allocate-payment',
  summary: 'Put what is left of a payment against invoices',
  scope: 'write',
  params: idParams,
  body: Allocating,
  requiredText: 'allocations (at least one)',
  answers: { 200: PaymentOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'validation.fields_missing',
    ...settleErrors,
    'sales.receipt_voided',
  ],
  examples: [
    {
      summary: 'A part of the rest',
      params: { id: '$deposit' },
      body: { allocations: [{ invoice_id: '$owed', amount: 20 }] },
      status: 200,
    },
    { summary: 'Without invoices', params: { id: '$deposit' }, body: {}, status: 400 },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'receipt',
      action: allocatePayment,
      input: {
        receiptId: call.params.id.toLowerCase(),
        allocations: toAllocations(call.body.allocations),
      },
      answer: (receipt) => ({ status: 200, body: toWire(receipt) }),
    }),
})

const reverseRoute = route({
  ...base,
  method: 'POST',
  path: '/api/v1/payments/{id}/reverse',
  operation: 'reverse-payment',
  summary: 'Reverse a payment',
  description: 'Its invoices owe again what it had settled.',
  scope: 'write',
  params: idParams,
  body: Reversing,
  bodyOptional: true,
  answers: { 200: PaymentOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'sales.receipt_voided',
    'ledger.reversal_too_early',
    'ledger.period_closed',
    'ledger.period_locked',
    'ledger.date_too_far',
  ],
  examples: [
    {
      summary: 'A cheque that bounced',
      params: { id: '$deposit' },
      body: { reason: 'The cheque bounced' },
      status: 200,
    },
    { summary: 'The same once more', params: { id: '$deposit' }, status: 400 },
  ],
  handle: (call) => {
    const { reason = 'reversed', date: day } = call.body
    return writeDocument(call, {
      kind: 'receipt',
      action: reverseReceipt,
      input: {
        receiptId: call.params.id.toLowerCase(),
        reason,
        date: day === undefined ? undefined : parseDate(day),
      },
      answer: (receipt) => ({ status: 200, body: toWire(receipt) }),
    })
  },
})

export const paymentRoutes = [
  payInvoiceRoute,
  listOfInvoiceRoute,
  createRoute,
  listRoute,
  getRoute,
  allocateRoute,
  reverseRoute,
]

const created = (receipt: Receipt) => ({
  status: 201,
  headers: { Location: `/invoicing/api/v1/payments/${receipt.id}` },
  body: toWire(receipt),
})

function toAsked(body: Static<typeof InvoicePaymentIn>): AskedReceipt {
  const { payment_date, exchange_rate } = body
  return {
    surface: 'invoicing',
    amount: toText(body.amount, 'amount') ?? '0',
    withheld: toText(body.wht_amount ?? 0, 'wht_amount') ?? '0',
    date: payment_date === undefined ? undefined : parseDate(payment_date),
    currency: toCurrency(body.currency),
    method: body.method ?? 'bank_transfer',
    accountCode: body.deposit_account_code,
    reference: body.reference ?? null,
    notes: body.notes ?? null,
    exchangeRate: toText(exchange_rate, 'exchange_rate'),
    externalId: body.external_id ?? null,
    metadata: body.metadata ?? {},
  }
}

const toAllocations = (
  asked: readonly Readonly<{ invoice_id: string; amount: number }>[],
): readonly AskedAllocation[] =>
  asked.map(({ invoice_id, amount }, index) => ({
    invoiceId: invoice_id.toLowerCase(),
    amount: toText(amount, `allocations[${index}].amount`) ?? '0',
  }))

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  payment_date: 'date',
  amount: 'amount',
})

type Paging = Static<typeof PagingQuery>

const toWindowed = (query: Paging): Omit<ReceiptFilter, 'businessId'> => ({
  ...toListed(query, sortBy),
  countMax: countedMax,
})

function toFilter(query: Static<typeof PaymentQuery>): Omit<ReceiptFilter, 'businessId'> {
  const { customer_id, invoice_id, payment_date_from: from, payment_date_to: to } = query
  return {
    ...toWindowed(query),
    ...(customer_id !== undefined && { customerId: customer_id }),
    ...(invoice_id !== undefined && { invoiceId: invoice_id }),
    ...(from !== undefined && { dateFrom: parseDate(from) }),
    ...(to !== undefined && { dateTo: parseDate(to) }),
    ...(query.method !== undefined && { method: query.method }),
    ...(query.status !== undefined && { isReversed: query.status === 'reversed' }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

function toList(found: Found<Receipt>, query: Paging) {
  const by = sortBy(query)
  const placeOf = (receipt: Receipt) => ({ value: String(receipt[by]), id: receipt.id })
  return toPage(found, query, { placeOf, toWire })
}

function toWire(receipt: Receipt): Static<typeof PaymentOut> {
  const { currency: code } = receipt
  return {
    id: receipt.id,
    business_id: receipt.businessId,
    customer_id: receipt.customerId,
    payment_number: receipt.number,
    payment_date: receipt.date,
    amount: toNumber(receipt.amount, code),
    currency: code,
    method: receipt.method,
    reference: receipt.reference,
    deposit_account_code: receipt.accountCode,
    wht_amount: toNumber(receipt.withheld, code),
    exchange_rate: receipt.exchangeRate === null ? null : toWireDecimal(receipt.exchangeRate),
    allocations: receipt.allocations.map(({ invoiceId, amount }) => ({
      invoice_id: invoiceId,
      amount: toNumber(amount, code),
    })),
    unallocated_amount: toNumber(receipt.unallocated, code),
    status: receipt.status,
    notes: receipt.notes,
    external_id: receipt.externalId,
    metadata: receipt.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
    created_at: receipt.createdAt,
    updated_at: receipt.updatedAt,
  }
}
