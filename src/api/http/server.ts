import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlockList, Socket } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { type Instant, msOf } from '../../kernel/dates.ts'
import { isRefusal, Refusal } from '../../kernel/errors.ts'
import type { Admitted } from '../../modules/access/admission.queries.ts'
import { type Maintenance, requireOpen } from '../../modules/access/maintenance.ts'
import { addressOf } from './address.ts'
import type { Admission, Admittance } from './admission.ts'
import type { Billing } from './billing.ts'
import { hasBody, mediaTypeOf, readBody } from './body.ts'
import { type Doors, jsonType, RequestCall } from './call.ts'
import type { Facts } from './checks.ts'
import type { Docs } from './docs.ts'
import type { Guards } from './guard.ts'
import { type Json, parseJson } from './json.ts'
import { partitionOf, toLimitHeaders } from './limits.ts'
import type { ErrorContext, Rendered } from './look.ts'
import type { Observer } from './observer.ts'
import { buildOpenApi } from './openapi.ts'
import type { Doc } from './page.ts'
import { type PageDoor, type PageRequest, readForm } from './pages.ts'
import { renderProblem, wantsProblem } from './problem.ts'
import { parseQuery, type Query } from './query.ts'
import { type LoggedBodies, type SeenRequest, toClientRequestId, toSaid } from './request-log.ts'
import type { FileBody, Reply, RouteRecord } from './route.ts'
import { Router } from './router.ts'
import { Shape, Validators } from './shape.ts'
import { simulate } from './simulate.ts'
import type { Surface } from './surface.ts'
import type { RequestTrace } from './trace.ts'

/** Bytes of a request line's address and of all headers. Source: platform specification 19. */
export const uriBytesMax = 8 * 1024
export const headersBytesMax = 16 * 1024

/** Source: platform specification 20. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 30_000
const keepAliveMs = 72_000
const drainMaxMs = 10_000
const idlePollMs = 50
const handlerMaxMs = 25_000
const latePollMs = 250

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

export type HttpServer = Readonly<{
  fastify: FastifyInstance
  /** From now on new requests are refused and connections close after their answer. */
  drain: () => void
  /** Closes the port and waits for the requests that run; whether all ended within ten seconds. */
  close: () => Promise<boolean>
}>

/** A surface with what is made of its routes once. */
type Edge = Readonly<{
  surface: Surface
  router: Router
  shapeByRoute: ReadonlyMap<RouteRecord, Shape>
  codesByRoute: ReadonlyMap<RouteRecord, ReadonlySet<string>>
  openApi: () => Buffer
}>

type State = {
  isDraining: boolean
  readonly watch: Watch | undefined
  /** What handlers are at work on, the oldest first. */
  readonly handled: Set<Visit>
}

