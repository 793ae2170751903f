import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Document, DocumentLine, Lifecycle } from '../ledger/document.ts'
import type { NumberSurface } from '../ledger/number-series.ts'
import { type InvoiceDraft, placeholderNumber } from './invoice.ts'

export type QuotationStatus = 'draft' | 'sent' | 'accepted' | 'rejected' | 'expired' | 'converted'

/** What is stored; `expired` is a sent quotation whose last day has passed. */
type StoredStatus = Exclude<QuotationStatus, 'draft' | 'expired'>

/** What a caller decides about a quotation; `dueDate` is the last day it holds. */
export type QuotationDraft = InvoiceDraft

/** What the business says where the quotation does not. */
type Defaulted = 'currency' | 'notes' | 'terms'

export type NewQuotation = Omit<QuotationDraft, Defaulted> &
  Partial<Pick<QuotationDraft, Defaulted>> &
  Readonly<{ surface: NumberSurface; status: QuotationStatus }>

export type QuotationChanges = Partial<QuotationDraft>

/** What only quotations say of themselves, as it is stored. */
export type QuotationDetails = Readonly<{
  status: StoredStatus
  acceptedAt: Instant | null
  rejectedAt: Instant | null
  decisionNote: string | null
  decisionName: string | null
  invoiceId: Id<'document'> | null
  /** As the invoice was called when it was made. */
  invoiceNumber: string | null
}>

/**
 * A quotation as readers see it. Amounts are minor units of `currency`. It never posts; `status` is
 * what was decided, or `expired` by the date.
 */
export type Quotation = Omit<QuotationDetails, 'status'> &
  Readonly<{
    id: Id<'document'>
    businessId: Id<'business'>
    surface: NumberSurface
    lifecycle: Lifecycle
    customerId: Id<'party'>
    customerName: string
    number: string
    issueDate: CalendarDate
    validUntil: CalendarDate | null
    status: QuotationStatus
    currency: string
    exchangeRate: string | null
    subtotal: bigint
    tax: bigint
    total: bigint
    pricesIncludeTax: boolean
    discountPercent: string
    notes: string | null
    terms: string | null
    template: string | null
    purchaseOrder: string | null
    externalId: string | null
    metadata: Readonly<Record<string, unknown>>
    details: Document['details']
    lines: readonly DocumentLine[]
    createdAt: Instant
    updatedAt: Instant
    sentAt: Instant | null
    version: bigint
  }>

export const newDetails: Omit<QuotationDetails, 'status'> = {
  acceptedAt: null,
  rejectedAt: null,
  decisionNote: null,
  decisionName: null,
  invoiceId: null,
  invoiceNumber: null,
}

/** The document as its reader sees it today. */
export function toQuotation(
  document: Document,
  { customerName, today }: Readonly<{ customerName: string; today: CalendarDate }>,
): Quotation {
  const { id, partyId, number, dueDate: validUntil, details } = document
  const { status, ...own } = details as unknown as QuotationDetails // as the actions write them
  return {
    ...{ id, businessId: document.businessId, surface: document.surface },
    ...{ lifecycle: document.lifecycle, customerId: partyId as Id<'party'>, customerName }, // every quotation has a customer
    ...{ number: number ?? placeholderNumber(id), issueDate: document.issueDate, validUntil },
    status: statusOf({ lifecycle: document.lifecycle, status, validUntil }, today),
    ...{ currency: document.currency, exchangeRate: document.rate, subtotal: document.subtotal },
    ...{ tax: document.tax, total: document.total, pricesIncludeTax: document.pricesIncludeTax },
    ...{ discountPercent: document.discountPercent, notes: document.notes, terms: document.terms },
    ...{ template: document.template, purchaseOrder: document.reference },
    ...{ externalId: document.externalId, metadata: document.metadata, details },
    ...{ acceptedAt: own.acceptedAt ?? null, rejectedAt: own.rejectedAt ?? null },
    ...{ decisionNote: own.decisionNote ?? null, decisionName: own.decisionName ?? null },
    ...{ invoiceId: own.invoiceId ?? null, invoiceNumber: own.invoiceNumber ?? null },
    ...{ lines: document.lines, createdAt: document.createdAt, updatedAt: document.updatedAt },
    ...{ sentAt: document.sentAt, version: document.version },
  }
}

/**
 * The status that is shown: a sent quotation is expired on the day after its last.
 * Source: Invoicing specification 9.
 */
function statusOf(
  {
    lifecycle,
    status,
    validUntil,
  }: Readonly<{
    lifecycle: Lifecycle
    status: StoredStatus
    validUntil: CalendarDate | null
  }>,
  today: CalendarDate,
): QuotationStatus {
  if (lifecycle === 'draft') return 'draft'
  return status === 'sent' && isPast(validUntil, today) ? 'expired' : status
}

const isPast = (day: CalendarDate | null, today: CalendarDate): boolean =>
  day !== null && day < today

