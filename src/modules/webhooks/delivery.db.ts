import { bytesArray, nullableArray, plainArray, textArray } from '../../db/arrays.ts'
import { safeOf, type Tx } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { DeliveryState } from './delivery.ts'
import { deliveryBounds, placeOfBody } from './delivery.ts'
import type { DisabledReason, EndpointStatus, WebhookSurface } from './endpoint.ts'

/** A delivery to be queued, or noted as dropped. */
export type NewDelivery = Readonly<{
  id: string
  organizationId: string
  endpointId: string
  tenantId: string
  sequence: bigint
  eventId: string
  eventType: string
  resourceId: string
  state: 'pending' | 'dropped_disabled' | 'failed'
  isReplayed: boolean
  body: Buffer
  at: Instant
}>

/** Queues deliveries of one organization in order; one that is there already stays as it is. */
export async function insertDeliveries(
  tx: Tx,
  deliveries: readonly NewDelivery[],
): Promise<number> {
  if (deliveries.length === 0) return 0
  const { seal } = await safeOf(tx)
  const rows = await tx.query({
    name: 'insert_deliveries',
    text: `insert into delivery (organization_id, delivery_id, endpoint_id, tenant_id, sequence,
        event_id, event_type, resource_id, state, is_replayed, sealed_body, due_at, created_at,
        finished_at)
      select t.organization_id, t.delivery_id, t.endpoint_id, t.tenant_id, t.sequence, t.event_id,
        t.event_type, t.resource_id, t.state, t.is_replayed, t.body,
        case when t.state = 'pending' then t.at end, t.at,
        case when t.state = 'pending' then null else t.at end
      from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[],
        $7::text[], $8::text[], $9::text[], $10::boolean[], $11::bytea[], $12::timestamptz[])
        as t (organization_id, delivery_id, endpoint_id, tenant_id, sequence, event_id, event_type,
          resource_id, state, is_replayed, body, at)
      on conflict (organization_id, endpoint_id, event_id) where not is_replayed do nothing
      returning 1`,
    values: [
      plainArray(deliveries.map((row) => row.organizationId)),
      plainArray(deliveries.map((row) => row.id)),
      plainArray(deliveries.map((row) => row.endpointId)),
      plainArray(deliveries.map((row) => row.tenantId)),
      plainArray(deliveries.map((row) => row.sequence)),
      plainArray(deliveries.map((row) => row.eventId)),
      textArray(deliveries.map((row) => row.eventType)),
      textArray(deliveries.map((row) => row.resourceId)),
      plainArray(deliveries.map((row) => row.state)),
      plainArray(deliveries.map((row) => row.isReplayed)),
      bytesArray(deliveries.map(({ id, body }) => Buffer.from(seal(placeOfBody(id), body)))),
      plainArray(deliveries.map((row) => row.at)),
    ],
  })
  return rows.length
}

/** Locks the cursor of a tenant until commit and answers where it stands; made where absent. */
export async function lockCursor(tx: Tx, tenantId: string): Promise<bigint> {
  await tx.query({
    name: 'insert_event_cursor',
    text: 'insert into event_cursor (tenant_id, sequence) values ($1, 0) on conflict do nothing',
    values: [tenantId],
  })
  const [row] = await tx.query<{ sequence: bigint }>({
    name: 'lock_event_cursor',
    text: 'select sequence from event_cursor where tenant_id = $1 for update',
    values: [tenantId],
  })
  return row?.sequence ?? 0n
}

/** Moves the cursor of a tenant, which is locked. */
export async function updateCursor(tx: Tx, tenantId: string, sequence: bigint): Promise<void> {
  await tx.query({
    name: 'move_event_cursor',
    text: 'update event_cursor set sequence = $2 where tenant_id = $1',
    values: [tenantId, sequence],
  })
}

