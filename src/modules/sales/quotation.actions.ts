import type { Ctx, NewEvent } from '../../db/write.ts'
import { type CalendarDate, dateIn, daysBetween } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import {
  addDocument,
  changeDocument,
  readByExternalId,
  readDocument,
  removeDraft,
} from '../ledger/document.actions.ts'
import { type Document, splitDetails, toImage } from '../ledger/document.ts'
import { retireNumber, takeExplicitNumber, takeNumber } from '../ledger/number-series.actions.ts'
import { readCustomer } from '../parties/party.actions.ts'
import type { PartyWithoutBalances } from '../parties/party.ts'
import { toStoredCalculation } from '../tax/stored-calculation.ts'
import { toFrozenSeller } from './document-input.ts'
import { type Mailing, queueDocumentMail } from './document-mail.actions.ts'
import { insertDueNotices } from './due.db.ts'
import { renewLink } from './hosted-link.actions.ts'
import {
  accountsOf,
  calculateInvoice,
  createInvoice,
  toFrozenParty,
  toLines,
  usableCustomer,
} from './invoice.actions.ts'
import { changedMembers, dueAfter, type Invoice, withDefaults } from './invoice.ts'
import { withProducts } from './product.actions.ts'
import {
  type NewQuotation,
  newDetails,
  type Quotation,
  type QuotationChanges,
  type QuotationDetails,
  type QuotationDraft,
  type QuotationStatus,
  requireBeginning,
  requireConvertible,
  requireEditable,
  requireMove,
  requireSendable,
  toQuotation,
  toQuotationDraft,
} from './quotation.ts'

/**
 * Makes a quotation with a status. It never posts.
 *
 * Refuses, in this order: resource.not_found (customer), party.archived, resource.not_found
 * (product), resource.external_id_taken, resource.invalid_transition, ledger.account_not_found,
 * ledger.account_is_control, what `calculateDraft` refuses, sales.total_negative,
 * resource.number_taken.
 * Source: Invoicing specification 9.
 */
export async function createQuotation(ctx: Ctx, given: NewQuotation): Promise<Quotation> {
  const { surface, status, ...open } = given
  const { book, today } = await dayOf(ctx)
  const customer = await usableCustomer(ctx, open.customerId)
  const asked = withDefaults(open, book.business, customer.currency)
  const draft = { ...asked, lines: await withProducts(ctx, asked.lines) }
  const id = ctx.newId('document')
  const made = { id, surface, draft, customer, book }
  await requireOwnExternalId(ctx, draft.externalId)
  requireBeginning(status, draft.dueDate, today)
  const content = toContent(ctx, made)
  const number = await numberOf(ctx, { ...made, isDraft: status === 'draft' })
  const document: Document = {
    ...content,
    ...{ id, businessId: ctx.businessId, kind: 'quotation', surface, number },
    lifecycle: status === 'draft' ? 'draft' : 'open',
    ...{ entryId: null, voidEntryId: null, voidReason: null, paidAt: null, voidedAt: null },
    ...{ sourceDocumentId: null, baseTotal: null, rounding: 0n },
    sentAt: status === 'sent' || status === 'expired' ? ctx.now : null,
    details: {
      ...newDetails,
      ...(status !== 'draft' && { ...decided(ctx, status), ...frozenAt(ctx, book, customer) }),
    },
    ...{ createdAt: ctx.recordedAt, version: 1n },
  }
  await addDocument(ctx, document)
  if (status === 'expired' && draft.dueDate !== null) {
    const documents = [{ id, dueDate: draft.dueDate }]
    await insertDueNotices(ctx.tx, ctx.businessId, { documents, at: ctx.recordedAt })
  }
  const quotation = toQuotation(document, { customerName: customer.name, today })
  recordQuotation(ctx, 'created', quotation)
  if (status !== 'draft') recordQuotation(ctx, status, quotation)
  return quotation
}

/** Who took part when a quotation went out, and when that was: its document says so ever after. */
const frozenAt = (ctx: Ctx, { business }: Book, customer: PartyWithoutBalances) => ({
  customer: toFrozenParty(customer),
  seller: toFrozenSeller(business),
  issuedAt: ctx.recordedAt,
})

