import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { isEqualDecimal, parseDecimal } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { money, toDecimalText } from '../../kernel/money.ts'
import type { NumberSurface } from '../ledger/number-series.ts'

export type ExpenseStatus = 'draft' | 'pending' | 'paid' | 'cancelled'

/** `amount` is decimal text without tax; `pending` is approved and owed, `paid` leaves at once. */
export type NewExpense = Readonly<{
  surface: NumberSurface
  status: 'draft' | 'pending' | 'paid'
  supplierId: string | null
  supplierName?: string | null
  /** The cost account; absent: the one for general expenses. */
  accountCode?: string | undefined
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
  /** Where the receipt can be seen. */
  receiptUrl?: string | null
  externalId?: string | null
  metadata?: Readonly<Record<string, unknown>>
}>

/** Texts that may change however far an expense has come. */
const textMembers: ReadonlySet<string> = new Set<keyof ExpenseChanges>([
  ...(['description', 'category', 'supplierName', 'reference', 'receiptUrl'] as const),
  ...(['externalId', 'metadata'] as const),
])

export type ExpenseChanges = Partial<Omit<NewExpense, 'surface' | 'status'>>

/** Each surface has names of its own for what is not owed yet, and for what is. */
const shownByStatus: Readonly<Record<NumberSurface, Readonly<Record<ExpenseStatus, string>>>> = {
  invoicing: { draft: 'pending', pending: 'approved', paid: 'paid', cancelled: 'cancelled' },
  books: { draft: 'draft', pending: 'pending', paid: 'paid', cancelled: 'cancelled' },
}

/** What a surface calls the status of an expense. */
export const toShownStatus = (status: ExpenseStatus, surface: NumberSurface): string =>
  shownByStatus[surface][status]

/** The refusal of a way that no expense goes, in the words of its surface. */
export const toForbidden = (
  { status, surface }: Pick<Expense, 'status' | 'surface'>,
  to: ExpenseStatus,
): Refusal =>
  new Refusal('resource.invalid_transition', {
    resource: 'Expense',
    from: toShownStatus(status, surface),
    to: toShownStatus(to, surface),
  })

const ranks: Readonly<Record<ExpenseStatus, number>> = {
  ...{ draft: 0, pending: 1, paid: 2, cancelled: 3 },
}

/** An expense goes forward only. Refuses: resource.invalid_transition. */
export function requireMove(expense: Pick<Expense, 'status' | 'surface'>, to: ExpenseStatus): void {
  if (ranks[to] < ranks[expense.status]) throw toForbidden(expense, to)
}

/**
 * A draft may change in everything, later ones in their texts.
 * Refuses: resource.invalid_transition.
 * Source: Invoicing specification 10.1.
 */
export function requireEditable(
  changed: ReadonlySet<keyof ExpenseChanges>,
  expense: Pick<Expense, 'status' | 'surface'>,
): void {
  if (expense.status === 'draft') return
  if (![...changed].every((member) => textMembers.has(member))) throw toForbidden(expense, 'draft')
}

/** The expense as it could be entered anew. */
export const toGiven = (expense: Expense): NewExpense => ({
  surface: expense.surface,
  status: expense.status === 'cancelled' ? 'draft' : expense.status,
  supplierId: expense.supplierId,
  supplierName: expense.supplierName,
  accountCode: expense.accountCode,
  moneyAccountCode: expense.moneyAccountCode ?? undefined,
  date: expense.date,
  currency: expense.currency,
  exchangeRate: expense.exchangeRate ?? undefined,
  amount: toDecimalText(money(expense.amount, expense.currency)),
  taxPercent: expense.taxPercent,
  withheldPercent: expense.withheldPercent,
  isTaxRecoverable: expense.isTaxRecoverable,
  method: expense.method,
  description: expense.description,
  category: expense.category,
  reference: expense.reference,
  receiptUrl: expense.receiptUrl,
  externalId: expense.externalId,
  metadata: expense.metadata,
})

const numbers: ReadonlySet<string> = new Set<keyof ExpenseChanges>([
  ...(['amount', 'taxPercent', 'withheldPercent'] as const),
])

/** The members whose given value differs. Numbers compare by value. */
export function changedMembers(
  before: NewExpense,
  changes: ExpenseChanges,
): ReadonlySet<keyof ExpenseChanges> {
  const members = Object.keys(changes) as (keyof ExpenseChanges)[] // its own members
  return new Set(
    members.filter((member) => {
      const [was, is] = [before[member], changes[member]]
      if (!numbers.has(member)) return JSON.stringify(was) !== JSON.stringify(is)
      const [old, now] = [was, is].map((text) => parseDecimal(String(text), member))
      return old === undefined || now === undefined || !isEqualDecimal(old, now)
    }),
  )
}

/** Amounts are minor units of `currency`. */
export type Expense = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  number: string
  status: ExpenseStatus
  supplierId: Id<'party'> | null
  supplierName: string | null
  accountCode: string
  /** Null while nobody has said what it is paid from. */
  moneyAccountCode: string | null
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
  receiptUrl: string | null
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
  approvedAt: Instant | null
  approvalNote: string | null
  paidAt: Instant | null
  surface: NumberSurface
  version: bigint
  entryId: Id<'entry'> | null
  paymentEntryId: Id<'entry'> | null
  voidReason: string | null
  createdAt: Instant
  updatedAt: Instant
}>

export type ExpenseSort = 'createdAt' | 'updatedAt' | 'date' | 'amount'

/** How a list of expenses is narrowed; all that are given must hold. */
export type ExpenseFilter = Readonly<{
  businessId: Id<'business'>
  status?: ExpenseStatus
  /** Several; those that are not named are left out. */
  statuses?: readonly ExpenseStatus[]
  supplierId?: string
  /** Matches a part, without regard to case. */
  category?: string
  supplierName?: string
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  currency?: string
  /** Decimal text in major units, compared in each expense's own currency. */
  minAmount?: string
  maxAmount?: string
  externalId?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: ExpenseSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
  /** How many matches are counted at most; all of them when not given. */
  countMax?: number
}>
