import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type Id, isUuid } from '../../kernel/ids.ts'
import { type Column, filterSql, newValues, orderSql, pageSql } from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'
import type { PushOperation } from './push.ts'

/** Timed out by the clock of the reader, whether or not it was written down yet. */
const isLate = `(p.status = 'Pending' and p.timeout_at <= $3::timestamptz)`

const columnsSql = `p.push_key as key, p.company_id as "companyId",
  p.connection_id as "connectionId", p.data_type as "dataType",
  case when ${isLate} then 'TimedOut' else p.status end as status,
  case when ${isLate} then 408 else p.status_code end as "statusCode",
  p.requested_at as "requestedAt",
  case when ${isLate} then p.timeout_at else p.completed_at end as "completedAt",
  p.timeout_minutes as "timeoutMinutes", p.timeout_at as "timeoutAt",
  p.error_message as "errorMessage", p.error_number as "errorNumber",
  p.can_be_retried as "canBeRetried", p.validation, p.changes, p.body`

const columns = new Map<string, Column>([
  ['companyId', { uuid: 'p.company_id' }],
  ['pushOperationKey', { uuid: 'p.push_key' }],
  ['dataConnectionKey', { uuid: 'p.connection_id' }],
  ['dataType', 'p.data_type'],
  ['status', `(case when ${isLate} then 'TimedOut' else p.status end)`],
  ['statusCode', `(case when ${isLate} then 408 else p.status_code end)::numeric`],
  ['requestedOnUtc', 'p.requested_at'],
  ['completedOnUtc', `(case when ${isLate} then p.timeout_at else p.completed_at end)`],
  ['timeoutInMinutes', 'p.timeout_minutes::numeric'],
  ['errorMessage', 'p.error_message'],
])

type CompanyKey = Readonly<{
  organizationId: Id<'organization'>
  companyId: Id<'company'>
  now: Instant
}>

/** A page of a company's pushes, newest request first unless ordered otherwise. */
export async function listPushes(
  db: Db,
  { organizationId, companyId, now, ...query }: CompanyKey & ListQuery,
): Promise<Listed<PushOperation>> {
  const values = newValues(organizationId, companyId, now)
  const where = filterSql(query.filter, columns, values)
  const order = orderSql(query.order, columns, {
    byDefault: 'p.requested_at desc, p.seq desc',
    id: 'p.push_key',
  })
  const rows = await db.query<PushOperation & { total: number }>({
    text: `
      with passed as (
        select ${columnsSql}, row_number() over (order by ${order}) as place
        from push_operation as p
        where p.organization_id = $1 and p.company_id = $2 and ${where}
      )
      select t.total, q.* from (select count(*)::int as total from passed) as t
      left join (select * from passed order by place ${pageSql(query, values)}) as q on true
      order by q.place`,
    values: values.list,
  })
  return { rows: rows.filter(({ key }) => key !== null), total: rows[0]?.total ?? 0 }
}

/**
 * One push of a company.
 * Refuses: resource.not_found, for malformed and foreign keys too.
 */
export async function getPush(
  db: Db,
  { organizationId, companyId, now }: CompanyKey,
  key: string,
): Promise<PushOperation> {
  const [row] = isUuid(key)
    ? await db.query<PushOperation>({
        name: 'get_push',
        text: `select ${columnsSql} from push_operation as p
          where p.organization_id = $1 and p.company_id = $2 and p.push_key = $4`,
        values: [organizationId, companyId, now, key],
      })
    : []
  if (row === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Push operation', id: key })
  }
  return row
}

/** The pushes of a connection that nothing has ended yet, oldest first, at most 1,000. */
export function listPendingPushes(
  db: Db,
  organizationId: Id<'organization'>,
  connectionId: Id<'connection'>,
  now: Instant,
): Promise<readonly PushOperation[]> {
  return db.query<PushOperation>({
    name: 'list_pending_pushes',
    text: `select ${columnsSql} from push_operation as p
      where p.organization_id = $1 and p.connection_id = $2 and p.status = 'Pending'
      order by p.requested_at, p.seq limit 1000`,
    values: [organizationId, connectionId, now],
  })
}
