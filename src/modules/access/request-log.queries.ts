import type { Db } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { KeptRequest, RequestIds } from './request-log.ts'

/** What to look for; what is undefined does not matter. */
type RequestFilter = Readonly<{
  /** Undefined: of all organizations, for the operator alone. */
  organizationId?: string | undefined
  /** Of keys of this environment. */
  environment?: 'live' | 'test' | undefined
  /** Of these businesses, and of none in particular; null: of all. */
  businessIds?: readonly string[] | null | undefined
  ids?: RequestIds | undefined
  keyId?: string | undefined
  surface?: string | undefined
  status?: number | undefined
  code?: string | undefined
  /** Start of the path. */
  path?: string | undefined
  from?: Instant | undefined
  /** The first instant that no longer counts. */
  to?: Instant | undefined
  limit: number
  offset: number
}>

type Row = Omit<KeptRequest, Times> & Readonly<Record<Times, bigint>>
type Times = 'durationUs' | 'dbUs' | 'waitUs' | 'bytesIn' | 'bytesOut'

const columns = `r.request_id as "requestId", r.at, r.organization_id as "organizationId",
  r.business_id as "businessId", r.key_id as "keyId", r.client_request_id as "clientRequestId",
  r.surface, r.operation, r.method, r.path, r.status, r.error_code as "errorCode",
  r.duration_us as "durationUs", r.db_us as "dbUs", r.wait_us as "waitUs",
  r.bytes_in as "bytesIn", r.bytes_out as "bytesOut", r.address, r.user_agent as "userAgent",
  r.idempotency, r.charge_state as "chargeState", r.sealed`

/** The latest first, ties by id; what a page needs of them. */
export async function listRequests(db: Db, filter: RequestFilter): Promise<KeptRequest[]> {
  const { where, values } = toCondition(filter)
  const rows = await db.query<Row>({
    text: `select ${columns} from request_log as r
      where ($1::uuid is null or r.organization_id = $1)${where}
      order by r.at desc, r.request_id desc
      limit $${values.length + 1} offset $${values.length + 2}`,
    values: [...values, filter.limit, filter.offset],
  })
  return rows.map((row) => ({
    ...row,
    durationUs: Number(row.durationUs),
    dbUs: Number(row.dbUs),
    waitUs: Number(row.waitUs),
    bytesIn: Number(row.bytesIn),
    bytesOut: Number(row.bytesOut),
  }))
}

const countMax = 10_000

/** How many there are, whatever the page; counted up to 10,000. */
export async function countRequests(db: Db, filter: RequestFilter): Promise<number> {
  const { where, values } = toCondition(filter)
  const [row] = await db.query<{ count: number }>({
    text: `select count(*)::int as count from (
        select from request_log as r
        where ($1::uuid is null or r.organization_id = $1)${where}
        limit ${countMax}
      ) as counted`,
    values,
  })
  return row?.count ?? 0
}

function toCondition(filter: RequestFilter) {
  const {
    organizationId,
    environment,
    businessIds,
    ids,
    keyId,
    surface,
    status,
    code,
    path,
    from,
    to,
  } = filter
  let where = ''
  // Without one, reads of the owner see every organization, and requests of nobody known.
  const values: unknown[] = [organizationId ?? null]
  const add = (term: string, value: unknown): void => {
    if (value === undefined) return
    values.push(value)
    where += ` and ${term.replace('?', `$${values.length}`)}`
  }
  add(
    `exists (select from api_key as k where k.organization_id = r.organization_id
      and k.key_id = r.key_id and k.environment = ?)`,
    environment,
  )
  add('(r.business_id is null or r.business_id = any (?))', businessIds ?? undefined)
  add('r.request_id >= ?', ids?.first)
  add('r.request_id <= ?', ids?.last)
  add('r.key_id = ?', keyId)
  add('r.surface = ?', surface)
  add('r.status = ?', status)
  add('r.error_code = ?', code)
  add('starts_with(r.path, ?)', path)
  add('r.at >= ?', from)
  add('r.at < ?', to)
  return { where, values }
}
