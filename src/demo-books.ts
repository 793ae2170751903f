import type { Gate } from './db/lane.ts'
import type { Action, Ctx } from './db/write.ts'
import {
  type DemoEvent,
  type DemoPlan,
  demoCustomers,
  demoSuppliers,
  openingKeys,
  openingRates,
  planDemo,
} from './demo-year.ts'
import { assert } from './kernel/assert.ts'
import {
  addDays,
  type CalendarDate,
  dayOf,
  type Instant,
  monthKey,
  parseInstant,
} from './kernel/dates.ts'
import { ratio, round } from './kernel/decimal.ts'
import type { Id } from './kernel/ids.ts'
import { parseAmount } from './kernel/money.ts'
import { importStatementLines } from './modules/banking/statement-line.actions.ts'
import { listMoneyLines } from './modules/banking/statement-line.queries.ts'
import { importedLinesMax, type NewStatementLine } from './modules/banking/statement-line.ts'
import { transferMoney } from './modules/banking/transfer.actions.ts'
import { createAccount } from './modules/ledger/account.actions.ts'
import { listBalances } from './modules/ledger/balance.queries.ts'
import { loadBook } from './modules/ledger/book.queries.ts'
import { setRate } from './modules/ledger/exchange-rate.actions.ts'
import { toBase } from './modules/ledger/exchange-rate.ts'
import { postEntry } from './modules/ledger/journal.actions.ts'
import type { Line } from './modules/ledger/journal.ts'
import { listItemsOfDocuments } from './modules/ledger/open-item.queries.ts'
import { setSoftLock } from './modules/ledger/period.actions.ts'
import type { LockScope } from './modules/ledger/period.ts'
import { revalue } from './modules/ledger/revaluation.actions.ts'
import { postOpening } from './modules/parties/opening-balance.actions.ts'
import { createParty } from './modules/parties/party.actions.ts'
import { createBill } from './modules/purchases/bill.actions.ts'
import { payBills } from './modules/purchases/bill-payment.actions.ts'
import { createExpense } from './modules/purchases/expense.actions.ts'
import { issueCreditNote } from './modules/sales/credit-note.actions.ts'
import { createInvoice, voidInvoice } from './modules/sales/invoice.actions.ts'
import { recordReceipt } from './modules/sales/receipt.actions.ts'

/** The business that the demo year is kept for, and the seed, length and end of the demo. */
export type DemoBooks = Readonly<{
  gate: Gate
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  asOf: CalendarDate
  /** When it is: nothing is recorded later than that. */
  now: Instant
  seed: number
  years: number
}>

/**
 * Keeps the books of the demo through the ordinary actions, each day's commands at 18:00 in Lagos,
 * those of the last day now at the latest, in the order they belong; a month of them is queued at once, so
 * that the lane commits them together. The business has its chart and nothing else.
 * Source: ledger specification 14.
 */
export async function keepDemoBooks(books: DemoBooks): Promise<void> {
  const plan = planDemo(books)
  const keeper = new Keeper(books, plan)
  await keeper.open()
  for (const events of byMonth(plan.events)) await keeper.keep(events)
  await keeper.importStatements()
}

function byMonth(events: readonly DemoEvent[]): readonly (readonly DemoEvent[])[] {
  const eventsByMonth = new Map<string, DemoEvent[]>()
  for (const event of events) {
    const month = eventsByMonth.get(monthKey(event.date)) ?? []
    month.push(event)
    eventsByMonth.set(monthKey(event.date), month)
  }
  return [...eventsByMonth.values()]
}

class Keeper {
  readonly #books: DemoBooks
  readonly #plan: DemoPlan
  readonly #partyIdByCode = new Map<string, Id<'party'>>()
  readonly #documentIdByKey = new Map<string, Id<'document'>>()

  constructor(books: DemoBooks, plan: DemoPlan) {
    this.#books = books
    this.#plan = plan
  }

