import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { onTestFinished } from 'vitest'

/** A message as a mail server got it. */
export type Received = Readonly<{ from: string; to: readonly string[]; raw: string }>

export type Sink = Readonly<{
  url: string
  received: readonly Received[]
  /** What the server answers from now on; undefined: it takes everything. */
  refuse: (answer: Refused | undefined) => void
  /** Resolves when so many messages have come. */
  until: (count: number) => Promise<void>
  /** Nobody is at home any more. */
  close: () => Promise<void>
}>

type Refused = Readonly<{ at: 'recipient' | 'data'; code: number; text: string }>

/** A real mail server on a port of its own, which keeps what it gets, until the test is over. */
export async function aMailServer(options: SMTPServerOptions = {}): Promise<Sink> {
  const received: Received[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let refused: Refused | undefined
  const toError = ({ code, text }: Refused): Error =>
    Object.assign(new Error(text), { responseCode: code })
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    ...options,
    onRcptTo: (_address, _session, done) =>
      done(refused?.at === 'recipient' ? toError(refused) : null),
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (refused?.at === 'data') {
          done(toError(refused))
          return
        }
        received.push({
          from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
        })
        done()
        for (const { count, resolve } of waiting) if (received.length >= count) resolve()
      })
    },
  })
  // A client that hangs up is no concern of the test's.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => new Promise((resolve) => server.close(resolve))
  onTestFinished(close)
  const { port } = server.server.address() as AddressInfo // listens on a port
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    refuse: (answer) => {
      refused = answer
    },
    until: (count) =>
      received.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
    close,
  }
}

/** One header of a message, unfolded; empty when it has none. */
export function headerOf(raw: string, name: string): string {
  const [head = ''] = raw.split('\r\n\r\n')
  const line = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  return (
    line
      .find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      ?.slice(name.length + 2) ?? ''
  )
}

/** The text of a message as its reader sees it: quoted-printable and folds are undone. */
export const decoded = (raw: string): string => Buffer.from(bytesOf(raw), 'latin1').toString('utf8')

/** The subject of a message as its reader sees it. */
export const subjectOf = (raw: string): string =>
  headerOf(raw, 'Subject')
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_word, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('latin1')
        : bytesOf(text.replaceAll('_', ' ')),
    )
    .replace(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'))

/** The first part of a message that has a media type, decoded; empty when it has none. */
export function bodyOf(raw: string, mediaType: string): string {
  const part = raw
    .split(/\r\n--[^\r\n]+\r\n/)
    .find((one) => one.slice(0, 400).includes(`Content-Type: ${mediaType}`))
  const at = part?.indexOf('\r\n\r\n') ?? -1
  if (part === undefined || at === -1) return ''
  const [head, body] = [part.slice(0, at), part.slice(at + 4)]
  const bytes = /base64/i.test(head)
    ? Buffer.from(body, 'base64').toString('latin1')
    : bytesOf(body)
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

const bytesOf = (text: string): string =>
  text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_code, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
