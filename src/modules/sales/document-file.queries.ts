import type { Db } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'

/** The PDF that was rendered from an input before, by the digest of the input. */
export async function findDocumentFile(
  db: Db,
  businessId: Id<'business'>,
  inputSha256: Uint8Array,
): Promise<Buffer | undefined> {
  const [row] = await db.query<{ content: Buffer }>({
    name: 'find_document_file',
    text: 'select content from document_file where business_id = $1 and input_sha256 = $2',
    values: [businessId, Buffer.from(inputSha256)],
  })
  return row?.content
}
