import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  type Count,
  countRows,
  documentColumns,
  findNumbered,
  followsOf,
  listDocumentLines,
  orderOf,
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
export async function listQuotations(
  db: Db,
  filter: QuotationFilter,
): Promise<Readonly<{ rows: readonly Quotation[] }> & Count> {
  const pattern = toPattern(filter.number)
  const ids = pattern === undefined ? undefined : await findNumbered(db, 'quotation', pattern)
  const { values, where } = whereOf(filter, { pattern, ids })
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const [column, { after }] = [sortColumn[by], filter]
  const follows = followsOf({ column, isDescending, after, count: values.length + 2 })
  const own = `d.kind = 'quotation' and $2::date is not null${where}`
  const found = await db.query<QuotationRow>({
    text: `select ${quotationColumns} ${quotationJoins}
      where d.business_id = $1 and ${own}${follows.condition}
      ${orderOf(column, isDescending)}
      limit $${values.length + 1} offset $${values.length + 2}`,
    values: [...values, filter.limit, filter.offset ?? 0, ...follows.values],
  })
  const rows = await withLines(db, filter.businessId, found, filter.today)
  if (rows.length < filter.limit && (filter.offset ?? 0) === 0) {
    return { rows, total: rows.length }
  }
  const text = `select 1 from document as d where d.business_id = $1 and ${own}`
  return { rows, ...(await countRows(db, { text, values, countMax: filter.countMax })) }
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

type Where = Readonly<{ values: readonly unknown[]; where: string }>

/** A part of a number, and the documents that have it where they are few enough to be named. */
type Numbered = Readonly<{ pattern: string | undefined; ids: readonly string[] | undefined }>

function whereOf(filter: QuotationFilter, { pattern, ids }: Numbered): Where {
  const values: unknown[] = [filter.businessId, filter.today]
  const conditions: string[] = []
  const add = (value: unknown, toCondition: (place: string) => string): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(toCondition(`$${values.length}`))
  }
  add(filter.statuses, (place) => `(${shownStatus}) = any (${place}::text[])`)
  add(filter.customerId, (place) => `d.party_id = ${place}`)
  if (ids !== undefined) add(ids, (place) => `d.document_id = any (${place}::uuid[])`)
  else add(pattern, (place) => `d.number ilike ${place}`)
  add(filter.currency, (place) => `d.currency = ${place}`)
  add(filter.issueDateFrom, (place) => `d.issue_date >= ${place}`)
  add(filter.issueDateTo, (place) => `d.issue_date <= ${place}`)
  add(filter.validUntilFrom, (place) => `d.due_date >= ${place}`)
  add(filter.validUntilTo, (place) => `d.due_date <= ${place}`)
  add(filter.minTotal, (place) => `d.total >= ${place}::numeric * ${minorUnits}`)
  add(filter.maxTotal, (place) => `d.total <= ${place}::numeric * ${minorUnits}`)
  add(filter.externalId, (place) => `d.external_id = ${place}`)
  add(filter.updatedSince, (place) => `d.updated_at >= ${place}`)
  return { values, where: conditions.map((condition) => ` and ${condition}`).join('') }
}

const toPattern = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : `%${text.replace(/[\\%_]/g, '\\$&')}%`
