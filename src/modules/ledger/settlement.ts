import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { RoundingMode } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Account } from './account.ts'
import { type Conversion, type Rate, shareBase, toBase } from './exchange-rate.ts'
import type { Line } from './journal.ts'
import {
  type Allocation,
  type ItemChange,
  type Leg,
  type NewItem,
  noChange,
  releaseBase,
  type SettleableItem,
  taxMove,
} from './open-item.ts'

/** Accounts by what postings use them for. */
export type AccountByRole = ReadonlyMap<string, Account>

/** One open item and what is taken off it. */
export type Settled = Readonly<{
  item: SettleableItem
  /** In the item's currency. */
  amount: bigint
  /** What the payment gave for it, in the payment's currency; `amount` where they are one. */
  paid: bigint
  /** Tax that the payer kept back of it, part of `paid`. */
  withheld: bigint
}>

/** Money in, money kept back, money the bank took: all positive, in the payment's currency. */
export type PaymentLegs = Readonly<{ cash: bigint; withheld: bigint; fee: bigint }>

export type Payment = Readonly<{
  documentId: Id<'document'>
  partyId: Id<'party'> | null
  date: CalendarDate
  currency: string
  rate: Rate
  moneyAccount: Account
  legs: PaymentLegs
  settled: readonly Settled[]
  /** Id of the deposit item that takes what is not allocated. */
  depositItemId: Id<'item'>
}>

/** The books a settlement is posted into. */
export type Books = Readonly<{
  baseCurrency: string
  mode: RoundingMode
  accountByRole: AccountByRole
}>

export type Settlement = Readonly<{
  lines: readonly Line[]
  allocations: readonly Omit<Allocation, 'id' | 'entryId'>[]
  changes: readonly ItemChange[]
  deposit: NewItem | undefined
}>

type Side = Readonly<{
  /** +1 where the control account is debited by a document, -1 where it is credited. */
  sign: 1n | -1n
  control: string
  deposits: string
  withholding: string
  depositSide: 'DEP' | 'SDP'
}>

const receivable: Side = {
  sign: 1n,
  control: 'receivables',
  deposits: 'customer_deposits',
  withholding: 'wht_receivable',
  depositSide: 'DEP',
}
const payable: Side = {
  sign: -1n,
  control: 'payables',
  deposits: 'supplier_deposits',
  withholding: 'wht_payable',
  depositSide: 'SDP',
}

/** The account that postings of a role use. Refuses: nothing; charts have every role we post to. */
export function accountOf(accountByRole: AccountByRole, role: string): Account {
  const account = accountByRole.get(role)
  assert(account !== undefined, `a chart has an account of role ${role}`)
  return account
}

/**
 * The entry and the effects of a payment on receivables: money, withholding and fee in; receivables
 * out at the base they were carried at; tax that becomes due; exchange differences; the rest a
 * customer deposit.
 * Source: ledger specification 5.4 and 8.2 (P2, P2b, P4).
 */
export const settleReceivables = (payment: Payment, books: Books): Settlement =>
  settle(payment, receivable, books)

/**
 * The entry and the effects of a payment of payables: the mirror of `settleReceivables`, without
 * tax that becomes due.
 * Source: ledger specification 5.4 and 8.6 (B2, B3).
 */
export const settlePayables = (payment: Payment, books: Books): Settlement =>
  settle(payment, payable, books)

function settle(payment: Payment, side: Side, books: Books): Settlement {
  const { legs } = payment
  // By item, so that the order the caller names them in never shows in a balance.
  const settled = [...payment.settled].sort((a, b) => a.item.id.localeCompare(b.item.id))
  const conversion = conversionOf(payment, books)
  const value = legs.cash + legs.withheld + legs.fee
  const rest = value - settled.reduce((sum, { paid }) => sum + paid, 0n)
  assert(rest >= 0n, 'a payment covers its allocations')
  const valueBase = toBase(value, conversion)
  const parts = shareBase(valueBase, [...settled.map(({ paid }) => paid), rest], conversion)
  const lines = [...moneyLines(payment, side, books, valueBase)]
  const changes: ItemChange[] = []
  const allocations: Omit<Allocation, 'id' | 'entryId'>[] = []
  for (const [index, one] of settled.entries()) {
    const base = releaseBase(one.item, one.amount, books.mode)
    const paidBase = parts[index] ?? 0n
    lines.push(...itemLines({ payment, side, books, one, base, paidBase }))
    const moved = side === receivable ? taxMove(one.item, one.amount, books.mode) : noTax
    lines.push(...taxMoveLines(one.item, moved, books))
    changes.push({
      ...noChange,
      itemId: one.item.id,
      amount: one.amount,
      base,
      settled: one.amount,
      tax: moved.tax,
      taxBase: moved.taxBase,
      taxMovedBase: moved.taxBase,
      withheld: one.withheld,
    })
    allocations.push(...allocationsOf(payment, one, base))
  }
  const restBase = parts.at(-1) ?? 0n
  if (rest > 0n) lines.push(depositLine({ payment, side, books, amount: rest, base: restBase }))
  return {
    lines: lines.filter(({ amount, base }) => amount !== 0n || base !== 0n),
    allocations,
    changes,
    deposit: rest > 0n ? toDeposit(payment, side, rest, restBase) : undefined,
  }
}

