import {
  array,
  bigInt,
  boolean,
  assert as check,
  constant,
  constantFrom,
  integer,
  oneof,
  property,
  record,
} from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Decimal,
  decimal,
  parseDecimal,
  type Ratio,
  type RoundingMode,
  round,
} from '../../kernel/decimal.ts'
import { money, toDecimalText } from '../../kernel/money.ts'
import {
  type Calculation,
  type CalculationInput,
  calculate,
  type Discount,
  type LineInput,
  type TaxComponent,
} from './calculation.ts'

/** `19.99` or `3 x 1.05 less 15% tax 5 then 9.5*`: a star marks a compound component. */
function line(text: string): LineInput {
  const found =
    /^(?:(-?[\d.]+) x )?(-?[\d.]+)(?: less (-?[\d.]+)(%?))?(?: tax (.+))?$/.exec(text) ?? []
  const [, quantity = '1', unitPrice = '0', less, percentSign, taxes] = found
  return {
    quantity: dec(quantity),
    unitPrice: dec(unitPrice),
    discount: less ? toDiscount(less, percentSign === '%') : undefined,
    taxes: taxes ? taxes.split(' then ').map(toComponent) : [],
  }
}

const toDiscount = (text: string, isPercent: boolean): Discount =>
  isPercent
    ? { percent: dec(text) }
    : { amount: dec(text).units * 10n ** BigInt(2 - dec(text).scale) }

function toComponent(text: string, index = 0): TaxComponent {
  const [, percent = '0', star, category = 'S', recoverable = '100'] =
    /^([\d.]+)(\*?)(?: ([A-Z]+))?(?: r(\d+))?$/.exec(text) ?? []
  return {
    componentId: `vat${index}`,
    percent: dec(percent),
    compound: star === '*',
    category: category as TaxComponent['category'],
    reason: ['E', 'AE', 'K', 'G', 'O'].includes(category) ? 'law' : undefined,
    recoverablePercent: dec(recoverable),
  }
}

const dec = (text: string): Decimal => parseDecimal(text, 'value')

const document = (lines: string, rules: Partial<CalculationInput> = {}): CalculationInput => ({
  currency: 'USD',
  direction: 'sale',
  pricesInclude: 'none',
  rounding: 'document',
  mode: 'half_up',
  lines: lines.split(' | ').map(line),
  ...rules,
})

const sums = ({ totals, currency }: Calculation): string =>
  [totals.subtotal, totals.tax, totals.total]
    .map((minor) => toDecimalText(money(minor, currency)))
    .join(' ')

test.each([
  ['19.99 tax 17 | 4.45 tax 17', 'USD', '24.44 4.15 28.59', '24.44 4.16 28.60'],
  ['1310 tax 8.875', 'USD', '1310.00 116.26 1426.26', '1310.00 116.26 1426.26'],
  ['64.95 less 15% tax 21', 'USD', '55.21 11.59 66.80', '55.21 11.59 66.80'],
  ['250 tax 5 then 9.5*', 'USD', '250.00 37.44 287.44', '250.00 37.44 287.44'],
  ['333 tax 10 | 333 tax 10 | 333 tax 10', 'JPY', '999 100 1099', '999 99 1098'],
  ['1.005 tax 5', 'KWD', '1.005 0.050 1.055', '1.005 0.050 1.055'],
  ['7.30 tax 6.5 | 7.30 tax 6.5 | 7.30 tax 6.5', 'USD', '21.90 1.42 23.32', '21.90 1.41 23.31'],
  ['-19.99 tax 17 | -4.45 tax 17', 'USD', '-24.44 -4.15 -28.59', '-24.44 -4.16 -28.60'],
  ['10.02 tax 15 | 10.02 tax 15 | 10.02 tax 15', 'USD', '30.06 4.51 34.57', '30.06 4.50 34.56'],
  ['3 x 0.3333333333 less 0.10 tax 0', 'USD', '0.90 0.00 0.90', '0.90 0.00 0.90'],
  ['0 x 5 tax 20 | 5', 'USD', '5.00 0.00 5.00', '5.00 0.00 5.00'],
])('prices without tax: %s in %s is %s by document, %s by line', (lines, currency, whole, each) => {
  const byDocument = calculate(document(lines, { currency }))
  const byLine = calculate(document(lines, { currency, rounding: 'line' }))

  expect([sums(byDocument), sums(byLine)]).toEqual([whole, each])
})

