import type { Static, TSchema } from 'typebox'
import type { Db } from '../../db/tx.ts'
import type { Action, Ctx, OrganizationCtx } from '../../db/write.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { KeyMaker } from '../../modules/access/api-key.actions.ts'
import type { Standing } from './limits.ts'
import type { Outside } from './outside.ts'

/** A finished answer. `body` is a JSON value; undefined means no body. */
export type Reply = Readonly<{
  status: number
  body?: unknown
  headers?: Readonly<Record<string, string>>
  /** The body as it goes over the wire, where the gate has kept it; `body` is then not looked at. */
  bytes?: Buffer
  /** What is repeated after a day in place of a body that shows a secret once. */
  keptBody?: unknown
}>

/** A body that is a file: its bytes, and what it is said to be. */
export type FileBody = Readonly<{ mediaType: string; bytes: Buffer }>

/** Who calls, as admission found it. */
export type Caller = Readonly<{
  organizationId: Id<'organization'>
  keyId: Id<'key'>
  /** As written into audit rows: `key:<id>`. */
  actor: string
  scopes: readonly string[]
  environment: 'live' | 'test'
  plan: string
  organizationCreatedAt: Instant
  keyCreatedAt: Instant
  /** The businesses a narrowed key reaches; null: all of its environment. */
  businessIds: readonly Id<'business'>[] | null
}>

/** The business of a call: the key's own, or the one the request names. */
export type CallerBusiness = Readonly<{
  businessId: Id<'business'>
  baseCurrency: string
  timeZone: string
  environment: 'live' | 'test'
}>

/** One request as a handler sees it: parsed, authorized, with the doors to reads and writes. */
export type Call<Params = unknown, Query = unknown, Body = unknown> = Readonly<{
  params: Params
  query: Query
  body: Body
  route: RouteRecord
  requestId: string
  origin: string
  now: Instant
  /** Calendar date in the business's time zone; UTC where the route has no business. */
  today: CalendarDate
  caller: Caller
  /** Asserts that the route is scoped to a business. */
  business: () => CallerBusiness
  headers: Readonly<Record<string, string | undefined>>
  /** Where the caller stands with its limits; undefined where the route needs no key. */
  standing: Standing | undefined
  /** Fresh randomness and the keyed hash, for a key that is made by this request. */
  keyMaker: () => KeyMaker
  /** Secrets, randomness, and a look at addresses of others. */
  outside: Outside
  /** Reads in one snapshot of the call's tenant, or of `businessId` where a route chooses it. */
  read: <Result>(work: (db: Db) => Promise<Result>, businessId?: Id<'business'>) => Promise<Result>
  /**
   * Runs an action of the call's business through the gate, or of `businessId` where a route
   * chooses it; `answer` shapes its result.
   */
  write: <Input, Result>(
    action: Action<Ctx, Input, Result>,
    input: Input,
    answer: (result: Result) => Reply,
    businessId?: Id<'business'>,
  ) => Promise<Reply>
  /** The same for an action of the organization as a whole. */
  writeOrganization: <Input, Result>(
    action: Action<OrganizationCtx, Input, Result>,
    input: Input,
    answer: (result: Result) => Reply,
  ) => Promise<Reply>
}>

/**
 * An executed example: sent as a request in a test, its answer compared with `status` and the
 * schema of that status. A text `$name` stands for the id that an earlier example has kept.
 */
export type Example = Readonly<{
  summary: string
  /** Keeps the answer's id under this name for the examples that follow. */
  keep?: string
  params?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, string>>
  body?: unknown
  status: number
}>

/** An operation: everything that routing, checks, OpenAPI, examples and the matrix need to know. */
export type RouteRecord = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the surface's mount, parameters in braces: `/api/v1/invoices/{id}`. */
  path: string
  /** Unique within its surface, kebab-case; the OpenAPI operationId. */
  operation: string
  tag: string
  summary: string
  description?: string
  /** The surface's scope; null where a contract has none. */
  scope: string | null
  /** Another scope that opens the route as well; a refusal names the first. */
  otherScope?: string
  /** Whose data: one business, the organization, or nobody's (no key needed). */
  tenant: 'business' | 'organization' | 'none'
  cost: number
  /** True where much is read at once: its statements and its answer are waited for longer. */
  isReport?: boolean
  /** True where a call is never charged, whatever the plan. */
  isFree?: boolean
  /** True where only organizations on that plan may call; others are refused, and pay nothing. */
  isEnterprise?: boolean
  params?: TSchema
  query?: TSchema
  body?: TSchema
  /** A file that is the whole body, in the place of JSON; the handler sees a `FileBody`. */
  file?: Readonly<{ mediaTypes: readonly string[]; bytesMax: number }>
  /** True where a request without a body is fine; the handler then sees an empty object. */
  bodyOptional?: boolean
  /** True where the answer shows a secret once; its handler gives a `keptBody` without it. */
  hasSecret?: boolean
  /** The required members as `Missing required fields: …` names them, where not simply by name. */
  requiredText?: string
  /** Media types of an answer that is a file, in the place of JSON; its schema is not looked at. */
  answerTypes?: readonly string[]
  /** Media types that a caller may ask for in the place of JSON. */
  otherTypes?: readonly string[]
  /** Schema per success status; null: no body. */
  answers: Readonly<Record<number, TSchema | null>>
  errors: readonly ErrorCode[]
  examples: readonly Example[]
  handle: (call: Call) => Promise<Reply>
}>

/** A route record whose handler sees the types of its schemas. */
export type TypedRoute<P extends TSchema, Q extends TSchema, B extends TSchema> = Omit<
  RouteRecord,
  'params' | 'query' | 'body' | 'handle'
> &
  Readonly<{
    params?: P
    query?: Q
    body?: B
    handle: (call: Call<Static<P>, Static<Q>, Static<B>>) => Promise<Reply>
  }>

/** States an operation; the handler sees the types of its schemas. */
export const route = <P extends TSchema, Q extends TSchema, B extends TSchema>(
  record: TypedRoute<P, Q, B>,
): RouteRecord => record as unknown as RouteRecord // the server checks input against the schemas first
