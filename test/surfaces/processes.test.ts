import { expect, test } from 'vitest'
import type { App } from '../../src/app.ts'
import { asDate } from '../../src/kernel/dates.ts'
import { revokeKey } from '../../src/modules/access/api-key.actions.ts'
import { suspendOrganization } from '../../src/modules/access/organization.actions.ts'
import { setPlans } from '../../src/modules/plans/plan.actions.ts'
import { operatorPlans } from '../../src/modules/plans/plan.ts'
import { type Answer, aBusiness, aClient, type Business, noon, theWorld } from '../harness.ts'

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Apps on one database, this file's own among them; made once and used by every test. */
const apps: App[] = []
async function processes(count: number): Promise<readonly App[]> {
  const { app, addApp } = await theWorld()
  if (apps.length === 0) apps.push(app)
  while (apps.length < count) apps.push(await addApp())
  return apps.slice(0, count)
}

const accountsPath = ({ businessId }: Business): string =>
  `/v1/chart-of-accounts?businessId=${businessId}`

test.each([1, 2, 4])('%i processes admit exactly the quota of a minute', async (count) => {
  const { invoicing } = await aBusiness({
    plans: { ...operatorPlans, invoicing: 'basic' },
    limits: 'of the plan',
  })
  const clients = (await processes(count)).map((app) =>
    aClient(app, 'invoicing', invoicing.authorization),
  )
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => clients[i % count]?.get('/api/v1/invoices/none')),
  )
  expect(statuses(answers as Answer[])).toEqual({ 400: 100, 429: 200 })
})

test('4 processes never have more requests in flight than the plan allows', async () => {
  const business = await aBusiness({ limits: 'of the plan' })
  const clients = (await processes(4)).map((app) =>
    aClient(app, 'books', business.books.authorization),
  )
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => clients[i % 4]?.get(accountsPath(business))),
  )
  const { 200: done = 0, 429: refused = 0 } = statuses(answers as Answer[])
  // Whoever came after an answer may have had its slot.
  expect([done >= 10, done + refused]).toEqual([true, 40])
})

test('4 processes spend exactly the trial', async () => {
  const business = await aBusiness({ plans: { ...operatorPlans, books: 'premium' } })
  const clients = (await processes(4)).map((app) =>
    aClient(app, 'books', business.books.authorization),
  )
  const answers = await Promise.all(
    Array.from({ length: 160 }, (_, i) => clients[i % 4]?.get(accountsPath(business))),
  )
  expect(statuses(answers as Answer[])).toEqual({ 200: 100, 402: 60 })
})

test.each([
  [
    'a revoked key',
    async (business: Business, keyId: string) => {
      const input = { keyId: keyId as never }
      await business.write(revokeKey, input, { organizationId: business.organizationId })
    },
    401,
  ],
  [
    'a suspended organization',
    async (business: Business) => {
      const { organizationId } = business
      await business.write(suspendOrganization, {}, { organizationId })
    },
    403,
  ],
])('%s is let in by no process once that is committed', async (_name, end, status) => {
  const business = await aBusiness()
  const { rows } = await business.owner.query<{ key_id: string }>(
    `select key_id from api_key where organization_id = $1 and surface = 'invoicing'`,
    [business.organizationId],
  )
  const clients = (await processes(4)).map((app) =>
    aClient(app, 'invoicing', business.invoicing.authorization),
  )
  let isOver = false
  let wrong = 0
  const load = clients.map(async (client) => {
    for (let after = 0; after < 10; after += isOver ? 1 : 0) {
      const wasOver = isOver
      const answer = await client.get('/api/v1/invoices/none')
      if (wasOver && answer.status !== status) wrong += 1
    }
  })
  await clients[0]?.get('/api/v1/invoices/none')
  await end(business, rows[0]?.key_id ?? '')
  isOver = true
  await Promise.all(load)
  expect(wrong).toBe(0)
})

test('429 an address that asks too often, in the words of each surface', async () => {
  const { addApp } = await theWorld()
  const { invoicing, books, connect } = await aBusiness()
  const app = await addApp({ addressLimit: 2, connectFlood: 2 })
  const spent = aClient(app, 'invoicing', invoicing.authorization)
  await spent.get('/api/v1/invoices/none')
  await spent.get('/api/v1/invoices/none')
  const fromInvoicing = await spent.get('/api/v1/invoices/none')
  expect([fromInvoicing.status, fromInvoicing.text, fromInvoicing.headers['retry-after']]).toEqual([
    429,
    '{"error":"Rate limit exceeded"}',
    '30',
  ])
  const fromBooks = await aClient(app, 'books', books.authorization).get('/v1/usage')
  expect(fromBooks.body.error).toMatchObject({ code: 'RATE_LIMIT', retryAfter: 30 })
  const flood = aClient(app, 'connect', connect.authorization)
  const fromConnect = [await flood.get('/x'), await flood.get('/x'), await flood.get('/x')]
  expect(fromConnect.map((answer) => answer.status)).toEqual([404, 404, 429])
})

test('429 an address that guesses keys, even with the right one, until it has waited', async () => {
  const { addApp } = await theWorld()
  const { books, clock } = await aBusiness()
  const app = await addApp({ addressLimit: 1_000 })
  const guessing = aClient(app, 'books', `Bearer live_sk_${'0'.repeat(48)}`)
  const guesses: Answer[] = []
  for (let i = 0; i < 31; i += 1) guesses.push(await guessing.get('/v1/usage'))
  expect(statuses(guesses)).toEqual({ 401: 30, 429: 1 })
  expect(guesses.at(-1)?.headers['error-code']).toBe('limit.auth_failures')
  const right = aClient(app, 'books', books.authorization)
  expect((await right.get('/v1/usage')).status).toBe(429)
  clock.set(new Date(Date.parse(noon) + 60_000).toISOString())
  expect((await right.get('/v1/usage')).status).toBe(200)
})

test('the clock of the installation decides which plan is in force', async () => {
  const { invoicing, clock, write, organizationId } = await aBusiness({ limits: 'of the plan' })
  await write(
    setPlans,
    { plans: { invoicing: 'basic' }, validFrom: asDate('2099-05-01') },
    { organizationId },
  )
  const quota = async (): Promise<string | undefined> =>
    (await invoicing.get('/api/v1/invoices/none')).headers['ratelimit-policy']
  clock.set('2099-04-30T23:59:59.000Z')
  expect(await quota()).toBe('"plan-minute";q=1000;w=60')
  clock.set('2099-05-01T00:00:00.000Z')
  expect(await quota()).toBe('"plan-minute";q=100;w=60')
})
