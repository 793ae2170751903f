import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addDays,
  asDate,
  type CalendarDate,
  fiscalYearOf,
  type Instant,
} from '../../kernel/dates.ts'
import { asId } from '../../kernel/ids.ts'
import type { Account } from '../ledger/account.ts'
import { chartAccounts } from '../ledger/chart.ts'
import { openingDate, type ReportLine, type SumRow, type Sums, toSums } from './account-sum.ts'
import { type BalanceSheet, toBalanceSheet } from './balance-sheet.ts'
import { type ProfitLoss, toProfitLoss } from './profit-loss.ts'
import { type TrialBalance, toTrialBalance } from './trial-balance.ts'

const accounts: readonly Account[] = chartAccounts('nigeria').map((row, index) => ({
  ...row,
  id: asId('account', `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`),
  description: null,
  currency: null,
  isHeader: false,
  isSystem: row.role !== null,
  externalId: null,
  metadata: {},
  archivedAt: null,
  createdAt: '2020-01-01T00:00:00.000Z' as Instant,
  updatedAt: '2020-01-01T00:00:00.000Z' as Instant,
}))
const accountByCode = new Map(accounts.map((account) => [account.code, account]))

/** Signed minor units per account code on a day; bucket 1 for a closing entry. */
type Posting = Readonly<{ date: CalendarDate; code: string; amount: bigint; bucket?: 0 | 1 }>

/** `2026-02-01 1001 +100 | 4000 -100` */
const posted = (...texts: readonly string[]): readonly Posting[] =>
  texts.flatMap((text) => {
    const date = asDate(text.slice(0, 10))
    return text
      .slice(11)
      .split(' | ')
      .map((line) => {
        const [code = '', amount = ''] = line.split(' ')
        return { date, code, amount: BigInt(amount.replace('+', '')) }
      })
  })

function sumsAt(postings: readonly Posting[], date: CalendarDate | undefined): Sums {
  const rows = postings
    .filter((posting) => date !== undefined && posting.date <= date)
    .map(({ code, amount, bucket = 0 }): SumRow => {
      const account = accountByCode.get(code)
      if (account === undefined) throw new Error(`no account ${code}`)
      const debitBase = amount > 0n ? amount : 0n
      return { accountId: account.id, bucket, debitBase, creditBase: debitBase - amount }
    })
  return toSums(rows)
}

const profitLoss = (postings: readonly Posting[], from: string, to: string): ProfitLoss => {
  const [start, end] = [asDate(from), asDate(to)]
  const opening = sumsAt(postings, openingDate(start))
  return toProfitLoss({ start, end, accounts, opening, closing: sumsAt(postings, end) })
}

const balanceSheet = (postings: readonly Posting[], date: string, year = '01-01'): BalanceSheet => {
  const asOf = asDate(date)
  const yearOpening = sumsAt(postings, openingDate(fiscalYearOf(asOf, year).start))
  return toBalanceSheet({ asOf, accounts, yearOpening, closing: sumsAt(postings, asOf) })
}

const trialBalance = (postings: readonly Posting[], date: string, from?: string): TrialBalance => {
  const asOf = asDate(date)
  const year = fiscalYearOf(asOf, '01-01')
  const start = from === undefined ? undefined : asDate(from)
  return toTrialBalance({
    asOf,
    accounts,
    yearOpening: sumsAt(postings, openingDate(year.start)),
    closing: sumsAt(postings, asOf),
    start: start && {
      opening: sumsAt(postings, openingDate(start)),
      isBeforeYear: start < year.start,
    },
  })
}

const codes = (lines: readonly ReportLine[]): string =>
  lines.map(({ account, amount }) => `${account.code} ${amount}`).join(' | ')

const sides = ({ rows }: TrialBalance): string =>
  rows.map(({ account, debit, credit }) => `${account.code} ${debit - credit}`).join(' | ')

