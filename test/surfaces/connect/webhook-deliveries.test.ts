import { Webhook } from 'svix'
import { afterEach, expect, test } from 'vitest'
import { aBusiness, type Client, theWorld } from '../../harness.ts'
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

const company = (connect: Client, name: string, tags: object) =>
  connect.post('/companies', { name, tags })

test('a delivery is verified by the package svix, and filtered by tags of companies', async () => {
  const business = await aBusiness()
  business.clock.set(new Date().toISOString())
  const connect = await business.clientOf('connect', { environment: 'test' })
  const { receiver, arrived } = await expecting(2)
  const wanted = {
    url: receiver.url,
    eventTypes: ['company.created', 'company.deleted'],
    companyTags: ['region:uk'],
    headers: { 'X-Team': 'lending' },
  }
  const { secret } = (await connect.post('/webhooks', wanted)).body
  await company(connect, 'Elsewhere', { region: 'us' })
  const { id } = (await company(connect, 'Technicalium', { region: 'uk' })).body
  await connect.delete(`/companies/${id}`)
  await arrived

  const events = receiver.received.map(({ headers, body }) => {
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
    const signed = Object.fromEntries(names.map((name) => [name, String(headers[name])]))
    expect(headers['x-team']).toBe('lending')
    expect(signed['webhook-id']).toMatch(/^msg_[0-9a-f]{32}$/)
    expect(() => new Webhook(secret).verify(body, signed)).not.toThrow()
    expect(() => new Webhook(secret).verify(`${body} `, signed)).toThrow()
    return JSON.parse(body)
  })
  expect(events.map(({ eventType }) => eventType).sort()).toEqual([
    'company.created',
    'company.deleted',
  ])
  expect(Object.keys(events[0])).toEqual(['id', 'eventType', 'generatedDate', 'payload'])
  expect(events[0].payload).toMatchObject({ id, name: 'Technicalium', tags: { region: 'uk' } })
})
