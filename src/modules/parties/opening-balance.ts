import type { CalendarDate } from '../../kernel/dates.ts'

/** An account as it stood; `base` signed, debit positive, `amount` in `currency`. */
export type OpeningAccount = Readonly<{
  accountCode: string
  currency: string
  amount: bigint
  base: bigint
}>

/**
 * An invoice or bill that was open. `total` is what was open in its currency, `tax` the part of it
 * that is output tax and still waits in provision.
 */
export type OpeningDocument = Readonly<{
  kind: 'invoice' | 'bill'
  partyId: string
  number: string
  issueDate: CalendarDate
  dueDate: CalendarDate | null
  currency: string
  total: bigint
  base: bigint
  tax: bigint
  description: string
}>

export type Opening = Readonly<{
  date: CalendarDate
  accounts: readonly OpeningAccount[]
  documents: readonly OpeningDocument[]
  /** Post although opening balance equity does not end at zero. */
  isDifferenceAllowed?: boolean
}>
