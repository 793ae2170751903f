import type { Db } from '../../db/tx.ts'
import {
  answerBounds,
  type PageNotice,
  pageStylePath,
  renderHostedPage,
  renderMessagePage,
} from '../../documents/hosted-page.ts'
import { fill, type Language } from '../../documents/language.ts'
import { pageStyle } from '../../documents/page-style.ts'
import { chooseLanguage, wordsOf } from '../../documents/page-words.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { answerQuotation } from '../../modules/sales/hosted-answer.actions.ts'
import {
  findHosted,
  findHostedOwner,
  type Hosted,
  type HostedOwner,
} from '../../modules/sales/hosted-document.queries.ts'
import { noteView } from '../../modules/sales/hosted-link.actions.ts'
import type { Doors } from '../http/call.ts'
import { AddressGuard } from '../http/guard.ts'
import type { Outside } from '../http/outside.ts'
import type { PageReply, PageRequest } from '../http/pages.ts'

/** Reads tokens; whoever has one may see the document that it was made for. */
type Tokens = Readonly<{
  documentOf: (token: string) => string | undefined
  isToken: (token: string, documentId: string, generation: number) => boolean
}>

export type HostedParts = Readonly<{
  doors: Pick<Doors, 'read' | 'write'>
  /** Statements of nobody's tenant. */
  alone: Pick<Db, 'query'>
  tokens: Tokens
  print: Outside['print']
  log: Readonly<Record<'error', (fields: object, message: string) => void>>
}>

/** Requests a minute for one token. Source: Invoicing specification 4.2. */
const requestsPerMinute = 60
/** Of one address, so that nobody tries tokens. */
const requestsPerAddress = 600

const address = /^\/i\/([A-Za-z0-9_-]{43})(?:\/(pdf|accept|reject))?$/

type Step = 'view' | 'pdf' | 'accept' | 'reject'

/** One request with what its token opened. */
type Visit = Readonly<{
  request: PageRequest
  language: Language
  path: string
  step: Step
  owner: HostedOwner
  document: Hosted
}>

/**
 * The pages that customers see of invoices and quotations: whoever has the address may look, take
 * the PDF, and answer a quotation. Nothing in them runs; nothing is loaded from elsewhere.
 * Source: Invoicing specification 14; console specification 7.
 */
export class HostedPages {
  readonly #parts: HostedParts
  readonly #byToken = new AddressGuard(requestsPerMinute)
  readonly #byAddress = new AddressGuard(requestsPerAddress)

  constructor(parts: HostedParts) {
    this.#parts = parts
  }

