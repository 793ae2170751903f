import { operatorPlans } from '../../src/modules/plans/plan.ts'
import { type Answer, aBusiness } from '../harness.ts'
import { aCompany, aLinkedCompany, type WithCompany } from '../surfaces/connect/linked.ts'
import type { Recipes } from './recipe.ts'

const trial = { ...operatorPlans, connect: 'trial' } as const

type Sandbox = WithCompany & Readonly<{ connection: string }>

/** A company whose connection plays a script. */
async function aSandbox(scenario: string): Promise<Sandbox> {
  const company = await aCompany()
  const made = await company.connect.post(`/companies/${company.companyId}/connections`, {
    platformKey: 'mqjo',
  })
  const connection = company.connectionPath(made.body.id)
  await company.connect.put(`${connection}/authorization`, { scenario })
  return { ...company, connection }
}

/** What Connect refuses about companies, connections and their data. */
export const ofSync: Recipes = {
  'key.resource_not_associated': async () => {
    const company = await aCompany()
    const other = await company.connect.post('/companies', { name: 'Another' })
    const narrow = await company.clientOf('connect', { companyIds: [other.body.id] })
    return narrow.get(`/companies/${company.companyId}`)
  },
  'plan.connection_limit': async () => {
    const company = await aCompany()
    await company.owner.query(
      `insert into limit_override
         (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
       values ($1, 'connect', 'activeConnectionsMax', '0', '2000-01-01', 'test', '2000-01-01')`,
      [company.organizationId],
    )
    return company.link(await company.addConnection())
  },
  'plan.sync_schedule_not_allowed': async () => {
    const { connect } = await aBusiness({ plans: trial })
    const hourly = { dataType: 'invoices', fetchOnFirstLink: true, syncSchedule: 1, syncOrder: 0 }
    return connect.post('/profile/syncSettings', { settings: [hourly] })
  },
  'sync.dataset_incomplete': async () => (await aSandbox('hold')).get('/data/invoices'),
  'sync.dataset_in_progress': async () => {
    const { connect, companyId } = await aSandbox('hold')
    return connect.post(`/companies/${companyId}/data/queue/invoices`)
  },
  'sync.push_connection_missing': async () => {
    const { connect, companyId } = await aCompany()
    return connect.post(`/companies/${companyId}/connections`, {})
  },
  'sync.downstream_forbidden': async () =>
    (await aSandbox('denied')).get('/data/invoices/12345/pdf'),
  'documents.pdf_not_found': async () => (await aLinkedCompany()).get('/data/invoices/12345/pdf'),
}

/** How an operation ends that was taken: the answer that tells of it has a number of its own. */
export const ofPushes: Recipes = {
  'sync.push_timed_out': async (): Promise<Answer> => {
    const { connect, connection, clock, get } = await aSandbox('pushTimeout')
    const pushed = await connect.post(`${connection}/push/invoices?timeoutInMinutes=1`, {
      lineItems: [{ description: 'Survey', quantity: 1, unitAmount: 100 }],
    })
    clock.set('2026-06-15T12:01:00.000Z')
    return get(`/push/${pushed.body.pushOperationKey}`)
  },
}
