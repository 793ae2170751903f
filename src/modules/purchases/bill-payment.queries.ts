import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import type { BillPayment, Certificate } from './bill-payment.ts'

type PaymentRow = DocumentHead &
  Readonly<{
    certificateId: Id<'certificate'> | null
    allocations: readonly Readonly<{ billId: string; amount: string }>[]
  }>

const paymentColumns = `${documentColumns},
  (
    select c.certificate_id from withholding_certificate as c
    where c.business_id = d.business_id and c.payment_id = d.document_id
    order by c.certificate_id limit 1
  ) as "certificateId",
  coalesce((
    select json_agg(json_build_object('billId', s.document_id, 'amount', s.amount::text)
      order by s.document_id)
    from (
      select i.document_id, sum(a.amount) as amount
      from allocation as a
      join open_item as i on i.business_id = a.business_id and i.item_id = a.item_id
      where a.business_id = d.business_id and a.document_id = d.document_id and i.side = 'AP'
      group by i.document_id having sum(a.amount) <> 0
    ) as s
  ), '[]') as allocations`

/** What only bill payments say of themselves, as it is stored. */
export type PaymentDetails = Readonly<{
  method: string
  accountCode: string
  withheldPercent: string
  withheld: string
}>

/** One bill payment. Refuses: resource.not_found. */
export async function getBillPayment(
  db: Db,
  businessId: Id<'business'>,
  paymentId: string,
): Promise<BillPayment> {
  const [row] = await db.query<PaymentRow>({
    name: 'get_bill_payment',
    text: `select ${paymentColumns} from document as d
      where d.business_id = $1 and d.kind = 'bill_payment' and d.document_id = $2`,
    values: [businessId, paymentId],
  })
  if (row === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Bill payment', id: paymentId })
  }
  return toPayment(row)
}

/** Payments of one bill, those undone included; oldest first, at most 500. */
export async function listPaymentsOfBill(
  db: Db,
  businessId: Id<'business'>,
  billId: string,
): Promise<readonly BillPayment[]> {
  const rows = await db.query<PaymentRow>({
    name: 'list_payments_of_bill',
    text: `select ${paymentColumns} from document as d
      where d.business_id = $1 and d.kind = 'bill_payment' and exists (
        select 1 from allocation as a
        join open_item as i on i.business_id = a.business_id and i.item_id = a.item_id
        where a.business_id = $1 and a.document_id = d.document_id and i.document_id = $2)
      order by d.issue_date, d.document_id limit 500`,
    values: [businessId, billId],
  })
  return rows.map(toPayment)
}

type CertificateFilter = Readonly<{
  businessId: Id<'business'>
  supplierId?: string
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  status?: Certificate['status']
  limit: number
}>

/** Certificates, newest first, ties by id. */
export function listCertificates(
  db: Db,
  { businessId, supplierId, dateFrom, dateTo, status, limit }: CertificateFilter,
): Promise<readonly Certificate[]> {
  return db.query<Certificate>({
    name: 'list_certificates',
    text: `
      select certificate_id as id, number, party_id as "supplierId", payment_id as "paymentId",
        bill_id as "billId", issue_date as "issueDate", trim_scale(rate_percent) as "ratePercent",
        gross, withheld, status
      from withholding_certificate
      where business_id = $1 and ($2::uuid is null or party_id = $2)
        and ($3::date is null or issue_date >= $3) and ($4::date is null or issue_date <= $4)
        and ($5::text is null or status = $5)
      order by issue_date desc, certificate_id desc limit $6`,
    values: [
      ...[businessId, supplierId ?? null, dateFrom ?? null, dateTo ?? null, status ?? null],
      limit,
    ],
  })
}

function toPayment({ details, ...row }: PaymentRow): BillPayment {
  const own = details as unknown as PaymentDetails // as `payBills` wrote them
  const withheld = BigInt(own.withheld)
  return {
    ...{ id: row.id, businessId: row.businessId, number: row.number ?? '' },
    supplierId: row.partyId as Id<'party'>, // every bill payment has a supplier
    ...{ date: row.issueDate, currency: row.currency, amount: row.total },
    ...{ withheldPercent: own.withheldPercent, withheld, paid: row.total - withheld },
    ...{ method: own.method, accountCode: own.accountCode },
    ...{ reference: row.reference, notes: row.notes },
    status: row.lifecycle === 'void' ? 'reversed' : 'posted',
    allocations: row.allocations.map(({ billId, amount }) => ({ billId, amount: BigInt(amount) })),
    ...{ certificateId: row.certificateId, entryId: row.entryId, voidReason: row.voidReason },
    createdAt: row.createdAt,
  }
}
