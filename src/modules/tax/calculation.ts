import { assert } from '../../kernel/assert.ts'
import { type CurrencyCode, currencyExponent } from '../../kernel/currency.ts'
import {
  addRatios,
  allocate,
  apportion,
  type Decimal,
  divideRatios,
  formatDecimal,
  multiplyRatios,
  type Ratio,
  type RoundingMode,
  ratio,
  round,
  subtractRatios,
  sumRatios,
  toRatio,
} from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import { money, requireInRange } from '../../kernel/money.ts'
import {
  exactText,
  type TraceEntry,
  tracedRounding,
  tracedShare,
  tracedSum,
} from './calculation-trace.ts'

export const documentLinesMax = 1_000
export const lineTaxesMax = 5

/**
 * S standard, Z zero rated, E exempt, AE reverse charge, K intra-community, G export, O out of
 * scope.
 */
export type TaxCategory = 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O'

/**
 * One tax on a line. `percent` 7.5 means 7.5 %; a compound component also taxes the components
 * before it. `recoverablePercent` counts on purchases only.
 */
export type TaxComponent = Readonly<{
  componentId: string
  percent: Decimal
  compound: boolean
  category: TaxCategory
  reason: string | undefined
  recoverablePercent: Decimal
}>

/** Percent 0 to 100, or minor units; an amount has the sign of what it reduces. */
export type Discount = Readonly<{ percent: Decimal }> | Readonly<{ amount: bigint }>

/** `unitPrice` is in major units: 250.00 is `{ units: 250n, scale: 0 }`. */
export type LineInput = Readonly<{
  quantity: Decimal
  unitPrice: Decimal
  discount?: Discount | undefined
  taxes: readonly TaxComponent[]
}>

/** What frozen settings of the business and the document decide. */
export type CalculationRules = Readonly<{
  currency: CurrencyCode
  direction: 'sale' | 'purchase'
  pricesInclude: 'none' | 'tax'
  rounding: 'document' | 'line'
  mode: RoundingMode
  cashIncrement?: bigint | undefined
}>

export type TaxOverride = Readonly<{ groupKey: string; taxMinor: bigint }>

export type CalculationInput = CalculationRules &
  Readonly<{
    lines: readonly LineInput[]
    documentDiscount?: Discount | undefined
    /** Purchases only; keys as a calculation of the same lines names its groups. */
    taxOverrides?: readonly TaxOverride[] | undefined
  }>

/**
 * One tax of a calculated line. `amount` is part of the total; `reverseAmount` is owed by the buyer
 * and is not. `nonRecoverable` is the part of either that is added to the line's own account.
 */
export type LineTax = TaxComponent &
  Readonly<{
    groupKey: string
    factor: Ratio
    amount: bigint
    reverseAmount: bigint
    nonRecoverable: bigint
  }>

/**
 * `listed` is quantity times price; `discount` is what all discounts took from it; `net` is the tax
 * base; `gross` is net plus tax. `listed - discount` is the net of a document priced without tax
 * and the gross of one priced with tax.
 */
export type LineResult = Readonly<{
  quantity: Decimal
  listed: bigint
  discount: bigint
  net: bigint
  tax: bigint
  gross: bigint
  nonRecoverable: bigint
  taxes: readonly LineTax[]
}>

export type TaxGroup = Readonly<{
  key: string
  componentId: string
  factor: Ratio
  category: TaxCategory
  reason: string | undefined
  percent: Decimal
  base: bigint
  tax: bigint
  reverseTax: bigint
}>

export type Totals = Readonly<{
  subtotal: bigint
  tax: bigint
  total: bigint
  rounding: bigint
  payable: bigint
}>

export type Calculation = CalculationRules &
  Readonly<{
    lines: readonly LineResult[]
    groups: readonly TaxGroup[]
    totals: Totals
    trace: readonly TraceEntry[]
  }>

/**
 * Calculates a document: discounts, taxes, totals, and how each number came about. All amounts are
 * minor units of the document's currency. The result is stored and never computed again for display.
 *
 * Refuses, in this order: tax.category_mismatch, tax.reason_missing, sales.discount_exceeds_total,
 * tax.override_out_of_tolerance, ledger.amount_overflow.
 * Source: ledger specification 3.1 to 3.6.
 */
