import { decodePart } from './query.ts'
import type { RouteRecord } from './route.ts'

/** What a path leads to: its operations by method, and the texts of its parameters. */
export type Found = Readonly<{
  routeByMethod: ReadonlyMap<string, RouteRecord>
  params: Readonly<Record<string, string>>
}>

type Node = {
  readonly literals: Map<string, Node>
  parameter: Node | undefined
  readonly routeByMethod: Map<string, RouteRecord>
  names: readonly string[]
}

const noParams: Readonly<Record<string, string>> = Object.freeze({})

/** Finds the operations of a path below a mount. Literal segments win over parameters. */
export class Router {
  readonly #root = newNode()
  readonly #foundByPath = new Map<string, Found>()
  readonly #ignoresCase: boolean

  constructor(routes: readonly RouteRecord[], options: Readonly<{ ignoresCase: boolean }>) {
    this.#ignoresCase = options.ignoresCase
    for (const record of routes) this.#add(record)
  }

  /** The operations at `path`, which begins with a slash; undefined when there are none. */
  find(path: string): Found | undefined {
    const known = this.#foundByPath.get(path)
    if (known !== undefined) return known
    const values: string[] = []
    const node = this.#descend(this.#root, segmentsOf(path, this.#ignoresCase), 0, values)
    if (node === undefined) return undefined
    const entries = node.names.map((name, i): [string, string] => [name, values[i] ?? ''])
    return { routeByMethod: node.routeByMethod, params: Object.fromEntries(entries) }
  }

  #add(record: RouteRecord): void {
    let node = this.#root
    const names: string[] = []
    for (const segment of segmentsOf(record.path, false)) {
      if (segment.startsWith('{')) {
        names.push(segment.slice(1, -1))
        node.parameter ??= newNode()
        node = node.parameter
      } else {
        const literal = this.#ignoresCase ? segment.toLowerCase() : segment
        const next = node.literals.get(literal) ?? newNode()
        node.literals.set(literal, next)
        node = next
      }
    }
    node.names = names
    node.routeByMethod.set(record.method, record)
    if (record.method === 'GET') node.routeByMethod.set('HEAD', record)
    if (names.length === 0) {
      this.#foundByPath.set(record.path, { routeByMethod: node.routeByMethod, params: noParams })
    }
  }

  #descend(
    node: Node,
    segments: readonly string[],
    depth: number,
    values: string[],
  ): Node | undefined {
    const segment = segments[depth]
    if (segment === undefined) return node.routeByMethod.size > 0 ? node : undefined
    const literal = node.literals.get(this.#ignoresCase ? segment.toLowerCase() : segment)
    if (literal !== undefined) {
      const below = this.#descend(literal, segments, depth + 1, values)
      if (below !== undefined) return below
    }
    if (node.parameter === undefined || segment === '') return undefined
    const mark = values.length
    values.push(decodePart(segment))
    const found = this.#descend(node.parameter, segments, depth + 1, values)
    if (found === undefined) values.length = mark
    return found
  }
}

const newNode = (): Node => ({
  literals: new Map(),
  parameter: undefined,
  routeByMethod: new Map(),
  names: [],
})

function segmentsOf(path: string, dropsTrailingSlash: boolean): readonly string[] {
  const end = dropsTrailingSlash && path.length > 1 && path.endsWith('/') ? -1 : undefined
  return path.slice(1, end).split('/')
}
