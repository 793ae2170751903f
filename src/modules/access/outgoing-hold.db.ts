import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'

/** Notes that nothing leaves from now on; a hold that is there stays. */
export async function insertHold(tx: Tx, at: Instant): Promise<void> {
  await tx.query({
    text: 'insert into outgoing_hold (held_at) values ($1) on conflict do nothing',
    values: [at],
  })
}

/** Ends the hold; when it began, or undefined when there was none. */
export async function deleteHold(tx: Tx): Promise<Instant | undefined> {
  const [row] = await tx.query<{ heldAt: Instant }>({
    text: 'delete from outgoing_hold returning held_at as "heldAt"',
    values: [],
  })
  return row?.heldAt
}

/** Gives up messages of every tenant that were queued up to an instant; how many there were. */
export async function suppressMessages(
  tx: Tx,
  { until, reply, now }: Readonly<{ until: Instant; reply: string; now: Instant }>,
): Promise<number> {
  const rows = await tx.query({
    text: `update mail_message set state = 'suppressed', due_at = null, lease_until = null,
        reply = $2, finished_at = $3
      where tenant_id is not null and due_at is not null and created_at <= $1
      returning 1`,
    values: [until, reply, now],
  })
  return rows.length
}
