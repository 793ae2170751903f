import { addMonths, asDate, type CalendarDate, isMonthEnd, monthStart } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Entry } from './journal.ts'

/** What one statement adds to a key's day. Four sums of minor units, none negative. */
export type Delta = Readonly<{
  accountId: Id<'account'>
  currency: string
  bucket: 0 | 1
  day: CalendarDate
  debitBase: bigint
  creditBase: bigint
  debit: bigint
  credit: bigint
}>

/** The months that must be read for a balance at the end of a day, and the days on top of it. */
export type BalanceEdge = Readonly<{
  /** Month whose cumulative row is taken; null when nothing was posted up to it. */
  month: CalendarDate | null
  /** Days added to it, both inclusive; null when the month's row is the balance. */
  days: Readonly<{ from: CalendarDate; to: CalendarDate }> | null
}>

/**
 * One delta per account, currency, bucket and day, so that a roll-up row is touched once.
 * Source: ledger specification 7.3 and trap 23.
 */
export function toDeltas(entries: readonly Entry[]): readonly Delta[] {
  const deltaByKey = new Map<string, { -readonly [K in keyof Delta]: Delta[K] }>()
  for (const { accountingDate, lines } of entries) {
    for (const { accountId, currency, bucket = 0, amount, base } of lines) {
      const key = `${accountId} ${accountingDate} ${currency} ${bucket}`
      let delta = deltaByKey.get(key)
      if (delta === undefined) {
        delta = {
          accountId,
          currency,
          bucket,
          day: accountingDate,
          debitBase: 0n,
          creditBase: 0n,
          debit: 0n,
          credit: 0n,
        }
        deltaByKey.set(key, delta)
      }
      if (base > 0n) delta.debitBase += base
      else delta.creditBase -= base
      if (amount > 0n) delta.debit += amount
      else delta.credit -= amount
    }
  }
  return [...deltaByKey.values()]
}

const firstMonth = asDate('1900-01-01')

/**
 * Which roll-up rows make the balance at the end of `date`, given the newest month with rows.
 * Source: ledger specification 7.8.
 */
export function balanceEdge(date: CalendarDate, horizon: CalendarDate | null): BalanceEdge {
  if (horizon === null) return { month: null, days: null }
  const month = monthStart(date)
  if (month > horizon) return { month: horizon, days: null }
  if (isMonthEnd(date)) return { month, days: null }
  const days = { from: month, to: date }
  return { month: month === firstMonth ? null : addMonths(month, -1), days }
}
