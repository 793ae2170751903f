import { type Static, Type } from 'typebox'
import {
  archiveProduct,
  createProduct,
  updateProduct,
} from '../../modules/sales/product.actions.ts'
import { getProduct, listProducts } from '../../modules/sales/product.queries.ts'
import type {
  NewProduct,
  Product,
  ProductChanges,
  ProductFilter,
} from '../../modules/sales/product.ts'
import { route } from '../http/route.ts'
import {
  amountMax,
  currency,
  externalId,
  idParams,
  listErrors,
  metadata,
  name,
  nullable,
  number,
  percent,
  readErrors,
  text,
  toCurrency,
  toWireDecimal,
  uuid,
  writeErrors,
} from './fields.ts'
import { toText } from './invoice-fields.ts'
import { listQuery, pageOf, sortedBy, toListed, toPage } from './lists.ts'
import { updateRoutes } from './updates.ts'

const price = number({
  decimalsMax: 10,
  minimum: 0,
  maximum: amountMax,
  description: 'In major units, without tax unless a document says otherwise',
})

const ProductIn = Type.Object({
  name,
  unit_price: price,
  description: Type.Optional(name),
  sku: Type.Optional(text()),
  currency: Type.Optional(currency),
  tax_rate: Type.Optional(percent),
  unit: Type.Optional(text()),
  revenue_account_code: Type.Optional(text()),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const ProductChange = Type.Object({
  name: Type.Optional(name),
  unit_price: Type.Optional(price),
  description: Type.Optional(nullable(name)),
  sku: Type.Optional(nullable(text())),
  currency: Type.Optional(nullable(currency)),
  tax_rate: Type.Optional(nullable(percent)),
  unit: Type.Optional(nullable(text())),
  revenue_account_code: Type.Optional(nullable(text())),
  external_id: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(nullable(metadata)),
})

const ProductOut = Type.Object({
  id: uuid,
  business_id: uuid,
  name,
  description: nullable(Type.String()),
  sku: nullable(Type.String({ description: 'Unique in the business' })),
  unit_price: Type.Number(),
  currency: Type.String(),
  tax_rate: nullable(Type.Number({ description: 'Percent; of items that name no rate' })),
  unit: nullable(Type.String()),
  revenue_account_code: nullable(Type.String()),
  is_active: Type.Boolean(),
  external_id: nullable(Type.String()),
  metadata,
  created_at: Type.String(),
  updated_at: Type.String(),
})

const ProductQuery = Type.Object({
  ...listQuery(['created_at', 'updated_at', 'name', 'sku', 'unit_price']),
  name: Type.Optional(text(200)),
  sku: Type.Optional(text(200)),
  is_active: Type.Optional(Type.Boolean({ description: 'Default true; false: archived ones' })),
  external_id: Type.Optional(externalId),
})

const fieldErrors = [
  'ledger.account_not_found',
  'product.sku_taken',
  'resource.external_id_taken',
] as const

const createRoute = route({
  method: 'POST',
  path: '/api/v1/products',
  operation: 'create-product',
  tag: 'Products',
  summary: 'Create a product',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  body: ProductIn,
  requiredText: 'name, unit_price',
  answers: { 201: ProductOut },
  errors: [...writeErrors, 'validation.fields_missing', ...fieldErrors],
  examples: [
    {
      summary: 'A service by the day',
      keep: 'product',
      body: {
        name: 'Site survey',
        unit_price: 120,
        sku: 'SVY-1',
        tax_rate: 7.5,
        unit: 'day',
        revenue_account_code: '4000',
      },
      status: 201,
    },
    { summary: 'A product without a price', body: { name: 'Site survey' }, status: 400 },
  ],
  handle: (call) =>
    call.write(createProduct, toNewProduct(call.body), (product) => ({
      status: 201,
      headers: { Location: `/invoicing/api/v1/products/${product.id}` },
      body: toWire(product),
    })),
})

const listRoute = route({
  method: 'GET',
  path: '/api/v1/products',
  operation: 'list-products',
  tag: 'Products',
  summary: 'List and search products',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  query: ProductQuery,
  answers: { 200: pageOf(ProductOut) },
  errors: listErrors,
  examples: [
    { summary: 'Search by a part of the SKU', query: { sku: 'svy' }, status: 200 },
    { summary: 'A wrong switch', query: { is_active: 'perhaps' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const found = await call.read((db) => listProducts(db, { businessId, ...toFilter(call.query) }))
    const by = sortBy(call.query)
    const placeOf = (product: Product) => ({ value: product[by], id: product.id })
    return { status: 200, body: toPage(found, call.query, { placeOf, toWire }) }
  },
})

const getRoute = route({
  method: 'GET',
  path: '/api/v1/products/{id}',
  operation: 'get-product',
  tag: 'Products',
  summary: 'Get a product',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  params: idParams,
  answers: { 200: ProductOut },
  errors: readErrors,
  examples: [{ summary: 'A product by id', params: { id: '$product' }, status: 200 }],
  handle: async (call) => {
    const { businessId } = call.business()
    const id = call.params.id.toLowerCase()
    return { status: 200, body: toWire(await call.read((db) => getProduct(db, businessId, id))) }
  },
})

const changeRoutes = updateRoutes(
  {
    method: 'PATCH',
    path: '/api/v1/products/{id}',
    operation: 'update-product',
    tag: 'Products',
    summary: 'Update a product',
    description: 'Only the members that are sent change; documents keep what they say.',
    scope: 'write',
    tenant: 'business',
    cost: 1,
    params: idParams,
    body: ProductChange,
    answers: { 200: ProductOut },
    errors: [
      ...writeErrors,
      'request.id_malformed',
      'validation.nothing_to_update',
      'resource.not_found',
      ...fieldErrors,
    ],
    examples: [
      {
        summary: 'A new price',
        params: { id: '$product' },
        body: { unit_price: 125 },
        status: 200,
      },
    ],
    handle: (call) =>
      call.write(
        updateProduct,
        { productId: call.params.id.toLowerCase(), changes: toChanges(call.body) },
        (product) => ({ status: 200, body: toWire(product) }),
      ),
  },
  [{ summary: 'Clear the unit', params: { id: '$product' }, body: { unit: null }, status: 200 }],
)

const deleteRoute = route({
  method: 'DELETE',
  path: '/api/v1/products/{id}',
  operation: 'delete-product',
  tag: 'Products',
  summary: 'Archive a product',
  description: 'It leaves lists and answers 404; documents keep the link to it.',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
  answers: { 204: null },
  errors: [...writeErrors, 'request.id_malformed', 'resource.not_found'],
  examples: [],
  handle: (call) =>
    call.write(archiveProduct, { productId: call.params.id.toLowerCase() }, () => ({
      status: 204,
    })),
})

export const productRoutes = [createRoute, listRoute, getRoute, ...changeRoutes, deleteRoute]

const toNewProduct = (body: Static<typeof ProductIn>): NewProduct => ({
  name: body.name,
  description: body.description ?? null,
  sku: body.sku ?? null,
  unitPrice: toText(body.unit_price, 'unit_price') ?? '0',
  currency: toCurrency(body.currency) ?? null,
  taxPercent: toText(body.tax_rate, 'tax_rate') ?? null,
  unit: body.unit ?? null,
  accountCode: body.revenue_account_code ?? null,
  externalId: body.external_id ?? null,
  metadata: body.metadata ?? {},
})

function toChanges(body: Static<typeof ProductChange>): ProductChanges {
  const { unit_price, tax_rate: rate, currency: code, metadata: texts } = body
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.description !== undefined && { description: body.description }),
    ...(body.sku !== undefined && { sku: body.sku }),
    ...(unit_price !== undefined && { unitPrice: toText(unit_price, 'unit_price') ?? '0' }),
    ...(code !== undefined && { currency: toCurrency(code ?? undefined) ?? null }),
    ...(rate !== undefined && { taxPercent: toText(rate ?? undefined, 'tax_rate') ?? null }),
    ...(body.unit !== undefined && { unit: body.unit }),
    ...(body.revenue_account_code !== undefined && { accountCode: body.revenue_account_code }),
    ...(body.external_id !== undefined && { externalId: body.external_id }),
    ...(texts !== undefined && { metadata: texts ?? {} }),
  }
}

const sortBy = sortedBy({
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  name: 'name',
  sku: 'sku',
  unit_price: 'unitPrice',
})

function toFilter(query: Static<typeof ProductQuery>): Omit<ProductFilter, 'businessId'> {
  return {
    ...toListed(query, sortBy),
    isActive: query.is_active ?? true,
    ...(query.name !== undefined && { name: query.name }),
    ...(query.sku !== undefined && { sku: query.sku }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

const toWire = (product: Product): Static<typeof ProductOut> => ({
  id: product.id,
  business_id: product.businessId,
  name: product.name,
  description: product.description,
  sku: product.sku,
  unit_price: toWireDecimal(product.unitPrice),
  currency: product.currency,
  tax_rate: product.taxPercent === null ? null : toWireDecimal(product.taxPercent),
  unit: product.unit,
  revenue_account_code: product.accountCode,
  is_active: product.archivedAt === null,
  external_id: product.externalId,
  metadata: product.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
  created_at: product.createdAt,
  updated_at: product.updatedAt,
})
