import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { buildConnector, Client, type Dispatcher, errors } from 'undici'
import { type AllowList, isExempt, isPublicAddress } from './address.ts'

/** What the operator decides about calls to the outside. */
export type OutboundPolicy = Readonly<{
  allowed: AllowList
  /** Ports besides 443 and 8443. */
  ports: readonly number[]
  isProduction: boolean
  /** Certificates of authorities in PEM, besides those of Node.js. */
  authorities?: string
}>

/** All addresses of a name, IPv4 first; none when the name is unknown. */
export type Resolve = (name: string) => Promise<readonly string[]>

/** `mayUseHttp`: the caller is a test business, which may be called in plain text where exempt. */
export type Purpose = Readonly<{ mayUseHttp: boolean }>

/** Why an address is not called; for the operator's log, never for tenants. */
export type BlockReason =
  | 'syntax'
  | 'length'
  | 'scheme'
  | 'user_info'
  | 'fragment'
  | 'port'
  | 'address'
  | 'name'
  | 'unresolved'

export type Target = Readonly<{ url: URL; address: string }>

export type Verdict =
  | Readonly<{ isAllowed: true; target: Target }>
  | Readonly<{ isAllowed: false; reason: BlockReason }>

export type OutboundRequest = Purpose &
  Readonly<{
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    url: string
    headers: Readonly<Record<string, string>>
    body?: Uint8Array
    /** From the first look-up of the name to the last byte of the answer. */
    timeoutMs: number
    /** Of the answer's body; what goes beyond is not read. */
    bodyBytesMax: number
  }>

export type OutboundFailure =
  | 'blocked'
  | 'timeout'
  | 'unresolved'
  | 'refused'
  | 'certificate'
  | 'connection'
  | 'answer'

export type OutboundAnswer =
  | Readonly<{
      isAnswered: true
      status: number
      headers: Readonly<Record<string, string>>
      body: Buffer
    }>
  | Readonly<{ isAnswered: false; failure: OutboundFailure; detail: string }>

/** Source: platform specification 14. */
export const urlCharactersMax = 2_048
export const answerHeaderBytesMax = 16 * 1024
const portsAlways = [443, 8443]
const refusedSuffixes = ['local', 'internal', 'localhost', 'onion']

/**
 * The one HTTP client to the outside. Each call checks its address first and connects to that
 * address alone: no redirects, no cookies, no proxies, no connection shared between two calls, and
 * answers that are not inflated.
 * Source: platform specification 14.
 */
export class Outbound {
  readonly #policy: OutboundPolicy
  readonly #resolve: Resolve

  constructor(policy: OutboundPolicy, resolve: Resolve = resolveName) {
    this.#policy = policy
    this.#resolve = resolve
  }

  /** Looks whether a URL may be called at this moment, and at which address. */
  async check(text: string, purpose: Purpose): Promise<Verdict> {
    const shape = this.#checkShape(text)
    if (typeof shape === 'string') return { isAllowed: false, reason: shape }
    const { url, doubt } = shape
    const host = hostOf(url)
    const isLiteral = isIP(host) !== 0
    const { allowed } = this.#policy
    const isOddName = !isLiteral && isLocalName(host)
    if (isOddName && allowed.length === 0) return { isAllowed: false, reason: 'name' }
    const addresses = isLiteral ? [host] : await this.#resolve(host)
    const [address] = addresses
    if (address === undefined) return { isAllowed: false, reason: doubt ?? 'unresolved' }
    const isEachExempt = addresses.every((one) => isExempt(one, allowed))
    if (doubt === 'scheme' && !(isEachExempt && this.#mayUseHttp(purpose))) {
      return { isAllowed: false, reason: 'scheme' }
    }
    if (isEachExempt) return { isAllowed: true, target: { url, address } }
    if (doubt !== undefined) return { isAllowed: false, reason: doubt }
    if (isOddName) return { isAllowed: false, reason: 'name' }
    const isEachFine = addresses.every((one) => isPublicAddress(one) || isExempt(one, allowed))
    if (!isEachFine) return { isAllowed: false, reason: 'address' }
    return { isAllowed: true, target: { url, address } }
  }

  /** Calls once. Every way in which it can fail is an answer; nothing is thrown. */
  async send(request: OutboundRequest): Promise<OutboundAnswer> {
    const control = new AbortController()
    const timer = setTimeout(() => control.abort(), request.timeoutMs)
    try {
      const verdict = await Promise.race([this.check(request.url, request), aborted(control)])
      if (!verdict.isAllowed) {
        const failure = verdict.reason === 'unresolved' ? 'unresolved' : 'blocked'
        return { isAnswered: false, failure, detail: verdict.reason }
      }
      return await this.#call(verdict.target, request, control.signal)
    } catch (error) {
      return toFailure(error, control.signal.aborted)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Step 1. A doubt is what only an exempt address clears. */
  #checkShape(text: string): BlockReason | Readonly<{ url: URL; doubt?: 'scheme' | 'port' }> {
    if (text.length > urlCharactersMax) return 'length'
    const url = parseUrl(text)
    if (url === undefined) return 'syntax'
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'scheme'
    if (hasUserInfo(text, url)) return 'user_info'
    if (text.includes('#')) return 'fragment'
    if (url.protocol === 'http:') return { url, doubt: 'scheme' }
    const port = url.port === '' ? 443 : Number(url.port)
    const isUsual = portsAlways.includes(port) || this.#policy.ports.includes(port)
    return isUsual ? { url } : { url, doubt: 'port' }
  }

  #mayUseHttp({ mayUseHttp }: Purpose): boolean {
    return mayUseHttp && !this.#policy.isProduction
  }

  async #call(
    { url, address }: Target,
    request: OutboundRequest,
    signal: AbortSignal,
  ): Promise<OutboundAnswer> {
    const client = new Client(url.origin, {
      connect: this.#connectTo(address, request.timeoutMs),
      maxHeaderSize: answerHeaderBytesMax,
      headersTimeout: request.timeoutMs,
      bodyTimeout: request.timeoutMs,
      pipelining: 0,
    })
    try {
      const { statusCode, headers, body } = await client.request({
        method: request.method,
        path: `${url.pathname}${url.search}`,
        headers: request.headers,
        body: request.body ?? null,
        signal,
      })
      const bytes = await readSome(body, request.bodyBytesMax)
      return { isAnswered: true, status: statusCode, headers: toTexts(headers), body: bytes }
    } finally {
      // Whatever is left of an answer that was not read to its end goes away with its connection.
      await client.destroy().catch(() => undefined)
    }
  }

