import type { Static } from 'typebox'
import type { CustomerOut } from './customers.ts'
import type { ExpenseOut } from './expenses.ts'
import type { InvoiceOut } from './invoice-fields.ts'
import type { QuotationOut } from './quotation-fields.ts'
import type { RecurringOut } from './recurring-invoices.ts'

/*
 * What a test delivery tells of: whole objects of nobody, which no event of a business has.
 */

type Sample = Readonly<{ at: string; businessId: string }>

/** Ids that no random id looks like. */
const idOf = (digit: number): string => `00000000-0000-7000-8000-00000000000${digit}`

const [customerId, documentId, otherId, templateId] = [idOf(1), idOf(2), idOf(3), idOf(4)]
const customer = { id: customerId, name: 'Lantern & Rye Ltd' }

const item = {
  description: 'Site survey',
  quantity: 3,
  unit_price: 120,
  tax_rate: 7.5,
  product_id: null,
  discount_rate: 0,
  id: idOf(5),
  tax_category: 'standard',
  revenue_account_code: '4000',
  unit: 'day',
  amount: 360,
  tax_amount: 27,
} as const

const totals = { subtotal: 360, tax_amount: 27, total: 387, currency: 'USD' } as const
const texts = { notes: 'Thank you', terms: null, template_type: 'modern' } as const
const labels = { external_id: null, metadata: {} } as const
const terms = {
  discount_rate: 0,
  prices_include_tax: false,
  exchange_rate: null,
  purchase_order: null,
} as const

const dayOf = (at: string): string => at.slice(0, 10)

function invoiceOf(
  { at, businessId }: Sample,
  status: Static<typeof InvoiceOut>['status'],
): Static<typeof InvoiceOut> {
  const isPaid = status === 'paid'
  const isGone = status === 'cancelled'
  return {
    id: documentId,
    business_id: businessId,
    customer_id: customerId,
    invoice_number: 'INV-00042',
    issue_date: dayOf(at),
    due_date: null,
    status,
    ...totals,
    ...texts,
    created_at: at,
    updated_at: at,
    items: [item],
    amount_paid: isPaid ? totals.total : 0,
    amount_credited: 0,
    amount_due: isPaid || isGone ? 0 : totals.total,
    ...terms,
    quotation_id: null,
    recurring_invoice_id: null,
    sent_at: status === 'draft' ? null : at,
    paid_at: isPaid ? at : null,
    cancelled_at: isGone ? at : null,
    hosted_url: null,
    ...labels,
  }
}

function quotationOf(
  { at, businessId }: Sample,
  status: Static<typeof QuotationOut>['status'],
): Static<typeof QuotationOut> {
  return {
    id: documentId,
    business_id: businessId,
    customer_id: customerId,
    quotation_number: 'QT-00007',
    issue_date: dayOf(at),
    valid_until: null,
    status,
    ...totals,
    created_at: at,
    items: [item],
    ...texts,
    updated_at: at,
    sent_at: status === 'draft' ? null : at,
    accepted_at: status === 'accepted' || status === 'converted' ? at : null,
    rejected_at: status === 'rejected' ? at : null,
    decision_note: null,
    invoice_id: status === 'converted' ? otherId : null,
    hosted_url: null,
    ...labels,
    decision_name: null,
    ...terms,
  }
}

const customerOf = ({ at, businessId }: Sample): Static<typeof CustomerOut> => ({
  ...{ id: customerId, business_id: businessId, name: customer.name },
  ...{ email: 'ap@lanternrye.example', phone: null, address: '18 Quay Street', city: 'Bristol' },
  ...{ state: null, country: 'GB', postal_code: 'BS1 4AA', tax_id: 'GB987654321', notes: null },
  ...{ created_at: at, updated_at: at, currency: null, language: null },
  ...{ balance: 387, credit_balance: 0, ...labels },
})

function expenseOf(
  { at, businessId }: Sample,
  status: Static<typeof ExpenseOut>['status'],
): Static<typeof ExpenseOut> {
  return {
    id: documentId,
    business_id: businessId,
    expense_number: 'EXP-00003',
    description: 'Van hire',
    amount: 80,
    tax_rate: 20,
    tax_amount: 16,
    total: 96,
    currency: 'USD',
    expense_date: dayOf(at),
    category: 'Travel',
    expense_account_code: '5031',
    supplier_name: 'Moor Vans',
    supplier_id: null,
    payment_account_code: null,
    reference: null,
    status,
    tax_recoverable: true,
    receipt_url: null,
    approved_at: status === 'pending' ? null : at,
    paid_at: status === 'paid' ? at : null,
    ...labels,
    created_at: at,
    updated_at: at,
    approval_note: null,
  }
}

function recurringOf(
  { at, businessId }: Sample,
  status: Static<typeof RecurringOut>['status'],
): Static<typeof RecurringOut> {
  const { id: _id, amount: _amount, tax_amount: _tax, ...asked } = item
  const isOver = status === 'completed'
  return {
    ...{ id: templateId, business_id: businessId, customer_id: customerId, name: 'Support' },
    ...{ frequency: 'monthly', interval: 1, start_date: dayOf(at), end_date: null },
    ...{ max_occurrences: null, due_days: 30, currency: 'USD', ...texts, auto_send: false },
    items: [asked],
    next_run_date: isOver ? null : dayOf(at),
    last_run_date: dayOf(at),
    occurrences: 1,
    total: totals.total,
    status,
    pause_reason: null,
    ...labels,
    created_at: at,
    updated_at: at,
  }
}

