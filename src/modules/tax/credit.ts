import { assert } from '../../kernel/assert.ts'
import {
  addDecimals,
  allocate,
  apportion,
  compareDecimals,
  type Decimal,
  divideRatios,
  multiplyRatios,
  negateDecimal,
  type Ratio,
  ratio,
  round,
  sumRatios,
  toRatio,
  zero,
} from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import { money } from '../../kernel/money.ts'
import {
  type Calculation,
  type CalculationRules,
  groupsOf,
  indexesByKey,
  insideFactor,
  type LineResult,
  type LineTax,
  nonRecoverableOf,
  requireAmounts,
  type TaxEntry,
  taxesOnTop,
  toLine,
  totalOf,
  totalsOf,
} from './calculation.ts'
import { exactText, type TraceEntry, tracedRounding } from './calculation-trace.ts'

/** A line of the invoice, counted from 0, by quantity or by tax-exclusive amount in minor units. */
export type CreditedLine =
  | Readonly<{ line: number; quantity: Decimal }>
  | Readonly<{ line: number; amount: bigint }>

/** `earlier` holds every credit of the invoice that still counts; no `lines` means all that is left. */
export type CreditInput = Readonly<{
  invoice: Calculation
  earlier: readonly CreditCalculation[]
  lines?: readonly CreditedLine[] | undefined
}>

/**
 * `line` is the index on the invoice; `byQuantity` is what the quantity alone accounts for. A line
 * with neither quantity nor net holds tax that rounding had left over on it.
 */
export type CreditLine = LineResult & Readonly<{ line: number; byQuantity: bigint }>

/** Amounts are positive where those of the invoice are. */
export type CreditCalculation = Omit<Calculation, 'lines'> &
  Readonly<{ lines: readonly CreditLine[] }>

/**
 * Calculates a credit note against an invoice, with the rates, rounding and mode of the invoice.
 * Tax is that of a document of its own, limited to what remains of each group; whoever takes the
 * last base of a group takes all its remaining tax, and the last line takes the cash rounding.
 * Any credits that exhaust an invoice add up to it in every line, group and total.
 *
 * Refuses: sales.credit_exceeds_remaining, ledger.amount_overflow.
 * Source: ledger specification 3.7.
 */
export function calculateCredit({ invoice, earlier, lines }: CreditInput): CreditCalculation {
  const trace: TraceEntry[] = []
  const left = leftOf(invoice, earlier)
  const claims = lines ? claimsOf(invoice, left, lines, trace) : claimsOfRest(invoice, left)
  const taxes = taxesOf(invoice, left, claims, trace)
  const creditLines = toCreditLines(invoice, left, claims, taxes)
  requireWithin(invoice, earlier, creditLines)
  const { currency, direction, pricesInclude, rounding, mode, cashIncrement } = invoice
  const isLast = isExhausted(left, creditLines)
  const cash = invoice.totals.rounding - totalOf(earlier.map((credit) => credit.totals.rounding))
  const totals = totalsOf(creditLines, (sum) => (isLast ? sum + cash : sum))
  requireAmounts(currency, creditLines, totals)
  const rules = { currency, direction, pricesInclude, rounding, mode, cashIncrement }
  return { ...rules, lines: creditLines, groups: groupsOf(creditLines), totals, trace }
}

/**
 * What earlier credits left of an invoice, in minor units: the largest credit that can follow.
 * Refuses: nothing.
 */
export function remainingCredit(
  invoice: Calculation,
  earlier: readonly CreditCalculation[],
): Readonly<{ subtotal: bigint; tax: bigint; payable: bigint }> {
  const leftBy = (part: 'subtotal' | 'tax' | 'payable'): bigint =>
    invoice.totals[part] - totalOf(earlier.map(({ totals }) => totals[part]))
  return { subtotal: leftBy('subtotal'), tax: leftBy('tax'), payable: leftBy('payable') }
}

/** What is left of one line; `taxes` has one member per tax of the line, owed by whomever. */
type Left = Readonly<{
  quantity: Decimal
  byQuantity: bigint
  listed: bigint
  net: bigint
  gross: bigint
  taxes: readonly bigint[]
}>

/**
 * What a credit takes of one line. `amount` holds tax when `isGross`; `byQuantity` and `listed` as
 * on the credit's line.
 */
type Claim = Readonly<{
  line: number
  quantity: Decimal
  byQuantity: bigint
  listed: bigint
  amount: bigint
  isGross: boolean
}>

