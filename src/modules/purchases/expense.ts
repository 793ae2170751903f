import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NumberSurface } from '../ledger/number-series.ts'

export type ExpenseStatus = 'draft' | 'pending' | 'paid' | 'cancelled'

/** `amount` is decimal text without tax; `pending` is approved and owed, `paid` leaves at once. */
export type NewExpense = Readonly<{
  surface: NumberSurface
  status: 'draft' | 'pending' | 'paid'
  supplierId: string | null
  supplierName?: string | null
  /** The cost account. */
  accountCode: string
  /** The account it is paid from; absent: the default bank account. */
  moneyAccountCode?: string | undefined
  date: CalendarDate
  currency: string
  exchangeRate?: string | undefined
  amount: string
  taxPercent: string
  withheldPercent: string
  isTaxRecoverable: boolean
  method: string
  description: string | null
  category: string | null
  reference: string | null
}>

/** Amounts are minor units of `currency`. */
export type Expense = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  number: string
  status: ExpenseStatus
  supplierId: Id<'party'> | null
  supplierName: string | null
  accountCode: string
  moneyAccountCode: string
  date: CalendarDate
  currency: string
  exchangeRate: string | null
  amount: bigint
  taxPercent: string
  tax: bigint
  total: bigint
  withheldPercent: string
  withheld: bigint
  isTaxRecoverable: boolean
  method: string
  description: string | null
  category: string | null
  reference: string | null
  entryId: Id<'entry'> | null
  paymentEntryId: Id<'entry'> | null
  voidReason: string | null
  createdAt: Instant
  updatedAt: Instant
}>
