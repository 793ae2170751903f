import type { OrganizationCtx } from '../../db/write.ts'
import { dateIn } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { isUuid } from '../../kernel/ids.ts'
import { listBusinesses } from '../access/business.queries.ts'
import type { Business } from '../access/business.ts'
import { findLimit } from '../plans/limit.queries.ts'
import { imageOf } from './company.actions.ts'
import { getCompany } from './company.queries.ts'
import type { Company } from './company.ts'
import {
  deleteConnectionRow,
  insertConnection,
  updateLinked,
  updateUnlinked,
} from './connection.db.ts'
import { countLinkedConnections, getConnection } from './connection.queries.ts'
import { type Connection, singleSourceTypes } from './connection.ts'
import { queueDatasets, replayDatasets } from './dataset.actions.ts'
import { updateCancelled } from './dataset.db.ts'
import { toGuid } from './guid.ts'
import { freezeRecords, thawRecords } from './native.actions.ts'
import { playPushes } from './push.actions.ts'
import type { ToFailure } from './push.ts'
import { type Manifest, readableTypes } from './record.ts'
import { parseScript } from './scenario.ts'
import { loadCompanySettings } from './sync-setting.queries.ts'
import { firstTypes } from './sync-setting.ts'

type NewConnection = Readonly<{ companyId: string; manifest: Manifest }>

/**
 * Adds a connection to a company; somebody must authorize it before it can be read.
 * Refuses, in this order: sync.company_not_found, sync.integration_disabled.
 * Source: Connect specification 10.1.
 */
export async function createConnection(
  ctx: OrganizationCtx,
  { companyId, manifest }: NewConnection,
): Promise<Connection> {
  const company = await getCompany(ctx.tx, ctx.organizationId, companyId)
  if (!manifest.isEnabled) {
    throw new Refusal('sync.integration_disabled', { platformKey: manifest.key })
  }
  const connection: Connection = {
    id: toGuid('connection', ctx.digest(`${ctx.newId('connection')}${ctx.newId('connection')}`)),
    companyId: company.id,
    platformKey: manifest.key,
    sourceType: manifest.sourceType,
    status: 'PendingAuth',
    businessId: null,
    script: null,
    info: {},
    errors: [],
    createdAt: ctx.recordedAt,
    linkedAt: null,
    lastSyncAt: null,
  }
  await insertConnection(ctx.tx, ctx.organizationId, connection)
  record(ctx, { company, event: 'created', action: 'create', after: connection })
  return connection
}

type Link = Readonly<{
  companyId: string
  connectionId: string
  manifest: Manifest
  environment: 'live' | 'test'
  businessId: string | undefined
}>

/**
 * Links a native connection to a business of the same organization. The first link reads every
 * data type the platform has; a later one reads nothing, because the records are live again.
 *
 * Refuses, in this order: sync.company_not_found, sync.connection_not_found,
 * sync.authorization_rejected (no such business), connect.tenant_mismatch (it was linked to
 * another one before), sync.connection_category_taken, plan.connection_limit.
 * Source: Connect specification 10.2 and 10.3.
 */
export async function linkNativeConnection(ctx: OrganizationCtx, link: Link): Promise<Connection> {
  const { company, connection } = await find(ctx, link)
  const business = await chooseBusiness(ctx, link)
  if (connection.businessId !== null && connection.businessId !== business.id) {
    throw new Refusal('connect.tenant_mismatch', { platformName: link.manifest.name })
  }
  if (connection.status === 'Linked') return connection
  await requireFree(ctx, company, connection)
  const linked: Connection = {
    ...connection,
    status: 'Linked',
    businessId: business.id,
    info: { companyName: business.name, baseCurrency: business.baseCurrency },
    linkedAt: ctx.recordedAt,
  }
  const { info } = linked
  await updateLinked(ctx.tx, ctx.organizationId, {
    connectionId: linked.id,
    businessId: business.id,
    info,
    at: ctx.recordedAt,
  })
  const isFirst = connection.linkedAt === null
  const event = isFirst ? 'connected' : 'reconnected'
  record(ctx, { company, event, action: 'link', before: connection, after: linked })
  if (!isFirst) {
    await thawRecords(ctx, linked)
    return linked
  }
  return readFirst(ctx, linked, link.manifest)
}

type ScriptedLink = Readonly<{
  companyId: string
  connectionId: string
  manifest: Manifest
  credentials: Readonly<Record<string, unknown>>
  toFailure: ToFailure
}>

/**
 * Links a connection to synthetic books and tells it what to play; may be repeated, and then what
 * was held goes on as the new script says.
 *
 * Refuses, in this order: sync.company_not_found, sync.connection_not_found, validation.failed,
 * sync.authorization_rejected, sync.connection_category_taken, plan.connection_limit.
 * Source: Connect specification 10.2 and 11.4.
 */
export async function linkScriptedConnection(
  ctx: OrganizationCtx,
  link: ScriptedLink,
): Promise<Connection> {
  const { company, connection } = await find(ctx, link)
  const { manifest, credentials, toFailure } = link
  const script = parseScript(credentials, manifest.name, connection.script ?? undefined)
  if (connection.status !== 'Linked') await requireFree(ctx, company, connection)
  const info = { scenario: script.scenario, seed: String(script.seed) }
  const linked: Connection = {
    ...connection,
    ...{ status: 'Linked', script, info, linkedAt: ctx.recordedAt },
  }
  await updateLinked(ctx.tx, ctx.organizationId, {
    connectionId: linked.id,
    businessId: null,
    ...{ script, info, at: ctx.recordedAt },
  })
  const isFirst = connection.linkedAt === null
  const event = isFirst ? 'connected' : 'reconnected'
  record(ctx, { company, event, action: 'link', before: connection, after: linked })
  if (isFirst) return readFirst(ctx, linked, manifest)
  await replayDatasets(ctx, linked, manifest)
  await playPushes(ctx, { connection: linked, toFailure })
  return linked
}

