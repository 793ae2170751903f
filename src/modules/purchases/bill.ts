import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { DocumentLine, Lifecycle } from '../ledger/document.ts'
import type { NumberSurface } from '../ledger/number-series.ts'
import type { LineDraft } from '../tax/line-draft.ts'

export type BillStatus = 'draft' | 'unpaid' | 'partial' | 'paid' | 'overdue' | 'voided'

/** What a caller decides about a bill. Every line names its account. */
export type BillDraft = Readonly<{
  supplierId: string
  number?: string | undefined
  issueDate: CalendarDate
  dueDate: CalendarDate
  currency: string
  exchangeRate?: string | undefined
  /** The supplier's own number. */
  reference: string | null
  notes: string | null
  pricesIncludeTax?: boolean
  /** The supplier's printed tax in place of the computed one, minor units. */
  printedTax?: bigint | undefined
  lines: readonly (LineDraft & Readonly<{ accountCode: string }>)[]
}>

export type NewBill = BillDraft &
  Readonly<{
    surface: NumberSurface
    /** Pass a second bill with the same supplier and reference. */
    isDuplicateAllowed?: boolean
    externalId?: string | null
  }>

/** Amounts are minor units of `currency`, `baseTotal` of the base currency. */
export type Bill = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  surface: NumberSurface
  lifecycle: Lifecycle
  supplierId: Id<'party'>
  supplierName: string
  number: string
  issueDate: CalendarDate
  dueDate: CalendarDate | null
  status: BillStatus
  currency: string
  exchangeRate: string | null
  subtotal: bigint
  tax: bigint
  total: bigint
  baseTotal: bigint | null
  amountPaid: bigint
  amountDue: bigint
  pricesIncludeTax: boolean
  reference: string | null
  notes: string | null
  externalId: string | null
  lines: readonly DocumentLine[]
  entryId: Id<'entry'> | null
  voidReason: string | null
  createdAt: Instant
  updatedAt: Instant
}>

/**
 * The status that is shown: first match of draft, voided, paid, overdue, partial, unpaid.
 * Source: ledger specification 8.6; Books specification 11.2.
 */
export function billStatusOf(
  {
    lifecycle,
    total,
    amountDue,
    dueDate,
  }: Pick<Bill, 'lifecycle' | 'total' | 'amountDue' | 'dueDate'>,
  today: CalendarDate,
): BillStatus {
  if (lifecycle === 'draft') return 'draft'
  if (lifecycle === 'void') return 'voided'
  if (amountDue === 0n) return 'paid'
  if (dueDate !== null && dueDate < today) return 'overdue'
  return amountDue < total ? 'partial' : 'unpaid'
}
