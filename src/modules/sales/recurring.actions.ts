import type { Ctx, NewEvent } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn } from '../../kernel/dates.ts'
import { sentence } from '../../kernel/error-text.ts'
import { Refusal } from '../../kernel/errors.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { toImage } from '../ledger/document.ts'
import { accountsOf, calculateInvoice, createInvoice, usableCustomer } from './invoice.actions.ts'
import { dueAfter, type Invoice, type InvoiceDraft, withDefaults } from './invoice.ts'
import { sendInvoice } from './invoice-step.actions.ts'
import { withProducts } from './product.actions.ts'
import { insertRecurring, insertRun, updateRecurringRow } from './recurring.db.ts'
import { findRecurring, getRecurring, isExternalIdTaken } from './recurring.queries.ts'
import {
  type NewRecurring,
  nextPeriod,
  type Recurring,
  type RecurringChanges,
  type RecurringDraft,
  requireMove,
  requireRunning,
  toAdvanced,
  toFailed,
  toRescheduled,
  toResumed,
} from './recurring.ts'

/**
 * Keeps a template that makes an invoice per period. Periods that are past are made up for.
 *
 * Refuses, in this order: resource.not_found (customer), party.archived, resource.not_found
 * (product), ledger.account_not_found, ledger.account_is_control, what `calculateDraft` refuses,
 * sales.total_negative, resource.external_id_taken.
 * Source: Invoicing specification 10.2.
 */
export async function createRecurring(ctx: Ctx, given: NewRecurring): Promise<Recurring> {
  const { status, ...open } = given
  const { business } = await ctx.remember(loadBook)
  const { startDate: issueDate, customerId } = open
  const { currency: usual } = await usableCustomer(ctx, customerId)
  const asked = { ...open, issueDate, dueDate: null }
  const { currency, notes, terms } = withDefaults(asked, business, usual)
  const draft: RecurringDraft = { ...open, currency, notes, terms }
  const content = await toContent(ctx, draft)
  const nextDate = nextPeriod(draft, { lastDate: null, occurrences: 0 })
  const recurring: Recurring = {
    ...draft,
    ...content,
    ...{ id: ctx.newId('recurring'), businessId: ctx.businessId, status, nextDate },
    ...{ lastDate: null, occurrences: 0, pauseReason: null, failures: 0, retryOn: null },
    ...{ deletedAt: null, createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt },
  }
  await requireOwnExternalId(ctx, recurring)
  assert(nextDate !== null, 'a schedule has its first period')
  await insertRecurring(ctx.tx, recurring)
  record(ctx, 'created', recurring)
  return recurring
}

/**
 * Changes what later periods say, and when they come; `status` pauses or resumes.
 *
 * Refuses, in this order: resource.not_found, what `createRecurring` refuses, sales.schedule_ended,
 * resource.invalid_transition.
 * Source: Invoicing specification 10.2.
 */
export async function updateRecurring(
  ctx: Ctx,
  {
    recurringId,
    changes,
    status,
    requireDates,
  }: Readonly<{
    recurringId: string
    changes: RecurringChanges
    status?: 'active' | 'paused' | undefined
    /** Refuses an end that does not suit the start, in the words of the surface. */
    requireDates: (startDate: CalendarDate, endDate: CalendarDate | null) => void
  }>,
): Promise<Recurring> {
  const before = await getRecurring(ctx.tx, ctx.businessId, recurringId)
  const draft: RecurringDraft = { ...before, ...changes }
  requireDates(draft.startDate, draft.endDate)
  const content = await toContent(ctx, draft, changes.lines === undefined)
  const edited: Recurring = {
    ...{ ...before, ...draft, ...content },
    // Whoever changes a template has mended what failed; it is tried again at once.
    ...{ failures: 0, retryOn: null, updatedAt: ctx.recordedAt },
  }
  await requireOwnExternalId(ctx, edited)
  const after = hasNewSchedule(changes) ? toRescheduled(edited) : edited
  await updateRecurringRow(ctx.tx, after)
  record(ctx, 'updated', after, { before })
  if (after.status !== before.status) record(ctx, 'completed', after, { before })
  if (status === undefined || status === after.status) return after
  return status === 'paused'
    ? pauseRecurring(ctx, { recurringId })
    : resumeRecurring(ctx, { recurringId })
}

