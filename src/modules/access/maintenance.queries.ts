import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Maintenance, MaintenanceMode } from './maintenance.ts'

type Row = { mode: MaintenanceMode | 'off'; message: string | null; until: Instant | null }

/** What holds now: the newest order; undefined when it was to open again, or there was none. */
export async function findMaintenance(db: Pick<Db, 'query'>): Promise<Maintenance | undefined> {
  const [row] = await db.query<Row>({
    name: 'find_maintenance',
    text: 'select mode, message, until from maintenance order by maintenance_id desc limit 1',
    values: [],
  })
  if (row === undefined || row.mode === 'off') return undefined
  return { mode: row.mode, message: row.message, until: row.until }
}