  answer = async (request: PageRequest): Promise<PageReply> => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (request.path === pageStylePath && isRead) return styleSheet
    const language = chooseLanguage(request.query.get('lang') ?? undefined, request.languages)
    const words = wordsOf(language)
    const { maintenance } = request
    if (maintenance !== undefined && (maintenance.mode === 'full' || !isRead)) {
      return message(language, 503, { title: words.closed, text: words.closedText })
    }
    try {
      return await this.#answer(request, language, isRead)
    } catch (error) {
      if (isRefusal(error) && error.code.startsWith('request.')) {
        const status = error.code === 'request.body_too_large' ? 413 : 415
        return message(language, status, { title: words.yourAnswer, text: words.unreadable })
      }
      this.#parts.log.error({ err: error }, 'a hosted page could not be shown')
      return message(language, 503, { title: words.closed, text: words.closedText })
    }
  }

  async #answer(request: PageRequest, language: Language, isRead: boolean): Promise<PageReply> {
    const [, token, step = 'view'] = address.exec(request.path) ?? []
    const { nowMs } = request
    const seconds =
      this.#byAddress.take(request.address, nowMs) ||
      (token === undefined ? 0 : this.#byToken.take(token, nowMs))
    if (seconds > 0) return tooMany(language, seconds)
    const visit = token && (await this.#open(request, { language, token, step: step as Step })) // by the pattern
    if (visit === undefined || visit === '') return missing(language)
    const isAnswer = visit.step === 'accept' || visit.step === 'reject'
    if (isAnswer ? request.method !== 'POST' : !isRead) {
      const reply = missing(language)
      const allowed = isAnswer ? 'POST' : 'GET, HEAD'
      return { ...reply, status: 405, headers: { ...reply.headers, Allow: allowed } }
    }
    if (visit.step === 'view') return this.#view(visit)
    return visit.step === 'pdf' ? this.#pdf(visit) : this.#decide(visit)
  }

  /** The document that a token opens; a forged, a revoked and an unknown one look alike. */
  async #open(
    request: PageRequest,
    { language, token, step }: Readonly<{ language: Language; token: string; step: Step }>,
  ): Promise<Visit | undefined> {
    const { tokens, alone, doors } = this.#parts
    const documentId = tokens.documentOf(token)
    if (documentId === undefined) return undefined
    const owner = await findHostedOwner(alone, documentId)
    if (owner === undefined) return undefined
    const document = await doors.read(owner, (db) =>
      findHosted(db, owner, { documentId, now: request.now }),
    )
    if (document === undefined || document.link.isRevoked) return undefined
    if (!tokens.isToken(token, documentId, document.link.generation)) return undefined
    return { request, language, path: `/i/${token}`, step, owner, document }
  }

  async #view(visit: Visit): Promise<PageReply> {
    const { request, document } = visit
    if (request.method === 'GET' && document.link.viewedAt === null) await this.#noteView(visit)
    return this.#page(visit, 200)
  }

  /** The page is shown whether or not this can be noted. */
  async #noteView({ request, owner, document }: Visit): Promise<void> {
    const { doors, log } = this.#parts
    try {
      await doors.write({
        tenant: owner,
        action: noteView,
        input: { kind: owner.kind, documentId: document.id },
        actor: 'customer',
        now: request.now,
      })
    } catch (error) {
      log.error({ err: error }, 'the first view of a page could not be noted')
    }
  }

  #page(
    { document, language, path }: Visit,
    status: number,
    more: Readonly<{ notice?: PageNotice; answer?: Readonly<{ name: string; note: string }> }> = {},
  ): PageReply {
    const { decidedOn } = document
    const content = renderHostedPage({ document, language, path, decidedOn, ...more })
    return { status, headers: pageHeaders, content }
  }

  async #pdf({ owner, document, language }: Visit): Promise<PageReply> {
    const { kind, id: documentId, number } = document
    const { pdf } = await this.#parts.print(owner, { kind, documentId, language: language.tag })
    const headers = {
      ...pageHeaders,
      'Content-Type': 'application/pdf',
      'Content-Disposition': `inline; filename="${toFileName(number)}"`,
    }
    return { status: 200, headers, content: pdf }
  }

  async #decide(visit: Visit): Promise<PageReply> {
    const { request, owner, document, step, path, language } = visit
    if (owner.kind !== 'quotation') return missing(language)
    if (document.status !== 'sent') return this.#page(visit, 409, { notice: 'conflict' })
    const form = await request.readForm()
    const read = (field: string, max: number): string =>
      (form.get(field) ?? '').replaceAll('\0', '').trim().slice(0, max)
    const name = read('name', answerBounds.nameMax).replace(/\s+/g, ' ')
    const note = read('note', answerBounds.noteMax)
    if (name === '') {
      return this.#page(visit, 400, { notice: 'nameMissing', answer: { name, note } })
    }
    try {
      await this.#parts.doors.write({
        tenant: owner,
        action: answerQuotation,
        input: {
          quotationId: document.id,
          decision: step === 'accept' ? 'accepted' : 'rejected',
          ...{ name, note: note === '' ? null : note, address: request.address },
        },
        actor: 'customer',
        now: request.now,
      })
    } catch (error) {
      // Somebody was faster, or the day has passed meanwhile.
      if (isRefusal(error) && conflicts.includes(error.code)) {
        return this.#page(visit, 409, { notice: 'conflict' })
      }
      throw error
    }
    const lang = request.query.get('lang')
    const location = lang === null ? path : `${path}?lang=${language.tag}`
    return { status: 303, headers: { ...pageHeaders, Location: location }, content: '' }
  }
}

const toFileName = (number: string): string => `${number.replace(/[^A-Za-z0-9._-]+/g, '-')}.pdf`

const conflicts: readonly string[] = ['resource.invalid_transition', 'sales.quotation_expired']

/** Source: Invoicing specification 14; platform specification 18. */
const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Cache-Control': 'private, no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
  Vary: 'Accept-Language',
} as const

const styleSheet: PageReply = {
  status: 200,
  headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'public, max-age=3600' },
  content: pageStyle,
}

const message = (
  language: Language,
  status: number,
  text: Readonly<{ title: string; text: string }>,
): PageReply => ({ status, headers: pageHeaders, content: renderMessagePage(language, text) })

/** The same page for everything that is not there, or not any more. */
function missing(language: Language): PageReply {
  const { missing: title, missingText: text } = wordsOf(language)
  return message(language, 404, { title, text })
}

function tooMany(language: Language, seconds: number): PageReply {
  const { busy: title, busyText } = wordsOf(language)
  const reply = message(language, 429, { title, text: fill(busyText, { seconds: `${seconds}` }) })
  return { ...reply, headers: { ...reply.headers, 'Retry-After': `${seconds}` } }
}
