import { addDays, type CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Account } from '../ledger/account.ts'

/** Debits less credits of one account up to a date, in minor units of the base currency. */
export type AccountSum = Readonly<{
  /** With closing entries of the year end. */
  whole: bigint
  /** Without them: what profit and loss reads. */
  open: bigint
  /** Both sides of `open`, each positive. */
  debit: bigint
  credit: bigint
}>

export type Sums = ReadonlyMap<Id<'account'>, AccountSum>

/** One roll-up row as far as reports in base currency read it. */
export type SumRow = Readonly<{
  accountId: Id<'account'>
  bucket: 0 | 1
  debitBase: bigint
  creditBase: bigint
}>

/** An account in a report, with its amount in the direction of the report's section. */
export type ReportLine = Readonly<{ account: Account; amount: bigint }>

/** Lines in order of code, and their sum. */
export type Section = Readonly<{ total: bigint; lines: readonly ReportLine[] }>

/** Adds the rows of one date up over currencies. */
export function toSums(rows: readonly SumRow[]): Sums {
  const sumByAccountId = new Map<Id<'account'>, AccountSum>()
  for (const { accountId, bucket, debitBase, creditBase } of rows) {
    const known = sumByAccountId.get(accountId) ?? nothing
    const balance = debitBase - creditBase
    const { whole, open, debit, credit } = known
    sumByAccountId.set(
      accountId,
      bucket === 1
        ? { ...known, whole: whole + balance }
        : {
            whole: whole + balance,
            open: open + balance,
            debit: debit + debitBase,
            credit: credit + creditBase,
          },
    )
  }
  return sumByAccountId
}

export const nothing: AccountSum = { whole: 0n, open: 0n, debit: 0n, credit: 0n }

export const sumOf = (sums: Sums, { id }: Account): AccountSum => sums.get(id) ?? nothing

/** A section of the accounts that belong to it; accounts at zero only where they are wanted. */
export function toSection(
  accounts: readonly Account[],
  amountOf: (account: Account) => bigint,
  includeZero: boolean,
): Section {
  const lines = accounts
    .map((account) => ({ account, amount: amountOf(account) }))
    .filter(({ account, amount }) => amount !== 0n || (includeZero && account.archivedAt === null))
  return { total: lines.reduce((total, { amount }) => total + amount, 0n), lines }
}

/** Accounts whose amounts belong to a year: revenue, cost of sales and expenses. */
export const isProfitAndLoss = ({ category }: Account): boolean =>
  category === 'revenue' || category === 'cost_of_sales' || category === 'expense'

/** The end of the day before; undefined before the calendar's range, where every balance is zero. */
export const openingDate = (start: CalendarDate): CalendarDate | undefined =>
  start > '1900-01-01' ? addDays(start, -1) : undefined

/**
 * A range that does not end before it starts.
 * Refuses: reports.range_invalid.
 */
export function requireRange(start: CalendarDate, end: CalendarDate): void {
  if (start > end) throw new Refusal('reports.range_invalid')
}
