import type { Ctx, Together } from '../../db/write.ts'
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
  keepVersions,
  readByExternalId,
  readDocument,
  removeDraft,
} from '../ledger/document.actions.ts'
import {
  type Document,
  type DocumentHead,
  type DocumentLine,
  toImage,
  toImageText,
} from '../ledger/document.ts'
import { getRate } from '../ledger/exchange-rate.queries.ts'
import { type Rate, shareBase, toBase } from '../ledger/exchange-rate.ts'
import { postEntry, reverseEntry } from '../ledger/journal.actions.ts'
import type { Line } from '../ledger/journal.ts'
import { retireNumber, takeExplicitNumber, takeNumber } from '../ledger/number-series.actions.ts'
import { allocateItems, openItems } from '../ledger/open-item.actions.ts'
import { listItemsOfDocuments } from '../ledger/open-item.queries.ts'
import { noChange, type SettleableItem } from '../ledger/open-item.ts'
import { accountOf } from '../ledger/settlement.ts'
import { readCustomer } from '../parties/party.actions.ts'
import { type PartyWithoutBalances, requireUsableParty } from '../parties/party.ts'
import type { Calculation } from '../tax/calculation.ts'
import { calculateDraft, categoryOf } from '../tax/line-draft.ts'
import { toStoredCalculation } from '../tax/stored-calculation.ts'
import { toFrozenSeller } from './document-input.ts'
import { insertDueNotices } from './due.db.ts'
import {
  changedMembers,
  type Invoice,
  type InvoiceBalance,
  type InvoiceChanges,
  type InvoiceDraft,
  type InvoiceStatus,
  moveTo,
  type NewInvoice,
  requireChangeable,
  statusOf,
  toDraft,
  toInvoice,
  withDefaults,
} from './invoice.ts'
import { withProducts } from './product.actions.ts'
import { recordReceipt } from './receipt.actions.ts'

/**
 * Makes an invoice and takes it to a status: `draft` posts nothing, `sent` and `overdue` issue it,
 * `paid` also receives its total on the issue date, `cancelled` only keeps its number.
 *
 * Refuses, in this order: resource.not_found (customer, then product), party.archived,
 * ledger.account_not_found, ledger.account_inactive, resource.external_id_taken,
 * resource.invalid_transition, what `calculateDraft` refuses, sales.total_negative,
 * resource.number_taken, then for an issued one ledger.rate_out_of_range, ledger.rate_missing and
 * what `postEntry` refuses about dates.
 * Source: Invoicing specification 8; ledger specification 8.2.
 */
export async function createInvoice(ctx: Ctx, given: NewInvoice): Promise<Invoice> {
  const { surface, status, quotationId = null, recurringId, ...open } = given
  const book = await ctx.remember(loadBook)
  const customer = await usableCustomer(ctx, open.customerId)
  const asked = withDefaults(open, book.business, customer.currency)
  const takesArchived = quotationId !== null || recurringId !== undefined
  const draft = { ...asked, lines: await withProducts(ctx, asked.lines, takesArchived) }
  const accounts = accountsOf(draft, book)
  const contentDigest = ctx.digest(toImageText(given))
  const known = await knownInvoice(ctx, draft.externalId, contentDigest)
  if (known !== undefined) return known
  const today = dateIn(ctx.now, book.business.timeZone)
  const move = moveTo(status, { status: 'draft', dueDate: draft.dueDate }, today)
  const id = ctx.newId('document')
  const calculation = calculateInvoice(draft, book)
  const number = await numberOf(ctx, book, { draft, surface, id, isDraft: move === 'none' })
  const head = toDocument(ctx, { id, surface, number, draft, customer, book, calculation })
  const document: Document = {
    ...head,
    lines: toLines(ctx, draft, accounts, calculation),
    sourceDocumentId: quotationId,
    details: {
      ...(draft.externalId !== null && { contentDigest }),
      ...(recurringId !== undefined && { recurringId }),
    },
  }
  if (move === 'issue' || move === 'issue_and_pay') {
    return issueNew(ctx, { document, customer, calculation, book, draft, status })
  }
  const kept: Document =
    move === 'cancel' ? { ...document, lifecycle: 'void', voidedAt: ctx.now } : document
  await addDocument(ctx, kept)
  const invoice = toInvoice(kept, { customerName: customer.name, balance: undefined, today })
  recordInvoice(ctx, 'created', invoice)
  if (move === 'cancel') recordInvoice(ctx, 'cancelled', invoice)
  return invoice
}

