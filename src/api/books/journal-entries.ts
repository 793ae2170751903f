import { type Static, Type } from 'typebox'
import { toPrefixed } from '../../kernel/ids.ts'
import { listAccounts } from '../../modules/ledger/account.queries.ts'
import type { Account } from '../../modules/ledger/account.ts'
import {
  deleteDraft,
  draftJournal,
  type KeptDraft,
  type PostedJournal,
  postDraft,
  postJournal,
  reverseJournal,
  updateDraft,
} from '../../modules/ledger/journal.actions.ts'
import {
  type FoundJournal,
  getJournal,
  type JournalSort,
  journalSorts,
  listJournals,
} from '../../modules/ledger/journal.queries.ts'
import { type Journal, linesMax, linesMin, requireBalanced } from '../../modules/ledger/journal.ts'
import type { Reply } from '../http/route.ts'
import { route } from '../http/route.ts'
import {
  businessQuery,
  changeErrors,
  dateOut,
  dateText,
  description,
  enveloped,
  externalId,
  idParams,
  instant,
  kobo,
  listErrors,
  major,
  metadata,
  nullable,
  readErrors,
  text,
  toDate,
  toDateOut,
  toId,
  toKobo,
  toMajor,
  writeErrors,
} from './fields.ts'
import { LineIn, tag, toJournalLines } from './journal-lines.ts'
import { listQuery, Pagination, sortQuery, toPagination, toSince, toWindow } from './lists.ts'
import { coreSourceTypes, sourceTypes, toSourceId, toSourceType } from './source-types.ts'

const lines = Type.Array(LineIn, { minItems: linesMin, maxItems: linesMax })

const EntryIn = Type.Object({
  transactionDate: dateText,
  description,
  lines,
  reference: Type.Optional(text()),
  externalId: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
  post: Type.Optional(Type.Boolean({ description: 'Posts at once; default false keeps a draft' })),
})

const EntryChange = Type.Object({
  transactionDate: Type.Optional(dateText),
  description: Type.Optional(description),
  lines: Type.Optional(lines),
  reference: Type.Optional(nullable(text())),
  externalId: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(metadata),
})

const Reversal = Type.Object({
  reason: description,
  reversalDate: Type.Optional(dateText),
})

const LineOut = Type.Object({
  accountId: Type.String(),
  accountCode: Type.String(),
  debitKobo: kobo,
  debit: major,
  creditKobo: kobo,
  credit: major,
  description: nullable(Type.String()),
  accountName: Type.String(),
  tags: Type.Array(Type.String()),
})

const EntryOut = Type.Object({
  id: Type.String(),
  number: nullable(Type.String()),
  transactionDate: dateOut,
  description,
  sourceType: Type.Enum([...sourceTypes]),
  sourceId: nullable(Type.String()),
  lines: Type.Array(LineOut),
  totalDebitKobo: kobo,
  totalDebit: major,
  totalCreditKobo: kobo,
  totalCredit: major,
  status: Type.Enum(['draft', 'posted', 'reversed']),
  createdAt: instant,
  postedAt: nullable(instant),
  reversedById: nullable(Type.String()),
  reversesId: nullable(Type.String()),
  reference: nullable(Type.String()),
  externalId: nullable(Type.String()),
  metadata,
})

const EntryPage = Type.Object({
  journalEntries: Type.Array(EntryOut),
  count: Type.Integer(),
  pagination: Pagination,
})

const Deleted = Type.Object({ id: Type.String(), deleted: Type.Boolean() })

type EntryWire = Static<typeof EntryOut>

const params = idParams('je')
const list = 'journal-entries'
const business = Type.Object(businessQuery)

/** What is wrong with a journal apart from its date. */
const journalErrors = [
  'ledger.journal_unbalanced',
  'ledger.amount_overflow',
  'ledger.balance_out_of_range',
  'ledger.account_not_found',
  'ledger.account_inactive',
  'ledger.account_is_group',
  'ledger.account_is_control',
  'ledger.account_currency_mismatch',
] as const

const dateErrors = ['ledger.date_too_far', 'ledger.period_closed', 'ledger.period_locked'] as const

const shared = {
  tag: 'Journal entries',
  scope: null,
  tenant: 'business',
  cost: 1,
} as const

const accrual = [
  { accountId: '6100', debit: 250000, description: 'April' },
  { accountId: '2010', credit: 250000 },
]

