import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Client } from '../../harness.ts'

const url = 'https://hooks.technicalium.example/in'
const consumer = { url, eventTypes: ['company.created'] }
const failure = ({ status, body }: Answer) => [status, body.service, body.error]

const company = (connect: Client, name: string, tags: object = {}) =>
  connect.post('/companies', { name, tags })

test('201 a consumer shows its secret once, and again to those who ask for it', async () => {
  const { connect } = await aBusiness()
  const made = await connect.post('/webhooks', consumer)
  const { secret, ...rest } = made.body

  expect(made.status).toBe(201)
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(rest).toEqual({
    id: rest.id,
    ...consumer,
    disabled: false,
    companyTags: [],
    ordered: false,
    createdDate: rest.createdDate,
  })
  expect((await connect.get('/webhooks')).body).toEqual({ results: [rest] })
  expect((await connect.get(`/webhooks/${rest.id}/secret`)).body).toEqual({ secret })
  expect((await connect.delete(`/webhooks/${rest.id}`)).status).toBe(204)
  expect((await connect.get(`/webhooks/${rest.id}`)).status).toBe(404)
})

test('400, 402 and 409 are said in the shape of this surface', async () => {
  const { connect } = await aBusiness()
  await connect.post('/webhooks', consumer)

  expect(
    failure(await connect.post('/webhooks', { ...consumer, url: 'http://a.example/' })),
  ).toEqual([400, 'PublicApi', 'Webhook URL must use https'])
  expect((await connect.post('/webhooks', { url, eventTypes: ['company.eaten'] })).status).toBe(400)
  expect((await connect.post('/webhooks', consumer)).status).toBe(409)
  expect((await connect.post('/webhooks', { url: `${url}/b`, eventTypes: [] })).status).toBe(400)
  expect((await connect.get('/webhooks/nothing')).status).toBe(404)
})

test('202 what failed is sent again on request, across every business of the client', async () => {
  const { connect } = await aBusiness()
  const made = (await connect.post('/webhooks', { ...consumer, disabled: true })).body
  await company(connect, 'Technicalium')
  const path = `/webhooks/${made.id}`
  expect((await connect.post(`${path}/recover`, { since: '2026-06-15T00:00:00Z' })).status).toBe(
    409,
  )
  const enabled = await connect.patch(path, { disabled: false })
  expect([enabled.body.disabled, enabled.body.disabledReason]).toEqual([false, undefined])

  const recovered = await connect.post(`${path}/recover`, { since: '2026-06-15T00:00:00Z' })
  expect([recovered.status, recovered.body]).toEqual([202, { queued: 1 }])
  const { results } = (await connect.get(`${path}/deliveries`)).body
  expect(results).toMatchObject([{ eventType: 'company.created', status: 'Pending', attempts: [] }])
  expect((await connect.post(`${path}/deliveries/${results[0].id}/resend`)).status).toBe(202)
  const tested = await connect.post(`${path}/test`, { eventType: 'read.completed' })
  expect([tested.status, tested.body.eventType]).toEqual([202, 'read.completed'])
})
