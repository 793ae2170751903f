import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { money, toDecimalText } from '../../kernel/money.ts'
import type { BankDetail, Business, Profile } from '../access/business.ts'
import type { DocumentOptions, PrintLanguage } from '../access/document-options.ts'
import type { LineTaxCategory } from '../ledger/document.ts'

export const printedKinds = ['invoice', 'credit_note', 'quotation'] as const
export type PrintedKind = (typeof printedKinds)[number]

export const printTemplates = ['modern', 'classic', 'compact', 'letterhead', 'minimal'] as const
export type PrintTemplate = (typeof printTemplates)[number]

export const printPapers = ['a4', 'us-letter'] as const
export type PrintPaper = (typeof printPapers)[number]

/** Who stands on a document, as it was when the document was made. */
export type PrintedParty = Readonly<{
  name: string
  address: string | null
  city: string | null
  state: string | null
  postalCode: string | null
  country: string | null
  taxId: string | null
  registrationNumber: string | null
  email: string | null
  phone: string | null
  website: string | null
}>

/** Amounts are in major units with the currency's decimals; other numbers keep their digits. */
export type PrintedLine = Readonly<{
  description: string
  quantity: string
  unit: string | null
  unitPrice: string
  discountPercent: string
  taxPercent: string
  taxCategory: LineTaxCategory
  net: string
  tax: string
  /** The net of the lines before it. */
  carried: string
}>

export type PrintedTax = Readonly<{
  category: LineTaxCategory
  percent: string
  taxable: string
  amount: string
}>

/**
 * Everything that a printed document says, as plain texts: two equal inputs give equal bytes.
 * Every figure is a stored one; a renderer only sets it.
 * Source: documents specification 2.
 */
export type DocumentInput = Readonly<{
  kind: PrintedKind
  id: string
  /** Null where a draft has none yet. */
  number: string | null
  state: 'draft' | 'issued' | 'void'
  environment: 'live' | 'test'
  language: PrintLanguage
  paper: PrintPaper
  template: PrintTemplate
  /** When it was issued; of a draft, when it was changed last. */
  finalisedAt: Instant
  seller: PrintedParty
  buyer: PrintedParty
  /** SHA-256 of the seller's logo in hexadecimal digits. */
  logo: string | null
  bank: readonly BankDetail[]
  options: DocumentOptions
  dates: Readonly<{
    issue: CalendarDate
    due: CalendarDate | null
    validUntil: CalendarDate | null
  }>
  currency: string
  baseCurrency: string
  /** Base units for one unit of the currency; null where they are the same, or not known yet. */
  rate: string | null
  pricesIncludeTax: boolean
  discountPercent: string
  lines: readonly PrintedLine[]
  taxes: readonly PrintedTax[]
  /** The tax in base currency, of an issued document in another one. */
  baseTax: string | null
  totals: Readonly<{ net: string; tax: string; gross: string; rounding: string }>
  /** The invoice that is credited, or the quotation that was accepted. */
  original: Readonly<{ number: string; date: CalendarDate }> | null
  reference: string | null
  reason: string | null
  notes: string | null
  terms: string | null
  hostedUrl: string | null
}>

/** What is printed of a line: what the calculation left there. */
type StoredLine = Readonly<{
  taxCategory: LineTaxCategory
  taxPercent: string
  net: bigint
  tax: bigint
}>

/** Taxable amount and tax per category and rate, in order of first use. */
export function groupTaxes(lines: readonly StoredLine[], currency: string): readonly PrintedTax[] {
  const groups = new Map<string, { line: StoredLine; net: bigint; tax: bigint }>()
  for (const line of lines) {
    const key = `${line.taxCategory} ${line.taxPercent}`
    const { net = 0n, tax = 0n } = groups.get(key) ?? {}
    groups.set(key, { line, net: net + line.net, tax: tax + line.tax })
  }
  return [...groups.values()].map(({ line, net, tax }) => ({
    category: line.taxCategory,
    percent: line.taxPercent,
    taxable: toDecimalText(money(net, currency)),
    amount: toDecimalText(money(tax, currency)),
  }))
}

/** Letter paper where it is customary, else A4. Source: documents specification 4. */
export const paperOf = (country: string | null): PrintPaper =>
  country !== null && letterCountries.has(country) ? 'us-letter' : 'a4'

const letterCountries: ReadonlySet<string> = new Set(['US', 'CA', 'MX', 'CO', 'CL', 'PH'])

/** What is frozen of the seller when a document is issued. */
export type FrozenSeller = Pick<Business, 'name' | 'country' | 'baseCurrency'> &
  Pick<
    Profile,
    | 'address'
    | 'city'
    | 'state'
    | 'postalCode'
    | 'taxId'
    | 'registrationNumber'
    | 'email'
    | 'phone'
    | 'website'
    | 'bankDetails'
    | 'logoSha256'
    | 'documentOptions'
  >

/** The seller as documents show it: under its legal name, with where to find and to pay it. */
export function toFrozenSeller(
  business: Pick<Business, 'name' | 'legalName' | 'country' | 'baseCurrency' | 'profile'>,
): FrozenSeller {
  const { name, legalName, country, baseCurrency, profile: p } = business
  return {
    name: legalName ?? name,
    ...{ country, baseCurrency },
    ...{ address: p.address, city: p.city, state: p.state, postalCode: p.postalCode },
    ...{ taxId: p.taxId, registrationNumber: p.registrationNumber },
    ...{ email: p.email, phone: p.phone, website: p.website },
    ...{ bankDetails: p.bankDetails, logoSha256: p.logoSha256 },
    documentOptions: p.documentOptions,
  }
}
