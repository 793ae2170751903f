import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'

/** One request as a receiver saw it. */
export type Received = Readonly<{
  path: string
  headers: IncomingHttpHeaders
  body: string
}>

/** Somebody else's server on loopback. `answer` may be changed between two requests. */
export type Receiver = Readonly<{
  url: string
  received: readonly Received[]
  answer: (handler: Answer) => void
  close: () => Promise<void>
}>

type Reply = Readonly<{ status: number; headers?: Readonly<Record<string, string>>; body?: string }>

/** A finished reply, or whatever is done with the response by hand. */
export type Answer = (
  received: Received,
  response: Parameters<RequestListener>[1],
) => Reply | undefined | Promise<Reply | undefined>

/** Starts a receiver that answers 200 unless told otherwise. */
export async function aReceiver(first: Answer = () => ({ status: 200 })): Promise<Receiver> {
  const received: Received[] = []
  const state = { answer: first }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      }
      received.push(one)
      void Promise.resolve(state.answer(one, response)).then((reply) => {
        if (reply !== undefined) response.writeHead(reply.status, reply.headers).end(reply.body)
      })
    })
  })
  const sockets = track(server)
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/in`,
    received,
    answer: (handler) => {
      state.answer = handler
    },
    close: () => closeAll(server, sockets),
  }
}

export type RawServer = Readonly<{ url: string; port: number; close: () => Promise<void> }>

/** Starts a server that does with each connection what it likes. */
export async function aRawServer(onSocket: (socket: Socket) => void): Promise<RawServer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  const sockets = track(server)
  const port = await listen(server)
  return { url: `http://127.0.0.1:${port}/in`, port, close: () => closeAll(server, sockets) }
}

/** A port on loopback that nobody listens at. */
export async function aClosedPort(): Promise<number> {
  const server = createTcpServer()
  const port = await listen(server)
  await closeAll(server, new Set())
  return port
}

function track(server: Server | TcpServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return sockets
}

function listen(server: TcpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function closeAll(server: TcpServer, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
