import {
  array,
  bigInt,
  boolean,
  assert as check,
  constantFrom,
  integer,
  property,
  record,
} from 'fast-check'
import { expect, test } from 'vitest'
import { type Decimal, decimal, parseDecimal } from '../../kernel/decimal.ts'
import { isRefusal } from '../../kernel/errors.ts'
import {
  type Calculation,
  type CalculationInput,
  calculate,
  type LineInput,
  type TaxComponent,
} from './calculation.ts'
import {
  type CreditCalculation,
  type CreditedLine,
  calculateCredit,
  remainingCredit,
} from './credit.ts'

const dec = (text: string): Decimal => parseDecimal(text, 'value')

const vat = (percent: string, changes: Partial<TaxComponent> = {}): TaxComponent => ({
  componentId: 'vat',
  percent: dec(percent),
  compound: false,
  category: 'S',
  reason: undefined,
  recoverablePercent: decimal(100n),
  ...changes,
})

const line = (quantity: string, unitPrice: string, taxes: readonly TaxComponent[] = []) => ({
  quantity: dec(quantity),
  unitPrice: dec(unitPrice),
  taxes,
})

const invoiced = (
  lines: readonly LineInput[],
  rules: Partial<CalculationInput> = {},
): Calculation =>
  calculate({
    currency: 'USD',
    direction: 'sale',
    pricesInclude: 'none',
    rounding: 'document',
    mode: 'half_up',
    lines,
    ...rules,
  })

/** Each member credits some lines, `rest` all that is left. */
function creditAll(
  invoice: Calculation,
  steps: readonly (readonly CreditedLine[] | 'rest')[],
): readonly CreditCalculation[] {
  const credits: CreditCalculation[] = []
  for (const step of steps) {
    const lines = step === 'rest' ? undefined : step
    credits.push(calculateCredit({ invoice, earlier: [...credits], lines }))
  }
  return credits
}

const one = decimal(1n)
const wholeLines = [0, 1, 2].map((index) => [{ line: index, quantity: one }])

test.each([
  ['10.02', '15', 34_57n, [11_52n, 11_52n, 11_53n]],
  ['3.33', '5', 10_49n, [3_50n, 3_50n, 3_49n]],
])(
  'three lines of %s at %s %, credited one by one, are %s in parts %s',
  (price, rate, all, parts) => {
    const invoice = invoiced([1, 2, 3].map(() => line('1', price, [vat(rate)])))
    const credits = creditAll(invoice, wholeLines)

    expect(invoice.totals.total).toBe(all)
    expect(credits.map(({ totals }) => totals.total)).toEqual(parts)
  },
)

test('units credited in parts add up to the line', () => {
  const invoice = invoiced([line('7', '14.285714286')])
  const steps = ['2', '2', '3'].map((units) => [{ line: 0, quantity: dec(units) }])

  expect(invoice.totals.total).toBe(100_00n)
  expect(creditAll(invoice, steps).map(({ totals }) => totals.total)).toEqual([
    28_57n,
    28_57n,
    42_86n,
  ])
})

test('a credit by amount states the net and bears its own tax', () => {
  const invoice = invoiced([line('1', '100', [vat('7.5')])])
  const [credit] = creditAll(invoice, [[{ line: 0, amount: 33_33n }]])

  expect(credit?.totals).toEqual({
    subtotal: 33_33n,
    tax: 2_50n,
    total: 35_83n,
    rounding: 0n,
    payable: 35_83n,
  })
  expect(remainingCredit(invoice, credit ? [credit] : [])).toEqual({
    subtotal: 66_67n,
    tax: 5_00n,
    payable: 71_67n,
  })
})

