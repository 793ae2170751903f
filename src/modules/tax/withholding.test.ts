import { array, bigInt, assert as check, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { decimal } from '../../kernel/decimal.ts'
import { withholdingLeg } from './withholding.ts'

const five = decimal(5n)
const whole = {
  netMinor: 200_000_00n,
  totalMinor: 215_000_00n,
  percent: five,
  mode: 'half_up',
} as const

test.each([
  [0n, 107_500_00n, { base: 100_000_00n, withheld: 5_000_00n, cash: 102_500_00n }],
  [107_500_00n, 107_500_00n, { base: 100_000_00n, withheld: 5_000_00n, cash: 102_500_00n }],
  [0n, 215_000_00n, { base: 200_000_00n, withheld: 10_000_00n, cash: 205_000_00n }],
  [0n, 0n, { base: 0n, withheld: 0n, cash: 0n }],
])('after %s, settling %s withholds on the net alone', (settledBefore, settled, leg) => {
  expect(withholdingLeg({ ...whole, settledBefore, settled })).toEqual(leg)
})

test('the withholding of the parts is the withholding of the whole', () => {
  const partLists = array(bigInt({ min: 1n, max: 10n ** 10n }), { minLength: 1, maxLength: 12 })
  const thousandths = integer({ min: 0, max: 100_000 })
  void check(
    property(partLists, thousandths, bigInt({ min: 0n, max: 100n }), (parts, rate, taxShare) => {
      const totalMinor = parts.reduce((sum, part) => sum + part, 0n)
      const netMinor = (totalMinor * 100n) / (100n + taxShare)
      const percent = decimal(BigInt(rate), 3)
      const document = { netMinor, totalMinor, percent, mode: 'half_up' } as const
      let settledBefore = 0n
      const sums = { base: 0n, withheld: 0n, cash: 0n }
      for (const settled of parts) {
        const leg = withholdingLeg({ ...document, settledBefore, settled })
        settledBefore += settled
        sums.base += leg.base
        sums.withheld += leg.withheld
        sums.cash += leg.cash
      }
      expect(sums).toEqual(withholdingLeg({ ...document, settledBefore: 0n, settled: totalMinor }))
      expect(sums.base).toBe(netMinor)
    }),
  )
})
