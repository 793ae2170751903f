import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { parseDecimal } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { money } from '../../kernel/money.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import { addDocument, changeDocument, readDocument } from '../ledger/document.actions.ts'
import { type Document, toImage } from '../ledger/document.ts'
import { getRate } from '../ledger/exchange-rate.queries.ts'
import { type Rate, toBase } from '../ledger/exchange-rate.ts'
import { takeNumber } from '../ledger/number-series.actions.ts'
import { listItemsOfDocuments } from '../ledger/open-item.queries.ts'
import type { SettleableItem } from '../ledger/open-item.ts'
import { postSettlement, undoSettlement } from '../ledger/settlement.actions.ts'
import { moneyAccountOf, type Settled, settlePayables } from '../ledger/settlement.ts'
import { withholdingLeg } from '../tax/withholding.ts'
import { listBillsById } from './bill.queries.ts'
import { getBillPayment, type PaymentDetails } from './bill-payment.queries.ts'
import type { BillAllocation, BillPayment, NewBillPayment } from './bill-payment.ts'
import { issueCertificate, voidCertificatesOf } from './certificate.actions.ts'

/**
 * Pays bills of one supplier. Tax that is withheld is counted on each bill's net, over all its
 * payments, and proved by one certificate.
 *
 * Refuses, in this order: resource.not_found (bill), ledger.account_not_found,
 * ledger.account_is_control, purchases.bill_voided, purchases.payment_exceeds_due,
 * sales.allocation_currency_mismatch, ledger.rate_missing, purchases.withholding_invalid, then what
 * `postEntry` refuses about dates.
 * Source: Books specification 11.2; ledger specification 8.6 (B2).
 */
export async function payBills(ctx: Ctx, given: NewBillPayment): Promise<BillPayment> {
  const book = await ctx.remember(loadBook)
  const items = await payablesOf(ctx, given.allocations)
  const moneyAccount = moneyAccountOf(book, given.accountCode)
  requireDue(given.allocations, items)
  const kept = items.map((item, index) => withholdingOf(given, item, index, book))
  const settled = items.map((item, index) => ({
    ...settledOf(given, item, allocationAt(given, index)),
    withheld: kept[index]?.withheld ?? 0n,
  }))
  const rate = await rateOf(ctx, given, book)
  const amount = settled.reduce((sum, { paid }) => sum + paid, 0n)
  const withheld = settled.reduce((sum, one) => sum + one.withheld, 0n)
  if (withheld > amount) {
    throw new Refusal('purchases.withholding_invalid', { amount: money(withheld, given.currency) })
  }
  const [first] = items
  assert(first !== undefined, 'surfaces ask for at least one bill')
  const { partyId } = first
  const documentId = ctx.newId('document')
  const { surface, date, currency } = given
  const number = await takeNumber(ctx, { kind: 'bill_payment', surface, date, documentId })
  const entry = await postSettlement(ctx, {
    settlement: settlePayables(
      {
        ...{ documentId, partyId, date, currency, rate, moneyAccount, settled },
        legs: { cash: amount - withheld, withheld, fee: 0n },
        depositItemId: ctx.newId('item'),
      },
      {
        baseCurrency: book.business.baseCurrency,
        mode: book.business.roundingMode,
        accountByRole: book.accountByRole,
      },
    ),
    entry: {
      ...{ accountingDate: date, sourceType: 'bill_payment', sourceId: documentId },
      ...{ scope: 'purchases', description: `Bill payment ${number}` },
    },
    paidDocumentIds: items.map((item) => item.documentId),
  })
  const details: PaymentDetails = {
    ...{ method: given.method, accountCode: moneyAccount.code, withheld: String(withheld) },
    withheldPercent: given.withheldPercent ?? '0',
  }
  const made = { given, documentId, number, partyId, rate, amount, entryId: entry.id }
  await addDocument(ctx, { ...toDocument(ctx, made, book), details })
  if (withheld > 0n) {
    await issueCertificate(ctx, {
      ...{ supplierId: partyId, paymentId: documentId, issueDate: date, withheld },
      billId: items.length === 1 ? first.documentId : null,
      ratePercent: given.withheldPercent ?? '0',
      gross: kept.reduce((sum, { base }) => sum + base, 0n),
    })
  }
  const payment = await getBillPayment(ctx.tx, ctx.businessId, documentId)
  record(ctx, 'recorded', payment)
  await emitBills(
    ctx,
    book,
    items.map((item) => item.documentId),
  )
  return payment
}

