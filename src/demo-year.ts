import { createHash } from 'node:crypto'
import { assert } from './kernel/assert.ts'
import { addDays, addMonths, type CalendarDate, monthEnd, monthStart } from './kernel/dates.ts'

/*
 * The demo year as data: what happens on which day, drawn from a seed. It posts nothing and knows
 * no database. Source: ledger specification 14.
 */

type Currency = 'NGN' | 'USD' | 'EUR'

export type DemoCustomer = Readonly<{
  code: string
  name: string
  currency: Currency
  termsDays: number
  withheldPercent: string
}>

export const demoCustomers: readonly DemoCustomer[] = [
  customer('C01', 'Adaeze Interiors Ltd', 'NGN', 30),
  customer('C02', 'Bright Harbour Hotels Plc', 'NGN', 30, '5'),
  customer('C03', 'Cedar Court Schools', 'NGN', 14),
  customer('C04', 'Delta Line Logistics Ltd', 'NGN', 30),
  customer('C05', 'Ember Kitchens', 'NGN', 14),
  customer('C06', 'Fairfield Clinics Ltd', 'NGN', 30, '5'),
  customer('C07', 'Grove Street Studios', 'NGN', 7),
  customer('C08', 'Hilltop Homes Ltd', 'NGN', 30),
  customer('C09', 'Inland Handel GmbH', 'EUR', 30),
  customer('C10', 'Juniper and Oak LLC', 'USD', 30),
]

export const demoSuppliers: readonly Readonly<{ code: string; name: string }>[] = [
  { code: 'S01', name: 'Palmgrove Estates' },
  { code: 'S02', name: 'Timberline Supplies' },
  { code: 'S03', name: 'Coastal Boards' },
  { code: 'S04', name: 'Savannah Fittings' },
  { code: 'S05', name: 'Okoro and Vale Advisers' },
  { code: 'S06', name: 'Cloudnote Inc' },
]

type Product = Readonly<{ name: string; isTaxed: boolean }> & Readonly<Record<Currency, string>>

const products: readonly Product[] = [
  { name: 'Oak desk', NGN: '185000.00', USD: '120.00', EUR: '110.00', isTaxed: true },
  { name: 'Task chair', NGN: '62500.00', USD: '42.00', EUR: '38.50', isTaxed: true },
  { name: 'Wall shelf', NGN: '48750.00', USD: '32.00', EUR: '29.00', isTaxed: true },
  { name: 'Design hour', NGN: '22333.33', USD: '15.55', EUR: '14.25', isTaxed: true },
  { name: 'Delivery', NGN: '15000.00', USD: '10.00', EUR: '9.00', isTaxed: true },
  { name: 'Care guide (book)', NGN: '7499.99', USD: '4.99', EUR: '4.49', isTaxed: false },
]

export const vatPercent = '7.5'

export type DemoLine = Readonly<{
  description: string
  quantity: string
  unitPrice: string
  taxPercent: string
  taxCategory: 'S' | 'Z' | 'E' | 'G' | 'O'
}>

/** An event of a day; `key` names the invoice or bill that later events speak of. */
export type DemoEvent = Readonly<{ date: CalendarDate }> &
  (
    | Readonly<{ kind: 'rate'; currency: Currency; rate: string }>
    | Readonly<{
        kind: 'invoice'
        key: string
        customer: DemoCustomer
        dueDate: CalendarDate
        discountPercent: string
        lines: readonly DemoLine[]
      }>
    | Readonly<{ kind: 'void' | 'credit'; key: string }>
    | Readonly<{ kind: 'receipt'; key: string; customer: DemoCustomer; part: Part }>
    | Readonly<{
        kind: 'bill'
        key: string
        supplier: string
        dueDate: CalendarDate
        currency: Currency
        accountCode: string
        line: DemoLine
      }>
    | Readonly<{
        kind: 'bill_payment'
        key: string
        currency: Currency
        accountCode: string
        withheldPercent: string
      }>
    | Readonly<{
        kind: 'expense'
        description: string
        accountCode: string
        moneyAccountCode: string
        amount: string
        taxPercent: string
      }>
    | Readonly<{ kind: 'transfer' | 'payroll' | 'statutory' | 'depreciation' }>
    | Readonly<{ kind: 'tax_payment'; balanceDate: CalendarDate }>
    | Readonly<{ kind: 'revaluation' }>
  )

/** The whole of an invoice, 60 % of it, or what is left of it. */
export type Part = 'all' | 'first' | 'rest'

