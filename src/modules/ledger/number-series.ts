import { type CalendarDate, yearOf } from '../../kernel/dates.ts'

export const numberedKinds = [
  'journal',
  'invoice',
  'quotation',
  'credit_note',
  'receipt',
  'bill',
  'supplier_credit',
  'bill_payment',
  'expense',
  'withholding_certificate',
] as const

export type NumberedKind = (typeof numberedKinds)[number]

/** Which contract's form the number has; one series per business, kind and surface. */
export type NumberSurface = 'invoicing' | 'books'

/** `year` 0: the series never starts again. */
export type Series = Readonly<{ year: number; prefix: string; padding: number }>

const prefixes: Readonly<Record<NumberSurface, Readonly<Record<NumberedKind, string>>>> = {
  invoicing: {
    journal: 'JE-',
    invoice: 'INV-',
    quotation: 'QT-',
    credit_note: 'CN-',
    receipt: 'PAY-',
    bill: 'BILL-',
    supplier_credit: 'SCN-',
    bill_payment: 'BPAY-',
    expense: 'EXP-',
    withholding_certificate: 'WHT-',
  },
  books: {
    journal: 'JE-',
    invoice: 'INV-',
    quotation: 'QT-',
    credit_note: 'CN-',
    receipt: 'RCP-',
    bill: 'BILL-',
    supplier_credit: 'SCN-',
    bill_payment: 'BPAY-',
    expense: 'EXP-',
    withholding_certificate: 'WHT-',
  },
}

/**
 * The series a number comes from. Books counts per year of the document's date, Invoicing without
 * end.
 * Source: ledger specification 7.5; Invoicing specification 8.8; Books specification 9.1.
 */
export function seriesOf(kind: NumberedKind, surface: NumberSurface, date: CalendarDate): Series {
  if (surface === 'invoicing') return endlessSeries(kind)
  const prefix = prefixes[surface][kind]
  const year = yearOf(date)
  return { year, prefix: `${prefix}${year}-`, padding: 3 }
}

/** The series of Invoicing as it begins; a business may give it another prefix. */
export const endlessSeries = (kind: NumberedKind): Series => ({
  year: 0,
  prefix: prefixes.invoicing[kind],
  padding: 5,
})

/** A number as it is shown; it grows beyond the padding. */
export const formatNumber = ({ prefix, padding }: Omit<Series, 'year'>, value: bigint): string =>
  `${prefix}${value.toString().padStart(padding, '0')}`

/** The value of a number that fits a series, else undefined. */
export function valueInSeries(
  { prefix }: Omit<Series, 'year'>,
  number: string,
): bigint | undefined {
  const digits = number.startsWith(prefix) ? number.slice(prefix.length) : ''
  return /^\d{1,15}$/.test(digits) ? BigInt(digits) : undefined
}