export function calculate(input: CalculationInput): Calculation {
  requireLines(input)
  const trace: TraceEntry[] = []
  const amounts = lineAmounts(input, trace)
  const afterDiscount = amounts.map(({ amount }) => amount)
  const entries = entriesOf(input)
  const computed =
    input.pricesInclude === 'tax'
      ? taxesInside(input, afterDiscount, entries, trace)
      : taxesOnTop(input, afterDiscount, entries, trace)
  const taxes = override(input, entries, computed, trace)
  const nets =
    input.pricesInclude === 'tax' ? withoutTax(afterDiscount, entries, taxes) : afterDiscount
  const taxesByLine = toLineTaxes(input, entries, taxes, trace)
  const lines = input.lines.map(({ quantity }, i) => {
    const { listed, amount } = amounts[i] ?? { listed: 0n, amount: 0n }
    return toLine(quantity, listed, listed - amount, nets[i] ?? 0n, taxesByLine[i] ?? [])
  })
  const { currency, direction, pricesInclude, rounding, mode, cashIncrement } = input
  const rules = { currency, direction, pricesInclude, rounding, mode, cashIncrement }
  const totals = totalsOf(lines, (sum) => cashRounding(sum, cashIncrement, trace))
  requireAmounts(currency, lines, totals)
  return { ...rules, lines, groups: groupsOf(lines), totals, trace }
}

/** One component on one line, while its tax is being found. */
export type TaxEntry = Readonly<{
  line: number
  component: TaxComponent
  factor: Ratio
  groupKey: string
  isReverse: boolean
}>

/**
 * The tax of each entry on top of the given bases, in minor units: rounded once per group and
 * shared by largest remainder (`document`), or rounded on each line (`line`).
 * Source: ledger specification 3.2, steps 7 and 8.
 */
export function taxesOnTop(
  rules: CalculationRules,
  bases: readonly bigint[],
  entries: readonly TaxEntry[],
  trace: TraceEntry[],
): readonly bigint[] {
  const { mode } = rules
  const taxes = entries.map(() => 0n)
  for (const [key, indexes] of indexesByKey(entries.map(({ groupKey }) => groupKey))) {
    const shares = indexes.map((i) => exactTax(entries[i], bases))
    const exact = sumRatios(shares)
    const parts =
      rules.rounding === 'document'
        ? apportion(round(exact, mode), shares)
        : shares.map((share) => round(share, mode))
    const rounded = totalOf(parts)
    const place = { step: 'tax_group', ref: key } as const
    trace.push(
      rules.rounding === 'document'
        ? tracedRounding({ ...place, note: `doc:${mode}` }, exact, mode, rounded)
        : tracedSum({ ...place, note: `line:${mode}` }, exact, rounded),
    )
    for (const [n, i] of indexes.entries()) {
      const [share, part] = [shares[n] ?? nought, parts[n] ?? 0n]
      taxes[i] = part
      const shared = { step: 'tax_share', ref: entries[i]?.line ?? 0, note: key } as const
      trace.push(
        rules.rounding === 'document'
          ? tracedShare(shared, share, part)
          : tracedRounding(shared, share, mode, part),
      )
    }
  }
  return taxes
}

/** The line with its sums filled in. */
export function toLine(
  quantity: Decimal,
  listed: bigint,
  discount: bigint,
  net: bigint,
  taxes: readonly LineTax[],
): LineResult {
  const tax = totalOf(taxes.map(({ amount }) => amount))
  const nonRecoverable = totalOf(taxes.map((each) => each.nonRecoverable))
  return { quantity, listed, discount, net, tax, gross: net + tax, nonRecoverable, taxes }
}

/** Groups in order of first use. A group with base zero is kept. */
export function groupsOf(lines: readonly Pick<LineResult, 'net' | 'taxes'>[]): readonly TaxGroup[] {
  const groupByKey = new Map<string, TaxGroup>()
  for (const { net, taxes } of lines) {
    for (const each of taxes) {
      const { groupKey: key, componentId, factor, category, reason, percent } = each
      const known = groupByKey.get(key)
      groupByKey.set(key, {
        ...{ key, componentId, factor, category, reason, percent },
        base: (known?.base ?? 0n) + net,
        tax: (known?.tax ?? 0n) + each.amount,
        reverseTax: (known?.reverseTax ?? 0n) + each.reverseAmount,
      })
    }
  }
  return [...groupByKey.values()]
}

