import { addDecimals, type Decimal, parseDecimal, zero } from '../../kernel/decimal.ts'
import type { Calculation, CalculationRules, LineInput, TaxCategory } from './calculation.ts'
import { calculate, type TaxOverride } from './calculation.ts'

/** A line of a document as it is asked for; numbers are exact decimals as text. */
export type LineDraft = Readonly<{
  description: string
  quantity: string
  unitPrice: string
  discountPercent?: string | undefined
  /** Absent: no tax. */
  taxPercent?: string | undefined
  /** Absent: standard where there is tax, else zero rated. */
  taxCategory?: TaxCategory | undefined
  taxReason?: string | undefined
  /** Purchases: how much of the tax comes back, 100 when absent. */
  recoverablePercent?: string | undefined
  productId?: string | null | undefined
  accountCode?: string | null | undefined
  unit?: string | null | undefined
}>

/** What a calculation needs besides its lines. */
export type DraftRules = CalculationRules &
  Readonly<{
    discountPercent: string
    /** Purchases: the supplier's printed tax in place of ours. */
    printedTax?: bigint | undefined
  }>

/**
 * Calculates a document from its draft lines.
 * Refuses: what `calculate` refuses.
 */
export function calculateDraft(lines: readonly LineDraft[], rules: DraftRules): Calculation {
  const { discountPercent, printedTax, ...calculation } = rules
  const discount = parseDecimal(discountPercent, 'discount')
  const input = {
    ...calculation,
    lines: lines.map(toLineInput),
    ...(discount.units !== 0n && { documentDiscount: { percent: discount } }),
  }
  const computed = calculate(input)
  if (printedTax === undefined) return computed
  return calculate({ ...input, taxOverrides: overridesOf(computed, printedTax) })
}

/** The category a line is taxed under. */
export const categoryOf = ({ taxCategory, taxPercent }: LineDraft): TaxCategory =>
  taxCategory ?? (parseDecimal(taxPercent ?? '0', 'tax_rate').units > 0n ? 'S' : 'Z')

const hundred: Decimal = addDecimals(zero, { units: 100n, scale: 0 })

function toLineInput(line: LineDraft, index: number): LineInput {
  const name = (member: string): string => `items[${index}].${member}`
  const percent = parseDecimal(line.taxPercent ?? '0', name('tax_rate'))
  const discount = parseDecimal(line.discountPercent ?? '0', name('discount_rate'))
  const category = categoryOf(line)
  const recoverable = line.recoverablePercent
  return {
    quantity: parseDecimal(line.quantity, name('quantity')),
    unitPrice: parseDecimal(line.unitPrice, name('unit_price')),
    ...(discount.units !== 0n && { discount: { percent: discount } }),
    taxes: [
      {
        componentId: 'sales_tax',
        percent,
        compound: false,
        category,
        reason: line.taxReason ?? defaultReason[category],
        recoverablePercent:
          recoverable === undefined ? hundred : parseDecimal(recoverable, name('recoverable')),
      },
    ],
  }
}

/** What a document says when a category needs a reason and none was given. */
const defaultReason: Readonly<Partial<Record<TaxCategory, string>>> = {
  E: 'Exempt from tax',
  AE: 'Reverse charge: the customer owes the tax',
  K: 'Intra-community supply',
  G: 'Export',
  O: 'Outside the scope of tax',
}

/** A printed total of tax put on the one group that has tax; with several, on the largest. */
function overridesOf({ groups }: Calculation, printedTax: bigint): readonly TaxOverride[] {
  const [first] = groups
  if (first === undefined) return []
  const largest = groups.reduce((most, group) => (group.tax > most.tax ? group : most), first)
  const others = groups.reduce((sum, { key, tax }) => (key === largest.key ? sum : sum + tax), 0n)
  return [{ groupKey: largest.key, taxMinor: printedTax - others }]
}
