import { nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { StatementLine } from './statement-line.ts'

type Insert = Readonly<{
  businessId: Id<'business'>
  lines: readonly StatementLine[]
  occurrences: readonly number[]
  at: Instant
}>

/** Inserts rows that are not there yet and answers the ids of those it inserted. */
export async function insertStatementLines(
  tx: Tx,
  { businessId, lines, occurrences, at }: Insert,
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>({
    name: 'insert_statement_lines',
    text: `
      insert into bank_statement_line (business_id, line_id, account_id, booked_on, amount,
        currency, description, reference, occurrence, matched_entry_id, created_at)
      select $1, t.line_id, t.account_id, t.booked_on, t.amount, t.currency, t.description,
        t.reference, t.occurrence, t.matched, $11
      from unnest($2::uuid[], $3::uuid[], $4::date[], $5::bigint[], $6::text[], $7::text[],
        $8::text[], $9::int[], $10::uuid[])
        as t (line_id, account_id, booked_on, amount, currency, description, reference, occurrence,
          matched)
      on conflict on constraint bank_line_unique do nothing
      returning line_id as id`,
    values: [
      businessId,
      plainArray(lines.map(({ id }) => id)),
      plainArray(lines.map(({ accountId }) => accountId)),
      plainArray(lines.map(({ bookedOn }) => bookedOn)),
      plainArray(lines.map(({ amount }) => amount)),
      plainArray(lines.map(({ currency }) => currency)),
      textArray(lines.map(({ description }) => description)),
      textArray(lines.map(({ reference }) => reference)),
      plainArray(occurrences),
      nullableArray(lines.map(({ matchedEntryId }) => matchedEntryId)),
      at,
    ],
  })
  return new Set(rows.map(({ id }) => id))
}
