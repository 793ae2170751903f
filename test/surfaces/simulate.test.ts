import { expect, test } from 'vitest'
import { aBusiness, type Client } from '../harness.ts'

const live = await aBusiness()
const trial = await aBusiness({ environment: 'test' })
const path = '/api/v1/customers'

const asked = (client: Client, code: string) => client.get(path, { 'simulate-error': code })

test('a test key gets the code it asks for, as the route would answer it', async () => {
  const { invoicing, books, connect, businessId } = trial
  const header = { 'simulate-error': 'ledger.period_closed' }

  const answers = [
    await invoicing.post(path, { name: 'Ada' }, header),
    await books.get(`/v1/chart-of-accounts?businessId=${businessId}`, header),
    await connect.get('/companies', header),
  ]

  expect(answers.map(({ status }) => status)).toEqual([400, 422, 400])
  for (const { headers } of answers) {
    expect([headers['error-code'], headers['simulated']]).toEqual(['ledger.period_closed', 'true'])
  }
  expect((await invoicing.get(path)).body.pagination.total).toBe(0)
})

test('a simulated wait says how long it is', async () => {
  const { status, headers } = await asked(trial.invoicing, 'limit.rate_exceeded')

  expect([status, headers['retry-after']]).toEqual([429, '12'])
})

test('a live key may not ask', async () => {
  const { status, headers } = await asked(live.invoicing, 'ledger.period_closed')

  expect([status, headers['error-code'], headers['simulated']]).toEqual([
    403,
    'test.live_forbidden',
    undefined,
  ])
})

test('a code that does not exist is named', async () => {
  const { status, body, headers } = await asked(trial.invoicing, 'ledger.nope')

  expect([status, headers['error-code'], headers['simulated']]).toEqual([
    400,
    'test.simulated_code_unknown',
    undefined,
  ])
  expect(body).toEqual({ error: 'ledger.nope is not an error code' })
})

test('what is wrong with the key itself is answered first', async () => {
  const { clientOf } = trial
  const invoicing = await clientOf('invoicing', { scopes: ['read'] })

  const { headers } = await invoicing.post(
    path,
    { name: 'Ada' },
    { 'simulate-error': 'ledger.period_closed' },
  )

  expect([headers['error-code'], headers['simulated']]).toEqual([
    'key.scope_insufficient',
    undefined,
  ])
})
