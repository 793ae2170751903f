import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
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

export type JournalStatus = 'draft' | 'posted' | 'reversed'

/** What a list of journals can be sorted by; a leading minus sorts descending. */
export const journalSorts = ['transactionDate', 'createdAt', 'number'] as const

type SortField = (typeof journalSorts)[number]
export type JournalSort = SortField | `-${SortField}`

const columnOf: Readonly<Record<SortField, string>> = {
  transactionDate: 'day',
  createdAt: 'at',
  number: 'number',
}

/** Drafts have no number and come last. */
function orderOf(sort: JournalSort): string {
  const isDown = sort.startsWith('-')
  const column = columnOf[(isDown ? sort.slice(1) : sort) as SortField] // a minus and a field
  const down = isDown ? 'desc' : 'asc'
  return `${column} ${down} nulls last, at ${down}, id ${down}`
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

/** Drafts and entries in one list; `limit` 1 to 100, with the total of the filter. */
export async function listJournals(db: Db, filter: Filter): Promise<Journals> {
  const { businessId, status, startDate, endDate, sourceTypes, isReversal } = filter
  const values = [
    businessId,
    status ?? null,
    startDate ?? null,
    endDate ?? null,
    sourceTypes ?? null,
    isReversal ?? null,
    filter.accountCode ?? null,
    filter.externalId ?? null,
    filter.updatedSince ?? null,
    filter.tag ?? null,
  ]
  const matching = `
    select 'draft' as kind, d.draft_id as id, d.accounting_date as day, d.created_at as at,
      null as number
    from journal_draft as d
    where d.business_id = $1 and d.entry_id is null and coalesce($2, 'draft') = 'draft'
      and ($3::date is null or d.accounting_date >= $3) and ($4::date is null or d.accounting_date <= $4)
      and ($5::text[] is null or 'manual' = any ($5)) and not coalesce($6, false)
      and ($7::text is null or d.lines @> jsonb_build_array(jsonb_build_object('accountCode', $7)))
      and ($8::text is null or d.external_id = $8)
      and ($9::timestamptz is null or d.updated_at >= $9)
      and ($10::text is null or d.lines @> jsonb_build_array(
        jsonb_build_object('tags', jsonb_build_array($10))))
    union all
    select 'entry', e.entry_id, e.accounting_date, e.recorded_at, e.number
    from journal_entry as e ${reversalJoin}
    where e.business_id = $1
      and ($2::text is null or $2 = case when r.entry_id is null then 'posted' else 'reversed' end)
      and ($3::date is null or e.accounting_date >= $3) and ($4::date is null or e.accounting_date <= $4)
      and ($5::text[] is null or e.source_type = any ($5))
      and ($6::boolean is null or (e.kind = 'reversal') = $6)
      and ($7::text is null or exists (
        select 1 from journal_line as l
        join account as a on a.business_id = l.business_id and a.account_id = l.account_id
        where l.business_id = e.business_id and l.entry_id = e.entry_id and a.code = $7))
      and ($8::text is null or e.external_id = $8)
      and ($9::timestamptz is null or greatest(e.recorded_at, r.recorded_at) >= $9)
      and ($10::text is null or e.entry_id in (
        select l.entry_id from journal_line as l
        where l.business_id = $1 and l.dimension_set_id <> 0 and l.dimension_set_id = any (array(
          select s.set_id from dimension_set as s where s.business_id = $1 and $10 = any (s.tags)))))`
  const { sort = '-transactionDate' } = filter
  const [count] = await db.query<{ total: bigint }>({
    name: 'count_journals',
    text: `select count(*) as total from (${matching}) as matching`,
    values,
  })
  const keys = await db.query<{ kind: 'draft' | 'entry'; id: Id<'entry'> }>({
    name: `list_journals_${sort}`,
    text: `select kind, id from (${matching}) as matching
      order by ${orderOf(sort)} limit $11 offset $12`,
    values: [...values, filter.limit, filter.offset],
  })
  const idsOf = (wanted: 'draft' | 'entry'): readonly Id<'entry'>[] =>
    keys.filter(({ kind }) => kind === wanted).map(({ id }) => id)
  const drafts = await listDraftsById(db, businessId, idsOf('draft'))
  const found = await listEntriesById(db, businessId, idsOf('entry'))
  const draftById = new Map(drafts.map((draft) => [draft.id, draft]))
  const entryById = new Map(found.map((one) => [one.entry.id, one]))
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
