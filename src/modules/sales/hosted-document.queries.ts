import type { Db } from '../../db/tx.ts'
import { type CalendarDate, dateIn, type Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { getBusiness } from '../access/business.queries.ts'
import { findDocument, listVersionEnds } from '../ledger/document.queries.ts'
import { listItemsOfDocuments } from '../ledger/open-item.queries.ts'
import { type HostedDocument, type HostedKind, toHosted } from './hosted-document.ts'

/** The document, with the day of its decision where its seller is. */
export type Hosted = HostedDocument & Readonly<{ decidedOn: CalendarDate | null }>

/** Whose document it is. */
export type HostedOwner = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  kind: HostedKind
}>

/** Whose document has an id, whoever asks; undefined: there is none that could have a page. */
export async function findHostedOwner(
  db: Pick<Db, 'query'>,
  documentId: string,
): Promise<HostedOwner | undefined> {
  const [row] = await db.query<HostedOwner>({
    name: 'find_owner_of_document',
    text: `select organization_id as "organizationId", business_id as "businessId", kind
      from find_owner_of_document($1) where kind in ('invoice', 'quotation')`,
    values: [documentId],
  })
  return row
}

/**
 * What a customer may see of a document; undefined for a draft, for what is not there, and when the
 * business is closed.
 */
export async function findHosted(
  db: Db,
  { organizationId, businessId, kind }: HostedOwner,
  { documentId, now }: Readonly<{ documentId: string; now: Instant }>,
): Promise<Hosted | undefined> {
  const document = await findDocument(db, businessId, kind, documentId)
  if (document === undefined) return undefined
  const business = await getBusiness(db, organizationId, businessId)
  if (business.status === 'closing') return undefined
  const items = await listItemsOfDocuments(db, businessId, [documentId])
  const [first] = await listVersionEnds(db, businessId, documentId)
  const frozen = first === undefined ? undefined : (JSON.parse(first) as Frozen) // written by `keepVersion`
  const today = dateIn(now, business.timeZone)
  const hosted = toHosted(document, {
    business,
    seller: frozen?.seller ?? {},
    item: items.find(({ side }) => side === 'AR'),
    today,
  })
  return hosted && { ...hosted, decidedOn: dayOf(hosted.decidedAt, business.timeZone) }
}

type Frozen = Readonly<{ seller?: Readonly<Record<string, unknown>> }>

const dayOf = (instant: Instant | null, timeZone: string): CalendarDate | null =>
  instant === null ? null : dateIn(instant, timeZone)
