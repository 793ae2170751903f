import { expect, test } from 'vitest'
import { invoicing as invoicingSurface } from '../../../src/api/invoicing/surface.ts'
import { asId } from '../../../src/kernel/ids.ts'
import { revokeKey, rotateKey } from '../../../src/modules/access/api-key.actions.ts'
import { listKeys } from '../../../src/modules/access/api-key.queries.ts'
import { keyRandomBytes } from '../../../src/modules/access/api-key.ts'
import {
  closeBusiness,
  resumeBusiness,
  suspendBusiness,
} from '../../../src/modules/access/business.actions.ts'
import {
  resumeOrganization,
  suspendOrganization,
} from '../../../src/modules/access/organization.actions.ts'
import { aBusiness, aClient, type Business, keyHasher } from '../../harness.ts'

const path = '/api/v1/customers'

async function keyOf(business: Business) {
  const { organizationId } = business
  const keys = await business.read((db) => listKeys(db, { organizationId, surface: 'invoicing' }))
  const [key] = keys
  return { keyId: asId('key', key?.id ?? ''), organization: { organizationId } }
}

test('401 every wrong Authorization header has its documented text, on every route', async () => {
  const { app, invoicing, books } = await aBusiness()
  const key = invoicing.authorization.slice('Bearer '.length)
  const cases = [
    ['', 'Missing Authorization header'],
    ['Bearer', 'Invalid API key format'],
    ['Bearer ', 'Invalid API key format'],
    [key, 'Invalid API key format'],
    [`Basic ${key}`, 'Invalid API key format'],
    [`Bearer  ${key}`, 'Invalid API key format'],
    [`Bearer ${key.slice(0, -1)}`, 'Invalid API key format'],
    [`Bearer ${key}0`, 'Invalid API key format'],
    [`Bearer ${key.replace('oim_', 'OIM_')}`, 'Invalid API key format'],
    [books.authorization, 'Invalid API key format'],
    [`Bearer oim_${'g'.repeat(64)}`, 'Invalid API key format'],
    [`Bearer oim_${'0'.repeat(64)}`, 'Invalid API key'],
    [`Bearer oim_${'0'.repeat(56)}cd5bae18`, 'Invalid API key'],
    [`Bearer oim_${key.slice(4).toUpperCase()}`, 'Invalid API key'],
    [`bearer ${key}`, undefined],
    [`BEARER ${key}`, undefined],
  ] as const
  for (const [header, error] of cases) {
    const client = aClient(app, 'invoicing', header)
    const reply = await client.get(path)
    expect([header.length, reply.status, reply.body.error]).toEqual([
      header.length,
      error === undefined ? 200 : 401,
      error,
    ])
  }
  for (const route of invoicingSurface.routes) {
    const client = aClient(app, 'invoicing', '')
    const reply = await client.send(route.method, route.path.replace('{id}', 'not-an-id'), {})
    expect([reply.status, reply.text]).toEqual([401, '{"error":"Missing Authorization header"}'])
    expect(reply.headers['error-code']).toBe('key.header_missing')
  }
})

test('401 a revoked key is unknown from its revocation on', async () => {
  const business = await aBusiness()
  const { keyId, organization } = await keyOf(business)
  const before = await business.invoicing.get(path)
  await business.write(revokeKey, { keyId }, organization)
  const after = await business.invoicing.get(path)
  expect([before.status, after.status, after.text]).toEqual([
    200,
    401,
    '{"error":"Invalid API key"}',
  ])
})

test('401 a rotated key works for its overlap and not after it', async () => {
  const business = await aBusiness()
  const { keyId, organization } = await keyOf(business)
  const maker = { random: crypto.getRandomValues(new Uint8Array(keyRandomBytes)), ...keyHasher }
  await business.write(rotateKey, { ...maker, keyId, overlapHours: 1 }, organization)
  const during = await business.invoicing.get(path)
  business.clock.set('2026-06-15T13:00:00.000Z')
  const after = await business.invoicing.get(path)
  expect([during.status, after.status, after.body.error]).toEqual([200, 401, 'Invalid API key'])
})

