import type { Tx } from '../../db/tx.ts'
import type { Product } from './product.ts'

/**
 * Inserts one product. A SKU or an external id in use violates `product_sku_unique` or
 * `product_external_id_unique`.
 */
export async function insertProduct(tx: Tx, product: Product): Promise<void> {
  await tx.query({
    name: 'insert_product',
    text: `
      insert into product (business_id, product_id, name, description, sku, unit_price, currency,
        tax_percent, unit, account_code, external_id, metadata, archived_at, updated_at, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    values: [...valuesOf(product), product.createdAt],
  })
}

/** Writes all fields of a product anew. */
export async function updateProductRow(tx: Tx, product: Product): Promise<void> {
  await tx.query({
    name: 'update_product',
    text: `
      update product set name = $3, description = $4, sku = $5, unit_price = $6, currency = $7,
        tax_percent = $8, unit = $9, account_code = $10, external_id = $11, metadata = $12,
        archived_at = $13, updated_at = $14
      where business_id = $1 and product_id = $2`,
    values: valuesOf(product),
  })
}

const valuesOf = (product: Product): readonly unknown[] => [
  ...[product.businessId, product.id, product.name, product.description, product.sku],
  ...[product.unitPrice, product.currency, product.taxPercent, product.unit, product.accountCode],
  ...[product.externalId, JSON.stringify(product.metadata), product.archivedAt, product.updatedAt],
]
