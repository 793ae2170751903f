import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'
import { booksOf } from './client.ts'

const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

/** A sale in March, and rent in April on an account whose name a spreadsheet would run. */
async function aTradingBusiness() {
  const books = booksOf(await aBusiness(nigeria))
  const formula = { code: '5998', name: '=HYPERLINK("http://a.example")', category: 'expense' }
  await books.post('/v1/chart-of-accounts', formula)
  const post = (transactionDate: string, debit: string, credit: string, amount: number) =>
    books.post('/v1/journal-entries', {
      ...{ transactionDate, description: 'Trade', post: true },
      lines: [
        { accountId: debit, debit: amount },
        { accountId: credit, credit: amount },
      ],
    })
  await post('2026-03-10', '1001', '4000', 800.5)
  await post('2026-04-10', '5998', '1001', 30)
  return books
}

test('200 profit and loss as CSV has a row for each amount, and no formula', async () => {
  const books = await aTradingBusiness()

  const { status, headers, text } = await books.get(
    '/v1/reports/profit-loss?startDate=2026-03-01&endDate=2026-04-30&periods=month&format=csv',
  )

  expect([status, headers['content-type'], headers['content-disposition']]).toEqual([
    200,
    'text/csv; charset=utf-8',
    'attachment; filename="profit-loss-2026-04-30.csv"',
  ])
  const lines = text.split('\r\n')
  expect(lines.slice(0, 9)).toEqual([
    'from,to,section,code,name,measure,amount,currency',
    '2026-03-01,2026-04-30,revenue,4000,Revenue,amount,800.50,NGN',
    '2026-03-01,2026-04-30,revenue,,,total,800.50,NGN',
    '2026-03-01,2026-04-30,costOfSales,,,total,0.00,NGN',
    `2026-03-01,2026-04-30,operatingExpenses,5998,"'=HYPERLINK(""http://a.example"")",amount,30.00,NGN`,
    '2026-03-01,2026-04-30,operatingExpenses,,,total,30.00,NGN',
    '2026-03-01,2026-04-30,,,,grossProfit,800.50,NGN',
    '2026-03-01,2026-04-30,,,,netIncome,770.50,NGN',
    '2026-03-01,2026-03-31,revenue,4000,Revenue,amount,800.50,NGN',
  ])
  expect(lines.filter((line) => line.includes(',netIncome,'))).toEqual([
    '2026-03-01,2026-04-30,,,,netIncome,770.50,NGN',
    '2026-03-01,2026-03-31,,,,netIncome,800.50,NGN',
    '2026-04-01,2026-04-30,,,,netIncome,-30.00,NGN',
  ])
})

test('200 the trial balance and the balance sheet as CSV say what their objects say', async () => {
  const books = await aTradingBusiness()

  const trial = await books.get('/v1/reports/trial-balance?asOfDate=2026-04-30&format=csv')
  const sheet = await books.get(
    '/v1/reports/balance-sheet?asOfDate=2026-04-30&compareTo=previous_period&format=csv',
  )

  expect(trial.text.split('\r\n')).toEqual([
    'from,to,section,code,name,measure,amount,currency',
    ',2026-04-30,asset,1001,Cash,debit,770.50,NGN',
    ',2026-04-30,asset,1001,Cash,credit,0.00,NGN',
    ',2026-04-30,revenue,4000,Revenue,debit,0.00,NGN',
    ',2026-04-30,revenue,4000,Revenue,credit,800.50,NGN',
    `,2026-04-30,expense,5998,"'=HYPERLINK(""http://a.example"")",debit,30.00,NGN`,
    `,2026-04-30,expense,5998,"'=HYPERLINK(""http://a.example"")",credit,0.00,NGN`,
    ',2026-04-30,,,,totalDebit,800.50,NGN',
    ',2026-04-30,,,,totalCredit,800.50,NGN',
    '',
  ])
  expect(sheet.text.split('\r\n').slice(1, 5)).toEqual([
    ',2026-04-30,assets.current,1001,Cash,amount,770.50,NGN',
    ',2026-04-30,assets.current,1001,Cash,comparison,800.50,NGN',
    ',2026-04-30,assets.current,1001,Cash,change,-30.00,NGN',
    ',2026-04-30,assets.current,1001,Cash,changePercent,-3.75,%',
  ])
})

test('400 another form is refused, and what is refused is no file', async () => {
  const books = await aTradingBusiness()

  const unknown = await books.get('/v1/reports/trial-balance?format=xlsx')
  const refused = await books.get('/v1/reports/profit-loss?format=csv')

  expect([unknown.status, unknown.body.error.details]).toEqual([
    400,
    [{ field: 'format', message: 'must be one of: json, csv' }],
  ])
  expect([refused.status, refused.body.error.code]).toEqual([400, 'INVALID_REQUEST'])
})
