import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { multiplyRatios, parseDecimal, ratio, round, toRatio } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { money } from '../../kernel/money.ts'
import type { Account } from '../ledger/account.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import {
  addDocument,
  changeDocument,
  keepVersion,
  readByExternalId,
  readDocument,
  removeDraft,
} from '../ledger/document.actions.ts'
import { type Document, toImage } from '../ledger/document.ts'
import { getRate } from '../ledger/exchange-rate.queries.ts'
import { type Rate, shareBase, toBase } from '../ledger/exchange-rate.ts'
import { postEntry, reverseEntry } from '../ledger/journal.actions.ts'
import type { Entry, Line } from '../ledger/journal.ts'
import { takeNumber } from '../ledger/number-series.actions.ts'
import { accountOf, moneyAccountOf } from '../ledger/settlement.ts'
import { getParty } from '../parties/party.queries.ts'
import { type Party, requireUsableParty } from '../parties/party.ts'
import type { Calculation } from '../tax/calculation.ts'
import { calculateDraft } from '../tax/line-draft.ts'
import { toStoredCalculation } from '../tax/stored-calculation.ts'
import { issueCertificate, voidCertificatesOf } from './certificate.actions.ts'
import { type ExpenseDetails, getExpense } from './expense.queries.ts'
import {
  changedMembers,
  type Expense,
  type ExpenseChanges,
  type NewExpense,
  requireEditable,
  requireMove,
  toForbidden,
  toGiven,
} from './expense.ts'
import { toPurchaseLines } from './purchase.ts'

/**
 * Enters an expense: `draft` posts nothing, `pending` is owed, `paid` leaves the account at once.
 *
 * Refuses, in this order: resource.external_id_taken, resource.not_found (supplier),
 * purchases.supplier_inactive, ledger.account_not_found, ledger.account_is_control, what `calculateDraft` refuses,
 * ledger.rate_missing, purchases.withholding_invalid, then what `postEntry` refuses about dates.
 * Source: Books specification 11.1; ledger specification 8.7.
 */
export async function createExpense(ctx: Ctx, given: NewExpense): Promise<Expense> {
  const externalId = given.externalId ?? null
  await requireOwnExternalId(ctx, externalId)
  const drafted = await draftOf(ctx, given)
  const { surface, date, status } = given
  const id = ctx.newId('document')
  const number = await takeNumber(ctx, { kind: 'expense', surface, date, documentId: id })
  const draft = { ...drafted.document, id, number }
  const document = status === 'draft' ? draft : await post(ctx, { ...drafted, document: draft })
  await addDocument(ctx, document)
  if (status !== 'draft') await keepVersion(ctx, document, { document })
  const { withheld } = drafted
  if (status === 'paid') await certify(ctx, document, { withheld, date })
  const expense = await getExpense(ctx.tx, ctx.businessId, id)
  record(ctx, 'created', expense)
  if (surface === 'invoicing' && status !== 'draft') record(ctx, eventOf[status], expense)
  return expense
}

/** What happened to an expense that came to a status. */
const eventOf = { pending: 'approved', paid: 'paid' } as const

/** An expense as it would be posted, without a number. */
async function draftOf(
  ctx: Ctx,
  given: NewExpense,
): Promise<Omit<Posting, 'document'> & Readonly<{ document: Omit<Document, 'id' | 'number'> }>> {
  const book = await ctx.remember(loadBook)
  const supplier = await supplierOf(ctx, given)
  const cost =
    given.accountCode === undefined
      ? accountOf(book.accountByRole, 'general_expense')
      : moneyAccountOf(book, given.accountCode)
  const moneyAccount = moneyAccountOf(book, given.moneyAccountCode)
  const calculation = calculate(given, book)
  const withheld = withheldOf(given, calculation, book)
  if (withheld > calculation.totals.total) {
    throw new Refusal('purchases.withholding_invalid', { amount: money(withheld, given.currency) })
  }
  const rate = given.status === 'draft' ? undefined : await rateOf(ctx, given, book)
  const isPaid = given.status === 'paid'
  const details: ExpenseDetails = {
    ...{ status: given.status, supplierName: supplier?.name ?? given.supplierName ?? null },
    accountCode: cost.code,
    moneyAccountCode: isPaid ? moneyAccount.code : (given.moneyAccountCode ?? null),
    ...{ taxPercent: given.taxPercent, withheldPercent: given.withheldPercent },
    ...{ withheld: String(withheld), isTaxRecoverable: given.isTaxRecoverable },
    ...{ method: given.method, category: given.category, paymentEntryId: null },
    receiptUrl: given.receiptUrl ?? null,
    ...{ approvedAt: given.status === 'draft' ? null : ctx.now, approvalNote: null },
  }
  const document = toDocument(ctx, { given, supplier, rate, calculation, details })
  return { document, cost, moneyAccount, calculation, withheld, book, rate }
}

