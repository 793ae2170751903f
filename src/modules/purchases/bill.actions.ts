import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { compareDecimals, parseDecimal, zero } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Account } from '../ledger/account.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import {
  addDocument,
  changeDocument,
  keepVersion,
  readDocument,
} from '../ledger/document.actions.ts'
import { type Document, type DocumentLine, toImage } from '../ledger/document.ts'
import { getRate } from '../ledger/exchange-rate.queries.ts'
import { type Rate, toBase } from '../ledger/exchange-rate.ts'
import { postEntry, reverseEntry } from '../ledger/journal.actions.ts'
import type { Entry } from '../ledger/journal.ts'
import { takeExplicitNumber, takeNumber } from '../ledger/number-series.actions.ts'
import { allocateItems, openItems } from '../ledger/open-item.actions.ts'
import { listItemsOfDocuments } from '../ledger/open-item.queries.ts'
import { noChange, type SettleableItem } from '../ledger/open-item.ts'
import { accountOf } from '../ledger/settlement.ts'
import { getParty } from '../parties/party.queries.ts'
import { type Party, requireUsableParty } from '../parties/party.ts'
import type { Calculation } from '../tax/calculation.ts'
import { calculateDraft, categoryOf } from '../tax/line-draft.ts'
import { toStoredCalculation } from '../tax/stored-calculation.ts'
import { findBillByReference, getBill } from './bill.queries.ts'
import type { Bill, BillDraft, NewBill } from './bill.ts'
import { toPurchaseLines } from './purchase.ts'

/**
 * Enters a supplier's bill and posts it at once.
 *
 * Refuses, in this order: resource.not_found (supplier), purchases.supplier_inactive,
 * ledger.account_not_found, ledger.account_is_control, purchases.duplicate_reference,
 * resource.number_taken, what `calculateDraft` refuses, sales.total_negative,
 * ledger.rate_out_of_range, ledger.rate_missing, then what `postEntry` refuses about dates.
 * Source: Books specification 11.2; ledger specification 8.6 (B1).
 */
export async function createBill(ctx: Ctx, given: NewBill): Promise<Bill> {
  const book = await ctx.remember(loadBook)
  const supplier = await usableSupplier(ctx, given.supplierId)
  const accounts = accountsOf(given, book)
  await requireNewReference(ctx, supplier, given)
  const id = ctx.newId('document')
  const { surface, issueDate: date } = given
  const asked = { kind: 'bill', surface, date, documentId: id } as const
  const calculation = calculate(given, book)
  const number =
    given.number === undefined
      ? await takeNumber(ctx, asked)
      : await takeExplicitNumber(ctx, { ...asked, number: given.number, resource: 'Bill' })
  const posted = await post(ctx, {
    id,
    number,
    draft: given,
    supplier,
    accounts,
    calculation,
    book,
  })
  const document: Document = {
    ...toDocument(ctx, { ...posted, id, number, draft: given, supplier, calculation }),
    ...{ surface, externalId: given.externalId ?? null },
    lines: toLines(ctx, given, accounts, calculation),
  }
  await addDocument(ctx, document)
  await openPayable(ctx, document, supplier, posted.itemId)
  await keepVersion(ctx, document, { document })
  const bill = await getBill(ctx.tx, ctx.businessId, id, dateIn(ctx.now, book.business.timeZone))
  record(ctx, 'created', bill)
  return bill
}

/**
 * Replaces an unpaid bill: its entry is reversed and a new one posted, both on the bill's date.
 *
 * Refuses, in this order: resource.not_found (bill), purchases.bill_not_editable, then what
 * `createBill` refuses.
 * Source: ledger specification 8.6.
 */
