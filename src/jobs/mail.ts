import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  createTransport,
  type SendMailOptions,
  type SMTPSentMessageInfo,
  type Transporter,
} from 'nodemailer'
import { asOwner } from '../db/owner.ts'
import type { Pool } from '../db/pool.ts'
import { openAlone, type Tenant } from '../db/tx.ts'
import { renderMail } from '../documents/mail-body.ts'
import { renderNotice } from '../documents/notice-body.ts'
import { type Instant, msOf } from '../kernel/dates.ts'
import { uuidV7 } from '../kernel/ids.ts'
import {
  type MailOutcome,
  recordMail,
  type TakenMail,
  takeMail,
} from '../modules/access/mail-message.actions.ts'
import {
  type DocumentLetter,
  isAllowedAddress,
  mailBounds,
  type OpenedMail,
  parseMail,
  placeOfMessage,
  withoutAddress,
} from '../modules/access/mail-message.ts'

/** How messages leave this installation. */
export type MailSettings = Readonly<{
  /** `smtp://user:password@host:port` or `smtps://…`; empty: messages are kept in the outbox. */
  smtpUrl: string
  /** The address that messages come from. */
  mailFrom: string
  /** Addresses that test businesses may write to. */
  testMailAllow: readonly string[]
  /** The folder that keeps what was not sent, one `.eml` file per message. */
  outbox: string
}>

type Print = (
  tenant: Required<Tenant>,
  order: Readonly<{ kind: 'invoice' | 'quotation'; documentId: string; language: string }>,
) => Promise<Readonly<{ pdf: Buffer }>>

export type MailParts = Readonly<{
  adminPool: Pool
  clock: () => Instant
  random: (bytes: number) => Uint8Array
  settings: MailSettings
  print: Print
  toPageUrl: (documentId: string, generation: number) => string
  log: Readonly<Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>>
  /** Whether anything may leave now; without it everything may. */
  maySend?: () => Promise<boolean>
  /** Where a test makes the worker fail: between the answer and its record. */
  onAnswered?: ((taken: TakenMail) => Promise<void>) | undefined
}>

/** A message that is opened for its attempt. */
type Mail = TakenMail & OpenedMail

const pollMs = 1_000
const troublePauseMs = 5_000
const takenMax = 10
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 }
const sendMaxMs = 60_000
const leaseMs = 5 * 60_000

/**
 * Sends messages: takes what is due, hands it to the mail server, and records what it said. The rows
 * are the truth, so that any number of engines may run and each may die at any moment. A message
 * whose record was lost is sent once more under the same Message-ID, by which readers know it.
 * Source: documents specification 7.
 */