/**
 * Approves a draft: it is owed from its date on.
 * Refuses, in this order: resource.not_found, resource.invalid_transition, what `createExpense`
 * refuses.
 * Source: Invoicing specification 8.7 and 10.1.
 */
export async function approveExpense(
  ctx: Ctx,
  { expenseId, note = null }: Readonly<{ expenseId: string; note?: string | null }>,
): Promise<Expense> {
  const before = await getStanding(ctx, expenseId)
  if (before.status !== 'draft') throw toForbidden(before, 'pending')
  const drafted = await draftOf(ctx, { ...toGiven(before), status: 'pending' })
  const kept = await readDocument(ctx, 'expense', expenseId)
  assert(kept !== undefined, 'the expense was just read')
  const { id, number, createdAt, version } = kept
  const details = { ...drafted.document.details, approvalNote: note }
  const document = await post(ctx, {
    ...drafted,
    document: { ...drafted.document, id, number, createdAt, details, version: version + 1n },
  })
  await changeDocument(ctx, document)
  await keepVersion(ctx, document, { document })
  const expense = await getExpense(ctx.tx, ctx.businessId, expenseId)
  record(ctx, 'approved', expense, before)
  return expense
}

/**
 * Pays an expense; a draft is approved first.
 * Refuses, in this order: resource.not_found, what `approveExpense` and `payExpense` refuse.
 * Source: Invoicing specification 10.1.
 */
export async function settleExpense(
  ctx: Ctx,
  payment: Parameters<typeof payExpense>[1],
): Promise<Expense> {
  const { expenseId } = payment
  const { status } = await getStanding(ctx, expenseId)
  if (status === 'draft') await approveExpense(ctx, { expenseId })
  return payExpense(ctx, payment)
}

/**
 * Changes an expense and takes it to another status: a draft in everything, later ones in texts.
 * Members that are given with the value they have are no change.
 *
 * Refuses, in this order: resource.not_found, resource.invalid_transition,
 * resource.external_id_taken, what `createExpense` refuses of a draft, what approving and paying
 * refuse.
 * Source: Invoicing specification 10.1.
 */
export async function updateExpense(
  ctx: Ctx,
  {
    expenseId,
    changes,
    status,
    today,
  }: Readonly<{
    expenseId: string
    changes: ExpenseChanges
    status?: 'draft' | 'pending' | 'paid' | undefined
    today: CalendarDate
  }>,
): Promise<Expense> {
  const before = await getStanding(ctx, expenseId)
  const given = toGiven(before)
  const changed = changedMembers(given, changes)
  requireEditable(changed, before)
  if (status !== undefined) requireMove(before, status)
  if (changed.has('externalId')) await requireOwnExternalId(ctx, changes.externalId ?? null)
  const after = changed.size === 0 ? before : await change(ctx, before, { ...given, ...changes })
  if (status === 'pending' && after.status === 'draft') return approveExpense(ctx, { expenseId })
  if (status === 'paid' && after.status !== 'paid') {
    return settleExpense(ctx, { expenseId, date: today })
  }
  return after
}

async function change(ctx: Ctx, before: Expense, given: NewExpense): Promise<Expense> {
  const kept = await readDocument(ctx, 'expense', before.id)
  assert(kept !== undefined, 'the expense was just read')
  const { id, number, createdAt, details } = kept
  const version = kept.version + 1n
  if (before.status === 'draft') {
    const { document } = await draftOf(ctx, given)
    await changeDocument(ctx, { ...document, id, number, createdAt, version })
  } else {
    const { category, supplierName = null, receiptUrl = null, externalId = null } = given
    const changed: Document = {
      ...kept,
      ...{ notes: given.description, reference: given.reference, externalId },
      ...{ metadata: given.metadata ?? {}, updatedAt: ctx.recordedAt, version },
      details: { ...details, category, supplierName, receiptUrl },
    }
    await changeDocument(ctx, changed)
    await keepVersion(ctx, changed, { document: changed })
  }
  const expense = await getExpense(ctx.tx, ctx.businessId, before.id)
  record(ctx, 'updated', expense, before)
  return expense
}