export async function updateBill(
  ctx: Ctx,
  { billId, draft }: Readonly<{ billId: string; draft: BillDraft }>,
): Promise<Bill> {
  const book = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, book.business.timeZone)
  const { document: before, item } = await findBill(ctx, billId)
  const bill = await getBill(ctx.tx, ctx.businessId, billId, today)
  const { number, status } = bill
  const isUnpaid = item === undefined || item.openAmount === item.originalAmount
  if (before.lifecycle !== 'open' || !isUnpaid) {
    throw new Refusal('purchases.bill_not_editable', { number, status })
  }
  const supplier = await usableSupplier(ctx, draft.supplierId)
  const accounts = accountsOf(draft, book)
  const calculation = calculate(draft, book)
  const reversal = await reverseBill(ctx, before, { reason: 'corrected' })
  if (reversal !== undefined) await closeItem(ctx, item, reversal)
  const { id } = before
  const posted = await post(ctx, { id, number, draft, supplier, accounts, calculation, book })
  const document: Document = {
    ...toDocument(ctx, { ...posted, id, number, draft, supplier, calculation }),
    ...{ surface: before.surface, externalId: before.externalId },
    ...{ createdAt: before.createdAt, version: before.version + 1n },
    lines: toLines(ctx, draft, accounts, calculation),
  }
  await changeDocument(ctx, document, { hasNewLines: true })
  await openPayable(ctx, document, supplier, posted.itemId)
  await keepVersion(ctx, document, { document })
  const changed = await getBill(ctx.tx, ctx.businessId, billId, today)
  record(ctx, 'updated', changed, bill)
  return changed
}

/**
 * Voids an unpaid bill by the mirrored entry, dated as given, else on the bill's date, else on the
 * first open day after it.
 *
 * Refuses, in this order: resource.not_found, purchases.bill_voided, purchases.bill_has_payments,
 * ledger.reversal_too_early, then what `postEntry` refuses about dates.
 * Source: ledger specification 8.6.
 */
export async function voidBill(
  ctx: Ctx,
  {
    billId,
    reason,
    date,
  }: Readonly<{ billId: string; reason: string; date?: CalendarDate | undefined }>,
): Promise<Bill> {
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const { document, item } = await findBill(ctx, billId)
  const number = document.number ?? document.id
  if (document.lifecycle === 'void') throw new Refusal('purchases.bill_voided', { number })
  if (item !== undefined && item.openAmount !== item.originalAmount) {
    throw new Refusal('purchases.bill_has_payments', { number })
  }
  const before = await getBill(ctx.tx, ctx.businessId, billId, today)
  const reversal = await reverseBill(ctx, document, { reason, date })
  const voided: Document = {
    ...document,
    ...{ lifecycle: 'void', voidEntryId: reversal?.id ?? null, voidReason: reason },
    ...{ voidedAt: ctx.now, updatedAt: ctx.recordedAt, version: document.version + 1n },
  }
  await changeDocument(ctx, voided)
  if (reversal !== undefined) await closeItem(ctx, item, reversal)
  await keepVersion(ctx, voided, { document: voided })
  const bill = await getBill(ctx.tx, ctx.businessId, billId, today)
  record(ctx, 'voided', bill, before)
  return bill
}

async function findBill(
  ctx: Ctx,
  billId: string,
): Promise<Readonly<{ document: Document; item: SettleableItem | undefined }>> {
  const document = await readDocument(ctx, 'bill', billId)
  if (document === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Bill', id: billId })
  }
  const items = await listItemsOfDocuments(ctx.tx, ctx.businessId, [document.id])
  return {
    document,
    item: items.find(({ lifecycle, openAmount }) => isOf(lifecycle, openAmount)) ?? items.at(-1),
  }
}

/** The item that counts: a corrected bill keeps its closed ones. */
const isOf = (lifecycle: string, openAmount: bigint): boolean =>
  lifecycle === 'open' && openAmount !== 0n

async function reverseBill(
  ctx: Ctx,
  { entryId }: Document,
  { reason, date }: Readonly<{ reason: string; date?: CalendarDate | undefined }>,
): Promise<Entry | undefined> {
  if (entryId === null) return undefined
  const dated = date === undefined ? {} : { date }
  return await reverseEntry(ctx, { entryId, reason, scope: 'purchases', ...dated })
}

