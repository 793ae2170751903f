import type { Db } from '../../db/tx.ts'
import { type CalendarDate, type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Draft, Entry, EntryKind, JournalLine, Line } from './journal.ts'

/** A posted entry with what its reader wants to know of its reversal. */
export type FoundEntry = Readonly<{
  entry: Entry
  reversedById: Id<'entry'> | null
  reversedByNumber: string | null
}>

type EntryRow = {
  id: Id<'entry'>
  seq: bigint
  number: string
  accountingDate: CalendarDate
  recordedAt: Instant
  kind: EntryKind
  sourceType: string
  sourceId: string | null
  description: string
  reference: string | null
  reversesEntryId: Id<'entry'> | null
  externalId: string | null
  metadata: Readonly<Record<string, string>> | null
  actor: string
  totalBase: bigint
  reversedById: Id<'entry'> | null
  reversedByNumber: string | null
}

type LineRow = {
  entryId: Id<'entry'>
  accountId: Id<'account'>
  currency: string
  amount: bigint
  base: bigint
  rate: string | null
  rateSource: string | null
  partyId: Id<'party'> | null
  openItemId: Id<'item'> | null
  taxTag: string | null
  bucket: 0 | 1
  description: string | null
  tags: readonly string[] | null
}

const entryColumns = `
  e.entry_id as id, e.entry_seq as seq, e.number, e.accounting_date as "accountingDate",
  e.recorded_at as "recordedAt", e.kind, e.source_type as "sourceType", e.source_id as "sourceId",
  e.description, e.reference, e.reverses_entry_id as "reversesEntryId",
  e.external_id as "externalId", e.actor, e.total_base as "totalBase",
  r.entry_id as "reversedById", r.number as "reversedByNumber", m.metadata`

const reversalJoin = `
  left join journal_entry as r
    on r.business_id = e.business_id and r.reverses_entry_id = e.entry_id`

const metadataJoin = `
  left join journal_metadata as m on m.business_id = e.business_id and m.entry_id = e.entry_id`

/** Entries by id with their lines, in the order of their numbers; at most 5,000. */
export async function listEntriesById(
  db: Db,
  businessId: Id<'business'>,
  entryIds: readonly string[],
): Promise<readonly FoundEntry[]> {
  const rows = await db.query<EntryRow>({
    name: 'list_entries_by_id',
    text: `select ${entryColumns} from journal_entry as e ${reversalJoin} ${metadataJoin}
      where e.business_id = $1 and e.entry_id = any ($2::uuid[])
      order by e.entry_seq limit 5000`,
    values: [businessId, entryIds],
  })
  return withLines(db, businessId, rows)
}

async function withLines(
  db: Db,
  businessId: Id<'business'>,
  rows: readonly EntryRow[],
): Promise<readonly FoundEntry[]> {
  const lines = await db.query<LineRow>({
    name: 'list_lines',
    text: `select l.entry_id as "entryId", l.account_id as "accountId", l.currency, l.amount,
        l.base_amount as base, l.rate, l.rate_source as "rateSource", l.party_id as "partyId",
        l.open_item_id as "openItemId", l.tax_tag as "taxTag", l.bucket, l.description, s.tags
      from journal_line as l
      left join dimension_set as s
        on s.business_id = l.business_id and s.set_id = l.dimension_set_id
      where l.business_id = $1 and l.entry_id = any ($2::uuid[])
      order by l.entry_id, l.line_no limit 1000000`,
    values: [businessId, rows.map(({ id }) => id)],
  })
  const linesByEntryId = new Map<string, LineRow[]>(rows.map(({ id }) => [id, []]))
  for (const line of lines) linesByEntryId.get(line.entryId)?.push(line)
  return rows.map((row) => toFound(row, linesByEntryId.get(row.id) ?? []))
}