function leftOf(invoice: Calculation, earlier: readonly CreditCalculation[]): readonly Left[] {
  const left: Left[] = invoice.lines.map(({ quantity, listed, net, gross, taxes }) => ({
    ...{ quantity, byQuantity: 0n, listed, net, gross },
    taxes: taxes.map(taxValue),
  }))
  for (const credit of earlier.flatMap(({ lines }) => lines)) {
    const before = left[credit.line]
    assert(before, 'a credit names lines of its invoice')
    left[credit.line] = {
      quantity: addDecimals(before.quantity, negateDecimal(credit.quantity)),
      byQuantity: before.byQuantity + credit.byQuantity,
      listed: before.listed - credit.listed,
      net: before.net - credit.net,
      gross: before.gross - credit.gross,
      taxes: before.taxes.map((tax, c) => tax - taxValue(credit.taxes[c])),
    }
  }
  return left
}

const taxValue = (tax: LineTax | undefined): bigint => (tax ? tax.amount + tax.reverseAmount : 0n)

function claimsOf(
  invoice: Calculation,
  left: readonly Left[],
  lines: readonly CreditedLine[],
  trace: TraceEntry[],
): readonly Claim[] {
  const distinct = new Set(lines.map(({ line }) => line))
  assert(distinct.size === lines.length && lines.length > 0, 'each line is credited once')
  return lines.map((wanted) => {
    const [whole, rest] = [invoice.lines[wanted.line], left[wanted.line]]
    assert(whole && rest, 'a credit names lines of its invoice')
    return 'quantity' in wanted
      ? claimOfQuantity(invoice, { ...wanted, whole, rest }, trace)
      : claimOfAmount(invoice, { ...wanted, rest })
  })
}

type Named<Wanted> = Wanted & Readonly<{ line: number; rest: Left }>

function claimOfAmount(
  invoice: Calculation,
  { line, amount, rest }: Named<Readonly<{ amount: bigint }>>,
): Claim {
  if (!isBetween(amount, 0n, rest.net)) {
    throw exceeded(invoice, amount, rest.net)
  }
  return amount === rest.net
    ? { ...claimOfRest(invoice, line, rest), quantity: zero, byQuantity: 0n }
    : { line, quantity: zero, byQuantity: 0n, listed: amount, amount, isGross: false }
}

/** The value of all units credited so far, this credit included, less what was credited before. */
function claimOfQuantity(
  invoice: Calculation,
  { line, quantity, whole, rest }: Named<Readonly<{ quantity: Decimal; whole: LineResult }>>,
  trace: TraceEntry[],
): Claim {
  const isGross = invoice.pricesInclude === 'tax'
  const value = isGross ? whole.gross : whole.net
  const remaining = isGross ? rest.gross : rest.net
  const all = toRatio(whole.quantity)
  const after = addDecimals(addDecimals(whole.quantity, negateDecimal(rest.quantity)), quantity)
  if (!isDecimalBetween(quantity, rest.quantity)) {
    const asked = whole.quantity.units === 0n ? value : partOf(value, toRatio(quantity), all)
    const amount = typeof asked === 'bigint' ? asked : round(asked, invoice.mode)
    throw exceeded(invoice, amount, remaining)
  }
  if (compareDecimals(quantity, rest.quantity) === 0) {
    return claimOfRest(invoice, line, rest)
  }
  const exact = partOf(value, toRatio(after), all)
  const note = 'value of all quantity credited so far'
  trace.push(tracedRounding({ step: 'line_net', ref: line, note }, exact, invoice.mode))
  const byQuantity = clamp(round(exact, invoice.mode) - rest.byQuantity, 0n, remaining)
  const part = round(partOf(whole.listed, toRatio(quantity), all), invoice.mode)
  const listed = byQuantity === remaining ? rest.listed : part
  return { line, quantity, byQuantity, listed, amount: byQuantity, isGross }
}

function claimOfRest({ pricesInclude }: CalculationRules, line: number, rest: Left): Claim {
  const isGross = pricesInclude === 'tax'
  const amount = isGross ? rest.gross : rest.net
  const { quantity, listed } = rest
  return { line, quantity, byQuantity: amount, listed, amount, isGross }
}

