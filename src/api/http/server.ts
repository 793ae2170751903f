import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { requireOpen } from '../../modules/access/maintenance.ts'
import { addressOf } from './address.ts'
import { answerError, jsonHeaders, send, sendRefusal, sendReply, toErrorContext } from './answer.ts'
import { hasBody } from './body.ts'
import { jsonType, RequestCall } from './call.ts'
import type { Facts } from './checks.ts'
import { readInput } from './input.ts'
import { answerNeutral } from './neutral.ts'
import { buildOpenApi } from './openapi.ts'
import { parseQuery } from './query.ts'
import type { RouteRecord } from './route.ts'
import { Router } from './router.ts'
import { type ChargeState, toSeen } from './seen.ts'
import { Shape, Validators } from './shape.ts'
import { simulate } from './simulate.ts'
import type { Surface } from './surface.ts'
import { type Edge, isBelow, isRead, type ServerParts, type State, type Visit } from './visit.ts'

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
/** How much longer a report may take. */
const reportShare = 1.2
const latePollMs = 250

export type HttpServer = Readonly<{
  fastify: FastifyInstance
  /** From now on new requests are refused and connections close after their answer. */
  drain: () => void
  /** Closes the port and waits for the requests that run; whether all ended within ten seconds. */
  close: () => Promise<boolean>
}>

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

  // Requests come straight from Node; what the framework is asked itself, as by tests, is hijacked
  // and goes through nothing else of it.
  server.server.removeAllListeners('request')
  server.server.on('request', (request, response) => void answer(request, response))
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
  const maxMs = parts.handlerMaxMs ?? handlerMaxMs
  const now = performance.now()
  for (const visit of handled) {
    const tookMs = now - visit.handledMs
    if (tookMs < maxMs) return
    const isOver = visit.route?.isReport !== true || tookMs >= maxMs * reportShare
    if (isOver && visit.status === 0) {
      sendRefusal(parts, visit.edge, visit, new Refusal('platform.timeout'))
    }
  }
}

/** The request is over: its slot is free, and its charge is settled or given back. */
function settle(parts: ServerParts, edge: Edge | undefined, visit: Visit): ChargeState {
  const { admittance, route, requestId, status, call } = visit
  if (edge === undefined || route === undefined || admittance === undefined) return 'none'
  if (admittance.slot !== undefined) parts.admission.giveBack(admittance.slot)
  const { organization_id: organizationId, environment, key_id: keyId } = admittance.admitted
  if (admittance.isGranted && keyId !== null) parts.billing.use({ organizationId, keyId })
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

const openApiHeaders = { ...jsonHeaders, 'Access-Control-Allow-Origin': '*' } as const

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
