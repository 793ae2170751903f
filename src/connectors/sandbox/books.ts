import { addDays, addMonths, asDate, type CalendarDate, monthEnd } from '../../kernel/dates.ts'
import { money, toWireNumber } from '../../kernel/money.ts'
import type { CanonicalRecord, SyntheticBooks } from '../../modules/sync/record.ts'

/** Source: Connect specification 11.4. */
const months = 24
const invoiceCount = 400
const customerCount = 24
const firstDay = asDate('2024-07-01')
const days = 729
const baseCurrency = 'GBP'
const foreignCurrency = 'USD'

/** Base units for ten units of the foreign currency. */
const rateTenths = 8n

type Account = Readonly<{ code: string; name: string; category: string; isBank?: boolean }>

const accounts = [
  { code: '1000', name: 'Current account', category: 'Asset.Bank', isBank: true },
  { code: '1100', name: 'Trade debtors', category: 'Asset.Current.Receivables' },
  { code: '2200', name: 'Tax on sales', category: 'Liability.Current.Tax' },
  { code: '3000', name: 'Capital', category: 'Equity.Capital' },
  { code: '4000', name: 'Sales', category: 'Income.Revenue' },
  { code: '4100', name: 'Services', category: 'Income.Revenue' },
  { code: '6000', name: 'Rent', category: 'Expense.Operating' },
  { code: '6100', name: 'Salaries', category: 'Expense.Operating' },
  { code: '6200', name: 'Software', category: 'Expense.Operating' },
  { code: '6300', name: 'Travel', category: 'Expense.Operating' },
  { code: '6400', name: 'Insurance', category: 'Expense.Operating' },
  { code: '6500', name: 'Postage', category: 'Expense.Operating' },
] as const satisfies readonly Account[]

type Code = (typeof accounts)[number]['code']

const firstNames = ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Hazel', 'Juniper']
const lastNames = ['Bakery', 'Joinery', 'Press', 'Studios', 'Supplies']
const goods = ['Consulting', 'Delivery', 'Design', 'Maintenance', 'Printing', 'Training']

/** An entry in minor units of the base currency, debit positive. */
type Entry = Readonly<{
  id: string
  date: CalendarDate
  description: string
  journal: 'Sales' | 'General'
  recordId?: string
  lines: readonly Readonly<{ code: Code; amount: bigint }>[]
}>

type Invoice = Readonly<{
  id: string
  number: number
  customer: number
  issueDate: CalendarDate
  currency: string
  lines: readonly Readonly<{ description: string; quantity: bigint; unit: bigint; code: Code }>[]
  status: 'Draft' | 'Submitted' | 'PartiallyPaid' | 'Paid' | 'Void'
}>

/**
 * Books of two years that follow from the seed alone: no clock and no network. One invoice in nine
 * is in a foreign currency; some are drafts, voided or paid in part.
 */
export function buildBooks(seed: number): SyntheticBooks {
  const random = new Random(seed)
  const customerIds = Array.from({ length: customerCount }, () => random.id())
  const invoices = Array.from({ length: invoiceCount }, (_unused, i) => anInvoice(random, i))
  const entries = [
    ...invoices.flatMap((invoice) => entriesOf(random, invoice)),
    ...Array.from({ length: months }, (_unused, month) => costsOf(random, month)).flat(),
  ].sort((a, b) => (a.date < b.date ? -1 : Number(a.date > b.date)))
  const ids = new Map(accounts.map(({ code }) => [code, random.id()]))
  const owed = new Map(invoices.map((invoice) => [invoice.id, dueOf(invoice)]))
  const toRef = (code: Code) => ({ id: ids.get(code) ?? '', name: nameOf(code) })
  return {
    company: companyRecord(random.id()),
    records: {
      chartOfAccounts: accounts.map((account) =>
        accountRecord(account, ids.get(account.code) ?? '', balanceOf(account.code, entries)),
      ),
      customers: customerIds.map(customerRecord),
      invoices: invoices.map((invoice) =>
        invoiceRecord(invoice, {
          customerId: customerIds[invoice.customer] ?? '',
          due: owed.get(invoice.id) ?? 0n,
          toRef,
        }),
      ),
      journalEntries: entries.map((entry) => entryRecord(entry, toRef)),
    },
  }
}

type ToRef = (code: Code) => Readonly<{ id: string; name: string }>