/** An endpoint that listens to a tenant, and where it begins to. */
export type Listener = Readonly<{
  endpointId: string
  surface: WebhookSurface
  status: EndpointStatus
  events: readonly string[]
  companyTags: readonly string[]
  start: bigint
}>

type ListenedTo = Readonly<{
  organizationId: string
  tenantId: string
  /** Null for the organization itself. */
  environment: 'live' | 'test' | null
}>

/** Listeners of a tenant in the order of their ids; nobody changes them until commit. */
export function lockListeners(
  tx: Tx,
  { organizationId, tenantId, environment }: ListenedTo,
): Promise<Listener[]> {
  return tx.query<Listener>({
    name: 'lock_listeners',
    text: `select e.endpoint_id as "endpointId", e.surface, e.status, e.events,
        e.company_tags as "companyTags",
        coalesce((select s.sequence from endpoint_start as s where s.organization_id = e.organization_id
          and s.endpoint_id = e.endpoint_id and s.tenant_id = $2), 0) as start
      from endpoint as e
      where e.organization_id = $1 and e.deleted_at is null
        and ($3::text is null or e.environment = $3)
        and (e.business_id is null or e.business_id = $2)
      order by e.endpoint_id
      for share of e`,
    values: [organizationId, tenantId, environment],
  })
}

/** An endpoint with deliveries that are due, and how many of them may be taken now. */
export type Free = Readonly<{
  organizationId: string
  endpointId: string
  surface: WebhookSurface
  businessId: string | null
}>

/**
 * Locks endpoints of every organization that have a delivery due and room for it: healthy ones
 * first, then round robin behind `after`. Those that another worker is looking at are left to it.
 */
export function lockEndpointsWithDue(
  tx: Tx,
  { now, after, limit }: Readonly<{ now: Instant; after: string; limit: number }>,
): Promise<Free[]> {
  return tx.query<Free>({
    name: 'lock_endpoints_with_due',
    text: `select e.organization_id as "organizationId", e.endpoint_id as "endpointId", e.surface,
        e.business_id as "businessId"
      from endpoint as e
      where e.status = 'enabled' and e.deleted_at is null
        and exists (select 1 from delivery as d
          where d.organization_id = e.organization_id and d.endpoint_id = e.endpoint_id
            and d.due_at <= $1 and (d.lease_until is null or d.lease_until <= $1))
        and ${inHand} < ${roomOf}
      order by e.consecutive_failures >= ${deliveryBounds.failingFrom}, e.endpoint_id <= $2::uuid,
        e.endpoint_id
      limit $3
      for no key update of e skip locked`,
    values: [now, after, limit],
  })
}

const inHand = `(select count(*) from delivery as h
  where h.organization_id = e.organization_id and h.endpoint_id = e.endpoint_id
    and h.lease_until > $1)`

const roomOf = `(case when e.consecutive_failures >= ${deliveryBounds.failingFrom}
  then ${deliveryBounds.perFailingEndpointMax} else ${deliveryBounds.perEndpointMax} end)`

/** A delivery that is due, before it is known whether a quota lets it go. */
export type Due = Readonly<{ organizationId: string; deliveryId: string; endpointId: string }>

/**
 * Deliveries of locked endpoints that may go now, the longest due first, within the room that each
 * endpoint has. On an ordered endpoint an event waits while an earlier one of its resource does.
 */
