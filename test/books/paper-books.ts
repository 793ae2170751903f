/**
 * Books kept by hand beside the product: whole numbers of minor units, and none of its code. What
 * is written here follows the contract alone, so that a report that agrees with it is right twice.
 * Source: Invoicing specification 8.3, 8.6, 8.7; ledger specification 5.2 to 5.4, 8.2.
 */

export type Currency = 'NGN' | 'USD' | 'JPY'

/** Minor units in a major one; the base currency is the naira. */
const unitsOf = { NGN: 100n, USD: 100n, JPY: 1n } as const
/** Rates are in ten thousandths of a naira. */
const rateUnit = 10_000n

/** The accounts of the Nigerian chart that a shop meets. */
export const account = {
  ...{ cash: '1001', bank: '1011', debtors: '1021', withheld: '1024', inputTax: '1025' },
  ...{ accrued: '2002', deposits: '2004', provision: '2021', outputTax: '2026' },
  ...{ returns: '4003', gain: '4013', loss: '5053' },
} as const

/** Rounds a fraction to a whole number, halves away from zero. */
export function round(numerator: bigint, denominator: bigint): bigint {
  if (numerator < 0n) return -round(-numerator, denominator)
  return (2n * numerator + denominator) / (2n * denominator)
}

/** Minor units of a number that came over the wire. */
export const minorOf = (amount: number, currency: Currency): bigint =>
  BigInt(Math.round(amount * Number(unitsOf[currency])))

/** The number that goes over the wire. */
export const majorOf = (minor: bigint, currency: Currency): number =>
  Number(minor) / Number(unitsOf[currency])

function least(a: bigint, b: bigint): bigint {
  if (a < b) return a
  return b
}

const toBase = (amount: bigint, rate: bigint, currency: Currency): bigint =>
  round(amount * rate * unitsOf.NGN, unitsOf[currency] * rateUnit)

/** Shares of a base total by the largest remainder, ties to the earlier one. */
function share(
  total: bigint,
  amounts: readonly bigint[],
  rate: bigint,
  currency: Currency,
): readonly bigint[] {
  const denominator = unitsOf[currency] * rateUnit
  const exact = amounts.map((amount) => amount * rate * unitsOf.NGN)
  const shares = exact.map((one) => one / denominator)
  const order = exact
    .map((one, index) => ({ index, remainder: one % denominator }))
    .sort((a, b) => Number(b.remainder - a.remainder) || a.index - b.index)
  let left = total - shares.reduce((sum, one) => sum + one, 0n)
  for (const { index } of order) {
    if (left <= 0n) break
    shares[index] = (shares[index] ?? 0n) + 1n
    left -= 1n
  }
  return shares
}

type Item = Readonly<{
  code: string
  /** Hundredths. */
  quantity: bigint
  /** Minor units. */
  price: bigint
  /** Tenths of a percent. */
  taxRate: bigint
  /** Percent. */
  discount: bigint
}>

export type Sale = Readonly<{ currency: Currency; date: string; items: readonly Item[] }>

/** Nets, tax and total of what is sold: tax per rate, on the sum of its lines. */
export function totalsOf({ items }: Pick<Sale, 'items'>) {
  const nets = items.map(({ quantity, price, discount }) =>
    round(quantity * price * (100n - discount), 10_000n),
  )
  const netByRate = new Map<bigint, bigint>()
  for (const [index, { taxRate }] of items.entries()) {
    netByRate.set(taxRate, (netByRate.get(taxRate) ?? 0n) + (nets[index] ?? 0n))
  }
  const tax = [...netByRate].reduce((sum, [rate, net]) => sum + round(net * rate, 1_000n), 0n)
  const subtotal = nets.reduce((sum, net) => sum + net, 0n)
  return { nets, subtotal, tax, total: subtotal + tax }
}

/** An amount with its base amount, of which parts are taken. */
class Purse {
  amount: bigint
  base: bigint

