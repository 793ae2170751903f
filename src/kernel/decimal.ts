import { assert } from './assert.ts'
import { Refusal } from './errors.ts'

/**
 * An exact decimal number: `units / 10^scale`. Trailing zeros are never kept, so two equal numbers
 * are the same value: `1.50` is `{ units: 15n, scale: 1 }`. Text holds at most 12 decimals; a
 * product may hold more.
 */
export type Decimal = Readonly<{ units: bigint; scale: number }>

/** An exact fraction with a positive denominator, not necessarily in lowest terms. Never stored. */
export type Ratio = Readonly<{ num: bigint; den: bigint }>

/** Source: ledger specification 2.4. */
export type RoundingMode =
  | 'half_up'
  | 'half_even'
  | 'half_down'
  | 'up'
  | 'down'
  | 'ceiling'
  | 'floor'

export type DecimalFault = 'type' | 'format' | 'range' | 'precision' | 'digits'

export const wholeDigitsMax = 15
export const decimalsMax = 12
export const significantDigitsMax = 15

const decimalPattern = /^(-?)(\d+)(?:\.(\d+))?$/
const exponentPattern = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/
const faultMessages = {
  type: 'must be a number',
  format: 'must be a number',
  range: `must have at most ${wholeDigitsMax} digits before the point`,
  precision: `must have at most ${decimalsMax} decimals`,
} as const

export const zero: Decimal = { units: 0n, scale: 0 }

/** `units / 10^scale` without trailing zeros. */
export function decimal(units: bigint, scale = 0): Decimal {
  assert(Number.isSafeInteger(scale) && scale >= 0, 'a scale counts decimals')
  let [rest, left] = [units, scale]
  while (left > 0 && rest % 10n === 0n) {
    rest /= 10n
    left -= 1
  }
  return { units: rest, scale: left }
}

/**
 * Reads an exact number from decimal text (`-12.50`: no exponent, plus sign, separators or blanks;
 * at most 15 digits before and 12 after the point) or from a JSON number in its shortest form.
 *
 * Refuses, in this order: validation.failed (not such a number), validation.number_too_precise
 * (a JSON number of more than 15 significant digits).
 * Source: ledger specification 2.2.
 */
export function parseDecimal(value: string | number, field: string): Decimal {
  const read = readDecimal(value)
  if (typeof read !== 'string') {
    return read
  }
  if (read === 'digits') {
    throw new Refusal('validation.number_too_precise', { field })
  }
  const pointer = `/${field.replaceAll(']', '').replaceAll(/[.[]/g, '/')}`
  const issue = { pointer, path: field, rule: read, message: faultMessages[read] }
  throw new Refusal('validation.failed', { issues: [issue] })
}

/**
 * As `parseDecimal`, but names what is wrong instead of refusing. `digits`: a JSON number of more
 * than 15 significant digits; `range`: more than 15 digits before the point; `precision`: more than
 * 12 after it.
 */
export function readDecimal(value: string | number): Decimal | DecimalFault {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return 'type'
  }
  const text = typeof value === 'number' ? expand(String(value)) : value
  const parts = decimalPattern.exec(text)
  if (!parts) {
    return 'format'
  }
  const [, sign = '', whole = '', fraction = ''] = parts
  if (typeof value === 'number' && significantDigits(whole + fraction) > significantDigitsMax) {
    return 'digits'
  }
  if (whole.length > wholeDigitsMax) {
    return 'range'
  }
  const isTooFine = fraction.length > decimalsMax
  return isTooFine ? 'precision' : decimal(BigInt(`${sign}${whole}${fraction}`), fraction.length)
}

/** Decimal text without trailing zeros: `12.5`, `-0.05`, `0`. */
export function formatDecimal({ units, scale }: Decimal): string {
  if (scale === 0) {
    return units.toString()
  }
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return units < 0n ? `-${text}` : text
}