/**
 * Removes a draft; what was posted is mirrored, and the expense is hidden.
 * Refuses, in this order: resource.not_found, then what `voidExpense` refuses.
 * Source: Invoicing specification 10.1.
 */
export async function deleteExpense(
  ctx: Ctx,
  { expenseId }: Readonly<{ expenseId: string }>,
): Promise<void> {
  const before = await getStanding(ctx, expenseId)
  const document = await readDocument(ctx, 'expense', expenseId)
  assert(document !== undefined, 'the expense was just read')
  if (before.status === 'draft') {
    await removeDraft(ctx, document)
    record(ctx, 'deleted', before, before)
    return
  }
  // An expense that is gone leaves its external id to others.
  if (document.externalId !== null) await changeDocument(ctx, { ...document, externalId: null })
  await voidExpense(ctx, { expenseId, reason: 'deleted' })
}

/** One expense that was not voided. Refuses: resource.not_found. */
async function getStanding(ctx: Ctx, expenseId: string): Promise<Expense> {
  const expense = await getExpense(ctx.tx, ctx.businessId, expenseId)
  if (expense.status !== 'cancelled') return expense
  throw new Refusal('resource.not_found', { resource: 'Expense', id: expenseId })
}

/** Refuses: resource.external_id_taken. */
async function requireOwnExternalId(ctx: Ctx, externalId: string | null): Promise<void> {
  if (externalId === null) return
  const known = await readByExternalId(ctx, 'expense', externalId)
  if (known === undefined) return
  throw new Refusal('resource.external_id_taken', { externalId, resource: 'Expense' })
}

/**
 * Pays an expense that is pending.
 * Refuses, in this order: resource.not_found, resource.invalid_transition,
 * ledger.account_not_found, ledger.account_is_control, then what `postEntry` refuses about dates.
 * Source: ledger specification 8.7.
 */
export async function payExpense(
  ctx: Ctx,
  {
    expenseId,
    date,
    moneyAccountCode,
  }: Readonly<{ expenseId: string; date: CalendarDate; moneyAccountCode?: string | undefined }>,
): Promise<Expense> {
  const { accountByCode, accountByRole, business } = await ctx.remember(loadBook)
  const before = await getExpense(ctx.tx, ctx.businessId, expenseId)
  if (before.status !== 'pending') throw toForbidden(before, 'paid')
  const code = moneyAccountCode ?? before.moneyAccountCode ?? undefined
  const moneyAccount = moneyAccountOf({ accountByCode, accountByRole }, code)
  const document = await readDocument(ctx, 'expense', expenseId)
  assert(document !== undefined, 'the expense was just read')
  const { currency, total, withheld } = before
  const { baseCurrency, roundingMode: mode } = business
  const conversion = { currency, baseCurrency, rate: document.rate ?? '1', mode }
  const owed = {
    ...{ accountId: accountOf(accountByRole, 'accrued_expenses').id, currency, amount: total },
    base: toBase(total, conversion),
  }
  const credits = creditsOf({ moneyAccount, accountByRole, total, withheld })
  const entry = await postEntry(ctx, {
    ...{ accountingDate: date, kind: 'standard', sourceType: 'expense', sourceId: document.id },
    ...{ scope: 'purchases', description: `Payment of expense ${before.number}` },
    lines: [owed, ...withBase(credits, -owed.base, conversion)],
  })
  const details = {
    ...document.details,
    ...{ status: 'paid', paymentEntryId: entry.id, moneyAccountCode: moneyAccount.code },
  }
  const paid = { ...document, details, paidAt: ctx.now, updatedAt: ctx.recordedAt }
  await changeDocument(ctx, { ...paid, version: document.version + 1n })
  await keepVersion(ctx, { ...paid, version: document.version + 1n }, { document: paid })
  await certify(ctx, document, { withheld, date })
  const expense = await getExpense(ctx.tx, ctx.businessId, expenseId)
  record(ctx, 'paid', expense, before)
  return expense
}

