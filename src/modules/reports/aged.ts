import { type CalendarDate, daysBetween } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { OpenItem } from '../ledger/open-item.ts'

/** Amounts by age in days after the due date: up to 0, 1-30, 31-60, 61-90, over 90. Minor units. */
export type Ages = Readonly<{
  current: bigint
  days30: bigint
  days60: bigint
  days90: bigint
  over90: bigint
  total: bigint
}>

export type AgedParty = Readonly<{
  partyId: Id<'party'>
  name: string
  ages: Ages
  /** Unused deposits of the party, never netted. */
  deposits: bigint
}>

/** Carrying values in base currency, and the same in each currency of the items. */
export type Aged = Readonly<{
  date: CalendarDate
  parties: readonly AgedParty[]
  ages: Ages
  deposits: bigint
  agesByCurrency: ReadonlyMap<string, Ages>
}>

export type AgedItem = Pick<
  OpenItem,
  'side' | 'partyId' | 'currency' | 'openAmount' | 'openBase' | 'documentDate' | 'dueDate'
> &
  Readonly<{ partyName: string }>

const none: Ages = { current: 0n, days30: 0n, days60: 0n, days90: 0n, over90: 0n, total: 0n }

/**
 * Open items at a date by party and age. An item without due date is aged by its document's date.
 * Source: ledger specification 9.4.
 */
export function aged(items: readonly AgedItem[], date: CalendarDate): Aged {
  const partyById = new Map<Id<'party'>, AgedParty>()
  const agesByCurrency = new Map<string, Ages>()
  let ages = none
  let deposits = 0n
  for (const item of items) {
    const { partyId, partyName: name, currency, openAmount, openBase } = item
    const party = partyById.get(partyId) ?? { partyId, name, ages: none, deposits: 0n }
    if (item.side === 'DEP' || item.side === 'SDP') {
      partyById.set(partyId, { ...party, deposits: party.deposits + openBase })
      deposits += openBase
      continue
    }
    const bucket = bucketOf(item, date)
    partyById.set(partyId, { ...party, ages: plus(party.ages, bucket, openBase) })
    const known = agesByCurrency.get(currency) ?? none
    agesByCurrency.set(currency, plus(known, bucket, openAmount))
    ages = plus(ages, bucket, openBase)
  }
  const parties = [...partyById.values()].sort(
    (a, b) => a.name.localeCompare(b.name) || a.partyId.localeCompare(b.partyId),
  )
  return { date, parties, ages, deposits, agesByCurrency }
}

type Bucket = Exclude<keyof Ages, 'total'>

function bucketOf({ dueDate, documentDate }: AgedItem, date: CalendarDate): Bucket {
  const days = daysBetween(dueDate ?? documentDate, date)
  if (days <= 0) return 'current'
  if (days <= 30) return 'days30'
  if (days <= 60) return 'days60'
  return days <= 90 ? 'days90' : 'over90'
}

const plus = (ages: Ages, bucket: Bucket, amount: bigint): Ages => ({
  ...ages,
  [bucket]: ages[bucket] + amount,
  total: ages.total + amount,
})
