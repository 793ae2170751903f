import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { MailMessage, MailPurpose, MailState } from './mail-message.ts'

const messageColumns = `m.message_id as id, m.business_id as "businessId",
  m.document_id as "documentId", m.purpose, m.send_no as "sendNo", m.recipient, m.state, m.attempts,
  m.due_at as "dueAt", m.reply, m.size_bytes as "sizeBytes", m.created_at as "createdAt",
  m.finished_at as "finishedAt"`

export type MailFilter = Readonly<{
  businessId: Id<'business'>
  state?: MailState | undefined
  limit: number
}>

/** Messages of a business, the newest first, ties by id; at most `limit`. */
export function listMessages(
  db: Db,
  { businessId, state, limit }: MailFilter,
): Promise<readonly MailMessage[]> {
  return db.query<MailMessage>({
    name: 'list_mail_messages',
    text: `select ${messageColumns} from mail_message as m
      where m.business_id = $1 and ($2::text is null or m.state = $2)
      order by m.created_at desc, m.message_id desc limit $3`,
    values: [businessId, state ?? null, limit],
  })
}

/**
 * How often a document was sent for a purpose, how many messages that made since an instant, and
 * the first of some addresses, in lower case, that takes no mail.
 */
export async function findSends(
  db: Db,
  sends: Readonly<{
    businessId: Id<'business'>
    documentId: string
    purpose: MailPurpose
    since: Instant
    addresses: readonly string[]
  }>,
): Promise<Readonly<{ sends: number; recent: number; stopped: string | null }>> {
  const [row] = await db.query<{ sends: number; recent: number; stopped: string | null }>({
    name: 'find_mail_sends',
    text: `select coalesce(max(send_no), 0)::int as sends,
        (count(*) filter (where created_at >= $4))::int as recent,
        (select min(address) from mail_stop
          where business_id = $1 and address = any ($5::text[])) as stopped
      from mail_message where business_id = $1 and document_id = $2 and purpose = $3`,
    values: [sends.businessId, sends.documentId, sends.purpose, sends.since, sends.addresses],
  })
  return row ?? { sends: 0, recent: 0, stopped: null }
}
