import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

/** The date of opening balances that still count. */
export async function findOpeningDate(
  db: Db,
  businessId: Id<'business'>,
): Promise<CalendarDate | undefined> {
  const [row] = await db.query<{ date: CalendarDate }>({
    name: 'find_opening_date',
    text: `
      select e.accounting_date as date from journal_entry as e
      where e.business_id = $1 and e.kind = 'opening' and not exists (
        select 1 from journal_entry as r
        where r.business_id = $1 and r.reverses_entry_id = e.entry_id)
      order by e.entry_seq limit 1`,
    values: [businessId],
  })
  return row?.date
}
