import { plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NumberedKind, NumberSurface, Series } from './number-series.ts'

type Wanted = Series & Readonly<{ count: number }>
type Taken = Readonly<{ year: number; prefix: string; padding: number; first: bigint }>

/**
 * Takes `count` values from each series and answers the first of each; the counter rows stay locked
 * until commit, so a rollback gives the values back. Creates a series at its first use.
 */
export const takeValues = (
  tx: Tx,
  businessId: Id<'business'>,
  {
    kind,
    surface,
    wanted,
  }: Readonly<{ kind: NumberedKind; surface: NumberSurface; wanted: readonly Wanted[] }>,
): Promise<Taken[]> =>
  tx.query({
    name: 'take_values',
    text: `
      insert into number_series as s (business_id, kind, surface, year, prefix, padding, next)
      select $1, $2, $3, t.year, t.prefix, t.padding, t.count + 1
      from unnest($4::int[], $5::text[], $6::int[], $7::bigint[]) as t (year, prefix, padding, count)
      order by t.year
      on conflict (business_id, kind, surface, year) do update
        set next = s.next + (excluded.next - 1)
      returning year, prefix, padding, next - (
        select w.count from unnest($4::int[], $7::bigint[]) as w (year, count)
        where w.year = s.year
      ) as first`,
    values: [
      businessId,
      kind,
      surface,
      plainArray(wanted.map(({ year }) => year)),
      textArray(wanted.map(({ prefix }) => prefix)),
      plainArray(wanted.map(({ padding }) => padding)),
      plainArray(wanted.map(({ count }) => count)),
    ],
  })

/**
 * Takes the next values of a series and registers them for documents, in their order and in one
 * statement. The counter row stays locked until commit. A document is left out where an explicit
 * number has its value already; the series has then moved on.
 */
export async function takeRegistered(
  tx: Tx,
  businessId: Id<'business'>,
  {
    kind,
    surface,
    series,
    documentIds,
  }: Readonly<{
    kind: NumberedKind
    surface: NumberSurface
    series: Series
    documentIds: readonly string[]
  }>,
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<{ documentId: string; number: string }>({
    name: 'take_registered',
    text: `
      with taken as (
        insert into number_series as s (business_id, kind, surface, year, prefix, padding, next)
        values ($1, $2, $3, $4, $5, $6, cardinality($7::uuid[]) + 1)
        on conflict (business_id, kind, surface, year) do update
          set next = s.next + cardinality($7::uuid[])
        returning s.prefix, s.padding, s.next - cardinality($7::uuid[]) as first
      ), given as (
        select t.document_id, prefix, padding, (first + t.place - 1)::text as digits
        from taken, unnest($7::uuid[]) with ordinality as t (document_id, place)
      )
      insert into number_register (business_id, kind, number, document_id)
      select $1, $2, prefix || lpad(digits, greatest(padding, length(digits)), '0'), document_id
      from given
      on conflict on constraint document_number_unique do nothing
      returning document_id as "documentId", number`,
    values: [
      businessId,
      kind,
      surface,
      series.year,
      series.prefix,
      series.padding,
      plainArray(documentIds),
    ],
  })
  return new Map(rows.map(({ documentId, number }) => [documentId, number]))
}

/** Moves a series behind an explicit number that fits it; a lower number leaves it alone. */
export async function moveSeries(
  tx: Tx,
  businessId: Id<'business'>,
  {
    kind,
    surface,
    series,
    value,
  }: Readonly<{ kind: NumberedKind; surface: NumberSurface; series: Series; value: bigint }>,
): Promise<void> {
  await tx.query({
    name: 'move_series',
    text: `
      insert into number_series as s (business_id, kind, surface, year, prefix, padding, next)
      values ($1, $2, $3, $4, $5, $6, $7::bigint + 1)
      on conflict (business_id, kind, surface, year) do update
        set next = greatest(s.next, excluded.next)`,
    values: [businessId, kind, surface, series.year, series.prefix, series.padding, value],
  })
}

/**
 * Gives an endless series another prefix, and makes the series where it has no number yet. Numbers
 * that were given keep the prefix they have.
 */
export async function renameSeries(
  tx: Tx,
  businessId: Id<'business'>,
  {
    kind,
    surface,
    series,
  }: Readonly<{ kind: NumberedKind; surface: NumberSurface; series: Series }>,
): Promise<void> {
  await tx.query({
    name: 'rename_series',
    text: `
      insert into number_series as s (business_id, kind, surface, year, prefix, padding, next)
      values ($1, $2, $3, $4, $5, $6, 1)
      on conflict (business_id, kind, surface, year) do update
        set prefix = excluded.prefix,
          former_prefixes = array_remove(s.former_prefixes, excluded.prefix) || s.prefix`,
    values: [businessId, kind, surface, series.year, series.prefix, series.padding],
  })
}

/** The prefix and padding that a series has, or undefined before its first number. */
export async function findSeries(
  tx: Tx,
  businessId: Id<'business'>,
  { kind, surface, year }: Readonly<{ kind: NumberedKind; surface: NumberSurface; year: number }>,
): Promise<Series | undefined> {
  const [row] = await tx.query<Series>({
    name: 'find_series',
    text: `select year, prefix, padding from number_series
      where business_id = $1 and kind = $2 and surface = $3 and year = $4`,
    values: [businessId, kind, surface, year],
  })
  return row
}

/** Registers a number for good; a taken one violates `document_number_unique`. */
export async function insertNumber(
  tx: Tx,
  businessId: Id<'business'>,
  {
    kind,
    number,
    documentId,
  }: Readonly<{ kind: NumberedKind; number: string; documentId: string }>,
): Promise<void> {
  await tx.query({
    name: 'insert_number',
    text: `insert into number_register (business_id, kind, number, document_id)
      values ($1, $2, $3, $4)`,
    values: [businessId, kind, number, documentId],
  })
}

/** Marks a number as one that its document has given up; it is never given again. */
export async function markNumberDeleted(
  tx: Tx,
  businessId: Id<'business'>,
  { kind, number }: Readonly<{ kind: NumberedKind; number: string }>,
): Promise<void> {
  await tx.query({
    name: 'mark_number_deleted',
    text: `update number_register set state = 'deleted'
      where business_id = $1 and kind = $2 and number = $3`,
    values: [businessId, kind, number],
  })
}

/** True when the number was ever given to a document of this kind. */
export async function isNumberTaken(
  tx: Tx,
  businessId: Id<'business'>,
  { kind, number }: Readonly<{ kind: NumberedKind; number: string }>,
): Promise<boolean> {
  const rows = await tx.query({
    name: 'find_number',
    text: `select document_id from number_register
      where business_id = $1 and kind = $2 and number = $3`,
    values: [businessId, kind, number],
  })
  return rows.length > 0
}
