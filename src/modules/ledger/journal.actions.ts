import type { Ctx, Together } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn, monthStart } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Account } from './account.ts'
import { toDeltas } from './balance.ts'
import { type Book, loadBook } from './book.queries.ts'
import {
  carryForward,
  deleteDraftRow,
  insertDraft,
  insertEntries,
  insertMetadata,
  internTags,
  markDraftPosted,
  updateDraftRow,
} from './journal.db.ts'
import { type FoundJournal, getJournal, listByExternalId } from './journal.queries.ts'
import {
  type Draft,
  type Entry,
  isSameJournal,
  type Journal,
  type Line,
  mirrored,
  type NewEntry,
  requireBalanced,
  requireShape,
  toChainRecord,
  toEventPayload,
  totals,
} from './journal.ts'
import { takeNumbers } from './number-series.actions.ts'
import { type Calendar, firstOpenDate, type LockScope, requireOpenDate } from './period.ts'

/** A posted entry with the account of each of its lines. */
export type PostedJournal = Entry & Readonly<{ accounts: readonly Account[] }>

/** A draft with the account of each of its lines. */
export type KeptDraft = Draft & Readonly<{ accounts: readonly Account[] }>

type Prepared = Readonly<{ ctx: Ctx; entry: NewEntry; id: Id<'entry'> }>

/**
 * Posts one entry: lines, roll-ups, number, chain record, audit row and event in one commit.
 * Refuses, in this order: ledger.too_few_lines, ledger.too_many_lines, ledger.line_zero,
 * ledger.amount_overflow, ledger.account_not_found, ledger.account_inactive,
 * ledger.account_is_group, ledger.account_currency_mismatch, ledger.journal_unbalanced,
 * ledger.journal_unbalanced_currency, ledger.date_too_far, ledger.period_closed,
 * ledger.period_locked, tax.return_filed.
 * Source: ledger specification 4 and 7.
 */
export async function postEntry(ctx: Ctx, entry: NewEntry): Promise<Entry> {
  const book = await ctx.remember(loadBook)
  requirePostable(entry, book, calendarOf(ctx, book))
  return writeEntry(ctx, entry)
}

/**
 * Posts a manual entry at once. An external id is a permanent key: the same entry sent again answers
 * the one that is there.
 * Refuses, in this order: resource.external_id_taken, ledger.too_few_lines, ledger.too_many_lines, ledger.line_zero,
 * ledger.amount_overflow, ledger.account_not_found, ledger.account_inactive,
 * ledger.account_is_group, ledger.account_is_control, ledger.account_currency_mismatch,
 * ledger.journal_unbalanced, ledger.date_too_far, ledger.period_closed, ledger.period_locked.
 * Source: Books specification 12.1; ledger specification 4.4 and 7.4.
 */
export async function postJournal(ctx: Ctx, journal: Journal): Promise<PostedJournal> {
  const book = await ctx.remember(loadBook)
  const known = await findKnown(ctx, journal.externalId, book)
  const entry =
    known === undefined
      ? await writeEntry(ctx, prepareJournal(journal, book, calendarOf(ctx, book)))
      : requireSame(known, journal)
  return withAccounts(entry, book)
}

/** A journal with an external id: a draft, or an entry. */
type Known = Readonly<{ journal: Journal; is: Draft | Entry }>

async function findKnown(
  ctx: Ctx,
  externalId: Journal['externalId'],
  book: Book,
): Promise<Known | undefined> {
  if (!externalId) return undefined
  const found = await ctx.readTogether(findByExternalId, externalId)
  return found && toKnown(found, book)
}

const findByExternalId: Together<string, FoundJournal | undefined> = async (
  { tx, businessId },
  externalIds,
) => {
  const found = await listByExternalId(tx, businessId, externalIds)
  const byExternalId = new Map(
    found.map((one) => [('draft' in one ? one.draft : one.entry).externalId, one]),
  )
  return externalIds.map((externalId) => byExternalId.get(externalId))
}

