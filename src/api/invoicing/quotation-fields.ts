import { type Static, Type } from 'typebox'
import { type CalendarDate, parseDate } from '../../kernel/dates.ts'
import { hostedRefOf } from '../../modules/sales/hosted-link.ts'
import type { Quotation } from '../../modules/sales/quotation.ts'
import type { ToPageUrl } from '../http/outside.ts'
import { DryRunOut } from './dry-run.ts'
import { date, metadata, nullable, toNumber, toWireDecimal, uuid } from './fields.ts'
import { draftErrors, ItemOut, toHostedUrl, toIssue, toItem } from './invoice-fields.ts'
import { WarningsOut } from './warnings.ts'

export const statuses = ['draft', 'sent', 'accepted', 'rejected', 'expired', 'converted'] as const
export const status = Type.Enum(statuses)

export const QuotationOut = Type.Object({
  id: uuid,
  business_id: uuid,
  customer_id: uuid,
  quotation_number: Type.String(),
  issue_date: date,
  valid_until: nullable(date),
  status,
  subtotal: Type.Number(),
  tax_amount: Type.Number(),
  total: Type.Number(),
  currency: Type.String(),
  created_at: Type.String(),
  items: Type.Array(ItemOut),
  notes: nullable(Type.String()),
  terms: nullable(Type.String()),
  template_type: Type.String(),
  updated_at: Type.String(),
  sent_at: nullable(Type.String()),
  accepted_at: nullable(Type.String()),
  rejected_at: nullable(Type.String()),
  decision_note: nullable(Type.String()),
  invoice_id: nullable(uuid),
  hosted_url: nullable(Type.String()),
  external_id: nullable(Type.String()),
  metadata,
  decision_name: nullable(Type.String()),
  discount_rate: Type.Number(),
  prices_include_tax: Type.Boolean(),
  exchange_rate: nullable(Type.Number()),
  purchase_order: nullable(Type.String()),
  warnings: Type.Optional(WarningsOut),
  dry_run: Type.Optional(DryRunOut),
})

export const contentErrors = [
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
  'ledger.amount_overflow',
  'sales.total_negative',
] as const

export const conversionErrors = [
  ...draftErrors,
  'sales.quotation_converted',
  'sales.quotation_expired',
  'sales.quotation_not_accepted',
] as const

export function toWire(quotation: Quotation, toPageUrl?: ToPageUrl): Static<typeof QuotationOut> {
  const { currency: code, exchangeRate } = quotation
  return {
    id: quotation.id,
    business_id: quotation.businessId,
    customer_id: quotation.customerId,
    quotation_number: quotation.number,
    issue_date: quotation.issueDate,
    valid_until: quotation.validUntil,
    status: quotation.status,
    subtotal: toNumber(quotation.subtotal, code),
    tax_amount: toNumber(quotation.tax, code),
    total: toNumber(quotation.total, code),
    currency: code,
    created_at: quotation.createdAt,
    items: quotation.lines.map((line) => toItem(line, code)),
    notes: quotation.notes,
    terms: quotation.terms,
    template_type: quotation.template ?? 'modern',
    updated_at: quotation.updatedAt,
    sent_at: quotation.sentAt,
    accepted_at: quotation.acceptedAt,
    rejected_at: quotation.rejectedAt,
    decision_note: quotation.decisionNote,
    invoice_id: quotation.invoiceId,
    hosted_url: toHostedUrl(hostedRefOf(quotation), toPageUrl),
    external_id: quotation.externalId,
    metadata: quotation.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
    decision_name: quotation.decisionName,
    discount_rate: toWireDecimal(quotation.discountPercent),
    prices_include_tax: quotation.pricesIncludeTax,
    exchange_rate: exchangeRate === null ? null : toWireDecimal(exchangeRate),
    purchase_order: quotation.purchaseOrder,
  }
}

/** The day that was given, if one was. */
export const toDate = (given: string | undefined): CalendarDate | undefined =>
  given === undefined ? undefined : parseDate(given)

/** Refuses: validation.failed. */
export function requireOrder(issueDate: CalendarDate, validUntil: CalendarDate | null): void {
  if (validUntil !== null && validUntil < issueDate) {
    throw toIssue('valid_until', 'must not be before issue_date')
  }
}