/**
 * Voids an expense: its entries are mirrored, newest first; its certificate is void.
 * Refuses, in this order: resource.not_found, purchases.expense_voided,
 * ledger.reversal_too_early, then what `postEntry` refuses about dates.
 * Source: ledger specification 8.7.
 */
export async function voidExpense(
  ctx: Ctx,
  {
    expenseId,
    reason,
    date,
  }: Readonly<{ expenseId: string; reason: string; date?: CalendarDate | undefined }>,
): Promise<Expense> {
  const before = await getExpense(ctx.tx, ctx.businessId, expenseId)
  if (before.status === 'cancelled') {
    throw new Refusal('purchases.expense_voided', { number: before.number })
  }
  const document = await readDocument(ctx, 'expense', expenseId)
  assert(document !== undefined, 'the expense was just read')
  let reversal: Entry | undefined
  for (const entryId of [before.paymentEntryId, before.entryId]) {
    if (entryId === null) continue
    const dated = reversal?.accountingDate ?? date
    reversal = await reverseEntry(ctx, {
      ...{ entryId, reason, scope: 'purchases' },
      ...(dated !== undefined && { date: dated }),
    })
  }
  const voided: Document = {
    ...document,
    ...{ lifecycle: 'void', voidEntryId: reversal?.id ?? null, voidReason: reason },
    ...{ voidedAt: ctx.now, updatedAt: ctx.recordedAt, version: document.version + 1n },
  }
  await changeDocument(ctx, voided)
  await voidCertificatesOf(ctx, document.id)
  if (document.lifecycle === 'open') await keepVersion(ctx, voided, { document: voided })
  const expense = await getExpense(ctx.tx, ctx.businessId, expenseId)
  record(ctx, 'cancelled', expense, before)
  return expense
}

async function supplierOf(ctx: Ctx, { supplierId }: NewExpense): Promise<Party | undefined> {
  if (supplierId === null) return undefined
  const supplier = await getParty(ctx.tx, ctx.businessId, supplierId, 'supplier')
  requireUsableParty(supplier, 'supplier')
  return supplier
}

const calculate = (given: NewExpense, { business }: Book): Calculation =>
  calculateDraft(
    [
      {
        description: given.description ?? 'Expense',
        ...{ quantity: '1', unitPrice: given.amount, taxPercent: given.taxPercent },
        recoverablePercent: given.isTaxRecoverable ? '100' : '0',
      },
    ],
    {
      ...{ currency: given.currency, direction: 'purchase', pricesInclude: 'none' },
      ...{ rounding: business.taxRounding, mode: business.roundingMode, discountPercent: '0' },
    },
  )

const withheldOf = (
  { withheldPercent }: NewExpense,
  { totals }: Calculation,
  { business }: Book,
): bigint =>
  round(
    multiplyRatios(ratio(totals.subtotal), toRatio(parseDecimal(withheldPercent, 'whtRate'), -2)),
    business.roundingMode,
  )

function rateOf(ctx: Ctx, given: NewExpense, { business }: Book): Promise<Rate> {
  const { currency, exchangeRate, date: day } = given
  const { baseCurrency } = business
  if (exchangeRate !== undefined && currency !== baseCurrency) {
    return Promise.resolve({ rate: exchangeRate, source: 'document' })
  }
  return getRate(ctx.tx, { businessId: ctx.businessId, currency, baseCurrency, day })
}

type Posting = Readonly<{
  document: Document
  cost: Account
  moneyAccount: Account
  calculation: Calculation
  withheld: bigint
  book: Book
  rate: Rate | undefined
}>

/** Posts what is owed, or what is paid at once, and answers the document with its entry. */
async function post(ctx: Ctx, posting: Posting): Promise<Document> {
  const { document, cost, moneyAccount, calculation, withheld, book, rate } = posting
  const { currency, total, issueDate, number } = document
  const { baseCurrency, roundingMode: mode } = book.business
  const { accountByRole } = book
  assert(rate !== undefined, 'what is posted has a rate')
  const conversion = { currency, baseCurrency, rate: rate.rate, mode }
  const baseTotal = toBase(total, conversion)
  const rated = currency === baseCurrency ? {} : { rate: rate.rate, rateSource: rate.source }
  const purchase = { calculation, accounts: [cost], conversion, baseTotal, rated }
  const isPaid = document.details['status'] === 'paid'
  const credits = isPaid
    ? creditsOf({ moneyAccount, accountByRole, total, withheld })
    : [{ accountId: accountOf(accountByRole, 'accrued_expenses').id, amount: -total }]
  const entry = await postEntry(ctx, {
    ...{ accountingDate: issueDate, kind: 'standard', sourceType: 'expense' },
    ...{ sourceId: document.id, scope: 'purchases', description: `Expense ${number}` },
    lines: [
      ...toPurchaseLines(purchase, accountByRole),
      ...withBase(credits, -baseTotal, conversion).map((line) => ({ ...line, ...rated })),
    ],
  })
  const paidAt = isPaid ? ctx.now : null
  return { ...document, lifecycle: 'open', baseTotal, entryId: entry.id, paidAt }
}

