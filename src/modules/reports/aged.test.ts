import { expect, test } from 'vitest'
import { addDays, asDate } from '../../kernel/dates.ts'
import { asId } from '../../kernel/ids.ts'
import { type AgedItem, aged } from './aged.ts'

const date = asDate('2026-06-30')
const item = (daysLate: number, given: Partial<AgedItem> = {}): AgedItem => ({
  ...{ side: 'AR', partyId: asId('party', '00000000-0000-7000-8000-000000000001') },
  ...{ partyName: 'Amber', currency: 'NGN', openAmount: 1n, openBase: 1n },
  ...{ documentDate: asDate('2026-01-01'), dueDate: addDays(date, -daysLate) },
  ...given,
})

test.each([
  [-1, 'current'],
  [0, 'current'],
  [1, 'days30'],
  [30, 'days30'],
  [31, 'days60'],
  [60, 'days60'],
  [61, 'days90'],
  [90, 'days90'],
  [91, 'over90'],
] as const)('%i days after the due date is %s', (days, bucket) => {
  expect(aged([item(days)], date).ages).toMatchObject({ [bucket]: 1n, total: 1n })
})

test('an item without due date is as old as its document', () => {
  const documentDate = asDate('2026-05-01')

  expect(aged([item(0, { dueDate: null, documentDate })], date).ages.days60).toBe(1n)
})

test('deposits are apart, and currencies have their own ages', () => {
  const dollars = { currency: 'USD', openAmount: 2n, openBase: 3000n }
  const report = aged([item(5), item(40, dollars), item(0, { side: 'DEP', openBase: 7n })], date)

  expect([report.ages.total, report.deposits, report.parties[0]?.deposits]).toEqual([3001n, 7n, 7n])
  expect(report.agesByCurrency.get('USD')).toMatchObject({ days60: 2n, total: 2n })
})
