import { assert } from '../../kernel/assert.ts'
import {
  type Decimal,
  multiplyRatios,
  type Ratio,
  type RoundingMode,
  ratio,
  round,
  toRatio,
} from '../../kernel/decimal.ts'

/**
 * A settlement of a document from which tax is withheld. Amounts are minor units of the document's
 * currency; `totalMinor` and `netMinor` are those of the whole document, `settledBefore` is what
 * earlier settlements took off its open item, `settled` is what this one takes.
 */
export type WithheldSettlement = Readonly<{
  netMinor: bigint
  totalMinor: bigint
  settledBefore: bigint
  settled: bigint
  percent: Decimal
  mode: RoundingMode
}>

/** `withheld + cash = settled`; the certificate shows `base`, `withheld` and `base - withheld`. */
export type WithholdingLeg = Readonly<{ base: bigint; withheld: bigint; cash: bigint }>

/**
 * The part of a settlement that the payer keeps back as tax. It is counted on the net of the
 * document, never on its tax, and cumulatively: part payments add up to the withholding of the
 * whole. Revenue, tax base, tax and total of the document do not change.
 * Refuses: nothing; a document with total zero has no settlement.
 * Source: ledger specification 3.9.
 *
 * Example: net 200,000.00, total 215,000.00, 5 %; settling 107,500.00 withholds 5,000.00.
 */
export function withholdingLeg(settlement: WithheldSettlement): WithholdingLeg {
  const { settledBefore, settled, percent } = settlement
  const after = settledBefore + settled
  const rate = toRatio(percent, -2)
  const one = ratio(1n)
  const withheld = share(settlement, after, rate) - share(settlement, settledBefore, rate)
  const base = share(settlement, after, one) - share(settlement, settledBefore, one)
  return { base, withheld, cash: settled - withheld }
}

/** So much of the net as belongs to a settled amount, times a rate, rounded once. */
function share(
  { netMinor, totalMinor, mode }: WithheldSettlement,
  settled: bigint,
  rate: Ratio,
): bigint {
  assert(totalMinor !== 0n, 'a document without total has no settlement')
  return round(multiplyRatios(ratio(netMinor * settled, totalMinor), rate), mode)
}
