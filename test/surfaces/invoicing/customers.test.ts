import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'

const lantern = {
  name: 'Lantern & Rye Ltd',
  email: 'ap@lanternrye.example',
  address: '18 Quay Street',
  city: 'Bristol',
  country: 'GB',
  postal_code: 'BS1 4AA',
  tax_id: 'GB987654321',
}

test('201 a customer is answered whole, in the documented order', async () => {
  const { invoicing, businessId } = await aBusiness()
  const reply = await invoicing.post('/api/v1/customers', lantern)
  expect(reply.status).toBe(201)
  expect(reply.text).toBe(
    JSON.stringify({
      id: reply.body.id,
      business_id: businessId,
      name: 'Lantern & Rye Ltd',
      email: 'ap@lanternrye.example',
      phone: null,
      address: '18 Quay Street',
      city: 'Bristol',
      state: null,
      country: 'GB',
      postal_code: 'BS1 4AA',
      tax_id: 'GB987654321',
      notes: null,
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
      currency: null,
      balance: 0,
      credit_balance: 0,
      external_id: null,
      metadata: {},
    }),
  )
  expect(reply.headers['location']).toBe(`/invoicing/api/v1/customers/${reply.body.id}`)
  const again = await invoicing.get(`/api/v1/customers/${reply.body.id.toUpperCase()}`)
  expect([again.status, again.body]).toEqual([200, reply.body])
})
