import type { CalendarDate } from '../../kernel/dates.ts'
import type { Account } from '../ledger/account.ts'
import { isProfitAndLoss, type Sums, sumOf } from './account-sum.ts'

/** Opening, movement on each side and closing; opening and closing signed, debit positive. */
export type Movement = Readonly<{
  opening: bigint
  debit: bigint
  credit: bigint
  closing: bigint
}>

/** One account: its balance on one side, and its movement where the report has a start. */
export type TrialBalanceRow = Readonly<{
  account: Account
  debit: bigint
  credit: bigint
  movement: Movement | undefined
}>

/** Every account's balance on a date. Amounts in minor units of the base currency. */
export type TrialBalance = Readonly<{
  asOf: CalendarDate
  rows: readonly TrialBalanceRow[]
  totalDebit: bigint
  totalCredit: bigint
  isBalanced: boolean
}>

export type TrialBalanceInput = Readonly<{
  asOf: CalendarDate
  accounts: readonly Account[]
  /** At the end of the day before the fiscal year of `asOf`. */
  yearOpening: Sums
  closing: Sums
  /** At the end of the day before the start, for a report with movements. */
  start?: Readonly<{ opening: Sums; isBeforeYear: boolean }> | undefined
  includeZero?: boolean
}>

/**
 * The trial balance on a date. Profit-and-loss accounts hold the fiscal year of the date; earlier
 * years stand in retained earnings, whether or not they were closed by an entry. With a start, what
 * earlier years earned after it is a movement of retained earnings, so that opening, movement and
 * closing agree on every account.
 * Refuses: nothing.
 * Source: ledger specification 6.4 and 9.2; Books specification 19.
 */
export function toTrialBalance(input: TrialBalanceInput): TrialBalance {
  const { asOf, accounts, closing, yearOpening, includeZero = false } = input
  const balances = balancesOf(accounts, yearOpening, closing)
  const movements = movementsOf(input, balances)
  const rows: TrialBalanceRow[] = []
  let totalDebit = 0n
  let totalCredit = 0n
  for (const account of accounts) {
    const balance = balances.get(account.id) ?? 0n
    const movement = movements?.get(account.id)
    const isMoved = movement !== undefined && (movement.debit !== 0n || movement.credit !== 0n)
    const isEmpty = balance === 0n && !isMoved && (movement?.opening ?? 0n) === 0n
    if (isEmpty && !(includeZero && account.archivedAt === null)) continue
    const debit = balance > 0n ? balance : 0n
    const credit = balance < 0n ? -balance : 0n
    totalDebit += debit
    totalCredit += credit
    rows.push({ account, debit, credit, movement })
  }
  return { asOf, rows, totalDebit, totalCredit, isBalanced: totalDebit === totalCredit }
}

type Balances = ReadonlyMap<Account['id'], bigint>

/** Balance per account, debit positive, with what earlier years earned in retained earnings. */
function balancesOf(accounts: readonly Account[], yearOpening: Sums, closing: Sums): Balances {
  const balanceById = new Map<Account['id'], bigint>()
  let earlier = 0n
  for (const account of accounts) {
    const { whole, open } = sumOf(closing, account)
    const isOfYear = isProfitAndLoss(account)
    const balance = isOfYear ? open - sumOf(yearOpening, account).open : whole
    balanceById.set(account.id, balance)
    if (isOfYear) earlier += whole - balance
  }
  const retained = accounts.find(isRetained)
  if (retained !== undefined) {
    balanceById.set(retained.id, (balanceById.get(retained.id) ?? 0n) + earlier)
  }
  return balanceById
}

function movementsOf(
  { accounts, closing, yearOpening, start }: TrialBalanceInput,
  closings: Balances,
): ReadonlyMap<Account['id'], Movement> | undefined {
  if (start === undefined) return undefined
  // Seen from the year of the report, everything before that year is retained.
  const openingYear = start.isBeforeYear ? start.opening : yearOpening
  const openings = balancesOf(accounts, openingYear, start.opening)
  const yearEdge = start.isBeforeYear ? yearOpening : start.opening
  return new Map(
    accounts.map((account) => {
      const from = sumOf(isProfitAndLoss(account) ? yearEdge : start.opening, account)
      const to = sumOf(closing, account)
      const opening = openings.get(account.id) ?? 0n
      const balance = closings.get(account.id) ?? 0n
      const debit = to.debit - from.debit
      const credit = to.credit - from.credit
      const earned = isRetained(account) ? balance - opening - debit + credit : 0n
      const movement: Movement = {
        opening,
        debit: earned > 0n ? debit + earned : debit,
        credit: earned < 0n ? credit - earned : credit,
        closing: balance,
      }
      return [account.id, movement]
    }),
  )
}

const isRetained = ({ role }: Account): boolean => role === 'retained_earnings'
