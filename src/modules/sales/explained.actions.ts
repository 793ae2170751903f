import type { Action, Ctx } from '../../db/write.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { readDocument } from '../ledger/document.actions.ts'
import type { DocumentKind } from '../ledger/document.ts'
import { type CodedLine, listNewLines } from '../ledger/journal.queries.ts'
import type { Calculation } from '../tax/calculation.ts'
import { parseStoredCalculation } from '../tax/stored-calculation.ts'
import { calculateInvoice } from './invoice.actions.ts'
import { type Invoice, toDraft } from './invoice.ts'

/** What an action did to a document, how its amounts came about, and what it posted. */
export type Explained<Result> = Readonly<{
  result: Result
  calculation: Calculation | null
  journal: readonly CodedLine[]
}>

type Kind = Extract<DocumentKind, 'invoice' | 'credit_note' | 'receipt' | 'quotation' | 'expense'>

/**
 * The same action, explained; for dry runs, because it reads what the others need not.
 * Refuses: what the action refuses.
 * Source: Invoicing specification 1 (Dry-Run).
 */
export const explained =
  <Input, Result extends Readonly<{ id: string }>>(
    action: Action<Ctx, Input, Result>,
    kind: Kind,
  ): Action<Ctx, Input, Explained<Result>> =>
  async (ctx, input) => {
    const result = await action(ctx, input)
    const journal = await listNewLines(ctx.tx, ctx.businessId)
    return { result, journal, calculation: await calculationOf(ctx, result, kind) }
  }

/** The calculation that a document was issued with; of a draft the one it would be. */
async function calculationOf(
  ctx: Ctx,
  result: Readonly<{ id: string }>,
  kind: Kind,
): Promise<Calculation | null> {
  const document = await readDocument(ctx, kind, result.id)
  if (document?.calculation) return parseStoredCalculation<Calculation>(document.calculation)
  if (kind !== 'invoice') return null
  const invoice = result as Invoice // what every action of invoices answers
  return calculateInvoice(toDraft(invoice), await ctx.remember(loadBook))
}
