import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'

/** Deletes events of every tenant from before an instant, by the one function that may. */
export async function deleteEvents(
  tx: Tx,
  { before, limit }: Readonly<{ before: Instant; limit: number }>,
): Promise<number> {
  const [row] = await tx.query<{ count: number }>({
    text: 'select forget_events($1, $2) as count',
    values: [before, limit],
  })
  return row?.count ?? 0
}
