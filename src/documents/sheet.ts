import type { BankDetail } from '../modules/access/business.ts'
import type { DocumentInput, PrintedParty } from '../modules/sales/document-input.ts'
import { type Brand, toBrand } from './colour.ts'
import type { Label } from './labels/en.ts'
import {
  fill,
  type Language,
  languageOf,
  toAmountText,
  toDateText,
  toNumberText,
  toPercentText,
  toShortNumber,
} from './language.ts'
import { clean, type Own, own, ownLines, toIbanText } from './text.ts'

/** A label and what stands beside it; figures, codes and addresses run from left to right. */
type Fact = Readonly<{ label: string; value: Own }>
type Block = Readonly<{
  label: string
  name: Own
  lines: readonly Own[]
  facts: readonly Fact[]
  contacts: readonly Fact[]
}>

type Account = Readonly<{ name: Own | null; facts: readonly Fact[] }>

/** What a page shows, every text finished: templates only place it. */
export type Sheet = Readonly<{
  lang: string
  dir: 'ltr' | 'rtl'
  paper: string
  title: string
  author: string
  heading: string
  number: Own | null
  mark: string | null
  test: string | null
  brand: Brand | null
  logo: Readonly<{ path: string; ratio: number; size: LogoSize; alt: string }> | null
  seller: Block
  buyer: Block
  facts: readonly Fact[]
  due: Readonly<{ label: string; value: string }>
  head: Readonly<Record<'description' | 'quantity' | 'price' | 'discount' | 'tax' | 'net', string>>
  /** Which columns the lines have besides description, price and net. */
  columns: Readonly<Record<Hideable, boolean>>
  lines: readonly Readonly<{
    description: readonly Own[]
    quantity: string
    unit: Own | null
    price: string
    discount: string
    tax: string
    net: string
    /** What a hidden column alone would say. */
    more: readonly Fact[]
    carried: string
  }>[]
  /** Said with the net of what came before, on the pages after the first; null: not at all. */
  carried: string | null
  taxHead: readonly string[]
  taxes: readonly (readonly string[])[]
  totals: readonly Readonly<{ label: string; value: string; isStrong: boolean }>[]
  remarks: readonly string[]
  bank: Readonly<{ label: string; accounts: readonly Account[] }> | null
  texts: readonly Readonly<{ label: string; lines: readonly Own[] }>[]
  codes: readonly Readonly<{ path: string; alt: string; label: string }>[]
  signature: string | null
  hasFoldMarks: boolean
  letterheadMm: Readonly<{ top: number; bottom: number }>
  page: string | null
  footer: Readonly<{ columns: readonly (readonly Own[])[]; rows: number }>
}>

type LogoSize = DocumentInput['options']['logoSize']
type Hideable = 'quantity' | 'discount' | 'tax'

const headings = {
  invoice: { heading: 'invoice', to: 'billTo', total: 'total' },
  credit_note: { heading: 'creditNote', to: 'creditTo', total: 'totalCredited' },
  quotation: { heading: 'quotation', to: 'quoteFor', total: 'total' },
} as const satisfies Record<DocumentInput['kind'], Record<'heading' | 'to' | 'total', Label>>

/** Where templates find pictures, below their folder; the ratio is width by height. */
export type PlacedFiles = Readonly<{
  logo: Readonly<{ path: string; ratio: number }> | null
  linkCode: string | null
  paymentCode: string | null
}>

/**
 * Sets a document in its language. Nothing is calculated: every figure of the input is written as
 * it is, with the marks of the language.
 */
