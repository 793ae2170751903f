import { dateIn } from '../kernel/dates.ts'
import type { Notice } from '../modules/access/mail-message.ts'
import { languageOf, toDateText } from './language.ts'
import type { MailBody } from './mail-body.ts'
import { paragraph, toMailHtml } from './mail-frame.ts'
import { markup, own, toVisible } from './markup.ts'

/** In English: which language an owner reads is not known. */
const language = languageOf('en')

/**
 * The message that tells the owner of an organization what happened.
 * Source: documents specification 7.
 */
export function renderNotice(notice: Notice, organization: string): MailBody {
  const { title, sentences } = toSaid(notice)
  const closing = `You get this message because you are the owner of ${organization}.`
  const card = markup`<p style="margin:0 0 24px;font-size:14px;font-weight:700;color:#566074">${own(organization)}</p>
<p style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:700">${own(title)}</p>
${sentences.map((one) => markup`<p style="${paragraph}">${own(one)}</p>`)}`
  const text = [...sentences.map(toVisible), `-- \n${toVisible(closing)}`].join('\n\n')
  return {
    subject: toVisible(`${title} – ${organization}`),
    text: `${text}\n`,
    html: toMailHtml({ language, title: toVisible(title), card, closing }),
  }
}

type Said = Readonly<{ title: string; sentences: readonly string[] }>

function toSaid(notice: Notice): Said {
  switch (notice.purpose) {
    case 'key_expiry':
      return toKeySaid(notice.facts)
    case 'credits_low':
      return toCreditsSaid(notice.facts)
    case 'webhook_trouble':
      return toWebhookSaid(notice.facts)
  }
}

type FactsOf<Purpose extends Notice['purpose']> = Extract<Notice, { purpose: Purpose }>['facts']

const nameBySurface: Readonly<Record<string, string>> = {
  invoicing: 'Invoicing',
  books: 'Books',
  connect: 'Connect',
}

function toKeySaid(facts: FactsOf<'key_expiry'>): Said {
  const { surface, environment, name, shown, days, expiresAt } = facts
  const day = toDateText(dateIn(expiresAt, 'UTC'), language)
  const inDays = days === 1 ? 'within a day' : `in ${days} days`
  return {
    title: `An API key ends ${inDays}`,
    sentences: [
      `The ${environment} key “${name}” (${shown}) of ${nameBySurface[surface] ?? surface} ends on ${day} at ${expiresAt.slice(11, 16)} UTC. Requests with it are refused from then on.`,
      'Rotate it before: the new key works at once, and this one works on for as long as the two overlap.',
    ],
  }
}

function toCreditsSaid({ asset, left, share, isOver }: FactsOf<'credits_low'>): Said {
  const what = asset === 'CALL' ? 'trial calls' : `${asset} of credits`
  const title = isOver ? 'Your credits are used up' : 'Your credits run low'
  const rest = isOver
    ? 'Requests that cost credits are refused until there are new ones.'
    : `That is less than ${share} of what was granted last.`
  return { title, sentences: [`There are ${left} ${what} left. ${rest}`] }
}

function toWebhookSaid({ kind, url }: FactsOf<'webhook_trouble'>): Said {
  switch (kind) {
    case 'disabled':
      return {
        title: 'A webhook endpoint was switched off',
        sentences: [
          `Deliveries to ${url} failed for too long, or the endpoint said that it is gone. Nothing is sent there any more.`,
          'Enable the endpoint once it answers again, and recover what it missed.',
        ],
      }
    case 'given_up':
      return {
        title: 'A webhook event was given up',
        sentences: [
          `An event could not be delivered to ${url}: every attempt has failed. It can be sent again from the log of the endpoint.`,
        ],
      }
    case 'quota':
      return {
        title: 'Webhook events were dropped',
        sentences: [
          `More events waited for ${url} than may wait, because the deliveries of an hour were used up. The newest were dropped; they can be recovered.`,
        ],
      }
  }
}
