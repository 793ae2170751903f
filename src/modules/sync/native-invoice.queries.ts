import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { type Money, money, toWireNumber } from '../../kernel/money.ts'
import { type Column, type Columns, inOrderOf, listPage, newValues } from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'
import { type NativeSource, toLocalMidnight, toWireDecimal } from './native.ts'
import { majorSql, midnightSql, scaleSql } from './native-sql.queries.ts'
import type { CanonicalRecord } from './record.ts'

type Row = Readonly<{
  document_id: string
  modified_at: Instant
  number: string
  customer_id: string
  customer_name: string
  issue_date: CalendarDate
  due_date: CalendarDate | null
  paid_on: CalendarDate | null
  currency: string
  base_currency: string
  rate: string | null
  discount: bigint
  subtotal: bigint
  tax: bigint
  total: bigint
  due: bigint
  discount_percent: string
  status: string
  note: string | null
}>

type LineRow = Readonly<{
  document_id: string
  description: string
  quantity: string
  unit_net: string
  discount: bigint
  discount_percent: string
  net: bigint
  tax: bigint
  tax_percent: string
  account_id: string
  account_name: string
  product_id: string | null
}>

type PaymentRow = Readonly<{
  invoice_id: string
  document_id: string
  amount: bigint
  withheld: bigint
  allocated_on: CalendarDate
  payment_currency: string | null
  payment_rate: string | null
  payment_total: bigint | null
  paid_on: CalendarDate | null
  reference: string | null
  note: string | null
  account_id: string | null
  account_name: string | null
}>

const fromSql = `
  from document as d
  join business as b on b.organization_id = $2 and b.business_id = d.business_id
  left join party as p on p.business_id = d.business_id and p.party_id = d.party_id
  left join open_item as o
    on o.business_id = d.business_id and o.document_id = d.document_id and o.side = 'AR'`

/**
 * A line's price without tax, and what discounts took off it. Prices with tax inside lose it; what
 * discounts took is the price times the quantity, rounded, less the line's net.
 */
const unitNetSql = `round(l.unit_price / (case when d.prices_include_tax
  then 1 + l.tax_percent / 100 else 1 end), 10)`
const lineDiscountSql = `(case when l.discount_percent = 0 and d.discount_percent = 0 then 0
  else round(l.quantity * ${unitNetSql} * ${scaleSql('d.currency')})::bigint - l.net end)`
const discountSql = `coalesce((
  select sum(${lineDiscountSql}) from document_line as l
  where l.business_id = d.business_id and l.document_id = d.document_id), 0)::bigint`

const statusSql = `(case
  when d.lifecycle = 'draft' then 'Draft'
  when d.lifecycle = 'void' then 'Void'
  when coalesce(o.open_amount, 0) = 0 then 'Paid'
  when o.open_amount < o.original_amount then 'PartiallyPaid'
  else 'Submitted' end)`
const dueSql = `(case d.lifecycle when 'draft' then d.total when 'void' then 0
  else coalesce(o.open_amount, 0) end)`
const paidOnSql = `(case when d.lifecycle = 'open' and coalesce(o.open_amount, 0) = 0
  then coalesce(o.closed_on, d.issue_date) end)`
const numberSql = `coalesce(d.number,
  'DRAFT-' || upper(right(replace(d.document_id::text, '-', ''), 8)))`
const customerNameSql = `coalesce(d.details -> 'customer' ->> 'name', p.name)`
const rateSql = `(case when d.currency <> b.base_currency then d.rate end)`

/** When anything shown last changed; settling touches the document, and a draft shows its customer. */
const modifiedSql = `(case when d.details -> 'customer' is null
  then greatest(d.updated_at, p.updated_at) else d.updated_at end)`

const columns: Columns = new Map<string, Column>([
  ['id', { uuid: 'd.document_id' }],
  ['modifiedDate', modifiedSql],
  ['sourceModifiedDate', modifiedSql],
  ['metadata.isDeleted', '(d.document_id is null)'],
  ['invoiceNumber', numberSql],
  ['customerRef.id', { uuid: 'd.party_id' }],
  ['customerRef.companyName', customerNameSql],
  ['issueDate', midnightSql('d.issue_date')],
  ['dueDate', midnightSql('d.due_date')],
  ['paidOnDate', midnightSql(paidOnSql)],
  ['currency', 'd.currency'],
  ['currencyRate', rateSql],
  ['totalDiscount', majorSql(discountSql, 'd.currency')],
  ['subTotal', majorSql('d.subtotal', 'd.currency')],
  ['totalTaxAmount', majorSql('d.tax', 'd.currency')],
  ['totalAmount', majorSql('d.total', 'd.currency')],
  ['amountDue', majorSql(dueSql, 'd.currency')],
  ['discountPercentage', 'd.discount_percent'],
  ['status', statusSql],
  ['note', 'd.notes'],
])