export function toSheet(input: DocumentInput, files: PlacedFiles): Sheet {
  const { options } = input
  const language = languageOf(input.language, options.secondLanguage)
  const { labels } = language
  const columns = columnsOf(input)
  const decimals = input.totals.gross.split('.')[1]?.length ?? 0
  const { heading, to } = headings[input.kind]
  const title = input.number === null ? labels[heading] : `${labels[heading]} ${input.number}`
  const sellerName = input.seller.name
  const isAbroad = input.seller.country !== input.buyer.country
  return {
    lang: language.tag,
    dir: language.direction,
    paper: input.paper,
    title: clean(title),
    author: clean(sellerName),
    heading: labels[heading],
    number: input.number === null ? null : own(input.number),
    mark: markOf(input, languageOf(input.language)),
    test: input.environment === 'test' ? labels.test : null,
    brand: options.brandColour === null ? null : toBrand(options.brandColour),
    logo: files.logo && {
      ...{ ...files.logo, size: options.logoSize },
      alt: fill(labels.logoAlt, { name: clean(sellerName) }),
    },
    seller: toBlock(input.seller, { label: labels.from, language, isAbroad }),
    buyer: toBlock(input.buyer, { label: labels[to], language, isAbroad }),
    facts: factsOf(input, language),
    due: dueOf(input, language),
    head: {
      description: labels.description,
      quantity: labels.quantity,
      price: input.pricesIncludeTax ? labels.unitPriceWithTax : labels.unitPrice,
      discount: labels.discount,
      tax: labels.tax,
      net: labels.net,
    },
    columns: columns.shown,
    lines: input.lines.map((line) => toLine(line, { language, decimals, said: columns.said })),
    carried: options.showCarriedTotals ? labels.carried : null,
    taxHead: [labels.taxRate, labels.taxable, labels.taxAmount],
    taxes: input.taxes.map(({ category, percent, taxable, amount }) => [
      category === 'S' ? toPercentText(percent, language) : labels[`tax${category}`],
      toNumberText(taxable, language),
      toNumberText(amount, language),
    ]),
    totals: totalsOf(input, language),
    remarks: remarksOf(input, language),
    bank: bankOf(input, language),
    texts: [
      { label: labels.notes, lines: ownLines(input.notes) },
      { label: labels.terms, lines: ownLines(input.terms) },
    ].filter(({ lines }) => lines.length > 0),
    codes: [
      ...codeOf(files.paymentCode, labels.payByCodeAlt, labels.payByCode),
      ...codeOf(files.linkCode, labels.viewOnlineAlt, labels.viewOnline),
    ],
    signature: options.showSignatureLine ? labels.signature : null,
    hasFoldMarks: options.showFoldMarks && input.paper === 'a4',
    letterheadMm: { top: options.letterheadTopMm, bottom: options.letterheadBottomMm },
    page: options.showPageNumbers ? labels.page : null,
    footer: footerOf(options.footerColumns),
  }
}

const codeOf = (path: string | null, alt: string, label: string): Sheet['codes'] =>
  path === null ? [] : [{ path, alt, label }]

/**
 * The columns of the lines, and of those that are hidden what a line has to say all the same: a
 * discount, a quantity that is not one piece, a tax that is not the same on every line.
 */
function columnsOf({ options, lines, taxes }: DocumentInput) {
  const hasDiscount = lines.some(({ discountPercent }) => !isZero(discountPercent))
  const { showQuantity, showDiscounts, showTax } = options
  return {
    shown: { quantity: showQuantity, discount: showDiscounts && hasDiscount, tax: showTax },
    said: {
      quantity: !showQuantity,
      discount: !showDiscounts && hasDiscount,
      tax: !showTax && taxes.length > 1,
    },
  } satisfies Record<string, Record<Hideable, boolean>>
}

/** Letters of the smallest print that a third of the narrowest page holds. */
const footerWidth = 30

function footerOf(texts: readonly string[]): Sheet['footer'] {
  const columns = texts.map(ownLines).filter((lines) => lines.length > 0)
  const rows = columns.map((lines) =>
    lines.reduce((sum, { t }) => sum + 1 + Math.trunc(t.length / footerWidth), 0),
  )
  return { columns, rows: Math.max(0, ...rows) }
}

