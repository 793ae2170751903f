import type { OrganizationCtx } from '../../db/write.ts'
import { setPlans } from '../plans/plan.actions.ts'
import { operatorPlans, type Plans } from '../plans/plan.ts'
import { insertOrganization, updateOrganizationStatus, updateOwner } from './organization.db.ts'
import { getOrganization } from './organization.queries.ts'
import { type Organization, toSlug } from './organization.ts'

/**
 * `plans` are those of an organization made by the operator when unsaid. `ownerEmail` is the address
 * that its notices go to.
 */
export type NewOrganization = Readonly<{
  name: string
  slug?: string
  plans?: Plans
  ownerEmail?: string
}>

/**
 * Makes the organization whose id the tenant of this command is. Its lane begins with it.
 * Refuses: resource.exists (the slug is taken).
 */
export async function createOrganization(
  ctx: OrganizationCtx,
  { name, slug, plans = operatorPlans, ownerEmail }: NewOrganization,
): Promise<Organization> {
  const id = ctx.organizationId
  const organization: Organization = {
    id,
    name,
    slug: slug ?? toSlug(name, id),
    status: 'active',
    createdAt: ctx.now,
  }
  await insertOrganization(ctx.tx, organization)
  ctx.audit({
    action: 'organization.create',
    resource: 'organization',
    resourceId: id,
    after: organization,
  })
  ctx.emit({
    type: 'organization.created',
    resource: 'organization',
    resourceId: id,
    payload: organization,
  })
  await setPlans(ctx, { plans })
  if (ownerEmail !== undefined) await setOwner(ctx, { email: ownerEmail })
  return organization
}

/**
 * Sets the e-mail address that notices to an organization go to.
 * Refuses: resource.not_found.
 * Source: documents specification 7.
 */
export async function setOwner(
  ctx: OrganizationCtx,
  { email }: Readonly<{ email: string }>,
): Promise<void> {
  const { id } = await getOrganization(ctx.tx, ctx.organizationId)
  await updateOwner(ctx.tx, id, email)
  ctx.audit({
    action: 'organization.set_owner',
    ...{ resource: 'organization', resourceId: id, after: { email: '[encrypted]' } },
  })
}

/**
 * Closes an organization to all its keys, at once.
 * Refuses: resource.not_found.
 */
export const suspendOrganization = (ctx: OrganizationCtx, input: Reason): Promise<Organization> =>
  setStatus(ctx, 'suspended', input)

/**
 * Opens a suspended organization again.
 * Refuses: resource.not_found.
 */
export const resumeOrganization = (ctx: OrganizationCtx, input: Reason): Promise<Organization> =>
  setStatus(ctx, 'active', input)

type Reason = Readonly<{ reason?: string }>

async function setStatus(
  ctx: OrganizationCtx,
  status: 'active' | 'suspended',
  { reason }: Reason,
): Promise<Organization> {
  const before = await getOrganization(ctx.tx, ctx.organizationId)
  if (before.status === status) return before
  const after = { ...before, status }
  await updateOrganizationStatus(ctx.tx, before.id, status)
  const verb = status === 'active' ? 'resume' : 'suspend'
  ctx.audit({
    action: `organization.${verb}`,
    resource: 'organization',
    resourceId: before.id,
    ...(reason !== undefined && { reason }),
    before,
    after,
  })
  ctx.emit({
    type: `organization.${verb}${verb === 'resume' ? 'd' : 'ed'}`,
    resource: 'organization',
    resourceId: before.id,
    payload: after,
  })
  return after
}
