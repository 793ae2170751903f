import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { allocate, parseDecimal, ratio, round } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { money } from '../../kernel/money.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import {
  addDocument,
  changeDocument,
  readByExternalId,
  readDocument,
} from '../ledger/document.actions.ts'
import { type Document, toImage, toImageText } from '../ledger/document.ts'
import { getRate } from '../ledger/exchange-rate.queries.ts'
import { type Rate, shareBase, toBase } from '../ledger/exchange-rate.ts'
import { postEntry } from '../ledger/journal.actions.ts'
import type { Entry } from '../ledger/journal.ts'
import { takeNumber } from '../ledger/number-series.actions.ts'
import { listItemsOfDocuments } from '../ledger/open-item.queries.ts'
import { allocationsMax, type SettleableItem } from '../ledger/open-item.ts'
import { postSettlement, undoSettlement } from '../ledger/settlement.actions.ts'
import {
  accountOf,
  applyDeposit,
  moneyAccountOf,
  type Settled,
  settleReceivables,
} from '../ledger/settlement.ts'
import { getParty } from '../parties/party.queries.ts'
import { withholdingLeg } from '../tax/withholding.ts'
import { listInvoicesById } from './invoice.queries.ts'
import { type InvoiceStatus, settledEvent, statusOf } from './invoice.ts'
import { getReceipt, type ReceiptDetails } from './receipt.queries.ts'
import type { NewReceipt, Receipt, ReceiptAllocation } from './receipt.ts'

/**
 * Records money from a customer and settles invoices with it. What is not allocated becomes a
 * deposit of the customer; without customer and invoices it is a sale for cash.
 *
 * Refuses, in this order: resource.not_found (customer), resource.external_id_taken,
 * resource.not_found (invoice), ledger.account_not_found, ledger.account_is_control,
 * sales.invoice_not_open, sales.invoice_already_paid,
 * sales.allocation_currency_mismatch, ledger.rate_missing, purchases.withholding_invalid,
 * sales.allocation_exceeds_receipt, sales.allocation_exceeds_due, then what `postEntry` refuses
 * about dates.
 * Source: ledger specification 8.5; Invoicing specification 11; Books specification 9.2.
 */
export async function recordReceipt(ctx: Ctx, given: NewReceipt): Promise<Receipt> {
  const book = await ctx.remember(loadBook)
  if (given.customerId !== null) await getParty(ctx.tx, ctx.businessId, given.customerId)
  const contentDigest = ctx.digest(toImageText(given))
  const known = await knownReceipt(ctx, given.externalId ?? null, contentDigest)
  if (known !== undefined) return known
  const items = await receivablesOf(ctx, given.allocations)
  const { defaultDepositAccountCode } = book.business.profile
  const accountCode = given.accountCode ?? defaultDepositAccountCode ?? undefined
  const moneyAccount = moneyAccountOf(book, accountCode)
  const settled = settledOf(given, items, book)
  const rate = await rateOf(ctx, given, book)
  const withheld = withheldOf(given, settled)
  const fee = given.fee ?? 0n
  requireCovered(given, settled, withheld + fee)
  const partyId = partyOf(given, items)
  const id = ctx.newId('document')
  const { surface, date, currency } = given
  const number = await takeNumber(ctx, { kind: 'receipt', surface, date, documentId: id })
  const legs = { cash: given.amount - withheld - fee, withheld, fee }
  const type = typeOf(given)
  const posting = {
    ...{ accountingDate: date, sourceType: 'receipt', sourceId: id },
    scope: 'sales',
  } as const
  const description = `Receipt ${number}`
  const entry =
    type === 'cash_sale'
      ? await postCashSale(ctx, { given, book, rate, moneyAccountId: moneyAccount.id, id, number })
      : await postSettlement(ctx, {
          settlement: settleReceivables(
            {
              ...{ documentId: id, partyId, date, currency, rate, moneyAccount, legs, settled },
              depositItemId: ctx.newId('item'),
            },
            {
              baseCurrency: book.business.baseCurrency,
              mode: book.business.roundingMode,
              accountByRole: book.accountByRole,
            },
          ),
          entry: { ...posting, description },
          paidDocumentIds: items.map(({ documentId }) => documentId),
        })
  const details: ReceiptDetails = {
    method: given.method,
    paidBy: given.paidBy ?? null,
    accountCode: moneyAccount.code,
    withheld: String(withheld),
    fee: String(fee),
    type,
    ...(typeof given.externalId === 'string' && { contentDigest }),
  }
  await addDocument(
    ctx,
    toDocument(ctx, { given, id, number, partyId, rate, entry, details, book }),
  )
  const receipt = await getReceipt(ctx.tx, ctx.businessId, id)
  record(ctx, 'recorded', receipt)
  const { shownBefore } = given
  const shownById =
    shownBefore === undefined
      ? shownOf(ctx, book, items)
      : new Map(items.map(({ documentId }) => [documentId, shownBefore]))
  await emitInvoices(ctx, book, shownById)
  return receipt
}

