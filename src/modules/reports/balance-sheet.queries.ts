import type { Db } from '../../db/tx.ts'
import { type CalendarDate, fiscalYearOf } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { getBusiness } from '../access/business.queries.ts'
import { listAccounts } from '../ledger/account.queries.ts'
import { listSums, type View } from './account-sum.queries.ts'
import { openingDate } from './account-sum.ts'
import { type BalanceSheet, toBalanceSheet } from './balance-sheet.ts'

type Input = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  asOf: CalendarDate
  includeZero?: boolean
  view?: View
}>

/** The balance sheet at the end of a day, from the roll-ups; exact as of the snapshot it runs in. */
export async function getBalanceSheet(db: Db, input: Input): Promise<BalanceSheet> {
  const { organizationId, businessId, asOf, includeZero = false, view } = input
  const { fiscalYearStart } = await getBusiness(db, organizationId, businessId)
  const accounts = await listAccounts(db, { businessId })
  const { start } = fiscalYearOf(asOf, fiscalYearStart)
  const dates = [asOf, openingDate(start)]
  const [closing = none, yearOpening = none] = await listSums(db, businessId, dates, view)
  return toBalanceSheet({ asOf, accounts, yearOpening, closing, includeZero })
}

const none = new Map<never, never>()