/** One request on its way. What is still undefined had not been reached when it was refused. */
type Visit = {
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

/**
 * The HTTP server of all surfaces. Fastify owns sockets, framing and shutdown; routing, checks and
 * bodies are ours, because each surface fixes the order in which they happen.
 */
export function buildServer(parts: ServerParts): HttpServer {
  const edges = buildEdges(parts)
  const state: State = { isDraining: false, watch: parts.watch, handled: new Set() }
  const late = setInterval(() => stopLate(parts, state.handled), latePollMs)
  late.unref()
  const server = fastify({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    return503OnClosing: false,
    http: { maxHeaderSize: headersBytesMax, headersTimeout: headersTimeoutMs },
    clientErrorHandler: refuseFraming,
    frameworkErrors: (_error, request, reply) => {
      reply.hijack()
      void answer(request.raw, reply.raw)
    },
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    const now = parts.clock()
    const path = mark < 0 ? url : url.slice(0, mark)
    const visit: Visit = {
      server: state,
      request,
      response,
      requestId: randomUUID(),
      now,
      nowMs: msOf(now),
      address: addressOf(request, parts.proxies),
      path,
      queryText: mark < 0 ? '' : url.slice(mark + 1),
      route: undefined,
      admitted: undefined,
      admittance: undefined,
      edge: edges.find(({ surface }) => isBelow(path, surface.mount)),
      begunMs: performance.now(),
      traceId: undefined,
      handledMs: 0,
      waitMs: 0,
      status: 0,
      bytesOut: 0,
      content: undefined,
      refusal: undefined,
      code: undefined,
      call: undefined,
      isSimulated: false,
    }
    const { edge } = visit
    if (edge !== undefined && parts.trace !== undefined) {
      const parent = request.headers['traceparent']
      visit.traceId = parts.trace.begin(visit.requestId, parent?.toString())
    }
    parts.observer?.begin(edge?.surface.name ?? 'none')
    try {
      if (edge === undefined) await answerNeutral(parts, visit)
      else await answerSurface(parts, edge, visit)
    } catch (error) {
      await answerError(parts, edge, visit, error)
    } finally {
      const chargeState = settle(parts, edge, visit)
      const idempotency = visit.call?.idempotencyState ?? 'none'
      const durationMs = performance.now() - visit.begunMs
      parts.observer?.end({
        surface: edge?.surface.name ?? 'none',
        operation: visit.route?.operation ?? 'none',
        ...{ status: visit.status, code: visit.refusal?.code },
        ...{ idempotency, chargeState, seconds: durationMs / 1_000 },
      })
      if (visit.traceId !== undefined) {
        parts.trace?.end({
          ...{ requestId: visit.requestId, surface: edge?.surface.name ?? 'none' },
          ...{ operation: visit.route?.operation ?? 'none', status: visit.status },
          ...{ code: visit.code, durationMs, waitMs: visit.waitMs },
        })
      }
      if (edge !== undefined) {
        parts.logRequest(
          toSeen(visit, edge.surface, {
            ...{ durationMs, idempotency, chargeState },
            bodies: parts.loggedBodies,
          }),
        )
      }
    }
  }

  // Every request ends here: a hijacked reply goes through nothing else of the framework.
  server.addHook('onRequest', (request, reply, _done) => {
    reply.hijack()
    void answer(request.raw, reply.raw)
  })
  server.all('/*', never)
  server.setNotFoundHandler(never)

  return {
    fastify: server,
    drain: () => {
      state.isDraining = true
    },
    close: async () => {
      const isWhole = await closeServer(server)
      clearInterval(late)
      return isWhole
    },
  }
}

/**
 * A connection that was answered before its request had ended goes idle only later, and Node keeps
 * it for its whole idle time; so idle ones are looked for until none is left.
 */
async function closeServer(server: FastifyInstance): Promise<boolean> {
  let isWhole = true
  const closed = server.close()
  const idle = setInterval(() => server.server.closeIdleConnections(), idlePollMs)
  const late = setTimeout(() => {
    isWhole = false
    server.server.closeAllConnections()
  }, drainMaxMs)
  try {
    await closed
    return isWhole
  } finally {
    clearInterval(idle)
    clearTimeout(late)
  }
}

/** Who waits for a handler gets an answer in time; what the handler still does is its own affair. */
function stopLate(parts: ServerParts, handled: ReadonlySet<Visit>): void {
  const begunMax = performance.now() - (parts.handlerMaxMs ?? handlerMaxMs)
  for (const visit of handled) {
    if (visit.handledMs > begunMax) return
    if (visit.status === 0) {
      sendRefusal(parts, visit.edge, visit, new Refusal('platform.timeout'))
    }
  }
}

type ChargeState = SeenRequest['chargeState']

type Ended = Readonly<{
  durationMs: number
  idempotency: SeenRequest['idempotency']
  chargeState: ChargeState
  bodies: LoggedBodies
}>

/** The request as the log of requests takes it. */
function toSeen(
  visit: Visit,
  { name: surface }: Surface,
  { durationMs, idempotency, chargeState, bodies }: Ended,
): SeenRequest {
  const { request, admitted, call, queryText, path, refusal, status, content } = visit
  const { headers, method = 'GET' } = request
  const isKept = bodies === 'all' || (bodies === 'errors' && status >= 400)
  const isSaid = isKept || refusal !== undefined
  return {
    requestId: visit.requestId,
    at: visit.now,
    organizationId: admitted?.organization_id ?? null,
    businessId: admitted?.business_id ?? null,
    keyId: admitted?.key_id ?? null,
    clientRequestId: toClientRequestId(headers['x-request-id']),
    surface,
    operation: visit.route?.operation ?? null,
    method,
    path: queryText === '' ? path : `${path}?${queryText}`,
    status,
    errorCode: visit.code ?? null,
    durationUs: Math.round(durationMs * 1_000),
    dbUs: Math.round((call?.doorMs ?? 0) * 1_000),
    waitUs: Math.round(visit.waitMs * 1_000),
    bytesIn: call?.sizeBytes ?? 0,
    bytesOut: visit.bytesOut,
    address: visit.address,
    userAgent: headers['user-agent'] ?? null,
    idempotency,
    chargeState,
    traceId: visit.traceId,
    said: isSaid
      ? toSaid({
          params: refusal?.params,
          ...(isKept ? { request: call?.json?.value, content } : none),
        })
      : undefined,
  }
}

const none = { request: undefined, content: undefined } as const

/** The request is over: its slot is free, and its charge is settled or given back. */
function settle(parts: ServerParts, edge: Edge | undefined, visit: Visit): ChargeState {
  const { admittance, route, requestId, status, call } = visit
  if (edge === undefined || route === undefined || admittance === undefined) return 'none'
  if (admittance.slot !== undefined) parts.admission.giveBack(admittance.slot)
  const { organization_id: organizationId, environment } = admittance.admitted
  const isCounted = admittance.isGranted && meteringOf(edge.surface, route) !== 0
  if (!isCounted || environment !== 'live') return 'none'
  const isHeld = admittance.charge === 'held'
  const isReal = call?.isReal ?? false
  parts.billing.finish({ organizationId, requestId, status, isHeld, isReal })
  if (!isHeld) return 'none'
  return status < 300 && isReal ? 'settled' : 'released'
}

function meteringOf(surface: Surface, route: RouteRecord): 0 | 1 | 2 | 3 {
  if (!surface.isMetered || route.isFree === true) return 0
  if (route.isEnterprise === true) return 3
  return route.tenant === 'business' ? 2 : 1
}

function never(): void {
  // Deliberately empty: the hook above has taken the request.
}

const isBelow = (path: string, mount: string): boolean =>
  path.startsWith(mount) && (path.length === mount.length || path[mount.length] === '/')

function buildEdges({ surfaces, origin, version }: ServerParts): readonly Edge[] {
  const validators = new Validators()
  return surfaces.map((surface) => {
    let bytes: Buffer | undefined
    return {
      surface,
      router: new Router(surface.routes, { ignoresCase: surface.ignoresCase }),
      shapeByRoute: new Map(
        surface.routes.map((route) => [route, new Shape(route, surface, validators)]),
      ),
      codesByRoute: new Map(surface.routes.map((route) => [route, new Set(route.errors)])),
      openApi: () => {
        bytes ??= Buffer.from(JSON.stringify(buildOpenApi(surface, { origin: origin(), version })))
        return bytes
      },
    }
  })
}

/** Health, and paths that belong to nobody. */
async function answerNeutral(parts: ServerParts, visit: Visit): Promise<void> {
  const { isDraining } = visit.server
  const method = visit.request.method ?? 'GET'
  if (visit.path === '/healthz' && isRead(method)) {
    send(visit, { status: 200, headers: jsonHeaders }, '{"status":"ok"}')
    return
  }
  if (visit.path === '/readyz' && isRead(method)) {
    const { isReady, body } = await parts.readiness()
    const status = isReady && !isDraining ? 200 : 503
    const shown = { ...body, status: status === 200 ? 'ready' : 'unavailable' }
    send(visit, { status, headers: jsonHeaders }, JSON.stringify(shown))
    return
  }
  if (isDraining) throw new Refusal('platform.shutting_down')
  if (parts.isStrained()) throw new Refusal('platform.overloaded')
  if (isBelow(visit.path, '/i')) {
    const { content, ...head } = await parts.hosted(await toPageRequest(parts, visit))
    send(visit, head, content)
    return
  }
  const doc = findDoc(parts, visit)
  if (doc !== undefined) {
    if (!isRead(method)) {
      throw new Refusal('request.method_not_allowed', { method, allowed: 'GET, HEAD' })
    }
    const headers = { ...docHeaders, 'Content-Type': doc.type, ...doc.headers }
    send(visit, { status: 200, headers }, doc.content)
    return
  }
  if (visit.path === '/healthz' || visit.path === '/readyz') {
    throw new Refusal('request.method_not_allowed', { method, allowed: 'GET, HEAD' })
  }
  throw new Refusal('request.route_unknown', { method, path: visit.path })
}

const toPageRequest = async (parts: ServerParts, visit: Visit): Promise<PageRequest> => ({
  method: visit.request.method ?? 'GET',
  path: visit.path,
  query: new URLSearchParams(visit.queryText),
  languages: visit.request.headers['accept-language'],
  ...{ address: visit.address, now: visit.now, nowMs: visit.nowMs },
  maintenance: await parts.maintenance(),
  readForm: () => readForm(visit.request),
})

function findDoc({ docs, images, origin }: ServerParts, { path, request }: Visit): Doc | undefined {
  if (isBelow(path, '/assets')) return images(path)
  if (!isBelow(path, '/docs')) return undefined
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')
  return docs.find(path, { origin: origin(), takesGzip })
}

/** The steps of a surface's contract, in order; each refuses or goes on. */
async function answerSurface(parts: ServerParts, edge: Edge, visit: Visit): Promise<void> {
  const { surface } = edge
  requireShortUri(visit)
  parts.guards.requireRoom(surface.name, visit.address, visit.nowMs)
  const method = visit.request.method ?? 'GET'
  requireOpen(await parts.maintenance(), { isRead: isRead(method), now: visit.now })
  if (parts.isStrained()) throw new Refusal('platform.overloaded')
  if (visit.server.isDraining) throw new Refusal('platform.shutting_down')
  const path = visit.path.slice(surface.mount.length) || '/'
  surface.requireVersion?.(path)
  if (path === surface.openApiPath && isRead(method)) {
    send(visit, { status: 200, headers: openApiHeaders }, edge.openApi())
    return
  }
  const { route, params } = findRoute(edge, method, path)
  visit.route = route
  const query = parseQuery(visit.queryText)
  if (route.tenant !== 'none') {
    parts.guards.requireTrust(visit.address, visit.nowMs)
    const keyText = surface.parseKey(visit.request.headers.authorization)
    const askedMs = performance.now()
    const admittance = await parts.admission.admit({
      hash: toHex(parts.hashKey(keyText)),
      businessId: surface.findBusinessId?.(query, route),
      address: visit.address,
      cost: route.cost,
      metering: meteringOf(surface, route),
      requestId: visit.requestId,
      operation: route.operation,
    })
    visit.waitMs = performance.now() - askedMs
    visit.admittance = admittance
    visit.admitted = admittance.admitted
    const facts: Facts = {
      admitted: admittance.admitted,
      admittance,
      route,
      isWrite: route.method !== 'GET',
      query,
      address: visit.address,
      now: visit.now,
    }
    for (const check of surface.checks) check(facts)
    const simulated = simulate(
      visit.request.headers['simulate-error'],
      admittance.admitted.environment,
    )
    if (simulated !== undefined) {
      visit.isSimulated = true
      throw simulated
    }
  }
  const call = new RequestCall({
    doors: parts.doors,
    surface,
    route,
    method,
    path: visit.path,
    rawQuery: query,
    admitted: visit.admitted,
    standing: visit.admittance?.standing,
    isHeld: visit.admittance?.charge === 'held',
    requestId: visit.requestId,
    now: visit.now,
    headers: visit.request.headers as Readonly<Record<string, string | undefined>>, // lists are joined for all but cookies
    errorContext: toErrorContext(parts, surface, visit),
  })
  visit.call = call
  try {
    await readInput(edge, visit, call, { params, query })
  } catch (error) {
    // A key that was used before answers first, whatever is wrong with what comes with it.
    const isBodyKnown = call.json !== undefined || !hasBody(visit.request)
    sendReply(surface, visit, call, await call.replayInstead(error, isBodyKnown))
    return
  }
  visit.handledMs = performance.now()
  visit.server.handled.add(visit)
  try {
    sendReply(surface, visit, call, await route.handle(call))
  } finally {
    visit.server.handled.delete(visit)
  }
}

/**
 * Reads parameters and body by the schemas of the route.
 * Refuses, in this order: what the body refuses, what the surface looks up before shapes, what
 * parameters, query and body refuse.
 */
async function readInput(
  { surface, shapeByRoute }: Edge,
  { request }: Visit,
  call: RequestCall,
  { params, query }: Readonly<{ params: Target['params']; query: Query }>,
): Promise<void> {
  const { route } = call
  const shape = shapeByRoute.get(route)
  const json = await readJson(request, route, surface, call)
  const file = await readFile(request, route, call)
  if (surface.requireBeforeShape !== undefined) {
    call.params = params
    await surface.requireBeforeShape(call)
  }
  call.params = shape?.params(params)
  call.query = shape?.query(query)
  if (file !== undefined) call.body = file
  else if (json !== undefined) call.body = shape?.body(json, isStrict(request))
  else if (route.body !== undefined) call.body = {}
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

function requireShortUri({ request }: Visit): void {
  if ((request.url?.length ?? 0) > uriBytesMax) {
    throw new Refusal('request.uri_too_long', { limitBytes: uriBytesMax })
  }
}

type Target = Readonly<{ route: RouteRecord; params: Readonly<Record<string, string>> }>

/** Refuses, in this order: request.route_unknown, request.method_not_allowed. */
function findRoute({ router }: Edge, method: string, path: string): Target {
  const found = router.find(path)
  if (found === undefined) throw new Refusal('request.route_unknown', { method, path })
  const route = found.routeByMethod.get(method)
  if (route === undefined) {
    const allowed = [...found.routeByMethod.keys()].sort().join(', ')
    throw new Refusal('request.method_not_allowed', { method, allowed })
  }
  return { route, params: found.params }
}

/** Refuses, in this order: what `readBody` refuses, request.body_required, request.malformed_json. */
async function readJson(
  request: IncomingMessage,
  route: RouteRecord,
  surface: Surface,
  call: RequestCall,
): Promise<Json | undefined> {
  if (route.body === undefined) return undefined
  if (!hasBody(request)) {
    if (route.bodyOptional === true) return undefined
    throw new Refusal('request.body_required')
  }
  const bytes = await readBody(request, surface.bodyBytesMax)
  if (bytes.length === 0) {
    if (route.bodyOptional === true) return undefined
    throw new Refusal('request.body_required')
  }
  const json = parseJson(bytes)
  call.json = json
  call.sizeBytes = bytes.length
  return json
}

/** Refuses, in this order: request.body_required, what `readBody` refuses. */
async function readFile(
  request: IncomingMessage,
  { file }: RouteRecord,
  call: RequestCall,
): Promise<FileBody | undefined> {
  if (file === undefined) return undefined
  if (!hasBody(request)) throw new Refusal('request.body_required')
  const bytes = await readBody(request, file.bytesMax, file.mediaTypes)
  if (bytes.length === 0) throw new Refusal('request.body_required')
  const mediaType = mediaTypeOf(request)
  const digest = createHash('sha256').update(bytes).digest('hex')
  call.json = { value: { mediaType, digest }, isClean: true }
  call.sizeBytes = bytes.length
  return { mediaType, bytes }
}

const isStrict = ({ headers }: IncomingMessage): boolean => headers['tallystick-strict'] === 'true'

const toErrorContext = (
  parts: ServerParts,
  surface: Surface | undefined,
  { request, requestId }: Visit,
): ErrorContext => {
  const { accept } = request.headers
  return {
    requestId,
    origin: parts.origin(),
    acceptsProblem: accept !== undefined && (surface?.wantsProblem ?? wantsProblem)(accept),
  }
}

async function answerError(
  parts: ServerParts,
  edge: Edge | undefined,
  visit: Visit,
  error: unknown,
): Promise<void> {
  const refusal = toKnown(parts, visit, error)
  const { call } = visit
  if (edge !== undefined && call?.mustKeepRefusals === true) {
    try {
      sendReply(edge.surface, visit, call, await call.keepRefusal(refusal))
      return
    } catch (kept) {
      sendRefusal(parts, edge, visit, toKnown(parts, visit, kept))
      return
    }
  }
  sendRefusal(parts, edge, visit, refusal)
}

/** The refusal behind something thrown. What is nobody's refusal is logged and tells nothing. */
function toKnown(parts: ServerParts, visit: Visit, error: unknown): Refusal {
  if (isRefusal(error)) return error
  const known = parts.toRefusal(error)
  if (known !== undefined) return known
  const { requestId, path, route } = visit
  parts.log.error({ err: error, requestId, path, operation: route?.operation }, 'request failed')
  return new Refusal('platform.unexpected')
}

function sendRefusal(
  parts: ServerParts,
  edge: Edge | undefined,
  visit: Visit,
  refusal: Refusal,
): void {
  const context = toErrorContext(parts, edge?.surface, visit)
  const { route, admitted } = visit
  visit.refusal = refusal
  // A key that is wrong in itself; who sends none guesses none.
  if (refusal.code.startsWith('key.') && admitted?.is_usable !== true && hasKey(visit)) {
    parts.guards.countFailure(visit.address, visit.nowMs)
  }
  const isDeclared = route === undefined || edge?.codesByRoute.get(route)?.has(refusal.code)
  if (isDeclared === false && !visit.isSimulated) {
    const { code } = refusal
    parts.log.warn({ code, operation: route?.operation }, 'a code that its route does not declare')
  }
  const rendered =
    edge === undefined
      ? renderNeutral(refusal, context)
      : edge.surface.renderError(refusal, context, { route, admitted })
  const headers = {
    ...limitHeadersOf(edge?.surface, visit),
    ...rendered.headers,
    ...(visit.isSimulated && { Simulated: 'true' }),
  }
  send(visit, { status: rendered.status, headers }, JSON.stringify(rendered.body))
}

const neutralStatus: Readonly<Record<string, number>> = {
  'request.route_unknown': 404,
  'request.method_not_allowed': 405,
  'platform.overloaded': 503,
  'platform.shutting_down': 503,
}

const renderNeutral = (refusal: Refusal, context: ErrorContext): Rendered =>
  renderProblem(refusal, { status: neutralStatus[refusal.code] ?? 500, surface: {} }, context)

function sendReply(surface: Surface, visit: Visit, call: RequestCall, reply: Reply): void {
  const content = call.toContent(reply)
  const headers = {
    ...(content === undefined ? {} : jsonHeaders),
    ...limitHeadersOf(surface, visit),
    ...surface.successHeaders?.(reply, call),
    ...reply.headers,
  }
  send(visit, { status: reply.status, headers }, content)
}

const hasKey = ({ request }: Visit): boolean => request.headers.authorization !== undefined

/** Limits in every dialect of a surface, from the decision about this very request. */
function limitHeadersOf(
  surface: Surface | undefined,
  { admittance, now }: Visit,
): Readonly<Record<string, string>> | undefined {
  if (surface === undefined) return undefined
  const standing = admittance?.standing
  const own = surface.limitHeaders?.(standing, now)
  if (admittance === undefined || standing === undefined) return own
  const { key_id: keyId } = admittance.admitted
  const partition = surface.hasPartition && keyId !== null ? partitionOf(keyId) : undefined
  return { ...own, ...toLimitHeaders(standing, now, partition) }
}

const jsonHeaders = { 'Content-Type': jsonType } as const
const openApiHeaders = { ...jsonHeaders, 'Access-Control-Allow-Origin': '*' } as const

/** Pages load nothing but their own style. */
const docHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'self'",
  'Cache-Control': 'no-cache',
} as const

/** Source: platform specification 18. */
const securityHeaders = {
  'Content-Security-Policy': "default-src 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const

type Head = Readonly<{ status: number; headers: Readonly<Record<string, string>> }>

function send(visit: Visit, head: Head, content?: Buffer | string): void {
  const { server, request, response, requestId } = visit
  // Who was late has been answered already.
  if (response.headersSent) return
  const { status, headers } = head
  visit.status = status
  visit.code = headers['Error-Code']
  visit.content = content
  visit.bytesOut = content === undefined ? 0 : Buffer.byteLength(content)
  if (response.destroyed) return
  const method = request.method ?? 'GET'
  server.watch?.({ method, path: visit.path, route: visit.route, status, headers, content })
  if (server.isDraining) response.setHeader('Connection', 'close')
  response.writeHead(head.status, {
    ...securityHeaders,
    'X-Request-Id': requestId,
    ...(head.status === 204 ? {} : { 'Content-Length': visit.bytesOut }),
    ...head.headers,
  })
  if (content === undefined || request.method === 'HEAD') response.end()
  else response.end(toSent(content, headers))
}

/** Text leaves with its head in one write; bytes beside a head take the costlier gathering one. */
const toSent = (content: Buffer | string, headers: Head['headers']): Buffer | string =>
  headers['Content-Type'] === jsonType ? content.toString() : content

/** Requests whose framing is broken never reach a surface. */
function refuseFraming(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = statusByFraming[error.code ?? ''] ?? '400 Bad Request'
  const body = JSON.stringify({ error: status.slice(4) })
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${jsonType}\r\nContent-Length: ${body.length}`
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`)
}

const statusByFraming: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}