/** Reads what the settings say that a first link reads. */
async function readFirst(
  ctx: OrganizationCtx,
  connection: Connection,
  manifest: Manifest,
): Promise<Connection> {
  const { tx, organizationId } = ctx
  const { settings } = await loadCompanySettings(tx, organizationId, connection.companyId)
  await queueDatasets(ctx, connection, manifest, firstTypes(settings, readableTypes(manifest)))
  return getConnection(tx, { organizationId, companyId: connection.companyId }, connection.id)
}

type Key = Readonly<{ companyId: string; connectionId: string }>

/**
 * Unlinks a connection. What was read stays readable as it stands now and follows the ledger no
 * more; syncs that still run are cancelled.
 *
 * Refuses, in this order: sync.company_not_found, sync.connection_not_found,
 * sync.connection_transition.
 * Source: Connect specification 10.2.
 */
export async function unlinkConnection(ctx: OrganizationCtx, key: Key): Promise<Connection> {
  const { company, connection } = await find(ctx, key)
  const { status } = connection
  if (status !== 'Linked') throw new Refusal('sync.connection_transition', { status })
  if (connection.businessId !== null) await freezeRecords(ctx, connection)
  await updateCancelled(ctx.tx, ctx.organizationId, connection.id, ctx.recordedAt)
  await updateUnlinked(ctx.tx, ctx.organizationId, connection.id, ctx.recordedAt)
  const after: Connection = { ...connection, status: 'Unlinked' }
  record(ctx, { company, event: 'disconnected', action: 'unlink', before: connection, after })
  return after
}

/**
 * Removes a connection and all that was read through it.
 * Refuses, in this order: sync.company_not_found, sync.connection_not_found.
 */
export async function deleteConnection(ctx: OrganizationCtx, key: Key): Promise<void> {
  const { company, connection } = await find(ctx, key)
  await deleteConnectionRow(ctx.tx, ctx.organizationId, connection.id)
  record(ctx, { company, event: 'deleted', action: 'delete', before: connection })
}

/** Refuses, in this order: sync.company_not_found, sync.connection_not_found. */
async function find(
  { tx, organizationId }: OrganizationCtx,
  { companyId, connectionId }: Key,
): Promise<Readonly<{ company: Company; connection: Connection }>> {
  const company = await getCompany(tx, organizationId, companyId)
  const wanted = connectionId.toLowerCase()
  const connection = company.connections.find(({ id }) => id === wanted)
  if (connection === undefined) throw new Refusal('sync.connection_not_found', { connectionId })
  return { company, connection }
}

/** The business that is named, or the only one of the key's environment. */
async function chooseBusiness(
  { tx, organizationId }: OrganizationCtx,
  { manifest, environment, businessId }: Link,
): Promise<Business> {
  const businesses = await listBusinesses(tx, organizationId)
  const rejected = (reason: string): Refusal =>
    new Refusal('sync.authorization_rejected', { platformName: manifest.name, reason })
  if (businessId !== undefined) {
    const wanted = businessId.toLowerCase()
    const named = businesses.find(({ id }) => isUuid(wanted) && id === wanted)
    if (named === undefined) throw rejected('businessId is not a business of this organization')
    return named
  }
  const own = businesses.filter((business) => business.environment === environment)
  const [only] = own
  if (only === undefined) throw rejected(`there is no ${environment} business`)
  if (own.length > 1) throw rejected('businessId must say which of several businesses is meant')
  return only
}

/** Refuses, in this order: sync.connection_category_taken, plan.connection_limit. */
async function requireFree(
  { tx, organizationId, now }: OrganizationCtx,
  company: Company,
  { sourceType }: Connection,
): Promise<void> {
  const taken = company.connections.some(
    (other) => other.status === 'Linked' && other.sourceType === sourceType,
  )
  if (singleSourceTypes.has(sourceType) && taken) {
    throw new Refusal('sync.connection_category_taken', { companyId: company.id, sourceType })
  }
  const asked = { organizationId, surface: 'connect', name: 'activeConnectionsMax' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  if (typeof limit !== 'number') return
  if ((await countLinkedConnections(tx, organizationId)) >= limit) {
    throw new Refusal('plan.connection_limit', { limit })
  }
}

type Change = Readonly<{
  company: Company
  event: 'created' | 'connected' | 'reconnected' | 'disconnected' | 'deleted'
  action: 'create' | 'link' | 'unlink' | 'delete'
  before?: Connection
  after?: Connection
}>

function record(ctx: OrganizationCtx, { company, event, action, before, after }: Change): void {
  const connection = after ?? before
  if (connection === undefined) return
  const subject = { resource: 'connection', resourceId: connection.id }
  ctx.audit({
    ...subject,
    action: `connection.${action}`,
    ...(before && { before }),
    ...(after && { after }),
  })
  const payload = { company: imageOf(company), connection }
  ctx.emit({ ...subject, type: `connection.${event}`, payload })
}