type Issue = Readonly<{
  document: Document
  customer: PartyWithoutBalances
  calculation: Calculation
  book: Book
  draft: InvoiceDraft
  status: InvoiceStatus
  /** False: issued, but not sent to anybody yet. */
  isSent?: boolean
}>

async function issueNew(ctx: Ctx, issue: Issue): Promise<Invoice> {
  const { customer, book, status } = issue
  const { document, item } = await post(ctx, issue)
  await addDocument(ctx, document)
  await finishIssue(ctx, { document, item, customer, book })
  if (status === 'overdue') await noteOverdue(ctx, document)
  const today = dateIn(ctx.now, book.business.timeZone)
  const balance = item && { ...item, openAmount: item.originalAmount, creditedAmount: 0n }
  const invoice = toInvoice(document, { customerName: customer.name, balance, today })
  recordInvoice(ctx, 'created', invoice)
  if (status !== 'paid') {
    recordInvoice(ctx, status === 'overdue' ? 'overdue' : 'sent', invoice)
    return invoice
  }
  return pay(ctx, { invoice, date: document.issueDate, today, shownBefore: undefined })
}

/**
 * Changes an invoice and takes it to another status. Members that are given with the value they
 * have are no change; what may differ depends on the state.
 *
 * Refuses, in this order: resource.not_found, sales.invoice_not_draft, what `requireDates` refuses,
 * resource.invalid_transition,
 * sales.invoice_has_payments, what `createInvoice` refuses of a draft, what issuing refuses.
 * Source: Invoicing specification 8.5.
 */
export async function updateInvoice(
  ctx: Ctx,
  {
    invoiceId,
    changes: given,
    status,
    requireDates,
  }: Readonly<{
    invoiceId: string
    /** What changes, or how it follows from the invoice as it is. */
    changes: InvoiceChanges | ((invoice: Invoice) => InvoiceChanges)
    status?: InvoiceStatus | undefined
    /** Refuses a due date that does not suit its issue date, in the words of the surface. */
    requireDates?: (issueDate: CalendarDate, dueDate: CalendarDate | null) => void
  }>,
): Promise<Invoice> {
  const book = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, book.business.timeZone)
  const found = await findOpenInvoice(ctx, invoiceId, today)
  const asked = typeof given === 'function' ? given(found.invoice) : given
  const changes: InvoiceChanges =
    asked.lines === undefined
      ? asked
      : {
          ...asked,
          lines: await withProducts(ctx, asked.lines, found.invoice.lifecycle !== 'draft'),
        }
  const changed = changedMembers(toDraft(found.invoice), changes)
  requireChangeable(changed, found.invoice)
  const dueDate = changes.dueDate === undefined ? found.invoice.dueDate : changes.dueDate
  if (changed.has('issueDate') || changed.has('dueDate')) {
    requireDates?.(changes.issueDate ?? found.invoice.issueDate, dueDate)
  }
  const { lifecycle, amountDue } = found.invoice
  const state = { status: statusOf({ lifecycle, amountDue, dueDate }, today), dueDate }
  const move = status === undefined ? 'none' : moveTo(status, state, today)
  let { invoice } = found
  if (changed.size > 0) {
    invoice = await change(ctx, { found, changes, changed, book, today })
    recordInvoice(ctx, 'updated', invoice, found.invoice)
  }
  switch (move) {
    case 'none':
      return invoice
    case 'pay':
      return pay(ctx, { invoice, date: today, today, shownBefore: found.invoice.status })
    case 'cancel':
    case 'void':
      return voidInvoice(ctx, { invoiceId, reason: 'cancelled' })
    case 'issue':
    case 'issue_and_pay':
      return issueDraft(ctx, {
        ...(changed.size === 0
          ? { found }
          : { found: await findOpenInvoice(ctx, invoiceId, today) }),
        ...{ status: status ?? 'sent', book, today },
      })
  }
}