/** A sequence that a seed fixes for ever. Source: linear congruential generator, Knuth 3.3.4. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x5bd1e995) >>> 0
  }

  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return this.#state
  }

  /** 0 to `bound` - 1; the high bits, because the low ones repeat soon. */
  below(bound: number): number {
    return (this.next() >>> 8) % bound
  }

  pick<T>(list: readonly T[], otherwise: T): T {
    return list[this.below(list.length)] ?? otherwise
  }

  /** In the form of a version 4 UUID. */
  id(): string {
    const hex = Array.from({ length: 4 }, () => this.next().toString(16).padStart(8, '0')).join('')
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`]
    return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20)].join('-')
  }
}

function anInvoice(random: Random, index: number): Invoice {
  const count = 1 + random.below(3)
  return {
    id: random.id(),
    number: index + 1,
    customer: random.below(customerCount),
    issueDate: addDays(firstDay, Math.floor((index * days) / (invoiceCount - 1))),
    currency: index % 9 === 4 ? foreignCurrency : baseCurrency,
    lines: Array.from({ length: count }, () => ({
      description: random.pick(goods, 'Services'),
      quantity: BigInt(1 + random.below(12)),
      unit: BigInt(500 + random.below(60_000)),
      code: random.pick(['4000', '4100'] as const, '4000'),
    })),
    status: statusOf(index),
  }
}

function statusOf(index: number): Invoice['status'] {
  if (index % 97 === 60) return 'Draft'
  if (index % 41 === 20) return 'Void'
  if (index % 17 === 8) return 'PartiallyPaid'
  return index < invoiceCount - 40 ? 'Paid' : 'Submitted'
}

const netOf = ({ lines }: Invoice): bigint =>
  lines.reduce((sum, { quantity, unit }) => sum + quantity * unit, 0n)

/** One fifth, cut to the minor unit. */
const taxOf = (net: bigint): bigint => net / 5n

const totalOf = (invoice: Invoice): bigint =>
  invoice.lines.reduce(
    (sum, { quantity, unit }) => sum + quantity * unit + taxOf(quantity * unit),
    0n,
  )

function dueOf(invoice: Invoice): bigint {
  if (invoice.status === 'Paid' || invoice.status === 'Void') return 0n
  const total = totalOf(invoice)
  return invoice.status === 'PartiallyPaid' ? total - total / 2n : total
}

const toBase = (amount: bigint, currency: string): bigint =>
  currency === baseCurrency ? amount : (amount * rateTenths) / 10n

/** What an invoice leaves in the journal: its issue, and its payment or its reversal. */
function entriesOf(random: Random, invoice: Invoice): readonly Entry[] {
  const { status, currency, issueDate: date, number, id: recordId } = invoice
  if (status === 'Draft') return []
  const total = toBase(totalOf(invoice), currency)
  const byCode = new Map<Code, bigint>()
  for (const { code, quantity, unit } of invoice.lines) {
    byCode.set(code, (byCode.get(code) ?? 0n) - toBase(quantity * unit, currency))
  }
  const revenue = [...byCode].map(([code, amount]) => ({ code, amount }))
  const tax = -total - revenue.reduce((sum, { amount }) => sum + amount, 0n)
  const lines: Entry['lines'] = [
    { code: '1100', amount: total },
    ...revenue,
    { code: '2200', amount: tax },
  ]
  const shared = { journal: 'Sales', recordId } as const
  const issue: Entry = {
    ...shared,
    ...{ id: random.id(), date, description: `Invoice INV-${number}`, lines },
  }
  if (status === 'Void') {
    const mirrored = lines.map(({ code, amount }) => ({ code, amount: -amount }))
    const description = `Invoice INV-${number} voided`
    return [issue, { ...shared, id: random.id(), date, description, lines: mirrored }]
  }
  const paid = toBase(totalOf(invoice) - dueOf(invoice), currency)
  if (paid === 0n) return [issue]
  const payment: Entry = {
    ...shared,
    id: random.id(),
    date: addDays(date, 5 + random.below(25)),
    description: `Payment of INV-${number}`,
    lines: [
      { code: '1000', amount: paid },
      { code: '1100', amount: -paid },
    ],
  }
  return [issue, payment]
}

const costs = ['6000', '6100', '6200', '6300', '6400', '6500'] as const satisfies readonly Code[]
const costsPerMonth = 18

function costsOf(random: Random, month: number): readonly Entry[] {
  const start = addMonths(firstDay, month)
  const length = Number(monthEnd(start).slice(8))
  return Array.from({ length: costsPerMonth }, (_unused, i): Entry => {
    const code = costs[i % costs.length] ?? '6000'
    const amount = BigInt(2_000 + random.below(90_000))
    return {
      id: random.id(),
      date: addDays(start, random.below(length)),
      description: nameOf(code),
      journal: 'General',
      lines: [
        { code, amount },
        { code: '1000', amount: -amount },
      ],
    }
  })
}

const nameOf = (wanted: Code): string => accounts.find(({ code }) => code === wanted)?.name ?? ''

const balanceOf = (wanted: Code, entries: readonly Entry[]): bigint =>
  entries
    .flatMap(({ lines }) => lines)
    .reduce((sum, { code, amount }) => (code === wanted ? sum + amount : sum), 0n)

const wire = (minor: bigint, currency: string = baseCurrency): number =>
  toWireNumber(money(minor, currency))

const midnight = (date: CalendarDate): string => `${date}T00:00:00`

const headOf = (id: string, date: CalendarDate) => ({
  id,
  modifiedDate: `${date}T09:00:00.000Z`,
  sourceModifiedDate: `${date}T09:00:00.000Z`,
})

const alive = { metadata: { isDeleted: false } } as const

const companyRecord = (id: string): CanonicalRecord => ({
  id,
  companyName: 'Sandbox Trading',
  accountingPlatformRef: id,
  addresses: [],
  phoneNumbers: [],
  webLinks: [],
  financialYearStartDate: midnight(firstDay),
  baseCurrency,
  createdDate: `${firstDay}T09:00:00.000Z`,
})

function accountRecord(account: Account, id: string, debit: bigint): CanonicalRecord {
  const { code, name, category, isBank = false } = account
  const type = category.split('.')[0] ?? 'Unknown'
  const isDebitNormal = type === 'Asset' || type === 'Expense'
  return {
    ...headOf(id, firstDay),
    nominalCode: code,
    name,
    fullyQualifiedCategory: category,
    fullyQualifiedName: `${category}.${name}`,
    currency: baseCurrency,
    currentBalance: wire(isDebitNormal ? debit : -debit),
    type,
    status: 'Active',
    isBankAccount: isBank,
    validDatatypeLinks: [],
    ...alive,
  }
}

function customerRecord(id: string, index: number): CanonicalRecord {
  const first = firstNames[index % firstNames.length] ?? ''
  const last = lastNames[index % lastNames.length] ?? ''
  return {
    ...headOf(id, firstDay),
    customerName: `${first} ${last}`,
    emailAddress: `${first}.${last}@sandbox.example`.toLowerCase(),
    defaultCurrency: baseCurrency,
    addresses: [],
    contacts: [],
    status: 'Active',
    ...alive,
  }
}

type InvoiceContext = Readonly<{ customerId: string; due: bigint; toRef: ToRef }>

function invoiceRecord(
  invoice: Invoice,
  { customerId, due, toRef }: InvoiceContext,
): CanonicalRecord {
  const { id, number, customer, issueDate, currency, lines, status } = invoice
  const total = totalOf(invoice)
  const net = netOf(invoice)
  const { customerName } = customerRecord(customerId, customer)
  return {
    ...headOf(id, issueDate),
    invoiceNumber: `INV-${number}`,
    customerRef: { id: customerId, companyName: customerName },
    issueDate: midnight(issueDate),
    dueDate: midnight(addDays(issueDate, 30)),
    currency,
    ...(currency !== baseCurrency && { currencyRate: 0.8 }),
    lineItems: lines.map(({ description, quantity, unit, code }) => {
      const subTotal = quantity * unit
      return {
        description,
        unitAmount: wire(unit, currency),
        quantity: Number(quantity),
        discountAmount: 0,
        subTotal: wire(subTotal, currency),
        taxAmount: wire(taxOf(subTotal), currency),
        totalAmount: wire(subTotal + taxOf(subTotal), currency),
        discountPercentage: 0,
        accountRef: toRef(code),
        taxRateRef: { name: '20 %', effectiveTaxRate: 20 },
        trackingCategoryRefs: [],
      }
    }),
    paymentAllocations: [],
    totalDiscount: 0,
    subTotal: wire(net, currency),
    totalTaxAmount: wire(total - net, currency),
    totalAmount: wire(total, currency),
    amountDue: wire(due, currency),
    discountPercentage: 0,
    status,
    ...alive,
  }
}

const entryRecord = (entry: Entry, toRef: ToRef): CanonicalRecord => ({
  ...headOf(entry.id, entry.date),
  description: entry.description,
  postedOn: midnight(entry.date),
  createdOn: `${entry.date}T09:00:00.000Z`,
  updatedOn: `${entry.date}T09:00:00.000Z`,
  journalRef: { id: entry.journal.toLowerCase(), name: entry.journal },
  journalLines: entry.lines.map(({ code, amount }) => ({
    netAmount: wire(amount),
    currency: baseCurrency,
    accountRef: toRef(code),
  })),
  ...(entry.recordId !== undefined && {
    recordRef: { id: entry.recordId, dataType: 'invoices' },
  }),
  ...alive,
})
