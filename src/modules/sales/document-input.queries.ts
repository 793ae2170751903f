import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { money, toDecimalText } from '../../kernel/money.ts'
import { getBusiness } from '../access/business.queries.ts'
import { firstOptions, type PrintLanguage } from '../access/document-options.ts'
import { findDocument, listVersionEnds } from '../ledger/document.queries.ts'
import { type Document, toImage } from '../ledger/document.ts'
import { getParty } from '../parties/party.queries.ts'
import {
  type DocumentInput,
  type FrozenSeller,
  groupTaxes,
  type PrintedKind,
  type PrintedParty,
  type PrintPaper,
  paperOf,
  printTemplates,
  toFrozenSeller,
} from './document-input.ts'
import { type HostedRef, hostedRefOf } from './hosted-link.ts'

/** Which document is wanted, and how; what is left out follows from the document. */
export type PrintOrder = Readonly<{
  kind: PrintedKind
  documentId: string
  language?: PrintLanguage | undefined
  paper?: PrintPaper | undefined
}>

type Owner = Readonly<{ organizationId: Id<'organization'>; businessId: Id<'business'> }>

const resourceOf = {
  invoice: 'Invoice',
  credit_note: 'Credit note',
  quotation: 'Quotation',
} as const

/**
 * All that a printed document says, but for the address of its page, which `page` names. An issued
 * document speaks from what was frozen when it was issued and when it was changed last; a draft
 * from what is true now.
 * Refuses: resource.not_found.
 * Source: documents specification 0, rule 3.
 */
export async function getDocumentInput(
  db: Db,
  { organizationId, businessId }: Owner,
  { kind, documentId, language, paper }: PrintOrder,
): Promise<Readonly<{ input: DocumentInput; page: HostedRef | null }>> {
  const document = await findDocument(db, businessId, kind, documentId)
  if (document === undefined) {
    throw new Refusal('resource.not_found', { resource: resourceOf[kind], id: documentId })
  }
  const business = await getBusiness(db, organizationId, businessId)
  const { first, last } = await readVersions(db, document)
  const shown = last?.document ?? toPrinted(document)
  const own = document.details as OwnDetails // as quotations freeze them
  const seller = first?.seller ?? own.seller ?? toFrozenSeller(business)
  const options = { ...firstOptions, ...seller.documentOptions }
  const buyer = first?.customer ?? (await buyerOf(db, document))
  const input: DocumentInput = {
    kind,
    id: document.id,
    number: shown.number,
    state: stateOf(document),
    environment: business.environment,
    language: language ?? buyer.language ?? options.language,
    paper: paper ?? paperOf(seller.country),
    template: printTemplates.find((known) => known === shown.template) ?? 'modern',
    finalisedAt: first?.document.updatedAt ?? own.issuedAt ?? shown.updatedAt,
    seller: toParty(seller),
    buyer: toParty(buyer),
    logo: seller.logoSha256 ?? null,
    bank: seller.bankDetails ?? [],
    options,
    ...(await figuresOf(db, document, { shown, seller })),
    original: await originalOf(db, document),
    hostedUrl: null,
  }
  return { input, page: kind === 'credit_note' ? null : hostedRefOf(document) }
}

/** A document as it is frozen: whole numbers are texts, because JSON has none that are exact. */
type Printed = Pick<
  Document,
  | 'number'
  | 'issueDate'
  | 'dueDate'
  | 'currency'
  | 'rate'
  | 'pricesIncludeTax'
  | 'discountPercent'
  | 'reference'
  | 'notes'
  | 'terms'
  | 'template'
> &
  Readonly<{
    updatedAt: Instant
    subtotal: string
    tax: string
    rounding: string
    total: string
    lines: readonly (Omit<Document['lines'][number], 'net' | 'tax'> &
      Readonly<{ net: string; tax: string }>)[]
  }>

/** The same members and the same texts, whether the document was frozen or not. */
const toPrinted = (document: Document): Printed => toImage(document) as unknown as Printed // an image differs in its whole numbers alone

type Frozen = Readonly<{
  document: Printed
  seller?: Partial<FrozenSeller> & Pick<FrozenSeller, 'name' | 'country' | 'baseCurrency'>
  customer?: Partial<PrintedParty> &
    Pick<PrintedParty, 'name'> &
    Readonly<{ language?: PrintLanguage | null }>
}>

/** What a quotation, which has no versions, froze of itself when it went out. */
type OwnDetails = Readonly<{ seller?: Frozen['seller']; issuedAt?: Instant }>

/** What was frozen first, which says who took part, and what was frozen last. */
async function readVersions(
  db: Db,
  { businessId, id }: Document,
): Promise<Readonly<{ first: Frozen | undefined; last: Frozen | undefined }>> {
  const ends = await listVersionEnds(db, businessId, id)
  const [first, last = first] = ends.map((text) => JSON.parse(text) as Frozen) // written by `keepVersion`
  return { first, last }
}

