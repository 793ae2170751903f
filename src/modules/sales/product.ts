import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { LineDraft } from '../tax/line-draft.ts'

/** What a caller decides about a product. Numbers are exact decimals as text, prices in major units. */
export type ProductFields = Readonly<{
  name: string
  description: string | null
  sku: string | null
  unitPrice: string
  currency: string
  taxPercent: string | null
  unit: string | null
  /** The revenue account of its lines; null: the one that sales go to. */
  accountCode: string | null
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
}>

/** `currency` null: the base currency of the business. */
export type NewProduct = Omit<ProductFields, 'currency'> & Readonly<{ currency: string | null }>

/** The same for a change: null goes back to the base currency. */
export type ProductChanges = Partial<NewProduct>

export type Product = ProductFields &
  Readonly<{
    id: Id<'product'>
    businessId: Id<'business'>
    archivedAt: Instant | null
    createdAt: Instant
    updatedAt: Instant
  }>

export type ProductSort = 'createdAt' | 'updatedAt' | 'name' | 'sku' | 'unitPrice'

/** How a list of products is narrowed. Texts match a part, without regard to case. */
export type ProductFilter = Readonly<{
  businessId: Id<'business'>
  isActive: boolean
  name?: string
  sku?: string
  externalId?: string
  updatedSince?: Instant
  sort?: Readonly<{ by: ProductSort; isDescending: boolean }>
  /** Only rows that follow this one in the order of the list. */
  after?: Readonly<{ value: string | null; id: string }>
  limit: number
  offset?: number
}>

/**
 * Lines with what their products say where they say nothing themselves: the rate of tax and the
 * revenue account. An archived product is as good as none, unless `takesArchived`: lines that come
 * from a document keep it.
 * Refuses: resource.not_found.
 * Source: Invoicing specification 7.
 */
export function fillFromProducts(
  lines: readonly LineDraft[],
  productById: ReadonlyMap<string, Product>,
  takesArchived: boolean,
): readonly LineDraft[] {
  return lines.map((line) => {
    const { productId } = line
    if (productId === undefined || productId === null) return line
    const product = productById.get(productId)
    if (product === undefined || !(product.archivedAt === null || takesArchived)) {
      throw new Refusal('resource.not_found', { resource: 'Product', id: productId })
    }
    return {
      ...line,
      taxPercent: line.taxPercent ?? product.taxPercent ?? undefined,
      accountCode: line.accountCode ?? product.accountCode,
    }
  })
}
