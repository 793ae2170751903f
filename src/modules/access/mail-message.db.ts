import { plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { MailFacts, MailPurpose, MailState } from './mail-message.ts'

export type NewMessages = Readonly<{
  businessId: Id<'business'>
  documentId: string
  purpose: MailPurpose
  sendNo: number
  ids: readonly string[]
  recipients: readonly string[]
  facts: MailFacts
  at: Instant
}>

/** Queues one message per recipient, due at once. */
export async function insertMessages(tx: Tx, messages: NewMessages): Promise<void> {
  const { businessId, documentId, purpose, sendNo, ids, recipients, facts, at } = messages
  await tx.query({
    name: 'insert_mail_messages',
    text: `insert into mail_message (business_id, message_id, document_id, purpose, send_no,
        recipient, facts, state, due_at, created_at)
      select $1, t.message_id, $2, $3, $4, t.recipient, $5, 'queued', $6, $6
      from unnest($7::uuid[], $8::text[]) as t (message_id, recipient)`,
    values: [
      businessId,
      documentId,
      purpose,
      sendNo,
      JSON.stringify(facts),
      at,
      plainArray(ids),
      textArray(recipients),
    ],
  })
}

/** A message in a worker's hand; `attempt` is 1 for the first. */
export type TakenMessage = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  environment: 'live' | 'test'
  id: string
  documentId: string
  purpose: MailPurpose
  recipient: string
  facts: MailFacts
  attempt: number
  createdAt: Instant
}>

/** Takes messages of every business that are due, the longest due first; others pass them by. */
export function takeMessages(
  tx: Tx,
  { now, leaseUntil, limit }: Readonly<{ now: Instant; leaseUntil: Instant; limit: number }>,
): Promise<TakenMessage[]> {
  return tx.query<TakenMessage>({
    name: 'take_mail_messages',
    text: `
      with due as (
        select m.business_id, m.message_id from mail_message as m
        where m.business_id is not null and m.due_at <= $1
          and (m.lease_until is null or m.lease_until <= $1)
        order by m.due_at, m.message_id limit $3
        for update skip locked
      )
      update mail_message as m set lease_until = $2, attempts = m.attempts + 1
      from due, business as b
      where m.business_id = due.business_id and m.message_id = due.message_id
        and b.business_id = m.business_id
      returning b.organization_id as "organizationId", m.business_id as "businessId", b.environment,
        m.message_id as id, m.document_id as "documentId", m.purpose, m.recipient, m.facts,
        m.attempts as attempt, m.created_at as "createdAt"`,
    values: [now, leaseUntil, limit],
  })
}

/** How an attempt ended and what becomes of its message. */
export type EndedMessage = Readonly<{
  state: MailState
  dueAt: Instant | null
  reply: string | null
  sizeBytes: number | null
  at: Instant
}>

/** Writes how an attempt ended, unless another worker has made a later one; whether it did. */
export async function updateMessage(
  tx: Tx,
  { businessId, id, attempt }: Pick<TakenMessage, 'businessId' | 'id' | 'attempt'>,
  ended: EndedMessage,
): Promise<boolean> {
  const rows = await tx.query({
    name: 'end_mail_attempt',
    text: `update mail_message set state = $4, due_at = $5, lease_until = null, reply = $6,
        size_bytes = coalesce($7, size_bytes), finished_at = case when $5::timestamptz is null then $8::timestamptz end
      where business_id = $1 and message_id = $2 and attempts = $3 and state = 'queued'
      returning 1`,
    values: [
      businessId,
      id,
      attempt,
      ended.state,
      ended.dueAt,
      ended.reply,
      ended.sizeBytes,
      ended.at,
    ],
  })
  return rows.length > 0
}

/** Remembers that an address takes no mail. */
export async function insertStop(
  tx: Tx,
  stop: Readonly<{ businessId: string; address: string; reason: string; at: Instant }>,
): Promise<void> {
  await tx.query({
    name: 'insert_mail_stop',
    text: `insert into mail_stop (business_id, address, reason, created_at)
      values ($1, $2, $3, $4) on conflict do nothing`,
    values: [stop.businessId, stop.address, stop.reason, stop.at],
  })
}
