import { expect, test } from 'vitest'
import { aBusiness, aClient, type Client, theWorld } from '../harness.ts'
import { aCustomer, aLinkedCompany } from './connect/linked.ts'

/** Bodies that a surface refuses before it looks at what is in the books. */
const badBodies = [
  ['a body that is not JSON', '{"name":'],
  ['a body that is no object', '[1]'],
  ['a body without what it must have', '{}'],
  ['a body of wrong types', '{"name":7,"email":7,"quantity":[]}'],
  ['no body at all', undefined],
] as const

const typeOf = (body: string | undefined) =>
  body === undefined ? {} : { 'content-type': 'application/json' }

async function repeat(client: Client, path: string, body: string | undefined, key: string) {
  const answer = await client.send('POST', path, body, { ...typeOf(body), 'idempotency-key': key })
  return { status: answer.status, code: answer.headers['error-code'] }
}

const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const reused = { status: 422, code: 'idempotency.key_reused' }

test('an answer is repeated for as many days as the operator says', async () => {
  const { invoicing, clock } = await aBusiness()
  const { addApp } = await theWorld()
  const app = await addApp({ idempotencyDays: 2 })
  const client = aClient(app, 'invoicing', invoicing.authorization)
  const post = async (): Promise<boolean> => {
    const body = { name: 'Ada' }
    const answer = await client.post('/api/v1/customers', body, { 'idempotency-key': 'kept' })
    expect(answer.status).toBe(201)
    return answer.headers['idempotency-replayed'] === 'true'
  }

  const first = await post()
  clock.set('2026-06-17T11:59:59.000Z')
  const within = await post()
  clock.set('2026-06-17T12:00:01.000Z')
  const after = await post()

  expect([first, within, after]).toEqual([false, true, false])
})

test.each(badBodies)('Invoicing: a used key is refused as used, with %s', async (_what, body) => {
  const { invoicing } = await aBusiness()
  const path = '/api/v1/customers'
  const made = await invoicing.post(path, { name: 'Ada' }, { 'idempotency-key': 'used' })

  expect(made.status).toBe(201)
  expect(await repeat(invoicing, path, body, 'used')).toEqual(reused)
  const fresh = await repeat(invoicing, path, body, 'fresh')
  expect(fresh.status).toBe(400)
  // A refusal of shape is not kept: the same key may come with what was meant.
  const meant = await invoicing.post(path, { name: 'Bea' }, { 'idempotency-key': 'fresh' })
  expect([meant.status, meant.headers['idempotency-replayed']]).toEqual([201, undefined])
})

test.each(badBodies)('Books: a used key is refused as used, with %s', async (_what, body) => {
  const { books, businessId } = await aBusiness(nigeria)
  const path = `/v1/journal-entries?businessId=${businessId}`
  const draft = {
    ...{ transactionDate: '2026-04-30', description: 'Rent' },
    lines: [
      { accountId: '5020', debit: 1 },
      { accountId: '2002', credit: 1 },
    ],
  }
  const made = await books.post(path, draft, { 'idempotency-key': 'used' })

  expect(made.status).toBe(201)
  expect(await repeat(books, path, body, 'used')).toEqual(reused)
  expect((await repeat(books, path, body, 'fresh')).status).toBe(400)
})

test.each(badBodies)('Connect: a used key is refused as used, with %s', async (_what, body) => {
  const { connect } = await aBusiness()
  const made = await connect.post('/companies', { name: 'Ada' }, { 'idempotency-key': 'used' })

  expect(made.status).toBe(200)
  expect(await repeat(connect, '/companies', body, 'used')).toEqual(reused)
})

test('Connect: a key used by a push into a business is known when the next body is wrong', async () => {
  const linked = await aLinkedCompany()
  const path = `${linked.connectionPath(linked.connectionId)}/push/invoices`
  const invoice = {
    ...{ customerRef: { id: await aCustomer(linked) }, issueDate: '2026-06-01' },
    lineItems: [{ description: 'Survey', quantity: 1, unitAmount: 100 }],
  }
  const made = await linked.connect.post(path, invoice, { 'idempotency-key': 'used' })

  expect(made.status).toBe(200)
  expect(await repeat(linked.connect, path, '{"a":', 'used')).toEqual(reused)
})

test('a wrong parameter with a used key is another request; without a key it is what it is', async () => {
  const { invoicing } = await aBusiness()
  const made = await invoicing.post(
    '/api/v1/customers',
    { name: 'Ada' },
    { 'idempotency-key': 'one' },
  )
  const path = `/api/v1/customers/${made.body.id}`
  const changed = await invoicing.patch(path, { name: 'Bea' }, { 'idempotency-key': 'two' })

  const elsewhere = { 'idempotency-key': 'two' }
  const again = await invoicing.patch('/api/v1/customers/x', { name: 'Bea' }, elsewhere)
  const plain = await invoicing.patch('/api/v1/customers/x', { name: 'Bea' })
  expect([changed.status, again.status, plain.status]).toEqual([200, 422, 400])
})

test('another media type and a body that is too large do not hide that a key was used', async () => {
  const { invoicing } = await aBusiness()
  const path = '/api/v1/customers'
  await invoicing.post(path, { name: 'Ada' }, { 'idempotency-key': 'used' })
  const send = (body: string, headers: Readonly<Record<string, string>>) =>
    invoicing.send('POST', path, body, headers)

  const text = await send('name=Ada', { 'content-type': 'text/plain', 'idempotency-key': 'used' })
  const large = await send(`{"name":"${'x'.repeat(1_100_000)}"}`, {
    ...{ 'content-type': 'application/json', 'idempotency-key': 'used' },
  })
  expect([text.status, large.status]).toEqual([422, 422])
})

test('a key of one business says nothing about another, whatever the body', async () => {
  const one = await aBusiness()
  const other = await aBusiness()
  const path = '/api/v1/customers'
  await one.invoicing.post(path, { name: 'Ada' }, { 'idempotency-key': 'used' })

  expect((await repeat(other.invoicing, path, '{', 'used')).status).toBe(400)
})
