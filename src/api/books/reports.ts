import { type Static, Type } from 'typebox'
import type { ReportLine, Section } from '../../modules/reports/account-sum.ts'
import { getBalanceSheet } from '../../modules/reports/balance-sheet.queries.ts'
import type { BalanceSheet } from '../../modules/reports/balance-sheet.ts'
import { getProfitLoss } from '../../modules/reports/profit-loss.queries.ts'
import type { ProfitLoss } from '../../modules/reports/profit-loss.ts'
import { getTrialBalance } from '../../modules/reports/trial-balance.queries.ts'
import type { TrialBalance, TrialBalanceRow } from '../../modules/reports/trial-balance.ts'
import { route } from '../http/route.ts'
import {
  businessQuery,
  dateText,
  day,
  enveloped,
  kobo,
  major,
  reportErrors,
  toDate,
  toKobo,
  toMajor,
} from './fields.ts'

const includeZero = Type.Optional(
  Type.Boolean({ description: 'Shows active accounts at zero too; default false' }),
)

const asOfQuery = Type.Object({
  ...businessQuery,
  asOfDate: Type.Optional(dateText),
  includeZero,
})

const Line = Type.Object({
  accountId: Type.String(),
  code: Type.String(),
  name: Type.String(),
  amountKobo: kobo,
  amount: major,
})

const Group = Type.Object({ total: major, totalKobo: kobo, accounts: Type.Array(Line) })

const ProfitLossOut = Type.Object({
  period: Type.Object({ startDate: day, endDate: day }),
  revenue: Group,
  costOfSales: Group,
  grossProfit: major,
  grossProfitKobo: kobo,
  otherIncome: Type.Optional(Group),
  operatingExpenses: Group,
  profitBeforeTax: Type.Optional(major),
  profitBeforeTaxKobo: Type.Optional(kobo),
  netIncome: major,
  netIncomeKobo: kobo,
})

const BalanceSheetOut = Type.Object({
  asOfDate: day,
  assets: Type.Object({ totalKobo: kobo, total: major, current: Group, nonCurrent: Group }),
  liabilities: Type.Object({ totalKobo: kobo, total: major, current: Group, longTerm: Group }),
  equity: Type.Object({
    totalKobo: kobo,
    total: major,
    accounts: Type.Array(Line),
    retainedEarningsKobo: kobo,
    retainedEarnings: major,
    currentYearEarningsKobo: kobo,
    currentYearEarnings: major,
  }),
  totalLiabilitiesAndEquityKobo: kobo,
  totalLiabilitiesAndEquity: major,
  isBalanced: Type.Boolean(),
})

const TrialBalanceLine = Type.Object({
  accountId: Type.String(),
  code: Type.String(),
  name: Type.String(),
  category: Type.String(),
  debitKobo: kobo,
  debit: major,
  creditKobo: kobo,
  credit: major,
  openingKobo: Type.Optional(kobo),
  opening: Type.Optional(major),
  movementDebitKobo: Type.Optional(kobo),
  movementDebit: Type.Optional(major),
  movementCreditKobo: Type.Optional(kobo),
  movementCredit: Type.Optional(major),
  closingKobo: Type.Optional(kobo),
  closing: Type.Optional(major),
})

const TrialBalanceOut = Type.Object({
  asOfDate: day,
  accounts: Type.Array(TrialBalanceLine),
  totalDebitKobo: kobo,
  totalDebit: major,
  totalCreditKobo: kobo,
  totalCredit: major,
  isBalanced: Type.Boolean(),
})

const shared = { method: 'GET', tag: 'Reports', scope: null, tenant: 'business', cost: 1 } as const

const profitLoss = route({
  ...shared,
  path: '/v1/reports/profit-loss',
  operation: 'profit-loss',
  summary: 'Profit and loss of a range',
  query: Type.Object({
    ...businessQuery,
    startDate: dateText,
    endDate: dateText,
    includeZero,
  }),
  answers: { 200: enveloped(ProfitLossOut) },
  errors: [...reportErrors, 'request.query_missing', 'reports.range_invalid'],
  examples: [
    {
      summary: 'The first four months',
      query: { startDate: '2026-01-01', endDate: '2026-04-30' },
      status: 200,
    },
    {
      summary: 'A range that ends before it starts',
      query: { startDate: '2026-04-30', endDate: '2026-01-01' },
      status: 400,
    },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { startDate, endDate, includeZero: all = false } = call.query
    const start = toDate(startDate, 'startDate')
    const end = toDate(endDate, 'endDate')
    const report = await call.read((db) =>
      getProfitLoss(db, { businessId, start, end, includeZero: all }),
    )
    return { status: 200, body: toProfitLossWire(report, baseCurrency) }
  },
})

const balanceSheet = route({
  ...shared,
  path: '/v1/reports/balance-sheet',
  operation: 'balance-sheet',
  summary: 'Balance sheet on a date',
  query: asOfQuery,
  answers: { 200: enveloped(BalanceSheetOut) },
  errors: reportErrors,
  examples: [{ summary: 'At the end of April', query: { asOfDate: '2026-04-30' }, status: 200 }],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { organizationId } = call.caller
    const { asOfDate, includeZero: all = false } = call.query
    const asOf = asOfDate === undefined ? call.today : toDate(asOfDate, 'asOfDate')
    const report = await call.read((db) =>
      getBalanceSheet(db, { organizationId, businessId, asOf, includeZero: all }),
    )
    return { status: 200, body: toBalanceSheetWire(report, baseCurrency) }
  },
})

