import { Ajv, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import type { RouteRecord } from '../src/api/http/route.ts'
import { Validators } from '../src/api/http/shape.ts'
import type { Sent } from '../src/api/http/visit.ts'

const problemsMax = 20

/**
 * Holds every answer against the record of its route: the status is declared, the body fits the
 * schema of that status, and a refusal names a code that the route declares.
 * Source: proof specification 2.4.
 */
export class AnswerBook {
  readonly #validators = new Validators()
  readonly #validateBySchema = new Map<TSchema, ValidateFunction>()
  #problems = new Set<string>()

  /** What is wrong with an answer is kept until `takeProblems`. */
  readonly look = (sent: Sent): void => {
    const { route } = sent
    const found = sent.status < 400 ? this.#ofSuccess(sent, route) : problemsOfRefusal(sent)
    if (this.#problems.size >= problemsMax) return
    for (const problem of found) {
      this.#problems.add(`${route?.operation ?? `${sent.method} ${sent.path}`}: ${problem}`)
    }
  }

  /** The problems since the last time, each once. */
  takeProblems(): readonly string[] {
    const problems = [...this.#problems]
    this.#problems = new Set()
    return problems
  }

  /** What a body breaks of a schema; nothing when it fits. */
  compare(schema: TSchema, body: unknown): readonly string[] {
    let validate = this.#validateBySchema.get(schema)
    if (validate === undefined) {
      validate = this.#validators.compile(schema)
      this.#validateBySchema.set(schema, validate)
    }
    return validate(body) ? [] : [new Ajv().errorsText(validate.errors ?? null)]
  }

  #ofSuccess(sent: Sent, route: RouteRecord | undefined): readonly string[] {
    if (route === undefined) return []
    const { status, headers, content } = sent
    // A dry run shows what would have been answered.
    const isDry = headers['Dry-Run'] === 'true'
    const schema = isDry ? Object.values(route.answers)[0] : route.answers[status]
    if (schema === undefined) return [`undeclared status ${status}`]
    const text = content === undefined ? '' : String(content)
    if (schema === null) return text === '' ? [] : [`a body with status ${status}`]
    const { answerTypes } = route
    if (answerTypes !== undefined) {
      const type = headers['Content-Type'] ?? ''
      return answerTypes.includes(type) ? [] : [`content type ${type}`]
    }
    if (route.otherTypes?.includes(headers['Content-Type'] ?? '') === true) return []
    if (!isJsonType(headers)) return [`content type ${headers['Content-Type']}`]
    return this.compare(schema, JSON.parse(text)).map((problem) => `${status}: ${problem}`)
  }
}

const isJsonType = (headers: Sent['headers']): boolean =>
  /^application\/(problem\+)?json(;|$)/.test(headers['Content-Type'] ?? '')

function problemsOfRefusal({ route, status, headers, content }: Sent): readonly string[] {
  const code = headers['Error-Code']
  if (code === undefined) return route === undefined ? [] : [`status ${status} without a code`]
  const problems: string[] = []
  if (!isJsonType(headers)) problems.push(`content type ${headers['Content-Type']} with ${code}`)
  if (content === undefined || !String(content).startsWith('{'))
    problems.push(`${code} has no body`)
  const isAskedFor = headers['Simulated'] === 'true'
  if (route !== undefined && !isAskedFor && !route.errors.some((declared) => declared === code)) {
    problems.push(`undeclared code ${code}`)
  }
  return problems
}