const createJournalEntry = route({
  ...shared,
  method: 'POST',
  path: '/v1/journal-entries',
  operation: 'create-journal-entry',
  summary: 'Create a journal entry',
  description: 'Keeps a draft without ledger effect, unless `post` is true.',
  query: business,
  body: EntryIn,
  answers: { 201: enveloped(EntryOut) },
  errors: [...writeErrors, ...journalErrors, ...dateErrors, 'resource.external_id_taken'],
  examples: [
    {
      summary: 'A draft',
      keep: 'draft',
      body: {
        transactionDate: '2026-04-30',
        description: 'Rent accrual April',
        lines: accrual,
      },
      status: 201,
    },
    {
      summary: 'An entry that is posted at once',
      keep: 'entry',
      body: {
        transactionDate: '2026-04-30',
        description: 'Owner pays in',
        lines: [
          { accountCode: '1010', debitKobo: 100000000 },
          { accountCode: '3000', creditKobo: 100000000 },
        ],
        post: true,
      },
      status: 201,
    },
    {
      summary: 'Sides that differ',
      body: {
        transactionDate: '2026-04-30',
        description: 'Rent accrual April',
        lines: [
          { accountId: '6100', debit: 1000 },
          { accountId: '2010', credit: 900 },
        ],
      },
      status: 400,
    },
  ],
  handle: (call) => {
    const { body } = call
    const { baseCurrency } = call.business()
    const journal: Journal = {
      accountingDate: toDate(body.transactionDate, 'transactionDate'),
      description: body.description,
      reference: body.reference ?? null,
      externalId: body.externalId ?? null,
      metadata: body.metadata ?? {},
      lines: toBalancedLines(body.lines, baseCurrency),
    }
    return body.post === true
      ? call.write(postJournal, journal, (entry) => created(fromPosted(entry, baseCurrency)))
      : call.write(draftJournal, journal, (draft) => created(fromDraft(draft, baseCurrency)))
  },
})