test.each([
  ['4.05 tax 20', '3.37 0.68 4.05', '3.37 0.68 4.05'],
  ['45.10 tax 15 | 12.35 tax 15 | -57.45 tax 15', '0.00 0.00 0.00', '0.00 0.00 0.00'],
  ['10 tax 15 | 10 tax 15 | 10 tax 15', '26.09 3.91 30.00', '26.10 3.90 30.00'],
  ['287.44 tax 5 then 9.5*', '250.00 37.44 287.44', '250.00 37.44 287.44'],
  ['10 | 10 tax 0 E', '20.00 0.00 20.00', '20.00 0.00 20.00'],
])('prices with tax: %s is %s by document, %s by line', (lines, whole, each) => {
  const byDocument = calculate(document(lines, { pricesInclude: 'tax' }))
  const byLine = calculate(document(lines, { pricesInclude: 'tax', rounding: 'line' }))

  expect([sums(byDocument), sums(byLine)]).toEqual([whole, each])
})

test('components of a price with tax are split in their order', () => {
  const { groups } = calculate(document('287.44 tax 5 then 9.5*', { pricesInclude: 'tax' }))

  expect(groups.map(({ componentId, tax }) => [componentId, tax])).toEqual([
    ['vat0', 12_50n],
    ['vat1', 24_94n],
  ])
})

test('groups appear in order of first use and are kept with base zero', () => {
  const lines = '10 tax 5 | 0 tax 0 Z | 10 tax 20 | 10 tax 5'

  expect(calculate(document(lines)).groups.map(({ key, base, tax }) => [key, base, tax])).toEqual([
    ['vat0|0.05|S|', 20_00n, 1_00n],
    ['vat0|0|Z|', 0n, 0n],
    ['vat0|0.2|S|', 10_00n, 2_00n],
  ])
})

test('the tax of a group is shared to its lines by largest remainder', () => {
  const { lines } = calculate(document('10.02 tax 15 | 10.02 tax 15 | 10.02 tax 15'))

  expect(lines.map(({ net, tax, gross }) => [net, tax, gross])).toEqual([
    [10_02n, 1_51n, 11_53n],
    [10_02n, 1_50n, 11_52n],
    [10_02n, 1_50n, 11_52n],
  ])
})

test('a percent discount of the document comes before the only rounding of a line', () => {
  const documentDiscount = { percent: dec('10') }
  const { lines } = calculate(document('9.99 less 5% | 9.99', { documentDiscount }))

  // 9.99 * 0.95 * 0.9 = 8.54145; rounding after each discount would give 8.54 as well, 9.99 * 0.9
  // is 8.991.
  expect(lines.map(({ listed, discount, net }) => [listed, discount, net])).toEqual([
    [9_99n, 1_45n, 8_54n],
    [9_99n, 1_00n, 8_99n],
  ])
})

test('an amount discount of the document is spread over the lines before tax', () => {
  const documentDiscount = { amount: 10_00n }
  const calculation = calculate(
    document('100 tax 10 | 50 tax 20 | 50 tax 20', { documentDiscount }),
  )

  expect(calculation.lines.map(({ discount, net }) => [discount, net])).toEqual([
    [5_00n, 95_00n],
    [2_50n, 47_50n],
    [2_50n, 47_50n],
  ])
  expect(sums(calculation)).toBe('190.00 28.50 218.50')
})

test.each([
  ['12.43', 2n, 12_45n],
  ['12.42', -2n, 12_40n],
  ['-12.43', -2n, -12_45n],
  ['12.425', 2n, 12_45n],
  ['0', 0n, 0n],
])('in steps of 0.05, CHF %s is rounded by %s to %s', (price, rounding, payable) => {
  const { totals } = calculate(document(price, { currency: 'CHF', cashIncrement: 5n }))

  expect([totals.rounding, totals.payable]).toEqual([rounding, payable])
})

test('tax that cannot be recovered is named on the line of a purchase', () => {
  const bill = document('100 tax 7.5 S r50 | 99.99 tax 7.5', { direction: 'purchase' })
  const { lines, totals } = calculate(bill)

  expect(lines.map(({ tax, nonRecoverable }) => [tax, nonRecoverable])).toEqual([
    [7_50n, 3_75n],
    [7_50n, 0n],
  ])
  expect(totals.total).toBe(214_99n)
})

test.each(['none', 'tax'] as const)(
  'reverse charge is computed, not paid (%s)',
  (pricesInclude) => {
    const bill = document('100 tax 20 AE', { direction: 'purchase', pricesInclude })
    const { groups, totals, lines } = calculate(bill)

    expect(groups.map(({ base, tax, reverseTax }) => [base, tax, reverseTax])).toEqual([
      [100_00n, 0n, 20_00n],
    ])
    expect([totals.total, lines[0]?.net]).toEqual([100_00n, 100_00n])
  },
)

