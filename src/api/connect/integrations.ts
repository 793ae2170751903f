import { Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { selectPage } from '../../modules/sync/filter.ts'
import { propertiesByEntity } from '../../modules/sync/property.ts'
import { isBeta, type Manifest, orderedTypes } from '../../modules/sync/record.ts'
import { type RouteRecord, route } from '../http/route.ts'
import { addressOf } from './integration-images.ts'
import { ListQueryIn, toListQuery, toPage } from './lists.ts'
import { commonErrors, listErrors } from './looks.ts'
import { BrandingOut, CoverageOut, IntegrationOut, pageOf } from './shapes.ts'

const vocabulary = { entity: 'Integration', properties: propertiesByEntity.Integration } as const
const byName = { path: 'name', kind: 'text', isDescending: false } as const

const shared = { tag: 'Integrations', scope: 'read', tenant: 'organization', cost: 1 } as const

const listRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/integrations',
    operation: 'list-integrations',
    summary: 'List integrations',
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

const getRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/integrations/{platformKey}',
    operation: 'get-integration',
    summary: 'Get integration',
    params: Type.Object({ platformKey: Type.String() }),
    answers: { 200: IntegrationOut },
    errors: [...commonErrors, 'sync.integration_not_found'],
    examples: [{ summary: 'Our own books', params: { platformKey: 'tlsk' }, status: 200 }],
    handle: ({ params: { platformKey }, origin }) => {
      const manifest = requireManifest(manifests, platformKey)
      return Promise.resolve({ status: 200, body: toIntegrationOut(manifest, origin) })
    },
  })

const brandingRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/integrations/{platformKey}/branding',
    operation: 'get-integrations-branding',
    summary: 'Get branding for an integration',
    params: Type.Object({ platformKey: Type.String() }),
    answers: { 200: BrandingOut },
    errors: [...commonErrors, 'sync.integration_not_found'],
    examples: [
      { summary: 'Our own books', params: { platformKey: 'tlsk' }, status: 200 },
      { summary: 'A platform that nobody knows', params: { platformKey: 'zzzz' }, status: 404 },
    ],
    handle: ({ params: { platformKey }, origin }) => {
      const manifest = requireManifest(manifests, platformKey)
      return Promise.resolve({ status: 200, body: toBrandingOut(manifest, origin) })
    },
  })

const coverageRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/coverage',
    operation: 'get-coverage',
    summary: 'Get what every platform can do, by data type',
    answers: { 200: CoverageOut },
    errors: commonErrors,
    examples: [{ summary: 'All platforms', status: 200 }],
    handle: () => Promise.resolve({ status: 200, body: { platforms: manifests.map(toCoverage) } }),
  })

/** The platforms of this installation. Source: Connect specification 11. */
export const integrationRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  listRoute(manifests),
  getRoute(manifests),
  brandingRoute(manifests),
  coverageRoute(manifests),
]

/** One platform of the matrix. Source: Connect specification 11.2 and 26. */
const toCoverage = (manifest: Manifest) => ({
  platformKey: manifest.key,
  platformName: manifest.name,
  testedAgainst: manifest.dataProvidedBy ?? manifest.serviceName,
  features: orderedTypes(manifest).flatMap((dataType) =>
    Object.entries(manifest.features[dataType]).map(([featureType, featureState]) => ({
      dataType,
      featureType,
      featureState,
    })),
  ),
})

/** Refuses: sync.integration_not_found. */
function requireManifest(manifests: readonly Manifest[], platformKey: string): Manifest {
  const manifest = manifests.find(({ key }) => key === platformKey)
  if (manifest === undefined) throw new Refusal('sync.integration_not_found', { platformKey })
  return manifest
}

function toBrandingOut({ key, name, sourceId }: Manifest, origin: string) {
  const picture = (of: Parameters<typeof addressOf>[2], alt: string) => ({
    image: { src: addressOf(origin, key, of), alt },
  })
  return {
    logo: { full: picture('full', `${name} logo`), square: picture('square', `${name} mark`) },
    button: {
      default: picture('button', `Connect ${name}`),
      hover: picture('button-hover', `Connect ${name}`),
    },
    sourceId,
  }
}

/** The data type stands under both spellings, because clients read one or the other. */
const toIntegrationOut = (manifest: Manifest, origin: string) => ({
  key: manifest.key,
  logoUrl: addressOf(origin, manifest.key, 'square'),
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