export function lockDue(
  tx: Tx,
  { now, endpoints, limit }: Readonly<{ now: Instant; endpoints: readonly Free[]; limit: number }>,
): Promise<Due[]> {
  return tx.query<Due>({
    name: 'lock_due_deliveries',
    text: `
      with room as (
        select e.organization_id, e.endpoint_id, e.is_ordered, ${roomOf} - ${inHand} as places
        from endpoint as e
        join unnest($2::uuid[], $3::uuid[]) as g (organization_id, endpoint_id)
          on g.organization_id = e.organization_id and g.endpoint_id = e.endpoint_id
      ), ranked as (
        select p.organization_id, p.delivery_id, p.endpoint_id, p.due_at, p.sequence
        from room as r
        cross join lateral (
          select c.*, row_number() over (order by c.due_at, c.sequence, c.delivery_id) as place
          from (
            select d.organization_id, d.delivery_id, d.endpoint_id, d.due_at, d.sequence
            from delivery as d
            where d.organization_id = r.organization_id and d.endpoint_id = r.endpoint_id
              and d.due_at <= $1 and (d.lease_until is null or d.lease_until <= $1)
              and not (r.is_ordered and exists (
                select 1 from delivery as b
                where b.organization_id = d.organization_id and b.endpoint_id = d.endpoint_id
                  and b.due_at is not null and b.tenant_id = d.tenant_id
                  and b.resource_id = d.resource_id and b.sequence < d.sequence))
            order by d.due_at, d.sequence, d.delivery_id
            limit ${deliveryBounds.perEndpointMax}
          ) as c
        ) as p
        where p.place <= r.places
      )
      select d.organization_id as "organizationId", d.delivery_id as "deliveryId",
        d.endpoint_id as "endpointId"
      from ranked as r
      join delivery as d on d.organization_id = r.organization_id and d.delivery_id = r.delivery_id
      order by r.due_at, r.sequence, r.delivery_id
      limit $4
      for update of d`,
    values: [
      now,
      plainArray(endpoints.map((row) => row.organizationId)),
      plainArray(endpoints.map((row) => row.endpointId)),
      limit,
    ],
  })
}

export type Quota = Readonly<{ organizationId: string; businessId: string; hour: Instant }>

/** Counts attempts against a business's hour and answers what is used of it with them. */
export async function updateQuota(
  tx: Tx,
  { organizationId, businessId, hour }: Quota,
  count: number,
): Promise<number> {
  const [row] = await tx.query<{ used: number }>({
    name: 'use_delivery_quota',
    text: `insert into delivery_quota as q (organization_id, business_id, hour, used)
      values ($1, $2, $3, greatest($4, 0))
      on conflict (business_id, hour) do update set used = q.used + $4
      returning used`,
    values: [organizationId, businessId, hour, count],
  })
  return row?.used ?? 0
}

/**
 * Lets everything that is due for the Invoicing endpoints of a business wait, `except` what may
 * still go, and drops what is beyond the longest queue of an endpoint, the newest first. Answers the endpoints
 * that lost something.
 */
export async function deferDue(
  tx: Tx,
  { organizationId, businessId }: Quota,
  { now, until, except }: Readonly<{ now: Instant; until: Instant; except: readonly string[] }>,
): Promise<readonly string[]> {
  await tx.query({
    name: 'defer_due_deliveries',
    text: `
      with waiting as (
        select d.organization_id, d.delivery_id
        from delivery as d
        join endpoint as e on e.organization_id = d.organization_id and e.endpoint_id = d.endpoint_id
        where e.organization_id = $1 and e.business_id = $2 and e.surface = 'invoicing'
          and d.due_at <= $3 and (d.lease_until is null or d.lease_until <= $3)
          and d.delivery_id <> all($5::uuid[])
        order by d.delivery_id
        for update of d skip locked
      )
      update delivery as d set state = 'deferred', due_at = $4, lease_until = null,
        attempt_count = d.attempt_count - case when d.lease_until is null then 0 else 1 end
      from waiting as w
      where d.organization_id = w.organization_id and d.delivery_id = w.delivery_id`,
    values: [organizationId, businessId, now, until, except],
  })
  const rows = await tx.query<{ endpointId: string }>({
    name: 'drop_deferred_deliveries',
    text: `
      with ranked as (
        select d.delivery_id, d.endpoint_id,
          row_number() over (partition by d.endpoint_id order by d.sequence, d.delivery_id) as place
        from delivery as d
        join endpoint as e on e.organization_id = d.organization_id and e.endpoint_id = d.endpoint_id
        where e.organization_id = $1 and e.business_id = $2 and e.surface = 'invoicing'
          and d.state = 'deferred' and d.due_at is not null
      ), dropped as (
        update delivery as d set state = 'dropped_quota', due_at = null, finished_at = $3
        from ranked as r
        where d.organization_id = $1 and d.delivery_id = r.delivery_id
          and r.place > ${deliveryBounds.deferredMax}
        returning d.endpoint_id
      )
      select distinct endpoint_id as "endpointId" from dropped order by 1`,
    values: [organizationId, businessId, now],
  })
  return rows.map(({ endpointId }) => endpointId)
}

