import { type Static, Type } from 'typebox'
import { parseCurrency } from '../../kernel/currency.ts'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { formatDecimal, parseDecimal } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { HostedRef } from '../../modules/sales/hosted-link.ts'
import type { Invoice, InvoiceDraft } from '../../modules/sales/invoice.ts'
import type { ToPageUrl } from '../http/outside.ts'
import { DryRunOut } from './dry-run.ts'
import {
  amountMax,
  currency,
  date,
  externalId,
  longText,
  metadata,
  name,
  nullable,
  number,
  percent,
  text,
  toCurrency,
  toNumber,
  toWireDecimal,
  uuid,
} from './fields.ts'
import { categoryByCode, codeByCategory, taxCategory } from './tax-categories.ts'
import { WarningsOut } from './warnings.ts'

/** Source: Invoicing specification 1. */
export const itemsMax = 500

export const statuses = ['draft', 'sent', 'paid', 'overdue', 'cancelled'] as const
export const templates = ['modern', 'classic', 'compact', 'letterhead', 'minimal'] as const
export const status = Type.Enum(statuses)
export const rate = number({ decimalsMax: 10, exclusiveMinimum: 0 })

const template = Type.Enum(templates)

/** What invoices and quotations say of themselves beside parties, dates and items. */
export const contentIn = {
  currency: Type.Optional(currency),
  notes: Type.Optional(longText),
  terms: Type.Optional(longText),
  template_type: Type.Optional(template),
  exchange_rate: Type.Optional(rate),
  prices_include_tax: Type.Optional(Type.Boolean()),
  discount_rate: Type.Optional(percent),
  purchase_order: Type.Optional(text()),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
}

/** The same of an update, where null clears. */
export const contentChange = {
  currency: Type.Optional(currency),
  notes: Type.Optional(nullable(longText)),
  terms: Type.Optional(nullable(longText)),
  template_type: Type.Optional(nullable(template)),
  exchange_rate: Type.Optional(nullable(rate)),
  prices_include_tax: Type.Optional(nullable(Type.Boolean())),
  discount_rate: Type.Optional(nullable(percent)),
  purchase_order: Type.Optional(nullable(text())),
  external_id: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(nullable(metadata)),
}

const Content = Type.Object(contentIn)
const ContentChange = Type.Object(contentChange)

const ItemIn = Type.Object({
  description: name,
  quantity: number({ decimalsMax: 6, notZero: true }),
  unit_price: number({ decimalsMax: 10, minimum: 0, maximum: amountMax }),
  tax_rate: Type.Optional(percent),
  product_id: Type.Optional(uuid),
  discount_rate: Type.Optional(percent),
  tax_category: Type.Optional(taxCategory),
  revenue_account_code: Type.Optional(text()),
  unit: Type.Optional(text()),
})

export const items = Type.Array(ItemIn, { minItems: 1, maxItems: itemsMax })

export const ItemOut = Type.Object({
  description: Type.String(),
  quantity: Type.Number(),
  unit_price: Type.Number(),
  tax_rate: Type.Number(),
  product_id: nullable(uuid),
  discount_rate: Type.Number(),
  id: uuid,
  tax_category: taxCategory,
  revenue_account_code: Type.String(),
  unit: nullable(Type.String()),
  amount: Type.Number({ description: 'Net of discounts and tax' }),
  tax_amount: Type.Number(),
})

export const InvoiceOut = Type.Object({
  id: uuid,
  business_id: uuid,
  customer_id: uuid,
  invoice_number: Type.String(),
  issue_date: date,
  due_date: nullable(date),
  status,
  subtotal: Type.Number(),
  tax_amount: Type.Number(),
  total: Type.Number(),
  currency: Type.String(),
  notes: nullable(Type.String()),
  terms: nullable(Type.String()),
  template_type: Type.String(),
  created_at: Type.String(),
  updated_at: Type.String(),
  items: Type.Array(ItemOut),
  amount_paid: Type.Number(),
  amount_credited: Type.Number(),
  amount_due: Type.Number(),
  discount_rate: Type.Number(),
  prices_include_tax: Type.Boolean(),
  exchange_rate: nullable(Type.Number()),
  purchase_order: nullable(Type.String()),
  quotation_id: nullable(uuid),
  recurring_invoice_id: nullable(uuid),
  sent_at: nullable(Type.String()),
  paid_at: nullable(Type.String()),
  cancelled_at: nullable(Type.String()),
  hosted_url: nullable(Type.String()),
  external_id: nullable(Type.String()),
  metadata,
  warnings: Type.Optional(WarningsOut),
  dry_run: Type.Optional(DryRunOut),
})

