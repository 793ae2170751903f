import {
  type Condition,
  countRows,
  followsOf,
  orderOf,
  type Page,
  toWhere,
  type Where,
} from '../../db/lists.ts'
import type { Db } from '../../db/tx.ts'
import { currencyTable } from '../../kernel/currency-table.ts'
import { type CalendarDate, daysBetween } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  documentColumns,
  documentOrder,
  listDocumentLines,
  numberedBy,
  recurredFrom,
} from '../ledger/document.queries.ts'
import type { DocumentHead } from '../ledger/document.ts'
import {
  type Invoice,
  type InvoiceBalance,
  type InvoiceFilter,
  type InvoiceStatus,
  toInvoice,
} from './invoice.ts'

type InvoiceRow = DocumentHead &
  Readonly<{
    customerName: string
    originalAmount: bigint | null
    openAmount: bigint
    creditedAmount: bigint
  }>

const invoiceColumns = `${documentColumns},
  coalesce(d.details -> 'customer' ->> 'name', p.name) as "customerName",
  i.original_amount as "originalAmount", coalesce(i.open_amount, 0) as "openAmount",
  coalesce(i.credited_amount, 0) as "creditedAmount"`

const invoiceJoins = `
  from document as d
  join party as p on p.business_id = d.business_id and p.party_id = d.party_id
  left join open_item as i
    on i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'AR'`

/**
 * One invoice with its lines, as it is today.
 * Refuses: resource.not_found.
 */
export async function getInvoice(
  db: Db,
  businessId: Id<'business'>,
  invoiceId: string,
  today: CalendarDate,
): Promise<Invoice> {
  const rows = await db.query<InvoiceRow>({
    name: 'get_invoice',
    text: `select ${invoiceColumns} ${invoiceJoins}
      where d.business_id = $1 and d.kind = 'invoice' and d.document_id = $2`,
    values: [businessId, invoiceId],
  })
  const [invoice] = await withLines(db, businessId, rows, today)
  if (invoice === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Invoice', id: invoiceId })
  }
  return invoice
}

/** Invoices by id with their lines, in order of id; at most 1,000. */
export async function listInvoicesById(
  db: Db,
  businessId: Id<'business'>,
  invoiceIds: readonly string[],
  today: CalendarDate,
): Promise<readonly Invoice[]> {
  const rows = await db.query<InvoiceRow>({
    name: 'list_invoices_by_id',
    text: `select ${invoiceColumns} ${invoiceJoins}
      where d.business_id = $1 and d.kind = 'invoice' and d.document_id = any ($2::uuid[])
      order by d.document_id limit 1000`,
    values: [businessId, invoiceIds],
  })
  return withLines(db, businessId, rows, today)
}

const sortColumn = {
  createdAt: 'd.created_at',
  updatedAt: 'd.updated_at',
  issueDate: 'd.issue_date',
  dueDate: 'd.due_date',
  total: 'd.total',
  invoiceNumber: 'd.number',
} as const

/** The statuses that are shown, as `statusOf` derives them; `$2` is today. */
const conditionByStatus: Readonly<Record<InvoiceStatus, string>> = {
  draft: `d.lifecycle = 'draft'`,
  cancelled: `d.lifecycle = 'void'`,
  paid: `d.lifecycle = 'open' and (d.paid_at is null) = false`,
  overdue: `d.lifecycle = 'open' and (d.paid_at is null) = true and d.due_date < $2::date`,
  sent: `d.lifecycle = 'open' and (d.paid_at is null) = true
    and (d.due_date >= $2::date or d.due_date is null)`,
}

/** What is owed is one range of an index; asked for by its halves it would be two. */
const owed = `d.lifecycle = 'open' and (d.paid_at is null) = true`