export class MailEngine {
  readonly #parts: MailParts
  readonly #transport: Transporter<SMTPSentMessageInfo> | undefined
  readonly #composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(parts: MailParts) {
    this.#parts = parts
    const { smtpUrl } = parts.settings
    this.#transport = smtpUrl === '' ? undefined : createTransport({ url: smtpUrl, ...timeouts })
  }

  /** Begins to work, until `stop`. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Takes nothing more and waits for what is on its way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#transport?.close()
  }

  /** Sends everything that is due at this moment; answers how many messages there were. */
  async sendDue(): Promise<number> {
    let count = 0
    for (;;) {
      const { adminPool, clock } = this.#parts
      const taken = await asOwner(adminPool, (tx) =>
        takeMail(tx, { now: clock(), leaseMs, limit: takenMax }),
      )
      for (const message of taken) await this.#attempt(message)
      count += taken.length
      if (taken.length === 0 || this.#stop.signal.aborted) return count
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      let restMs = pollMs
      try {
        if ((await this.#parts.maySend?.()) !== false) await this.sendDue()
      } catch (error) {
        this.#parts.log.warn({ err: error }, 'messages wait for the database')
        restMs = troublePauseMs
      }
      await pause(restMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #attempt(taken: TakenMail): Promise<void> {
    const { adminPool, clock, onAnswered, log } = this.#parts
    const { organizationId, businessId, id: messageId, attempt } = taken
    try {
      const opened = await this.#open(taken)
      const said = await this.#send({ ...taken, ...opened })
      const outcome = { ...said, reply: withoutAddress(said.reply, opened.recipient) }
      await onAnswered?.(taken)
      if (outcome.kind === 'failed') {
        const { reply, isFinal } = outcome
        log.warn({ businessId, messageId, attempt, reply, isFinal }, 'a message was not sent')
      }
      const record = { outcome, now: clock(), newId: () => this.#newId() }
      await asOwner(adminPool, (tx) => recordMail(tx, taken, record), { organizationId })
    } catch (error) {
      // Without a record the lease ends, and the attempt is repeated.
      log.error({ err: error, businessId, messageId }, 'a message could not be recorded')
    }
  }

  async #open({ organizationId, id, sealed }: TakenMail): Promise<OpenedMail> {
    const place = { organizationId, ...placeOfMessage(id) }
    return parseMail(await openAlone(this.#parts.adminPool, place, sealed))
  }

  #newId(): string {
    const { clock, random } = this.#parts
    return uuidV7(msOf(clock()), random(10))
  }

  async #send(taken: Mail): Promise<MailOutcome> {
    try {
      const message = await this.#compose(taken)
      const isAllowed =
        taken.environment === 'live' ||
        'organization' in taken.letter ||
        isAllowedAddress(taken.recipient, this.#parts.settings.testMailAllow)
      if (this.#transport === undefined) return await this.#keep(taken, message, noServer)
      if (!isAllowed) return await this.#keep(taken, message, isTest)
      const envelope = { from: addressOf(this.#parts.settings.mailFrom), to: [taken.recipient] }
      const signal = AbortSignal.timeout(sendMaxMs)
      const { response } = await this.#transport.sendMail({ raw: message, envelope, signal })
      return { kind: 'sent', reply: response, sizeBytes: message.length }
    } catch (error) {
      return toFailure(error, taken.recipient)
    }
  }

  /** Keeps a message that is not sent where a person can read it. */
  async #keep({ id }: Mail, message: Buffer, reply: string): Promise<MailOutcome> {
    const { outbox } = this.#parts.settings
    await mkdir(outbox, { recursive: true, mode: 0o700 })
    await writeFile(join(outbox, `${id}.eml`), message, { mode: 0o600 })
    return { kind: 'suppressed', reply, sizeBytes: message.length }
  }

  async #compose(taken: Mail): Promise<Buffer> {
    const { letter, id, createdAt, recipient } = taken
    const { mailFrom } = this.#parts.settings
    const sender = mailFrom === '' ? 'outbox@localhost' : mailFrom
    const from = addressOf(sender)
    const domain = from.split('@').at(-1)
    const said: SendMailOptions =
      'organization' in letter
        ? {
            from: { name: 'Tallystick', address: from },
            to: recipient,
            ...renderNotice(letter, letter.organization),
          }
        : await this.#toDocumentMail(taken, letter, { from, domain })
    const { message } = await this.#composer.sendMail({
      ...said,
      messageId: `<${id}@${domain}>`,
      date: new Date(createdAt),
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    return Buffer.isBuffer(message) ? message : Buffer.from(String(message))
  }

  async #toDocumentMail(
    taken: Mail,
    { purpose, facts }: DocumentLetter,
    { from, domain }: Readonly<{ from: string; domain: string | undefined }>,
  ): Promise<SendMailOptions> {
    const { aboutId: documentId, environment } = taken
    const url = this.#parts.toPageUrl(documentId, facts.generation)
    const thread = `<${documentId}@${domain}>`
    return {
      from: { name: facts.seller, address: from },
      to: [...facts.to],
      cc: [...facts.cc],
      ...(facts.replyTo !== null && { replyTo: facts.replyTo }),
      ...renderMail({ purpose, facts, url, isTest: environment === 'test' }),
      inReplyTo: thread,
      references: thread,
      attachments: await this.#attachments(taken, { purpose, facts }),
    }
  }

  async #attachments(
    { aboutId: documentId, organizationId, businessId }: Mail,
    { purpose: kind, facts }: DocumentLetter,
  ): Promise<NonNullable<SendMailOptions['attachments']>> {
    if (!facts.hasPdf || businessId === null) return []
    const order = { kind, documentId, language: facts.language }
    const { pdf } = await this.#parts.print({ organizationId, businessId }, order)
    if (pdf.length > mailBounds.attachmentBytesMax) return []
    const label = kind === 'invoice' ? 'Invoice' : 'Quotation'
    const filename = `${label}-${facts.number.replace(/[^A-Za-z0-9._-]+/g, '-')}.pdf`
    return [{ filename, content: pdf, contentType: 'application/pdf' }]
  }
}

const noServer = 'No mail server is set up; the message is kept in the outbox folder.'
const isTest = 'A test business may not write to this address; the message is kept in the outbox.'

/** The address in `Name <address>`, or the whole of it. */
const addressOf = (from: string): string => /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim()

/** A server that says no for good to this very message or address is not asked again. */
function toFailure(error: unknown, recipient: string): MailOutcome {
  const { responseCode, command, response, message, code } = Object(error) as Readonly<
    Record<string, unknown>
  > // as the mail client describes its failures
  const isAboutMessage = command === 'RCPT TO' || command === 'DATA'
  const isFinal = isAboutMessage && typeof responseCode === 'number' && responseCode >= 500
  const isBounce = isFinal && command === 'RCPT TO' && [550, 551, 553].includes(responseCode)
  const reply = [response ?? message, code === undefined ? undefined : `(${String(code)})`]
  const said = reply.filter((part) => part !== undefined).join(' ')
  return { kind: 'failed', reply: said, isFinal, ...(isBounce && { bounced: recipient }) }
}
