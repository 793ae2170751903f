import { eventId } from '../../kernel/ids.ts'
import { type ExpenseStatus, toShownStatus } from '../../modules/purchases/expense.ts'
import type { EventBusiness, EventRenderer, StoredEvent } from '../../modules/webhooks/event.ts'
import {
  parseExpense,
  parseInvoice,
  parseParty,
  parseQuotation,
  parseRecurring,
} from '../../modules/webhooks/snapshot.ts'
import type { ToPageUrl } from '../http/outside.ts'
import { toWire as toCustomerWire } from './customers.ts'
import { toWire as toExpenseWire } from './expenses.ts'
import { toWire as toInvoiceWire } from './invoice-fields.ts'
import { toWire as toQuotationWire } from './quotation-fields.ts'
import { toWire as toRecurringWire } from './recurring-invoices.ts'
import { sampleByType } from './webhook-samples.ts'

export type EventType = keyof typeof sampleByType

/** Every event type of this surface. Source: Invoicing specification 13.2. */
export const eventTypes = Object.keys(sampleByType) as readonly EventType[] // its own keys

export const isEventType = (text: string): text is EventType => Object.hasOwn(sampleByType, text)

type Payload = StoredEvent['payload']

/** The `data` of an event; undefined where the event is none of this surface's. */
type ToData = (
  payload: Payload,
  business: EventBusiness,
  toPageUrl: ToPageUrl | undefined,
) => object | undefined

/** An invoice with whom it is between. */
function toInvoiceDetail(
  payload: Payload,
  business: EventBusiness,
  toPageUrl: ToPageUrl | undefined,
) {
  const invoice = parseInvoice(payload)
  return {
    ...toInvoiceWire(invoice, toPageUrl),
    customer: { id: invoice.customerId, name: invoice.customerName },
    business: { id: business.id, name: business.name },
  }
}

const toInvoiceData: ToData = (payload, business, toPageUrl) => {
  const invoice = toInvoiceDetail(payload, business, toPageUrl)
  return {
    id: invoice.id,
    invoice_number: invoice.invoice_number,
    total: invoice.total,
    status: invoice.status,
    previous_status: payload['previousStatus'] ?? null,
    invoice,
  }
}

const toQuotationData: ToData = (payload, business, toPageUrl) => {
  const parsed = parseQuotation(payload)
  const quotation = {
    ...toQuotationWire(parsed, toPageUrl),
    customer: { id: parsed.customerId, name: parsed.customerName },
    business: { id: business.id, name: business.name },
  }
  return {
    id: quotation.id,
    quotation_number: quotation.quotation_number,
    total: quotation.total,
    status: quotation.status,
    previous_status: payload['previousStatus'] ?? null,
    quotation,
  }
}

const toConvertedData: ToData = (payload, business, toPageUrl) => ({
  ...toQuotationData(payload, business, toPageUrl),
  invoice_id: parseQuotation(payload).invoiceId,
})

const toExpenseData: ToData = (payload) => {
  const parsed = parseExpense(payload)
  const { previousStatus } = payload
  const isGone = parsed.status === 'cancelled'
  // What is gone shows how it was last.
  const status = isGone ? ((previousStatus ?? 'draft') as ExpenseStatus) : parsed.status // one of its own
  const expense = toExpenseWire({ ...parsed, status })
  const before = isGone ? null : (previousStatus as ExpenseStatus | null) // kept by `purchases`
  return {
    id: expense.id,
    expense_number: expense.expense_number,
    amount: expense.amount,
    status: expense.status,
    previous_status: before === null ? null : toShownStatus(before, 'invoicing'),
    expense,
  }
}

const toRecurringData: ToData = (payload) => {
  const recurring = toRecurringWire(parseRecurring(payload))
  return {
    id: recurring.id,
    status: recurring.status,
    next_run_date: recurring.next_run_date,
    recurring_invoice: recurring,
  }
}

const toGeneratedData: ToData = (payload, business, toPageUrl) => ({
  ...toRecurringData(payload, business, toPageUrl),
  invoice_id: payload['invoiceId'],
  invoice: toInvoiceDetail(payload['invoice'] as Payload, business, toPageUrl), // put there by `sales`
})

