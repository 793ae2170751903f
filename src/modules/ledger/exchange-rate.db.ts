import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NewRate, Rate } from './exchange-rate.ts'

/** Adds a row behind those of its day; nothing is ever replaced. Answers its place in the day. */
export async function insertRate(
  tx: Tx,
  businessId: Id<'business'>,
  { currency, day, quoted, direction, source, rate }: NewRate & Readonly<{ rate: string }>,
): Promise<bigint> {
  const [row] = await tx.query<{ seq: bigint }>({
    name: 'insert_rate',
    text: `
      insert into fx_rate (business_id, currency, day, seq, rate, source, quoted, direction)
      select $1, $2, $3::date, coalesce(max(seq), 0) + 1, $4, $5, $6, $7
      from fx_rate where business_id = $1 and currency = $2 and day = $3::date
      returning seq`,
    values: [businessId, currency, day, rate, source, quoted, direction],
  })
  return row?.seq ?? 1n
}

/**
 * Withdraws the rates that a day has, by a row behind them; nothing is ever deleted. Answers the
 * rate that held, or undefined where there was none.
 */
export async function insertWithdrawal(
  tx: Tx,
  businessId: Id<'business'>,
  { currency, day }: Pick<NewRate, 'currency' | 'day'>,
): Promise<(Rate & Readonly<{ seq: bigint }>) | undefined> {
  const [row] = await tx.query<Rate & { seq: bigint }>({
    name: 'insert_withdrawal',
    text: `
      insert into fx_rate
        (business_id, currency, day, seq, rate, source, quoted, direction, is_withdrawal)
      select business_id, currency, day, seq + 1, rate, source, quoted, direction, true
      from (
        select * from fx_rate where business_id = $1 and currency = $2 and day = $3::date
        order by seq desc limit 1
      ) as newest
      where not is_withdrawal
      returning seq, trim_scale(rate)::text as rate, source`,
    values: [businessId, currency, day],
  })
  return row
}