  /** Parties, the dollar account, opening balances, and the lock behind them. */
  async open(): Promise<void> {
    const { openingDay: date } = this.#plan
    const write = this.#writerOf(date)
    const account = { code: '1014', name: 'Bank - USD', category: 'asset' } as const
    await write(createAccount, { ...account, subcategory: 'current_asset', currency: 'USD' })
    for (const { code, name, currency } of demoCustomers) {
      const email = `accounts@${slugOf(name)}.example`
      const party = await write(createParty, { name, email, currency, isCustomer: true })
      this.#partyIdByCode.set(code, party.id)
    }
    for (const { code, name } of demoSuppliers) {
      const roles = { isSupplier: true, isCustomer: false }
      const party = await write(createParty, {
        name,
        ...roles,
        email: `pay@${slugOf(name)}.example`,
      })
      this.#partyIdByCode.set(code, party.id)
    }
    for (const [currency, quoted] of Object.entries(openingRates)) {
      await write(setRate, { currency, day: date, quoted, ...quotedDaily })
    }
    await this.#postOpening(date)
    const reason = 'Opening balances are agreed'
    await write(setSoftLock, { scope: 'all', through: date, reason })
  }

  async #postOpening(date: CalendarDate): Promise<void> {
    const write = this.#writerOf(date)
    const naira = (accountCode: string, amount: string) => {
      const base = kobo(amount)
      return { accountCode, currency: 'NGN', amount: base, base }
    }
    const document = { issueDate: date, description: 'Balance brought forward', tax: 0n }
    const entries = await write(postOpening, {
      date,
      accounts: [
        naira('1001', '250000'),
        naira('1011', '9500000'),
        {
          ...{ accountCode: '1014', currency: 'USD', amount: 3_000_00n },
          base: kobo('4500000'),
        },
        naira('1102', '3600000'),
        naira('1151', '-900000'),
        naira('2021', '-37500'),
        naira('3001', '-5000000'),
        naira('3003', '-13681250'),
      ],
      documents: [
        {
          ...{ ...document, kind: 'invoice', partyId: this.#partyId('C01'), number: 'OPEN-C01' },
          ...{ dueDate: addDays(date, 30), currency: 'NGN', tax: kobo('37500') },
          ...{ total: kobo('537500'), base: kobo('537500') },
        },
        {
          ...{ ...document, kind: 'invoice', partyId: this.#partyId('C10'), number: 'OPEN-C10' },
          ...{ dueDate: addDays(date, 30), currency: 'USD' },
          ...{ total: 1_000_00n, base: kobo('1500000') },
        },
        {
          ...{ ...document, kind: 'bill', partyId: this.#partyId('S02'), number: 'OPEN-S02' },
          ...{ dueDate: addDays(date, 30), currency: 'NGN' },
          ...{ total: kobo('268750'), base: kobo('268750') },
        },
      ],
    })
    const keys = [openingKeys.C01, openingKeys.C10, openingKeys.S02]
    for (const [index, key] of keys.entries()) {
      const id = entries[index + 1]?.sourceId
      assert(id !== undefined, 'an opening document has an entry')
      this.#documentIdByKey.set(key, id as Id<'document'>)
    }
  }

  /** Queues all commands at once; the lane runs them in their order. */
  async keep(events: readonly DemoEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.#keep(event)))
  }

  // What an event speaks of was made by an earlier command, perhaps of the same commit: its id is
  // looked up when the command runs, not when it is queued.
  #keep(event: DemoEvent): Promise<unknown> {
    const write = this.#writerOf(event.date)
    const { date } = event
    switch (event.kind) {
      case 'rate': {
        const { currency, rate: quoted } = event
        return write(setRate, { currency, day: date, quoted, ...quotedDaily })
      }
      case 'invoice':
        return write((ctx) => this.#issue(ctx, event), undefined)
      case 'void':
        return write(async (ctx) => {
          const invoiceId = this.#documentId(event.key)
          await voidInvoice(ctx, { invoiceId, reason: 'Entered by mistake', date })
        }, undefined)
      case 'credit':
        return write(async (ctx) => {
          const invoiceId = this.#documentId(event.key)
          const reason = 'Goods returned'
          await issueCreditNote(ctx, { surface: 'books', invoiceId, issueDate: date, reason })
        }, undefined)
      case 'receipt': {
        const rate = this.#plan.rateOn(event.customer.currency, date)
        return write((ctx) => {
          return receiveDemo(ctx, { event, invoiceId: this.#documentId(event.key), rate })
        }, undefined)
      }
      case 'bill':
        return write((ctx) => this.#enter(ctx, event), undefined)
      case 'bill_payment': {
        const rate = this.#plan.rateOn(event.currency, date)
        return write((ctx) => {
          return payDemo(ctx, { event, billId: this.#documentId(event.key), rate })
        }, undefined)
      }
      case 'expense':
        return write(createExpense, {
          ...{ surface: 'books', status: 'paid', supplierId: null, supplierName: null },
          ...{ accountCode: event.accountCode, moneyAccountCode: event.moneyAccountCode },
          ...{ date, currency: 'NGN', amount: event.amount, taxPercent: event.taxPercent },
          ...{ withheldPercent: '0', isTaxRecoverable: true, method: 'bank_transfer' },
          ...{ description: event.description, category: null, reference: null },
        })
      case 'transfer':
        return write(transferMoney, {
          ...{ fromCode: '1011', toCode: '1001', date, currency: 'NGN', amount: kobo('60000') },
          description: 'Cash for the office',
        })
      case 'payroll':
        return this.#payStaff(date)
      case 'statutory':
        return write(postByCode, {
          ...{ date, sourceType: 'tax_payment', scope: 'payroll' },
          description: 'PAYE, pension and NHF remitted',
          lines: ['2022 116200', '2023 211500', '2024 29375', '1011 -357075'],
        })
      case 'depreciation':
        return write(postByCode, {
          ...{ date, sourceType: 'depreciation', scope: 'journals' },
          ...{ description: 'Depreciation', lines: ['5051 75000', '1151 -75000'] },
        })
      case 'tax_payment':
        return write(payTaxes, { date, balanceDate: event.balanceDate })
      case 'revaluation': {
        const rate = (currency: 'USD' | 'EUR') => this.#plan.rateOn(currency, date)
        return write(revalue, { date, rateByCurrency: { USD: rate('USD'), EUR: rate('EUR') } })
      }
    }
  }

  async #issue(ctx: Ctx, event: Extract<DemoEvent, { kind: 'invoice' }>): Promise<void> {
    const { key, date, dueDate, customer, discountPercent, lines } = event
    const { currency } = customer
    const invoice = await createInvoice(ctx, {
      ...{ surface: 'books', status: 'sent', customerId: this.#partyId(customer.code) },
      ...{ issueDate: date, dueDate, currency, discountPercent, lines },
      ...(currency !== 'NGN' && { exchangeRate: this.#plan.rateOn(currency, date) }),
      ...{ notes: null, terms: null, template: 'modern', pricesIncludeTax: false },
      ...{ purchaseOrder: null, externalId: null, metadata: {} },
    })
    this.#documentIdByKey.set(key, invoice.id)
  }

  async #enter(ctx: Ctx, event: Extract<DemoEvent, { kind: 'bill' }>): Promise<void> {
    const { key, date, dueDate, supplier, currency, accountCode, line } = event
    const bill = await createBill(ctx, {
      ...{ surface: 'books', supplierId: this.#partyId(supplier), issueDate: date, dueDate },
      ...{ currency, reference: null, notes: null, lines: [{ ...line, accountCode }] },
      ...(currency !== 'NGN' && { exchangeRate: this.#plan.rateOn(currency, date) }),
    })
    this.#documentIdByKey.set(key, bill.id)
  }

  async #payStaff(date: CalendarDate): Promise<void> {
    const write = this.#writerOf(date)
    const payroll = { date, sourceType: 'payroll', scope: 'payroll' } as const
    const run = write(postByCode, {
      ...{ ...payroll, description: 'Payroll' },
      lines: [
        ...['5011 1175000', '5012 117500', '2022 -116200', '2023 -211500', '2024 -29375'],
        '2003 -935425',
      ],
    })
    const lines = ['2003 935425', '1011 -935425']
    await Promise.all([run, write(postByCode, { ...payroll, description: 'Net pay', lines })])
  }

  /** What the bank says of the year: two or fewer days late, the newest rows not matched yet. */
  async importStatements(): Promise<void> {
    const { asOf } = this.#books
    const write = this.#writerOf(asOf)
    for (const accountCode of ['1011', '1014']) {
      const unknown = accountCode === '1011' ? this.#plan.unknownCreditDays : []
      const lines = await write(statementOf, { accountCode, asOf, unknown })
      for (let start = 0; start < lines.length; start += importedLinesMax) {
        const part = lines.slice(start, start + importedLinesMax)
        await write(importStatementLines, { accountCode, lines: part })
      }
    }
  }

  #partyId(code: string): Id<'party'> {
    const id = this.#partyIdByCode.get(code)
    assert(id !== undefined, `party ${code} was made`)
    return id
  }

  #documentId(key: string): Id<'document'> {
    const id = this.#documentIdByKey.get(key)
    assert(id !== undefined, `document ${key} was made`)
    return id
  }

  #writerOf(date: CalendarDate) {
    const { gate, organizationId, businessId, now: latest } = this.#books
    const evening = parseInstant(`${date}T17:00:00.000Z`)
    const [now = latest] = [evening, latest].sort()
    return async <Input, Result>(action: Action<Ctx, Input, Result>, input: Input) => {
      const tenant = { organizationId, businessId }
      const done = await gate.write({ tenant, action, input, actor: 'system:demo', now })
      assert('value' in done, 'a command without an idempotency key is never replayed')
      return done.value
    }
  }
}

const quotedDaily = { direction: 'base_per_unit', source: 'manual' } as const

const kobo = (text: string): bigint => parseAmount(text, 'NGN', 'amount').minor

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-(ltd|plc|llc|gmbh|inc)$/, '')

type Receiving = Readonly<{
  event: Extract<DemoEvent, { kind: 'receipt' }>
  invoiceId: Id<'document'>
  rate: string
}>

/** Receives a part of an invoice: dollars into the dollar account, euros as their naira value. */
async function receiveDemo(ctx: Ctx, { event, invoiceId, rate }: Receiving): Promise<void> {
  const { customer, part, date } = event
  const { roundingMode: mode } = (await ctx.remember(loadBook)).business
  const [item] = await listItemsOfDocuments(ctx.tx, ctx.businessId, [invoiceId])
  assert(item !== undefined, 'the invoice has an open item')
  const amount =
    part === 'first' ? round(ratio(item.originalAmount * 6n, 10n), mode) : item.openAmount
  const { currency } = customer
  const isEuro = currency === 'EUR'
  const paid = isEuro ? toBase(amount, { currency, baseCurrency: 'NGN', rate, mode }) : amount
  await recordReceipt(ctx, {
    ...{ surface: 'books', customerId: item.partyId, date, currency: isEuro ? 'NGN' : currency },
    ...{ amount: paid, method: 'bank_transfer', paidBy: customer.name },
    accountCode: currency === 'USD' ? '1014' : '1011',
    ...(currency === 'USD' && { exchangeRate: rate }),
    ...(customer.withheldPercent !== '0' && { withheldPercent: customer.withheldPercent }),
    allocations: [{ invoiceId, amount, paid }],
  })
}

type Paying = Readonly<{
  event: Extract<DemoEvent, { kind: 'bill_payment' }>
  billId: Id<'document'>
  rate: string
}>

/** Pays what is open of a bill. */
async function payDemo(ctx: Ctx, { event, billId, rate }: Paying): Promise<void> {
  const { date, currency, accountCode, withheldPercent } = event
  const [item] = await listItemsOfDocuments(ctx.tx, ctx.businessId, [billId])
  assert(item !== undefined, 'the bill has an open item')
  await payBills(ctx, {
    ...{ surface: 'books', date, currency, accountCode, method: 'bank_transfer' },
    ...(currency === 'USD' && { exchangeRate: rate }),
    ...(withheldPercent !== '0' && { withheldPercent }),
    allocations: [{ billId, amount: item.openAmount }],
  })
}

type Posting = Readonly<{
  date: CalendarDate
  sourceType: string
  scope: LockScope
  description: string
  /** Account code and signed naira: `5051 75000`. */
  lines: readonly string[]
}>

/** Posts what has no module of its own yet. */
async function postByCode(ctx: Ctx, posting: Posting): Promise<void> {
  const { date: accountingDate, sourceType, scope, description } = posting
  const { accountByCode } = await ctx.remember(loadBook)
  const lines = posting.lines.map((text): Line => {
    const [code = '', amount = ''] = text.split(' ')
    const account = accountByCode.get(code)
    assert(account !== undefined, `the chart has ${code}`)
    const base = kobo(amount)
    const taxTag = account.level === 'tagged' ? { taxTag: 'settlement' } : {}
    return { accountId: account.id, currency: 'NGN', amount: base, base, ...taxTag }
  })
  await postEntry(ctx, { accountingDate, kind: 'standard', sourceType, scope, description, lines })
}

type TaxPayment = Readonly<{ date: CalendarDate; balanceDate: CalendarDate }>

/** Files and pays output tax less input tax, and pays withholding tax, as they stood at a day. */
async function payTaxes(ctx: Ctx, { date, balanceDate }: TaxPayment): Promise<void> {
  const owed = await balanceOf(ctx, '2026', balanceDate)
  const recoverable = -(await balanceOf(ctx, '1025', balanceDate))
  const withheld = await balanceOf(ctx, '2027', balanceDate)
  const entry = { date, sourceType: 'tax_payment', scope: 'journals' } as const
  const post = (description: string, from: string, to: string, amount: bigint): Promise<void> =>
    postByCode(ctx, {
      ...{ ...entry, description },
      lines: [`${from} ${inNaira(amount)}`, `${to} ${inNaira(-amount)}`],
    })
  if (owed > recoverable) {
    if (recoverable > 0n) await post('VAT return filed', '2026', '1025', recoverable)
    await post('VAT paid', '2026', '1011', owed - recoverable)
  }
  if (withheld > 0n) await post('Withholding tax paid', '2027', '1011', withheld)
}

/** Credit less debit of an account at the end of a day. */
async function balanceOf(ctx: Ctx, code: string, date: CalendarDate): Promise<bigint> {
  const { accountByCode } = await ctx.remember(loadBook)
  const rows = await listBalances(ctx.tx, { businessId: ctx.businessId, dates: [date] })
  return rows
    .filter(({ accountId }) => accountId === accountByCode.get(code)?.id)
    .reduce((sum, { creditBase, debitBase }) => sum + creditBase - debitBase, 0n)
}

function inNaira(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(3, '0')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

type Statement = Readonly<{
  accountCode: string
  asOf: CalendarDate
  unknown: readonly CalendarDate[]
}>

/** The rows a bank would send for what the ledger says moved on an account. */
async function statementOf(
  ctx: Ctx,
  { accountCode, asOf, unknown }: Statement,
): Promise<readonly NewStatementLine[]> {
  const { accountByCode } = await ctx.remember(loadBook)
  const accountId = accountByCode.get(accountCode)?.id ?? ''
  const limit = 100_000
  const moved = await listMoneyLines(ctx.tx, { businessId: ctx.businessId, accountId, limit })
  const rows = moved.map(({ entryId, date, amount, description, number }): NewStatementLine => {
    const bookedOn = addDays(date, dayOf(date) % 3)
    const isMatched = bookedOn <= addDays(asOf, -10)
    const matchedEntryId = isMatched ? entryId : null
    return { bookedOn, amount, description, reference: number, matchedEntryId }
  })
  const credits = unknown.map((bookedOn): NewStatementLine => {
    return { bookedOn, amount: kobo('25000'), description: 'TRF FROM UNKNOWN', reference: null }
  })
  return [...rows, ...credits].filter(({ bookedOn }) => bookedOn <= asOf)
}