const noTax = { tax: 0n, taxBase: 0n } as const

const conversionOf = ({ currency, rate }: Payment, books: Books): Conversion => ({
  currency,
  baseCurrency: books.baseCurrency,
  rate: rate.rate,
  mode: books.mode,
})

function moneyLines(
  payment: Payment,
  { sign, withholding }: Side,
  { accountByRole, baseCurrency, mode }: Books,
  valueBase: bigint,
): readonly Line[] {
  const { legs, moneyAccount, rate, currency } = payment
  const conversion = { currency, baseCurrency, rate: rate.rate, mode }
  const amounts = [legs.cash, legs.withheld, legs.fee]
  const bases = shareBase(valueBase, amounts, conversion)
  const accounts = [
    moneyAccount,
    accountOf(accountByRole, withholding),
    accountOf(accountByRole, 'bank_charges'),
  ]
  return accounts.map((account, index) => ({
    accountId: account.id,
    ...rated(payment, baseCurrency),
    amount: (amounts[index] ?? 0n) * sign,
    base: (bases[index] ?? 0n) * sign,
    ...(account.level === 'tagged' && { taxTag: 'withheld' }),
  }))
}

type ItemPosting = Readonly<{
  payment: Payment
  side: Side
  books: Books
  one: Settled
  base: bigint
  paidBase: bigint
}>

/** The control line, the pair through exchange clearing, and the exchange difference of an item. */
function itemLines({ payment, side, books, one, base, paidBase }: ItemPosting): readonly Line[] {
  const { item, amount, paid } = one
  const { accountByRole, baseCurrency } = books
  const { sign } = side
  const control: Line = {
    accountId: accountOf(accountByRole, side.control).id,
    currency: item.currency,
    amount: -amount * sign,
    base: -base * sign,
    partyId: item.partyId,
    openItemId: item.id,
  }
  const isCrossed = item.currency !== payment.currency
  const clearing = isCrossed
    ? crossLines(
        accountOf(accountByRole, 'exchange_clearing'),
        { currency: item.currency, amount: amount * sign, base: paidBase * sign },
        { currency: payment.currency, amount: -paid * sign, base: -paidBase * sign },
      )
    : []
  const foreign = item.currency === baseCurrency ? payment.currency : item.currency
  const difference = differenceLine(accountByRole, foreign, -(paidBase - base) * sign)
  return [control, ...clearing, ...difference]
}

type CurrencySide = Readonly<{ currency: string; amount: bigint; base: bigint }>

/** The pair that lets an entry balance in two currencies. Source: ledger specification 4.3 (J2). */
const crossLines = (clearing: Account, ...sides: readonly CurrencySide[]): readonly Line[] =>
  sides.map((side) => ({ accountId: clearing.id, ...side }))

/**
 * An exchange difference: credits to gains, debits to losses, without an amount of its own.
 * Source: ledger specification 5.4.
 */
export function differenceLine(
  accountByRole: AccountByRole,
  currency: string,
  base: bigint,
): readonly Line[] {
  if (base === 0n) return []
  const role = base < 0n ? 'fx_gain' : 'fx_loss'
  return [{ accountId: accountOf(accountByRole, role).id, currency, amount: 0n, base }]
}

/**
 * Output tax that leaves the provision because money came in; nothing where both accounts are one.
 * Source: ledger specification 8.2 (P2b).
 */
export function taxMoveLines(
  { id, currency }: Pick<SettleableItem, 'id' | 'currency'>,
  { tax, taxBase }: Readonly<{ tax: bigint; taxBase: bigint }>,
  { accountByRole }: Books,
): readonly Line[] {
  if (tax === 0n && taxBase === 0n) return []
  const provision = accountOf(accountByRole, 'vat_provision')
  const due = accountOf(accountByRole, 'vat_payable')
  const line = (account: Account, amount: bigint, base: bigint): Line => ({
    ...{ accountId: account.id, currency, amount, base },
    ...{ openItemId: id, taxTag: 'output' },
  })
  return [line(provision, tax, taxBase), line(due, -tax, -taxBase)]
}

type DepositPosting = Readonly<{
  payment: Payment
  side: Side
  books: Books
  amount: bigint
  base: bigint
}>

function depositLine({ payment, side, books, amount, base }: DepositPosting): Line {
  const { partyId } = payment
  assert(partyId !== null, 'a deposit belongs to a party')
  return {
    accountId: accountOf(books.accountByRole, side.deposits).id,
    ...rated(payment, books.baseCurrency),
    amount: -amount * side.sign,
    base: -base * side.sign,
    partyId,
    openItemId: payment.depositItemId,
  }
}