/**
 * Undoes a bill payment; its bills are owed again and its certificate is void.
 * Refuses, in this order: resource.not_found, resource.invalid_transition,
 * ledger.reversal_too_early, then what `postEntry` refuses about dates.
 * Source: Books specification 11.2 and 11.3.
 */
export async function reverseBillPayment(
  ctx: Ctx,
  {
    paymentId,
    reason,
    date,
  }: Readonly<{ paymentId: string; reason: string; date?: CalendarDate | undefined }>,
): Promise<BillPayment> {
  const book = await ctx.remember(loadBook)
  const before = await getBillPayment(ctx.tx, ctx.businessId, paymentId)
  if (before.status === 'reversed') {
    throw new Refusal('resource.invalid_transition', {
      ...{ resource: 'Bill payment', from: 'reversed', to: 'reversed' },
    })
  }
  const document = await readDocument(ctx, 'bill_payment', paymentId)
  assert(document !== undefined && document.entryId !== null, 'a bill payment has an entry')
  const { id: documentId, entryId } = document
  const undo = { documentId, entryId, reason, date, scope: 'purchases' } as const
  const { reversal, reopenedIds } = await undoSettlement(ctx, undo)
  await changeDocument(ctx, {
    ...document,
    ...{ lifecycle: 'void', voidEntryId: reversal.id, voidReason: reason },
    ...{ voidedAt: ctx.now, updatedAt: ctx.recordedAt, version: document.version + 1n },
  })
  await voidCertificatesOf(ctx, documentId)
  const payment = await getBillPayment(ctx.tx, ctx.businessId, paymentId)
  record(ctx, 'reversed', payment, before)
  await emitBills(ctx, book, reopenedIds)
  return payment
}

/** Open payables of the bills named, in the order they are named. */
async function payablesOf(
  ctx: Ctx,
  allocations: readonly BillAllocation[],
): Promise<readonly SettleableItem[]> {
  const billIds = allocations.map(({ billId }) => billId)
  const items = await listItemsOfDocuments(ctx.tx, ctx.businessId, billIds)
  const found: SettleableItem[] = []
  for (const billId of billIds) {
    const own = items.filter(({ documentId, side }) => documentId === billId && side === 'AP')
    const item = own.find(({ openAmount }) => openAmount !== 0n) ?? own.at(-1)
    const isForeign = item !== undefined && item.partyId !== (found[0] ?? item).partyId
    if (item === undefined || isForeign) {
      throw new Refusal('resource.not_found', { resource: 'Bill', id: billId })
    }
    if (item.lifecycle === 'void') {
      throw new Refusal('purchases.bill_voided', { number: item.number })
    }
    found.push(item)
  }
  return found
}

/** What a bill is settled by. Refuses: sales.allocation_currency_mismatch. */
function settledOf(
  { currency }: NewBillPayment,
  item: SettleableItem,
  { amount, paid }: BillAllocation,
): Omit<Settled, 'withheld'> {
  if (item.currency === currency) return { item, amount, paid: amount }
  if (paid !== undefined) return { item, amount, paid }
  throw new Refusal('sales.allocation_currency_mismatch', {
    receiptCurrency: currency,
    invoiceCurrency: item.currency,
  })
}