/** Sums of the lines; `roundCash` gives what is paid for a total. */
export function totalsOf(
  lines: readonly Pick<LineResult, 'net' | 'tax'>[],
  roundCash: (amount: bigint) => bigint,
): Totals {
  const subtotal = totalOf(lines.map(({ net }) => net))
  const tax = totalOf(lines.map((line) => line.tax))
  const payable = roundCash(subtotal + tax)
  return { subtotal, tax, total: subtotal + tax, rounding: payable - subtotal - tax, payable }
}

/**
 * Every amount of a document is within the bound of amounts.
 * Refuses: ledger.amount_overflow.
 */
export function requireAmounts(
  currency: CurrencyCode,
  lines: readonly Pick<LineResult, 'listed' | 'net' | 'gross'>[],
  totals: Totals,
): void {
  const amounts = lines.flatMap(({ listed, net, gross }) => [listed, net, gross])
  for (const minor of [...amounts, totals.subtotal, totals.tax, totals.total, totals.payable]) {
    requireInRange(money(minor, currency))
  }
}

/** A part of a tax that cannot be recovered: what is left after the recoverable part is rounded. */
export function nonRecoverableOf(
  { direction, mode }: CalculationRules,
  { recoverablePercent }: TaxComponent,
  taxMinor: bigint,
): bigint {
  const isWhole = direction === 'sale' || isHundred(recoverablePercent)
  return isWhole ? 0n : taxMinor - round(percentOf(taxMinor, recoverablePercent), mode)
}

/** Indexes of equal keys, keys in order of first use. */
export function indexesByKey(keys: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [i, key] of keys.entries()) {
    const indexes = found.get(key) ?? []
    indexes.push(i)
    found.set(key, indexes)
  }
  return found
}

/** Exact, in minor units. */
export const percentOf = (minor: bigint, percent: Decimal): Ratio =>
  multiplyRatios(ratio(minor), toRatio(percent, -2))

export const totalOf = (parts: readonly bigint[]): bigint =>
  parts.reduce((sum, part) => sum + part, 0n)

/** The share of a price with tax inside that is tax: F/(1+F). */
export const insideFactor = (factor: Ratio): Ratio => divideRatios(factor, addRatios(factor, one))

/**
 * The taxes of a line, split by component so that both the components and the lines add up: the
 * split of all lines up to this one, less the split of those before it.
 * Source: ledger specification 3.3, step 6.
 */
export function splitByComponent(
  taxByLine: readonly bigint[],
  factors: readonly Ratio[],
): readonly (readonly bigint[])[] {
  let soFar = 0n
  let before: readonly bigint[] = factors.map(() => 0n)
  return taxByLine.map((tax) => {
    soFar += tax
    const after = allocate(soFar, factors)
    const parts = after.map((part, c) => part - (before[c] ?? 0n))
    before = after
    return parts
  })
}

const nought = ratio(0n)
const one = ratio(1n)
const chargedAtZero: ReadonlySet<TaxCategory> = new Set(['Z', 'E', 'G', 'O'])
const needsReason: ReadonlySet<TaxCategory> = new Set(['E', 'AE', 'K', 'G', 'O'])
const shifted: ReadonlySet<TaxCategory> = new Set(['AE', 'K', 'G'])

const isHundred = (percent: Decimal): boolean => percent.units === 100n && percent.scale === 0

function requireLines(input: CalculationInput): void {
  const { lines, documentDiscount } = input
  assert(lines.length >= 1 && lines.length <= documentLinesMax, 'documents have 1 to 1,000 lines')
  assertDiscount(documentDiscount)
  for (const [i, line] of lines.entries()) {
    assert(line.quantity.scale <= 6 && line.unitPrice.scale <= 10, 'quantities and prices in scale')
    assert(line.taxes.length <= lineTaxesMax, 'a line has at most five taxes')
    assertDiscount(line.discount)
    for (const component of line.taxes) {
      requireComponent(component, i + 1)
    }
  }
}

/**
 * Rate, category and reason fit together. `line` counts from 1.
 * Refuses, in this order: tax.category_mismatch, tax.reason_missing.
 * Source: ledger specification 3.1.
 */
function requireComponent({ percent, category, reason }: TaxComponent, line: number): void {
  assert(percent.units >= 0n && percent.scale <= 6, 'a tax percent is not negative')
  if (percent.units > 0n && chargedAtZero.has(category)) {
    throw new Refusal('tax.category_mismatch', { rate: `${formatDecimal(percent)}%`, category })
  }
  if (needsReason.has(category) && !reason) {
    throw new Refusal('tax.reason_missing', { line, category })
  }
}