/** Entries of explicit year ends: each moves what the year earned to retained earnings. */
function closed(postings: readonly Posting[], lastDay: string): readonly Posting[] {
  const date = asDate(lastDay)
  const { start } = fiscalYearOf(date, '01-01')
  const { revenue, otherIncome, costOfSales, operatingExpenses, netIncome } = profitLoss(
    postings,
    start,
    date,
  )
  const turned = (lines: readonly ReportLine[], sign: bigint): readonly Posting[] =>
    lines.map(({ account, amount }) => ({
      date,
      code: account.code,
      amount: sign * amount,
      bucket: 1,
    }))
  return [
    ...postings,
    ...turned(revenue.lines, 1n),
    ...turned(otherIncome.lines, 1n),
    ...turned(costOfSales.lines, -1n),
    ...turned(operatingExpenses.lines, -1n),
    { date, code: '3003', amount: -netIncome, bucket: 1 },
  ]
}

const story = posted(
  '2025-03-01 1011 +1300 | 3001 -1300',
  '2025-06-01 1021 +500 | 4000 -500',
  '2025-07-01 5001 +200 | 1031 -200',
  '2026-01-31 1001 +1000 | 4000 -900 | 2021 -100',
  '2026-02-01 4003 +50 | 1001 -50',
  '2026-02-03 5011 +300 | 1011 -300',
  '2026-02-28 1105 +600 | 1011 -600',
  '2026-02-28 5051 +20 | 1151 -20',
  '2026-03-31 5061 +30 | 2028 -30',
  '2026-03-31 5049 +40 | 1026 -40',
  '2026-03-31 1011 +700 | 2101 -700',
)

test('profit and loss shows natural signs, contra revenue negative, tax within expenses', () => {
  const report = profitLoss(story, '2026-01-01', '2026-03-31')

  expect(codes(report.revenue.lines)).toBe('4000 900 | 4003 -50')
  expect(codes(report.costOfSales.lines)).toBe('')
  expect(codes(report.operatingExpenses.lines)).toBe('5011 300 | 5049 40 | 5051 20 | 5061 30')
  expect(report).toMatchObject({
    grossProfit: 850n,
    incomeTax: 30n,
    profitBeforeTax: 490n,
    netIncome: 460n,
  })
})

test('the balance sheet puts contra assets with what they reduce and earnings by year', () => {
  const report = balanceSheet(story, '2026-03-31')

  expect(codes(report.currentAssets.lines)).toBe(
    '1001 950 | 1011 1100 | 1021 500 | 1026 -40 | 1031 -200',
  )
  expect(codes(report.nonCurrentAssets.lines)).toBe('1105 600 | 1151 -20')
  expect(codes(report.currentLiabilities.lines)).toBe('2021 100 | 2028 30')
  expect(codes(report.longTermLiabilities.lines)).toBe('2101 700')
  expect(codes(report.equity.lines)).toBe('3001 1300')
  expect(report).toMatchObject({
    totalAssets: 2890n,
    totalLiabilities: 830n,
    retainedEarnings: 300n,
    currentYearEarnings: 460n,
    totalEquity: 2060n,
    isBalanced: true,
  })
})

test.each([
  ['2025-12-31', '1011 1300 | 1021 500 | 1031 -200 | 3001 -1300 | 4000 -500 | 5001 200'],
  ['2026-01-01', '1011 1300 | 1021 500 | 1031 -200 | 3001 -1300 | 3003 -300'],
  ['2024-12-31', ''],
])('the trial balance of %s holds the earnings of its own year only', (date, expected) => {
  expect(sides(trialBalance(story, date))).toBe(expected)
})

test('a trial balance from an earlier year moves what that year earned to retained earnings', () => {
  const { rows } = trialBalance(story, '2026-01-31', '2025-06-15')
  const moved = rows.map(({ account, movement }) => [account.code, movement])

  expect(Object.fromEntries(moved)).toEqual({
    '1001': { opening: 0n, debit: 1000n, credit: 0n, closing: 1000n },
    '1011': { opening: 1300n, debit: 0n, credit: 0n, closing: 1300n },
    '1021': { opening: 500n, debit: 0n, credit: 0n, closing: 500n },
    '1031': { opening: 0n, debit: 0n, credit: 200n, closing: -200n },
    '2021': { opening: 0n, debit: 0n, credit: 100n, closing: -100n },
    '3001': { opening: -1300n, debit: 0n, credit: 0n, closing: -1300n },
    '3003': { opening: -500n, debit: 200n, credit: 0n, closing: -300n },
    '4000': { opening: 0n, debit: 0n, credit: 900n, closing: -900n },
  })
})

