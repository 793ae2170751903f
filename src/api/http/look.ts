import { fillTemplate, sentence, type Values, valuesOf } from '../../kernel/error-text.ts'
import type { Refusal } from '../../kernel/errors.ts'
import { catalogue } from '../../kernel/errors.ts'

/** How one surface shows one code. Without `text` the filled sentence is shown. */
export type Look = Readonly<{ status: number; text?: string }>

/** What a renderer must know about the request besides the refusal. */
export type ErrorContext = Readonly<{
  /** The request id, a lower-case uuid. */
  requestId: string
  /** Scheme, host and port under which callers reach us; no slash at the end. */
  origin: string
  /** Whether the caller asked for RFC 9457; decided by `wantsProblem` or `wantsOnlyProblem`. */
  acceptsProblem: boolean
}>

/** A whole answer; `JSON.stringify(body)` has the members in the documented order. */
export type Rendered = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  body: Readonly<Record<string, unknown>>
}>

/** One fault of a request: the member to blame, if one is known, and what is wrong with it. */
export type Fault = Readonly<{ path: string | undefined; message: string }>

/** Most issues that an answer lists. */
export const issuesMax = 50

/** The text a surface shows for a refusal: its own, filled, or the catalogue's sentence. */
export const wordingOf = (refusal: Refusal, look: Look, context: ErrorContext): string =>
  look.text === undefined ? sentence(refusal) : fillText(look.text, valuesOf(refusal), context)

/** Fills a text of a look; `docsUrl` and `correlationId` are the edge's to know. */
export function fillText(text: string, values: Values, context: ErrorContext): string {
  const edge: Values = {
    docsUrl: values['docsUrl'] ?? `${context.origin}/docs/limits`,
    correlationId: context.requestId.replaceAll('-', ''),
  }
  return fillTemplate(text, { ...values, ...edge })
}

/**
 * Headers of every error on every surface: what the code is, where it is explained, and when to
 * come back. Source: platform specification 9.3 and 6.7.
 */
export function errorHeaders(
  refusal: Refusal,
  status: number,
  context: ErrorContext,
): Readonly<Record<string, string>> {
  const allowed = valuesOf(refusal)['allowed']
  const retryAfterSeconds = retryAfterOf(refusal, status)
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Error-Code': refusal.code,
    Link: `<${context.origin}/docs/errors/${refusal.code}>; rel="help"`,
    'X-Request-Id': context.requestId,
    'Cache-Control': 'no-store',
    ...(status === 405 && typeof allowed === 'string' ? { Allow: allowed } : {}),
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  }
}

/**
 * Whole seconds until another attempt can succeed, rounded up, at least 1; undefined when waiting
 * does not help. Every 503 has one, and every refusal that ends by itself.
 */
export function retryAfterOf(refusal: Refusal, status: number): number | undefined {
  const waits = catalogue[refusal.code].retry === 'after' || status === 503
  if (!waits) return undefined
  return Math.max(1, Math.ceil(refusal.retryAfterSeconds ?? 1))
}

/**
 * The single faults inside a refusal, in document order, at most 50. A refusal of one value is one
 * fault at its field, or at `field` when the code itself says which member is meant.
 */
export function faultsOf(refusal: Refusal, field?: string): readonly Fault[] {
  const { issues, fields, items, rows, field: ownField } = valuesOf(refusal)
  if (Array.isArray(issues)) return issues.slice(0, issuesMax)
  if (refusal.code === 'validation.fields_missing' && typeof fields === 'string') {
    return splitFields(fields).map((name) => ({ path: name, message: 'is required' }))
  }
  if (refusal.code === 'validation.choice_exclusive' && typeof fields === 'string') {
    return [{ path: splitFields(fields)[0], message: `must have exactly one of ${fields}` }]
  }
  if (Array.isArray(items) && items.length > 0) return listFaults(items, 'items', refusal)
  if (Array.isArray(rows) && rows.length > 0) return listFaults(rows, 'rows', refusal)
  const path = typeof ownField === 'string' ? ownField : field
  return [{ path, message: sentence(refusal) }]
}

const splitFields = (fields: string): readonly string[] =>
  fields.split(', ').map((name) => name.replace(/ \(.*\)$/, ''))

/** Members of a list parameter: a path, a position, or an object with `path` and `message`. */
function listFaults(list: readonly unknown[], name: string, refusal: Refusal): readonly Fault[] {
  return list.slice(0, issuesMax).map((member) => {
    const own = sentence(refusal)
    if (typeof member === 'string') return { path: member, message: own }
    if (typeof member === 'number') return { path: `${name}[${member}]`, message: own }
    if (!isRecord(member)) return { path: name, message: own }
    const { path, message } = member
    return {
      path: typeof path === 'string' ? path : name,
      message: typeof message === 'string' ? message : own,
    }
  })
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
