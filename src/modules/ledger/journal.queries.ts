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
}

const entryColumns = `
  e.entry_id as id, e.entry_seq as seq, e.number, e.accounting_date as "accountingDate",
  e.recorded_at as "recordedAt", e.kind, e.source_type as "sourceType", e.source_id as "sourceId",
  e.description, e.reference, e.reverses_entry_id as "reversesEntryId",
  e.external_id as "externalId", e.actor, e.total_base as "totalBase",
  r.entry_id as "reversedById", r.number as "reversedByNumber"`

const reversalJoin = `
  left join journal_entry as r
    on r.business_id = e.business_id and r.reverses_entry_id = e.entry_id`

/** Entries by id with their lines, in the order of their numbers; at most 5,000. */
export async function listEntriesById(
  db: Db,
  businessId: Id<'business'>,
  entryIds: readonly string[],
): Promise<readonly FoundEntry[]> {
  const rows = await db.query<EntryRow>({
    name: 'list_entries_by_id',
    text: `select ${entryColumns} from journal_entry as e ${reversalJoin}
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
    text: `select entry_id as "entryId", account_id as "accountId", currency, amount,
        base_amount as base, rate, rate_source as "rateSource", party_id as "partyId",
        open_item_id as "openItemId", tax_tag as "taxTag", bucket, description
      from journal_line where business_id = $1 and entry_id = any ($2::uuid[])
      order by entry_id, line_no limit 1000000`,
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
    ...rest
  } = row
  const entry: Entry = {
    ...rest,
    ...(sourceId !== null && { sourceId }),
    ...(reference !== null && { reference }),
    ...(reversesEntryId !== null && { reversesEntryId }),
    ...(externalId !== null && { externalId }),
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
})

type DraftRow = {
  id: Id<'entry'>
  accountingDate: CalendarDate
  description: string
  reference: string | null
  lines: readonly { accountCode: string; base: string; description: string | null }[]
  postedNumber: string | null
  createdAt: Instant
}

const draftColumns = `
  d.draft_id as id, d.accounting_date as "accountingDate", d.description, d.reference, d.lines,
  e.number as "postedNumber", d.created_at as "createdAt"`

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
})

export type JournalStatus = 'draft' | 'posted' | 'reversed'

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
  ]
  const matching = `
    select 'draft' as kind, d.draft_id as id, d.accounting_date as day, d.created_at as at
    from journal_draft as d
    where d.business_id = $1 and d.entry_id is null and coalesce($2, 'draft') = 'draft'
      and ($3::date is null or d.accounting_date >= $3) and ($4::date is null or d.accounting_date <= $4)
      and ($5::text[] is null or 'manual' = any ($5)) and not coalesce($6, false)
      and ($7::text is null or d.lines @> jsonb_build_array(jsonb_build_object('accountCode', $7)))
    union all
    select 'entry', e.entry_id, e.accounting_date, e.recorded_at
    from journal_entry as e ${reversalJoin}
    where e.business_id = $1
      and ($2::text is null or $2 = case when r.entry_id is null then 'posted' else 'reversed' end)
      and ($3::date is null or e.accounting_date >= $3) and ($4::date is null or e.accounting_date <= $4)
      and ($5::text[] is null or e.source_type = any ($5))
      and ($6::boolean is null or (e.kind = 'reversal') = $6)
      and ($7::text is null or exists (
        select 1 from journal_line as l
        join account as a on a.business_id = l.business_id and a.account_id = l.account_id
        where l.business_id = e.business_id and l.entry_id = e.entry_id and a.code = $7))`
  const [count] = await db.query<{ total: bigint }>({
    name: 'count_journals',
    text: `select count(*) as total from (${matching}) as matching`,
    values,
  })
  const keys = await db.query<{ kind: 'draft' | 'entry'; id: Id<'entry'> }>({
    name: 'list_journals',
    text: `select kind, id from (${matching}) as matching
      order by day desc, at desc, id desc limit $8 offset $9`,
    values: [...values, filter.limit, filter.offset],
  })
  const drafts = await db.query<DraftRow>({
    name: 'list_drafts_by_id',
    text: `select ${draftColumns} from journal_draft as d
      left join journal_entry as e on e.business_id = d.business_id and e.entry_id = d.entry_id
      where d.business_id = $1 and d.draft_id = any ($2::uuid[]) order by d.draft_id limit 100`,
    values: [businessId, keys.filter(({ kind }) => kind === 'draft').map(({ id }) => id)],
  })
  const entryIds = keys.filter(({ kind }) => kind === 'entry').map(({ id }) => id)
  const found = await listEntriesById(db, businessId, entryIds)
  const draftById = new Map(drafts.map((row) => [row.id, toDraft(row)]))
  const entryById = new Map(found.map((one) => [one.entry.id, one]))
  return {
    total: Number(count?.total ?? 0n),
    items: keys.flatMap(({ id }) => {
      const draft = draftById.get(id)
      return draft === undefined ? (entryById.get(id) ?? []) : { draft }
    }),
  }
}
