import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { create } from 'qrcode'
import { msOf } from '../kernel/dates.ts'
import { isRefusal, Refusal } from '../kernel/errors.ts'
import type { Picture } from '../modules/access/file.ts'
import type { DocumentInput } from '../modules/sales/document-input.ts'
import { toPaymentCode } from './payment-code.ts'
import { type PlacedFiles, toSheet } from './sheet.ts'

/** A picture of the seller's, as it was uploaded. */
type Logo = Picture & Readonly<{ content: Uint8Array }>

export type RendererParts = Readonly<{
  /** Folder of the package, where templates and fonts are. */
  root: string
  onFailure: (reason: string) => void
  bounds?: Partial<typeof defaultBounds>
}>

/** Source: documents specification 3. */
const defaultBounds = {
  workers: 1,
  queueMax: 100,
  compileMaxMs: 10_000,
  /** Documents after which a worker gives its memory back. */
  documentsMax: 2_000,
  memoryMaxMb: 512,
}

type File = Readonly<{ path: string; bytes: Uint8Array }>
type Order = Readonly<{
  template: string
  data: string
  files: readonly File[]
  standard: string
  timestamp: number
}>
type Answer = Readonly<{ pdf: Uint8Array }> | Readonly<{ reason: string }>

type Waiting = Readonly<{
  order: Order
  resolve: (pdf: Uint8Array) => void
  reject: (refusal: Refusal) => void
}>

type Bench = {
  readonly worker: Worker
  job: Waiting | undefined
  timer?: NodeJS.Timeout
  made: number
}

/**
 * Sets documents as PDF, in threads of their own. The first document starts the first thread; a
 * thread that takes too long or breaks is replaced, and only its own document suffers.
 */
export class Renderer {
  readonly #parts: RendererParts
  readonly #bounds: typeof defaultBounds
  readonly #queue: Waiting[] = []
  readonly #benches = new Set<Bench>()
  #isClosed = false

  constructor(parts: RendererParts) {
    this.#parts = parts
    this.#bounds = { ...defaultBounds, ...parts.bounds }
  }

  /**
   * The document as PDF: of an issued one tagged and for the archive (PDF/A-3a), of others
   * accessible (PDF/UA-1). Equal inputs give equal bytes. A logo that is no picture is left out.
   * Refuses, in this order: documents.not_ready (the queue is full, or the process ends),
   * documents.render_timeout, documents.render_failed.
   * Source: documents specification 0 and 3.
   */
  async render(input: DocumentInput, logo?: Logo): Promise<Uint8Array> {
    try {
      return await this.#set(toOrder(input, logo))
    } catch (error) {
      if (logo === undefined || !isRefusal(error, 'documents.render_failed')) throw error
      return this.#set(toOrder(input, undefined))
    }
  }

  #set(order: Order): Promise<Uint8Array> {
    if (this.#isClosed || this.#queue.length >= this.#bounds.queueMax) {
      return Promise.reject(new Refusal('documents.not_ready', { retryAfterSeconds: 5 }))
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ order, resolve, reject })
      this.#next()
    })
  }

  /** Refuses what waits and stops the threads. */
  async close(): Promise<void> {
    this.#isClosed = true
    const refusal = new Refusal('documents.not_ready', { retryAfterSeconds: 5 })
    for (const { reject } of this.#queue.splice(0)) reject(refusal)
    await Promise.all([...this.#benches].map((bench) => this.#dismiss(bench, refusal)))
  }

  #next(): void {
    if (this.#isClosed || this.#queue.length === 0) return
    const bench = this.#free()
    const job = bench && this.#queue.shift()
    if (bench === undefined || job === undefined) return
    bench.job = job
    bench.worker.ref()
    bench.timer = setTimeout(() => {
      void this.#dismiss(bench, new Refusal('documents.render_timeout'))
    }, this.#bounds.compileMaxMs)
    bench.worker.postMessage(job.order)
  }

  #free(): Bench | undefined {
    for (const bench of this.#benches) if (bench.job === undefined) return bench
    return this.#benches.size < this.#bounds.workers ? this.#hire() : undefined
  }

  #hire(): Bench {
    const { root } = this.#parts
    const folder = join(root, 'src', 'documents')
    const worker = new Worker(join(folder, 'typst-worker.mjs'), {
      workerData: { templates: join(folder, 'templates'), fonts: [join(root, 'assets', 'fonts')] },
      resourceLimits: { maxOldGenerationSizeMb: this.#bounds.memoryMaxMb },
    })
    const bench: Bench = { worker, job: undefined, made: 0 }
    // A thread that waits keeps no process alive.
    worker.unref()
    worker.on('message', (answer: Answer) => this.#finish(bench, answer))
    worker.on('error', (error) => {
      this.#parts.onFailure(String(error))
      void this.#dismiss(bench, new Refusal('documents.render_failed'))
    })
    this.#benches.add(bench)
    return bench
  }

  #finish(bench: Bench, answer: Answer): void {
    const { job } = bench
    clearTimeout(bench.timer)
    bench.job = undefined
    bench.made += 1
    bench.worker.unref()
    if ('pdf' in answer) job?.resolve(answer.pdf)
    else {
      this.#parts.onFailure(answer.reason)
      job?.reject(new Refusal('documents.render_failed'))
    }
    if (bench.made >= this.#bounds.documentsMax) void this.#dismiss(bench)
    else this.#next()
  }

  async #dismiss(bench: Bench, refusal?: Refusal): Promise<void> {
    if (!this.#benches.delete(bench)) return
    clearTimeout(bench.timer)
    if (refusal !== undefined) bench.job?.reject(refusal)
    await bench.worker.terminate()
    this.#next()
  }
}

const suffixOf = { 'image/png': 'png', 'image/jpeg': 'jpg' } as const

function toOrder(input: DocumentInput, logo: Logo | undefined): Order {
  const files: File[] = []
  let picture: PlacedFiles['logo'] = null
  if (logo !== undefined && input.logo !== null) {
    const path = `/in/${input.logo}.${suffixOf[logo.mediaType]}`
    files.push({ path, bytes: logo.content })
    picture = { path, ratio: logo.widthPx / logo.heightPx }
  }
  const { showLinkCode, showPaymentCode } = input.options
  const place = (name: string, text: string | null): string | null => {
    if (text === null) return null
    const path = `/in/${name}.svg`
    files.push({ path, bytes: Buffer.from(toQr(text)) })
    return path
  }
  const sheet = toSheet(input, {
    logo: picture,
    linkCode: place('link', showLinkCode ? input.hostedUrl : null),
    paymentCode: place('payment', showPaymentCode ? toPaymentCode(input) : null),
  })
  return {
    template: input.template,
    data: JSON.stringify(sheet),
    files,
    standard: input.state === 'draft' ? 'ua-1' : 'a-3a',
    timestamp: Math.floor(msOf(input.finalisedAt) / 1_000),
  }
}

/** Modules of the quiet zone around a code. */
const quiet = 4

/** The matrix as one path: a bar for each run of dark modules. */
function toQr(text: string): string {
  const { size, data } = create(text, { errorCorrectionLevel: 'M' }).modules
  let path = ''
  for (let row = 0; row < size; row += 1) {
    const modules = Array.from(data.subarray(row * size, (row + 1) * size)).join('')
    for (const { index, 0: run } of modules.matchAll(/1+/g)) {
      path += `M${index + quiet} ${row + quiet}h${run.length}v1h-${run.length}z`
    }
  }
  const side = size + 2 * quiet
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}"><path d="${path}"/></svg>`
}
