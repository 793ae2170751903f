import type { Tx } from '../../db/tx.ts'
import type { Ctx, OrganizationCtx, Together } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import {
  deleteStop,
  insertMessages,
  insertStop,
  type NewMessage,
  type TakenMessage,
  takeMessages,
  updateMessage,
} from './mail-message.db.ts'
import { type AskedSend, type KnownSends, listSends } from './mail-message.queries.ts'
import {
  type DocumentPurpose,
  isHeaderText,
  type MailFacts,
  mailBounds,
  nextMailAttempt,
  toAddress,
} from './mail-message.ts'

/** A message that brings a document; `to` and `cc` are whom it goes to. */
export type NewMail = Readonly<{ documentId: string; purpose: DocumentPurpose; facts: MailFacts }>

const dayMs = 86_400_000

/**
 * Queues a message in the commit that asks for it, once for each address.
 * Refuses, in this order: documents.email_invalid, sales.recipient_stopped, documents.email_limit.
 * Source: documents specification 7.
 */
export async function queueMail(ctx: Ctx, { documentId, purpose, facts }: NewMail): Promise<void> {
  const recipients = [...new Set([...facts.to, ...facts.cc].map(toAddress))]
  assert(recipients.length > 0, 'a message has a recipient')
  for (const [field, text] of [
    ['subject', facts.subject ?? ''],
    ['to', recipients.join()],
  ] as const) {
    if (!isHeaderText(text)) throw new Refusal('documents.email_invalid', { field })
  }
  const since = instantFromMs(msOf(ctx.recordedAt) - (msOf(ctx.recordedAt) % dayMs))
  const asked = { aboutId: documentId, purpose, since, addresses: recipients }
  const { stopped, ...known } = await ctx.readTogether(readSends, asked)
  if (stopped !== undefined) throw new Refusal('sales.recipient_stopped', { email: stopped })
  const { perDocumentMax: limit, recipientsMax } = mailBounds
  if (recipients.length > recipientsMax || known.recent + recipients.length > limit) {
    throw new Refusal('documents.email_limit', { limit })
  }
  const message = {
    ...{ aboutId: documentId, letter: { purpose, facts }, sendNo: known.sends + 1 },
    at: ctx.recordedAt,
  }
  await ctx.writeTogether(
    addMessages,
    recipients.map((recipient) => ({ ...message, id: ctx.newId('mail'), recipient })),
  )
}

const readSends: Together<AskedSend, KnownSends> = ({ tx, businessId }, asked) =>
  listSends(tx, businessId, asked)

const addMessages: Together<readonly NewMessage[], undefined> = async (ctx, sets) => {
  await insertMessages(ctx.tx, ctx.businessId, sets.flat())
  return sets.map(() => undefined)
}

/** A message in a worker's hand, sealed. */
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

/**
 * How an attempt ended. `isFinal`: the same would be said again, so that there is no other.
 * `bounced`: the address that was refused for good.
 */
export type MailOutcome =
  | Readonly<{ kind: 'sent' | 'suppressed'; reply: string; sizeBytes: number }>
  | Readonly<{ kind: 'failed'; reply: string; isFinal: boolean; bounced?: string }>

/**
 * Records how an attempt ended: the next one is planned, or the message is at its end. An address
 * that was refused for good gets nothing more.
 * Refuses: nothing.
 * Source: documents specification 7.
 */
export async function recordMail(
  tx: Tx,
  taken: TakenMail,
  { outcome, now, newId }: Readonly<{ outcome: MailOutcome; now: Instant; newId: () => string }>,
): Promise<void> {
  const tenantId = taken.businessId ?? taken.organizationId
  const message = { tenantId, id: taken.id, attempt: taken.attempt }
  const reply = outcome.reply.replace(/\p{Cc}+/gu, ' ').slice(0, mailBounds.replyMax)
  if (outcome.kind !== 'failed') {
    const { kind: state, sizeBytes } = outcome
    await updateMessage(tx, message, { state, dueAt: null, reply, sizeBytes, at: now })
    return
  }
  const next = outcome.isFinal ? undefined : nextMailAttempt(taken.attempt, now)
  const state = next === undefined ? 'failed' : 'queued'
  const ended = { state, dueAt: next ?? null, reply, sizeBytes: null, at: now } as const
  const isOurs = await updateMessage(tx, message, ended)
  const { bounced: address } = outcome
  if (!isOurs || address === undefined) return
  const reason = reply === '' ? 'refused' : reply
  await insertStop(tx, { tenantId, id: newId(), address, reason, at: now })
}

/**
 * Lets messages go to an address again that its mail server had refused for good.
 * Refuses: resource.not_found (nothing stops messages to it).
 */
export async function liftStop(
  ctx: OrganizationCtx | Ctx,
  { email, reason }: Readonly<{ email: string; reason?: string }>,
): Promise<void> {
  const tenantId = 'businessId' in ctx ? ctx.businessId : ctx.organizationId
  const stop = await deleteStop(ctx.tx, { tenantId, address: toAddress(email) })
  if (stop === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Stopped address', id: email })
  }
  const { id, ...before } = stop
  ctx.audit({
    ...{ action: 'mail_stop.lift', resource: 'mail_stop', resourceId: id, before },
    ...(reason !== undefined && { reason }),
  })
}
