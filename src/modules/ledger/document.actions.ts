import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import {
  deleteDocument,
  insertDocument,
  insertVersions,
  replaceLines,
  updateDocument,
} from './document.db.ts'
import { type Document, type DocumentHead, toImageText } from './document.ts'

/** Inserts a document as it is. Refuses: resource.external_id_taken. */
export const addDocument = (ctx: Ctx, document: Document): Promise<void> =>
  insertDocument(ctx.tx, document)

/** Writes a document's head anew, and its lines too when they were replaced. */
export async function changeDocument(
  ctx: Ctx,
  document: Document | DocumentHead,
  { hasNewLines = false } = {},
): Promise<void> {
  await updateDocument(ctx.tx, document)
  if (hasNewLines && 'lines' in document) await replaceLines(ctx.tx, document)
}

/** Removes a draft, or a quotation; its number stays in the register as deleted. */
export const removeDraft = (ctx: Ctx, document: DocumentHead): Promise<void> =>
  deleteDocument(ctx.tx, document)

/**
 * Freezes what an issued document says now, and puts its digest into the hash chain.
 * Source: ledger specification 7.6 (record D) and 8.1.
 */
export const keepVersion = (ctx: Ctx, head: DocumentHead, frozen: object): Promise<void> =>
  keepVersions(ctx, [{ head, frozen }])

/** The same of several versions at once, in their order. */
export async function keepVersions(
  ctx: Ctx,
  versions: readonly Readonly<{ head: DocumentHead; frozen: object }>[],
): Promise<void> {
  const rows = versions.map(({ head: { id, kind, number, version }, frozen }) => {
    assert(number !== null, 'an issued document has a number')
    const snapshot = toImageText(frozen)
    const sha256 = ctx.digest(snapshot)
    ctx.chain('D', ['D', id, kind, number, String(version), sha256])
    return { documentId: id, version, kind, number, snapshot, sha256 }
  })
  await insertVersions(ctx.tx, { businessId: ctx.businessId, link: ctx.link, rows })
}
