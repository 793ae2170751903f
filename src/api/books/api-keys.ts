import { type Static, Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { type Id, toPrefixed } from '../../kernel/ids.ts'
import {
  createKey,
  type MadeKey,
  revokeKey,
  rotateKey,
} from '../../modules/access/api-key.actions.ts'
import { type ApiKey, getKey, listKeys } from '../../modules/access/api-key.queries.ts'
import {
  booksKeyDays,
  isCounted,
  keyNameMax,
  overlapHoursDefault,
  overlapHoursMax,
} from '../../modules/access/api-key.ts'
import { type Call, type Reply, route } from '../http/route.ts'
import {
  enveloped,
  idText,
  instant,
  nullable,
  organizationErrors,
  organizationWriteErrors,
  toId,
} from './fields.ts'
import { listQuery, Pagination, sortQuery, toPage } from './lists.ts'

const KeyOut = Type.Object({
  keyId: Type.String(),
  keyPrefix: Type.String({ description: 'First characters of the key' }),
  keyLastFour: Type.String(),
  name: Type.String(),
  environment: Type.Enum(['live', 'test']),
  isActive: Type.Boolean(),
  createdAt: instant,
  lastUsedAt: nullable(instant),
  totalCalls: Type.Integer(),
  expiresAt: nullable(instant),
})

const MadeOut = Type.Object({ ...KeyOut.properties, apiKey: nullable(Type.String()) })
const KeyList = Type.Object({
  keys: Type.Array(KeyOut),
  count: Type.Integer(),
  pagination: Pagination,
})
const Deleted = Type.Object({ id: Type.String(), deleted: Type.Boolean() })

const KeyIn = Type.Object({
  name: Type.String({ minLength: 1, maxLength: keyNameMax }),
  environment: Type.Enum(['live', 'test']),
  expiresInDays: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: booksKeyDays,
      description: `Default ${booksKeyDays}`,
    }),
  ),
  businessIds: Type.Optional(Type.Array(idText('biz'), { minItems: 1, maxItems: 100 })),
})

const Rotation = Type.Object({
  overlapHours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: overlapHoursMax,
      description: `Default ${overlapHoursDefault}`,
    }),
  ),
})

const sorts = ['createdAt', 'name', 'expiresAt', 'lastUsedAt'] as const
const listing = {
  list: 'api-keys',
  sort: 'createdAt',
  members: {
    createdAt: ({ createdAt }: ApiKey) => createdAt,
    name: ({ name }: ApiKey) => name,
    expiresAt: ({ expiresAt }: ApiKey) => expiresAt,
    lastUsedAt: ({ lastUsedAt }: ApiKey) => lastUsedAt,
  },
  idOf: ({ id }: ApiKey) => id,
  // A key in force is as it was made.
  changedAt: ({ createdAt }: ApiKey) => createdAt,
} as const

const params = Type.Object({ keyId: idText('key') })
const shared = {
  tag: 'API keys',
  scope: null,
  tenant: 'organization',
  cost: 1,
  isFree: true,
} as const

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/v1/api-keys',
  operation: 'list-api-keys',
  summary: 'List the keys in force',
  description: 'Without the keys themselves, in the order they were made.',
  query: Type.Object({ ...sortQuery(sorts), ...listQuery }),
  answers: { 200: enveloped(KeyList) },
  errors: [...organizationErrors, 'request.page_invalid', 'request.cursor_invalid'],
  examples: [
    { summary: 'All of them', status: 200 },
    { summary: 'Those that end first', query: { sort: 'expiresAt', limit: '10' }, status: 200 },
  ],
  handle: async (call) => {
    const { organizationId } = call.caller
    const all = await call.read((db) => listKeys(db, { organizationId, surface: 'books' }))
    const own = all.filter((key) => isInForce(key, call) && isWithinReach(key, call))
    const { page, rest } = toPage(own, call.query, listing)
    return done({ keys: page.map(toWire), ...rest })
  },
})

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/api-keys',
  operation: 'create-api-key',
  summary: 'Make a key',
  description: 'The key itself is shown in this answer only. A test key cannot make a live key.',
  hasSecret: true,
  body: KeyIn,
  answers: { 201: enveloped(MadeOut) },
  errors: [
    ...organizationWriteErrors,
    'access.business_forbidden',
    'key.limit_reached',
    'key.expiry_invalid',
  ],
  examples: [
    { summary: 'For tests', body: { name: 'Nightly tests', environment: 'test' }, status: 201 },
    { summary: 'Without a name', body: { environment: 'live' }, status: 400 },
  ],
  handle: (call) => {
    const { name, environment, expiresInDays, businessIds } = call.body
    const { caller } = call
    const wanted = businessIds?.map((id) => toId('business', 'biz', id))
    if (caller.environment === 'test' && environment === 'live') {
      throw new Refusal('access.business_forbidden')
    }
    const input = {
      surface: 'books',
      environment,
      name,
      businessIds: narrowed(caller.businessIds, wanted),
      ...(expiresInDays !== undefined && { expiresInDays }),
      ...call.keyMaker(),
    } as const
    return call.writeOrganization(createKey, input, made)
  },
})

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/v1/api-keys/{keyId}',
  operation: 'revoke-api-key',
  summary: 'Revoke a key at once and for ever',
  params,
  answers: { 200: enveloped(Deleted) },
  errors: [...organizationWriteErrors, 'resource.not_found', 'key.already_revoked'],
  examples: [],
  handle: async (call) => {
    const keyId = await findOwn(call, call.params.keyId)
    const id = toPrefixed('key', keyId)
    return call.writeOrganization(revokeKey, { keyId, shownId: id }, () =>
      done({ id, deleted: true }),
    )
  },
})

const rotateRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/api-keys/{keyId}/rotate',
  operation: 'rotate-api-key',
  summary: 'Make a key in the place of another',
  description: 'The old one works on for the overlap. The new one is shown in this answer only.',
  hasSecret: true,
  params,
  body: Rotation,
  bodyOptional: true,
  answers: { 201: enveloped(MadeOut) },
  errors: [
    ...organizationWriteErrors,
    'resource.not_found',
    'key.overlap_invalid',
    'key.already_revoked',
    'resource.invalid_transition',
  ],
  examples: [],
  handle: async (call) => {
    const keyId = await findOwn(call, call.params.keyId)
    const { overlapHours } = call.body
    const input = {
      keyId,
      shownId: toPrefixed('key', keyId),
      ...(overlapHours !== undefined && { overlapHours }),
      ...call.keyMaker(),
    }
    return call.writeOrganization(rotateKey, input, made)
  },
})

export const apiKeyRoutes = [listRoute, createRoute, deleteRoute, rotateRoute]

type KeyCall = Pick<Call, 'caller' | 'now' | 'read'>

const isInForce = (key: ApiKey, { now }: KeyCall): boolean =>
  isCounted(key, now) || (key.revokedAt === null && (key.overlapUntil ?? '') > now)

/** A test key sees test keys; a narrowed one sees keys that reach no further than itself. */
const isWithinReach = (key: ApiKey, { caller }: KeyCall): boolean =>
  (caller.environment === 'live' || key.environment === 'test') &&
  (caller.businessIds === null ||
    key.businessIds?.every((id) => caller.businessIds?.includes(id)) === true)

/** Refuses: resource.not_found, also for a key of another surface or out of the caller's reach. */
async function findOwn(call: KeyCall, given: string): Promise<Id<'key'>> {
  const keyId = toId('key', 'key', given)
  const key = await call.read((db) => getKey(db, call.caller.organizationId, keyId))
  if (key.surface === 'books' && isWithinReach(key, call)) return keyId
  throw new Refusal('resource.not_found', { resource: 'API key', id: keyId })
}

/** A narrowed key makes keys that reach no further. Refuses: access.business_forbidden. */
function narrowed(
  own: readonly Id<'business'>[] | null,
  wanted: readonly Id<'business'>[] | undefined,
): readonly Id<'business'>[] | null {
  if (own === null) return wanted ?? null
  if (wanted?.some((id) => !own.includes(id))) throw new Refusal('access.business_forbidden')
  return wanted ?? own
}

const done = (body: unknown): Reply => ({ status: 200, body })

const made = ({ key, text: apiKey }: MadeKey): Reply => ({
  status: 201,
  body: { ...toWire(key), apiKey },
  keptBody: { ...toWire(key), apiKey: null },
})

const toWire = (key: ApiKey): Static<typeof KeyOut> => ({
  keyId: toPrefixed('key', key.id),
  keyPrefix: key.visibleStart,
  keyLastFour: key.visibleEnd,
  name: key.name,
  environment: key.environment,
  isActive: true,
  createdAt: key.createdAt,
  lastUsedAt: key.lastUsedAt,
  totalCalls: key.totalCalls,
  expiresAt: key.expiresAt,
})