function toFound(row: EntryRow, lines: readonly LineRow[]): FoundEntry {
  const {
    reversedById,
    reversedByNumber,
    sourceId,
    reference,
    reversesEntryId,
    externalId,
    metadata,
    ...rest
  } = row
  const entry: Entry = {
    ...rest,
    ...(sourceId !== null && { sourceId }),
    ...(reference !== null && { reference }),
    ...(reversesEntryId !== null && { reversesEntryId }),
    ...(externalId !== null && { externalId }),
    ...(metadata !== null && { metadata }),
    scope: 'journals',
    lines: lines.map(toLine),
  }
  return { entry, reversedById, reversedByNumber }
}

const toLine = (row: LineRow): Line => ({
  accountId: row.accountId,
  currency: row.currency,
  amount: row.amount,
  base: row.base,
  ...(row.rate !== null && { rate: row.rate }),
  ...(row.rateSource !== null && { rateSource: row.rateSource }),
  ...(row.partyId !== null && { partyId: row.partyId }),
  ...(row.openItemId !== null && { openItemId: row.openItemId }),
  ...(row.taxTag !== null && { taxTag: row.taxTag }),
  ...(row.bucket === 1 && { bucket: row.bucket }),
  ...(row.description !== null && { description: row.description }),
  ...(row.tags !== null && { tags: row.tags }),
})

type DraftRow = {
  id: Id<'entry'>
  accountingDate: CalendarDate
  description: string
  reference: string | null
  externalId: string | null
  metadata: Readonly<Record<string, string>>
  lines: readonly {
    accountCode: string
    base: string
    description: string | null
    tags?: readonly string[]
  }[]
  postedNumber: string | null
  createdAt: Instant
}

const draftColumns = `
  d.draft_id as id, d.accounting_date as "accountingDate", d.description, d.reference,
  d.external_id as "externalId", d.metadata, d.lines, e.number as "postedNumber", d.created_at as "createdAt"`

/** An entry or a draft by the one id that both have. Refuses: resource.not_found. */
export async function getJournal(
  db: Db,
  businessId: Id<'business'>,
  id: Id<'entry'>,
): Promise<FoundJournal> {
  const [found] = await listEntriesById(db, businessId, [id])
  return found ?? { draft: await getDraft(db, businessId, id) }
}

/** What a list of journals holds. */
export type FoundJournal = Readonly<{ draft: Draft }> | FoundEntry

/** A draft, or what became of it. Refuses: resource.not_found. */
export async function getDraft(
  db: Db,
  businessId: Id<'business'>,
  draftId: Id<'entry'>,
): Promise<Draft> {
  const [row] = await db.query<DraftRow>({
    name: 'get_draft',
    text: `select ${draftColumns} from journal_draft as d
      left join journal_entry as e on e.business_id = d.business_id and e.entry_id = d.entry_id
      where d.business_id = $1 and d.draft_id = $2`,
    values: [businessId, draftId],
  })
  if (row === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Journal entry', id: draftId })
  }
  return toDraft(row)
}

const toDraft = (row: DraftRow): Draft => ({ ...row, lines: row.lines.map(toJournalLine) })

const toJournalLine = (line: DraftRow['lines'][number]): JournalLine => ({
  accountCode: line.accountCode,
  base: BigInt(line.base),
  description: line.description,
  ...(line.tags !== undefined && { tags: line.tags }),
})

/** Manual entries and open drafts with one of these ids of their caller's; at most 1,000. */
export async function listByExternalId(
  db: Db,
  businessId: Id<'business'>,
  externalIds: readonly string[],
): Promise<readonly FoundJournal[]> {
  const rows = await db.query<{ id: Id<'entry'>; isDraft: boolean }>({
    name: 'list_journals_by_external_id',
    text: `select entry_id as id, false as "isDraft" from journal_entry
      where business_id = $1 and source_type = 'manual' and external_id = any ($2)
      union all
      select draft_id, true from journal_draft
      where business_id = $1 and external_id = any ($2) and entry_id is null
      order by 1 limit 1000`,
    values: [businessId, externalIds],
  })
  const idsOf = (isDraft: boolean): readonly Id<'entry'>[] =>
    rows.filter((row) => row.isDraft === isDraft).map(({ id }) => id)
  const entries = await listEntriesById(db, businessId, idsOf(false))
  const drafts = await listDraftsById(db, businessId, idsOf(true))
  return [...entries, ...drafts.map((draft) => ({ draft }))]
}

