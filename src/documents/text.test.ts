import { expect, test } from 'vitest'
import { clean, own, ownLines } from './text.ts'

test.each([
  ['markup stays text', '#panic() $x$ *b* <a> \\', '#panic() $x$ *b* <a> \\'],
  ['an override is taken away', 'exe\u202egnp.txt', 'exegnp.txt'],
  ['isolates and marks are taken away', '\u2066a\u2069\u200f\u061cb', 'ab'],
  ['controls become blanks', 'a\u0000b\u0007c\td', 'a b c d'],
  ['line ends become one kind', 'a\r\nb\rc\u2028d', 'a\nb\nc\nd'],
  ['what no font has is replaced', 'a😀中', 'a\ufffd\ufffd'],
  ['half a pair is replaced', 'a\ud83d', 'a\ufffd'],
  ['accents come composed', 'e\u0301', 'é'],
  ['signs of currencies stay', '₦€£₵₹', '₦€£₵₹'],
  ['Arabic stays', 'فاتورة', 'فاتورة'],
])('%s', (_name, given, expected) => {
  expect(clean(given)).toBe(expected)
})

test('a text keeps the direction of its first letter', () => {
  expect([own('12 Widgets'), own('(فاتورة) 12'), own('12')].map(({ d }) => d)).toEqual([
    'ltr',
    'rtl',
    'ltr',
  ])
})

test('a word that no column can hold may break, and loses no letter', () => {
  const word = 'x'.repeat(200)
  const { t } = own(word)
  expect(t.replaceAll('\u200b', '')).toBe(word)
  expect(Math.max(...t.split('\u200b').map((part) => part.length))).toBeLessThan(10)
})

test('a text without words has no lines', () => {
  expect([ownLines(null), ownLines(' \n ')]).toEqual([[], []])
})