/** A page of the sales invoices in the order they were made by default. */
export async function listNativeInvoices(
  db: Db,
  { organizationId, businessId }: NativeSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  const page = await listPage(db, query, {
    from: `${fromSql} where d.business_id = $1 and d.kind = 'invoice'`,
    id: 'd.document_id',
    byDefault: 'd.created_at, d.document_id',
    columns,
    values: newValues(businessId, organizationId),
  })
  const ids = page.rows
  const found = await db.query<Row>({
    name: 'native_invoices',
    text: `
      select d.document_id, ${modifiedSql} as modified_at, ${numberSql} as number,
        d.party_id as customer_id, ${customerNameSql} as customer_name, d.issue_date, d.due_date,
        ${paidOnSql} as paid_on, d.currency, b.base_currency, ${rateSql} as rate,
        ${discountSql} as discount, d.subtotal, d.tax, d.total, ${dueSql}::bigint as due,
        d.discount_percent, ${statusSql} as status, d.notes as note
      ${fromSql}
      where d.business_id = $1 and d.document_id = any($3::uuid[])
      order by d.document_id limit 5000`,
    values: [businessId, organizationId, ids],
  })
  const rows = inOrderOf(ids, found, ({ document_id }) => document_id)
  const lines = groupBy(await listLines(db, businessId, ids), ({ document_id }) => document_id)
  const payments = groupBy(await listPayments(db, businessId, ids), ({ invoice_id }) => invoice_id)
  const records = rows.map((row) =>
    toInvoice(row, lines.get(row.document_id) ?? [], payments.get(row.document_id) ?? []),
  )
  return { rows: records, total: page.total }
}

const listLines = (db: Db, businessId: string, ids: readonly string[]): Promise<LineRow[]> =>
  db.query<LineRow>({
    name: 'native_invoice_lines',
    text: `
      select l.document_id, l.description, l.quantity, ${unitNetSql} as unit_net,
        ${lineDiscountSql}::bigint as discount, l.discount_percent, l.net, l.tax, l.tax_percent,
        l.account_id, a.name as account_name, l.product_id
      from document_line as l
      join document as d on d.business_id = l.business_id and d.document_id = l.document_id
      join account as a on a.business_id = l.business_id and a.account_id = l.account_id
      where l.business_id = $1 and l.document_id = any($2::uuid[])
      order by l.document_id, l.line_no
      limit 5000000`,
    values: [businessId, ids],
  })

/** What settled some invoices: one row per invoice and settling document, undone ones left out. */
const listPayments = (db: Db, businessId: string, ids: readonly string[]): Promise<PaymentRow[]> =>
  db.query<PaymentRow>({
    name: 'native_invoice_payments',
    text: `
      with settled as (
        select o.document_id as invoice_id, a.document_id, sum(a.amount)::bigint as amount,
          coalesce(sum(a.amount) filter (where a.leg = 'withholding'), 0)::bigint as withheld,
          max(a.accounting_date) filter (where a.undoes is null) as allocated_on
        from open_item as o
        join allocation as a on a.business_id = o.business_id and a.item_id = o.item_id
        where o.business_id = $1 and o.side = 'AR' and o.document_id = any($2::uuid[])
          and a.document_id <> o.document_id
        group by o.document_id, a.document_id
        having sum(a.amount) <> 0
      )
      select t.invoice_id, t.document_id, t.amount, t.withheld, t.allocated_on,
        s.currency as payment_currency, s.rate as payment_rate, s.total as payment_total,
        s.issue_date as paid_on, s.reference, s.notes as note, m.account_id,
        m.name as account_name
      from settled as t
      left join document as s on s.business_id = $1 and s.document_id = t.document_id
      left join lateral (
        select a.account_id, a.name from journal_line as l
        join account as a on a.business_id = l.business_id and a.account_id = l.account_id
        where l.business_id = $1 and l.entry_id = s.entry_id and l.amount > 0
          and a.category = 'asset' and (a.role is null or a.role in ('cash', 'bank', 'gateway_clearing'))
        order by l.line_no limit 1
      ) as m on s.kind = 'receipt'
      order by t.invoice_id, t.allocated_on, t.document_id
      limit 5000000`,
    values: [businessId, ids],
  })