/**
 * Cancels an invoice: a draft without posting, an issued one by the mirrored entry, dated as given,
 * else on the issue date, else on the first open day after it. The number stays.
 *
 * Refuses, in this order: resource.not_found, sales.invoice_voided, sales.invoice_has_payments,
 * ledger.reversal_too_early, then what `postEntry` refuses about dates.
 * Source: Invoicing specification 8.7 and 8.9; ledger specification 8.1.
 */
export async function voidInvoice(
  ctx: Ctx,
  {
    invoiceId,
    reason,
    date,
  }: Readonly<{ invoiceId: string; reason: string; date?: CalendarDate | undefined }>,
): Promise<Invoice> {
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const { document, invoice: before, item } = await findOpenInvoice(ctx, invoiceId, today)
  const { number } = before
  if (document.lifecycle === 'void') throw new Refusal('sales.invoice_voided', { number })
  if (item !== undefined && item.openAmount !== item.originalAmount) {
    throw new Refusal('sales.invoice_has_payments', { number })
  }
  const reversal =
    document.entryId === null
      ? undefined
      : await reverseEntry(ctx, {
          entryId: document.entryId,
          reason,
          scope: 'sales',
          ...(date !== undefined && { date }),
        })
  const voided: Document = {
    ...document,
    ...(document.number === null && { number: await nextNumber(ctx, document) }),
    lifecycle: 'void',
    voidEntryId: reversal?.id ?? null,
    voidReason: reason,
    voidedAt: ctx.now,
    updatedAt: ctx.recordedAt,
    version: document.version + 1n,
  }
  await changeDocument(ctx, voided)
  if (item !== undefined && reversal !== undefined) {
    const { id: itemId, openAmount: amount, openBase: base, taxAmount, taxBase } = item
    const shared = { itemId, amount, base }
    await allocateItems(ctx, {
      allocations: [
        {
          ...shared,
          ...{ documentId: document.id, leg: 'void', accountingDate: reversal.accountingDate },
          ...{ entryId: reversal.id, undoes: null },
        },
      ],
      changes: [{ ...noChange, ...shared, tax: taxAmount, taxBase }],
      documentIds: [],
    })
  }
  if (document.lifecycle === 'open') await keepVersion(ctx, voided, { document: voided })
  const { customerName } = before
  const invoice = toInvoice(voided, { customerName, balance: undefined, today })
  recordInvoice(ctx, 'cancelled', invoice, before)
  return invoice
}

/**
 * Removes a draft; its number is never given again.
 * Refuses, in this order: resource.not_found, sales.invoice_not_draft.
 */
export async function deleteInvoice(
  ctx: Ctx,
  { invoiceId }: Readonly<{ invoiceId: string }>,
): Promise<void> {
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const { document, invoice } = await findOpenInvoice(ctx, invoiceId, today)
  if (document.lifecycle !== 'draft') {
    const { number, status } = invoice
    throw new Refusal('sales.invoice_not_draft', { number, status })
  }
  await removeDraft(ctx, document)
  recordInvoice(ctx, 'deleted', invoice, invoice)
}

/** An invoice with its stored document and what is open of it. */
export type FoundInvoice = Readonly<{
  document: Document
  invoice: Invoice
  item: SettleableItem | undefined
  /** Of a draft; an issued one says itself who its customer was. */
  customer: PartyWithoutBalances | undefined
}>