/** What a status that is set leaves in the details; an expired one was sent. */
function decided(ctx: Ctx, status: QuotationStatus): Partial<QuotationDetails> {
  if (status === 'accepted') return { status, acceptedAt: ctx.now }
  if (status === 'rejected') return { status, rejectedAt: ctx.now }
  return { status: 'sent' }
}

/**
 * Changes a quotation and takes it to another status. Members that are given with the value they
 * have are no change; an expired quotation with a new last day is sent again.
 *
 * Refuses, in this order: resource.not_found, sales.quotation_not_editable, what `requireDates`
 * refuses, sales.quotation_expired, resource.invalid_transition, what `createQuotation` refuses of a
 * draft, what `convertQuotation` refuses.
 * Source: Invoicing specification 9.
 */
export async function updateQuotation(
  ctx: Ctx,
  {
    quotationId,
    changes: asked,
    status,
    requireDates,
  }: Readonly<{
    quotationId: string
    changes: QuotationChanges
    status?: QuotationStatus | undefined
    /** Refuses a last day that does not suit the issue date, in the words of the surface. */
    requireDates: (issueDate: CalendarDate, validUntil: CalendarDate | null) => void
  }>,
): Promise<Quotation> {
  const { today } = await dayOf(ctx)
  const { document, quotation: before } = await findQuotation(ctx, quotationId, today)
  const lines = asked.lines && (await withProducts(ctx, asked.lines))
  const changes = { ...asked, ...(lines !== undefined && { lines }) }
  const changed = changedMembers(toQuotationDraft(before), changes)
  requireEditable(changed, before)
  if (changed.has('issueDate') || changed.has('dueDate')) {
    const validUntil = changes.dueDate === undefined ? before.validUntil : changes.dueDate
    requireDates(changes.issueDate ?? before.issueDate, validUntil)
  }
  const edited =
    changed.size === 0 ? document : await toEdited(ctx, { document, before, changes, changed })
  const after = toQuotation(edited, { customerName: await nameOf(ctx, edited), today })
  if (status !== undefined) requireMove(status, after, today)
  if (changed.size > 0) {
    const hasNewLines = before.status === 'draft' || before.status === 'sent'
    await changeDocument(ctx, edited, { hasNewLines })
    recordQuotation(ctx, 'updated', after, { before: { ...before, status: after.status } })
    if (after.status !== before.status && after.status === 'sent') {
      recordQuotation(ctx, 'sent', after, { before })
    }
  }
  switch (status) {
    case 'sent':
    case 'accepted':
    case 'rejected':
      return after.status === status ? after : move(ctx, edited, { status })
    case 'converted': {
      if (after.status !== status) await convertQuotation(ctx, { quotationId, status: 'draft' })
      return (await findQuotation(ctx, quotationId, today)).quotation
    }
    default:
      return after
  }
}

type Editing = Readonly<{
  document: Document
  before: Quotation
  changes: QuotationChanges
  changed: ReadonlySet<keyof QuotationDraft>
}>

/** The document with its changes; calculated anew where more than the last members differ. */
async function toEdited(
  ctx: Ctx,
  { document, before, changes, changed }: Editing,
): Promise<Document> {
  const draft: QuotationDraft = { ...toQuotationDraft(before), ...changes }
  if (changed.has('externalId')) await requireOwnExternalId(ctx, draft.externalId)
  const version = document.version + 1n
  if (before.status !== 'draft' && before.status !== 'sent') {
    const { dueDate, externalId, metadata } = draft
    return { ...document, dueDate, externalId, metadata, updatedAt: ctx.recordedAt, version }
  }
  const { id, surface } = document
  const { book } = await dayOf(ctx)
  const customer = await usableCustomer(ctx, draft.customerId)
  const made = { id, surface, draft, customer, book }
  const content = toContent(ctx, made)
  const number = changed.has('number')
    ? await numberOf(ctx, { ...made, isDraft: true })
    : document.number
  if (document.number !== null && number !== document.number) {
    await retireNumber(ctx, { kind: 'quotation', number: document.number })
  }
  const isSent = document.lifecycle === 'open'
  const details = {
    ...document.details,
    ...(isSent && { customer: toFrozenParty(customer) }),
  }
  return { ...document, ...content, number, details, version }
}

