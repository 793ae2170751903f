import { nullableArray } from '../../db/arrays.ts'
import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { balanceEdge } from './balance.ts'

/** Cumulative sums of one key at the end of a date: minor units, base and transaction currency. */
export type Balance = Readonly<{
  date: CalendarDate
  accountId: Id<'account'>
  currency: string
  bucket: 0 | 1
  debitBase: bigint
  creditBase: bigint
  debit: bigint
  credit: bigint
}>

type Input = Readonly<{ businessId: Id<'business'>; dates: readonly CalendarDate[] }>

/**
 * The state of the ledger a reader sees: newest month with rows, and the newest entry number. Read
 * from the rows themselves, so that an action sees what was posted before it in the same commit.
 */
export async function findLedgerState(
  db: Db,
  businessId: Id<'business'>,
): Promise<Readonly<{ horizon: CalendarDate | null; entrySeq: bigint }>> {
  const [row] = await db.query<{ horizon: CalendarDate | null; entrySeq: bigint }>({
    name: 'ledger_state',
    text: `select
      (select max(month) from balance_month where business_id = $1) as horizon,
      (select coalesce(max(entry_seq), 0) from journal_entry where business_id = $1) as "entrySeq"`,
    values: [businessId],
  })
  return row ?? { horizon: null, entrySeq: 0n }
}

/**
 * Balances of every key at the end of each date, from the roll-ups: at most one month's rows and
 * 31 days' rows per date, however many lines there are. Ordered by date, then account, currency,
 * bucket; at most 100,000 rows. Call it in one snapshot with what else the report reads.
 */
export async function listBalances(db: Db, { businessId, dates }: Input): Promise<Balance[]> {
  const { horizon } = await findLedgerState(db, businessId)
  const edges = dates.map((date) => balanceEdge(date, horizon))
  return db.query<Balance>({
    name: 'list_balances',
    text: `
      with edge as (
        select * from unnest($2::date[], $3::date[], $4::date[], $5::date[])
          as t (date, month, first_day, last_day)
      ), part as (
        select e.date, b.account_id, b.currency, b.bucket, b.debit_base, b.credit_base, b.debit,
          b.credit
        from edge as e
        join balance_month as b on b.business_id = $1 and b.month = e.month
        union all
        select e.date, b.account_id, b.currency, b.bucket, b.debit_base, b.credit_base, b.debit,
          b.credit
        from edge as e
        join balance_day as b
          on b.business_id = $1 and b.day >= e.first_day and b.day <= e.last_day
      )
      select date, account_id as "accountId", currency, bucket,
        sum(debit_base)::bigint as "debitBase", sum(credit_base)::bigint as "creditBase",
        sum(debit)::bigint as debit, sum(credit)::bigint as credit
      from part
      group by date, account_id, currency, bucket
      order by date, account_id, currency, bucket
      limit 100000`,
    values: [
      businessId,
      nullableArray([...dates]),
      nullableArray(edges.map(({ month }) => month)),
      nullableArray(edges.map(({ days }) => days?.from ?? null)),
      nullableArray(edges.map(({ days }) => days?.to ?? null)),
    ],
  })
}
