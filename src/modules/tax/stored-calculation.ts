import { assert } from '../../kernel/assert.ts'
import type { Calculation } from './calculation.ts'

/** Members that hold whole numbers beyond what JSON numbers keep; written as text. */
const wholeNumbers: ReadonlySet<string> = new Set([
  ...['num', 'den', 'units', 'cashIncrement', 'listed', 'discount', 'net', 'tax', 'gross'],
  ...['amount', 'reverseAmount', 'nonRecoverable', 'base', 'reverseTax', 'byQuantity'],
  ...['subtotal', 'total', 'rounding', 'payable'],
])

/** A calculation, or that of a credit note, as JSON text, to be kept with its document. */
export const toStoredCalculation = (calculation: Omit<Calculation, 'lines'>): string =>
  JSON.stringify(calculation, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )

/**
 * The calculation behind a stored text; of a credit note when it was one. Members that were absent
 * stay absent. Refuses: nothing; a text that was never written by `toStoredCalculation` is our bug.
 */
export function parseStoredCalculation<Kept extends Omit<Calculation, 'lines'> = Calculation>(
  text: string,
): Kept {
  const read: unknown = JSON.parse(text, (key, value: unknown) =>
    typeof value === 'string' && wholeNumbers.has(key) && /^-?\d+$/.test(value)
      ? BigInt(value)
      : value,
  )
  assert(typeof read === 'object' && read !== null && 'totals' in read, 'a stored calculation')
  return read as Kept
}
