import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import type { PaymentMethod, Receipt } from './receipt.ts'

type ReceiptRow = DocumentHead &
  Readonly<{
    unallocated: bigint
    allocations: readonly Readonly<{ invoiceId: string; amount: string }>[]
  }>

const receiptColumns = `${documentColumns},
  coalesce((
    select i.open_amount from open_item as i
    where i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'DEP'
  ), 0)::bigint as unallocated,
  coalesce((
    select json_agg(json_build_object('invoiceId', s.document_id, 'amount', s.amount::text)
      order by s.document_id)
    from (
      select i.document_id, sum(a.amount) as amount
      from allocation as a
      join open_item as i on i.business_id = a.business_id and i.item_id = a.item_id
      where a.business_id = d.business_id and a.document_id = d.document_id and i.side = 'AR'
      group by i.document_id having sum(a.amount) <> 0
    ) as s
  ), '[]') as allocations`

/** One receipt. Refuses: resource.not_found. */
export async function getReceipt(
  db: Db,
  businessId: Id<'business'>,
  receiptId: string,
): Promise<Receipt> {
  const [row] = await db.query<ReceiptRow>({
    name: 'get_receipt',
    text: `select ${receiptColumns} from document as d
      where d.business_id = $1 and d.kind = 'receipt' and d.document_id = $2`,
    values: [businessId, receiptId],
  })
  if (row === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Receipt', id: receiptId })
  }
  return toReceipt(row)
}

type Filter = Readonly<{
  businessId: Id<'business'>
  customerId?: string
  invoiceId?: string
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  limit: number
  offset?: number
}>

/** A page of receipts and the number of all that match; newest first, ties by id. */
export async function listReceipts(
  db: Db,
  { businessId, customerId, invoiceId, dateFrom, dateTo, limit, offset = 0 }: Filter,
): Promise<Readonly<{ rows: readonly Receipt[]; total: number }>> {
  const where = `d.kind = 'receipt'
    and ($2::uuid is null or d.party_id = $2) and ($3::date is null or d.issue_date >= $3)
    and ($4::date is null or d.issue_date <= $4)
    and ($5::uuid is null or exists (
      select 1 from allocation as a
      join open_item as i on i.business_id = a.business_id and i.item_id = a.item_id
      where a.business_id = $1 and a.document_id = d.document_id and i.document_id = $5))`
  const values = [
    ...[businessId, customerId ?? null, dateFrom ?? null, dateTo ?? null, invoiceId ?? null],
  ]
  const rows = await db.query<ReceiptRow>({
    name: 'list_receipts',
    text: `select ${receiptColumns} from document as d where d.business_id = $1 and ${where}
      order by d.issue_date desc, d.document_id desc limit $6 offset $7`,
    values: [...values, limit, offset],
  })
  const [count] = await db.query<{ total: number }>({
    name: 'count_receipts',
    text: `select count(*)::int as total from document as d where d.business_id = $1 and ${where}`,
    values,
  })
  return { rows: rows.map(toReceipt), total: count?.total ?? 0 }
}

/** What only receipts say of themselves, as it is stored. */
export type ReceiptDetails = Readonly<{
  method: PaymentMethod
  paidBy: string | null
  accountCode: string
  withheld: string
  fee: string
  type: Receipt['type']
}>

function toReceipt({ details, ...row }: ReceiptRow): Receipt {
  const own = details as unknown as ReceiptDetails // as `recordReceipt` wrote them
  return {
    id: row.id,
    businessId: row.businessId,
    number: row.number ?? '',
    customerId: row.partyId,
    date: row.issueDate,
    currency: row.currency,
    exchangeRate: row.rate === '1' ? null : row.rate,
    amount: row.total,
    withheld: BigInt(own.withheld),
    fee: BigInt(own.fee),
    unallocated: row.unallocated,
    accountCode: own.accountCode,
    method: own.method,
    reference: row.reference,
    notes: row.notes,
    paidBy: own.paidBy,
    status: row.lifecycle === 'void' ? 'reversed' : 'posted',
    type: own.type,
    allocations: row.allocations.map(({ invoiceId, amount }) => ({
      invoiceId,
      amount: BigInt(amount),
    })),
    externalId: row.externalId,
    metadata: row.metadata,
    entryId: row.entryId,
    voidReason: row.voidReason,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}
