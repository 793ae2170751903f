import { safeOf, type Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { placeOfFile } from './document-file.ts'

export type DocumentFile = Readonly<{
  id: Id<'file'>
  documentId: string
  inputSha256: Uint8Array
  templateVersion: number
  content: Uint8Array
}>

/** Keeps a file once, sealed: it says who its customer is. */
export async function insertDocumentFile(
  tx: Tx,
  businessId: Id<'business'>,
  { id, documentId, inputSha256, templateVersion, content }: DocumentFile,
  at: Instant,
): Promise<void> {
  const { seal } = await safeOf(tx)
  await tx.query({
    name: 'insert_document_file',
    text: `
      insert into document_file (business_id, input_sha256, document_id, template_version,
        sealed_content, created_at, file_id)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (business_id, input_sha256) do nothing`,
    values: [
      businessId,
      Buffer.from(inputSha256),
      documentId,
      templateVersion,
      seal(placeOfFile(id), content),
      at,
      id,
    ],
  })
}
