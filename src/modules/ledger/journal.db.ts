import { nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Delta } from './balance.ts'
import type { Entry } from './journal.ts'

const insertEntriesSql = `
  with entries as (
    insert into journal_entry (business_id, entry_id, entry_seq, link, number, accounting_date,
      recorded_at, kind, source_type, source_id, description, reference, reverses_entry_id,
      external_id, actor, line_count, total_base)
    select $1, t.entry_id, t.entry_seq, $2, t.number, t.day, t.recorded_at, t.kind, t.source_type,
      t.source_id, t.description, t.reference, t.reverses, t.external_id, t.actor, t.lines, t.total
    from unnest($3::uuid[], $4::bigint[], $5::text[], $6::date[], $7::timestamptz[], $8::text[],
      $9::text[], $10::uuid[], $11::text[], $12::text[], $13::uuid[], $14::text[], $15::text[],
      $16::int[], $17::bigint[])
      as t (entry_id, entry_seq, number, day, recorded_at, kind, source_type, source_id, description,
        reference, reverses, external_id, actor, lines, total)
  ), lines as (
    insert into journal_line (business_id, entry_id, line_no, account_id, accounting_date, entry_seq,
      currency, amount, base_amount, rate, rate_source, party_id, open_item_id, tax_tag, bucket,
      description, dimension_set_id)
    select $1, t.*
    from unnest($18::uuid[], $19::int[], $20::uuid[], $21::date[], $22::bigint[], $23::text[],
      $24::bigint[], $25::bigint[], $26::numeric[], $27::text[], $28::uuid[], $29::uuid[],
      $30::text[], $31::smallint[], $32::text[], $42::int[]) as t
  ), delta as materialized (
    select * from unnest($33::uuid[], $34::text[], $35::smallint[], $36::date[], $37::bigint[],
      $38::bigint[], $39::bigint[], $40::bigint[])
      as t (account_id, currency, bucket, day, debit_base, credit_base, debit, credit)
  ), days as (
    insert into balance_day as b
      (business_id, account_id, currency, bucket, day, debit_base, credit_base, debit, credit)
    select $1, d.* from delta as d order by day, account_id, currency, bucket
    on conflict (business_id, day, account_id, currency, bucket) do update
      set debit_base = b.debit_base + excluded.debit_base,
        credit_base = b.credit_base + excluded.credit_base,
        debit = b.debit + excluded.debit, credit = b.credit + excluded.credit
  )
  insert into balance_month as b
    (business_id, account_id, currency, bucket, month, debit_base, credit_base, debit, credit)
  select $1, d.account_id, d.currency, d.bucket, m::date,
    sum(d.debit_base), sum(d.credit_base), sum(d.debit), sum(d.credit)
  from delta as d,
    generate_series(date_trunc('month', d.day::timestamp), $41::date::timestamp, interval '1 month') as m
  group by d.account_id, d.currency, d.bucket, m
  order by m, d.account_id, d.currency, d.bucket
  on conflict (business_id, month, account_id, currency, bucket) do update
    set debit_base = b.debit_base + excluded.debit_base,
      credit_base = b.credit_base + excluded.credit_base,
      debit = b.debit + excluded.debit, credit = b.credit + excluded.credit`

type Posting = Readonly<{
  businessId: Id<'business'>
  link: bigint
  entries: readonly Entry[]
  deltas: readonly Delta[]
  horizon: CalendarDate
  /** Number of a set of tags by its key; lines without tags are in none. */
  setIds: ReadonlyMap<string, number>
}>

/**
 * Writes entries, their lines and every roll-up in one statement; the guards see entry and lines
 * together. The horizon has been moved to the newest month before.
 */
