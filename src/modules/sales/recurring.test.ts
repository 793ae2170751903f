import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, asDate, type CalendarDate, dayOf, isMonthEnd } from '../../kernel/dates.ts'
import { type Frequency, nextPeriod, type Schedule } from './recurring.ts'

const scheduleOf = (
  frequency: Frequency,
  startDate: string,
  more: Partial<Schedule> = {},
): Schedule => ({
  ...{ frequency, every: 1, startDate: asDate(startDate), endDate: null, occurrencesMax: null },
  ...more,
})

/** The first periods of a schedule, until it is over. */
function periodsOf(schedule: Schedule, count: number): readonly CalendarDate[] {
  const periods: CalendarDate[] = []
  let lastDate: CalendarDate | null = null
  while (periods.length < count) {
    const next = nextPeriod(schedule, { lastDate, occurrences: periods.length })
    if (next === null) return periods
    periods.push(next)
    lastDate = next
  }
  return periods
}

test.each([
  ['daily', 1, '2026-02-27', '2026-02-27 2026-02-28 2026-03-01 2026-03-02'],
  ['daily', 30, '2026-01-31', '2026-01-31 2026-03-02 2026-04-01 2026-05-01'],
  ['weekly', 2, '2026-12-24', '2026-12-24 2027-01-07 2027-01-21 2027-02-04'],
  ['monthly', 1, '2026-01-31', '2026-01-31 2026-02-28 2026-03-31 2026-04-30'],
  ['monthly', 1, '2028-01-31', '2028-01-31 2028-02-29 2028-03-31 2028-04-30'],
  ['monthly', 1, '2026-01-30', '2026-01-30 2026-02-28 2026-03-30 2026-04-30'],
  ['monthly', 13, '2026-01-31', '2026-01-31 2027-02-28 2028-03-31 2029-04-30'],
  ['quarterly', 1, '2025-11-30', '2025-11-30 2026-02-28 2026-05-30 2026-08-30'],
  ['yearly', 1, '2024-02-29', '2024-02-29 2025-02-28 2026-02-28 2027-02-28'],
  ['yearly', 4, '2024-02-29', '2024-02-29 2028-02-29 2032-02-29 2036-02-29'],
] as const)('%s, every %i from %s: %s', (frequency, every, startDate, expected) => {
  expect(periodsOf(scheduleOf(frequency, startDate, { every }), 4).join(' ')).toBe(expected)
})

test.each([
  [{ endDate: asDate('2026-03-31') }, 3],
  [{ endDate: asDate('2026-03-30') }, 2],
  [{ occurrencesMax: 2 }, 2],
  [{ occurrencesMax: 2, endDate: asDate('2026-01-31') }, 1],
])('a schedule ends: %j after %i periods', (more, count) => {
  const schedule = scheduleOf('monthly', '2026-01-31', more)
  expect(periodsOf(schedule, 9).length).toBe(count)
})

test('a schedule ends where the calendar does', () => {
  expect(periodsOf(scheduleOf('daily', '9999-12-30'), 9).length).toBe(2)
  expect(periodsOf(scheduleOf('monthly', '9999-11-30'), 9).length).toBe(2)
  expect(periodsOf(scheduleOf('yearly', '9998-01-01', { every: 366 }), 9).length).toBe(1)
})

const day = fc.integer({ min: 0, max: 60_000 }).map((days) => addDays(asDate('1950-01-01'), days))

test('the next period is the first of all periods after a day, and keeps its day of the month', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Frequency>('daily', 'weekly', 'monthly', 'quarterly', 'yearly'),
      fc.integer({ min: 1, max: 366 }),
      day,
      fc.integer({ min: 0, max: 4_000 }),
      (frequency, every, startDate, later) => {
        const schedule = scheduleOf(frequency, startDate, { every })
        const after = addDays(startDate, later)
        const next = nextPeriod(schedule, { lastDate: after, occurrences: 1 })
        const all = periodsOf(schedule, 5_000 / every + 10)
        const expected = all.find((period) => period > after)
        if (expected !== undefined) expect(next).toBe(expected)
        if (next === null || frequency === 'daily' || frequency === 'weekly') return
        expect(dayOf(next) === dayOf(startDate) || isMonthEnd(next)).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})
