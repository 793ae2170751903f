import { type Static, Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { asId, type Id, isUuid } from '../../kernel/ids.ts'
import { createKey, revokeKey } from '../../modules/access/api-key.actions.ts'
import { type ApiKey, findKey, listKeys } from '../../modules/access/api-key.queries.ts'
import { keyNameMax } from '../../modules/access/api-key.ts'
import { type Call, type RouteRecord, route } from '../http/route.ts'
import { bodyErrors, commonErrors, companyIdsOf, writeErrors } from './looks.ts'

const ApiKeyOut = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    apiKey: Type.String({ description: 'Masked, except in the answer that made it' }),
    createdDate: Type.String(),
  },
  { additionalProperties: false },
)

const ApiKeysOut = Type.Object({ results: Type.Array(ApiKeyOut) }, { additionalProperties: false })

const ApiKeyIn = Type.Object({
  name: Type.Optional(Type.Unsafe<string | null>({ type: 'string', nullable: true })),
})

const defaultName = 'API key'

const shared = { tag: 'API keys', scope: 'manage', tenant: 'organization', cost: 1 } as const

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/apiKeys',
  operation: 'list-api-keys',
  summary: 'List API keys',
  answers: { 200: ApiKeysOut },
  errors: commonErrors,
  examples: [{ summary: 'All that were not deleted', status: 200 }],
  handle: async (call) => {
    const { organizationId } = call.caller
    const keys = await call.read((db) => listKeys(db, { organizationId, surface: 'connect' }))
    return { status: 200, body: { results: keys.filter(isShown).map(toMasked) } }
  },
})

const createRoute = route({
  ...shared,
  method: 'POST',
  path: '/apiKeys',
  operation: 'create-api-key',
  summary: 'Create API key',
  description: 'The key itself is in this answer only.',
  hasSecret: true,
  body: ApiKeyIn,
  bodyOptional: true,
  answers: { 201: ApiKeyOut },
  errors: [...commonErrors, ...bodyErrors, 'validation.text_too_long', 'key.limit_reached'],
  examples: [
    { summary: 'With a name', body: { name: 'azure-invoice-finance' }, status: 201 },
    { summary: 'A name that is too long', body: { name: 'n'.repeat(51) }, status: 400 },
  ],
  handle: (call) => {
    const name = call.body.name ?? ''
    if ([...name].length > keyNameMax) {
      throw new Refusal('validation.text_too_long', { field: 'name', max: keyNameMax })
    }
    const { environment } = call.caller
    const companyIds = companyIdsOf(call.caller)
    const input = {
      surface: 'connect',
      ...{ environment, companyIds, name: name === '' ? defaultName : name },
      ...call.keyMaker(),
    } as const
    return call.writeOrganization(createKey, input, ({ key, text: apiKey }) => ({
      status: 201,
      body: { ...toMasked(key), apiKey },
      keptBody: toMasked(key),
    }))
  },
})

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/apiKeys/{apiKeyId}',
  operation: 'delete-api-key',
  summary: 'Delete API key',
  description: 'It is refused from then on; the last key of a client cannot be deleted.',
  params: Type.Object({ apiKeyId: Type.String() }),
  answers: { 204: null },
  errors: [
    ...commonErrors,
    ...writeErrors,
    'resource.not_found',
    'key.already_revoked',
    'key.last_key',
  ],
  examples: [
    {
      summary: 'A key that is not there',
      params: { apiKeyId: '00000000-0000-0000-0000-000000000000' },
      status: 404,
    },
  ],
  handle: async (call) => {
    const keyId = await findOwn(call, call.params.apiKeyId)
    return call.writeOrganization(revokeKey, { keyId, keepsLast: true }, () => ({ status: 204 }))
  },
})

/** Keys of the client. Source: Connect specification 24. */
export const apiKeyRoutes: readonly RouteRecord[] = [listRoute, createRoute, deleteRoute]

/** Refuses: resource.not_found, also for a deleted key and one of another surface. */
async function findOwn(call: Pick<Call, 'caller' | 'read'>, given: string): Promise<Id<'key'>> {
  const { organizationId } = call.caller
  const keyId = isUuid(given) ? asId('key', given) : undefined
  const key = keyId && (await call.read((db) => findKey(db, organizationId, keyId)))
  if (key?.surface === 'connect' && isShown(key)) return key.id
  throw new Refusal('resource.not_found', { resource: 'API key', id: given })
}

const isShown = ({ revokedAt }: ApiKey): boolean => revokedAt === null

const toMasked = (key: ApiKey): Static<typeof ApiKeyOut> => ({
  id: key.id,
  name: key.name,
  apiKey: `${key.visibleStart}${'*'.repeat(32)}${key.visibleEnd}`,
  createdDate: key.createdAt,
})
