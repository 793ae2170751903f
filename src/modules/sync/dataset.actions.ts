import type { OrganizationCtx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { Refusal } from '../../kernel/errors.ts'
import { getCompany } from './company.queries.ts'
import { getConnection } from './connection.queries.ts'
import type { Connection } from './connection.ts'
import { insertQueued, updateComplete } from './dataset.db.ts'
import { findRunningDataset, listRunningDatasets } from './dataset.queries.ts'
import { asQueued, type Dataset } from './dataset.ts'
import { toGuid } from './guid.ts'
import { type DataType, isSupported, type Manifest, readableTypes } from './record.ts'
import { type EndedDataset, playDatasets } from './scripted.actions.ts'
import { loadCompanySettings } from './sync-setting.queries.ts'
import { firstTypes } from './sync-setting.ts'

type Refresh = Readonly<{ companyId: string; manifests: readonly Manifest[] }>

/**
 * Queues what a first link reads on every linked connection of a company; types that are still
 * running are left out. Without a linked connection nothing happens.
 * Refuses: sync.company_not_found.
 * Source: Connect specification 14.1.
 */
export async function refreshCompany(
  ctx: OrganizationCtx,
  { companyId, manifests }: Refresh,
): Promise<void> {
  const { connections } = await getCompany(ctx.tx, ctx.organizationId, companyId)
  for (const connection of connections.filter(({ status }) => status === 'Linked')) {
    const manifest = manifests.find(({ key }) => key === connection.platformKey)
    if (manifest !== undefined) {
      const { settings } = await loadCompanySettings(
        ctx.tx,
        ctx.organizationId,
        connection.companyId,
      )
      await queueDatasets(ctx, connection, manifest, firstTypes(settings, readableTypes(manifest)))
    }
  }
}

type RefreshOne = Refresh & Readonly<{ dataType: DataType; connectionId?: string | undefined }>

/**
 * Queues one data type, on the connection named or on the oldest linked one that supports it.
 *
 * Refuses, in this order: sync.company_not_found, sync.connection_not_found,
 * sync.data_type_not_queueable, sync.connection_not_linked, sync.dataset_in_progress.
 * Source: Connect specification 14.1.
 */
export async function refreshDataType(
  ctx: OrganizationCtx,
  { companyId, connectionId, dataType, manifests }: RefreshOne,
): Promise<Dataset> {
  const { tx, organizationId } = ctx
  const company = await getCompany(tx, organizationId, companyId)
  const key = { organizationId, companyId: company.id }
  const candidates =
    connectionId === undefined ? company.connections : [await getConnection(tx, key, connectionId)]
  const { connection, manifest } = chooseConnection(candidates, dataType, manifests)
  const running = await findRunningDataset(tx, {
    organizationId,
    connectionId: connection.id,
    dataType,
  })
  if (running !== undefined) {
    const params = { dataType, companyId: company.id, datasetId: running.id, retryAfterSeconds: 1 }
    throw new Refusal('sync.dataset_in_progress', params)
  }
  const [dataset] = await queueDatasets(ctx, connection, manifest, [dataType])
  assert(dataset !== undefined, 'a type that is not running is queued')
  return dataset
}

/**
 * Queues data types on a connection, in this order, without those that are still running. The
 * native platform is read live, so its datasets complete in the same commit, and a scripted one
 * plays its script; what is answered is how they were queued.
 */
export async function queueDatasets(
  ctx: OrganizationCtx,
  connection: Connection,
  manifest: Manifest,
  types: readonly DataType[],
): Promise<readonly Dataset[]> {
  const { tx, organizationId } = ctx
  const idle: DataType[] = []
  for (const dataType of types) {
    const key = { organizationId, connectionId: connection.id, dataType }
    if ((await findRunningDataset(tx, key)) === undefined) idle.push(dataType)
  }
  const datasets = idle.map((dataType) => newDataset(ctx, connection, dataType))
  if (datasets.length === 0) return []
  await insertQueued(tx, organizationId, datasets)
  if (manifest.buildBooks === undefined) {
    const ids = datasets.map(({ id }) => id)
    await updateComplete(tx, organizationId, ids, ctx.recordedAt)
    const ended = datasets.map(
      ({ id, dataType }) => ({ id, dataType, status: 'Complete' }) as const,
    )
    recordRead(ctx, connection, ended)
  } else {
    recordRead(ctx, connection, await playDatasets(ctx, connection, manifest, datasets))
  }
  return datasets.map(asQueued)
}

/**
 * Plays a connection's script on what is still running there, because the script changed.
 * Refuses: nothing.
 */
export async function replayDatasets(
  ctx: OrganizationCtx,
  connection: Connection,
  manifest: Manifest,
): Promise<void> {
  const running = await listRunningDatasets(ctx.tx, ctx.organizationId, connection.id)
  recordRead(ctx, connection, await playDatasets(ctx, connection, manifest, running))
}

/** Leaves the audit row and the event of a batch that has ended; nothing while it is held. */
function recordRead(
  ctx: OrganizationCtx,
  connection: Connection,
  datasets: readonly EndedDataset[],
): void {
  if (datasets.length === 0 || datasets.some(({ status }) => status === 'Fetching')) return
  const subject = { resource: 'connection', resourceId: connection.id }
  ctx.audit({ ...subject, action: 'connection.read', after: { datasets } })
  ctx.emit({
    ...subject,
    type: 'read.completed',
    payload: {
      companyId: connection.companyId,
      connectionId: connection.id,
      modifiedFromDate: ctx.recordedAt,
      datasets,
    },
  })
}

function newDataset(
  ctx: OrganizationCtx,
  { id: connectionId, companyId }: Connection,
  dataType: DataType,
): Dataset {
  return {
    id: toGuid('dataset', ctx.digest(`${ctx.newId('dataset')}${ctx.newId('dataset')}`)),
    companyId,
    connectionId,
    dataType,
    status: 'Queued',
    statusDescription: null,
    errorMessage: null,
    requestedAt: ctx.recordedAt,
    completedAt: null,
    progress: 0,
  }
}

function chooseConnection(
  connections: readonly Connection[],
  dataType: DataType,
  manifests: readonly Manifest[],
): Readonly<{ connection: Connection; manifest: Manifest }> {
  const offers = connections.flatMap((connection) => {
    const manifest = manifests.find(({ key }) => key === connection.platformKey)
    return manifest === undefined ? [] : [{ connection, manifest }]
  })
  const able = offers.filter(({ manifest }) => isSupported(manifest, dataType, 'Get'))
  const [first] = offers
  if (able.length === 0 && first !== undefined) {
    const { integrationId } = first.manifest
    throw new Refusal('sync.data_type_not_queueable', { dataType, integrationId })
  }
  const chosen = able.find(({ connection }) => connection.status === 'Linked')
  if (chosen !== undefined) return chosen
  const [closed] = able
  throw new Refusal('sync.connection_not_linked', {
    connectionId: closed?.connection.id ?? '',
    status: closed?.connection.status ?? '',
    platformName: closed?.manifest.name ?? '',
  })
}
