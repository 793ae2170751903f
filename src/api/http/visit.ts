import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList } from 'node:net'
import type { Instant } from '../../kernel/dates.ts'
import type { Refusal } from '../../kernel/errors.ts'
import type { Admitted } from '../../modules/access/admission.queries.ts'
import type { Maintenance } from '../../modules/access/maintenance.ts'
import type { Admission, Admittance } from './admission.ts'
import type { Billing } from './billing.ts'
import type { Doors, RequestCall } from './call.ts'
import type { Docs } from './docs.ts'
import type { Guards } from './guard.ts'
import type { Observer } from './observer.ts'
import type { Doc } from './page.ts'
import type { PageDoor } from './pages.ts'
import type { LoggedBodies, SeenRequest } from './request-log.ts'
import type { RouteRecord } from './route.ts'
import type { Router } from './router.ts'
import type { Shape } from './shape.ts'
import type { Surface } from './surface.ts'
import type { RequestTrace } from './trace.ts'

export type Log = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>
>

/** What `/readyz` answers. Source: platform specification 21. */
export type Readiness = Readonly<{
  isReady: boolean
  body: Readonly<Record<string, unknown>>
}>

/** An answer as it leaves. `route` is known only when the request came so far. */
export type Sent = Readonly<{
  method: string
  path: string
  route: RouteRecord | undefined
  status: number
  headers: Readonly<Record<string, string>>
  content: Buffer | string | undefined
}>

/** Looks at every answer before it is sent. */
export type Watch = (sent: Sent) => void

export type ServerParts = Readonly<{
  surfaces: readonly Surface[]
  doors: Doors
  admission: Admission
  guards: Guards
  billing: Billing
  /** Peers whose `X-Forwarded-For` is believed; undefined: none. */
  proxies: BlockList | undefined
  /** 32 bytes; the text itself is kept nowhere. */
  hashKey: (text: string) => Uint8Array
  clock: () => Instant
  /** Scheme, host and port under which callers reach us; no slash at the end. */
  origin: () => string
  version: string
  /** What a failure of the database means to a caller; undefined: it is our fault. */
  toRefusal: (error: unknown) => Refusal | undefined
  readiness: () => Promise<Readiness>
  /** What the operator has ordered, at most a second old; undefined: nothing. */
  maintenance: () => Promise<Maintenance | undefined>
  /** Pages for people, below `/docs`. */
  docs: Docs
  /** Pictures that answers point to, below `/assets`. */
  images: (path: string) => Doc | undefined
  /** Pages of documents for customers, below `/i`. */
  hosted: PageDoor
  watch?: Watch | undefined
  observer?: Observer | undefined
  /** Takes every request of a surface once it has been answered; it must not wait for anything. */
  logRequest: (row: SeenRequest) => void
  loggedBodies: LoggedBodies
  /** Follows requests; undefined: nobody has asked for it. */
  trace?: RequestTrace | undefined
  /** Whether the process can take no more for now. */
  isStrained: () => boolean
  /** How long a handler may take in tests. */
  handlerMaxMs?: number | undefined
  log: Log
}>

/** A surface with what is made of its routes once. */
export type Edge = Readonly<{
  surface: Surface
  router: Router
  shapeByRoute: ReadonlyMap<RouteRecord, Shape>
  codesByRoute: ReadonlyMap<RouteRecord, ReadonlySet<string>>
  openApi: () => Buffer
}>

export type State = {
  isDraining: boolean
  readonly watch: Watch | undefined
  /** What handlers are at work on, the oldest first. */
  readonly handled: Set<Visit>
}

/** One request on its way. What is still undefined had not been reached when it was refused. */
export type Visit = {
  readonly server: State
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly now: Instant
  readonly nowMs: number
  readonly address: string
  readonly path: string
  readonly queryText: string
  route: RouteRecord | undefined
  admitted: Admitted | undefined
  admittance: Admittance | undefined
  readonly edge: Edge | undefined
  readonly begunMs: number
  traceId: string | undefined
  /** When its handler was called. */
  handledMs: number
  /** In the queue of admission. */
  waitMs: number
  /** Of the answer, once there is one. */
  status: number
  bytesOut: number
  content: Buffer | string | undefined
  /** What was the answer. */
  refusal: Refusal | undefined
  /** Of a refusal, also of one that was kept. */
  code: string | undefined
  call: RequestCall | undefined
  /** Whether the caller has asked for the refusal that it gets. */
  isSimulated: boolean
}

/** Whether a method only reads. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** Whether a path lies at or below another. */
export const isBelow = (path: string, mount: string): boolean =>
  path.startsWith(mount) && (path.length === mount.length || path[mount.length] === '/')
