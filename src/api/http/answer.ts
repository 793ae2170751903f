import { isRefusal, Refusal } from '../../kernel/errors.ts'
import { jsonType, type RequestCall } from './call.ts'
import { partitionOf, toLimitHeaders } from './limits.ts'
import type { ErrorContext, Rendered } from './look.ts'
import { renderProblem, wantsProblem } from './problem.ts'
import type { Reply } from './route.ts'
import type { Surface } from './surface.ts'
import type { Edge, ServerParts, Visit } from './visit.ts'

export const toErrorContext = (
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

export async function answerError(
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

export function sendRefusal(
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

export function sendReply(surface: Surface, visit: Visit, call: RequestCall, reply: Reply): void {
  const content = call.toContent(reply)
  const headers: Record<string, string> = content === undefined ? {} : { 'Content-Type': jsonType }
  Object.assign(headers, limitHeadersOf(surface, visit))
  Object.assign(headers, surface.successHeaders?.(reply, call), reply.headers)
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

export const jsonHeaders = { 'Content-Type': jsonType } as const

/** Source: platform specification 18. */
const securityHeaders = [
  ['Content-Security-Policy', "default-src 'none'"],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=()'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
] as const

type Head = Readonly<{ status: number; headers: Readonly<Record<string, string>> }>

export function send(visit: Visit, head: Head, content?: Buffer | string): void {
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
  // Names and values in turn: an object of all of them costs Node more than their writing.
  const lines: string[] = []
  const add = (name: string, value: string): void => {
    if (headers[name] === undefined) lines.push(name, value)
  }
  for (const [name, value] of securityHeaders) add(name, value)
  add('X-Request-Id', requestId)
  if (status !== 204) add('Content-Length', `${visit.bytesOut}`)
  if (server.isDraining) add('Connection', 'close')
  for (const name in headers) lines.push(name, headers[name] ?? '')
  response.writeHead(status, lines)
  if (content === undefined || request.method === 'HEAD') response.end()
  else response.end(toSent(content, headers))
}

/** Text leaves with its head in one write; bytes beside a head take the costlier gathering one. */
const toSent = (content: Buffer | string, headers: Head['headers']): Buffer | string =>
  headers['Content-Type'] === jsonType ? content.toString() : content
