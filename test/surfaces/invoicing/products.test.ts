import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'

const path = '/api/v1/products'
const unknownId = '0197a1c2-0000-7000-8000-0000000000c1'

const survey = {
  name: 'Site survey',
  sku: 'SVY-1',
  unit_price: 120,
  tax_rate: 7.5,
  unit: 'day',
  revenue_account_code: '4000',
}

test('201 a product is answered whole, in the documented order', async () => {
  const { invoicing, businessId } = await aBusiness()
  const reply = await invoicing.post(path, survey)
  expect(reply.status).toBe(201)
  expect(reply.text).toBe(
    JSON.stringify({
      id: reply.body.id,
      business_id: businessId,
      name: 'Site survey',
      description: null,
      sku: 'SVY-1',
      unit_price: 120,
      currency: 'USD',
      tax_rate: 7.5,
      unit: 'day',
      revenue_account_code: '4000',
      is_active: true,
      external_id: null,
      metadata: {},
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
    }),
  )
  expect(reply.headers['location']).toBe(`/invoicing/api/v1/products/${reply.body.id}`)
  const again = await invoicing.get(`${path}/${reply.body.id.toUpperCase()}`)
  expect([again.status, again.body]).toEqual([200, reply.body])
})

test('201 a product has the base currency unless another is named', async () => {
  const { invoicing } = await aBusiness({ baseCurrency: 'NGN' })
  const plain = await invoicing.post(path, { name: 'a', unit_price: 0 })
  const euro = await invoicing.post(path, { name: 'b', unit_price: 0.1234567891, currency: 'EUR' })
  expect([plain.body.currency, plain.body.unit_price, plain.body.tax_rate]).toEqual([
    'NGN',
    0,
    null,
  ])
  expect([euro.body.currency, euro.body.unit_price]).toEqual(['EUR', 0.1234567891])
  const back = await invoicing.patch(`${path}/${euro.body.id}`, { currency: null })
  expect(back.body.currency).toBe('NGN')
})

const refused: readonly (readonly [object, string])[] = [
  [{}, 'Missing required fields: name, unit_price'],
  [{ name: 'a' }, 'Missing required fields: name, unit_price'],
  [{ name: ' ', unit_price: 1 }, 'Missing required fields: name, unit_price'],
  [{ name: 'a', unit_price: '1' }, 'unit_price must be a number'],
  [{ name: 'a', unit_price: -1 }, 'unit_price must be between 0 and 9999999999999.99'],
  [{ name: 'a', unit_price: 0.12345678901 }, 'unit_price must not have more than 10 decimals'],
  [{ name: 'a', unit_price: 1, tax_rate: 101 }, 'tax_rate must be between 0 and 100'],
  [{ name: 'a', unit_price: 1, tax_rate: 1.23456 }, 'tax_rate must not have more than 4 decimals'],
  [{ name: 'a', unit_price: 1, currency: 'ABC' }, 'currency must be an ISO 4217 currency code'],
  [
    { name: 'x'.repeat(501), unit_price: 1, sku: 7 },
    'name must not be longer than 500 characters; sku must be a string',
  ],
  [{ name: 'a', unit_price: 1, revenue_account_code: '9999' }, 'Account 9999 does not exist'],
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

test('400 a SKU and an external id belong to one product until it is archived', async () => {
  const { invoicing } = await aBusiness()
  const { body: first } = await invoicing.post(path, { ...survey, external_id: 'shop-1' })
  const sku = await invoicing.post(path, survey)
  const external = await invoicing.post(path, { name: 'b', unit_price: 1, external_id: 'shop-1' })
  const { body: second } = await invoicing.post(path, { name: 'c', unit_price: 1 })
  const changed = await invoicing.patch(`${path}/${second.id}`, { sku: 'SVY-1' })
  const own = await invoicing.patch(`${path}/${first.id}`, { sku: 'SVY-1' })
  expect([sku.status, sku.text]).toEqual([400, '{"error":"SKU SVY-1 is already used"}'])
  expect([external.status, external.text]).toEqual([
    400,
    '{"error":"externalId shop-1 is already used by another Product"}',
  ])
  expect([changed.status, changed.text, own.status]).toEqual([400, sku.text, 200])
  await invoicing.delete(`${path}/${first.id}`)
  const again = await invoicing.post(path, { ...survey, external_id: 'shop-1' })
  expect(again.status).toBe(201)
})

test('200 products are found by a part of name and SKU, and sorted', async () => {
  const { invoicing } = await aBusiness()
  await invoicing.post(path, survey)
  const { body: report } = await invoicing.post(path, { name: 'Report_1', unit_price: 45.5 })
  await invoicing.post(path, { name: 'Zebra', unit_price: 9, sku: 'Z', external_id: 'z' })
  const search = async (query: string) => {
    const { body } = await invoicing.get(`${path}?${query}`)
    return body.data.map(({ name }: { name: string }) => name)
  }
  expect(await search('name=SITE')).toEqual(['Site survey'])
  expect(await search('name=t_1')).toEqual(['Report_1'])
  expect(await search('sku=svy')).toEqual(['Site survey'])
  expect(await search('external_id=z')).toEqual(['Zebra'])
  expect(await search('sort=-unit_price')).toEqual(['Site survey', 'Report_1', 'Zebra'])
  expect(await search('sort=sku')).toEqual(['Site survey', 'Zebra', 'Report_1'])
  await invoicing.delete(`${path}/${report.id}`)
  expect(await search('sort=name')).toEqual(['Site survey', 'Zebra'])
  expect(await search('is_active=false')).toEqual(['Report_1'])
})

test('200 a cursor walks through products without a SKU too', async () => {
  const { invoicing } = await aBusiness()
  for (const sku of ['a', 'b', undefined, undefined]) {
    await invoicing.post(path, { name: `Product ${sku}`, unit_price: 1, sku })
  }
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await invoicing.get(`${path}?limit=1&sort=sku&cursor=${cursor}`)
    seen.push(...body.data.map(({ id, sku }: { id: string; sku: string }) => sku ?? id))
    cursor = body.pagination.next_cursor
  }
  expect(seen.slice(0, 2)).toEqual(['a', 'b'])
  expect(new Set(seen).size).toBe(4)
})

