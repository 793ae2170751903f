import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns, listDocumentLines } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import { type Bill, type BillStatus, billStatusOf } from './bill.ts'

type BillRow = DocumentHead & Readonly<{ supplierName: string; openAmount: bigint }>

const billColumns = `${documentColumns},
  coalesce(d.details -> 'supplier' ->> 'name', p.name) as "supplierName",
  coalesce(i.open_amount, 0) as "openAmount"`

const billJoins = `
  from document as d
  join party as p on p.business_id = d.business_id and p.party_id = d.party_id
  left join lateral (
    select o.open_amount from open_item as o
    where o.business_id = d.business_id and o.document_id = d.document_id and o.side = 'AP'
    order by o.open_amount <> 0 desc, o.item_id limit 1
  ) as i on true`

/** One bill with its lines, as it is today. Refuses: resource.not_found. */
export async function getBill(
  db: Db,
  businessId: Id<'business'>,
  billId: string,
  today: CalendarDate,
): Promise<Bill> {
  const rows = await db.query<BillRow>({
    name: 'get_bill',
    text: `select ${billColumns} ${billJoins}
      where d.business_id = $1 and d.kind = 'bill' and d.document_id = $2`,
    values: [businessId, billId],
  })
  const [bill] = await withLines(db, businessId, rows, today)
  if (bill === undefined) throw new Refusal('resource.not_found', { resource: 'Bill', id: billId })
  return bill
}

/** Bills by id with their lines, in order of id; at most 1,000. */
export async function listBillsById(
  db: Db,
  businessId: Id<'business'>,
  billIds: readonly string[],
  today: CalendarDate,
): Promise<readonly Bill[]> {
  const rows = await db.query<BillRow>({
    name: 'list_bills_by_id',
    text: `select ${billColumns} ${billJoins}
      where d.business_id = $1 and d.kind = 'bill' and d.document_id = any ($2::uuid[])
      order by d.document_id limit 1000`,
    values: [businessId, billIds],
  })
  return withLines(db, businessId, rows, today)
}

type Filter = Readonly<{
  businessId: Id<'business'>
  today: CalendarDate
  status?: BillStatus
  supplierId?: string
  limit: number
  offset?: number
}>

/** The status that is shown, as `billStatusOf` derives it; `$2` is today. */
const shownStatus = `
  case
    when d.lifecycle = 'draft' then 'draft'
    when d.lifecycle = 'void' then 'voided'
    when coalesce(i.open_amount, 0) = 0 then 'paid'
    when d.due_date < $2::date then 'overdue'
    when i.open_amount < d.total then 'partial'
    else 'unpaid'
  end`

/** A page of bills and the number of all that match; newest first, ties by id. */
export async function listBills(
  db: Db,
  { businessId, today, status, supplierId, limit, offset = 0 }: Filter,
): Promise<Readonly<{ rows: readonly Bill[]; total: number }>> {
  const where = `d.business_id = $1 and d.kind = 'bill' and ($3::uuid is null or d.party_id = $3)
    and ($4::text is null or $4 = ${shownStatus})`
  const values = [businessId, today, supplierId ?? null, status ?? null]
  const found = await db.query<BillRow>({
    name: 'list_bills',
    text: `select ${billColumns} ${billJoins} where ${where}
      order by d.issue_date desc, d.document_id desc limit $5 offset $6`,
    values: [...values, limit, offset],
  })
  const [count] = await db.query<{ total: number }>({
    name: 'count_bills',
    text: `select count(*)::int as total ${billJoins} where ${where}`,
    values,
  })
  return { rows: await withLines(db, businessId, found, today), total: count?.total ?? 0 }
}

/** A bill of a supplier with this reference that was not voided. */
export async function findBillByReference(
  db: Db,
  businessId: Id<'business'>,
  { supplierId, reference }: Readonly<{ supplierId: string; reference: string }>,
): Promise<Id<'document'> | undefined> {
  const [row] = await db.query<{ id: Id<'document'> }>({
    name: 'find_bill_by_reference',
    text: `select document_id as id from document
      where business_id = $1 and kind = 'bill' and party_id = $2 and reference = $3
        and lifecycle <> 'void'
      order by document_id limit 1`,
    values: [businessId, supplierId, reference],
  })
  return row?.id
}

async function withLines(
  db: Db,
  businessId: Id<'business'>,
  rows: readonly BillRow[],
  today: CalendarDate,
): Promise<readonly Bill[]> {
  if (rows.length === 0) return []
  const linesById = await listDocumentLines(
    db,
    businessId,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => toBill(row, linesById.get(row.id) ?? [], today))
}

function toBill(row: BillRow, lines: Bill['lines'], today: CalendarDate): Bill {
  const { lifecycle, total, dueDate, openAmount } = row
  const amountDue = lifecycle === 'draft' ? total : openAmount
  return {
    ...{ id: row.id, businessId: row.businessId, surface: row.surface, lifecycle },
    supplierId: row.partyId as Id<'party'>, // every bill has a supplier
    supplierName: row.supplierName,
    number: row.number ?? '',
    ...{ issueDate: row.issueDate, dueDate },
    status: billStatusOf({ lifecycle, total, amountDue, dueDate }, today),
    currency: row.currency,
    exchangeRate: row.rate === '1' ? null : row.rate,
    ...{ subtotal: row.subtotal, tax: row.tax, total, baseTotal: row.baseTotal },
    amountPaid: lifecycle === 'open' ? total - openAmount : 0n,
    amountDue,
    pricesIncludeTax: row.pricesIncludeTax,
    ...{ reference: row.reference, notes: row.notes, externalId: row.externalId },
    ...{ lines, entryId: row.entryId, voidReason: row.voidReason },
    ...{ createdAt: row.createdAt, updatedAt: row.updatedAt },
  }
}
