import type { Db } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NumberedKind, NumberSurface } from './number-series.ts'

/** Rows of one report, at most. */
export const gapRowsMax = 10_000

/**
 * Why no document stands behind a number: its draft was deleted, the document was voided, a number
 * that somebody chose lies behind it, or nobody knows (`missing`, which `verify` reports as well).
 */
export type GapState = 'deleted' | 'void' | 'skipped' | 'missing'

/** Values of a series from `first` to `last`, one but for what was skipped. */
export type Gap = Readonly<{
  surface: NumberSurface
  kind: NumberedKind
  first: bigint
  last: bigint
  firstNumber: string
  lastNumber: string
  state: GapState
  documentId: string | null
  /** Why it was voided, where somebody said so. */
  reason: string | null
}>

/** One series and how many of its values have a document. */
export type SeriesCount = Readonly<{
  surface: NumberSurface
  kind: NumberedKind
  year: number
  prefix: string
  next: bigint
  used: number
}>

/** Every value of every series up to its next, with what is known of it. */
const values = `
  with value as (
    select s.surface, s.kind, s.year, s.prefix, s.next, v.value, known.number, known.state,
      known.document_id, s.prefix || lpad(v.value::text, greatest(s.padding, length(v.value::text)), '0')
        as own_number
    from number_series as s
    cross join lateral generate_series(1, s.next - 1) as v (value)
    left join lateral (
      select r.number, r.state, r.document_id
      from unnest(s.prefix || s.former_prefixes) as p (prefix)
      join lateral (
        select number, state, document_id from number_register
        where business_id = s.business_id and kind = s.kind
        union all
        select number, 'used', entry_id from journal_entry
        where business_id = s.business_id and s.kind = 'journal'
      ) as r on r.number = p.prefix || lpad(v.value::text, greatest(s.padding, length(v.value::text)), '0')
      limit 1
    ) as known on true
    where s.business_id = $1 and ($2::text is null or s.kind = $2)
  )`

type Asked = Readonly<{ businessId: Id<'business'>; kind?: NumberedKind }>

/**
 * Numbers without a document that counts, by series and value; at most 10,000 rows. What was
 * skipped in one go is one row.
 * Source: ledger specification 7.5, gap report.
 */
export function listGaps(db: Db, { businessId, kind }: Asked): Promise<readonly Gap[]> {
  return db.query<Gap>({
    name: 'list_number_gaps',
    text: `${values}, judged as (
        select v.*, d.void_reason,
          case
            when v.number is null then 'skipped'
            when v.state = 'deleted' then 'deleted'
            when d.lifecycle = 'void' then 'void'
          end as gap
        from value as v
        left join document as d on d.business_id = $1 and d.document_id = v.document_id
      ), grouped as (
        select *, case when gap = 'skipped'
          then value - row_number() over (partition by surface, kind, year, gap order by value)
          else value end as island
        from judged where gap is not null
      )
      select surface, kind, min(value) as first, max(value) as last,
        coalesce(min(number), (array_agg(own_number order by value))[1]) as "firstNumber",
        coalesce(max(number), (array_agg(own_number order by value desc))[1]) as "lastNumber",
        case when gap = 'skipped' and max(value) = next - 1 then 'missing' else gap end as state,
        (array_agg(document_id))[1] as "documentId", max(void_reason) as reason
      from grouped
      group by surface, kind, year, prefix, next, gap, island
      order by surface, kind, year, min(value) limit ${gapRowsMax}`,
    values: [businessId, kind ?? null],
  })
}

/** Every series of a business with the number of its values in use, in order; at most 1,000. */
export function listSeriesCounts(
  db: Db,
  { businessId, kind }: Asked,
): Promise<readonly SeriesCount[]> {
  return db.query<SeriesCount>({
    name: 'list_series_counts',
    text: `${values}
      select surface, kind, year, prefix, next, count(number) filter (where state = 'used')::int as used
      from value group by surface, kind, year, prefix, next
      order by surface, kind, year limit 1000`,
    values: [businessId, kind ?? null],
  })
}
