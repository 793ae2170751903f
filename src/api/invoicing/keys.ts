import { type Static, Type } from 'typebox'
import { addDays, type Instant, isDate, parseInstant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { asId } from '../../kernel/ids.ts'
import {
  createKey,
  type MadeKey,
  revokeKey,
  rotateKey,
  updateKey,
} from '../../modules/access/api-key.actions.ts'
import { type ApiKey, getKey, listKeys } from '../../modules/access/api-key.queries.ts'
import {
  keyNameMax,
  keyNetworksMax,
  overlapHoursDefault,
  overlapHoursMax,
  scopesBySurface,
} from '../../modules/access/api-key.ts'
import { type Call, type Reply, route } from '../http/route.ts'
import {
  idParams,
  listErrors,
  nullable,
  readErrors,
  timestamp,
  uuid,
  writeErrors,
} from './fields.ts'
import { orderedQuery, pageOf, toPage, toSort, toWindow } from './lists.ts'

const scope = Type.Enum([...scopesBySurface.invoicing])
const name = Type.String({ minLength: 1, maxLength: keyNameMax })
const allowedIps = Type.Array(Type.String({ format: 'network' }), { maxItems: keyNetworksMax })

const KeyIn = Type.Object({
  name,
  scope,
  expires_at: Type.Optional(
    Type.String({ format: 'date-or-time', description: 'A date means the end of that day, UTC' }),
  ),
  allowed_ips: Type.Optional(allowedIps),
})

const KeyChange = Type.Object({
  name: Type.Optional(name),
  allowed_ips: Type.Optional(allowedIps),
})

const Rotation = Type.Object({
  overlap_hours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: overlapHoursMax,
      description: `Default ${overlapHoursDefault}`,
    }),
  ),
})

const shown = {
  key_prefix: Type.String(),
  expires_at: nullable(timestamp),
  allowed_ips: Type.Array(Type.String()),
  last_used_at: nullable(timestamp),
  revoked_at: nullable(timestamp),
  created_at: timestamp,
} as const

const KeyOut = Type.Object({ id: uuid, name, scope, ...shown })
const MadeOut = Type.Object({
  id: uuid,
  name,
  scope,
  key: nullable(Type.String({ description: 'Shown in this answer only' })),
  ...shown,
})

const shared = { tag: 'API keys', scope: 'all', tenant: 'business', cost: 1 } as const
const one = { ...shared, path: '/api/v1/keys/{id}', params: idParams } as const

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/api/v1/keys',
  operation: 'create-key',
  summary: 'Make a key of this business',
  hasSecret: true,
  body: KeyIn,
  answers: { 201: MadeOut },
  errors: [
    ...writeErrors,
    'validation.fields_missing',
    'key.expiry_invalid',
    'key.limit_reached',
    'resource.not_found',
  ],
  examples: [
    {
      summary: 'For a shop',
      keep: 'key',
      body: { name: 'Shop plug-in', scope: 'write' },
      status: 201,
    },
    { summary: 'Without a scope', body: { name: 'Shop plug-in' }, status: 400 },
  ],
  handle: (call) => {
    const { name: words, scope: granted, expires_at: end, allowed_ips: networks } = call.body
    const { caller } = call
    const input = {
      surface: 'invoicing',
      environment: caller.environment,
      businessId: call.business().businessId,
      name: words,
      scopes: [granted],
      ...(networks !== undefined && { allowedNetworks: networks }),
      ...(end !== undefined && { expiresAt: toEnd(end) }),
      ...call.keyMaker(),
    } as const
    return call.writeOrganization(createKey, input, made)
  },
})

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/api/v1/keys',
  operation: 'list-keys',
  summary: 'List active and expired keys',
  query: Type.Object(orderedQuery(['created_at', 'name'])),
  answers: { 200: pageOf(KeyOut) },
  errors: listErrors,
  examples: [{ summary: 'All of them', status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const { organizationId } = call.caller
    const filter = { organizationId, businessId, surface: 'invoicing' } as const
    const keys = (await call.read((db) => listKeys(db, filter))).filter((key) => isShown(key, call))
    const rows = pageOfKeys(keys, call.query)
    const place = (key: ApiKey) => ({ value: sortValueOf(key, call.query.sort), id: key.id })
    const found = { rows, total: keys.length }
    return { status: 200, body: toPage(found, call.query, { placeOf: place, toWire }) }
  },
})

const getRoute = route({
  ...one,
  method: 'GET',
  operation: 'get-key',
  summary: 'Get a key, without the key itself',
  answers: { 200: KeyOut },
  errors: readErrors,
  examples: [{ summary: 'By id', params: { id: '$key' }, status: 200 }],
  handle: async (call) => ({ status: 200, body: toWire(await findOwn(call)) }),
})

