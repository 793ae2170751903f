import { afterAll, expect, test } from 'vitest'
import { aShop } from '../test/shop.ts'
import { keepDemoBooks } from './demo-books.ts'
import { planDemo, streamsOf } from './demo-year.ts'
import { asDate, type Instant } from './kernel/dates.ts'
import { toDecimalText } from './kernel/money.ts'
import { listCertificates } from './modules/purchases/bill-payment.queries.ts'
import { getAgedReceivables } from './modules/reports/aged.queries.ts'
import { getBalanceSheet } from './modules/reports/balance-sheet.queries.ts'
import { getProfitLoss } from './modules/reports/profit-loss.queries.ts'
import { listInvoices } from './modules/sales/invoice.queries.ts'

const asOf = asDate('2026-06-30')
const now = '2026-06-30T07:30:00.000Z' as Instant
const shop = await aShop({ fiscalYearStart: '07-01', name: 'Marula Workshop Ltd' })
afterAll(shop.close)
const { gate, organizationId, businessId } = shop
await keepDemoBooks({ gate, organizationId, businessId, asOf, now, seed: 1, years: 1 })

const count = async (text: string): Promise<number> => {
  const { rows } = await shop.owner.query<{ count: number }>(text, [businessId])
  return rows[0]?.count ?? 0
}

test('the random streams are those of SplitMix64', () => {
  const stream = streamsOf(1)('invoice/1/1')

  expect([stream.next(), stream.next(), stream.next()]).toEqual([
    17076284385026025615n,
    1996379002382837291n,
    2582357044271741398n,
  ])
})

test('nothing is recorded later than it is', async () => {
  const later = `select count(*)::int as count from event where tenant_id = $1 and at > '${now}'`
  const latest = `select count(*)::int as count from event where tenant_id = $1 and at = '${now}'`
  expect([await count(later), (await count(latest)) > 0]).toEqual([0, true])
})

test('the same seed plans the same year', () => {
  const { events } = planDemo({ seed: 1, years: 1, asOf })

  expect(planDemo({ seed: 1, years: 1, asOf }).events).toEqual(events)
  expect(planDemo({ seed: 2, years: 1, asOf }).events).not.toEqual(events)
})

test('the year has the documents and entries it should', async () => {
  const kinds = await shop.owner.query<{ kind: string; lifecycle: string; count: number }>(
    `select kind, lifecycle, count(*)::int as count from document
     where business_id = $1 and not coalesce((details ->> 'isOpening')::boolean, false)
     group by kind, lifecycle order by kind, lifecycle`,
    [businessId],
  )

  expect(kinds.rows.map(({ kind, lifecycle, count: n }) => `${kind} ${lifecycle} ${n}`)).toEqual([
    'bill open 64',
    'bill_payment open 57',
    'credit_note open 5',
    'expense open 36',
    'invoice open 106',
    'invoice void 2',
    'receipt open 105',
  ])
  const certificates = await shop.read((db) => listCertificates(db, { businessId, limit: 10 }))
  expect(certificates).toHaveLength(3)
  const entries = await count(
    `select count(*)::int as count from journal_entry
     where business_id = $1 and kind <> 'opening'`,
  )
  expect(entries + 1).toBe(458)
})

test('the trial balance is right to the kobo', async () => {
  expect((await shop.balances('2026-06-30')).split(' | ')).toEqual([
    '1001 +396500.00',
    '1011 +6874894.44',
    '1014 +7571997.70',
    '1021 +6946477.02',
    '1024 +156113.33',
    '1025 +133807.85',
    '1102 +3600000.00',
    '1151 -1800000.00',
    '2001 -3134433.22',
    '2021 -364126.25',
    '2022 -116200.00',
    '2023 -211500.00',
    '2024 -29375.00',
    '2026 -336377.50',
    '3001 -5000000.00',
    '3003 -13681250.00',
    '4000 -42235728.10',
    '4003 +1339630.73',
    '4013 -193929.90',
    '5001 +13010772.50',
    '5011 +14100000.00',
    '5012 +1410000.00',
    '5020 +5400000.00',
    '5021 +952000.00',
    '5031 +573500.00',
    '5041 +1400000.00',
    '5045 +2234400.00',
    '5047 +25800.00',
    '5051 +900000.00',
    '5053 +77026.40',
  ])
  expect(await shop.outOfStep()).toEqual([])
})