function toKnown(found: FoundJournal, { accountById }: Book): Known {
  if ('draft' in found) return { journal: found.draft, is: found.draft }
  const { entry } = found
  const lines = entry.lines.map(({ accountId, base, description = null, tags }) => ({
    accountCode: accountById.get(accountId)?.code ?? '',
    base,
    description,
    ...(tags !== undefined && { tags }),
  }))
  return { journal: { ...entry, reference: entry.reference ?? null, lines }, is: entry }
}

/** Refuses: resource.external_id_taken (a draft has it, or another journal). */
function requireSame({ journal, is }: Known, input: Journal): Entry {
  if (!('seq' in is)) throw externalIdTaken(input)
  if (!isSameJournal(journal, input)) throw externalIdTaken(input)
  return is
}

const externalIdTaken = ({ externalId }: Journal): Refusal =>
  new Refusal('resource.external_id_taken', {
    externalId: externalId ?? '',
    resource: 'Journal entry',
  })

/** Refuses: resource.external_id_taken, unless it is the draft's own. */
async function requireFreeExternalId(
  ctx: Ctx,
  journal: Journal,
  draftId?: Id<'entry'>,
): Promise<void> {
  const { externalId } = journal
  if (!externalId) return
  const found = await listByExternalId(ctx.tx, ctx.businessId, [externalId])
  const isOther = (one: FoundJournal): boolean => !('draft' in one) || one.draft.id !== draftId
  if (found.some(isOther)) throw externalIdTaken(journal)
}

/**
 * Keeps a manual entry without touching any balance until it is posted.
 * Refuses, in this order: ledger.too_few_lines, ledger.too_many_lines, ledger.line_zero,
 * ledger.account_not_found, ledger.account_inactive, ledger.account_is_group,
 * ledger.account_is_control, ledger.account_currency_mismatch, ledger.journal_unbalanced,
 * resource.external_id_taken.
 * Source: Books specification 12.1 (create gives a draft).
 */
export async function draftJournal(ctx: Ctx, journal: Journal): Promise<KeptDraft> {
  const book = await ctx.remember(loadBook)
  const { lines } = prepareJournal(journal, book, undefined)
  await requireFreeExternalId(ctx, journal)
  const draft = toDraft(ctx, ctx.newId('entry'), journal)
  await insertDraft(ctx.tx, ctx.businessId, toRow(draft, ctx.now))
  record(ctx, 'drafted', draft.id)
  return { ...draft, accounts: accountsOf(lines, book) }
}

/**
 * Changes what is named of a draft.
 * Refuses, in this order: resource.not_found, ledger.entry_not_draft, then what `draftJournal`
 * refuses.
 */
export async function updateDraft(
  ctx: Ctx,
  { draftId, changes }: Readonly<{ draftId: Id<'entry'>; changes: Partial<Journal> }>,
): Promise<KeptDraft> {
  const before = await lockDraft(ctx, draftId)
  const journal = { ...before, ...changes }
  const book = await ctx.remember(loadBook)
  const { lines } = prepareJournal(journal, book, undefined)
  await requireFreeExternalId(ctx, journal, draftId)
  const draft = { ...toDraft(ctx, draftId, journal), createdAt: before.createdAt }
  await updateDraftRow(ctx.tx, ctx.businessId, toRow(draft, ctx.now))
  record(ctx, 'updated', draftId)
  return { ...draft, accounts: accountsOf(lines, book) }
}

/** Removes a draft. Refuses, in this order: resource.not_found, ledger.entry_not_draft. */
export async function deleteDraft(ctx: Ctx, draftId: Id<'entry'>): Promise<void> {
  await lockDraft(ctx, draftId)
  await deleteDraftRow(ctx.tx, ctx.businessId, draftId)
  record(ctx, 'deleted', draftId)
}

