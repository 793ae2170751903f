import { Ajv } from 'ajv'
import type { TSchema } from 'typebox'
import type { Example, RouteRecord } from '../src/api/http/route.ts'
import { Validators } from '../src/api/http/shape.ts'
import type { Surface } from '../src/api/http/surface.ts'
import type { Answer, Client } from './harness.ts'

/** One example and what came of it; `problems` is empty when it holds. */
export type Ran = Readonly<{ name: string; answer: Answer; problems: readonly string[] }>

/**
 * Sends every example of a surface in the order of its routes and compares the status and the
 * schema of the answer. A text `$name` in params, query or body stands for an id: one of `ids`, or
 * one that an earlier example has kept.
 *
 * idOf  where an answer has its id; `body.id` unless told
 */
export async function runExamples(
  surface: Surface,
  client: Client,
  {
    ids = {},
    idOf = ({ body }) => body.id,
  }: Readonly<{ ids?: Readonly<Record<string, string>>; idOf?: (answer: Answer) => string }> = {},
): Promise<readonly Ran[]> {
  const known = new Map(Object.entries(ids))
  const ran: Ran[] = []
  for (const route of surface.routes) {
    for (const example of route.examples) {
      const answer = await sendExample(client, route, example, known)
      if (example.keep !== undefined) known.set(example.keep, idOf(answer))
      const name = `${route.operation}: ${example.summary}`
      ran.push({ name, answer, problems: problemsOf(route, example, answer) })
    }
  }
  return ran
}

function sendExample(
  client: Client,
  route: RouteRecord,
  example: Example,
  known: ReadonlyMap<string, string>,
): Promise<Answer> {
  const { params = {}, query = {}, body } = fill(example, known)
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_place, name) => params[name] ?? `{${name}}`)
  const text = new URLSearchParams(query).toString()
  return client.send(route.method, text === '' ? path : `${path}?${text}`, body)
}

/** The example with every `$name` replaced by the id of that name. */
const fill = (example: Example, known: ReadonlyMap<string, string>): Example =>
  JSON.parse(
    JSON.stringify(example, (_name, value: unknown) =>
      typeof value === 'string' && value.startsWith('$')
        ? (known.get(value.slice(1)) ?? value)
        : value,
    ),
  )

function problemsOf(route: RouteRecord, example: Example, answer: Answer): readonly string[] {
  if (answer.status !== example.status) {
    return [`status ${answer.status} instead of ${example.status}: ${answer.text}`]
  }
  const code = answer.headers['error-code']
  if (code !== undefined) {
    return route.errors.some((declared) => declared === code) ? [] : [`undeclared code ${code}`]
  }
  if (route.otherTypes?.includes(String(answer.headers['content-type'])) === true) return []
  const schema = route.answers[answer.status]
  if (schema === undefined) return [`undeclared status ${answer.status}`]
  return schema === null ? [] : schemaProblems(schema, answer.body)
}

function schemaProblems(schema: TSchema, body: unknown): readonly string[] {
  const validate = new Validators().compile(schema)
  if (validate(body)) return []
  return [new Ajv().errorsText(validate.errors ?? null)]
}
