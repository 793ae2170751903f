import { nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Document, type DocumentHead, type DocumentLine, toImageText } from './document.ts'

const lineColumns = `line_no, line_id, description, quantity, unit_price, discount_percent,
  tax_percent, tax_category, product_id, account_id, unit, net, tax`

const insertDocumentSql = `
  with head as (
    insert into document (business_id, document_id, kind, surface, lifecycle, number, party_id,
      issue_date, due_date, currency, rate, rate_source, prices_include_tax, discount_percent,
      subtotal, tax, rounding, total, base_total, reference, notes, terms, template,
      source_document_id, external_id, metadata, details, calculation, entry_id, void_entry_id,
      void_reason, sent_at, paid_at, voided_at, created_at, updated_at, version)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
      $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37)
    returning document_id
  )
  insert into document_line (business_id, document_id, ${lineColumns})
  select $1, head.document_id, t.*
  from head, unnest($38::int[], $39::uuid[], $40::text[], $41::numeric[], $42::numeric[],
    $43::numeric[], $44::numeric[], $45::text[], $46::uuid[], $47::uuid[], $48::text[],
    $49::bigint[], $50::bigint[]) as t`

/** Inserts a document and its lines in the order given. */
export async function insertDocument(tx: Tx, document: Document): Promise<void> {
  await tx.query({
    name: 'insert_document',
    text: insertDocumentSql,
    values: [
      ...headValues(document),
      document.createdAt,
      document.updatedAt,
      document.version,
    ].concat(lineArrays(document.lines)),
  })
}

const updateDocumentSql = `
  update document set kind = $3, surface = $4, lifecycle = $5, number = $6, party_id = $7,
    issue_date = $8, due_date = $9, currency = $10, rate = $11, rate_source = $12,
    prices_include_tax = $13, discount_percent = $14, subtotal = $15, tax = $16, rounding = $17,
    total = $18, base_total = $19, reference = $20, notes = $21, terms = $22, template = $23,
    source_document_id = $24, external_id = $25, metadata = $26, details = $27, calculation = $28,
    entry_id = $29, void_entry_id = $30, void_reason = $31, sent_at = $32, paid_at = $33,
    voided_at = $34, updated_at = $35, version = $36
  where business_id = $1 and document_id = $2`

/** Writes the head of a document anew; its lines stay. */
export async function updateDocument(tx: Tx, document: DocumentHead): Promise<void> {
  await tx.query({
    name: 'update_document',
    text: updateDocumentSql,
    values: [...headValues(document), document.updatedAt, document.version],
  })
}

/** Puts other lines in place of those a document has. */
export async function replaceLines(tx: Tx, document: Document): Promise<void> {
  const { businessId, id } = document
  await tx.query({
    name: 'delete_document_lines',
    text: 'delete from document_line where business_id = $1 and document_id = $2',
    values: [businessId, id],
  })
  await tx.query({
    name: 'insert_document_lines',
    text: `insert into document_line (business_id, document_id, ${lineColumns})
      select $1, $2, t.*
      from unnest($3::int[], $4::uuid[], $5::text[], $6::numeric[], $7::numeric[], $8::numeric[],
        $9::numeric[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::bigint[],
        $15::bigint[]) as t`,
    values: [businessId, id, ...lineArrays(document.lines)],
  })
}

/** Removes a draft, or a quotation, with its lines and marks its number as deleted for good. */
export async function deleteDocument(
  tx: Tx,
  { businessId, id, kind }: DocumentHead,
): Promise<void> {
  await tx.query({
    name: 'delete_document',
    text: `
      with register as (
        update number_register set state = 'deleted'
        where business_id = $1 and kind = $3 and document_id = $2
      )
      delete from document where business_id = $1 and document_id = $2
        and (lifecycle = 'draft' or kind = 'quotation')`,
    values: [businessId, id, kind],
  })
}

type Versions = Readonly<{
  businessId: Id<'business'>
  link: bigint
  rows: readonly Readonly<{
    documentId: Id<'document'>
    version: bigint
    kind: string
    number: string
    snapshot: string
    sha256: string
  }>[]
}>

/** Keeps what documents said at some of their versions. */
export async function insertVersions(tx: Tx, { businessId, link, rows }: Versions): Promise<void> {
  await tx.query({
    name: 'insert_document_versions',
    text: `
      insert into document_version (business_id, document_id, version, kind, number, link,
        snapshot, sha256)
      select $1, t.document_id, t.version, t.kind, t.number, $2, t.snapshot, decode(t.sha256, 'hex')
      from unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[])
        as t (document_id, version, kind, number, snapshot, sha256)`,
    values: [
      businessId,
      link,
      plainArray(rows.map(({ documentId }) => documentId)),
      plainArray(rows.map(({ version }) => version)),
      plainArray(rows.map(({ kind }) => kind)),
      textArray(rows.map(({ number }) => number)),
      textArray(rows.map(({ snapshot }) => snapshot)),
      plainArray(rows.map(({ sha256 }) => sha256)),
    ],
  })
}

/** Marks when documents were paid in full, or that they no longer are. */
export async function markPaid(
  tx: Tx,
  businessId: Id<'business'>,
  { documentIds, at }: Readonly<{ documentIds: readonly string[]; at: Instant }>,
): Promise<void> {
  await tx.query({
    name: 'mark_documents_paid',
    text: `
      update document as d
      set updated_at = $3, paid_at = case when not exists (
        select 1 from open_item as i
        where i.business_id = $1 and i.document_id = d.document_id and i.open_amount <> 0
          and i.side in ('AR', 'AP')
      ) then $3::timestamptz end
      where d.business_id = $1 and d.document_id = any ($2::uuid[])`,
    values: [businessId, plainArray(documentIds), at],
  })
}

const headValues = (document: DocumentHead): readonly unknown[] => [
  document.businessId,
  document.id,
  document.kind,
  document.surface,
  document.lifecycle,
  document.number,
  document.partyId,
  document.issueDate,
  document.dueDate,
  document.currency,
  document.rate,
  document.rateSource,
  document.pricesIncludeTax,
  document.discountPercent,
  document.subtotal,
  document.tax,
  document.rounding,
  document.total,
  document.baseTotal,
  document.reference,
  document.notes,
  document.terms,
  document.template,
  document.sourceDocumentId,
  document.externalId,
  JSON.stringify(document.metadata),
  toImageText(document.details),
  document.calculation,
  document.entryId,
  document.voidEntryId,
  document.voidReason,
  document.sentAt,
  document.paidAt,
  document.voidedAt,
]

const lineArrays = (lines: readonly DocumentLine[]): readonly string[] => [
  plainArray(lines.map((_line, index) => index + 1)),
  plainArray(lines.map(({ id }) => id)),
  textArray(lines.map(({ description }) => description)),
  plainArray(lines.map(({ quantity }) => quantity)),
  plainArray(lines.map(({ unitPrice }) => unitPrice)),
  plainArray(lines.map(({ discountPercent }) => discountPercent)),
  plainArray(lines.map(({ taxPercent }) => taxPercent)),
  plainArray(lines.map(({ taxCategory }) => taxCategory)),
  nullableArray(lines.map(({ productId }) => productId)),
  plainArray(lines.map(({ accountId }) => accountId)),
  textArray(lines.map(({ unit }) => unit)),
  plainArray(lines.map(({ net }) => net)),
  plainArray(lines.map(({ tax }) => tax)),
]
