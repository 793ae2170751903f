import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

export const importedLinesMax = 500

/** A row of a bank's statement: credits positive, debits negative, minor units. */
export type NewStatementLine = Readonly<{
  bookedOn: CalendarDate
  amount: bigint
  description: string
  reference: string | null
  matchedEntryId?: Id<'entry'> | null
}>

export type StatementLine = Readonly<{
  id: Id<'bank_line'>
  accountId: Id<'account'>
  bookedOn: CalendarDate
  amount: bigint
  currency: string
  description: string
  reference: string | null
  matchedEntryId: Id<'entry'> | null
  createdAt: Instant
}>

/**
 * The same row so many times in one import: two equal rows are two transactions, the same import
 * sent again adds none. One number per row, from 1.
 * Source: Books specification 14.
 */
export function occurrencesOf(lines: readonly NewStatementLine[]): readonly number[] {
  const seen = new Map<string, number>()
  return lines.map(({ bookedOn, amount, description, reference }) => {
    const key = JSON.stringify([bookedOn, String(amount), description, reference?.toLowerCase()])
    const occurrence = (seen.get(key) ?? 0) + 1
    seen.set(key, occurrence)
    return occurrence
  })
}
