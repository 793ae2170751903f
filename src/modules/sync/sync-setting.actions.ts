import type { OrganizationCtx } from '../../db/write.ts'
import { dateIn } from '../../kernel/dates.ts'
import { findLimit } from '../plans/limit.queries.ts'
import { getCompany } from './company.queries.ts'
import {
  deleteCompanySettings,
  keepClientSettings,
  keepCompanySettings,
} from './sync-setting.db.ts'
import { findClientSettings, findCompanySettings } from './sync-setting.queries.ts'
import { requireAllowedSchedules, type SyncSetting, withSettings } from './sync-setting.ts'

/**
 * Sets when the listed data types of a client are read; the others keep their setting.
 * Refuses: plan.sync_schedule_not_allowed, and keeps nothing then.
 * Source: Connect specification 13.
 */
export async function setClientSettings(
  ctx: OrganizationCtx,
  { listed }: Readonly<{ listed: readonly SyncSetting[] }>,
): Promise<void> {
  const { tx, organizationId, recordedAt: at } = ctx
  await requireAllowed(ctx, listed)
  const before = await findClientSettings(tx, organizationId)
  const settings = withSettings(before, listed)
  await keepClientSettings(tx, organizationId, { settings, at })
  record(ctx, organizationId, { before, after: settings })
}

/**
 * Sets the same for one company, or lets the client's settings apply to it again.
 * Refuses, in this order: sync.company_not_found, plan.sync_schedule_not_allowed.
 * Source: Connect specification 13.
 */
export async function setCompanySettings(
  ctx: OrganizationCtx,
  {
    companyId,
    listed,
    overridesDefaults,
  }: Readonly<{
    companyId: string
    listed: readonly SyncSetting[]
    overridesDefaults: boolean
  }>,
): Promise<void> {
  const { tx, organizationId, recordedAt: at } = ctx
  const { id } = await getCompany(tx, organizationId, companyId)
  await requireAllowed(ctx, listed)
  const before = await findCompanySettings(tx, organizationId, id)
  if (!overridesDefaults) {
    await deleteCompanySettings(tx, organizationId, id)
    record(ctx, id, { ...(before !== undefined && { before }) })
    return
  }
  const settings = withSettings(before ?? (await findClientSettings(tx, organizationId)), listed)
  await keepCompanySettings(tx, organizationId, id, { settings, at })
  record(ctx, id, { ...(before !== undefined && { before }), after: settings })
}

async function requireAllowed(
  { tx, organizationId, now }: OrganizationCtx,
  listed: readonly SyncSetting[],
): Promise<void> {
  const asked = { organizationId, surface: 'connect', name: 'hourlySync' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  requireAllowedSchedules(listed, { allowsHourlySync: limit === true })
}

type Images = Readonly<{ before?: object; after?: object }>

function record(ctx: OrganizationCtx, resourceId: string, { before, after }: Images): void {
  const resource = { resource: 'sync_settings', resourceId } as const
  ctx.audit({
    action: 'sync_settings.set',
    ...resource,
    ...(before && { before: { settings: before } }),
    ...(after && { after: { settings: after } }),
  })
  ctx.emit({ type: 'sync_settings.set', ...resource, payload: { settings: after ?? null } })
}
