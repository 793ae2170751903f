import { type Static, Type } from 'typebox'
import { toPrefixed } from '../../kernel/ids.ts'
import type { Invoice, InvoiceFilter } from '../../modules/sales/invoice.ts'
import type { ToPageUrl } from '../http/outside.ts'
import {
  dateOut,
  instant,
  kobo,
  major,
  metadata,
  nullable,
  toDateOut,
  toKobo,
  toMajor,
} from './fields.ts'
import { isTaxable, vatPercentOf } from './invoice-body.ts'

/** Source: Books specification 9.1. */
export const statuses = [
  'draft',
  'cancelled',
  'paid',
  'overdue',
  'partially_paid',
  'sent',
  'unsent',
] as const
type Status = (typeof statuses)[number]

const LineOut = Type.Object({
  description: Type.String(),
  quantity: Type.Number(),
  unitPrice: Type.Number(),
  amountKobo: kobo,
  amount: major,
  taxable: Type.Boolean(),
  productId: nullable(Type.String()),
  discountRate: Type.Number(),
  accountId: Type.String(),
  vatRate: Type.Optional(Type.Number({ description: 'Where lines have several rates' })),
})

export const InvoiceOut = Type.Object({
  id: Type.String(),
  businessId: Type.String(),
  invoiceNumber: Type.String(),
  customerId: Type.String(),
  invoiceDate: dateOut,
  dueDate: nullable(dateOut),
  lineItems: Type.Array(LineOut),
  subtotalKobo: kobo,
  vatRate: nullable(Type.Number({ description: 'Null where lines have several rates' })),
  vatAmountKobo: kobo,
  totalKobo: kobo,
  total: major,
  amountDueKobo: kobo,
  status: Type.Enum([...statuses]),
  createdAt: instant,
  subtotal: major,
  vatAmount: major,
  amountDue: major,
  amountPaidKobo: kobo,
  amountPaid: major,
  customerName: Type.String(),
  currency: Type.String(),
  exchangeRate: nullable(Type.Number()),
  notes: nullable(Type.String()),
  terms: nullable(Type.String()),
  reference: nullable(Type.String()),
  isPostedToGL: Type.Boolean(),
  journalEntryId: nullable(Type.String()),
  sentAt: nullable(instant),
  paidAt: nullable(instant),
  voidedAt: nullable(instant),
  voidReason: nullable(Type.String()),
  hostedUrl: nullable(Type.String()),
  updatedAt: instant,
  externalId: nullable(Type.String()),
  metadata,
})

type InvoiceWire = Static<typeof InvoiceOut>

/** Which invoices have a status of this surface. */
export const filterByStatus: Readonly<
  Record<Status, Pick<InvoiceFilter, 'statuses' | 'isSent' | 'isPartlyPaid'>>
> = {
  draft: { statuses: ['draft'] },
  cancelled: { statuses: ['cancelled'] },
  paid: { statuses: ['paid'] },
  overdue: { statuses: ['overdue'] },
  partially_paid: { statuses: ['sent'], isPartlyPaid: true },
  sent: { statuses: ['sent'], isPartlyPaid: false, isSent: true },
  unsent: { statuses: ['sent'], isPartlyPaid: false, isSent: false },
}

/** The status in the words of this surface. Source: Books specification 9.1. */
function statusOf({ status, amountDue, total, sentAt }: Invoice): Status {
  if (status !== 'sent') return status
  if (amountDue < total) return 'partially_paid'
  return sentAt === null ? 'unsent' : 'sent'
}

/** An invoice as callers see it; without the address of its page where nobody says how to make it. */
export function toWire(invoice: Invoice, toPageUrl?: ToPageUrl): InvoiceWire {
  const { currency: code } = invoice
  const vatPercent = vatPercentOf(invoice)
  const { page } = invoice
  return {
    id: toPrefixed('inv', invoice.id),
    businessId: toPrefixed('biz', invoice.businessId),
    invoiceNumber: invoice.number,
    customerId: toPrefixed('cust', invoice.customerId),
    invoiceDate: toDateOut(invoice.issueDate),
    dueDate: invoice.dueDate === null ? null : toDateOut(invoice.dueDate),
    lineItems: invoice.lines.map((line) => toLineOut(line, code, vatPercent === undefined)),
    subtotalKobo: toKobo(invoice.subtotal),
    vatRate: vatPercent === undefined ? null : Number(vatPercent),
    vatAmountKobo: toKobo(invoice.tax),
    totalKobo: toKobo(invoice.total),
    total: toMajor(invoice.total, code),
    amountDueKobo: toKobo(invoice.amountDue),
    status: statusOf(invoice),
    createdAt: invoice.createdAt,
    subtotal: toMajor(invoice.subtotal, code),
    vatAmount: toMajor(invoice.tax, code),
    amountDue: toMajor(invoice.amountDue, code),
    amountPaidKobo: toKobo(invoice.amountPaid),
    amountPaid: toMajor(invoice.amountPaid, code),
    customerName: invoice.customerName,
    currency: code,
    exchangeRate: invoice.exchangeRate === null ? null : Number(invoice.exchangeRate),
    notes: invoice.notes,
    terms: invoice.terms,
    reference: invoice.purchaseOrder,
    isPostedToGL: invoice.entryId !== null,
    journalEntryId: invoice.entryId === null ? null : toPrefixed('je', invoice.entryId),
    sentAt: invoice.sentAt,
    paidAt: invoice.paidAt,
    voidedAt: invoice.cancelledAt,
    voidReason: invoice.voidReason,
    hostedUrl: page && toPageUrl ? toPageUrl(page.documentId, page.generation) : null,
    updatedAt: invoice.updatedAt,
    externalId: invoice.externalId,
    metadata: invoice.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
  }
}

const toLineOut = (
  line: Invoice['lines'][number],
  code: string,
  hasSeveralRates: boolean,
): Static<typeof LineOut> => ({
  description: line.description,
  quantity: Number(line.quantity),
  unitPrice: Number(line.unitPrice),
  amountKobo: toKobo(line.net),
  amount: toMajor(line.net, code),
  taxable: isTaxable(line),
  productId: line.productId === null ? null : toPrefixed('prd', line.productId),
  discountRate: Number(line.discountPercent),
  accountId: line.accountCode,
  ...(hasSeveralRates && { vatRate: Number(line.taxPercent) }),
})
