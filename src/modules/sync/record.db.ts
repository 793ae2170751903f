import { plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { CanonicalRecord, DataType } from './record.ts'

type Kept = Readonly<{
  organizationId: Id<'organization'>
  connectionId: Id<'connection'>
  dataType: DataType
  /** Place of the first record. */
  position: number
  records: readonly CanonicalRecord[]
}>

/** Keeps records of a connection in their order, in one statement. */
export async function insertRecords(
  tx: Tx,
  { organizationId, connectionId, dataType, position, records }: Kept,
): Promise<void> {
  await tx.query({
    name: 'insert_records',
    text: `
      insert into record (organization_id, connection_id, data_type, record_id, position, body)
      select $1, $2, $3, t.record_id, t.position, t.body
      from unnest($4::text[], $5::bigint[], $6::jsonb[]) as t (record_id, position, body)`,
    values: [
      organizationId,
      connectionId,
      dataType,
      textArray(records.map(({ id }) => id)),
      plainArray(records.map((_, i) => position + i)),
      textArray(records.map((record) => JSON.stringify(record))),
    ],
  })
}

/** Forgets what is kept of one data type of a connection. */
export async function deleteRecordsOf(
  tx: Tx,
  organizationId: Id<'organization'>,
  connectionId: Id<'connection'>,
  dataType: DataType,
): Promise<void> {
  await tx.query({
    name: 'delete_records_of_type',
    text: `delete from record
      where organization_id = $1 and connection_id = $2 and data_type = $3`,
    values: [organizationId, connectionId, dataType],
  })
}

/** Forgets every record that is kept of a connection. */
export async function deleteRecords(
  tx: Tx,
  organizationId: Id<'organization'>,
  connectionId: Id<'connection'>,
): Promise<void> {
  await tx.query({
    name: 'delete_records',
    text: 'delete from record where organization_id = $1 and connection_id = $2',
    values: [organizationId, connectionId],
  })
}

/**
 * Lets the rest of a transaction of an organization see the rows of one of its businesses, or of
 * none again. The caller has found the business among those of the organization.
 */
export async function setVisibleBusiness(
  tx: Tx,
  organizationId: Id<'organization'>,
  businessId: Id<'business'> | null,
): Promise<void> {
  await tx.query({
    name: 'set_visible_business',
    text: `select set_config('tallystick.business_id', $1, true),
      set_config('tallystick.tenant_id', $2, true)`,
    values: [businessId ?? '', businessId ?? organizationId],
  })
}
