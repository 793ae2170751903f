import { type Static, Type } from 'typebox'
import { requireCompany } from '../../modules/sync/company.queries.ts'
import { dataTypes } from '../../modules/sync/record.ts'
import { setClientSettings, setCompanySettings } from '../../modules/sync/sync-setting.actions.ts'
import { findClientSettings, loadCompanySettings } from '../../modules/sync/sync-setting.queries.ts'
import { type SyncSetting, settingsOf } from '../../modules/sync/sync-setting.ts'
import { type RouteRecord, route } from '../http/route.ts'
import { bodyErrors, commonErrors, companyErrors } from './looks.ts'

const hoursMax = 8_760
const monthsMax = 1_200

const shared = {
  dataType: Type.Enum([...dataTypes]),
  fetchOnFirstLink: Type.Boolean({ description: 'Whether the first link reads it' }),
  syncSchedule: Type.Integer({
    minimum: 0,
    maximum: hoursMax,
    description: 'Hours between two runs; 0: none',
  }),
  syncOrder: Type.Integer({ minimum: 0, maximum: 1_000 }),
  syncFromUtc: Type.Optional(Type.String({ format: 'timestamp' })),
  syncFromWindow: Type.Optional(Type.Integer({ minimum: 0, maximum: monthsMax })),
  monthsToSync: Type.Optional(Type.Integer({ minimum: 0, maximum: monthsMax })),
} as const

const SettingOut = Type.Object(
  { ...shared, isLocked: Type.Boolean() },
  { additionalProperties: false },
)
const ClientOut = Type.Object(
  {
    clientId: Type.String({ format: 'uuid' }),
    settings: Type.Array(SettingOut),
    overridesDefaults: Type.Boolean(),
  },
  { additionalProperties: false },
)
const CompanyOut = Type.Object(
  {
    companyId: Type.String({ format: 'uuid' }),
    settings: Type.Array(SettingOut),
    overridesDefaults: Type.Boolean(),
  },
  { additionalProperties: false },
)

const SettingsIn = Type.Object({
  settings: Type.Array(Type.Object(shared), { maxItems: dataTypes.length }),
  overridesDefaults: Type.Optional(Type.Boolean({ description: 'Default true' })),
})
const CompanyParams = Type.Object({ companyId: Type.String() })

const settingErrors = [...bodyErrors, 'plan.sync_schedule_not_allowed'] as const

const daily = {
  dataType: 'invoices',
  fetchOnFirstLink: true,
  syncSchedule: 24,
  syncOrder: 14,
} as const

const common = { tag: 'Sync settings', tenant: 'organization', cost: 1 } as const
const client = { ...common, path: '/profile/syncSettings' } as const
const company = { ...common, path: '/companies/{companyId}/syncSettings' } as const

const getClient = route({
  ...client,
  method: 'GET',
  operation: 'get-profile-sync-settings',
  summary: 'Get sync settings',
  scope: 'read',
  answers: { 200: ClientOut },
  errors: commonErrors,
  examples: [{ summary: 'Of the client', status: 200 }],
  handle: async (call) => {
    const { organizationId } = call.caller
    const own = await call.read((db) => findClientSettings(db, organizationId))
    const settings = settingsOf(own).map(toWire)
    const overridesDefaults = Object.keys(own).length > 0
    return { status: 200, body: { clientId: organizationId, settings, overridesDefaults } }
  },
})

const setClient = route({
  ...client,
  method: 'POST',
  operation: 'update-profile-sync-settings',
  summary: 'Update all sync settings',
  description: 'Replaces the settings of the listed data types.',
  scope: 'manage',
  body: SettingsIn,
  answers: { 204: null },
  errors: [...commonErrors, ...settingErrors],
  examples: [{ summary: 'Invoices daily', body: { settings: [daily] }, status: 204 }],
  handle: (call) =>
    call.writeOrganization(setClientSettings, { listed: call.body.settings }, () => ({
      status: 204,
    })),
})

const getCompany = route({
  ...company,
  method: 'GET',
  operation: 'get-company-sync-settings',
  summary: 'Get company sync settings',
  scope: 'read',
  params: CompanyParams,
  answers: { 200: CompanyOut },
  errors: companyErrors,
  examples: [{ summary: 'Of a company', params: { companyId: '$company' }, status: 200 }],
  handle: async (call) => {
    const { organizationId } = call.caller
    const body = await call.read(async (db) => {
      const companyId = await requireCompany(db, organizationId, call.params.companyId)
      const { settings, isOwn } = await loadCompanySettings(db, organizationId, companyId)
      return { companyId, settings: settings.map(toWire), overridesDefaults: isOwn }
    })
    return { status: 200, body }
  },
})

const setCompany = route({
  ...company,
  method: 'POST',
  operation: 'set-company-sync-settings',
  summary: 'Update company sync settings',
  description: 'With `overridesDefaults` false the settings of the client apply again.',
  scope: 'manage',
  params: CompanyParams,
  body: SettingsIn,
  answers: { 204: null },
  errors: [...companyErrors, ...settingErrors],
  examples: [
    {
      summary: 'As the client has them',
      params: { companyId: '$company' },
      body: { settings: [], overridesDefaults: false },
      status: 204,
    },
  ],
  handle: (call) => {
    const { settings: listed, overridesDefaults = true } = call.body
    const input = { companyId: call.params.companyId, listed, overridesDefaults }
    return call.writeOrganization(setCompanySettings, input, () => ({ status: 204 }))
  },
})

/** When data types are read. Source: Connect specification 13. */
export const syncSettingRoutes: readonly RouteRecord[] = [
  getClient,
  setClient,
  getCompany,
  setCompany,
]

const toWire = (setting: SyncSetting): Static<typeof SettingOut> => ({
  dataType: setting.dataType,
  fetchOnFirstLink: setting.fetchOnFirstLink,
  syncSchedule: setting.syncSchedule,
  syncOrder: setting.syncOrder,
  ...(setting.syncFromUtc !== undefined && { syncFromUtc: setting.syncFromUtc }),
  ...(setting.syncFromWindow !== undefined && { syncFromWindow: setting.syncFromWindow }),
  ...(setting.monthsToSync !== undefined && { monthsToSync: setting.monthsToSync }),
  isLocked: false,
})
