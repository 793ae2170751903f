import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { SumRow } from './account-sum.ts'

/** Numbers of entries, the first left out and the last included; no last: up to the newest. */
type Span = Readonly<{ after: bigint; through?: bigint }>

/** A sum of lines, and the first of the dates asked for by which they had happened. */
type Slot = SumRow & Readonly<{ date: CalendarDate }>

/** The newest entry, and the newest of those recorded at an instant or before it; 0 for none. */
export type Heads = Readonly<{ known: bigint; newest: bigint }>

/**
 * Finds what was recorded by an instant with some twenty look-ups, however long the books are:
 * entries are numbered in the order in which they are recorded.
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
        join journal_entry as e
          on e.business_id = $1 and e.entry_seq = (s.low + s.high + 1) / 2
        where s.low < s.high
      )
      select (select low from search order by high - low limit 1) as known,
        (select max(high) from search) as newest`,
    values: [businessId, knownAt],
  })
  return heads ?? { known: 0n, newest: 0n }
}

const slotted = `
  edges as (
    select array_agg(day order by day) as days, array_agg(day + 1 order by day) as ends
    from unnest($2::date[]) as t (day)
  ), summed as (
    select width_bucket(l.accounting_date, edges.ends) + 1 as slot, l.account_id, l.bucket,
      sum(greatest(l.base_amount, 0))::bigint as "debitBase",
      sum(greatest(-l.base_amount, 0))::bigint as "creditBase"
    from chosen as l, edges
    where l.accounting_date < edges.ends[cardinality(edges.ends)]
    group by 1, 2, 3
  )
  select edges.days[slot] as date, account_id as "accountId", bucket, "debitBase", "creditBase"
  from summed, edges
  order by 1, 2, 3
  limit 1000000`

/** Sums of the lines of a span of entries; reads those entries and no others. */
export function listSpanSums(
  db: Db,
  businessId: Id<'business'>,
  { dates, after, through }: Span & Readonly<{ dates: readonly CalendarDate[] }>,
): Promise<readonly Slot[]> {
  return db.query<Slot>({
    name: 'list_span_sums',
    text: `
      with chosen as (
        select l.accounting_date, l.account_id, l.bucket, l.base_amount
        from journal_entry as e
        join journal_line as l on l.business_id = e.business_id and l.entry_id = e.entry_id
        where e.business_id = $1 and e.entry_seq > $3
          and e.entry_seq <= coalesce($4::bigint, 9223372036854775807)
      ), ${slotted}`,
    values: [businessId, dates, after, through ?? null],
  })
}

/** Sums of the lines with a tag, up to an entry where one is given; reads those lines alone. */
export function listTagSums(
  db: Db,
  businessId: Id<'business'>,
  {
    dates,
    tag,
    through,
  }: Readonly<{
    dates: readonly CalendarDate[]
    tag: string
    through?: bigint | undefined
  }>,
): Promise<readonly Slot[]> {
  return db.query<Slot>({
    name: 'list_tag_sums',
    text: `
      with chosen as (
        select accounting_date, account_id, bucket, base_amount
        from journal_line
        where business_id = $1 and dimension_set_id <> 0
          and dimension_set_id = any (array(
            select set_id from dimension_set where business_id = $1 and $3 = any (tags)))
          and entry_seq <= coalesce($4::bigint, 9223372036854775807)
      ), ${slotted}`,
    values: [businessId, dates, tag, through ?? null],
  })
}
