import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { SumRow } from './account-sum.ts'

/**
 * Entries by their numbers, the first left out and the last included; no last: up to the newest.
 * With `datedAfter` also those up to the first that are dated later than it.
 */
export type Span = Readonly<{
  after: bigint
  through?: bigint
  datedAfter?: CalendarDate
}>

/** A sum of lines, and the first of the dates asked for by which they had happened. */
type Slot = SumRow & Readonly<{ date: CalendarDate }>

/** Most lines that a report adds up one by one. Source: ledger specification 9.9. */
export const linesMax = 2_000_000

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

type Asked = Span & Readonly<{ dates: readonly CalendarDate[] }>

/** The last date bounds what is dated after a close. */
const entriesOfSpan = (columns: string): string => `
  select ${columns} from journal_entry as e
  where e.business_id = $1 and e.entry_seq > $3
    and e.entry_seq <= coalesce($4::bigint, 9223372036854775807)
  union all
  select ${columns} from journal_entry as e
  where e.business_id = $1 and e.accounting_date > $5::date and e.entry_seq <= $3
    and e.accounting_date <= (select max(day) from unnest($2::date[]) as t (day))`

const valuesOf = (
  businessId: Id<'business'>,
  { dates, after, through, datedAfter }: Asked,
): readonly unknown[] => [businessId, dates, after, through ?? null, datedAfter ?? null]

/** Sums of the lines of a span of entries; reads those entries and no others. */
export function listSpanSums(
  db: Db,
  businessId: Id<'business'>,
  asked: Asked,
): Promise<readonly Slot[]> {
  return db.query<Slot>({
    name: 'list_span_sums',
    text: `
      with span as (${entriesOfSpan('e.entry_id')}), chosen as (
        select l.accounting_date, l.account_id, l.bucket, l.base_amount
        from span join journal_line as l on l.business_id = $1 and l.entry_id = span.entry_id
      ), ${slotted}`,
    values: valuesOf(businessId, asked),
  })
}

/** Counts the lines of a span, and stops counting a little above the most that a report reads. */
export async function countSpanLines(
  db: Db,
  businessId: Id<'business'>,
  asked: Asked,
): Promise<number> {
  const [row] = await db.query<{ lines: bigint }>({
    name: 'count_span_lines',
    text: `select coalesce(sum(line_count), 0)::bigint as lines from (
        select line_count from (${entriesOfSpan('e.line_count')}) as span limit ${linesMax / 2 + 1}
      ) as counted`,
    values: valuesOf(businessId, asked),
  })
  return Number(row?.lines ?? 0n)
}

/** A close: its day, and the newest entry that its trial balance knows. */
type Seal = Readonly<{ closeId: Id<'close'>; through: CalendarDate; entrySeq: bigint }>

/** The latest close up to a day and an entry, superseded ones too: what they sealed was so. */
export async function findSeal(
  db: Db,
  businessId: Id<'business'>,
  { date, known }: Readonly<{ date: CalendarDate; known: bigint }>,
): Promise<Seal | undefined> {
  const [seal] = await db.query<Seal>({
    name: 'find_seal',
    text: `select close_id as "closeId", through_date as through, entry_count as "entrySeq"
      from period_close
      where business_id = $1 and through_date <= $2 and entry_count <= $3
      order by through_date desc, entry_count desc limit 1`,
    values: [businessId, date, known],
  })
  return seal
}

/** The trial balance that a close sealed, dated as a report's first date. */
export function listSealedSums(
  db: Db,
  businessId: Id<'business'>,
  { closeId, date }: Readonly<{ closeId: Id<'close'>; date: CalendarDate }>,
): Promise<readonly Slot[]> {
  return db.query<Slot>({
    name: 'list_sealed_sums',
    text: `select $3::date as date, account_id as "accountId", bucket,
        sum(debit_base)::bigint as "debitBase", sum(credit_base)::bigint as "creditBase"
      from period_close_balance
      where business_id = $1 and close_id = $2
      group by account_id, bucket order by account_id, bucket limit 1000000`,
    values: [businessId, closeId, date],
  })
}

type Tagged = Readonly<{
  dates: readonly CalendarDate[]
  tag: string
  through?: bigint | undefined
}>

/** `$3` is the tag. */
const tagged = `dimension_set_id <> 0
  and dimension_set_id = any (array(
    select set_id from dimension_set where business_id = $1 and $3 = any (tags)))`

/** Sums of the lines with a tag, up to an entry where one is given; reads those lines alone. */
export function listTagSums(
  db: Db,
  businessId: Id<'business'>,
  { dates, tag, through }: Tagged,
): Promise<readonly Slot[]> {
  return db.query<Slot>({
    name: 'list_tag_sums',
    text: `
      with chosen as (
        select accounting_date, account_id, bucket, base_amount
        from journal_line
        where business_id = $1 and ${tagged}
          and entry_seq <= coalesce($4::bigint, 9223372036854775807)
      ), ${slotted}`,
    values: [businessId, dates, tag, through ?? null],
  })
}

/** Counts the lines with a tag, up to one more than a report reads. */
export async function countTagLines(
  db: Db,
  businessId: Id<'business'>,
  { dates, tag }: Tagged,
): Promise<number> {
  const [row] = await db.query<{ lines: bigint }>({
    name: 'count_tag_lines',
    text: `select count(*) as lines from (
        select from journal_line where business_id = $1 and ${tagged}
          and accounting_date <= (select max(day) from unnest($2::date[]) as t (day))
        limit ${linesMax + 1}
      ) as counted`,
    values: [businessId, dates, tag],
  })
  return Number(row?.lines ?? 0n)
}
