import { type Condition, listPage, type Page, toWhere, type Where } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  documentColumns,
  documentOrder,
  listDocumentLines,
  numberedBy,
} from '../ledger/document.queries.ts'
import type { DocumentHead, DocumentLine } from '../ledger/document.ts'
import type { CreditCalculation } from '../tax/credit.ts'
import { parseStoredCalculation } from '../tax/stored-calculation.ts'
import type {
  CreditNote,
  CreditNoteFilter,
  CreditNoteLine,
  CreditNoteStatus,
} from './credit-note.ts'

type CreditRow = DocumentHead & Readonly<{ remaining: bigint; isRefunded: boolean }>

const remaining = `coalesce((
    select i.open_amount from open_item as i
    where i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'DEP'
  ), 0)::bigint`

/** Money that went back to the customer. */
const isRefunded = `exists (
    select 1 from open_item as i
    join allocation as a on a.business_id = i.business_id and a.item_id = i.item_id
    where i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'DEP'
      and a.leg = 'cash'
    group by i.item_id having sum(a.amount) > 0
  )`

const creditColumns = `${documentColumns},
  ${remaining} as remaining, ${isRefunded} as "isRefunded"`

/** One credit note with its lines. Refuses: resource.not_found. */
export async function getCreditNote(
  db: Db,
  businessId: Id<'business'>,
  creditNoteId: string,
): Promise<CreditNote> {
  const rows = await db.query<CreditRow>({
    name: 'get_credit_note',
    text: `select ${creditColumns} from document as d
      where d.business_id = $1 and d.kind = 'credit_note' and d.document_id = $2`,
    values: [businessId, creditNoteId],
  })
  const [found] = await withLines(db, businessId, rows)
  if (found === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Credit note', id: creditNoteId })
  }
  return found
}

const sortColumn = {
  createdAt: 'd.created_at',
  updatedAt: 'd.updated_at',
  issueDate: 'd.issue_date',
  total: 'd.total',
} as const

/**
 * A page of credit notes with their lines, and the number of all that match. Latest date first
 * unless asked otherwise, ties by id; at most `limit`.
 */
export async function listCreditNotes(db: Db, filter: CreditNoteFilter): Promise<Page<CreditNote>> {
  const numbered = await numberedBy(db, 'credit_note', filter.number)
  const { values, where } = whereOf(filter, numbered)
  const { by, isDescending } = filter.sort ?? { by: 'issueDate', isDescending: true }
  const { rows, ...count } = await listPage<CreditRow>(db, {
    rows: `select ${creditColumns} from document as d
      where d.business_id = $1 and d.kind = 'credit_note'${where}`,
    matches: `select 1 from document as d
      where d.business_id = $1 and d.kind = 'credit_note'${where}`,
    values,
    order: documentOrder(sortColumn[by], isDescending),
    window: filter,
  })
  return { rows: await withLines(db, filter.businessId, rows), ...count }
}

/** The status that is shown, as `statusOf` derives it. */
const shownStatus = `case when ${remaining} > 0 then 'open'
  when ${isRefunded} then 'refunded' else 'applied' end`

const whereOf = (filter: CreditNoteFilter, numbered: Condition): Where =>
  toWhere(
    [filter.businessId],
    [
      [filter.invoiceId, (place) => `d.source_document_id = ${place}`],
      [filter.customerId, (place) => `d.party_id = ${place}`],
      numbered,
      [filter.status, (place) => `${shownStatus} = ${place}`],
      [filter.dateFrom, (place) => `d.issue_date >= ${place}`],
      [filter.dateTo, (place) => `d.issue_date <= ${place}`],
      [filter.externalId, (place) => `d.external_id = ${place}`],
      [filter.updatedSince, (place) => `d.updated_at >= ${place}`],
    ],
  )

/** The calculations of the credit notes of an invoice that still count, in their order. */
export async function listCreditCalculations(
  db: Db,
  businessId: Id<'business'>,
  invoiceId: string,
): Promise<readonly CreditCalculation[]> {
  const rows = await db.query<{ calculation: string }>({
    name: 'list_credit_calculations',
    text: `select calculation::text as calculation from document
      where business_id = $1 and kind = 'credit_note' and source_document_id = $2
        and lifecycle = 'open'
      order by created_at, document_id limit 1000`,
    values: [businessId, invoiceId],
  })
  return rows.map(({ calculation }) => parseStoredCalculation<CreditCalculation>(calculation))
}

async function withLines(
  db: Db,
  businessId: Id<'business'>,
  rows: readonly CreditRow[],
): Promise<readonly CreditNote[]> {
  const linesById = await listDocumentLines(
    db,
    businessId,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => ({
    id: row.id,
    businessId: row.businessId,
    customerId: row.partyId as Id<'party'>, // every credit note has a customer
    invoiceId: row.sourceDocumentId ?? '',
    number: row.number ?? '',
    issueDate: row.issueDate,
    reason: row.notes,
    status: statusOf(row),
    currency: row.currency,
    subtotal: row.subtotal,
    tax: row.tax,
    total: row.total,
    amountApplied: row.total - row.remaining,
    amountRemaining: row.remaining,
    lines: toLines(row, linesById.get(row.id) ?? []),
    externalId: row.externalId,
    metadata: row.metadata,
    entryId: row.entryId,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }))
}

function statusOf({ remaining: left, isRefunded: isPaidBack }: CreditRow): CreditNoteStatus {
  if (left > 0n) return 'open'
  return isPaidBack ? 'refunded' : 'applied'
}

function toLines(
  { details }: CreditRow,
  lines: readonly DocumentLine[],
): readonly CreditNoteLine[] {
  const ids = details['creditedLineIds']
  return lines.map((line, index) => {
    const id: unknown = Array.isArray(ids) ? ids[index] : undefined
    return { ...line, invoiceLineId: typeof id === 'string' ? id : null }
  })
}
