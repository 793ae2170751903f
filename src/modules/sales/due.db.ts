import { plainArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** A document and the last day that has passed. */
export type DueDocument = Readonly<{ id: Id<'document'>; dueDate: CalendarDate }>

/** Notes that it was told of documents that their last day has passed; a second time is nothing. */
export async function insertDueNotices(
  tx: Tx,
  businessId: Id<'business'>,
  { documents, at }: Readonly<{ documents: readonly DueDocument[]; at: Instant }>,
): Promise<void> {
  await tx.query({
    name: 'insert_due_notices',
    text: `
      insert into due_notice (business_id, document_id, due_date, recorded_at)
      select $1, t.document_id, t.due_date, $4
      from unnest($2::uuid[], $3::date[]) as t (document_id, due_date)
      on conflict do nothing`,
    values: [
      businessId,
      plainArray(documents.map(({ id }) => id)),
      plainArray(documents.map(({ dueDate }) => dueDate)),
      at,
    ],
  })
}
