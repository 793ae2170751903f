import type { Db } from '../../db/tx.ts'
import { type CalendarDate, fiscalYearOf } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { getBusiness } from '../access/business.queries.ts'
import { listAccounts } from '../ledger/account.queries.ts'
import { listSums, type View } from './account-sum.queries.ts'
import { openingDate, requireRange } from './account-sum.ts'
import { type TrialBalance, toTrialBalance } from './trial-balance.ts'

type Input = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  asOf: CalendarDate
  /** Adds opening and movement from this day on. */
  start?: CalendarDate | undefined
  includeZero?: boolean
  view?: View
}>

/**
 * The trial balance at the end of a day, from the roll-ups; exact as of the snapshot it runs in.
 * Refuses: reports.range_invalid.
 */
export async function getTrialBalance(db: Db, input: Input): Promise<TrialBalance> {
  const { organizationId, businessId, asOf, start, includeZero = false, view } = input
  if (start !== undefined) requireRange(start, asOf)
  const { fiscalYearStart } = await getBusiness(db, organizationId, businessId)
  const accounts = await listAccounts(db, { businessId })
  const year = fiscalYearOf(asOf, fiscalYearStart)
  const dates = [asOf, openingDate(year.start), start && openingDate(start)]
  const sums = await listSums(db, businessId, dates, view)
  const [closing = none, yearOpening = none, opening = none] = sums
  return toTrialBalance({
    asOf,
    accounts,
    yearOpening,
    closing,
    start: start && { opening, isBeforeYear: start < year.start },
    includeZero,
  })
}

const none = new Map<never, never>()
