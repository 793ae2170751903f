import { type Condition, type Order, toPattern } from '../../db/lists.ts'
import { type Db, safeOf } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  type Document,
  type DocumentHead,
  type DocumentKind,
  type DocumentLine,
  joinDetails,
  placeOfDocument,
  placeOfVersion,
} from './document.ts'

/**
 * The head of a document `d` under the names of `DocumentHead`; its details without personal data of
 * the other side, which `mapDocuments` opens.
 */
export const documentColumns = `
  d.document_id as id, d.business_id as "businessId", d.kind, d.surface, d.lifecycle, d.number,
  d.party_id as "partyId", d.issue_date as "issueDate", d.due_date as "dueDate", d.currency,
  trim_scale(d.rate) as rate, d.rate_source as "rateSource",
  d.prices_include_tax as "pricesIncludeTax", trim_scale(d.discount_percent) as "discountPercent",
  d.subtotal, d.tax, d.rounding, d.total, d.base_total as "baseTotal", d.reference, d.notes,
  d.terms, d.template, d.source_document_id as "sourceDocumentId", d.external_id as "externalId",
  d.metadata, d.details, d.entry_id as "entryId", d.void_entry_id as "voidEntryId",
  d.void_reason as "voidReason", d.sent_at as "sentAt", d.paid_at as "paidAt",
  d.voided_at as "voidedAt", d.created_at as "createdAt", d.updated_at as "updatedAt", d.version`

type LineRow = DocumentLine & Readonly<{ documentId: Id<'document'> }>

/** Lines of documents, each document's in order; at most 1,000 per document. */
export async function listDocumentLines(
  db: Db,
  businessId: Id<'business'>,
  documentIds: readonly string[],
): Promise<ReadonlyMap<string, readonly DocumentLine[]>> {
  const rows = await db.query<LineRow>({
    name: 'list_document_lines',
    text: `
      select l.document_id as "documentId", l.line_id as id, l.description,
        trim_scale(l.quantity) as quantity, trim_scale(l.unit_price) as "unitPrice",
        trim_scale(l.discount_percent) as "discountPercent",
        trim_scale(l.tax_percent) as "taxPercent", l.tax_category as "taxCategory",
        l.product_id as "productId", l.account_id as "accountId", a.code as "accountCode", l.unit,
        l.net, l.tax
      from document_line as l
      join account as a on a.business_id = l.business_id and a.account_id = l.account_id
      where l.business_id = $1 and l.document_id = any ($2::uuid[])
      order by l.document_id, l.line_no
      limit 1000000`,
    values: [businessId, documentIds],
  })
  const linesByDocumentId = new Map<string, DocumentLine[]>(documentIds.map((id) => [id, []]))
  for (const { documentId, ...line } of rows) linesByDocumentId.get(documentId)?.push(line)
  return linesByDocumentId
}

/** Documents by id with their lines and the calculations they were issued with; at most 1,000. */
export async function mapDocuments(
  db: Db,
  businessId: Id<'business'>,
  documentIds: readonly string[],
): Promise<ReadonlyMap<string, Document>> {
  const rows = await db.query<SealedHead>({
    name: 'list_documents_by_id',
    text: `select ${documentColumns}, d.calculation::text as calculation, d.sealed_party as sealed
      from document as d where d.business_id = $1 and d.document_id = any ($2::uuid[])
      order by d.document_id limit 1000`,
    values: [businessId, documentIds],
  })
  if (rows.length === 0) return new Map()
  const heads = await withParties(db, rows)
  const ids = heads.map(({ id }) => id)
  const linesById = await listDocumentLines(db, businessId, ids)
  return new Map(heads.map((head) => [head.id, { ...head, lines: linesById.get(head.id) ?? [] }]))
}

type SealedHead = DocumentHead & Readonly<{ sealed: Buffer | null }>

/** Heads with all that was frozen of the other side, opened with the keys of this snapshot. */
async function withParties(db: Db, rows: readonly SealedHead[]): Promise<readonly DocumentHead[]> {
  const safe = rows.some(({ sealed }) => sealed !== null) ? await safeOf(db) : undefined
  return rows.map(({ sealed, ...head }) => {
    if (sealed === null || safe === undefined) return head
    const text = new TextDecoder().decode(safe.open(placeOfDocument(head.id), sealed))
    return {
      ...head,
      details: joinDetails(head.details, JSON.parse(text) as DocumentHead['details']),
    } // what `document.db.ts` has sealed
  })
}