test('401 a key works through its last day and has expired the next', async () => {
  const business = await aBusiness()
  const client = await business.clientOf('invoicing', { expiresInDays: 1 })
  business.clock.set('2026-06-16T23:59:59.999Z')
  const last = await client.get(path)
  business.clock.set('2026-06-17T00:00:00.000Z')
  const after = await client.get(path)
  expect([last.status, after.status, after.text]).toEqual([
    200,
    401,
    '{"error":"API key has expired"}',
  ])
})

test.each([
  ['all', 200, 201],
  ['write', 200, 201],
  ['read', 200, 'Insufficient permissions. Required: write'],
  [
    'webhooks',
    'Insufficient permissions. Required: read',
    'Insufficient permissions. Required: write',
  ],
])('403 scope %s: reading answers %s, writing %s', async (scope, reading, writing) => {
  const business = await aBusiness()
  const client = await business.clientOf('invoicing', { scopes: [scope] })
  const read = await client.get(path)
  const write = await client.post(path, { name: 'Lantern' })
  expect([outcome(read), outcome(write)]).toEqual([reading, writing])
})

const outcome = ({ status, body }: { status: number; body: { error?: string } }) =>
  status === 403 ? body.error : status

test('403 a key that is bound to networks is refused elsewhere', async () => {
  const business = await aBusiness()
  const inside = await business.clientOf('invoicing', { allowedNetworks: ['127.0.0.0/8'] })
  const outside = await business.clientOf('invoicing', { allowedNetworks: ['203.0.113.0/24'] })
  const [yes, no] = [await inside.get(path), await outside.get(path)]
  expect([yes.status, no.status, no.body.error]).toEqual([
    200,
    403,
    'This API key may not be used from address 127.0.0.1',
  ])
})

test('403 a suspended business may be read and not written', async () => {
  const business = await aBusiness()
  await business.write(suspendBusiness, {})
  const read = await business.invoicing.get(path)
  const write = await business.invoicing.post(path, { name: 'Lantern' })
  await business.write(resumeBusiness, {})
  const again = await business.invoicing.post(path, { name: 'Lantern' })
  expect([read.status, write.status, write.text, again.status]).toEqual([
    200,
    403,
    '{"error":"This business is suspended"}',
    201,
  ])
})

test('403 an archived business is read only', async () => {
  const { owner, businessId, invoicing } = await aBusiness()
  await owner.query(`update business set status = 'archived' where business_id = $1`, [businessId])
  const read = await invoicing.get(path)
  const write = await invoicing.post(path, { name: 'Lantern' })
  expect([read.status, write.status, write.body.error]).toEqual([
    200,
    403,
    'This business is archived and read only',
  ])
})

test('403 a suspended organization is closed on every route', async () => {
  const business = await aBusiness()
  const { organizationId } = business
  await business.write(suspendOrganization, {}, { organizationId })
  const read = await business.invoicing.get(path)
  await business.write(resumeOrganization, {}, { organizationId })
  const again = await business.invoicing.get(path)
  expect([read.status, read.text, again.status]).toEqual([
    403,
    '{"error":"This organization is suspended"}',
    200,
  ])
})

test('404 a business on its way out is gone for its keys', async () => {
  const business = await aBusiness()
  await business.write(closeBusiness, {})
  const reply = await business.invoicing.get(path)
  expect([reply.status, reply.text]).toEqual([404, '{"error":"Business not found"}'])
})

test('503 without the database nobody is let in', async () => {
  const { app, invoicing, owner } = await aBusiness()
  await owner.query('revoke execute on function admit from tallystick_app')
  const reply = await invoicing.get(path)
  await owner.query('grant execute on function admit to tallystick_app')
  const again = await aClient(app, 'invoicing', invoicing.authorization).get(path)
  expect([reply.status, reply.headers['retry-after'], again.status]).toEqual([503, '1', 200])
  expect(reply.headers['error-code']).toBe('platform.database_unavailable')
})
