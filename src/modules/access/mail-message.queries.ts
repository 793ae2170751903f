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

/**
 * How often something was sent for a purpose, how many messages that made since an instant, and the
 * first of some addresses, in lower case, that takes no mail.
 */
export async function findSends(
  db: Db,
  sends: Readonly<{
    tenantId: string
    aboutId: string
    purpose: MailPurpose
    since: Instant
    addresses: readonly string[]
  }>,
): Promise<Readonly<{ sends: number; recent: number; stopped: string | undefined }>> {
  const { blindIndex } = await safeOf(db)
  const indexes = sends.addresses.map((address) => Buffer.from(blindIndex(address)))
  const [row] = await db.query<{ sends: number; recent: number; stopped: Buffer[] | null }>({
    name: 'find_mail_sends',
    text: `select coalesce(max(send_no), 0)::int as sends,
        (count(*) filter (where created_at >= $4))::int as recent,
        (select array_agg(address_index) from mail_stop
          where tenant_id = $1 and address_index = any ($5::bytea[])) as stopped
      from mail_message where tenant_id = $1 and about_id = $2 and purpose = $3`,
    values: [sends.tenantId, sends.aboutId, sends.purpose, sends.since, indexes],
  })
  const { stopped, ...counts } = row ?? { sends: 0, recent: 0, stopped: null }
  const refused = sends.addresses.filter((_, i) =>
    stopped?.some((index) => indexes[i]?.equals(index)),
  )
  return { ...counts, stopped: [...refused].sort()[0] }
}
