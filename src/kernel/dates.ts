import { assert } from './assert.ts'
import { Refusal } from './errors.ts'

/** A day of the Gregorian calendar as `YYYY-MM-DD`, 1900-01-01 to 9999-12-31. Text order is time order. */
export type CalendarDate = string & { readonly __date: true }

/** A moment in UTC with milliseconds: `2026-04-15T12:00:00.000Z`. Text order is time order. */
export type Instant = string & { readonly __instant: true }

/** First and last day, both included. */
export type Period = Readonly<{ start: CalendarDate; end: CalendarDate }>

const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/
const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i
const dayMs = 86_400_000
const firstDay = '1900-01-01' as CalendarDate
const lastDay = '9999-12-31' as CalendarDate
const formatByZone = new Map<string, Intl.DateTimeFormat>()

/** A real day within the range of `CalendarDate`. */
export function isDate(text: string): text is CalendarDate {
  const parts = datePattern.exec(text)
  if (!parts) {
    return false
  }
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const isInRange = year >= 1900 && month >= 1 && month <= 12 && day >= 1
  return isInRange && day <= monthDays(year, month)
}

/**
 * Reads a calendar date.
 * Refuses: validation.date_invalid.
 */
export function parseDate(text: string, field = 'date'): CalendarDate {
  if (!isDate(text)) {
    throw new Refusal('validation.date_invalid', { field })
  }
  return text
}

/** Brands a text that our own code knows to be a date. Refuses: nothing; anything else is our bug. */
export function asDate(text: string): CalendarDate {
  assert(isDate(text), 'dates of our own making are calendar dates')
  return text
}

/** The date so many days later; negative goes back. */
export const addDays = (date: CalendarDate, days: number): CalendarDate =>
  fromDayNumber(dayNumber(date) + days)

/** As `addDays`, but not past the first and the last day that there are. */
export function addDaysWithin(date: CalendarDate, days: number): CalendarDate {
  if (days > daysBetween(date, lastDay)) return lastDay
  return days < daysBetween(date, firstDay) ? firstDay : addDays(date, days)
}

/** The same day so many months later, or the last day of that month when it has no such day. */
export function addMonths(date: CalendarDate, months: number): CalendarDate {
  const [year, month, day] = partsOf(date)
  const count = year * 12 + (month - 1) + months
  const [newYear, newMonth] = [Math.floor(count / 12), modulo(count, 12) + 1]
  return dateOf(newYear, newMonth, Math.min(day, monthDays(newYear, newMonth)))
}

export const monthStart = (date: CalendarDate): CalendarDate => asDate(`${date.slice(0, 8)}01`)

export function monthEnd(date: CalendarDate): CalendarDate {
  const [year, month] = partsOf(date)
  return dateOf(year, month, monthDays(year, month))
}

export const isMonthEnd = (date: CalendarDate): boolean => date === monthEnd(date)

/** Days from one date to another; negative when `to` is the earlier one. */
export const daysBetween = (from: CalendarDate, to: CalendarDate): number =>
  dayNumber(to) - dayNumber(from)

export const yearOf = (date: CalendarDate): number => Number(date.slice(0, 4))

/** Month of the year, 1 to 12. */
export const monthOf = (date: CalendarDate): number => Number(date.slice(5, 7))

/** Day of the month, 1 to 31. */
export const dayOf = (date: CalendarDate): number => Number(date.slice(8))

/** Day of the week by ISO 8601: Monday is 1, Sunday is 7. */
export const weekdayOf = (date: CalendarDate): number => modulo(dayNumber(date) + 3, 7) + 1

/** `YYYY-MM`. */
export const monthKey = (date: CalendarDate): string => date.slice(0, 7)

/** The months that touch a period, in order; first and last are cut to the period. */
export function monthsOf({ start, end }: Period): readonly Period[] {
  const months: Period[] = []
  for (let first = start; first <= end; first = addDays(monthEnd(first), 1)) {
    const last = monthEnd(first)
    months.push({ start: first, end: last < end ? last : end })
  }
  return months
}

/**
 * The fiscal year a date lies in, for years that begin on the same day each year.
 *
 * startMonthDay  `MM-DD`, day 1 to 28
 * Source: ledger specification 6.4.
 */
export function fiscalYearOf(date: CalendarDate, startMonthDay: string): Period {
  assert(
    /^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$/.test(startMonthDay),
    'fiscal years start on 1 to 28',
  )
  const year = date.slice(5) >= startMonthDay ? yearOf(date) : yearOf(date) - 1
  // The first fiscal year of the calendar's range may begin before that range.
  const start = year < 1900 ? asDate('1900-01-01') : asDate(`${year}-${startMonthDay}`)
  const end =
    year === 9999 ? asDate('9999-12-31') : addDays(asDate(`${year + 1}-${startMonthDay}`), -1)
  return { start, end }
}

/** Milliseconds since 1970 to an instant. */
export const instantFromMs = (ms: number): Instant => new Date(ms).toISOString() as Instant

/** An instant to milliseconds since 1970. */
export const msOf = (instant: Instant): number => Date.parse(instant)

/**
 * Reads a moment with its offset from UTC (RFC 3339); more than milliseconds are cut.
 * Refuses: validation.date_invalid.
 */
export function parseInstant(text: string, field = 'date'): Instant {
  const ms = instantPattern.test(text) && isDate(text.slice(0, 10)) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) {
    throw new Refusal('validation.date_invalid', { field })
  }
  return instantFromMs(ms)
}

/** Whether the platform knows a time zone by this name, such as `Africa/Lagos`. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

/** The calendar date at an instant in a time zone. Refuses: nothing; an unknown zone is our bug. */
export function dateIn(instant: Instant, timeZone: string): CalendarDate {
  if (timeZone === 'UTC') {
    return asDate(instant.slice(0, 10))
  }
  const part = Object.fromEntries(
    zoneFormat(timeZone)
      .formatToParts(new Date(instant))
      .map(({ type, value }) => [type, value]),
  )
  return dateOf(Number(part['year']), Number(part['month']), Number(part['day']))
}

// Owned by this file, bounded by the number of zone names, never stale: a zone's rules are fixed
// for the life of the process.
function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  const known = formatByZone.get(timeZone)
  if (known) {
    return known
  }
  const options = { timeZone, calendar: 'gregory', numberingSystem: 'latn' } as const
  const digits = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const made = new Intl.DateTimeFormat('en', { ...options, ...digits })
  formatByZone.set(timeZone, made)
  return made
}

function dateOf(year: number, month: number, day: number): CalendarDate {
  const two = (part: number): string => part.toString().padStart(2, '0')
  return asDate(`${year}-${two(month)}-${two(day)}`)
}

const partsOf = (date: CalendarDate): readonly [number, number, number] => [
  yearOf(date),
  monthOf(date),
  dayOf(date),
]

/** Days since 1970-01-01. */
function dayNumber(date: CalendarDate): number {
  const [year, month, day] = partsOf(date)
  return Date.UTC(year, month - 1, day) / dayMs
}

const fromDayNumber = (days: number): CalendarDate =>
  asDate(new Date(days * dayMs).toISOString().slice(0, 10))

function monthDays(year: number, month: number): number {
  if (month === 2) {
    return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  }
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by