/** Refuses: resource.not_found. */
export async function findOpenInvoice(
  ctx: Ctx,
  invoiceId: string,
  today: CalendarDate,
): Promise<FoundInvoice> {
  const document = await readDocument(ctx, 'invoice', invoiceId)
  if (document === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Invoice', id: invoiceId })
  }
  const item = document.entryId === null ? undefined : await findReceivable(ctx, document)
  const frozen = frozenName(document)
  const customer = frozen === undefined ? await customerOf(ctx, document) : undefined
  const customerName = frozen ?? customer?.name ?? ''
  const invoice = toInvoice(document, { customerName, balance: item, today })
  return { document, item, invoice, customer }
}

const findReceivable = (ctx: Ctx, { id }: Document): Promise<SettleableItem | undefined> =>
  ctx.readTogether(findReceivables, id)

const findReceivables: Together<string, SettleableItem | undefined> = async (ctx, documentIds) => {
  const items = await listItemsOfDocuments(ctx.tx, ctx.businessId, documentIds)
  const receivables = items.filter(({ side }) => side === 'AR')
  const itemByDocumentId = new Map(receivables.map((item) => [item.documentId, item]))
  return documentIds.map((id) => itemByDocumentId.get(id as Id<'document'>)) // compared as text
}

function frozenName({ details }: Document): string | undefined {
  const customer = details['customer']
  if (typeof customer !== 'object' || customer === null || !('name' in customer)) return undefined
  return typeof customer.name === 'string' ? customer.name : undefined
}

const customerOf = (ctx: Ctx, { partyId }: Document): Promise<PartyWithoutBalances> =>
  readCustomer(ctx, partyId ?? '')

type Changing = Readonly<{
  found: FoundInvoice
  changes: InvoiceChanges
  changed: ReadonlySet<keyof InvoiceDraft>
  book: Book
  today: CalendarDate
}>

async function change(ctx: Ctx, changing: Changing): Promise<Invoice> {
  const { document, invoice, item } = changing.found
  if (document.lifecycle === 'draft') return changeDraft(ctx, changing)
  const draft = { ...toDraft(invoice), ...changing.changes }
  const after: Document = {
    ...document,
    dueDate: draft.dueDate,
    notes: draft.notes,
    terms: draft.terms,
    template: draft.template,
    reference: draft.purchaseOrder,
    externalId: draft.externalId,
    metadata: draft.metadata,
    updatedAt: ctx.recordedAt,
    version: document.version + 1n,
  }
  await knownInvoice(ctx, changing.changed.has('externalId') ? draft.externalId : null, '')
  await changeDocument(ctx, after)
  await keepVersion(ctx, after, { document: after })
  const { customerName } = invoice
  return toInvoice(after, { customerName, balance: item, today: changing.today })
}

async function changeDraft(ctx: Ctx, changing: Changing): Promise<Invoice> {
  const { found, changes, changed, book, today } = changing
  const { document: before } = found
  const draft: InvoiceDraft = { ...toDraft(found.invoice), ...changes }
  const customer = await usableCustomer(ctx, draft.customerId)
  const accounts = accountsOf(draft, book)
  await knownInvoice(ctx, changed.has('externalId') ? draft.externalId : null, '')
  const { id, surface } = before
  const number = changed.has('number')
    ? await numberOf(ctx, book, { draft, surface, id, isDraft: true })
    : before.number
  if (before.number !== null && number !== before.number) {
    await retireNumber(ctx, { kind: 'invoice', number: before.number })
  }
  const calculation = calculateInvoice(draft, book)
  const head = toDocument(ctx, { id, surface, number, draft, customer, book, calculation })
  const document: Document = {
    ...head,
    lines: toLines(ctx, draft, accounts, calculation),
    ...{ details: before.details, sourceDocumentId: before.sourceDocumentId },
    createdAt: before.createdAt,
  }
  await changeDocument(ctx, document, { hasNewLines: true })
  return toInvoice(document, { customerName: customer.name, balance: undefined, today })
}

type IssueDraft = Readonly<{
  found: FoundInvoice
  status: InvoiceStatus
  book: Book
  today: CalendarDate
  isSent?: boolean
}>

