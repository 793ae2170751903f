import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'

const path = '/api/v1/customers'
const unknownId = '0197a1c2-0000-7000-8000-0000000000c1'

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
  const reply = await invoicing.post(path, lantern)
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
      language: null,
      balance: 0,
      credit_balance: 0,
      external_id: null,
      metadata: {},
    }),
  )
  expect(reply.headers['location']).toBe(`/invoicing/api/v1/customers/${reply.body.id}`)
  const again = await invoicing.get(`${path}/${reply.body.id.toUpperCase()}`)
  expect([again.status, again.body]).toEqual([200, reply.body])
})

test('201 texts are trimmed, empty and null members are absent, unknown ones are ignored', async () => {
  const { invoicing } = await aBusiness()
  const { status, body } = await invoicing.post(path, {
    id: unknownId,
    total: 5,
    name: '  Lantern  ',
    email: '   ',
    phone: null,
    metadata: { shop: ' 7 ' },
  })
  expect([status, body.name, body.email, body.phone, body.metadata, body.id === unknownId]).toEqual(
    [201, 'Lantern', null, null, { shop: ' 7 ' }, false],
  )
})

const refused: readonly (readonly [object, string])[] = [
  [{}, 'Missing required fields: name'],
  [{ name: '   ' }, 'Missing required fields: name'],
  [{ name: null }, 'Missing required fields: name'],
  [{ name: 7 }, 'name must be a string'],
  [{ name: 'x'.repeat(501) }, 'name must not be longer than 500 characters'],
  [{ name: 'a', email: 'nobody' }, 'email must be a valid email address'],
  [{ name: 'a', country: 'gb' }, 'country must be an ISO 3166-1 alpha-2 country code'],
  [{ name: 'a', currency: 'ABC' }, 'currency must be an ISO 4217 currency code'],
  [{ name: 'a', phone: 'x'.repeat(256) }, 'phone must not be longer than 255 characters'],
  [{ name: 'a', notes: 'x'.repeat(5001) }, 'notes must not be longer than 5000 characters'],
  [{ name: 'a', phone: 'a\u0000b' }, 'phone contains characters that are not allowed'],
  [{ name: 'a\ud800' }, 'name contains characters that are not allowed'],
  [{ name: 'a', metadata: [] }, 'metadata must be an object'],
  [{ name: 'a', metadata: { k: 1 } }, 'metadata.k must be a string'],
  [
    { metadata: 1, country: 'x', city: 7, email: 'x', name: 'a' },
    'email must be a valid email address; city must be a string; country must be an ISO 3166-1 alpha-2 country code',
  ],
]

test.each(refused.map(([body, error]) => [error, body] as const))('400 %s', async (error, body) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.post(path, body)
  const list = await invoicing.get(path)
  expect([reply.status, reply.text, list.body.pagination.total]).toEqual([
    400,
    JSON.stringify({ error }),
    0,
  ])
})

test('400 an external id belongs to one customer', async () => {
  const { invoicing } = await aBusiness()
  await invoicing.post(path, { name: 'First', external_id: 'crm-7' })
  const reply = await invoicing.post(path, { name: 'Second', external_id: 'crm-7' })
  expect([reply.status, reply.headers['error-code']]).toEqual([400, 'resource.external_id_taken'])
})

test('200 names and e-mail addresses are found by a part, whatever their case', async () => {
  const { invoicing } = await aBusiness()
  await invoicing.post(path, lantern)
  await invoicing.post(path, { name: '100% Öl_GmbH', email: 'oel@example.org' })
  const search = async (query: string) => {
    const { body } = await invoicing.get(`${path}?${query}`)
    return body.data.map(({ name }: { name: string }) => name)
  }
  expect(await search('name=RYE')).toEqual(['Lantern & Rye Ltd'])
  expect(await search('email=LANTERNRYE')).toEqual(['Lantern & Rye Ltd'])
  expect(await search(`name=${encodeURIComponent('öl_')}`)).toEqual(['100% Öl_GmbH'])
  expect(await search('name=%25')).toEqual(['100% Öl_GmbH'])
  expect(await search('name=0_')).toEqual([])
  expect(await search('tax_id=GB987654321&country=GB')).toEqual(['Lantern & Rye Ltd'])
  expect(await search('unknown=1&sort=name')).toEqual(['100% Öl_GmbH', 'Lantern & Rye Ltd'])
  expect(await search('sort=-name')).toEqual(['Lantern & Rye Ltd', '100% Öl_GmbH'])
})

test.each([
  ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
  ['Straße', 'STRAßE'],
  ['Ærø 50 µm', 'ÆRØ 50 Μ'],
])('200 %s is found by %s', async (name, part) => {
  const { invoicing } = await aBusiness()
  await invoicing.post(path, { name })
  await invoicing.post(path, { name: 'Lantern' })
  const { body } = await invoicing.get(`${path}?name=${encodeURIComponent(part)}`)
  expect(body.data.map((row: { name: string }) => row.name)).toEqual([name])
})

