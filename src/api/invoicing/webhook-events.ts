import { eventId } from '../../kernel/ids.ts'
import type { EventBusiness, EventRenderer, StoredEvent } from '../../modules/webhooks/event.ts'
import { parseInvoice, parseParty } from '../../modules/webhooks/snapshot.ts'
import { toWire as toCustomerWire } from './customers.ts'
import { toWire as toInvoiceWire } from './invoice-fields.ts'

/** Every event type of this surface. Source: Invoicing specification 13.2. */
export const eventTypes = [
  'invoice.created',
  'invoice.updated',
  'invoice.sent',
  'invoice.paid',
  'invoice.overdue',
  'invoice.cancelled',
  'invoice.deleted',
  'quotation.created',
  'quotation.updated',
  'quotation.sent',
  'quotation.accepted',
  'quotation.rejected',
  'quotation.expired',
  'quotation.converted',
  'customer.created',
  'customer.updated',
  'customer.deleted',
  'expense.created',
  'expense.updated',
  'expense.approved',
  'expense.paid',
  'expense.deleted',
  'recurring_invoice.generated',
  'recurring_invoice.failed',
  'recurring_invoice.completed',
] as const

export type EventType = (typeof eventTypes)[number]

type Payload = StoredEvent['payload']

/** The `data` of an event; undefined where the event is none of this surface's. */
type ToData = (payload: Payload, business: EventBusiness) => object | undefined

const toInvoiceData: ToData = (payload, business) => {
  const invoice = parseInvoice(payload)
  const wire = toInvoiceWire(invoice)
  return {
    id: wire.id,
    invoice_number: wire.invoice_number,
    total: wire.total,
    status: wire.status,
    previous_status: payload['previousStatus'] ?? null,
    invoice: {
      ...wire,
      customer: { id: invoice.customerId, name: invoice.customerName },
      business: { id: business.id, name: business.name },
    },
  }
}

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
  ['party.created', ['customer.created', toCustomerData]],
  ['party.updated', ['customer.updated', toCustomerData]],
  ['party.archived', ['customer.updated', toCustomerData]],
  ['party.restored', ['customer.updated', toCustomerData]],
  ['party.deleted', ['customer.deleted', toCustomerData]],
])

/** An event in the words of this surface. Source: Invoicing specification 13.3. */
export const renderEvent: EventRenderer = (event, business) => {
  const [type, toData] = shownByCoreType.get(event.type) ?? []
  if (type === undefined || toData === undefined || business === undefined) return undefined
  const data = toData(event.payload, business)
  if (data === undefined) return undefined
  const head = { id: event.id, type, at: event.at, businessId: business.id }
  return {
    type,
    body: toEnvelope(head, data),
    thin: toEnvelope(head, { id: event.resourceId, truncated: true }),
  }
}

/** A sample of an event type, marked as a test. */
export const renderSample = (
  type: string,
  { id, at, businessId }: Readonly<{ id: string; at: string; businessId: string }>,
): string => toEnvelope({ id, type, at, businessId }, { id: sampleId, test: true })

const sampleId = '00000000-0000-7000-8000-000000000000'

type Head = Readonly<{ id: string; type: string; at: string; businessId: string }>

/** The same bytes come out of a receiver that parses the body and writes it again. */
const toEnvelope = ({ id, type, at, businessId }: Head, data: object): string =>
  JSON.stringify({ id: eventId(id), type, created_at: at, business_id: businessId, data })