/** A delivery in a worker's hand, with all it needs to be sent. */
export type Taken = Readonly<{
  organizationId: string
  deliveryId: string
  endpointId: string
  surface: WebhookSurface
  environment: 'live' | 'test'
  url: string
  sealedHeaders: Buffer | null
  sealedSeed: Buffer | null
  eventId: string
  eventType: string
  sealedBody: Buffer
  attemptId: string
  /** Number of this attempt. */
  attempt: number
  secrets: readonly Readonly<{ id: string; sealed: Buffer }>[]
}>

/**
 * Takes locked deliveries until the end of their lease, and notes each attempt before it is sent.
 * One whose worker died keeps the number and id of the attempt that nobody knows the outcome of.
 */
export async function takeDeliveries(
  tx: Tx,
  {
    now,
    leaseUntil,
    taken,
  }: Readonly<{
    now: Instant
    leaseUntil: Instant
    taken: readonly (Due & Readonly<{ attemptId: string }>)[]
  }>,
): Promise<Taken[]> {
  if (taken.length === 0) return []
  type Row = Omit<Taken, 'secrets'> & { secrets: readonly { id: string; sealed: string }[] }
  const rows = await tx.query<Row>({
    name: 'take_deliveries',
    text: `
      with given as (
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[])
          as g (organization_id, delivery_id, attempt_id)
      ), leased as (
        update delivery as d set lease_until = $5,
          attempt_count = d.attempt_count + case when d.lease_until is null then 1 else 0 end
        from given as g
        where d.organization_id = g.organization_id and d.delivery_id = g.delivery_id
        returning d.organization_id, d.delivery_id, d.endpoint_id, d.event_id, d.event_type,
          d.sealed_body, d.due_at, d.sequence, greatest(d.attempt_count, 1) as attempt, g.attempt_id
      ), begun as (
        insert into attempt (organization_id, attempt_id, endpoint_id, delivery_id, number, started_at)
        select l.organization_id, l.attempt_id, l.endpoint_id, l.delivery_id, l.attempt, $4 from leased as l
        on conflict (organization_id, delivery_id, number) do update set started_at = excluded.started_at
        returning organization_id, delivery_id, attempt_id
      )
      select l.organization_id as "organizationId", l.delivery_id as "deliveryId",
        l.endpoint_id as "endpointId", e.surface, e.environment, e.url,
        e.sealed_headers as "sealedHeaders", e.sealed_seed as "sealedSeed", l.event_id as "eventId",
        l.event_type as "eventType", l.sealed_body as "sealedBody", b.attempt_id as "attemptId", l.attempt,
        (select coalesce(json_agg(json_build_object('id', s.secret_id, 'sealed', encode(s.sealed, 'hex'))
            order by s.expires_at desc nulls first), '[]')
          from endpoint_secret as s
          where s.organization_id = l.organization_id and s.endpoint_id = l.endpoint_id
            and (s.expires_at is null or s.expires_at > $4)) as secrets
      from leased as l
      join begun as b on b.organization_id = l.organization_id and b.delivery_id = l.delivery_id
      join endpoint as e on e.organization_id = l.organization_id and e.endpoint_id = l.endpoint_id
      order by l.due_at, l.sequence, l.delivery_id`,
    values: [
      plainArray(taken.map((row) => row.organizationId)),
      plainArray(taken.map((row) => row.deliveryId)),
      plainArray(taken.map((row) => row.attemptId)),
      now,
      leaseUntil,
    ],
  })
  return rows.map((row) => ({
    ...row,
    secrets: row.secrets.map(({ id, sealed }) => ({ id, sealed: Buffer.from(sealed, 'hex') })),
  }))
}

