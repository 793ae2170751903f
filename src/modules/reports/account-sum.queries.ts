import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Balance, listBalances } from '../ledger/balance.queries.ts'
import { type Sums, toSums } from './account-sum.ts'

/**
 * Sums of every account at the end of each date, in the order of the dates; no date, no sums. All
 * come from one statement, so from one state of the ledger.
 */
export async function listSums(
  db: Db,
  businessId: Id<'business'>,
  dates: readonly (CalendarDate | undefined)[],
): Promise<readonly Sums[]> {
  const known = [...new Set(dates.filter((date) => date !== undefined))]
  const rows = await listBalances(db, { businessId, dates: known })
  const rowsByDate = new Map<CalendarDate, Balance[]>(known.map((date) => [date, []]))
  for (const row of rows) rowsByDate.get(row.date)?.push(row)
  return dates.map((date) => toSums((date && rowsByDate.get(date)) ?? []))
}