function toStatusCondition(statuses: readonly InvoiceStatus[]): string {
  const isOwed = statuses.includes('sent') && statuses.includes('overdue')
  const rest = isOwed
    ? statuses.filter((status) => status !== 'sent' && status !== 'overdue')
    : statuses
  const conditions = [...new Set(rest)].map((status) => conditionByStatus[status])
  if (isOwed) conditions.push(owed)
  return conditions.length === 0 ? 'false' : `(${conditions.join(' or ')})`
}

/**
 * A page of invoices with their lines, and the number of all that match, counted up to `countMax`
 * where it is given. Newest first unless asked otherwise, ties by id; at most `limit`.
 */
export async function listInvoices(db: Db, filter: InvoiceFilter): Promise<Page<Invoice>> {
  const numbered = await numberedBy(db, 'invoice', filter.number)
  const recurred = await recurredFrom(db, filter.recurringId)
  const { values, where: matches } = whereOf(filter, [numbered, recurred])
  const from = fromOf(filter)
  const { by, isDescending } = filter.sort ?? { by: 'createdAt', isDescending: true }
  const order = documentOrder(sortColumn[by], isDescending)
  const { after, countMax } = filter
  const follows = followsOf(order, after, values.length + 2)
  const where = `${ownInvoices}${matches}${follows.condition}`
  const days = await dayRangeOf(db, filter)
  const source =
    days === undefined ? `${from} where ${where}` : perDay(days, { where, order: orderOf(order) })
  // The page is chosen first, from indexes alone where they can; only its rows are looked up.
  const heads = await db.query<InvoiceRow>({
    text: `
      with page as (
        select d.document_id ${source}
        ${orderOf(order)} limit $${values.length + 1} offset $${values.length + 2}
      )
      select ${invoiceColumns} ${invoiceJoins}
      where d.business_id = $1 and d.document_id in (select document_id from page)
      ${orderOf(order)}`,
    values: [...values, filter.limit, filter.offset ?? 0, ...follows.values],
  })
  const rows = await withLines(db, filter.businessId, heads, filter.today)
  if (rows.length < filter.limit && (filter.offset ?? 0) === 0) {
    return { rows, total: rows.length }
  }
  const text = `select 1 ${from} where ${ownInvoices}${matches}`
  return { rows, ...(await countRows(db, { text, values, countMax })) }
}

type DayRange = Readonly<{ column: string; from: CalendarDate; to: CalendarDate; rows: number }>

const daysMax = 1_500

/**
 * The days of a list that ends with one, when nothing else narrows it: its newest rows lie deep in
 * the order of creation, but each day has its own newest first.
 */
async function dayRangeOf(db: Db, filter: InvoiceFilter): Promise<DayRange | undefined> {
  const { customerId, number, externalId, quotationId, recurringId, isPartlyPaid } = filter
  const narrowing = [customerId, number, externalId, quotationId, recurringId, isPartlyPaid]
  const isNarrow = narrowing.some((one) => one !== undefined)
  if (isNarrow || (filter.sort !== undefined && filter.sort.by !== 'createdAt')) return undefined
  const { issueDateTo, dueDateTo } = filter
  const to = issueDateTo ?? dueDateTo
  if (to === undefined) return undefined
  const column = issueDateTo === undefined ? 'due_date' : 'issue_date'
  const given = issueDateTo === undefined ? filter.dueDateFrom : filter.issueDateFrom
  const from = given ?? (await findFirstDay(db, filter.businessId, column))
  if (from === undefined || to < from || daysBetween(from, to) > daysMax) return undefined
  return { column: `d.${column}`, from, to, rows: filter.limit + (filter.offset ?? 0) }
}

async function findFirstDay(
  db: Db,
  businessId: Id<'business'>,
  column: 'issue_date' | 'due_date',
): Promise<CalendarDate | undefined> {
  const [row] = await db.query<{ day: CalendarDate | null }>({
    name: `find_first_${column}`,
    text: `select min(${column}) as day from document where business_id = $1 and kind = 'invoice'`,
    values: [businessId],
  })
  return row?.day ?? undefined
}