export type DemoRates = Readonly<Record<'USD' | 'EUR', string>>

export type DemoPlan = Readonly<{
  openingDay: CalendarDate
  /** In the order they are posted: by date, then by kind, month and index. */
  events: readonly DemoEvent[]
  rateOn: (currency: Currency, date: CalendarDate) => string
  /** Days on which the bank shows money that nobody knows. */
  unknownCreditDays: readonly CalendarDate[]
}>

export const openingRates: DemoRates = { USD: '1500', EUR: '1620' }

/** The opening's own documents, by key, and the days they are settled on. */
export const openingKeys = { C01: 'opening/C01', C10: 'opening/C10', S02: 'opening/S02' } as const

/**
 * The events of so many years up to and including a date; what would lie after it is left out. The
 * same input gives the same plan.
 */
export function planDemo({
  seed,
  years,
  asOf,
}: Readonly<{ seed: number; years: number; asOf: CalendarDate }>): DemoPlan {
  const first = addMonths(monthStart(asOf), 1 - 12 * years)
  const placed: Placed[] = []
  const unknown: CalendarDate[] = []
  for (let year = 0; year < years; year += 1) {
    const start = addMonths(first, 12 * year)
    const stream = streamsOf(seed + years - 1 - year)
    const month = (m: number): Month => ({ m, year, start: addMonths(start, m - 1), stream })
    for (let m = 1; m <= 12; m += 1) placed.push(...eventsOf(month(m)))
    unknown.push(...[3, 6, 9, 12].map((m) => dayOfMonth(month(m), 15)))
  }
  placed.push(...openingSettlements(first))
  const events = placed
    .filter(({ event }) => event.date <= asOf)
    .sort(inOrder)
    .map(({ event }) => event)
  return {
    openingDay: addDays(first, -1),
    events,
    rateOn: (currency, date) => rateOn(currency, date, first),
    unknownCreditDays: unknown.filter((date) => date <= asOf),
  }
}

type Month = Readonly<{
  m: number
  year: number
  start: CalendarDate
  stream: (name: string) => Stream
}>

type Placed = Readonly<{ event: DemoEvent; month: number; index: number }>

const rankOfKind: Readonly<Record<DemoEvent['kind'], number>> = {
  rate: 0,
  invoice: 1,
  void: 2,
  credit: 3,
  bill: 4,
  receipt: 5,
  bill_payment: 6,
  expense: 7,
  transfer: 8,
  payroll: 9,
  statutory: 10,
  tax_payment: 11,
  depreciation: 12,
  revaluation: 13,
}

const inOrder = (a: Placed, b: Placed): number =>
  a.event.date.localeCompare(b.event.date) ||
  rankOfKind[a.event.kind] - rankOfKind[b.event.kind] ||
  a.month - b.month ||
  a.index - b.index

function eventsOf(month: Month): readonly Placed[] {
  const { m, year } = month
  const events = [
    ...ratesOf(month),
    ...invoicesOf(month),
    ...purchasesOf(month),
    ...expensesOf(month),
    ...payrollOf(month),
    ...monthEndOf(month),
  ]
  return events.map((event, index) => ({ event, month: year * 12 + m, index }))
}

function ratesOf({ m, start: date }: Month): readonly DemoEvent[] {
  const rates = monthRates(m)
  return [
    { kind: 'rate', date, currency: 'USD', rate: rates.USD },
    { kind: 'rate', date, currency: 'EUR', rate: rates.EUR },
  ]
}

const monthRates = (m: number): DemoRates => ({
  USD: String(1500 + 10 * ((7 * m) % 11)),
  EUR: String(1620 + 10 * ((5 * m) % 9)),
})

function rateOn(currency: Currency, date: CalendarDate, first: CalendarDate): string {
  if (currency === 'NGN') return '1'
  if (date < first) return openingRates[currency]
  const [year, month] = [Number(date.slice(0, 4)), Number(date.slice(5, 7))]
  const count = (year - Number(first.slice(0, 4))) * 12 + month - Number(first.slice(5, 7))
  return monthRates((count % 12) + 1)[currency]
}

