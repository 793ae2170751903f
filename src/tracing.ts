import { randomBytes } from 'node:crypto'
import type { RequestTrace, Traced } from './api/http/trace.ts'
import type { BatchSeen } from './db/lane.ts'
import type { AttemptSeen } from './jobs/delivery-engine.ts'

type TracingParts = Readonly<{
  /** Where spans go, without `/v1/traces`. */
  endpoint: string
  version: string
  /** Hears when spans are lost for the first time, and when they are taken again. */
  log: Readonly<Record<'info' | 'warn', (fields: object, message: string) => void>>
}>

type Attributes = Readonly<Record<string, string | number | undefined>>

type Span = Readonly<{
  traceId: string
  spanId: string
  parentId?: string | undefined
  name: string
  kind: number
  startMs: number
  endMs: number
  attributes: Attributes
  isError?: boolean
  links?: readonly Context[]
}>

type Context = Readonly<{ traceId: string; spanId: string }>

/** Of the OpenTelemetry protocol. */
const kinds = { internal: 1, server: 2, client: 3 } as const
const errorStatus = 2

const flushMs = 1_000
const batchMax = 512
const bufferMax = 4_096
const sendMaxMs = 5_000
const contextsMax = 20_000

const parentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/**
 * Sends spans to a collector by OTLP over HTTP, in JSON, many in one message. Nothing waits for it:
 * spans that the collector does not take are dropped. Loaded only when an endpoint is configured.
 * Source: platform specification 24.
 */
export class Tracing implements RequestTrace {
  readonly #parts: TracingParts
  readonly #contexts = new Map<string, Context & Readonly<{ parentId: string | undefined }>>()
  #spans: Span[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #isLosing = false

  constructor(parts: TracingParts) {
    this.#parts = parts
  }

  /** The trace of a request: the caller's own, or a new one. Undefined: not to be recorded. */
  begin(requestId: string, traceparent: string | undefined): string | undefined {
    const [, given, parentId, flags = '01'] = parentPattern.exec(traceparent ?? '') ?? []
    const isSampled = (Number.parseInt(flags, 16) & 1) === 1
    if (!isSampled || this.#contexts.size >= contextsMax) return undefined
    const own = requestId.replaceAll('-', '')
    const isGiven = given !== undefined && !/^0+$/.test(given)
    const traceId = isGiven ? given : own
    this.#contexts.set(requestId, {
      ...{ traceId, spanId: own.slice(0, 16) },
      parentId: isGiven ? parentId : undefined,
    })
    return traceId
  }

  end({ requestId, surface, operation, status, code, durationMs, waitMs }: Traced): void {
    const context = this.#contexts.get(requestId)
    if (context === undefined) return
    this.#contexts.delete(requestId)
    const endMs = nowMs()
    const startMs = endMs - durationMs
    const { traceId, spanId } = context
    this.#add({
      ...context,
      ...{ name: 'http.request', kind: kinds.server, startMs, endMs, isError: status >= 500 },
      attributes: {
        ...{ 'tallystick.surface': surface, 'tallystick.operation': operation },
        ...{ 'http.response.status_code': status, 'error.type': code },
        'tallystick.request_id': requestId,
      },
    })
    if (waitMs === 0) return
    const admission = { traceId, spanId: newSpanId(), parentId: spanId, kind: kinds.internal }
    const name = 'admission'
    this.#add({ ...admission, name, startMs, endMs: startMs + waitMs, attributes: {} })
  }

  /** One transaction of a lane: a trace of its own that links to the requests it served. */
  readonly seeBatch = ({ commands, requestIds, waitSeconds, commitSeconds }: BatchSeen): void => {
    const links = requestIds.flatMap((id) => this.#contexts.get(id) ?? [])
    // Where all requests of a batch are of one trace, the batch belongs to it.
    const [first] = links
    const isOne = first !== undefined && links.every((link) => link.traceId === first.traceId)
    const traceId = isOne ? first.traceId : randomBytes(16).toString('hex')
    const parentId = isOne ? first.spanId : undefined
    const endMs = nowMs()
    const startMs = endMs - commitSeconds * 1_000
    const common = { traceId, parentId, kind: kinds.internal, links }
    if (waitSeconds > 0) {
      const waitedMs = startMs - waitSeconds * 1_000
      const wait = { name: 'lane.wait', startMs: waitedMs, endMs: startMs, attributes: {} }
      this.#add({ ...common, ...wait, spanId: newSpanId() })
    }
    const attributes = { 'tallystick.commands': commands }
    this.#add({ ...common, name: 'lane.commit', spanId: newSpanId(), startMs, endMs, attributes })
  }

  /** One attempt of a delivery. */
  readonly seeAttempt = ({ surface, isDelivered, seconds }: AttemptSeen): void => {
    const endMs = nowMs()
    this.#add({
      ...{ traceId: randomBytes(16).toString('hex'), spanId: newSpanId() },
      ...{ name: 'webhook.attempt', kind: kinds.client, startMs: endMs - seconds * 1_000, endMs },
      ...{ isError: !isDelivered, attributes: { 'tallystick.surface': surface } },
    })
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#sending
    await this.#send()
  }

  #add(span: Span): void {
    if (this.#spans.length >= bufferMax) return
    this.#spans.push(span)
    if (this.#timer !== undefined || this.#sending !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined
      })
    }, flushMs)
    this.#timer.unref()
  }

  async #send(): Promise<void> {
    const { endpoint, version, log } = this.#parts
    while (this.#spans.length > 0) {
      const spans = this.#spans.splice(0, batchMax)
      const isTaken = await post(`${endpoint}/v1/traces`, toMessage(spans, version))
      if (isTaken === this.#isLosing) {
        this.#isLosing = !isTaken
        if (isTaken) log.info({}, 'the collector takes spans again')
        else log.warn({ spans: spans.length }, 'the collector does not take spans; they are lost')
      }
      if (!isTaken) return
    }
  }
}

async function post(url: string, body: string): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
      signal: AbortSignal.timeout(sendMaxMs),
    })
    await answer.arrayBuffer()
    return answer.ok
  } catch {
    return false
  }
}

const toMessage = (spans: readonly Span[], version: string): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: toAttributes({ 'service.name': 'tallystick', 'service.version': version }),
        },
        scopeSpans: [{ scope: { name: 'tallystick' }, spans: spans.map(toWire) }],
      },
    ],
  })

const toWire = (span: Span) => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.parentId !== undefined && { parentSpanId: span.parentId }),
  name: span.name,
  kind: span.kind,
  startTimeUnixNano: toNanoseconds(span.startMs),
  endTimeUnixNano: toNanoseconds(span.endMs),
  attributes: toAttributes(span.attributes),
  status: span.isError === true ? { code: errorStatus } : {},
  ...(span.links !== undefined && {
    links: span.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
  }),
})

type WireAttribute = Readonly<{ key: string; value: Readonly<Record<string, string>> }>

const toAttributes = (attributes: Attributes): readonly WireAttribute[] =>
  Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return []
    const isNumber = typeof value === 'number'
    return [{ key, value: { [isNumber ? 'intValue' : 'stringValue']: String(value) } }]
  })

/** Of a real clock: a collector knows nothing of an offset. */
const nowMs = (): number => performance.timeOrigin + performance.now()

const toNanoseconds = (ms: number): string => `${BigInt(Math.trunc(ms * 1_000)) * 1_000n}`

const newSpanId = (): string => randomBytes(8).toString('hex')