async function closeItem(
  ctx: Ctx,
  item: SettleableItem | undefined,
  { id: entryId, accountingDate }: Entry,
): Promise<void> {
  if (item === undefined) return
  const { id: itemId, documentId, openAmount: amount, openBase: base } = item
  const taken = { itemId, amount, base }
  await allocateItems(ctx, {
    allocations: [{ ...taken, documentId, leg: 'void', accountingDate, entryId, undoes: null }],
    changes: [{ ...noChange, ...taken }],
    documentIds: [],
  })
}

type Posting = Readonly<{
  id: Id<'document'>
  number: string
  draft: BillDraft
  supplier: Party
  accounts: readonly Account[]
  calculation: Calculation
  book: Book
}>

type Posted = Readonly<{
  entry: Entry | undefined
  itemId: Id<'item'>
  rate: Rate
  baseTotal: bigint
}>

/** Posts B1: costs and input tax against the payable. */
async function post(ctx: Ctx, posting: Posting): Promise<Posted> {
  const { id, number, draft, supplier, accounts, calculation, book } = posting
  const { total } = calculation.totals
  if (total < 0n) throw new Refusal('sales.total_negative')
  const { currency, issueDate } = draft
  const rate = await rateOf(ctx, draft, book)
  const { baseCurrency, roundingMode: mode } = book.business
  const conversion = { currency, baseCurrency, rate: rate.rate, mode }
  const baseTotal = toBase(total, conversion)
  const rated = currency === baseCurrency ? {} : { rate: rate.rate, rateSource: rate.source }
  const itemId = ctx.newId('item')
  const debits = toPurchaseLines(
    { calculation, accounts, conversion, baseTotal, rated },
    book.accountByRole,
  )
  const payable = {
    accountId: accountOf(book.accountByRole, 'payables').id,
    ...{ currency, amount: -total, base: -baseTotal, ...rated },
    ...{ partyId: supplier.id, openItemId: itemId },
  }
  const lines = [...debits, payable].filter(({ amount, base }) => amount !== 0n || base !== 0n)
  const entry =
    lines.length === 0
      ? undefined
      : await postEntry(ctx, {
          ...{ accountingDate: issueDate, kind: 'standard', sourceType: 'bill', sourceId: id },
          ...{ description: `Bill ${number}`, scope: 'purchases', lines },
          ...(draft.reference !== null && { reference: draft.reference }),
        })
  return { entry, itemId, rate, baseTotal }
}

async function openPayable(
  ctx: Ctx,
  { id: documentId, currency, total, baseTotal, issueDate, dueDate }: Document,
  supplier: Party,
  itemId: Id<'item'>,
): Promise<void> {
  if (total === 0n) return
  await openItems(ctx, [
    {
      ...{ id: itemId, side: 'AP', partyId: supplier.id, documentId, currency },
      ...{ originalAmount: total, originalBase: baseTotal ?? total },
      ...{ documentDate: issueDate, dueDate },
    },
  ])
}

async function usableSupplier(ctx: Ctx, supplierId: string): Promise<Party> {
  const supplier = await getParty(ctx.tx, ctx.businessId, supplierId, 'supplier')
  requireUsableParty(supplier, 'supplier')
  return supplier
}

const accountsOf = ({ lines }: BillDraft, { accountByCode }: Book): readonly Account[] =>
  lines.map(({ accountCode }) => {
    const account = accountByCode.get(accountCode)
    if (account === undefined) {
      throw new Refusal('ledger.account_not_found', { account: accountCode })
    }
    if (account.level === 'locked') {
      throw new Refusal('ledger.account_is_control', {
        account: accountCode,
        use: 'a cost account',
      })
    }
    return account
  })

async function requireNewReference(ctx: Ctx, supplier: Party, given: NewBill): Promise<void> {
  const { reference, isDuplicateAllowed = false } = given
  if (reference === null || isDuplicateAllowed) return
  const existingId = await findBillByReference(ctx.tx, ctx.businessId, {
    supplierId: supplier.id,
    reference,
  })
  if (existingId === undefined) return
  throw new Refusal('purchases.duplicate_reference', { name: supplier.name, reference, existingId })
}

