import { type Static, Type } from 'typebox'
import { addDaysWithin, type CalendarDate } from '../../kernel/dates.ts'
import { formatDecimal, isEqualDecimal, parseDecimal } from '../../kernel/decimal.ts'
import { type Issue, Refusal } from '../../kernel/errors.ts'
import type {
  Invoice,
  InvoiceChanges,
  InvoiceDraft,
  NewInvoice,
} from '../../modules/sales/invoice.ts'
import type { Billed } from '../../modules/sales/invoice-step.actions.ts'
import { vatPercentsOn } from '../../modules/tax/vat-rate.ts'
import {
  amountMax,
  dateText,
  description,
  idText,
  metadata,
  nullable,
  text,
  toDate,
  toId,
} from './fields.ts'

/** Source: Books specification 9.1. */
const lineItemsMax = 100
const dueDays = 10

export const longText = text(5_000)
const percent = Type.Number({ isExact: true, decimalsMax: 4, minimum: 0, maximum: 100 })
const positive = { isExact: true, exclusiveMinimum: 0, maximum: amountMax } as const
const LineIn = Type.Object({
  description,
  quantity: Type.Number({ ...positive, decimalsMax: 6 }),
  unitPrice: Type.Number({ ...positive, decimalsMax: 2, description: 'Major units' }),
  taxable: Type.Optional(Type.Boolean({ description: 'Default true' })),
  productId: Type.Optional(idText('prd')),
  discountRate: Type.Optional(percent),
  accountId: Type.Optional(text()),
})

const lineItems = Type.Array(LineIn, { minItems: 1, maxItems: lineItemsMax })
const dueDate = Type.String({
  format: 'date-or-time',
  laterThan: 'invoiceDate',
  description: `Default ${dueDays} days after invoiceDate`,
})

const billed = {
  customerId: Type.Optional(idText('cust')),
  customerName: Type.Optional(description),
  customerEmail: Type.Optional(Type.String({ format: 'email' })),
}

export const InvoiceIn = Type.Object(
  {
    ...billed,
    lineItems,
    invoiceDate: Type.Optional(dateText),
    dueDate: Type.Optional(dueDate),
    vatRate: Type.Optional(percent),
    customVat: Type.Optional(Type.Boolean({ description: 'Allows any vatRate' })),
    notes: Type.Optional(longText),
    terms: Type.Optional(longText),
    reference: Type.Optional(text()),
    currency: Type.Optional(Type.String({ format: 'currency' })),
    exchangeRate: Type.Optional(Type.Number({ ...positive, decimalsMax: 10 })),
    externalId: Type.Optional(text()),
    metadata: Type.Optional(metadata),
  },
  { requiredUnless: { customerId: ['customerName', 'customerEmail'] } },
)

export const InvoiceChange = Type.Object({
  ...billed,
  lineItems: Type.Optional(lineItems),
  invoiceDate: Type.Optional(dateText),
  dueDate: Type.Optional(dueDate),
  vatRate: Type.Optional(percent),
  customVat: Type.Optional(Type.Boolean()),
  notes: Type.Optional(nullable(longText)),
  terms: Type.Optional(nullable(longText)),
  reference: Type.Optional(nullable(text())),
  currency: Type.Optional(Type.String({ format: 'currency' })),
  exchangeRate: Type.Optional(Type.Number({ ...positive, decimalsMax: 10 })),
  externalId: Type.Optional(nullable(text())),
  metadata: Type.Optional(metadata),
  status: Type.Optional(Type.Enum(['unsent', 'sent', 'paid', 'cancelled'])),
})

/** When an invoice is due that says nothing of it. */
export const dueAfter = (issueDate: CalendarDate): CalendarDate => addDaysWithin(issueDate, dueDays)

type Named = Readonly<{ customerId?: string; customerName?: string; customerEmail?: string }>

/** The schema has seen to it that one or the other is there. */
export const toBilled = ({ customerId, customerName, customerEmail }: Named): Billed =>
  customerId === undefined
    ? { name: customerName ?? '', email: customerEmail ?? '' }
    : { customerId: toId('party', 'cust', customerId) }

/** Refuses: validation.failed. */
export function toNewInvoice(
  body: Static<typeof InvoiceIn>,
  today: CalendarDate,
  baseCurrency: string,
): Omit<NewInvoice, 'customerId'> {
  const issueDate = body.invoiceDate === undefined ? today : toDate(body.invoiceDate, 'invoiceDate')
  const due = body.dueDate === undefined ? dueAfter(issueDate) : toDate(body.dueDate, 'dueDate')
  const [standard = '0'] = vatPercentsOn(issueDate)
  const vatPercent = body.vatRate === undefined ? standard : toText(body.vatRate, 'vatRate')
  const issues = [
    ...orderIssues(issueDate, due),
    ...(body.customVat === true ? [] : vatIssues(vatPercent, issueDate)),
  ]
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  return {
    ...{ surface: 'books', status: 'draft', issueDate, dueDate: due },
    currency: body.currency ?? baseCurrency,
    notes: body.notes ?? null,
    terms: body.terms ?? null,
    template: null,
    exchangeRate:
      body.exchangeRate === undefined ? undefined : toText(body.exchangeRate, 'exchangeRate'),
    pricesIncludeTax: false,
    discountPercent: '0',
    purchaseOrder: body.reference ?? null,
    externalId: body.externalId ?? null,
    metadata: body.metadata ?? {},
    lines: body.lineItems.map((line, index) => toLine(line, index, vatPercent)),
  }
}