function invoicesOf(month: Month): readonly DemoEvent[] {
  const { m, year, stream } = month
  const count = 8 + (m % 3)
  return Array.from({ length: count }, (_, i) => i + 1).flatMap((k): DemoEvent[] => {
    const draws = stream(`invoice/${m}/${k}`)
    const buyer = demoCustomers[draws.pick(10)]
    assert(buyer !== undefined, 'ten customers')
    const lines = Array.from({ length: 1 + draws.pick(3) }, () => productLine(draws, buyer))
    const [fate, delay] = [draws.pick(100), draws.pick(30)]
    const date = dayOfMonth(month, 2 + Math.floor((26 * (k - 1)) / count))
    const key = `${year}/${m}/${k}`
    const invoice: DemoEvent = {
      ...{ kind: 'invoice', key, date, customer: buyer, lines },
      dueDate: addDays(date, buyer.termsDays),
      discountPercent: (m + k) % 5 === 0 ? '5' : '0',
    }
    return [invoice, ...fateOf({ key, customer: buyer, date, fate, delay })]
  })
}

function productLine(draws: Stream, { currency }: DemoCustomer): DemoLine {
  const product = products[draws.pick(6)]
  const quantity = String(1 + draws.pick(5))
  assert(product !== undefined, 'six products')
  const shared = { description: product.name, quantity, unitPrice: product[currency] }
  if (currency !== 'NGN') return { ...shared, taxPercent: '0', taxCategory: 'G' }
  return product.isTaxed
    ? { ...shared, taxPercent: vatPercent, taxCategory: 'S' }
    : { ...shared, taxPercent: '0', taxCategory: 'Z' }
}

type Drawn = Readonly<{
  key: string
  customer: DemoCustomer
  date: CalendarDate
  fate: number
  delay: number
}>

/** What becomes of an invoice: paid, paid in two parts, left open, credited, or void. */
function fateOf({ key, customer: buyer, date, fate, delay }: Drawn): readonly DemoEvent[] {
  const receipt = (part: Part, days: number): DemoEvent => ({
    ...{ kind: 'receipt', key, customer: buyer, part, date: addDays(date, days + delay) },
  })
  if (fate < 68) return [receipt('all', 5)]
  if (fate < 82) return [receipt('first', 5), receipt('rest', 35)]
  if (fate < 92) return []
  if (fate < 96) return [{ kind: 'credit', key, date: addDays(date, 3) }]
  return [{ kind: 'void', key, date }]
}

function purchasesOf(month: Month): readonly DemoEvent[] {
  const { m, year, stream } = month
  const naira = { currency: 'NGN', accountCode: '1011', withheldPercent: '0' } as const
  const rent = purchase(month, 1, { supplier: 'S01', unitPrice: '450000.00', accountCode: '5020' })
  const software = purchase(month, 3, { supplier: 'S06', unitPrice: '120.00', accountCode: '5045' })
  const dollars = { currency: 'USD', accountCode: '1014', withheldPercent: '0' } as const
  const events: DemoEvent[] = [
    { ...rent, line: { ...rent.line, description: 'Rent', taxCategory: 'E' } },
    { kind: 'bill_payment', key: rent.key, date: dayOfMonth(month, 5), ...naira },
    { ...software, currency: 'USD', line: { ...software.line, description: 'Software' } },
    { kind: 'bill_payment', key: software.key, date: addDays(software.date, 30), ...dollars },
  ]
  for (const [j, day] of [13, 20, 27].entries()) {
    const draws = stream(`materials/${m}/${j + 1}`)
    const supplier = `S0${2 + draws.pick(3)}`
    const quantity = String(10 + draws.pick(40))
    const [fate, delay] = [draws.pick(10), 20 + draws.pick(10)]
    const given = { supplier, unitPrice: '12450.50', accountCode: '5001' }
    const bill = purchase(month, day, { ...given, key: `${year}/${m}/materials/${j + 1}` })
    events.push({ ...bill, line: taxed({ ...bill.line, description: 'Boards', quantity }) })
    if (fate < 9) {
      events.push({
        kind: 'bill_payment',
        key: bill.key,
        date: addDays(bill.date, delay),
        ...naira,
      })
    }
  }
  if (m % 3 === 0) {
    const advice = purchase(month, 25, {
      ...{ supplier: 'S05', unitPrice: '350000.00', accountCode: '5041' },
    })
    const paid = { ...naira, withheldPercent: '5' }
    events.push({ ...advice, line: taxed({ ...advice.line, description: 'Advice' }) })
    events.push({ kind: 'bill_payment', key: advice.key, date: addDays(advice.date, 15), ...paid })
  }
  return events
}

type Purchase = Extract<DemoEvent, { kind: 'bill' }>

