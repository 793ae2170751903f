import {
  addMonths,
  type CalendarDate,
  fiscalYearOf,
  monthEnd,
  monthStart,
} from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { money, toWireNumber } from '../../kernel/money.ts'
import type { Account } from '../ledger/account.ts'
import { isDebitNormal } from '../ledger/account.ts'
import { openingDate, type Section, type Sums, sumOf } from '../reports/account-sum.ts'
import { toBalanceSheet } from '../reports/balance-sheet.ts'
import { toLocalMidnight } from './native.ts'

export const periodLengthMax = 12
export const periodsMax = 60

/** Which periods a statement shows: `count` of `length` months, the newest ending with `month`. */
export type StatementQuery = Readonly<{ length: number; count: number; month: CalendarDate }>

/** What statements are made of, live or as it stood when a connection was unlinked. */
export type StatementBooks = Readonly<{
  baseCurrency: string
  fiscalYearStart: string
  accounts: readonly Account[]
  /** First day with a posting; null when there is none. */
  earliest: CalendarDate | null
  /** The day the books are read on. */
  today: CalendarDate
  /** Sums at the end of a month; the callers load the ends that `sumDates` names. */
  sumsAt: (end: CalendarDate) => Sums
}>

type Span = Readonly<{ start: CalendarDate; end: CalendarDate }>

/** A line of a statement: a group with its parts, or an account, which has none. */
export type StatementLine = Readonly<{
  accountId: string
  name: string
  value: number
  items: readonly StatementLine[]
}>

/**
 * The periods of a statement, newest first, without those that end before the first posting.
 * Source: Connect specification 20.1.
 */
export function periodsOf(
  { length, count, month }: StatementQuery,
  earliest: CalendarDate | null,
): readonly Span[] {
  if (earliest === null) return []
  const periods = Array.from({ length: count }, (_, place) => {
    const last = addMonths(monthStart(month), -place * length)
    return { start: addMonths(last, 1 - length), end: monthEnd(last) }
  })
  return periods.filter(({ end }) => end >= earliest)
}

/** The ends of months whose sums a statement needs, edges of periods and of their years. */
export function sumDates(
  periods: readonly Span[],
  fiscalYearStart: string,
): readonly CalendarDate[] {
  const dates = periods.flatMap(({ start, end }) => [
    end,
    openingDate(start),
    openingDate(fiscalYearOf(end, fiscalYearStart).start),
  ])
  return [...new Set(dates.filter((date) => date !== undefined))]
}

/**
 * Balance sheets at the end of each period. Net assets are assets less liabilities, which is
 * equity with the earnings of earlier years and of the current one.
 * Source: Connect specification 20.1, ledger specification 6.4.
 */
export function toBalanceSheets(books: StatementBooks, query: StatementQuery): object {
  const periods = periodsOf(query, books.earliest)
  const shown = shownAccounts(books, periods, ({ whole }) => whole)
  const reports = periods.map(({ end }) => {
    const sheet = toBalanceSheet({
      asOf: end,
      accounts: books.accounts,
      yearOpening: sumsBefore(books, fiscalYearOf(end, books.fiscalYearStart).start),
      closing: books.sumsAt(end),
      includeZero: true,
    })
    const line = lineOf(books)
    const leaves = ({ lines }: Section): readonly StatementLine[] =>
      lines
        .filter(({ account, amount }) => amount !== 0n || shown.has(account.id))
        .map(({ account, amount }) => line(account.id, account.name, amount, []))
    const group = (name: string, total: bigint, items: readonly StatementLine[]): StatementLine =>
      line('', name, total, items)
    const part = (name: string, section: Section): readonly StatementLine[] => {
      const items = leaves(section)
      return items.length === 0 ? [] : [group(name, section.total, items)]
    }
    const retained = books.accounts.find(({ role }) => role === 'retained_earnings')
    const { retainedEarnings, currentYearEarnings } = sheet
    return {
      date: toLocalMidnight(end),
      assets: group('Assets', sheet.totalAssets, [
        ...part('Current assets', sheet.currentAssets),
        ...part('Non-current assets', sheet.nonCurrentAssets),
      ]),
      liabilities: group('Liabilities', sheet.totalLiabilities, [
        ...part('Current liabilities', sheet.currentLiabilities),
        ...part('Long-term liabilities', sheet.longTermLiabilities),
      ]),
      netAssets: toWireNumber(
        money(sheet.totalAssets - sheet.totalLiabilities, books.baseCurrency),
      ),
      equity: group('Equity', sheet.totalEquity, [
        ...leaves(sheet.equity),
        ...(retainedEarnings === 0n || retained === undefined
          ? []
          : [line(retained.id, retained.name, retainedEarnings, [])]),
        line('', 'Current year earnings', currentYearEarnings, []),
      ]),
    }
  })
  return { currency: books.baseCurrency, reports, ...availability(books) }
}

