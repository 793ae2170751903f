import { type Static, Type } from 'typebox'
import { isMonthEnd } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { countUnmatchedLines } from '../../modules/banking/statement-line.queries.ts'
import { closePeriods, type MoreCheck, setSoftLock } from '../../modules/ledger/period.actions.ts'
import { listShownLocks, type ShownLock } from '../../modules/ledger/period.queries.ts'
import { toCheck } from '../../modules/ledger/period.ts'
import { type Reply, route } from '../http/route.ts'
import {
  businessQuery,
  changeErrors,
  dateText,
  day,
  description,
  enveloped,
  instant,
  listErrors,
  nullable,
  toDate,
  writeErrors,
} from './fields.ts'
import { listQuery, Pagination, sortQuery, toPage } from './lists.ts'

const scopes = ['all', 'sales', 'purchases', 'bank', 'payroll', 'journals'] as const

const LockOut = Type.Object({
  scope: Type.Enum([...scopes]),
  lockDate: nullable(day),
  hard: Type.Boolean(),
  reason: Type.String(),
  setBy: Type.String(),
  updatedAt: instant,
})

const LockList = Type.Object({
  locks: Type.Array(LockOut),
  count: Type.Integer(),
  pagination: Pagination,
})

const CheckOut = Type.Object({
  check: Type.String(),
  result: Type.Enum(['ok', 'warn', 'block']),
  count: Type.Integer(),
})

const ClosedOut = Type.Object({
  throughDate: day,
  hard: Type.Boolean(),
  checklist: Type.Array(CheckOut),
  sealedAt: instant,
})

const LockIn = Type.Object({ lockDate: dateText, reason: description })
const Reason = Type.Object({ reason: description })
const CloseIn = Type.Object({
  throughDate: dateText,
  reason: description,
  acknowledgeDrafts: Type.Optional(Type.Boolean({ description: 'Default false' })),
})

const sorts = ['scope', 'lockDate', 'updatedAt'] as const
const listing = {
  list: 'period-locks',
  sort: 'scope',
  members: {
    // What is closed for good comes before what is locked.
    scope: ({ kind, scope }: ShownLock) => `${kind} ${scope}`,
    lockDate: ({ through }: ShownLock) => through,
    updatedAt: ({ updatedAt }: ShownLock) => updatedAt,
  },
  idOf: ({ kind, scope }: ShownLock) => `${kind} ${scope}`,
  changedAt: ({ updatedAt }: ShownLock) => updatedAt,
} as const

const business = Type.Object(businessQuery)
const scopeParams = Type.Object({ scope: Type.Enum([...scopes]) })
const shared = { tag: 'Period locks', scope: null, tenant: 'business', cost: 1 } as const

const listRoute = route({
  ...shared,
  method: 'GET',
  path: '/v1/period-locks',
  operation: 'list-period-locks',
  summary: 'List the locks in force',
  query: Type.Object({ ...businessQuery, ...sortQuery(sorts), ...listQuery }),
  answers: { 200: enveloped(LockList) },
  errors: listErrors,
  examples: [{ summary: 'All of them', status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const locks = await call.read((db) => listShownLocks(db, businessId))
    const { page, rest } = toPage(locks, call.query, listing)
    return done({ locks: page.map(toWire), ...rest })
  },
})

const setRoute = route({
  ...shared,
  method: 'PUT',
  path: '/v1/period-locks/{scope}',
  operation: 'set-period-lock',
  summary: 'Lock the days of a scope through a date',
  params: scopeParams,
  query: business,
  body: LockIn,
  answers: { 200: enveloped(LockOut) },
  errors: [...writeErrors, 'ledger.period_closed'],
  examples: [
    {
      summary: 'Sales to the end of March',
      params: { scope: 'sales' },
      body: { lockDate: '2026-03-31', reason: 'Handed to the auditor' },
      status: 200,
    },
  ],
  handle: (call) => {
    const { lockDate, reason } = call.body
    const { scope } = call.params
    const through = toDate(lockDate, 'lockDate')
    const shown = { scope, lockDate: through, hard: false, reason }
    return call.write(setSoftLock, { scope, through, reason }, ({ setBy, updatedAt }) =>
      done({ ...shown, setBy, updatedAt }),
    )
  },
})

const liftRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/v1/period-locks/{scope}',
  operation: 'lift-period-lock',
  summary: 'Lift the lock of a scope',
  params: scopeParams,
  query: business,
  body: Reason,
  answers: { 200: enveloped(Type.Object({ id: Type.String(), deleted: Type.Boolean() })) },
  errors: [...writeErrors, 'ledger.period_closed', 'resource.not_found'],
  examples: [
    {
      summary: 'Sales',
      params: { scope: 'sales' },
      body: { reason: 'One invoice was left out' },
      status: 200,
    },
    {
      summary: 'The same once more',
      params: { scope: 'sales' },
      body: { reason: 'One invoice was left out' },
      status: 404,
    },
  ],
  handle: (call) => {
    const { scope } = call.params
    const input = { scope, through: null, reason: call.body.reason }
    return call.write(setSoftLock, input, () => done({ id: scope, deleted: true }))
  },
})

const closeRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/period-locks/close',
  operation: 'close-periods',
  summary: 'Close every open month through a date, for good',
  query: business,
  body: CloseIn,
  answers: { 200: enveloped(ClosedOut) },
  errors: [
    ...writeErrors,
    'ledger.year_already_closed',
    'ledger.year_not_closable',
    'ledger.drafts_in_period',
  ],
  examples: [
    {
      summary: 'Everything to the end of January',
      body: { throughDate: '2026-01-31', reason: 'Audited' },
      status: 200,
    },
    {
      summary: 'A day that ends no month',
      body: { throughDate: '2026-01-15', reason: 'Filed' },
      status: 400,
    },
  ],
  handle: (call) => {
    const { throughDate: given, reason, acknowledgeDrafts = false } = call.body
    const throughDate = toDate(given, 'throughDate')
    if (!isMonthEnd(throughDate)) throw notMonthEnd()
    const input = { throughDate, reason, acknowledgeDrafts, moreChecks: [bankLines] }
    return call.write(closePeriods, input, ({ checklist, sealedAt }) =>
      done({ throughDate, hard: true, checklist, sealedAt }),
    )
  },
})

const reopenRoute = route({
  ...shared,
  method: 'POST',
  path: '/v1/period-locks/reopen',
  operation: 'reopen-period',
  summary: 'Reopen a period: for people in the console',
  query: business,
  answers: { 200: enveloped(ClosedOut) },
  errors: [...changeErrors, 'access.human_required'],
  examples: [{ summary: 'With a key', status: 403 }],
  handle: () => Promise.reject(new Refusal('access.human_required', { action: reopening })),
})

export const periodLockRoutes = [listRoute, setRoute, liftRoute, closeRoute, reopenRoute]

const reopening = 'Reopening a period'

const bankLines: MoreCheck = async (db, businessId, through) =>
  toCheck('bank_lines', await countUnmatchedLines(db, businessId, through), 'warn')

const notMonthEnd = (): Refusal => {
  const message = 'must be the last day of a month'
  const issue = { pointer: '/throughDate', path: 'throughDate', rule: 'range', message } as const
  return new Refusal('validation.failed', { issues: [issue] })
}

const done = (body: unknown): Reply => ({ status: 200, body })

const toWire = (lock: ShownLock): Static<typeof LockOut> => ({
  scope: lock.scope,
  lockDate: lock.through,
  hard: lock.kind === 'hard',
  reason: lock.reason,
  setBy: lock.setBy,
  updatedAt: lock.updatedAt,
})
