import type { Instant } from '../../kernel/dates.ts'
import type { Refusal } from '../../kernel/errors.ts'
import type { Admitted } from '../../modules/access/admission.queries.ts'
import type { Check } from './checks.ts'
import type { Standing } from './limits.ts'
import type { ErrorContext, Rendered } from './look.ts'
import type { Query } from './query.ts'
import type { Call, Reply, RouteRecord } from './route.ts'
import type { Wording } from './wording.ts'

/**
 * The character of one public API: everything that the shared server must ask it. Its routes say
 * what can be done; this says how it is asked for and answered.
 */
export type Surface = Readonly<{
  name: 'invoicing' | 'books' | 'connect'
  /** First segment of its paths, with its slash. */
  mount: string
  title: string
  /** Path of the OpenAPI document below the mount; needs no key. */
  openApiPath: string
  routes: readonly RouteRecord[]
  bodyBytesMax: number
  /** Whether literal segments and query names match without case, and a trailing slash is ignored. */
  ignoresCase: boolean
  /** Whether texts are trimmed, empty ones are absent, and null is absent in a create. */
  trimsTexts: boolean
  /** Whether missing members are named in one sentence, as `validation.fields_missing`. */
  namesMissingFields: boolean
  /** Whether a PATCH or PUT without any known member is refused. */
  refusesEmptyUpdates: boolean
  /** Refuses: request.version_unsupported. `path` is below the mount. */
  requireVersion?: (path: string) => void
  /** The text of the key. Refuses: key.header_missing, key.format_invalid, key.checksum_invalid. */
  parseKey: (authorization: string | undefined) => string
  /** Id of the business that a request names, as a plain uuid; undefined: none or not an id. */
  findBusinessId?: (query: Query, route: RouteRecord) => string | undefined
  /** What must hold before anything of the request is read; the first that fails answers. */
  checks: readonly Check[]
  /** Looks up what must exist before parameters and body are looked at. */
  requireBeforeShape?: (call: Call) => Promise<void>
  /** The body of a success as callers see it; nothing is added when absent. */
  envelope?: (body: unknown, call: Call) => unknown
  /** The text of a body; `JSON.stringify` when absent. */
  toJson?: (body: unknown) => string
  /** Limits in the surface's own headers; undefined: the caller is not known. */
  limitHeaders?: (standing: Standing | undefined, now: Instant) => Readonly<Record<string, string>>
  /** Whether its calls are charged where the plan meters them. */
  isMetered: boolean
  /** Whether `RateLimit-Policy` names the key's share. */
  hasPartition: boolean
  /** Headers of a success besides those that every answer has. */
  successHeaders?: (reply: Reply, call: Call) => Readonly<Record<string, string>> | undefined
  wantsProblem: (accept: string | undefined) => boolean
  /** `route` and `admitted` are known only when the request came so far. */
  renderError: (refusal: Refusal, context: ErrorContext, met?: Met) => Rendered
  wording: Partial<Wording>
  idempotency: IdempotencyRule
}>

/** What was known of a request when it was refused. */
export type Met = Readonly<{
  route: RouteRecord | undefined
  admitted: Admitted | undefined
}>

/** Source: platform specification 8. */
export type IdempotencyRule = Readonly<{
  keepMs: number
  /** Whether a refusal with this status is kept and answered again. */
  keeps: (refusal: Refusal, status: number) => boolean
  /** Whether refusals between the reading of the key and the action are kept too. */
  keepsEverything: boolean
}>
