import { type Ratio, type RoundingMode, ratio, reduceRatio, round } from '../../kernel/decimal.ts'

export type TraceStep =
  | 'line_net'
  | 'line_discount'
  | 'document_discount'
  | 'tax_group'
  | 'tax_share'
  | 'tax_extract'
  | 'component_split'
  | 'recoverable'
  | 'override'
  | 'cash_rounding'
  | 'credit_cap'
  | 'fx_base'
  | 'fx_share'

/**
 * How one stored number came about.
 *
 * ref      index of the line (from 0), or the key of a tax group, or `document`
 * exact    the value before rounding, in minor units: decimal text when it ends within 24 decimals,
 *          else `num/den`
 * rounded  minor units
 * mode     the rounding mode, `largest_remainder` with the remainder, `sum` or `given`
 * note     which rule decided, such as `doc:half_up`
 * Source: ledger specification 3.8.
 */
export type TraceEntry = Readonly<{
  step: TraceStep
  ref: number | string
  exact: string
  rounded: string
  mode: string
  note: string
}>

const decimalsMax = 24
const decimalsUnit = 10n ** BigInt(decimalsMax)

/** An exact value as text: a decimal when it ends within 24 decimals, else a fraction. */
export function exactText({ num, den }: Ratio): string {
  const whole = num / den
  const rest = num % den
  if (rest === 0n) {
    return whole.toString()
  }
  const scaled = (rest < 0n ? -rest : rest) * decimalsUnit
  if (scaled % den !== 0n) {
    const reduced = reduceRatio(ratio(num, den))
    return `${reduced.num}/${reduced.den}`
  }
  // Written as text at once: taking zeros off a large number one by one is slow.
  const decimals = (scaled / den).toString().padStart(decimalsMax, '0').replace(/0+$/, '')
  const sign = num < 0n ? '-' : ''
  return `${sign}${whole < 0n ? -whole : whole}.${decimals}`
}

type Place = Readonly<{ step: TraceStep; ref: number | string; note: string }>

/** A value rounded by a mode. */
export const tracedRounding = (
  place: Place,
  exact: Ratio,
  mode: RoundingMode,
  rounded: bigint = round(exact, mode),
): TraceEntry => ({ ...place, exact: exactText(exact), rounded: rounded.toString(), mode })

/** One part of a whole that was split by largest remainder. */
export function tracedShare(place: Place, exact: Ratio, part: bigint): TraceEntry {
  const rest = exactText({ num: exact.num % exact.den, den: exact.den })
  const mode = `largest_remainder ${rest}`
  return { ...place, exact: exactText(exact), rounded: part.toString(), mode }
}

/** A sum of parts that were rounded one by one. */
export const tracedSum = (place: Place, exact: Ratio, sum: bigint): TraceEntry => ({
  ...place,
  exact: exactText(exact),
  rounded: sum.toString(),
  mode: 'sum',
})
