import { rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { DatabaseAddress } from '../src/db/embedded.ts'
import { temporaryFolder } from './postgres.ts'

/**
 * When the link to the database breaks around a message, COMMIT unless told otherwise: before it
 * reaches the server, while the server is at it, or when it is done and its answer is on the way.
 */
export type Break = 'before' | 'during' | 'after'

export type Relay = DatabaseAddress &
  Readonly<{
    /** Breaks the connection of the next COMMIT, or of the n-th message from now; later ones pass. */
    breakNext: (when: Break, message?: number) => void
    /** How many were broken. */
    broken: () => number
    close: () => void
  }>

/** A socket of its own in front of a database, which passes bytes on until it is told to break. */
export async function aRelay({ socketDir, port, user }: DatabaseAddress): Promise<Relay> {
  const folder = temporaryFolder()
  const file = `.s.PGSQL.${port}`
  const sockets = new Set<Socket>()
  let next: Break | undefined
  let messagesLeft: number | undefined
  let count = 0
  const server = createServer((client) => {
    const database = createConnection(join(socketDir, file))
    let isWaiting = false
    const cut = (): void => {
      client.destroy()
      database.destroy()
    }
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', cut).on('close', cut)
    }
    client.on('data', (bytes) => {
      if (messagesLeft !== undefined) messagesLeft -= 1
      const isTurn = messagesLeft === undefined ? isCommit(bytes) : messagesLeft === 0
      if (next === undefined || !isTurn) {
        database.write(bytes)
        return
      }
      const when = next
      next = undefined
      count += 1
      if (when === 'before') cut()
      else if (when === 'during') database.write(bytes, cut)
      else {
        isWaiting = true
        database.write(bytes)
      }
    })
    database.on('data', (bytes) => {
      if (isWaiting) cut()
      else client.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(join(folder, file), resolve))
  return {
    ...{ socketDir: folder, port, user },
    breakNext: (when, message) => {
      next = when
      messagesLeft = message
    },
    broken: () => count,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The lane's own commit; those of reads stand alone in their message. */
const isCommit = (bytes: Buffer): boolean => bytes.includes('set constraints all immediate; commit')
