import { Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { requireCompany } from '../../modules/sync/company.queries.ts'
import {
  createConnection,
  deleteConnection,
  linkNativeConnection,
  linkScriptedConnection,
  unlinkConnection,
} from '../../modules/sync/connection.actions.ts'
import { getConnection, listConnections } from '../../modules/sync/connection.queries.ts'
import type { Connection } from '../../modules/sync/connection.ts'
import { propertiesByEntity } from '../../modules/sync/property.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import { type Call, type RouteRecord, route } from '../http/route.ts'
import { ListQueryIn, toListQuery, toPage } from './lists.ts'
import {
  bodyErrors,
  companyErrors,
  connectionErrors,
  listErrors,
  manifestOf,
  toConnectionOut,
  writeErrors,
} from './looks.ts'
import { toFailureOf } from './push.ts'
import { ConnectionOut, pageOf } from './shapes.ts'

const CompanyParams = Type.Object({ companyId: Type.String() })
const ConnectionParams = Type.Object({ companyId: Type.String(), connectionId: Type.String() })

/** An object with `platformKey`, or the key alone as older clients send it. */
const ConnectionIn = Type.Unknown({ description: '{"platformKey": "tlsk"}, or the bare key' })
const UnlinkIn = Type.Object({ status: Type.Enum(['Unlinked']) })
const AuthorizationIn = Type.Unsafe<Readonly<Record<string, string | number>>>({
  type: 'object',
  additionalProperties: { type: ['string', 'integer'] },
})

const vocabulary = {
  entity: 'DataConnection',
  properties: propertiesByEntity.DataConnection,
} as const

const shared = { tag: 'Connections', tenant: 'organization', cost: 1 } as const

const listRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/companies/{companyId}/connections',
    operation: 'list-connections',
    summary: 'List connections',
    scope: 'read',
    params: CompanyParams,
    query: ListQueryIn,
    answers: { 200: pageOf(ConnectionOut) },
    errors: [...companyErrors, ...listErrors],
    examples: [{ summary: 'All of a company', params: { companyId: '$company' }, status: 200 }],
    handle: async (call) => {
      const { organizationId } = call.caller
      const setting = { manifests, origin: call.origin }
      const query = toListQuery(call.query, vocabulary)
      const listed = await call.read(async (db) => {
        const companyId = await requireCompany(db, organizationId, call.params.companyId)
        return listConnections(db, { organizationId, companyId, ...query }, setting)
      })
      return toPage(call, listed, (connection) => toConnectionOut(connection, setting))
    },
  })

const createRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'POST',
    path: '/companies/{companyId}/connections',
    operation: 'create-connection',
    summary: 'Create connection',
    scope: 'manage',
    params: CompanyParams,
    body: ConnectionIn,
    bodyOptional: true,
    answers: { 200: ConnectionOut },
    errors: [
      ...companyErrors,
      ...bodyErrors,
      'sync.push_connection_missing',
      'sync.integration_not_found',
      'sync.integration_disabled',
    ],
    examples: [
      {
        summary: 'To a business of this installation',
        keep: 'connection',
        params: { companyId: '$company' },
        body: { platformKey: 'tlsk' },
        status: 200,
      },
    ],
    handle: (call) => {
      const platformKey = parsePlatformKey(call.body)
      const manifest = manifests.find(({ key }) => key === platformKey)
      if (manifest === undefined) {
        throw new Refusal('sync.integration_not_found', { platformKey })
      }
      const { companyId } = call.params
      return call.writeOrganization(
        createConnection,
        { companyId, manifest },
        replyOf(manifests, call),
      )
    },
  })

const getRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/companies/{companyId}/connections/{connectionId}',
    operation: 'get-connection',
    summary: 'Get connection',
    scope: 'read',
    params: ConnectionParams,
    answers: { 200: ConnectionOut },
    errors: connectionErrors,
    examples: [
      {
        summary: 'By id',
        params: { companyId: '$company', connectionId: '$connection' },
        status: 200,
      },
    ],
    handle: async (call) => replyOf(manifests, call)(await findConnection(call)),
  })

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/companies/{companyId}/connections/{connectionId}',
  operation: 'delete-connection',
  summary: 'Delete connection',
  description: 'Removes the connection and its data. The answer is 200 with an empty body.',
  scope: 'manage',
  params: ConnectionParams,
  answers: { 200: null },
  errors: [...connectionErrors, ...writeErrors],
  examples: [],
  handle: (call) => call.writeOrganization(deleteConnection, call.params, () => ({ status: 200 })),
})

const unlinkRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'PATCH',
    path: '/companies/{companyId}/connections/{connectionId}',
    operation: 'unlink-connection',
    summary: 'Unlink connection',
    description: 'What was read stays readable as it stands; it no longer follows the platform.',
    scope: 'manage',
    params: ConnectionParams,
    body: UnlinkIn,
    answers: { 200: ConnectionOut },
    errors: [...connectionErrors, ...bodyErrors, 'sync.connection_transition'],
    examples: [
      {
        summary: 'A connection that nobody has authorized',
        params: { companyId: '$company', connectionId: '$connection' },
        body: { status: 'Unlinked' },
        status: 400,
      },
    ],
    handle: (call) =>
      call.writeOrganization(unlinkConnection, call.params, replyOf(manifests, call)),
  })

const authorizeRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'PUT',
    path: '/companies/{companyId}/connections/{connectionId}/authorization',
    operation: 'update-connection-authorization',
    summary: 'Authorize connection',
    description:
      'On the platform `tlsk`, `businessId` names the business to link; on `mqjo`, `scenario` and `seed` say what is played.',
    scope: 'manage',
    params: ConnectionParams,
    body: AuthorizationIn,
    bodyOptional: true,
    answers: { 200: ConnectionOut },
    errors: [
      ...connectionErrors,
      ...bodyErrors,
      'sync.authorization_rejected',
      'connect.tenant_mismatch',
      'sync.connection_category_taken',
      'plan.connection_limit',
    ],
    examples: [
      {
        summary: 'The only business of the environment of the key',
        params: { companyId: '$company', connectionId: '$connection' },
        body: {},
        status: 200,
      },
    ],
    handle: async (call) => {
      const connection = await findConnection(call)
      const manifest = manifestOf(manifests, connection.platformKey)
      if (manifest.buildBooks !== undefined) {
        const script = { ...call.params, manifest, credentials: call.body }
        const scripted = { ...script, toFailure: toFailureOf(call) }
        return call.writeOrganization(linkScriptedConnection, scripted, replyOf(manifests, call))
      }
      const { businessId } = parseNativeAuthorization(call.body)
      const input = {
        ...call.params,
        manifest,
        environment: call.caller.environment,
        businessId,
      }
      return call.writeOrganization(linkNativeConnection, input, replyOf(manifests, call))
    },
  })

/** Links of companies to platforms. Source: Connect specification 10. */
export const connectionRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  listRoute(manifests),
  createRoute(manifests),
  getRoute(manifests),
  deleteRoute,
  unlinkRoute(manifests),
  authorizeRoute(manifests),
]

const replyOf =
  (manifests: readonly Manifest[], { origin }: Call) =>
  (connection: Connection) => ({
    status: 200,
    body: toConnectionOut(connection, { manifests, origin }),
  })

type ConnectionCall = Call<Readonly<{ companyId: string; connectionId: string }>>

/** Refuses, in this order: sync.company_not_found, sync.connection_not_found. */
function findConnection(call: ConnectionCall): Promise<Connection> {
  const { organizationId } = call.caller
  return call.read(async (db) => {
    const companyId = await requireCompany(db, organizationId, call.params.companyId)
    return getConnection(db, { organizationId, companyId }, call.params.connectionId)
  })
}

/** Refuses: sync.push_connection_missing. */
function parsePlatformKey(body: unknown): string {
  if (typeof body === 'string' && body !== '') return body
  if (typeof body === 'object' && body !== null && 'platformKey' in body) {
    const { platformKey } = body
    if (typeof platformKey === 'string' && platformKey !== '') return platformKey
  }
  throw new Refusal('sync.push_connection_missing')
}

/** Refuses: validation.failed, naming each key that the platform does not know. */
function parseNativeAuthorization(
  body: Readonly<Record<string, string | number>>,
): Readonly<{ businessId: string | undefined }> {
  const { businessId, ...unknown } = body
  const issues = Object.keys(unknown).map((name) => ({
    pointer: `/${name}`,
    path: name,
    rule: 'unknown' as const,
    message: 'is not a known field',
  }))
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  return { businessId: businessId === undefined ? undefined : String(businessId) }
}
