import type { Ctx } from '../../db/write.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { parseAmount } from '../../kernel/money.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { getParty } from '../parties/party.queries.ts'
import { findOpenInvoice } from './invoice.actions.ts'
import { listInvoicesById } from './invoice.queries.ts'
import type { Invoice } from './invoice.ts'
import { allocateReceipt, recordReceipt } from './receipt.actions.ts'
import { getReceipt } from './receipt.queries.ts'
import type { NewReceipt, Receipt, ReceiptAllocation } from './receipt.ts'

/** What of a payment settles an invoice, in major units as decimal text. */
export type AskedAllocation = Readonly<{ invoiceId: string; amount: string }>

/** A payment as it is asked for: amounts in major units, because the currency may follow later. */
export type AskedReceipt = Pick<
  NewReceipt,
  'surface' | 'accountCode' | 'method' | 'reference' | 'notes' | 'exchangeRate' | 'externalId'
> &
  Readonly<{
    /** Absent: today. */
    date?: CalendarDate | undefined
    /** Absent: that of the first invoice, else US dollars. */
    currency?: string | undefined
    amount: string
    withheld: string
    metadata: Readonly<Record<string, unknown>>
  }>

/**
 * Receives money of a customer; what no invoice takes stays a credit of the customer.
 * Refuses, in this order: resource.not_found (customer, then invoice), validation.amount_precision,
 * ledger.amount_overflow, then what `recordReceipt` refuses.
 * Source: Invoicing specification 11.
 */
export async function receivePayment(
  ctx: Ctx,
  {
    customerId,
    payment,
    allocations,
  }: Readonly<{
    customerId: string
    payment: AskedReceipt
    allocations: readonly AskedAllocation[]
  }>,
): Promise<Receipt> {
  await getParty(ctx.tx, ctx.businessId, customerId, 'customer')
  const invoices = await invoicesOf(ctx, allocations)
  const currency = payment.currency ?? invoices[0]?.currency ?? 'USD'
  return recordReceipt(ctx, {
    ...(await toReceipt(ctx, payment, currency)),
    customerId,
    allocations: toAllocations(allocations, invoices),
  })
}

/**
 * Receives money for one invoice, never more than it owes.
 * Refuses, in this order: resource.not_found, sales.invoice_not_open, sales.invoice_already_paid,
 * validation.amount_precision, ledger.amount_overflow, then what `recordReceipt` refuses.
 * Source: Invoicing specification 8.9 and 11.
 */
export async function receiveForInvoice(
  ctx: Ctx,
  { invoiceId, payment }: Readonly<{ invoiceId: string; payment: AskedReceipt }>,
): Promise<Receipt> {
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const { invoice } = await findOpenInvoice(ctx, invoiceId, today)
  const { number, status, customerId } = invoice
  if (invoice.lifecycle !== 'open') throw new Refusal('sales.invoice_not_open', { number, status })
  if (status === 'paid') throw new Refusal('sales.invoice_already_paid', { number })
  const receipt = await toReceipt(ctx, payment, payment.currency ?? invoice.currency)
  const allocations = [{ invoiceId: invoice.id, amount: receipt.amount }]
  return recordReceipt(ctx, { ...receipt, customerId, allocations })
}

/**
 * Puts what is left of a payment against invoices, today or on the day of a payment that is dated
 * later.
 * Refuses, in this order: resource.not_found (payment, then invoice), validation.amount_precision,
 * ledger.amount_overflow, then what `allocateReceipt` refuses.
 * Source: Invoicing specification 11.
 */
export async function allocatePayment(
  ctx: Ctx,
  {
    receiptId,
    allocations,
  }: Readonly<{ receiptId: string; allocations: readonly AskedAllocation[] }>,
): Promise<Receipt> {
  const { business } = await ctx.remember(loadBook)
  const receipt = await getReceipt(ctx.tx, ctx.businessId, receiptId)
  const invoices = await invoicesOf(ctx, allocations)
  const today = dateIn(ctx.now, business.timeZone)
  const date = [receipt.date, today].sort().at(-1) ?? today
  return allocateReceipt(ctx, {
    receiptId,
    date,
    allocations: toAllocations(allocations, invoices),
  })
}

/** The invoices in the order they are named. Refuses: resource.not_found. */
async function invoicesOf(
  ctx: Ctx,
  allocations: readonly AskedAllocation[],
): Promise<readonly Invoice[]> {
  if (allocations.length === 0) return []
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const ids = allocations.map(({ invoiceId }) => invoiceId)
  const found = await listInvoicesById(ctx.tx, ctx.businessId, ids, today)
  const byId = new Map(found.map((invoice) => [String(invoice.id), invoice]))
  return ids.map((id) => {
    const invoice = byId.get(id)
    if (invoice === undefined) throw new Refusal('resource.not_found', { resource: 'Invoice', id })
    return invoice
  })
}

/** Amounts in minor units; an invoice that is named several times takes the sum. */
function toAllocations(
  allocations: readonly AskedAllocation[],
  invoices: readonly Invoice[],
): readonly ReceiptAllocation[] {
  const amountById = new Map<string, bigint>()
  for (const [index, { invoiceId, amount }] of allocations.entries()) {
    const currency = invoices[index]?.currency ?? ''
    const { minor } = parseAmount(amount, currency, `allocations[${index}].amount`)
    amountById.set(invoiceId, (amountById.get(invoiceId) ?? 0n) + minor)
  }
  return [...amountById].map(([invoiceId, amount]) => ({ invoiceId, amount }))
}

async function toReceipt(
  ctx: Ctx,
  { date, amount, withheld, currency: _asked, ...payment }: AskedReceipt,
  currency: string,
): Promise<Omit<NewReceipt, 'customerId' | 'allocations'>> {
  const { business } = await ctx.remember(loadBook)
  const kept = parseAmount(withheld, currency, 'wht_amount').minor
  return {
    ...payment,
    currency,
    date: date ?? dateIn(ctx.now, business.timeZone),
    amount: parseAmount(amount, currency, 'amount').minor,
    ...(kept !== 0n && { withheld: kept }),
  }
}
