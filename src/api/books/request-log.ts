import { Type } from 'typebox'
import { type Instant, isDate, parseInstant } from '../../kernel/dates.ts'
import { toPrefixed } from '../../kernel/ids.ts'
import { countRequests, listRequests } from '../../modules/access/request-log.queries.ts'
import { type LoggedRequest, parseRequestId } from '../../modules/access/request-log.ts'
import { route } from '../http/route.ts'
import { toBooksRequestId } from './errors.ts'
import {
  dateText,
  enveloped,
  idText,
  instant,
  nullable,
  organizationErrors,
  toId,
} from './fields.ts'
import { listQuery, Pagination, toPagination, toWindow } from './lists.ts'

const surfaces = ['invoicing', 'books', 'connect'] as const

const RequestOut = Type.Object({
  requestId: Type.String({ description: 'As X-Request-Id has it' }),
  shortId: Type.String({ description: 'As meta.requestId has it' }),
  clientRequestId: nullable(Type.String({ description: 'X-Request-Id of the request' })),
  at: instant,
  surface: Type.Enum([...surfaces]),
  operation: nullable(Type.String()),
  method: Type.String(),
  path: Type.String({ description: 'With its query; secrets are removed' }),
  status: Type.Integer(),
  errorCode: nullable(Type.String()),
  durationMs: Type.Number(),
  databaseMs: Type.Number(),
  waitMs: Type.Number(),
  bytesIn: Type.Integer(),
  bytesOut: Type.Integer(),
  address: Type.String(),
  userAgent: nullable(Type.String()),
  keyId: nullable(Type.String()),
  businessId: nullable(Type.String()),
  idempotency: Type.Enum(['none', 'first', 'replayed']),
  charge: Type.Enum(['none', 'settled', 'released']),
})

const list = 'request-log'

const listRoute = route({
  method: 'GET',
  path: '/v1/request-log',
  operation: 'list-request-log',
  tag: 'Request log',
  summary: 'List requests as they were answered',
  description:
    'Of all APIs and of every key of this environment, the latest first; free. A request is here within a second of its answer. The total is counted up to 10,000; what lies deeper is found by its time.',
  scope: null,
  tenant: 'organization',
  cost: 1,
  isFree: true,
  query: Type.Object({
    requestId: Type.Optional(
      Type.String({ maxLength: 64, description: 'A UUID, or req_ and 16 characters' }),
    ),
    keyId: Type.Optional(idText('key')),
    surface: Type.Optional(Type.Enum([...surfaces])),
    status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
    code: Type.Optional(Type.String({ maxLength: 60, description: 'A code of the catalogue' })),
    path: Type.Optional(Type.String({ maxLength: 200, description: 'Start of the path' })),
    from: Type.Optional({ ...dateText, description: 'A timestamp, or the start of a day in UTC' }),
    to: Type.Optional({ ...dateText, description: 'The first moment that is not listed' }),
    ...listQuery,
  }),
  answers: {
    200: enveloped(
      Type.Object({
        requests: Type.Array(RequestOut),
        count: Type.Integer(),
        pagination: Pagination,
      }),
    ),
  },
  errors: [
    ...organizationErrors,
    'request.page_invalid',
    'request.cursor_invalid',
    'validation.date_invalid',
  ],
  examples: [
    { summary: 'The latest', query: { limit: '10' }, status: 200 },
    { summary: 'Refusals of one kind', query: { code: 'limit.rate_exceeded' }, status: 200 },
    { summary: 'A status that is none', query: { status: '42' }, status: 400 },
  ],
  handle: async (call) => {
    const { requestId, keyId, surface, status, code, path, from, to } = call.query
    const { organizationId, environment, businessIds } = call.caller
    const window = toWindow(list, call.query)
    const ids = requestId === undefined ? undefined : (parseRequestId(requestId) ?? noIds)
    const filter = {
      ...{ organizationId, environment, businessIds, ids, surface, status, code, path },
      keyId: keyId === undefined ? undefined : toId('key', 'key', keyId),
      ...{ from: toMoment(from, 'from'), to: toMoment(to, 'to') },
      ...window,
    }
    const [total, rows] = await call.read(async (db) => [
      await countRequests(db, filter),
      await listRequests(db, filter),
    ])
    const pagination = toPagination(list, window, total)
    return {
      status: 200,
      body: { requests: rows.map(toWire), count: rows.length, pagination },
    }
  },
})

/** Source: platform specification 10. */
export const requestLogRoutes = [listRoute]

/** A text that is no request id finds nothing. */
const nobody = '00000000-0000-0000-0000-000000000000'
const noIds = { first: nobody, last: nobody }

/** Refuses: validation.date_invalid. */
const toMoment = (given: string | undefined, name: string): Instant | undefined =>
  given === undefined ? undefined : parseInstant(isDate(given) ? `${given}T00:00:00Z` : given, name)

const toWire = ({ requestId, keyId, businessId, ...row }: LoggedRequest) => ({
  requestId,
  shortId: toBooksRequestId(requestId),
  clientRequestId: row.clientRequestId,
  at: row.at,
  surface: row.surface,
  operation: row.operation,
  method: row.method,
  path: row.path,
  status: row.status,
  errorCode: row.errorCode,
  durationMs: row.durationUs / 1_000,
  databaseMs: row.dbUs / 1_000,
  waitMs: row.waitUs / 1_000,
  bytesIn: row.bytesIn,
  bytesOut: row.bytesOut,
  address: row.address,
  userAgent: row.userAgent,
  keyId: keyId === null ? null : toPrefixed('key', keyId),
  businessId: businessId === null ? null : toPrefixed('biz', businessId),
  idempotency: row.idempotency,
  charge: row.chargeState,
})
