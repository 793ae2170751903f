import { eventId, isUuid, toPrefixed } from '../../kernel/ids.ts'
import type { EventBusiness, EventRenderer, StoredEvent } from '../../modules/webhooks/event.ts'
import { parseInvoice } from '../../modules/webhooks/snapshot.ts'
import { toWire as toInvoiceWire } from './invoice-wire.ts'

/** Every event type of this surface. Source: Books specification 22. */
export const eventTypes = [
  'invoice.created',
  'invoice.paid',
  'invoice.voided',
  'receipt.created',
  'expense.created',
  'bill.created',
  'bill.paid',
  'payment.received',
  'customer.created',
  'customer.updated',
  'report.generated',
  'loan.disbursed',
  'loan.repayment',
  'health_score.changed',
  'invoice.updated',
  'invoice.sent',
  'invoice.overdue',
  'quotation.created',
  'quotation.sent',
  'quotation.accepted',
  'quotation.declined',
  'quotation.converted',
  'receipt.voided',
  'credit_note.created',
  'customer.deleted',
  'supplier.created',
  'supplier.updated',
  'expense.voided',
  'bill.voided',
  'bill.payment_created',
  'journal_entry.posted',
  'journal_entry.reversed',
  'bank_transaction.matched',
  'asset.disposed',
  'payroll.completed',
  'payroll.voided',
  'tax_return.filed',
  'period.locked',
  'credits.low',
  'credits.exhausted',
  'api_key.expiring',
] as const

type EventType = (typeof eventTypes)[number]
type Payload = StoredEvent['payload']

/** The type of an event by its payload; undefined: not shown. */
type Naming = EventType | ((payload: Payload) => EventType | undefined)

/** `prefix` is that of the resource's id. */
type Shown = Readonly<{ naming: Naming; prefix: string; toObject?: (payload: Payload) => object }>

const toInvoice = (payload: Payload): object => toInvoiceWire(parseInvoice(payload))
const invoice = (naming: Naming): Shown => ({ naming, prefix: 'inv', toObject: toInvoice })
const plain = (naming: Naming, prefix: string): Shown => ({ naming, prefix })

/** Money for an invoice is a payment; money for a sale on the spot has a receipt of its own. */
const receiptType: Naming = (payload) =>
  payload['type'] === 'cash_sale' ? 'receipt.created' : 'payment.received'

const partyType =
  (what: 'created' | 'updated'): Naming =>
  (payload) =>
    payload['isCustomer'] === true ? `customer.${what}` : `supplier.${what}`

const expenseType: Naming = (payload) =>
  payload['status'] === 'draft' ? undefined : 'expense.created'

/** What the events of the core are called here. What is not listed is not shown. */
const shownByCoreType: ReadonlyMap<string, Shown> = new Map([
  ['sales.invoice.created', invoice('invoice.created')],
  ['sales.invoice.updated', invoice('invoice.updated')],
  ['sales.invoice.sent', invoice('invoice.sent')],
  ['sales.invoice.paid', invoice('invoice.paid')],
  ['sales.invoice.overdue', invoice('invoice.overdue')],
  ['sales.invoice.cancelled', invoice('invoice.voided')],
  ['sales.receipt.recorded', plain(receiptType, 'rcp')],
  ['sales.receipt.reversed', plain('receipt.voided', 'rcp')],
  ['sales.credit_note.issued', plain('credit_note.created', 'cn')],
  ['purchases.expense.created', plain(expenseType, 'exp')],
  ['purchases.expense.cancelled', plain('expense.voided', 'exp')],
  ['purchases.bill.created', plain('bill.created', 'bill')],
  ['purchases.bill.paid', plain('bill.paid', 'bill')],
  ['purchases.bill.voided', plain('bill.voided', 'bill')],
  ['purchases.bill_payment.recorded', plain('bill.payment_created', 'bpay')],
  ['party.created', plain(partyType('created'), 'cust')],
  ['party.updated', plain(partyType('updated'), 'cust')],
  ['party.archived', plain(partyType('updated'), 'cust')],
  ['party.restored', plain(partyType('updated'), 'cust')],
  ['party.deleted', plain('customer.deleted', 'cust')],
  ['ledger.journal_entry.posted', plain('journal_entry.posted', 'je')],
  ['ledger.journal_entry.reversed', plain('journal_entry.reversed', 'je')],
  ['ledger.period_lock.set', plain('period.locked', 'biz')],
  ['credits.low', plain('credits.low', 'org')],
  ['credits.exhausted', plain('credits.exhausted', 'org')],
  ['api_key.expiring', plain('api_key.expiring', 'key')],
])

/** An event in the words of this surface. Source: Books specification 22. */
export const renderEvent: EventRenderer = (event, business) => {
  const shown = shownByCoreType.get(event.type)
  if (shown === undefined) return undefined
  const { payload } = event
  const type = typeof shown.naming === 'function' ? shown.naming(payload) : shown.naming
  if (type === undefined) return undefined
  const prefix = type.startsWith('supplier.') ? 'sup' : shown.prefix
  // A lock or a plan has no id of its own; its name stands for it.
  const { resourceId } = event
  const id = isUuid(resourceId) ? toPrefixed(prefix, resourceId) : resourceId
  const object = shown.toObject?.(payload) ?? { ...payload, id }
  const previousStatus = payload['previousStatus'] ?? null
  const head = { id: event.id, type, at: event.at, business }
  return {
    type,
    body: toEnvelope(head, { object, previousStatus }),
    thin: toEnvelope(head, { object: { id }, truncated: true }),
  }
}

/** A sample of an event type, marked as a test. */
export const renderSample = (
  type: string,
  { id, at, business }: Pick<Head, 'id' | 'at' | 'business'>,
): string => toEnvelope({ id, type, at, business }, { object: { id: sampleId }, test: true })

const sampleId = 'test_00000000000000000000000000'

type Head = Readonly<{
  id: string
  type: string
  at: string
  business: Pick<EventBusiness, 'id'> | undefined
}>

const toEnvelope = ({ id, type, at, business }: Head, data: object): string =>
  JSON.stringify({
    id: eventId(id),
    type,
    createdAt: at,
    businessId: business === undefined ? null : toPrefixed('biz', business.id),
    data,
  })
