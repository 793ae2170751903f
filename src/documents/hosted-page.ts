import type { CalendarDate } from '../kernel/dates.ts'
import { toDecimalText } from '../kernel/money.ts'
import type { HostedDocument, HostedParty, HostedStatus } from '../modules/sales/hosted-document.ts'
import {
  fill,
  type Language,
  toAmountText,
  toDateText,
  toPercentText,
  toShortNumber,
} from './language.ts'
import { type Html, ltr, markup, nothing, own, toVisible } from './markup.ts'
import { languageNames, type PageWords, wordsOf } from './page-words.ts'
import { toIbanText } from './text.ts'

/** Where the style sheet of hosted pages is served. */
export const pageStylePath = '/i/style.css'

/** What a page says because of what its reader just did. */
export type PageNotice = 'conflict' | 'nameMissing'

export type HostedPageInput = Readonly<{
  document: HostedDocument
  language: Language
  /** Path of the page, `/i/<token>`. */
  path: string
  /** Of the decision, in the time zone of the business. */
  decidedOn: CalendarDate | null
  notice?: PageNotice | undefined
  /** What the form held when it was refused. */
  answer?: Readonly<{ name: string; note: string }> | undefined
}>

/** Most that an answer's name and note may have. */
export const answerBounds = { nameMax: 200, noteMax: 2_000 } as const

/** The page of an issued document for its customer: whole without a script. */
export function renderHostedPage(input: HostedPageInput): string {
  const { document, language } = input
  const scene: Scene = { ...input, words: wordsOf(language) }
  const { words } = scene
  return shell(language, {
    title: `${titleOf(document, words)} ${document.number} · ${document.seller.name}`,
    top: markup`<p class="seller">${own(document.seller.name)}</p>${languageMenu(scene)}`,
    body: markup`${document.isTest ? markup`<p class="test">${words.test}</p>` : nothing}
${noticeOf(scene)}
${hero(scene)}
${answerForm(scene)}
${parties(scene)}
${items(scene)}
${payment(scene)}
${texts(scene)}`,
    foot: contact(scene),
  })
}

/** A page that says one thing: that there is nothing here, or not now. */
export const renderMessagePage = (
  language: Language,
  { title, text }: Readonly<{ title: string; text: string }>,
): string =>
  shell(language, {
    title,
    top: nothing,
    body: markup`<section class="card message"><h1>${title}</h1><p>${text}</p></section>`,
    foot: nothing,
  })

type Scene = HostedPageInput & Readonly<{ words: PageWords }>

type Parts = Readonly<{ title: string; top: Html; body: Html; foot: Html }>

const shell = (language: Language, { title, top, body, foot }: Parts): string =>
  markup`<!doctype html>
<html lang="${language.tag}" dir="${language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${toVisible(title)}</title>
<link rel="stylesheet" href="${pageStylePath}">
</head>
<body>
<a class="skip" href="#document">${wordsOf(language).skip}</a>
${top === nothing ? nothing : markup`<header class="top">${top}</header>`}
<main id="document" tabindex="-1">
${body}
</main>
${foot === nothing ? nothing : markup`<footer>${foot}</footer>`}
</body>
</html>
`.html

function languageMenu({ language, path, words }: Scene): Html {
  const links = Object.entries(languageNames).map(([tag, name]) =>
    tag === language.tag
      ? markup`<li><span aria-current="true" lang="${tag}">${name}</span></li>`
      : markup`<li><a href="${path}?lang=${tag}" hreflang="${tag}" lang="${tag}">${name}</a></li>`,
  )
  return markup`<nav aria-label="${words.language}"><details class="languages">
<summary>${languageNames[language.tag]}</summary><ul>${links}</ul></details></nav>`
}

const titleOf = ({ kind }: HostedDocument, words: PageWords): string =>
  kind === 'invoice' ? words.invoice : words.quotation

function amount({ document, language }: Scene, minor: bigint): Html {
  const { currency } = document
  return ltr(toAmountText(toDecimalText({ minor, currency }), currency, language))
}

const day = ({ language }: Scene, date: CalendarDate): string => toDateText(date, language)

type Shown = Readonly<{ tone: string; text: string }>

