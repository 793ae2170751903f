import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { type FieldPlace, privateMembers } from '../../kernel/secret-place.ts'
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

type Details = DocumentHead['details']

/** Members of `details` that say who the other side is, as it was frozen. */
const frozenParties = ['customer', 'supplier'] as const

/** Details without personal data of the other side, and that alone; undefined: there is none. */
export function splitDetails(
  details: Details,
): Readonly<{ shown: Details; personal: Details | undefined }> {
  const shown: Record<string, unknown> = { ...details }
  const personal: Record<string, unknown> = {}
  for (const name of frozenParties) {
    const members = Object.entries(Object(details[name]))
    const own = members.filter(([member, value]) => isPrivate(member) && value !== null)
    if (own.length === 0) continue
    shown[name] = Object.fromEntries(members.filter((one) => !own.includes(one)))
    personal[name] = Object.fromEntries(own)
  }
  return { shown, personal: Object.keys(personal).length === 0 ? undefined : personal }
}

/** Details as they were before `splitDetails`. */
export const joinDetails = (shown: Details, personal: Details): Details => ({
  ...shown,
  ...Object.fromEntries(
    Object.entries(personal).map(([name, own]) => [
      name,
      { ...Object(shown[name]), ...Object(own) },
    ]),
  ),
})

const isPrivate = (name: string): boolean => privateMembers.some((member) => member === name)

/** Where personal data of a document's other side lies sealed. */
export const placeOfDocument = (documentId: string): FieldPlace => ({
  table: 'document',
  column: 'sealed_party',
  rowId: documentId,
})

/** Where what a document said at one of its versions lies sealed. */
export const placeOfVersion = (documentId: string, version: bigint): FieldPlace => ({
  table: 'document_version',
  column: 'sealed_snapshot',
  rowId: `${documentId} ${version}`,
})