const movesFrom: Readonly<Record<QuotationStatus, readonly QuotationStatus[]>> = {
  draft: ['sent', 'accepted', 'rejected'],
  sent: ['accepted', 'rejected'],
  expired: [],
  accepted: ['converted', 'rejected'],
  rejected: [],
  converted: [],
}

type State = Readonly<{
  number: string
  status: QuotationStatus
  validUntil: CalendarDate | null
}>

/**
 * A quotation may come to a status from the one it has, or has it already.
 * Refuses, in this order: sales.quotation_expired (accepting after the last day),
 * resource.invalid_transition.
 * Source: Invoicing specification 9.
 */
export function requireMove(
  to: QuotationStatus,
  { number, status, validUntil }: State,
  today: CalendarDate,
): void {
  if (to === status) return
  const isOpen = status === 'draft' || status === 'expired'
  if (to === 'accepted' && isOpen && validUntil !== null && validUntil < today) {
    throw new Refusal('sales.quotation_expired', { number, date: validUntil })
  }
  if (!movesFrom[status].includes(to)) throw toForbidden(status, to)
}

/**
 * A quotation may begin with a status: any but `converted`, and `expired` only when its last day
 * has passed.
 * Refuses: resource.invalid_transition.
 */
export function requireBeginning(
  status: QuotationStatus,
  validUntil: CalendarDate | null,
  today: CalendarDate,
): void {
  const isRefused = status === 'converted' || (status === 'expired' && !isPast(validUntil, today))
  if (isRefused) throw toForbidden('draft', status)
}

/** Refuses: resource.invalid_transition, for anything but a draft or a sent quotation. */
export function requireSendable({ status }: Pick<Quotation, 'status'>): void {
  if (status !== 'draft' && status !== 'sent') throw toForbidden(status, 'sent')
}

const toForbidden = (from: QuotationStatus, to: QuotationStatus): Refusal =>
  new Refusal('resource.invalid_transition', { resource: 'Quotation', from, to })

/** What was accepted, rejected or converted stands; an expired one may get another last day. */
const lateMembers: ReadonlySet<keyof QuotationDraft> = new Set(['externalId', 'metadata'])
const expiredMembers: ReadonlySet<keyof QuotationDraft> = new Set([...lateMembers, 'dueDate'])

/**
 * Only members that the quotation's state leaves open differ.
 * Refuses: sales.quotation_not_editable.
 * Source: Invoicing specification 9.
 */
export function requireEditable(
  changed: ReadonlySet<keyof QuotationDraft>,
  { number, status }: Pick<Quotation, 'number' | 'status'>,
): void {
  if (status === 'draft' || status === 'sent') return
  const allowed = status === 'expired' ? expiredMembers : lateMembers
  for (const member of changed) {
    if (!allowed.has(member)) throw new Refusal('sales.quotation_not_editable', { number, status })
  }
}

/**
 * An invoice can be made of it.
 * Refuses, in this order: sales.quotation_converted, sales.quotation_expired,
 * sales.quotation_not_accepted.
 * Source: Invoicing specification 9.
 */
export function requireConvertible(quotation: Quotation): void {
  const { number, status, validUntil, invoiceNumber } = quotation
  if (status === 'accepted') return
  if (status === 'converted') {
    throw new Refusal('sales.quotation_converted', { number, invoiceNumber: invoiceNumber ?? '' })
  }
  if (status === 'expired') {
    throw new Refusal('sales.quotation_expired', { number, date: validUntil ?? '' })
  }
  throw new Refusal('sales.quotation_not_accepted', { number, status })
}

/** The quotation as the draft it could be made from. */
export const toQuotationDraft = (quotation: Quotation): QuotationDraft => ({
  customerId: quotation.customerId,
  number: quotation.number,
  issueDate: quotation.issueDate,
  dueDate: quotation.validUntil,
  currency: quotation.currency,
  notes: quotation.notes,
  terms: quotation.terms,
  template: quotation.template,
  exchangeRate: quotation.exchangeRate ?? undefined,
  pricesIncludeTax: quotation.pricesIncludeTax,
  discountPercent: quotation.discountPercent,
  purchaseOrder: quotation.purchaseOrder,
  externalId: quotation.externalId,
  metadata: quotation.metadata,
  lines: quotation.lines,
})

export type QuotationSort =
  | 'createdAt'
  | 'updatedAt'
  | 'issueDate'
  | 'validUntil'
  | 'total'
  | 'number'

/** How a list of quotations is narrowed; all that are given must hold. */
export type QuotationFilter = Readonly<{
  businessId: Id<'business'>
  today: CalendarDate
  statuses?: readonly QuotationStatus[]
  customerId?: string
  /** Matches a part, without regard to case. */
  number?: string
  currency?: string
  issueDateFrom?: CalendarDate
  issueDateTo?: CalendarDate
  validUntilFrom?: CalendarDate
  validUntilTo?: CalendarDate
  /** Decimal text in major units, compared in each quotation's own currency. */
  minTotal?: string
  maxTotal?: string
  externalId?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: QuotationSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
  /** How many matches are counted at most; all of them when not given. */
  countMax?: number
}>
