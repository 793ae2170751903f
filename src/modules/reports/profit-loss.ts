import type { CalendarDate } from '../../kernel/dates.ts'
import type { Account } from '../ledger/account.ts'
import { type Section, type Sums, sumOf, toSection } from './account-sum.ts'

/** Earnings of a range, closing entries left out. Amounts in minor units, positive when natural. */
export type ProfitLoss = Readonly<{
  start: CalendarDate
  end: CalendarDate
  /** Contra revenue is negative within it. */
  revenue: Section
  costOfSales: Section
  /** Revenue less cost of sales; other income is not part of it. */
  grossProfit: bigint
  otherIncome: Section
  /** Income tax is within it. */
  operatingExpenses: Section
  incomeTax: bigint
  profitBeforeTax: bigint
  netIncome: bigint
}>

export type ProfitLossInput = Readonly<{
  start: CalendarDate
  end: CalendarDate
  accounts: readonly Account[]
  /** At the end of the day before `start`. */
  opening: Sums
  /** At the end of `end`. */
  closing: Sums
  includeZero?: boolean
}>

/**
 * Profit and loss of a range from the sums at both of its edges.
 * Refuses: nothing.
 * Source: ledger specification 9.2; Books specification 19.
 */
export function toProfitLoss(input: ProfitLossInput): ProfitLoss {
  const { start, end, accounts, opening, closing, includeZero = false } = input
  const movement = (account: Account): bigint =>
    sumOf(closing, account).open - sumOf(opening, account).open
  const section = (belongs: (account: Account) => boolean, sign: bigint): Section =>
    toSection(accounts.filter(belongs), (account) => sign * movement(account), includeZero)
  const isOther = ({ subcategory }: Account): boolean => subcategory === 'other_income'
  const revenue = section((account) => account.category === 'revenue' && !isOther(account), -1n)
  const otherIncome = section((account) => account.category === 'revenue' && isOther(account), -1n)
  const costOfSales = section(({ category }) => category === 'cost_of_sales', 1n)
  const operatingExpenses = section(({ category }) => category === 'expense', 1n)
  const grossProfit = revenue.total - costOfSales.total
  const netIncome = grossProfit + otherIncome.total - operatingExpenses.total
  const incomeTax = operatingExpenses.lines
    .filter(({ account }) => account.subcategory === 'tax_expense')
    .reduce((total, { amount }) => total + amount, 0n)
  const profitBeforeTax = netIncome + incomeTax
  return {
    start,
    end,
    revenue,
    costOfSales,
    grossProfit,
    otherIncome,
    operatingExpenses,
    incomeTax,
    profitBeforeTax,
    netIncome,
  }
}