function assertDiscount(discount: Discount | undefined): void {
  if (discount && 'percent' in discount) {
    const { units, scale } = discount.percent
    const isPercent = units >= 0n && units <= 100n * 10n ** BigInt(scale)
    assert(isPercent && scale <= 6, 'a discount percent is 0 to 100')
  }
}

type LineAmount = Readonly<{ listed: bigint; amount: bigint }>

/** Steps 1 to 5: what is left of each line after all discounts, rounded once. */
function lineAmounts(input: CalculationInput, trace: TraceEntry[]): readonly LineAmount[] {
  const { mode, documentDiscount } = input
  const keep = keptShare(documentDiscount)
  const lines = input.lines.map((line, ref) => {
    const gross = grossOf(line, currencyExponent(input.currency))
    const exact = multiplyRatios(afterLineDiscount(gross, line.discount), keep)
    const listed = round(gross, mode)
    const amount = round(exact, mode)
    trace.push(tracedRounding({ step: 'line_net', ref, note: 'net' }, exact, mode, amount))
    if (line.discount || keep !== one) {
      const place = { step: 'line_discount', ref, note: 'before discount' } as const
      trace.push(tracedRounding(place, gross, mode, listed))
    }
    return { listed, amount }
  })
  return documentDiscount && 'amount' in documentDiscount
    ? lessAmount(input, lines, documentDiscount.amount, trace)
    : lines
}

/** Refuses: sales.discount_exceeds_total; a discount lies between zero and the sum of the lines. */
function lessAmount(
  { currency }: CalculationRules,
  lines: readonly LineAmount[],
  discount: bigint,
  trace: TraceEntry[],
): readonly LineAmount[] {
  if (discount === 0n) {
    return lines
  }
  const nets = lines.map(({ amount }) => amount)
  const sum = totalOf(nets)
  if (discount > 0n ? discount > sum : discount < sum) {
    throw new Refusal('sales.discount_exceeds_total', { amount: money(discount, currency) })
  }
  const shares = allocate(discount, nets)
  return lines.map(({ listed, amount }, ref) => {
    const share = shares[ref] ?? 0n
    const place = { step: 'document_discount', ref, note: 'by net' } as const
    trace.push(tracedShare(place, ratio(discount * amount * signOf(sum), magnitude(sum)), share))
    return { listed, amount: amount - share }
  })
}

/** Quantity times price, exact, in minor units. */
const grossOf = ({ quantity, unitPrice }: LineInput, exponent: number): Ratio =>
  ratio(
    quantity.units * unitPrice.units * 10n ** BigInt(exponent),
    10n ** BigInt(quantity.scale + unitPrice.scale),
  )

function afterLineDiscount(gross: Ratio, discount: Discount | undefined): Ratio {
  if (discount && 'amount' in discount) {
    return subtractRatios(gross, ratio(discount.amount))
  }
  return discount ? multiplyRatios(gross, keptShare(discount)) : gross
}

/** What a percent discount leaves of 1; an amount, or no discount, leaves all of it. */
function keptShare(discount: Discount | undefined): Ratio {
  return discount && 'percent' in discount
    ? subtractRatios(one, toRatio(discount.percent, -2))
    : one
}

/**
 * Every component of every line with its effective factor. A compound component also counts those
 * before it. Reverse charge, intra-community and export sales are charged at zero; on purchases
 * reverse charge and intra-community tax is computed but not part of the price.
 * Source: ledger specification 3.2, steps 6 and 7, and 3.4.
 */
function entriesOf({ direction, lines }: CalculationInput): readonly TaxEntry[] {
  return lines.flatMap(({ taxes }, line) => {
    let before = nought
    return taxes.map((component) => {
      const isShifted = shifted.has(component.category)
      const factor = isShifted && direction === 'sale' ? nought : effectiveFactor(component, before)
      before = addRatios(before, factor)
      const groupKey = groupKeyOf(component, factor)
      return { line, component, factor, groupKey, isReverse: isShifted }
    })
  })
}

function effectiveFactor({ percent, compound }: TaxComponent, before: Ratio): Ratio {
  const simple = toRatio(percent, -2)
  return compound ? multiplyRatios(simple, addRatios(one, before)) : simple
}

