import {
  addDays,
  addMonths,
  asDate,
  type CalendarDate,
  daysBetween,
  type Instant,
  monthOf,
  yearOf,
} from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { LineDraft } from '../tax/line-draft.ts'

export type Frequency = 'daily' | 'weekly' | 'monthly' | 'quarterly' | 'yearly'

/** Periods begin on `startDate` and come `every` so many days, weeks, months, quarters or years. */
export type Schedule = Readonly<{
  frequency: Frequency
  every: number
  startDate: CalendarDate
  /** No period begins after it. */
  endDate: CalendarDate | null
  occurrencesMax: number | null
}>

/** What a caller decides about a recurring invoice. */
export type RecurringDraft = Schedule &
  Readonly<{
    customerId: string
    name: string | null
    lines: readonly LineDraft[]
    dueDays: number
    currency: string
    notes: string | null
    terms: string | null
    template: string | null
    /** Issued and sent to the customer; else they are drafts. */
    isSent: boolean
    externalId: string | null
    metadata: Readonly<Record<string, unknown>>
  }>

export type RecurringStatus = 'active' | 'paused' | 'completed'

/** What the business says where the template does not. */
type Defaulted = 'currency' | 'notes' | 'terms'

export type NewRecurring = Omit<RecurringDraft, Defaulted> &
  Partial<Pick<RecurringDraft, Defaulted>> &
  Readonly<{ status: 'active' | 'paused' }>

export type RecurringChanges = Partial<RecurringDraft>

/** A template as it stands; `total` is what an invoice of it comes to, in minor units. */
export type Recurring = Omit<RecurringDraft, 'customerId'> &
  Readonly<{
    id: Id<'recurring'>
    businessId: Id<'business'>
    customerId: Id<'party'>
    status: RecurringStatus
    /** The period that waits; null when the last one is past. */
    nextDate: CalendarDate | null
    lastDate: CalendarDate | null
    occurrences: number
    total: bigint
    pauseReason: string | null
    /** Days on which the waiting period failed. */
    failures: number
    retryOn: CalendarDate | null
    deletedAt: Instant | null
    createdAt: Instant
    updatedAt: Instant
  }>

/** Days on which a period may fail before its template is paused. Source: Invoicing specification 10.2. */
export const failuresMax = 3

const steps: Readonly<Record<Frequency, Readonly<{ unit: 'days' | 'months'; count: number }>>> = {
  daily: { unit: 'days', count: 1 },
  weekly: { unit: 'days', count: 7 },
  monthly: { unit: 'months', count: 1 },
  quarterly: { unit: 'months', count: 3 },
  yearly: { unit: 'months', count: 12 },
}

const lastDay = asDate('9999-12-31')

/**
 * The first period of a schedule that begins after a day; without a day its first. Kinds of months
 * keep the day they began on: 31 January, 28 February, 31 March. Null where the calendar ends.
 * Source: Invoicing specification 10.2.
 */
function periodAfter(
  { frequency, every, startDate }: Schedule,
  day: CalendarDate | null,
): CalendarDate | null {
  if (day === null || day < startDate) return startDate
  const { unit, count } = steps[frequency]
  const step = count * every
  if (unit === 'days') {
    const days = (Math.floor(daysBetween(startDate, day) / step) + 1) * step
    return days > daysBetween(startDate, lastDay) ? null : addDays(startDate, days)
  }
  const months = (yearOf(day) - yearOf(startDate)) * 12 + monthOf(day) - monthOf(startDate)
  const monthsMax = (9999 - yearOf(startDate)) * 12 + 12 - monthOf(startDate)
  for (let later = Math.floor(months / step) * step; later <= monthsMax; later += step) {
    const date = addMonths(startDate, later)
    if (date > day) return date
  }
  return null
}

/** The next period that the schedule still has after a day; null: it is over. */
export function nextPeriod(
  schedule: Schedule,
  { lastDate, occurrences }: Readonly<{ lastDate: CalendarDate | null; occurrences: number }>,
): CalendarDate | null {
  const { endDate, occurrencesMax } = schedule
  if (occurrencesMax !== null && occurrences >= occurrencesMax) return null
  const next = periodAfter(schedule, lastDate)
  return next === null || (endDate !== null && next > endDate) ? null : next
}

/** A template after the invoice of its waiting period was made. */
export function toAdvanced(recurring: Recurring, period: CalendarDate): Recurring {
  const occurrences = recurring.occurrences + 1
  const nextDate = nextPeriod(recurring, { lastDate: period, occurrences })
  return {
    ...recurring,
    ...{ occurrences, lastDate: period, nextDate, failures: 0, retryOn: null },
    ...(nextDate === null && { status: 'completed', pauseReason: null }),
  }
}

/** A template after its waiting period failed: tried again tomorrow, or paused after three days. */
export function toFailed(recurring: Recurring, today: CalendarDate, reason: string): Recurring {
  const failures = recurring.failures + 1
  if (failures < failuresMax) return { ...recurring, failures, retryOn: addDays(today, 1) }
  return { ...recurring, failures, retryOn: null, status: 'paused', pauseReason: reason }
}

/** A template whose periods come by another schedule, after those that were made. */
export function toRescheduled(recurring: Recurring): Recurring {
  if (recurring.status === 'completed') return recurring
  const nextDate = nextPeriod(recurring, recurring)
  const isOver = nextDate === null
  return { ...recurring, nextDate, ...(isOver && { status: 'completed', pauseReason: null }) }
}

/**
 * A template that runs again. What failed is tried again; what lay in a pause that somebody asked
 * for is passed over.
 */
export function toResumed(recurring: Recurring, today: CalendarDate): Recurring {
  const { pauseReason, nextDate, occurrences } = recurring
  const active = { ...recurring, status: 'active', pauseReason: null, failures: 0 } as const
  if (pauseReason !== null || nextDate === null || nextDate >= today) {
    return { ...active, retryOn: null }
  }
  const next = nextPeriod(recurring, { lastDate: addDays(today, -1), occurrences })
  return { ...active, retryOn: null, nextDate: next, ...(next === null && { status: 'completed' }) }
}

/**
 * A template may be paused or resumed.
 * Refuses, in this order: sales.schedule_ended (resuming), resource.invalid_transition.
 */
export function requireMove(
  to: 'active' | 'paused',
  recurring: Pick<Recurring, 'status' | 'lastDate' | 'endDate' | 'startDate'>,
): void {
  const { status: from } = recurring
  if (to === 'active') requireRunning(recurring)
  if (from === to || from === 'completed') {
    throw new Refusal('resource.invalid_transition', { resource: 'Recurring invoice', from, to })
  }
}

/** A template still has a period. Refuses: sales.schedule_ended. */
export function requireRunning(
  recurring: Pick<Recurring, 'status' | 'lastDate' | 'endDate' | 'startDate'>,
): void {
  if (recurring.status !== 'completed') return
  const date = recurring.lastDate ?? recurring.endDate ?? recurring.startDate
  throw new Refusal('sales.schedule_ended', { date })
}

export type RecurringSort = 'createdAt' | 'updatedAt' | 'nextDate'

/** How a list of recurring invoices is narrowed; all that are given must hold. */
export type RecurringFilter = Readonly<{
  businessId: Id<'business'>
  statuses?: readonly RecurringStatus[]
  customerId?: string
  externalId?: string
  /** Matches a part, without regard to case. */
  name?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: RecurringSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
}>