/**
 * Issues a draft that is kept already.
 * Refuses: what issuing refuses in `createInvoice`.
 */
export async function issueDraft(ctx: Ctx, issue: IssueDraft): Promise<Invoice> {
  const { found, status, today } = issue
  const { invoice } = await issueAndMove(ctx, issue)
  return status === 'paid'
    ? pay(ctx, { invoice, date: today, today, shownBefore: found.invoice.status })
    : invoice
}

/** An invoice that was just issued: nothing is settled of it. */
export type IssuedInvoice = Readonly<{
  /** As it is kept, after what `next` made of it. */
  document: Document
  invoice: Invoice
  balance: InvoiceBalance
}>

/**
 * Issues a draft that is kept already, and moves it on in the same write: both versions are frozen.
 *
 * next  what becomes of the issued document; absent: it stays
 *
 * Refuses: what issuing refuses in `createInvoice`.
 */
export async function issueAndMove(
  ctx: Ctx,
  { found, status, book, today, isSent = true }: IssueDraft,
  next?: (issued: Document) => Document,
): Promise<IssuedInvoice> {
  const { document: kept, invoice: before } = found
  const draft = toDraft(before)
  const customer = found.customer ?? (await customerOf(ctx, kept))
  requireUsableParty(customer, 'customer')
  const number = kept.number ?? (await nextNumber(ctx, kept))
  const calculation = calculateInvoice(draft, book)
  const { document, item } = await post(ctx, {
    document: { ...kept, number },
    ...{ customer, calculation, book, draft, status, isSent },
  })
  const moved = next?.(document)
  await changeDocument(ctx, moved ?? document)
  await finishIssue(ctx, { document, moved, item, customer, book })
  if (status === 'overdue') await noteOverdue(ctx, document)
  const balance = item && { ...item, openAmount: item.originalAmount, creditedAmount: 0n }
  const invoice = toInvoice(document, { customerName: customer.name, balance, today })
  if (status !== 'paid') recordInvoice(ctx, issuedAs({ status, isSent }), invoice, before)
  return { document: moved ?? document, invoice, balance }
}

type NewReceivable = Readonly<{
  id: Id<'item'>
  originalAmount: bigint
  originalBase: bigint
  taxAmount: bigint
  taxBase: bigint
}>

/** Posts P1: the receivable against revenue and output tax, at the rate of the issue date. */
async function post(
  ctx: Ctx,
  { document, customer, calculation, book, draft, isSent }: Issue,
): Promise<Readonly<{ document: Document; item: NewReceivable | undefined }>> {
  const { total, tax, currency, issueDate, number, id } = document
  assert(number !== null, 'a number is taken before an invoice is posted')
  const rate = await rateOf(ctx, draft, book)
  const { baseCurrency, roundingMode: mode } = book.business
  const conversion = { currency, baseCurrency, rate: rate.rate, mode }
  const baseTotal = toBase(total, conversion)
  const itemId = ctx.newId('item')
  const credits = creditsOf(document, tax, book)
  const bases = shareBase(
    -baseTotal,
    credits.map(({ amount }) => amount),
    conversion,
  )
  const rated = currency === baseCurrency ? {} : { rate: rate.rate, rateSource: rate.source }
  const receivable: Line = {
    accountId: accountOf(book.accountByRole, 'receivables').id,
    ...{ currency, amount: total, base: baseTotal, ...rated },
    ...{ partyId: customer.id, openItemId: itemId },
  }
  const others = credits.map((credit, index): Line => {
    return { ...credit, base: bases[index] ?? 0n, ...rated }
  })
  const lines = [receivable, ...others].filter(({ amount, base }) => amount !== 0n || base !== 0n)
  const entry =
    lines.length === 0
      ? undefined
      : await postEntry(ctx, {
          accountingDate: issueDate,
          ...{ kind: 'standard', sourceType: 'invoice', sourceId: id, scope: 'sales', lines },
          description: `Invoice ${number}`,
        })
  const isWaiting =
    accountOf(book.accountByRole, 'vat_provision') !== accountOf(book.accountByRole, 'vat_payable')
  const taxLine = others.find(({ taxTag }) => taxTag !== undefined)
  const issued: Document = {
    ...document,
    lifecycle: 'open',
    rate: rate.rate,
    rateSource: rate.source,
    baseTotal,
    calculation: toStoredCalculation(calculation),
    entryId: entry?.id ?? null,
    details: { ...document.details, customer: toFrozenParty(customer) },
    sentAt: isSent === false ? null : ctx.now,
    updatedAt: ctx.recordedAt,
    paidAt: total === 0n ? ctx.now : null,
  }
  const taxAmount = isWaiting ? tax : 0n
  const taxBase = isWaiting ? -(taxLine?.base ?? 0n) : 0n
  const item = { id: itemId, originalAmount: total, originalBase: baseTotal, taxAmount, taxBase }
  return { document: issued, item: total === 0n ? undefined : item }
}

