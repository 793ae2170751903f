import { asOwner } from '../db/owner.ts'
import type { Pool } from '../db/pool.ts'
import type { Action, OrganizationCtx } from '../db/write.ts'
import type { Instant } from '../kernel/dates.ts'
import type { Id } from '../kernel/ids.ts'
import type { ToFailure } from '../modules/sync/push.ts'
import type { Manifest } from '../modules/sync/record.ts'
import { runSchedule, timeOutPushes } from '../modules/sync/schedule.actions.ts'
import {
  listConnectionsWithLatePushes,
  listLinkedConnections,
  type ScheduledConnection,
} from '../modules/sync/schedule.queries.ts'

/** Sessions of the owner's role, the platforms, and the gate of all writes of organizations. */
export type SyncParts = Readonly<{
  adminPool: Pool
  clock: () => Instant
  /** The platforms that companies can be connected to. */
  manifests: readonly Manifest[]
  /** How a refusal ends a push, in the words of its contract; each answer names an id. */
  toPushFailure: (requestId: string) => ToFailure
  write: <Input, Result>(
    command: Readonly<{
      tenant: Readonly<{ organizationId: Id<'organization'> }>
      action: Action<OrganizationCtx, Input, Result>
      input: Input
      actor: string
      now: Instant
    }>,
  ) => Promise<unknown>
}>

const connectionsMax = 200

/** Reads what the sync settings say is due, connection by connection, each in its owner's lane. */
export async function runSchedules(
  { adminPool, clock, manifests, write }: SyncParts,
  limit = connectionsMax,
): Promise<void> {
  let after: ScheduledConnection | undefined
  let first: unknown
  for (;;) {
    const from = after
    const page = await asOwner(adminPool, (tx) => listLinkedConnections(tx, from, limit))
    for (const { organizationId, connectionId } of page) {
      try {
        await write({
          tenant: { organizationId },
          action: runSchedule,
          input: { connectionId, manifests },
          actor: 'system',
          now: clock(),
        })
      } catch (error) {
        // One platform that cannot be read now keeps no other from its turn.
        first ??= error
      }
    }
    after = page.at(-1)
    if (page.length < limit) break
  }
  if (first !== undefined) throw first
}

/** Writes down which pushes are over time, so that it is told without anybody asking. */
export async function timeOutLatePushes(parts: SyncParts): Promise<void> {
  const { adminPool, clock, toPushFailure, write } = parts
  const now = clock()
  const late = await asOwner(adminPool, (tx) =>
    listConnectionsWithLatePushes(tx, { now, limit: connectionsMax }),
  )
  for (const { organizationId, connectionId } of late) {
    await write({
      tenant: { organizationId },
      action: timeOutPushes,
      input: { connectionId, toFailure: toPushFailure(connectionId) },
      actor: 'system',
      now,
    })
  }
}
