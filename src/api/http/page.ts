/*
 * Pages of the documentation, written once and rendered twice: as Markdown, which is committed, and
 * as HTML without scripts. A text may hold `code` between backticks and nothing else.
 */

/** A link to another page of the documentation, by its name below `/docs`. */
export type PageLink = Readonly<{ text: string; to: string }>

export type Block =
  | Readonly<{ kind: 'heading' | 'text' | 'quote'; text: string }>
  | Readonly<{ kind: 'list'; items: readonly string[] }>
  | Readonly<{ kind: 'links'; links: readonly PageLink[] }>
  | Readonly<{ kind: 'code'; language: string; text: string }>
  | Readonly<{ kind: 'table'; header: readonly string[]; rows: readonly (readonly string[])[] }>

/** `name` is the path below `/docs`, such as `errors/ledger.period_closed`. */
export type Page = Readonly<{ name: string; title: string; blocks: readonly Block[] }>

/** A file of the documentation as it goes over the wire; `headers` come on top of those of all. */
export type Doc = Readonly<{
  type: string
  content: string | Buffer
  headers?: Readonly<Record<string, string>>
}>

/** Where the style sheet of all pages is served. */
export const stylePath = '/docs/style.css'

export const style = `:root { color-scheme: light dark; font: 1rem/1.55 system-ui, sans-serif }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem }
h1 { font-size: 1.7rem; line-height: 1.2 }
h2 { font-size: 1.2rem; margin-top: 2rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8886; border-radius: .4rem }
blockquote { margin: 1rem 0; padding: .2rem 1rem; border-left: .3rem solid #8886 }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { text-align: start; padding: .3rem .7rem; border-bottom: 1px solid #8886; vertical-align: top }
`

/** The page as Markdown; `mark` is its first line. Links lead to files beside it. */
export function toMarkdown({ name, title, blocks }: Page, mark?: string): string {
  const parts = blocks.map((block) => blockToMarkdown(block, name))
  return `${[...(mark === undefined ? [] : [mark]), `# ${title}`, ...parts].join('\n\n')}\n`
}

/** The page as a whole HTML document. */
export function toHtml({ title, blocks }: Page): string {
  const body = blocks.map(blockToHtml).join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Tallystick</title>
<link rel="stylesheet" href="${stylePath}">
</head>
<body>
<nav><a href="/docs">Tallystick</a> · <a href="/docs/invoicing">Invoicing</a> · <a href="/docs/books">Books</a> · <a href="/docs/connect">Connect</a> · <a href="/docs/errors">Errors</a> · <a href="/docs/limits">Limits</a></nav>
<main>
<h1>${inline(title)}</h1>
${body}
</main>
</body>
</html>
`
}

function blockToMarkdown(block: Block, name: string): string {
  switch (block.kind) {
    case 'heading':
      return `## ${block.text}`
    case 'text':
      return block.text
    case 'quote':
      return `> ${block.text}`
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n')
    case 'links':
      return block.links.map(({ text, to }) => `- [${text}](${relative(name, to)}.md)`).join('\n')
    case 'code':
      return `\`\`\`${block.language}\n${block.text}\n\`\`\``
    case 'table': {
      const lines = [block.header, block.header.map(() => '---'), ...block.rows]
      return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
    }
  }
}

/** From the folder of one page to another page. */
function relative(from: string, to: string): string {
  const up = from.split('/').length - 1
  const folder = from.slice(0, from.lastIndexOf('/') + 1)
  return folder !== '' && to.startsWith(folder)
    ? to.slice(folder.length)
    : `${'../'.repeat(up)}${to}`
}

function blockToHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${inline(block.text)}</h2>`
    case 'text':
      return `<p>${inline(block.text)}</p>`
    case 'quote':
      return `<blockquote>${inline(block.text)}</blockquote>`
    case 'list':
      return toHtmlList(block.items.map(inline))
    case 'links':
      return toHtmlList(
        block.links.map(({ text, to }) => `<a href="/docs/${to}">${inline(text)}</a>`),
      )
    case 'code':
      return `<pre><code>${escapeHtml(block.text)}</code></pre>`
    case 'table': {
      const toRow = (cells: readonly string[], tag: string): string =>
        `<tr>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join('')}</tr>`
      const rows = block.rows.map((cells) => toRow(cells, 'td'))
      return `<table>\n${[toRow(block.header, 'th'), ...rows].join('\n')}\n</table>`
    }
  }
}

const toHtmlList = (items: readonly string[]): string =>
  `<ul>\n${items.map((item) => `<li>${item}</li>`).join('\n')}\n</ul>`

const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const inline = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')
