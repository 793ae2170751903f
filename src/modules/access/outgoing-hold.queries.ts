import type { Db } from '../../db/tx.ts'
import type { MaintenanceMode } from './maintenance.ts'

/** What the operator lets workers do. */
export type Permission = Readonly<{
  /** Tasks run, and what leaves is prepared. */
  mayWork: boolean
  /** Events and messages leave. */
  maySend: boolean
}>

/** What workers may do now: nothing while all is closed, and nothing leaves while it is held. */
export async function findPermission(db: Pick<Db, 'query'>): Promise<Permission> {
  const [row] = await db.query<{ mode: MaintenanceMode | 'off' | null; isHeld: boolean }>({
    name: 'find_permission',
    text: `select (select mode from maintenance order by maintenance_id desc limit 1) as mode,
      exists (select from outgoing_hold) as "isHeld"`,
    values: [],
  })
  const mayWork = row?.mode !== 'full'
  return { mayWork, maySend: mayWork && row?.isHeld !== true }
}