const isZero = (text: string): boolean => /^-?0*(\.0*)?$/.test(text)

function markOf({ state }: DocumentInput, { labels }: Language): string | null {
  if (state === 'issued') return null
  return (state === 'draft' ? labels.draft : labels.void).toUpperCase()
}

const figure = (text: string): Own => ({ t: text, d: 'ltr' })

function factsOf(input: DocumentInput, language: Language): readonly Fact[] {
  const { labels } = language
  const { dates, original, currency, baseCurrency, rate } = input
  const date = (value: DocumentInput['dates']['due']): Own | null =>
    value && own(toDateText(value, language))
  const facts: readonly (readonly [string, Own | null])[] = [
    [labels.issueDate, date(dates.issue)],
    [labels.dueDate, date(dates.due)],
    [labels.validUntil, date(dates.validUntil)],
    [
      input.kind === 'credit_note' ? labels.originalInvoice : labels.originalQuotation,
      original && own(`${original.number} · ${toDateText(original.date, language)}`),
    ],
    [labels.purchaseOrder, input.reference === null ? null : own(input.reference)],
    [labels.reason, input.reason === null ? null : own(input.reason)],
    [labels.currency, figure(currency)],
    [
      labels.exchangeRate,
      rate === null
        ? null
        : figure(`1 ${currency} = ${toShortNumber(rate, language)} ${baseCurrency}`),
    ],
  ]
  return facts.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]))
}

function dueOf({ kind, totals, currency }: DocumentInput, language: Language): Sheet['due'] {
  const label = kind === 'invoice' ? 'amountDue' : headings[kind].total
  return { label: language.labels[label], value: toAmountText(totals.gross, currency, language) }
}

/** `said`: what hidden columns leave to say; `decimals`: of the currency. */
type LineSetting = Readonly<{
  language: Language
  decimals: number
  said: Readonly<Record<Hideable, boolean>>
}>

/** A price keeps its digits, and shows at least the decimals of its currency. */
function withDecimals(text: string, decimals: number): string {
  const [whole = '', fraction = ''] = text.split('.')
  return decimals === 0 && fraction === '' ? text : `${whole}.${fraction.padEnd(decimals, '0')}`
}

const toLine = (
  line: DocumentInput['lines'][number],
  { language, decimals, said }: LineSetting,
): Sheet['lines'][number] => ({
  description: ownLines(line.description),
  quantity: toShortNumber(line.quantity, language),
  unit: line.unit === null || line.unit.trim() === '' ? null : own(line.unit),
  price: toNumberText(withDecimals(line.unitPrice, decimals), language),
  discount: isZero(line.discountPercent) ? '' : toPercentText(line.discountPercent, language),
  tax: toPercentText(line.taxPercent, language),
  net: toNumberText(line.net, language),
  more: moreOf(line, language, said),
  carried: toNumberText(line.carried, language),
})

function moreOf(
  line: DocumentInput['lines'][number],
  language: Language,
  said: Readonly<Record<Hideable, boolean>>,
): readonly Fact[] {
  const { labels } = language
  const { quantity, unit, discountPercent, taxPercent } = line
  const isOnePiece = /^1(\.0*)?$/.test(quantity) && (unit ?? '').trim() === ''
  const count = [toShortNumber(quantity, language), unit ?? ''].join(' ').trim()
  return [
    ...(said.quantity && !isOnePiece ? [{ label: labels.quantity, value: own(count) }] : []),
    ...(said.discount && !isZero(discountPercent)
      ? [{ label: labels.discount, value: figure(toPercentText(discountPercent, language)) }]
      : []),
    ...(said.tax
      ? [{ label: labels.tax, value: figure(toPercentText(taxPercent, language)) }]
      : []),
  ]
}

