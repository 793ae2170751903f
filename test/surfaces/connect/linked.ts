import { assert } from '../../../src/kernel/assert.ts'
import { asDate } from '../../../src/kernel/dates.ts'
import { postJournal } from '../../../src/modules/ledger/journal.actions.ts'
import { type Answer, aBusiness, type Business, type BusinessOptions } from '../../harness.ts'

/** A business with a Connect company; `link` makes a connection of the native platform to it. */
export type WithCompany = Business &
  Readonly<{
    companyId: string
    /** Below the company: `/connections`. */
    get: (path: string) => Promise<Answer>
    connectionPath: (connectionId: string) => string
    addConnection: () => Promise<string>
    link: (connectionId: string) => Promise<Answer>
  }>

export type Linked = WithCompany & Readonly<{ connectionId: string }>

export async function aCompany(options: BusinessOptions = {}): Promise<WithCompany> {
  const business = await aBusiness(options)
  const { connect, businessId } = business
  const created = await connect.post('/companies', { name: 'Technicalium' })
  assert(created.status === 200, `the company was not made: ${created.text}`)
  const companyId: string = created.body.id
  const connectionPath = (connectionId: string): string =>
    `/companies/${companyId}/connections/${connectionId}`
  return {
    ...business,
    companyId,
    connectionPath,
    get: (path) => connect.get(`/companies/${companyId}${path}`),
    addConnection: async () => {
      const made = await connect.post(`/companies/${companyId}/connections`, {
        platformKey: 'tlsk',
      })
      return made.body.id
    },
    link: (connectionId) =>
      connect.put(`${connectionPath(connectionId)}/authorization`, { businessId }),
  }
}

/** A company whose native connection is linked to the business. */
export async function aLinkedCompany(options: BusinessOptions = {}): Promise<Linked> {
  const company = await aCompany(options)
  const connectionId = await company.addConnection()
  const linked = await company.link(connectionId)
  assert(linked.status === 200, `the connection was not linked: ${linked.text}`)
  return { ...company, connectionId }
}

/** A customer of the business; answers its id. */
export async function aCustomer({ invoicing }: Business, fields: object = {}): Promise<string> {
  const made = await invoicing.post('/api/v1/customers', { name: 'Juniper Stores', ...fields })
  assert(made.status === 201, `the customer was not made: ${made.text}`)
  return made.body.id
}

/** An invoice of 250.50 and 7.5 % tax; answers its id. */
export async function anInvoice({ invoicing }: Business, fields: object): Promise<string> {
  const items = [
    { description: 'Site survey', quantity: 2, unit_price: 100.25, tax_rate: 7.5 },
    { description: 'Report', quantity: 1, unit_price: 50 },
  ]
  const issued = { issue_date: '2026-06-01', due_date: '2026-07-01', items, ...fields }
  const made = await invoicing.post('/api/v1/invoices', issued)
  assert(made.status === 201, `the invoice was not made: ${made.text}`)
  return made.body.id
}

/** Posts a manual entry; amounts in minor units by account code, debits positive. */
export const post = (
  { write }: Business,
  day: string,
  lines: Readonly<Record<string, bigint>>,
): Promise<unknown> =>
  write(postJournal, {
    accountingDate: asDate(day),
    description: 'Manual entry',
    reference: null,
    lines: Object.entries(lines).map(([accountCode, base]) => ({
      accountCode,
      base,
      description: null,
    })),
  })
