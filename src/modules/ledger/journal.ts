import { assert } from '../../kernel/assert.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { amountMax, money } from '../../kernel/money.ts'
import type { LockScope } from './period.ts'

export const linesMin = 2
export const linesMax = 1_000

export type EntryKind = 'standard' | 'reversal' | 'fx' | 'closing' | 'opening'

/**
 * One row of an entry. `amount` is in minor units of `currency`, `base` in minor units of the base
 * currency; both signed, debit positive. `rate` is base per one unit, as decimal text.
 */
export type Line = Readonly<{
  accountId: Id<'account'>
  currency: string
  amount: bigint
  base: bigint
  rate?: string
  rateSource?: string
  partyId?: Id<'party'>
  openItemId?: Id<'item'>
  taxTag?: string
  bucket?: 0 | 1
  description?: string
  /** What `toTags` answers: sorted, none twice; absent when there are none. */
  tags?: readonly string[]
}>

/** What callers note beside a resource: names and texts. */
type Metadata = Readonly<Record<string, string>>

/** An entry as a module hands it over. `scope` names the soft lock that applies to it. */
export type NewEntry = Readonly<{
  accountingDate: CalendarDate
  kind: EntryKind
  sourceType: string
  sourceId?: string
  description: string
  reference?: string
  externalId?: string
  /** Not part of the chain: it says nothing about the books. */
  metadata?: Metadata
  reversesEntryId?: Id<'entry'>
  scope: LockScope
  lines: readonly Line[]
}>

/** A posted entry: immutable. `seq` counts from 1 per business in the order of commit. */
export type Entry = NewEntry &
  Readonly<{
    id: Id<'entry'>
    seq: bigint
    number: string
    recordedAt: Instant
    actor: string
    totalBase: bigint
  }>

/** A line of a manual entry, in base currency; `base` signed, debit positive, not zero. */
export type JournalLine = Readonly<{
  accountCode: string
  base: bigint
  description: string | null
  tags?: readonly string[]
}>

/** A manual entry before it is posted; also the content of a draft. */
export type Journal = Readonly<{
  accountingDate: CalendarDate
  description: string
  reference: string | null
  externalId?: string | null
  metadata?: Metadata
  lines: readonly JournalLine[]
}>

/** Tags as they are kept: sorted, none twice; undefined for none. */
export function toTags(given: readonly string[]): readonly string[] | undefined {
  const tags = [...new Set(given)].sort()
  return tags.length === 0 ? undefined : tags
}

/**
 * Whether two manual entries say the same, so that the second is the first sent again.
 * Source: ledger specification 7.4.
 */
export const isSameJournal = (one: Journal, other: Journal): boolean =>
  contentOf(one) === contentOf(other)

const contentOf = ({ lines, metadata = {}, ...head }: Journal): string =>
  JSON.stringify([
    ...[head.accountingDate, head.description, head.reference, head.externalId ?? null],
    Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
    lines.map(({ accountCode, base, description, tags }) => [
      ...[accountCode, base.toString(), description, tags ?? []],
    ]),
  ])

/**
 * Two to a thousand lines, none empty, each amount within 15 digits.
 * Refuses, in this order: ledger.too_few_lines, ledger.too_many_lines, ledger.line_zero,
 * ledger.amount_overflow.
 * Source: ledger specification 4.3 (J3), 7.7 and 12.
 */
export function requireShape(lines: readonly Pick<Line, 'amount' | 'base'>[]): void {
  if (lines.length < linesMin) throw new Refusal('ledger.too_few_lines', { min: linesMin })
  if (lines.length > linesMax) throw new Refusal('ledger.too_many_lines', { max: linesMax })
  for (const [index, { amount, base }] of lines.entries()) {
    if (amount === 0n && base === 0n) throw new Refusal('ledger.line_zero', { line: index + 1 })
    if (isTooLarge(amount) || isTooLarge(base)) throw new Refusal('ledger.amount_overflow')
  }
}

