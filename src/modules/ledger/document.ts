import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { NumberSurface } from './number-series.ts'

export type DocumentKind =
  | 'invoice'
  | 'credit_note'
  | 'receipt'
  | 'bill'
  | 'supplier_credit'
  | 'bill_payment'
  | 'expense'
  | 'quotation'

export type Lifecycle = 'draft' | 'open' | 'void'

/** S standard, Z zero rated, E exempt, AE reverse charge, K intra-community, G export, O outside. */
export type LineTaxCategory = 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O'

/**
 * What all documents share. Amounts are minor units of `currency`, `baseTotal` of the base
 * currency; `rate` is base per one unit, frozen at issue. `details` holds what one kind alone has.
 */
export type DocumentHead = Readonly<{
  id: Id<'document'>
  businessId: Id<'business'>
  kind: DocumentKind
  surface: NumberSurface
  lifecycle: Lifecycle
  number: string | null
  partyId: Id<'party'> | null
  issueDate: CalendarDate
  dueDate: CalendarDate | null
  currency: string
  rate: string | null
  rateSource: string | null
  pricesIncludeTax: boolean
  discountPercent: string
  subtotal: bigint
  tax: bigint
  rounding: bigint
  total: bigint
  baseTotal: bigint | null
  reference: string | null
  notes: string | null
  terms: string | null
  template: string | null
  sourceDocumentId: Id<'document'> | null
  externalId: string | null
  metadata: Readonly<Record<string, unknown>>
  details: Readonly<Record<string, unknown>>
  /** The calculation it was issued with, as JSON text. */
  calculation: string | null
  entryId: Id<'entry'> | null
  voidEntryId: Id<'entry'> | null
  voidReason: string | null
  sentAt: Instant | null
  paidAt: Instant | null
  voidedAt: Instant | null
  createdAt: Instant
  updatedAt: Instant
  version: bigint
}>

/** Quantities, prices and percents are exact decimals as text; `net` and `tax` minor units. */
export type DocumentLine = Readonly<{
  id: Id<'line'>
  description: string
  quantity: string
  unitPrice: string
  discountPercent: string
  taxPercent: string
  taxCategory: LineTaxCategory
  productId: string | null
  accountId: Id<'account'>
  accountCode: string
  unit: string | null
  net: bigint
  tax: bigint
}>

export type Document = DocumentHead & Readonly<{ lines: readonly DocumentLine[] }>

/** A document's facts as plain JSON values, amounts as text: for events, audit and snapshots. */
export function toImage(value: object): Readonly<Record<string, unknown>> {
  return JSON.parse(toImageText(value)) as Readonly<Record<string, unknown>> // what was just written
}

/** The same as one text, the form that is digested. */
export const toImageText = (value: object): string =>
  JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
