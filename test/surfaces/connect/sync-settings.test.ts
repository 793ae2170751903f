import { expect, test } from 'vitest'
import type { Answer } from '../../harness.ts'
import { aCompany } from './linked.ts'

const trial = { invoicing: 'pro', books: 'enterprise', connect: 'trial' } as const

const invoices = (syncSchedule: number) => ({
  dataType: 'invoices',
  fetchOnFirstLink: true,
  syncSchedule,
  syncOrder: 3,
})

const ofInvoices = ({ body }: Answer) =>
  body.settings.find(({ dataType }: { dataType: string }) => dataType === 'invoices')

test('200 every data type has a setting before anybody set one', async () => {
  const { connect, organizationId } = await aCompany()

  const { status, body } = await connect.get('/profile/syncSettings')

  expect([status, body.clientId, body.overridesDefaults]).toEqual([200, organizationId, false])
  expect(body.settings).toHaveLength(43)
  expect(body.settings).toContainEqual({
    ...{ dataType: 'balanceSheet', fetchOnFirstLink: true, syncSchedule: 24, syncOrder: 1 },
    ...{ monthsToSync: 24, isLocked: false },
  })
})

test('204 settings of the client apply to a company until it has its own', async () => {
  const { connect, get, companyId } = await aCompany()
  const path = `/companies/${companyId}/syncSettings`

  const client = await connect.post('/profile/syncSettings', { settings: [invoices(48)] })
  const inherited = await get('/syncSettings')
  const own = await connect.post(path, { settings: [invoices(72)], overridesDefaults: true })
  const overridden = await get('/syncSettings')
  await connect.post(path, { settings: [], overridesDefaults: false })
  const again = await get('/syncSettings')

  expect([client.status, client.text, own.status]).toEqual([204, '', 204])
  expect([inherited, overridden, again].map((answer) => ofInvoices(answer).syncSchedule)).toEqual([
    48, 72, 48,
  ])
  expect(
    [inherited, overridden, again].map(({ body }) => [body.companyId, body.overridesDefaults]),
  ).toEqual([
    [companyId, false],
    [companyId, true],
    [companyId, false],
  ])
})

test.each(['/profile/syncSettings', '/companies/:id/syncSettings'])(
  '402 an hourly schedule on trial saves nothing (%s)',
  async (template) => {
    const { connect, companyId } = await aCompany({ plans: trial })
    const path = template.replace(':id', companyId)

    const refused = await connect.post(path, {
      settings: [invoices(168), { ...invoices(1), dataType: 'bills' }],
    })

    expect([refused.status, refused.body.error]).toEqual([
      402,
      'SyncSettingsValidationException: Sync schedule not allowed',
    ])
    expect(refused.body.validation.errors).toEqual([
      {
        itemId: 'SyncSchedule',
        message: 'Sync schedule not allowed. Learn more at http://127.0.0.1:4400/docs/limits',
        validatorName: 'SyncSettings',
      },
    ])
    expect(ofInvoices(await connect.get(path)).syncSchedule).toBe(24)
  },
)

test('204 an hourly schedule on growth, and a daily one on trial', async () => {
  const growth = await aCompany()
  const small = await aCompany({ plans: trial })

  const hourly = await growth.connect.post('/profile/syncSettings', { settings: [invoices(1)] })
  const daily = await small.connect.post('/profile/syncSettings', { settings: [invoices(24)] })

  expect([hourly.status, daily.status]).toEqual([204, 204])
})
