import type { Instant } from '../../kernel/dates.ts'
import type { InvoiceBody } from './native-push.ts'
import type { CanonicalRecord } from './record.ts'

/**
 * A pushed invoice as synthetic books show it afterwards: what was sent, with the figures that were
 * left out at zero. Nothing is computed, because the books are nobody's.
 * Source: Connect specification 11.4.
 */
export function toSyntheticInvoice(
  body: InvoiceBody & Readonly<Record<string, unknown>>,
  { id, at }: Readonly<{ id: string; at: Instant }>,
): CanonicalRecord {
  const midnight = (day: string | null | undefined): string =>
    `${(day ?? at).slice(0, 10)}T00:00:00`
  const figure = (name: string): unknown => body[name] ?? 0
  return {
    id,
    modifiedDate: at,
    sourceModifiedDate: at,
    invoiceNumber: body.invoiceNumber ?? id.slice(0, 8),
    customerRef: {
      id: body.customerRef?.id ?? '',
      companyName: body.customerRef?.name ?? '',
    },
    issueDate: midnight(body.issueDate),
    ...(body.dueDate && { dueDate: midnight(body.dueDate) }),
    currency: body.currency ?? 'GBP',
    ...(body.currencyRate && { currencyRate: body.currencyRate }),
    lineItems: (body.lineItems ?? []).map((line) => ({
      description: line.description ?? '',
      unitAmount: line.unitAmount ?? 0,
      quantity: line.quantity ?? 0,
      discountAmount: line.discountAmount ?? 0,
      subTotal: 0,
      taxAmount: line.taxAmount ?? 0,
      totalAmount: 0,
      discountPercentage: line.discountPercentage ?? 0,
      accountRef: { id: line.accountRef?.id ?? '', name: line.accountRef?.name ?? '' },
      trackingCategoryRefs: [],
    })),
    paymentAllocations: [],
    totalDiscount: figure('totalDiscount'),
    subTotal: figure('subTotal'),
    totalTaxAmount: figure('totalTaxAmount'),
    totalAmount: figure('totalAmount'),
    amountDue: figure('totalAmount'),
    discountPercentage: figure('discountPercentage'),
    status: body.status ?? 'Submitted',
    ...(body.note && { note: body.note }),
    metadata: { isDeleted: false },
  }
}