const toFailedData: ToData = (payload, business, toPageUrl) => ({
  ...toRecurringData(payload, business, toPageUrl),
  period_date: payload['periodDate'],
  reason: payload['reason'],
})

const toCustomerData: ToData = (payload, business) => {
  const party = parseParty(payload)
  if (!party.isCustomer) return undefined
  const customer = toCustomerWire(party, business.baseCurrency)
  return { id: customer.id, name: customer.name, email: customer.email, customer }
}

type Shown = readonly [EventType, ToData]

/** What the events of the core are called here. What is not listed is not shown. */
const shownByCoreType: ReadonlyMap<string, Shown> = new Map<string, Shown>([
  ['sales.invoice.created', ['invoice.created', toInvoiceData]],
  ['sales.invoice.updated', ['invoice.updated', toInvoiceData]],
  ['sales.invoice.sent', ['invoice.sent', toInvoiceData]],
  ['sales.invoice.paid', ['invoice.paid', toInvoiceData]],
  ['sales.invoice.overdue', ['invoice.overdue', toInvoiceData]],
  ['sales.invoice.cancelled', ['invoice.cancelled', toInvoiceData]],
  ['sales.invoice.deleted', ['invoice.deleted', toInvoiceData]],
  ['sales.quotation.created', ['quotation.created', toQuotationData]],
  ['sales.quotation.updated', ['quotation.updated', toQuotationData]],
  ['sales.quotation.sent', ['quotation.sent', toQuotationData]],
  ['sales.quotation.accepted', ['quotation.accepted', toQuotationData]],
  ['sales.quotation.rejected', ['quotation.rejected', toQuotationData]],
  ['sales.quotation.expired', ['quotation.expired', toQuotationData]],
  ['sales.quotation.converted', ['quotation.converted', toConvertedData]],
  ['purchases.expense.created', ['expense.created', toExpenseData]],
  ['purchases.expense.updated', ['expense.updated', toExpenseData]],
  ['purchases.expense.approved', ['expense.approved', toExpenseData]],
  ['purchases.expense.paid', ['expense.paid', toExpenseData]],
  ['purchases.expense.deleted', ['expense.deleted', toExpenseData]],
  ['purchases.expense.cancelled', ['expense.deleted', toExpenseData]],
  ['sales.recurring.generated', ['recurring_invoice.generated', toGeneratedData]],
  ['sales.recurring.failed', ['recurring_invoice.failed', toFailedData]],
  ['sales.recurring.completed', ['recurring_invoice.completed', toRecurringData]],
  ['party.created', ['customer.created', toCustomerData]],
  ['party.updated', ['customer.updated', toCustomerData]],
  ['party.archived', ['customer.updated', toCustomerData]],
  ['party.restored', ['customer.updated', toCustomerData]],
  ['party.deleted', ['customer.deleted', toCustomerData]],
])

/**
 * Shows events in the words of this surface.
 *
 * toPageUrl  where the pages of documents are; without it none is named
 *
 * Source: Invoicing specification 13.3.
 */
export const buildEventRenderer =
  (toPageUrl: ToPageUrl | undefined): EventRenderer =>
  (event, business) => {
    const [type, toData] = shownByCoreType.get(event.type) ?? []
    if (type === undefined || toData === undefined || business === undefined) return undefined
    const data = toData(event.payload, business, toPageUrl)
    if (data === undefined) return undefined
    const head = { id: event.id, type, at: event.at, businessId: business.id }
    return {
      type,
      body: toEnvelope(head, data),
      thin: toEnvelope(head, { id: event.resourceId, truncated: true }),
    }
  }

/** An event as it is shown where nobody knows the address of a page. */
export const renderEvent = buildEventRenderer(undefined)

/** A sample of an event type with all that such an event has, marked as a test. */
export function renderSample(type: string, head: Omit<Head, 'type'>): string {
  const data = isEventType(type) ? sampleByType[type](head) : {}
  return toEnvelope({ ...head, type }, { ...data, test: true })
}

type Head = Readonly<{ id: string; type: string; at: string; businessId: string }>

/** The same bytes come out of a receiver that parses the body and writes it again. */
const toEnvelope = ({ id, type, at, businessId }: Head, data: object): string =>
  JSON.stringify({ id: eventId(id), type, created_at: at, business_id: businessId, data })