test('accounts in several currencies hold what they should in each', async () => {
  const { rows } = await shop.owner.query<{ code: string; currency: string; amount: bigint }>(
    `select a.code, l.currency, sum(l.amount)::bigint as amount
     from journal_line as l
     join account as a on a.business_id = l.business_id and a.account_id = l.account_id
     where l.business_id = $1 and a.code in ('1014', '1021', '2001')
     group by a.code, l.currency having sum(l.amount) <> 0 order by a.code, l.currency`,
    [businessId],
  )

  expect(
    rows.map(({ code, currency, amount }) => {
      return `${code} ${currency} ${toDecimalText({ minor: amount, currency })}`
    }),
  ).toEqual([
    '1014 USD 4944.95',
    '1021 NGN 5469342.52',
    '1021 USD 940.85',
    '2001 NGN -2946033.22',
    '2001 USD -120.00',
  ])
})

test('the first invoice and the aged receivables are as published', async () => {
  const first = { businessId, today: asOf, limit: 1, issueDateTo: asDate('2025-07-31') }
  const sort = { by: 'issueDate', isDescending: false } as const
  const filter = { ...first, issueDateFrom: asDate('2025-07-01'), sort }
  const { rows } = await shop.read((db) => listInvoices(db, filter))
  const [invoice] = rows
  expect([invoice?.customerName, invoice?.subtotal, invoice?.tax, invoice?.total]).toEqual([
    'Fairfield Clinics Ltd',
    27_500_000n,
    2_062_500n,
    29_562_500n,
  ])

  const { ages } = await shop.read((db) => getAgedReceivables(db, { businessId, date: asOf }))
  const { current, days30, days60, days90, over90 } = ages
  expect([current, days30, days60, days90, over90]).toEqual([
    168_852_194n,
    20_932_824n,
    37_329_372n,
    160_331_248n,
    307_202_064n,
  ])
})

test('revenue month by month, and the one line of the revaluation', async () => {
  const { rows: months } = await shop.owner.query<{ amount: bigint }>(
    `select -sum(l.base_amount)::bigint as amount from journal_line as l
     join account as a on a.business_id = l.business_id and a.account_id = l.account_id
     where l.business_id = $1 and a.code = '4000'
     group by date_trunc('month', l.accounting_date) order by date_trunc('month', l.accounting_date)`,
    [businessId],
  )
  expect(months.map(({ amount }) => toDecimalText({ minor: amount, currency: 'NGN' }))).toEqual([
    ...['2077321.54', '3222401.16', '1488478.50', '4475929.52', '3770471.59', '2946158.89'],
    ...['4439895.41', '4677480.23', '2247400.47', '4660541.58', '5333504.84', '2896144.37'],
  ])

  const { rows: entries } = await shop.owner.query<{ id: string; day: string }>(
    `select entry_id as id, accounting_date as day from journal_entry
     where business_id = $1 and source_type = 'revaluation' order by entry_seq`,
    [businessId],
  )
  expect(entries.map(({ day }) => day)).toEqual(['2026-05-31', '2026-06-01'])
  expect(await shop.entry(entries[0]?.id ?? '')).toBe(
    '1014 USD +0.00 (-156252.70) | 5053 USD +0.00 (+156252.70)',
  )
})

test('the statements come to what they should', async () => {
  const figures = await shop.read(async (db) => {
    const start = asDate('2025-07-01')
    const earnings = await getProfitLoss(db, { businessId, start, end: asOf })
    const sheet = await getBalanceSheet(db, { organizationId, businessId, asOf })
    return [earnings.grossProfit, earnings.netIncome, sheet.totalAssets, sheet.isBalanced]
  })

  expect(figures).toEqual([2_788_532_487n, 100_652_837n, 2_387_979_034n, true])
})

test('the bank shows what moved, late and partly matched, and four credits nobody knows', async () => {
  const unmatched = await count(
    `select count(*)::int as count from bank_statement_line
     where business_id = $1 and matched_entry_id is null and description = 'TRF FROM UNKNOWN'`,
  )
  const late = await count(
    `select count(*)::int as count from bank_statement_line
     where business_id = $1 and matched_entry_id is not null and booked_on > '2026-06-20'`,
  )
  const future = await count(
    `select count(*)::int as count from bank_statement_line
     where business_id = $1 and booked_on > '2026-06-30'`,
  )
  expect([unmatched, late, future]).toEqual([4, 0, 0])
})

test('the opening days are locked', async () => {
  const { rows } = await shop.owner.query(
    'select kind, scope, through_date as through from period_lock where business_id = $1',
    [businessId],
  )
  expect(rows).toEqual([{ kind: 'soft', scope: 'all', through: '2025-06-30' }])
})
