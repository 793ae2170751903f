import { assert } from './assert.ts'
import { currencyTable } from './currency-table.ts'
import { Refusal } from './errors.ts'

/** Three upper-case letters of ISO 4217. Text becomes one through `parseCurrency`. */
export type CurrencyCode = string

export type Currency = Readonly<{
  code: CurrencyCode
  numeric: string
  name: string
  exponent: number
  /** Last day of a withdrawn currency, YYYY-MM-DD. */
  until: string | undefined
}>

const currencyByCode: ReadonlyMap<string, Currency> = new Map(
  currencyTable.map(([code, numeric, name, exponent, until]) => [
    code,
    { code, numeric, name, exponent, until },
  ]),
)

/**
 * Reads a currency code, in any case.
 * A withdrawn currency is known; only a new business refuses it as base currency.
 * Refuses: validation.currency_unknown.
 * Source: ledger specification 2.3.
 */
export function parseCurrency(text: string): CurrencyCode {
  const code = text.toUpperCase()
  if (!currencyByCode.has(code)) {
    throw new Refusal('validation.currency_unknown', { currency: text })
  }
  return code
}

/** The row of the table, or `undefined` for an unknown code. */
export const findCurrency = (code: string): Currency | undefined => currencyByCode.get(code)

/** Decimals of the minor unit, 0 to 4. Refuses: nothing; an unknown code is our bug. */
export function currencyExponent(code: CurrencyCode): number {
  const currency = currencyByCode.get(code)
  assert(currency, 'currency codes are parsed at the rim')
  return currency.exponent
}

/**
 * Smallest cash step in minor units, used only when a business turns cash rounding on.
 * A currency that is absent has no customary step; the business sets its own.
 * Source: ledger specification 2.3.
 */
export const cashIncrementByCurrency: ReadonlyMap<CurrencyCode, bigint> = new Map([
  ['AUD', 5n],
  ['CAD', 5n],
  ['CHF', 5n],
  ['CZK', 100n],
  ['DKK', 50n],
  ['HUF', 500n],
  ['NOK', 100n],
  ['NZD', 10n],
  ['SEK', 100n],
])
