import { listPage, type Page, toWhere } from '../../db/lists.ts'
import { type Db, safeOf } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type Endpoint, type EndpointScope, placeOfSecret } from './endpoint.ts'

const endpointColumns = `
  e.endpoint_id as id, e.organization_id as "organizationId", e.surface, e.environment,
  e.business_id as "businessId", e.url, e.description, e.events,
  e.company_tags as "companyTags", e.is_ordered as "isOrdered",
  e.sealed_headers is not null as "hasHeaders", e.public_key as "publicKey", e.status,
  e.disabled_reason as "disabledReason", e.consecutive_failures as "consecutiveFailures",
  e.failing_since as "failingSince", e.created_at as "createdAt", e.updated_at as "updatedAt",
  (select s.secret_end from endpoint_secret as s
    where s.organization_id = e.organization_id and s.endpoint_id = e.endpoint_id
      and s.expires_at is null) as "secretEnd"`

/** In a scope: a null parameter narrows nothing. */
const inScope = `
  e.surface = $2 and e.deleted_at is null
  and ($3::text is null or e.environment = $3) and ($4::uuid is null or e.business_id = $4)`

const toValues = ({ organizationId, surface, environment, businessId }: EndpointScope) => [
  organizationId,
  surface,
  environment ?? null,
  businessId ?? null,
]

/** One endpoint that was not deleted. */
export async function findEndpoint(
  db: Db,
  scope: EndpointScope,
  endpointId: string,
): Promise<Endpoint | undefined> {
  const [row] = await db.query<Endpoint>({
    name: 'find_endpoint',
    text: `select ${endpointColumns} from endpoint as e where e.organization_id = $1 and ${inScope} and e.endpoint_id = $5`,
    values: [...toValues(scope), endpointId],
  })
  return row
}

/** Refuses: resource.not_found. */
export async function getEndpoint(
  db: Db,
  scope: EndpointScope,
  endpointId: string,
): Promise<Endpoint> {
  const endpoint = await findEndpoint(db, scope, endpointId)
  if (endpoint !== undefined) return endpoint
  throw new Refusal('resource.not_found', { resource: 'Webhook endpoint', id: endpointId })
}

const sortColumn = { createdAt: 'e.created_at', updatedAt: 'e.updated_at' } as const

/** Which endpoints of a scope a page shows. */
type EndpointFilter = Readonly<{
  updatedSince?: Instant
  sort?: Readonly<{ by: keyof typeof sortColumn; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
}>

/** Newest first unless asked otherwise, ties by id; at most `limit`, with the number of all. */
export function listEndpoints(
  db: Db,
  scope: EndpointScope,
  filter: EndpointFilter,
): Promise<Page<Endpoint>> {
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const { values, where } = toWhere(toValues(scope), [
    [filter.updatedSince, (place) => `e.updated_at >= ${place}`],
  ])
  const from = `from endpoint as e where e.organization_id = $1 and ${inScope}${where}`
  return listPage(db, {
    rows: `select ${endpointColumns} ${from}`,
    matches: `select 1 ${from}`,
    values,
    order: { column: sortColumn[by], id: 'e.endpoint_id', isDescending, canBeEmpty: false },
    window: filter,
  })
}

/** Endpoints of a scope that were not deleted, enabled or not. */
export async function countEndpoints(db: Db, scope: EndpointScope): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    name: 'count_endpoints',
    text: `select count(*)::int as count from endpoint as e where e.organization_id = $1 and ${inScope}`,
    values: toValues(scope),
  })
  return row?.count ?? 0
}

/** The endpoint of a scope that has this URL already, in the same business or in none. */
export async function findEndpointByUrl(
  db: Db,
  scope: EndpointScope,
  url: string,
): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>({
    name: 'find_endpoint_by_url',
    text: `select e.endpoint_id as id from endpoint as e
      where e.organization_id = $1 and e.surface = $2 and e.environment = $3
        and e.business_id is not distinct from $4::uuid and e.url = $5 and e.deleted_at is null
      limit 1`,
    values: [...toValues(scope), url],
  })
  return row?.id
}

/** A secret as it is kept. `expiresAt` is null for the one in force. */
export type SealedSecret = Readonly<{ id: string; sealed: Uint8Array; expiresAt: Instant | null }>

/** Secrets of an endpoint that still count, the one in force first. */
export function listSecrets(
  db: Db,
  {
    organizationId,
    endpointId,
    now,
  }: Readonly<{
    organizationId: string
    endpointId: string
    now: Instant
  }>,
): Promise<SealedSecret[]> {
  return db.query<SealedSecret>({
    name: 'list_endpoint_secrets',
    text: `select secret_id as id, sealed, expires_at as "expiresAt" from endpoint_secret
      where organization_id = $1 and endpoint_id = $2 and (expires_at is null or expires_at > $3)
      order by expires_at desc nulls first, created_at desc, secret_id limit 10`,
    values: [organizationId, endpointId, now],
  })
}

/** The secret that signs for an endpoint, in clear. */
export async function getSecretInForce(
  db: Db,
  endpoint: Parameters<typeof listSecrets>[1],
): Promise<string> {
  const [current] = await listSecrets(db, endpoint)
  assert(current !== undefined, 'every endpoint has a secret')
  const { open } = await safeOf(db)
  const place = placeOfSecret(endpoint.organizationId, current.id)
  return new TextDecoder().decode(open(place, current.sealed))
}
