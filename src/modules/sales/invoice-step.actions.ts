import type { Ctx } from '../../db/write.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import { changeDocument, keepVersion } from '../ledger/document.actions.ts'
import type { Document } from '../ledger/document.ts'
import type { NumberSurface } from '../ledger/number-series.ts'
import { findOrCreateParty, readCustomer } from '../parties/party.actions.ts'
import { type Mailing, queueDocumentMail } from './document-mail.actions.ts'
import { renewLink } from './hosted-link.actions.ts'
import {
  createInvoice,
  type FoundInvoice,
  findOpenInvoice,
  type IssuedInvoice,
  issueAndMove,
  issueDraft,
  recordInvoice,
  updateInvoice,
  voidInvoice,
} from './invoice.actions.ts'
import {
  type Invoice,
  type InvoiceChanges,
  type NewInvoice,
  toDraft,
  toInvoice,
} from './invoice.ts'
import { recordReceipt } from './receipt.actions.ts'
import type { PaymentMethod } from './receipt.ts'

/** Who is billed: a known customer, or one that is found or made by its e-mail address. */
export type Billed = Readonly<{ customerId: string }> | Readonly<{ name: string; email: string }>

/**
 * Makes an invoice for a customer that need not exist yet.
 * Refuses: what `createInvoice` refuses.
 * Source: Books specification 9.1.
 */
export async function createInvoiceFor(
  ctx: Ctx,
  { billed, invoice }: Readonly<{ billed: Billed; invoice: Omit<NewInvoice, 'customerId'> }>,
): Promise<Invoice> {
  return createInvoice(ctx, { ...invoice, customerId: await customerIdOf(ctx, billed) })
}

/** What a status that is asked for does. */
export type InvoiceStep = 'finalize' | 'send' | 'pay' | 'void'

/**
 * Changes an invoice, then takes a step with it.
 * Refuses: what `updateInvoice` refuses of the changes, then what the step refuses.
 * Source: Books specification 9.1.
 */
export async function reviseInvoice(
  ctx: Ctx,
  {
    invoiceId,
    billed,
    changes,
    step,
    requireDates,
  }: Readonly<{
    invoiceId: string
    billed: Billed | undefined
    changes: (invoice: Invoice) => InvoiceChanges
    step: InvoiceStep | undefined
    requireDates: (issueDate: CalendarDate, dueDate: CalendarDate | null) => void
  }>,
): Promise<Invoice> {
  const { today } = await dayOf(ctx)
  await findOpenInvoice(ctx, invoiceId, today)
  const customerId = billed && (await customerIdOf(ctx, billed))
  const invoice = await updateInvoice(ctx, {
    invoiceId,
    changes: (before) => ({ ...changes(before), ...(customerId !== undefined && { customerId }) }),
    requireDates,
  })
  switch (step) {
    case undefined:
      return invoice
    case 'finalize':
      return finalizeInvoice(ctx, { invoiceId })
    case 'send':
      return sendInvoice(ctx, { invoiceId, to: [], message: null })
    case 'pay':
      return payInvoice(ctx, { invoiceId })
    case 'void':
      return voidInvoice(ctx, { invoiceId, reason: 'cancelled' })
  }
}

/**
 * Issues a draft without sending it; an issued invoice stays as it is.
 * Refuses, in this order: resource.not_found, resource.invalid_transition, what issuing refuses.
 */
export async function finalizeInvoice(
  ctx: Ctx,
  { invoiceId }: Readonly<{ invoiceId: string }>,
): Promise<Invoice> {
  const { book, today } = await dayOf(ctx)
  const found = await findOpenInvoice(ctx, invoiceId, today)
  requireUnsettled(found.invoice, 'unsent')
  if (found.invoice.lifecycle !== 'draft') return found.invoice
  return issueDraft(ctx, { found, status: 'sent', book, today, isSent: false })
}

/**
 * Sends an invoice to its customer, or to the addresses given; a draft is issued first. The message
 * is queued in the same commit; the event carries the addresses.
 * Refuses, in this order: resource.not_found, resource.invalid_transition, sales.email_missing,
 * what issuing refuses, what `queueDocumentMail` refuses.
 */
export async function sendInvoice(
  ctx: Ctx,
  { invoiceId, ...mailing }: Readonly<{ invoiceId: string }> & Mailing,
): Promise<Invoice> {
  const { to, message } = mailing
  const { book, today } = await dayOf(ctx)
  const found = await findOpenInvoice(ctx, invoiceId, today)
  const { invoice: before } = found
  requireUnsettled(before, 'sent')
  const customer = found.customer ?? (await readCustomer(ctx, before.customerId))
  const addresses = to.length === 0 && customer.email !== null ? [customer.email] : to
  if (addresses.length === 0) throw new Refusal('sales.email_missing', { name: customer.name })
  const { document: sent, balance } = await markSent(ctx, { found, book, today })
  const { customerName } = before
  const linked = await queueDocumentMail(ctx, {
    document: sent,
    buyer: customerName,
    amount: balance?.openAmount ?? sent.total,
    mailing: { ...mailing, to: addresses },
  })
  const invoice = toInvoice(linked, { customerName, balance, today })
  recordInvoice(ctx, 'sent', invoice, before, { mail: { to: addresses, message } })
  return invoice
}