/** Revenue per account in order of first use, then output tax; credits are negative. */
function creditsOf(
  { lines, currency }: Document,
  tax: bigint,
  { accountByRole }: Book,
): readonly Omit<Line, 'base'>[] {
  const netByAccount = new Map<Id<'account'>, bigint>()
  for (const { accountId, net } of lines) {
    netByAccount.set(accountId, (netByAccount.get(accountId) ?? 0n) + net)
  }
  const revenue = [...netByAccount].map(([accountId, net]) => ({
    ...{ accountId, currency, amount: -net },
  }))
  if (tax === 0n) return revenue
  const provision = accountOf(accountByRole, 'vat_provision')
  return [...revenue, { accountId: provision.id, currency, amount: -tax, taxTag: 'output' }]
}

/** Opens the receivable and freezes the document. */
async function finishIssue(
  ctx: Ctx,
  {
    document,
    moved,
    item,
    customer,
    book,
  }: Readonly<{
    document: Document
    /** Its next version, where it has moved on at once. */
    moved?: Document | undefined
    item: NewReceivable | undefined
    customer: PartyWithoutBalances
    book: Book
  }>,
): Promise<void> {
  const { id: documentId, currency, issueDate: documentDate, dueDate } = document
  if (item !== undefined) {
    await openItems(ctx, [
      { ...item, side: 'AR', partyId: customer.id, documentId, currency, documentDate, dueDate },
    ])
  }
  const seller = toFrozenSeller(book.business)
  const issued = { document, seller, customer: toFrozenParty(customer) }
  await keepVersions(ctx, [
    { head: document, frozen: issued },
    ...(moved === undefined ? [] : [{ head: moved, frozen: { document: moved } }]),
  ])
}

/** It is told of with the issue itself; the task that tells of due dates leaves it out. */
async function noteOverdue(ctx: Ctx, { id, dueDate }: Document): Promise<void> {
  assert(dueDate !== null, 'what is overdue had a last day')
  const documents = [{ id, dueDate }]
  await insertDueNotices(ctx.tx, ctx.businessId, { documents, at: ctx.recordedAt })
}

/** Receives what an invoice still owes into the default account. */
async function pay(
  ctx: Ctx,
  {
    invoice,
    date,
    today,
    shownBefore,
  }: Readonly<{
    invoice: Invoice
    date: CalendarDate
    today: CalendarDate
    shownBefore: InvoiceStatus | undefined
  }>,
): Promise<Invoice> {
  if (invoice.amountDue > 0n) {
    await recordReceipt(ctx, {
      surface: invoice.surface,
      customerId: invoice.customerId,
      date,
      currency: invoice.currency,
      amount: invoice.amountDue,
      method: 'other',
      allocations: [{ invoiceId: invoice.id, amount: invoice.amountDue }],
      shownBefore,
      ...(invoice.exchangeRate !== null &&
        date === invoice.issueDate && { exchangeRate: invoice.exchangeRate }),
    })
  } else {
    recordInvoice(ctx, 'paid', invoice, { ...invoice, status: shownBefore ?? invoice.status })
  }
  const { document, item } = await findOpenInvoice(ctx, invoice.id, today)
  const { customerName } = invoice
  return toInvoice(document, { customerName, balance: item, today })
}