test('with tax inside, a credit by amount states the net and one by quantity the price', () => {
  const rules = { pricesInclude: 'tax' } as const
  const invoice = invoiced([line('10', '12', [vat('20')])], rules)
  const [amount, units] = creditAll(invoice, [
    [{ line: 0, amount: 10_00n }],
    [{ line: 0, quantity: one }],
  ])

  expect([amount, units].map((credit) => credit?.totals)).toEqual([
    { subtotal: 10_00n, tax: 2_00n, total: 12_00n, rounding: 0n, payable: 12_00n },
    { subtotal: 10_00n, tax: 2_00n, total: 12_00n, rounding: 0n, payable: 12_00n },
  ])
})

test('cash rounding goes with the last line', () => {
  const lines = [line('1', '6.21'), line('1', '6.22')]
  const invoice = invoiced(lines, { currency: 'CHF', cashIncrement: 5n })
  const [first, last] = creditAll(invoice, [[{ line: 0, quantity: one }], 'rest'])

  expect(invoice.totals.payable).toBe(12_45n)
  expect([first?.totals.payable, last?.totals.payable]).toEqual([6_21n, 6_24n])
})

test('an invoice with a negative line gives back no more than its total', () => {
  const invoice = invoiced([line('1', '100', [vat('10')]), line('-1', '20', [vat('10')])])

  expect(refused(() => creditAll(invoice, [[{ line: 0, quantity: one }]]))).toEqual({
    amount: { minor: 100_00n, currency: 'USD' },
    remaining: { minor: 80_00n, currency: 'USD' },
  })
  expect(creditAll(invoice, ['rest']).map(({ totals }) => totals.total)).toEqual([88_00n])
})

test.each([
  ['more units', [{ line: 0, quantity: dec('8') }], 114_29n, 100_00n],
  ['a larger amount', [{ line: 0, amount: 100_01n }], 100_01n, 100_00n],
  ['a negative amount', [{ line: 0, amount: -1n }], -1n, 100_00n],
])('%s than remain are refused', (_name, lines, amount, remaining) => {
  const invoice = invoiced([line('7', '14.285714286', [vat('5')])])

  expect(refused(() => creditAll(invoice, [lines]))).toEqual({
    amount: { minor: amount, currency: 'USD' },
    remaining: { minor: remaining, currency: 'USD' },
  })
})

test('a fully credited invoice has nothing left to credit', () => {
  const invoice = invoiced([line('1', '100', [vat('5')])])

  expect(refused(() => creditAll(invoice, ['rest', 'rest']))).toEqual({
    amount: { minor: 105_00n, currency: 'USD' },
    remaining: { minor: 0n, currency: 'USD' },
  })
})

const taxChains: readonly (readonly TaxComponent[])[] = [
  [],
  [vat('7.5')],
  [vat('20')],
  [vat('0', { category: 'Z' })],
  [vat('5', { componentId: 'gst' }), vat('9.975', { compound: true })],
  [vat('20', { category: 'AE', reason: 'law' })],
  [vat('10', { recoverablePercent: decimal(40n) }), vat('3', { componentId: 'levy' })],
]