const statusWord: Readonly<Record<HostedStatus, keyof PageWords>> = {
  sent: 'open',
  overdue: 'overdue',
  paid: 'paidStatus',
  cancelled: 'cancelled',
  accepted: 'accepted',
  rejected: 'rejected',
  expired: 'expired',
  converted: 'converted',
}

function statusOf({ document, words }: Scene): Shown {
  const { status, kind, paid, credited } = document
  if (status === 'sent' && kind === 'quotation') return { tone: 'sent', text: words.waiting }
  const isPartly = status === 'sent' && paid + credited > 0n
  return { tone: status, text: isPartly ? words.partlyPaid : words[statusWord[status]] }
}

/** What went wrong with an answer, or why nothing is asked of the reader. */
function noticeOf(scene: Scene): Html {
  const { notice, words } = scene
  if (notice !== undefined) {
    return markup`<p class="notice overdue" role="alert">${words[notice]}</p>`
  }
  const text = stateText(scene)
  if (text === undefined) return nothing
  return markup`<p class="notice ${statusOf(scene).tone}">${text}</p>`
}

function stateText(scene: Scene): string | undefined {
  const { document, words, decidedOn } = scene
  const { kind, status, dueDate } = document
  const date = decidedOn === null ? undefined : day(scene, decidedOn)
  switch (status) {
    case 'paid':
      return words.settled
    case 'cancelled':
      return kind === 'invoice' ? words.invoiceCancelled : words.quotationCancelled
    case 'accepted':
      return date === undefined ? words.isAccepted : fill(words.acceptedOn, { date })
    case 'rejected':
      return date === undefined ? words.isRejected : fill(words.rejectedOn, { date })
    case 'converted':
      return words.isConverted
    case 'expired':
      return dueDate === null ? undefined : fill(words.isExpired, { date: day(scene, dueDate) })
    case 'sent':
    case 'overdue':
      return undefined
  }
}

/** What a customer asks first: how much, until when, and what it is. */
function hero(scene: Scene): Html {
  const { document, words, path, language } = scene
  const { kind, number, total, due, status } = document
  const { tone, text } = statusOf(scene)
  const isOwed = kind === 'invoice' && status !== 'cancelled'
  const struck = status === 'cancelled' ? 'amount struck' : 'amount'
  return markup`<section class="card hero" aria-labelledby="title">
<div class="sum">
<p class="label">${isOwed ? words.amountDue : words.total}</p>
<p class="${struck}">${amount(scene, isOwed ? due : total)}</p>
${dueLine(scene)}
</div>
<div class="what">
<h1 id="title">${titleOf(document, words)} ${ltr(number)}</h1>
<p><span class="pill ${tone}">${text}</span></p>
<p><a class="button quiet" href="${path}/pdf?lang=${language.tag}">${words.download}</a></p>
</div>
</section>`
}

function dueLine(scene: Scene): Html {
  const { document, words } = scene
  const { kind, dueDate, status } = document
  if (status !== 'sent' && status !== 'overdue') return nothing
  if (dueDate === null) {
    return kind === 'invoice' ? markup`<p class="date">${words.noDueDate}</p>` : nothing
  }
  const due = status === 'overdue' ? words.wasDueOn : words.dueOn
  const sentence = kind === 'quotation' ? words.holdsUntil : due
  return markup`<p class="date">${fill(sentence, { date: day(scene, dueDate) })}</p>`
}

function parties(scene: Scene): Html {
  const { document, words } = scene
  const { seller, buyer, issueDate, dueDate, reference, kind } = document
  const isInvoice = kind === 'invoice'
  const until = isInvoice ? words.dueDate : words.validUntil
  return markup`<section class="card parties">
${party(scene, words.from, seller)}
${party(scene, isInvoice ? words.billTo : words.quoteFor, buyer)}
<dl>
${fact(words.issueDate, day(scene, issueDate))}
${dueDate === null ? nothing : fact(until, day(scene, dueDate))}
${reference === null ? nothing : fact(words.purchaseOrder, reference)}
</dl>
</section>`
}