/** Refuses: sales.credit_exceeds_remaining when nothing is left. */
function claimsOfRest(invoice: Calculation, left: readonly Left[]): readonly Claim[] {
  const claims = [...left.entries()]
    .filter(([line, rest]) => isOpen(rest) || isFreeAndOpen(invoice.lines[line], rest))
    .map(([line, rest]) => claimOfRest(invoice, line, rest))
  if (claims.length === 0) {
    throw exceeded(invoice, invoice.totals.total, 0n)
  }
  return claims
}

const isOpen = ({ net, gross, taxes }: Left): boolean =>
  net !== 0n || gross !== 0n || taxes.some((tax) => tax !== 0n)

const isFreeAndOpen = (whole: LineResult | undefined, { quantity }: Left): boolean =>
  whole?.gross === 0n && quantity.units !== 0n

/** Tax by line of the invoice and component; lines that are not credited may hold what was left. */
function taxesOf(
  invoice: Calculation,
  left: readonly Left[],
  claims: readonly Claim[],
  trace: TraceEntry[],
): readonly (readonly bigint[])[] {
  const entries = entriesOf(invoice)
  const taxes = left.map((rest) => rest.taxes.map(() => 0n))
  const claimByLine = new Map(claims.map((claim) => [claim.line, claim]))
  if (invoice.pricesInclude === 'tax') {
    takeInside(invoice, left, claims, taxes, trace)
  }
  const nets = left.map((_, line) => netOf(claimByLine.get(line), taxes[line] ?? [], invoice, line))
  const onTop = entries.filter(({ isReverse }) => isReverse || invoice.pricesInclude === 'none')
  const own = taxesOnTop(
    invoice,
    nets,
    onTop.filter(({ line }) => claimByLine.has(line)),
    trace,
  )
  takeOnTop({ left, nets, claimByLine, onTop, own }, taxes, trace)
  return taxes
}

type Entry = TaxEntry & Readonly<{ position: number }>

const entriesOf = ({ lines }: Calculation): readonly Entry[] =>
  lines.flatMap(({ taxes }, line) =>
    taxes.map((tax, position) => ({
      ...{ line, position, component: tax, factor: tax.factor, groupKey: tax.groupKey },
      isReverse: isOwedByBuyer(tax),
    })),
  )

const isOwedByBuyer = ({ category }: LineTax): boolean => ['AE', 'K', 'G'].includes(category)

/** The tax-exclusive part of a claim, once the taxes inside it are known. */
function netOf(
  claim: Claim | undefined,
  taxes: readonly bigint[],
  { lines }: Calculation,
  line: number,
): bigint {
  const charged = taxes.filter((_, c) => !isReverseAt(lines[line], c))
  return (claim?.amount ?? 0n) - (claim?.isGross ? totalOf(charged) : 0n)
}

function isReverseAt(line: LineResult | undefined, position: number): boolean {
  const tax = line?.taxes[position]
  return tax !== undefined && isOwedByBuyer(tax)
}

type OnTop = Readonly<{
  left: readonly Left[]
  nets: readonly bigint[]
  claimByLine: ReadonlyMap<number, Claim>
  onTop: readonly Entry[]
  own: readonly bigint[]
}>

/** Limits the tax of each group to what remains, and gives the last credit all of it. */
function takeOnTop(
  { left, nets, claimByLine, onTop, own }: OnTop,
  taxes: bigint[][],
  trace: TraceEntry[],
): void {
  const claimed = onTop.filter(({ line }) => claimByLine.has(line))
  const ownByEntry = new Map(claimed.map((entry, i) => [entry, own[i] ?? 0n]))
  for (const [key, indexes] of indexesByKey(onTop.map(({ groupKey }) => groupKey))) {
    const group = indexes.flatMap((i) => onTop[i] ?? [])
    const mine = group.filter((entry) => ownByEntry.has(entry))
    if (mine.length === 0) {
      continue
    }
    const remaining = group.map(({ line, position }) => left[line]?.taxes[position] ?? 0n)
    const bases = group.map(({ line }) => (left[line]?.net ?? 0n) - (nets[line] ?? 0n))
    const parts = mine.map((entry) => ownByEntry.get(entry) ?? 0n)
    const isLastOfLines = bases.every((base) => base === 0n)
    const target = targetOf(totalOf(parts), totalOf(remaining), totalOf(bases) === 0n)
    if (target !== totalOf(parts)) {
      const place = { step: 'credit_cap', ref: key, note: 'what remains of the group' } as const
      const exact = exactText(ratio(totalOf(parts)))
      trace.push({ ...place, exact, rounded: target.toString(), mode: 'given' })
    }
    const [takers, taken] = isLastOfLines ? [group, remaining] : [mine, shiftTo(target, parts)]
    for (const [n, { line, position }] of takers.entries()) {
      const row = taxes[line]
      assert(row, 'every line has its taxes')
      row[position] = taken[n] ?? 0n
    }
  }
}

