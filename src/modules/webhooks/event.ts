import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { WebhookSurface } from './endpoint.ts'

/** An event as the outbox keeps it: a neutral snapshot, taken at its commit. */
export type StoredEvent = Readonly<{
  tenantId: string
  sequence: bigint
  id: Id<'event'>
  type: string
  resource: string
  resourceId: string
  payload: Readonly<Record<string, unknown>>
  at: Instant
}>

/** The business an event happened in; undefined for an event of an organization. */
export type EventBusiness = Readonly<{ id: Id<'business'>; name: string; baseCurrency: string }>

/** An event in the words of one surface. */
export type WireEvent = Readonly<{
  type: string
  /** The whole envelope as it is sent. */
  body: string
  /** The envelope with ids only, for a body that is too long. */
  thin: string
  /** Tags of the company it is about (Connect). */
  companyTags?: Readonly<Record<string, string>>
}>

/** How one surface names and shows events; undefined: it has no name for this one. */
export type EventRenderer = (
  event: StoredEvent,
  business: EventBusiness | undefined,
) => WireEvent | undefined

export type EventRenderers = Readonly<Partial<Record<WebhookSurface, EventRenderer>>>

/** Days that an event can be read and sent again. Source: platform specification 12. */
export const eventDays = 90