export async function usableCustomer(ctx: Ctx, customerId: string): Promise<PartyWithoutBalances> {
  const customer = await readCustomer(ctx, customerId)
  requireUsableParty(customer, 'customer')
  return customer
}

/** The account of each line: by code, else revenue. */
export function accountsOf(
  { lines }: InvoiceDraft,
  { accountByCode, accountByRole }: Book,
): readonly Account[] {
  return lines.map(({ accountCode }) => {
    if (accountCode === undefined || accountCode === null)
      return accountOf(accountByRole, 'revenue')
    const account = accountByCode.get(accountCode)
    if (account === undefined) {
      throw new Refusal('ledger.account_not_found', { account: accountCode })
    }
    if (account.level === 'locked') {
      throw new Refusal('ledger.account_is_control', {
        account: accountCode,
        use: 'a revenue account',
      })
    }
    return account
  })
}

/**
 * The invoice that an external id names already, when it was asked for in the same words.
 * Refuses: resource.external_id_taken.
 */
async function knownInvoice(
  ctx: Ctx,
  externalId: string | null,
  contentDigest: string,
): Promise<Invoice | undefined> {
  if (externalId === null) return undefined
  const known = await readByExternalId(ctx, 'invoice', externalId)
  if (known === undefined) return undefined
  if (known.contentDigest !== contentDigest) {
    throw new Refusal('resource.external_id_taken', { externalId, resource: 'Invoice' })
  }
  const { business } = await ctx.remember(loadBook)
  return (await findOpenInvoice(ctx, known.id, dateIn(ctx.now, business.timeZone))).invoice
}

/**
 * The amounts of an invoice, by the settings of its business.
 * Refuses, in this order: what `calculateDraft` refuses, sales.total_negative.
 */
export function calculateInvoice(draft: InvoiceDraft, { business }: Book): Calculation {
  const calculation = calculateDraft(draft.lines, {
    currency: draft.currency,
    direction: 'sale',
    pricesInclude: draft.pricesIncludeTax ? 'tax' : 'none',
    rounding: business.taxRounding,
    mode: business.roundingMode,
    discountPercent: draft.discountPercent,
  })
  if (calculation.totals.total < 0n) throw new Refusal('sales.total_negative')
  return calculation
}

type Numbering = Readonly<{
  draft: InvoiceDraft
  surface: NewInvoice['surface']
  id: Id<'document'>
  isDraft: boolean
}>

/** The number asked for, else the next one; none yet where the business numbers at issue. */
function numberOf(
  ctx: Ctx,
  { business }: Book,
  { draft, surface, id, isDraft }: Numbering,
): Promise<string | null> {
  const asked = { kind: 'invoice', surface, date: draft.issueDate, documentId: id } as const
  if (draft.number !== undefined) {
    return takeExplicitNumber(ctx, { ...asked, number: draft.number, resource: 'Invoice' })
  }
  const isLater = isDraft && business.numberAt === 'issue'
  return isLater ? Promise.resolve(null) : takeNumber(ctx, asked)
}

/** The number of a draft that was kept without one. */
const nextNumber = (ctx: Ctx, { id, surface, issueDate: date }: DocumentHead): Promise<string> =>
  takeNumber(ctx, { kind: 'invoice', surface, date, documentId: id })

/**
 * The rate given, else the stored one of the issue date.
 * Refuses, in this order: ledger.rate_out_of_range, ledger.rate_missing.
 */
