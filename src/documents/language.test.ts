import { expect, test } from 'vitest'
import { asDate } from '../kernel/dates.ts'
import { printLanguages } from '../modules/access/document-options.ts'
import { languageOf, toAmountText, toDateText, toPercentText, toShortNumber } from './language.ts'

test.each([
  ['en', '₦1,250.00', '−€12,345,678.90', '7.5%', '2 June 2026', '1,000.5'],
  [
    'fr',
    '1\u202f250,00\u00a0₦',
    '−12\u202f345\u202f678,90\u00a0€',
    '7,5\u00a0%',
    '2 juin 2026',
    '1\u202f000,5',
  ],
  ['de', '1.250,00\u00a0₦', '−12.345.678,90\u00a0€', '7,5\u00a0%', '2. Juni 2026', '1.000,5'],
  ['es', '1.250,00\u00a0₦', '−12.345.678,90\u00a0€', '7,5\u00a0%', '2 de junio de 2026', '1.000,5'],
  ['pt', '1.250,00\u00a0₦', '−12.345.678,90\u00a0€', '7,5%', '2 de junho de 2026', '1.000,5'],
  ['ar', '₦\u00a01,250.00', '−€\u00a012,345,678.90', '7.5%', '2 يونيو 2026', '1,000.5'],
] as const)('%s writes amounts, percents, dates and numbers its own way', (tag, ...expected) => {
  const language = languageOf(tag)
  expect([
    toAmountText('1250.00', 'NGN', language),
    toAmountText('-12345678.90', 'EUR', language),
    toPercentText('7.5000', language),
    toDateText(asDate('2026-06-02'), language),
    toShortNumber('1000.500', language),
  ]).toEqual(expected)
})

test.each([
  ['1000', 'JPY', '¥1,000'],
  ['1.234', 'KWD', 'KWD\u00a01.234'],
  ['0.00', 'CHF', 'CHF\u00a00.00'],
  ['123456789012345.67', 'USD', '$123,456,789,012,345.67'],
])('%s %s keeps every digit and decimal', (amount, currency, text) => {
  expect(toAmountText(amount, currency, languageOf('en'))).toBe(text)
})

test('every language has twelve months, and a word for every label', () => {
  for (const tag of printLanguages) {
    const { months, labels } = languageOf(tag)
    expect(months).toHaveLength(12)
    expect(Object.entries(labels).filter(([, text]) => text.trim() === '')).toEqual([])
  }
})
