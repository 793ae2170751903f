import { hasPart, listPage, type Page, toPattern, toWhere, type Where } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns, documentOrder } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import { minorUnits } from '../sales/invoice.queries.ts'
import type { Expense, ExpenseFilter } from './expense.ts'

/** What only expenses say of themselves, as it is stored. */
export type ExpenseDetails = Readonly<{
  status: 'draft' | 'pending' | 'paid'
  supplierName: string | null
  accountCode: string
  moneyAccountCode: string | null
  taxPercent: string
  withheldPercent: string
  withheld: string
  isTaxRecoverable: boolean
  method: string
  category: string | null
  paymentEntryId: string | null
  receiptUrl?: string | null
  approvedAt?: Instant | null
  approvalNote?: string | null
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

const sortColumn = {
  createdAt: 'd.created_at',
  updatedAt: 'd.updated_at',
  date: 'd.issue_date',
  amount: 'd.subtotal',
} as const

/**
 * A page of expenses and the number of all that match. Newest date first unless asked otherwise,
 * ties by id; at most `limit`.
 */
export async function listExpenses(db: Db, filter: ExpenseFilter): Promise<Page<Expense>> {
  const { values, where } = whereOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'date', isDescending: true }
  const { rows, ...count } = await listPage<DocumentHead>(db, {
    rows: `select ${documentColumns} from document as d
      where d.business_id = $1 and d.kind = 'expense'${where}`,
    matches: `select 1 from document as d
      where d.business_id = $1 and d.kind = 'expense'${where}`,
    values,
    order: documentOrder(sortColumn[by], isDescending),
    window: filter,
  })
  return { rows: rows.map(toExpense), ...count }
}

const shownStatus = `case when d.lifecycle = 'void' then 'cancelled' else d.details ->> 'status' end`

const whereOf = (filter: ExpenseFilter): Where =>
  toWhere(
    [filter.businessId],
    [
      [filter.status, (place) => `(${shownStatus}) = ${place}`],
      [filter.statuses, (place) => `(${shownStatus}) = any (${place}::text[])`],
      [filter.supplierId, (place) => `d.party_id = ${place}`],
      [toPattern(filter.category), hasPart("d.details ->> 'category'")],
      [toPattern(filter.supplierName), hasPart("d.details ->> 'supplierName'")],
      [filter.dateFrom, (place) => `d.issue_date >= ${place}`],
      [filter.dateTo, (place) => `d.issue_date <= ${place}`],
      [filter.currency, (place) => `d.currency = ${place}`],
      [filter.minAmount, (place) => `d.subtotal >= ${place}::numeric * ${minorUnits}`],
      [filter.maxAmount, (place) => `d.subtotal <= ${place}::numeric * ${minorUnits}`],
      [filter.externalId, (place) => `d.external_id = ${place}`],
      [filter.updatedSince, (place) => `d.updated_at >= ${place}`],
    ],
  )

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
    ...{ receiptUrl: own.receiptUrl ?? null, externalId: row.externalId, metadata: row.metadata },
    ...{ approvedAt: own.approvedAt ?? null, approvalNote: own.approvalNote ?? null },
    ...{ paidAt: row.paidAt, surface: row.surface, version: row.version, entryId: row.entryId },
    paymentEntryId: own.paymentEntryId as Id<'entry'> | null, // an entry's id or nothing
    ...{ voidReason: row.voidReason, createdAt: row.createdAt, updatedAt: row.updatedAt },
  }
}
