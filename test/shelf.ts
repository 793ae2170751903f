import { isJsonObject } from '../src/api/http/json.ts'

const idsMax = 40

/** Ids that answers have shown, by the path of their collection and by the name of their member. */
export class Shelf {
  readonly #byPath = new Map<string, string[]>()
  readonly #byName = new Map<string, string[]>()
  readonly #isBanned: (id: string) => boolean

  /** `isBanned`: what is not to be kept. */
  constructor(isBanned: (id: string) => boolean = () => false) {
    this.#isBanned = isBanned
  }

  /** Keeps the ids of an answer of this path; ids inside of a thing with an id are not the path's. */
  keep(path: string, body: unknown, isInside = false): void {
    if (Array.isArray(body)) for (const row of body.slice(0, 20)) this.keep(path, row, isInside)
    if (!isJsonObject(body)) return
    const own = Object.hasOwn(body, 'id')
      ? 'id'
      : Object.keys(body).find((name) => /id$/i.test(name) && !/request/i.test(name))
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'object') this.keep(path, value, isInside || own !== undefined)
      else if (typeof value === 'string' && /(id|code)$/i.test(name) && !this.#isBanned(value)) {
        push(this.#byName, toPlain(name), value)
        if (name === own && !isInside) push(this.#byPath, path, value)
      }
    }
  }

  /** Ids that answers of this very path have shown. */
  idsOf(path: string): readonly string[] {
    return this.#byPath.get(path) ?? []
  }

  /** Ids of members of this name, and of any name where there are none. */
  idsNamed(name: string): readonly string[] {
    return this.#byName.get(toPlain(name)) ?? this.#byName.get('id') ?? []
  }
}

const toPlain = (name: string): string => name.toLowerCase().replaceAll('_', '')

function push(shelf: Map<string, string[]>, name: string, value: string): void {
  const ids = shelf.get(name) ?? []
  if (!ids.includes(value)) ids.push(value)
  shelf.set(name, ids.slice(-idsMax))
}
