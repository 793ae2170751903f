import type { Ctx, Together } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import { loadBook } from '../ledger/book.queries.ts'
import type { LineDraft } from '../tax/line-draft.ts'
import { insertProduct, updateProductRow } from './product.db.ts'
import { findTaken, getProduct, listProductsById } from './product.queries.ts'
import { fillFromProducts, type NewProduct, type Product, type ProductChanges } from './product.ts'

/**
 * Keeps a new product.
 * Refuses, in this order: ledger.account_not_found, product.sku_taken, resource.external_id_taken.
 * Source: Invoicing specification 7.
 */
export async function createProduct(ctx: Ctx, given: NewProduct): Promise<Product> {
  const { business } = await ctx.remember(loadBook)
  const product: Product = {
    ...given,
    currency: given.currency ?? business.baseCurrency,
    ...{ id: ctx.newId('product'), businessId: ctx.businessId, archivedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt },
  }
  await requireKeepable(ctx, product)
  await insertProduct(ctx.tx, product)
  record(ctx, 'created', product)
  return product
}

/**
 * Changes what is given and leaves the rest; documents keep what they say.
 * Refuses, in this order: resource.not_found, ledger.account_not_found, product.sku_taken,
 * resource.external_id_taken.
 */
export async function updateProduct(
  ctx: Ctx,
  { productId, changes }: Readonly<{ productId: string; changes: ProductChanges }>,
): Promise<Product> {
  const { business } = await ctx.remember(loadBook)
  const before = await getProduct(ctx.tx, ctx.businessId, productId)
  const { currency, ...others } = changes
  const product: Product = {
    ...before,
    ...others,
    ...(currency !== undefined && { currency: currency ?? business.baseCurrency }),
    updatedAt: ctx.recordedAt,
  }
  await requireKeepable(ctx, product)
  await updateProductRow(ctx.tx, product)
  record(ctx, 'updated', product, before)
  return product
}

/**
 * Takes a product out of lists; documents keep the link to it.
 * Refuses: resource.not_found.
 */
export async function archiveProduct(
  ctx: Ctx,
  { productId }: Readonly<{ productId: string }>,
): Promise<void> {
  const before = await getProduct(ctx.tx, ctx.businessId, productId)
  const product = { ...before, archivedAt: ctx.now, updatedAt: ctx.recordedAt }
  await updateProductRow(ctx.tx, product)
  record(ctx, 'archived', product, before)
}

const readProducts: Together<readonly string[], ReadonlyMap<string, Product>> = async (
  ctx,
  ids,
) => {
  const products = await listProductsById(ctx.tx, ctx.businessId, [...new Set(ids.flat())])
  const productById = new Map<string, Product>(products.map((one) => [one.id, one]))
  return ids.map(() => productById)
}

/**
 * Lines with what their products say where they say nothing themselves.
 *
 * takesArchived  for lines that come from a document, which keeps its products
 * Refuses: resource.not_found.
 */
export async function withProducts(
  ctx: Ctx,
  lines: readonly LineDraft[],
  takesArchived = false,
): Promise<readonly LineDraft[]> {
  const productIds = lines.flatMap(({ productId }) => productId ?? [])
  if (productIds.length === 0) return lines
  return fillFromProducts(lines, await ctx.readTogether(readProducts, productIds), takesArchived)
}

/** Its account exists, its SKU and its external id are nobody else's. */
async function requireKeepable(ctx: Ctx, product: Product): Promise<void> {
  const { accountCode, sku, externalId } = product
  const { accountByCode } = await ctx.remember(loadBook)
  if (accountCode !== null && !accountByCode.has(accountCode)) {
    throw new Refusal('ledger.account_not_found', { account: accountCode })
  }
  const { isSkuTaken, isExternalIdTaken } = await findTaken(ctx.tx, product)
  if (isSkuTaken) throw new Refusal('product.sku_taken', { sku: sku ?? '' })
  if (isExternalIdTaken) {
    throw new Refusal('resource.external_id_taken', {
      ...{ externalId: externalId ?? '', resource: 'Product' },
    })
  }
}

function record(ctx: Ctx, what: string, product: Product, before?: Product): void {
  const resource = { resource: 'product', resourceId: product.id } as const
  ctx.audit({
    ...{ action: `product.${what}`, ...resource, after: product },
    ...(before !== undefined && { before }),
  })
  ctx.emit({ type: `sales.product.${what}`, ...resource, payload: product })
}