const groupKeyOf = ({ componentId, category, reason }: TaxComponent, factor: Ratio): string =>
  [componentId, exactText(factor), category, reason ?? ''].join('|')

const exactTax = (entry: TaxEntry | undefined, bases: readonly bigint[]): Ratio =>
  entry ? multiplyRatios(ratio(bases[entry.line] ?? 0n), entry.factor) : nought

/** Taxes taken out of amounts that hold them; taxes owed by the buyer come on top of the rest. */
function taxesInside(
  input: CalculationInput,
  grosses: readonly bigint[],
  entries: readonly TaxEntry[],
  trace: TraceEntry[],
): readonly bigint[] {
  const taxes = entries.map(() => 0n)
  const indexesByLine = input.lines.map((): number[] => [])
  for (const [i, { line, isReverse }] of entries.entries()) {
    if (!isReverse) {
      indexesByLine[line]?.push(i)
    }
  }
  const chains = indexesByLine.map((indexes) =>
    indexes.map((i) => entries[i]?.groupKey).join(' + '),
  )
  for (const [chain, lines] of indexesByKey(chains)) {
    const factors = (indexesByLine[lines[0] ?? 0] ?? []).map((i) => entries[i]?.factor ?? nought)
    if (factors.length > 0) {
      const found = extract(input, { chain, lines, factors }, grosses, trace)
      for (const [n, line] of lines.entries()) {
        for (const [c, i] of (indexesByLine[line] ?? []).entries()) {
          taxes[i] = found[n]?.[c] ?? 0n
        }
      }
    }
  }
  return withReverse(input, grosses, entries, taxes, trace)
}

function withReverse(
  input: CalculationInput,
  grosses: readonly bigint[],
  entries: readonly TaxEntry[],
  charged: readonly bigint[],
  trace: TraceEntry[],
): readonly bigint[] {
  const reverse = entries.filter(({ isReverse }) => isReverse)
  const owed = taxesOnTop(input, withoutTax(grosses, entries, charged), reverse, trace)
  const owedByEntry = new Map(reverse.map((entry, i) => [entry, owed[i] ?? 0n]))
  return entries.map((entry, i) => owedByEntry.get(entry) ?? charged[i] ?? 0n)
}

/** Lines with the same components in the same order; `factors` has one factor per component. */
type Chain = Readonly<{ chain: string; lines: readonly number[]; factors: readonly Ratio[] }>

/** The tax inside each line of a chain, by component. Source: ledger specification 3.3. */
function extract(
  { rounding, mode }: CalculationRules,
  { chain, lines, factors }: Chain,
  grosses: readonly bigint[],
  trace: TraceEntry[],
): readonly (readonly bigint[])[] {
  const inside = insideFactor(sumRatios(factors))
  const shares = lines.map((line) => multiplyRatios(ratio(grosses[line] ?? 0n), inside))
  const isByDocument = rounding === 'document'
  const exact = sumRatios(shares)
  const taxes = isByDocument
    ? apportion(round(exact, mode), shares)
    : shares.map((share) => round(share, mode))
  if (isByDocument) {
    const place = { step: 'tax_extract', ref: chain, note: `doc:${mode}` } as const
    trace.push(tracedRounding(place, exact, mode))
  }
  for (const [n, ref] of lines.entries()) {
    const [share, tax] = [shares[n] ?? nought, taxes[n] ?? 0n]
    trace.push(
      isByDocument
        ? tracedShare({ step: 'tax_share', ref, note: chain }, share, tax)
        : tracedRounding({ step: 'tax_extract', ref, note: `line:${mode}` }, share, mode, tax),
    )
  }
  // By document the whole chain is split; by line each line is.
  const split = isByDocument
    ? splitByComponent(taxes, factors)
    : taxes.map((tax) => allocate(tax, factors))
  traceSplit(lines, { taxes, factors, split }, trace)
  return split
}

type Split = Readonly<{
  taxes: readonly bigint[]
  factors: readonly Ratio[]
  split: readonly (readonly bigint[])[]
}>