/** Gives back what a worker took but will not send. The attempt is not counted. */
export async function releaseDeliveries(tx: Tx, taken: readonly Taken[]): Promise<void> {
  await tx.query({
    name: 'release_deliveries',
    text: `update delivery as d set lease_until = null, attempt_count = d.attempt_count - 1
      from unnest($1::uuid[], $2::uuid[]) as g (organization_id, delivery_id)
      where d.organization_id = g.organization_id and d.delivery_id = g.delivery_id
        and d.lease_until is not null`,
    values: [
      plainArray(taken.map((row) => row.organizationId)),
      plainArray(taken.map((row) => row.deliveryId)),
    ],
  })
}

/** What an outcome is judged by. */
export type Health = Readonly<{
  organizationId: string
  endpointId: string
  surface: WebhookSurface
  status: EndpointStatus
  isDeleted: boolean
  consecutiveFailures: number
  failingSince: Instant | null
}>

/** Locks endpoints in the order of their ids. */
export function lockHealth(tx: Tx, endpointIds: readonly string[]): Promise<Health[]> {
  return tx.query<Health>({
    name: 'lock_endpoint_health',
    text: `select e.organization_id as "organizationId", e.endpoint_id as "endpointId", e.surface,
        e.status, e.deleted_at is not null as "isDeleted",
        e.consecutive_failures as "consecutiveFailures", e.failing_since as "failingSince"
      from endpoint as e where e.endpoint_id = any($1::uuid[])
      order by e.organization_id, e.endpoint_id
      for no key update`,
    values: [endpointIds],
  })
}

/** Milliseconds between the first failures of the first and the last delivery since an instant. */
export async function sumFailureSpread(
  tx: Tx,
  { organizationId, endpointId }: Health,
  since: Instant,
): Promise<number> {
  const [row] = await tx.query<{ spread: string | null }>({
    name: 'failure_spread',
    text: `select trunc(extract(epoch from max(f.first) - min(f.first)) * 1000)::text as spread
      from (
        select min(started_at) as first from attempt
        where organization_id = $1 and endpoint_id = $2 and started_at >= $3
        group by delivery_id
      ) as f`,
    values: [organizationId, endpointId, since],
  })
  return Number(row?.spread ?? 0)
}

/** Writes what became of an endpoint, which is locked. */
export async function updateHealth(
  tx: Tx,
  health: Health,
  { reason, now }: Readonly<{ reason: DisabledReason | undefined; now: Instant }>,
): Promise<void> {
  await tx.query({
    name: 'update_endpoint_health',
    text: `update endpoint set consecutive_failures = $3, failing_since = $4,
        status = case when $5::text is null then status else 'disabled' end,
        disabled_reason = coalesce($5, disabled_reason),
        updated_at = case when $5::text is null then updated_at else $6 end
      where organization_id = $1 and endpoint_id = $2`,
    values: [
      health.organizationId,
      health.endpointId,
      health.consecutiveFailures,
      health.failingSince,
      reason ?? null,
      now,
    ],
  })
}

/** How one attempt ended and what becomes of its delivery. */
export type Ended = Readonly<{
  organizationId: string
  deliveryId: string
  attemptId: string
  attempt: number
  isSuccess: boolean
  httpStatus: number | null
  durationMs: number
  error: string | null
  excerpt: string | null
  state: DeliveryState
  dueAt: Instant | null
  at: Instant
}>