test('200 an update changes what is sent and clears what is null', async () => {
  const { invoicing } = await aBusiness()
  const { body: made } = await invoicing.post(path, survey)
  const patched = await invoicing.patch(`${path}/${made.id}`, { unit_price: 125, tax_rate: null })
  const put = await invoicing.put(`${path}/${made.id}`, {
    description: 'On site',
    is_active: false,
  })
  expect(patched.body).toEqual({ ...made, unit_price: 125, tax_rate: null })
  expect(put.body).toEqual({ ...patched.body, description: 'On site' })
  const empty = await invoicing.patch(`${path}/${made.id}`, { id: unknownId })
  expect([empty.status, empty.text]).toEqual([400, '{"error":"No valid fields to update"}'])
  const nameless = await invoicing.patch(`${path}/${made.id}`, { name: null })
  expect([nameless.status, nameless.text]).toEqual([400, '{"error":"name must be a string"}'])
})

test('404 an absent, a foreign and an archived product', async () => {
  const [one, other] = [await aBusiness(), await aBusiness()]
  const { body: foreign } = await other.invoicing.post(path, survey)
  const { body: own } = await one.invoicing.post(path, survey)
  const removed = await one.invoicing.delete(`${path}/${own.id}`)
  expect([removed.status, removed.text]).toEqual([204, ''])
  for (const id of [unknownId, foreign.id, own.id]) {
    for (const reply of [
      await one.invoicing.get(`${path}/${id}`),
      await one.invoicing.patch(`${path}/${id}`, { name: 'b' }),
      await one.invoicing.delete(`${path}/${id}`),
    ]) {
      expect([reply.status, reply.text]).toEqual([404, '{"error":"Product not found"}'])
    }
  }
})

test('an item takes tax rate and account of its product, and says the rest itself', async () => {
  const { invoicing } = await aBusiness()
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const { body: product } = await invoicing.post(path, survey)
  const line = { description: 'Survey', quantity: 3, unit_price: 100, product_id: product.id }
  const invoice = async (item: object) =>
    await invoicing.post('/api/v1/invoices', { customer_id: customer.id, items: [item] })
  const taken = await invoice(line)
  const own = await invoice({ ...line, tax_rate: 0 })
  const absent = await invoice({ ...line, product_id: unknownId })
  expect([taken.status, taken.body.total, taken.body.items[0].product_id]).toEqual([
    201,
    322.5,
    product.id,
  ])
  expect(taken.body.items[0]).toMatchObject({ tax_rate: 7.5, revenue_account_code: '4000' })
  expect([own.body.total, own.body.items[0].tax_rate]).toEqual([300, 0])
  expect([absent.status, absent.text]).toEqual([404, '{"error":"Product not found"}'])
  await invoicing.delete(`${path}/${product.id}`)
  const archived = await invoice(line)
  const kept = await invoicing.get(`/api/v1/invoices/${taken.body.id}`)
  const issued = await invoicing.patch(`/api/v1/invoices/${taken.body.id}`, { status: 'sent' })
  expect(archived.status).toBe(404)
  expect(kept.body.items[0].product_id).toBe(product.id)
  expect([issued.status, issued.body.items[0].product_id]).toEqual([200, product.id])
})
