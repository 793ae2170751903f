import { hasPart, listPage, type Page, toPattern, toWhere, type Where } from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Product, ProductFilter } from './product.ts'

const productColumns = `
  p.product_id as id, p.business_id as "businessId", p.name, p.description, p.sku,
  trim_scale(p.unit_price) as "unitPrice", p.currency, trim_scale(p.tax_percent) as "taxPercent",
  p.unit, p.account_code as "accountCode", p.external_id as "externalId", p.metadata,
  p.archived_at as "archivedAt", p.created_at as "createdAt", p.updated_at as "updatedAt"`

/** One product that is not archived. Refuses: resource.not_found. */
export async function getProduct(
  db: Db,
  businessId: Id<'business'>,
  productId: string,
): Promise<Product> {
  const [product] = await listProductsById(db, businessId, [productId])
  if (product === undefined || product.archivedAt !== null) {
    throw new Refusal('resource.not_found', { resource: 'Product', id: productId })
  }
  return product
}

/** Products by id, archived ones too; at most 5,000, those of one commit. */
export async function listProductsById(
  db: Db,
  businessId: Id<'business'>,
  productIds: readonly string[],
): Promise<readonly Product[]> {
  return await db.query<Product>({
    name: 'list_products_by_id',
    text: `select ${productColumns} from product as p
      where p.business_id = $1 and p.product_id = any ($2::uuid[])
      order by p.product_id limit 5000`,
    values: [businessId, productIds],
  })
}

/** Whether another product that is not archived has this SKU or this external id. */
export async function findTaken(
  db: Db,
  { businessId, id, sku, externalId }: Pick<Product, 'businessId' | 'id' | 'sku' | 'externalId'>,
): Promise<Readonly<{ isSkuTaken: boolean; isExternalIdTaken: boolean }>> {
  const rows = await db.query<{ sku: string | null; externalId: string | null }>({
    name: 'find_taken_product',
    text: `select sku, external_id as "externalId" from product
      where business_id = $1 and product_id <> $2 and archived_at is null
        and (sku = $3 or external_id = $4) limit 2`,
    values: [businessId, id, sku, externalId],
  })
  return {
    isSkuTaken: sku !== null && rows.some((row) => row.sku === sku),
    isExternalIdTaken: externalId !== null && rows.some((row) => row.externalId === externalId),
  }
}

const sortColumn = {
  createdAt: 'p.created_at',
  updatedAt: 'p.updated_at',
  name: 'p.name',
  sku: 'p.sku',
  unitPrice: 'p.unit_price',
} as const

/**
 * A page of products and the number of all that match. Newest first unless asked otherwise, ties by
 * id, those without a value last; at most `limit`.
 */
export async function listProducts(db: Db, filter: ProductFilter): Promise<Page<Product>> {
  const { values, where } = whereOf(filter)
  const standing = `p.archived_at is ${filter.isActive ? '' : 'not '}null`
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  return await listPage<Product>(db, {
    rows: `select ${productColumns} from product as p where p.business_id = $1 and ${standing}${where}`,
    matches: `select 1 from product as p where p.business_id = $1 and ${standing}${where}`,
    values,
    order: { column: sortColumn[by], id: 'p.product_id', isDescending, canBeEmpty: by === 'sku' },
    window: filter,
  })
}

const whereOf = (filter: ProductFilter): Where =>
  toWhere(
    [filter.businessId],
    [
      [toPattern(filter.name), hasPart('p.name')],
      [toPattern(filter.sku), hasPart('p.sku')],
      [filter.externalId, (place) => `p.external_id = ${place}`],
      [filter.updatedSince, (place) => `p.updated_at >= ${place}`],
    ],
  )
