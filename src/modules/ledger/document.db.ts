import { bytesArray, nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import { safeOf, type Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  type Document,
  type DocumentHead,
  type DocumentLine,
  placeOfDocument,
  placeOfVersion,
  splitDetails,
  toImageText,
} from './document.ts'

/** A column of rows that are written as a set: its name, its type, and its values as one array. */
type Column<Row> = readonly [
  name: string,
  type: string,
  toArray: (rows: readonly Row[]) => string | Buffer,
]

/** A head as it is kept: personal data of the other side lies beside the details, sealed. */
type HeadRow = DocumentHead & Readonly<{ sealedParty: Buffer | null }>

const headColumns: readonly Column<HeadRow>[] = [
  ['business_id', 'uuid', (all) => plainArray(all.map((one) => one.businessId))],
  ['document_id', 'uuid', (all) => plainArray(all.map((one) => one.id))],
  ['kind', 'text', (all) => plainArray(all.map((one) => one.kind))],
  ['surface', 'text', (all) => plainArray(all.map((one) => one.surface))],
  ['lifecycle', 'text', (all) => plainArray(all.map((one) => one.lifecycle))],
  ['number', 'text', (all) => textArray(all.map((one) => one.number))],
  ['party_id', 'uuid', (all) => nullableArray(all.map((one) => one.partyId))],
  ['issue_date', 'date', (all) => plainArray(all.map((one) => one.issueDate))],
  ['due_date', 'date', (all) => nullableArray(all.map((one) => one.dueDate))],
  ['currency', 'text', (all) => plainArray(all.map((one) => one.currency))],
  ['rate', 'numeric', (all) => nullableArray(all.map((one) => one.rate))],
  ['rate_source', 'text', (all) => textArray(all.map((one) => one.rateSource))],
  ['prices_include_tax', 'boolean', (all) => plainArray(all.map((one) => one.pricesIncludeTax))],
  ['discount_percent', 'numeric', (all) => plainArray(all.map((one) => one.discountPercent))],
  ['subtotal', 'bigint', (all) => plainArray(all.map((one) => one.subtotal))],
  ['tax', 'bigint', (all) => plainArray(all.map((one) => one.tax))],
  ['rounding', 'bigint', (all) => plainArray(all.map((one) => one.rounding))],
  ['total', 'bigint', (all) => plainArray(all.map((one) => one.total))],
  ['base_total', 'bigint', (all) => nullableArray(all.map((one) => one.baseTotal))],
  ['reference', 'text', (all) => textArray(all.map((one) => one.reference))],
  ['notes', 'text', (all) => textArray(all.map((one) => one.notes))],
  ['terms', 'text', (all) => textArray(all.map((one) => one.terms))],
  ['template', 'text', (all) => textArray(all.map((one) => one.template))],
  ['source_document_id', 'uuid', (all) => nullableArray(all.map((one) => one.sourceDocumentId))],
  ['external_id', 'text', (all) => textArray(all.map((one) => one.externalId))],
  ['metadata', 'jsonb', (all) => textArray(all.map((one) => JSON.stringify(one.metadata)))],
  ['details', 'jsonb', (all) => textArray(all.map((one) => toImageText(one.details)))],
  ['sealed_party', 'bytea', (all) => bytesArray(all.map((one) => one.sealedParty))],
  ['calculation', 'jsonb', (all) => textArray(all.map((one) => one.calculation))],
  ['entry_id', 'uuid', (all) => nullableArray(all.map((one) => one.entryId))],
  ['void_entry_id', 'uuid', (all) => nullableArray(all.map((one) => one.voidEntryId))],
  ['void_reason', 'text', (all) => textArray(all.map((one) => one.voidReason))],
  ['sent_at', 'timestamptz', (all) => nullableArray(all.map((one) => one.sentAt))],
  ['paid_at', 'timestamptz', (all) => nullableArray(all.map((one) => one.paidAt))],
  ['voided_at', 'timestamptz', (all) => nullableArray(all.map((one) => one.voidedAt))],
  ['created_at', 'timestamptz', (all) => plainArray(all.map((one) => one.createdAt))],
  ['updated_at', 'timestamptz', (all) => plainArray(all.map((one) => one.updatedAt))],
  ['version', 'bigint', (all) => plainArray(all.map((one) => one.version))],
]

type LineRow = DocumentLine & Readonly<{ document: DocumentHead; lineNo: number }>

const lineColumns: readonly Column<LineRow>[] = [
  ['business_id', 'uuid', (all) => plainArray(all.map((one) => one.document.businessId))],
  ['document_id', 'uuid', (all) => plainArray(all.map((one) => one.document.id))],
  ['line_no', 'int', (all) => plainArray(all.map((one) => one.lineNo))],
  ['line_id', 'uuid', (all) => plainArray(all.map((one) => one.id))],
  ['description', 'text', (all) => textArray(all.map((one) => one.description))],
  ['quantity', 'numeric', (all) => plainArray(all.map((one) => one.quantity))],
  ['unit_price', 'numeric', (all) => plainArray(all.map((one) => one.unitPrice))],
  ['discount_percent', 'numeric', (all) => plainArray(all.map((one) => one.discountPercent))],
  ['tax_percent', 'numeric', (all) => plainArray(all.map((one) => one.taxPercent))],
  ['tax_category', 'text', (all) => plainArray(all.map((one) => one.taxCategory))],
  ['product_id', 'uuid', (all) => nullableArray(all.map((one) => one.productId))],
  ['account_id', 'uuid', (all) => plainArray(all.map((one) => one.accountId))],
  ['unit', 'text', (all) => textArray(all.map((one) => one.unit))],
  ['net', 'bigint', (all) => plainArray(all.map((one) => one.net))],
  ['tax', 'bigint', (all) => plainArray(all.map((one) => one.tax))],
]

const namesOf = <Row>(columns: readonly Column<Row>[]): string =>
  columns.map(([name]) => name).join(', ')

/** Without the first, which is the tenant. */
const ownNamesOf = <Row>(columns: readonly Column<Row>[]): string => namesOf(columns.slice(1))

const arraysOf = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly unknown[] =>
  columns.map(([, , toArray]) => toArray(rows))

/** The rows of a set, behind the first `count` values of the statement. */
const unnested = <Row>(columns: readonly Column<Row>[], count = 0): string =>
  `unnest(${columns.map(([, type], i) => `$${count + i + 1}::${type}[]`).join(', ')})`

const insertHeadsSql = `
  insert into document (business_id, ${ownNamesOf(headColumns)})
  select * from ${unnested(headColumns)}`

const insertLinesSql = `
  insert into document_line (business_id, ${ownNamesOf(lineColumns)})
  select * from ${unnested(lineColumns)}`

const insertDocumentsSql = `
  with head as (${insertHeadsSql})
  insert into document_line (business_id, ${ownNamesOf(lineColumns)})
  select * from ${unnested(lineColumns, headColumns.length)}`

/** Who the other side is stays frozen; a head that was read without it takes nothing away. */
const sealedOnce = 'sealed_party'

const updateDocumentsSql = `
  update document as d
  set ${headColumns
    .slice(2)
    .map(
      ([name]) =>
        `${name} = ${name === sealedOnce ? `coalesce(t.${name}, d.${name})` : `t.${name}`}`,
    )
    .join(', ')}
  from ${unnested(headColumns)} as t (${namesOf(headColumns)})
  where d.business_id = t.business_id and d.document_id = t.document_id`

const toLineRows = (documents: readonly Document[]): readonly LineRow[] =>
  documents.flatMap((document) =>
    document.lines.map((line, index) => ({ ...line, document, lineNo: index + 1 })),
  )

async function toHeadRows(tx: Tx, heads: readonly DocumentHead[]): Promise<readonly HeadRow[]> {
  const split = heads.map(({ details }) => splitDetails(details))
  if (split.every(({ personal }) => personal === undefined)) {
    return heads.map((head) => ({ ...head, sealedParty: null }))
  }
  const { seal } = await safeOf(tx)
  return heads.map((head, i) => {
    const { shown = head.details, personal } = split[i] ?? {}
    const clear = personal && new TextEncoder().encode(JSON.stringify(personal))
    const sealedParty =
      clear === undefined ? null : Buffer.from(seal(placeOfDocument(head.id), clear))
    return { ...head, details: shown, sealedParty }
  })
}

/** Inserts documents and their lines in the order given. */
export async function insertDocuments(tx: Tx, documents: readonly Document[]): Promise<void> {
  const lines = toLineRows(documents)
  await tx.query({
    name: 'insert_documents',
    text: insertDocumentsSql,
    values: [
      ...arraysOf(headColumns, await toHeadRows(tx, documents)),
      ...arraysOf(lineColumns, lines),
    ],
  })
}

/** Writes the heads of documents anew; their lines stay. */
export async function updateDocuments(tx: Tx, documents: readonly DocumentHead[]): Promise<void> {
  await tx.query({
    name: 'update_documents',
    text: updateDocumentsSql,
    values: arraysOf(headColumns, await toHeadRows(tx, documents)),
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
    text: insertLinesSql,
    values: arraysOf(lineColumns, toLineRows([document])),
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

/** What a document said at one of its versions, and the digest of that. */
export type NewVersion = Readonly<{
  documentId: Id<'document'>
  version: bigint
  kind: string
  number: string
  snapshot: string
  sha256: string
}>

type Versions = Readonly<{
  businessId: Id<'business'>
  link: bigint
  rows: readonly NewVersion[]
}>

/** Keeps what documents said at some of their versions, sealed; the digest is that of the text. */
export async function insertVersions(tx: Tx, { businessId, link, rows }: Versions): Promise<void> {
  const { seal } = await safeOf(tx)
  const sealed = rows.map(({ documentId, version, snapshot }) =>
    Buffer.from(seal(placeOfVersion(documentId, version), new TextEncoder().encode(snapshot))),
  )
  await tx.query({
    name: 'insert_document_versions',
    text: `
      insert into document_version (business_id, document_id, version, kind, number, link,
        sealed_snapshot, sha256)
      select $1, t.document_id, t.version, t.kind, t.number, $2, t.sealed, decode(t.sha256, 'hex')
      from unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::text[])
        as t (document_id, version, kind, number, sealed, sha256)`,
    values: [
      businessId,
      link,
      plainArray(rows.map(({ documentId }) => documentId)),
      plainArray(rows.map(({ version }) => version)),
      plainArray(rows.map(({ kind }) => kind)),
      textArray(rows.map(({ number }) => number)),
      bytesArray(sealed),
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
