import {
  addDays,
  asDate,
  type CalendarDate,
  daysBetween,
  type Instant,
} from '../../kernel/dates.ts'
import { isEqualDecimal, parseDecimal } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Business } from '../access/business.ts'
import {
  type Document,
  type DocumentHead,
  type DocumentLine,
  type Lifecycle,
  toImage,
} from '../ledger/document.ts'
import type { NumberSurface } from '../ledger/number-series.ts'
import { categoryOf, type LineDraft } from '../tax/line-draft.ts'
import { type HostedRef, hostedRefOf } from './hosted-link.ts'

export type InvoiceStatus = 'draft' | 'sent' | 'paid' | 'overdue' | 'cancelled'

/** What a caller decides about an invoice. Numbers are exact decimals as text. */
export type InvoiceDraft = Readonly<{
  customerId: string
  number?: string | undefined
  issueDate: CalendarDate
  dueDate: CalendarDate | null
  currency: string
  notes: string | null
  terms: string | null
  template: string | null
  /** Base units for one unit of the currency; absent: the stored rate of the issue date. */
  exchangeRate?: string | undefined
  pricesIncludeTax: boolean
  discountPercent: string
  purchaseOrder: string | null
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
  lines: readonly LineDraft[]
}>

/** What a business says of the documents that do not say it themselves. */
type Defaulted = 'dueDate' | 'currency' | 'notes' | 'terms'

export type NewInvoice = Omit<InvoiceDraft, Defaulted> &
  Partial<Pick<InvoiceDraft, Defaulted>> &
  Readonly<{
    surface: NumberSurface
    status: InvoiceStatus
    /** The quotation it is made of. */
    quotationId?: Id<'document'> | undefined
    /** The recurring invoice that makes it. */
    recurringId?: string | undefined
  }>

export type InvoiceChanges = Partial<InvoiceDraft>

/**
 * An invoice as readers see it. Amounts are minor units of `currency`, `baseTotal` of the base
 * currency. `status` is derived from lifecycle, balance and due date, never stored.
 */
export type Invoice = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  surface: NumberSurface
  lifecycle: Lifecycle
  customerId: Id<'party'>
  customerName: string
  number: string
  issueDate: CalendarDate
  dueDate: CalendarDate | null
  status: InvoiceStatus
  currency: string
  exchangeRate: string | null
  subtotal: bigint
  tax: bigint
  total: bigint
  baseTotal: bigint | null
  amountPaid: bigint
  amountCredited: bigint
  amountDue: bigint
  pricesIncludeTax: boolean
  discountPercent: string
  notes: string | null
  terms: string | null
  template: string | null
  purchaseOrder: string | null
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
  lines: readonly DocumentLine[]
  createdAt: Instant
  updatedAt: Instant
  sentAt: Instant | null
  paidAt: Instant | null
  cancelledAt: Instant | null
  quotationId: Id<'document'> | null
  recurringId: string | null
  /** What its customer may look at; null: nothing. */
  page: HostedRef | null
  voidReason: string | null
  entryId: Id<'entry'> | null
  version: bigint
}>

/**
 * An invoice with what it leaves open: the currency is US dollars, unless the business takes that of
 * the customer, then its own; texts and the days to pay are the business's.
 * Source: Invoicing specification 8.1 and 12.
 */
export function withDefaults<Asked extends Pick<NewInvoice, Defaulted | 'issueDate'>>(
  asked: Asked,
  { baseCurrency, profile }: Pick<Business, 'baseCurrency' | 'profile'>,
  customerCurrency: string | null,
): Asked & Pick<InvoiceDraft, Defaulted> {
  const { issueDate, dueDate, currency, notes, terms } = asked
  const { useDefaultCurrency, defaultNotes, defaultTerms, defaultDueDays } = profile
  const usual = useDefaultCurrency ? (customerCurrency ?? baseCurrency) : 'USD'
  return {
    ...asked,
    currency: currency ?? usual,
    notes: notes === undefined ? defaultNotes : notes,
    terms: terms === undefined ? defaultTerms : terms,
    dueDate: dueDate === undefined ? dueAfter(issueDate, defaultDueDays) : dueDate,
  }
}

/** The date so many days after the issue; none without days, nor past the last date there is. */
export function dueAfter(issueDate: CalendarDate, days: number | null): CalendarDate | null {
  if (days === null || days > daysBetween(issueDate, lastDate)) return null
  return addDays(issueDate, days)
}

const lastDate = asDate('9999-12-31')

/** What is open of an invoice; undefined where it has no open item. */
export type InvoiceBalance =
  | Readonly<{ originalAmount: bigint; openAmount: bigint; creditedAmount: bigint }>
  | undefined

/** The number a draft shows while it has none. */
export const placeholderNumber = (id: string): string =>
  `DRAFT-${id.replaceAll('-', '').slice(-8).toUpperCase()}`

