import { Type } from 'typebox'
import { addDaysWithin, dateIn } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { creditAsset } from '../../modules/plans/credit.ts'
import {
  countMeterMovements,
  findUsage,
  listMeterMovements,
  listUsageDays,
  type Usage,
} from '../../modules/plans/usage.queries.ts'
import { route } from '../http/route.ts'
import {
  dateText,
  day,
  enveloped,
  instant,
  kobo,
  major,
  nullable,
  organizationErrors,
  toDate,
  toKobo,
  toMajor,
} from './fields.ts'
import { listQuery, Pagination, toPagination, toWindow } from './lists.ts'

/** Days of the history when none are named. */
const historyDays = 30

const shared = {
  method: 'GET',
  tag: 'Usage',
  scope: null,
  tenant: 'organization',
  cost: 1,
  isFree: true,
} as const

const UsageOut = Type.Object({
  mode: Type.Enum(['trial', 'credits']),
  trialCallsUsed: Type.Integer(),
  trialCallsRemaining: Type.Integer(),
  creditsBalanceKobo: kobo,
  creditsBalance: major,
  totalCallsThisMonth: Type.Integer({ description: 'The month is one of UTC' }),
  totalCallsAllTime: Type.Integer(),
  lastCallAt: nullable(instant),
  metered: Type.Boolean(),
  pricePerCallKobo: kobo,
  pricePerCall: major,
})

const showRoute = route({
  ...shared,
  path: '/v1/usage',
  operation: 'show-usage',
  summary: 'Show calls and credits',
  description: 'Of live keys, whichever key asks; free.',
  answers: { 200: enveloped(UsageOut) },
  errors: organizationErrors,
  examples: [{ summary: 'As of now', status: 200 }],
  handle: async (call) => {
    const { organizationId } = call.caller
    const today = dateIn(call.now, 'UTC')
    return {
      status: 200,
      body: toWire(await call.read((db) => findUsage(db, organizationId, today))),
    }
  },
})

function toWire(usage: Usage) {
  const { trialUsed, trialLeft, credits, price, callsThisMonth, callsEver } = usage
  return {
    mode: trialLeft > 0n ? 'trial' : 'credits',
    trialCallsUsed: Number(trialUsed),
    trialCallsRemaining: Number(trialLeft),
    creditsBalanceKobo: toKobo(credits),
    creditsBalance: toMajor(credits, creditAsset),
    totalCallsThisMonth: Number(callsThisMonth),
    totalCallsAllTime: Number(callsEver),
    lastCallAt: usage.lastCallAt,
    metered: usage.isMetered,
    pricePerCallKobo: toKobo(price),
    pricePerCall: toMajor(price, creditAsset),
  }
}

const Day = Type.Object({
  date: day,
  calls: Type.Integer(),
  charged: Type.Integer(),
  succeeded: Type.Integer(),
  refused: Type.Integer(),
  failed: Type.Integer(),
})

const historyRoute = route({
  ...shared,
  path: '/v1/usage/history',
  operation: 'list-usage-history',
  summary: 'List calls by day',
  description: `Days in UTC that had calls, the latest first; the last ${historyDays} when none are named.`,
  query: Type.Object({
    startDate: Type.Optional(dateText),
    endDate: Type.Optional(dateText),
  }),
  answers: { 200: enveloped(Type.Object({ days: Type.Array(Day), count: Type.Integer() })) },
  errors: [...organizationErrors, 'validation.date_invalid', 'reports.range_invalid'],
  examples: [{ summary: 'The last days', status: 200 }],
  handle: async (call) => {
    const { startDate, endDate } = call.query
    const end = endDate === undefined ? dateIn(call.now, 'UTC') : toDate(endDate, 'endDate')
    const start =
      startDate === undefined ? addDaysWithin(end, 1 - historyDays) : toDate(startDate, 'startDate')
    if (start > end) throw new Refusal('reports.range_invalid')
    const { organizationId } = call.caller
    const rows = await call.read((db) => listUsageDays(db, organizationId, { start, end }))
    const days = rows.map(({ day: date, calls, charged, succeeded, refused, failed }) => ({
      date,
      calls: Number(calls),
      charged: Number(charged),
      succeeded: Number(succeeded),
      refused: Number(refused),
      failed: Number(failed),
    }))
    return { status: 200, body: { days, count: days.length } }
  },
})

const Movement = Type.Object({
  id: Type.String(),
  kind: Type.Enum(['grant', 'hold', 'settle', 'release', 'expire', 'void']),
  at: instant,
  note: nullable(Type.String()),
  asset: Type.String({ description: 'CALL, or a currency whose minor units are moved' }),
  from: Type.String(),
  to: Type.String(),
  amount: Type.Integer(),
})

const list = 'usage-ledger'

const ledgerRoute = route({
  ...shared,
  path: '/v1/usage/ledger',
  operation: 'list-usage-ledger',
  summary: 'List the movements of calls and credits',
  description: 'A ledger of its own, the latest first.',
  query: Type.Object(listQuery),
  answers: {
    200: enveloped(
      Type.Object({
        movements: Type.Array(Movement),
        count: Type.Integer(),
        pagination: Pagination,
      }),
    ),
  },
  errors: [...organizationErrors, 'request.page_invalid', 'request.cursor_invalid'],
  examples: [{ summary: 'The latest', status: 200 }],
  handle: async (call) => {
    const window = toWindow(list, call.query)
    const { organizationId } = call.caller
    const [total, rows] = await call.read(async (db) => [
      await countMeterMovements(db, organizationId),
      await listMeterMovements(db, organizationId, window),
    ])
    const movements = rows.map((movement) => ({ ...movement, amount: toKobo(movement.amount) }))
    const pagination = toPagination(list, window, total)
    return { status: 200, body: { movements, count: movements.length, pagination } }
  },
})

/** Source: Books specification 5. */
export const usageRoutes = [showRoute, historyRoute, ledgerRoute]
