import { createHash } from 'node:crypto'
import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { type Instant, msOf } from '../kernel/dates.ts'
import type { EngineLog } from './delivery-engine.ts'
import type { Outbound } from './outbound.ts'
import { toSignedHeaders } from './signer.ts'

export type AnchorPostParts = Readonly<{
  /** The anchor file; how much of it has arrived stands beside it. */
  file: string
  url: string
  /** `whsec_` and base64. */
  secret: string
  /** The seed of the key that has signed the anchors. */
  seed: Uint8Array
  outbound: Outbound
  clock: () => Instant
  log: EngineLog
}>

const eventType = 'chain.anchored'
const linesMax = 1_000
const partBytes = 512 * 1024
const postMaxMs = 5_000
const answerBytesMax = 1_024

/**
 * Posts the lines that the anchor file has gained to a witness elsewhere, signed as a delivery of
 * Standard Webhooks. What did not arrive goes out with the next anchors; nothing waits for it.
 * Source: platform specification 15.
 */
export class AnchorPost {
  readonly #parts: AnchorPostParts
  #sending: Promise<void> = Promise.resolve()

  constructor(parts: AnchorPostParts) {
    this.#parts = parts
  }

  /** Sends what has not arrived yet. Every way in which it can fail is logged; nothing is thrown. */
  send(): Promise<void> {
    this.#sending = this.#sending
      .then(() => this.#sendRest())
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'the anchors could not be read for their witness')
      })
    return this.#sending
  }

  async #sendRest(): Promise<void> {
    let from = await this.#posted()
    for (;;) {
      const lines = await this.#linesFrom(from)
      if (lines.length === 0 || !(await this.#post(lines))) return
      from += lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0)
      await this.#remember(from)
    }
  }

  async #post(lines: readonly string[]): Promise<boolean> {
    const { url, secret, seed, outbound, clock, log } = this.#parts
    const now = clock()
    const anchors = lines.map(parseLine)
    const body = Buffer.from(JSON.stringify({ type: eventType, timestamp: now, data: { anchors } }))
    // The same lines have the same id, so that a witness tells a repetition.
    const event = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32)
    const headers = toSignedHeaders({
      ...{ surface: 'books', event, eventType, attempt: event, deliveryId: event },
      ...{ timestamp: Math.trunc(msOf(now) / 1_000), body, secrets: [secret], seed },
    })
    const answer = await outbound.send({
      ...{ method: 'POST', url, headers, body, timeoutMs: postMaxMs },
      ...{ bodyBytesMax: answerBytesMax, mayUseHttp: true },
    })
    if (answer.isAnswered && answer.status >= 200 && answer.status < 300) return true
    const reason = answer.isAnswered ? { status: answer.status } : { failure: answer.failure }
    log.warn({ ...reason, anchors: lines.length }, 'the witness did not take the anchors yet')
    return false
  }

  /** Whole lines only: another process may be writing the last one. */
  async #linesFrom(from: number): Promise<readonly string[]> {
    const handle = await open(this.#parts.file).catch(() => undefined)
    if (handle === undefined) return []
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(partBytes), 0, partBytes, from)
      const text = buffer.toString('utf8', 0, bytesRead)
      return text.split('\n').slice(0, -1).slice(0, linesMax)
    } finally {
      await handle.close()
    }
  }

  /** A file that was moved aside begins anew. */
  async #posted(): Promise<number> {
    const handle = await open(this.#parts.file).catch(() => undefined)
    const sizeBytes = (await handle?.stat())?.size ?? 0
    await handle?.close()
    const kept = Number(await readFile(this.#noteFile, 'utf8').catch(() => '0'))
    return Number.isSafeInteger(kept) && kept <= sizeBytes ? kept : 0
  }

  async #remember(posted: number): Promise<void> {
    await writeFile(`${this.#noteFile}.tmp`, `${posted}\n`, { mode: 0o600 })
    await rename(`${this.#noteFile}.tmp`, this.#noteFile)
  }

  get #noteFile(): string {
    return `${this.#parts.file}.posted`
  }
}

/** A line that somebody has spoilt is sent as it is: its witness must see it. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return line
  }
}
