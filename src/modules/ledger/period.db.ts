import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Lock } from './period.ts'

type LockRow = Lock & Readonly<{ reason: string; setBy: string; at: Instant }>

/** Appends a lock; the newest row of its kind and scope counts. */
export async function insertLock(
  tx: Tx,
  businessId: Id<'business'>,
  { kind, scope, through, reason, setBy, at }: LockRow,
): Promise<void> {
  await tx.query({
    name: 'insert_lock',
    text: `
      insert into period_lock (business_id, seq, kind, scope, through_date, reason, set_by,
        recorded_at)
      select $1, coalesce(max(seq), 0) + 1, $2, $3, $4::date, $5, $6, $7
      from period_lock where business_id = $1`,
    values: [businessId, kind, scope, through, reason, setBy, at],
  })
}