const scheduleMembers = ['frequency', 'every', 'startDate', 'endDate', 'occurrencesMax'] as const

const hasNewSchedule = (changes: RecurringChanges): boolean =>
  scheduleMembers.some((member) => changes[member] !== undefined)

/**
 * Stops a template until it is resumed; its invoices stay.
 * Refuses, in this order: resource.not_found, resource.invalid_transition.
 */
export async function pauseRecurring(
  ctx: Ctx,
  { recurringId }: Readonly<{ recurringId: string }>,
): Promise<Recurring> {
  const before = await getRecurring(ctx.tx, ctx.businessId, recurringId)
  requireMove('paused', before)
  return keep(ctx, 'paused', { ...before, status: 'paused', pauseReason: null }, before)
}

/**
 * Lets a paused template run again. A period that failed is tried again; periods that lay in a pause
 * that somebody asked for are passed over.
 * Refuses, in this order: resource.not_found, sales.schedule_ended, resource.invalid_transition.
 */
export async function resumeRecurring(
  ctx: Ctx,
  { recurringId }: Readonly<{ recurringId: string }>,
): Promise<Recurring> {
  const before = await getRecurring(ctx.tx, ctx.businessId, recurringId)
  requireMove('active', before)
  const resumed = await keep(ctx, 'resumed', toResumed(before, await todayOf(ctx)), before)
  if (resumed.status === 'completed') record(ctx, 'completed', resumed, { before })
  return resumed
}

/**
 * Takes a template out of lists; its invoices stay.
 * Refuses: resource.not_found.
 */
export async function deleteRecurring(
  ctx: Ctx,
  { recurringId }: Readonly<{ recurringId: string }>,
): Promise<void> {
  const before = await getRecurring(ctx.tx, ctx.businessId, recurringId)
  await keep(ctx, 'deleted', { ...before, deletedAt: ctx.now }, before)
}

/**
 * Makes the invoice of the period that waits, whether or not its day has come.
 * Refuses, in this order: resource.not_found, sales.schedule_ended, what `createInvoice` and
 * `sendInvoice` refuse.
 */
export async function runRecurring(
  ctx: Ctx,
  { recurringId }: Readonly<{ recurringId: string }>,
): Promise<Invoice> {
  const recurring = await getRecurring(ctx.tx, ctx.businessId, recurringId)
  requireRunning(recurring)
  assert(recurring.nextDate !== null, 'a template that is not over has a next period')
  return makeInvoice(ctx, recurring, recurring.nextDate)
}

/**
 * Makes the invoice of a period whose day has come; nothing where it was made already. What the
 * invoice refuses is kept as a failure: the period is tried again on the days that follow, and the
 * template is paused after the third.
 * Refuses: what the platform refuses for a moment.
 * Source: Invoicing specification 10.2.
 */
export async function runPeriod(
  ctx: Ctx,
  { recurringId, period }: Readonly<{ recurringId: string; period: CalendarDate }>,
): Promise<void> {
  const before = await findRecurring(ctx.tx, ctx.businessId, recurringId)
  const today = await todayOf(ctx)
  if (before?.status !== 'active' || before.nextDate !== period) return
  if (before.retryOn !== null && before.retryOn > today) return
  const outcome = await ctx.attempt(() => makeInvoice(ctx, before, period))
  if ('value' in outcome) return
  const { code } = outcome.refusal
  if (code.startsWith('platform.')) throw outcome.refusal
  const reason = sentence(outcome.refusal)
  const failed = { ...toFailed(before, today, reason), updatedAt: ctx.recordedAt }
  await updateRecurringRow(ctx.tx, failed)
  record(ctx, 'failed', failed, { before, more: { periodDate: period, reason } })
}