/**
 * Sends a quotation to its customer, or to the addresses given; a draft takes its number first. The
 * event carries the addresses.
 * Refuses, in this order: resource.not_found, resource.invalid_transition, sales.email_missing, what
 * `queueDocumentMail` refuses.
 * Source: Invoicing specification 8.9 and 9.
 */
export async function sendQuotation(
  ctx: Ctx,
  { quotationId, ...mailing }: Readonly<{ quotationId: string }> & Mailing,
): Promise<Quotation> {
  const { to, message } = mailing
  const { today } = await dayOf(ctx)
  const { document, quotation } = await findQuotation(ctx, quotationId, today)
  requireSendable(quotation)
  const customer = await readCustomer(ctx, quotation.customerId)
  const addresses = to.length === 0 && customer.email !== null ? [customer.email] : to
  if (addresses.length === 0) throw new Refusal('sales.email_missing', { name: customer.name })
  const sent = await move(ctx, document, {
    status: 'sent',
    personal: { mail: { to: addresses, message } },
  })
  const { document: kept } = await findQuotation(ctx, quotationId, today)
  const { customerName: buyer, total: amount } = sent
  const linked = await queueDocumentMail(ctx, {
    document: kept,
    ...{ buyer, amount, mailing: { ...mailing, to: addresses } },
  })
  return toQuotation(linked, { customerName: buyer, today })
}

/**
 * Gives the page of a quotation a new address; the one before opens nothing any more.
 * Refuses: what `renewLink` refuses.
 * Source: Invoicing specification 14.
 */
export async function renewQuotationLink(
  ctx: Ctx,
  { quotationId: documentId }: Readonly<{ quotationId: string }>,
): Promise<Quotation> {
  await renewLink(ctx, { kind: 'quotation', documentId })
  const { today } = await dayOf(ctx)
  return (await findQuotation(ctx, documentId, today)).quotation
}

/**
 * Notes what the customer decided, with a note and the name of who decided.
 * Refuses, in this order: resource.not_found, sales.quotation_expired, resource.invalid_transition.
 * Source: Invoicing specification 9 and 14.
 */
export async function decideQuotation(
  ctx: Ctx,
  {
    quotationId,
    decision,
    note,
    name,
  }: Readonly<{
    quotationId: string
    decision: 'accepted' | 'rejected'
    note: string | null
    name: string | null
  }>,
): Promise<Quotation> {
  const { today } = await dayOf(ctx)
  const { document, quotation } = await findQuotation(ctx, quotationId, today)
  const { status } = quotation
  if (status === decision) {
    throw new Refusal('resource.invalid_transition', {
      ...{ resource: 'Quotation', from: status, to: decision },
    })
  }
  requireMove(decision, quotation, today)
  const details = { decisionNote: note, decisionName: name }
  return move(ctx, document, { status: decision, details })
}

type Move = Readonly<{
  status: 'sent' | 'accepted' | 'rejected'
  details?: Partial<QuotationDetails>
  personal?: Told['personal']
}>

/** Takes a quotation to a status that it may come to; a draft is numbered and frozen. */
async function move(
  ctx: Ctx,
  document: Document,
  { status, details, personal }: Move,
): Promise<Quotation> {
  const { book, today } = await dayOf(ctx)
  const customerName = await nameOf(ctx, document)
  const before = toQuotation(document, { customerName, today })
  const { id, surface, issueDate: date } = document
  const kind = 'quotation'
  const isDraft = document.lifecycle === 'draft'
  const moved: Document = {
    ...document,
    lifecycle: 'open',
    number: document.number ?? (await takeNumber(ctx, { kind, surface, date, documentId: id })),
    sentAt: status === 'sent' ? ctx.now : document.sentAt,
    details: {
      ...document.details,
      ...decided(ctx, status),
      ...details,
      ...(isDraft && frozenAt(ctx, book, await customerOf(ctx, document))),
    },
    ...{ updatedAt: ctx.recordedAt, version: document.version + 1n },
  }
  await changeDocument(ctx, moved)
  const quotation = toQuotation(moved, { customerName, today })
  recordQuotation(ctx, status, quotation, { before, personal })
  return quotation
}

