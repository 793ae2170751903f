import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Limits, LimitValue } from './limit.ts'
import type { PlanSurface } from './plan.ts'

/** All limits of a surface that are in force on a day, exceptions included; undefined as below. */
export async function findLimits(
  db: Db,
  { organizationId, surface, today }: Omit<Asked, 'name'>,
): Promise<Limits | undefined> {
  const [row] = await db.query<{ limits: Limits }>({
    name: 'find_limits',
    text: `
      with chosen as (
        select coalesce((
          select s.plan from subscription as s
          where s.organization_id = $1 and s.surface = $2 and s.valid_from <= $3
          order by s.valid_from desc, s.recorded_at desc limit 1
        ), default_plan($2)) as plan
      )
      select v.limits || coalesce((
        select jsonb_object_agg(o.limit_name, o.value order by o.valid_from, o.recorded_at)
        from limit_override as o
        where o.organization_id = $1 and o.surface = $2 and o.valid_from <= $3
          and (o.valid_to is null or o.valid_to > $3)), '{}') as limits
      from plan_version as v
      where v.surface = $2 and v.plan = (select plan from chosen) and v.valid_from <= $3
      order by v.valid_from desc limit 1`,
    values: [organizationId, surface, today],
  })
  return row?.limits
}

type Asked = Readonly<{
  organizationId: Id<'organization'>
  surface: PlanSurface
  name: string
  today: CalendarDate
}>

/**
 * The limit of a name that is in force on a day: the organization's exception, else what the version
 * of its plan says; null is no limit. Undefined where the installation has no version of the plan.
 * Source: platform specification 4.
 */
export async function findLimit(
  db: Db,
  { organizationId, surface, name, today }: Asked,
): Promise<LimitValue | undefined> {
  const [row] = await db.query<{ value: LimitValue }>({
    name: 'find_limit',
    text: `
      with chosen as (
        select coalesce((
          select s.plan from subscription as s
          where s.organization_id = $1 and s.surface = $2 and s.valid_from <= $4
          order by s.valid_from desc, s.recorded_at desc limit 1
        ), default_plan($2)) as plan
      ), exception as (
        select o.value from limit_override as o
        where o.organization_id = $1 and o.surface = $2 and o.limit_name = $3 and o.valid_from <= $4
          and (o.valid_to is null or o.valid_to > $4)
        order by o.valid_from desc, o.recorded_at desc limit 1
      ), version as (
        select v.limits -> $3 as value from plan_version as v
        where v.surface = $2 and v.plan = (select plan from chosen) and v.valid_from <= $4
          and v.limits ? $3
        order by v.valid_from desc limit 1
      )
      select value from exception
      union all
      select value from version where not exists (select 1 from exception)`,
    values: [organizationId, surface, name, today],
  })
  return row?.value
}
