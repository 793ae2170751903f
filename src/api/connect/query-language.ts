import { parseInstant } from '../../kernel/dates.ts'
import { formatDecimal, readDecimal } from '../../kernel/decimal.ts'
import { isRefusal, Refusal } from '../../kernel/errors.ts'
import {
  type Comparison,
  type Filter,
  findProperty,
  isAllowed,
  type Operator,
  type Order,
  type Properties,
  type PropertyKind,
} from '../../modules/sync/filter.ts'

/** The decoded text must be shorter. */
export const queryLengthMax = 2_048
export const termsMax = 50
export const depthMax = 8

/** What a list can be asked for, and its name in refusals. */
export type Vocabulary = Readonly<{ entity: string; properties: Properties }>

/** A comparison as it was written; `position` is where its term starts. */
export type Term = Readonly<{ path: string; operator: Operator; value: string; position: number }>

export type Query = Term | Readonly<{ all: readonly Query[] }> | Readonly<{ any: readonly Query[] }>

const operatorPattern = /!=|>=|<=|=|~|>|</g
const pathPattern = /^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$/
const anyOperator = /[=~<>]/

/**
 * Reads the value of `query` into a filter over the properties of a list; empty text is no filter.
 *
 * Refuses, in this order: request.query_invalid (too long), request.query_language_malformed,
 * request.query_invalid (too many terms, braces too deep), then per term
 * request.query_property_unknown, request.query_invalid (operator not for this kind of property),
 * request.query_language_malformed (value not of the property's kind).
 * Source: Connect specification 8.3 and 8.4.
 */
export function parseQuery(text: string, { entity, properties }: Vocabulary): Filter | undefined {
  const query = readQuery(text, 'query')
  return query && toFilter(query, (term) => toComparison(term, entity, properties))
}

/**
 * Reads the value of `tags`: the same grammar over the names of tags, which compare as text.
 * Refuses: as `parseQuery`, without unknown properties.
 * Source: Connect specification 8.4.
 */
export function parseTagQuery(text: string): Filter | undefined {
  const query = readQuery(text, 'tags')
  return query && toFilter(query, (term) => toTagComparison(term))
}

/**
 * Reads the value of `orderBy`: a path, with `-` in front for descending order.
 * Refuses: request.order_by_unknown.
 * Source: Connect specification 8.2.
 */
export function parseOrder(text: string, { entity, properties }: Vocabulary): Order | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  const isDescending = trimmed.startsWith('-')
  const property = isDescending ? trimmed.slice(1).trim() : trimmed
  const found = findProperty(properties, property)
  if (found === undefined) throw new Refusal('request.order_by_unknown', { entity, property })
  return { ...found, isDescending }
}

/**
 * The grammar alone: what was written, without regard to what the paths mean.
 * Refuses: as `parseQuery`, up to the terms.
 */
export function readQuery(text: string, parameter: string): Query | undefined {
  const decoded = decodeAgain(text).trim()
  if (decoded === '') return undefined
  if (decoded.length >= queryLengthMax) {
    const reason = `it must be shorter than ${queryLengthMax} characters`
    throw new Refusal('request.query_invalid', { parameter, reason })
  }
  const reader = new Reader(decoded, parameter)
  const query = reader.readAny(0)
  if (!reader.isAtEnd()) throw malformed(reader.position)
  return query
}

/** A documented example is encoded twice: a text without any operator is decoded once more. */
function decodeAgain(text: string): string {
  if (anyOperator.test(text) || !text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed(0)
  }
}

/** A recursive descent over one text. */
class Reader {
  position = 0
  private terms = 0
  private readonly text: string
  private readonly parameter: string

  constructor(text: string, parameter: string) {
    this.text = text
    this.parameter = parameter
  }

  isAtEnd(): boolean {
    return this.position === this.text.length
  }

  readAny(depth: number): Query {
    if (depth > depthMax) throw this.tooMuch(`braces may nest ${depthMax} deep`)
    const parts = [this.readAll(depth)]
    while (this.skip('||')) parts.push(this.readAll(depth))
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : { any: parts }
  }

  private readAll(depth: number): Query {
    const parts = [this.readTerm(depth)]
    while (this.skip('&&')) parts.push(this.readTerm(depth))
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : { all: parts }
  }