export const addDecimals = (a: Decimal, b: Decimal): Decimal => {
  const scale = Math.max(a.scale, b.scale)
  return decimal(unitsAt(a, scale) + unitsAt(b, scale), scale)
}

export const negateDecimal = ({ units, scale }: Decimal): Decimal => ({ units: -units, scale })

export const multiplyDecimals = (a: Decimal, b: Decimal): Decimal =>
  decimal(a.units * b.units, a.scale + b.scale)

/** Below zero when `a` is smaller, zero when equal by value, above zero when greater. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  return signOf(unitsAt(a, scale) - unitsAt(b, scale))
}

export const isEqualDecimal = (a: Decimal, b: Decimal): boolean => compareDecimals(a, b) === 0

/** Rounds to so many decimals. */
export const roundDecimal = (value: Decimal, scale: number, mode: RoundingMode): Decimal =>
  decimal(round(toRatio(value, scale), mode), scale)

/** The fraction `value * 10^shift`; `shift` may be the decimals of a currency's minor unit. */
export function toRatio({ units, scale }: Decimal, shift = 0): Ratio {
  return shift >= scale
    ? { num: units * power(shift - scale), den: 1n }
    : { num: units, den: power(scale - shift) }
}

export function ratio(num: bigint, den = 1n): Ratio {
  assert(den !== 0n, 'a fraction has a denominator')
  return den < 0n ? { num: -num, den: -den } : { num, den }
}

export const addRatios = (a: Ratio, b: Ratio): Ratio =>
  a.den === b.den
    ? { num: a.num + b.num, den: a.den }
    : { num: a.num * b.den + b.num * a.den, den: a.den * b.den }

export const subtractRatios = (a: Ratio, b: Ratio): Ratio =>
  addRatios(a, { num: -b.num, den: b.den })

export const multiplyRatios = (a: Ratio, b: Ratio): Ratio => ({
  num: a.num * b.num,
  den: a.den * b.den,
})

/** Refuses: nothing; a zero divisor is our bug. */
export const divideRatios = (a: Ratio, b: Ratio): Ratio => ratio(a.num * b.den, a.den * b.num)

/** Below zero when `a` is smaller, zero when equal by value, above zero when greater. */
export const compareRatios = (a: Ratio, b: Ratio): number => signOf(a.num * b.den - b.num * a.den)

/** The same fraction in lowest terms. */
export function reduceRatio({ num, den }: Ratio): Ratio {
  let [a, b] = [num < 0n ? -num : num, den]
  while (b !== 0n) {
    ;[a, b] = [b, a % b]
  }
  return { num: num / a, den: den / a }
}

/**
 * Rounds a fraction to a whole number by a named rule. Except for `ceiling` and `floor` the rules
 * mirror: `round(-x) = -round(x)`.
 *
 * half_up    tie away from zero      half_even  tie to the even unit    half_down  tie toward zero
 * up, down   away from, toward zero  ceiling, floor  toward plus, minus infinity
 *
 * Example: -0.125 in units of 0.01 is -12.5, which is -13 by `half_up`.
 * Source: ledger specification 2.4.
 */
export function round({ num, den }: Ratio, mode: RoundingMode): bigint {
  const whole = num / den
  const rest = num % den
  if (rest === 0n) {
    return whole
  }
  const isNegative = rest < 0n
  const twice = (isNegative ? -rest : rest) * 2n
  const isAway = isRoundedAway(mode, { isNegative, half: twice - den, isOdd: whole % 2n !== 0n })
  const step = isNegative ? -1n : 1n
  return isAway ? whole + step : whole
}

/**
 * Splits a whole number into whole parts, each less than 1 away from its exact share: shares are
 * cut toward zero and the missing units go to the largest remainders (surplus ones are taken from
 * the smallest), earlier shares first.
 *
 * target   a rounding, by any rule, of the sum of the shares
 * returns  one part per share in the same order; their sum is `target`
 * Refuses: nothing; a target that is no rounding of the sum is our bug.
 * Source: largest-remainder method; ledger specification 2.5.
 */