function traceSplit(
  lines: readonly number[],
  { taxes, factors, split }: Split,
  trace: TraceEntry[],
): void {
  const sum = sumRatios(factors)
  if (factors.length < 2 || sum.num === 0n) {
    return
  }
  for (const [n, ref] of lines.entries()) {
    for (const [c, factor] of factors.entries()) {
      const exact = divideRatios(multiplyRatios(ratio(taxes[n] ?? 0n), factor), sum)
      const place = { step: 'component_split', ref, note: `component ${c}` } as const
      trace.push(tracedShare(place, exact, split[n]?.[c] ?? 0n))
    }
  }
}

/** Amounts less the taxes that are part of them. */
function withoutTax(
  grosses: readonly bigint[],
  entries: readonly TaxEntry[],
  taxes: readonly bigint[],
): readonly bigint[] {
  const nets = [...grosses]
  for (const [i, { line, isReverse }] of entries.entries()) {
    nets[line] = (nets[line] ?? 0n) - (isReverse ? 0n : (taxes[i] ?? 0n))
  }
  return nets
}

/**
 * The supplier's printed tax in place of ours; the difference goes to the last line of the group
 * that has tax.
 * Refuses: tax.override_out_of_tolerance.
 * Source: ledger specification 3.5.
 */
function override(
  { currency, direction, taxOverrides = [] }: CalculationInput,
  entries: readonly TaxEntry[],
  computed: readonly bigint[],
  trace: TraceEntry[],
): readonly bigint[] {
  assert(taxOverrides.length === 0 || direction === 'purchase', 'only purchases override tax')
  const taxes = [...computed]
  const indexesByGroup = indexesByKey(entries.map(({ groupKey }) => groupKey))
  for (const { groupKey, taxMinor } of taxOverrides) {
    const indexes = indexesByGroup.get(groupKey) ?? []
    const lastIndex = indexes.findLast((i) => taxes[i] !== 0n) ?? indexes.at(-1)
    assert(lastIndex !== undefined, 'an override names a group of the same document')
    const before = totalOf(indexes.map((i) => taxes[i] ?? 0n))
    const lineCount = BigInt(new Set(indexes.map((i) => entries[i]?.line)).size)
    const tolerance = lineCount > 2n ? lineCount : 2n
    if (magnitude(taxMinor - before) > tolerance) {
      throw new Refusal('tax.override_out_of_tolerance', {
        line: (entries[lastIndex]?.line ?? 0) + 1,
        tolerance: money(tolerance, currency),
      })
    }
    taxes[lastIndex] = (taxes[lastIndex] ?? 0n) + taxMinor - before
    const note = `line ${entries[lastIndex]?.line ?? 0} takes the difference`
    const place = { step: 'override', ref: groupKey, note } as const
    trace.push({ ...place, exact: `${before}`, rounded: `${taxMinor}`, mode: 'given' })
  }
  return taxes
}

function toLineTaxes(
  input: CalculationInput,
  entries: readonly TaxEntry[],
  taxes: readonly bigint[],
  trace: TraceEntry[],
): readonly (readonly LineTax[])[] {
  const taxesByLine = input.lines.map((): LineTax[] => [])
  for (const [i, { line, component, factor, groupKey, isReverse }] of entries.entries()) {
    const tax = taxes[i] ?? 0n
    const [amount, reverseAmount] = isReverse ? [0n, tax] : [tax, 0n]
    const nonRecoverable = nonRecoverableOf(input, component, tax)
    if (input.direction === 'purchase' && !isHundred(component.recoverablePercent)) {
      const place = { step: 'recoverable', ref: line, note: groupKey } as const
      const exact = percentOf(tax, component.recoverablePercent)
      trace.push(tracedRounding(place, exact, input.mode, tax - nonRecoverable))
    }
    const found = { ...component, groupKey, factor, amount, reverseAmount, nonRecoverable }
    taxesByLine[line]?.push(found)
  }
  return taxesByLine
}

/** What is paid in cash for a total. Source: ledger specification 3.6. */
function cashRounding(amount: bigint, increment: bigint | undefined, trace: TraceEntry[]): bigint {
  if (!increment) {
    return amount
  }
  assert(increment > 0n, 'a cash increment is positive')
  const payable = round(ratio(amount, increment), 'half_up') * increment
  const place = { step: 'cash_rounding', ref: 'document', note: `steps of ${increment}` } as const
  trace.push(tracedRounding(place, ratio(amount), 'half_up', payable))
  return payable
}

const magnitude = (minor: bigint): bigint => (minor < 0n ? -minor : minor)

const signOf = (minor: bigint): bigint => (minor < 0n ? -1n : 1n)