function requireDue(
  allocations: readonly BillAllocation[],
  items: readonly SettleableItem[],
): void {
  const wantedById = new Map<string, bigint>()
  for (const [index, item] of items.entries()) {
    const wanted = (wantedById.get(item.id) ?? 0n) + (allocations[index]?.amount ?? 0n)
    wantedById.set(item.id, wanted)
    if (wanted <= item.openAmount) continue
    throw new Refusal('purchases.payment_exceeds_due', {
      amount: money(wanted, item.currency),
      due: money(item.openAmount, item.currency),
      number: item.number,
    })
  }
}

function allocationAt({ allocations }: NewBillPayment, index: number): BillAllocation {
  const allocation = allocations[index]
  assert(allocation !== undefined, 'every item has its allocation')
  return allocation
}

const withholdingOf = (
  given: NewBillPayment,
  item: SettleableItem,
  index: number,
  { business }: Book,
) =>
  withholdingLeg({
    ...{ netMinor: item.documentNet, totalMinor: item.documentTotal },
    ...{ settledBefore: item.settledAmount, settled: allocationAt(given, index).amount },
    percent: parseDecimal(given.withheldPercent ?? '0', 'whtRate'),
    mode: business.roundingMode,
  })

function rateOf(ctx: Ctx, given: NewBillPayment, { business }: Book): Promise<Rate> {
  const { currency, exchangeRate, date: day } = given
  const { baseCurrency } = business
  if (exchangeRate !== undefined && currency !== baseCurrency) {
    return Promise.resolve({ rate: exchangeRate, source: 'document' })
  }
  return getRate(ctx.tx, { businessId: ctx.businessId, currency, baseCurrency, day })
}

type Made = Readonly<{
  given: NewBillPayment
  documentId: Id<'document'>
  number: string
  partyId: Id<'party'>
  rate: Rate
  amount: bigint
  entryId: Id<'entry'>
}>

function toDocument(ctx: Ctx, made: Made, { business }: Book): Document {
  const { given, documentId: id, number, partyId, rate, amount, entryId } = made
  const { surface, date, currency } = given
  const { baseCurrency, roundingMode: mode } = business
  return {
    ...{ id, businessId: ctx.businessId, kind: 'bill_payment', surface, lifecycle: 'open', number },
    ...{ partyId, issueDate: date, dueDate: null, currency },
    ...{ rate: rate.rate, rateSource: rate.source, pricesIncludeTax: false, discountPercent: '0' },
    ...{ subtotal: amount, tax: 0n, rounding: 0n, total: amount },
    baseTotal: toBase(amount, { currency, baseCurrency, rate: rate.rate, mode }),
    ...{ reference: given.reference ?? null, notes: given.notes ?? null },
    ...{ terms: null, template: null, sourceDocumentId: null, externalId: null, metadata: {} },
    ...{ details: {}, calculation: null, entryId, voidEntryId: null, voidReason: null },
    ...{ sentAt: null, paidAt: null, voidedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt, version: 1n, lines: [] },
  }
}

function record(ctx: Ctx, what: string, payment: BillPayment, before?: BillPayment): void {
  const resource = { resource: 'bill_payment', resourceId: payment.id } as const
  const after = toImage(payment)
  ctx.audit({
    ...{ action: `bill_payment.${what}`, ...resource, after },
    ...(payment.voidReason !== null && { reason: payment.voidReason }),
    ...(before !== undefined && { before: toImage(before) }),
  })
  ctx.emit({ type: `purchases.bill_payment.${what}`, ...resource, payload: after })
}

async function emitBills(ctx: Ctx, { business }: Book, billIds: readonly string[]): Promise<void> {
  const today = dateIn(ctx.now, business.timeZone)
  for (const bill of await listBillsById(ctx.tx, ctx.businessId, billIds, today)) {
    ctx.emit({
      type: `purchases.bill.${bill.status === 'paid' ? 'paid' : 'updated'}`,
      ...{ resource: 'bill', resourceId: bill.id, payload: toImage(bill) },
    })
  }
}
