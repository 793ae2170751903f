import type { Ctx, Together } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import {
  deleteDocument,
  insertDocuments,
  insertVersions,
  type NewVersion,
  replaceLines,
  updateDocuments,
} from './document.db.ts'
import { type KnownDocument, listByExternalId, mapDocuments } from './document.queries.ts'
import { type Document, type DocumentHead, type DocumentKind, toImageText } from './document.ts'

const readDocuments: Together<DocumentName, Document | undefined> = async (ctx, names) => {
  const ids = names.map(({ id }) => id)
  const documentById = await mapDocuments(ctx.tx, ctx.businessId, ids)
  return names.map(({ kind, id }) => {
    const document = documentById.get(id)
    return document?.kind === kind ? document : undefined
  })
}

/** One document of a kind with its lines, as actions read it. */
export const readDocument = (
  ctx: Ctx,
  kind: DocumentKind,
  id: string,
): Promise<Document | undefined> => ctx.readTogether(readDocuments, { kind, id })

type DocumentName = Readonly<{ kind: DocumentKind; id: string }>

const readKnown: Together<ExternalName, KnownDocument | undefined> = async (ctx, names) => {
  const kinds = [...new Set(names.map(({ kind }) => kind))]
  const externalIds = names.map(({ externalId }) => externalId)
  const known = await listByExternalId(ctx.tx, ctx.businessId, kinds, externalIds)
  const knownByName = new Map(known.map((one) => [`${one.kind} ${one.externalId}`, one]))
  return names.map(({ kind, externalId }) => knownByName.get(`${kind} ${externalId}`))
}

/** The document of a kind that has an external id. */
export const readByExternalId = (
  ctx: Ctx,
  kind: DocumentKind,
  externalId: string,
): Promise<KnownDocument | undefined> => ctx.readTogether(readKnown, { kind, externalId })

type ExternalName = Readonly<{ kind: DocumentKind; externalId: string }>

const addDocuments: Together<Document, undefined> = async ({ tx }, documents) => {
  await insertDocuments(tx, documents)
  return documents.map(() => undefined)
}

/** Inserts a document as it is. Refuses: resource.external_id_taken. */
export const addDocument = (ctx: Ctx, document: Document): Promise<void> =>
  ctx.writeTogether(addDocuments, document)

const changeDocuments: Together<DocumentHead, undefined> = async ({ tx }, documents) => {
  await updateDocuments(tx, documents)
  return documents.map(() => undefined)
}

/** Writes a document's head anew, and its lines too when they were replaced. */
export async function changeDocument(
  ctx: Ctx,
  document: Document | DocumentHead,
  { hasNewLines = false } = {},
): Promise<void> {
  await ctx.writeTogether(changeDocuments, document)
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
  await ctx.writeTogether(addVersions, rows)
}

const addVersions: Together<readonly NewVersion[], undefined> = async (ctx, sets) => {
  const { tx, businessId, link } = ctx
  await insertVersions(tx, { businessId, link, rows: sets.flat() })
  return sets.map(() => undefined)
}