/** A document that was cancelled before it was issued counts as void, as an issued one does. */
function stateOf({ lifecycle }: Document): DocumentInput['state'] {
  if (lifecycle === 'open') return 'issued'
  return lifecycle
}

type Said = Readonly<{ shown: Printed; seller: Partial<FrozenSeller> }>

async function figuresOf(db: Db, document: Document, { shown, seller }: Said) {
  const { currency, issueDate: issue, dueDate, rate, notes } = shown
  const baseCurrency = seller.baseCurrency ?? currency
  const isForeign = currency !== baseCurrency
  const amount = (minor: string): string => toDecimalText(money(BigInt(minor), currency))
  const isQuotation = document.kind === 'quotation'
  const isCredit = document.kind === 'credit_note'
  const carried = carriedOf(shown.lines)
  return {
    dates: {
      issue,
      due: isQuotation || isCredit ? null : dueDate,
      validUntil: isQuotation ? dueDate : null,
    },
    ...{ currency, baseCurrency },
    rate: isForeign ? rate : null,
    pricesIncludeTax: shown.pricesIncludeTax,
    discountPercent: shown.discountPercent,
    lines: shown.lines.map((line, index) => ({
      description: line.description,
      ...{ quantity: line.quantity, unit: line.unit, unitPrice: line.unitPrice },
      ...{ discountPercent: line.discountPercent },
      ...{ taxPercent: line.taxPercent, taxCategory: line.taxCategory },
      ...{ net: amount(line.net), tax: amount(line.tax) },
      carried: amount(`${carried[index] ?? 0n}`),
    })),
    taxes: groupTaxes(
      shown.lines.map((line) => ({ ...line, net: BigInt(line.net), tax: BigInt(line.tax) })),
      currency,
    ),
    baseTax: isForeign ? await baseTaxOf(db, document, baseCurrency) : null,
    totals: {
      ...{ net: amount(shown.subtotal), tax: amount(shown.tax) },
      ...{ gross: amount(shown.total), rounding: amount(shown.rounding) },
    },
    reference: shown.reference,
    reason: isCredit ? notes : null,
    notes: isCredit ? null : notes,
    terms: shown.terms,
  }
}

/** The net of all lines before each, in minor units. */
function carriedOf(lines: Printed['lines']): readonly bigint[] {
  let sum = 0n
  return lines.map(({ net }) => {
    const before = sum
    sum += BigInt(net)
    return before
  })
}

/** The tax that an issued document has posted, in base currency; null where it posted nothing. */
async function baseTaxOf(
  db: Db,
  { businessId, entryId }: Document,
  baseCurrency: string,
): Promise<string | null> {
  if (entryId === null) return null
  const [row] = await db.query<{ base: bigint | null }>({
    name: 'sum_output_tax_of_entry',
    text: `select abs(sum(base_amount))::bigint as base from journal_line
      where business_id = $1 and entry_id = $2 and tax_tag = 'output'`,
    values: [businessId, entryId],
  })
  return toDecimalText(money(row?.base ?? 0n, baseCurrency))
}

/** The invoice that a credit note corrects, or the quotation that an invoice came from. */
async function originalOf(
  db: Db,
  { businessId, kind, sourceDocumentId }: Document,
): Promise<DocumentInput['original']> {
  if (sourceDocumentId === null) return null
  const [row] = await db.query<{ number: string; date: CalendarDate }>({
    name: 'find_original_of_document',
    text: `select number, issue_date as date from document
      where business_id = $1 and document_id = $2 and kind = $3 and number is not null`,
    values: [businessId, sourceDocumentId, kind === 'credit_note' ? 'invoice' : 'quotation'],
  })
  return row ?? null
}

async function buyerOf(
  db: Db,
  { businessId, partyId, details }: Document,
): Promise<NonNullable<Frozen['customer']>> {
  const frozen = details['customer'] as Frozen['customer'] // as it was frozen at issue
  if (frozen !== undefined) return frozen
  assert(partyId !== null, 'a printed document has a customer')
  const party = await getParty(db, businessId, partyId, 'customer')
  const { name, address, city, state, country, postalCode, taxId, language } = party
  return { name, address, city, state, country, postalCode, taxId, language }
}

const toParty = (known: Partial<PrintedParty> & Pick<PrintedParty, 'name'>): PrintedParty => ({
  name: known.name,
  address: known.address ?? null,
  city: known.city ?? null,
  state: known.state ?? null,
  postalCode: known.postalCode ?? null,
  country: known.country ?? null,
  taxId: known.taxId ?? null,
  registrationNumber: known.registrationNumber ?? null,
  email: known.email ?? null,
  phone: known.phone ?? null,
  website: known.website ?? null,
})