export function apportion(target: bigint, shares: readonly Ratio[]): readonly bigint[] {
  const parts = shares.map(({ num, den }) => num / den)
  const missing = target - parts.reduce((total, part) => total + part, 0n)
  if (missing !== 0n) {
    const step = missing > 0n ? 1n : -1n
    const count = Number(missing * step)
    assert(count <= shares.length, 'the target is a rounding of the sum of the shares')
    for (const index of indexesByRemainder(shares, step).slice(0, count)) {
      parts[index] = (parts[index] ?? 0n) + step
    }
  }
  return parts
}

/**
 * Splits an amount by weights so that the parts add up to it exactly.
 *
 * total    minor units, any sign
 * weights  whole numbers or fractions of any sign; all zero means equal weights
 * returns  one part per weight in the same order
 * Refuses: sales.weights_cancel (the weights add up to zero but are not all zero).
 * Source: ledger specification 2.5.
 *
 * Examples: 1000 by 1, 1, 1 is 334, 333, 333; -5 by 2, 2, 1 is -2, -2, -1.
 */
export function allocate(total: bigint, weights: readonly (bigint | Ratio)[]): readonly bigint[] {
  assert(weights.length > 0, 'an amount is spread over something')
  const given = weights.map((weight) => (typeof weight === 'bigint' ? ratio(weight) : weight))
  const isEqual = given.every(({ num }) => num === 0n)
  const used = isEqual ? given.map(() => ratio(1n)) : given
  const sum = sumRatios(used)
  if (sum.num === 0n) {
    throw new Refusal('sales.weights_cancel')
  }
  const unit = divideRatios(ratio(total), sum)
  return apportion(
    total,
    used.map((weight) => multiplyRatios(weight, unit)),
  )
}

/** The exact sum; the denominator does not grow while the terms share theirs. */
export const sumRatios = (terms: readonly Ratio[]): Ratio =>
  terms.reduce((sum, term) => {
    const next = addRatios(sum, term)
    return next.den > denominatorReduceAbove ? reduceRatio(next) : next
  }, ratio(0n))

const denominatorReduceAbove = 10n ** 40n

type Remainder = Readonly<{ isNegative: boolean; half: bigint; isOdd: boolean }>

/** `half` is below, at or above zero as the fraction is below, at or above one half. */
function isRoundedAway(mode: RoundingMode, { isNegative, half, isOdd }: Remainder): boolean {
  switch (mode) {
    case 'half_up':
      return half >= 0n
    case 'half_even':
      return half > 0n || (half === 0n && isOdd)
    case 'half_down':
      return half > 0n
    case 'up':
      return true
    case 'down':
      return false
    case 'ceiling':
      return !isNegative
    case 'floor':
      return isNegative
  }
}

/** Where the next unit of sign `step` belongs: first the share that lost most by being cut. */
function indexesByRemainder(shares: readonly Ratio[], step: bigint): readonly number[] {
  const remainders = shares.map(({ num, den }, index) => ({ index, num: (num % den) * step, den }))
  return remainders
    .sort((a, b) => compareRatios(b, a) || a.index - b.index)
    .map(({ index }) => index)
}

/** The shortest text of a JSON number, written out without exponent. */
function expand(text: string): string {
  const parts = exponentPattern.exec(text)
  if (!parts) {
    return text
  }
  const [, sign = '', whole = '', fraction = '', exponent = ''] = parts
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  return point > 0
    ? `${sign}${digits.padEnd(point, '0')}`
    : `${sign}0.${'0'.repeat(-point)}${digits}`
}

const significantDigits = (digits: string): number =>
  digits.replace(/^0+/, '').replace(/0+$/, '').length

const signOf = (value: bigint): number => {
  if (value === 0n) {
    return 0
  }
  return value < 0n ? -1 : 1
}

const unitsAt = ({ units, scale }: Decimal, at: number): bigint => units * power(at - scale)

const power = (exponent: number): bigint => 10n ** BigInt(exponent)