export async function insertEntries(tx: Tx, posting: Posting): Promise<void> {
  const { businessId, link, entries, deltas, horizon, setIds } = posting
  const lines = entries.flatMap((entry) =>
    entry.lines.map((line, index) => ({ ...line, entry, lineNo: index + 1 })),
  )
  await tx.query({
    name: 'insert_entries',
    text: insertEntriesSql,
    values: [
      businessId,
      link,
      plainArray(entries.map((entry) => entry.id)),
      plainArray(entries.map((entry) => entry.seq)),
      textArray(entries.map((entry) => entry.number)),
      plainArray(entries.map((entry) => entry.accountingDate)),
      plainArray(entries.map((entry) => entry.recordedAt)),
      plainArray(entries.map((entry) => entry.kind)),
      plainArray(entries.map((entry) => entry.sourceType)),
      nullableArray(entries.map((entry) => entry.sourceId ?? null)),
      textArray(entries.map((entry) => entry.description)),
      textArray(entries.map((entry) => entry.reference ?? null)),
      nullableArray(entries.map((entry) => entry.reversesEntryId ?? null)),
      textArray(entries.map((entry) => entry.externalId ?? null)),
      textArray(entries.map((entry) => entry.actor)),
      plainArray(entries.map((entry) => entry.lines.length)),
      plainArray(entries.map((entry) => entry.totalBase)),
      plainArray(lines.map((line) => line.entry.id)),
      plainArray(lines.map((line) => line.lineNo)),
      plainArray(lines.map((line) => line.accountId)),
      plainArray(lines.map((line) => line.entry.accountingDate)),
      plainArray(lines.map((line) => line.entry.seq)),
      plainArray(lines.map((line) => line.currency)),
      plainArray(lines.map((line) => line.amount)),
      plainArray(lines.map((line) => line.base)),
      nullableArray(lines.map((line) => line.rate ?? null)),
      textArray(lines.map((line) => line.rateSource ?? null)),
      nullableArray(lines.map((line) => line.partyId ?? null)),
      nullableArray(lines.map((line) => line.openItemId ?? null)),
      textArray(lines.map((line) => line.taxTag ?? null)),
      plainArray(lines.map((line) => line.bucket ?? 0)),
      textArray(lines.map((line) => line.description ?? null)),
      plainArray(deltas.map((delta) => delta.accountId)),
      plainArray(deltas.map((delta) => delta.currency)),
      plainArray(deltas.map((delta) => delta.bucket)),
      plainArray(deltas.map((delta) => delta.day)),
      plainArray(deltas.map((delta) => delta.debitBase)),
      plainArray(deltas.map((delta) => delta.creditBase)),
      plainArray(deltas.map((delta) => delta.debit)),
      plainArray(deltas.map((delta) => delta.credit)),
      horizon,
      plainArray(lines.map(({ tags }) => (tags && setIds.get(keyOf(tags))) ?? 0)),
    ],
  })
}

/** What a set of sorted tags is known by; no tag has a comma. */
const keyOf = (tags: readonly string[]): string => tags.join(',')

/**
 * Numbers of these sets of sorted tags; a set that is new takes the next number. The lane of the
 * business is the only one that numbers its sets.
 */
