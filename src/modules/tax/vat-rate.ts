import type { CalendarDate } from '../../kernel/dates.ts'

/**
 * One row of the rates of value added tax; each holds until the next of its kind.
 * `isVerified`: compared with the gazetted text.
 */
type VatRate = Readonly<{
  jurisdiction: 'NG'
  kind: 'standard' | 'zero_rated'
  validFrom: CalendarDate | null
  percent: string
  source: string
  isVerified: boolean
}>

// biome-ignore format: a table reads best with one row a line
const vatRates: readonly VatRate[] = [
  { jurisdiction: 'NG', kind: 'standard', validFrom: null, percent: '5', source: 'Value Added Tax Act 1993', isVerified: false },
  { jurisdiction: 'NG', kind: 'standard', validFrom: '2020-02-01' as CalendarDate, percent: '7.5', source: 'Finance Act 2019', isVerified: false },
  { jurisdiction: 'NG', kind: 'zero_rated', validFrom: null, percent: '0', source: 'Value Added Tax Act 1993', isVerified: false },
]

/**
 * The percents that may stand on an invoice of this date, the standard one first.
 * Source: Books specification 21.1.
 */
export function vatPercentsOn(date: CalendarDate): readonly string[] {
  const inForce = new Map<string, string>()
  for (const { kind, validFrom, percent } of vatRates) {
    if (validFrom === null || validFrom <= date) inForce.set(kind, percent)
  }
  return [...inForce.values()]
}
