import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { isPlanOf, type PlanSurface } from './plan.ts'

/** A limit as it is stored: a number, a switch, or null for no limit. */
export type LimitValue = number | boolean | null

export type Limits = Readonly<Record<string, LimitValue>>

/** What a plan allows from a day on. Source: platform specification 4. */
export type PlanVersion = Readonly<{
  surface: PlanSurface
  plan: string
  validFrom: CalendarDate
  limits: Limits
}>

/** An exception of one organization; it wins over its plan from its day on. */
export type LimitOverride = Readonly<{
  surface: PlanSurface
  name: string
  value: LimitValue
  validFrom: CalendarDate
  /** The first day on which it no longer holds. */
  validTo?: CalendarDate
  reason: string
}>

type Kind = 'number' | 'boolean'

/** Every limit that a version of the surface states, and nothing else. */
export const limitKinds = {
  invoicing: {
    apiKeysMax: 'number',
    webhookEndpointsMax: 'number',
    webhookDeliveriesPerHour: 'number',
    requestsPerMinute: 'number',
    attachmentBytesMax: 'number',
  },
  books: {
    apiKeysMax: 'number',
    businessesMax: 'number',
    webhookEndpointsMax: 'number',
    enterpriseModules: 'boolean',
    requestsPerMinute: 'number',
    requestsPerHour: 'number',
    requestsPerDay: 'number',
    inFlightMax: 'number',
    metered: 'boolean',
    trialCalls: 'number',
    pricePerCallKobo: 'number',
  },
  connect: {
    companiesMax: 'number',
    accountDaysMax: 'number',
    hourlySync: 'boolean',
    apiKeysMax: 'number',
    requestsPerDay: 'number',
    inFlightMax: 'number',
    activeConnectionsMax: 'number',
    webhookEndpointsMax: 'number',
  },
} as const satisfies Readonly<Record<PlanSurface, Readonly<Record<string, Kind>>>>

/** Versions read from a file, or what is wrong with the first faulty one, in one sentence. */
export type ParsedVersions =
  | Readonly<{ versions: readonly PlanVersion[] }>
  | Readonly<{ problem: string }>

/** Reads a list of plan versions as `plans.json` has it: every limit of the surface, once. */
export function parsePlanVersions(given: unknown): ParsedVersions {
  if (!Array.isArray(given)) return { problem: 'is not a list of plan versions' }
  const versions: PlanVersion[] = []
  for (const [index, entry] of given.entries()) {
    const problem = problemOf(entry)
    if (problem !== undefined) return { problem: `has a fault at [${index}]: ${problem}` }
    versions.push(entry as PlanVersion) // every member was looked at just above
  }
  return { versions }
}

const members = ['surface', 'plan', 'validFrom', 'limits']

function problemOf(entry: unknown): string | undefined {
  if (!isRecord(entry)) return 'it is not an object'
  const { surface, plan, validFrom, limits } = entry
  const unknown = Object.keys(entry).find((name) => !members.includes(name))
  if (unknown !== undefined) return `${unknown} is not a member of a plan version`
  if (!isSurface(surface)) return 'surface must be invoicing, books or connect'
  if (typeof plan !== 'string' || !isPlanOf(surface, plan)) return `plan must be one of ${surface}`
  if (!isDay(validFrom)) return 'validFrom must be a date such as 2026-01-31'
  if (!isRecord(limits)) return 'limits must be an object'
  return problemOfLimits(limitKinds[surface], limits)
}

function problemOfLimits(
  kinds: Readonly<Record<string, Kind>>,
  limits: Readonly<Record<string, unknown>>,
): string | undefined {
  const unknown = Object.keys(limits).find((name) => !Object.hasOwn(kinds, name))
  if (unknown !== undefined) return `${unknown} is not a limit of this surface`
  const wrong = Object.entries(kinds).find(([name, kind]) => !isOfKind(kind, limits[name]))
  return wrong && `${wrong[0]} must be ${wordOf[wrong[1]]}`
}

const wordOf = { number: 'a whole number, or null for no limit', boolean: 'true or false' } as const

/** Whether a value fits a limit of this name; unknown names fit nothing. */
export function fitsLimit(surface: PlanSurface, name: string, value: unknown): boolean {
  const kinds: Readonly<Record<string, Kind>> = limitKinds[surface]
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  return kind !== undefined && isOfKind(kind, value)
}

function isOfKind(kind: Kind, value: unknown): boolean {
  if (kind === 'boolean') return typeof value === 'boolean'
  return value === null || (Number.isSafeInteger(value) && Number(value) >= 0)
}

const isSurface = (surface: unknown): surface is PlanSurface =>
  typeof surface === 'string' && Object.hasOwn(limitKinds, surface)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isDay(text: unknown): boolean {
  if (typeof text !== 'string') return false
  try {
    return parseDate(text) === text
  } catch {
    return false
  }
}
