import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

/** The ways in which one request is treated badly. Source: proof specification 6, F8. */
const quickFaults = [
  'reset',
  '500',
  '429',
  'redirect',
  'endless',
  'inflating',
  'cut',
  'garbage',
] as const
const slowFaults = ['hang', 'late'] as const
export type Fault = (typeof quickFaults)[number] | (typeof slowFaults)[number]

/** What became of one event at one path. `accepted`: how often an answer of success was begun. */
type Fate = { attempts: number; accepted: number; digest: string; isChanged: boolean }

/** A receiver that misbehaves by plan: which attempt of which event fails how follows from its id. */
export type Unruly = Readonly<{
  port: number
  /** By path and event id. */
  fates: ReadonlyMap<string, Readonly<Fate>>
  faults: ReadonlyMap<Fault | 'gone' | 'refused', number>
  /** Events that were accepted at least once. */
  acceptedCount: () => number
  /** Requests that came because a redirect was followed. */
  followedCount: () => number
  /** Refuses connections for a while. */
  vanish: (ms: number) => Promise<void>
  close: () => Promise<void>
}>

/** A request to this path is answered 410. */
export const gonePath = '/gone'
const trapPath = '/trap'
const lateMs = 17_000
const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024))
const junk = Buffer.from(Array.from({ length: 256 }, (_, index) => index))

export async function openUnruly(): Promise<Unruly> {
  const fates = new Map<string, Fate>()
  const faults = new Map<Fault | 'gone' | 'refused', number>()
  const sockets = new Set<Socket>()
  const count = (fault: Fault | 'gone' | 'refused'): void => {
    faults.set(fault, (faults.get(fault) ?? 0) + 1)
  }
  let accepted = 0
  let followed = 0
  const see = (request: IncomingMessage, body: Buffer, response: ServerResponse): void => {
    const path = request.url ?? ''
    if (path === trapPath) {
      followed += 1
      response.writeHead(200).end()
      return
    }
    if (path === gonePath) {
      count('gone')
      response.writeHead(410).end()
      return
    }
    const key = `${path} ${eventOf(request)}`
    const digest = createHash('sha256').update(body).digest('hex')
    const fate = fates.get(key) ?? { attempts: 0, accepted: 0, digest, isChanged: false }
    fates.set(key, fate)
    fate.attempts += 1
    fate.isChanged ||= fate.digest !== digest
    const fault = faultOf(key, fate.attempts)
    if (fault !== undefined) count(fault)
    if (fault === undefined || fault === 'cut' || fault === 'garbage') {
      if (fate.accepted === 0) accepted += 1
      fate.accepted += 1
    }
    play(fault, response, port)
  }
  const server = createServer((request, response) => {
    response.on('error', () => undefined)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => see(request, Buffer.concat(chunks), response))
    request.on('error', () => undefined)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  const listen = (at: number): Promise<void> =>
    new Promise((resolve) => {
      server.listen(at, '127.0.0.1', () => resolve())
    })
  const shut = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => {
      server.close(() => resolve())
    })
  }
  await listen(0)
  const { port } = server.address() as AddressInfo // a TCP server has one
  return {
    port,
    fates,
    faults,
    acceptedCount: () => accepted,
    followedCount: () => followed,
    vanish: async (ms) => {
      count('refused')
      await shut()
      await pause(ms)
      await listen(port)
    },
    close: shut,
  }
}

/** The id that stays the same over all attempts, in the dress of either surface. */
const eventOf = ({ headers }: IncomingMessage): string =>
  String(headers['x-webhook-event-id'] ?? headers['webhook-id'] ?? 'none')

/** Seven of ten events are accepted at once; two at the second attempt, the others still later. */
function faultOf(key: string, attempt: number): Fault | undefined {
  const bytes = createHash('sha256').update(key).digest()
  const place = bytes.readUInt16BE(0) % 100
  const failures = [70, 90, 98].filter((limit) => place >= limit).length
  if (attempt > failures) return undefined
  const isSlow = bytes.readUInt16BE(2) % 500 === 0
  const list = isSlow ? slowFaults : quickFaults
  return list[(bytes[4 + attempt] ?? 0) % list.length]
}

function play(fault: Fault | undefined, response: ServerResponse, port: number): void {
  switch (fault) {
    case undefined:
      response.writeHead(200).end('ok')
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case '500':
      response.writeHead(500).end('{"error":"down"}')
      return
    case '429':
      response.writeHead(429, { 'retry-after': '1' }).end()
      return
    case 'redirect':
      response.writeHead(302, { location: `http://127.0.0.1:${port}${trapPath}` }).end()
      return
    case 'endless':
      response.writeHead(500)
      pour(response)
      return
    case 'inflating':
      response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb)
      return
    case 'cut':
      response.writeHead(200, { 'content-length': '100' })
      response.write('0123456789', () => response.destroy())
      return
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end(junk)
      return
    case 'hang':
      return
    case 'late':
      setTimeout(() => response.writeHead(200).end(), lateMs).unref()
      return
  }
}

/** Writes until the other side has had enough. */
function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(16 * 1024, 0x20)
  const more = (): void => {
    if (response.destroyed) return
    response.write(chunk, () => setImmediate(more))
  }
  more()
}
