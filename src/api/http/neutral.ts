import { Refusal } from '../../kernel/errors.ts'
import { jsonHeaders, send } from './answer.ts'
import type { Doc } from './page.ts'
import { type PageRequest, readForm } from './pages.ts'
import { isBelow, isRead, type ServerParts, type Visit } from './visit.ts'

/** Pages load nothing but their own style. */
const docHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'self'",
  'Cache-Control': 'no-cache',
} as const

/** Health, and paths that belong to nobody. */
export async function answerNeutral(parts: ServerParts, visit: Visit): Promise<void> {
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
