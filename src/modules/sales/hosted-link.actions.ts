import type { Ctx } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import { changeDocument, readDocument } from '../ledger/document.actions.ts'
import type { Document } from '../ledger/document.ts'
import type { HostedKind } from './hosted-document.ts'
import { type HostedLink, linkOf, withLink } from './hosted-link.ts'

type Linked = Readonly<{ kind: HostedKind; documentId: string }>

const resourceOf = { invoice: 'Invoice', quotation: 'Quotation' } as const

/**
 * Gives a document's page a new address; the one before opens nothing any more.
 * Refuses, in this order: resource.not_found, resource.invalid_transition (a draft has no page).
 * Source: Invoicing specification 14.
 */
export async function renewLink(ctx: Ctx, { kind, documentId }: Linked): Promise<Document> {
  const document = await getLinked(ctx, { kind, documentId })
  if (document.lifecycle === 'draft') {
    const resource = resourceOf[kind]
    throw new Refusal('resource.invalid_transition', { resource, from: 'draft', to: 'linked' })
  }
  const { generation, ...link } = linkOf(document)
  const renewed = { ...link, generation: generation + 1, isRevoked: false }
  return keepLink(ctx, document, renewed, 'link_renewed')
}

/**
 * Closes a document's page; a page that is closed stays so.
 * Refuses: resource.not_found.
 * Source: Invoicing specification 14.
 */
export async function revokeLink(ctx: Ctx, { kind, documentId }: Linked): Promise<void> {
  const document = await getLinked(ctx, { kind, documentId })
  const link = linkOf(document)
  if (link.isRevoked) return
  await keepLink(ctx, document, { ...link, isRevoked: true }, 'link_revoked')
}

/**
 * Notes that a customer has seen a document's page; the first time counts.
 * Refuses: resource.not_found.
 */
export async function noteView(ctx: Ctx, { kind, documentId }: Linked): Promise<void> {
  const document = await getLinked(ctx, { kind, documentId })
  const link = linkOf(document)
  if (link.viewedAt !== null) return
  await keepLink(ctx, document, { ...link, viewedAt: ctx.now }, 'viewed')
}

async function getLinked(ctx: Ctx, { kind, documentId: id }: Linked): Promise<Document> {
  const document = await readDocument(ctx, kind, id)
  if (document === undefined) {
    throw new Refusal('resource.not_found', { resource: resourceOf[kind], id })
  }
  return document
}

async function keepLink(
  ctx: Ctx,
  document: Document,
  link: HostedLink,
  what: string,
): Promise<Document> {
  const linked = { ...document, details: withLink(document, link) }
  await changeDocument(ctx, linked)
  const { kind, id } = document
  ctx.audit({
    action: `sales.${kind}.${what}`,
    resource: kind,
    resourceId: id,
    before: { link: linkOf(document) },
    after: { link },
  })
  return linked
}
