import type { OrganizationCtx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import type { Connection } from './connection.ts'
import { getNativeCompanyInfo, listNativeRecords } from './native.queries.ts'
import type { NativeSource } from './native.ts'
import { deleteRecords, insertRecords, setVisibleBusiness } from './record.db.ts'
import { type RecordType, recordTypes } from './record.ts'
import { loadFrozenBooks } from './statement.queries.ts'

const pageSize = 5_000

/**
 * Keeps what a linked native connection shows now, so that it stays readable as it is when the
 * connection no longer follows the ledger.
 * Refuses: nothing.
 * Source: Connect specification 10.2.
 */
export async function freezeRecords(ctx: OrganizationCtx, connection: Connection): Promise<void> {
  const { tx, organizationId } = ctx
  const { id: connectionId, businessId } = connection
  assert(businessId !== null, 'a linked native connection has its business')
  const source = { organizationId, businessId, now: ctx.now }
  await deleteRecords(tx, organizationId, connectionId)
  await setVisibleBusiness(tx, organizationId, businessId)
  for (const recordType of recordTypes) {
    await freezeType(ctx, connection, recordType, source)
  }
  const key = { organizationId, connectionId, position: 0 }
  const company = { id: businessId, ...(await getNativeCompanyInfo(tx, source)) }
  await insertRecords(tx, { ...key, dataType: 'company', records: [company] })
  const books = { id: businessId, ...(await loadFrozenBooks(tx, source)) }
  await insertRecords(tx, { ...key, dataType: 'balanceSheet', records: [books] })
  await setVisibleBusiness(tx, organizationId, null)
}

/**
 * Forgets what was kept, because the ledger is read again.
 * Refuses: nothing.
 */
export const thawRecords = (
  { tx, organizationId }: OrganizationCtx,
  { id }: Connection,
): Promise<void> => deleteRecords(tx, organizationId, id)

async function freezeType(
  { tx, organizationId }: OrganizationCtx,
  { id: connectionId }: Connection,
  recordType: RecordType,
  source: NativeSource,
): Promise<void> {
  for (let page = 1; ; page += 1) {
    const query = { filter: undefined, order: undefined, page, pageSize }
    const { rows: records } = await listNativeRecords(tx, recordType, source, query)
    if (records.length > 0) {
      const position = (page - 1) * pageSize
      const kept = { organizationId, connectionId, dataType: recordType, position, records }
      await insertRecords(tx, kept)
    }
    if (records.length < pageSize) return
  }
}
