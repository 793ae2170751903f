import type { OrganizationCtx } from '../../db/write.ts'
import { dateIn } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { findLimit } from '../plans/limit.queries.ts'
import { findConnection } from './connection.queries.ts'
import { queueDatasets } from './dataset.actions.ts'
import { endLatePushes } from './push.actions.ts'
import type { ToFailure } from './push.ts'
import type { Manifest } from './record.ts'
import { listDueTypes } from './schedule.queries.ts'

type Scheduled = Readonly<{ connectionId: Id<'connection'>; manifests: readonly Manifest[] }>

/**
 * Reads the data types of a connection whose time has come, in the order of the settings. A second
 * run finds nothing to do, because the first has asked for them.
 * Refuses: nothing; a connection that is gone or not linked is left alone.
 * Source: Connect specification 13 and 14.
 */
export async function runSchedule(
  ctx: OrganizationCtx,
  { connectionId, manifests }: Scheduled,
): Promise<number> {
  const { tx, organizationId, now } = ctx
  const connection = await findConnection(tx, organizationId, connectionId)
  const manifest = manifests.find(({ key }) => key === connection?.platformKey)
  if (connection?.status !== 'Linked' || manifest === undefined) return 0
  const asked = { organizationId, surface: 'connect', name: 'hourlySync' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  const allowsHourlySync = limit === true
  const types = await listDueTypes(tx, organizationId, {
    ...{ connection, manifest, now, allowsHourlySync },
  })
  await queueDatasets(ctx, connection, manifest, types)
  return types.length
}

type Late = Readonly<{ connectionId: Id<'connection'>; toFailure: ToFailure }>

/**
 * Writes down which pushes of a connection are over time.
 * Refuses: nothing.
 * Source: Connect specification 17.
 */
export async function timeOutPushes(
  ctx: OrganizationCtx,
  { connectionId, toFailure }: Late,
): Promise<void> {
  const connection = await findConnection(ctx.tx, ctx.organizationId, connectionId)
  if (connection !== undefined) await endLatePushes(ctx, { connection, toFailure })
}