const calculate = (draft: BillDraft, { business }: Book): Calculation =>
  calculateDraft(draft.lines, {
    currency: draft.currency,
    direction: 'purchase',
    pricesInclude: draft.pricesIncludeTax === true ? 'tax' : 'none',
    rounding: business.taxRounding,
    mode: business.roundingMode,
    discountPercent: '0',
    printedTax: draft.printedTax,
  })

/** Refuses, in this order: ledger.rate_out_of_range, ledger.rate_missing. */
function rateOf(
  ctx: Ctx,
  { currency, exchangeRate, issueDate: day }: BillDraft,
  { business }: Book,
): Promise<Rate> {
  const { baseCurrency } = business
  if (exchangeRate === undefined || currency === baseCurrency) {
    return getRate(ctx.tx, { businessId: ctx.businessId, currency, baseCurrency, day })
  }
  if (compareDecimals(parseDecimal(exchangeRate, 'exchange_rate'), zero) <= 0) {
    const [from, to] = [currency, baseCurrency]
    throw new Refusal('ledger.rate_out_of_range', { rate: exchangeRate, from, to })
  }
  return Promise.resolve({ rate: exchangeRate, source: 'document' })
}

type Made = Posted &
  Readonly<{
    id: Id<'document'>
    number: string
    draft: BillDraft
    supplier: Party
    calculation: Calculation
  }>

function toDocument(ctx: Ctx, made: Made): Omit<Document, 'lines'> {
  const { id, number, draft, supplier, calculation, entry, rate, baseTotal } = made
  const { subtotal, tax, total } = calculation.totals
  return {
    ...{
      id,
      businessId: ctx.businessId,
      kind: 'bill',
      surface: 'books',
      lifecycle: 'open',
      number,
    },
    ...{ partyId: supplier.id, issueDate: draft.issueDate, dueDate: draft.dueDate },
    ...{ currency: draft.currency, rate: rate.rate, rateSource: rate.source },
    ...{ pricesIncludeTax: draft.pricesIncludeTax ?? false, discountPercent: '0' },
    ...{ subtotal, tax, rounding: 0n, total, baseTotal },
    ...{ reference: draft.reference, notes: draft.notes, terms: null, template: null },
    ...{ sourceDocumentId: null, externalId: null, metadata: {} },
    details: { supplier: { name: supplier.name, taxId: supplier.taxId } },
    calculation: toStoredCalculation(calculation),
    ...{ entryId: entry?.id ?? null, voidEntryId: null, voidReason: null },
    ...{ sentAt: null, paidAt: total === 0n ? ctx.now : null, voidedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt, version: 1n },
  }
}

const toLines = (
  ctx: Ctx,
  { lines }: BillDraft,
  accounts: readonly Account[],
  calculation: Calculation,
): readonly DocumentLine[] =>
  lines.map((line, index): DocumentLine => {
    const account = accounts[index]
    const { net, tax } = calculation.lines[index] ?? { net: 0n, tax: 0n }
    assert(account !== undefined, 'every line has an account')
    return {
      ...{ id: ctx.newId('line'), description: line.description },
      ...{ quantity: line.quantity, unitPrice: line.unitPrice },
      ...{ discountPercent: line.discountPercent ?? '0', taxPercent: line.taxPercent ?? '0' },
      ...{ taxCategory: categoryOf(line), productId: null },
      ...{ accountId: account.id, accountCode: account.code, unit: line.unit ?? null },
      ...{ net, tax },
    }
  })

function record(ctx: Ctx, what: string, bill: Bill, before?: Bill): void {
  const resource = { resource: 'bill', resourceId: bill.id } as const
  const after = toImage(bill)
  ctx.audit({
    ...{ action: `bill.${what}`, ...resource, after },
    ...(bill.voidReason !== null && { reason: bill.voidReason }),
    ...(before !== undefined && { before: toImage(before) }),
  })
  ctx.emit({ type: `purchases.bill.${what}`, ...resource, payload: after })
}
