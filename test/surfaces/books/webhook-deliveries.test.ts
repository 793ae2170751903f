import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test } from 'vitest'
import { aBusiness, type Business, theWorld } from '../../harness.ts'
import { aReceiver, type Receiver } from '../../receiver.ts'

const receivers: Receiver[] = []
let isWorking = false

afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close()
})

/** A receiver that says when so many requests have come, and a worker that brings them. */
async function expecting(count: number) {
  const receiver = await aReceiver()
  receivers.push(receiver)
  const { app } = await theWorld()
  if (!isWorking) await app.startWorker()
  isWorking = true
  const arrived = new Promise<void>((resolve) => {
    receiver.answer(() => {
      if (receiver.received.length === count) resolve()
      return { status: 200 }
    })
  })
  return { receiver, arrived }
}

const testKey = (business: Business) => business.clientOf('books', { environment: 'test' })

test('a delivery is verified by the package standardwebhooks, also with the secret before', async () => {
  const business = await aBusiness({ environment: 'test' })
  business.clock.set(new Date().toISOString())
  const books = await testKey(business)
  const { receiver, arrived } = await expecting(1)
  const made = (await books.post('/v1/webhooks', { url: receiver.url, events: ['*'] })).body.data
  const rotated = (await books.post(`/v1/webhooks/${made.id}/rotate-secret`)).body.data
  await business.invoicing.post('/api/v1/customers', { name: 'Kuti Prints' })
  await arrived

  const [{ headers, body }] = receiver.received as [Receiver['received'][number]]
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
  const signed = Object.fromEntries(names.map((name) => [name, String(headers[name])]))
  const event = JSON.parse(body)
  expect(signed['webhook-signature']?.split(' ')).toHaveLength(2)
  for (const secret of [made.secret, rotated.secret]) {
    expect(new Webhook(secret).verify(body, signed)).toEqual(event)
  }
  expect(signed['webhook-id']).toBe(event.id)
  expect(Object.keys(event)).toEqual(['id', 'type', 'createdAt', 'businessId', 'data'])
  expect(event.type).toBe('customer.created')
  expect(event.data).toMatchObject({ object: { name: 'Kuti Prints' }, previousStatus: null })
})

test('an asymmetric signature is added for those who ask, and test and live never mix', async () => {
  const live = await aBusiness()
  const business = await aBusiness({ environment: 'test' })
  const books = await testKey(business)
  const { receiver, arrived } = await expecting(1)
  const wanted = { url: receiver.url, events: ['customer.created'], asymmetric: true }
  const made = (await books.post('/v1/webhooks', wanted)).body.data
  await live.invoicing.post('/api/v1/customers', { name: 'Live' })
  await business.invoicing.post('/api/v1/customers', { name: 'Test' })
  await arrived

  const [one] = receiver.received
  expect(made.publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/)
  expect(
    String(one?.headers['webhook-signature'])
      .split(' ')
      .map((part) => part.split(',')[0]),
  ).toEqual(['v1', 'v1a'])
  expect(JSON.parse(one?.body ?? '').data.object.name).toBe('Test')
})