const trialBalance = route({
  ...shared,
  path: '/v1/reports/trial-balance',
  operation: 'trial-balance',
  summary: 'Trial balance on a date',
  description:
    'Profit-and-loss accounts hold the fiscal year of the date; earlier years stand in retained earnings. A start adds opening and movement.',
  query: Type.Object({
    ...businessQuery,
    asOfDate: Type.Optional(dateText),
    startDate: Type.Optional(dateText),
    includeZero,
  }),
  answers: { 200: enveloped(TrialBalanceOut) },
  errors: [...reportErrors, 'reports.range_invalid'],
  examples: [
    { summary: 'Today', status: 200 },
    {
      summary: 'With the movements of April',
      query: { startDate: '2026-04-01', asOfDate: '2026-04-30' },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { organizationId } = call.caller
    const { asOfDate, startDate, includeZero: all = false } = call.query
    const asOf = asOfDate === undefined ? call.today : toDate(asOfDate, 'asOfDate')
    const start = startDate === undefined ? undefined : toDate(startDate, 'startDate')
    const report = await call.read((db) =>
      getTrialBalance(db, { organizationId, businessId, asOf, start, includeZero: all }),
    )
    return { status: 200, body: toTrialBalanceWire(report, baseCurrency) }
  },
})

export const reportRoutes = [profitLoss, balanceSheet, trialBalance]

const toLines = (lines: readonly ReportLine[], currency: string) =>
  lines.map(({ account: { code, name }, amount }) => ({
    accountId: code,
    code,
    name,
    amountKobo: toKobo(amount),
    amount: toMajor(amount, currency),
  }))

function toProfitLossWire(report: ProfitLoss, currency: string): Static<typeof ProfitLossOut> {
  const group = ({ total, lines }: Section) => ({
    total: toMajor(total, currency),
    totalKobo: toKobo(total),
    accounts: toLines(lines, currency),
  })
  const { start, end, grossProfit, otherIncome, incomeTax, profitBeforeTax, netIncome } = report
  return {
    period: { startDate: start, endDate: end },
    revenue: group(report.revenue),
    costOfSales: group(report.costOfSales),
    grossProfit: toMajor(grossProfit, currency),
    grossProfitKobo: toKobo(grossProfit),
    ...(otherIncome.lines.length > 0 && { otherIncome: group(otherIncome) }),
    operatingExpenses: group(report.operatingExpenses),
    ...(incomeTax !== 0n && {
      profitBeforeTax: toMajor(profitBeforeTax, currency),
      profitBeforeTaxKobo: toKobo(profitBeforeTax),
    }),
    netIncome: toMajor(netIncome, currency),
    netIncomeKobo: toKobo(netIncome),
  }
}

function toBalanceSheetWire(
  report: BalanceSheet,
  currency: string,
): Static<typeof BalanceSheetOut> {
  const both = (total: bigint) => ({ totalKobo: toKobo(total), total: toMajor(total, currency) })
  const group = ({ total, lines }: Section) => ({
    ...both(total),
    accounts: toLines(lines, currency),
  })
  const { retainedEarnings, currentYearEarnings, totalLiabilities, totalEquity } = report
  return {
    asOfDate: report.asOf,
    assets: {
      ...both(report.totalAssets),
      current: group(report.currentAssets),
      nonCurrent: group(report.nonCurrentAssets),
    },
    liabilities: {
      ...both(totalLiabilities),
      current: group(report.currentLiabilities),
      longTerm: group(report.longTermLiabilities),
    },
    equity: {
      ...both(totalEquity),
      accounts: toLines(report.equity.lines, currency),
      retainedEarningsKobo: toKobo(retainedEarnings),
      retainedEarnings: toMajor(retainedEarnings, currency),
      currentYearEarningsKobo: toKobo(currentYearEarnings),
      currentYearEarnings: toMajor(currentYearEarnings, currency),
    },
    totalLiabilitiesAndEquityKobo: toKobo(totalLiabilities + totalEquity),
    totalLiabilitiesAndEquity: toMajor(totalLiabilities + totalEquity, currency),
    isBalanced: report.isBalanced,
  }
}

const toTrialBalanceWire = (
  { asOf, rows, totalDebit, totalCredit, isBalanced }: TrialBalance,
  currency: string,
): Static<typeof TrialBalanceOut> => ({
  asOfDate: asOf,
  accounts: rows.map((row) => toTrialBalanceLine(row, currency)),
  totalDebitKobo: toKobo(totalDebit),
  totalDebit: toMajor(totalDebit, currency),
  totalCreditKobo: toKobo(totalCredit),
  totalCredit: toMajor(totalCredit, currency),
  isBalanced,
})

const toTrialBalanceLine = (
  { account, debit, credit, movement }: TrialBalanceRow,
  currency: string,
): Static<typeof TrialBalanceLine> => ({
  accountId: account.code,
  code: account.code,
  name: account.name,
  category: account.category,
  debitKobo: toKobo(debit),
  debit: toMajor(debit, currency),
  creditKobo: toKobo(credit),
  credit: toMajor(credit, currency),
  ...(movement !== undefined && {
    openingKobo: toKobo(movement.opening),
    opening: toMajor(movement.opening, currency),
    movementDebitKobo: toKobo(movement.debit),
    movementDebit: toMajor(movement.debit, currency),
    movementCreditKobo: toKobo(movement.credit),
    movementCredit: toMajor(movement.credit, currency),
    closingKobo: toKobo(movement.closing),
    closing: toMajor(movement.closing, currency),
  }),
})
