import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { type RoundingMode, ratio, round } from '../../kernel/decimal.ts'
import type { Id } from '../../kernel/ids.ts'

/** Receivable, payable, customer deposit, supplier deposit. */
export type ItemSide = 'AR' | 'AP' | 'DEP' | 'SDP'

export type Leg =
  | 'cash'
  | 'withholding'
  | 'deposit'
  | 'credit_note'
  | 'write_off'
  | 'bank_fee'
  | 'rounding'
  | 'void'

export const allocationsMax = 500

/**
 * What is still open of a document. Amounts are minor units of `currency`, bases of the base
 * currency, all positive on the natural side. `settledAmount` counts cash, withholding and
 * deposits, `creditedAmount` credit notes. `taxAmount` is the output tax that waits in provision
 * now; `documentTax` and `documentTotal` are those of the whole document.
 */
export type OpenItem = Readonly<{
  id: Id<'item'>
  side: ItemSide
  partyId: Id<'party'>
  documentId: Id<'document'>
  currency: string
  originalAmount: bigint
  originalBase: bigint
  openAmount: bigint
  openBase: bigint
  settledAmount: bigint
  creditedAmount: bigint
  taxAmount: bigint
  taxBase: bigint
  taxMovedBase: bigint
  withheldAmount: bigint
  documentDate: CalendarDate
  dueDate: CalendarDate | null
  closedOn: CalendarDate | null
}>

/** An open item with what its settlement needs to know of its document. */
export type SettleableItem = OpenItem &
  Readonly<{
    number: string
    lifecycle: 'draft' | 'open' | 'void'
    documentNet: bigint
    documentTax: bigint
    documentTotal: bigint
  }>

export type NewItem = Pick<
  OpenItem,
  | 'id'
  | 'side'
  | 'partyId'
  | 'documentId'
  | 'currency'
  | 'originalAmount'
  | 'originalBase'
  | 'documentDate'
  | 'dueDate'
> &
  Readonly<{ taxAmount?: bigint; taxBase?: bigint }>

/** A signed row of the settlement of an item: settling is positive, undoing negative. */
export type Allocation = Readonly<{
  id: Id<'allocation'>
  itemId: Id<'item'>
  /** The document that settles, or of a deposit the document that it settles. */
  documentId: Id<'document'>
  leg: Leg
  accountingDate: CalendarDate
  amount: bigint
  base: bigint
  entryId: Id<'entry'> | null
  undoes: Id<'allocation'> | null
}>

/** What a settlement takes off an item; negative where one is undone. */
export type ItemChange = Readonly<{
  itemId: Id<'item'>
  amount: bigint
  base: bigint
  settled: bigint
  credited: bigint
  tax: bigint
  taxBase: bigint
  taxMovedBase: bigint
  withheld: bigint
}>

export const noChange = {
  settled: 0n,
  credited: 0n,
  tax: 0n,
  taxBase: 0n,
  taxMovedBase: 0n,
  withheld: 0n,
} as const

/**
 * Base amount that leaves an item with part of its open amount; the last part takes all that is
 * left, so both reach zero together.
 * Source: ledger specification 5.3.
 *
 * Example: payments of 33.33, 33.33 and 33.34 on a base of 91.07 release 30.35, 30.36 and 30.36.
 */
export const releaseBase = (
  { openAmount, openBase }: Pick<OpenItem, 'openAmount' | 'openBase'>,
  amount: bigint,
  mode: RoundingMode,
): bigint => release(openAmount, openBase, amount, mode)

/**
 * Output tax that becomes payable when a receivable is settled up to `settledAfter`: counted over
 * all that was settled so far, never per payment, and never more than waits in provision.
 * Source: ledger specification 8.2 (P2b).
 */
export function taxMove(
  item: SettleableItem,
  settled: bigint,
  mode: RoundingMode,
): Readonly<{ tax: bigint; taxBase: bigint }> {
  const { documentTax, documentTotal, settledAmount, taxAmount, taxBase } = item
  if (taxAmount === 0n) return { tax: 0n, taxBase: 0n }
  assert(documentTotal !== 0n, 'a document with an open item has a total')
  const due = (amount: bigint): bigint => round(ratio(documentTax * amount, documentTotal), mode)
  const wanted = due(settledAmount + settled) - due(settledAmount)
  if (wanted >= taxAmount) return { tax: taxAmount, taxBase }
  return { tax: wanted, taxBase: release(taxAmount, taxBase, wanted, mode) }
}

/** Tax that leaves the provision with its base amount, for a credit note. */
export const releaseTax = (
  { taxAmount, taxBase }: Pick<OpenItem, 'taxAmount' | 'taxBase'>,
  tax: bigint,
  mode: RoundingMode,
): bigint => release(taxAmount, taxBase, tax, mode)

function release(open: bigint, openBase: bigint, amount: bigint, mode: RoundingMode): bigint {
  if (amount === open) return openBase
  return round(ratio(openBase * amount, open), mode)
}
