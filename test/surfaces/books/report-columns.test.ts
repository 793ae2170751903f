import { expect, test } from 'vitest'
import { aBusiness, type Business, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

/** `4000 +1300000 | 3001 -1300000` in naira, posted on a day; tags stand on every line. */
async function post(books: Client, day: string, text: string, tags: string[] = []) {
  const lines = text.split(' | ').map((line) => {
    const [accountId = '', amount = ''] = line.split(' ')
    const side = amount.startsWith('-') ? 'credit' : 'debit'
    return { accountId, [side]: Number(amount.slice(1)), tags }
  })
  const entry = { transactionDate: day, description: text, lines, post: true }
  const { status, body, text: answer } = await books.post('/v1/journal-entries', entry)
  if (status !== 201) throw new Error(answer)
  return body.data
}

type Trading = Readonly<{ business: Business; books: Client }>

/** Sales of three months, the last of them recorded a day after the others. */
async function aTradingBusiness(): Promise<Trading> {
  const business = await aBusiness({ ...nigeria, booksStart: '2024-01-01' as never })
  const books = booksOf(business)
  await post(books, '2025-04-10', '1001 +500 | 4000 -500')
  await post(books, '2026-03-10', '1001 +800 | 4000 -800', ['lagos'])
  await post(books, '2026-04-10', '1001 +1000 | 4000 -1000', ['abuja', 'lagos'])
  await post(books, '2026-04-11', '5020 +300 | 1001 -300')
  business.clock.set('2026-06-16T12:00:00.000Z')
  await post(books, '2026-04-12', '1001 +90 | 4000 -90', ['abuja'])
  return { business, books }
}

const april = 'startDate=2026-04-01&endDate=2026-04-30'

async function get(books: Client, path: string) {
  const { status, body, text } = await books.get(`/v1/reports/${path}`)
  if (status !== 200) throw new Error(text)
  return body.data
}

const refusal = async (books: Client, path: string) => {
  const { status, body } = await books.get(`/v1/reports/${path}`)
  const [{ field, message }] = body.error.details
  return `${status} ${body.error.code} ${field}: ${message}`
}

test('200 every amount of a range stands beside that of the range before', async () => {
  const { books } = await aTradingBusiness()

  const report = await get(books, `profit-loss?${april}&compareTo=previous_period`)

  expect(report).toMatchObject({
    comparisonPeriod: { startDate: '2026-03-01', endDate: '2026-03-31' },
    revenue: { totalKobo: 109_000, comparisonKobo: 80_000, change: 290, changePercent: 36.25 },
    grossProfitKobo: 109_000,
    grossProfitComparison: 800,
    netIncome: 790,
    netIncomeComparisonKobo: 80_000,
    netIncomeChange: -10,
    netIncomeChangePercent: -1.25,
  })
  expect(JSON.stringify(report.operatingExpenses)).toBe(
    '{"total":300,"totalKobo":30000,"accounts":[{"accountId":"5020","code":"5020","name":"Rent",' +
      '"amountKobo":30000,"amount":300,"comparisonKobo":0,"comparison":0,"changeKobo":30000,' +
      '"change":300,"changePercent":null}],"comparisonKobo":0,"comparison":0,"changeKobo":30000,' +
      '"change":300,"changePercent":null}',
  )
})

test('200 an account that moved in the other range alone is shown at zero', async () => {
  const { books } = await aTradingBusiness()

  const dates = 'startDate=2026-05-01&endDate=2026-05-31'
  const other = 'compareStartDate=2026-04-01&compareEndDate=2026-04-30'
  const report = await get(books, `profit-loss?${dates}&${other}`)

  expect(report.revenue.accounts).toMatchObject([
    { code: '4000', amount: 0, comparison: 1090, changeKobo: -109_000, changePercent: -100 },
  ])
  expect(report).toMatchObject({ netIncome: 0, netIncomeComparison: 790, profitBeforeTax: 0 })
})

test('200 a date is compared with the year before and with any other date', async () => {
  const { books } = await aTradingBusiness()

  const sheet = await get(books, 'balance-sheet?asOfDate=2026-04-30&compareTo=previous_year')
  const trial = await get(books, 'trial-balance?asOfDate=2026-04-30&compareDate=2026-03-31')

  expect(sheet).toMatchObject({
    comparisonDate: '2025-04-30',
    assets: { total: 2090, comparison: 500, change: 1590, changePercent: 318 },
    equity: { currentYearEarnings: 1590, currentYearEarningsComparison: 500 },
  })
  expect(trial.comparisonDate).toBe('2026-03-31')
  expect(trial.accounts).toMatchObject([
    { code: '1001', debit: 2090, debitComparison: 1300, debitChange: 790 },
    { code: '3003', credit: 500, creditComparison: 500, creditChange: 0 },
    { code: '4000', credit: 1890, creditComparison: 800, creditChangePercent: 136.25 },
    { code: '5020', debit: 300, debitComparison: 0, debitChangePercent: null },
  ])
})

test('200 columns are reports of their own that add up to the whole', async () => {
  const { books } = await aTradingBusiness()

  const dates = 'startDate=2026-03-05&endDate=2026-05-31'
  const report = await get(books, `profit-loss?${dates}&periods=month`)
  const sheet = await get(books, 'balance-sheet?asOfDate=2026-05-15&periods=quarter')
  const trial = await get(
    books,
    'trial-balance?startDate=2025-04-01&asOfDate=2026-04-30&periods=year',
  )

  expect(report.columns.map(({ period, netIncome }: typeof report) => [period, netIncome])).toEqual(
    [
      [{ startDate: '2026-03-05', endDate: '2026-03-31' }, 800],
      [{ startDate: '2026-04-01', endDate: '2026-04-30' }, 790],
      [{ startDate: '2026-05-01', endDate: '2026-05-31' }, 0],
    ],
  )
  expect(report.netIncome).toBe(1590)
  expect(
    sheet.columns.map(({ asOfDate, assets }: typeof sheet) => [asOfDate, assets.total]),
  ).toEqual([
    ['2026-03-31', 1300],
    ['2026-05-15', 2090],
  ])
  expect(trial.columns.map(({ accounts }: typeof trial) => accounts[0].movementDebit)).toEqual([
    500, 1890,
  ])
})

test('200 what was recorded later vanishes, whichever way the lines are counted', async () => {
  const { business, books } = await aTradingBusiness()
  const known = 'asOfDate=2026-06-30&asKnownAt=2026-06-15T23:00:00Z'

  const atFirst = await get(books, `trial-balance?${known}`)
  const byDay = await get(books, 'trial-balance?asOfDate=2026-06-30&asKnownAt=2026-06-15')
  for (let i = 0; i < 6; i += 1) await post(books, '2026-03-15', '1001 +7 | 4000 -7')
  business.clock.set('2026-06-17T12:00:00.000Z')
  const later = await get(books, `trial-balance?${known}`)
  const nothing = await get(books, 'trial-balance?asKnownAt=2026-06-14')
  const all = await get(books, 'trial-balance?asKnownAt=2026-06-17')
  const range = await get(books, `profit-loss?${april}&asKnownAt=2026-06-15`)

  expect(atFirst).toMatchObject({ totalDebit: 2300, isBalanced: true })
  expect([byDay, later]).toEqual([atFirst, atFirst])
  expect(nothing).toMatchObject({ accounts: [], totalDebit: 0 })
  expect(all).toEqual(await get(books, 'trial-balance'))
  expect(range.netIncome).toBe(700)
})

test('200 a reversal recorded later vanishes as well, and the entry is there again', async () => {
  const { business, books } = await aTradingBusiness()
  const before = await get(books, 'trial-balance?asOfDate=2026-12-31')
  const { id } = await post(books, '2026-05-02', '1001 +11 | 4000 -11')
  business.clock.set('2026-06-18T12:00:00.000Z')
  await books.post(`/v1/journal-entries/${id}/reverse`, { reason: 'Wrong' })

  expect((await get(books, 'profit-loss?startDate=2026-05-01&endDate=2026-05-31')).netIncome).toBe(
    0,
  )
  const known = await get(
    books,
    'profit-loss?startDate=2026-05-01&endDate=2026-05-31&asKnownAt=2026-06-17',
  )
  expect(known.netIncome).toBe(11)
  expect(await get(books, 'trial-balance?asOfDate=2026-12-31')).toEqual(before)
})

test('200 a tag narrows a report to its lines, and to what was known of them', async () => {
  const { books } = await aTradingBusiness()

  const netIncome = async (query: string) =>
    (await get(books, `profit-loss?startDate=2026-01-01&endDate=2026-12-31&${query}`)).netIncome

  expect(await netIncome('tag=lagos')).toBe(1800)
  expect(await netIncome('tag=abuja')).toBe(1090)
  expect(await netIncome('tag=abuja&asKnownAt=2026-06-15')).toBe(1000)
  expect(await netIncome('tag=kano')).toBe(0)
  const trial = await get(books, 'trial-balance?tag=lagos&asOfDate=2026-03-31')
  expect(trial).toMatchObject({ totalDebit: 800, totalCredit: 800 })
})

test('400 parameters that contradict each other or lead too far are named', async () => {
  const { books } = await aTradingBusiness()
  const range = `profit-loss?${april}`

  expect([
    await refusal(books, `${range}&compareStartDate=2026-01-01`),
    await refusal(books, `${range}&compareEndDate=2026-01-01`),
    await refusal(
      books,
      `${range}&compareTo=previous_year&compareStartDate=2026-01-01&compareEndDate=2026-01-31`,
    ),
    await refusal(books, `${range}&compareStartDate=2026-02-01&compareEndDate=2026-01-31`),
    await refusal(books, `${range}&compareTo=last_week`),
    await refusal(books, 'profit-loss?startDate=2000-01-01&endDate=2026-01-01&periods=month'),
    await refusal(
      books,
      'profit-loss?startDate=1900-01-01&endDate=1900-12-31&compareTo=previous_year',
    ),
    await refusal(books, 'balance-sheet?asOfDate=1900-01-01&compareTo=previous_period'),
    await refusal(books, 'trial-balance?startDate=2026-02-01&asOfDate=2026-01-01'),
    await refusal(books, 'trial-balance?compareDate=2026-02-30'),
    await refusal(books, 'balance-sheet?asKnownAt=soon'),
  ]).toMatchInlineSnapshot(`
    [
      "400 INVALID_REQUEST compareEndDate: is required",
      "400 INVALID_REQUEST compareStartDate: is required",
      "400 INVALID_REQUEST compareTo: must have exactly one of compareTo, compareStartDate",
      "400 VALIDATION_ERROR startDate: The start date must not be after the end date",
      "400 INVALID_REQUEST compareTo: must be one of: previous_period, previous_year",
      "400 INVALID_REQUEST periods: must make at most 24 columns",
      "400 INVALID_REQUEST compareTo: must not lead before 1900-01-01",
      "400 INVALID_REQUEST compareTo: must not lead before 1900-01-01",
      "400 VALIDATION_ERROR startDate: The start date must not be after the end date",
      "400 INVALID_REQUEST compareDate: must be a valid date (YYYY-MM-DD)",
      "400 INVALID_REQUEST asKnownAt: must be a valid date (YYYY-MM-DD)",
    ]
  `)
})