type Credit = Readonly<{ accountId: Id<'account'>; amount: bigint; taxTag?: string }>

const creditsOf = ({
  moneyAccount,
  accountByRole,
  total,
  withheld,
}: Readonly<{
  moneyAccount: Account
  accountByRole: Book['accountByRole']
  total: bigint
  withheld: bigint
}>): readonly Credit[] => {
  const { id } = accountOf(accountByRole, 'wht_payable')
  const cash = { accountId: moneyAccount.id, amount: withheld - total }
  const kept = { accountId: id, amount: -withheld, taxTag: 'withheld' }
  return [cash, kept].filter(({ amount }) => amount !== 0n)
}

function withBase(
  credits: readonly Credit[],
  base: bigint,
  conversion: Parameters<typeof toBase>[1],
): readonly Line[] {
  const bases = shareBase(
    base,
    credits.map(({ amount }) => amount),
    conversion,
  )
  const { currency } = conversion
  return credits.map((credit, index) => ({ ...credit, currency, base: bases[index] ?? 0n }))
}

/** The certificate of tax withheld from a supplier that we know. */
async function certify(
  ctx: Ctx,
  { id: paymentId, partyId: supplierId, subtotal: gross, details }: Document,
  { withheld, date: issueDate }: Readonly<{ withheld: bigint; date: CalendarDate }>,
): Promise<void> {
  if (withheld === 0n || supplierId === null) return
  const ratePercent = String(details['withheldPercent'])
  await issueCertificate(ctx, {
    ...{ supplierId, paymentId, billId: null, issueDate, ratePercent, gross, withheld },
  })
}

type Made = Readonly<{
  given: NewExpense
  supplier: Party | undefined
  rate: Rate | undefined
  calculation: Calculation
  details: ExpenseDetails
}>

function toDocument(
  ctx: Ctx,
  { given, supplier, rate, calculation, details }: Made,
): Omit<Document, 'id' | 'number'> {
  const { subtotal, tax, total } = calculation.totals
  const { surface, date, currency } = given
  return {
    ...{ businessId: ctx.businessId, kind: 'expense', surface, lifecycle: 'draft' },
    ...{ partyId: supplier?.id ?? null, issueDate: date, dueDate: null, currency },
    ...{ rate: rate?.rate ?? given.exchangeRate ?? null, rateSource: rate?.source ?? null },
    ...{ pricesIncludeTax: false, discountPercent: '0', subtotal, tax, rounding: 0n, total },
    ...{ baseTotal: null, reference: given.reference, notes: given.description, terms: null },
    ...{ template: null, sourceDocumentId: null, externalId: given.externalId ?? null },
    ...{ metadata: given.metadata ?? {}, details, calculation: toStoredCalculation(calculation) },
    ...{ entryId: null, voidEntryId: null, voidReason: null, sentAt: null, paidAt: null },
    ...{ voidedAt: null, createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt },
    ...{ version: 1n, lines: [] },
  }
}

function record(ctx: Ctx, what: string, expense: Expense, before?: Expense): void {
  const resource = { resource: 'expense', resourceId: expense.id } as const
  const after = toImage(expense)
  ctx.audit({
    ...{ action: `expense.${what}`, ...resource, after },
    ...(expense.voidReason !== null && { reason: expense.voidReason }),
    ...(before !== undefined && { before: toImage(before) }),
  })
  const previousStatus =
    before === undefined || before.status === expense.status ? null : before.status
  ctx.emit({
    type: `purchases.expense.${what}`,
    ...resource,
    payload: { ...after, previousStatus },
  })
}
