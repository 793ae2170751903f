import { expect, test } from 'vitest'
import type { Cell } from './csv.ts'
import { toCsv } from './csv.ts'

test.each<readonly [string, Cell, string]>([
  ['a plain text', 'Rent', 'Rent'],
  ['a comma and quotes', 'Rent, "old"', '"Rent, ""old"""'],
  ['two lines', 'Rent\nold', '"Rent\nold"'],
  ['a formula', '=1+1', "'=1+1"],
  ['a formula that begins with a plus', '+1', "'+1"],
  ['a formula that begins with a minus', '-1', "'-1"],
  ['a function of another program', '@SUM(A1)', "'@SUM(A1)"],
  ['a tab before a formula', '\t=1', "'\t=1"],
  ['a line end before a formula', '\r=1', '"\'\r=1"'],
  ['a formula with quotes', '=HYPERLINK("http://a")', '"\'=HYPERLINK(""http://a"")"'],
  ['an amount below zero', { minor: -123_456n, currency: 'NGN' }, '-1234.56'],
  ['an amount in a currency with three decimals', { minor: 1n, currency: 'KWD' }, '0.001'],
  ['a figure', -12.5, '-12.5'],
  ['nothing', null, ''],
])('%s is written so that it is read as it was', (_name, cell, field) => {
  expect(toCsv([['a', cell]])).toBe(`a,${field}\r\n`)
})
