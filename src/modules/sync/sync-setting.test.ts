import { expect, test } from 'vitest'
import type { Instant } from '../../kernel/dates.ts'
import type { DataType } from './record.ts'
import { dueTypes, type SyncSetting } from './sync-setting.ts'

const setting = (dataType: DataType, syncSchedule: number, syncOrder: number): SyncSetting => ({
  ...{ dataType, fetchOnFirstLink: true, syncSchedule, syncOrder },
})
const settings = [
  setting('invoices', 24, 2),
  setting('customers', 1, 3),
  setting('items', 168, 1),
  setting('bills', 0, 4),
]
const at = '2026-06-15T12:00:00.000Z' as Instant
const asked = new Map<string, Instant>(settings.map(({ dataType }) => [dataType, at]))
const supported = settings.map(({ dataType }) => dataType)

test.each([
  ['after an hour', '2026-06-15T13:00:00.000Z', true, ['customers']],
  ['just before an hour', '2026-06-15T12:59:59.999Z', true, []],
  ['after an hour on a plan without hourly runs', '2026-06-15T13:00:00.000Z', false, []],
  ['after a day', '2026-06-16T12:00:00.000Z', true, ['invoices', 'customers']],
  [
    'after a day on a plan without hourly runs',
    '2026-06-16T12:00:00.000Z',
    false,
    ['invoices', 'customers'],
  ],
  ['after a week', '2026-06-22T12:00:00.000Z', true, ['items', 'invoices', 'customers']],
])('%s what is due comes in the order of the settings', (_when, now, allowsHourlySync, due) => {
  const standing = { supported, lastByType: asked, now: now as Instant, allowsHourlySync }
  expect(dueTypes(settings, standing)).toEqual(due)
})

test('what nobody has asked for, and what a platform has not, is never due', () => {
  const now = '2027-06-15T12:00:00.000Z' as Instant
  const some = { now, allowsHourlySync: true }
  expect(dueTypes(settings, { ...some, supported, lastByType: new Map() })).toEqual([])
  expect(dueTypes(settings, { ...some, supported: [], lastByType: asked })).toEqual([])
})
