import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { BankDetail, Business } from '../access/business.ts'
import type { Document, DocumentKind, DocumentLine } from '../ledger/document.ts'
import type { SettleableItem } from '../ledger/open-item.ts'
import { type HostedLink, linkOf } from './hosted-link.ts'
import { statusOf } from './invoice.ts'

/** Documents that have a page for their customer. */
export type HostedKind = Extract<DocumentKind, 'invoice' | 'quotation'>

export type HostedStatus =
  | 'sent'
  | 'overdue'
  | 'paid'
  | 'cancelled'
  | 'accepted'
  | 'rejected'
  | 'expired'
  | 'converted'

/** Who sells, or who buys, as it was when the document was issued. */
export type HostedParty = Readonly<{
  name: string
  address: string | null
  city: string | null
  state: string | null
  postalCode: string | null
  country: string | null
  taxId: string | null
}>

export type HostedSeller = HostedParty &
  Readonly<{
    registrationNumber: string | null
    email: string | null
    phone: string | null
    website: string | null
    bankDetails: readonly BankDetail[]
  }>

/** Tax of one rate: minor units, summed over the lines. */
export type HostedTax = Readonly<{
  percent: string
  category: DocumentLine['taxCategory']
  net: bigint
  tax: bigint
}>

/**
 * What a customer may see of an issued document, on its page and in the message that brings it.
 * Amounts are minor units of `currency`. For a quotation `dueDate` is the last day it holds.
 */
export type HostedDocument = Readonly<{
  kind: HostedKind
  id: Document['id']
  businessId: Document['businessId']
  number: string
  status: HostedStatus
  isTest: boolean
  issueDate: CalendarDate
  dueDate: CalendarDate | null
  currency: string
  lines: readonly Pick<
    DocumentLine,
    'description' | 'quantity' | 'unit' | 'unitPrice' | 'discountPercent' | 'taxPercent' | 'net'
  >[]
  taxes: readonly HostedTax[]
  subtotal: bigint
  tax: bigint
  total: bigint
  paid: bigint
  credited: bigint
  due: bigint
  reference: string | null
  notes: string | null
  terms: string | null
  seller: HostedSeller
  buyer: HostedParty
  link: HostedLink
  decidedAt: Instant | null
}>

type Known = Readonly<{
  business: Business
  /** The seller as the document froze it. */
  seller: Readonly<Record<string, unknown>>
  item: SettleableItem | undefined
  today: CalendarDate
}>

/** The page's view of a document that was issued; undefined: nobody may see it. */
export function toHosted(document: Document, known: Known): HostedDocument | undefined {
  const { lifecycle, details, total, kind, number } = document
  const frozen = details['customer']
  const isHosted = kind === 'invoice' || kind === 'quotation'
  if (!isHosted || lifecycle === 'draft' || !isRecord(frozen) || number === null) return undefined
  const { business, item, today } = known
  const due = lifecycle === 'void' ? 0n : (item?.openAmount ?? (kind === 'quotation' ? total : 0n))
  const credited = item?.creditedAmount ?? 0n
  const decidedAt = details['acceptedAt'] ?? details['rejectedAt']
  return {
    kind,
    number,
    ...pickShared(document),
    status: kind === 'invoice' ? toInvoiceStatus(document, due, today) : toQuoted(document, today),
    isTest: business.environment === 'test',
    taxes: toTaxes(document.lines),
    due,
    credited,
    paid: item === undefined ? 0n : item.originalAmount - item.openAmount - credited,
    seller: toSeller(known.seller, business),
    buyer: toParty(frozen),
    link: linkOf(document),
    decidedAt: typeof decidedAt === 'string' ? (decidedAt as Instant) : null, // an instant of ours
  }
}

const pickShared = (d: Document) => ({
  ...{ id: d.id, businessId: d.businessId, issueDate: d.issueDate, dueDate: d.dueDate },
  ...{ currency: d.currency, lines: d.lines, subtotal: d.subtotal, tax: d.tax, total: d.total },
  ...{ reference: d.reference, notes: d.notes, terms: d.terms },
})

function toInvoiceStatus(
  { lifecycle, dueDate }: Document,
  amountDue: bigint,
  today: CalendarDate,
): HostedStatus {
  const status = statusOf({ lifecycle, amountDue, dueDate }, today)
  return status === 'draft' ? 'sent' : status
}

function toQuoted({ details, dueDate, lifecycle }: Document, today: CalendarDate): HostedStatus {
  if (lifecycle === 'void') return 'cancelled'
  const { status } = details
  if (status === 'accepted' || status === 'rejected' || status === 'converted') return status
  return dueDate !== null && dueDate < today ? 'expired' : 'sent'
}

/** Per rate and category in order of first use; lines carry their share of the rounded tax. */
function toTaxes(lines: readonly DocumentLine[]): readonly HostedTax[] {
  const taxByRate = new Map<string, HostedTax>()
  for (const { taxPercent: percent, taxCategory: category, net, tax } of lines) {
    const key = `${category} ${percent}`
    const sum = taxByRate.get(key) ?? { percent, category, net: 0n, tax: 0n }
    taxByRate.set(key, { ...sum, net: sum.net + net, tax: sum.tax + tax })
  }
  return [...taxByRate.values()]
}

/** What the document froze wins; what it did not is what the business says now. */
function toSeller(
  frozen: Readonly<Record<string, unknown>>,
  { name, legalName, country, profile }: Business,
): HostedSeller {
  const now = { ...profile, name: legalName ?? name, country }
  const { bankDetails } = { ...now, ...frozen } as Pick<HostedSeller, 'bankDetails'> // frozen from the same profile
  const text = (member: keyof typeof now): string | null =>
    textOf(member in frozen ? frozen[member] : now[member])
  return {
    ...toParty({ ...now, ...frozen }),
    registrationNumber: text('registrationNumber'),
    email: text('email'),
    phone: text('phone'),
    website: text('website'),
    bankDetails,
  }
}

const toParty = (frozen: Readonly<Record<string, unknown>>): HostedParty => ({
  name: textOf(frozen['name']) ?? '',
  address: textOf(frozen['address']),
  city: textOf(frozen['city']),
  state: textOf(frozen['state']),
  postalCode: textOf(frozen['postalCode']),
  country: textOf(frozen['country']),
  taxId: textOf(frozen['taxId']),
})

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
