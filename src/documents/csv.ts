import { type Money, toDecimalText } from '../kernel/money.ts'

/** A text, an amount, or a figure that is written as it is. */
export type Cell = string | Money | number | null

/**
 * Rows as a CSV file with a comma and CRLF. Amounts have the decimals of their currency. A text that
 * a spreadsheet would take for a formula is led by an apostrophe.
 * Source: RFC 4180; ledger specification 9.1.
 */
export const toCsv = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(toField).join(',')}\r\n`).join('')

function toField(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  if (typeof cell === 'object') return toDecimalText(cell)
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