  constructor(amount: bigint, base: bigint) {
    this.amount = amount
    this.base = base
  }

  /** Takes a part off, and answers its base amount; the last part takes what is left. */
  take(amount: bigint): bigint {
    const base = amount === this.amount ? this.base : round(this.base * amount, this.amount)
    this.amount -= amount
    this.base -= base
    return base
  }
}

export type Debt = Sale &
  Readonly<{
    number: string
    total: bigint
    tax: bigint
    open: Purse
    /** Output tax that waits until the customer pays. */
    waiting: Purse
    lines: readonly Posting[]
  }> & { settled: bigint }

export type Deposit = Readonly<{ currency: Currency; open: Purse }>

type Posting = Readonly<{ date: string; code: string; base: bigint }>

/** The journal, and the rates that the shop has looked up. */
export class PaperBooks {
  readonly #postings: Posting[] = []
  readonly #rates: Readonly<{ currency: Currency; date: string; rate: bigint }>[] = []

  /** Keeps the rate of a day, in ten thousandths of a naira. */
  setRate(currency: Currency, date: string, rate: bigint): void {
    this.#rates.push({ currency, date, rate })
  }

  /** The last rate before the end of a day. */
  rateOf(currency: Currency, date: string): bigint {
    if (currency === 'NGN') return rateUnit
    const known = this.#rates.filter((one) => one.currency === currency && one.date <= date)
    const [last] = known.sort((a, b) => b.date.localeCompare(a.date))
    if (last === undefined) throw new Error(`no rate of ${currency} on ${date}`)
    return last.rate
  }

