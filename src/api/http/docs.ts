import type { PlanVersion } from '../../modules/plans/limit.ts'
import { errorPages, errorsAsJson } from './error-pages.ts'
import { type Bounds, limitPage } from './limit-page.ts'
import { type Page, style, stylePath, toHtml, toMarkdown } from './page.ts'
import type { Surface } from './surface.ts'

type DocsParts = Readonly<{
  surfaces: readonly Surface[]
  plans: readonly PlanVersion[]
  bounds: Bounds
}>

/** A file of the documentation as it goes over the wire. */
export type Doc = Readonly<{ type: string; content: string }>

/** Every generated page; answers in them come from `origin`. */
export const docPages = (parts: DocsParts, origin: string): readonly Page[] => [
  ...errorPages({ surfaces: parts.surfaces, origin }),
  limitPage(parts),
]

/**
 * What stands at a path below `/docs`: HTML, or Markdown with `.md` behind the path; undefined when
 * nothing does. Pages are made at the first request, for one origin. Source: platform specification 31.
 */
export class Docs {
  readonly #parts: DocsParts
  #pages: ReadonlyMap<string, Page> = new Map()
  #origin: string | undefined

  constructor(parts: DocsParts) {
    this.#parts = parts
  }

  find(path: string, origin: string): Doc | undefined {
    if (path === stylePath) return { type: 'text/css; charset=utf-8', content: style }
    if (path === '/docs/errors.json') {
      return {
        type: 'application/json; charset=utf-8',
        content: JSON.stringify(errorsAsJson(origin)),
      }
    }
    const name = path.replace(/^\/docs\//, '').replace(/\.md$/, '')
    const page = this.#pagesAt(origin).get(name)
    if (page === undefined) return undefined
    return path.endsWith('.md')
      ? { type: 'text/markdown; charset=utf-8', content: toMarkdown(page) }
      : { type: 'text/html; charset=utf-8', content: toHtml(page) }
  }

  #pagesAt(origin: string): ReadonlyMap<string, Page> {
    if (this.#origin !== origin) {
      this.#origin = origin
      this.#pages = new Map(docPages(this.#parts, origin).map((page) => [page.name, page]))
    }
    return this.#pages
  }
}
