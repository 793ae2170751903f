import { type Condition, listPage, type Page, toWhere, type Where } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  documentColumns,
  documentOrder,
  listDocumentLines,
  numberedBy,
} from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import { minorUnits } from './invoice.queries.ts'
import { type Quotation, type QuotationFilter, toQuotation } from './quotation.ts'

type QuotationRow = DocumentHead & Readonly<{ customerName: string }>

const quotationColumns = `${documentColumns}, d.calculation::text as calculation,
  coalesce(d.details -> 'customer' ->> 'name', p.name) as "customerName"`

const quotationJoins = `
  from document as d
  join party as p on p.business_id = d.business_id and p.party_id = d.party_id`

/**
 * One quotation with its lines, as it is today.
 * Refuses: resource.not_found.
 */
export async function getQuotation(
  db: Db,
  businessId: Id<'business'>,
  quotationId: string,
  today: CalendarDate,
): Promise<Quotation> {
  const rows = await db.query<QuotationRow>({
    name: 'get_quotation',
    text: `select ${quotationColumns} ${quotationJoins}
      where d.business_id = $1 and d.kind = 'quotation' and d.document_id = $2`,
    values: [businessId, quotationId],
  })
  const [quotation] = await withLines(db, businessId, rows, today)
  if (quotation === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Quotation', id: quotationId })
  }
  return quotation
}

const sortColumn = {
  createdAt: 'd.created_at',
  updatedAt: 'd.updated_at',
  issueDate: 'd.issue_date',
  validUntil: 'd.due_date',
  total: 'd.total',
  number: 'd.number',
} as const

/** The status that is shown; `$2` is today. */
const shownStatus = `
  case
    when d.lifecycle = 'draft' then 'draft'
    when d.details ->> 'status' = 'sent' and d.due_date < $2::date then 'expired'
    else d.details ->> 'status'
  end`

/**
 * A page of quotations with their lines, and the number of all that match. Newest first unless
 * asked otherwise, ties by id; at most `limit`.
 */
export async function listQuotations(db: Db, filter: QuotationFilter): Promise<Page<Quotation>> {
  const numbered = await numberedBy(db, 'quotation', filter.number)
  const { values, where } = whereOf(filter, numbered)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const { rows, ...count } = await listPage<QuotationRow>(db, {
    rows: `select ${quotationColumns} ${quotationJoins}
      where d.business_id = $1 and d.kind = 'quotation' and $2::date is not null${where}`,
    matches: `select 1 from document as d
      where d.business_id = $1 and d.kind = 'quotation' and $2::date is not null${where}`,
    values,
    order: documentOrder(sortColumn[by], isDescending),
    window: filter,
  })
  return { rows: await withLines(db, filter.businessId, rows, filter.today), ...count }
}

async function withLines(
  db: Db,
  businessId: Id<'business'>,
  rows: readonly QuotationRow[],
  today: CalendarDate,
): Promise<readonly Quotation[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const linesById = await listDocumentLines(db, businessId, ids)
  return rows.map(({ customerName, ...head }) =>
    toQuotation({ ...head, lines: linesById.get(head.id) ?? [] }, { customerName, today }),
  )
}

const whereOf = (filter: QuotationFilter, numbered: Condition): Where =>
  toWhere(
    [filter.businessId, filter.today],
    [
      [filter.statuses, (place) => `(${shownStatus}) = any (${place}::text[])`],
      [filter.customerId, (place) => `d.party_id = ${place}`],
      numbered,
      [filter.currency, (place) => `d.currency = ${place}`],
      [filter.issueDateFrom, (place) => `d.issue_date >= ${place}`],
      [filter.issueDateTo, (place) => `d.issue_date <= ${place}`],
      [filter.validUntilFrom, (place) => `d.due_date >= ${place}`],
      [filter.validUntilTo, (place) => `d.due_date <= ${place}`],
      [filter.minTotal, (place) => `d.total >= ${place}::numeric * ${minorUnits}`],
      [filter.maxTotal, (place) => `d.total <= ${place}::numeric * ${minorUnits}`],
      [filter.externalId, (place) => `d.external_id = ${place}`],
      [filter.updatedSince, (place) => `d.updated_at >= ${place}`],
    ],
  )
