import { expect, test } from 'vitest'
import { ratio } from '../../kernel/decimal.ts'
import { exactText } from './calculation-trace.ts'

test.each([
  [ratio(0n), '0'],
  [ratio(10n, 5n), '2'],
  [ratio(-1n, 2n), '-0.5'],
  [ratio(-25n, 10n), '-2.5'],
  [ratio(83096n, 200n), '415.48'],
  [ratio(1n, 10n ** 24n), `0.${'0'.repeat(23)}1`],
  [ratio(1n, 10n ** 25n), `1/1${'0'.repeat(25)}`],
  [ratio(2n, 6n), '1/3'],
  [ratio(-4n, 6n), '-2/3'],
])(
  'an exact value reads as a decimal when it ends, else as a fraction: %o is %s',
  (value, text) => {
    expect(exactText(value)).toBe(text)
  },
)