/** Between whom the document of a sample is. */
const partiesOf = ({ businessId }: Sample) => ({
  customer,
  business: { id: businessId, name: 'Harbour Joinery' },
})

const invoiceStatuses = {
  created: ['draft', null],
  updated: ['draft', null],
  sent: ['sent', 'draft'],
  paid: ['paid', 'sent'],
  overdue: ['overdue', 'sent'],
  cancelled: ['cancelled', 'sent'],
  deleted: ['draft', null],
} as const

const quotationStatuses = {
  created: ['draft', null],
  updated: ['draft', null],
  sent: ['sent', 'draft'],
  accepted: ['accepted', 'sent'],
  rejected: ['rejected', 'sent'],
  expired: ['expired', 'sent'],
  converted: ['converted', 'accepted'],
} as const

const expenseStatuses = {
  created: ['pending', null],
  updated: ['pending', null],
  approved: ['approved', 'pending'],
  paid: ['paid', 'approved'],
  deleted: ['pending', null],
} as const

function invoiceData(sample: Sample, what: keyof typeof invoiceStatuses) {
  const [status, previous_status] = invoiceStatuses[what]
  const invoice = { ...invoiceOf(sample, status), ...partiesOf(sample) }
  const { id, invoice_number, total } = invoice
  return { id, invoice_number, total, status, previous_status, invoice }
}

function quotationData(sample: Sample, what: keyof typeof quotationStatuses) {
  const [status, previous_status] = quotationStatuses[what]
  const quotation = { ...quotationOf(sample, status), ...partiesOf(sample) }
  const { id, quotation_number, total, invoice_id } = quotation
  const data = { id, quotation_number, total, status, previous_status, quotation }
  return what === 'converted' ? { ...data, invoice_id } : data
}

function expenseData(sample: Sample, what: keyof typeof expenseStatuses) {
  const [status, previous_status] = expenseStatuses[what]
  const expense = expenseOf(sample, status)
  const { id, expense_number, amount } = expense
  return { id, expense_number, amount, status, previous_status, expense }
}

function customerData(sample: Sample) {
  const one = customerOf(sample)
  return { id: one.id, name: one.name, email: one.email, customer: one }
}

function recurringData(sample: Sample, what: 'generated' | 'failed' | 'completed') {
  const one = recurringOf(sample, what === 'completed' ? 'completed' : 'active')
  const { id, status, next_run_date } = one
  const data = { id, status, next_run_date, recurring_invoice: one }
  if (what === 'completed') return data
  if (what === 'failed') {
    const reason = `No exchange rate from EUR to USD on ${dayOf(sample.at)}`
    return { ...data, period_date: dayOf(sample.at), reason }
  }
  const invoice = { ...invoiceOf(sample, 'draft'), ...partiesOf(sample) }
  return { ...data, invoice_id: invoice.id, invoice }
}

/** The `data` of each event type, as it would be of an object that nobody has. */
export const sampleByType = {
  'invoice.created': (sample) => invoiceData(sample, 'created'),
  'invoice.updated': (sample) => invoiceData(sample, 'updated'),
  'invoice.sent': (sample) => invoiceData(sample, 'sent'),
  'invoice.paid': (sample) => invoiceData(sample, 'paid'),
  'invoice.overdue': (sample) => invoiceData(sample, 'overdue'),
  'invoice.cancelled': (sample) => invoiceData(sample, 'cancelled'),
  'invoice.deleted': (sample) => invoiceData(sample, 'deleted'),
  'quotation.created': (sample) => quotationData(sample, 'created'),
  'quotation.updated': (sample) => quotationData(sample, 'updated'),
  'quotation.sent': (sample) => quotationData(sample, 'sent'),
  'quotation.accepted': (sample) => quotationData(sample, 'accepted'),
  'quotation.rejected': (sample) => quotationData(sample, 'rejected'),
  'quotation.expired': (sample) => quotationData(sample, 'expired'),
  'quotation.converted': (sample) => quotationData(sample, 'converted'),
  'customer.created': customerData,
  'customer.updated': customerData,
  'customer.deleted': customerData,
  'expense.created': (sample) => expenseData(sample, 'created'),
  'expense.updated': (sample) => expenseData(sample, 'updated'),
  'expense.approved': (sample) => expenseData(sample, 'approved'),
  'expense.paid': (sample) => expenseData(sample, 'paid'),
  'expense.deleted': (sample) => expenseData(sample, 'deleted'),
  'recurring_invoice.generated': (sample) => recurringData(sample, 'generated'),
  'recurring_invoice.failed': (sample) => recurringData(sample, 'failed'),
  'recurring_invoice.completed': (sample) => recurringData(sample, 'completed'),
} as const satisfies Readonly<Record<string, (sample: Sample) => object>>
