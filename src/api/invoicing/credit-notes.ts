import { type Static, Type } from 'typebox'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { issueCreditNote } from '../../modules/sales/credit-note.actions.ts'
import { getCreditNote, listCreditNotes } from '../../modules/sales/credit-note.queries.ts'
import type {
  CreditedInvoiceLine,
  CreditNote,
  CreditNoteFilter,
  NewCreditNote,
} from '../../modules/sales/credit-note.ts'
import { getInvoice } from '../../modules/sales/invoice.queries.ts'
import { route } from '../http/route.ts'
import { DryRunOut, writeDocument } from './dry-run.ts'
import {
  date,
  externalId,
  idParams,
  listErrors,
  metadata,
  nullable,
  number,
  readErrors,
  text,
  toNumber,
  uuid,
  writeErrors,
} from './fields.ts'
import { ItemOut, itemsMax, toItem, toText } from './invoice-fields.ts'
import { countedMax, type Found, listQuery, pageOf, sortedBy, toListed, toPage } from './lists.ts'

const status = Type.Enum(['applied', 'open', 'refunded'])

const CreditedItem = Type.Object(
  {
    invoice_item_id: uuid,
    quantity: Type.Optional(number({ decimalsMax: 6, notZero: true })),
    amount: Type.Optional(
      number({
        decimalsMax: 4,
        exclusiveMinimum: 0,
        description: 'Without tax, in the currency of the invoice',
      }),
    ),
  },
  { description: 'Exactly one of quantity and amount' },
)

