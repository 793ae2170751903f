import { addDays, type CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'

export type LockScope = 'sales' | 'purchases' | 'bank' | 'payroll' | 'journals'

/** The newest row of each (kind, scope); `through` null means lifted. */
export type Lock = Readonly<{
  kind: 'soft' | 'hard' | 'tax'
  scope: LockScope | 'all'
  through: CalendarDate | null
}>

export const futureDaysMax = 366

/** What a posting's date is compared with. */
export type Calendar = Readonly<{
  booksStart: CalendarDate
  today: CalendarDate
  locks: readonly Lock[]
}>

/**
 * The date lies within the books and in an open period of its scope.
 *
 * hasTax   the posting has a line on a tax account that is not a settlement
 * Refuses, in this order: ledger.date_too_far, ledger.period_closed, ledger.period_locked,
 * tax.return_filed.
 * Source: ledger specification 6.1 and 6.2; the hard and tax lock are stated again by the trigger
 * `journal_balanced`.
 */
export function requireOpenDate(
  date: CalendarDate,
  { booksStart, today, locks }: Calendar,
  { scope, hasTax }: Readonly<{ scope: LockScope; hasTax: boolean }>,
): void {
  const latest = addDays(today, futureDaysMax)
  if (date < booksStart || date > latest) {
    throw new Refusal('ledger.date_too_far', { date, from: booksStart, to: latest })
  }
  for (const kind of ['hard', 'soft', 'tax'] as const) {
    for (const lock of locks) {
      if (lock.kind !== kind || lock.through === null || date > lock.through) continue
      const earliest = addDays(lock.through, 1)
      if (kind === 'hard') throw new Refusal('ledger.period_closed', { date, earliest })
      if (kind === 'soft' && (lock.scope === 'all' || lock.scope === scope)) {
        throw new Refusal('ledger.period_locked', { date, scope: lock.scope, earliest })
      }
      if (kind === 'tax' && hasTax) {
        throw new Refusal('tax.return_filed', { period: `to ${lock.through}` })
      }
    }
  }
}

/** The first day on or after `date` that no hard or soft lock of the scope covers. */
export function firstOpenDate(
  date: CalendarDate,
  { booksStart, locks }: Calendar,
  scope: LockScope,
): CalendarDate {
  const bounds = locks.flatMap(({ kind, scope: own, through }) =>
    through !== null && kind !== 'tax' && (own === 'all' || own === scope)
      ? [addDays(through, 1)]
      : [],
  )
  return [booksStart, ...bounds].reduce((latest, bound) => (bound > latest ? bound : latest), date)
}