/** What a document said at its first version and at its last, as JSON texts; one where they are one. */
export async function listVersionEnds(
  db: Db,
  businessId: Id<'business'>,
  documentId: string,
): Promise<readonly string[]> {
  const rows = await db.query<{ version: bigint; sealed: Buffer }>({
    name: 'list_ends_of_document_versions',
    text: `
      select version, sealed_snapshot as sealed from document_version
      where business_id = $1 and document_id = $2 and sealed_snapshot is not null
        and version in (
          (select min(version) from document_version where business_id = $1 and document_id = $2),
          (select max(version) from document_version where business_id = $1 and document_id = $2))
      order by version limit 2`,
    values: [businessId, documentId],
  })
  if (rows.length === 0) return []
  const { open } = await safeOf(db)
  return rows.map(({ version, sealed }) =>
    new TextDecoder().decode(open(placeOfVersion(documentId, version), sealed)),
  )
}

/** One document of a kind with its lines and the calculation it was issued with. */
export async function findDocument(
  db: Db,
  businessId: Id<'business'>,
  kind: DocumentKind,
  documentId: string,
): Promise<Document | undefined> {
  const document = (await mapDocuments(db, businessId, [documentId])).get(documentId)
  return document?.kind === kind ? document : undefined
}

/** A document by its external id, and the digest of what was asked for when it was made. */
export type KnownDocument = Readonly<{
  id: Id<'document'>
  kind: DocumentKind
  externalId: string
  contentDigest: string | null
}>

/** The documents of some kinds that have one of these external ids; at most 5,000. */
export const listByExternalId = (
  db: Db,
  businessId: Id<'business'>,
  kinds: readonly DocumentKind[],
  externalIds: readonly string[],
): Promise<readonly KnownDocument[]> =>
  db.query<KnownDocument>({
    name: 'list_documents_by_external_id',
    text: `select document_id as id, kind, external_id as "externalId",
        details ->> 'contentDigest' as "contentDigest"
      from document where business_id = $1 and kind = any ($2) and external_id = any ($3)
      order by document_id limit 5000`,
    values: [businessId, kinds, externalIds],
  })

/** Documents `d` by one of their columns, ties by id. */
export const documentOrder = (column: string, isDescending: boolean): Order => ({
  ...{ column, id: 'd.document_id', isDescending },
  canBeEmpty: column === 'd.due_date' || column === 'd.number',
})

/** Documents that a search may name before each row of a list is compared instead. */
const foundMax = 10_000

/**
 * The condition for documents `d` of a kind whose number has a text in it, without regard to case.
 * They are looked for first, under the rights of the owner, and named unless they are too many.
 */
export async function numberedBy(
  db: Db,
  kind: DocumentKind,
  text: string | undefined,
): Promise<Condition> {
  const pattern = toPattern(text)
  if (pattern === undefined) return nothing
  const [row] = await db.query<{ ids: readonly string[] | null }>({
    name: 'find_numbered',
    text: 'select find_numbered($1, $2, $3) as ids',
    values: [kind, pattern, foundMax],
  })
  return row?.ids ? isOneOf(row.ids) : [pattern, (place) => `d.number ilike ${place}`]
}

/** The condition for the invoices `d` that a recurring one has made, in the same way. */
export async function recurredFrom(db: Db, recurringId: string | undefined): Promise<Condition> {
  if (recurringId === undefined) return nothing
  const [row] = await db.query<{ ids: readonly string[] | null }>({
    name: 'find_recurred',
    text: 'select find_recurred($1, $2) as ids',
    values: [recurringId, foundMax],
  })
  const isMade = (place: string): string => `d.details ->> 'recurringId' = ${place}`
  return row?.ids ? isOneOf(row.ids) : [recurringId, isMade]
}

const nothing: Condition = [undefined, () => '']

const isOneOf = (ids: readonly string[]): Condition => [
  ids,
  (place) => `d.document_id = any (${place}::uuid[])`,
]