/** Deliveries that these attempts still belong to, locked; what was settled before is left out. */
export async function lockOpenDeliveries(
  tx: Tx,
  attempts: readonly Readonly<{ organizationId: string; deliveryId: string; attempt: number }>[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ deliveryId: string }>({
    name: 'lock_open_deliveries',
    text: `select d.delivery_id as "deliveryId" from delivery as d
      join unnest($1::uuid[], $2::uuid[], $3::int[]) as g (organization_id, delivery_id, attempt)
        on g.organization_id = d.organization_id and g.delivery_id = d.delivery_id
      where d.due_at is not null and d.attempt_count = g.attempt
      order by d.delivery_id
      for update of d`,
    values: [
      plainArray(attempts.map((row) => row.organizationId)),
      plainArray(attempts.map((row) => row.deliveryId)),
      plainArray(attempts.map((row) => row.attempt)),
    ],
  })
  return new Set(rows.map(({ deliveryId }) => deliveryId))
}

/** Writes outcomes of attempts, and the state of their deliveries, which are locked. */
export async function updateEnded(tx: Tx, ended: readonly Ended[]): Promise<void> {
  if (ended.length === 0) return
  await tx.query({
    name: 'end_attempts',
    text: `
      with given as (
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::int[],
          $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[])
          as g (organization_id, delivery_id, attempt_id, status, http_status, duration_ms, error,
            excerpt, state, due_at, at)
      ), attempted as (
        update attempt as a set status = g.status, http_status = g.http_status,
          duration_ms = g.duration_ms, error = g.error, excerpt = g.excerpt
        from given as g
        where a.organization_id = g.organization_id and a.attempt_id = g.attempt_id
      )
      update delivery as d set state = g.state, due_at = g.due_at, lease_until = null,
        finished_at = case when g.due_at is null then g.at end
      from given as g
      where d.organization_id = g.organization_id and d.delivery_id = g.delivery_id`,
    values: [
      plainArray(ended.map((row) => row.organizationId)),
      plainArray(ended.map((row) => row.deliveryId)),
      plainArray(ended.map((row) => row.attemptId)),
      plainArray(ended.map((row) => (row.isSuccess ? 'success' : 'failed'))),
      nullableArray(ended.map((row) => row.httpStatus)),
      plainArray(ended.map((row) => row.durationMs)),
      textArray(ended.map((row) => row.error)),
      textArray(ended.map((row) => row.excerpt)),
      plainArray(ended.map((row) => row.state)),
      nullableArray(ended.map((row) => row.dueAt)),
      plainArray(ended.map((row) => row.at)),
    ],
  })
}

export type Notice = Readonly<{
  organizationId: string
  endpointId: string
  kind: 'disabled' | 'given_up' | 'quota'
  day: CalendarDate
  at: Instant
}>

/** Notes what should be told; once per endpoint, kind and day. */
export async function insertNotice(tx: Tx, notice: Notice): Promise<void> {
  await tx.query({
    name: 'insert_webhook_notice',
    text: `insert into webhook_notice (organization_id, endpoint_id, kind, day, at)
      values ($1, $2, $3, $4, $5) on conflict do nothing`,
    values: [notice.organizationId, notice.endpointId, notice.kind, notice.day, notice.at],
  })
}

/** Forgets deliveries that ended before an instant, with their attempts, and old quotas. */
export async function deleteOld(
  tx: Tx,
  { before, limit }: Readonly<{ before: Instant; limit: number }>,
): Promise<number> {
  const rows = await tx.query({
    name: 'delete_old_deliveries',
    text: `delete from delivery where (organization_id, delivery_id) in (
        select organization_id, delivery_id from delivery
        where created_at < $1 and finished_at < $1 order by created_at, delivery_id limit $2)
      returning 1`,
    values: [before, limit],
  })
  await tx.query({
    name: 'delete_old_quotas',
    text: 'delete from delivery_quota where organization_id is not null and hour < $1',
    values: [before],
  })
  return rows.length
}