/** The document as its reader sees it today. */
export function toInvoice(
  document: Document,
  {
    customerName,
    balance,
    today,
  }: Readonly<{ customerName: string; balance: InvoiceBalance; today: CalendarDate }>,
): Invoice {
  const { id, lifecycle, partyId, number, rate, voidedAt, reference } = document
  const amountDue = amountDueOf(document, balance)
  return {
    ...pickShared(document),
    id,
    lifecycle,
    customerId: partyId as Id<'party'>, // every invoice has a customer
    customerName,
    number: number ?? placeholderNumber(id),
    status: statusOf({ lifecycle, amountDue, dueDate: document.dueDate }, today),
    exchangeRate: rate === '1' ? null : rate,
    amountDue,
    amountPaid: paidOf(document, balance),
    amountCredited: lifecycle === 'open' ? (balance?.creditedAmount ?? 0n) : 0n,
    purchaseOrder: reference,
    cancelledAt: voidedAt,
  }
}

const pickShared = (d: Document) => ({
  businessId: d.businessId,
  surface: d.surface,
  issueDate: d.issueDate,
  dueDate: d.dueDate,
  currency: d.currency,
  subtotal: d.subtotal,
  tax: d.tax,
  total: d.total,
  baseTotal: d.baseTotal,
  pricesIncludeTax: d.pricesIncludeTax,
  discountPercent: d.discountPercent,
  notes: d.notes,
  terms: d.terms,
  template: d.template,
  externalId: d.externalId,
  metadata: d.metadata,
  lines: d.lines,
  createdAt: d.createdAt,
  updatedAt: d.updatedAt,
  quotationId: d.sourceDocumentId,
  recurringId: recurringIdOf(d.details),
  page: hostedRefOf(d),
  sentAt: d.sentAt,
  paidAt: d.paidAt,
  voidReason: d.voidReason,
  entryId: d.entryId,
  version: d.version,
})

function recurringIdOf({ recurringId }: Document['details']): string | null {
  return typeof recurringId === 'string' ? recurringId : null
}

/**
 * The status that is shown: first match of draft, cancelled, paid, overdue, sent.
 * Source: Invoicing specification 8.5.
 */
export function statusOf(
  {
    lifecycle,
    amountDue,
    dueDate,
  }: Readonly<{ lifecycle: Lifecycle; amountDue: bigint; dueDate: CalendarDate | null }>,
  today: CalendarDate,
): InvoiceStatus {
  if (lifecycle === 'draft') return 'draft'
  if (lifecycle === 'void') return 'cancelled'
  if (amountDue === 0n) return 'paid'
  return dueDate !== null && dueDate < today ? 'overdue' : 'sent'
}

/** A draft owes its total, a cancelled invoice nothing. */
function amountDueOf({ lifecycle, total }: DocumentHead, balance: InvoiceBalance): bigint {
  if (lifecycle === 'draft') return total
  return lifecycle === 'void' ? 0n : (balance?.openAmount ?? 0n)
}

function paidOf({ lifecycle }: DocumentHead, balance: InvoiceBalance): bigint {
  if (lifecycle !== 'open' || balance === undefined) return 0n
  return balance.originalAmount - balance.openAmount - balance.creditedAmount
}

/** What an asked-for status means for an invoice. */
export type Move = 'none' | 'issue' | 'pay' | 'issue_and_pay' | 'cancel' | 'void'

/**
 * What must happen so that an invoice shows a status.
 * Refuses, in this order: sales.invoice_has_payments (cancelling a paid one is refused as a
 * transition), resource.invalid_transition.
 * Source: Invoicing specification 8.5.
 */
export function moveTo(
  wanted: InvoiceStatus,
  invoice: Readonly<{ status: InvoiceStatus; dueDate: CalendarDate | null }>,
  today: CalendarDate,
): Move {
  const { status, dueDate } = invoice
  if (wanted === status) return 'none'
  const refusal = new Refusal('resource.invalid_transition', {
    resource: 'Invoice',
    from: status,
    to: wanted,
  })
  if (status === 'draft') {
    if (wanted === 'overdue' && !(dueDate !== null && dueDate < today)) throw refusal
    return moveFromDraft[wanted]
  }
  if (status !== 'sent' && status !== 'overdue') throw refusal
  if (wanted === 'paid') return 'pay'
  if (wanted === 'cancelled') return 'void'
  if (wanted === 'sent') return 'none'
  throw refusal
}

const moveFromDraft: Readonly<Record<InvoiceStatus, Move>> = {
  draft: 'none',
  sent: 'issue',
  overdue: 'issue',
  paid: 'issue_and_pay',
  cancelled: 'cancel',
}

/** Members that may still change in a state; everything may in a draft. */
const openMembers: ReadonlySet<keyof InvoiceDraft> = new Set([
  'dueDate',
  'notes',
  'terms',
  'template',
  'purchaseOrder',
  'externalId',
  'metadata',
])
const voidMembers: ReadonlySet<keyof InvoiceDraft> = new Set(['externalId', 'metadata'])

/**
 * Only members that the invoice's state leaves open differ.
 * Refuses: sales.invoice_not_draft.
 * Source: Invoicing specification 8.5.
 */