async function listDraftsById(
  db: Db,
  businessId: Id<'business'>,
  draftIds: readonly Id<'entry'>[],
): Promise<readonly Draft[]> {
  const rows = await db.query<DraftRow>({
    name: 'list_drafts_by_id',
    text: `select ${draftColumns} from journal_draft as d
      left join journal_entry as e on e.business_id = d.business_id and e.entry_id = d.entry_id
      where d.business_id = $1 and d.draft_id = any ($2::uuid[]) order by d.draft_id limit 1000`,
    values: [businessId, draftIds],
  })
  return rows.map(toDraft)
}

/** The newest entry, and the newest of those recorded at an instant or before it; 0 for none. */
export type Heads = Readonly<{ known: bigint; newest: bigint }>

/**
 * Finds what was recorded by an instant with some twenty look-ups, however long the books are:
 * entries are numbered in the order in which they are recorded. Each step looks up one row; joined
 * plainly, the planner reads all of them at each step.
 */
export async function findHeads(
  db: Db,
  businessId: Id<'business'>,
  knownAt: Instant,
): Promise<Heads> {
  const [heads] = await db.query<Heads>({
    name: 'find_known_entry',
    text: `
      with recursive search (low, high) as (
        select 0::bigint, coalesce(max(entry_seq), 0) from journal_entry where business_id = $1
        union all
        select case when e.recorded_at <= $2 then e.entry_seq else s.low end,
          case when e.recorded_at <= $2 then s.high else e.entry_seq - 1 end
        from search as s
        cross join lateral (
          select j.entry_seq, j.recorded_at from journal_entry as j
          where j.business_id = $1 and j.entry_seq = (s.low + s.high + 1) / 2 limit 1
        ) as e
        where s.low < s.high
      )
      select (select low from search order by high - low limit 1) as known,
        (select max(high) from search) as newest`,
    values: [businessId, knownAt],
  })
  return heads ?? { known: 0n, newest: 0n }
}

export type JournalStatus = 'draft' | 'posted' | 'reversed'

/** What a list of journals can be sorted by; a leading minus sorts descending. */
export const journalSorts = ['transactionDate', 'createdAt', 'number'] as const

type SortField = (typeof journalSorts)[number]
export type JournalSort = SortField | `-${SortField}`

type Order = Readonly<{ all: string; entries: string }>

/**
 * Columns of both kinds, and those of entries as an index has them. Drafts have no number and come
 * last. The numbers of entries follow the time at which they were recorded.
 */
function orderOf(sort: JournalSort): Order {
  const isDown = sort.startsWith('-')
  const down = isDown ? 'desc' : 'asc'
  const by: Readonly<Record<SortField, Order>> = {
    transactionDate: {
      all: `day ${down}, at ${down}, id ${down}`,
      entries: `e.accounting_date ${down}, e.recorded_at ${down}, e.entry_id ${down}`,
    },
    createdAt: {
      all: `at ${down}, seq ${down} nulls last, id ${down}`,
      entries: `e.entry_seq ${down}`,
    },
    number: {
      all: `number ${down} nulls last, at ${down}, id ${down}`,
      entries: `e.number ${down}`,
    },
  }
  return by[(isDown ? sort.slice(1) : sort) as SortField] // a minus and a field
}

