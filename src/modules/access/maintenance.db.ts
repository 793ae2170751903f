import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Maintenance } from './maintenance.ts'

/** Adds an order; undefined opens the installation again. Orders before it stay, as a record. */
export async function insertMaintenance(
  tx: Tx,
  maintenance: Maintenance | undefined,
  { orderedBy, at }: Readonly<{ orderedBy: string; at: Instant }>,
): Promise<void> {
  const { mode = 'off', message = null, until = null } = maintenance ?? {}
  await tx.query({
    text: `insert into maintenance (mode, message, until, ordered_by, recorded_at)
      values ($1, $2, $3, $4, $5)`,
    values: [mode, message, until, orderedBy, at],
  })
}