/**
 * Posts a draft; the entry keeps the draft's id and takes its number now.
 * Refuses, in this order: resource.not_found, ledger.entry_not_draft, then what `postJournal`
 * refuses.
 */
export async function postDraft(ctx: Ctx, draftId: Id<'entry'>): Promise<PostedJournal> {
  const draft = await lockDraft(ctx, draftId)
  const book = await ctx.remember(loadBook)
  const entry = prepareJournal(draft, book, calendarOf(ctx, book))
  await markDraftPosted(ctx.tx, ctx.businessId, draftId)
  return withAccounts(await writeEntry(ctx, entry, draftId), book)
}

type ReverseJournal = Readonly<{
  entryId: Id<'entry'>
  /** Absent: the original's date if open, else the first open day. */
  date?: CalendarDate
  reason: string
}>

/**
 * Reverses a manual entry by a mirrored one.
 * Refuses, in this order: resource.not_found, ledger.entry_not_posted,
 * ledger.entry_already_reversed, ledger.entry_has_source, ledger.reversal_too_early, then what
 * `postEntry` refuses about dates.
 * Source: ledger specification 4.4; Books specification 12.1.
 */
export async function reverseJournal(
  ctx: Ctx,
  { entryId, date, reason }: ReverseJournal,
): Promise<PostedJournal> {
  const original = await requireReversible(ctx, entryId)
  if (original.sourceType !== 'manual') {
    throw new Refusal('ledger.entry_has_source', {
      number: original.number,
      source: original.sourceType,
    })
  }
  const entry = await reverse(ctx, original, { date, reason, scope: 'journals' })
  return withAccounts(entry, await ctx.remember(loadBook))
}

type ReverseEntry = Readonly<{
  entryId: Id<'entry'>
  date?: CalendarDate
  reason: string
  scope: LockScope
}>

/**
 * Reverses the entry of a document; the document's own action calls it.
 * Refuses, in this order: resource.not_found, ledger.entry_already_reversed,
 * ledger.reversal_too_early, then what `postEntry` refuses about dates.
 */
export async function reverseEntry(
  ctx: Ctx,
  { entryId, date, reason, scope }: ReverseEntry,
): Promise<Entry> {
  return reverse(ctx, await requireReversible(ctx, entryId), { date, reason, scope })
}

async function reverse(
  ctx: Ctx,
  original: Entry,
  {
    date,
    reason,
    scope,
  }: Readonly<{ date: CalendarDate | undefined; reason: string; scope: LockScope }>,
): Promise<Entry> {
  const calendar = calendarOf(ctx, await ctx.remember(loadBook))
  const accountingDate = date ?? firstOpenDate(original.accountingDate, calendar, scope)
  if (accountingDate < original.accountingDate) {
    throw new Refusal('ledger.reversal_too_early', { date: original.accountingDate })
  }
  return postEntry(ctx, {
    accountingDate,
    kind: 'reversal',
    sourceType: original.sourceType,
    ...(original.sourceId !== undefined && { sourceId: original.sourceId }),
    description: `Reversal of ${original.number}: ${reason}`.slice(0, 500),
    reversesEntryId: original.id,
    scope,
    lines: mirrored(original.lines),
  })
}

async function requireReversible(ctx: Ctx, entryId: Id<'entry'>): Promise<Entry> {
  const found = await getJournal(ctx.tx, ctx.businessId, entryId)
  if ('draft' in found) throw new Refusal('ledger.entry_not_posted', { number: '(draft)' })
  const { entry, reversedByNumber } = found
  if (reversedByNumber !== null) {
    throw new Refusal('ledger.entry_already_reversed', {
      number: entry.number,
      reversal: reversedByNumber,
    })
  }
  if (entry.kind === 'reversal') {
    throw new Refusal('ledger.entry_already_reversed', {
      number: entry.number,
      reversal: entry.number,
    })
  }
  return entry
}

