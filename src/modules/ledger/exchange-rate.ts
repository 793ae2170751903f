import { currencyExponent } from '../../kernel/currency.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import {
  allocate,
  apportion,
  decimal,
  divideRatios,
  formatDecimal,
  multiplyRatios,
  parseDecimal,
  type Ratio,
  type RoundingMode,
  ratio,
  round,
  toRatio,
} from '../../kernel/decimal.ts'

/** How old a stored rate may be to be used, in days. */
export const rateAgeDaysMax = 7

const rateDecimals = 12

/** Units of base currency for one unit of a currency, as decimal text, and where it came from. */
export type Rate = Readonly<{ rate: string; source: string }>

export type RateDirection = 'base_per_unit' | 'unit_per_base'

/** A rate as it is quoted for a day. `source`: `manual`, `import:<name>` or `feed:<name>`. */
export type NewRate = Readonly<{
  currency: string
  day: CalendarDate
  quoted: string
  direction: RateDirection
  source: string
}>

export const unitRate: Rate = { rate: '1', source: 'base' }

/**
 * The rate a quote stands for; one given the other way is inverted once, to 12 decimals, half even.
 * Source: ledger specification 5.1.
 */
export function rateOfQuote({ quoted, direction }: Pick<NewRate, 'quoted' | 'direction'>): string {
  const given = parseDecimal(quoted, 'rate')
  if (direction === 'base_per_unit') return formatDecimal(given)
  const inverse = divideRatios(ratio(10n ** BigInt(rateDecimals)), toRatio(given))
  return formatDecimal(decimal(round(inverse, 'half_even'), rateDecimals))
}

/** What an amount is converted with: both currencies, the rate, and the rounding of the business. */
export type Conversion = Readonly<{
  currency: string
  baseCurrency: string
  rate: string
  mode: RoundingMode
}>

/**
 * An amount in base currency, rounded once. Exponents of both currencies are part of the rate.
 * Source: ledger specification 5.2.
 */
export const toBase = (amount: bigint, conversion: Conversion): bigint =>
  conversion.currency === conversion.baseCurrency
    ? amount
    : round(multiplyRatios(ratio(amount), minorRate(conversion)), conversion.mode)

/**
 * Base amounts of the parts of a total whose own base amount is already rounded: by largest
 * remainder, so that they sum to it.
 * Source: ledger specification 5.2.
 */
export function shareBase(
  totalBase: bigint,
  amounts: readonly bigint[],
  conversion: Conversion,
): readonly bigint[] {
  if (conversion.currency === conversion.baseCurrency) return amounts
  const unit = minorRate(conversion)
  const shares = amounts.map((amount) => multiplyRatios(ratio(amount), unit))
  return apportion(totalBase, shares)
}

/** Base amounts of parts of a total that was released from an item, in proportion to the parts. */
export function spreadBase(totalBase: bigint, amounts: readonly bigint[]): readonly bigint[] {
  if (amounts.length === 0) return []
  return allocate(totalBase, amounts)
}

/** Base minor units for one minor unit of the currency. */
function minorRate({ currency, baseCurrency, rate }: Conversion): Ratio {
  const shift = currencyExponent(baseCurrency) - currencyExponent(currency)
  const exact = toRatio(parseDecimal(rate, 'rate'))
  return shift >= 0
    ? { num: exact.num * 10n ** BigInt(shift), den: exact.den }
    : { num: exact.num, den: exact.den * 10n ** BigInt(-shift) }
}