export const draftErrors = [
  'tax.category_mismatch',
  'validation.items_incomplete',
  'resource.not_found',
  'party.archived',
  'resource.number_taken',
  'resource.external_id_taken',
  'resource.invalid_transition',
  'ledger.account_not_found',
  'ledger.account_is_control',
  'ledger.account_inactive',
  'ledger.account_is_group',
  'ledger.account_currency_mismatch',
  'ledger.amount_overflow',
  'ledger.balance_out_of_range',
  'ledger.rate_missing',
  'ledger.rate_out_of_range',
  'ledger.date_too_far',
  'ledger.period_closed',
  'ledger.period_locked',
  'tax.return_filed',
  'sales.total_negative',
] as const

export function toLine(item: Static<typeof ItemIn>, index: number): InvoiceDraft['lines'][number] {
  const at = (member: string): string => `items[${index}].${member}`
  return {
    description: item.description,
    quantity: toText(item.quantity, at('quantity')) ?? '0',
    unitPrice: toText(item.unit_price, at('unit_price')) ?? '0',
    discountPercent: toText(item.discount_rate ?? 0, at('discount_rate')) ?? '0',
    taxPercent: toText(item.tax_rate, at('tax_rate')),
    taxCategory: item.tax_category && codeByCategory[item.tax_category],
    productId: item.product_id?.toLowerCase(),
    accountCode: item.revenue_account_code,
    unit: item.unit,
  }
}

/** The members of `contentIn`; what is absent has its default, or waits for that of the business. */
export const toContent = (body: Static<typeof Content>) => ({
  ...(body.currency !== undefined && { currency: parseCurrency(body.currency) }),
  ...(body.notes !== undefined && { notes: body.notes }),
  ...(body.terms !== undefined && { terms: body.terms }),
  template: body.template_type ?? 'modern',
  exchangeRate: toText(body.exchange_rate, 'exchange_rate'),
  pricesIncludeTax: body.prices_include_tax ?? false,
  discountPercent: toText(body.discount_rate ?? 0, 'discount_rate') ?? '0',
  purchaseOrder: body.purchase_order ?? null,
  externalId: body.external_id ?? null,
  metadata: body.metadata ?? {},
})

/** Who, when and what, as an update of an invoice or a quotation names them. */
type HeadChange = Readonly<{
  customer_id?: string
  issue_date?: string
  items?: Static<typeof items>
}>

/** The members that were sent of these and of `contentChange`; null goes back to the default. */
export function toContentChanges(body: Static<typeof ContentChange> & HeadChange) {
  const { template_type, discount_rate, metadata: texts } = body
  const { notes, terms, purchase_order, external_id } = body
  return {
    ...(body.currency !== undefined && { currency: toCurrency(body.currency) ?? 'USD' }),
    ...(notes !== undefined && { notes }),
    ...(terms !== undefined && { terms }),
    ...(template_type !== undefined && { template: template_type ?? 'modern' }),
    ...(body.exchange_rate !== undefined && {
      exchangeRate: toText(body.exchange_rate ?? undefined, 'exchange_rate'),
    }),
    ...(body.prices_include_tax !== undefined && {
      pricesIncludeTax: body.prices_include_tax ?? false,
    }),
    ...(discount_rate !== undefined && {
      discountPercent: toText(discount_rate ?? 0, 'discount_rate') ?? '0',
    }),
    ...(purchase_order !== undefined && { purchaseOrder: purchase_order }),
    ...(external_id !== undefined && { externalId: external_id }),
    ...(texts !== undefined && { metadata: texts ?? {} }),
    ...(body.customer_id !== undefined && { customerId: body.customer_id.toLowerCase() }),
    ...(body.issue_date !== undefined && { issueDate: parseDate(body.issue_date) }),
    ...(body.items !== undefined && { lines: body.items.map(toLine) }),
  }
}

