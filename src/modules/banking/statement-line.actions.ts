import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { toImage } from '../ledger/document.ts'
import { moneyAccountOf } from '../ledger/settlement.ts'
import { insertStatementLines } from './statement-line.db.ts'
import {
  importedLinesMax,
  type NewStatementLine,
  occurrencesOf,
  type StatementLine,
} from './statement-line.ts'

export type Import = Readonly<{
  lines: readonly StatementLine[]
  /** Places, from 0, of the rows that were there already. */
  duplicates: readonly number[]
}>

/**
 * Keeps rows of a bank statement; rows that are there already are passed over. Nothing is posted.
 * Refuses, in this order: ledger.account_not_found, ledger.account_is_control.
 * Source: Books specification 14.
 */
export async function importStatementLines(
  ctx: Ctx,
  {
    accountCode,
    lines: given,
  }: Readonly<{ accountCode: string; lines: readonly NewStatementLine[] }>,
): Promise<Import> {
  assert(given.length <= importedLinesMax, 'surfaces bound the rows of an import')
  const book = await ctx.remember(loadBook)
  const account = moneyAccountOf(book, accountCode)
  const lines = given.map(
    (line): StatementLine => ({
      ...line,
      id: ctx.newId('bank_line'),
      accountId: account.id,
      currency: account.currency ?? book.business.baseCurrency,
      matchedEntryId: line.matchedEntryId ?? null,
      createdAt: ctx.now,
    }),
  )
  const { businessId, now: at } = ctx
  const occurrences = occurrencesOf(given)
  const inserted = await insertStatementLines(ctx.tx, { businessId, lines, occurrences, at })
  const kept = lines.filter(({ id }) => inserted.has(id))
  const duplicates = lines.flatMap(({ id }, index) => (inserted.has(id) ? [] : [index]))
  const payload = { accountCode, imported: kept.length, duplicates: duplicates.length }
  const resource = { resource: 'bank_account', resourceId: account.id } as const
  ctx.audit({ action: 'bank_statement.imported', ...resource, after: payload })
  ctx.emit({
    type: 'banking.statement.imported',
    ...resource,
    payload: { ...payload, lines: kept.map(toImage) },
  })
  return { lines: kept, duplicates }
}
