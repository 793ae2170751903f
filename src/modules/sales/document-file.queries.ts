import { type Db, safeOf } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import { placeOfFile } from './document-file.ts'

/** The PDF that was rendered from an input before, by the digest of the input. */
export async function findDocumentFile(
  db: Db,
  businessId: Id<'business'>,
  inputSha256: Uint8Array,
): Promise<Buffer | undefined> {
  const [row] = await db.query<{ id: string; sealed: Buffer }>({
    name: 'find_document_file',
    text: `select file_id as id, sealed_content as sealed from document_file
      where business_id = $1 and input_sha256 = $2`,
    values: [businessId, Buffer.from(inputSha256)],
  })
  if (row === undefined) return undefined
  const { open } = await safeOf(db)
  const { buffer, byteOffset, byteLength } = open(placeOfFile(row.id), row.sealed)
  return Buffer.from(buffer, byteOffset, byteLength)
}
