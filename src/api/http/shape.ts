import { isIP } from 'node:net'
import { Ajv, type ErrorObject, type SchemaValidateFunction, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { findCurrency } from '../../kernel/currency.ts'
import { isDate, isTimeZone, parseInstant } from '../../kernel/dates.ts'
import { readDecimal } from '../../kernel/decimal.ts'
import { type Issue, type IssueRule, Refusal } from '../../kernel/errors.ts'
import { isUuid } from '../../kernel/ids.ts'
import { isJsonObject, type Json } from './json.ts'
import { issuesMax } from './look.ts'
import type { Query } from './query.ts'
import type { RouteRecord } from './route.ts'
import type { Surface } from './surface.ts'
import { commonWording, type Wording } from './wording.ts'

type Validate = ValidateFunction<unknown>

/** Reads the input of one route by its schemas; they are compiled at the first request. */
export class Shape {
  readonly #route: RouteRecord
  readonly #surface: Surface
  readonly #wording: Wording
  readonly #tidy: Tidy | undefined
  readonly #nameByLowerCase: ReadonlyMap<string, string>
  readonly #validators: Validators
  #validateParams: Validate | undefined
  #validateQuery: Validate | undefined
  #validateBody: Validate | undefined

  constructor(route: RouteRecord, surface: Surface, validators: Validators) {
    this.#route = route
    this.#surface = surface
    this.#validators = validators
    this.#wording = { ...commonWording, ...surface.wording }
    this.#tidy = route.body && buildTidy(route.body, isUpdate(route))
    const names = Object.keys(propertiesOf(route.query))
    this.#nameByLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]))
  }

  /** Refuses: request.id_malformed, request.query_invalid. */
  params(params: Readonly<Record<string, string>>): unknown {
    const { params: schema } = this.#route
    if (schema === undefined) return params
    this.#validateParams ??= this.#validators.compile(schema)
    if (this.#validateParams(params)) return params
    const [issue] = this.#issues(this.#validateParams.errors, schema)
    const parameter = issue?.path ?? ''
    if (issue?.message === this.#wording.format['uuid']) {
      throw new Refusal('request.id_malformed', { name: parameter })
    }
    throw new Refusal('request.query_invalid', { parameter, reason: issue?.message ?? '' })
  }

  /**
   * The query with numbers and booleans read from their texts.
   * Refuses: request.page_invalid, request.query_missing, request.query_invalid; the first wrong
   * parameter in the order of the schema.
   */
  query(query: Query): unknown {
    const { query: schema } = this.#route
    if (schema === undefined) return query
    const read = this.#readQuery(query, propertiesOf(schema))
    this.#validateQuery ??= this.#validators.compile(schema)
    if (this.#validateQuery(read)) return read
    const { errors } = this.#validateQuery
    const [issue] = this.#issues(errors, schema)
    const parameter = issue?.path ?? ''
    if (issue?.rule === 'required') throw new Refusal('request.query_missing', { parameter })
    const own = propertiesOf(schema)[parameter]
    const { minimum: min, maximum: max } = own ?? {}
    if (pageParameters.has(parameter) && min !== undefined && max !== undefined) {
      throw new Refusal('request.page_invalid', { parameter, min, max })
    }
    throw new Refusal('request.query_invalid', { parameter, reason: issue?.message ?? '' })
  }

  #readQuery(query: Query, properties: Properties): Record<string, unknown> {
    const read: Record<string, unknown> = {}
    for (const given of Object.keys(query)) {
      const name = this.#surface.ignoresCase
        ? (this.#nameByLowerCase.get(given.toLowerCase()) ?? given)
        : given
      const text = query[given] ?? ''
      const schema = properties[name]
      if (schema === undefined) continue
      if (this.#surface.trimsTexts && text === '' && schema.keepsEmpty !== true) continue
      read[name] = toScalar(text, schema.type)
    }
    return read
  }

  /**
   * The body with its known members alone, where the surface trims.
   *
   * Refuses, in this order: request.body_not_object, validation.fields_missing,
   * validation.items_incomplete, validation.nothing_to_update, validation.failed.
   */
  body({ value, isClean }: Json, isStrict: boolean): unknown {
    const { body: schema } = this.#route
    if (schema === undefined) return undefined
    const isObject = isJsonObject(value)
    if (!isObject && (schema as Schema).type === 'object') {
      throw new Refusal('request.body_not_object')
    }
    const unknownPaths: string[] = []
    const tidied = this.#surface.trimsTexts
      ? this.#tidy?.(value, '', unknownPaths, { nullIsAbsent: !isUpdate(this.#route) })
      : value
    if (isJsonObject(tidied)) this.#requireMembers(tidied, schema)
    this.#validateBody ??= this.#validators.compile(schema)
    const isValid = this.#validateBody(tidied)
    if (isValid && isClean && !(isStrict && unknownPaths.length > 0)) return tidied
    const found: Found[] = isStrict ? unknownPaths.map(toUnknown) : []
    if (!isClean) collectBadTexts(tidied, '', found)
    const { errors } = this.#validateBody
    const issues = this.#issues(isValid ? [] : errors, schema, found)
    if (issues.length === 0) return tidied
    throw new Refusal('validation.failed', { issues })
  }

  #requireMembers(body: Readonly<Record<string, unknown>>, schema: TSchema): void {
    const { required = [] } = schema as Schema
    const isPartial = isUpdate(this.#route) && required.length === 0
    if (isPartial && this.#surface.refusesEmptyUpdates && Object.keys(body).length === 0) {
      throw new Refusal('validation.nothing_to_update')
    }
    if (!this.#surface.namesMissingFields) return
    const properties = propertiesOf(schema)
    if (required.some((name) => isMissing(body[name], properties[name]))) {
      const fields = this.#route.requiredText ?? required.join(', ')
      throw new Refusal('validation.fields_missing', { fields })
    }
    requireWholeItems(body['items'], properties['items']?.items)
  }

  /** One issue per member, in the order of the schema, at most 50. */
  #issues(
    errors: readonly ErrorObject[] | null | undefined,
    schema: TSchema,
    found: readonly Found[] = [],
  ): readonly Issue[] {
    const all = [...found.map((one) => this.#toFoundIssue(one)), ...this.#toIssues(errors ?? [])]
    const firstByPointer = new Map<string, Issue>()
    for (const issue of all) {
      if (!firstByPointer.has(issue.pointer)) firstByPointer.set(issue.pointer, issue)
    }
    const ranked = [...firstByPointer.values()].map((issue) => ({
      issue,
      rank: rankOf(issue.pointer, schema),
    }))
    ranked.sort((a, b) => compareRanks(a.rank, b.rank))
    return ranked.slice(0, issuesMax).map(({ issue }) => issue)
  }

  #toFoundIssue({ pointer, rule }: Found): Issue {
    const message = rule === 'unknown' ? this.#wording.unknown : this.#wording.characters
    return { pointer, path: toPath(pointer), rule, message }
  }

  #toIssues(errors: readonly ErrorObject[]): Issue[] {
    return errors.flatMap((error) => {
      const [rule, message] = wordError(error, this.#wording) ?? []
      if (rule === undefined || message === undefined) return []
      const missing: unknown = error.params['missingProperty']
      const pointer =
        rule === 'required' ? `${error.instancePath}/${String(missing)}` : error.instancePath
      return [{ pointer, path: toPath(pointer), rule, message }]
    })
  }
}

/** The schema compiler with the formats and keywords that this product knows. */
export class Validators {
  readonly #ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: true })

  constructor() {
    const ajv = this.#ajv
    ajv.addFormat('uuid', isUuid)
    ajv.addFormat('date', isDate)
    ajv.addFormat('date-or-time', (text: string) => isDate(text) || isInstant(text))
    ajv.addFormat('timestamp', isInstant)
    ajv.addFormat('currency', (text: string) => text === text.toUpperCase() && isCurrency(text))
    ajv.addFormat('country', /^[A-Z]{2}$/)
    ajv.addFormat('email', isEmail)
    ajv.addFormat('network', isNetwork)
    ajv.addFormat('time-zone', isTimeZone)
    ajv.addFormat('url', (text: string) => URL.canParse(text) && /^https?:/i.test(text))
    ajv.addKeyword({
      keyword: 'decimalsMax',
      type: 'number',
      schemaType: 'number',
      errors: false,
      validate: (max: number, value: number) => {
        const read = readDecimal(value)
        // Too many significant digits are said by the keyword that follows.
        return typeof read === 'string' ? read === 'digits' : read.scale <= max
      },
    })
    ajv.addKeyword({
      keyword: 'isExact',
      type: 'number',
      schemaType: 'boolean',
      errors: false,
      validate: (_on: boolean, value: number) => readDecimal(value) !== 'digits',
    })
    ajv.addKeyword({
      keyword: 'notZero',
      type: 'number',
      schemaType: 'boolean',
      errors: false,
      validate: (_on: boolean, value: number) => value !== 0,
    })
    ajv.addKeyword({
      keyword: 'laterThan',
      type: 'string',
      schemaType: 'string',
      errors: false,
      validate: isLaterThan,
    })
    ajv.addKeyword({
      keyword: 'requiredUnless',
      type: 'object',
      schemaType: 'object',
      errors: true,
      validate: hasRequiredUnless,
    })
  }

  compile(schema: TSchema): Validate {
    return this.#ajv.compile(schema)
  }
}

/** A day after the day of a neighbour; a neighbour that is no day says so itself. */
function isLaterThan(
  neighbour: string,
  value: string,
  _schema?: unknown,
  where?: Readonly<{ parentData?: unknown }>,
): boolean {
  const around: unknown = where?.parentData
  const other: unknown = isJsonObject(around) ? around[neighbour] : undefined
  const [day, otherDay] = [dayOf(value), typeof other === 'string' ? dayOf(other) : undefined]
  return day === undefined || otherDay === undefined || day > otherDay
}

/** The UTC day of a date or an instant. */
function dayOf(text: string): string | undefined {
  if (isDate(text)) return text
  return isInstant(text) ? parseInstant(text).slice(0, 10) : undefined
}

/**
 * A member that only a whole set of others can stand for: `{ customerId: ['name', 'email'] }`.
 * With part of the set, what is missing of it is named.
 */
const hasRequiredUnless: SchemaValidateFunction = (
  rule: Readonly<Record<string, readonly string[]>>,
  value: Readonly<Record<string, unknown>>,
) => {
  const missing = Object.entries(rule).flatMap(([name, others]) => {
    if (value[name] !== undefined) return []
    const absent = others.filter((other) => value[other] === undefined)
    return absent.length === others.length ? [name] : absent
  })
  hasRequiredUnless.errors = missing.map((missingProperty) => ({
    keyword: 'required',
    params: { missingProperty },
  }))
  return missing.length === 0
}

/** What of a JSON schema is read here. */
type Schema = Readonly<{
  type?: string
  properties?: Properties
  required?: readonly string[]
  items?: Schema
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  /** Query only: an empty text is a value of its own. */
  keepsEmpty?: boolean
}>
type Properties = Readonly<Record<string, Schema>>

const propertiesOf = (schema: TSchema | undefined): Properties =>
  (schema as Schema | undefined)?.properties ?? {} // a TypeBox schema is a JSON schema

const isUpdate = ({ method }: RouteRecord): boolean => method === 'PATCH' || method === 'PUT'

const pageParameters: ReadonlySet<string> = new Set(['page', 'limit', 'offset', 'pageSize'])

const emailPattern = /^[^\s@<>(),;:"[\]\\]{1,64}@[^\s@<>(),;:"[\]\\.]+(\.[^\s@<>(),;:"[\]\\.]+)+$/

const isEmail = (text: string): boolean => text.length <= 254 && emailPattern.test(text)

/** An address, or a network as address, slash and length. */
function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  if (bits === undefined || rest.length > 0) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits)
}

const isCurrency = (text: string): boolean => findCurrency(text) !== undefined

function isInstant(text: string): boolean {
  try {
    return parseInstant(text) !== ''
  } catch {
    return false
  }
}

function toScalar(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

const isMissing = (value: unknown, schema: Schema | undefined): boolean =>
  value === undefined ||
  value === null ||
  (schema?.type === 'array' &&
    (schema.minItems ?? 0) > 0 &&
    !(Array.isArray(value) && value.length > 0))

/** Items of a document: each is an object with all that it must have, or none is looked at. */
function requireWholeItems(items: unknown, schema: Schema | undefined): void {
  const required = schema?.required ?? []
  if (!Array.isArray(items) || required.length === 0) return
  const wrong = items.flatMap((item: unknown, i) =>
    isJsonObject(item) && required.every((name) => !isMissing(item[name], undefined))
      ? []
      : [`items[${i}]`],
  )
  if (wrong.length > 0) {
    throw new Refusal('validation.items_incomplete', { fields: required.join(', '), items: wrong })
  }
}

type TidyOptions = Readonly<{ nullIsAbsent: boolean }>

/** Trims, drops absent members, and notes members that no schema names. */
type Tidy = (
  value: unknown,
  pointer: string,
  unknownPaths: string[],
  options: TidyOptions,
) => unknown

function buildTidy(schema: Schema, isRootOfUpdate: boolean): Tidy {
  if (schema.type === 'object' && schema.properties !== undefined) {
    return tidyObject(schema.properties, isRootOfUpdate)
  }
  if (schema.type === 'array' && schema.items !== undefined) return tidyArray(schema.items)
  return trimmed
}

function tidyObject(properties: Properties, isRootOfUpdate: boolean): Tidy {
  const members = Object.entries(properties).map(([name, schema]): readonly [string, Tidy] => [
    name,
    buildTidy(schema, false),
  ])
  const known = new Set(Object.keys(properties))
  return (value, pointer, unknownPaths, options) => {
    if (!isJsonObject(value)) return value
    const read: Record<string, unknown> = {}
    const keepsNull = isRootOfUpdate && !options.nullIsAbsent
    for (const [name, tidy] of members) {
      const given = value[name]
      if (given === undefined) continue
      if (given === null) {
        if (keepsNull) read[name] = null
        continue
      }
      const tidied = tidy(given, `${pointer}/${name}`, unknownPaths, options)
      if (tidied !== undefined) read[name] = tidied
    }
    for (const name in value) {
      if (!known.has(name)) unknownPaths.push(`${pointer}/${escaped(name)}`)
    }
    return read
  }
}

function tidyArray(items: Schema): Tidy {
  const tidy = buildTidy(items, false)
  return (value, pointer, unknownPaths, options) => {
    if (!Array.isArray(value)) return value
    return value.map((item, i) => tidy(item, `${pointer}/${i}`, unknownPaths, options) ?? null)
  }
}

function trimmed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  return text === '' ? undefined : text
}

type Found = Readonly<{ pointer: string; rule: 'unknown' | 'characters' }>

const toUnknown = (pointer: string): Found => ({ pointer, rule: 'unknown' })

const isBadText = (text: string): boolean => text.includes('\0') || /\p{Surrogate}/u.test(text)

function collectBadTexts(value: unknown, pointer: string, found: Found[]): void {
  if (typeof value === 'string') {
    if (isBadText(value)) found.push({ pointer, rule: 'characters' })
  } else if (Array.isArray(value)) {
    for (const [i, member] of value.entries()) collectBadTexts(member, `${pointer}/${i}`, found)
  } else if (isJsonObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const own = `${pointer}/${escaped(name)}`
      if (isBadText(name)) {
        found.push({ pointer: own.replaceAll(/[\p{Cc}\p{Surrogate}]/gu, ''), rule: 'characters' })
      }
      collectBadTexts(member, own, found)
    }
  }
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** `/items/1/tax_rate` as people read it: `items[1].tax_rate`. */
const toPath = (pointer: string): string =>
  pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => {
      if (/^\d+$/.test(part)) return `${path}[${part}]`
      return path === '' ? part : `${path}.${part}`
    }, '')

/** Places of a member by the order of the schemas around it. */
function rankOf(pointer: string, schema: TSchema): readonly number[] {
  let around: Schema | undefined = schema as Schema // a TypeBox schema is a JSON schema
  return pointer
    .slice(1)
    .split('/')
    .map((part) => {
      if (around?.type === 'array') {
        around = around.items
        return Number(part)
      }
      const names = Object.keys(around?.properties ?? {})
      const place = names.indexOf(part)
      around = around?.properties?.[part]
      return place < 0 ? names.length : place
    })
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, place] of a.entries()) {
    const difference = place - (b[i] ?? -1)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

type Worded = readonly [IssueRule, string]

/** The rule that is broken and its message; undefined for errors that only say another in general. */
function wordError(error: ErrorObject, wording: Wording): Worded | undefined {
  const { keyword, params } = error
  const bounds = (error.parentSchema ?? {}) as Bounds // the schema that the keyword stands in
  switch (keyword) {
    case 'required':
      return ['required', wording.required]
    case 'type':
      return ['type', wording.type[typeOf(params['type'])] ?? 'is not valid']
    case 'format':
      return ['format', wording.format[String(params['format'])] ?? 'is not valid']
    case 'enum':
      return ['enum', wording.oneOf(params['allowedValues'])]
    case 'const':
      return ['enum', wording.oneOf([params['allowedValue']])]
    case 'maxLength':
      return ['length', wording.longerThan(params['limit'])]
    case 'minLength':
      return ['length', wording.shorterThan(params['limit'])]
    case 'pattern':
      return ['pattern', 'is not valid']
    case 'minItems':
    case 'maxItems':
      return ['items', wording.items(itemBounds(bounds, keyword === 'minItems'))]
    case 'maxProperties':
      return ['items', wording.items({ min: 0, max: bounds.maxProperties, isTooFew: false })]
    case 'decimalsMax':
      return readDecimal(Number(error.data)) === 'range'
        ? ['range', wordTooLarge(bounds, wording)]
        : ['precision', wording.decimals(Number(error.schema))]
    case 'isExact':
      return ['precision', wording.digits]
    case 'laterThan':
      return ['order', wording.laterThan(String(error.schema))]
    case 'notZero':
      return ['range', wording.notZero]
    default:
      return keyword.endsWith('imum') ? ['range', wordRange(keyword, bounds, wording)] : undefined
  }
}

type Bounds = Readonly<{
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
}>

const itemBounds = ({ minItems: min = 0, maxItems: max }: Bounds, isTooFew: boolean) => ({
  min,
  max,
  isTooFew,
})

const typeOf = (type: unknown): string => String(Array.isArray(type) ? type[0] : type)

/** Largest number that is read at all: 15 digits before the point. */
const numberMax = 999_999_999_999_999

const wordTooLarge = (
  { minimum, exclusiveMinimum, maximum = numberMax }: Bounds,
  wording: Wording,
): string => wording.between(minimum ?? exclusiveMinimum ?? -numberMax, maximum)

function wordRange(keyword: string, bounds: Bounds, wording: Wording): string {
  const { minimum, maximum, exclusiveMinimum } = bounds
  if (keyword === 'maximum' && exclusiveMinimum !== undefined) return wordTooLarge(bounds, wording)
  if (exclusiveMinimum === 0) return wording.positive
  if (minimum !== undefined && maximum !== undefined) return wording.between(minimum, maximum)
  return minimum === undefined ? wording.atMost(maximum ?? 0) : wording.atLeast(minimum)
}
