import type { CalendarDate } from '../kernel/dates.ts'
import { dayOf, monthOf, yearOf } from '../kernel/dates.ts'
import type { PrintLanguage } from '../modules/access/document-options.ts'
import { arabic } from './labels/ar.ts'
import { german } from './labels/de.ts'
import { english, type Label, type Labels } from './labels/en.ts'
import { spanish } from './labels/es.ts'
import { french } from './labels/fr.ts'
import { portuguese } from './labels/pt.ts'

/** How one language writes: its words, numbers and dates. A table of our own, so that bytes stay. */
export type Language = Readonly<{
  tag: PrintLanguage
  labels: Labels
  direction: 'ltr' | 'rtl'
  group: string
  decimal: string
  /** Between a number and its percent sign. */
  percentGap: string
  currency: 'before' | 'spaced' | 'after'
  months: readonly string[]
  /** `{d}`, `{m}` and `{y}` stand for day, name of the month and year. */
  date: string
}>

const [gap, thinGap] = ['\u00a0', '\u202f']
const split = (names: string): readonly string[] => names.split(' ')

const languages: Readonly<Record<PrintLanguage, Omit<Language, 'tag'>>> = {
  en: {
    labels: english,
    direction: 'ltr',
    ...{ group: ',', decimal: '.', percentGap: '', currency: 'before' },
    months: split(
      'January February March April May June July August September October November December',
    ),
    date: '{d} {m} {y}',
  },
  fr: {
    labels: french,
    direction: 'ltr',
    ...{ group: thinGap, decimal: ',', percentGap: gap, currency: 'after' },
    months: split(
      'janvier février mars avril mai juin juillet août septembre octobre novembre décembre',
    ),
    date: '{d} {m} {y}',
  },
  de: {
    labels: german,
    direction: 'ltr',
    ...{ group: '.', decimal: ',', percentGap: gap, currency: 'after' },
    months: split(
      'Januar Februar März April Mai Juni Juli August September Oktober November Dezember',
    ),
    date: '{d}. {m} {y}',
  },
  es: {
    labels: spanish,
    direction: 'ltr',
    ...{ group: '.', decimal: ',', percentGap: gap, currency: 'after' },
    months: split(
      'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
    ),
    date: '{d} de {m} de {y}',
  },
  pt: {
    labels: portuguese,
    direction: 'ltr',
    ...{ group: '.', decimal: ',', percentGap: '', currency: 'after' },
    months: split(
      'janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro',
    ),
    date: '{d} de {m} de {y}',
  },
  ar: {
    labels: arabic,
    direction: 'rtl',
    ...{ group: ',', decimal: '.', percentGap: '', currency: 'spaced' },
    months: split('يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر'),
    date: '{d} {m} {y}',
  },
}

/** A language; with a second one, each label stands in both. Numbers and dates keep to the first. */
export function languageOf(tag: PrintLanguage, second: PrintLanguage | null = null): Language {
  const first = { tag, ...languages[tag] }
  if (second === null || second === tag) return first
  const others = Object.entries(languages[second].labels)
  const pairs = others.map(([name, other]) => {
    const own = first.labels[name as Label] // every language has the same labels
    return [name, own === other ? own : `${own} / ${other}`] as const
  })
  return { ...first, labels: Object.fromEntries(pairs) as Labels } // the names of one of them
}

/** Signs that stand for a currency; the others are written as their code. */
const signs: Readonly<Record<string, string>> = {
  NGN: '₦',
  EUR: '€',
  GBP: '£',
  USD: '$',
  JPY: '¥',
  INR: '₹',
  GHS: '₵',
  KRW: '₩',
  ILS: '₪',
  TRY: '₺',
  UAH: '₴',
  VND: '₫',
  PHP: '₱',
  BRL: 'R$',
}

/** A decimal text with the marks of the language; every digit stays. */
export function toNumberText(text: string, { group, decimal }: Language): string {
  const [, sign = '', whole = '', fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group)
  const rest = fraction === undefined ? '' : `${decimal}${fraction}`
  return `${sign === '' ? '' : '\u2212'}${grouped}${rest}`
}

/** A number without the zeros that end its decimals. */
export const toShortNumber = (text: string, language: Language): string =>
  toNumberText(text.includes('.') ? text.replace(/\.?0+$/, '') : text, language)

export const toPercentText = (text: string, language: Language): string =>
  `${toShortNumber(text, language)}${language.percentGap}%`

/** An amount with its currency, the sign of the number first. */
export function toAmountText(text: string, currency: string, language: Language): string {
  const number = toNumberText(text.replace(/^-/, ''), language)
  const sign = signs[currency] ?? currency
  const minus = text.startsWith('-') ? '\u2212' : ''
  if (language.currency === 'after') return `${minus}${number}${gap}${sign}`
  const isTight = language.currency === 'before' && sign !== currency
  return `${minus}${sign}${isTight ? '' : gap}${number}`
}

export const toDateText = (date: CalendarDate, { date: pattern, months }: Language): string =>
  pattern
    .replace('{d}', `${dayOf(date)}`)
    .replace('{m}', months[monthOf(date) - 1] ?? '')
    .replace('{y}', `${yearOf(date)}`)

/** A label with its places filled; what stands in for a place is taken as it is. */
export const fill = (label: string, values: Readonly<Record<string, string>>): string =>
  label.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place)
