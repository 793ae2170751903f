import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { listAccounts } from '../ledger/account.queries.ts'
import { listSums, type View } from './account-sum.queries.ts'
import { openingDate, requireRange } from './account-sum.ts'
import { type ProfitLoss, toProfitLoss } from './profit-loss.ts'

type Input = Readonly<{
  businessId: Id<'business'>
  start: CalendarDate
  end: CalendarDate
  includeZero?: boolean
  view?: View
}>

/**
 * Profit and loss of a range, both days included, from the roll-ups at its edges; exact as of the
 * snapshot it runs in.
 * Refuses: reports.range_invalid.
 */
export async function getProfitLoss(db: Db, input: Input): Promise<ProfitLoss> {
  const { businessId, start, end, includeZero = false, view } = input
  requireRange(start, end)
  const accounts = await listAccounts(db, { businessId })
  const dates = [openingDate(start), end]
  const [opening = none, closing = none] = await listSums(db, businessId, dates, view)
  return toProfitLoss({ start, end, accounts, opening, closing, includeZero })
}

const none = new Map<never, never>()
