import type { Db } from '../../db/tx.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { documentColumns, listDocumentLines } from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import type { CreditCalculation } from '../tax/credit.ts'
import { parseStoredCalculation } from '../tax/stored-calculation.ts'
import type { CreditNote } from './credit-note.ts'

type CreditRow = DocumentHead & Readonly<{ remaining: bigint }>

const creditColumns = `${documentColumns},
  coalesce((
    select i.open_amount from open_item as i
    where i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'DEP'
  ), 0)::bigint as remaining`

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

/** A page of credit notes, of one invoice where it is given; newest first, ties by id. */
export async function listCreditNotes(
  db: Db,
  {
    businessId,
    invoiceId,
    limit,
    offset = 0,
  }: Readonly<{ businessId: Id<'business'>; invoiceId?: string; limit: number; offset?: number }>,
): Promise<readonly CreditNote[]> {
  const rows = await db.query<CreditRow>({
    name: 'list_credit_notes',
    text: `select ${creditColumns} from document as d
      where d.business_id = $1 and d.kind = 'credit_note'
        and ($2::uuid is null or d.source_document_id = $2)
      order by d.issue_date desc, d.document_id desc limit $3 offset $4`,
    values: [businessId, invoiceId ?? null, limit, offset],
  })
  return withLines(db, businessId, rows)
}

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
    status: row.remaining === 0n ? 'applied' : 'open',
    currency: row.currency,
    subtotal: row.subtotal,
    tax: row.tax,
    total: row.total,
    amountApplied: row.total - row.remaining,
    amountRemaining: row.remaining,
    lines: linesById.get(row.id) ?? [],
    entryId: row.entryId,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }))
}