function party({ words, language }: Scene, label: string, of: HostedParty): Html {
  const { address, city, state, postalCode, country, name, taxId } = of
  const town = [postalCode, city].filter((part) => part !== null).join(' ')
  const land = country === null ? null : toCountryName(country, language)
  const region = [state, land].filter((part) => part !== null).join(', ')
  const lines = [...(address ?? '').split('\n'), town, region].filter((line) => line.trim() !== '')
  return markup`<div>
<h2>${label}</h2>
<p class="address"><strong>${own(name)}</strong>${lines.map((line) => markup`<br>${own(line)}`)}</p>
${taxId === null ? nothing : markup`<p class="muted">${words.taxId} ${ltr(taxId)}</p>`}
</div>`
}

/** The name of a country where it is known, else its code. */
const toCountryName = (code: string, { tag }: Language): string =>
  /^[A-Z]{2}$/.test(code)
    ? (new Intl.DisplayNames([tag], { type: 'region' }).of(code) ?? code)
    : code

const fact = (label: string, value: string): Html =>
  markup`<div><dt>${label}</dt><dd>${own(value)}</dd></div>`

/** Roles are said because narrow pages lay rows out as blocks, which some readers then lose. */
function items(scene: Scene): Html {
  const { document, words } = scene
  const { description, quantity, unitPrice, tax, net } = words
  const heads = [description, quantity, unitPrice, tax, net].map(
    (head) => markup`<th role="columnheader" scope="col">${head}</th>`,
  )
  return markup`<section class="card items" aria-labelledby="items">
<h2 id="items">${words.items}</h2>
<table role="table">
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
${document.lines.map((line) => itemRow(scene, line))}
</tbody>
</table>
${totals(scene)}
${reasons(scene)}
</section>`
}

function itemRow(scene: Scene, line: HostedDocument['lines'][number]): Html {
  const { words, language } = scene
  const { description, quantity, unit, discountPercent, taxPercent, net } = line
  const percent = (text: string): Html => ltr(toPercentText(text, language))
  const discount = /^0(\.0+)?$/.test(discountPercent)
    ? nothing
    : markup`<span class="muted"> · ${words.discount} ${percent(discountPercent)}</span>`
  return markup`<tr role="row">
<th role="rowheader" scope="row">${own(description)}</th>
<td role="cell" class="quantity">${ltr(toShortNumber(quantity, language))}${unit === null ? nothing : markup` ${own(unit)}`}</td>
<td role="cell" class="price"><span class="narrow" aria-hidden="true">× </span>${unitPriceOf(scene, line.unitPrice)}${discount}</td>
<td role="cell" class="rate"><span class="narrow">${words.tax} </span>${percent(taxPercent)}</td>
<td role="cell" class="net">${amount(scene, net)}</td>
</tr>
`
}

/** A price keeps the decimals it was given with, and has at least those of the currency. */
function unitPriceOf({ document, language }: Scene, price: string): Html {
  const { currency } = document
  const decimals = toDecimalText({ minor: 0n, currency }).slice(2).length
  const [whole = '0', fraction = ''] = price.split('.')
  const padded = fraction.padEnd(decimals, '0')
  return ltr(toAmountText(padded === '' ? whole : `${whole}.${padded}`, currency, language))
}

function totals(scene: Scene): Html {
  const { document, words, language } = scene
  const { kind, status, taxes, subtotal, total, paid, credited, due } = document
  const rows: { label: Html; value: bigint; isStrong?: boolean }[] = [
    { label: markup`${words.subtotal}`, value: subtotal },
  ]
  for (const { percent, category, net, tax } of taxes) {
    const rate = ltr(toPercentText(percent, language))
    const name = words[`tax${category}`]
    if (tax === 0n && category === 'Z') continue
    const of =
      taxes.length > 1 ? markup` <span class="muted">(${amount(scene, net)})</span>` : nothing
    rows.push({ label: markup`${name} ${rate}${of}`, value: tax })
  }
  rows.push({ label: markup`${words.total}`, value: total, isStrong: kind === 'quotation' })
  const isOwed = kind === 'invoice' && status !== 'cancelled'
  if (isOwed && paid !== 0n) rows.push({ label: markup`${words.paid}`, value: -paid })
  if (isOwed && credited !== 0n) rows.push({ label: markup`${words.credited}`, value: -credited })
  if (isOwed) rows.push({ label: markup`${words.amountDue}`, value: due, isStrong: true })
  return markup`<dl class="totals">
${rows.map(
  ({
    label,
    value,
    isStrong,
  }) => markup`<div class="${isStrong === true ? 'strong' : ''}"><dt>${label}</dt><dd>${amount(scene, value)}</dd></div>
`,
)}</dl>`
}