  #post(date: string, lines: Readonly<Record<string, bigint>>): readonly Posting[] {
    const postings = Object.entries(lines).map(([code, base]) => ({ date, code, base }))
    const difference = postings.reduce((sum, { base }) => sum + base, 0n)
    if (difference !== 0n) throw new Error(`${difference} kobo too many on ${date}`)
    this.#postings.push(...postings)
    return postings
  }

  issue(sale: Sale, number: string): Debt {
    const { currency, date, items } = sale
    const { nets, tax, total } = totalsOf(sale)
    const netByCode = new Map<string, bigint>()
    for (const [index, { code }] of items.entries()) {
      netByCode.set(code, (netByCode.get(code) ?? 0n) + (nets[index] ?? 0n))
    }
    const rate = this.rateOf(currency, date)
    const base = toBase(total, rate, currency)
    const bases = share(base, [...netByCode.values(), tax], rate, currency)
    const taxBase = bases.at(-1) ?? 0n
    const revenue = [...netByCode.keys()].map((code, index) => [code, -(bases[index] ?? 0n)])
    const lines = this.#post(date, {
      [account.debtors]: base,
      ...Object.fromEntries(revenue),
      [account.provision]: -taxBase,
    })
    const [open, waiting] = [new Purse(total, base), new Purse(tax, taxBase)]
    return { ...sale, number, total, tax, open, waiting, lines, settled: 0n }
  }

  /** Takes an invoice back as of its own date. */
  void({ date, lines, open, waiting }: Debt): void {
    this.#post(date, Object.fromEntries(lines.map(({ code, base }) => [code, -base])))
    open.take(open.amount)
    waiting.take(waiting.amount)
  }

  /** Money for debts of one currency; the rest is a deposit. `withheld` is part of the amount. */
  receive(
    given: Readonly<{ date: string; currency: Currency; amount: bigint; withheld?: bigint }>,
    settled: readonly (readonly [debt: Debt, amount: bigint])[],
  ): Deposit {
    const { date, currency, amount, withheld = 0n } = given
    const rate = this.rateOf(currency, date)
    const base = toBase(amount, rate, currency)
    const rest = settled.reduce((left, [, part]) => left - part, amount)
    const amounts = [...settled.map(([, part]) => part), rest]
    const parts = share(base, amounts, rate, currency)
    const [cash = 0n, kept = 0n] = share(base, [amount - withheld, withheld], rate, currency)
    const settledBase = base - (parts.at(-1) ?? 0n)
    this.#post(date, {
      [account.bank]: cash,
      [account.withheld]: kept,
      [account.deposits]: settledBase - base,
      clearing: -settledBase,
    })
    for (const [index, [debt, part]] of settled.entries()) {
      this.#settle(debt, { date, amount: part, base: parts[index] ?? 0n })
    }
    return { currency, open: new Purse(rest, base - settledBase) }
  }

  /** Puts a part of a deposit against a debt. */
  allocate(deposit: Deposit, debt: Debt, date: string, amount: bigint): void {
    const base = deposit.open.take(amount)
    this.#post(date, { [account.deposits]: base, clearing: -base })
    this.#settle(debt, { date, amount, base })
  }

  /** A debt gets smaller by money that is worth a base amount; its share of the tax is due. */
  #settle(
    debt: Debt,
    { date, amount, base }: Readonly<{ date: string; amount: bigint; base: bigint }>,
  ): void {
    const released = debt.open.take(amount)
    const difference = base - released
    this.#post(date, {
      clearing: base,
      [account.debtors]: -released,
      [difference > 0n ? account.gain : account.loss]: -difference,
    })
    const dueAt = (settled: bigint): bigint => round(debt.tax * settled, debt.total)
    const wanted = dueAt(debt.settled + amount) - dueAt(debt.settled)
    debt.settled += amount
    const due = least(wanted, debt.waiting.amount)
    if (due === 0n) return
    const taxBase = debt.waiting.take(due)
    this.#post(date, { [account.provision]: taxBase, [account.outputTax]: -taxBase })
  }

  /** A credit note in naira or for a debt nothing of which was paid; its rest is a deposit. */
  credit(
    debt: Debt,
    { date, net, tax }: Readonly<{ date: string; net: bigint; tax: bigint }>,
  ): Deposit {
    const total = net + tax
    const applied = least(total, debt.open.amount)
    const waiting = least(tax, debt.waiting.amount)
    const rest = total - applied
    const due = tax - waiting
    if (debt.currency !== 'NGN' && rest + due > 0n) throw new Error('not kept on paper')
    const released = debt.open.take(applied)
    const taxBase = waiting === 0n ? 0n : debt.waiting.take(waiting)
    this.#post(date, {
      [account.returns]: released + rest - taxBase - due,
      [account.provision]: taxBase,
      [account.outputTax]: due,
      [account.debtors]: -released,
      [account.deposits]: -rest,
    })
    return { currency: debt.currency, open: new Purse(rest, rest) }
  }

  /** Costs that are owed; foreign ones have no tax. Answers the base amount. */
  owe(
    given: Readonly<{
      date: string
      currency: Currency
      code: string
      net: bigint
      tax: bigint
      isRecoverable: boolean
    }>,
  ): bigint {
    const { date, currency, code, net, tax, isRecoverable } = given
    const base = toBase(net + tax, this.rateOf(currency, date), currency)
    const recoverable = isRecoverable ? tax : 0n
    this.#post(date, {
      [code]: base - recoverable,
      [account.inputTax]: recoverable,
      [account.accrued]: -base,
    })
    return base
  }

  pay(date: string, base: bigint, code: string): void {
    this.#post(date, { [account.accrued]: base, [code]: -base })
  }

  /** What stands on each account at the end of a day, debits positive; accounts at zero left out. */
  balances(through: string, from = ''): ReadonlyMap<string, bigint> {
    const sums = new Map<string, bigint>()
    for (const { date, code, base } of this.#postings) {
      if (date >= from && date <= through) sums.set(code, (sums.get(code) ?? 0n) + base)
    }
    return new Map([...sums].filter(([, sum]) => sum !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
