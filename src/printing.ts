import { createHash } from 'node:crypto'
import type { Outside, PrintOrder } from './api/http/outside.ts'
import type { Gate } from './db/lane.ts'
import type { Pool } from './db/pool.ts'
import { type Db, readSnapshot, type Tenant } from './db/tx.ts'
import type { Renderer } from './documents/renderer.ts'
import { assert } from './kernel/assert.ts'
import type { Instant } from './kernel/dates.ts'
import { Refusal } from './kernel/errors.ts'
import { printLanguages } from './modules/access/document-options.ts'
import { findFile } from './modules/access/file.queries.ts'
import { keepDocumentFile } from './modules/sales/document-file.actions.ts'
import { findDocumentFile } from './modules/sales/document-file.queries.ts'
import { getDocumentInput } from './modules/sales/document-input.queries.ts'
import { printPapers } from './modules/sales/document-input.ts'

export type PrinterParts = Readonly<{
  pool: Pool
  gate: Pick<Gate, 'write'>
  renderer: Renderer
  clock: () => Instant
  /** The address of a document's page; null: nobody serves pages. */
  toPageUrl: (documentId: string, generation: number) => string | null
  /** Hears of each rendering. */
  onRender?: ((seconds: number) => void) | undefined
}>

/** Grows when a template changes; what was rendered before stays as it is kept. */
const templateVersion = 2

/**
 * Prints documents: from what is kept, else anew. An issued document is rendered once for each of
 * its states, languages and papers, and served from there for ever.
 */
export const buildPrinter =
  (parts: PrinterParts): Outside['print'] =>
  async (tenant, asked) => {
    const order = { ...asked, ...parseLook(asked) }
    const found = await readSnapshot(parts.pool, tenant, (db) => look(db, tenant, order, parts))
    const { input, inputSha256, kept, logo } = found
    const { number } = input
    if (kept !== undefined) return { number, pdf: kept }
    const begunMs = performance.now()
    const content = await parts.renderer.render(input, logo)
    parts.onRender?.((performance.now() - begunMs) / 1_000)
    if (input.state === 'draft') return { number, pdf: toBuffer(content) }
    const done = await parts.gate.write({
      tenant,
      action: keepDocumentFile,
      input: { documentId: input.id, inputSha256, templateVersion, content },
      actor: 'system',
      now: parts.clock(),
      sizeBytes: content.length,
    })
    assert('value' in done, 'without a key nothing is replayed')
    return { number, pdf: toBuffer(done.value) }
  }

/** What goes into a document, and what came out of it before. */
async function look(
  db: Db,
  tenant: Required<Tenant>,
  order: Parameters<typeof getDocumentInput>[2],
  { toPageUrl }: Pick<PrinterParts, 'toPageUrl'>,
) {
  const { businessId } = tenant
  const { input: said, page } = await getDocumentInput(db, tenant, order)
  const input = { ...said, hostedUrl: page && toPageUrl(page.documentId, page.generation) }
  const inputSha256 = createHash('sha256').update(JSON.stringify(input)).digest()
  const kept = await findDocumentFile(db, businessId, inputSha256)
  const needsLogo = kept === undefined && input.logo !== null
  const logo = needsLogo ? await findFile(db, businessId, input.logo ?? '') : undefined
  return { input, inputSha256, kept, logo }
}

/** Refuses, in this order: documents.language_unknown, documents.paper_unknown. */
function parseLook({ language, paper }: PrintOrder) {
  const knownLanguage = printLanguages.find((known) => known === language)
  if (language !== undefined && knownLanguage === undefined) {
    throw new Refusal('documents.language_unknown', { value: language })
  }
  const knownPaper = printPapers.find((known) => known === paper)
  if (paper !== undefined && knownPaper === undefined) {
    throw new Refusal('documents.paper_unknown', { value: paper })
  }
  return { language: knownLanguage, paper: knownPaper }
}

const toBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)
