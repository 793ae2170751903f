import type { Ctx } from '../../db/write.ts'
import { dateIn } from '../../kernel/dates.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { insertDueNotices } from './due.db.ts'
import { listUntoldDue } from './due.queries.ts'
import { recordInvoice } from './invoice.actions.ts'
import { listInvoicesById } from './invoice.queries.ts'
import { recordQuotation } from './quotation.actions.ts'
import { getQuotation } from './quotation.queries.ts'

/**
 * Tells of invoices that are overdue and quotations that expired, once per document and last day;
 * nothing of them changes, because both are shown by the date alone.
 *
 * limit    most documents of one commit
 * returns  how many were told of
 * Refuses: nothing.
 * Source: Invoicing specification 8.5 and 9.
 */
export async function announceDue(
  ctx: Ctx,
  { limit }: Readonly<{ limit: number }>,
): Promise<number> {
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const documents = await listUntoldDue(ctx.tx, ctx.businessId, { today, limit })
  if (documents.length === 0) return 0
  const idsOf = (kind: string) => documents.filter((one) => one.kind === kind).map(({ id }) => id)
  const invoices = await listInvoicesById(ctx.tx, ctx.businessId, idsOf('invoice'), today)
  for (const invoice of invoices)
    recordInvoice(ctx, 'overdue', invoice, { ...invoice, status: 'sent' })
  for (const id of idsOf('quotation')) {
    const quotation = await getQuotation(ctx.tx, ctx.businessId, id, today)
    recordQuotation(ctx, 'expired', quotation, { before: { ...quotation, status: 'sent' } })
  }
  await insertDueNotices(ctx.tx, ctx.businessId, { documents, at: ctx.recordedAt })
  return documents.length
}