  /** Connects to the checked address and nowhere else; name and certificate stay the URL's. */
  #connectTo(address: string, timeoutMs: number): buildConnector.connector {
    const { authorities } = this.#policy
    const connect = buildConnector({
      timeout: timeoutMs,
      maxCachedSessions: 0,
      allowH2: false,
      ...(authorities !== undefined && { ca: [...rootCertificates, authorities] }),
    })
    return (options, callback) => {
      const name = isIP(hostOf(options)) === 0 ? { servername: hostOf(options) } : {}
      connect({ ...options, ...name, hostname: address }, (error, socket) => {
        if (error !== null) return callback(error, null)
        if (!isSameAddress(socket.remoteAddress, address)) {
          socket.destroy()
          return callback(new errors.SocketError('connected to another address'), null)
        }
        return callback(null, socket)
      })
    }
  }
}

/** Undefined also for blanks and control characters, which URL would take away in silence. */
const parseUrl = (text: string): URL | undefined =>
  /^[\x21-\x7e\u00a1-\u{10ffff}]+$/u.test(text) && URL.canParse(text) ? new URL(text) : undefined

/** Also an empty one, which URL drops. */
const hasUserInfo = (text: string, { username, password }: URL): boolean =>
  username !== '' || password !== '' || /^[a-z][a-z0-9+.-]*:[/\\]*[^/\\?#]*@/i.test(text)

/** The host without the brackets of IPv6 and without the dot at its end. */
const hostOf = ({ hostname }: Readonly<{ hostname: string }>): string =>
  hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** Single labels, and names that only mean something inside of a network. */
function isLocalName(name: string): boolean {
  const labels = name.toLowerCase().split('.')
  const last = labels.at(-1) ?? ''
  return labels.length < 2 || labels.includes('') || refusedSuffixes.includes(last)
}

const lookUpTimeoutMs = 3_000

/** Asks the name servers ourselves, so that what is checked is what is called. */
async function resolveName(name: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: lookUpTimeoutMs, tries: 2 })
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
}

function aborted({ signal }: AbortController): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new errors.RequestAbortedError()), { once: true })
  })
}

async function readSome(body: Dispatcher.ResponseData['body'], bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const room = bytesMax - size
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
    size += Math.min(chunk.length, room)
    if (size >= bytesMax) break
  }
  return Buffer.concat(chunks)
}

const toTexts = (headers: Dispatcher.ResponseData['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? (value[0] ?? '') : (value ?? ''),
    ]),
  )

const isSameAddress = (remote: string | undefined, pinned: string): boolean =>
  remote !== undefined && toPlain(remote) === toPlain(pinned)

/** One spelling per address: by way of a URL, which writes each IPv6 address in one way. */
function toPlain(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname : plain
}

type Failed = Readonly<{ code?: unknown; message?: unknown; cause?: unknown }>

function toFailure(error: unknown, isTimeout: boolean): OutboundAnswer {
  const { code, message } = (error ?? {}) as Failed
  const detail = `${String(code ?? '')} ${String(message ?? '')}`.trim()
  if (isTimeout) return { isAnswered: false, failure: 'timeout', detail: 'no answer in time' }
  const isUnreadable = unreadable.some((kind) => error instanceof kind)
  return {
    isAnswered: false,
    failure: isUnreadable ? 'answer' : kindOf(String(code ?? '')),
    detail,
  }
}

const unreadable = [
  errors.HTTPParserError,
  errors.HeadersOverflowError,
  errors.ResponseContentLengthMismatchError,
]

function kindOf(code: string): OutboundFailure {
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return 'timeout'
  if (code === 'ECONNREFUSED') return 'refused'
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/.test(code)
  return isCertificate ? 'certificate' : 'connection'
}
