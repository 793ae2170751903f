import { isUtf8 } from 'node:buffer'
import { Refusal } from '../../kernel/errors.ts'

/** Deepest nesting of arrays and objects in a body. Source: platform specification 19. */
export const jsonDepthMax = 32

/** Most members of one object, and longest text member in characters. */
export const jsonMembersMax = 1_000
export const jsonTextMax = 100_000

/** A body as it was read; `isClean` says that no text in it holds NUL or half a character. */
export type Json = Readonly<{ value: unknown; isClean: boolean }>

const quote = 34
const backslash = 92
const colon = 58

/**
 * Reads JSON strictly: UTF-8 without a byte order mark, no member twice in one object, at most 32
 * levels, 1,000 members an object and 100,000 characters a text, and no member that could reach a
 * prototype.
 * Refuses: request.malformed_json.
 * Source: platform specification 19.
 */
export function parseJson(bytes: Buffer): Json {
  if (!isUtf8(bytes)) throw malformed(0)
  const text = bytes.toString('utf8')
  const memberCount = countMembers(text)
  const value = parseText(text)
  const walk = { members: 0 }
  visit(value, walk)
  // JSON.parse keeps the last of two members with one name; then there are fewer than were written.
  if (walk.members !== memberCount) throw malformed(0)
  return { value, isClean: !hasSpecialEscape.test(text) }
}

const malformed = (position: number): Refusal => new Refusal('request.malformed_json', { position })

/** Escapes that may make a NUL or a lone surrogate; raw ones do not pass UTF-8 or the grammar. */
const hasSpecialEscape = /\\u(0000|[dD][89a-fA-F])/

/** Colons outside of texts, which is the number of members; refuses a nesting that is too deep. */
function countMembers(text: string): number {
  let members = 0
  let depth = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit === quote) {
      i = endOfText(text, i)
    } else if (unit === colon) {
      members += 1
    } else if (unit === 123 || unit === 91) {
      depth += 1
      if (depth > jsonDepthMax) throw malformed(i)
    } else if (unit === 125 || unit === 93) {
      depth -= 1
    }
  }
  return members
}

/** Position of the quote that ends a text which begins at `start`; the text's end if none does. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end > 0 && text.charCodeAt(end - 1) === backslash) {
    let slashes = 1
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return end < 0 ? text.length : end
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const said = error instanceof Error ? /at position (\d+)/.exec(error.message) : null
    throw malformed(Number(said?.[1] ?? 0))
  }
}

function visit(value: unknown, walk: { members: number }): void {
  if (typeof value === 'string') {
    if (value.length > jsonTextMax) throw malformed(0)
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const member of value) visit(member, walk)
    return
  }
  let count = 0
  for (const name in value) {
    if (name === '__proto__' || name === 'constructor') throw malformed(0)
    count += 1
    visit((value as Record<string, unknown>)[name], walk) // an object of JSON
  }
  if (count > jsonMembersMax) throw malformed(0)
  walk.members += count
}

/**
 * JSON with members sorted by code point and numbers in shortest form, so that equal bodies are
 * equal texts. Source: platform specification 8.
 */
export function toCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${toCanonicalJson(value[name])}`)
  return `{${members.join(',')}}`
}

/** Whether a value of JSON is an object, neither an array nor null. */
export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
