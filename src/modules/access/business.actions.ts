import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn, isTimeZone } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { findLimit } from '../plans/limit.queries.ts'
import type { Environment } from './api-key.ts'
import { insertBusiness, updateBusinessRow, updateBusinessStatus } from './business.db.ts'
import { countLiveBusinesses, getBusiness } from './business.queries.ts'
import {
  type Business,
  type BusinessChanges,
  type BusinessStatus,
  chartOf,
  defaultBooksStart,
  firstProfile,
  timeZoneOf,
} from './business.ts'
import { insertPicture } from './file.db.ts'
import { type PictureType, readPicture } from './file.ts'
import { lockOrganization } from './organization.db.ts'

/** What is left out follows from the country, the rest from the defaults of the specification. */
export type NewBusiness = Readonly<{
  name: string
  legalName?: string | null
  environment: Environment
  baseCurrency: string
  country: string
  timeZone?: string
  fiscalYearStart?: string
  chart?: 'generic' | 'nigeria'
  taxRounding?: 'document' | 'line'
  roundingMode?: 'half_up' | 'half_even'
  numberAt?: 'creation' | 'issue'
  booksStart?: CalendarDate
}>

/**
 * Makes the business whose id the tenant of this command names, in its own lane. It has no chart
 * yet: `openBusiness` of the ledger does both in one commit.
 * Refuses, in this order: resource.not_found (the organization), plan.business_limit.
 */
export async function createBusiness(ctx: Ctx, input: NewBusiness): Promise<Business> {
  const { tx, organizationId } = ctx
  const timeZone = input.timeZone ?? timeZoneOf(input.country)
  const fiscalYearStart = input.fiscalYearStart ?? '01-01'
  assert(isTimeZone(timeZone), 'time zones are parsed at the rim')
  // Locked first: two businesses made at once would both see room for one.
  if (!(await lockOrganization(tx, organizationId))) {
    throw new Refusal('resource.not_found', { resource: 'Organization', id: organizationId })
  }
  if (input.environment === 'live') await requireRoom(ctx)
  const today = dateIn(ctx.now, timeZone)
  const business: Business = {
    id: ctx.businessId,
    organizationId,
    name: input.name,
    legalName: input.legalName ?? null,
    environment: input.environment,
    status: 'active',
    suspendedAt: null,
    baseCurrency: input.baseCurrency,
    country: input.country,
    timeZone,
    fiscalYearStart,
    chart: input.chart ?? chartOf(input.country),
    taxRounding: input.taxRounding ?? 'document',
    roundingMode: input.roundingMode ?? 'half_up',
    numberAt: input.numberAt ?? 'creation',
    booksStart: input.booksStart ?? defaultBooksStart(today, fiscalYearStart),
    profile: firstProfile,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  await insertBusiness(tx, business)
  ctx.configurationChanged()
  ctx.audit({
    action: 'business.create',
    resource: 'business',
    resourceId: business.id,
    after: business,
  })
  ctx.emit({
    type: 'business.created',
    resource: 'business',
    resourceId: business.id,
    payload: business,
  })
  return business
}

/**
 * Changes what a business says about itself and its settings; nothing that exists is numbered or
 * computed again. Without a difference nothing is written. `changeBusiness` of the ledger looks
 * first at what the books have to say.
 * Refuses: resource.not_found.
 */
export async function updateBusiness(
  ctx: Ctx,
  { profile, documentOptions, ...changes }: BusinessChanges,
): Promise<Business> {
  const before = await getBusiness(ctx.tx, ctx.organizationId, ctx.businessId)
  const after: Business = {
    ...before,
    ...changes,
    profile: {
      ...before.profile,
      ...profile,
      documentOptions: { ...before.profile.documentOptions, ...documentOptions },
    },
    updatedAt: ctx.now,
  }
  const isSame =
    JSON.stringify({ ...after, updatedAt: before.updatedAt }) === JSON.stringify(before)
  if (isSame) return before
  await updateBusinessRow(ctx.tx, after)
  ctx.configurationChanged()
  const resource = { resource: 'business', resourceId: before.id }
  ctx.audit({ action: 'business.update', ...resource, before, after })
  ctx.emit({ type: 'business.updated', ...resource, payload: after })
  return after
}

/**
 * Gives a business the logo of its documents from now on; those that were issued keep theirs.
 * Refuses, in this order: documents.file_content_mismatch, documents.logo_invalid,
 * resource.not_found.
 */
export async function setLogo(
  ctx: Ctx,
  { content, mediaType }: Readonly<{ content: Uint8Array; mediaType: PictureType }>,
): Promise<Business> {
  const picture = readPicture(content, mediaType)
  const kept = { ...picture, content, at: ctx.now }
  const logoSha256 = await insertPicture(ctx.tx, ctx.businessId, kept)
  return updateBusiness(ctx, { profile: { logoSha256 } })
}

async function requireRoom({ tx, organizationId, now }: Ctx): Promise<void> {
  const asked = { organizationId, surface: 'books', name: 'businessesMax' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  if (typeof limit !== 'number') return
  if ((await countLiveBusinesses(tx, organizationId)) >= limit) {
    throw new Refusal('plan.business_limit', { limit })
  }
}

type Reason = Readonly<{ reason?: string }>

/**
 * Closes a business to its keys, reads included, at once.
 * Refuses: resource.not_found.
 */
export const suspendBusiness = (ctx: Ctx, input: Reason): Promise<Business> =>
  setStatus(ctx, { status: 'suspended', suspendedAt: ctx.now }, { ...input, event: 'suspended' })

/**
 * Opens a suspended business again.
 * Refuses: resource.not_found.
 */
export const resumeBusiness = (ctx: Ctx, input: Reason): Promise<Business> =>
  setStatus(ctx, { status: 'active', suspendedAt: null }, { ...input, event: 'resumed' })

/**
 * Begins the end of a business: gone for keys, read only for operators.
 * Refuses: resource.not_found.
 */
export const closeBusiness = (ctx: Ctx, input: Reason): Promise<Business> =>
  setStatus(ctx, { status: 'closing' }, { ...input, event: 'closed' })

async function setStatus(
  ctx: Ctx,
  change: Readonly<{ status: BusinessStatus; suspendedAt?: Business['suspendedAt'] }>,
  { reason, event }: Reason & Readonly<{ event: 'suspended' | 'resumed' | 'closed' }>,
): Promise<Business> {
  const before = await getBusiness(ctx.tx, ctx.organizationId, ctx.businessId)
  if (before.status === change.status) return before
  const after: Business = { ...before, ...change }
  await updateBusinessStatus(ctx.tx, after)
  ctx.configurationChanged()
  ctx.audit({
    action: `business.${event}`,
    resource: 'business',
    resourceId: before.id,
    ...(reason !== undefined && { reason }),
    before,
    after,
  })
  ctx.emit({
    type: `business.${event}`,
    resource: 'business',
    resourceId: before.id,
    payload: after,
  })
  return after
}
