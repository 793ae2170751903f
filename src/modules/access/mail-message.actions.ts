import type { Tx } from '../../db/tx.ts'
import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import {
  insertMessages,
  insertStop,
  type TakenMessage,
  takeMessages,
  updateMessage,
} from './mail-message.db.ts'
import { findSends } from './mail-message.queries.ts'
import {
  isHeaderText,
  type MailFacts,
  type MailPurpose,
  mailBounds,
  nextMailAttempt,
  toAddress,
} from './mail-message.ts'

/** A message that brings a document; `to` and `cc` are whom it goes to. */
export type NewMail = Readonly<{ documentId: string; purpose: MailPurpose; facts: MailFacts }>

const dayMs = 86_400_000

/**
 * Queues a message in the commit that asks for it, once for each address.
 * Refuses, in this order: documents.email_invalid, sales.recipient_stopped, documents.email_limit.
 * Source: documents specification 7.
 */
export async function queueMail(ctx: Ctx, { documentId, purpose, facts }: NewMail): Promise<void> {
  const { businessId } = ctx
  const recipients = [...new Set([...facts.to, ...facts.cc].map(toAddress))]
  assert(recipients.length > 0, 'a message has a recipient')
  for (const [field, text] of [
    ['subject', facts.subject ?? ''],
    ['to', recipients.join()],
  ] as const) {
    if (!isHeaderText(text)) throw new Refusal('documents.email_invalid', { field })
  }
  const since = instantFromMs(msOf(ctx.recordedAt) - (msOf(ctx.recordedAt) % dayMs))
  const asked = { businessId, documentId, purpose, since, addresses: recipients }
  const { stopped, ...known } = await findSends(ctx.tx, asked)
  if (stopped !== null) throw new Refusal('sales.recipient_stopped', { email: stopped })
  const { perDocumentMax: limit, recipientsMax } = mailBounds
  if (recipients.length > recipientsMax || known.recent + recipients.length > limit) {
    throw new Refusal('documents.email_limit', { limit })
  }
  await insertMessages(ctx.tx, {
    ...{ businessId, documentId, purpose, recipients, facts },
    sendNo: known.sends + 1,
    ids: recipients.map(() => ctx.newId('mail')),
    at: ctx.recordedAt,
  })
}

/** A message in a worker's hand. */
export type TakenMail = TakenMessage

/**
 * Takes messages that are due; nobody else does before the lease has ended.
 * Refuses: nothing.
 */
export const takeMail = (
  tx: Tx,
  { now, leaseMs, limit }: Readonly<{ now: Instant; leaseMs: number; limit: number }>,
): Promise<readonly TakenMail[]> =>
  takeMessages(tx, { now, leaseUntil: instantFromMs(msOf(now) + leaseMs), limit })

/** How an attempt ended. `isFinal`: the same would be said again, so that there is no other. */
export type MailOutcome =
  | Readonly<{ kind: 'sent' | 'suppressed'; reply: string; sizeBytes: number }>
  | Readonly<{ kind: 'failed'; reply: string; isFinal: boolean; isBounce: boolean }>

/**
 * Records how an attempt ended: the next one is planned, or the message is at its end. An address
 * that was refused for good gets nothing more.
 * Refuses: nothing.
 * Source: documents specification 7.
 */
export async function recordMail(
  tx: Tx,
  taken: TakenMail,
  { outcome, now }: Readonly<{ outcome: MailOutcome; now: Instant }>,
): Promise<void> {
  const reply = outcome.reply.replace(/\p{Cc}+/gu, ' ').slice(0, mailBounds.replyMax)
  if (outcome.kind !== 'failed') {
    const { kind: state, sizeBytes } = outcome
    await updateMessage(tx, taken, { state, dueAt: null, reply, sizeBytes, at: now })
    return
  }
  const next = outcome.isFinal ? undefined : nextMailAttempt(taken.attempt, now)
  const state = next === undefined ? 'failed' : 'queued'
  const ended = { state, dueAt: next ?? null, reply, sizeBytes: null, at: now } as const
  const isOurs = await updateMessage(tx, taken, ended)
  if (!isOurs || !outcome.isBounce) return
  const { businessId, recipient: address } = taken
  await insertStop(tx, { businessId, address, reason: reply === '' ? 'refused' : reply, at: now })
}
