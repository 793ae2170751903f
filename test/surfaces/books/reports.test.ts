import { expect, test } from 'vitest'
import { aBusiness, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

/** `1011 +1300000 | 3001 -1300000` in naira, posted on a day. */
async function post(books: Client, transactionDate: string, text: string): Promise<void> {
  const lines = text.split(' | ').map((line) => {
    const [accountId = '', amount = ''] = line.split(' ')
    const side = amount.startsWith('-') ? 'credit' : 'debit'
    return { accountId, [side]: Number(amount.slice(1)) }
  })
  const entry = { transactionDate, description: text.slice(0, 500), lines, post: true }
  const { status, text: answer } = await books.post('/v1/journal-entries', entry)
  if (status !== 201) throw new Error(answer)
}

/** The documented example as postings: its figures are those of the published reports. */
async function aTradingBusiness(): Promise<Client> {
  const books = booksOf(await aBusiness(nigeria))
  await post(books, '2026-01-05', '1011 +1300000 | 3001 -1300000')
  await post(books, '2026-02-01', '1105 +600000 | 1011 -600000')
  await post(books, '2026-02-28', '1001 +1250000 | 4000 -1250000')
  await post(books, '2026-03-15', '5001 +400000 | 1001 -400000')
  await post(books, '2026-03-31', '5011 +400000 | 1011 -370000 | 2022 -30000')
  await post(books, '2026-04-20', '5021 +60000 | 1011 -60000')
  await post(books, '2026-04-30', '5051 +50000 | 1151 -50000')
  return books
}

test('200 profit and loss has the documented members in their order', async () => {
  const books = await aTradingBusiness()

  const { status, body } = await books.get(
    '/v1/reports/profit-loss?startDate=2026-01-01&endDate=2026-04-30',
  )

  expect(status).toBe(200)
  expect(JSON.stringify(body.data)).toBe(
    '{"period":{"startDate":"2026-01-01","endDate":"2026-04-30"},"revenue":{"total":1250000,"totalKobo":125000000,"accounts":[{"accountId":"4000","code":"4000","name":"Revenue","amountKobo":125000000,"amount":1250000}]},"costOfSales":{"total":400000,"totalKobo":40000000,"accounts":[{"accountId":"5001","code":"5001","name":"Cost of Goods Sold","amountKobo":40000000,"amount":400000}]},"grossProfit":850000,"grossProfitKobo":85000000,"operatingExpenses":{"total":510000,"totalKobo":51000000,"accounts":[{"accountId":"5011","code":"5011","name":"Salaries and Wages","amountKobo":40000000,"amount":400000},{"accountId":"5021","code":"5021","name":"Electricity","amountKobo":6000000,"amount":60000},{"accountId":"5051","code":"5051","name":"Depreciation","amountKobo":5000000,"amount":50000}]},"netIncome":340000,"netIncomeKobo":34000000}',
  )
})

test('200 profit before tax is shown once there is income tax', async () => {
  const books = await aTradingBusiness()
  await post(books, '2026-04-30', '5061 +40000 | 2028 -40000')

  const { body } = await books.get(
    '/v1/reports/profit-loss?startDate=2026-01-01&endDate=2026-04-30',
  )

  expect(body.data).toMatchObject({
    profitBeforeTax: 340000,
    profitBeforeTaxKobo: 34000000,
    netIncome: 300000,
  })
})

test('200 the balance sheet has the documented members in their order', async () => {
  const books = await aTradingBusiness()

  const { status, body } = await books.get('/v1/reports/balance-sheet?asOfDate=2026-04-30')

  expect(status).toBe(200)
  expect(JSON.stringify(body.data)).toBe(
    '{"asOfDate":"2026-04-30","assets":{"totalKobo":167000000,"total":1670000,"current":{"totalKobo":112000000,"total":1120000,"accounts":[{"accountId":"1001","code":"1001","name":"Cash","amountKobo":85000000,"amount":850000},{"accountId":"1011","code":"1011","name":"Bank - Main","amountKobo":27000000,"amount":270000}]},"nonCurrent":{"totalKobo":55000000,"total":550000,"accounts":[{"accountId":"1105","code":"1105","name":"Computers and Equipment","amountKobo":60000000,"amount":600000},{"accountId":"1151","code":"1151","name":"Accumulated Depreciation","amountKobo":-5000000,"amount":-50000}]}},"liabilities":{"totalKobo":3000000,"total":30000,"current":{"totalKobo":3000000,"total":30000,"accounts":[{"accountId":"2022","code":"2022","name":"PAYE Payable","amountKobo":3000000,"amount":30000}]},"longTerm":{"totalKobo":0,"total":0,"accounts":[]}},"equity":{"totalKobo":164000000,"total":1640000,"accounts":[{"accountId":"3001","code":"3001","name":"Share Capital","amountKobo":130000000,"amount":1300000}],"retainedEarningsKobo":0,"retainedEarnings":0,"currentYearEarningsKobo":34000000,"currentYearEarnings":340000},"totalLiabilitiesAndEquityKobo":167000000,"totalLiabilitiesAndEquity":1670000,"isBalanced":true}',
  )
})

test('200 the next fiscal year begins with everything retained', async () => {
  const books = await aTradingBusiness()
  const sheet = await books.get('/v1/reports/balance-sheet?asOfDate=2027-01-01')
  const trial = await books.get('/v1/reports/trial-balance?asOfDate=2027-01-01')

  expect(sheet.body.data.equity).toMatchObject({
    retainedEarnings: 340000,
    currentYearEarnings: 0,
    total: 1640000,
  })
  const codes = trial.body.data.accounts.map(({ code }: { code: string }) => code)
  expect(codes).toEqual(['1001', '1011', '1105', '1151', '2022', '3001', '3003'])
  expect(trial.body.data).toMatchObject({ totalDebit: 1720000, isBalanced: true })
})

test('200 the trial balance of today shows one side per account', async () => {
  const books = await aTradingBusiness()

  const { status, body } = await books.get('/v1/reports/trial-balance')

  expect(status).toBe(200)
  expect(Object.keys(body.data)).toEqual([
    'asOfDate',
    'accounts',
    'totalDebitKobo',
    'totalDebit',
    'totalCreditKobo',
    'totalCredit',
    'isBalanced',
  ])
  expect(body.data).toMatchObject({
    asOfDate: '2026-06-15',
    totalDebitKobo: 263000000,
    totalCreditKobo: 263000000,
    isBalanced: true,
  })
  expect(JSON.stringify(body.data.accounts[0])).toBe(
    '{"accountId":"1001","code":"1001","name":"Cash","category":"asset","debitKobo":85000000,' +
      '"debit":850000,"creditKobo":0,"credit":0}',
  )
})

test('200 with a start each account has opening, movement and closing', async () => {
  const books = await aTradingBusiness()

  const { body } = await books.get(
    '/v1/reports/trial-balance?startDate=2026-03-01&asOfDate=2026-03-31',
  )

  const bank = body.data.accounts.find(({ code }: { code: string }) => code === '1011')
  expect(bank).toMatchObject({
    openingKobo: 70000000,
    movementDebitKobo: 0,
    movementCreditKobo: 37000000,
    closingKobo: 33000000,
    debitKobo: 33000000,
  })
})

test('200 accounts at zero are shown when they are asked for', async () => {
  const books = booksOf(await aBusiness(nigeria))

  const plain = await books.get('/v1/reports/trial-balance')
  const all = await books.get('/v1/reports/trial-balance?includeZero=true')

  expect([plain.body.data.accounts.length, all.body.data.accounts.length]).toEqual([0, 82])
})

test('200 a posting is in every report at once', async () => {
  const books = await aTradingBusiness()
  await post(books, '2026-06-15', '1001 +0.01 | 4000 -0.01')

  const trial = await books.get('/v1/reports/trial-balance')
  const sheet = await books.get('/v1/reports/balance-sheet')

  expect(trial.body.data.totalDebitKobo).toBe(263000001)
  expect(sheet.body.data.equity.currentYearEarningsKobo).toBe(34000001)
})

test.each([
  ['profit-loss', 'startDate', 'is required'],
  ['profit-loss?startDate=2026-01-01', 'endDate', 'is required'],
  ['profit-loss?startDate=x&endDate=2026-01-01', 'startDate', 'must be a valid date (YYYY-MM-DD)'],
  ['balance-sheet?asOfDate=2026-02-30', 'asOfDate', 'must be a valid date (YYYY-MM-DD)'],
  ['trial-balance?includeZero=1', 'includeZero', 'must be true or false'],
])('400 the report %s is an INVALID_REQUEST', async (query, field, message) => {
  const books = booksOf(await aBusiness(nigeria))

  const { status, body } = await books.get(`/v1/reports/${query}`)

  expect([status, body.error.code, body.error.details]).toEqual([
    400,
    'INVALID_REQUEST',
    [{ field, message }],
  ])
})

test.each([
  'profit-loss?startDate=2026-04-30&endDate=2026-04-29',
  'trial-balance?startDate=2026-04-30&asOfDate=2026-04-29',
])('400 the report %s ends before it starts', async (query) => {
  const books = booksOf(await aBusiness(nigeria))

  const { status, body } = await books.get(`/v1/reports/${query}`)

  expect([status, body.error.code, body.error.details]).toEqual([
    400,
    'VALIDATION_ERROR',
    [{ field: 'startDate', message: 'The start date must not be after the end date' }],
  ])
})

test('200 reports of the first day and the last of the calendar are empty', async () => {
  const books = booksOf(await aBusiness(nigeria))

  for (const query of [
    'trial-balance?asOfDate=1900-01-01&startDate=1900-01-01',
    'balance-sheet?asOfDate=9999-12-31',
    'profit-loss?startDate=1900-01-01&endDate=9999-12-31',
  ]) {
    expect([query, (await books.get(`/v1/reports/${query}`)).status]).toEqual([query, 200])
  }
})