const invoices = record({
  pricesInclude: constantFrom<CalculationInput['pricesInclude'][]>('none', 'tax'),
  rounding: constantFrom<CalculationInput['rounding'][]>('document', 'line'),
  mode: constantFrom<CalculationInput['mode'][]>('half_up', 'half_even'),
  direction: constantFrom<CalculationInput['direction'][]>('sale', 'purchase'),
  cashIncrement: constantFrom(undefined, 5n),
  lines: array(
    record({
      quantity: integer({ min: 0, max: 12 }).map((units) => decimal(BigInt(units))),
      unitPrice: integer({ min: 0, max: 20_000 }).map((units) => decimal(BigInt(units), 3)),
      taxes: constantFrom(...taxChains),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})

const wishes = array(
  record({
    line: integer({ min: 0, max: 4 }),
    isAmount: boolean(),
    part: bigInt({ min: 0n, max: 100n }),
  }),
  { maxLength: 12 },
)

test('credits in random splits sum to the invoice in every line, group and total', () => {
  void check(
    property(invoices, wishes, (rules, split) => {
      const invoice = invoiced(rules.lines, rules)
      const credits: CreditCalculation[] = []
      for (const wish of split) {
        const wanted = creditOf(invoice, credits, wish)
        if (wanted) {
          credits.push(calculateCredit({ invoice, earlier: [...credits], lines: [wanted] }))
          expectWithin(invoice, credits)
        }
      }
      if (!isAllCredited(invoice, credits)) {
        credits.push(calculateCredit({ invoice, earlier: [...credits] }))
      }

      expect(facts(credits.flatMap(({ lines }) => lines.map((each) => [each.line, each])))).toEqual(
        facts(invoice.lines.map((each, index) => [index, each])),
      )
      for (const part of ['subtotal', 'tax', 'total', 'rounding', 'payable'] as const) {
        expect(sum(credits.map(({ totals }) => totals[part]))).toBe(invoice.totals[part])
      }
      for (const { key, base, tax, reverseTax } of invoice.groups) {
        const mine = credits.flatMap(({ groups }) => groups.filter((group) => group.key === key))
        expect([
          sum(mine.map((group) => group.base)),
          sum(mine.map((group) => group.tax)),
          sum(mine.map((group) => group.reverseTax)),
        ]).toEqual([base, tax, reverseTax])
      }
    }),
    { numRuns: 500 },
  )
})

type Wish = Readonly<{ line: number; isAmount: boolean; part: bigint }>

/** A part, in percent, of what is left of a line, or nothing when nothing is left. */
function creditOf(
  invoice: Calculation,
  credits: readonly CreditCalculation[],
  { line: index, isAmount, part }: Wish,
): CreditedLine | undefined {
  const whole = invoice.lines[index]
  const mine = credits.flatMap(({ lines }) => lines.filter((each) => each.line === index))
  const net = (whole?.net ?? 0n) - sum(mine.map((each) => each.net))
  const units = (whole?.quantity.units ?? 0n) - sum(mine.map((each) => each.quantity.units))
  if (isAmount) {
    return net > 0n ? { line: index, amount: (net * part) / 100n } : undefined
  }
  return units > 0n ? { line: index, quantity: decimal((units * part) / 100n) } : undefined
}

function expectWithin(invoice: Calculation, credits: readonly CreditCalculation[]): void {
  const { subtotal, tax } = remainingCredit(invoice, credits)
  expect(subtotal >= 0n && tax >= 0n).toBe(true)
  for (const [index, { net }] of invoice.lines.entries()) {
    const mine = credits.flatMap(({ lines }) => lines.filter((each) => each.line === index))
    expect(sum(mine.map((each) => each.net)) <= net).toBe(true)
  }
}

function isAllCredited(invoice: Calculation, credits: readonly CreditCalculation[]): boolean {
  const attempt = () => calculateCredit({ invoice, earlier: credits })
  return refused(attempt) !== undefined
}

type Fact = Pick<Calculation['lines'][number], 'net' | 'tax' | 'gross' | 'listed' | 'discount'> &
  Pick<Calculation['lines'][number], 'nonRecoverable' | 'taxes'>

/** Sums by line of everything a line holds; lines that hold nothing are left out. */
function facts(lines: readonly (readonly [number, Fact])[]): unknown {
  const sums: bigint[][] = []
  for (const [index, { net, tax, gross, listed, discount, nonRecoverable, taxes }] of lines) {
    const own = [net, tax, gross, listed, discount, nonRecoverable]
    const all = [...own, ...taxes.flatMap((each) => [each.amount, each.reverseAmount])]
    sums[index] = all.map((value, i) => value + (sums[index]?.[i] ?? 0n))
  }
  return [...sums.entries()].filter(([, all = []]) => all.some((value) => value !== 0n))
}

const sum = (parts: readonly bigint[]): bigint => parts.reduce((all, part) => all + part, 0n)

function refused(attempt: () => unknown): unknown {
  try {
    attempt()
    return undefined
  } catch (error) {
    if (isRefusal(error, 'sales.credit_exceeds_remaining')) {
      return error.params
    }
    throw error
  }
}