function purchase(
  month: Month,
  day: number,
  {
    supplier,
    unitPrice,
    accountCode,
    key = `${month.year}/${month.m}/${supplier}`,
  }: Readonly<{ supplier: string; unitPrice: string; accountCode: string; key?: string }>,
): Purchase {
  const date = dayOfMonth(month, day)
  return {
    ...{ kind: 'bill', key, date, dueDate: addDays(date, 30), supplier, currency: 'NGN' },
    accountCode,
    line: {
      ...{ description: supplier, quantity: '1', unitPrice },
      ...{ taxPercent: '0', taxCategory: 'O' },
    },
  }
}

const taxed = (line: DemoLine): DemoLine => ({
  ...line,
  ...{ taxPercent: vatPercent, taxCategory: 'S' },
})

function expensesOf(month: Month): readonly DemoEvent[] {
  const { m, stream, start } = month
  const power = 60_000 + 1_000 * stream(`power/${m}`).pick(40)
  const travel = 35_000 + 500 * stream(`travel/${m}`).pick(60)
  return [
    {
      ...{ kind: 'expense', date: dayOfMonth(month, 18), description: 'Electricity' },
      ...{ accountCode: '5021', moneyAccountCode: '1011' },
      ...{ amount: `${power}.00`, taxPercent: vatPercent },
    },
    {
      ...{ kind: 'expense', date: dayOfMonth(month, 22), description: 'Travel' },
      ...{ accountCode: '5031', moneyAccountCode: '1001' },
      ...{ amount: `${travel}.00`, taxPercent: '0' },
    },
    {
      ...{ kind: 'expense', date: monthEnd(start), description: 'Bank charges' },
      ...{ accountCode: '5047', moneyAccountCode: '1011' },
      ...{ amount: '2150.00', taxPercent: '0' },
    },
    { kind: 'transfer', date: dayOfMonth(month, 1) },
  ]
}

function payrollOf(month: Month): readonly DemoEvent[] {
  const { start } = month
  return [
    { kind: 'payroll', date: dayOfMonth(month, 28) },
    { kind: 'statutory', date: addDays(addMonths(start, 1), 9) },
  ]
}

function monthEndOf(month: Month): readonly DemoEvent[] {
  const { m, start } = month
  const date = monthEnd(start)
  const events: DemoEvent[] = [{ kind: 'depreciation', date }]
  if (m >= 2) {
    const balanceDate = addDays(start, -1)
    events.push({ kind: 'tax_payment', date: dayOfMonth(month, 21), balanceDate })
  }
  if (m === 11) events.push({ kind: 'revaluation', date })
  return events
}

/** The documents that were open at the opening are settled in the first month. */
function openingSettlements(first: CalendarDate): readonly Placed[] {
  const day = (count: number): CalendarDate => addDays(first, count - 1)
  const [c01, c10] = [demoCustomers[0], demoCustomers[9]]
  assert(c01 !== undefined && c10 !== undefined, 'ten customers')
  const events: readonly DemoEvent[] = [
    { kind: 'receipt', key: openingKeys.C01, customer: c01, part: 'all', date: day(12) },
    { kind: 'receipt', key: openingKeys.C10, customer: c10, part: 'all', date: day(20) },
    {
      ...{ kind: 'bill_payment', key: openingKeys.S02, date: day(8), currency: 'NGN' },
      ...{ accountCode: '1011', withheldPercent: '0' },
    },
  ]
  return events.map((event, index) => ({ event, month: 0, index }))
}

const dayOfMonth = ({ start }: Month, day: number): CalendarDate => addDays(start, day - 1)

export type Stream = Readonly<{ next: () => bigint; pick: (count: number) => number }>

/**
 * Streams of a seed: SplitMix64 on 64 bits, started at the seed and the first 8 bytes of the
 * SHA-256 of the stream's name.
 * Source: ledger specification 14.2.
 */
export const streamsOf =
  (seed: number) =>
  (name: string): Stream => {
    const digest = createHash('sha256').update(name).digest()
    let state = BigInt(seed) ^ digest.readBigUInt64BE(0)
    const next = (): bigint => {
      state = cut(state + 0x9e3779b97f4a7c15n)
      let mixed = cut((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n)
      mixed = cut((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn)
      return mixed ^ (mixed >> 31n)
    }
    return { next, pick: (count) => Number(next() % BigInt(count)) }
  }

const cut = (value: bigint): bigint => BigInt.asUintN(64, value)

function customer(
  code: string,
  name: string,
  currency: Currency,
  termsDays: number,
  withheldPercent = '0',
): DemoCustomer {
  return { code, name, currency, termsDays, withheldPercent }
}
