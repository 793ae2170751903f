import { plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Balance } from './balance.queries.ts'
import type { CloseCheck, Lock } from './period.ts'

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

export type CloseRow = Readonly<{
  closeId: Id<'close'>
  through: CalendarDate
  entryCount: bigint
  sha256: string
  checklist: readonly CloseCheck[]
  reason: string
  closedBy: string
  at: Instant
  link: bigint
}>

/**
 * Keeps a close with its trial balance; an earlier close of the same month, which was reopened, is
 * superseded by it.
 */
export async function insertClose(
  tx: Tx,
  businessId: Id<'business'>,
  row: CloseRow,
  balances: readonly Balance[],
): Promise<void> {
  await tx.query({
    name: 'insert_close',
    text: `
      with superseded as (
        update period_close set superseded_by = $2
        where business_id = $1 and through_date >= $3 and superseded_by is null
      ), close as (
        insert into period_close (business_id, close_id, through_date, entry_count,
          snapshot_sha256, checklist, reason, closed_by, recorded_at, link)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      )
      insert into period_close_balance (business_id, close_id, account_id, currency, bucket,
        debit_base, credit_base, debit, credit)
      select $1, $2, t.* from unnest($11::uuid[], $12::text[], $13::smallint[], $14::bigint[],
        $15::bigint[], $16::bigint[], $17::bigint[]) as t`,
    values: [
      businessId,
      row.closeId,
      row.through,
      row.entryCount,
      row.sha256,
      JSON.stringify(row.checklist),
      row.reason,
      row.closedBy,
      row.at,
      row.link,
      plainArray(balances.map(({ accountId }) => accountId)),
      textArray(balances.map(({ currency }) => currency)),
      plainArray(balances.map(({ bucket }) => bucket)),
      plainArray(balances.map(({ debitBase }) => debitBase)),
      plainArray(balances.map(({ creditBase }) => creditBase)),
      plainArray(balances.map(({ debit }) => debit)),
      plainArray(balances.map(({ credit }) => credit)),
    ],
  })
}