/**
 * Makes one invoice with the same items and totals of an accepted quotation, dated today unless
 * told otherwise.
 * Refuses, in this order: resource.not_found, sales.quotation_converted, sales.quotation_expired,
 * sales.quotation_not_accepted, what `requireDates` refuses, what `createInvoice` refuses.
 * Source: Invoicing specification 9.
 */
export async function convertQuotation(
  ctx: Ctx,
  {
    quotationId,
    issueDate,
    dueDate,
    status,
    requireDates,
  }: Readonly<{
    quotationId: string
    issueDate?: CalendarDate | undefined
    /** Absent: after as many days as the business gives. */
    dueDate?: CalendarDate | undefined
    status: 'draft' | 'sent'
    requireDates?: (issueDate: CalendarDate, dueDate: CalendarDate | null) => void
  }>,
): Promise<Invoice> {
  const { today } = await dayOf(ctx)
  const { document, quotation: before } = await findQuotation(ctx, quotationId, today)
  requireConvertible(before)
  const issued = issueDate ?? today
  requireDates?.(issued, dueDate ?? null)
  const { number: _own, dueDate: _validUntil, ...draft } = toQuotationDraft(before)
  // The quotation's own event comes first, and names the invoice.
  const later: NewEvent[] = []
  const invoice = await createInvoice(
    { ...ctx, emit: (event) => void later.push(event) },
    {
      ...draft,
      ...{ surface: before.surface, status, quotationId: before.id },
      ...{ issueDate: issued, externalId: null },
      ...(dueDate !== undefined && { dueDate }),
    },
  )
  const converted: Document = {
    ...document,
    details: {
      ...document.details,
      ...{ status: 'converted', invoiceId: invoice.id, invoiceNumber: invoice.number },
    },
    ...{ updatedAt: ctx.recordedAt, version: document.version + 1n },
  }
  await changeDocument(ctx, converted)
  const quotation = toQuotation(converted, { customerName: before.customerName, today })
  recordQuotation(ctx, 'converted', quotation, { before })
  for (const event of later) ctx.emit(event)
  return invoice
}

/**
 * Makes a draft with the content of another quotation, dated today unless told otherwise, valid for
 * as many days.
 * Refuses, in this order: resource.not_found, what `requireDates` refuses, what `createQuotation`
 * refuses.
 */
export async function duplicateQuotation(
  ctx: Ctx,
  {
    quotationId,
    issueDate: asked,
    validUntil: until,
    requireDates,
  }: Readonly<{
    quotationId: string
    issueDate?: CalendarDate | undefined
    validUntil?: CalendarDate | undefined
    requireDates: (issueDate: CalendarDate, validUntil: CalendarDate | null) => void
  }>,
): Promise<Quotation> {
  const { today } = await dayOf(ctx)
  const { quotation } = await findQuotation(ctx, quotationId, today)
  const { number: _own, ...draft } = toQuotationDraft(quotation)
  const issueDate = asked ?? today
  const { validUntil } = quotation
  const days = validUntil && daysBetween(quotation.issueDate, validUntil)
  const dueDate = until ?? dueAfter(issueDate, days)
  requireDates(issueDate, dueDate)
  return createQuotation(ctx, {
    ...draft,
    ...{ surface: quotation.surface, status: 'draft', externalId: null, issueDate, dueDate },
  })
}

/**
 * Removes a draft or a rejected quotation; its number is never given again.
 * Refuses, in this order: resource.not_found, sales.quotation_not_editable.
 * Source: Invoicing specification 9.
 */
export async function deleteQuotation(
  ctx: Ctx,
  { quotationId }: Readonly<{ quotationId: string }>,
): Promise<void> {
  const { today } = await dayOf(ctx)
  const { document, quotation } = await findQuotation(ctx, quotationId, today)
  const { number, status } = quotation
  if (status !== 'draft' && status !== 'rejected') {
    throw new Refusal('sales.quotation_not_editable', { number, status })
  }
  await removeDraft(ctx, document)
  recordQuotation(ctx, 'deleted', quotation, { before: quotation })
}

type Found = Readonly<{ document: Document; quotation: Quotation }>

/** Refuses: resource.not_found. */
async function findQuotation(ctx: Ctx, quotationId: string, today: CalendarDate): Promise<Found> {
  const document = await readDocument(ctx, 'quotation', quotationId)
  if (document === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Quotation', id: quotationId })
  }
  const customerName = await nameOf(ctx, document)
  return { document, quotation: toQuotation(document, { customerName, today }) }
}