/** The one invoice of a period. Its event follows the one of the template that made it. */
async function makeInvoice(ctx: Ctx, before: Recurring, period: CalendarDate): Promise<Invoice> {
  const later: NewEvent[] = []
  const quiet = { ...ctx, emit: (event: NewEvent) => void later.push(event) }
  const invoice = await issue(quiet, before, period)
  await insertRun(ctx.tx, {
    ...{ businessId: ctx.businessId, recurringId: before.id, period },
    ...{ documentId: invoice.id, at: ctx.recordedAt },
  })
  const after = { ...toAdvanced(before, period), updatedAt: ctx.recordedAt }
  await updateRecurringRow(ctx.tx, after)
  const made = { periodDate: period, invoiceId: invoice.id, invoice: toImage(invoice) }
  record(ctx, 'generated', after, { before, more: made })
  for (const event of later) ctx.emit(event)
  if (after.status === 'completed') record(ctx, 'completed', after, { before })
  return invoice
}

async function issue(ctx: Ctx, recurring: Recurring, period: CalendarDate): Promise<Invoice> {
  const { customerId, isSent, dueDays, id: recurringId } = recurring
  const customer = await usableCustomer(ctx, customerId)
  const hasAddress = customer.email !== null
  const invoice = await createInvoice(ctx, {
    ...toInvoiceDraft(recurring, period, dueAfter(period, dueDays)),
    ...{ surface: 'invoicing', recurringId },
    status: isSent && !hasAddress ? 'sent' : 'draft',
  })
  if (!isSent || !hasAddress) return invoice
  return sendInvoice(ctx, { invoiceId: invoice.id, to: [], message: null })
}

/** The invoice of a period; each has the rate of its own day. */
const toInvoiceDraft = (
  { customerId, currency, notes, terms, template, lines }: RecurringDraft,
  issueDate: CalendarDate,
  dueDate: CalendarDate | null,
): InvoiceDraft => ({
  ...{ customerId, currency, notes, terms, template, lines, issueDate, dueDate },
  ...{ pricesIncludeTax: false, discountPercent: '0', purchaseOrder: null },
  ...{ externalId: null, metadata: {} },
})

/** What an invoice of it would say: the customer, filled lines, and what they come to. */
async function toContent(ctx: Ctx, draft: RecurringDraft, takesArchived = false) {
  const book = await ctx.remember(loadBook)
  const customer = await usableCustomer(ctx, draft.customerId)
  const lines = await withProducts(ctx, draft.lines, takesArchived)
  const { startDate } = draft
  const invoice = toInvoiceDraft({ ...draft, lines }, startDate, startDate)
  accountsOf(invoice, book)
  const { total } = calculateInvoice(invoice, book).totals
  return { customerId: customer.id, lines, total }
}

/** Refuses: resource.external_id_taken. */
async function requireOwnExternalId(ctx: Ctx, recurring: Recurring): Promise<void> {
  const { externalId } = recurring
  if (externalId === null || !(await isExternalIdTaken(ctx.tx, recurring))) return
  throw new Refusal('resource.external_id_taken', { externalId, resource: 'Recurring invoice' })
}

async function todayOf(ctx: Ctx): Promise<CalendarDate> {
  const { business } = await ctx.remember(loadBook)
  return dateIn(ctx.now, business.timeZone)
}

async function keep(
  ctx: Ctx,
  what: string,
  changed: Recurring,
  before: Recurring,
): Promise<Recurring> {
  const after = { ...changed, updatedAt: ctx.recordedAt }
  await updateRecurringRow(ctx.tx, after)
  record(ctx, what, after, { before })
  return after
}

type Told = Readonly<{ before?: Recurring; more?: Readonly<Record<string, unknown>> }>

function record(ctx: Ctx, what: string, recurring: Recurring, { before, more }: Told = {}): void {
  const resource = { resource: 'recurring_invoice', resourceId: recurring.id } as const
  const after = toImage(recurring)
  ctx.audit({
    ...{ action: `recurring_invoice.${what}`, ...resource, after },
    ...(before !== undefined && { before: toImage(before) }),
  })
  const previousStatus =
    before === undefined || before.status === recurring.status ? null : before.status
  ctx.emit({
    type: `sales.recurring.${what}`,
    ...resource,
    payload: { ...after, previousStatus, ...more },
  })
}