/** The first rows of each day, as many as the page and those before it can need. */
const perDay = (
  { column, from, to, rows }: DayRange,
  { where, order }: Readonly<{ where: string; order: string }>,
): string => `from generate_series(date '${from}', date '${to}', interval '1 day') as day
  cross join lateral (
    select d.document_id, d.created_at from document as d
    where ${where} and ${column} = day::date
    ${order} limit ${rows}
  ) as d`

async function withLines(
  db: Db,
  businessId: Id<'business'>,
  rows: readonly InvoiceRow[],
  today: CalendarDate,
): Promise<readonly Invoice[]> {
  if (rows.length === 0) return []
  const linesById = await listDocumentLines(
    db,
    businessId,
    rows.map(({ id }) => id),
  )
  return rows.map(({ customerName, originalAmount, openAmount, creditedAmount, ...head }) => {
    const balance: InvoiceBalance =
      originalAmount === null ? undefined : { originalAmount, openAmount, creditedAmount }
    const document = { ...head, lines: linesById.get(head.id) ?? [] }
    return toInvoice(document, { customerName, balance, today })
  })
}

const ownInvoices = `d.business_id = $1 and d.kind = 'invoice' and $2::date is not null`

/** The conditions of a filter; those of `found` name what was looked for first. */
function whereOf(filter: InvoiceFilter, found: readonly Condition[]): Where {
  const { values, where } = toWhere(
    [filter.businessId, filter.today],
    [
      [filter.isSent, (place) => `(d.sent_at is not null) = ${place}`],
      [
        filter.isPartlyPaid,
        (place) => `coalesce(i.open_amount < i.original_amount, false) = ${place}`,
      ],
      [filter.customerId, (place) => `d.party_id = ${place}`],
      [filter.currency, (place) => `d.currency = ${place}`],
      [filter.issueDateFrom, (place) => `d.issue_date >= ${place}`],
      [filter.issueDateTo, (place) => `d.issue_date <= ${place}`],
      [filter.dueDateFrom, (place) => `d.due_date >= ${place}`],
      [filter.dueDateTo, (place) => `d.due_date <= ${place}`],
      [filter.minTotal, (place) => totalAtLeast(place)],
      [filter.maxTotal, (place) => totalAtMost(place)],
      [filter.externalId, (place) => `d.external_id = ${place}`],
      [filter.quotationId, (place) => `d.source_document_id = ${place}`],
      [filter.updatedSince, (place) => `d.updated_at >= ${place}`],
      ...found,
    ],
  )
  const { statuses } = filter
  return { values, where: statuses ? ` and ${toStatusCondition(statuses)}${where}` : where }
}

const fromOf = ({ isPartlyPaid }: InvoiceFilter): string =>
  isPartlyPaid === undefined
    ? 'from document as d'
    : `from document as d left join open_item as i
        on i.business_id = d.business_id and i.document_id = d.document_id and i.side = 'AR'`

/**
 * At least a total in major units. An index can find what has two decimals or more of a currency's
 * unit, and the few currencies that have none; the rest is compared one by one.
 */
const totalAtLeast = (place: string): string => `(d.total >= ceil(${place}::numeric * 100)::bigint
  or d.currency in (${codesOf(0)})) and d.total >= ${place}::numeric * ${minorUnits}`

/** At most a total in major units; in the same way. */
const totalAtMost = (place: string): string => `(d.total <= floor(${place}::numeric * 100)::bigint
  or d.currency in (${codesOf(3)},${codesOf(4)})) and d.total <= ${place}::numeric * ${minorUnits}`

const codesOf = (exponent: number): string =>
  currencyTable
    .filter(([, , , own]) => own === exponent)
    .map(([code]) => `'${code}'`)
    .join(',')

/** Minor units of one unit of a document's currency. */
export const minorUnits = `(case ${[0, 3, 4]
  .map((exponent) => `when d.currency in (${codesOf(exponent)}) then ${10 ** exponent}`)
  .join(' ')} else 100 end)`