test('a fiscal year that starts in April keeps March in retained earnings', () => {
  expect(balanceSheet(story, '2026-04-01', '04-01')).toMatchObject({
    retainedEarnings: 760n,
    currentYearEarnings: 0n,
    isBalanced: true,
  })
})

const someDay = fc
  .integer({ min: 0, max: 1_000 })
  .map((days) => addDays(asDate('2024-06-01'), days))
const someCode = fc.constantFrom(
  '1001',
  '1021',
  '1151',
  '2001',
  '2101',
  '3001',
  '4000',
  '4003',
  '5001',
  '5020',
)
const someEntry = fc
  .tuple(someDay, someCode, someCode, fc.bigInt({ min: -1_000_000_000n, max: 1_000_000_000n }))
  .map(([date, debit, credit, amount]): readonly Posting[] => [
    { date, code: debit, amount },
    { date, code: credit, amount: -amount },
  ])
const someBooks = fc.array(someEntry, { maxLength: 40 }).map((entries) => entries.flat())

test('the balance sheet balances on every date, before and after a year-end entry', () => {
  fc.assert(
    fc.property(someBooks, someDay, (books, date) => {
      const before = balanceSheet(books, date)
      const after = balanceSheet(closed(closed(books, '2024-12-31'), '2025-12-31'), date)

      expect(before.isBalanced).toBe(true)
      expect(after).toEqual(before)
    }),
  )
})

test('the trial balance balances on every date, the same after a year-end entry', () => {
  fc.assert(
    fc.property(someBooks, someDay, someDay, (books, one, other) => {
      const [start, end] = one < other ? [one, other] : [other, one]
      const report = trialBalance(books, end, start)
      const after = trialBalance(closed(books, '2024-12-31'), end, start)

      expect(report.isBalanced).toBe(true)
      for (const { movement } of report.rows) {
        const { opening = 0n, debit = 0n, credit = 0n, closing = 0n } = movement ?? {}
        expect(opening + debit - credit).toBe(closing)
      }
      const opened = report.rows.map(({ movement }) => movement?.opening ?? 0n)
      expect(opened.reduce((sum, amount) => sum + amount, 0n)).toBe(0n)
      expect(sides(after)).toBe(sides(report))
    }),
  )
})

test('the earnings of two adjoining ranges are those of both together, account by account', () => {
  fc.assert(
    fc.property(someBooks, fc.tuple(someDay, someDay, someDay), (books, days) => {
      const [a = '', b = '', c = ''] = [...days].sort()
      fc.pre(b < c)
      const next = addDays(asDate(b), 1)
      const amounts = (from: string, to: string): Map<string, bigint> => {
        const { revenue, otherIncome, costOfSales, operatingExpenses } = profitLoss(books, from, to)
        const lines = [revenue, otherIncome, costOfSales, operatingExpenses].flatMap(
          (section) => section.lines,
        )
        return new Map(lines.map(({ account, amount }) => [account.code, amount]))
      }
      const [whole, first, second] = [amounts(a, c), amounts(a, b), amounts(next, c)]

      for (const code of new Set([...whole.keys(), ...first.keys(), ...second.keys()])) {
        expect((first.get(code) ?? 0n) + (second.get(code) ?? 0n)).toBe(whole.get(code) ?? 0n)
      }
    }),
  )
})

test('the net income of a fiscal year is its current year earnings on its last day', () => {
  fc.assert(
    fc.property(someBooks, (books) => {
      const { netIncome } = profitLoss(books, '2025-01-01', '2025-12-31')

      expect(balanceSheet(closed(books, '2025-12-31'), '2025-12-31').currentYearEarnings).toBe(
        netIncome,
      )
    }),
  )
})