/**
 * Puts what is left of a receipt against invoices.
 * Refuses, in this order: resource.not_found (receipt, then invoice), sales.receipt_voided,
 * sales.invoice_not_open, sales.invoice_already_paid, sales.allocation_currency_mismatch,
 * sales.allocation_exceeds_receipt, sales.allocation_exceeds_due, then what `postEntry` refuses
 * about dates.
 * Source: ledger specification 8.5 (P3).
 */
export async function allocateReceipt(
  ctx: Ctx,
  {
    receiptId,
    date,
    allocations,
  }: Readonly<{
    receiptId: string
    date: CalendarDate
    allocations: readonly ReceiptAllocation[]
  }>,
): Promise<Receipt> {
  const book = await ctx.remember(loadBook)
  const before = await getReceipt(ctx.tx, ctx.businessId, receiptId)
  const items = await receivablesOf(ctx, allocations)
  if (before.status === 'reversed') {
    throw new Refusal('sales.receipt_voided', { number: before.number })
  }
  const own = await listItemsOfDocuments(ctx.tx, ctx.businessId, [before.id])
  const deposit = own.find(({ side }) => side === 'DEP')
  const wanted = { ...before, currency: before.currency, amount: before.unallocated, allocations }
  const settled = settledOf(wanted, items, book)
  for (const { item } of settled) {
    if (item.currency !== before.currency) throw mismatch(before.currency, item.currency)
  }
  requireCovered(wanted, settled, 0n)
  assert(deposit !== undefined, 'an unallocated rest has a deposit')
  const { accountByRole, business } = book
  const books = { baseCurrency: business.baseCurrency, mode: business.roundingMode, accountByRole }
  let left: SettleableItem = deposit
  const parts = settled.map(({ item, amount }) => {
    const part = applyDeposit({ deposit: left, item, amount, date }, books)
    const used = part.changes.find(({ itemId }) => itemId === deposit.id)
    left = {
      ...left,
      openAmount: left.openAmount - amount,
      openBase: left.openBase - (used?.base ?? 0n),
    }
    return part
  })
  await postSettlement(ctx, {
    settlement: {
      lines: parts.flatMap(({ lines }) => lines),
      allocations: parts.flatMap((part) => part.allocations),
      changes: parts.flatMap(({ changes }) => changes),
      deposit: undefined,
    },
    entry: {
      ...{ accountingDate: date, sourceType: 'allocation', sourceId: before.id, scope: 'sales' },
      description: `Allocation of receipt ${before.number}`,
    },
    paidDocumentIds: items.map(({ documentId }) => documentId),
  })
  const receipt = await getReceipt(ctx.tx, ctx.businessId, receiptId)
  record(ctx, 'allocated', receipt, before)
  await emitInvoices(ctx, book, shownOf(ctx, book, items))
  return receipt
}

/**
 * Undoes a receipt: its allocations first, then itself, all on one date; invoices owe again what
 * it had settled.
 * Refuses, in this order: resource.not_found, sales.receipt_voided, ledger.reversal_too_early, then
 * what `postEntry` refuses about dates.
 * Source: ledger specification 8.5.
 */