test.each(['AE', 'K'])('a sale under %s bears no tax and keeps its group', (category) => {
  const { groups, totals } = calculate(document(`100 tax 20 ${category}`))

  expect(groups.map(({ base, tax, reverseTax }) => [base, tax, reverseTax])).toEqual([
    [100_00n, 0n, 0n],
  ])
  expect(totals.total).toBe(100_00n)
})

test.each([
  [4_17n, 'none', '24.44 4.17 28.61', 77n],
  [4_13n, 'none', '24.44 4.13 28.57', 73n],
  [3_57n, 'tax', '20.87 3.57 24.44', 67n],
] as const)(
  'printed tax %s replaces ours on a bill priced with %s',
  (taxMinor, inside, all, last) => {
    const taxOverrides = [{ groupKey: 'vat0|0.17|S|', taxMinor }]
    const rules = { direction: 'purchase', pricesInclude: inside, taxOverrides } as const
    const calculation = calculate(document('19.99 tax 17 | 4.45 tax 17', rules))

    expect([sums(calculation), calculation.lines[1]?.tax]).toEqual([all, last])
  },
)

test.each([
  ['printed tax too far off', () => overridden(4_18n), 'tax.override_out_of_tolerance'],
  ['zero rated with a rate', () => calculate(document('1 tax 5 Z')), 'tax.category_mismatch'],
  ['exempt without a reason', () => calculate(unreasoned()), 'tax.reason_missing'],
  ['discount above the total', () => discounted(10_01n), 'sales.discount_exceeds_total'],
  ['discount of the wrong sign', () => discounted(-1n), 'sales.discount_exceeds_total'],
  [
    'a line beyond the bound',
    () => calculate(document('10000000000000')),
    'ledger.amount_overflow',
  ],
])('%s is refused', (_name, attempt, code) => {
  expect(attempt).toThrow(code)
})

const overridden = (taxMinor: bigint): Calculation =>
  calculate(
    document('19.99 tax 17 | 4.45 tax 17', {
      direction: 'purchase',
      taxOverrides: [{ groupKey: 'vat0|0.17|S|', taxMinor }],
    }),
  )

const discounted = (amount: bigint): Calculation =>
  calculate(document('10', { documentDiscount: { amount } }))

function unreasoned(): CalculationInput {
  const input = document('1 tax 0 E')
  const taxes = [{ ...toComponent('0 E'), reason: undefined }]
  return { ...input, lines: [{ ...line('1'), taxes }] }
}

const components = record({
  componentId: constantFrom('a', 'b', 'c'),
  percent: integer({ min: 0, max: 30_000 }).map((thousandths) => decimal(BigInt(thousandths), 3)),
  compound: boolean(),
  category: constant('S' as const),
  reason: constant(undefined),
  recoverablePercent: constantFrom(decimal(100n), decimal(40n), decimal(0n)),
})

const lineInputs = record({
  quantity: integer({ min: -5_000, max: 50_000 }).map((units) => decimal(BigInt(units), 2)),
  unitPrice: integer({ min: 0, max: 1_000_000 }).map((units) => decimal(BigInt(units), 3)),
  discount: oneof(
    constant(undefined),
    integer({ min: 0, max: 1_000 }).map((tenths) => ({ percent: decimal(BigInt(tenths), 1) })),
    bigInt({ min: -500n, max: 500n }).map((amount) => ({ amount })),
  ),
  taxes: array(components, { maxLength: 3 }),
})

const inputs = record({
  currency: constantFrom('USD', 'JPY', 'KWD'),
  direction: constantFrom<CalculationInput['direction'][]>('sale', 'purchase'),
  pricesInclude: constantFrom<CalculationInput['pricesInclude'][]>('none', 'tax'),
  rounding: constantFrom<CalculationInput['rounding'][]>('document', 'line'),
  mode: constantFrom<RoundingMode[]>('half_up', 'half_even'),
  lines: array(lineInputs, { minLength: 1, maxLength: 8 }),
  documentDiscount: oneof(constant(undefined), constant({ percent: decimal(125n, 1) })),
  cashIncrement: constantFrom(undefined, 5n),
})

const sum = (parts: readonly bigint[]): bigint => parts.reduce((all, part) => all + part, 0n)

