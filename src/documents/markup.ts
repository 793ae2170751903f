/** A piece of HTML: every text in it is escaped. */
export type Html = Readonly<{ html: string }>

type Part = Html | string | readonly Html[]

/** HTML with texts in its places; a text is escaped, a piece of HTML is taken as it is. */
export const markup = (pieces: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: pieces.reduce((html, piece, i) => `${html}${toHtml(parts[i - 1] ?? '')}${piece}`),
})

/** Nothing at all. */
export const nothing: Html = { html: '' }

/** Somebody's own text, in its own direction and without what would reorder its neighbours. */
export const own = (text: string): Html => markup`<bdi>${toVisible(text)}</bdi>`

/** A number, an amount or a code: from left to right in every language. */
export const ltr = (text: string): Html => markup`<bdi dir="ltr">${toVisible(text)}</bdi>`

function toHtml(part: Part): string {
  if (typeof part === 'string') return escapeHtml(part)
  return 'html' in part ? part.html : part.map(({ html }) => html).join('')
}

const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** Without control characters, and without marks that turn the order of what is read. */
export const toVisible = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu, '')
    .replace(/(?!\n)\p{Cc}/gu, ' ')
