import { type Static, Type } from 'typebox'
import { formatDecimal } from '../../kernel/decimal.ts'
import { type Explained, explained } from '../../modules/sales/explained.actions.ts'
import type { Calculation } from '../../modules/tax/calculation.ts'
import type { Call, Reply } from '../http/route.ts'
import { date, nullable, toNumber, toWireDecimal } from './fields.ts'
import { categoryByCode, taxCategory } from './tax-categories.ts'

const JournalLineOut = Type.Object({
  date,
  account_code: Type.String(),
  debit: Type.Number({ description: 'In `currency`' }),
  credit: Type.Number({ description: 'In `currency`' }),
  currency: Type.String(),
  base: Type.Number({ description: 'In the base currency; debits positive, credits negative' }),
})

const CalculationOut = Type.Object({
  subtotal: Type.Number(),
  tax_amount: Type.Number(),
  total: Type.Number(),
  tax_groups: Type.Array(
    Type.Object({
      tax_category: taxCategory,
      tax_rate: Type.Number(),
      taxable_amount: Type.Number(),
      tax_amount: Type.Number(),
    }),
  ),
  trace: Type.Array(
    Type.Object({
      step: Type.String(),
      ref: Type.String({ description: 'Index of an item, key of a tax group, or `document`' }),
      exact: Type.String({ description: 'Before rounding, in minor units' }),
      rounded: Type.String({ description: 'Minor units' }),
      mode: Type.String(),
      note: Type.String(),
    }),
  ),
})

/** What a dry run tells besides the answer: how amounts came about, and what would be posted. */
export const DryRunOut = Type.Object(
  { calculation: nullable(CalculationOut), journal: Type.Array(JournalLineOut) },
  { description: 'Only with `Dry-Run: true`' },
)

type Act<Input, Result extends Readonly<{ id: string }>> = Parameters<
  typeof explained<Input, Result>
>
type Writing<Input, Result extends Readonly<{ id: string }>> = Readonly<{
  kind: Act<Input, Result>[1]
  action: Act<Input, Result>[0]
  input: Input
  answer: (result: Result) => Reply
}>
type Writer = Pick<Call, 'write' | 'headers' | 'business'>

/** Runs an action on a document; a dry run answers with `dry_run` as its last member. */
export function writeDocument<Input, Result extends Readonly<{ id: string }>>(
  call: Writer,
  { kind, action, input, answer }: Writing<Input, Result>,
): Promise<Reply> {
  if (call.headers['dry-run']?.toLowerCase() !== 'true') return call.write(action, input, answer)
  return call.write(explained(action, kind), input, (done) => {
    const reply = answer(done.result)
    const dry_run = toWire(done, call.business().baseCurrency)
    return { ...reply, body: { ...(reply.body as object), dry_run } } // a document is an object
  })
}

const toWire = (
  { calculation, journal }: Explained<unknown>,
  baseCurrency: string,
): Static<typeof DryRunOut> => ({
  calculation: calculation && toCalculation(calculation),
  journal: journal.map(({ accountingDate, accountCode, currency, amount, base }) => ({
    date: accountingDate,
    account_code: accountCode,
    debit: toNumber(amount > 0n ? amount : 0n, currency),
    credit: toNumber(amount < 0n ? -amount : 0n, currency),
    currency,
    base: toNumber(base, baseCurrency),
  })),
})

const toCalculation = ({
  currency,
  totals,
  groups,
  trace,
}: Calculation): Static<typeof CalculationOut> => ({
  subtotal: toNumber(totals.subtotal, currency),
  tax_amount: toNumber(totals.tax, currency),
  total: toNumber(totals.total, currency),
  tax_groups: groups.map(({ category, percent, base, tax }) => ({
    tax_category: categoryByCode[category],
    tax_rate: toWireDecimal(formatDecimal(percent)),
    taxable_amount: toNumber(base, currency),
    tax_amount: toNumber(tax, currency),
  })),
  trace: trace.map((entry) => ({ ...entry, ref: String(entry.ref) })),
})
