import {
  addDays,
  addMonths,
  asDate,
  type CalendarDate,
  daysBetween,
  fiscalYearOf,
  isMonthEnd,
  monthEnd,
  monthStart,
  type Period,
} from '../../kernel/dates.ts'

export type Backwards = 'previous_period' | 'previous_year'
export type ColumnLength = 'month' | 'quarter' | 'year'

/** Most columns of a report. Source: ledger specification 9.1. */
export const columnsMax = 24

const firstYear = asDate('1901-01-01')

/**
 * The range before, as long as the range: whole months go back by months, anything else by days. A
 * year back keeps day and month; the end of a month stays the end of a month. Undefined before the
 * calendar of the books.
 * Source: Books specification 19.
 */
export function rangeBefore({ start, end }: Period, back: Backwards): Period | undefined {
  const days = daysBetween(start, end) + 1
  if (daysBetween(firstYear, start) < days) return undefined
  if (back === 'previous_year') return { start: addMonths(start, -12), end: monthsBack(end, 12) }
  if (start === monthStart(start) && isMonthEnd(end)) {
    const months = monthCount(end) - monthCount(start) + 1
    return { start: addMonths(start, -months), end: monthsBack(end, months) }
  }
  return { start: addDays(start, -days), end: addDays(start, -1) }
}

/** The date a month or a year before; the end of a month stays one. Undefined as above. */
export function dateBefore(date: CalendarDate, back: Backwards): CalendarDate | undefined {
  if (date < firstYear) return undefined
  return monthsBack(date, back === 'previous_year' ? 12 : 1)
}

/**
 * The months of a calendar, or the quarters or years of the fiscal calendar, that touch a range; the
 * first and the last are cut to it. Undefined when they are more than a report can show.
 * Source: ledger specification 9.1.
 */
export function columnsOf(
  { start, end }: Period,
  length: ColumnLength,
  fiscalYearStart: string,
): readonly Period[] | undefined {
  const columns: Period[] = []
  for (let first = start; first <= end; ) {
    if (columns.length === columnsMax) return undefined
    const last = lastDayOf(first, length, fiscalYearStart)
    columns.push({ start: first, end: last < end ? last : end })
    if (last >= end) break
    first = addDays(last, 1)
  }
  return columns
}

function lastDayOf(day: CalendarDate, length: ColumnLength, fiscalYearStart: string): CalendarDate {
  if (length === 'month') return monthEnd(day)
  const year = fiscalYearOf(day, fiscalYearStart)
  if (length === 'year') return year.end
  const ends = [3, 6, 9].map((months) => addDays(addMonths(year.start, months), -1))
  return ends.find((end) => end >= day) ?? year.end
}

const monthsBack = (date: CalendarDate, months: number): CalendarDate => {
  const before = addMonths(date, -months)
  return isMonthEnd(date) ? monthEnd(before) : before
}

const monthCount = (date: CalendarDate): number =>
  Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7))