/**
 * Profit and loss of each period, every amount positive when natural; income less costs add up to
 * the net profit exactly.
 * Source: Connect specification 20.1.
 */
export function toProfitAndLoss(books: StatementBooks, query: StatementQuery): object {
  const periods = periodsOf(query, books.earliest)
  const shown = shownAccounts(books, periods, undefined)
  const reports = periods.map(({ start, end }) => {
    const [opening, closing] = [sumsBefore(books, start), books.sumsAt(end)]
    const line = lineOf(books)
    const group = (name: string, belongs: (account: Account) => boolean): Group => {
      const own = books.accounts.filter(belongs).map((account) => {
        const debit = sumOf(closing, account).open - sumOf(opening, account).open
        return { account, amount: isDebitNormal(account.category) ? debit : -debit }
      })
      const total = own.reduce((sum, { amount }) => sum + amount, 0n)
      const items = own
        .filter(({ account }) => shown.has(account.id))
        .map(({ account, amount }) => line(account.id, account.name, amount, []))
      return { total, shown: line('', name, total, items) }
    }
    const income = group('Income', (account) => account.category === 'revenue' && !isOther(account))
    const costOfSales = group('Cost of sales', ({ category }) => category === 'cost_of_sales')
    const expenses = group(
      'Expenses',
      (account) => account.category === 'expense' && !isOther(account),
    )
    const otherIncome = group(
      'Other income',
      (account) => account.category === 'revenue' && isOther(account),
    )
    const otherExpenses = group(
      'Other expenses',
      (account) => account.category === 'expense' && isOther(account),
    )
    const gross = income.total - costOfSales.total
    const operating = gross - expenses.total
    const other = otherIncome.total - otherExpenses.total
    const shownAmount = (minor: bigint): number => toWireNumber(money(minor, books.baseCurrency))
    return {
      fromDate: toLocalMidnight(start),
      toDate: toLocalMidnight(end),
      income: income.shown,
      costOfSales: costOfSales.shown,
      grossProfit: shownAmount(gross),
      expenses: expenses.shown,
      netOperatingProfit: shownAmount(operating),
      otherExpenses: otherExpenses.shown,
      otherIncome: otherIncome.shown,
      netOtherIncome: shownAmount(other),
      netProfit: shownAmount(operating + other),
    }
  })
  const currency = books.baseCurrency
  return { reports, reportBasis: 'Accrual', currency, ...availability(books) }
}

type Group = Readonly<{ total: bigint; shown: StatementLine }>

/** What is neither earned nor spent in the ordinary course: other income, finance cost, tax. */
const isOther = ({ category, subcategory }: Account): boolean =>
  category === 'revenue' ? subcategory === 'other_income' : subcategory !== 'operating_expense'

const lineOf =
  ({ baseCurrency }: StatementBooks) =>
  (
    accountId: string,
    name: string,
    minor: bigint,
    items: readonly StatementLine[],
  ): StatementLine => ({
    accountId,
    name,
    value: toWireNumber(money(minor, baseCurrency)),
    items,
  })

const none: Sums = new Map()

function sumsBefore({ sumsAt }: StatementBooks, start: CalendarDate): Sums {
  const before = openingDate(start)
  return before === undefined ? none : sumsAt(before)
}

/** Accounts that moved in a period shown or, where balances count, have one. */
function shownAccounts(
  books: StatementBooks,
  periods: readonly Span[],
  balanceOf: ((sum: ReturnType<typeof sumOf>) => bigint) | undefined,
): ReadonlySet<Id<'account'>> {
  const shown = new Set<Id<'account'>>()
  for (const { start, end } of periods) {
    const [opening, closing] = [sumsBefore(books, start), books.sumsAt(end)]
    for (const account of books.accounts) {
      const [before, after] = [sumOf(opening, account), sumOf(closing, account)]
      const hasMoved = before.debit !== after.debit || before.credit !== after.credit
      if (hasMoved || (balanceOf !== undefined && balanceOf(after) !== 0n)) shown.add(account.id)
    }
  }
  return shown
}

const availability = ({ earliest, today }: StatementBooks): object => ({
  mostRecentAvailableMonth: toLocalMidnight(monthStart(today)),
  ...(earliest !== null && { earliestAvailableMonth: toLocalMidnight(monthStart(earliest)) }),
})