function rateOf(
  ctx: Ctx,
  { currency, exchangeRate, issueDate: day }: InvoiceDraft,
  { business }: Book,
): Promise<Rate> {
  const { baseCurrency } = business
  if (exchangeRate === undefined || currency === baseCurrency) {
    return getRate(ctx.tx, { businessId: ctx.businessId, currency, baseCurrency, day })
  }
  if (compareDecimals(parseDecimal(exchangeRate, 'exchange_rate'), zero) <= 0) {
    throw new Refusal('ledger.rate_out_of_range', {
      rate: exchangeRate,
      from: currency,
      to: baseCurrency,
    })
  }
  return Promise.resolve({ rate: exchangeRate, source: 'document' })
}

type Made = Readonly<{
  id: Id<'document'>
  surface: NewInvoice['surface']
  number: string | null
  draft: InvoiceDraft
  customer: PartyWithoutBalances
  book: Book
  calculation: Calculation
}>

function toDocument(ctx: Ctx, made: Made): Omit<Document, 'lines'> {
  const { id, surface, number, draft, customer, calculation } = made
  const { subtotal, tax, total } = calculation.totals
  return {
    ...{ id, businessId: ctx.businessId, kind: 'invoice', surface, lifecycle: 'draft', number },
    ...{ partyId: customer.id, issueDate: draft.issueDate, dueDate: draft.dueDate },
    currency: draft.currency,
    rate: draft.exchangeRate ?? null,
    rateSource: draft.exchangeRate === undefined ? null : 'document',
    ...{ pricesIncludeTax: draft.pricesIncludeTax, discountPercent: draft.discountPercent },
    ...{ subtotal, tax, rounding: 0n, total, baseTotal: null },
    ...{ reference: draft.purchaseOrder, notes: draft.notes, terms: draft.terms },
    ...{ template: draft.template, sourceDocumentId: null, externalId: draft.externalId },
    ...{ metadata: draft.metadata, details: {}, calculation: null },
    ...{ entryId: null, voidEntryId: null, voidReason: null },
    ...{ sentAt: null, paidAt: null, voidedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt, version: 1n },
  }
}

export const toLines = (
  ctx: Ctx,
  { lines }: InvoiceDraft,
  accounts: readonly Account[],
  calculation: Calculation,
): readonly DocumentLine[] =>
  lines.map((line, index): DocumentLine => {
    const account = accounts[index]
    const { net, tax } = calculation.lines[index] ?? { net: 0n, tax: 0n }
    assert(account !== undefined, 'every line has an account')
    return {
      id: ctx.newId('line'),
      description: line.description,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      discountPercent: line.discountPercent ?? '0',
      taxPercent: line.taxPercent ?? '0',
      taxCategory: categoryOf(line),
      productId: line.productId ?? null,
      ...{ accountId: account.id, accountCode: account.code },
      unit: line.unit ?? null,
      ...{ net, tax },
    }
  })

/** Who the customer was when the invoice was issued. */
export const toFrozenParty = ({
  name,
  address,
  city,
  state,
  country,
  postalCode,
  taxId,
  language,
}: PartyWithoutBalances) => ({
  ...{ name, address, city, state, country, postalCode, taxId, language },
})

const issuedAs = ({ status, isSent }: Pick<Issue, 'status' | 'isSent'>): string => {
  if (isSent === false) return 'issued'
  return status === 'overdue' ? 'overdue' : 'sent'
}

/**
 * Leaves the audit row and the event of something that was done to an invoice.
 *
 * personal  what only the event tells, and keeps sealed
 */
export function recordInvoice(
  ctx: Ctx,
  what: string,
  invoice: Invoice,
  before?: Invoice,
  personal?: Readonly<Record<string, unknown>>,
): void {
  const resource = { resource: 'invoice', resourceId: invoice.id } as const
  const after = toImage(invoice)
  ctx.audit({
    action: `invoice.${what}`,
    ...resource,
    ...(invoice.voidReason !== null && { reason: invoice.voidReason }),
    ...(before !== undefined && { before: toImage(before) }),
    after,
  })
  const previousStatus =
    before === undefined || before.status === invoice.status ? null : before.status
  ctx.emit({
    type: `sales.invoice.${what}`,
    ...resource,
    payload: { ...after, previousStatus },
    ...(personal !== undefined && { personal }),
  })
}
