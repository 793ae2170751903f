import { expect, test } from 'vitest'
import { verifyBusinesses } from '../../src/cli/verify.ts'
import { tellDue } from '../../src/jobs/due.ts'
import { runRecurringInvoices } from '../../src/jobs/recurring.ts'
import type { Instant } from '../../src/kernel/dates.ts'
import { Dice } from '../fuzz/dice.ts'
import type { Answer } from '../harness.ts'
import { booksOf } from '../surfaces/books/client.ts'
import { aLinkedCompany, type Linked } from '../surfaces/connect/linked.ts'
import { visit } from '../surfaces/hosted/pages.ts'
import {
  account,
  type Currency,
  type Debt,
  majorOf,
  minorOf,
  PaperBooks,
  type Sale,
  totalsOf,
} from './paper-books.ts'

/*
 * A month of a shop in Lagos, from 15 June to 14 July, through HTTP alone: what every answer says
 * is kept on paper as well, and at the end all reports of all surfaces are held against the paper.
 * Source: proof specification 6; Invoicing specification 15.3, 15.4, 15.7.
 */

const v1 = '/api/v1'
const invoicesToMake = 200
const currencies = ['NGN', 'NGN', 'USD', 'JPY'] as const

/** The days that the shop is open. */
const days = Array.from({ length: 30 }, (_, index) => dayAfter('2026-06-15', index))
const lastDay = days.at(-1) ?? ''
const lateOn = (day: string): Instant => `${day}T16:00:00.000Z` as Instant // in the afternoon, Lagos

function dayAfter(day: string, count: number): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() + count)
  return date.toISOString().slice(0, 10)
}

function made({ status, body, text }: Answer) {
  if (status >= 300) throw new Error(text)
  return body
}

type Made = Readonly<{ id: string; debt: Debt; customer: string; due: string | null }>

/** The shop, its paper, and the steps of its people. */
class Month {
  readonly paper = new PaperBooks()
  readonly dice = new Dice(20_260_615)
  readonly issued: Made[] = []
  readonly customers: string[] = []
  /** How often each kind of step was made. */
  readonly steps = new Map<string, number>()
  readonly #shop: Linked
  readonly #plans = new Map<string, (() => Promise<void>)[]>()

  constructor(linked: Linked) {
    this.#shop = linked
  }