const updateRoute = route({
  ...one,
  method: 'PATCH',
  operation: 'update-key',
  summary: 'Rename a key, or say where it may be used from',
  body: KeyChange,
  answers: { 200: KeyOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'validation.nothing_to_update',
    'resource.not_found',
  ],
  examples: [
    {
      summary: 'Another name',
      params: { id: '$key' },
      body: { name: 'Shop plug-in 2' },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { id: keyId } = await findOwn(call)
    const { name: words, allowed_ips: allowedNetworks } = call.body
    return call.writeOrganization(updateKey, { keyId, name: words, allowedNetworks }, (key) => ({
      status: 200,
      body: toWire(key),
    }))
  },
})

const deleteRoute = route({
  ...one,
  method: 'DELETE',
  operation: 'revoke-key',
  summary: 'Revoke a key at once and for ever',
  answers: { 204: null },
  errors: [...writeErrors, 'request.id_malformed', 'resource.not_found', 'key.already_revoked'],
  examples: [],
  handle: async (call) => {
    const { id: keyId } = await findOwn(call)
    return call.writeOrganization(revokeKey, { keyId }, () => ({ status: 204 }))
  },
})

const rotateRoute = route({
  ...one,
  path: '/api/v1/keys/{id}/rotate',
  method: 'POST',
  operation: 'rotate-key',
  summary: 'Make a key in the place of another',
  description: 'The old one works on for the overlap.',
  hasSecret: true,
  body: Rotation,
  bodyOptional: true,
  answers: { 201: MadeOut },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'key.overlap_invalid',
    'resource.invalid_transition',
  ],
  examples: [
    {
      summary: 'With an hour left',
      params: { id: '$key' },
      body: { overlap_hours: 1 },
      status: 201,
    },
    { summary: 'The same once more', params: { id: '$key' }, status: 400 },
  ],
  handle: async (call) => {
    const { id: keyId } = await findOwn(call)
    const { overlap_hours: overlapHours } = call.body
    const input = {
      keyId,
      ...(overlapHours !== undefined && { overlapHours }),
      ...call.keyMaker(),
    }
    return call.writeOrganization(rotateKey, input, made)
  },
})

export const keyRoutes = [createRoute, listRoute, getRoute, updateRoute, deleteRoute, rotateRoute]

type KeyCall = Pick<
  Call<Static<typeof idParams>>,
  'params' | 'caller' | 'business' | 'now' | 'read'
>

/** Refuses: resource.not_found, also for a revoked key and one of another business. */
async function findOwn(call: KeyCall): Promise<ApiKey> {
  const keyId = asId('key', call.params.id)
  const key = await call.read((db) => getKey(db, call.caller.organizationId, keyId))
  const { businessId } = call.business()
  if (key.surface === 'invoicing' && key.businessId === businessId && isShown(key, call)) return key
  throw new Refusal('resource.not_found', { resource: 'API key', id: keyId })
}

/** Revoked keys are gone, and so are rotated ones whose overlap is over. */
const isShown = (key: ApiKey, { now }: Pick<KeyCall, 'now'>): boolean =>
  key.revokedAt === null && (key.overlapUntil === null || key.overlapUntil > now)

type ListQuery = Readonly<{ page?: number; limit?: number; sort?: string; cursor?: string }>

/** One page in the order asked for, newest first by default; ties by id. */
function pageOfKeys(keys: readonly ApiKey[], query: ListQuery): readonly ApiKey[] {
  const { limit, offset, after } = toWindow(query)
  const sign = toSort(query.sort)?.isDescending === false ? 1 : -1
  const compare = (a: Place, b: Place): number =>
    sign * (compareTexts(a.value, b.value) || compareTexts(a.id, b.id))
  const placeOf = (key: ApiKey): Place => ({ value: sortValueOf(key, query.sort), id: key.id })
  const sorted = [...keys].sort((a, b) => compare(placeOf(a), placeOf(b)))
  const from = after && { value: after.value ?? '', id: after.id }
  const rest = from === undefined ? sorted : sorted.filter((key) => compare(placeOf(key), from) > 0)
  return rest.slice(offset, offset + limit)
}

type Place = Readonly<{ value: string; id: string }>

const sortValueOf = (key: ApiKey, sort: string | undefined): string =>
  toSort(sort)?.field === 'name' ? key.name : key.createdAt

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The instant of an end; a day ends with itself, the last one there is a moment before. */
function toEnd(given: string): Instant {
  if (!isDate(given) || given === '9999-12-31') {
    return parseInstant(isDate(given) ? `${given}T23:59:59.999Z` : given, 'expires_at')
  }
  return parseInstant(`${addDays(given, 1)}T00:00:00.000Z`, 'expires_at')
}

const made = ({ key, text }: MadeKey): Reply => ({
  status: 201,
  headers: { Location: `/invoicing/api/v1/keys/${key.id}` },
  body: toMadeWire(key, text),
  keptBody: toMadeWire(key, null),
})

const toMadeWire = (key: ApiKey, text: string | null): Static<typeof MadeOut> => {
  const { id, name: words, scope: granted, ...rest } = toWire(key)
  return { id, name: words, scope: granted, key: text, ...rest }
}

const toWire = (key: ApiKey): Static<typeof KeyOut> => ({
  id: key.id,
  name: key.name,
  scope: key.scopes[0] ?? '',
  key_prefix: key.visibleStart,
  expires_at: key.expiresAt,
  allowed_ips: [...key.allowedNetworks],
  last_used_at: key.lastUsedAt,
  revoked_at: key.revokedAt,
  created_at: key.createdAt,
})
