import type { Ctx } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import { updateBusiness } from '../access/business.actions.ts'
import type { Business, BusinessChanges } from '../access/business.ts'
import { type Book, loadBook } from './book.queries.ts'
import { setPrefix } from './number-series.actions.ts'

/**
 * Changes what a business says about itself and its settings, where its books allow it.
 * Refuses, in this order: ledger.account_not_found, ledger.account_is_group,
 * ledger.account_inactive (the account of receipts), resource.invalid_transition (the fiscal year,
 * once a period is closed).
 * Source: Invoicing specification 12; ledger specification 6.2.
 */
export async function changeBusiness(ctx: Ctx, changes: BusinessChanges): Promise<Business> {
  const book = await ctx.remember(loadBook)
  const { profile = {}, fiscalYearStart } = changes
  const { defaultDepositAccountCode: code, invoicePrefix, quotationPrefix } = profile
  if (typeof code === 'string') requirePostable(book, code)
  if (fiscalYearStart !== undefined) requireOpenYears(book, fiscalYearStart)
  const { profile: before } = book.business
  if (invoicePrefix !== undefined && invoicePrefix !== before.invoicePrefix) {
    await setPrefix(ctx, { kind: 'invoice', prefix: invoicePrefix })
  }
  if (quotationPrefix !== undefined && quotationPrefix !== before.quotationPrefix) {
    await setPrefix(ctx, { kind: 'quotation', prefix: quotationPrefix })
  }
  return updateBusiness(ctx, changes)
}

function requirePostable({ accountByCode }: Book, code: string): void {
  const account = accountByCode.get(code)
  if (account === undefined) throw new Refusal('ledger.account_not_found', { account: code })
  if (account.isHeader) throw new Refusal('ledger.account_is_group', { account: code })
  if (account.archivedAt !== null) throw new Refusal('ledger.account_inactive', { account: code })
}

/** What is closed was closed for its fiscal year; another start would move it. */
function requireOpenYears({ business, locks }: Book, to: string): void {
  const from = business.fiscalYearStart
  const isClosed = locks.some(({ kind, through }) => kind === 'hard' && through !== null)
  if (to === from || !isClosed) return
  throw new Refusal('resource.invalid_transition', { resource: 'Fiscal year start', from, to })
}