const CreditNoteIn = Type.Object({
  items: Type.Optional(
    Type.Array(CreditedItem, {
      minItems: 1,
      maxItems: itemsMax,
      description: 'Absent: everything that is left',
    }),
  ),
  issue_date: Type.Optional(date),
  reason: Type.Optional(text()),
  apply: Type.Optional(
    Type.Boolean({ description: 'Whether it first reduces what the invoice owes; default true' }),
  ),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const CreditNoteOut = Type.Object({
  id: uuid,
  business_id: uuid,
  customer_id: uuid,
  invoice_id: uuid,
  credit_note_number: Type.String(),
  issue_date: date,
  reason: nullable(Type.String()),
  status,
  subtotal: Type.Number(),
  tax_amount: Type.Number(),
  total: Type.Number(),
  currency: Type.String(),
  items: Type.Array(Type.Object({ invoice_item_id: nullable(uuid), ...ItemOut.properties })),
  amount_applied: Type.Number(),
  amount_remaining: Type.Number({ description: 'What the customer still has to its credit' }),
  created_at: Type.String(),
  updated_at: Type.String(),
  external_id: nullable(Type.String()),
  metadata,
  dry_run: Type.Optional(DryRunOut),
})

const paging = listQuery(['created_at', 'updated_at', 'issue_date', 'total'])
const PagingQuery = Type.Object(paging)

const CreditNoteQuery = Type.Object({
  ...paging,
  customer_id: Type.Optional(uuid),
  invoice_id: Type.Optional(uuid),
  credit_note_number: Type.Optional(text()),
  status: Type.Optional(status),
  issue_date_from: Type.Optional(date),
  issue_date_to: Type.Optional(date),
  external_id: Type.Optional(externalId),
})

const base = { tag: 'Credit notes', tenant: 'business', cost: 1 } as const

const createRoute = route({
  ...base,
  method: 'POST',
  path: '/api/v1/invoices/{id}/credit-notes',
  operation: 'create-credit-note',
  summary: 'Credit an invoice in part or in full',
  description:
    'By quantity or by amount, with the tax rates of the invoice. What the invoice still owes is reduced first; the rest is a credit of the customer.',
  scope: 'write',
  params: idParams,
  body: CreditNoteIn,
  bodyOptional: true,
  answers: { 201: CreditNoteOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'validation.items_incomplete',
    'validation.amount_precision',
    'resource.not_found',
    'resource.external_id_taken',
    'sales.invoice_not_open',
    'sales.credit_exceeds_remaining',
    'ledger.account_inactive',
    'ledger.reversal_too_early',
    'ledger.amount_overflow',
    'ledger.balance_out_of_range',
    'ledger.period_closed',
    'ledger.period_locked',
    'tax.return_filed',
    'ledger.date_too_far',
  ],
  examples: [
    {
      summary: 'All that is left',
      keep: 'credit',
      params: { id: '$owed' },
      body: { reason: 'The survey was called off' },
      status: 201,
    },
    { summary: 'There is nothing left', params: { id: '$owed' }, status: 400 },
  ],
  handle: (call) =>
    writeDocument(call, {
      kind: 'credit_note',
      action: issueCreditNote,
      input: toNewCreditNote(call.params.id.toLowerCase(), call.body, call.today),
      answer: (credit) => ({
        status: 201,
        headers: { Location: `/invoicing/api/v1/credit-notes/${credit.id}` },
        body: toWire(credit),
      }),
    }),
})

const listOfInvoiceRoute = route({
  ...base,
  method: 'GET',
  path: '/api/v1/invoices/{id}/credit-notes',
  operation: 'list-invoice-credit-notes',
  summary: 'List the credit notes of an invoice',
  scope: 'read',
  params: idParams,
  query: PagingQuery,
  answers: { 200: pageOf(CreditNoteOut) },
  errors: [...listErrors, 'request.id_malformed', 'resource.not_found'],
  examples: [{ summary: 'All of them', params: { id: '$owed' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const invoiceId = call.params.id.toLowerCase()
    const found = await call.read(async (db) => {
      await getInvoice(db, businessId, invoiceId, call.today)
      return listCreditNotes(db, { businessId, invoiceId, ...toWindowed(call.query) })
    })
    return { status: 200, body: toList(found, call.query) }
  },
})

const listRoute = route({
  ...base,
  method: 'GET',
  path: '/api/v1/credit-notes',
  operation: 'list-credit-notes',
  summary: 'List credit notes',
  scope: 'read',
  query: CreditNoteQuery,
  answers: { 200: pageOf(CreditNoteOut) },
  errors: listErrors,
  examples: [
    { summary: 'Those with something left', query: { status: 'open' }, status: 200 },
    { summary: 'A status that nobody has', query: { status: 'late' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const filter = { businessId, ...toFilter(call.query) }
    const found = await call.read((db) => listCreditNotes(db, filter))
    return { status: 200, body: toList(found, call.query) }
  },
})

const getRoute = route({
  ...base,
  method: 'GET',
  path: '/api/v1/credit-notes/{id}',
  operation: 'get-credit-note',
  summary: 'Get a credit note',
  scope: 'read',
  params: idParams,
  answers: { 200: CreditNoteOut },
  errors: readErrors,
  examples: [{ summary: 'A credit note by id', params: { id: '$credit' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const id = call.params.id.toLowerCase()
    const credit = await call.read((db) => getCreditNote(db, businessId, id))
    return { status: 200, body: toWire(credit) }
  },
})

export const creditNoteRoutes = [createRoute, listOfInvoiceRoute, listRoute, getRoute]

/** Refuses: validation.failed. */
function toNewCreditNote(
  invoiceId: string,
  body: Static<typeof CreditNoteIn>,
  today: CalendarDate,
): NewCreditNote {
  return {
    surface: 'invoicing',
    invoiceId,
    issueDate: body.issue_date === undefined ? today : parseDate(body.issue_date),
    reason: body.reason ?? null,
    isApplied: body.apply ?? true,
    externalId: body.external_id ?? null,
    metadata: body.metadata ?? {},
    ...(body.items !== undefined && { lines: toLines(body.items) }),
  }
}

/** Refuses: validation.failed, for items with both or neither of quantity and amount. */
function toLines(items: readonly Static<typeof CreditedItem>[]): readonly CreditedInvoiceLine[] {
  const issues = items.flatMap(({ quantity, amount }, index) => {
    if ((quantity === undefined) !== (amount === undefined)) return []
    const path = `items[${index}]`
    const message = 'must have exactly one of: quantity, amount'
    return [{ pointer: `/items/${index}`, path, rule: 'unknown' as const, message }]
  })
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  return items.map(({ invoice_item_id, quantity, amount }, index) => {
    const at = (member: string): string => `items[${index}].${member}`
    const invoiceLineId = invoice_item_id.toLowerCase()
    return quantity === undefined
      ? { invoiceLineId, amountText: toText(amount, at('amount')) ?? '0' }
      : { invoiceLineId, quantity: toText(quantity, at('quantity')) ?? '0' }
  })
}

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  issue_date: 'issueDate',
  total: 'total',
})

type Paging = Static<typeof PagingQuery>

const toWindowed = (query: Paging): Omit<CreditNoteFilter, 'businessId'> => ({
  ...toListed(query, sortBy),
  countMax: countedMax,
})

function toFilter(query: Static<typeof CreditNoteQuery>): Omit<CreditNoteFilter, 'businessId'> {
  const { customer_id, invoice_id, issue_date_from: from, issue_date_to: to } = query
  return {
    ...toWindowed(query),
    ...(customer_id !== undefined && { customerId: customer_id }),
    ...(invoice_id !== undefined && { invoiceId: invoice_id }),
    ...(query.credit_note_number !== undefined && { number: query.credit_note_number }),
    ...(query.status !== undefined && { status: query.status }),
    ...(from !== undefined && { dateFrom: parseDate(from) }),
    ...(to !== undefined && { dateTo: parseDate(to) }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

function toList(found: Found<CreditNote>, query: Paging) {
  const by = sortBy(query)
  const placeOf = (credit: CreditNote) => ({ value: String(credit[by]), id: credit.id })
  return toPage(found, query, { placeOf, toWire })
}

function toWire(credit: CreditNote): Static<typeof CreditNoteOut> {
  const { currency } = credit
  return {
    id: credit.id,
    business_id: credit.businessId,
    customer_id: credit.customerId,
    invoice_id: credit.invoiceId,
    credit_note_number: credit.number,
    issue_date: credit.issueDate,
    reason: credit.reason,
    status: credit.status,
    subtotal: toNumber(credit.subtotal, currency),
    tax_amount: toNumber(credit.tax, currency),
    total: toNumber(credit.total, currency),
    currency,
    items: credit.lines.map((line) => ({
      invoice_item_id: line.invoiceLineId,
      ...toItem(line, currency),
    })),
    amount_applied: toNumber(credit.amountApplied, currency),
    amount_remaining: toNumber(credit.amountRemaining, currency),
    created_at: credit.createdAt,
    updated_at: credit.updatedAt,
    external_id: credit.externalId,
    metadata: credit.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
  }
}