const listJournalEntries = route({
  ...shared,
  method: 'GET',
  path: '/v1/journal-entries',
  operation: 'list-journal-entries',
  summary: 'List journal entries, newest first',
  query: Type.Object({
    ...businessQuery,
    status: Type.Optional(Type.Enum(['draft', 'posted', 'reversed'])),
    startDate: Type.Optional(dateText),
    endDate: Type.Optional(dateText),
    sourceType: Type.Optional(Type.Enum([...sourceTypes])),
    accountId: Type.Optional(text()),
    externalId: Type.Optional(externalId),
    tag: Type.Optional(tag),
    ...sortQuery(journalSorts),
    ...listQuery,
  }),
  answers: { 200: enveloped(EntryPage) },
  errors: listErrors,
  examples: [
    { summary: 'Drafts', query: { status: 'draft' }, status: 200 },
    { summary: 'A page that is too long', query: { limit: '101' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { startDate, endDate, sourceType, accountId, status, sort } = call.query
    const window = toWindow(list, call.query)
    const filter = {
      businessId,
      status,
      startDate: startDate === undefined ? undefined : toDate(startDate, 'startDate'),
      endDate: endDate === undefined ? undefined : toDate(endDate, 'endDate'),
      ...(sourceType !== undefined && coreSourceTypes(sourceType)),
      accountCode: accountId,
      externalId: call.query.externalId,
      tag: call.query.tag,
      updatedSince: toSince(call.query.updatedSince),
      sort: sort as JournalSort | undefined, // one of the enumeration
      ...window,
    }
    const { journals, accounts } = await call.read(async (db) => ({
      journals: await listJournals(db, filter),
      accounts: await listAccounts(db, { businessId }),
    }))
    const names = namesOf(accounts)
    const rows = journals.items.map((found) => fromFound(found, names, baseCurrency))
    const pagination = toPagination(list, window, journals.total)
    return { status: 200, body: { journalEntries: rows, count: rows.length, pagination } }
  },
})

const getJournalEntry = route({
  ...shared,
  method: 'GET',
  path: '/v1/journal-entries/{id}',
  operation: 'get-journal-entry',
  summary: 'Get a journal entry or a draft',
  params,
  query: business,
  answers: { 200: enveloped(EntryOut) },
  errors: readErrors,
  examples: [{ summary: 'An entry by its id', params: { id: '$entry' }, status: 200 }],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const id = toId('entry', 'je', call.params.id)
    const { found, accounts } = await call.read(async (db) => ({
      found: await getJournal(db, businessId, id),
      accounts: await listAccounts(db, { businessId }),
    }))
    return { status: 200, body: fromFound(found, namesOf(accounts), baseCurrency) }
  },
})

const updateJournalEntry = route({
  ...shared,
  method: 'PUT',
  path: '/v1/journal-entries/{id}',
  operation: 'update-journal-entry',
  summary: 'Update a draft',
  description: 'Only the members that are sent change; lines are replaced as a whole.',
  params,
  query: business,
  body: EntryChange,
  answers: { 200: enveloped(EntryOut) },
  errors: [
    ...writeErrors,
    ...journalErrors,
    'resource.not_found',
    'ledger.entry_not_draft',
    'resource.external_id_taken',
  ],
  examples: [
    {
      summary: 'Another description',
      params: { id: '$draft' },
      body: { description: 'Rent accrual, April' },
      status: 200,
    },
    {
      summary: 'Posted entries never change',
      params: { id: '$entry' },
      body: { description: 'Too late' },
      status: 409,
    },
  ],
  handle: (call) => {
    const { transactionDate, description: words, lines: given, ...rest } = call.body
    const { baseCurrency } = call.business()
    const changes: Partial<Journal> = {
      ...(transactionDate !== undefined && {
        accountingDate: toDate(transactionDate, 'transactionDate'),
      }),
      ...(words !== undefined && { description: words }),
      ...rest,
      ...(given !== undefined && { lines: toBalancedLines(given, baseCurrency) }),
    }
    const draftId = toId('entry', 'je', call.params.id)
    return call.write(updateDraft, { draftId, changes }, (draft) =>
      done(fromDraft(draft, baseCurrency)),
    )
  },
})

const postJournalEntry = route({
  ...shared,
  method: 'POST',
  path: '/v1/journal-entries/{id}/post',
  operation: 'post-journal-entry',
  summary: 'Post a draft',
  params,
  query: business,
  answers: { 200: enveloped(EntryOut) },
  errors: [
    ...changeErrors,
    ...journalErrors,
    ...dateErrors,
    'resource.not_found',
    'ledger.entry_not_draft',
  ],
  examples: [
    { summary: 'A draft', params: { id: '$draft' }, status: 200 },
    { summary: 'The same once more', params: { id: '$draft' }, status: 409 },
  ],
  handle: (call) => {
    const { baseCurrency } = call.business()
    return call.write(postDraft, toId('entry', 'je', call.params.id), (entry) =>
      done(fromPosted(entry, baseCurrency)),
    )
  },
})

const reverseJournalEntry = route({
  ...shared,
  method: 'POST',
  path: '/v1/journal-entries/{id}/reverse',
  operation: 'reverse-journal-entry',
  summary: 'Reverse a posted entry',
  description:
    'Answers the reversal. Without a date it is dated as the original if that day is open, else the first open day.',
  params,
  query: business,
  body: Reversal,
  answers: { 200: enveloped(EntryOut) },
  errors: [
    ...writeErrors,
    ...dateErrors,
    'resource.not_found',
    'ledger.entry_not_posted',
    'ledger.entry_already_reversed',
    'ledger.entry_has_source',
    'ledger.account_inactive',
    'ledger.reversal_too_early',
  ],
  examples: [
    {
      summary: 'A mistake',
      params: { id: '$entry' },
      body: { reason: 'Entered twice' },
      status: 200,
    },
    {
      summary: 'The same once more',
      params: { id: '$entry' },
      body: { reason: 'Entered twice' },
      status: 409,
    },
  ],
  handle: (call) => {
    const { reason, reversalDate } = call.body
    const { baseCurrency } = call.business()
    const input = {
      entryId: toId('entry', 'je', call.params.id),
      reason,
      ...(reversalDate !== undefined && { date: toDate(reversalDate, 'reversalDate') }),
    }
    return call.write(reverseJournal, input, (entry) => done(fromPosted(entry, baseCurrency)))
  },
})

const deleteJournalEntry = route({
  ...shared,
  method: 'DELETE',
  path: '/v1/journal-entries/{id}',
  operation: 'delete-journal-entry',
  summary: 'Delete a draft',
  params,
  query: business,
  answers: { 200: enveloped(Deleted) },
  errors: [...changeErrors, 'resource.not_found', 'ledger.entry_not_draft'],
  examples: [{ summary: 'Posted entries stay', params: { id: '$entry' }, status: 409 }],
  handle: (call) => {
    const id = toId('entry', 'je', call.params.id)
    return call.write(deleteDraft, id, () => done({ id: toPrefixed('je', id), deleted: true }))
  },
})

export const journalEntryRoutes = [
  createJournalEntry,
  listJournalEntries,
  getJournalEntry,
  updateJournalEntry,
  postJournalEntry,
  reverseJournalEntry,
  deleteJournalEntry,
]

const created = (body: EntryWire): Reply => ({
  status: 201,
  headers: { Location: `/books/v1/journal-entries/${body.id}` },
  body,
})

const done = (body: unknown): Reply => ({ status: 200, body })

/** Refuses, in this order: validation.failed, ledger.journal_unbalanced. */
function toBalancedLines(given: readonly Static<typeof LineIn>[], currency: string) {
  const read = toJournalLines(given, currency)
  requireBalanced(
    read.map(({ base }) => ({ currency, amount: base, base })),
    currency,
  )
  return read
}

type Named = Readonly<{ code: string; name: string }>
type Names = Readonly<{
  byId: ReadonlyMap<string, Named>
  byCode: ReadonlyMap<string, Named>
}>

const namesOf = (accounts: readonly Account[]): Names => ({
  byId: new Map(accounts.map((account) => [account.id, account])),
  byCode: new Map(accounts.map((account) => [account.code, account])),
})

const nameless: Named = { code: '', name: '' }

function fromFound(found: FoundJournal, names: Names, currency: string): EntryWire {
  if ('draft' in found) {
    const { draft } = found
    const accounts = draft.lines.map(({ accountCode: code }) => names.byCode.get(code) ?? nameless)
    return fromDraft({ ...draft, accounts }, currency)
  }
  const { entry, reversedById } = found
  const accounts = entry.lines.map(({ accountId }) => names.byId.get(accountId) ?? nameless)
  const wire = fromPosted({ ...entry, accounts }, currency)
  if (reversedById === null) return wire
  return { ...wire, status: 'reversed', reversedById: toPrefixed('je', reversedById) }
}

type WithNames<T> = Omit<T, 'accounts'> & Readonly<{ accounts: readonly Named[] }>

const fromDraft = (draft: WithNames<KeptDraft>, currency: string): EntryWire => ({
  id: toPrefixed('je', draft.id),
  number: null,
  transactionDate: toDateOut(draft.accountingDate),
  description: draft.description,
  sourceType: 'manual',
  sourceId: null,
  ...toLinesOut(draft, currency),
  status: 'draft',
  createdAt: draft.createdAt,
  postedAt: null,
  reversedById: null,
  reversesId: null,
  reference: draft.reference,
  externalId: draft.externalId ?? null,
  metadata: draft.metadata ?? {},
})

const fromPosted = (entry: WithNames<PostedJournal>, currency: string): EntryWire => ({
  id: toPrefixed('je', entry.id),
  number: entry.number,
  transactionDate: toDateOut(entry.accountingDate),
  description: entry.description,
  sourceType: toSourceType(entry),
  sourceId: toSourceId(entry),
  ...toLinesOut(entry, currency),
  status: 'posted',
  createdAt: entry.recordedAt,
  postedAt: entry.recordedAt,
  reversedById: null,
  reversesId: entry.reversesEntryId === undefined ? null : toPrefixed('je', entry.reversesEntryId),
  reference: entry.reference ?? null,
  externalId: entry.externalId ?? null,
  metadata: entry.metadata ?? {},
})

type LinesSource = Readonly<{
  lines: readonly Readonly<{
    base: bigint
    description?: string | null
    tags?: readonly string[]
  }>[]
  accounts: readonly Named[]
}>

/** The lines and both totals, in the order of the documented object. */
function toLinesOut({ lines: given, accounts }: LinesSource, currency: string) {
  let totalDebit = 0n
  let totalCredit = 0n
  const shown = given.map(({ base, description: words, tags = [] }, index) => {
    const { code, name } = accounts[index] ?? nameless
    const debit = base > 0n ? base : 0n
    const credit = debit - base
    totalDebit += debit
    totalCredit += credit
    return {
      accountId: code,
      accountCode: code,
      debitKobo: toKobo(debit),
      debit: toMajor(debit, currency),
      creditKobo: toKobo(credit),
      credit: toMajor(credit, currency),
      description: words ?? null,
      accountName: name,
      tags: [...tags],
    }
  })
  return {
    lines: shown,
    totalDebitKobo: toKobo(totalDebit),
    totalDebit: toMajor(totalDebit, currency),
    totalCreditKobo: toKobo(totalCredit),
    totalCredit: toMajor(totalCredit, currency),
  }
}
