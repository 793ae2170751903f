import { assert } from '../../kernel/assert.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { type Decimal, decimal, formatDecimal, readDecimal } from '../../kernel/decimal.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Account, isDebitNormal } from '../ledger/account.ts'

/** The books that answer for a native connection, and the moment they are read at. */
export type NativeSource = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  now: Instant
}>

/** A calendar date as the contract writes it: midnight without a zone. */
export const toLocalMidnight = (date: CalendarDate | string): string => `${date}T00:00:00`

const significantMax = 15

/**
 * A quantity, percentage or rate as a JSON number: exact up to 15 significant digits, which a
 * JavaScript number keeps; what is finer is cut off behind the fifteenth digit by rounding half up.
 * Amounts of money never come here.
 * Source: Connect specification 1.3, W5.
 */
export function toWireDecimal(text: string): number {
  const read = readDecimal(text)
  assert(typeof read !== 'string', 'quantities and rates are decimal texts')
  return Number(formatDecimal(toSignificant(read)))
}

function toSignificant({ units, scale }: Decimal): Decimal {
  const digits = (units < 0n ? -units : units).toString()
  const surplus = Math.min(digits.length - significantMax, scale)
  if (surplus <= 0) return { units, scale }
  const step = 10n ** BigInt(surplus)
  const half = units < 0n ? -(step / 2n) : step / 2n
  return decimal((units + half) / step, scale - surplus)
}

/**
 * The category of an account in the contract's words, two or three levels.
 * Source: Connect specification 16.1.
 */
export function toCategory({ category, subcategory, role }: Account): string {
  const byRole = role === null ? undefined : categoryByRole.get(role)
  if (byRole !== undefined) return byRole
  switch (category) {
    case 'asset':
      return subcategory === 'non_current_asset' ? 'Asset.NonCurrent' : 'Asset.Current'
    case 'liability':
      return subcategory === 'long_term_liability' ? 'Liability.NonCurrent' : 'Liability.Current'
    case 'equity':
      return 'Equity.Capital'
    case 'revenue':
      return subcategory === 'other_income' ? 'Income.Other' : 'Income.Revenue'
    case 'cost_of_sales':
      return 'Expense.CostOfSales'
    case 'expense':
      return expenseCategory(subcategory)
  }
}

const categoryByRole: ReadonlyMap<string, string> = new Map([
  ['cash', 'Asset.Bank'],
  ['bank', 'Asset.Bank'],
  ['receivables', 'Asset.Current.Receivables'],
  ['asset_buildings', 'Asset.Fixed'],
  ['asset_machinery', 'Asset.Fixed'],
  ['asset_vehicles', 'Asset.Fixed'],
  ['asset_furniture', 'Asset.Fixed'],
  ['asset_computers', 'Asset.Fixed'],
  ['accumulated_depreciation', 'Asset.Fixed'],
  ['payables', 'Liability.Current.Payables'],
  ['vat_provision', 'Liability.Current.Tax'],
  ['vat_payable', 'Liability.Current.Tax'],
  ['wht_payable', 'Liability.Current.Tax'],
  ['paye_payable', 'Liability.Current.Tax'],
  ['cit_payable', 'Liability.Current.Tax'],
  ['levy_payable', 'Liability.Current.Tax'],
  ['retained_earnings', 'Equity.RetainedEarnings'],
  ['depreciation', 'Expense.Depreciation'],
])

function expenseCategory(subcategory: string): string {
  if (subcategory === 'tax_expense') return 'Expense.Tax'
  return subcategory === 'operating_expense' ? 'Expense.Operating' : 'Expense.Other'
}

/** `Asset`, `Liability`, `Equity`, `Income` or `Expense`: the first level of the category. */
export const toAccountType = (account: Account): string => toCategory(account).split('.')[0] ?? ''

/**
 * Where an account may be used, by the record types of the contract.
 * Source: Connect specification 16.2.
 */
export function toValidLinks(account: Account): readonly string[] {
  const category = toCategory(account)
  const links: string[] = []
  if (category.startsWith('Income.')) {
    links.push(...['Invoices', 'CreditNotes', 'DirectIncomes'].map(toLineLink))
  }
  if (category.startsWith('Expense.') || category === 'Asset.Fixed') {
    links.push(...['Bills', 'BillCreditNotes', 'DirectCosts'].map(toLineLink))
  }
  if (category === 'Asset.Bank') {
    links.push(
      'Payments.AccountRef.Id',
      'BillPayments.AccountRef.Id',
      'Transfers.From.AccountRef.Id',
      'Transfers.To.AccountRef.Id',
    )
  }
  if (!account.isHeader && account.archivedAt === null && account.level === 'open') {
    links.push('JournalEntries.JournalLines.AccountRef.Id')
  }
  return links
}

const toLineLink = (type: string): string => `${type}.LineItems.AccountRef.Id`

/** A debit balance as the contract shows it: positive on the account's normal side. */
export const toNormalSide = ({ category }: Account, debitMinor: bigint): bigint =>
  isDebitNormal(category) ? debitMinor : -debitMinor

/** The journal an entry stands in, by what caused it. Source: Connect specification 16. */
export const journalOf = (sourceType: string): Readonly<{ id: string; name: string }> => {
  const name = journalBySource.get(sourceType) ?? 'General'
  return { id: name.toLowerCase(), name }
}

/** Every source that does not stand in the general journal. */
export const journalBySource: ReadonlyMap<string, string> = new Map([
  ['invoice', 'Sales'],
  ['credit_note', 'Sales'],
  ['receipt', 'Sales'],
  ['allocation', 'Sales'],
  ['bill', 'Purchases'],
  ['supplier_credit', 'Purchases'],
  ['bill_payment', 'Purchases'],
  ['expense', 'Purchases'],
  ['petty_cash', 'Bank'],
  ['transfer', 'Bank'],
  ['bank_match', 'Bank'],
  ['payroll', 'Payroll'],
  ['asset', 'Assets'],
  ['asset_disposal', 'Assets'],
  ['depreciation', 'Assets'],
  ['opening', 'Opening'],
])

/** The data type of the document behind an entry, for the sources that have one. */
export const dataTypeBySource: ReadonlyMap<string, string> = new Map([
  ['invoice', 'invoices'],
  ['credit_note', 'creditNotes'],
  ['receipt', 'payments'],
  ['bill', 'bills'],
  ['supplier_credit', 'billCreditNotes'],
  ['bill_payment', 'billPayments'],
  ['expense', 'directCosts'],
  ['transfer', 'transfers'],
])