/** Refuses: validation.failed. */
export function toChanges(body: Static<typeof InvoiceChange>, before: Invoice): InvoiceChanges {
  const issueDate =
    body.invoiceDate === undefined ? before.issueDate : toDate(body.invoiceDate, 'invoiceDate')
  const vatPercent =
    body.vatRate === undefined ? vatPercentOf(before) : toText(body.vatRate, 'vatRate')
  if (body.vatRate !== undefined && vatPercent !== undefined && body.customVat !== true) {
    const issues = vatIssues(vatPercent, issueDate)
    if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  }
  const [standard = '0'] = vatPercentsOn(issueDate)
  const { notes, terms, reference, currency, exchangeRate, externalId } = body
  return {
    ...(body.invoiceDate !== undefined && { issueDate }),
    ...(body.dueDate !== undefined && { dueDate: toDate(body.dueDate, 'dueDate') }),
    ...(notes !== undefined && { notes }),
    ...(terms !== undefined && { terms }),
    ...(reference !== undefined && { purchaseOrder: reference }),
    ...(currency !== undefined && { currency }),
    ...(exchangeRate !== undefined && { exchangeRate: toText(exchangeRate, 'exchangeRate') }),
    ...(externalId !== undefined && { externalId }),
    ...(body.metadata !== undefined && { metadata: body.metadata }),
    ...(body.lineItems !== undefined && {
      lines: body.lineItems.map((line, index) => toLine(line, index, vatPercent ?? standard)),
    }),
    ...(body.lineItems === undefined &&
      body.vatRate !== undefined &&
      vatPercent !== undefined && { lines: before.lines.map((line) => retaxed(line, vatPercent)) }),
  }
}

/** A line that is not taxable is exempt; one that is has the rate of the invoice, also when it is 0. */
function toLine(
  line: Static<typeof LineIn>,
  index: number,
  vatPercent: string,
): InvoiceDraft['lines'][number] {
  const at = (member: string): string => `lineItems[${index}].${member}`
  return {
    description: line.description,
    quantity: toText(line.quantity, at('quantity')),
    unitPrice: toText(line.unitPrice, at('unitPrice')),
    discountPercent: toText(line.discountRate ?? 0, at('discountRate')),
    ...taxOf(line.taxable ?? true, vatPercent),
    productId: line.productId === undefined ? undefined : toId('product', 'prd', line.productId),
    accountCode: line.accountId,
  }
}

const taxOf = (isTaxed: boolean, vatPercent: string) =>
  isTaxed
    ? { taxPercent: vatPercent, taxCategory: isZero(vatPercent) ? ('Z' as const) : ('S' as const) }
    : { taxPercent: '0', taxCategory: 'E' as const }

/** Whether a line has the rate of its invoice. */
export const isTaxable = ({ taxCategory }: Invoice['lines'][number]): boolean =>
  taxCategory === 'S' || taxCategory === 'Z'

const retaxed = (
  line: Invoice['lines'][number],
  vatPercent: string,
): InvoiceDraft['lines'][number] =>
  isTaxable(line) ? { ...line, ...taxOf(true, vatPercent) } : line

/** The one rate of the taxable lines; undefined where they have several. */
export function vatPercentOf({ lines }: Invoice): string | undefined {
  const [first = '0', ...others] = lines.filter(isTaxable).map(({ taxPercent }) => taxPercent)
  return others.every((other) => isSameNumber(first, other)) ? first : undefined
}

const isSameNumber = (a: string, b: string): boolean =>
  isEqualDecimal(parseDecimal(a, 'number'), parseDecimal(b, 'number'))

const isZero = (decimalText: string): boolean => isSameNumber(decimalText, '0')

const toText = (value: number, field: string): string => formatDecimal(parseDecimal(value, field))

/** Refuses: validation.failed. */
export function requireOrder(issueDate: CalendarDate, due: CalendarDate | null): void {
  const issues = due === null ? [] : orderIssues(issueDate, due)
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
}

const orderIssues = (issueDate: CalendarDate, due: CalendarDate): readonly Issue[] =>
  due > issueDate
    ? []
    : [
        {
          pointer: '/dueDate',
          path: 'dueDate',
          rule: 'order',
          message: 'must be after invoiceDate',
        },
      ]

function vatIssues(percentText: string, issueDate: CalendarDate): readonly Issue[] {
  const valid = vatPercentsOn(issueDate)
  if (valid.some((one) => isSameNumber(one, percentText))) return []
  const message = `must be one of: ${valid.join(', ')}`
  return [{ pointer: '/vatRate', path: 'vatRate', rule: 'enum', message }]
}
