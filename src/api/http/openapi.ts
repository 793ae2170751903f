import type { TSchema } from 'typebox'
import { exampleOf } from '../../kernel/error-examples.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import { isJsonObject } from './json.ts'
import type { RouteRecord } from './route.ts'
import type { Surface } from './surface.ts'

type Json = Readonly<Record<string, unknown>>
type Document = Readonly<{ origin: string; version: string }>

/** Describes a surface as OpenAPI 3.1, from its route records alone. */
export function buildOpenApi(surface: Surface, { origin, version }: Document): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of surface.routes) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = toOperation(surface, route, origin)
    paths[route.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: surface.title,
      version,
      description: `Every refusal has [a page of its own](${origin}/docs/errors); every bound is among the [limits](${origin}/docs/limits).`,
    },
    servers: [{ url: `${origin}${surface.mount}` }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: surface.name === 'connect' ? 'basic' : 'bearer' },
      },
    },
  }
}

function toOperation(surface: Surface, route: RouteRecord, origin: string): Json {
  const parameters = [...toParameters(route.params, 'path'), ...toParameters(route.query, 'query')]
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.tenant === 'none' ? { security: [] } : {}),
    ...(route.scope === null ? {} : { 'x-scope': route.scope }),
    'x-cost': route.cost,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: toRequestBody(route, route.body) }),
    ...(route.file === undefined ? {} : { requestBody: toFileBody(route.file) }),
    responses: { ...toAnswers(route), ...toErrors(surface, route, origin) },
  }
}

function toRequestBody(route: RouteRecord, body: TSchema): Json {
  const examples = route.examples
    .filter((example) => example.body !== undefined)
    .map(({ summary, body: value }): [string, Json] => [toName(summary), { summary, value }])
  return {
    required: route.bodyOptional !== true,
    content: {
      'application/json': {
        schema: toWireSchema(body),
        ...(examples.length === 0 ? {} : { examples: Object.fromEntries(examples) }),
      },
    },
  }
}

const toFileBody = ({ mediaTypes }: NonNullable<RouteRecord['file']>): Json => ({
  required: true,
  content: Object.fromEntries(mediaTypes.map((type) => [type, {}])),
})

function toParameters(schema: TSchema | undefined, place: 'path' | 'query'): readonly Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>
    required?: readonly string[]
  } // a TypeBox object is a JSON schema
  return Object.entries(properties).map(([name, own]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: toWireSchema(own),
  }))
}

const toAnswers = ({ answers, answerTypes, otherTypes }: RouteRecord): Json =>
  Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => [
      status,
      {
        description: Number(status) === 204 ? 'Done, without a body' : 'Done',
        ...(schema === null
          ? {}
          : {
              content: { ...toContent(schema, answerTypes), ...toPlainContent(otherTypes ?? []) },
            }),
      },
    ]),
  )

const toContent = (schema: TSchema, fileTypes: readonly string[] | undefined): Json =>
  fileTypes === undefined
    ? { 'application/json': { schema: toWireSchema(schema) } }
    : toPlainContent(fileTypes)

const toPlainContent = (types: readonly string[]): Json =>
  Object.fromEntries(types.map((type) => [type, {}]))

/** One answer per status, with one named example per code. */
function toErrors(surface: Surface, route: RouteRecord, origin: string): Json {
  const context = {
    requestId: '131f0225-5467-421a-b179-4531d6b4a942',
    origin,
    acceptsProblem: false,
  }
  const byStatus: Record<string, Record<string, Json>> = {}
  for (const code of route.errors) {
    const { status, body } = surface.renderError(exampleOf(code), context, {
      route,
      admitted: undefined,
    })
    const examples = byStatus[status] ?? {}
    examples[code satisfies ErrorCode] = { value: body }
    byStatus[status] = examples
  }
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, examples]) => [
      status,
      { description: 'Refused', content: { 'application/json': { examples } } },
    ]),
  )
}

const toName = (summary: string): string =>
  summary
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

const ownKeywords: ReadonlySet<string> = new Set([
  'decimalsMax',
  'isExact',
  'notZero',
  'laterThan',
  'requiredUnless',
  'keepsEmpty',
])

/** A schema without our own keywords; a nullable one says so as JSON Schema 2020-12 does. */
function toWireSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toWireSchema)
  if (!isJsonObject(schema)) return schema
  const { nullable, ...rest } = schema
  const entries = Object.entries(rest)
    .filter(([name]) => !ownKeywords.has(name))
    .map(([name, value]) => [name, toWireSchema(value)])
  const plain = Object.fromEntries(entries)
  return nullable === true && typeof rest['type'] === 'string'
    ? { ...plain, type: [rest['type'], 'null'] }
    : plain
}
