import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'

const path = '/api/v1/exchange-rates'

test('200 the rate of a day is set, replaced and listed, newest day first', async () => {
  const { invoicing } = await aBusiness({ baseCurrency: 'NGN' })
  const set = await invoicing.put(`${path}/USD/2026-05-20`, { rate: 1520.25 })
  expect([set.status, set.text]).toEqual([
    200,
    '{"currency":"USD","date":"2026-05-20","rate":1520.25,"source":"manual"}',
  ])
  await invoicing.put(`${path}/USD/2026-05-20`, { rate: 1535 })
  await invoicing.put(`${path}/USD/2026-05-21`, { rate: 1536 })
  await invoicing.put(`${path}/EUR/2026-05-20`, { rate: 1700.5 })
  const all = await invoicing.get(path)
  const toTexts = (body: { data: readonly { currency: string; date: string; rate: number }[] }) =>
    body.data.map((rate) => `${rate.date} ${rate.currency} ${rate.rate}`)
  expect(toTexts(all.body)).toEqual([
    '2026-05-21 USD 1536',
    '2026-05-20 USD 1535',
    '2026-05-20 EUR 1700.5',
  ])
  expect(all.body.pagination).toEqual({ page: 1, limit: 25, total: 3, total_pages: 1 })
  const some = await invoicing.get(`${path}?currency=USD&date_to=2026-05-20`)
  expect(toTexts(some.body)).toEqual(['2026-05-20 USD 1535'])
  const walked: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await invoicing.get(`${path}?sort=date&limit=1&cursor=${cursor}`)
    expect(page.status).toBe(200)
    walked.push(...toTexts(page.body))
    cursor = page.body.pagination.next_cursor
  }
  expect(walked).toEqual(['2026-05-20 EUR 1700.5', '2026-05-20 USD 1535', '2026-05-21 USD 1536'])
})

test('204 a deleted rate is used no more, and posted documents keep it', async () => {
  const { invoicing } = await aBusiness({ baseCurrency: 'NGN' })
  await invoicing.put(`${path}/USD/2026-06-15`, { rate: 1520 })
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const items = [{ description: 'Survey', quantity: 1, unit_price: 10 }]
  const create = () =>
    invoicing.post('/api/v1/invoices', { customer_id: customer.id, status: 'sent', items })
  const issued = await create()
  expect([issued.status, issued.body.exchange_rate]).toEqual([201, 1520])
  expect((await invoicing.delete(`${path}/USD/2026-06-15`)).status).toBe(204)
  expect((await invoicing.get(path)).body.data).toEqual([])
  const refused = await create()
  expect([refused.status, refused.body]).toEqual([
    400,
    { error: 'No exchange rate from USD to NGN on 2026-06-15' },
  ])
  const kept = await invoicing.get(`/api/v1/invoices/${issued.body.id}`)
  expect(kept.body.exchange_rate).toBe(1520)
  const again = await invoicing.delete(`${path}/USD/2026-06-15`)
  expect([again.status, again.body]).toEqual([404, { error: 'Exchange rate not found' }])
  await invoicing.put(`${path}/USD/2026-06-15`, { rate: 1530 })
  expect((await create()).body.exchange_rate).toBe(1530)
})

test.each([
  ['USD/2026-05-20', {}, 'Missing required fields: rate'],
  ['USD/2026-05-20', { rate: '1535' }, 'rate must be a number'],
  ['USD/2026-05-20', { rate: 0 }, 'rate must be a positive number'],
  ['USD/2026-05-20', { rate: 1.12345678901 }, 'rate must not have more than 10 decimals'],
  ['NGN/2026-05-20', { rate: 1 }, 'Exchange rate 1 from NGN to NGN is outside the accepted range'],
  [
    'XXZ/2026-05-20',
    { rate: 1 },
    'Query parameter currency is not valid: must be an ISO 4217 currency code',
  ],
  [
    'USD/2026-02-30',
    { rate: 1 },
    'Query parameter date is not valid: must be a valid date (YYYY-MM-DD)',
  ],
])('400 %s with %o is refused', async (day, body, error) => {
  const { invoicing } = await aBusiness({ baseCurrency: 'NGN' })
  const reply = await invoicing.put(`${path}/${day}`, body)
  expect([reply.status, reply.body]).toEqual([400, { error }])
  expect((await invoicing.get(path)).body.data).toEqual([])
})
