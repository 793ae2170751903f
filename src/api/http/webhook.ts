import { type Instant, parseInstant } from '../../kernel/dates.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { Reply } from './route.ts'

/*
 * What the three surfaces share of their webhooks: each names the members of its contract itself.
 */

/** Of routes that take an address or event types. */
export const addressErrors = [
  'webhooks.url_not_https',
  'webhooks.url_refused',
  'webhooks.event_unknown',
  'webhooks.url_taken',
] as const satisfies readonly ErrorCode[]

/** Of routes that send events of a range once more. */
export const recoveryErrors = [
  'validation.date_invalid',
  'webhooks.replay_range',
  'webhooks.endpoint_disabled',
] as const satisfies readonly ErrorCode[]

type Given = Readonly<{ since: string; until?: string; only?: 'failed' | 'missing' | 'all' }>
type Range = Readonly<{ since: Instant; until?: Instant; only?: 'failed' | 'missing' | 'all' }>

/** The range of a recovery. Refuses: validation.date_invalid. */
export const toRecovery = ({ since, until, only }: Given): Range => ({
  since: parseInstant(since, 'since'),
  ...(until !== undefined && { until: parseInstant(until, 'until') }),
  ...(only !== undefined && { only }),
})

type Changes<Text, List, Words> = Readonly<{ url?: Text; events?: List; description?: Words }>

/** The members of an endpoint that a request names, and no others. */
export const namedOf = <Text, List, Words>({
  url,
  events,
  description,
}: Changes<Text, List, Words>) => ({
  ...(url !== undefined && { url }),
  ...(events !== undefined && { events }),
  ...(description !== undefined && { description }),
})

/** An answer with a secret that is shown in it alone: what is kept for repeats has none. */
export const shownOnce =
  <Endpoint>(status: 200 | 201, toWire: (endpoint: Endpoint, secret: string | null) => unknown) =>
  ({ endpoint, secret }: Readonly<{ endpoint: Endpoint; secret: string }>): Reply => ({
    status,
    body: toWire(endpoint, secret),
    keptBody: toWire(endpoint, null),
  })
