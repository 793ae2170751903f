import { type Static, Type } from 'typebox'
import {
  addProduct,
  createCompany,
  deleteCompany,
  removeProduct,
  replaceCompany,
  updateCompany,
} from '../../modules/sync/company.actions.ts'
import { getCompany, listCompanies } from '../../modules/sync/company.queries.ts'
import type { Company } from '../../modules/sync/company.ts'
import { companyConnectionPrefix, propertiesByEntity } from '../../modules/sync/property.ts'
import type { Manifest } from '../../modules/sync/record.ts'
import { type Call, type RouteRecord, route } from '../http/route.ts'
import { listQuery, toListQuery, toPage } from './lists.ts'
import {
  bodyErrors,
  commonErrors,
  companyErrors,
  companyIdsOf,
  listErrors,
  toCompanyOut,
  writeErrors,
} from './looks.ts'
import { parseTagQuery } from './query-language.ts'
import { CompanyOut, pageOf } from './shapes.ts'

const Texts = Type.Unsafe<Readonly<Record<string, string>> | null>({
  type: 'object',
  nullable: true,
  additionalProperties: { type: 'string' },
})
const MaybeText = Type.Unsafe<string | null>({ type: 'string', nullable: true })

const CompanyIn = Type.Object({
  name: Type.String(),
  description: Type.Optional(MaybeText),
  tags: Type.Optional(Texts),
})
const CompanyChange = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(MaybeText),
  tags: Type.Optional(Texts),
})
const CompanyParams = Type.Object({ companyId: Type.String() })
const ProductParams = Type.Object({ companyId: Type.String(), productIdentifier: Type.String() })
const CompaniesQuery = Type.Object({
  ...listQuery,
  tags: Type.Optional(
    Type.String({ description: 'Filter over tags, such as `region=uk && tier!=free`' }),
  ),
})

const vocabulary = {
  entity: 'Company',
  properties: new Map([
    ...propertiesByEntity.Company,
    ...[...propertiesByEntity.DataConnection].map(
      ([path, kind]) => [`${companyConnectionPrefix}${path}`, kind] as const,
    ),
  ]),
} as const

/** Only a company's own properties order the list; its connections are an array. */
const ordering = { entity: 'Company', properties: propertiesByEntity.Company } as const

const shared = { tag: 'Companies', tenant: 'organization', cost: 1 } as const

const listRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/companies',
    operation: 'list-companies',
    summary: 'List companies',
    scope: 'read',
    query: CompaniesQuery,
    answers: { 200: pageOf(CompanyOut) },
    errors: [...commonErrors, ...listErrors],
    examples: [{ summary: 'First page', status: 200 }],
    handle: async (call) => {
      const { origin, caller } = call
      const { orderBy = '', ...filters } = call.query
      const query = {
        ...toListQuery(filters, vocabulary),
        order: toListQuery({ orderBy }, ordering).order,
        organizationId: caller.organizationId,
        companyIds: companyIdsOf(caller),
        tags: parseTagQuery(filters.tags ?? ''),
      }
      const setting = { manifests, origin }
      const listed = await call.read((db) => listCompanies(db, query, setting))
      return toPage(call, listed, (company) => toCompanyOut(company, setting))
    },
  })

const createRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'POST',
    path: '/companies',
    operation: 'create-company',
    summary: 'Create company',
    scope: 'manage',
    body: CompanyIn,
    answers: { 200: CompanyOut },
    errors: [...commonErrors, ...bodyErrors, 'sync.tags_invalid', 'plan.company_limit'],
    examples: [
      {
        summary: 'A company with tags',
        keep: 'company',
        body: { name: 'Technicalium', description: 'A first company', tags: { region: 'uk' } },
        status: 200,
      },
      { summary: 'Without a name', body: {}, status: 400 },
    ],
    handle: (call) => {
      const { name, description = null, tags } = call.body
      return call.writeOrganization(
        createCompany,
        { name, description, tags: tags ?? {} },
        replyOf(manifests, call),
      )
    },
  })

const getRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'GET',
    path: '/companies/{companyId}',
    operation: 'get-company',
    summary: 'Get company',
    scope: 'read',
    params: CompanyParams,
    answers: { 200: CompanyOut },
    errors: companyErrors,
    examples: [{ summary: 'By id', params: { companyId: '$company' }, status: 200 }],
    handle: async (call) => {
      const { organizationId } = call.caller
      const { companyId } = call.params
      const company = await call.read((db) => getCompany(db, organizationId, companyId))
      return replyOf(manifests, call)(company)
    },
  })

const replaceRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'PUT',
    path: '/companies/{companyId}',
    operation: 'replace-company',
    summary: 'Replace company',
    scope: 'manage',
    params: CompanyParams,
    body: CompanyIn,
    answers: { 200: CompanyOut },
    errors: [...companyErrors, ...bodyErrors, 'sync.tags_invalid'],
    examples: [
      {
        summary: 'Another name',
        params: { companyId: '$company' },
        body: { name: 'Technicalium Ltd.' },
        status: 200,
      },
    ],
    handle: (call) => {
      const { companyId } = call.params
      const { name, description = null, tags } = call.body
      const input = { companyId, name, description, tags: tags ?? {} }
      return call.writeOrganization(replaceCompany, input, replyOf(manifests, call))
    },
  })

const updateRoute = (manifests: readonly Manifest[]): RouteRecord =>
  route({
    ...shared,
    method: 'PATCH',
    path: '/companies/{companyId}',
    operation: 'update-company',
    summary: 'Update company',
    scope: 'manage',
    params: CompanyParams,
    body: CompanyChange,
    answers: { 200: CompanyOut },
    errors: [...companyErrors, ...bodyErrors, 'sync.tags_invalid'],
    examples: [
      {
        summary: 'Other tags',
        params: { companyId: '$company' },
        body: { tags: { region: 'fr' } },
        status: 200,
      },
    ],
    handle: (call) => {
      const { companyId } = call.params
      const { name, description, tags } = call.body
      const input = { companyId, name, description, tags }
      return call.writeOrganization(updateCompany, input, replyOf(manifests, call))
    },
  })

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: '/companies/{companyId}',
  operation: 'delete-company',
  summary: 'Delete company',
  description: 'Removes the company with its connections and their data; no business is touched.',
  scope: 'manage',
  params: CompanyParams,
  answers: { 204: null },
  errors: [...companyErrors, ...writeErrors],
  examples: [],
  handle: (call) => {
    const { companyId } = call.params
    return call.writeOrganization(deleteCompany, { companyId }, () => ({ status: 204 }))
  },
})

/** Companies of the client. Source: Connect specification 9. */
export const companyRoutes = (manifests: readonly Manifest[]): readonly RouteRecord[] => [
  listRoute(manifests),
  createRoute(manifests),
  getRoute(manifests),
  replaceRoute(manifests),
  updateRoute(manifests),
  deleteRoute,
  ...productRoutes,
]

const replyOf =
  (manifests: readonly Manifest[], { origin }: Call) =>
  (company: Company) => ({
    status: 200,
    body: toCompanyOut(company, { manifests, origin }),
  })

const product = {
  path: '/companies/{companyId}/products/{productIdentifier}',
  tag: 'Companies',
  scope: 'manage',
  tenant: 'organization',
  cost: 1,
  params: ProductParams,
  answers: { 204: null },
  errors: [...companyErrors, ...writeErrors, 'resource.not_found'],
} as const

const productRoutes: readonly RouteRecord[] = [
  route({
    ...product,
    method: 'PUT',
    operation: 'add-product',
    summary: 'Add product',
    description: 'Adding a product twice changes nothing.',
    examples: [
      {
        summary: 'Lending',
        params: { companyId: '$company', productIdentifier: 'lending' },
        status: 204,
      },
      {
        summary: 'A product that nobody has',
        params: { companyId: '$company', productIdentifier: 'gardening' },
        status: 404,
      },
    ],
    handle: (call) =>
      call.writeOrganization(addProduct, toProduct(call.params), () => ({ status: 204 })),
  }),
  route({
    ...product,
    method: 'DELETE',
    operation: 'remove-product',
    summary: 'Remove product',
    examples: [
      {
        summary: 'Lending',
        params: { companyId: '$company', productIdentifier: 'lending' },
        status: 204,
      },
    ],
    handle: (call) =>
      call.writeOrganization(removeProduct, toProduct(call.params), () => ({ status: 204 })),
  }),
]

const toProduct = ({ companyId, productIdentifier }: Static<typeof ProductParams>) => ({
  companyId,
  productId: productIdentifier,
})
