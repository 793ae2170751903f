import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Line } from './journal.ts'

/**
 * What revaluations dated a day have moved on it so far, per account, currency and item; nothing
 * when none was run or all were taken back. At most 10,000.
 */
export function listRevaluationEffects(
  db: Db,
  businessId: Id<'business'>,
  date: CalendarDate,
): Promise<readonly Line[]> {
  return db.query<Line>({
    name: 'list_revaluation_effects',
    text: `
      select l.account_id as "accountId", l.currency, 0::bigint as amount,
        sum(l.base_amount)::bigint as base, l.party_id as "partyId", l.open_item_id as "openItemId"
      from journal_entry as e
      join journal_line as l on l.business_id = e.business_id and l.entry_id = e.entry_id
      where e.business_id = $1 and e.source_type = 'revaluation' and e.kind = 'fx'
        and e.accounting_date = $2
      group by l.account_id, l.currency, l.party_id, l.open_item_id
      having sum(l.base_amount) <> 0
      order by l.account_id, l.currency, l.open_item_id limit 10000`,
    values: [businessId, date],
  })
}

/**
 * What an account holds in one currency, all that is posted counted, whatever its date. `horizon` is
 * the newest month of the roll-ups.
 */
export async function findHeld(
  db: Db,
  businessId: Id<'business'>,
  held: Readonly<{ accountId: Id<'account'>; currency: string; horizon: CalendarDate }>,
): Promise<Readonly<{ amount: bigint; base: bigint }>> {
  const [row] = await db.query<{ amount: bigint; base: bigint }>({
    name: 'find_held',
    text: `
      select sum(debit - credit)::bigint as amount, sum(debit_base - credit_base)::bigint as base
      from balance_month
      where business_id = $1 and month = $2 and account_id = $3 and currency = $4
      having count(*) > 0`,
    values: [businessId, held.horizon, held.accountId, held.currency],
  })
  return row ?? { amount: 0n, base: 0n }
}
