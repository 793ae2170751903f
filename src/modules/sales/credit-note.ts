import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { DocumentLine } from '../ledger/document.ts'
import type { NumberSurface } from '../ledger/number-series.ts'

/** A line of the invoice by its id, with quantity (decimal text) or tax-exclusive minor units. */
export type CreditedInvoiceLine =
  | Readonly<{ invoiceLineId: string; quantity: string }>
  | Readonly<{ invoiceLineId: string; amount: bigint }>

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
}>

/** Amounts are positive minor units of `currency`. */
export type CreditNote = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  customerId: Id<'party'>
  invoiceId: string
  number: string
  issueDate: CalendarDate
  reason: string | null
  /** `open` while something of it is left to use. */
  status: 'applied' | 'open'
  currency: string
  subtotal: bigint
  tax: bigint
  total: bigint
  amountApplied: bigint
  amountRemaining: bigint
  lines: readonly DocumentLine[]
  entryId: Id<'entry'> | null
  createdAt: Instant
  updatedAt: Instant
}>
