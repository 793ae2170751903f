import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { SyncSettings } from './sync-setting.ts'

type OrganizationId = Id<'organization'>
type Kept = Readonly<{ settings: SyncSettings; at: Instant }>

/** Keeps the settings of the client. */
export async function keepClientSettings(
  tx: Tx,
  organizationId: OrganizationId,
  { settings, at }: Kept,
): Promise<void> {
  await tx.query({
    name: 'keep_client_sync_settings',
    text: `insert into client_sync_settings (organization_id, settings, updated_at)
      values ($1, $2, $3)
      on conflict (organization_id) do update
        set settings = excluded.settings, updated_at = excluded.updated_at`,
    values: [organizationId, JSON.stringify(settings), at],
  })
}

/** Keeps the settings of one company. */
export async function keepCompanySettings(
  tx: Tx,
  organizationId: OrganizationId,
  companyId: Id<'company'>,
  { settings, at }: Kept,
): Promise<void> {
  await tx.query({
    name: 'keep_company_sync_settings',
    text: `insert into company_sync_settings (organization_id, company_id, settings, updated_at)
      values ($1, $2, $3, $4)
      on conflict (organization_id, company_id) do update
        set settings = excluded.settings, updated_at = excluded.updated_at`,
    values: [organizationId, companyId, JSON.stringify(settings), at],
  })
}

/** Forgets the settings of one company; the client's apply again. */
export async function deleteCompanySettings(
  tx: Tx,
  organizationId: OrganizationId,
  companyId: Id<'company'>,
): Promise<void> {
  await tx.query({
    name: 'delete_company_sync_settings',
    text: 'delete from company_sync_settings where organization_id = $1 and company_id = $2',
    values: [organizationId, companyId],
  })
}
