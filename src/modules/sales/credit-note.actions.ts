import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { dateIn } from '../../kernel/dates.ts'
import { formatDecimal, parseDecimal } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { parseAmount } from '../../kernel/money.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import {
  addDocument,
  keepVersion,
  readByExternalId,
  readDocument,
} from '../ledger/document.actions.ts'
import { type Document, type DocumentLine, toImage, toImageText } from '../ledger/document.ts'
import { spreadBase, toBase } from '../ledger/exchange-rate.ts'
import { postEntry } from '../ledger/journal.actions.ts'
import type { Entry, Line } from '../ledger/journal.ts'
import { takeExplicitNumber, takeNumber } from '../ledger/number-series.actions.ts'
import { allocateItems, openItems } from '../ledger/open-item.actions.ts'
import { listItemsOfDocuments } from '../ledger/open-item.queries.ts'
import { noChange, releaseBase, releaseTax, type SettleableItem } from '../ledger/open-item.ts'
import { accountOf } from '../ledger/settlement.ts'
import { type CreditCalculation, type CreditedLine, calculateCredit } from '../tax/credit.ts'
import { parseStoredCalculation, toStoredCalculation } from '../tax/stored-calculation.ts'
import { getCreditNote, listCreditCalculations } from './credit-note.queries.ts'
import type { CreditedInvoiceLine, CreditNote, NewCreditNote } from './credit-note.ts'
import { toFrozenSeller } from './document-input.ts'
import { listInvoicesById } from './invoice.queries.ts'
import { settledEvent, statusOf as shownStatusOf } from './invoice.ts'

/**
 * Credits an invoice in part or in full, with its own tax and exchange rates. What the invoice
 * still owes is reduced first; the rest becomes a credit of the customer.
 *
 * Refuses, in this order: resource.not_found (invoice, then line), validation.amount_precision,
 * resource.external_id_taken, sales.invoice_not_open, resource.number_taken,
 * ledger.reversal_too_early (dated before the invoice),
 * sales.credit_exceeds_remaining, then what `postEntry` refuses about dates.
 * Source: ledger specification 3.7 and 8.2 (P5); Invoicing specification 8.9.
 */
export async function issueCreditNote(ctx: Ctx, given: NewCreditNote): Promise<CreditNote> {
  const book = await ctx.remember(loadBook)
  const invoice = await readDocument(ctx, 'invoice', given.invoiceId)
  if (invoice === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Invoice', id: given.invoiceId })
  }
  const lines = given.lines?.map((line, index) =>
    toCreditedLine(line, invoice, `items[${index}].amount`),
  )
  const contentDigest = ctx.digest(toImageText(given))
  const known = await knownCredit(ctx, given.externalId ?? null, contentDigest)
  if (known !== undefined) return known
  const item = await creditableItem(ctx, invoice)
  if (given.issueDate < invoice.issueDate) {
    throw new Refusal('ledger.reversal_too_early', { date: invoice.issueDate })
  }
  const earlier = await listCreditCalculations(ctx.tx, ctx.businessId, invoice.id)
  const calculated = parseStoredCalculation(invoice.calculation ?? '')
  const calculation = calculateCredit({ invoice: calculated, earlier, lines })
  if (calculation.totals.total <= 0n) {
    const nothing = { minor: 0n, currency: invoice.currency }
    throw new Refusal('sales.credit_exceeds_remaining', { amount: nothing, remaining: nothing })
  }
  const id = ctx.newId('document')
  const { surface, issueDate: date } = given
  const asked = { kind: 'credit_note', surface, date, documentId: id } as const
  const number =
    given.number === undefined
      ? await takeNumber(ctx, asked)
      : await takeExplicitNumber(ctx, { ...asked, number: given.number, resource: 'Credit note' })
  const parts = partsOf({ item, invoice, calculation, isApplied: given.isApplied ?? true, book })
  const depositItemId = ctx.newId('item')
  const entry = await postCredit(ctx, {
    given,
    id,
    number,
    item,
    invoice,
    parts,
    book,
    depositItemId,
  })
  const document = toDocument(ctx, { given, id, number, invoice, calculation, parts, entry, book })
  await addDocument(ctx, document)
  await settle(ctx, { document, item, parts, entry, depositItemId })
  await keepVersion(ctx, document, {
    document,
    seller: toFrozenSeller(book.business),
    ...('customer' in invoice.details && { customer: invoice.details['customer'] }),
  })
  const credit = await getCreditNote(ctx.tx, ctx.businessId, id)
  record(ctx, credit)
  const today = dateIn(ctx.now, book.business.timeZone)
  if (parts.applied === 0n) return credit
  const { lifecycle, dueDate } = invoice
  const shown = shownStatusOf({ lifecycle, amountDue: item.openAmount, dueDate }, today)
  for (const changed of await listInvoicesById(ctx.tx, ctx.businessId, [invoice.id], today)) {
    ctx.emit(settledEvent(changed, shown))
  }
  return credit
}