/** All that remains for whoever takes the last base; else no more than remains. */
function targetOf(own: bigint, remaining: bigint, isLast: boolean): bigint {
  if (isLast) {
    return remaining
  }
  const isBeyond = remaining < 0n ? own < remaining : own > remaining
  return isBeyond ? remaining : own
}

/** Changes parts so that they add up to a target: from the last, each at most down to zero. */
function shiftTo(target: bigint, parts: readonly bigint[]): readonly bigint[] {
  const shifted = [...parts]
  let surplus = totalOf(parts) - target
  for (let i = shifted.length - 1; i > 0 && surplus !== 0n; i -= 1) {
    const part = shifted[i] ?? 0n
    const taken = clamp(surplus, 0n, part)
    shifted[i] = part - taken
    surplus -= taken
  }
  shifted[0] = (shifted[0] ?? 0n) - surplus
  return shifted
}

/** Taxes inside the claimed amounts, by chain of components as on the invoice. */
function takeInside(
  invoice: Calculation,
  left: readonly Left[],
  claims: readonly Claim[],
  taxes: bigint[][],
  trace: TraceEntry[],
): void {
  const chargedOf = (line: number): readonly LineTax[] =>
    (invoice.lines[line]?.taxes ?? []).filter((tax) => !isOwedByBuyer(tax))
  const chains = claims.map(({ line }) =>
    chargedOf(line)
      .map((tax) => tax.groupKey)
      .join(' + '),
  )
  for (const [chain, indexes] of indexesByKey(chains)) {
    const members = indexes.flatMap((i) => claims[i] ?? [])
    const factors = chargedOf(members[0]?.line ?? 0).map(({ factor }) => factor)
    const own = ownInside(invoice, { chain, members, factors }, trace)
    for (const [n, claim] of members.entries()) {
      const rest = left[claim.line]
      const row = taxes[claim.line]
      assert(rest && row, 'every line has its taxes')
      const positions = [...row.keys()].filter((c) => !isReverseAt(invoice.lines[claim.line], c))
      const remaining = positions.map((c) => rest.taxes[c] ?? 0n)
      // Neither the tax nor the net of a line may pass what is left of them.
      const lowest = claim.isGross ? claim.amount - rest.net : 0n
      const tax = clamp(own[n] ?? 0n, lowest, totalOf(remaining))
      const parts = splitWithin(tax, factors, remaining)
      for (const [m, c] of positions.entries()) {
        row[c] = parts[m] ?? 0n
      }
    }
  }
}

type Members = Readonly<{ chain: string; members: readonly Claim[]; factors: readonly Ratio[] }>

/** The tax of each member as if the credit were a document of its own. */
function ownInside(
  { rounding, mode }: CalculationRules,
  { chain, members, factors }: Members,
  trace: TraceEntry[],
): readonly bigint[] {
  const factor = sumRatios(factors)
  const inside = insideFactor(factor)
  const shares = members.map(({ amount, isGross }) =>
    multiplyRatios(ratio(amount), isGross ? inside : factor),
  )
  if (rounding === 'line') {
    return shares.map((share) => round(share, mode))
  }
  const exact = sumRatios(shares)
  const place = { step: 'tax_extract', ref: chain, note: `doc:${mode}` } as const
  trace.push(tracedRounding(place, exact, mode))
  return apportion(round(exact, mode), shares)
}

/** Splits a line's tax by component without passing what is left of any. */
function splitWithin(
  tax: bigint,
  factors: readonly Ratio[],
  remaining: readonly bigint[],
): readonly bigint[] {
  if (factors.length === 0 || tax === totalOf(remaining)) {
    return remaining
  }
  const parts = allocate(tax, factors).map((part, c) => clamp(part, 0n, remaining[c] ?? 0n))
  let missing = tax - totalOf(parts)
  const filled = parts.map((part, c) => {
    const more = clamp(missing, 0n, (remaining[c] ?? 0n) - part)
    missing -= more
    return part + more
  })
  return [(filled[0] ?? 0n) + missing, ...filled.slice(1)]
}

