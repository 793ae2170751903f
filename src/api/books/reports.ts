import { type Static, Type } from 'typebox'
import { fiscalYearOf, type Period } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { getBusiness } from '../../modules/access/business.queries.ts'
import type { ReportLine, Section } from '../../modules/reports/account-sum.ts'
import { getBalanceSheet } from '../../modules/reports/balance-sheet.queries.ts'
import type { BalanceSheet } from '../../modules/reports/balance-sheet.ts'
import { getProfitLoss } from '../../modules/reports/profit-loss.queries.ts'
import type { ProfitLoss } from '../../modules/reports/profit-loss.ts'
import { getTrialBalance } from '../../modules/reports/trial-balance.queries.ts'
import type { TrialBalance, TrialBalanceRow } from '../../modules/reports/trial-balance.ts'
import { route } from '../http/route.ts'
import { day, enveloped, kobo, major, reportErrors, toDate, toKobo, toMajor } from './fields.ts'
import {
  pointQuery,
  rangeQuery,
  showColumns,
  toColumns,
  toDateBefore,
  toRangeBefore,
  toView,
  withColumns,
} from './report-columns.ts'
import { csvType, toReportReply } from './report-csv.ts'

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

const shared = {
  method: 'GET',
  tag: 'Reports',
  scope: null,
  tenant: 'business',
  cost: 1,
  isReport: true,
  otherTypes: [csvType],
} as const

const profitLoss = route({
  ...shared,
  path: '/v1/reports/profit-loss',
  operation: 'profit-loss',
  summary: 'Profit and loss of a range',
  query: rangeQuery,
  answers: { 200: enveloped(withColumns(ProfitLossOut)) },
  errors: [...reportErrors, 'request.query_missing', 'reports.range_invalid'],
  examples: [
    {
      summary: 'The first four months',
      query: { startDate: '2026-01-01', endDate: '2026-04-30' },
      status: 200,
    },
    {
      summary: 'Month by month, beside the year before',
      query: {
        startDate: '2026-01-01',
        endDate: '2026-04-30',
        periods: 'month',
        compareTo: 'previous_year',
      },
      status: 200,
    },
    {
      summary: 'As a table of amounts',
      query: { startDate: '2026-01-01', endDate: '2026-04-30', format: 'csv' },
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
    const { organizationId } = call.caller
    const { includeZero = false } = call.query
    const view = toView(call.query)
    const own = {
      start: toDate(call.query.startDate, 'startDate'),
      end: toDate(call.query.endDate, 'endDate'),
    }
    const before = toRangeBefore(call.query, own)
    const body = await call.read(async (db) => {
      const { fiscalYearStart } = await getBusiness(db, organizationId, businessId)
      const make = async (span: Period, isCompared: boolean) => {
        const report = await getProfitLoss(db, { businessId, ...span, includeZero, view })
        return toProfitLossWire(report, baseCurrency, isCompared)
      }
      const columns = toColumns(call.query, own, fiscalYearStart)
      return showColumns(make, { own, before, columns, currency: baseCurrency })
    })
    return toReportReply(body, call.query, { name: 'profit-loss', currency: baseCurrency })
  },
})

const balanceSheet = route({
  ...shared,
  path: '/v1/reports/balance-sheet',
  operation: 'balance-sheet',
  summary: 'Balance sheet on a date',
  description:
    'With a tag it shows the tagged lines alone, which need not balance. Columns end with each period from the start, which is that of the fiscal year unless given.',
  query: pointQuery,
  answers: { 200: enveloped(withColumns(BalanceSheetOut)) },
  errors: [...reportErrors, 'reports.range_invalid'],
  examples: [
    { summary: 'At the end of April', query: { asOfDate: '2026-04-30' }, status: 200 },
    {
      summary: 'As it was known when May began, beside the end of March',
      query: {
        asOfDate: '2026-04-30',
        asKnownAt: '2026-05-01T00:00:00Z',
        compareTo: 'previous_period',
      },
      status: 200,
    },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { organizationId } = call.caller
    const { includeZero = false } = call.query
    const view = toView(call.query)
    const { asOf, start, before } = toPoint(call.query, call.today)
    const body = await call.read(async (db) => {
      const { fiscalYearStart } = await getBusiness(db, organizationId, businessId)
      const make = async ({ end }: Pick<Period, 'end'>) => {
        const asked = { organizationId, businessId, asOf: end, includeZero, view }
        return toBalanceSheetWire(await getBalanceSheet(db, asked), baseCurrency)
      }
      const range = { start: start ?? fiscalYearOf(asOf, fiscalYearStart).start, end: asOf }
      const columns = toColumns(call.query, range, fiscalYearStart)
      return showColumns(make, { own: { end: asOf }, before, columns, currency: baseCurrency })
    })
    return toReportReply(body, call.query, { name: 'balance-sheet', currency: baseCurrency })
  },
})

const trialBalance = route({
  ...shared,
  path: '/v1/reports/trial-balance',
  operation: 'trial-balance',
  summary: 'Trial balance on a date',
  description:
    'Profit-and-loss accounts hold the fiscal year of the date; earlier years stand in retained earnings. A start adds opening and movement.',
  query: pointQuery,
  answers: { 200: enveloped(withColumns(TrialBalanceOut)) },
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
    const { includeZero = false } = call.query
    const view = toView(call.query)
    const { asOf, start, before } = toPoint(call.query, call.today)
    const body = await call.read(async (db) => {
      const { fiscalYearStart } = await getBusiness(db, organizationId, businessId)
      const make = async (span: Readonly<{ start?: Period['start']; end: Period['end'] }>) => {
        const asked = { organizationId, businessId, asOf: span.end, start: span.start }
        const report = await getTrialBalance(db, { ...asked, includeZero, view })
        return toTrialBalanceWire(report, baseCurrency)
      }
      const range = { start: start ?? fiscalYearOf(asOf, fiscalYearStart).start, end: asOf }
      const found = toColumns(call.query, range, fiscalYearStart)
      const columns = start === undefined ? found.map(({ end }) => ({ end })) : found
      const own = start === undefined ? { end: asOf } : { start, end: asOf }
      return showColumns(make, { own, before, columns, currency: baseCurrency })
    })
    return toReportReply(body, call.query, { name: 'trial-balance', currency: baseCurrency })
  },
})

/** The date of a report, its start if given, and the date it is compared with. */
function toPoint(query: Static<typeof pointQuery>, today: Period['end']) {
  const { asOfDate, startDate } = query
  const asOf = asOfDate === undefined ? today : toDate(asOfDate, 'asOfDate')
  const start = startDate === undefined ? undefined : toDate(startDate, 'startDate')
  if (start !== undefined && start > asOf) throw new Refusal('reports.range_invalid')
  const date = toDateBefore(query, asOf)
  return { asOf, start, before: date && { end: date } }
}

export const reportRoutes = [profitLoss, balanceSheet, trialBalance]

const toLines = (lines: readonly ReportLine[], currency: string) =>
  lines.map(({ account: { code, name }, amount }) => ({
    accountId: code,
    code,
    name,
    amountKobo: toKobo(amount),
    amount: toMajor(amount, currency),
  }))

/** What is left out where it is zero stands in both of two reports that are compared. */
function toProfitLossWire(
  report: ProfitLoss,
  currency: string,
  isCompared: boolean,
): Static<typeof ProfitLossOut> {
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
    ...((isCompared || otherIncome.lines.length > 0) && { otherIncome: group(otherIncome) }),
    operatingExpenses: group(report.operatingExpenses),
    ...((isCompared || incomeTax !== 0n) && {
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