/** Notes the instant of sending; a draft is issued in the same write. */
async function markSent(
  ctx: Ctx,
  { found, book, today }: Readonly<{ found: FoundInvoice; book: Book; today: CalendarDate }>,
): Promise<Pick<IssuedInvoice, 'document' | 'balance'>> {
  const toSent = (before: Document): Document => ({
    ...before,
    sentAt: ctx.now,
    updatedAt: ctx.recordedAt,
    version: before.version + 1n,
  })
  if (found.document.lifecycle === 'draft') {
    return issueAndMove(ctx, { found, status: 'sent', book, today, isSent: false }, toSent)
  }
  const document = toSent(found.document)
  await changeDocument(ctx, document)
  await keepVersion(ctx, document, { document })
  return { document, balance: found.item }
}

/**
 * Gives the page of an invoice a new address; the one before opens nothing any more.
 * Refuses: what `renewLink` refuses.
 * Source: Invoicing specification 14.
 */
export async function renewInvoiceLink(
  ctx: Ctx,
  { invoiceId: documentId }: Readonly<{ invoiceId: string }>,
): Promise<Invoice> {
  await renewLink(ctx, { kind: 'invoice', documentId })
  const { today } = await dayOf(ctx)
  return (await findOpenInvoice(ctx, documentId, today)).invoice
}

/** How an invoice was paid; what is left out is today, by transfer, into the default account. */
export type InvoicePayment = Readonly<{
  invoiceId: string
  date?: CalendarDate | undefined
  method?: PaymentMethod | undefined
  accountCode?: string | undefined
  reference?: string | undefined
}>

/**
 * Receives what an invoice still owes; a draft is issued first.
 * Refuses, in this order: resource.not_found, sales.invoice_already_paid,
 * resource.invalid_transition, what issuing and `recordReceipt` refuse.
 */
export async function payInvoice(ctx: Ctx, payment: InvoicePayment): Promise<Invoice> {
  const { invoiceId, date, method, accountCode, reference } = payment
  const { book, today } = await dayOf(ctx)
  const found = await findOpenInvoice(ctx, invoiceId, today)
  const { invoice: before } = found
  if (before.status === 'paid') {
    throw new Refusal('sales.invoice_already_paid', { number: before.number })
  }
  requireUnsettled(before, 'paid')
  const invoice =
    before.lifecycle === 'draft'
      ? await issueDraft(ctx, { found, status: 'sent', book, today, isSent: false })
      : before
  const { surface, customerId, currency, amountDue: amount } = invoice
  if (amount > 0n) {
    await recordReceipt(ctx, {
      ...{ surface, customerId, currency, amount, accountCode },
      date: date ?? today,
      method: method ?? 'bank_transfer',
      reference: reference ?? null,
      allocations: [{ invoiceId: invoice.id, amount }],
    })
  }
  return (await findOpenInvoice(ctx, invoiceId, today)).invoice
}

/**
 * Makes a draft with the content of another invoice, dated today unless told otherwise. The rate of
 * its currency is that of the day it will be issued on.
 * Refuses, in this order: resource.not_found, what `datesOf` refuses, what `createInvoice` refuses.
 */
export async function duplicateInvoice(
  ctx: Ctx,
  {
    invoiceId,
    surface,
    datesOf,
  }: Readonly<{
    invoiceId: string
    surface: NumberSurface
    datesOf: (today: CalendarDate, invoice: Invoice) => InvoiceDates
  }>,
): Promise<Invoice> {
  const { today } = await dayOf(ctx)
  const { invoice } = await findOpenInvoice(ctx, invoiceId, today)
  const { number: _own, exchangeRate: _past, ...draft } = toDraft(invoice)
  return createInvoice(ctx, {
    ...draft,
    ...{ surface, status: 'draft', externalId: null },
    ...datesOf(today, invoice),
  })
}

/** When an invoice is issued, and when it is due. */
type InvoiceDates = Pick<NewInvoice, 'issueDate' | 'dueDate'>

async function dayOf(ctx: Ctx) {
  const book = await ctx.remember(loadBook)
  return { book, today: dateIn(ctx.now, book.business.timeZone) }
}

/** Refuses: resource.invalid_transition for an invoice that is paid or cancelled. */
function requireUnsettled({ status }: Invoice, to: string): void {
  if (status !== 'paid' && status !== 'cancelled') return
  throw new Refusal('resource.invalid_transition', { resource: 'Invoice', from: status, to })
}

async function customerIdOf(ctx: Ctx, billed: Billed): Promise<string> {
  if ('customerId' in billed) return billed.customerId
  const { party } = await findOrCreateParty(ctx, { ...billed, role: 'customer' })
  return party.id
}
