import { assert as check, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import {
  addDays,
  addDaysWithin,
  addMonths,
  asDate,
  dateIn,
  daysBetween,
  fiscalYearOf,
  instantFromMs,
  isDate,
  isMonthEnd,
  isTimeZone,
  monthEnd,
  monthKey,
  monthStart,
  monthsOf,
  msOf,
  parseDate,
  parseInstant,
  weekdayOf,
  yearOf,
} from './dates.ts'

const first = asDate('1900-01-01')
const dates = integer({ min: 0, max: 2_958_463 }).map((days) => addDays(first, days))

test.each(['2024-02-29', '1900-01-01', '9999-12-31', '2000-02-29'])('%s is a date', (text) => {
  expect(parseDate(text)).toBe(text)
})

test.each([
  '2023-02-29',
  '1900-02-29',
  '1899-12-31',
  '2024-13-01',
  '2024-00-10',
  '2024-04-31',
  '2024-1-1',
  '2024-01-01T00:00:00Z',
  ' 2024-01-01',
  '',
])('%s is no date', (text) => {
  expect(() => parseDate(text, 'issueDate')).toThrow('validation.date_invalid')
})

test.each([
  ['2024-01-31', 1, '2024-02-29'],
  ['2023-01-31', 1, '2023-02-28'],
  ['2024-02-29', 12, '2025-02-28'],
  ['2024-01-15', -1, '2023-12-15'],
  ['2024-03-31', -13, '2023-02-28'],
  ['2024-12-31', 1, '2025-01-31'],
])('%s and %s months is %s', (date, months, expected) => {
  expect(addMonths(asDate(date), months)).toBe(expected)
})

test.each([
  ['2026-03-31', '04-01', '2025-04-01', '2026-03-31'],
  ['2026-04-01', '04-01', '2026-04-01', '2027-03-31'],
  ['2026-06-30', '01-01', '2026-01-01', '2026-12-31'],
  ['2024-02-29', '03-01', '2023-03-01', '2024-02-29'],
  ['1900-02-01', '04-01', '1900-01-01', '1900-03-31'],
  ['9999-12-31', '04-01', '9999-04-01', '9999-12-31'],
])('the fiscal year of %s from %s is %s to %s', (date, startMonthDay, start, end) => {
  expect(fiscalYearOf(asDate(date), startMonthDay)).toEqual({ start, end })
})

test('days add up, come back, and keep the order of their text', () => {
  void check(
    property(dates, integer({ min: -1_000, max: 1_000 }), (date, days) => {
      const isOutside = daysBetween(first, date) + days < 0 || yearOf(date) > 9_990
      const later = isOutside ? date : addDays(date, days)
      expect(isDate(later)).toBe(true)
      expect(daysBetween(date, later)).toBe(isOutside ? 0 : days)
      expect(later > date).toBe(daysBetween(date, later) > 0)
    }),
  )
})

test('every date lies in its month and its fiscal year', () => {
  void check(
    property(dates, integer({ min: 1, max: 12 }), integer({ min: 1, max: 28 }), (date, m, d) => {
      const two = (part: number): string => part.toString().padStart(2, '0')
      const year = fiscalYearOf(date, `${two(m)}-${two(d)}`)
      expect(monthStart(date) <= date && date <= monthEnd(date)).toBe(true)
      expect(isMonthEnd(monthEnd(date))).toBe(true)
      expect(year.start <= date && date <= year.end).toBe(true)
    }),
  )
})

test('a period falls into whole months, cut at both ends', () => {
  const period = { start: asDate('2025-12-15'), end: asDate('2026-02-10') }

  expect(monthsOf(period)).toEqual([
    { start: '2025-12-15', end: '2025-12-31' },
    { start: '2026-01-01', end: '2026-01-31' },
    { start: '2026-02-01', end: '2026-02-10' },
  ])
  expect(monthKey(period.start)).toBe('2025-12')
})

test('weeks begin on Monday', () => {
  expect([weekdayOf(asDate('2026-11-23')), weekdayOf(asDate('2026-11-22'))]).toEqual([1, 7])
  expect(weekdayOf(first)).toBe(1)
})

test.each([
  ['2026-04-15T23:30:00.000Z', 'Africa/Lagos', '2026-04-16'],
  ['2026-04-15T23:30:00.000Z', 'UTC', '2026-04-15'],
  ['2026-04-15T03:30:00.000Z', 'America/New_York', '2026-04-14'],
  ['2026-01-15T04:30:00.000Z', 'America/New_York', '2026-01-14'],
  ['2026-12-31T12:00:00.000Z', 'Pacific/Kiritimati', '2027-01-01'],
])('at %s it is %s, %s', (text, zone, expected) => {
  expect(dateIn(parseInstant(text), zone)).toBe(expected)
})

test('instants are kept in UTC with milliseconds', () => {
  expect(parseInstant('2026-04-15T13:00:00+01:00')).toBe('2026-04-15T12:00:00.000Z')
  expect(parseInstant('2026-04-15T12:00:00.123456Z')).toBe('2026-04-15T12:00:00.123Z')
  expect(msOf(instantFromMs(1_776_254_400_000))).toBe(1_776_254_400_000)
  expect(() => parseInstant('2026-02-30T12:00:00Z')).toThrow('validation.date_invalid')
  expect(() => parseInstant('2026-04-15T12:00:00')).toThrow('validation.date_invalid')
})

test('zone names are checked against the platform', () => {
  expect([isTimeZone('Africa/Lagos'), isTimeZone('Lagos')]).toEqual([true, false])
})

test.each([
  ['9999-12-01', 30, '9999-12-31'],
  ['9999-12-01', 31, '9999-12-31'],
  ['1900-01-15', -14, '1900-01-01'],
  ['1900-01-15', -400, '1900-01-01'],
  ['2026-02-28', 1, '2026-03-01'],
])('%s and %i days is %s, within the calendar', (date, days, expected) => {
  expect(addDaysWithin(asDate(date), days)).toBe(expected)
})