type Filter = Readonly<{
  businessId: Id<'business'>
  status?: JournalStatus | undefined
  startDate?: CalendarDate | undefined
  endDate?: CalendarDate | undefined
  /** Any of these; reversals are told by their kind, not by what they reverse. */
  sourceTypes?: readonly string[] | undefined
  isReversal?: boolean | undefined
  /** With a line on this account. */
  accountCode?: string | undefined
  externalId?: string | undefined
  /** Recorded, changed or reversed at this instant or later. */
  updatedSince?: Instant | undefined
  /** With a line that has this tag. */
  tag?: string | undefined
  /** Newest accounting date first when absent. */
  sort?: JournalSort | undefined
  limit: number
  offset: number
}>

export type Journals = Readonly<{
  total: number
  /** Newest accounting date first, then newest recorded, then by id. */
  items: readonly FoundJournal[]
}>

/** Conditions on drafts `d` and on entries `e`, and the values they name. */
type Conditions = Readonly<{ drafts: string[]; entries: string[]; values: unknown[] }>

/** What is not asked for leaves no trace, so that each list is planned for what it is. */
async function conditionsOf(db: Db, filter: Filter): Promise<Conditions> {
  const { status, startDate, endDate, sourceTypes, isReversal } = filter
  const { accountCode, externalId, updatedSince, tag } = filter
  const drafts: string[] = []
  const entries: string[] = []
  const values: unknown[] = [filter.businessId]
  const place = (value: unknown): string => `$${values.push(value)}`
  const both = (make: (alias: 'd' | 'e') => string): void => {
    drafts.push(make('d'))
    entries.push(make('e'))
  }
  if (status === 'draft') entries.push('false')
  else if (status !== undefined) {
    drafts.push('false')
    entries.push(`e.entry_id ${status === 'reversed' ? 'in' : 'not in'} (
      select r.reverses_entry_id from journal_entry as r
      where r.business_id = $1 and r.reverses_entry_id is not null)`)
  }
  if (startDate !== undefined) {
    const start = place(startDate)
    both((alias) => `${alias}.accounting_date >= ${start}`)
  }
  if (endDate !== undefined) {
    const end = place(endDate)
    both((alias) => `${alias}.accounting_date <= ${end}`)
  }
  if (sourceTypes !== undefined) {
    if (!sourceTypes.includes('manual')) drafts.push('false')
    entries.push(`e.source_type = any (${place(sourceTypes)})`)
  }
  if (isReversal !== undefined) {
    if (isReversal) drafts.push('false')
    entries.push(`(e.kind = 'reversal') = ${place(isReversal)}`)
  }
  if (accountCode !== undefined) {
    const code = place(accountCode)
    drafts.push(`d.lines @> jsonb_build_array(jsonb_build_object('accountCode', ${code}::text))`)
    entries.push(`exists (
      select from journal_line as l
      where l.business_id = $1 and l.entry_id = e.entry_id and l.account_id = (
        select account_id from account where business_id = $1 and code = ${code}))`)
  }
  if (externalId !== undefined) {
    const key = place(externalId)
    both((alias) => `${alias}.external_id = ${key}`)
  }
  if (updatedSince !== undefined) {
    const before = place(await findBefore(db, filter.businessId, updatedSince))
    drafts.push(`d.updated_at >= ${place(updatedSince)}`)
    entries.push(`e.entry_id in (
      select n.entry_id from journal_entry as n where n.business_id = $1 and n.entry_seq > ${before}
      union all
      select n.reverses_entry_id from journal_entry as n
      where n.business_id = $1 and n.entry_seq > ${before} and n.reverses_entry_id is not null)`)
  }
  if (tag !== undefined) {
    const name = place(tag)
    drafts.push(`d.lines @> jsonb_build_array(
      jsonb_build_object('tags', jsonb_build_array(${name}::text)))`)
    entries.push(`e.entry_id in (
      select l.entry_id from journal_line as l
      where l.business_id = $1 and l.dimension_set_id <> 0 and l.dimension_set_id = any (array(
        select s.set_id from dimension_set as s where s.business_id = $1 and ${name} = any (s.tags))))`)
  }
  return { drafts, entries, values }
}