/**
 * The credit note that an external id names already, when it was asked for in the same words.
 * Refuses: resource.external_id_taken.
 */
async function knownCredit(
  ctx: Ctx,
  externalId: string | null,
  contentDigest: string,
): Promise<CreditNote | undefined> {
  if (externalId === null) return undefined
  const known = await readByExternalId(ctx, 'credit_note', externalId)
  if (known === undefined) return undefined
  if (known.contentDigest !== contentDigest) {
    throw new Refusal('resource.external_id_taken', { externalId, resource: 'Credit note' })
  }
  return getCreditNote(ctx.tx, ctx.businessId, known.id)
}

function toCreditedLine(line: CreditedInvoiceLine, invoice: Document, field: string): CreditedLine {
  const index = invoice.lines.findIndex(({ id }) => id === line.invoiceLineId)
  if (index < 0) {
    throw new Refusal('resource.not_found', { resource: 'Invoice item', id: line.invoiceLineId })
  }
  if ('amount' in line) return { line: index, amount: line.amount }
  if ('amountText' in line) {
    const { minor } = parseAmount(line.amountText, invoice.currency, field)
    return { line: index, amount: minor }
  }
  return { line: index, quantity: parseDecimal(line.quantity, 'quantity') }
}

/** The receivable of an issued invoice that was calculated here. */
async function creditableItem(ctx: Ctx, invoice: Document): Promise<SettleableItem> {
  const number = invoice.number ?? invoice.id
  const [item] = await listItemsOfDocuments(ctx.tx, ctx.businessId, [invoice.id])
  if (invoice.lifecycle !== 'open' || item === undefined || invoice.calculation === null) {
    const status = statusOf(invoice)
    throw new Refusal('sales.invoice_not_open', { number, status })
  }
  return item
}

function statusOf({ lifecycle, calculation }: Document): string {
  if (lifecycle !== 'open') return lifecycle === 'void' ? 'cancelled' : 'draft'
  return calculation === null ? 'an opening balance' : 'without an amount'
}

/** How a credit note is posted: each amount with its base, all positive. */
type Parts = Readonly<{
  applied: bigint
  appliedBase: bigint
  rest: bigint
  restBase: bigint
  net: bigint
  netBase: bigint
  provision: bigint
  provisionBase: bigint
  due: bigint
  dueBase: bigint
}>

type Parting = Readonly<{
  item: SettleableItem
  invoice: Document
  calculation: CreditCalculation
  isApplied: boolean
  book: Book
}>

/** Tax is taken from the provision as far as it still waits there, then from what is due. */
function partsOf({ item, invoice, calculation, isApplied, book }: Parting): Parts {
  const { baseCurrency, roundingMode: mode } = book.business
  const { subtotal: net, tax, total } = calculation.totals
  const applied = isApplied ? least(total, item.openAmount) : 0n
  const rest = total - applied
  const { currency } = invoice
  const conversion = { currency, baseCurrency, rate: invoice.rate ?? '1', mode }
  const appliedBase = applied === 0n ? 0n : releaseBase(item, applied, mode)
  const restBase = toBase(rest, conversion)
  const provision = least(tax, item.taxAmount)
  const provisionBase = provision === 0n ? 0n : releaseTax(item, provision, mode)
  const due = tax - provision
  const left = appliedBase + restBase - provisionBase
  const [netBase = 0n, dueBase = 0n] =
    currency === baseCurrency ? [net, due] : spreadBase(left, [net, due])
  return {
    ...{ applied, appliedBase, rest, restBase, net, netBase },
    ...{ provision, provisionBase, due, dueBase },
  }
}

const least = (a: bigint, b: bigint): bigint => [a, b].sort((x, y) => Number(x - y))[0] ?? a

type Crediting = Readonly<{
  given: NewCreditNote
  id: Id<'document'>
  number: string
  item: SettleableItem
  invoice: Document
  parts: Parts
  book: Book
  depositItemId: Id<'item'>
}>

