import type { PlanVersion } from '../../modules/plans/limit.ts'
import { errorPages, errorsAsJson } from './error-pages.ts'
import { type Bounds, limitPage } from './limit-page.ts'
import { type Doc, type Page, style, stylePath, toHtml, toMarkdown } from './page.ts'
import { findReference } from './reference.ts'
import type { Surface } from './surface.ts'

type DocsParts = Readonly<{
  surfaces: readonly Surface[]
  plans: readonly PlanVersion[]
  bounds: Bounds
}>

type SiteParts = DocsParts &
  Readonly<{
    version: string
    /** The script that draws the references, packed by gzip. */
    readScript: () => Buffer
  }>

/** How a page is asked for: the address it answers from, and the packing a caller takes. */
type Asked = Readonly<{ origin: string; takesGzip: boolean }>

const htmlType = 'text/html; charset=utf-8'

/** Every generated page; answers in them come from `origin`. */
export const docPages = (parts: DocsParts, origin: string): readonly Page[] => [
  ...errorPages({ surfaces: parts.surfaces, origin }),
  limitPage(parts),
]

/** What there is to read. */
const frontPage: Page = {
  name: '',
  title: 'Tallystick',
  blocks: [
    { kind: 'text', text: 'Three APIs over one ledger. Each has its reference:' },
    {
      kind: 'links',
      links: [
        { text: 'Invoicing', to: 'invoicing' },
        { text: 'Books', to: 'books' },
        { text: 'Connect', to: 'connect' },
      ],
    },
    { kind: 'text', text: 'What holds for all of them:' },
    {
      kind: 'links',
      links: [
        { text: 'Errors', to: 'errors' },
        { text: 'Limits', to: 'limits' },
      ],
    },
  ],
}

/**
 * What stands at a path below `/docs`: HTML, or Markdown with `.md` behind the path; undefined when
 * nothing does. Pages are made at the first request, for one origin. Source: platform specification 31.
 */
export class Docs {
  readonly #parts: SiteParts
  #pages: ReadonlyMap<string, Page> = new Map()
  #origin: string | undefined

  constructor(parts: SiteParts) {
    this.#parts = parts
  }

  find(path: string, { origin, takesGzip }: Asked): Doc | undefined {
    if (path === '/docs') return { type: htmlType, content: toHtml(frontPage) }
    if (path === stylePath) return { type: 'text/css; charset=utf-8', content: style }
    if (path === '/docs/errors.json') {
      return {
        type: 'application/json; charset=utf-8',
        content: JSON.stringify(errorsAsJson(origin)),
      }
    }
    const reference = findReference(path, { ...this.#parts, origin, takesGzip })
    if (reference !== undefined) return reference
    const name = path.replace(/^\/docs\//, '').replace(/\.md$/, '')
    const page = this.#pagesAt(origin).get(name)
    if (page === undefined) return undefined
    return path.endsWith('.md')
      ? { type: 'text/markdown; charset=utf-8', content: toMarkdown(page) }
      : { type: htmlType, content: toHtml(page) }
  }

  #pagesAt(origin: string): ReadonlyMap<string, Page> {
    if (this.#origin !== origin) {
      this.#origin = origin
      this.#pages = new Map(docPages(this.#parts, origin).map((page) => [page.name, page]))
    }
    return this.#pages
  }
}