test('lines, groups and totals always agree', () => {
  void check(
    property(inputs, (input) => {
      const { lines, groups, totals } = calculate(input)
      expect(totals.total).toBe(totals.subtotal + totals.tax)
      expect(totals.payable).toBe(totals.total + totals.rounding)
      expect(sum(lines.map(({ tax }) => tax))).toBe(totals.tax)
      expect(sum(groups.map(({ tax }) => tax))).toBe(totals.tax)
      expect(sum(lines.map(({ gross }) => gross))).toBe(totals.total)
      expect(lines.every(({ net, tax, gross }) => net + tax === gross)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('a total with tax inside is the sum of the prices, whatever the taxes', () => {
  void check(
    property(inputs, (input) => {
      const untaxed = { ...input, lines: input.lines.map((each) => ({ ...each, taxes: [] })) }
      const inside = calculate({ ...input, pricesInclude: 'tax' })
      expect(inside.totals.total).toBe(calculate(untaxed).totals.total)
      expect(inside.lines.every(({ listed, discount, gross }) => listed - discount === gross)).toBe(
        true,
      )
    }),
  )
})

test('negating quantities and amount discounts negates every result', () => {
  void check(
    property(inputs, (input) => {
      const [result, mirror] = [calculate(input), calculate(negated(input))]
      expect(Object.values(mirror.totals)).toEqual(Object.values(result.totals).map((m) => -m))
      expect(mirror.lines.map(({ net, tax, listed }) => [net, tax, listed])).toEqual(
        result.lines.map(({ net, tax, listed }) => [-net, -tax, -listed]),
      )
    }),
  )
})

test('the order of lines does not change the totals', () => {
  void check(
    property(inputs, (input) => {
      const turned = calculate({ ...input, lines: input.lines.toReversed() })
      expect(turned.totals).toEqual(calculate(input).totals)
    }),
  )
})

test('rounding by line and by document differ by at most half a unit a line and component', () => {
  void check(
    property(inputs, (input) => {
      const [whole, each] = (['document', 'line'] as const).map(
        (rounding) => calculate({ ...input, rounding }).totals.tax,
      )
      const apart = (whole ?? 0n) - (each ?? 0n)
      const roundings = BigInt(input.lines.flatMap(({ taxes }) => taxes).length)
      expect((apart < 0n ? -apart : apart) <= roundings).toBe(true)
    }),
  )
})

test('every stored number follows from trace and input', () => {
  void check(
    property(inputs, (input) => {
      const { lines, groups, totals, trace } = calculate(input)
      for (const { step, exact, rounded, mode } of trace) {
        const unit = step === 'cash_rounding' ? (input.cashIncrement ?? 1n) : 1n
        if (mode === input.mode || step === 'cash_rounding') {
          const { num, den } = fraction(exact)
          expect(round({ num, den: den * unit }, mode as RoundingMode) * unit).toBe(BigInt(rounded))
        }
      }
      const rounded = (step: string, ref: number | string): readonly bigint[] =>
        trace.filter((each) => each.step === step && each.ref === ref).map((e) => BigInt(e.rounded))
      for (const [i, each] of lines.entries()) {
        const amount = sum(rounded('line_net', i)) - sum(rounded('document_discount', i))
        expect(input.pricesInclude === 'tax' ? each.gross : each.net).toBe(amount)
        expect(each.listed).toBe(rounded('line_discount', i)[0] ?? rounded('line_net', i)[0])
        if (input.pricesInclude === 'none' || input.rounding === 'document') {
          expect(sum(rounded('tax_share', i))).toBe(each.tax)
        }
      }
      for (const { key, tax } of input.pricesInclude === 'none' ? groups : []) {
        expect(sum(rounded('tax_group', key))).toBe(tax)
      }
      const isCashRounded = input.cashIncrement !== undefined
      expect(rounded('cash_rounding', 'document')).toEqual(isCashRounded ? [totals.payable] : [])
    }),
  )
})

/** `2.5` or `1/3`. */
function fraction(text: string): Ratio {
  const [top = '0', den = '1'] = text.split('/')
  const [whole = '0', decimals = ''] = top.split('.')
  return { num: BigInt(whole + decimals), den: BigInt(den) * 10n ** BigInt(decimals.length) }
}

const negated = (input: CalculationInput): CalculationInput => ({
  ...input,
  lines: input.lines.map((each) => ({
    ...each,
    quantity: { units: -each.quantity.units, scale: each.quantity.scale },
    discount:
      each.discount && 'amount' in each.discount
        ? { amount: -each.discount.amount }
        : each.discount,
  })),
})