function totalsOf(input: DocumentInput, language: Language): Sheet['totals'] {
  const { totals, currency, baseCurrency, baseTax, kind } = input
  const { labels } = language
  const row = (label: string, value: string, isStrong = false, code = currency) => ({
    ...{ label, isStrong },
    value: toAmountText(value, code, language),
  })
  return [
    row(labels.subtotal, totals.net),
    row(labels.totalTax, totals.tax),
    ...(isZero(totals.rounding) ? [] : [row(labels.rounding, totals.rounding)]),
    row(labels[headings[kind].total], totals.gross, true),
    ...(baseTax === null
      ? []
      : [row(fill(labels.baseTax, { currency: baseCurrency }), baseTax, false, baseCurrency)]),
  ]
}

/** Why no tax was charged, once per reason, and what a discount on everything has done. */
function remarksOf({ taxes, discountPercent }: DocumentInput, language: Language) {
  const { labels } = language
  const reasons = taxes.flatMap(({ category }) =>
    category === 'S' ? [] : [labels[`reason${category}`]],
  )
  const percent = toPercentText(discountPercent, language)
  const discount = isZero(discountPercent) ? [] : [fill(labels.documentDiscount, { percent })]
  return [...discount, ...new Set(reasons)]
}

function bankOf({ kind, bank }: DocumentInput, { labels }: Language): Sheet['bank'] {
  if (kind !== 'invoice' || bank.length === 0) return null
  const members: readonly (readonly [keyof BankDetail, Label])[] = [
    ['name', 'accountName'],
    ['bankName', 'bankName'],
    ['iban', 'iban'],
    ['bic', 'bic'],
    ['accountNumber', 'accountNumber'],
    ['sortCode', 'sortCode'],
  ]
  const accounts = bank.map((account) => ({
    name: bank.length > 1 && account.label !== null ? own(account.label) : null,
    facts: members.flatMap(([member, label]): Fact[] => {
      const value = account[member]
      if (value === null || value.trim() === '') return []
      return [{ label: labels[label], value: own(member === 'iban' ? toIbanText(value) : value) }]
    }),
  }))
  return { label: labels.payment, accounts: accounts.filter(({ facts }) => facts.length > 0) }
}

type Setting = Readonly<{
  label: string
  language: Language
  isAbroad: boolean
}>

function toBlock(party: PrintedParty, { label, language, isAbroad }: Setting): Block {
  const { labels } = language
  const named = (key: Label, value: string | null): readonly Fact[] =>
    value === null || value.trim() === '' ? [] : [{ label: labels[key], value: own(value) }]
  return {
    label,
    name: own(party.name),
    lines: addressLines(party, { language, isAbroad }),
    facts: [
      ...named('taxId', party.taxId),
      ...named('registrationNumber', party.registrationNumber),
    ],
    contacts: [
      ...named('email', party.email),
      ...named('phone', party.phone),
      ...named('website', party.website),
    ],
  }
}

/** Countries that write the city before the postal code. */
const cityFirst: ReadonlySet<string> = new Set('US CA AU NZ GB IE NG GH KE ZA IN'.split(' '))

function addressLines(
  { address, city, state, postalCode, country }: PrintedParty,
  { language, isAbroad }: Pick<Setting, 'language' | 'isAbroad'>,
): readonly Own[] {
  const join = (parts: readonly (string | null)[], by: string): string =>
    parts.filter((part) => part !== null && part.trim() !== '').join(by)
  const place =
    country !== null && cityFirst.has(country)
      ? join([join([city, state === city ? null : state], ', '), postalCode], ' ')
      : join([join([postalCode, city], ' '), state], ', ')
  return [
    ...ownLines(address),
    ...ownLines(place),
    ...(isAbroad && country !== null ? [own(countryName(country, language))] : []),
  ]
}

/** The name of a country in the language; its code where there is none. */
const countryName = (code: string, { tag }: Language): string =>
  new Intl.DisplayNames([tag], { type: 'region', fallback: 'code' }).of(code) ?? code