/** The newest entry that was recorded before an instant; 0 for none. */
async function findBefore(db: Db, businessId: Id<'business'>, since: Instant): Promise<bigint> {
  const { known } = await findHeads(db, businessId, instantFromMs(msOf(since) - 1))
  return known
}

const also = (conditions: readonly string[]): string =>
  conditions.map((condition) => ` and ${condition}`).join('')

/**
 * Drafts and entries in one list; `limit` 1 to 100, with the total of the filter. A page is read
 * from an index, as far as it lies from the start; entries without a condition are counted by the
 * head of the books.
 */
export async function listJournals(db: Db, filter: Filter): Promise<Journals> {
  const { businessId, sort = '-transactionDate', limit, offset } = filter
  const { drafts, entries, values } = await conditionsOf(db, filter)
  const ofDrafts = `from journal_draft as d
    where d.business_id = $1 and d.entry_id is null${also(drafts)}`
  const ofEntries = `from journal_entry as e where e.business_id = $1${also(entries)}`
  const entryCount =
    entries.length === 0
      ? 'coalesce((select entry_seq from lane_head where tenant_id = $1), 0)'
      : `(select count(*) ${ofEntries})`
  const [count] = await db.query<{ total: bigint }>({
    text: `select (select count(*) ${ofDrafts}) + ${entryCount} as total`,
    values,
  })
  const order = orderOf(sort)
  const [depth, skipped, most] = [1, 2, 3].map((n) => `$${values.length + n}`)
  const keys = await db.query<{ kind: 'draft' | 'entry'; id: Id<'entry'> }>({
    text: `
      with draft as (
        select 'draft' as kind, d.draft_id as id, d.accounting_date as day, d.created_at as at,
          null::text as number, null::bigint as seq
        ${ofDrafts} order by ${order.all} limit ${depth}
      ), entry as (
        select 'entry' as kind, e.entry_id as id, e.accounting_date as day, e.recorded_at as at,
          e.number, e.entry_seq as seq
        ${ofEntries} order by ${order.entries} limit ${depth}
      )
      select kind, id from (select * from draft union all select * from entry) as found
      order by ${order.all} limit ${most} offset ${skipped}`,
    values: [...values, limit + offset, offset, limit],
  })
  const idsOf = (wanted: 'draft' | 'entry'): readonly Id<'entry'>[] =>
    keys.filter(({ kind }) => kind === wanted).map(({ id }) => id)
  const kept = await listDraftsById(db, businessId, idsOf('draft'))
  const posted = await listEntriesById(db, businessId, idsOf('entry'))
  const draftById = new Map(kept.map((draft) => [draft.id, draft]))
  const entryById = new Map(posted.map((one) => [one.entry.id, one]))
  return {
    total: Number(count?.total ?? 0n),
    items: keys.flatMap(({ id }) => {
      const draft = draftById.get(id)
      return draft === undefined ? (entryById.get(id) ?? []) : { draft }
    }),
  }
}

/** A line with the code of its account; `amount` and `base` are signed, debit positive. */
export type CodedLine = Pick<Line, 'currency' | 'amount' | 'base'> &
  Readonly<{ accountCode: string; accountingDate: CalendarDate }>

/** Lines of the entries that the running command has posted, in their order; at most 10,000. */
export function listNewLines(db: Db, businessId: Id<'business'>): Promise<readonly CodedLine[]> {
  return db.query<CodedLine>({
    name: 'list_new_lines',
    text: `
      select a.code as "accountCode", l.accounting_date as "accountingDate", l.currency, l.amount,
        l.base_amount as base
      from journal_entry as e
      join journal_line as l on l.business_id = e.business_id and l.entry_id = e.entry_id
      join account as a on a.business_id = l.business_id and a.account_id = l.account_id
      where e.business_id = $1 and e.entry_seq > coalesce(
        (select h.entry_seq from lane_head as h where h.tenant_id = $1), 0)
      order by e.entry_seq, l.line_no limit 10000`,
    values: [businessId],
  })
}