export async function reverseReceipt(
  ctx: Ctx,
  {
    receiptId,
    reason,
    date,
  }: Readonly<{ receiptId: string; reason: string; date?: CalendarDate | undefined }>,
): Promise<Receipt> {
  const book = await ctx.remember(loadBook)
  const before = await getReceipt(ctx.tx, ctx.businessId, receiptId)
  if (before.status === 'reversed') {
    throw new Refusal('sales.receipt_voided', { number: before.number })
  }
  const document = await readDocument(ctx, 'receipt', receiptId)
  assert(document !== undefined && document.entryId !== null, 'a receipt has an entry')
  const { id: documentId, entryId } = document
  const settledIds = before.allocations.map(({ invoiceId }) => invoiceId)
  const today = dateIn(ctx.now, book.business.timeZone)
  const settled = await listInvoicesById(ctx.tx, ctx.businessId, settledIds, today)
  const shownById = new Map(settled.map(({ id, status }) => [String(id), status]))
  const { reversal, reopenedIds } = await undoSettlement(ctx, {
    ...{ documentId, entryId, reason, scope: 'sales' },
    date,
  })
  await changeDocument(ctx, {
    ...document,
    lifecycle: 'void',
    voidEntryId: reversal.id,
    voidReason: reason,
    voidedAt: ctx.now,
    updatedAt: ctx.recordedAt,
    version: document.version + 1n,
  })
  const receipt = await getReceipt(ctx.tx, ctx.businessId, receiptId)
  record(ctx, 'reversed', receipt, before)
  const reopened = reopenedIds.map((id) => [id, shownById.get(id) ?? 'paid'] as const)
  await emitInvoices(ctx, book, new Map(reopened))
  return receipt
}

/**
 * The receipt that an external id names already, when it was asked for in the same words.
 * Refuses: resource.external_id_taken.
 */
async function knownReceipt(
  ctx: Ctx,
  externalId: string | null,
  contentDigest: string,
): Promise<Receipt | undefined> {
  if (externalId === null) return undefined
  const known = await readByExternalId(ctx, 'receipt', externalId)
  if (known === undefined) return undefined
  if (known.contentDigest !== contentDigest) {
    throw new Refusal('resource.external_id_taken', { externalId, resource: 'Receipt' })
  }
  return getReceipt(ctx.tx, ctx.businessId, known.id)
}

/** Open receivables of the invoices named, in the order they are named. */
async function receivablesOf(
  ctx: Ctx,
  allocations: readonly ReceiptAllocation[],
): Promise<readonly SettleableItem[]> {
  assert(allocations.length <= allocationsMax, 'surfaces bound the allocations of a command')
  if (allocations.length === 0) return []
  const invoiceIds = allocations.map(({ invoiceId }) => invoiceId)
  const items = await listItemsOfDocuments(ctx.tx, ctx.businessId, invoiceIds)
  const found: SettleableItem[] = []
  for (const invoiceId of invoiceIds) {
    const item = items.find(({ documentId, side }) => documentId === invoiceId && side === 'AR')
    if (item === undefined || item.lifecycle !== 'open') throw await notOpen(ctx, invoiceId)
    const { number } = item
    if (item.openAmount === 0n) throw new Refusal('sales.invoice_already_paid', { number })
    found.push(item)
  }
  return found
}

async function notOpen(ctx: Ctx, invoiceId: string): Promise<Refusal> {
  const invoice = await readDocument(ctx, 'invoice', invoiceId)
  if (invoice === undefined) {
    return new Refusal('resource.not_found', { resource: 'Invoice', id: invoiceId })
  }
  const number = invoice.number ?? invoice.id
  if (invoice.lifecycle === 'open') return new Refusal('sales.invoice_already_paid', { number })
  const status = invoice.lifecycle === 'void' ? 'cancelled' : 'draft'
  return new Refusal('sales.invoice_not_open', { number, status })
}

type Wanted = Pick<NewReceipt, 'currency' | 'amount' | 'allocations'> &
  Partial<Pick<NewReceipt, 'withheld' | 'withheldPercent'>>