  private readTerm(depth: number): Query {
    if (this.skip('{')) {
      const inner = this.readAny(depth + 1)
      if (!this.skip('}')) throw malformed(this.position)
      return inner
    }
    this.terms += 1
    if (this.terms > termsMax) throw this.tooMuch(`it may have ${termsMax} terms`)
    return this.readComparison()
  }

  private readComparison(): Term {
    const start = this.position
    operatorPattern.lastIndex = start
    const found = operatorPattern.exec(this.text)
    const end = this.endOfText(start)
    if (found === null || found.index >= end) throw malformed(start)
    const path = this.text.slice(start, found.index).trim()
    if (path === '') throw malformed(start)
    this.position = found.index + found[0].length
    // The pattern above knows exactly the operators.
    const operator = found[0] as Operator
    return { path, operator, value: this.readValue(), position: start }
  }

  private readValue(): string {
    this.skipBlanks()
    const start = this.position
    if (this.text[start] === '"') {
      const close = this.text.indexOf('"', start + 1)
      if (close < 0) throw malformed(start)
      this.position = close + 1
      this.skipBlanks()
      const value = this.text.slice(start + 1, close)
      if (value === '' || this.endOfText(this.position) !== this.position) throw malformed(start)
      return value
    }
    const end = this.endOfText(start)
    this.position = end
    const value = this.text.slice(start, end).trim()
    if (value === '') throw malformed(start)
    return value
  }

  /** Where unquoted text ends: at `&&`, `||`, `}` or the end. */
  private endOfText(from: number): number {
    const ends = ['&&', '||', '}'].map((mark) => this.text.indexOf(mark, from))
    return Math.min(...ends.filter((end) => end >= 0), this.text.length)
  }

  private skip(mark: string): boolean {
    this.skipBlanks()
    if (!this.text.startsWith(mark, this.position)) return false
    this.position += mark.length
    this.skipBlanks()
    return true
  }

  private skipBlanks(): void {
    while (/\s/.test(this.text[this.position] ?? '')) this.position += 1
  }

  private tooMuch(reason: string): Refusal {
    return new Refusal('request.query_invalid', { parameter: this.parameter, reason })
  }
}

function toFilter(query: Query, toTerm: (term: Term) => Comparison): Filter {
  if ('all' in query) return { all: query.all.map((part) => toFilter(part, toTerm)) }
  if ('any' in query) return { any: query.any.map((part) => toFilter(part, toTerm)) }
  return toTerm(query)
}

function toComparison(term: Term, entity: string, properties: Properties): Comparison {
  const { path: property, operator } = term
  if (!pathPattern.test(property)) throw malformed(term.position)
  const found = findProperty(properties, property)
  if (found === undefined) {
    throw new Refusal('request.query_property_unknown', { property, entity })
  }
  const { path, kind } = found
  requireAllowed(kind, operator, property, 'query')
  return { path, kind, operator, value: toValue(kind, term) }
}

function toTagComparison({ path, operator, value }: Term): Comparison {
  requireAllowed('text', operator, path, 'tags')
  return { path, kind: 'text', operator, value }
}

function requireAllowed(
  kind: PropertyKind,
  operator: Operator,
  property: string,
  parameter: string,
): void {
  if (isAllowed(kind, operator)) return
  const reason = `${property} cannot be compared with ${operator}`
  throw new Refusal('request.query_invalid', { parameter, reason })
}

/** The value as the property's kind writes it. */
function toValue(kind: PropertyKind, { value, position }: Term): string {
  switch (kind) {
    case 'number':
      return toNumberText(value, position)
    case 'date':
      return toInstantText(value, position)
    case 'boolean': {
      const folded = value.toLowerCase()
      if (folded !== 'true' && folded !== 'false') throw malformed(position)
      return folded
    }
    case 'text':
    case 'choice':
    case 'id':
      return value
  }
}

function toNumberText(value: string, position: number): string {
  const read = readDecimal(value)
  if (typeof read === 'string') throw malformed(position)
  return formatDecimal(read)
}

/** A date alone is its midnight and a moment without zone is one in UTC. */
function toInstantText(value: string, position: number): string {
  const moment = /^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T00:00` : value
  const zoned = /(z|[+-]\d{2}:\d{2})$/i.test(moment.slice(10)) ? moment : `${moment}Z`
  try {
    return parseInstant(zoned)
  } catch (error) {
    if (isRefusal(error)) throw malformed(position)
    throw error
  }
}

const malformed = (position: number): Refusal =>
  new Refusal('request.query_language_malformed', { position })
