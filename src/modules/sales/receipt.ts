import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NumberSurface } from '../ledger/number-series.ts'
import type { InvoiceStatus } from './invoice.ts'

export type PaymentMethod = 'cash' | 'bank_transfer' | 'card' | 'mobile_money' | 'cheque' | 'other'

/**
 * What a receipt settles of one invoice, in the invoice's currency. `paid` is what the receipt gave
 * for it where the receipt is in another currency.
 */
export type ReceiptAllocation = Readonly<{
  invoiceId: string
  amount: bigint
  paid?: bigint | undefined
}>

/**
 * Money from a customer. `amount` is all of it in `currency`, with what the customer withheld and
 * what the bank took; the account receives the rest. A percent withholds on each invoice's net, cumulatively.
 */
export type NewReceipt = Readonly<{
  surface: NumberSurface
  customerId: string | null
  date: CalendarDate
  currency: string
  amount: bigint
  accountCode?: string | undefined
  method: PaymentMethod
  reference?: string | null
  notes?: string | null
  paidBy?: string | null
  exchangeRate?: string | undefined
  withheld?: bigint | undefined
  withheldPercent?: string | undefined
  fee?: bigint | undefined
  allocations: readonly ReceiptAllocation[]
  externalId?: string | null
  metadata?: Readonly<Record<string, unknown>>
  /** What its invoices showed before the command that it is part of, where not what they show now. */
  shownBefore?: InvoiceStatus | undefined
  /** Without customer and invoices: a sale for cash, with the tax contained in the amount. */
  cashSale?: Readonly<{ accountCode?: string | undefined; taxPercent: string }> | undefined
}>

export type Receipt = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  number: string
  customerId: Id<'party'> | null
  date: CalendarDate
  currency: string
  exchangeRate: string | null
  amount: bigint
  withheld: bigint
  fee: bigint
  unallocated: bigint
  accountCode: string
  method: PaymentMethod
  reference: string | null
  notes: string | null
  paidBy: string | null
  status: 'posted' | 'reversed'
  /** `invoice_payment` with allocations, `customer_deposit` with a customer, else `cash_sale`. */
  type: 'invoice_payment' | 'customer_deposit' | 'cash_sale'
  allocations: readonly Readonly<{ invoiceId: string; amount: bigint }>[]
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
  entryId: Id<'entry'> | null
  voidReason: string | null
  createdAt: Instant
  updatedAt: Instant
}>

/** How a list of receipts is narrowed; all that are given must hold. */
export type ReceiptFilter = Readonly<{
  businessId: Id<'business'>
  customerId?: string
  /** What they have ever settled, reversed ones included. */
  invoiceId?: string
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  method?: PaymentMethod
  isReversed?: boolean
  externalId?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: ReceiptSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
  /** How many matches are counted at most; all of them when not given. */
  countMax?: number
}>

export type ReceiptSort = 'createdAt' | 'updatedAt' | 'date' | 'amount'