/** Each allocation with its item, what was paid for it and what was withheld of it. */
function settledOf(
  given: Wanted,
  items: readonly SettleableItem[],
  { business }: Book,
): readonly Settled[] {
  const { currency, allocations, withheld = 0n, withheldPercent } = given
  const paid = allocations.map((allocation, index) => {
    const item = items[index]
    assert(item !== undefined, 'every allocation has its item')
    const isCrossed = item.currency !== currency
    if (isCrossed && allocation.paid === undefined) throw mismatch(currency, item.currency)
    return isCrossed ? (allocation.paid ?? 0n) : allocation.amount
  })
  const shares =
    withheld === 0n || allocations.length === 0
      ? allocations.map(() => 0n)
      : allocate(withheld, paid)
  return allocations.map(({ amount }, index) => {
    const item = items[index]
    assert(item !== undefined, 'every allocation has its item')
    const kept =
      withheldPercent === undefined
        ? (shares[index] ?? 0n)
        : withholdingLeg({
            netMinor: item.documentNet,
            totalMinor: item.documentTotal,
            settledBefore: item.settledAmount,
            settled: amount,
            percent: parseDecimal(withheldPercent, 'wht_rate'),
            mode: business.roundingMode,
          }).withheld
    return { item, amount, paid: paid[index] ?? 0n, withheld: kept }
  })
}

const mismatch = (receiptCurrency: string, invoiceCurrency: string): Refusal =>
  new Refusal('sales.allocation_currency_mismatch', { receiptCurrency, invoiceCurrency })

const withheldOf = ({ withheld }: NewReceipt, settled: readonly Settled[]): bigint =>
  withheld ?? settled.reduce((sum, one) => sum + one.withheld, 0n)

/** Refuses: what is kept back is more than the receipt; the allocations are; one is more than due. */
function requireCovered(
  { currency, amount }: Pick<NewReceipt, 'currency' | 'amount'>,
  settled: readonly Settled[],
  keptBack: bigint,
): void {
  if (keptBack > amount) {
    throw new Refusal('purchases.withholding_invalid', { amount: money(keptBack, currency) })
  }
  const difference = settled.reduce((sum, { paid }) => sum + paid, 0n) - amount
  if (difference > 0n) {
    throw new Refusal('sales.allocation_exceeds_receipt', {
      difference: money(difference, currency),
    })
  }
  const wantedById = new Map<string, bigint>()
  for (const { item, amount: part } of settled) {
    const wanted = (wantedById.get(item.id) ?? 0n) + part
    wantedById.set(item.id, wanted)
    if (wanted <= item.openAmount) continue
    throw new Refusal('sales.allocation_exceeds_due', {
      amount: money(wanted, item.currency),
      due: money(item.openAmount, item.currency),
      number: item.number,
    })
  }
}

function partyOf({ customerId }: NewReceipt, items: readonly SettleableItem[]): Id<'party'> | null {
  const [first] = items
  if (customerId === null) return first?.partyId ?? null
  const foreign = items.find(({ partyId }) => partyId !== customerId)
  if (foreign !== undefined) {
    throw new Refusal('resource.not_found', { resource: 'Invoice', id: foreign.documentId })
  }
  return customerId as Id<'party'> // found as a party above
}

const typeOf = ({ allocations, customerId }: NewReceipt): Receipt['type'] => {
  if (allocations.length > 0) return 'invoice_payment'
  return customerId === null ? 'cash_sale' : 'customer_deposit'
}

function rateOf(ctx: Ctx, given: NewReceipt, { business }: Book): Promise<Rate> {
  const { currency, exchangeRate, date: day } = given
  const { baseCurrency } = business
  if (exchangeRate !== undefined && currency !== baseCurrency) {
    return Promise.resolve({ rate: exchangeRate, source: 'document' })
  }
  return getRate(ctx.tx, { businessId: ctx.businessId, currency, baseCurrency, day })
}

type CashSale = Readonly<{
  given: NewReceipt
  book: Book
  rate: Rate
  moneyAccountId: Id<'account'>
  id: Id<'document'>
  number: string
}>