/** Members that the queries of invoices and of quotations share. */
type DocumentQuery = Readonly<{
  customer_id?: string
  currency?: string
  issue_date_from?: string
  issue_date_to?: string
  min_total?: number
  max_total?: number
  external_id?: string
}>

/** What of them was sent. */
export function toDocumentFilter(query: DocumentQuery) {
  const { min_total: min, max_total: max, issue_date_from: from, issue_date_to: to } = query
  return {
    ...(query.customer_id !== undefined && { customerId: query.customer_id }),
    ...(query.currency !== undefined && { currency: query.currency.toUpperCase() }),
    ...(from !== undefined && { issueDateFrom: parseDate(from) }),
    ...(to !== undefined && { issueDateTo: parseDate(to) }),
    ...(min !== undefined && { minTotal: toText(min, 'min_total') ?? '0' }),
    ...(max !== undefined && { maxTotal: toText(max, 'max_total') ?? '0' }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

export const toText = (value: number | undefined, field: string): string | undefined =>
  value === undefined ? undefined : formatDecimal(parseDecimal(value, field))

export function requireOrder(issueDate: CalendarDate, dueDate: CalendarDate | null): void {
  if (dueDate !== null && dueDate < issueDate) {
    throw toIssue('due_date', 'must not be before issue_date')
  }
}

export const toIssue = (path: string, message: string): Refusal =>
  new Refusal('validation.failed', {
    issues: [{ pointer: `/${path}`, path, rule: 'order', message }],
  })

export function toWire(invoice: Invoice, toPageUrl?: ToPageUrl): Static<typeof InvoiceOut> {
  const { currency: code } = invoice
  return {
    id: invoice.id,
    business_id: invoice.businessId,
    customer_id: invoice.customerId,
    invoice_number: invoice.number,
    issue_date: invoice.issueDate,
    due_date: invoice.dueDate,
    status: invoice.status,
    subtotal: toNumber(invoice.subtotal, code),
    tax_amount: toNumber(invoice.tax, code),
    total: toNumber(invoice.total, code),
    currency: code,
    notes: invoice.notes,
    terms: invoice.terms,
    template_type: invoice.template ?? 'modern',
    created_at: invoice.createdAt,
    updated_at: invoice.updatedAt,
    items: invoice.lines.map((line) => toItem(line, code)),
    amount_paid: toNumber(invoice.amountPaid, code),
    amount_credited: toNumber(invoice.amountCredited, code),
    amount_due: toNumber(invoice.amountDue, code),
    discount_rate: toWireDecimal(invoice.discountPercent),
    prices_include_tax: invoice.pricesIncludeTax,
    exchange_rate: invoice.exchangeRate === null ? null : toWireDecimal(invoice.exchangeRate),
    purchase_order: invoice.purchaseOrder,
    quotation_id: invoice.quotationId ?? null,
    recurring_invoice_id: invoice.recurringId ?? null,
    sent_at: invoice.sentAt,
    paid_at: invoice.paidAt,
    cancelled_at: invoice.cancelledAt,
    hosted_url: toHostedUrl(invoice.page, toPageUrl),
    external_id: invoice.externalId,
    metadata: invoice.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
  }
}

/** The address of a page; null where there is none. */
export const toHostedUrl = (
  page: HostedRef | null | undefined,
  toPageUrl: ToPageUrl | undefined,
): string | null =>
  page && toPageUrl !== undefined ? toPageUrl(page.documentId, page.generation) : null

export const toItem = (line: Invoice['lines'][number], code: string): Static<typeof ItemOut> => ({
  description: line.description,
  quantity: toWireDecimal(line.quantity),
  unit_price: toWireDecimal(line.unitPrice),
  tax_rate: toWireDecimal(line.taxPercent),
  product_id: line.productId,
  discount_rate: toWireDecimal(line.discountPercent),
  id: line.id,
  tax_category: categoryByCode[line.taxCategory],
  revenue_account_code: line.accountCode,
  unit: line.unit,
  amount: toNumber(line.net, code),
  tax_amount: toNumber(line.tax, code),
})