test('200 pages count all rows, and a page beyond the last is empty', async () => {
  const business = await aBusiness()
  const { invoicing, clock } = business
  for (const second of [1, 2, 3]) {
    clock.set(`2026-06-15T12:00:0${second}.000Z`)
    await invoicing.post(path, { name: `Customer ${second}` })
  }
  const first = await invoicing.get(`${path}?limit=2`)
  const last = await invoicing.get(`${path}?limit=2&page=2`)
  const beyond = await invoicing.get(`${path}?limit=2&page=3`)
  const since = await invoicing.get(`${path}?updated_since=2026-06-15T12:00:02Z`)
  const namesOf = (rows: readonly { name: string }[]) => rows.map(({ name }) => name)
  expect(namesOf(first.body.data)).toEqual(['Customer 3', 'Customer 2'])
  expect(first.body.pagination).toEqual({ page: 1, limit: 2, total: 3, total_pages: 2 })
  expect(namesOf(last.body.data)).toEqual(['Customer 1'])
  expect([beyond.body.data, beyond.body.pagination.total]).toEqual([[], 3])
  expect(namesOf(since.body.data)).toEqual(['Customer 3', 'Customer 2'])
})

test('200 a cursor neither repeats nor hides a row while others are added', async () => {
  const { invoicing, clock } = await aBusiness()
  for (const second of [1, 2, 3]) {
    clock.set(`2026-06-15T12:00:0${second}.000Z`)
    await invoicing.post(path, { name: `Customer ${second}` })
  }
  const first = await invoicing.get(`${path}?limit=2&cursor=`)
  clock.set('2026-06-15T12:00:09.000Z')
  await invoicing.post(path, { name: 'Customer 9' })
  const { next_cursor } = first.body.pagination
  const second = await invoicing.get(`${path}?limit=2&cursor=${next_cursor}`)
  const other = await invoicing.get(`${path}?limit=2&sort=name&cursor=${next_cursor}`)
  const namesOf = (rows: readonly { name: string }[]) => rows.map(({ name }) => name)
  expect(namesOf(first.body.data)).toEqual(['Customer 3', 'Customer 2'])
  expect(namesOf(second.body.data)).toEqual(['Customer 1'])
  expect(second.body.pagination).toEqual({ limit: 2, next_cursor: null })
  expect([other.status, other.body.error]).toEqual([
    400,
    'Cursor is not valid or belongs to another query',
  ])
})

test.each([
  ['limit=0', 'limit must be between 1 and 100'],
  ['limit=101', 'limit must be between 1 and 100'],
  ['limit=ten', 'limit must be between 1 and 100'],
  ['limit=1.5', 'limit must be between 1 and 100'],
  ['page=0', 'page must be between 1 and 1000000000'],
  ['sort=email', undefined],
  [
    'updated_since=yesterday',
    'Query parameter updated_since is not valid: must be an ISO 8601 timestamp',
  ],
  ['cursor=x', 'Cursor is not valid or belongs to another query'],
])('400 ?%s', async (query, error) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.get(`${path}?${query}`)
  expect(reply.status).toBe(400)
  if (error !== undefined) expect(reply.body).toEqual({ error })
})

test('404 an absent, a foreign and a malformed id', async () => {
  const [one, other] = [await aBusiness(), await aBusiness()]
  const { body: foreign } = await other.invoicing.post(path, { name: 'Theirs' })
  const absent = await one.invoicing.get(`${path}/${unknownId}`)
  const theirs = await one.invoicing.get(`${path}/${foreign.id}`)
  const malformed = await one.invoicing.get(`${path}/7`)
  expect([absent.status, absent.text]).toEqual([404, '{"error":"Customer not found"}'])
  expect([theirs.status, theirs.text]).toEqual([404, absent.text])
  expect([malformed.status, malformed.text]).toEqual([400, '{"error":"id must be a valid UUID"}'])
})

test('200 an update changes what is sent and clears what is null', async () => {
  const { invoicing } = await aBusiness()
  const { body: made } = await invoicing.post(path, lantern)
  const patched = await invoicing.patch(`${path}/${made.id}`, { city: 'Bath', tax_id: null })
  const put = await invoicing.put(`${path}/${made.id}`, { name: 'Rye Ltd', total: 7 })
  expect(patched.body).toEqual({ ...made, city: 'Bath', tax_id: null })
  expect(put.body).toEqual({ ...patched.body, name: 'Rye Ltd' })
})

test.each([
  [{}, 'No valid fields to update'],
  [{ id: unknownId, colour: 'red' }, 'No valid fields to update'],
  [{ name: '' }, 'No valid fields to update'],
  [{ name: null }, 'name must be a string'],
  [{ email: 'x' }, 'email must be a valid email address'],
])('400 an update with %j: %s', async (body, error) => {
  const { invoicing } = await aBusiness()
  const { body: made } = await invoicing.post(path, lantern)
  const reply = await invoicing.patch(`${path}/${made.id}`, body)
  const after = await invoicing.get(`${path}/${made.id}`)
  expect([reply.status, reply.body, after.body]).toEqual([400, { error }, made])
})

test('204 a deleted customer is gone', async () => {
  const { invoicing } = await aBusiness()
  const { body: made } = await invoicing.post(path, lantern)
  const reply = await invoicing.delete(`${path}/${made.id}`)
  const again = await invoicing.delete(`${path}/${made.id}`)
  const list = await invoicing.get(path)
  expect([reply.status, reply.text, again.status, list.body.data]).toEqual([204, '', 404, []])
  expect(reply.headers['content-type']).toBe(undefined)
})
