import { textArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Endpoint } from './endpoint.ts'

/** What is kept sealed beside an endpoint. */
export type Sealed = Readonly<{ headers: Uint8Array | null; seed: Uint8Array | null }>

/** Inserts an endpoint without its secret. */
export async function insertEndpoint(tx: Tx, endpoint: Endpoint, sealed: Sealed): Promise<void> {
  await tx.query({
    name: 'insert_endpoint',
    text: `insert into endpoint (organization_id, endpoint_id, surface, environment, business_id, url,
        description, events, sealed_headers, company_tags, is_ordered, sealed_seed, public_key, status,
        disabled_reason, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8::text[], $9, $10::text[], $11, $12, $13, $14, $15, $16, $16)`,
    values: [
      endpoint.organizationId,
      endpoint.id,
      endpoint.surface,
      endpoint.environment,
      endpoint.businessId,
      endpoint.url,
      endpoint.description,
      textArray(endpoint.events),
      sealed.headers,
      textArray(endpoint.companyTags),
      endpoint.isOrdered,
      sealed.seed,
      endpoint.publicKey,
      endpoint.status,
      endpoint.disabledReason,
      endpoint.createdAt,
    ],
  })
}

/**
 * Notes up to which event each tenant has come, so that nothing of the past is delivered. Events
 * that are committed while this commit is on its way are delivered.
 */
export async function insertStarts(
  tx: Tx,
  { organizationId, id }: Endpoint,
  tenantId: string,
): Promise<void> {
  await tx.query({
    name: 'insert_endpoint_starts',
    text: `insert into endpoint_start (organization_id, endpoint_id, tenant_id, sequence)
      select $1, $2, h.tenant_id, h.event_seq from lane_head as h
      where h.tenant_id = $3
        or ($3 = $1 and h.tenant_id in (select business_id from business where organization_id = $1))`,
    values: [organizationId, id, tenantId],
  })
}

/** Locks an endpoint until commit: deliveries to it are neither queued nor taken meanwhile. */
export async function lockEndpoint(
  tx: Tx,
  { organizationId, id }: Pick<Endpoint, 'organizationId' | 'id'>,
): Promise<void> {
  await tx.query({
    name: 'lock_endpoint',
    text: `select 1 from endpoint where organization_id = $1 and endpoint_id = $2
      for no key update`,
    values: [organizationId, id],
  })
}

/** What may change of an endpoint; sealed values only where they are given. */
export async function updateEndpointRow(
  tx: Tx,
  endpoint: Endpoint,
  sealed: Partial<Sealed> = {},
): Promise<void> {
  await tx.query({
    name: 'update_endpoint',
    text: `update endpoint set url = $3, description = $4, events = $5::text[],
        company_tags = $6::text[], is_ordered = $7, status = $8, disabled_reason = $9,
        consecutive_failures = $10, failing_since = $11, updated_at = $12,
        sealed_headers = case when $13 then $14::bytea else sealed_headers end,
        sealed_seed = case when $15 then $16::bytea else sealed_seed end, public_key = $17
      where organization_id = $1 and endpoint_id = $2`,
    values: [
      endpoint.organizationId,
      endpoint.id,
      endpoint.url,
      endpoint.description,
      textArray(endpoint.events),
      textArray(endpoint.companyTags),
      endpoint.isOrdered,
      endpoint.status,
      endpoint.disabledReason,
      endpoint.consecutiveFailures,
      endpoint.failingSince,
      endpoint.updatedAt,
      sealed.headers !== undefined,
      sealed.headers ?? null,
      sealed.seed !== undefined,
      sealed.seed ?? null,
      endpoint.publicKey,
    ],
  })
}

/** Takes an endpoint out of every list; its log stays. */
export async function updateEndpointDeleted(
  tx: Tx,
  { organizationId, id }: Endpoint,
  now: Instant,
): Promise<void> {
  await tx.query({
    name: 'delete_endpoint',
    text: `update endpoint set deleted_at = $3, updated_at = $3
      where organization_id = $1 and endpoint_id = $2`,
    values: [organizationId, id, now],
  })
}

export type NewSecret = Readonly<{
  id: string
  sealed: Uint8Array
  end: string
  createdAt: Instant
}>

/** Inserts the secret that is in force from now on. */
export async function insertSecret(
  tx: Tx,
  { organizationId, id: endpointId }: Pick<Endpoint, 'organizationId' | 'id'>,
  { id, sealed, end, createdAt }: NewSecret,
): Promise<void> {
  await tx.query({
    name: 'insert_endpoint_secret',
    text: `insert into endpoint_secret
        (organization_id, endpoint_id, secret_id, sealed, secret_end, created_at)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [organizationId, endpointId, id, sealed, end, createdAt],
  })
}

/** Lets the secret in force end at an instant. */
export async function updateSecretExpiry(
  tx: Tx,
  { organizationId, id }: Pick<Endpoint, 'organizationId' | 'id'>,
  expiresAt: Instant,
): Promise<void> {
  await tx.query({
    name: 'expire_endpoint_secret',
    text: `update endpoint_secret set expires_at = $3
      where organization_id = $1 and endpoint_id = $2 and expires_at is null`,
    values: [organizationId, id, expiresAt],
  })
}

/**
 * Calls off what waits for an endpoint: retries are canceled, first attempts dropped. What a worker
 * has in hand ends by its outcome.
 */
export async function cancelWaiting(
  tx: Tx,
  {
    organizationId,
    endpointIds,
    now,
  }: Readonly<{
    organizationId: string
    endpointIds: readonly string[]
    now: Instant
  }>,
): Promise<void> {
  await tx.query({
    name: 'cancel_waiting_deliveries',
    text: `update delivery set
        state = case when attempt_count = 0 then 'dropped_disabled' else 'canceled' end,
        due_at = null, lease_until = null, finished_at = $3
      where organization_id = $1 and endpoint_id = any($2::uuid[]) and due_at is not null
        and (lease_until is null or lease_until <= $3)`,
    values: [organizationId, endpointIds, now],
  })
}
