import type { OrganizationCtx } from '../../db/write.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { insertSubscriptions } from './plan.db.ts'
import { findSubscription, type Subscription } from './plan.queries.ts'
import { type PlanSurface, type Plans, planSurfaces, type SubscriptionStatus } from './plan.ts'

/** Only what is named changes. `validFrom` is today when unsaid. */
export type PlanChange = Readonly<{
  plans: Partial<Plans>
  booksStatus?: SubscriptionStatus
  validFrom?: CalendarDate
}>

export type PlanChanged = Subscription & Readonly<{ validFrom: CalendarDate }>

/**
 * Puts an organization on other plans from a day on; the next admission goes by them.
 * Refuses: nothing.
 * Source: platform specification 4.
 */
export async function setPlans(ctx: OrganizationCtx, change: PlanChange): Promise<PlanChanged> {
  const { tx, organizationId } = ctx
  const validFrom = change.validFrom ?? dateIn(ctx.now, 'UTC')
  const before = await findSubscription(tx, organizationId, validFrom)
  const plans: Plans = { ...before.plans, ...change.plans }
  const booksStatus = change.booksStatus ?? before.booksStatus
  const rows = planSurfaces
    .filter((surface) => isNamed(change, surface))
    .map((surface) => ({
      surface,
      plan: plans[surface],
      status: surface === 'books' ? booksStatus : ('active' as const),
    }))
  await insertSubscriptions(tx, organizationId, rows, { validFrom, recordedAt: ctx.recordedAt })
  const after: PlanChanged = { plans, booksStatus, validFrom }
  ctx.audit({
    action: 'plan.set',
    resource: 'organization',
    resourceId: organizationId,
    before,
    after,
  })
  ctx.emit({
    type: 'plan.changed',
    resource: 'organization',
    resourceId: organizationId,
    payload: after,
  })
  return after
}

const isNamed = ({ plans, booksStatus }: PlanChange, surface: PlanSurface): boolean =>
  plans[surface] !== undefined || (surface === 'books' && booksStatus !== undefined)
