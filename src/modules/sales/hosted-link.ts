import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { DocumentHead, Lifecycle } from '../ledger/document.ts'

/**
 * The link to a document's page. Each generation has a token of its own, which follows from the
 * document and the master key; a new one revokes the old. What is not kept is the first generation,
 * which every issued document has.
 */
export type HostedLink = Readonly<{
  generation: number
  isRevoked: boolean
  /** When a customer saw the page for the first time. */
  viewedAt: Instant | null
}>

const first: HostedLink = { generation: 1, isRevoked: false, viewedAt: null }

/** What is kept of a document's link. */
export const linkOf = ({ details }: Pick<DocumentHead, 'details'>): HostedLink => ({
  ...first,
  ...(details['link'] as Partial<HostedLink> | undefined), // written by `hosted-link.actions.ts`
})

/** Details of a document with another link. */
export const withLink = (
  { details }: Pick<DocumentHead, 'details'>,
  link: HostedLink,
): DocumentHead['details'] => ({ ...details, link })

/** What names a document's page: the id and the generation of its link. */
export type HostedRef = Readonly<{ documentId: Id<'document'>; generation: number }>

type Linkable = Readonly<{
  id: Id<'document'>
  lifecycle: Lifecycle
  details: DocumentHead['details']
}>

/**
 * The page of a document; null for a draft, for one that was cancelled before it was issued, and
 * where the link is revoked. Source: Invoicing specification 14.
 */
export function hostedRefOf({ id, lifecycle, details }: Linkable): HostedRef | null {
  const isIssued = lifecycle === 'open' || (lifecycle === 'void' && 'customer' in details)
  const { generation, isRevoked } = linkOf({ details })
  return isIssued && !isRevoked ? { documentId: id, generation } : null
}