function postCredit(ctx: Ctx, crediting: Crediting): Promise<Entry> {
  const { given, id, number, item, invoice, parts, book, depositItemId } = crediting
  const { accountByRole, business } = book
  const { currency, rate, rateSource } = invoice
  const rated =
    currency === business.baseCurrency || rate === null || rateSource === null
      ? {}
      : { rate, rateSource }
  const line = (role: string, amount: bigint, base: bigint, more: Partial<Line> = {}): Line => ({
    ...{ accountId: accountOf(accountByRole, role).id, currency, amount, base },
    ...rated,
    ...more,
  })
  const { partyId } = item
  const lines = [
    line('sales_returns', parts.net, parts.netBase),
    line('vat_provision', parts.provision, parts.provisionBase, { taxTag: 'output' }),
    line('vat_payable', parts.due, parts.dueBase, { taxTag: 'output' }),
    line('receivables', -parts.applied, -parts.appliedBase, { partyId, openItemId: item.id }),
    line('customer_deposits', -parts.rest, -parts.restBase, { partyId, openItemId: depositItemId }),
  ]
  return postEntry(ctx, {
    ...{ accountingDate: given.issueDate, kind: 'standard', sourceType: 'credit_note' },
    ...{ sourceId: id, scope: 'sales' },
    description: `Credit note ${number} for invoice ${invoice.number ?? ''}`,
    lines: lines.filter(({ amount, base }) => amount !== 0n || base !== 0n),
  })
}

type Settling = Readonly<{
  document: Document
  item: SettleableItem
  parts: Parts
  entry: Entry
  depositItemId: Id<'item'>
}>

async function settle(
  ctx: Ctx,
  { document, item, parts, entry, depositItemId }: Settling,
): Promise<void> {
  const { id: documentId, currency, issueDate } = document
  const { applied, appliedBase, rest, restBase, provision, provisionBase } = parts
  if (rest > 0n) {
    await openItems(ctx, [
      {
        ...{ id: depositItemId, side: 'DEP', partyId: item.partyId, documentId, currency },
        ...{ originalAmount: rest, originalBase: restBase },
        ...{ documentDate: issueDate, dueDate: null },
      },
    ])
  }
  const change = {
    ...noChange,
    ...{ itemId: item.id, amount: applied, base: appliedBase, credited: applied },
    ...{ tax: provision, taxBase: provisionBase },
  }
  const allocation = {
    ...{ itemId: item.id, documentId, leg: 'credit_note' as const, accountingDate: issueDate },
    ...{ amount: applied, base: appliedBase, entryId: entry.id, undoes: null },
  }
  await allocateItems(ctx, {
    allocations: applied === 0n ? [] : [allocation],
    changes: [change],
    documentIds: [item.documentId],
  })
}

type Made = Readonly<{
  given: NewCreditNote
  id: Id<'document'>
  number: string
  invoice: Document
  calculation: CreditCalculation
  parts: Parts
  entry: Entry
  book: Book
}>

function toDocument(ctx: Ctx, made: Made): Document {
  const { given, id, number, invoice, calculation, parts, entry, book } = made
  const { subtotal, tax, total } = calculation.totals
  return {
    ...invoice,
    ...{ id, kind: 'credit_note', surface: given.surface, lifecycle: 'open', number },
    ...{ issueDate: given.issueDate, dueDate: null, subtotal, tax, total, rounding: 0n },
    baseTotal: parts.appliedBase + parts.restBase,
    ...{ reference: null, notes: given.reason, terms: null, sourceDocumentId: invoice.id },
    ...{ externalId: given.externalId ?? null, metadata: given.metadata ?? {} },
    details: {
      customer: invoice.details['customer'],
      ...(typeof given.externalId === 'string' && {
        contentDigest: ctx.digest(toImageText(given)),
      }),
      creditedLineIds: calculation.lines.map(({ line }) => invoice.lines[line]?.id ?? null),
    },
    ...{ calculation: toStoredCalculation(calculation) },
    ...{ entryId: entry.id, voidEntryId: null, voidReason: null },
    ...{ sentAt: null, paidAt: null, voidedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt, version: 1n },
    lines: toLines(ctx, invoice, calculation, book),
  }
}

function toLines(
  ctx: Ctx,
  invoice: Document,
  calculation: CreditCalculation,
  { accountByRole }: Book,
): readonly DocumentLine[] {
  const { id: accountId, code: accountCode } = accountOf(accountByRole, 'sales_returns')
  return calculation.lines.map(({ line, quantity, net, tax }): DocumentLine => {
    const credited = invoice.lines[line]
    assert(credited !== undefined, 'a credit names lines of its invoice')
    return {
      ...credited,
      ...{ id: ctx.newId('line'), quantity: formatDecimal(quantity), accountId, accountCode },
      ...{ net, tax },
    }
  })
}

function record(ctx: Ctx, credit: CreditNote): void {
  const resource = { resource: 'credit_note', resourceId: credit.id } as const
  const after = toImage(credit)
  ctx.audit({ action: 'credit_note.issued', ...resource, after })
  ctx.emit({ type: 'sales.credit_note.issued', ...resource, payload: after })
}