/**
 * Debits equal credits to the minor unit in base currency, and in every currency of the entry. A
 * line in base currency has one amount, so an amount of zero with one in base is a difference of
 * exchange; anything else is a bug of the action that made it.
 * Refuses, in this order: ledger.journal_unbalanced, ledger.journal_unbalanced_currency.
 * Source: Books reference, journal entries; ledger specification 4.2 and 4.3 (J1, J2, J4). J1 and J2
 * are stated again by the trigger `journal_balanced`.
 */
export function requireBalanced(
  lines: readonly Pick<Line, 'currency' | 'amount' | 'base'>[],
  baseCurrency: string,
): void {
  const { debit, credit } = totals(lines)
  if (debit !== credit) {
    throw new Refusal('ledger.journal_unbalanced', {
      debit: money(debit, baseCurrency),
      credit: money(credit, baseCurrency),
      difference: money(abs(debit - credit), baseCurrency),
    })
  }
  const isWhole = lines.every((line) => line.currency !== baseCurrency || line.amount === line.base)
  assert(isWhole, 'a line in base currency has one amount')
  if (lines.every(({ currency }) => currency === baseCurrency)) return
  const sumByCurrency = new Map<string, bigint>()
  for (const { currency, amount } of lines) {
    sumByCurrency.set(currency, (sumByCurrency.get(currency) ?? 0n) + amount)
  }
  for (const [currency, sum] of sumByCurrency) {
    if (sum !== 0n) {
      throw new Refusal('ledger.journal_unbalanced_currency', {
        currency,
        difference: money(abs(sum), currency),
      })
    }
  }
}

/** Both sides of an entry in base currency, each positive. */
export function totals(lines: readonly Pick<Line, 'base'>[]): { debit: bigint; credit: bigint } {
  let debit = 0n
  let credit = 0n
  for (const { base } of lines) {
    if (base > 0n) debit += base
    else credit -= base
  }
  return { debit, credit }
}

/** The mirrored lines of a reversal: every sign turned, everything else as it was. */
export const mirrored = (lines: readonly Line[]): readonly Line[] =>
  lines.map((line) => ({ ...line, amount: -line.amount, base: -line.base }))

/**
 * Canonical form of an entry in the hash chain.
 * Source: ledger specification 7.6, record E.
 */
export function toChainRecord(entry: Entry): (string | null | (string | null)[])[] {
  return [
    'E',
    entry.seq.toString(),
    entry.id,
    entry.number,
    entry.accountingDate,
    entry.recordedAt,
    entry.kind,
    entry.sourceType,
    entry.sourceId ?? null,
    entry.reversesEntryId ?? null,
    entry.externalId ?? null,
    entry.actor,
    entry.description,
    entry.reference ?? null,
    ...entry.lines.map((line, index) => [
      String(index + 1),
      line.accountId,
      line.currency,
      line.amount.toString(),
      line.base.toString(),
      line.rate === undefined ? null : trimRate(line.rate),
      line.rateSource ?? null,
      line.partyId ?? null,
      line.openItemId ?? null,
      line.taxTag ?? null,
      line.tags?.join(',') ?? '',
      String(line.bucket ?? 0),
      line.description ?? null,
    ]),
  ]
}

/** What the outbox says of a posted entry: complete, amounts as decimal text of minor units. */
export const toEventPayload = (entry: Entry): Readonly<Record<string, unknown>> => ({
  id: entry.id,
  number: entry.number,
  accountingDate: entry.accountingDate,
  kind: entry.kind,
  sourceType: entry.sourceType,
  sourceId: entry.sourceId ?? null,
  description: entry.description,
  totalBase: entry.totalBase.toString(),
  lines: entry.lines.map((line) => ({
    accountId: line.accountId,
    currency: line.currency,
    amount: line.amount.toString(),
    base: line.base.toString(),
  })),
})

/** A rate without trailing zeros: `1520.000000000000` is `1520`. */
export const trimRate = (rate: string): string =>
  rate.includes('.') ? rate.replace(/\.?0+$/, '') : rate

const isTooLarge = (amount: bigint): boolean => abs(amount) > amountMax
const abs = (value: bigint): bigint => (value < 0n ? -value : value)

/** A manual entry that is kept and not posted; `postedNumber` once it was. */
export type Draft = Journal &
  Readonly<{ id: Id<'entry'>; postedNumber: string | null; createdAt: Instant }>
