import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'

/** Whether anything could leave: somebody listens, or a message waits. */
export async function hasOutgoing(tx: Tx): Promise<boolean> {
  const [row] = await tx.query<{ has: boolean }>({
    text: `select exists (select from endpoint as e
        where e.organization_id is not null and e.deleted_at is null)
      or exists (select from mail_message as m
        where m.tenant_id is not null and m.due_at is not null) as has`,
    values: [],
  })
  return row?.has === true
}

/** Calls off deliveries of every organization that waited at an instant; how many there were. */
export async function cancelUntil(
  tx: Tx,
  { until, now }: Readonly<{ until: Instant; now: Instant }>,
): Promise<number> {
  const rows = await tx.query({
    text: `update delivery set state = 'canceled', due_at = null, lease_until = null, finished_at = $2
      where organization_id is not null and due_at is not null and created_at <= $1
      returning 1`,
    values: [until, now],
  })
  return rows.length
}

/** Passes over events of every tenant that nobody was given and that happened up to an instant. */
export async function passOverUntil(tx: Tx, until: Instant): Promise<void> {
  await tx.query({
    text: `insert into event_cursor (tenant_id, sequence)
      select ev.tenant_id, max(ev.sequence) from event as ev
      where ev.tenant_id is not null and ev.at <= $1 group by ev.tenant_id
      on conflict (tenant_id) do update
        set sequence = greatest(event_cursor.sequence, excluded.sequence)`,
    values: [until],
  })
}

/** How many deliveries of every organization wait. */
export async function countWaiting(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ count: number }>({
    text: `select count(*)::int as count from delivery
      where organization_id is not null and due_at is not null`,
    values: [],
  })
  return row?.count ?? 0
}
