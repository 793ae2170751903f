import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

export type DocumentFile = Readonly<{
  documentId: string
  inputSha256: Uint8Array
  templateVersion: number
  content: Uint8Array
}>

/** Keeps a file once. */
export async function insertDocumentFile(
  tx: Tx,
  businessId: Id<'business'>,
  { documentId, inputSha256, templateVersion, content }: DocumentFile,
  at: Instant,
): Promise<void> {
  await tx.query({
    name: 'insert_document_file',
    text: `
      insert into document_file (business_id, input_sha256, document_id, template_version, content,
        created_at)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (business_id, input_sha256) do nothing`,
    values: [
      businessId,
      Buffer.from(inputSha256),
      documentId,
      templateVersion,
      Buffer.from(content),
      at,
    ],
  })
}
