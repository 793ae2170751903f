import { listPage, type Page, toWhere, type Where } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns, documentOrder } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import type { PaymentMethod, Receipt, ReceiptFilter } from './receipt.ts'

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

const sortColumn = {
  createdAt: 'd.created_at',
  updatedAt: 'd.updated_at',
  date: 'd.issue_date',
  amount: 'd.total',
} as const

/**
 * A page of receipts, and the number of all that match. Latest date first unless asked otherwise,
 * ties by id; at most `limit`.
 */
export async function listReceipts(db: Db, filter: ReceiptFilter): Promise<Page<Receipt>> {
  const { values, where } = whereOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'date', isDescending: true }
  const { rows, ...count } = await listPage<ReceiptRow>(db, {
    rows: `select ${receiptColumns} from document as d
      where d.business_id = $1 and d.kind = 'receipt'${where}`,
    matches: `select 1 from document as d
      where d.business_id = $1 and d.kind = 'receipt'${where}`,
    values,
    order: documentOrder(sortColumn[by], isDescending),
    window: filter,
  })
  return { rows: rows.map(toReceipt), ...count }
}

const whereOf = (filter: ReceiptFilter): Where =>
  toWhere(
    [filter.businessId],
    [
      [filter.customerId, (place) => `d.party_id = ${place}`],
      [filter.dateFrom, (place) => `d.issue_date >= ${place}`],
      [filter.dateTo, (place) => `d.issue_date <= ${place}`],
      [filter.method, (place) => `d.details ->> 'method' = ${place}`],
      [filter.isReversed, (place) => `(d.lifecycle = 'void') = ${place}`],
      [filter.externalId, (place) => `d.external_id = ${place}`],
      [filter.updatedSince, (place) => `d.updated_at >= ${place}`],
      [
        filter.invoiceId,
        (place) => `exists (
      select 1 from allocation as a
      join open_item as i on i.business_id = a.business_id and i.item_id = a.item_id
      where a.business_id = $1 and a.document_id = d.document_id and i.document_id = ${place})`,
      ],
    ],
  )

/** What only receipts say of themselves, as it is stored. */
export type ReceiptDetails = Readonly<{
  method: PaymentMethod
  paidBy: string | null
  accountCode: string
  withheld: string
  fee: string
  type: Receipt['type']
  /** Of what was asked for, where it has an external id. */
  contentDigest?: string
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