/** Why no tax was charged, once per reason. */
const reasons = ({ document, words }: Scene): readonly Html[] =>
  [...new Set(document.taxes.map(({ category }) => category))].flatMap((category) =>
    category === 'S' ? [] : [markup`<p class="muted reason">${words[`reason${category}`]}</p>`],
  )

/** Where to pay; nothing when there is nothing to pay. */
function payment({ document, words }: Scene): Html {
  const { kind, due, seller, number, status } = document
  if (kind !== 'invoice' || due === 0n || status === 'cancelled') return nothing
  if (seller.bankDetails.length === 0) return nothing
  const accounts = seller.bankDetails.map((bank) => {
    const facts = [
      [words.accountName, bank.name],
      [words.bankName, bank.bankName],
      [words.accountNumber, bank.accountNumber],
      [words.sortCode, bank.sortCode],
      [words.iban, bank.iban && toIbanText(bank.iban)],
      [words.bic, bank.bic],
      [words.reference, number],
    ] as const
    const head = bank.label === null ? nothing : markup`<h3>${own(bank.label)}</h3>`
    return markup`<div>${head}<dl>${facts.map(([label, value]) => (value === null ? nothing : fact(label, value)))}</dl></div>
`
  })
  return markup`<section class="card payment" aria-labelledby="payment">
<h2 id="payment">${words.payment}</h2>
${accounts}</section>`
}

function texts({ document, words }: Scene): Html {
  const { notes, terms } = document
  const blocks = (
    [
      [words.notes, notes],
      [words.terms, terms],
    ] as const
  ).flatMap(([label, text]) =>
    text === null || text.trim() === ''
      ? []
      : [
          markup`<div><h2>${label}</h2><p class="text">${own(text)}</p></div>
`,
        ],
  )
  return blocks.length === 0
    ? nothing
    : markup`<section class="card texts">
${blocks}</section>`
}

/** Accepts or declines a quotation that waits; two buttons of one form, by their own addresses. */
function answerForm({ document, words, path, answer, notice, language }: Scene): Html {
  const { kind, status } = document
  if (kind !== 'quotation' || status !== 'sent') return nothing
  const { nameMax, noteMax } = answerBounds
  const [name, note] = [answer?.name ?? '', answer?.note ?? '']
  const isMissing = notice === 'nameMissing'
  const error = isMissing
    ? markup`<p class="error" id="name-error">${words.nameMissing}</p>`
    : nothing
  const invalid = isMissing ? markup` aria-invalid="true" aria-describedby="name-error"` : nothing
  return markup`<section class="card answer" aria-labelledby="answer">
<h2 id="answer">${words.yourAnswer}</h2>
<form method="post" action="${path}/accept?lang=${language.tag}">
<div class="field"><label for="name">${words.yourName}</label>
<input id="name" name="name" autocomplete="name" required maxlength="${String(nameMax)}" value="${name}" dir="auto"${invalid}>${error}</div>
<div class="field"><label for="note">${words.yourNote}</label>
<textarea id="note" name="note" rows="2" maxlength="${String(noteMax)}" dir="auto">${note}</textarea></div>
<div class="buttons">
<button class="button">${words.accept}</button>
<button class="button quiet" formaction="${path}/reject?lang=${language.tag}">${words.reject}</button>
</div>
</form>
</section>`
}

function contact({ document, words }: Scene): Html {
  const { name, email, phone, website, registrationNumber } = document.seller
  const isLink = website !== null && /^https?:\/\//i.test(website)
  const parts = [
    own(name),
    email === null ? nothing : markup`<a href="mailto:${email}">${ltr(email)}</a>`,
    phone === null ? nothing : ltr(phone),
    isLink ? markup`<a href="${website}" rel="noreferrer">${ltr(website)}</a>` : nothing,
    registrationNumber === null
      ? nothing
      : markup`${words.registrationNumber} ${ltr(registrationNumber)}`,
  ].filter((part) => part !== nothing)
  return markup`<ul>${parts.map((part) => markup`<li>${part}</li>`)}</ul>`
}
