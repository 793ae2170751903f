import type { OrganizationCtx } from '../../db/write.ts'
import { dateIn } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { findLimit } from '../plans/limit.queries.ts'
import { deleteCompanyRow, insertCompany, updateCompanyRow, updateProducts } from './company.db.ts'
import { countCompanies, getCompany } from './company.queries.ts'
import {
  type Company,
  type CompanyDraft,
  parseCompanyName,
  parseTags,
  productName,
  type Tags,
} from './company.ts'
import { toGuid } from './guid.ts'

/**
 * Adds a company to the organization.
 * Refuses, in this order: validation.failed (name), sync.tags_invalid, plan.company_limit.
 * Source: Connect specification 5 and 9.
 */
export async function createCompany(ctx: OrganizationCtx, draft: CompanyDraft): Promise<Company> {
  const name = parseCompanyName(draft.name)
  const tags = parseTags(draft.tags)
  await requirePlace(ctx)
  const company: Company = {
    id: toGuid('company', ctx.digest(`${ctx.newId('company')}${ctx.newId('company')}`)),
    name,
    description: draft.description,
    tags,
    products: [],
    createdAt: ctx.recordedAt,
    createdByName: null,
    lastSyncAt: null,
    connections: [],
  }
  await insertCompany(ctx.tx, ctx.organizationId, company)
  record(ctx, 'created', undefined, company)
  return company
}

type Replacement = CompanyDraft & Readonly<{ companyId: string }>

/**
 * Replaces name, description and tags of a company.
 * Refuses, in this order: sync.company_not_found, validation.failed (name), sync.tags_invalid.
 */
export async function replaceCompany(
  ctx: OrganizationCtx,
  { companyId, name, description, tags }: Replacement,
): Promise<Company> {
  const before = await getCompany(ctx.tx, ctx.organizationId, companyId)
  return await change(ctx, before, {
    ...before,
    name: parseCompanyName(name),
    description,
    tags: parseTags(tags),
  })
}

type Changes = Readonly<{
  companyId: string
  name?: string | undefined
  description?: string | null | undefined
  /** null removes all tags. */
  tags?: Tags | null | undefined
}>

/**
 * Changes what is given of a company and leaves the rest.
 * Refuses, in this order: sync.company_not_found, validation.failed (name), sync.tags_invalid.
 */
export async function updateCompany(
  ctx: OrganizationCtx,
  { companyId, name, description, tags }: Changes,
): Promise<Company> {
  const before = await getCompany(ctx.tx, ctx.organizationId, companyId)
  return await change(ctx, before, {
    ...before,
    name: name === undefined ? before.name : parseCompanyName(name),
    description: description === undefined ? before.description : description,
    tags: tags === undefined ? before.tags : parseTags(tags),
  })
}

/**
 * Removes a company and all that was read for it, at once. A business behind a native connection
 * is not touched.
 * Refuses: sync.company_not_found.
 * Source: Connect specification 9.
 */
export async function deleteCompany(
  ctx: OrganizationCtx,
  { companyId }: Readonly<{ companyId: string }>,
): Promise<void> {
  const company = await getCompany(ctx.tx, ctx.organizationId, companyId)
  await deleteCompanyRow(ctx.tx, ctx.organizationId, company.id)
  record(ctx, 'deleted', company, undefined)
}

type Product = Readonly<{ companyId: string; productId: string }>

/**
 * Lets a company use a product; adding it twice changes nothing.
 * Refuses, in this order: sync.company_not_found, resource.not_found (the product).
 * Source: Connect specification 9.
 */
export async function addProduct(
  ctx: OrganizationCtx,
  { companyId, productId }: Product,
): Promise<void> {
  const company = await getCompany(ctx.tx, ctx.organizationId, companyId)
  const name = productName(productId)
  if (company.products.includes(productId)) return
  const after = { ...company, products: [...company.products, productId] }
  await keepProducts(ctx, 'added', { company: after, productId, name })
}

/**
 * Takes a product from a company; one that it does not use is no change.
 * Refuses, in this order: sync.company_not_found, resource.not_found (the product).
 */
export async function removeProduct(
  ctx: OrganizationCtx,
  { companyId, productId }: Product,
): Promise<void> {
  const company = await getCompany(ctx.tx, ctx.organizationId, companyId)
  const name = productName(productId)
  if (!company.products.includes(productId)) return
  const after = { ...company, products: company.products.filter((one) => one !== productId) }
  await keepProducts(ctx, 'removed', { company: after, productId, name })
}

async function keepProducts(
  ctx: OrganizationCtx,
  what: 'added' | 'removed',
  { company, productId, name }: Readonly<{ company: Company; productId: string; name: string }>,
): Promise<void> {
  await updateProducts(ctx.tx, ctx.organizationId, company)
  const subject = { resource: 'company', resourceId: company.id }
  const payload = { ...imageOf(company), productId, productName: name }
  ctx.audit({ ...subject, action: `company.product.${what}`, after: payload })
  ctx.emit({ ...subject, type: `company.product.${what}`, payload })
}

async function requirePlace({ tx, organizationId, now }: OrganizationCtx): Promise<void> {
  const asked = { organizationId, surface: 'connect', name: 'companiesMax' } as const
  const limit = await findLimit(tx, { ...asked, today: dateIn(now, 'UTC') })
  if (typeof limit !== 'number') return
  const count = await countCompanies(tx, organizationId)
  if (count >= limit) throw new Refusal('plan.company_limit', { limit })
}

async function change(ctx: OrganizationCtx, before: Company, after: Company): Promise<Company> {
  await updateCompanyRow(ctx.tx, ctx.organizationId, after)
  record(ctx, 'updated', before, after)
  return after
}

const verbs = { created: 'create', updated: 'update', deleted: 'delete' } as const

function record(
  ctx: OrganizationCtx,
  event: keyof typeof verbs,
  before: Company | undefined,
  after: Company | undefined,
): void {
  const company = after ?? before
  if (company === undefined) return
  const subject = { resource: 'company', resourceId: company.id }
  ctx.audit({
    ...subject,
    action: `company.${verbs[event]}`,
    ...(before && { before: imageOf(before) }),
    ...(after && { after: imageOf(after) }),
  })
  ctx.emit({ ...subject, type: `company.${event}`, payload: imageOf(company) })
}

/** A company without its connections, as its events show it. */
export const imageOf = ({ id, name, description, tags, products, createdAt }: Company) => ({
  id,
  name,
  description,
  tags,
  products,
  createdAt,
})
