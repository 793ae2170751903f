import { Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { selectPage } from '../../modules/sync/filter.ts'
import { propertiesByEntity } from '../../modules/sync/property.ts'
import { isBeta, type Manifest, orderedTypes } from '../../modules/sync/record.ts'
import { type RouteRecord, route } from '../http/route.ts'
import { ListQueryIn, toListQuery, toPage } from './lists.ts'
import { commonErrors, listErrors } from './looks.ts'
import { IntegrationOut, pageOf } from './shapes.ts'

const vocabulary = { entity: 'Integration', properties: propertiesByEntity.Integration } as const
const byName = { path: 'name', kind: 'text', isDescending: false } as const

/** The platforms of this installation. Source: Connect specification 11. */
export function integrationRoutes(manifests: readonly Manifest[]): readonly RouteRecord[] {
  const list = route({
    method: 'GET',
    path: '/integrations',
    operation: 'list-integrations',
    tag: 'Integrations',
    summary: 'List integrations',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    query: ListQueryIn,
    answers: { 200: pageOf(IntegrationOut) },
    errors: [...commonErrors, ...listErrors],
    examples: [{ summary: 'All platforms', status: 200 }],
    handle: (call) => {
      const { order = byName, ...query } = toListQuery(call.query, vocabulary)
      const rows = manifests.map((manifest) => toIntegrationOut(manifest, call.origin))
      return Promise.resolve(toPage(call, selectPage(rows, { ...query, order }), (row) => row))
    },
  })

  const get = route({
    method: 'GET',
    path: '/integrations/{platformKey}',
    operation: 'get-integration',
    tag: 'Integrations',
    summary: 'Get integration',
    scope: 'read',
    tenant: 'organization',
    cost: 1,
    params: Type.Object({ platformKey: Type.String() }),
    answers: { 200: IntegrationOut },
    errors: [...commonErrors, 'sync.integration_not_found'],
    examples: [{ summary: 'Our own books', params: { platformKey: 'tlsk' }, status: 200 }],
    handle: ({ params: { platformKey }, origin }) => {
      const manifest = manifests.find(({ key }) => key === platformKey)
      if (manifest === undefined) {
        throw new Refusal('sync.integration_not_found', { platformKey })
      }
      return Promise.resolve({ status: 200, body: toIntegrationOut(manifest, origin) })
    },
  })

  return [list, get]
}

/** The data type stands under both spellings, because clients read one or the other. */
const toIntegrationOut = (manifest: Manifest, origin: string) => ({
  key: manifest.key,
  logoUrl: `${origin}/assets/integrations/${manifest.key}.svg`,
  name: manifest.name,
  enabled: manifest.isEnabled,
  sourceId: manifest.sourceId,
  sourceType: manifest.sourceType,
  integrationId: manifest.integrationId,
  isOfflineConnector: manifest.isOfflineConnector,
  isBeta: isBeta(manifest),
  ...(manifest.dataProvidedBy !== undefined && { dataProvidedBy: manifest.dataProvidedBy }),
  datatypeFeatures: orderedTypes(manifest).map((dataType) => ({
    dataType,
    datatype: dataType,
    supportedFeatures: Object.entries(manifest.features[dataType]).map(
      ([featureType, featureState]) => ({ featureType, featureState }),
    ),
  })),
})
