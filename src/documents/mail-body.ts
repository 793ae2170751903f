import type { DocumentPurpose, MailFacts } from '../modules/access/mail-message.ts'
import { fill, toAmountText, toDateText } from './language.ts'
import { paragraph, toMailHtml } from './mail-frame.ts'
import { ltr, markup, nothing, own, toVisible } from './markup.ts'
import { chooseLanguage, wordsOf } from './page-words.ts'

export type MailInput = Readonly<{
  purpose: DocumentPurpose
  facts: MailFacts
  isTest: boolean
  /** Address of the document's page. */
  url: string
}>

/** A message without its head: the same in text and in HTML. */
export type MailBody = Readonly<{ subject: string; text: string; html: string }>

/**
 * The message that brings a document to a customer. The HTML has everything in it: no picture and
 * nothing else is loaded from anywhere, and it reads well in the dark.
 * Source: documents specification 7.
 */
export function renderMail({ purpose, facts, isTest, url }: MailInput): MailBody {
  const language = chooseLanguage(facts.language, undefined)
  const words = wordsOf(language)
  const { seller, buyer, number, message, currency, dueDate } = facts
  const isInvoice = purpose === 'invoice'
  const amount = toAmountText(facts.amount, currency, language)
  const date = dueDate === null ? undefined : toDateText(dueDate, language)
  const due = date && fill(isInvoice ? words.dueOn : words.holdsUntil, { date })
  const title = toVisible(`${isInvoice ? words.invoice : words.quotation} ${number}`)
  const hello = fill(words.hello, { name: buyer })
  const sentence = fill(isInvoice ? words.sentInvoice : words.sentQuotation, {
    ...{ seller, number, amount },
  })
  const view = isInvoice ? words.viewInvoice : words.viewQuotation
  const closing = fill(words.onBehalf, { seller })
  const added = message === null ? undefined : toVisible(message).trim()
  const test = isTest ? words.test : undefined
  const text = [
    ...[test, toVisible(hello), toVisible(sentence), due, added],
    `${view}:\n${url}`,
    `-- \n${toVisible(closing)}`,
  ]
  const card = markup`${test === undefined ? nothing : markup`<p style="${paragraph};font-weight:700;color:#7a4a00">${test}</p>`}
<p style="margin:0 0 24px;font-size:14px;font-weight:700;color:#566074">${own(seller)}</p>
<p style="${paragraph}">${own(hello)}</p>
<p style="${paragraph}">${own(sentence)}</p>
${added === undefined ? nothing : markup`<p style="${paragraph};white-space:pre-line">${own(added)}</p>`}
<p style="margin:24px 0 0;font-size:14px;color:#566074">${title}</p>
<p style="margin:0;font-size:32px;line-height:1.3;font-weight:700">${ltr(amount)}</p>
<p style="margin:0 0 24px;font-size:14px;color:#566074">${due ?? ''}</p>
<p style="margin:0 0 24px"><a href="${url}" style="display:inline-block;padding:12px 24px;border-radius:10px;background:#1f4fd1;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">${view}</a></p>
<p style="margin:0;font-size:12px;line-height:1.5;color:#566074;word-break:break-all"><a href="${url}" style="color:#566074">${url}</a></p>`
  return {
    subject: toVisible(
      facts.subject ?? [title, seller, due ? `${amount} ${inner(due)}` : amount].join(' – '),
    ),
    text: `${text.filter((part) => part !== undefined && part !== '').join('\n\n')}\n`,
    html: toMailHtml({ language, title, card, closing }),
  }
}

/** A sentence as it goes on within another. */
const inner = (sentence: string): string =>
  `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`
