import { isSecretName, redactText, renderRedacted } from '../../kernel/redact.ts'
import {
  type KeptRequest,
  type LoggedRequest,
  loggedBodyMax,
  placeOfRequest,
} from '../../modules/access/request-log.ts'
import type { Outside } from './outside.ts'
import { decodePart } from './query.ts'

/** Whose bodies are kept: of no request, of those that were refused or failed, or of all. */
export type LoggedBodies = 'none' | 'errors' | 'all'

/** Source: platform specification 10. */
export const requestLogBounds = { batchMax: 500, bufferMax: 10_000, flushMs: 250 } as const

const retryMs = 1_000
const pathMax = 2_048
const agentMax = 300

/** A request that has been answered, with its texts as they came. */
export type SeenRequest = LoggedRequest &
  Readonly<{ said: Said | undefined; traceId?: string | undefined }>

/** What was said: values of the refusal, and the two bodies, without secrets and cut. */
export type Said = Readonly<{ params?: string; request?: string; response?: string }>

type RequestLogParts = Readonly<{
  /** Adds rows; one that is there already stays as it is. */
  write: (rows: readonly KeptRequest[]) => Promise<void>
  seal: Outside['seal']
  /** Hears of each row once, before it is written. */
  onRows: (rows: readonly SeenRequest[]) => void
}>

/**
 * The log of requests, written behind their answers, many rows in one statement. No request waits
 * for it: what the database does not take in time is dropped and counted.
 * Source: platform specification 10.
 */
export class RequestLog {
  readonly #parts: RequestLogParts
  #rows: SeenRequest[] = []
  #failed: readonly KeptRequest[] = []
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #dropped = 0

  constructor(parts: RequestLogParts) {
    this.#parts = parts
  }

  /** Rows that were dropped since the start. */
  get droppedCount(): number {
    return this.#dropped
  }

  /** Takes a row; it is written soon, or dropped when too many wait. */
  add(row: SeenRequest): void {
    if (this.#rows.length >= requestLogBounds.bufferMax) {
      this.#dropped += 1
      return
    }
    this.#rows.push(row)
    if (this.#rows.length === requestLogBounds.batchMax) this.#start(0)
    else this.#start(requestLogBounds.flushMs)
  }

  /** Writes what waits; nobody asks any more. */
  async close(): Promise<void> {
    await this.flush()
    clearTimeout(this.#timer)
  }

  /** Writes what waits, as far as the database takes it. */
  async flush(): Promise<void> {
    await this.#running
    while (this.#rows.length + this.#failed.length > 0) {
      this.#running = this.#write()
      await this.#running
      if (this.#failed.length > 0) break
    }
  }

  #start(afterMs: number): void {
    if (afterMs === 0 && this.#failed.length === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    if (this.#timer !== undefined || this.#running !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#write()
    }, afterMs)
    this.#timer.unref()
  }

  async #write(): Promise<void> {
    const again = this.#failed
    const batch = again.length > 0 ? again : this.#take()
    this.#failed = []
    try {
      if (batch.length > 0) await this.#parts.write(batch)
    } catch {
      // A second time, because databases come back; not for ever, because a row may be to blame.
      if (again.length > 0) this.#dropped += batch.length
      else this.#failed = batch
    }
    this.#running = undefined
    const isFull = this.#rows.length >= requestLogBounds.batchMax
    if (this.#failed.length > 0) this.#start(retryMs)
    else if (this.#rows.length > 0) this.#start(isFull ? 0 : requestLogBounds.flushMs)
  }

  #take(): readonly KeptRequest[] {
    const rows = this.#rows.splice(0, requestLogBounds.batchMax)
    this.#parts.onRows(rows)
    return rows.map((row) => this.#toKept(row))
  }

  #toKept(row: SeenRequest): KeptRequest {
    const { organizationId, requestId, path, userAgent, clientRequestId, said } = row
    return {
      ...row,
      path: toSafePath(path),
      userAgent: userAgent === null ? null : toSafeText(userAgent).slice(0, agentMax),
      clientRequestId: clientRequestId === null ? null : toSafeText(clientRequestId),
      sealed:
        said === undefined
          ? null
          : Buffer.from(
              this.#parts.seal(
                placeOfRequest(organizationId, requestId),
                Buffer.from(JSON.stringify(said)),
              ),
            ),
    }
  }
}

/** Values of a refusal; longer ones are cut. */
const paramsMax = 2_000
/** A body that is longer is not looked at. */
const lookedAtMax = 256 * 1024

/**
 * What is kept of what was said.
 *
 * params   of the refusal
 * request  the body as a JSON value
 * content  the answer as it was sent
 */
export function toSaid({
  params,
  request,
  content,
}: Readonly<{ params: unknown; request: unknown; content: Buffer | string | undefined }>): Said {
  return {
    ...(params !== undefined && { params: renderRedacted(params, paramsMax) }),
    ...(request !== undefined && { request: renderRedacted(request, loggedBodyMax) }),
    ...(content !== undefined && { response: toResponse(content) }),
  }
}

function toResponse(content: Buffer | string): string {
  if (content.length > lookedAtMax) return `(${content.length} bytes)`
  try {
    return renderRedacted(JSON.parse(content.toString()), loggedBodyMax)
  } catch {
    return `(${content.length} bytes that are not JSON)`
  }
}

/** What was kept, out of the bytes that were sealed. */
export const parseSaid = (clear: Uint8Array): Said => JSON.parse(Buffer.from(clear).toString())

/** An id that a caller has given its request, where it is one; never used as ours. */
export const toClientRequestId = (text: string | readonly string[] | undefined): string | null =>
  typeof text === 'string' && /^[\x21-\x7e]{1,128}$/.test(text) ? text : null

const toSafeText = (text: string): string => redactText(text).replaceAll('\0', '')

/** A path with its query, without secrets: neither by their shape nor by the name of a parameter. */
function toSafePath(path: string): string {
  const mark = path.indexOf('?')
  const named = mark < 0 ? path : path.slice(0, mark + 1) + toSafeQuery(path.slice(mark + 1))
  const plain = named.includes('%') ? decodePart(named) : named
  const shown = redactText(plain) === plain ? named : plain
  return toSafeText(shown).slice(0, pathMax)
}

const toSafeQuery = (query: string): string =>
  query
    .split('&')
    .map((pair) => {
      const [name = ''] = pair.split('=')
      return isSecretName(decodePart(name)) ? `${name}=[removed]` : pair
    })
    .join('&')
