import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { revokeKey } from '../../../src/modules/access/api-key.actions.ts'
import { listKeys } from '../../../src/modules/access/api-key.queries.ts'
import { closeBusiness } from '../../../src/modules/access/business.actions.ts'
import { findLimit } from '../../../src/modules/plans/limit.queries.ts'
import { operatorPlans } from '../../../src/modules/plans/plan.ts'
import { bytesOf, rowsOf } from '../../error-page.ts'
import { type Answer, aBusiness, aClient, type Business, type Client } from '../../harness.ts'

/*
 * The published error page of this surface, row by row: the whole body as it stands there. Each row
 * is brought about by what really causes it, through HTTP.
 */

const page = `
401 Missing Authorization header
401 Invalid API key format
401 Invalid API key
401 Invalid API key, revoked
401 API key has expired
403 Insufficient permissions. Required: write
400 Missing required fields: customer_id, items (at least one)
400 Each item requires: description, quantity, unit_price
400 No valid fields to update
404 Invoice not found
404 Customer not found
404 Business not found
429 API key limit reached for your current plan
500 Internal server error
`

const customers = '/api/v1/customers'
const invoices = '/api/v1/invoices'
const keys = '/api/v1/keys'
const webhooks = '/api/v1/webhooks'
const absent = '0197a1c2-0000-7000-8000-0000000000e1'
const today = asDate('2026-06-15')
const basic = { ...operatorPlans, invoicing: 'basic' } as const

const business = await aBusiness()
const { invoicing } = business
const customer = (await invoicing.post(customers, { name: 'Lantern & Rye Ltd' })).body.id as string

const withKey = (authorization: string): Promise<Answer> =>
  aClient(business.app, 'invoicing', authorization).get(customers)

async function keyOf({ organizationId, read }: Business) {
  const [key] = await read((db) => listKeys(db, { organizationId, surface: 'invoicing' }))
  if (key === undefined) throw new Error('the business has a key')
  return key.id
}

const causes = {
  '401 Missing Authorization header': () => withKey(''),
  '401 Invalid API key format': () => withKey('Bearer oim_short'),
  '401 Invalid API key': () => withKey(`Bearer oim_${'0'.repeat(56)}cd5bae18`),
  '401 Invalid API key, revoked': async () => {
    const other = await aBusiness()
    const { organizationId } = other
    await other.write(revokeKey, { keyId: await keyOf(other) }, { organizationId })
    return other.invoicing.get(customers)
  },
  '401 API key has expired': async () => {
    const { app, clock, invoicing: owner } = await aBusiness()
    const { body } = await owner.post(keys, {
      ...{ name: 'Till', scope: 'read', expires_at: '2026-06-15' },
    })
    clock.set('2026-06-16T00:00:00.000Z')
    const answer = await aClient(app, 'invoicing', `Bearer ${body.key}`).get(customers)
    clock.set('2026-06-15T12:00:00.000Z')
    return answer
  },
  '403 Insufficient permissions. Required: write': async () => {
    const reader = await business.clientOf('invoicing', { scopes: ['read'] })
    return reader.post(customers, { name: 'Lantern & Rye Ltd' })
  },
  '400 Missing required fields: customer_id, items (at least one)': () =>
    invoicing.post(invoices, { items: [] }),
  '400 Each item requires: description, quantity, unit_price': () =>
    invoicing.post(invoices, { customer_id: customer, items: [{ description: 'Survey' }] }),
  '400 No valid fields to update': () => invoicing.patch(`${customers}/${customer}`, { age: 7 }),
  '404 Invoice not found': () => invoicing.get(`${invoices}/${absent}`),
  '404 Customer not found': () => invoicing.get(`${customers}/${absent}`),
  '404 Business not found': async () => {
    const other = await aBusiness()
    await other.write(closeBusiness, {})
    return other.invoicing.get(customers)
  },
  '429 API key limit reached for your current plan': async () => {
    const { invoicing: owner } = await aBusiness({ plans: basic })
    await owner.post(keys, { name: 'Till', scope: 'read' })
    return owner.post(keys, { name: 'Till 2', scope: 'read' })
  },
  '500 Internal server error': async () => {
    await business.owner.query('revoke select on party from tallystick_app')
    const answer = await invoicing.get(customers)
    await business.owner.query('grant select on party to tallystick_app')
    return answer
  },
}

test.each(rowsOf(page, causes))('%s is answered byte for byte', async (row, cause) => {
  const answer = await cause()

  const [status = '', ...words] = row.replace(', revoked', '').split(' ')
  const sentence = words.join(' ')
  expect([answer.status, bytesOf(answer)]).toEqual([Number(status), `{"error":"${sentence}"}`])
})

test('404 a resource of another business reads as absent', async () => {
  const other = await aBusiness()

  const answer = await other.invoicing.get(`${customers}/${customer}`)

  expect([answer.status, answer.text]).toEqual([404, '{"error":"Customer not found"}'])
})

/** Makes resources until one is refused: how many there were room for, and the refusal. */
async function countUntilRefused(
  client: Client,
  path: string,
  body: (index: number) => object,
): Promise<readonly [made: number, refused: Answer]> {
  for (let made = 0; ; made += 1) {
    const answer = await client.post(path, body(made))
    if (answer.status !== 201) return [made, answer]
  }
}

const aKey = (index: number) => ({ name: `Key ${index}`, scope: 'read' })
const aHook = (index: number) => ({
  url: `https://hooks.lanternrye.example/${index}`,
  events: ['invoice.paid'],
})

// The key that the client itself came with is one of them.
test.each([
  ['API Keys', 'Basic', 'basic', keys, aKey, 2 - 1],
  ['API Keys', 'Pro', 'pro', keys, aKey, 20 - 1],
  ['Webhook Endpoints', 'Basic', 'basic', webhooks, aHook, 2],
  ['Webhook Endpoints', 'Pro', 'pro', webhooks, aHook, 50],
] as const)('429 the limit of %s on %s', async (_resource, _name, plan, path, body, room) => {
  const { invoicing: client } = await aBusiness({
    plans: { ...operatorPlans, invoicing: plan },
  })

  const [made, refused] = await countUntilRefused(client, path, body)

  expect([made, refused.status]).toEqual([room, 429])
  expect(refused.body.error).toMatch(/limit reached for your current plan$/)
})

/** Rows of the page that are counted over time, and the tests that count them. */
test.each([
  ['API Requests 100/min', '../limits.test.ts', 'Invoicing: 100 a minute on basic'],
  ['API Requests 1,000/min', '../limits.test.ts', 'Invoicing: 1,000 a minute on pro'],
  [
    'Webhook Deliveries per hour',
    '../../../src/jobs/delivery-engine.test.ts',
    'the hourly quota is exact',
  ],
])('%s is held by %s', (_row, file, title) => {
  const tests = readFileSync(new URL(file, import.meta.url), 'utf8')

  expect(tests).toContain(`test('${title}`)
})

test('deliveries an hour are 100 on Basic and 5,000 on Pro', async () => {
  const name = 'webhookDeliveriesPerHour'
  const perHour = ({ read, organizationId }: Business): Promise<unknown> =>
    read((db) => findLimit(db, { organizationId, surface: 'invoicing', name, today }))

  expect(await perHour(await aBusiness({ plans: basic }))).toBe(100)
  expect(await perHour(await aBusiness())).toBe(5_000)
})
