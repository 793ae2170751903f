import { afterAll, expect, test } from 'vitest'
import { aShop } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { setRate } from './exchange-rate.actions.ts'
import { findRate, getRate } from './exchange-rate.queries.ts'
import type { NewRate } from './exchange-rate.ts'

const shop = await aShop()
afterAll(shop.close)

const quote = (day: string, quoted: string, given: Partial<NewRate> = {}): NewRate => ({
  ...{ currency: 'USD', day: asDate(day), quoted, direction: 'base_per_unit', source: 'manual' },
  ...given,
})

const wanted = (day: string) => ({
  ...{ businessId: shop.businessId, currency: 'USD', baseCurrency: 'NGN', day: asDate(day) },
})

test('the newest rate of the last seven days counts, the later row of a day wins', async () => {
  await shop.write(setRate, quote('2026-06-01', '1500'))
  await shop.write(setRate, quote('2026-06-03', '1510', { source: 'feed:bank' }))
  await shop.write(setRate, quote('2026-06-03', '1511'))
  await shop.write(setRate, quote('2026-06-03', '1512'))
  await shop.write(setRate, quote('2026-06-03', '1599', { source: 'import:file' }))
  const find = async (day: string) => (await shop.read((db) => findRate(db, wanted(day))))?.rate

  expect([
    await find('2026-05-31'),
    await find('2026-06-02'),
    await find('2026-06-03'),
    await find('2026-06-10'),
    await find('2026-06-11'),
  ]).toEqual([undefined, '1500', '1512', '1512', undefined])
})

test('a missing rate is refused, the base currency needs none', async () => {
  await expect(shop.read((db) => getRate(db, wanted('2026-07-01')))).rejects.toMatchObject({
    code: 'ledger.rate_missing',
    params: { from: 'USD', to: 'NGN', date: '2026-07-01' },
  })
  const base = { ...wanted('2026-07-01'), currency: 'NGN' }
  expect(await shop.read((db) => getRate(db, base))).toEqual({ rate: '1', source: 'base' })
})

test.each([
  ['nothing', { quoted: '0' }],
  ['less than nothing', { quoted: '-1' }],
  ['a price of the base currency', { currency: 'NGN' }],
])('%s is no rate', async (_name, given) => {
  const before = await shop.counts()

  expect(await shop.outcome(setRate, quote('2026-06-01', '1500', given))).toBe(
    'ledger.rate_out_of_range',
  )
  expect(await shop.counts()).toEqual(before)
})
