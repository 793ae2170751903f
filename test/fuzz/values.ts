import type { Dice } from './dice.ts'

/** What the generators read of a schema; ours are JSON schemas. */
export type Schema = Readonly<{
  type?: string
  enum?: readonly unknown[]
  const?: unknown
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  decimalsMax?: number
  items?: Schema
  minItems?: number
  properties?: Readonly<Record<string, Schema>>
  required?: readonly string[]
  nullable?: boolean
}>

/** Finds an id that exists, for a member of this name. */
export type FindId = (name: string) => string | undefined

/** A value that fits the schema as far as a schema says; members that may be absent sometimes are. */
export function validValue(schema: Schema, dice: Dice, findId: FindId, name = ''): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.nullable === true && dice.oneIn(6)) return null
  if (schema.enum !== undefined) return dice.find(schema.enum)
  const choice = dice.find(schema.anyOf ?? schema.oneOf ?? [])
  if (choice !== undefined) return validValue(choice, dice, findId, name)
  switch (schema.type) {
    case 'object':
      return validObject(schema, dice, findId)
    case 'array':
      return Array.from({ length: Math.max(schema.minItems ?? 0, 1 + dice.below(3)) }, () =>
        validValue(schema.items ?? {}, dice, findId, name),
      )
    case 'integer':
      return validInteger(schema, dice)
    case 'number':
      return dice.oneIn(2) ? validInteger(schema, dice) : validInteger(schema, dice) + 0.5
    case 'boolean':
      return dice.oneIn(2)
    default:
      return validText(schema, dice, findId, name)
  }
}

function validObject(schema: Schema, dice: Dice, findId: FindId): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(schema.properties ?? { note: { type: 'string' } })) {
    const isNeeded = schema.required?.includes(name) === true
    if (isNeeded || dice.oneIn(3)) made[name] = validValue(member, dice, findId, name)
  }
  return made
}

function validInteger({ minimum, exclusiveMinimum, maximum }: Schema, dice: Dice): number {
  const low = Math.ceil(minimum ?? (exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1))
  const high = Math.min(maximum ?? low + 1_000, low + 1_000)
  return low + dice.below(Math.max(1, Math.floor(high - low)))
}

function validText(schema: Schema, dice: Dice, findId: FindId, name: string): string {
  switch (schema.format) {
    case 'uuid':
      return findId(name) ?? dice.uuid()
    case 'date':
      return aDay(dice)
    case 'date-or-time':
      return dice.oneIn(2) ? aDay(dice) : `${aDay(dice)}T10:00:00.000Z`
    case 'timestamp':
      return `${aDay(dice)}T10:00:00Z`
    case 'currency':
      return dice.pick(['USD', 'USD', 'NGN', 'EUR', 'JPY', 'KWD'])
    case 'country':
      return dice.pick(['US', 'NG', 'DE'])
    case 'email':
      return 'ledger@example.com'
    case 'url':
      return dice.pick(['https://example.com/hook', 'http://127.0.0.1:9/hook'])
    case 'network':
      return dice.pick(['10.0.0.0/8', '127.0.0.1', '2001:db8::/32'])
    default:
  }
  if (schema.pattern !== undefined) return findId(name) ?? dice.uuid()
  const known = /(id|code|reference)s?$/i.test(name) ? findId(name) : undefined
  const length = Math.min(schema.maxLength ?? 20, 20)
  return known ?? `Text ${dice.digits(6)}`.slice(0, Math.max(length, schema.minLength ?? 1))
}

const aDay = (dice: Dice): string =>
  dice.oneIn(8)
    ? dice.pick(['1900-01-01', '9999-12-31', '2024-02-29'])
    : dice.pick([
        '2026-06-01',
        '2026-06-15',
        '2026-05-31',
        '2026-07-31',
        '2026-02-28',
        '2025-12-31',
      ])

const long = (count: number): string => 'x'.repeat(count)

/** Texts that have broken others. */
export const hostileTexts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\u202eright to left',
  '\ufeff',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🧾',
  'é'.repeat(300),
  long(256),
  long(501),
  long(5_001),
  long(99_999),
  long(100_001),
  "'; drop table journal_entry; --",
  '" or 1=1 --',
  "\\'",
  '{{7*7}}<%= 7 %>#{7*7}',
  '<script>alert(1)</script>',
  '../../../etc/passwd',
  '%00%2e%2e%2f',
  '%s%n%d',
  'null',
  'undefined',
  'NaN',
  '1e400',
  '-0',
  '0000-00-00',
  '1900-01-01',
  '9999-12-31',
  '2026-02-29',
  '2026-02-30T25:61:61Z',
  '+275760-09-13',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '\r\nSet-Cookie: a=b',
  '=cmd|calc',
  '__proto__',
  'constructor',
] as const

/** Values of every kind in the place of another. */
const hostileValues: readonly unknown[] = [
  ...hostileTexts,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.1,
  0.30000000000000004,
  1e-7,
  1e15,
  1e21,
  1e308,
  -1e308,
  5e-324,
  123_456_789_012_345.67,
  9_999_999_999_999.99,
  10_000_000_000_000,
  2 ** 31,
  2 ** 53,
  [],
  [[]],
  [null],
  {},
  { id: null },
  { $gt: 0 },
  { toString: 1, valueOf: 2, hasOwnProperty: 3 },
]

export const hostileValue = (dice: Dice): unknown => {
  if (dice.oneIn(30)) return Array.from({ length: 1_500 }, () => ({}))
  if (dice.oneIn(30))
    return Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`m${i}`, i]))
  if (dice.oneIn(30)) return nested(40)
  return dice.find(hostileValues)
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

/** The same value with something wrong in one place. */
export function withDefect(value: unknown, dice: Dice): unknown {
  const places: { around: Record<string | number, unknown>; at: string | number }[] = []
  const copy: unknown = structuredClone(value)
  collectPlaces(copy, places)
  const place = dice.find(places)
  if (place === undefined || dice.oneIn(25)) return hostileValue(dice)
  const { around, at } = place
  const way = dice.below(6)
  if (way === 0) delete around[at]
  else if (way === 1)
    around[dice.pick(['unknown', 'id', 'status', 'toString', 'é'])] = hostileValue(dice)
  else around[at] = hostileValue(dice)
  return copy
}

function collectPlaces(
  value: unknown,
  places: { around: Record<string | number, unknown>; at: string | number }[],
): void {
  if (typeof value !== 'object' || value === null) return
  const around = value as Record<string | number, unknown> // arrays are indexed by number
  const names = Array.isArray(value) ? value.keys() : Object.keys(value)
  for (const at of names) {
    places.push({ around, at })
    collectPlaces(around[at], places)
  }
}
