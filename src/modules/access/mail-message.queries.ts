import { bytesArray, plainArray } from '../../db/arrays.ts'
import { type Db, safeOf } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import {
  type MailMessage,
  type MailPurpose,
  type MailState,
  type MailStop,
  parseMail,
  placeOfMessage,
  placeOfStop,
} from './mail-message.ts'

const messageColumns = `m.message_id as id, m.tenant_id as "tenantId", m.about_id as "aboutId",
  m.purpose, m.send_no as "sendNo", m.sealed, m.state, m.attempts, m.due_at as "dueAt", m.reply,
  m.size_bytes as "sizeBytes", m.created_at as "createdAt", m.finished_at as "finishedAt"`

export type MailFilter = Readonly<{
  /** A business, or an organization itself. */
  tenantId: string
  state?: MailState | undefined
  limit: number
}>

/** Messages of a tenant, the newest first, ties by id; at most `limit`. */
export async function listMessages(
  db: Db,
  { tenantId, state, limit }: MailFilter,
): Promise<readonly MailMessage[]> {
  const rows = await db.query<Omit<MailMessage, 'recipient'> & Readonly<{ sealed: Buffer }>>({
    name: 'list_mail_messages',
    text: `select ${messageColumns} from mail_message as m
      where m.tenant_id = $1 and ($2::text is null or m.state = $2)
      order by m.created_at desc, m.message_id desc limit $3`,
    values: [tenantId, state ?? null, limit],
  })
  if (rows.length === 0) return []
  const { open } = await safeOf(db)
  return rows.map(({ sealed, ...row }) => {
    const { recipient } = parseMail(open(placeOfMessage(row.id), sealed))
    return { ...row, recipient }
  })
}

/** Addresses of a tenant that take no mail, the latest first, at most 1,000. */
export async function listStops(db: Db, tenantId: string): Promise<readonly MailStop[]> {
  const rows = await db.query<Omit<MailStop, 'address'> & Readonly<{ id: string; sealed: Buffer }>>(
    {
      name: 'list_mail_stops',
      text: `select stop_id as id, sealed, reason, created_at as "createdAt" from mail_stop
        where tenant_id = $1 order by created_at desc, stop_id desc limit 1000`,
      values: [tenantId],
    },
  )
  if (rows.length === 0) return []
  const { open } = await safeOf(db)
  return rows.map(({ id, sealed, ...row }) => {
    const address = new TextDecoder().decode(open(placeOfStop(id), sealed))
    return { address, ...row }
  })
}

/** A message that is asked for: about what, for what, and whom it goes to in lower case. */
export type AskedSend = Readonly<{
  aboutId: string
  purpose: MailPurpose
  since: Instant
  addresses: readonly string[]
}>

/** What was sent before; `stopped` is the first of the addresses that takes no mail. */
export type KnownSends = Readonly<{ sends: number; recent: number; stopped: string | undefined }>

/**
 * How often each was sent, how many messages that made since its instant, and whom nothing may be
 * sent to; in the order given.
 */
export async function listSends(
  db: Db,
  tenantId: string,
  asked: readonly AskedSend[],
): Promise<readonly KnownSends[]> {
  const { blindIndex } = await safeOf(db)
  const indexOf = (address: string): string => Buffer.from(blindIndex(address)).toString('hex')
  const indexes = new Map(asked.flatMap((one) => one.addresses.map((to) => [to, indexOf(to)])))
  const rows = await db.query<{ sends: number; recent: number; stopped: string[] | null }>({
    name: 'list_mail_sends',
    text: `
      select coalesce(max(m.send_no), 0)::int as sends,
        (count(*) filter (where m.created_at >= t.since))::int as recent,
        (select array_agg(encode(address_index, 'hex')) from mail_stop
          where tenant_id = $1 and address_index = any ($5::bytea[])) as stopped
      from unnest($2::uuid[], $3::text[], $4::timestamptz[]) with ordinality
        as t (about_id, purpose, since, place)
      left join mail_message as m
        on m.tenant_id = $1 and m.about_id = t.about_id and m.purpose = t.purpose
      group by t.place order by t.place`,
    values: [
      tenantId,
      plainArray(asked.map(({ aboutId }) => aboutId)),
      plainArray(asked.map(({ purpose }) => purpose)),
      plainArray(asked.map(({ since }) => since)),
      bytesArray([...indexes.values()].map((index) => Buffer.from(index, 'hex'))),
    ],
  })
  return rows.map(({ stopped, ...counts }, i) => {
    const refused = asked[i]?.addresses.filter((to) => stopped?.includes(indexes.get(to) ?? ''))
    return { ...counts, stopped: refused?.sort()[0] }
  })
}
