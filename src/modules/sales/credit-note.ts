import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { DocumentLine } from '../ledger/document.ts'
import type { NumberSurface } from '../ledger/number-series.ts'

/**
 * A line of the invoice by its id, with quantity (decimal text), or with a tax-exclusive amount: minor
 * units, or major units of the invoice's currency as text.
 */
export type CreditedInvoiceLine =
  | Readonly<{ invoiceLineId: string; quantity: string }>
  | Readonly<{ invoiceLineId: string; amount: bigint }>
  | Readonly<{ invoiceLineId: string; amountText: string }>

/** `open` while something of it is left to use, `refunded` when the rest was paid back. */
export type CreditNoteStatus = 'applied' | 'open' | 'refunded'

export type NewCreditNote = Readonly<{
  surface: NumberSurface
  invoiceId: string
  issueDate: CalendarDate
  reason: string | null
  /** Absent: everything that is left. */
  lines?: readonly CreditedInvoiceLine[] | undefined
  /** Reduce what the invoice owes first; else all of it becomes the customer's credit. */
  isApplied?: boolean
  number?: string | undefined
  externalId?: string | null
  metadata?: Readonly<Record<string, unknown>>
}>

/** What a line credits; null: of a time when that was not kept. */
export type CreditNoteLine = DocumentLine & Readonly<{ invoiceLineId: string | null }>

/** Amounts are positive minor units of `currency`. */
export type CreditNote = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  customerId: Id<'party'>
  invoiceId: string
  number: string
  issueDate: CalendarDate
  reason: string | null
  status: CreditNoteStatus
  currency: string
  subtotal: bigint
  tax: bigint
  total: bigint
  amountApplied: bigint
  amountRemaining: bigint
  lines: readonly CreditNoteLine[]
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
  entryId: Id<'entry'> | null
  createdAt: Instant
  updatedAt: Instant
}>

/** How a list of credit notes is narrowed; all that are given must hold. */
export type CreditNoteFilter = Readonly<{
  businessId: Id<'business'>
  customerId?: string
  invoiceId?: string
  status?: CreditNoteStatus
  /** Matches a part, without regard to case. */
  number?: string
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  externalId?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: CreditNoteSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
  /** How many matches are counted at most; all of them when not given. */
  countMax?: number
}>

export type CreditNoteSort = 'createdAt' | 'updatedAt' | 'issueDate' | 'total'
