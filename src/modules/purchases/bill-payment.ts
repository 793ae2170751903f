import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NumberSurface } from '../ledger/number-series.ts'

/** What a payment settles of one bill, in the bill's currency; `paid` in the payment's. */
export type BillAllocation = Readonly<{
  billId: string
  amount: bigint
  paid?: bigint | undefined
}>

/**
 * Money to a supplier. The amounts are those that are settled; tax that we withhold by percent is
 * kept back from the money and owed to the authority.
 */
export type NewBillPayment = Readonly<{
  surface: NumberSurface
  date: CalendarDate
  currency: string
  accountCode?: string | undefined
  method: string
  exchangeRate?: string | undefined
  withheldPercent?: string | undefined
  reference?: string | null
  notes?: string | null
  allocations: readonly BillAllocation[]
}>

/** `amount` is what was settled, `paid` what left the account. */
export type BillPayment = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  number: string
  supplierId: Id<'party'>
  date: CalendarDate
  currency: string
  amount: bigint
  withheldPercent: string
  withheld: bigint
  paid: bigint
  method: string
  accountCode: string
  reference: string | null
  notes: string | null
  status: 'posted' | 'reversed'
  allocations: readonly Readonly<{ billId: string; amount: bigint }>[]
  certificateId: Id<'certificate'> | null
  entryId: Id<'entry'> | null
  voidReason: string | null
  createdAt: Instant
}>

/** Proof for a supplier of the tax we kept back; `gross` is without tax. Source: ledger specification 3.9. */
export type Certificate = Readonly<{
  id: Id<'certificate'>
  number: string
  supplierId: Id<'party'>
  paymentId: Id<'document'>
  billId: Id<'document'> | null
  issueDate: CalendarDate
  ratePercent: string
  gross: bigint
  withheld: bigint
  status: 'issued' | 'sent' | 'voided'
}>
