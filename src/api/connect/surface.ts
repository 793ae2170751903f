import { addDays, asDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { parseKeyText } from '../../modules/access/api-key.ts'
import { requireCompany } from '../../modules/sync/company.queries.ts'
import { getConnection } from '../../modules/sync/connection.queries.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import {
  type Facts,
  requireActiveOrganization,
  requireAllowedAddress,
  requireKnownKey,
  requireRate,
  requireScope,
} from '../http/checks.ts'
import { findPolicy, type Standing, toSecondText } from '../http/limits.ts'
import type { ErrorContext, Rendered } from '../http/look.ts'
import { wantsOnlyProblem } from '../http/problem.ts'
import type { Call } from '../http/route.ts'
import type { Met, Surface } from '../http/surface.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { companyRoutes } from './companies.ts'
import { connectionRoutes } from './connections.ts'
import { datasetRoutes } from './datasets.ts'
import { renderConnectError } from './errors.ts'
import { integrationRoutes } from './integrations.ts'
import { invoicePdfRoutes } from './invoice-pdf.ts'
import { toPlainJson } from './json.ts'
import { companyIdsOf } from './looks.ts'
import { pushRoutes } from './push.ts'
import { recordRoutes } from './records.ts'
import { syncSettingRoutes } from './sync-settings.ts'
import { webhookRoutes } from './webhooks.ts'

const idempotencyKeepMs = 90 * 60_000

/**
 * The Connect API: a key reaches a whole client, companies stand for its customers, and every
 * error has one shape. Source: Connect specification 1 to 8.
 */
export const connect = (manifests: readonly Manifest[]): Surface => ({
  name: 'connect',
  mount: '/connect',
  title: 'Tallystick Connect API',
  openApiPath: '/openapi.json',
  routes: [
    ...companyRoutes(manifests),
    ...connectionRoutes(manifests),
    ...integrationRoutes(manifests),
    ...datasetRoutes(manifests),
    ...invoicePdfRoutes(manifests),
    ...recordRoutes(manifests),
    ...pushRoutes(manifests),
    ...syncSettingRoutes,
    ...apiKeyRoutes,
    ...webhookRoutes(manifests),
  ],
  bodyBytesMax: 10 * 1024 * 1024,
  ignoresCase: true,
  trimsTexts: false,
  namesMissingFields: false,
  refusesEmptyUpdates: false,
  parseKey,
  checks: [
    requireKnownKey,
    requireAllowedAddress,
    requireActiveOrganization,
    requireYoungTrial,
    requireRate,
    requireScope,
  ],
  requireBeforeShape,
  isMetered: false,
  hasPartition: true,
  limitHeaders,
  wantsProblem: wantsOnlyProblem,
  toJson: toPlainJson,
  renderError,
  wording: {},
  idempotency: {
    keepMs: idempotencyKeepMs,
    keepsEverything: true,
    keeps: (_refusal, status) => status !== 429,
  },
})

/**
 * The key behind `Basic`, encoded alone or with the colon that ends a user name.
 * Refuses, in this order: key.header_missing, key.format_invalid, key.wrong_surface,
 * key.checksum_invalid.
 * Source: Connect specification 2.
 */
function parseKey(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw new Refusal('key.header_missing')
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1]
  if (encoded === undefined) throw new Refusal('key.format_invalid')
  return parseKeyText(
    'connect',
    Buffer.from(encoded, 'base64').toString('latin1').replace(/:$/, ''),
  )
}

/** Refuses: plan.account_expired. Source: Connect specification 5. */
function requireYoungTrial({ admitted, now }: Facts): void {
  const { account_days_max: days, organization_created_at: createdAt } = admitted
  if (days === null) return
  const lastDay = addDays(asDate(createdAt.slice(0, 10)), days)
  if (now > `${lastDay}${createdAt.slice(10)}`) {
    throw new Refusal('plan.account_expired', { days })
  }
}

/** The day's quota, in headers of its own. Source: Connect specification 6. */
function limitHeaders(standing: Standing | undefined): Readonly<Record<string, string>> {
  const day = standing && findPolicy(standing, 'day')
  if (day === undefined) return {}
  return {
    'X-Rate-Limit-Limit': String(day.limit),
    'X-Rate-Limit-Remaining': String(day.remaining),
    'X-Rate-Limit-Reset': toSecondText(day.freeMs),
  }
}

/**
 * Refuses, in this order: sync.company_not_found, key.resource_not_associated,
 * sync.connection_not_found.
 */
async function requireBeforeShape(call: Call): Promise<void> {
  // The router has found every parameter that the path names.
  const { companyId: company, connectionId } = call.params as Readonly<Record<string, string>>
  if (company === undefined) return
  const { organizationId } = call.caller
  await call.read(async (db) => {
    const companyId = await requireCompany(db, organizationId, company)
    if (companyIdsOf(call.caller)?.includes(companyId) === false) {
      throw new Refusal('key.resource_not_associated')
    }
    if (connectionId === undefined) return
    await getConnection(db, { organizationId, companyId }, connectionId)
  })
}

function renderError(refusal: Refusal, context: ErrorContext, met?: Met): Rendered {
  const group = groupByTag.get(met?.route?.tag ?? '')
  return renderConnectError(refusal, {
    ...context,
    validatorName: group?.entity,
    family: group?.family ?? 'PullApi',
  })
}

/** What the bodies of a group of routes are about, and the service that answers its lists. */
const groupByTag: ReadonlyMap<string, Readonly<{ entity: string; family: string }>> = new Map([
  ['Companies', { entity: 'Company', family: 'ClientsApi' }],
  ['Connections', { entity: 'DataConnection', family: 'ClientsApi' }],
  ['Integrations', { entity: 'Integration', family: 'ClientsApi' }],
  ['Push data', { entity: 'Invoice', family: 'PushApi' }],
  ['Sync settings', { entity: 'SyncSettings', family: 'PublicApi' }],
  ['Webhooks', { entity: 'WebhookConsumer', family: 'PublicApi' }],
  ['API keys', { entity: 'ApiKey', family: 'PublicApi' }],
  ['Refresh data', { entity: 'Dataset', family: 'PullApi' }],
])
