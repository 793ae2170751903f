import type { Ctx } from '../../db/write.ts'
import { type DocumentFile, insertDocumentFile } from './document-file.db.ts'
import { findDocumentFile } from './document-file.queries.ts'

/**
 * Keeps the file of an issued document and answers what is kept: of two that were rendered at the
 * same time, the first. It says nothing that the document did not say, so there is no event.
 * Refuses: nothing.
 * Source: documents specification 0, rule 4.
 */
export async function keepDocumentFile(
  ctx: Ctx,
  file: Omit<DocumentFile, 'id'>,
): Promise<Uint8Array> {
  const kept = await findDocumentFile(ctx.tx, ctx.businessId, file.inputSha256)
  if (kept !== undefined) return kept
  const id = ctx.newId('file')
  await insertDocumentFile(ctx.tx, ctx.businessId, { ...file, id }, ctx.recordedAt)
  return file.content
}
