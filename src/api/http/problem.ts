import { blameOf, sentence, titleOf, toText, valuesOf } from '../../kernel/error-text.ts'
import type { Issue, ParamValue, Refusal } from '../../kernel/errors.ts'
import { catalogue } from '../../kernel/errors.ts'
import { type ErrorContext, errorHeaders, issuesMax, type Rendered, retryAfterOf } from './look.ts'

export const problemType = 'application/problem+json'

/** What the native body would have said; `detail` where a surface documents another text. */
export type ProblemLook = Readonly<{
  status: number
  detail?: string
  surface: Readonly<Record<string, unknown>>
}>

/**
 * A refusal as RFC 9457 says, with the status of the native rendering.
 * Source: platform specification 9.5.
 */
export function renderProblem(
  refusal: Refusal,
  look: ProblemLook,
  context: ErrorContext,
): Rendered {
  const { code } = refusal
  const { number, retry } = catalogue[code]
  const retryAfterSeconds = retryAfterOf(refusal, look.status)
  const issues = issuesOf(refusal)
  const policy = valuesOf(refusal)['policy']
  const body = {
    type: `${context.origin}/docs/errors/${code}`,
    title: titleOf(code),
    status: look.status,
    detail: look.detail ?? sentence(refusal),
    instance: `urn:uuid:${context.requestId}`,
    code,
    number,
    params: paramsOf(refusal, context),
    retry,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    blame: blameOf(code),
    ...(issues.length === 0 ? {} : { errors: issues.map(toProblemIssue) }),
    surface: look.surface,
    ...(look.status === 429 && policy !== undefined
      ? { 'violated-policies': [toText(policy)] }
      : {}),
  }
  const headers = { ...errorHeaders(refusal, look.status, context), 'Content-Type': problemType }
  return { status: look.status, headers, body }
}

/**
 * Whether an Accept header prefers problem+json: it is named, and no named type ranks above it.
 * Wildcards do not count. For Invoicing and Books.
 */
export function wantsProblem(accept: string | undefined): boolean {
  const ranges = parseAccept(accept)
  const wanted = ranges.find((range) => range.type === problemType)
  if (wanted === undefined || wanted.quality <= 0) return false
  return ranges.every((range) => range.type.includes('*') || range.quality <= wanted.quality)
}

/** Whether an Accept header names problem+json and nothing else. For Connect. */
export function wantsOnlyProblem(accept: string | undefined): boolean {
  const ranges = parseAccept(accept)
  return ranges.length === 1 && wantsProblem(accept)
}

type MediaRange = Readonly<{ type: string; quality: number }>

const parseAccept = (accept: string | undefined): readonly MediaRange[] =>
  (accept ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')
    .map(toMediaRange)

function toMediaRange(part: string): MediaRange {
  const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = weight === undefined ? 1 : Number(weight.slice(2))
  return { type, quality: Number.isFinite(quality) ? quality : 0 }
}

const issuesOf = (refusal: Refusal): readonly Issue[] => {
  const { params } = refusal
  return 'issues' in params ? params.issues.slice(0, issuesMax) : []
}

const toProblemIssue = ({ pointer, path, rule, message, fix }: Issue) => ({
  pointer,
  path,
  rule,
  detail: message,
  ...(fix === undefined ? {} : { fix }),
})

/** The declared parameters by bare name; issues have a member of their own. */
function paramsOf(refusal: Refusal, context: ErrorContext): Readonly<Record<string, unknown>> {
  const values = valuesOf(refusal)
  const names: readonly string[] = catalogue[refusal.code].params
  const entries = names
    .filter((name) => name !== 'issues[]')
    .map((name) => name.replace('[]', ''))
    .map((name): readonly [string, unknown] => [name, toWireParam(name, values[name], context)])
    .filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries)
}

function toWireParam(name: string, value: ParamValue, context: ErrorContext): unknown {
  if (name === 'docsUrl') return value ?? `${context.origin}/docs/limits`
  if (typeof value === 'number' || value === undefined || Array.isArray(value)) return value
  return toText(value)
}
