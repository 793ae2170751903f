import type { Db } from '../../db/tx.ts'
import { currencyTable } from '../../kernel/currency-table.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  documentColumns,
  followsOf,
  listDocumentLines,
  orderOf,
} from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import { type Invoice, type InvoiceBalance, type InvoiceFilter, toInvoice } from './invoice.ts'

type InvoiceRow = DocumentHead &
  Readonly<{
    customerName: string
    originalAmount: bigint | null
    openAmount: bigint
    creditedAmount: bigint
  }>

const invoiceColumns = `${documentColumns},
  coalesce(d.details -> 'customer' ->> 'name', p.name) as "customerName",
  i.original_amount as "originalAmount", coalesce(i.open_amount, 0) as "openAmount",
  coalesce(i.credited_amount, 0) as "creditedAmount"`

const invoiceJoins = `
  from document as d
  join party as p on p.business_id = d.business_id and p.party_id = d.party_id
  left join open_item as i
    on i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'AR'`

/**
 * One invoice with its lines, as it is today.
 * Refuses: resource.not_found.
 */
export async function getInvoice(
  db: Db,
  businessId: Id<'business'>,
  invoiceId: string,
  today: CalendarDate,
): Promise<Invoice> {
  const rows = await db.query<InvoiceRow>({
    name: 'get_invoice',
    text: `select ${invoiceColumns} ${invoiceJoins}
      where d.business_id = $1 and d.kind = 'invoice' and d.document_id = $2`,
    values: [businessId, invoiceId],
  })
  const [invoice] = await withLines(db, businessId, rows, today)
  if (invoice === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Invoice', id: invoiceId })
  }
  return invoice
}

/** Invoices by id with their lines, in order of id; at most 1,000. */
export async function listInvoicesById(
  db: Db,
  businessId: Id<'business'>,
  invoiceIds: readonly string[],
  today: CalendarDate,
): Promise<readonly Invoice[]> {
  const rows = await db.query<InvoiceRow>({
    name: 'list_invoices_by_id',
    text: `select ${invoiceColumns} ${invoiceJoins}
      where d.business_id = $1 and d.kind = 'invoice' and d.document_id = any ($2::uuid[])
      order by d.document_id limit 1000`,
    values: [businessId, invoiceIds],
  })
  return withLines(db, businessId, rows, today)
}

const sortColumn = {
  createdAt: 'd.created_at',
  updatedAt: 'd.updated_at',
  issueDate: 'd.issue_date',
  dueDate: 'd.due_date',
  total: 'd.total',
  invoiceNumber: 'd.number',
} as const

/** The status that is shown, as `statusOf` derives it; `$2` is today. */
const shownStatus = `
  case
    when d.lifecycle = 'draft' then 'draft'
    when d.lifecycle = 'void' then 'cancelled'
    when coalesce(i.open_amount, 0) = 0 then 'paid'
    when d.due_date < $2::date then 'overdue'
    else 'sent'
  end`

/**
 * A page of invoices with their lines, and the number of all that match. Newest first unless asked
 * otherwise, ties by id; at most `limit`.
 */
export async function listInvoices(
  db: Db,
  filter: InvoiceFilter,
): Promise<Readonly<{ rows: readonly Invoice[]; total: number }>> {
  const { values, where } = whereOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const column = sortColumn[by]
  const { after } = filter
  const follows = followsOf({ column, isDescending, after, count: values.length + 2 })
  const found = await db.query<InvoiceRow>({
    text: `select ${invoiceColumns} ${invoiceJoins}
      where d.business_id = $1 and d.kind = 'invoice' and $2::date is not null${where}${follows.condition}
      ${orderOf(column, isDescending)}
      limit $${values.length + 1} offset $${values.length + 2}`,
    values: [...values, filter.limit, filter.offset ?? 0, ...follows.values],
  })
  const rows = await withLines(db, filter.businessId, found, filter.today)
  if (rows.length < filter.limit && (filter.offset ?? 0) === 0) {
    return { rows, total: rows.length }
  }
  const [count] = await db.query<{ total: number }>({
    text: `select count(*)::int as total ${invoiceJoins}
      where d.business_id = $1 and d.kind = 'invoice' and $2::date is not null${where}`,
    values,
  })
  return { rows, total: count?.total ?? 0 }
}

async function withLines(
  db: Db,
  businessId: Id<'business'>,
  rows: readonly InvoiceRow[],
  today: CalendarDate,
): Promise<readonly Invoice[]> {
  if (rows.length === 0) return []
  const linesById = await listDocumentLines(
    db,
    businessId,
    rows.map(({ id }) => id),
  )
  return rows.map(({ customerName, originalAmount, openAmount, creditedAmount, ...head }) => {
    const balance: InvoiceBalance =
      originalAmount === null ? undefined : { originalAmount, openAmount, creditedAmount }
    const document = { ...head, lines: linesById.get(head.id) ?? [] }
    return toInvoice(document, { customerName, balance, today })
  })
}

type Where = Readonly<{ values: readonly unknown[]; where: string }>

function whereOf(filter: InvoiceFilter): Where {
  const values: unknown[] = [filter.businessId, filter.today]
  const conditions: string[] = []
  const add = (value: unknown, toCondition: (place: string) => string): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(toCondition(`$${values.length}`))
  }
  add(filter.statuses, (place) => `(${shownStatus}) = any (${place}::text[])`)
  add(filter.isSent, (place) => `(d.sent_at is not null) = ${place}`)
  add(
    filter.isPartlyPaid,
    (place) => `coalesce(i.open_amount < i.original_amount, false) = ${place}`,
  )
  add(filter.customerId, (place) => `d.party_id = ${place}`)
  add(toPattern(filter.number), (place) => `d.number ilike ${place}`)
  add(filter.currency, (place) => `d.currency = ${place}`)
  add(filter.issueDateFrom, (place) => `d.issue_date >= ${place}`)
  add(filter.issueDateTo, (place) => `d.issue_date <= ${place}`)
  add(filter.dueDateFrom, (place) => `d.due_date >= ${place}`)
  add(filter.dueDateTo, (place) => `d.due_date <= ${place}`)
  add(filter.minTotal, (place) => `d.total >= ${place}::numeric * ${minorUnits}`)
  add(filter.maxTotal, (place) => `d.total <= ${place}::numeric * ${minorUnits}`)
  add(filter.externalId, (place) => `d.external_id = ${place}`)
  add(filter.quotationId, (place) => `d.source_document_id = ${place}`)
  add(filter.recurringId, (place) => `d.details ->> 'recurringId' = ${place}`)
  add(filter.updatedSince, (place) => `d.updated_at >= ${place}`)
  return { values, where: conditions.map((condition) => ` and ${condition}`).join('') }
}

/** Minor units of one unit of a document's currency. */
export const minorUnits = `(case ${[0, 3, 4]
  .map((exponent) => {
    const codes = currencyTable.filter(([, , , own]) => own === exponent).map(([code]) => code)
    return `when d.currency in ('${codes.join("','")}') then ${10 ** exponent}`
  })
  .join(' ')} else 100 end)`

const toPattern = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : `%${text.replace(/[\\%_]/g, '\\$&')}%`
