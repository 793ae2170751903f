import { type Static, Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { toPrefixed } from '../../kernel/ids.ts'
import { listBusinessPage } from '../../modules/access/business.queries.ts'
import type { Business, BusinessStatus } from '../../modules/access/business.ts'
import type { Facts } from '../http/checks.ts'
import { route } from '../http/route.ts'
import { enveloped, instant, nullable, organizationErrors, text } from './fields.ts'
import { listQuery } from './lists.ts'

/** Source: Books specification 1.2. */
export const enterpriseLimitDefault = 20

/**
 * Routes of enterprises are for organizations on that tier.
 * Refuses: access.enterprise_only.
 * Source: Books specification 20.
 */
export function requireEnterprise({ route: { isEnterprise }, admitted }: Facts): void {
  const isOpen = isEnterprise !== true || admitted.plan === 'enterprise'
  if (!isOpen) throw new Refusal('access.enterprise_only')
}

const BusinessOut = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: nullable(Type.String()),
  industry: nullable(Type.String()),
  subscriptionTier: Type.String(),
  enterpriseSubscriptionStatus: Type.Enum(['active', 'expired', 'suspended']),
  enterpriseSubscriptionExpiresAt: nullable(instant),
  setupComplete: Type.Boolean(),
  createdAt: instant,
})

const BusinessPage = Type.Object({
  businesses: Type.Array(BusinessOut),
  count: Type.Integer(),
  pagination: Type.Object({
    total: Type.Integer(),
    limit: Type.Integer(),
    offset: Type.Integer(),
    hasMore: Type.Boolean(),
  }),
})

const listRoute = route({
  method: 'GET',
  path: '/v1/enterprise/businesses',
  operation: 'list-enterprise-businesses',
  tag: 'Enterprise',
  summary: 'List the businesses of the enterprise, by name',
  scope: null,
  tenant: 'organization',
  cost: 1,
  isEnterprise: true,
  query: Type.Object({
    limit: Type.Optional({
      ...listQuery.limit,
      description: `Default ${enterpriseLimitDefault}`,
    }),
    offset: listQuery.offset,
    status: Type.Optional(Type.Enum(['active', 'expired', 'suspended'])),
    search: Type.Optional(text()),
  }),
  answers: { 200: enveloped(BusinessPage) },
  errors: [...organizationErrors, 'access.enterprise_only', 'request.page_invalid'],
  examples: [
    { summary: 'All of them', status: 200 },
    { summary: 'A page that is too long', query: { limit: '101' }, status: 400 },
  ],
  handle: async (call) => {
    const { organizationId, environment, businessIds, plan } = call.caller
    const { limit = enterpriseLimitDefault, offset = 0, status, search } = call.query
    const filter = {
      ...{ organizationId, environment, businessIds, limit, offset },
      statuses: status === undefined ? shownStatuses : statusesBy[status],
      ...(search !== undefined && { search }),
    }
    const { rows, total } = await call.read((db) => listBusinessPage(db, filter))
    const businesses = rows.map((business) => toWire(business, plan))
    const pagination = { total, limit, offset, hasMore: offset + limit < total }
    return { status: 200, body: { businesses, count: businesses.length, pagination } }
  },
})

export const enterpriseRoutes = [listRoute]

const statusesBy: Readonly<Record<'active' | 'expired' | 'suspended', readonly BusinessStatus[]>> =
  {
    active: ['active'],
    expired: ['archived'],
    suspended: ['suspended'],
  }

const shownStatuses = Object.values(statusesBy).flat()

const statusOf = (status: BusinessStatus) => {
  if (status === 'archived') return 'expired'
  return status === 'suspended' ? 'suspended' : 'active'
}

const toWire = (business: Business, tier: string): Static<typeof BusinessOut> => ({
  id: toPrefixed('biz', business.id),
  name: business.name,
  email: null,
  industry: null,
  subscriptionTier: tier,
  enterpriseSubscriptionStatus: statusOf(business.status),
  enterpriseSubscriptionExpiresAt: null,
  setupComplete: true,
  createdAt: business.createdAt,
})
