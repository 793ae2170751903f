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
export async function listProducts(
  db: Db,
  filter: ProductFilter,
): Promise<Readonly<{ rows: readonly Product[]; total: number }>> {
  const { values, conditions } = whereOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const direction = isDescending ? 'desc' : 'asc'
  const where = conditions.join(' and ')
  const follows = followsOf(filter, values.length)
  const rows = await db.query<Product>({
    text: `
      select ${productColumns} from product as p
      where p.business_id = $1 and ${where}${follows.condition}
      order by ${sortColumn[by]} ${direction} nulls last, p.product_id ${direction}
      limit $${values.length + 1} offset $${values.length + 2}`,
    values: [...values, filter.limit, filter.offset ?? 0, ...follows.values],
  })
  const isWhole = rows.length < filter.limit && (filter.offset ?? 0) === 0
  if (isWhole && filter.after === undefined) return { rows, total: rows.length }
  const [count] = await db.query<{ total: number }>({
    text: `select count(*)::int as total from product as p where p.business_id = $1 and ${where}`,
    values,
  })
  return { rows, total: count?.total ?? 0 }
}

/** The rows behind the one that a page ended with; their values follow limit and offset. */
function followsOf(
  { after, sort }: ProductFilter,
  count: number,
): Readonly<{ condition: string; values: readonly string[] }> {
  if (after === undefined) return { condition: '', values: [] }
  const { by, isDescending } = sort ?? { by: 'createdAt', isDescending: true }
  const [column, than] = [sortColumn[by], isDescending ? '<' : '>']
  const [id, value] = [`$${count + 3}::uuid`, `$${count + 4}`]
  if (after.value === null) {
    return {
      condition: ` and ${column} is null and p.product_id ${than} ${id}`,
      values: [after.id],
    }
  }
  const ties = `(${column} = ${value} and p.product_id ${than} ${id})`
  return {
    condition: ` and (${column} ${than} ${value} or ${ties} or ${column} is null)`,
    values: [after.id, after.value],
  }
}

type Where = Readonly<{ values: readonly unknown[]; conditions: readonly string[] }>

function whereOf(filter: ProductFilter): Where {
  const values: unknown[] = [filter.businessId]
  const conditions = [`p.archived_at is ${filter.isActive ? '' : 'not '}null`]
  const add = (value: unknown, toCondition: (place: string) => string): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(toCondition(`$${values.length}`))
  }
  add(toPattern(filter.name), (place) => `p.name ilike ${place}`)
  add(toPattern(filter.sku), (place) => `p.sku ilike ${place}`)
  add(filter.externalId, (place) => `p.external_id = ${place}`)
  add(filter.updatedSince, (place) => `p.updated_at >= ${place}`)
  return { values, conditions }
}

/** A text as a pattern that matches any part; what the pattern language reserves is escaped. */
const toPattern = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : `%${text.replace(/[\\%_]/g, '\\$&')}%`
