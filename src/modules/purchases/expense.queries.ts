import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import type { Expense, ExpenseStatus } from './expense.ts'

/** What only expenses say of themselves, as it is stored. */
export type ExpenseDetails = Readonly<{
  status: 'draft' | 'pending' | 'paid'
  supplierName: string | null
  accountCode: string
  moneyAccountCode: string
  taxPercent: string
  withheldPercent: string
  withheld: string
  isTaxRecoverable: boolean
  method: string
  category: string | null
  paymentEntryId: string | null
}>

/** One expense. Refuses: resource.not_found. */
export async function getExpense(
  db: Db,
  businessId: Id<'business'>,
  expenseId: string,
): Promise<Expense> {
  const [row] = await db.query<DocumentHead>({
    name: 'get_expense',
    text: `select ${documentColumns} from document as d
      where d.business_id = $1 and d.kind = 'expense' and d.document_id = $2`,
    values: [businessId, expenseId],
  })
  if (row === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Expense', id: expenseId })
  }
  return toExpense(row)
}

type Filter = Readonly<{
  businessId: Id<'business'>
  status?: ExpenseStatus
  supplierId?: string
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  limit: number
  offset?: number
}>

/** A page of expenses and the number of all that match; newest first, ties by id. */
export async function listExpenses(
  db: Db,
  { businessId, status, supplierId, dateFrom, dateTo, limit, offset = 0 }: Filter,
): Promise<Readonly<{ rows: readonly Expense[]; total: number }>> {
  const where = `d.kind = 'expense'
    and ($2::text is null
      or $2 = case when d.lifecycle = 'void' then 'cancelled' else d.details ->> 'status' end)
    and ($3::uuid is null or d.party_id = $3) and ($4::date is null or d.issue_date >= $4)
    and ($5::date is null or d.issue_date <= $5)`
  const values = [
    ...[businessId, status ?? null, supplierId ?? null, dateFrom ?? null, dateTo ?? null],
  ]
  const rows = await db.query<DocumentHead>({
    name: 'list_expenses',
    text: `select ${documentColumns} from document as d where d.business_id = $1 and ${where}
      order by d.issue_date desc, d.document_id desc limit $6 offset $7`,
    values: [...values, limit, offset],
  })
  const [count] = await db.query<{ total: number }>({
    name: 'count_expenses',
    text: `select count(*)::int as total from document as d where d.business_id = $1 and ${where}`,
    values,
  })
  return { rows: rows.map(toExpense), total: count?.total ?? 0 }
}

function toExpense({ details, ...row }: DocumentHead): Expense {
  const own = details as unknown as ExpenseDetails // as `createExpense` wrote them
  return {
    ...{ id: row.id, businessId: row.businessId, number: row.number ?? '' },
    status: row.lifecycle === 'void' ? 'cancelled' : own.status,
    ...{ supplierId: row.partyId, supplierName: own.supplierName },
    ...{ accountCode: own.accountCode, moneyAccountCode: own.moneyAccountCode },
    ...{ date: row.issueDate, currency: row.currency },
    exchangeRate: row.rate === '1' ? null : row.rate,
    ...{ amount: row.subtotal, taxPercent: own.taxPercent, tax: row.tax, total: row.total },
    ...{ withheldPercent: own.withheldPercent, withheld: BigInt(own.withheld) },
    ...{ isTaxRecoverable: own.isTaxRecoverable, method: own.method },
    ...{ description: row.notes, category: own.category, reference: row.reference },
    entryId: row.entryId,
    paymentEntryId: own.paymentEntryId as Id<'entry'> | null, // an entry's id or nothing
    ...{ voidReason: row.voidReason, createdAt: row.createdAt, updatedAt: row.updatedAt },
  }
}