async function lockDraft(ctx: Ctx, draftId: Id<'entry'>): Promise<Draft> {
  const found = await getJournal(ctx.tx, ctx.businessId, draftId)
  if ('draft' in found) return found.draft
  const { number } = found.entry
  const status = found.reversedById === null ? 'posted' : 'reversed'
  throw new Refusal('ledger.entry_not_draft', { number, status })
}

/** Turns a manual entry into lines of accounts, checked; with a calendar its date too. */
function prepareJournal(journal: Journal, book: Book, calendar: Calendar | undefined): NewEntry {
  const { baseCurrency } = book.business
  requireShape(journal.lines.map(({ base }) => ({ amount: base, base })))
  const lines = journal.lines.map(({ accountCode, base, description, tags }): Line => {
    const account = book.accountByCode.get(accountCode)
    if (account === undefined) {
      throw new Refusal('ledger.account_not_found', { account: accountCode })
    }
    return {
      accountId: account.id,
      currency: baseCurrency,
      amount: base,
      base,
      ...(account.level === 'tagged' && { taxTag: 'settlement' }),
      ...(description !== null && { description }),
      ...(tags !== undefined && { tags }),
    }
  })
  const { metadata, externalId } = journal
  const entry: NewEntry = {
    accountingDate: journal.accountingDate,
    kind: 'standard',
    sourceType: 'manual',
    description: journal.description,
    ...(journal.reference !== null && { reference: journal.reference }),
    ...(externalId != null && { externalId }),
    ...(hasMembers(metadata) && { metadata }),
    scope: 'journals',
    lines,
  }
  requirePostable(entry, book, calendar, { isManual: true })
  return entry
}

/** The checks of a posting in the order of ledger specification 7.7. */
function requirePostable(
  entry: NewEntry,
  book: Book,
  calendar: Calendar | undefined,
  { isManual = false } = {},
): void {
  const { lines } = entry
  requireShape(lines)
  const accounts = lines.map(({ accountId }) => {
    const account = book.accountById.get(accountId)
    if (account === undefined) throw new Refusal('ledger.account_not_found', { account: accountId })
    return account
  })
  for (const account of accounts) requireUsable(account)
  for (const [index, account] of accounts.entries()) {
    if (isManual && account.level === 'locked') {
      throw new Refusal('ledger.account_is_control', {
        account: account.code,
        use: documentsOf(account.role),
      })
    }
    const currency = lines[index]?.currency
    if (account.currency !== null && account.currency !== currency) {
      throw new Refusal('ledger.account_currency_mismatch', {
        account: account.code,
        accountCurrency: account.currency,
      })
    }
  }
  requireBalanced(lines, book.business.baseCurrency)
  if (calendar === undefined) return
  const hasTax = lines.some(({ taxTag }) => taxTag !== undefined && taxTag !== 'settlement')
  requireOpenDate(entry.accountingDate, calendar, { scope: entry.scope, hasTax })
}

function requireUsable(account: Account): void {
  if (account.archivedAt !== null) {
    throw new Refusal('ledger.account_inactive', { account: account.code })
  }
  if (account.isHeader) throw new Refusal('ledger.account_is_group', { account: account.code })
}

const documentsByRole: Readonly<Record<string, string>> = {
  receivables: 'invoices and receipts',
  payables: 'bills and bill payments',
  customer_deposits: 'receipts',
  supplier_deposits: 'bill payments',
  retained_earnings: 'the year-end close',
  opening_equity: 'opening balances',
}

const documentsOf = (role: string | null): string =>
  documentsByRole[role ?? ''] ?? 'documents in another currency'

const writeEntry = (ctx: Ctx, entry: NewEntry, id = ctx.newId('entry')): Promise<Entry> =>
  ctx.writeTogether(writeEntries, { ctx, entry, id })

