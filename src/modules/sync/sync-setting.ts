import { type Instant, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type DataType, dataTypes } from './record.ts'

/** When one data type is read. Source: Connect specification 13. */
export type SyncSetting = Readonly<{
  dataType: DataType
  /** Whether the first link reads it, and a refresh of everything. */
  fetchOnFirstLink: boolean
  /** Hours between two runs; 0: none. */
  syncSchedule: number
  /** Place in the start order of a batch. */
  syncOrder: number
  /** Only records changed since this moment, or within so many months. */
  syncFromUtc?: string | undefined
  syncFromWindow?: number | undefined
  /** Statements only: how far back. */
  monthsToSync?: number | undefined
}>

/** What differs from the defaults, by data type. */
export type SyncSettings = Readonly<Partial<Record<DataType, SyncSetting>>>

const monthsDefault = 24
const dailyHours = 24

const statements: ReadonlySet<DataType> = new Set([
  'balanceSheet',
  'profitAndLoss',
  'cashFlowStatement',
])

const isAccounting = (dataType: DataType): boolean =>
  !dataType.startsWith('banking-') && !dataType.startsWith('commerce-')

const defaults: readonly SyncSetting[] = dataTypes.map((dataType, place) => ({
  dataType,
  fetchOnFirstLink: isAccounting(dataType),
  syncSchedule: isAccounting(dataType) ? dailyHours : 0,
  syncOrder: place,
  ...(statements.has(dataType) && { monthsToSync: monthsDefault }),
}))

/** Every data type's setting: the last of the given that names it, else the default. */
export const settingsOf = (...given: readonly SyncSettings[]): readonly SyncSetting[] =>
  defaults.map((own) => given.reduce((found, settings) => settings[own.dataType] ?? found, own))

/** Settings with the listed types replaced; the others keep their value. */
export const withSettings = (
  before: SyncSettings,
  listed: readonly SyncSetting[],
): SyncSettings => ({
  ...before,
  ...Object.fromEntries(listed.map((setting) => [setting.dataType, setting])),
})

/**
 * Schedules that a plan allows: none, or one that runs at most daily unless hourly ones are.
 * Refuses: plan.sync_schedule_not_allowed.
 * Source: Connect specification 5.
 */
export function requireAllowedSchedules(
  listed: readonly SyncSetting[],
  { allowsHourlySync }: Readonly<{ allowsHourlySync: boolean }>,
): void {
  if (allowsHourlySync) return
  for (const { syncSchedule: hours } of listed) {
    if (hours > 0 && hours < dailyHours) {
      throw new Refusal('plan.sync_schedule_not_allowed', { hours })
    }
  }
}

/** The data types that a first link reads, in the order of the platform. */
export const firstTypes = (
  settings: readonly SyncSetting[],
  supported: readonly DataType[],
): readonly DataType[] => {
  const settingByType = new Map(settings.map((setting) => [setting.dataType, setting]))
  const isWanted = (dataType: DataType): boolean =>
    settingByType.get(dataType)?.fetchOnFirstLink === true
  return supported.filter(isWanted)
}

type Standing = Readonly<{
  supported: readonly DataType[]
  /** When each data type was asked for last; absent: never. */
  lastByType: ReadonlyMap<string, Instant>
  now: Instant
  allowsHourlySync: boolean
}>

const hourMs = 3_600_000

/**
 * The data types whose next run is due, in the order of the settings. A type that was never asked
 * for waits for somebody to ask. A plan without hourly runs reads once a day what a plan before it
 * allowed to be read more often.
 * Source: Connect specification 5 and 13.
 */
export const dueTypes = (
  settings: readonly SyncSetting[],
  { supported, lastByType, now, allowsHourlySync }: Standing,
): readonly DataType[] =>
  settings
    .filter(({ dataType, syncSchedule }) => {
      const last = lastByType.get(dataType)
      if (syncSchedule === 0 || last === undefined || !supported.includes(dataType)) return false
      const hours = allowsHourlySync ? syncSchedule : Math.max(syncSchedule, dailyHours)
      return msOf(last) + hours * hourMs <= msOf(now)
    })
    .toSorted((one, other) => one.syncOrder - other.syncOrder)
    .map(({ dataType }) => dataType)
