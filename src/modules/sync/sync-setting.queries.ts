import type { Db } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import { type SyncSetting, type SyncSettings, settingsOf } from './sync-setting.ts'

type OrganizationId = Id<'organization'>

/** What the client has set; empty before the first time. */
export async function findClientSettings(
  db: Db,
  organizationId: OrganizationId,
): Promise<SyncSettings> {
  const [row] = await db.query<{ settings: SyncSettings }>({
    name: 'find_client_sync_settings',
    text: 'select settings from client_sync_settings where organization_id = $1',
    values: [organizationId],
  })
  return row?.settings ?? {}
}

/** What was set for one company alone; undefined while the client's settings apply. */
export async function findCompanySettings(
  db: Db,
  organizationId: OrganizationId,
  companyId: Id<'company'>,
): Promise<SyncSettings | undefined> {
  const [row] = await db.query<{ settings: SyncSettings }>({
    name: 'find_company_sync_settings',
    text: `select settings from company_sync_settings
      where organization_id = $1 and company_id = $2`,
    values: [organizationId, companyId],
  })
  return row?.settings
}

/** The settings that apply to a company, and whether they are its own. */
export async function loadCompanySettings(
  db: Db,
  organizationId: OrganizationId,
  companyId: Id<'company'>,
): Promise<Readonly<{ settings: readonly SyncSetting[]; isOwn: boolean }>> {
  const own = await findCompanySettings(db, organizationId, companyId)
  const settings = settingsOf(own ?? (await findClientSettings(db, organizationId)))
  return { settings, isOwn: own !== undefined }
}
