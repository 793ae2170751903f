import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Entry, Line } from '../ledger/journal.ts'
import { totals } from '../ledger/journal.ts'

/**
 * What a verification can find. `outside_chain`: a row that no link covers. `chain_truncated`: an
 * anchor names a link that is gone.
 */
export type FindingKind =
  | 'sequence_gap'
  | 'head_mismatch'
  | 'link_hash'
  | 'link_previous'
  | 'link_facts'
  | 'outside_chain'
  | 'entry_broken'
  | 'line_without_entry'
  | 'snapshot_changed'
  | 'seal_changed'
  | 'document_total'
  | 'document_entry'
  | 'balance_day'
  | 'balance_month'
  | 'control_account'
  | 'open_item'
  | 'number_gap'
  | 'number_register'
  | 'meter_entry'
  | 'meter_balance'
  | 'meter_charge'
  | 'anchor_mismatch'
  | 'anchor_signature'
  | 'chain_truncated'

/** One thing that is not as it must be; `where` names the place, beginning with the tenant's id. */
export type Finding = Readonly<{
  kind: FindingKind
  where: string
  expected: string
  found: string
}>

/** What was looked at. */
export type Checked = {
  entries: number
  lines: number
  links: number
  auditRows: number
  rollups: number
  sequences: number
  charges: number
}

export type Verification = Readonly<{ checked: Checked; findings: readonly Finding[] }>

/** Findings kept per tenant: a broken chain needs no complete list. */
export const findingsMax = 1_000

/** A line as it is stored, with the copies of its entry's facts. */
export type StoredLine = Line &
  Readonly<{
    lineNo: number
    accountingDate: CalendarDate
    entrySeq: bigint
    dimensionSetId: number
  }>

/** An entry as it is stored. */
export type StoredEntry = Omit<Entry, 'lines'> &
  Readonly<{ link: bigint; lineCount: number; lines: readonly StoredLine[] }>

/** The head of a tenant's lane, its newest link as far as it knows. */
export type StoredHead = Readonly<{
  entrySeq: bigint
  link: bigint
  eventSeq: bigint
  auditSeq: bigint
  chainHash: string
  horizon: CalendarDate | null
  recordedAt: Instant
}>

/** A link as it is stored; hashes as lower-case hexadecimal digits. */
export type StoredLink = Readonly<{
  link: bigint
  recordedAt: Instant
  previousHash: string
  hash: string
  firstEntrySeq: bigint
  lastEntrySeq: bigint
  firstEventSeq: bigint
  lastEventSeq: bigint
  firstAuditSeq: bigint
  lastAuditSeq: bigint
  recordCount: number
}>

export const nothingChecked = (): Checked => ({
  entries: 0,
  lines: 0,
  links: 0,
  auditRows: 0,
  rollups: 0,
  sequences: 0,
  charges: 0,
})

/** Counts of several tenants together. */
export function addChecked(a: Checked, b: Checked): Checked {
  const sum = { ...a }
  for (const name of Object.keys(sum) as (keyof Checked)[]) sum[name] += b[name] // its own keys
  return sum
}

/**
 * What is wrong with an entry by itself: sides that differ, in base or in a currency, lines that
 * are not 1, 2, 3 … or that contradict their entry.
 * Source: ledger specification 4.3 (J1, J2, J3, J6) and 7.6, check 4.
 */
export function brokenEntry(entry: StoredEntry): readonly string[] {
  const { lines } = entry
  const { debit, credit } = totals(lines)
  const sumByCurrency = new Map<string, bigint>()
  for (const { currency, amount } of lines) {
    sumByCurrency.set(currency, (sumByCurrency.get(currency) ?? 0n) + amount)
  }
  const stray = lines.findIndex(
    (line, index) =>
      line.lineNo !== index + 1 ||
      line.accountingDate !== entry.accountingDate ||
      line.entrySeq !== entry.seq ||
      (line.dimensionSetId !== 0) !== (line.tags !== undefined),
  )
  const broken: string[] = []
  if (debit !== credit) broken.push(`debits ${debit} and credits ${credit} in base`)
  if (debit !== entry.totalBase) broken.push(`debits ${debit} and a total of ${entry.totalBase}`)
  for (const [currency, sum] of sumByCurrency) {
    if (sum !== 0n) broken.push(`a sum of ${sum} in ${currency}`)
  }
  if (lines.length !== entry.lineCount || lines.length < 2) {
    broken.push(`${lines.length} lines of ${entry.lineCount}`)
  }
  if (stray >= 0) broken.push(`line ${lines[stray]?.lineNo} that does not fit its entry`)
  return broken
}

/** What contradicts the link before it: expected and found, each as one text. */
export function brokenLink(
  link: StoredLink,
  previous: StoredLink | undefined,
): Readonly<{ expected: string; found: string }> | undefined {
  const first = (last: bigint | undefined): bigint => (last ?? 0n) + 1n
  const expected = [
    ...['entries', first(previous?.lastEntrySeq), 'audit rows', first(previous?.lastAuditSeq)],
    ...['events', first(previous?.lastEventSeq)],
  ].join(' ')
  const found = [
    ...['entries', link.firstEntrySeq, 'audit rows', link.firstAuditSeq],
    ...['events', link.firstEventSeq],
  ].join(' ')
  const isForward =
    link.lastEntrySeq >= link.firstEntrySeq - 1n &&
    link.lastAuditSeq >= link.firstAuditSeq - 1n &&
    link.lastEventSeq >= link.firstEventSeq - 1n
  if (expected === found && isForward) return undefined
  return { expected, found: isForward ? found : `${found}, ending before it begins` }
}

/** Where an entry, a link or another row of a tenant is. */
export const placeOf = (tenantId: Id<'business'> | Id<'organization'>, what: string): string =>
  `${tenantId} ${what}`
