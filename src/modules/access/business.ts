import { addDays, type CalendarDate, fiscalYearOf, type Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Environment } from './api-key.ts'

export type BusinessStatus = 'active' | 'suspended' | 'archived' | 'closing'

/** One set of books. */
export type Business = Readonly<{
  id: Id<'business'>
  organizationId: Id<'organization'>
  name: string
  legalName: string | null
  environment: Environment
  status: BusinessStatus
  suspendedAt: Instant | null
  baseCurrency: string
  /** ISO 3166-1 alpha-2. */
  country: string
  timeZone: string
  /** `MM-DD`, day 1 to 28. */
  fiscalYearStart: string
  chart: 'generic' | 'nigeria'
  taxRounding: 'document' | 'line'
  roundingMode: 'half_up' | 'half_even'
  numberAt: 'creation' | 'issue'
  /** Nothing is posted before it. */
  booksStart: CalendarDate
  createdAt: Instant
}>

/** The chart that a country's businesses get when nobody chooses one. */
export const chartOf = (country: string): 'generic' | 'nigeria' =>
  country === 'NG' ? 'nigeria' : 'generic'

/** The time zone that a country's businesses get when nobody chooses one. */
export const timeZoneOf = (country: string): string => (country === 'NG' ? 'Africa/Lagos' : 'UTC')

/**
 * The first day that a new business may post on: of the fiscal year before the one it is made in.
 * Source: ledger specification 6.1.
 */
export function defaultBooksStart(today: CalendarDate, fiscalYearStart: string): CalendarDate {
  const thisYear = fiscalYearOf(today, fiscalYearStart)
  return fiscalYearOf(addDays(thisYear.start, -1), fiscalYearStart).start
}
