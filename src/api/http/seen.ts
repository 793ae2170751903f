import { type LoggedBodies, type SeenRequest, toClientRequestId, toSaid } from './request-log.ts'
import type { Surface } from './surface.ts'
import type { Visit } from './visit.ts'

export type ChargeState = SeenRequest['chargeState']

type Ended = Readonly<{
  durationMs: number
  idempotency: SeenRequest['idempotency']
  chargeState: ChargeState
  bodies: LoggedBodies
}>

/** The request as the log of requests takes it. */
export function toSeen(
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
