import { expect, test } from 'vitest'
import { asDate } from '../../kernel/dates.ts'
import {
  type Backwards,
  type ColumnLength,
  columnsOf,
  dateBefore,
  rangeBefore,
} from './report-span.ts'

const period = (text: string) => {
  const [start = '', end = ''] = text.split(' ')
  return { start: asDate(start), end: asDate(end) }
}

test.each<[string, Backwards, string | undefined]>([
  ['2026-04-01 2026-04-30', 'previous_period', '2026-03-01 2026-03-31'],
  ['2026-01-01 2026-03-31', 'previous_period', '2025-10-01 2025-12-31'],
  ['2026-03-01 2026-03-31', 'previous_period', '2026-02-01 2026-02-28'],
  ['2026-04-10 2026-04-19', 'previous_period', '2026-03-31 2026-04-09'],
  ['2026-04-10 2026-04-10', 'previous_period', '2026-04-09 2026-04-09'],
  ['2025-02-01 2025-02-28', 'previous_year', '2024-02-01 2024-02-29'],
  ['2024-02-29 2024-03-15', 'previous_year', '2023-02-28 2023-03-15'],
  ['1900-01-01 1900-12-31', 'previous_year', undefined],
  ['1901-01-01 2026-12-31', 'previous_period', undefined],
])('before %s, %s, comes %s', (range, back, expected) => {
  expect(rangeBefore(period(range), back)).toEqual(expected && period(expected))
})

test.each<[string, Backwards, string | undefined]>([
  ['2026-04-30', 'previous_period', '2026-03-31'],
  ['2026-03-15', 'previous_period', '2026-02-15'],
  ['2025-02-28', 'previous_year', '2024-02-29'],
  ['1900-06-01', 'previous_year', undefined],
])('before %s, %s, comes %s', (date, back, expected) => {
  expect(dateBefore(asDate(date), back)).toBe(expected)
})

test.each<[string, ColumnLength, string, string]>([
  ['2026-01-15 2026-03-10', 'month', '01-01', '15-31 01-28 01-10'],
  ['2026-01-01 2026-06-30', 'quarter', '04-01', '01-31 01-30'],
  ['2025-03-31 2026-04-01', 'year', '04-01', '31-31 01-31 01-01'],
  ['2026-01-20 2026-05-31', 'quarter', '01-15', '20-14 15-31'],
])('%s in columns of a %s of years from %s', (range, length, yearStart, expected) => {
  const columns = columnsOf(period(range), length, yearStart) ?? []

  expect(columns.map(({ start, end }) => `${start.slice(8)}-${end.slice(8)}`).join(' ')).toBe(
    expected,
  )
  expect([columns.at(0)?.start, columns.at(-1)?.end].join(' ')).toBe(range)
})

test('no report has more than 24 columns, even at the end of the calendar', () => {
  expect(columnsOf(period('2024-01-01 2025-12-31'), 'month', '01-01')).toHaveLength(24)
  expect(columnsOf(period('2024-01-01 2026-01-01'), 'month', '01-01')).toBeUndefined()
  expect(columnsOf(period('9999-12-01 9999-12-31'), 'month', '01-01')).toHaveLength(1)
})