export async function internTags(
  tx: Tx,
  businessId: Id<'business'>,
  sets: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, number>> {
  const keys = [...new Set(sets.map(keyOf))].sort()
  const rows = await tx.query<{ key: string; setId: number }>({
    name: 'intern_tags',
    text: `
      with wanted as (
        select string_to_array(key, ',') as tags from unnest($2::text[]) as t (key)
      ), added as (
        insert into dimension_set (business_id, set_id, tags)
        select $1, (select coalesce(max(set_id), 0) from dimension_set where business_id = $1)
          + row_number() over (order by w.tags), w.tags
        from wanted as w
        where not exists (
          select from dimension_set as s where s.business_id = $1 and s.tags = w.tags)
        returning set_id, tags
      )
      select array_to_string(tags, ',') as key, set_id as "setId" from added
      union all
      select array_to_string(s.tags, ','), s.set_id
      from dimension_set as s join wanted as w on w.tags = s.tags
      where s.business_id = $1
      order by 1`,
    values: [businessId, keys],
  })
  return new Map(rows.map(({ key, setId }) => [key, setId]))
}

/** Keeps what callers noted beside entries. */
export async function insertMetadata(
  tx: Tx,
  businessId: Id<'business'>,
  notes: readonly Readonly<{ entryId: Id<'entry'>; metadata: Entry['metadata'] }>[],
): Promise<void> {
  await tx.query({
    name: 'insert_journal_metadata',
    text: `insert into journal_metadata (business_id, entry_id, metadata)
      select $1, t.* from unnest($2::uuid[], $3::jsonb[]) as t`,
    values: [
      businessId,
      notes.map(({ entryId }) => entryId),
      notes.map(({ metadata }) => JSON.stringify(metadata)),
    ],
  })
}

/** Copies the cumulative rows of the horizon's month into every month after it, up to `to`. */
export async function carryForward(
  tx: Tx,
  businessId: Id<'business'>,
  { from, to }: Readonly<{ from: CalendarDate; to: CalendarDate }>,
): Promise<void> {
  await tx.query({
    name: 'carry_forward',
    text: `insert into balance_month (business_id, month, account_id, currency, bucket, debit_base,
        credit_base, debit, credit)
      select b.business_id, m::date, b.account_id, b.currency, b.bucket, b.debit_base,
        b.credit_base, b.debit, b.credit
      from balance_month as b,
        generate_series($2::date::timestamp + interval '1 month', $3::date::timestamp,
          interval '1 month') as m
      where b.business_id = $1 and b.month = $2`,
    values: [businessId, from, to],
  })
}

export type DraftRow = Readonly<{
  draftId: Id<'entry'>
  accountingDate: CalendarDate
  description: string
  reference: string | null
  externalId: string | null
  /** JSON text. */
  metadata: string
  lines: string
  at: string
}>

/** Keeps a draft; `lines` is JSON text. */
export async function insertDraft(
  tx: Tx,
  businessId: Id<'business'>,
  draft: DraftRow,
): Promise<void> {
  await tx.query({
    name: 'insert_draft',
    text: `insert into journal_draft (business_id, draft_id, accounting_date, description, reference,
        lines, created_at, updated_at, external_id, metadata)
      values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)`,
    values: [businessId, ...valuesOf(draft)],
  })
}

/** Replaces a draft that has not been posted. */
export async function updateDraftRow(
  tx: Tx,
  businessId: Id<'business'>,
  draft: DraftRow,
): Promise<void> {
  await tx.query({
    name: 'update_draft',
    text: `update journal_draft set accounting_date = $3, description = $4, reference = $5,
        lines = $6, updated_at = $7, external_id = $8, metadata = $9, version = version + 1
      where business_id = $1 and draft_id = $2 and entry_id is null`,
    values: [businessId, ...valuesOf(draft)],
  })
}

const valuesOf = (draft: DraftRow): readonly unknown[] => [
  draft.draftId,
  draft.accountingDate,
  draft.description,
  draft.reference,
  draft.lines,
  draft.at,
  draft.externalId,
  draft.metadata,
]

/** Marks a draft as posted; the entry has the draft's own id. */
export async function markDraftPosted(
  tx: Tx,
  businessId: Id<'business'>,
  draftId: Id<'entry'>,
): Promise<void> {
  await tx.query({
    name: 'mark_draft_posted',
    text: `update journal_draft set entry_id = draft_id, version = version + 1
      where business_id = $1 and draft_id = $2 and entry_id is null`,
    values: [businessId, draftId],
  })
}

/** Removes a draft that has not been posted. */
export async function deleteDraftRow(
  tx: Tx,
  businessId: Id<'business'>,
  draftId: Id<'entry'>,
): Promise<void> {
  await tx.query({
    name: 'delete_draft',
    text: 'delete from journal_draft where business_id = $1 and draft_id = $2 and entry_id is null',
    values: [businessId, draftId],
  })
}
