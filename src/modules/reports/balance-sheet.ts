import type { CalendarDate } from '../../kernel/dates.ts'
import type { Account } from '../ledger/account.ts'
import { isProfitAndLoss, type Section, type Sums, sumOf, toSection } from './account-sum.ts'

/** What a business has and owes on a date. Amounts in minor units, positive when natural. */
export type BalanceSheet = Readonly<{
  asOf: CalendarDate
  currentAssets: Section
  nonCurrentAssets: Section
  totalAssets: bigint
  currentLiabilities: Section
  longTermLiabilities: Section
  totalLiabilities: bigint
  /** Without retained earnings, which are a line of their own. */
  equity: Section
  retainedEarnings: bigint
  currentYearEarnings: bigint
  totalEquity: bigint
  isBalanced: boolean
}>

export type BalanceSheetInput = Readonly<{
  asOf: CalendarDate
  accounts: readonly Account[]
  /** At the end of the day before the fiscal year of `asOf`. */
  yearOpening: Sums
  /** At the end of `asOf`. */
  closing: Sums
  includeZero?: boolean
}>

/**
 * The balance sheet on a date. Earnings of earlier years stand in retained earnings whether or not
 * their years were closed by an entry; those of the current year never do.
 * Refuses: nothing.
 * Source: ledger specification 6.4 and 9.2; Books specification 19.
 */
export function toBalanceSheet(input: BalanceSheetInput): BalanceSheet {
  const { asOf, accounts, closing, includeZero = false } = input
  const groupOf = groupAssets(accounts)
  const section = (belongs: (account: Account) => boolean, sign: bigint): Section =>
    toSection(
      accounts.filter(belongs),
      (account) => sign * sumOf(closing, account).whole,
      includeZero,
    )
  const isLongTerm = ({ subcategory }: Account): boolean => subcategory === 'long_term_liability'
  const isLiability = ({ category }: Account): boolean => category === 'liability'

  const currentAssets = section((account) => groupOf.get(account.id) === 'current', 1n)
  const nonCurrentAssets = section((account) => groupOf.get(account.id) === 'nonCurrent', 1n)
  const currentLiabilities = section((account) => isLiability(account) && !isLongTerm(account), -1n)
  const longTermLiabilities = section((account) => isLiability(account) && isLongTerm(account), -1n)
  const equity = section(
    ({ category, role }) => category === 'equity' && role !== 'retained_earnings',
    -1n,
  )
  const { retainedEarnings, currentYearEarnings } = toEarnings(input)

  const totalAssets = currentAssets.total + nonCurrentAssets.total
  const totalLiabilities = currentLiabilities.total + longTermLiabilities.total
  const totalEquity = equity.total + retainedEarnings + currentYearEarnings
  return {
    asOf,
    currentAssets,
    nonCurrentAssets,
    totalAssets,
    currentLiabilities,
    longTermLiabilities,
    totalLiabilities,
    equity,
    retainedEarnings,
    currentYearEarnings,
    totalEquity,
    isBalanced: totalAssets === totalLiabilities + totalEquity,
  }
}

type Earnings = Readonly<{ retainedEarnings: bigint; currentYearEarnings: bigint }>

/**
 * Earnings of earlier years and of the current one, credit positive. A closing entry of the current
 * year moves both sides of retained earnings, so that the two figures are the same with and
 * without it.
 * Source: ledger specification 6.4.
 */
export function toEarnings({
  accounts,
  yearOpening,
  closing,
}: Pick<BalanceSheetInput, 'accounts' | 'yearOpening' | 'closing'>): Earnings {
  let earlier = 0n
  let current = 0n
  for (const account of accounts) {
    const end = sumOf(closing, account)
    if (account.role === 'retained_earnings') earlier += end.whole
    if (!isProfitAndLoss(account)) continue
    const movement = end.open - sumOf(yearOpening, account).open
    current += movement
    earlier += end.whole - movement
  }
  return { retainedEarnings: -earlier, currentYearEarnings: -current }
}

type Group = 'current' | 'nonCurrent'

/**
 * A contra account stands with what it reduces: accumulated depreciation with the fixed assets, any
 * other with the account before it in the chart.
 */
function groupAssets(accounts: readonly Account[]): ReadonlyMap<Account['id'], Group> {
  const groupById = new Map<Account['id'], Group>()
  let before: Group = 'current'
  for (const account of accounts) {
    if (account.category !== 'asset') continue
    const { subcategory, role } = account
    if (subcategory !== 'contra_asset') {
      before = subcategory === 'non_current_asset' ? 'nonCurrent' : 'current'
    }
    groupById.set(account.id, role === 'accumulated_depreciation' ? 'nonCurrent' : before)
  }
  return groupById
}
