import { bytesArray, plainArray } from '../../db/arrays.ts'
import { safeOf, type Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Letter, type MailState, placeOfMessage, placeOfStop } from './mail-message.ts'

export type NewMessage = Readonly<{
  id: string
  aboutId: string
  sendNo: number
  recipient: string
  letter: Letter
  at: Instant
}>

/** Queues messages of a tenant, due at once; whom they go to and what they say is sealed. */
export async function insertMessages(
  tx: Tx,
  tenantId: string,
  messages: readonly NewMessage[],
): Promise<void> {
  const { seal, blindIndex } = await safeOf(tx)
  const sealed = messages.map(({ id, recipient, letter }) =>
    seal(placeOfMessage(id), new TextEncoder().encode(JSON.stringify({ recipient, letter }))),
  )
  await tx.query({
    name: 'insert_mail_messages',
    text: `insert into mail_message (tenant_id, message_id, about_id, purpose, send_no,
        recipient_index, sealed, state, due_at, created_at)
      select $1, t.message_id, t.about_id, t.purpose, t.send_no, t.recipient_index, t.sealed,
        'queued', t.at, t.at
      from unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::bytea[], $7::bytea[],
        $8::timestamptz[])
        as t (message_id, about_id, purpose, send_no, recipient_index, sealed, at)`,
    values: [
      tenantId,
      plainArray(messages.map(({ id }) => id)),
      plainArray(messages.map(({ aboutId }) => aboutId)),
      plainArray(messages.map(({ letter }) => letter.purpose)),
      plainArray(messages.map(({ sendNo }) => sendNo)),
      bytesArray(messages.map(({ recipient }) => Buffer.from(blindIndex(recipient)))),
      bytesArray(sealed.map((bytes) => Buffer.from(bytes))),
      plainArray(messages.map(({ at }) => at)),
    ],
  })
}

/** A message in a worker's hand; `attempt` is 1 for the first. `sealed` holds an `OpenedMail`. */
export type TakenMessage = Readonly<{
  organizationId: Id<'organization'>
  /** Null: a notice to the owner of the organization. */
  businessId: Id<'business'> | null
  environment: 'live' | 'test'
  id: string
  aboutId: string
  sealed: Buffer
  attempt: number
  createdAt: Instant
}>

/** Takes messages of every tenant that are due, the longest due first; others pass them by. */
export function takeMessages(
  tx: Tx,
  { now, leaseUntil, limit }: Readonly<{ now: Instant; leaseUntil: Instant; limit: number }>,
): Promise<TakenMessage[]> {
  return tx.query<TakenMessage>({
    name: 'take_mail_messages',
    text: `
      with due as (
        select m.tenant_id, m.message_id from mail_message as m
        where m.tenant_id is not null and m.due_at <= $1
          and (m.lease_until is null or m.lease_until <= $1)
        order by m.due_at, m.message_id limit $3
        for update skip locked
      )
      update mail_message as m set lease_until = $2, attempts = m.attempts + 1
      from due left join business as b on b.business_id = due.tenant_id
      where m.tenant_id = due.tenant_id and m.message_id = due.message_id
      returning coalesce(b.organization_id, m.tenant_id) as "organizationId",
        b.business_id as "businessId", coalesce(b.environment, 'live') as environment,
        m.message_id as id, m.about_id as "aboutId", m.sealed, m.attempts as attempt,
        m.created_at as "createdAt"`,
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
  { tenantId, id, attempt }: Pick<TakenMessage, 'id' | 'attempt'> & Readonly<{ tenantId: string }>,
  ended: EndedMessage,
): Promise<boolean> {
  const rows = await tx.query({
    name: 'end_mail_attempt',
    text: `update mail_message set state = $4, due_at = $5, lease_until = null, reply = $6,
        size_bytes = coalesce($7, size_bytes), finished_at = case when $5::timestamptz is null then $8::timestamptz end
      where tenant_id = $1 and message_id = $2 and attempts = $3 and state = 'queued'
      returning 1`,
    values: [
      tenantId,
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

type NewStop = Readonly<{
  tenantId: string
  id: string
  address: string
  reason: string
  at: Instant
}>

/** Remembers that an address takes no mail, sealed. */
export async function insertStop(
  tx: Tx,
  { tenantId, id, address, reason, at }: NewStop,
): Promise<void> {
  const { seal, blindIndex } = await safeOf(tx)
  await tx.query({
    name: 'insert_mail_stop',
    text: `insert into mail_stop (tenant_id, stop_id, address_index, sealed, reason, created_at)
      values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    values: [
      tenantId,
      id,
      blindIndex(address),
      seal(placeOfStop(id), new TextEncoder().encode(address)),
      reason,
      at,
    ],
  })
}

/** Forgets that an address takes no mail; what was remembered, or undefined. */
export async function deleteStop(
  tx: Tx,
  { tenantId, address }: Readonly<{ tenantId: string; address: string }>,
): Promise<Readonly<{ id: string; reason: string; createdAt: Instant }> | undefined> {
  const { blindIndex } = await safeOf(tx)
  const [row] = await tx.query<Readonly<{ id: string; reason: string; createdAt: Instant }>>({
    name: 'delete_mail_stop',
    text: `delete from mail_stop where tenant_id = $1 and address_index = $2
      returning stop_id as id, reason, created_at as "createdAt"`,
    values: [tenantId, blindIndex(address)],
  })
  return row
}
