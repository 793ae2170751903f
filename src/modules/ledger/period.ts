import { addDays, type CalendarDate, monthsOf, type Period } from '../../kernel/dates.ts'
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

/** One line of the list that is gone through before a close. */
export type CloseCheck = Readonly<{ check: string; result: 'ok' | 'warn' | 'block'; count: number }>

export const toCheck = (check: string, count: number, otherwise: 'warn' | 'block'): CloseCheck => ({
  check,
  result: count === 0 ? 'ok' : otherwise,
  count,
})

/**
 * What the ledger's own counts mean; only sub-ledgers and integrity stop a close.
 * Source: ledger specification 6.3.
 */
export const toCloseChecks = (counts: CloseCounts): readonly CloseCheck[] => [
  toCheck('revaluation', counts.revaluations, 'warn'),
  toCheck('subledger', counts.subledgers, 'block'),
  toCheck('opening_equity', counts.openingBalances, 'warn'),
  toCheck('integrity', counts.unbalancedEntries, 'block'),
]

/** Counts of what is out of order up to a day. */
export type CloseCounts = Readonly<{
  /** Control accounts whose balance differs from their open items. */
  subledgers: number
  /** Entries whose lines do not balance. */
  unbalancedEntries: number
  /** Accounts with a balance that opening entries should have brought to zero. */
  openingBalances: number
  /** Balances in other currencies without a revaluation on the day. */
  revaluations: number
}>

/**
 * The period to a month's end may be closed: it is over, it is not closed already, and it does not
 * end before the books begin, where nothing can be posted anyway.
 * Refuses, in this order: ledger.year_already_closed, ledger.year_not_closable.
 * Source: ledger specification 6.1 and 6.3.
 */
export function requireClosable(
  through: CalendarDate,
  { booksStart, today, locks }: Calendar,
): void {
  const closed = closedThrough(locks)
  if (through < booksStart || (closed !== undefined && through <= closed)) {
    throw new Refusal('ledger.year_already_closed', { date: through })
  }
  if (through >= today) {
    throw new Refusal('ledger.year_not_closable', { reason: `${through} has not passed yet` })
  }
}

/** The open months through a month's end, in order. */
export function monthsToClose(
  through: CalendarDate,
  booksStart: CalendarDate,
  locks: readonly Lock[],
): readonly Period[] {
  const closed = closedThrough(locks)
  const start = closed === undefined ? booksStart : addDays(closed, 1)
  return monthsOf({ start, end: through })
}

/** The last day of what was closed for good. */
export const closedThrough = (locks: readonly Lock[]): CalendarDate | undefined =>
  locks.find(({ kind, through }) => kind === 'hard' && through !== null)?.through ?? undefined

/** A row of a trial balance, as a seal covers it; amounts in minor units. */
type SealedRow = Readonly<{
  accountId: string
  currency: string
  bucket: number
  debitBase: bigint
  creditBase: bigint
  debit: bigint
  credit: bigint
}>

/**
 * The text whose SHA-256 seals a trial balance: a line per row, in order of account, currency and
 * bucket.
 * Source: ledger specification 7.6 (record S).
 */
export const toSealText = (rows: readonly SealedRow[]): string =>
  rows
    .map(({ accountId, currency, bucket, debitBase, creditBase, debit, credit }) =>
      [accountId, currency, bucket, debitBase, creditBase, debit, credit].join(' '),
    )
    .join('\n')