function toDeposit(payment: Payment, side: Side, amount: bigint, base: bigint): NewItem {
  const { partyId, depositItemId, documentId, currency, date } = payment
  assert(partyId !== null, 'a deposit belongs to a party')
  return {
    ...{ id: depositItemId, side: side.depositSide, partyId, documentId, currency },
    ...{ originalAmount: amount, originalBase: base, documentDate: date, dueDate: null },
  }
}

/** One allocation per leg of an item; the withheld part is in the item's own currency. */
function allocationsOf(
  { documentId, date }: Payment,
  { item, amount, withheld }: Settled,
  base: bigint,
): readonly Omit<Allocation, 'id' | 'entryId'>[] {
  const [withheldBase, cashBase] = splitBase(base, withheld, amount)
  const allocation = (leg: Leg, part: bigint, partBase: bigint) => ({
    ...{ itemId: item.id, documentId, leg, accountingDate: date },
    ...{ amount: part, base: partBase, undoes: null },
  })
  const kept = withheld === 0n ? [] : [allocation('withholding', withheld, withheldBase)]
  const cash = amount === withheld ? [] : [allocation('cash', amount - withheld, cashBase)]
  return [...cash, ...kept]
}

function splitBase(base: bigint, part: bigint, whole: bigint): readonly [bigint, bigint] {
  const partBase = part === 0n ? 0n : (base * part) / whole
  return [partBase, base - partBase]
}

/** Currency and, where it is not the base, the rate of a payment's own lines. */
const rated = (
  { currency, rate }: Pick<Payment, 'currency' | 'rate'>,
  baseCurrency: string,
): Pick<Line, 'currency' | 'rate' | 'rateSource'> =>
  currency === baseCurrency ? { currency } : { currency, rate: rate.rate, rateSource: rate.source }

/** What a deposit settles of an item, both in one currency. */
export type AppliedDeposit = Readonly<{
  deposit: SettleableItem
  item: SettleableItem
  amount: bigint
  date: CalendarDate
}>

/**
 * A deposit put against an open item: the base it was received at plays the part of the payment's.
 * Source: ledger specification 5.4 and 8.2 (P3).
 */
export function applyDeposit(
  { deposit, item, amount, date }: AppliedDeposit,
  books: Books,
): Settlement {
  const side = deposit.side === 'DEP' ? receivable : payable
  const { accountByRole, mode } = books
  const { sign } = side
  assert(deposit.currency === item.currency, 'a deposit settles its own currency')
  const base = releaseBase(item, amount, mode)
  const paidBase = releaseBase(deposit, amount, mode)
  const moved = side === receivable ? taxMove(item, amount, mode) : noTax
  const line = (role: string, of: SettleableItem, units: bigint, unitsBase: bigint): Line => ({
    ...{ accountId: accountOf(accountByRole, role).id, currency: of.currency },
    ...{ amount: units * sign, base: unitsBase * sign, partyId: of.partyId, openItemId: of.id },
  })
  const allocation = (of: SettleableItem, by: SettleableItem, released: bigint) => ({
    ...{ itemId: of.id, documentId: by.documentId, leg: 'deposit' as const, accountingDate: date },
    ...{ amount, base: released, undoes: null },
  })
  return {
    lines: [
      line(side.deposits, deposit, amount, paidBase),
      line(side.control, item, -amount, -base),
      ...differenceLine(accountByRole, item.currency, -(paidBase - base) * sign),
      ...taxMoveLines(item, moved, books),
    ],
    allocations: [allocation(item, deposit, base), allocation(deposit, item, paidBase)],
    changes: [
      {
        ...noChange,
        ...{ itemId: item.id, amount, base, settled: amount },
        ...{ tax: moved.tax, taxBase: moved.taxBase, taxMovedBase: moved.taxBase },
      },
      { ...noChange, itemId: deposit.id, amount, base: paidBase, settled: amount },
    ],
    deposit: undefined,
  }
}

/**
 * An account that money goes into or comes from: by code, else the default bank account.
 * Refuses, in this order: ledger.account_not_found, ledger.account_is_control.
 */
export function moneyAccountOf(
  {
    accountByCode,
    accountByRole,
  }: Readonly<{ accountByCode: ReadonlyMap<string, Account>; accountByRole: AccountByRole }>,
  code: string | undefined,
): Account {
  if (code === undefined) return accountOf(accountByRole, 'bank')
  const account = accountByCode.get(code)
  if (account === undefined) throw new Refusal('ledger.account_not_found', { account: code })
  if (account.level === 'locked') {
    throw new Refusal('ledger.account_is_control', { account: code, use: 'a bank or cash account' })
  }
  return account
}