function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function toInvoice(
  row: Row,
  lines: readonly LineRow[],
  payments: readonly PaymentRow[],
): CanonicalRecord {
  const amount = (minor: bigint): number => toWireNumber(money(minor, row.currency))
  const withheld = payments.reduce((sum, payment) => sum + payment.withheld, 0n)
  return {
    id: row.document_id,
    modifiedDate: row.modified_at,
    sourceModifiedDate: row.modified_at,
    invoiceNumber: row.number,
    customerRef: { id: row.customer_id, companyName: row.customer_name },
    issueDate: toLocalMidnight(row.issue_date),
    ...(row.due_date !== null && { dueDate: toLocalMidnight(row.due_date) }),
    ...(row.paid_on !== null && { paidOnDate: toLocalMidnight(row.paid_on) }),
    currency: row.currency,
    ...(row.rate !== null && { currencyRate: toWireDecimal(row.rate) }),
    lineItems: lines.map((line) => toLine(line, row.currency)),
    paymentAllocations: payments.map((payment) => toAllocation(payment, row)),
    ...(withheld !== 0n && {
      withholdingTax: [{ name: 'Withholding tax', amount: amount(withheld) }],
    }),
    totalDiscount: amount(row.discount),
    subTotal: amount(row.subtotal),
    totalTaxAmount: amount(row.tax),
    totalAmount: amount(row.total),
    amountDue: amount(row.due),
    discountPercentage: toWireDecimal(row.discount_percent),
    status: row.status,
    ...(row.note !== null && { note: row.note }),
    metadata: { isDeleted: false },
  }
}

function toLine(line: LineRow, currency: string): object {
  const amount = (minor: bigint): number => toWireNumber(money(minor, currency))
  const taxPercent = toWireDecimal(line.tax_percent)
  const isTaxed = taxPercent !== 0
  return {
    description: line.description,
    unitAmount: toWireDecimal(line.unit_net),
    quantity: toWireDecimal(line.quantity),
    discountAmount: amount(line.discount),
    subTotal: amount(line.net),
    taxAmount: amount(line.tax),
    totalAmount: amount(line.net + line.tax),
    discountPercentage: toWireDecimal(line.discount_percent),
    accountRef: { id: line.account_id, name: line.account_name },
    ...(isTaxed && { taxRateRef: { name: `${taxPercent} %`, effectiveTaxRate: taxPercent } }),
    ...(line.product_id !== null && { itemRef: { id: line.product_id } }),
    trackingCategoryRefs: [],
  }
}

function toAllocation(payment: PaymentRow, { currency, base_currency }: Row): object {
  const total = wholeOf(payment)
  const isForeign = payment.payment_currency !== null && payment.payment_currency !== base_currency
  return {
    payment: {
      id: payment.document_id,
      ...(payment.note !== null && { note: payment.note }),
      ...(payment.reference !== null && { reference: payment.reference }),
      ...(payment.account_id !== null && {
        accountRef: { id: payment.account_id, name: payment.account_name ?? '' },
      }),
      ...(payment.payment_currency !== null && { currency: payment.payment_currency }),
      ...(isForeign &&
        payment.payment_rate !== null && { currencyRate: toWireDecimal(payment.payment_rate) }),
      ...(payment.paid_on !== null && { paidOnDate: toLocalMidnight(payment.paid_on) }),
      ...(total !== undefined && { totalAmount: toWireNumber(total) }),
    },
    allocation: {
      currency,
      allocatedOnDate: toLocalMidnight(payment.allocated_on),
      totalAmount: toWireNumber(money(payment.amount, currency)),
    },
  }
}

const wholeOf = ({ payment_total, payment_currency }: PaymentRow): Money | undefined =>
  payment_total === null || payment_currency === null
    ? undefined
    : money(payment_total, payment_currency)