export function requireChangeable(
  changed: ReadonlySet<keyof InvoiceDraft>,
  { lifecycle, number, status }: Pick<Invoice, 'lifecycle' | 'number' | 'status'>,
): void {
  if (lifecycle === 'draft') return
  const allowed = lifecycle === 'open' ? openMembers : voidMembers
  for (const member of changed) {
    if (!allowed.has(member)) throw new Refusal('sales.invoice_not_draft', { number, status })
  }
}

/**
 * The event of an invoice of which something was settled or is open again: paid when it has become
 * so, else updated.
 * Source: Invoicing specification 13.2.
 */
export function settledEvent(invoice: Invoice, shownBefore: InvoiceStatus | undefined) {
  const { id: resourceId, status } = invoice
  const hasMoved = shownBefore !== undefined && shownBefore !== status
  const what = status === 'paid' && shownBefore !== 'paid' ? 'paid' : 'updated'
  return {
    type: `sales.invoice.${what}`,
    ...{ resource: 'invoice', resourceId },
    payload: { ...toImage(invoice), previousStatus: hasMoved ? shownBefore : null },
  } as const
}

/** The invoice as the draft it could be made from. */
export const toDraft = (invoice: Invoice): InvoiceDraft => ({
  customerId: invoice.customerId,
  number: invoice.number,
  issueDate: invoice.issueDate,
  dueDate: invoice.dueDate,
  currency: invoice.currency,
  notes: invoice.notes,
  terms: invoice.terms,
  template: invoice.template,
  exchangeRate: invoice.exchangeRate ?? undefined,
  pricesIncludeTax: invoice.pricesIncludeTax,
  discountPercent: invoice.discountPercent,
  purchaseOrder: invoice.purchaseOrder,
  externalId: invoice.externalId,
  metadata: invoice.metadata,
  lines: invoice.lines,
})

/** The members whose given value differs from what the invoice has. Numbers compare by value. */
export function changedMembers(
  before: InvoiceDraft,
  changes: InvoiceChanges,
): ReadonlySet<keyof InvoiceDraft> {
  const changed = new Set<keyof InvoiceDraft>()
  for (const member of Object.keys(changes) as (keyof InvoiceDraft)[]) {
    const after = changes[member]
    if (after === undefined) continue
    if (!isSame(member, before, { ...before, ...changes })) changed.add(member)
  }
  return changed
}

function isSame(member: keyof InvoiceDraft, before: InvoiceDraft, after: InvoiceDraft): boolean {
  switch (member) {
    case 'lines':
      return (
        before.lines.length === after.lines.length &&
        before.lines.every((line, index) => isSameLine(line, after.lines[index]))
      )
    case 'discountPercent':
      return isSameNumber(before.discountPercent, after.discountPercent)
    case 'exchangeRate':
      return isSameNumber(before.exchangeRate, after.exchangeRate)
    case 'metadata':
      return JSON.stringify(before.metadata) === JSON.stringify(after.metadata)
    default:
      return before[member] === after[member]
  }
}

const isSameLine = (a: LineDraft, b: LineDraft | undefined): boolean =>
  b !== undefined &&
  a.description === b.description &&
  isSameNumber(a.quantity, b.quantity) &&
  isSameNumber(a.unitPrice, b.unitPrice) &&
  isSameNumber(a.discountPercent, b.discountPercent) &&
  isSameNumber(a.taxPercent, b.taxPercent) &&
  categoryOf(a) === categoryOf(b) &&
  (a.productId ?? null) === (b.productId ?? null) &&
  (b.accountCode === undefined || b.accountCode === null || a.accountCode === b.accountCode) &&
  (a.unit ?? null) === (b.unit ?? null)

const isSameNumber = (a: string | undefined, b: string | undefined): boolean =>
  isEqualDecimal(parseDecimal(a ?? '0', 'number'), parseDecimal(b ?? '0', 'number'))

/** How a list of invoices is narrowed; all that are given must hold. */
export type InvoiceFilter = Readonly<{
  businessId: Id<'business'>
  today: CalendarDate
  statuses?: readonly InvoiceStatus[]
  /** Whether it went to the customer. */
  isSent?: boolean
  /** Whether something of it is settled. */
  isPartlyPaid?: boolean
  customerId?: string
  /** Matches a part, without regard to case. */
  number?: string
  currency?: string
  issueDateFrom?: CalendarDate
  issueDateTo?: CalendarDate
  dueDateFrom?: CalendarDate
  dueDateTo?: CalendarDate
  /** Decimal text in major units, compared in each invoice's own currency. */
  minTotal?: string
  maxTotal?: string
  externalId?: string
  quotationId?: string
  recurringId?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: InvoiceSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
  /** How many matches are counted at most; all of them when not given. */
  countMax?: number
}>

export type InvoiceSort =
  | 'createdAt'
  | 'updatedAt'
  | 'issueDate'
  | 'dueDate'
  | 'total'
  | 'invoiceNumber'
