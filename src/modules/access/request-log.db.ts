import { bytesArray, nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { KeptRequest } from './request-log.ts'

const none = Buffer.alloc(0)

/** Adds rows of any organizations; one that is there stays as it is. Commits without waiting. */
export async function insertRequests(tx: Tx, rows: readonly KeptRequest[]): Promise<void> {
  const texts = (of: (row: KeptRequest) => string | null): string => textArray(rows.map(of))
  const numbers = (of: (row: KeptRequest) => number): string => plainArray(rows.map(of))
  const ids = (of: (row: KeptRequest) => string | null): string => nullableArray(rows.map(of))
  await tx.query({ text: 'set local synchronous_commit = off', values: [] })
  await tx.query({
    name: 'insert_requests',
    text: `
      insert into request_log (request_id, at, organization_id, business_id, key_id,
        client_request_id, surface, operation, method, path, status, error_code, duration_us, db_us,
        wait_us, bytes_in, bytes_out, address, user_agent, idempotency, charge_state, sealed)
      select r.request_id, r.at, r.organization_id, r.business_id, r.key_id, r.client_request_id,
        r.surface, r.operation, r.method, r.path, r.status, r.error_code, r.duration_us, r.db_us,
        r.wait_us, r.bytes_in, r.bytes_out, r.address, r.user_agent, r.idempotency, r.charge_state,
        nullif(r.sealed, '')
      from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::text[], $11::int[], $12::text[], $13::bigint[],
        $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[],
        $20::text[], $21::text[], $22::bytea[]) as r (request_id, at, organization_id, business_id,
        key_id, client_request_id, surface, operation, method, path, status, error_code,
        duration_us, db_us, wait_us, bytes_in, bytes_out, address, user_agent, idempotency,
        charge_state, sealed)
      on conflict (request_id) do nothing`,
    values: [
      ids((row) => row.requestId),
      texts((row) => row.at),
      ids((row) => row.organizationId),
      ids((row) => row.businessId),
      ids((row) => row.keyId),
      texts((row) => row.clientRequestId),
      texts((row) => row.surface),
      texts((row) => row.operation),
      texts((row) => row.method),
      texts((row) => row.path),
      numbers((row) => row.status),
      texts((row) => row.errorCode),
      numbers((row) => row.durationUs),
      numbers((row) => row.dbUs),
      numbers((row) => row.waitUs),
      numbers((row) => row.bytesIn),
      numbers((row) => row.bytesOut),
      texts((row) => row.address),
      texts((row) => row.userAgent),
      texts((row) => row.idempotency),
      texts((row) => row.chargeState),
      bytesArray(rows.map((row) => row.sealed ?? none)),
    ],
  })
}

/** Deletes at most `limit` rows of any organization from before an instant; answers how many. */
export async function deleteRequests(
  tx: Tx,
  { before, limit }: Readonly<{ before: Instant; limit: number }>,
): Promise<number> {
  const rows = await tx.query<{ deleted: number }>({
    name: 'delete_requests',
    text: `
      with old as (
        select r.request_id from request_log as r
        where (r.organization_id is null or r.organization_id is not null) and r.at < $1 limit $2
      ), gone as (
        delete from request_log as r using old
        where r.request_id = old.request_id and r.at < $1
          and (r.organization_id is null or r.organization_id is not null)
        returning 1
      )
      select count(*)::int as deleted from gone`,
    values: [before, limit],
  })
  return rows[0]?.deleted ?? 0
}