  get #client() {
    return this.#shop.invoicing
  }

  async post(path: string, body: object = {}) {
    return made(await this.#client.post(`${v1}${path}`, body))
  }

  #count(step: string): void {
    this.steps.set(step, (this.steps.get(step) ?? 0) + 1)
  }

  /** Does something on a later day, unless the month is over by then. */
  later(day: string, count: number, step: (then: string) => Promise<void>): void {
    const then = dayAfter(day, 1 + count)
    const steps = this.#plans.get(then) ?? []
    this.#plans.set(then, [...steps, () => step(then)])
  }

  async open(): Promise<void> {
    for (const name of [
      'Adeola Prints',
      'Birch & Sons',
      'Chidi Stores',
      'Dune Hotels',
      'Edo Oil',
    ]) {
      const { id } = await this.post('/customers', {
        name,
        email: `ap@${name.slice(0, 3)}.example`,
      })
      this.customers.push(id)
    }
    await this.post('/products', { name: 'Survey', unit_price: 120, sku: 'SVY-1', tax_rate: 7.5 })
    const plan = { customer_id: this.customers[0], currency: 'NGN', auto_send: true, due_days: 10 }
    const items = [{ description: 'Support', quantity: 1, unit_price: 250.5, tax_rate: 7.5 }]
    await this.post('/recurring-invoices', {
      ...{ ...plan, items, frequency: 'monthly', start_date: '2026-05-31', name: 'monthly' },
    })
    await this.post('/recurring-invoices', {
      ...{ ...plan, items, frequency: 'weekly', start_date: '2026-06-17', name: 'weekly' },
    })
  }

  /** The rates of a day, as the shop looks them up every third day. */
  async setRates(day: string): Promise<void> {
    const quoted = { USD: 15_200_000n, JPY: 101_000n }
    for (const currency of ['USD', 'JPY'] as const) {
      const moved = BigInt(this.dice.below(4_000)) - 2_000n
      const rate = quoted[currency] + (quoted[currency] * moved) / 100_000n
      const answer = await this.#client.put(`${v1}/exchange-rates/${currency}/${day}`, {
        rate: Number(rate) / 10_000,
      })
      made(answer)
      this.paper.setRate(currency, day, rate)
    }
  }

  async runDay(day: string, index: number): Promise<void> {
    this.#shop.clock.set(lateOn(day))
    if (index % 3 === 0) await this.setRates(day)
    await this.#runJobs(day)
    for (const step of this.#plans.get(day) ?? []) await step()
    const before = Math.floor((index * invoicesToMake) / days.length)
    const after = Math.floor(((index + 1) * invoicesToMake) / days.length)
    for (let number = before; number < after; number += 1) await this.#sell(day)
    if (index % 2 === 0) await this.#spend(day)
    if (index % 4 === 1) await this.#takeDeposit(day)
  }

  /** The jobs of the night, and what the recurring ones have made, on paper. */
  async #runJobs(day: string): Promise<void> {
    const parts = {
      adminPool: this.#shop.owner,
      clock: () => lateOn(day),
      write: (command: Parameters<Linked['gate']['write']>[0]) => this.#shop.gate.write(command),
    } as Parameters<typeof tellDue>[0] // the gate takes the commands of every action
    await runRecurringInvoices(parts)
    await tellDue(parts)
    const known = new Set(this.issued.map(({ id }) => id))
    for (const { id: plan } of await this.list('/recurring-invoices')) {
      for (const invoice of await this.list(`/invoices?recurring_invoice_id=${plan}`)) {
        if (!known.has(invoice.id)) this.#keep(invoice, this.#support(invoice.issue_date))
      }
    }
  }

  readonly #support = (date: string): Sale => ({
    ...{ currency: 'NGN', date },
    items: [{ code: '4000', quantity: 100n, price: 25_050n, taxRate: 75n, discount: 0n }],
  })

  /** Everything of a list, page by page. */
  async list(path: string) {
    const rows: Answer['body'][] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = made(
        await this.#client.get(
          `${v1}${path}${path.includes('?') ? '&' : '?'}limit=100&cursor=${cursor}`,
        ),
      )
      rows.push(...page.data)
      cursor = page.pagination.next_cursor
    }
    return rows
  }

  #makeSale(date: string): Sale {
    const currency: Currency = this.dice.pick([...currencies])
    const items = Array.from({ length: 1 + this.dice.below(4) }, () => ({
      code: this.dice.pick(['4000', '4000', '4001']),
      quantity: BigInt(1 + this.dice.below(900)),
      price: BigInt(1 + this.dice.below(250_000)),
      taxRate: this.dice.pick([75n, 75n, 0n]),
      discount: this.dice.pick([0n, 0n, 10n]),
    }))
    return { currency, date, items }
  }

  #bodyOf({ currency, date, items }: Sale, customer: string) {
    return {
      ...{ customer_id: customer, currency, issue_date: date },
      items: items.map(({ code, quantity, price, taxRate, discount }, index) => ({
        description: `Line ${index + 1}`,
        quantity: Number(quantity) / 100,
        unit_price: majorOf(price, currency),
        tax_rate: Number(taxRate) / 10,
        ...(discount > 0n && { discount_rate: Number(discount) }),
        revenue_account_code: code,
      })),
    }
  }

  /** Keeps an issued invoice on paper; its figures are those that the paper comes to by itself. */
  #keep(invoice: Answer['body'], sale: Sale): Made {
    const { id, currency, invoice_number: number, due_date: due, customer_id } = invoice
    const { subtotal, tax, total } = totalsOf(sale)
    const seen = [invoice.subtotal, invoice.tax_amount, invoice.total, invoice.issue_date]
    expect([number, ...seen]).toEqual([
      ...[number, majorOf(subtotal, currency), majorOf(tax, currency), majorOf(total, currency)],
      sale.date,
    ])
    const debt = this.paper.issue(sale, number)
    const kept = { id, debt, customer: customer_id, due }
    this.issued.push(kept)
    return kept
  }

  async #sell(day: string): Promise<void> {
    const sale = this.#makeSale(day)
    const customer = this.dice.find(this.customers) ?? ''
    const due = dayAfter(day, this.dice.below(15))
    const body = { ...this.#bodyOf(sale, customer), due_date: due }
    const fate = this.dice.below(20)
    if (fate === 0) {
      await this.post('/invoices', body)
      this.#count('draft')
      return
    }
    if (fate === 1) {
      const { id } = await this.post('/invoices', body)
      made(await this.#client.delete(`${v1}/invoices/${id}`))
      return
    }
    if (fate === 2) {
      const { id } = await this.post('/invoices', body)
      const path = `${v1}/invoices/${id}`
      const sent = made(await this.#client.patch(path, { status: 'sent', notes: 'Thank you' }))
      this.#planPayments(day, this.#keep(sent, sale))
      return
    }
    if (fate < 6) {
      const paid = this.#keep(await this.post('/invoices', { ...body, status: 'paid' }), sale)
      const { currency } = sale
      const { total: amount } = paid.debt
      this.paper.receive({ date: day, currency, amount }, [[paid.debt, amount]])
      return
    }
    const one = this.#keep(await this.post('/invoices', { ...body, status: 'sent' }), sale)
    if (fate === 6) {
      this.later(day, this.dice.below(6), () => this.#void(one))
      return
    }
    if (fate < 9) this.later(day, this.dice.below(4), (then) => this.#credit(one, then))
    if (fate < 17) this.#planPayments(day, one)
  }

  async #void({ id, debt }: Made): Promise<void> {
    const { status } = await this.post(`/invoices/${id}/void`, { reason: 'A mistake' })
    expect(status).toBe('cancelled')
    this.paper.void(debt)
    this.#count('void')
  }

  #planPayments(day: string, one: Made): void {
    for (let part = this.dice.below(3); part >= 0; part -= 1) {
      this.later(day, this.dice.below(9) + 4, (then) => this.#pay(one, then, part === 0))
    }
  }

  /** Pays a part, or the rest; in naira some customers keep tax back. */
  async #pay({ id, debt }: Made, date: string, isLast: boolean): Promise<void> {
    const { currency, open } = debt
    if (open.amount === 0n) return
    const most = Number(open.amount)
    const amount = isLast ? open.amount : BigInt(1 + this.dice.below(most))
    const withheld = currency === 'NGN' && this.dice.oneIn(4) ? amount / 20n : 0n
    const payment = await this.post(`/invoices/${id}/payments`, {
      amount: majorOf(amount, currency),
      ...(withheld > 0n && { wht_amount: majorOf(withheld, currency) }),
      payment_date: date,
    })
    expect(payment.unallocated_amount).toBe(0)
    this.#count(withheld > 0n ? 'withheld' : `${currency} payment`)
    this.paper.receive({ date, currency, amount, withheld }, [[debt, amount]])
  }

  /** Credits half of the first line while nothing was paid, or a part of a paid one in naira. */
  async #credit({ id, debt }: Made, date: string): Promise<void> {
    if (debt.settled > 0n && debt.currency !== 'NGN') return
    const { items } = made(await this.#client.get(`${v1}/invoices/${id}`))
    const [first] = items
    const net = minorOf(first.amount, debt.currency)
    if (net < 2n) return
    const note = await this.post(`/invoices/${id}/credit-notes`, {
      items: [{ invoice_item_id: first.id, amount: majorOf(net / 2n, debt.currency) }],
      ...{ reason: 'Damaged', issue_date: date },
    })
    const tax = minorOf(note.tax_amount, debt.currency)
    const rest = this.paper.credit(debt, { date, net: net / 2n, tax })
    expect(minorOf(note.amount_remaining, debt.currency)).toBe(rest.open.amount)
    this.#count(`${debt.currency} credit note`)
  }

  /** A customer pays for two invoices and something beforehand, part of which settles another. */
  async #takeDeposit(day: string): Promise<void> {
    const customer = this.dice.find(this.customers) ?? ''
    const currency: Currency = this.dice.pick(['NGN', 'USD'])
    const owed = this.issued.filter(
      (one) =>
        one.customer === customer && one.debt.currency === currency && one.debt.open.amount > 0n,
    )
    const [first, second, third] = owed
    if (first === undefined || second === undefined || third === undefined) return
    const parts = [first, second].map(({ id, debt }) => ({ id, debt, part: debt.open.amount }))
    const rest = 1n + third.debt.open.amount / 2n
    const amount = parts.reduce((sum, { part }) => sum + part, rest)
    const payment = await this.post('/payments', {
      ...{ customer_id: customer, currency, amount: majorOf(amount, currency) },
      ...{ payment_date: day, method: 'cheque', reference: `Cheque of ${day}` },
      allocations: parts.map(({ id, part }) => ({
        ...{ invoice_id: id, amount: majorOf(part, currency) },
      })),
    })
    expect(minorOf(payment.unallocated_amount, currency)).toBe(rest)
    const deposit = this.paper.receive(
      { date: day, currency, amount },
      parts.map(({ debt, part }) => [debt, part]),
    )
    this.later(day, 1, async (then) => {
      const half = rest / 2n
      if (half === 0n || third.debt.open.amount < half) return
      const allocations = [{ invoice_id: third.id, amount: majorOf(half, currency) }]
      await this.post(`/payments/${payment.id}/allocate`, { allocations })
      this.paper.allocate(deposit, third.debt, then, half)
      this.#count(`${currency} deposit`)
    })
  }

  async #spend(day: string): Promise<void> {
    const isForeign = this.dice.oneIn(5)
    const currency: Currency = isForeign ? 'USD' : 'NGN'
    const net = BigInt(1 + this.dice.below(2_000_000))
    const taxRate = isForeign ? 0n : this.dice.pick([75n, 0n])
    const tax = (2n * net * taxRate + 1_000n) / 2_000n
    const isRecoverable = !this.dice.oneIn(3)
    const code = this.dice.pick(['5031', '5044', '5021'])
    const body = {
      ...{ description: 'Running costs', currency, amount: majorOf(net, currency) },
      ...{ expense_date: day, tax_rate: Number(taxRate) / 10, tax_recoverable: isRecoverable },
      ...{ expense_account_code: code, payment_account_code: account.cash },
    }
    const fate = this.dice.below(4)
    const given = { date: day, currency, code, net, tax, isRecoverable }
    if (fate === 0) {
      await this.post('/expenses', body)
      return
    }
    if (fate === 1) {
      const paid = await this.post('/expenses', { ...body, status: 'paid' })
      expect(minorOf(paid.tax_amount, currency)).toBe(tax)
      this.paper.pay(day, this.paper.owe(given), account.cash)
      return
    }
    const { id } = await this.post('/expenses', body)
    await this.post(`/expenses/${id}/approve`)
    const base = this.paper.owe(given)
    if (fate === 2) return
    this.later(day, 3, async (then) => {
      await this.post(`/expenses/${id}/pay`, { paid_date: then })
      this.paper.pay(then, base, account.cash)
    })
  }

  /** A quotation in dollars that the customer accepts on its page, and the invoice made of it. */
  async quote(day: string): Promise<void> {
    const sale = { ...this.#makeSale(day), currency: 'USD' } as const
    const { issue_date: _, ...body } = this.#bodyOf(sale, this.customers[1] ?? '')
    const offer = { ...body, valid_until: dayAfter(day, 14), status: 'sent' }
    const { id, total, hosted_url } = await this.post('/quotations', offer)
    const path = new URL(hosted_url).pathname
    const answer = await visit(this.#shop, `${path}/accept`, { form: { name: 'Bo Birch' } })
    expect([answer.status, answer.headers['location']]).toEqual([303, path])
    const invoice = await this.post(`/quotations/${id}/convert`, { status: 'sent' })
    expect([invoice.quotation_id, invoice.total]).toEqual([id, total])
    this.#planPayments(day, this.#keep(invoice, sale))
  }
}

const shop = await aLinkedCompany({
  ...{ baseCurrency: 'NGN', country: 'NG', chart: 'nigeria', timeZone: 'Africa/Lagos' },
})
const books = booksOf(shop)
const month = new Month(shop)
const { paper } = month

test('the month is played through HTTP', { timeout: 240_000 }, async () => {
  await month.open()
  for (const [index, day] of days.entries()) {
    await month.runDay(day, index)
    if (index === 6) await month.quote(day)
  }
  const recurring = await month.list('/recurring-invoices')
  expect(recurring.map(({ name, occurrences }) => [name, occurrences]).sort()).toEqual([
    ['monthly', 2],
    ['weekly', 4],
  ])
  const all = await month.list('/invoices')
  expect(new Set(all.map(({ currency }) => currency))).toEqual(new Set(currencies))
  expect(all.length).toBeGreaterThan(invoicesToMake - 20)
  expect([...month.steps.keys()].sort()).toEqual([
    ...['JPY credit note', 'JPY payment', 'NGN credit note', 'NGN deposit', 'NGN payment'],
    ...['USD credit note', 'USD payment', 'draft', 'void', 'withheld'],
  ])
})

const sumOf = (amounts: Iterable<bigint>): bigint =>
  [...amounts].reduce((sum, amount) => sum + amount, 0n)
const kobo = (amount: number): bigint => minorOf(amount, 'NGN')
const isOf = (code: string, first: string): boolean => first.includes(code.slice(0, 1))

/** Balances of the accounts whose codes begin with one of some digits, credits positive. */
const creditsOf = (balances: ReadonlyMap<string, bigint>, first: string): bigint =>
  -sumOf([...balances].flatMap(([code, sum]) => (isOf(code, first) ? [sum] : [])))

test.each(['2026-06-30', lastDay])('200 the books of %s are those on paper', async (day) => {
  const balances = paper.balances(day)
  const trial = made(await books.get(`/v1/reports/trial-balance?asOfDate=${day}`)).data
  const shown = trial.accounts.map(
    ({ code, debitKobo, creditKobo }: { code: string; debitKobo: number; creditKobo: number }) => [
      code,
      BigInt(debitKobo) - BigInt(creditKobo),
    ],
  )
  const debits = sumOf([...balances.values()].filter((sum) => sum > 0n))

  expect(shown).toEqual([...balances])
  expect([BigInt(trial.totalDebitKobo), trial.isBalanced]).toEqual([debits, true])

  const profit = made(
    await books.get(`/v1/reports/profit-loss?startDate=2026-01-01&endDate=${day}`),
  ).data
  const sheet = made(await books.get(`/v1/reports/balance-sheet?asOfDate=${day}`)).data
  const earned = creditsOf(balances, '45')
  expect(BigInt(profit.netIncomeKobo)).toBe(earned)
  expect(BigInt(profit.revenue.totalKobo) + BigInt(profit.otherIncome?.totalKobo ?? 0)).toBe(
    creditsOf(balances, '4'),
  )
  expect(BigInt(profit.operatingExpenses.totalKobo)).toBe(-creditsOf(balances, '5'))
  expect([
    BigInt(sheet.assets.totalKobo),
    BigInt(sheet.liabilities.totalKobo),
    BigInt(sheet.equity.currentYearEarningsKobo),
    sheet.isBalanced,
  ]).toEqual([-creditsOf(balances, '1'), creditsOf(balances, '2'), earned, true])
})

test('200 July alone is what happened in July', async () => {
  const july = paper.balances(lastDay, '2026-07-01')
  const path = `/v1/reports/profit-loss?startDate=2026-07-01&endDate=${lastDay}`
  const { netIncomeKobo, revenue } = made(await books.get(path)).data

  expect(BigInt(netIncomeKobo)).toBe(creditsOf(july, '45'))
  const lines = revenue.accounts.map(
    ({ code, amountKobo }: { code: string; amountKobo: number }) => [code, BigInt(amountKobo)],
  )
  const expected = [...july].filter(([code]) => code.startsWith('400'))
  expect(lines).toEqual(expected.map(([code, sum]) => [code, -sum]))
})

test('200 what is due is what debtors owe, by invoice, by customer and in the books', async () => {
  const debtors = paper.balances(lastDay).get(account.debtors) ?? 0n
  const byId = new Map(month.issued.map((one) => [one.id, one]))
  const owedBy = new Map<string, bigint>()
  for (const { customer, debt } of month.issued) {
    owedBy.set(customer, (owedBy.get(customer) ?? 0n) + debt.open.base)
  }
  let overdue = 0
  for (const invoice of await month.list('/invoices')) {
    const one = byId.get(invoice.id)
    if (one === undefined) {
      expect([invoice.status, invoice.exchange_rate]).toEqual(['draft', null])
      continue
    }
    const { debt, due } = one
    const isLate = debt.open.amount > 0n && due !== null && due < lastDay
    overdue += isLate ? 1 : 0
    const amountDue = minorOf(invoice.amount_due, debt.currency)
    expect([invoice.invoice_number, amountDue]).toEqual([debt.number, debt.open.amount])
    if (invoice.status !== 'cancelled') {
      const standing = isLate ? 'overdue' : 'sent'
      expect(invoice.status).toBe(debt.open.amount === 0n ? 'paid' : standing)
    }
  }
  expect(overdue).toBeGreaterThan(5)
  expect(sumOf(owedBy.values())).toBe(debtors)
  const customers = await month.list('/customers')
  expect(customers.map(({ id, balance }) => [id, kobo(balance)]).sort()).toEqual([...owedBy].sort())
  const credits = sumOf(customers.map((one) => kobo(one.credit_balance)))
  expect(credits).toBe(-(paper.balances(lastDay).get(account.deposits) ?? 0n))
  expect(credits).toBeGreaterThan(0n)
})

test('200 Connect shows the same accounts, debts and profit', async () => {
  const balances = paper.balances(lastDay)
  const accounts = made(await shop.get('/data/accounts?pageSize=5000')).results
  for (const { nominalCode, type, currentBalance } of accounts) {
    const debit = balances.get(nominalCode) ?? 0n
    const isDebit = ['Asset', 'Expense'].includes(type)
    expect([nominalCode, kobo(currentBalance)]).toEqual([nominalCode, isDebit ? debit : -debit])
  }
  const invoices = made(await shop.get('/data/invoices?pageSize=5000')).results
  const dueOf = new Map(
    invoices.map(({ id, amountDue }: { id: string; amountDue: number }) => [id, amountDue]),
  )
  for (const { id, debt } of month.issued) {
    expect([debt.number, dueOf.get(id)]).toEqual([
      debt.number,
      majorOf(debt.open.amount, debt.currency),
    ])
  }
  const periods = 'periodLength=1&periodsToCompare=3'
  const { reports } = made(await shop.get(`/data/financials/profitAndLoss?${periods}`))
  const profit = sumOf(reports.map((one: { netProfit: number }) => kobo(one.netProfit)))
  expect(profit).toBe(creditsOf(balances, '45'))
  const sheet = made(await shop.get(`/data/financials/balanceSheet?${periods}`)).reports[0]
  expect([kobo(sheet.assets.value), kobo(sheet.liabilities.value)]).toEqual([
    -creditsOf(balances, '1'),
    creditsOf(balances, '2'),
  ])
})

test('nothing is left to find for whoever verifies the books', async () => {
  const { businessId: tenantId, owner: adminPool } = shop
  const { checked, findings } = await verifyBusinesses({ adminPool }, { tenantId, anchors: [] })
  expect(findings).toEqual([])
  expect(checked.entries).toBeGreaterThan(invoicesToMake)
})
