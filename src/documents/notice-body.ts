import type { Notice } from '../modules/access/mail-message.ts'
import { languageOf } from './language.ts'
import type { MailBody } from './mail-body.ts'
import { paragraph, toMailHtml } from './mail-frame.ts'
import { markup, own, toVisible } from './markup.ts'

/** What an owner is told: in short, and in paragraphs. */
type Said = Readonly<{ title: string; paragraphs: readonly string[] }>

const words = {
  closing: 'You get this message because you are the owner of {organization}.',
} as const

/**
 * The message that tells the owner of an organization what happened. In English: which language an
 * owner reads is not known.
 * Source: documents specification 7.
 */
export function renderNotice(notice: Notice, organization: string): MailBody {
  const { title, paragraphs } = toSaid(notice)
  const closing = words.closing.replace('{organization}', () => organization)
  const card = markup`<p style="margin:0 0 24px;font-size:14px;font-weight:700;color:#566074">${own(organization)}</p>
<p style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:700">${own(title)}</p>
${paragraphs.map((text) => markup`<p style="${paragraph}">${own(text)}</p>`)}`
  const text = [...paragraphs.map(toVisible), `-- \n${toVisible(closing)}`]
  return {
    subject: toVisible(`${title} – ${organization}`),
    text: `${text.join('\n\n')}\n`,
    html: toMailHtml({ language: languageOf('en'), title: toVisible(title), card, closing }),
  }
}