/** A sale without a customer's document: money against revenue and the tax inside it. */
function postCashSale(ctx: Ctx, sale: CashSale): Promise<Entry> {
  const { given, book, rate, moneyAccountId, id, number } = sale
  const { currency, amount, cashSale } = given
  const { accountByCode, accountByRole, business } = book
  const code = cashSale?.accountCode
  const revenue = code === undefined ? accountOf(accountByRole, 'revenue') : accountByCode.get(code)
  if (revenue === undefined) throw new Refusal('ledger.account_not_found', { account: code ?? '' })
  const tax = taxInside(amount, cashSale?.taxPercent ?? '0', business.roundingMode)
  const { baseCurrency, roundingMode: mode } = business
  const conversion = { currency, baseCurrency, rate: rate.rate, mode }
  const base = toBase(amount, conversion)
  const credits = [
    { accountId: revenue.id, amount: -(amount - tax) },
    { accountId: accountOf(accountByRole, 'vat_payable').id, amount: -tax, taxTag: 'output' },
  ].filter((line) => line.amount !== 0n)
  const bases = shareBase(
    -base,
    credits.map((line) => line.amount),
    conversion,
  )
  const rated = currency === baseCurrency ? {} : { rate: rate.rate, rateSource: rate.source }
  return postEntry(ctx, {
    ...{ accountingDate: given.date, kind: 'standard', sourceType: 'receipt', sourceId: id },
    ...{ description: `Cash sale ${number}`, scope: 'sales' },
    lines: [
      { accountId: moneyAccountId, currency, amount, base, ...rated },
      ...credits.map((line, index) => ({
        ...line,
        ...{ currency, base: bases[index] ?? 0n, ...rated },
      })),
    ],
  })
}

/** The tax that is part of an amount. */
function taxInside(
  amount: bigint,
  percent: string,
  mode: Book['business']['roundingMode'],
): bigint {
  const { units, scale } = parseDecimal(percent, 'vat_rate')
  if (units === 0n) return 0n
  return round(ratio(amount * units, units + 100n * 10n ** BigInt(scale)), mode)
}

type Made = Readonly<{
  given: NewReceipt
  id: Id<'document'>
  number: string
  partyId: Id<'party'> | null
  rate: Rate
  entry: Entry
  details: ReceiptDetails
  book: Book
}>

function toDocument(
  ctx: Ctx,
  { given, id, number, partyId, rate, entry, details, book }: Made,
): Document {
  const { currency, amount, date, surface } = given
  const { baseCurrency, roundingMode: mode } = book.business
  return {
    ...{ id, businessId: ctx.businessId, kind: 'receipt', surface, lifecycle: 'open', number },
    ...{ partyId, issueDate: date, dueDate: null, currency },
    ...{ rate: rate.rate, rateSource: rate.source, pricesIncludeTax: false, discountPercent: '0' },
    ...{ subtotal: amount, tax: 0n, rounding: 0n, total: amount },
    baseTotal: toBase(amount, { currency, baseCurrency, rate: rate.rate, mode }),
    ...{ reference: given.reference ?? null, notes: given.notes ?? null },
    ...{ terms: null, template: null, sourceDocumentId: null },
    ...{ externalId: given.externalId ?? null, metadata: given.metadata ?? {}, details },
    ...{ calculation: null, entryId: entry.id, voidEntryId: null, voidReason: null },
    ...{ sentAt: null, paidAt: null, voidedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt, version: 1n, lines: [] },
  }
}

function record(ctx: Ctx, what: string, receipt: Receipt, before?: Receipt): void {
  const resource = { resource: 'receipt', resourceId: receipt.id } as const
  const after = toImage(receipt)
  ctx.audit({
    action: `receipt.${what}`,
    ...resource,
    ...(receipt.voidReason !== null && { reason: receipt.voidReason }),
    ...(before !== undefined && { before: toImage(before) }),
    after,
  })
  ctx.emit({ type: `sales.receipt.${what}`, ...resource, payload: after })
}

/** What invoices showed before a command, by their id. */
type ShownById = ReadonlyMap<string, InvoiceStatus>

const shownOf = (ctx: Ctx, { business }: Book, items: readonly SettleableItem[]): ShownById => {
  const today = dateIn(ctx.now, business.timeZone)
  return new Map(
    items.map(({ documentId, lifecycle, openAmount: amountDue, dueDate }) => [
      documentId,
      statusOf({ lifecycle, amountDue, dueDate }, today),
    ]),
  )
}

/** One event per invoice: paid when nothing is open any more, else updated. */
async function emitInvoices(ctx: Ctx, { business }: Book, shownById: ShownById): Promise<void> {
  if (shownById.size === 0) return
  const today = dateIn(ctx.now, business.timeZone)
  const ids = [...shownById.keys()]
  for (const invoice of await listInvoicesById(ctx.tx, ctx.businessId, ids, today)) {
    ctx.emit(settledEvent(invoice, shownById.get(invoice.id)))
  }
}