/** Writes entries of one business in one statement, with everything a commit owes them. */
const writeEntries: Together<Prepared, Entry> = async (ctx, prepared) => {
  const dates = prepared.map(({ entry }) => entry.accountingDate)
  const numbers = await takeNumbers(ctx, { kind: 'journal', surface: 'books', dates })
  const entries = prepared.map((one, index): Entry => {
    const number = numbers[index]
    assert(number !== undefined, 'one number per entry')
    return {
      ...one.entry,
      id: one.id,
      seq: one.ctx.nextEntrySeq(),
      number,
      recordedAt: one.ctx.recordedAt,
      actor: one.ctx.actor,
      totalBase: totals(one.entry.lines).debit,
    }
  })
  const sets = entries.flatMap(({ lines }) => lines.flatMap(({ tags }) => (tags ? [tags] : [])))
  const { tx, businessId } = ctx
  await insertEntries(tx, {
    businessId,
    link: ctx.link,
    entries,
    deltas: toDeltas(entries),
    horizon: await moveHorizon(ctx, dates),
    setIds: sets.length === 0 ? noSets : await internTags(tx, businessId, sets),
  })
  const noted = entries.filter(({ metadata }) => hasMembers(metadata))
  if (noted.length > 0) {
    const notes = noted.map(({ id: entryId, metadata }) => ({ entryId, metadata }))
    await insertMetadata(tx, businessId, notes)
  }
  for (const [index, entry] of entries.entries()) {
    const own = prepared[index]?.ctx
    assert(own !== undefined, 'one context per entry')
    own.chain('E', toChainRecord(entry))
    own.audit({ action: 'journal_entry.posted', resource: 'journal_entry', resourceId: entry.id })
    own.emit({
      type: 'ledger.journal_entry.posted',
      resource: 'journal_entry',
      resourceId: entry.id,
      payload: toEventPayload(entry),
    })
  }
  return entries
}

const noSets: ReadonlyMap<string, number> = new Map()

const hasMembers = (metadata: Journal['metadata']): boolean =>
  metadata !== undefined && Object.keys(metadata).length > 0

/** Extends the roll-ups to the newest month of the postings and answers it. */
async function moveHorizon(ctx: Ctx, dates: readonly CalendarDate[]): Promise<CalendarDate> {
  const months = dates.map(monthStart)
  const newest = months.sort().at(-1)
  assert(newest !== undefined, 'a posting has a date')
  const horizon = ctx.horizon()
  if (horizon !== null && newest <= horizon) return horizon
  if (horizon !== null) {
    await carryForward(ctx.tx, ctx.businessId, { from: horizon, to: newest })
  }
  ctx.moveHorizon(newest)
  return newest
}

const calendarOf = (ctx: Ctx, { business, locks }: Book): Calendar => ({
  booksStart: business.booksStart,
  today: dateIn(ctx.now, business.timeZone),
  locks,
})

const toDraft = (ctx: Ctx, id: Id<'entry'>, journal: Journal): Draft => ({
  ...journal,
  id,
  postedNumber: null,
  createdAt: ctx.now,
})

const toRow = (draft: Draft, at: string) => ({
  draftId: draft.id,
  accountingDate: draft.accountingDate,
  description: draft.description,
  reference: draft.reference,
  externalId: draft.externalId ?? null,
  metadata: JSON.stringify(draft.metadata ?? {}),
  lines: JSON.stringify(draft.lines.map((line) => ({ ...line, base: line.base.toString() }))),
  at,
})

function record(ctx: Ctx, what: 'drafted' | 'updated' | 'deleted', draftId: Id<'entry'>): void {
  ctx.audit({
    action: `journal_draft.${what}`,
    resource: 'journal_draft',
    resourceId: draftId,
  })
}

const withAccounts = (entry: Entry, book: Book): PostedJournal => ({
  ...entry,
  accounts: accountsOf(entry.lines, book),
})

const accountsOf = (lines: readonly Line[], { accountById }: Book): readonly Account[] =>
  lines.map(({ accountId }) => {
    const account = accountById.get(accountId)
    assert(account !== undefined, 'the lines of an entry name accounts of its business')
    return account
  })
