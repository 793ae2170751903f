import { assert } from './assert.ts'
import { type CurrencyCode, currencyExponent } from './currency.ts'
import { parseDecimal, readDecimal } from './decimal.ts'
import { Refusal } from './errors.ts'

/** An exact amount: whole minor units of one currency, any sign. `1250n, 'KWD'` is 1.250 dinars. */
export type Money = Readonly<{ minor: bigint; currency: CurrencyCode }>

/**
 * Largest magnitude, in minor units, of a line, a document total and a payment. Every amount within
 * it survives a JSON number, and no sum of an entry leaves a 64-bit column.
 * Source: ledger specification 2.2.
 */
export const amountMax = 999_999_999_999_999n

/** Example: `money(12_50n, 'USD')` is 12.50 dollars. */
export const money = (minor: bigint, currency: CurrencyCode): Money => ({ minor, currency })

/** Refuses: nothing; two currencies are our bug, here and below. */
export function add(a: Money, b: Money): Money {
  assert(a.currency === b.currency, 'only amounts of one currency add up')
  return money(a.minor + b.minor, a.currency)
}

export const subtract = (a: Money, b: Money): Money => add(a, negate(b))

export const negate = ({ minor, currency }: Money): Money => money(-minor, currency)

/** The sum in the named currency; nothing sums to zero. */
export const sum = (amounts: readonly Money[], currency: CurrencyCode): Money =>
  amounts.reduce(add, money(0n, currency))

/**
 * Reads an amount in major units from decimal text or a JSON number. Nothing is ever rounded.
 *
 * Refuses, in this order: validation.failed (not a decimal number), validation.number_too_precise
 * (a JSON number of more than 15 significant digits), validation.amount_precision (more decimals
 * than the currency has; trailing zeros do not count), ledger.amount_overflow (beyond `amountMax`).
 * Source: ledger specification 2.2.
 *
 * Example: `parseAmount('250.5', 'NGN', 'amount')` is 25050 kobo.
 */
export function parseAmount(value: string | number, currency: CurrencyCode, field: string): Money {
  const decimals = currencyExponent(currency)
  const read = readDecimal(value)
  if (read === 'range') {
    throw new Refusal('ledger.amount_overflow')
  }
  if (read === 'precision') {
    throw new Refusal('validation.amount_precision', { field, decimals, currency })
  }
  const { units, scale } = typeof read === 'string' ? parseDecimal(value, field) : read
  if (scale > decimals) {
    throw new Refusal('validation.amount_precision', { field, decimals, currency })
  }
  return requireInRange(money(units * 10n ** BigInt(decimals - scale), currency))
}

/**
 * An amount that a line, document or payment can have; given back for chaining.
 * Refuses: ledger.amount_overflow.
 * Source: ledger specification 2.2.
 */
export function requireInRange(amount: Money): Money {
  if (amount.minor > amountMax || amount.minor < -amountMax) {
    throw new Refusal('ledger.amount_overflow')
  }
  return amount
}

/** Major units with all decimals of the currency: `250.00`, `-0.05`, `1250` in yen. */
export function toDecimalText({ minor, currency }: Money): string {
  const exponent = currencyExponent(currency)
  if (exponent === 0) {
    return minor.toString()
  }
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0')
  const text = `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
  return minor < 0n ? `-${text}` : text
}

/** Major units as a JSON number is written: no trailing zeros, `250`, `-0.05`, `12.5`. */
export function toPlainNumberText(amount: Money): string {
  const text = toDecimalText(amount)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/**
 * Major units as a JavaScript number, for replies whose contract has a number. Exact for a reader
 * that prints the shortest form, because amounts have at most 15 digits.
 * Refuses: nothing; an amount beyond that is our bug.
 */
export function toWireNumber(amount: Money): number {
  const isExact = amount.minor <= amountMax && amount.minor >= -amountMax
  assert(isExact, 'amounts beyond 15 digits are rendered as text')
  return Number(toDecimalText(amount))
}