async function nameOf(ctx: Ctx, document: Document): Promise<string> {
  const frozen = document.details['customer'] as Readonly<{ name: string }> | undefined // as it was frozen
  return frozen?.name ?? (await customerOf(ctx, document)).name
}

const customerOf = (ctx: Ctx, { partyId }: Document): Promise<PartyWithoutBalances> =>
  readCustomer(ctx, partyId ?? '')

async function dayOf(ctx: Ctx): Promise<Readonly<{ book: Book; today: CalendarDate }>> {
  const book = await ctx.remember(loadBook)
  return { book, today: dateIn(ctx.now, book.business.timeZone) }
}

type Made = Readonly<{
  id: Id<'document'>
  surface: NewQuotation['surface']
  draft: QuotationDraft
  customer: PartyWithoutBalances
  book: Book
}>

/** What the document says: its lines, what they come to, and its texts. */
function toContent(ctx: Ctx, { draft, customer, book }: Made) {
  const accounts = accountsOf(draft, book)
  const calculation = calculateInvoice(draft, book)
  const { subtotal, tax, total } = calculation.totals
  return {
    ...{ partyId: customer.id, issueDate: draft.issueDate, dueDate: draft.dueDate },
    ...{ currency: draft.currency, rate: draft.exchangeRate ?? null },
    rateSource: draft.exchangeRate === undefined ? null : 'document',
    ...{ pricesIncludeTax: draft.pricesIncludeTax, discountPercent: draft.discountPercent },
    ...{ subtotal, tax, total, reference: draft.purchaseOrder, notes: draft.notes },
    ...{ terms: draft.terms, template: draft.template, externalId: draft.externalId },
    ...{ metadata: draft.metadata, calculation: toStoredCalculation(calculation) },
    ...{ lines: toLines(ctx, draft, accounts, calculation), updatedAt: ctx.recordedAt },
  }
}

/** Refuses: resource.external_id_taken. */
async function requireOwnExternalId(ctx: Ctx, externalId: string | null): Promise<void> {
  if (externalId === null) return
  const known = await readByExternalId(ctx, 'quotation', externalId)
  if (known === undefined) return
  throw new Refusal('resource.external_id_taken', { externalId, resource: 'Quotation' })
}

/**
 * The number asked for, else the next one; none yet where the business numbers at issue.
 * Refuses: resource.number_taken.
 */
function numberOf(
  ctx: Ctx,
  { id, surface, draft, book, isDraft }: Made & Readonly<{ isDraft: boolean }>,
): Promise<string | null> {
  const asked = { kind: 'quotation', surface, date: draft.issueDate, documentId: id } as const
  if (draft.number !== undefined) {
    return takeExplicitNumber(ctx, { ...asked, number: draft.number, resource: 'Quotation' })
  }
  const isLater = isDraft && book.business.numberAt === 'issue'
  return isLater ? Promise.resolve(null) : takeNumber(ctx, asked)
}

type Told = Readonly<{
  before?: Quotation
  /** What only the event tells, and keeps sealed. */
  personal?: Readonly<Record<string, unknown>> | undefined
}>

/** Leaves the audit row and the event of something that was done to a quotation. */
export function recordQuotation(
  ctx: Ctx,
  what: string,
  quotation: Quotation,
  { before, personal }: Told = {},
): void {
  const resource = { resource: 'quotation', resourceId: quotation.id } as const
  const after = toPublicImage(quotation)
  ctx.audit({
    ...{ action: `quotation.${what}`, ...resource, after },
    ...(before !== undefined && { before: toPublicImage(before) }),
  })
  const previousStatus =
    before === undefined || before.status === quotation.status ? null : before.status
  ctx.emit({
    type: `sales.quotation.${what}`,
    ...resource,
    payload: { ...after, previousStatus },
    ...(personal !== undefined && { personal }),
  })
}

/** A quotation without personal data of its customer. */
const toPublicImage = (quotation: Quotation): Readonly<Record<string, unknown>> =>
  toImage({ ...quotation, details: splitDetails(quotation.details).shown })