function toCreditLines(
  invoice: Calculation,
  left: readonly Left[],
  claims: readonly Claim[],
  taxes: readonly (readonly bigint[])[],
): readonly CreditLine[] {
  const claimByLine = new Map(claims.map((claim) => [claim.line, claim]))
  return invoice.lines.flatMap((whole, line) => {
    const claim = claimByLine.get(line)
    const taken = taxes[line] ?? []
    if (!claim && taken.every((tax) => tax === 0n)) {
      return []
    }
    const net = netOf(claim, taken, invoice, line)
    const lineTaxes = whole.taxes.map((tax, c) =>
      toLineTax(invoice, tax, left[line]?.taxes[c] ?? 0n, taken[c] ?? 0n),
    )
    const charged = totalOf(lineTaxes.map(({ amount }) => amount))
    const { quantity, listed, byQuantity } = claim ?? nothing
    const kept = invoice.pricesInclude === 'tax' ? net + charged : net
    const isPriced = claim?.isGross || invoice.pricesInclude === 'none'
    const shown = isPriced ? listed : kept
    const discount = claim ? shown - kept : 0n
    return { ...toLine(quantity, shown, discount, net, lineTaxes), line, byQuantity }
  })
}

const nothing = { quantity: zero, listed: 0n, byQuantity: 0n }

/** The part that cannot be recovered is counted on all tax credited so far. */
function toLineTax(
  rules: CalculationRules,
  tax: LineTax,
  remaining: bigint,
  taken: bigint,
): LineTax {
  const before = taxValue(tax) - remaining
  const nonRecoverable =
    nonRecoverableOf(rules, tax, before + taken) - nonRecoverableOf(rules, tax, before)
  const [amount, reverseAmount] = isOwedByBuyer(tax) ? [0n, taken] : [taken, 0n]
  return { ...tax, amount, reverseAmount, nonRecoverable }
}

/** Per group and in total, all credits together are at most the invoice. */
function requireWithin(
  invoice: Calculation,
  earlier: readonly CreditCalculation[],
  lines: readonly CreditLine[],
): void {
  const credited = groupsOf([...earlier.flatMap((credit) => credit.lines), ...lines])
  const mine = groupsOf(lines)
  for (const { key, base } of invoice.groups) {
    const all = credited.find((group) => group.key === key)?.base ?? 0n
    const now = mine.find((group) => group.key === key)?.base ?? 0n
    requireAtMost(invoice, { whole: base, all, now })
  }
  const now = totalOf(lines.map(({ gross }) => gross))
  const all = now + totalOf(earlier.map(({ totals }) => totals.total))
  requireAtMost(invoice, { whole: invoice.totals.total, all, now })
}

type Sums = Readonly<{ whole: bigint; all: bigint; now: bigint }>

function requireAtMost(invoice: Calculation, { whole, all, now }: Sums): void {
  const isBeyond = whole < 0n ? all < whole : all > whole
  if (now !== 0n && isBeyond) {
    throw exceeded(invoice, now, whole - all + now)
  }
}

const exceeded = (
  { currency }: CalculationRules,
  amount: bigint,
  remaining: bigint,
): Refusal<'sales.credit_exceeds_remaining'> =>
  new Refusal('sales.credit_exceeds_remaining', {
    amount: money(amount, currency),
    remaining: money(remaining, currency),
  })

function isExhausted(left: readonly Left[], lines: readonly CreditLine[]): boolean {
  const creditByLine = new Map(lines.map((credit) => [credit.line, credit]))
  return left.every(({ net, gross }, line) => {
    const credit = creditByLine.get(line)
    return net === (credit?.net ?? 0n) && gross === (credit?.gross ?? 0n)
  })
}

/** The exact value of some units out of all. */
const partOf = (value: bigint, some: Ratio, all: Ratio): Ratio =>
  multiplyRatios(ratio(value), divideRatios(some, all))

const isBetween = (value: bigint, a: bigint, b: bigint): boolean => clamp(value, a, b) === value

const isDecimalBetween = (value: Decimal, end: Decimal): boolean =>
  end.units < 0n
    ? value.units <= 0n && compareDecimals(value, end) >= 0
    : value.units >= 0n && compareDecimals(value, end) <= 0

/** The nearest value within two ends, given in any order. */
function clamp(value: bigint, a: bigint, b: bigint): bigint {
  const [low, high] = a < b ? [a, b] : [b, a]
  if (value < low) {
    return low
  }
  return value > high ? high : value
}
