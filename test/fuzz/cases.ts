import { gzipSync } from 'node:zlib'
import type { RouteRecord } from '../../src/api/http/route.ts'
import type { Dice } from './dice.ts'
import {
  type FindId,
  hostileTexts,
  hostileValue,
  type Schema,
  validValue,
  withDefect,
} from './values.ts'

/** One request; `kind` says what is wrong with it, if anything. */
export type Case = Readonly<{
  kind: string
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  /** A value that is sent as JSON. */
  json?: unknown
  /** What is sent as it is, in the place of JSON. */
  raw?: string | Buffer
}>

/** What the generators may use of the world: ids that exist, and what every query must name. */
export type Stock = Readonly<{
  /** Of the collection before a parameter: `/api/v1/invoices` for `/api/v1/invoices/{id}`. */
  idOf: (collection: string) => string | undefined
  findId: FindId
  query: Readonly<Record<string, string>>
}>

type Kind = (route: RouteRecord, valid: Case, dice: Dice, stock: Stock) => Case

/** A request of the route that is right, or wrong in one of many ways. */
export function aCase(route: RouteRecord, dice: Dice, stock: Stock): Case {
  const valid = aValidCase(route, dice, stock)
  const [kind, make] = dice.pick(route.body === undefined ? kindsWithoutBody : kinds)
  return { ...make(route, valid, dice, stock), kind }
}

function aValidCase(route: RouteRecord, dice: Dice, stock: Stock): Case {
  const query = validValue(toSchema(route.query), dice, stock.findId) as object // of an object schema
  const json = route.body && validValue(toSchema(route.body), dice, stock.findId)
  return {
    kind: 'valid',
    method: route.method,
    path: toPath(route, { ...toTexts(query), ...stock.query }, (collection) =>
      dice.oneIn(12) ? undefined : stock.idOf(collection),
    ),
    headers: route.method === 'GET' || !dice.oneIn(8) ? {} : { 'dry-run': 'true' },
    ...(json !== undefined && !(route.bodyOptional === true && dice.oneIn(3)) && { json }),
  }
}

const toSchema = (schema: unknown): Schema =>
  (schema ?? { type: 'object', properties: {} }) as Schema // TypeBox makes JSON schemas

const toTexts = (query: object): Record<string, string> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))

function toPath(
  { path }: RouteRecord,
  query: Readonly<Record<string, string>>,
  idOf: (collection: string) => string | undefined,
): string {
  const filled = path.replaceAll(/\{\w+\}/g, (_place, at: number) =>
    encode(idOf(path.slice(0, at - 1)) ?? '019ec9d0-0000-7000-8000-000000000000'),
  )
  const text = Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
  return text === '' ? filled : `${filled}?${text}`
}

/** Percent-encoded; half characters, which have no encoding, as the bytes that they would be. */
const encode = (text: string): string => {
  try {
    return encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}

const valid: Kind = (_route, given) => given

const defect: Kind = (_route, given, dice) => ({
  ...given,
  json: withDefect(given.json ?? {}, dice),
})

const defects: Kind = (_route, given, dice) => ({
  ...given,
  json: withDefect(withDefect(withDefect(given.json ?? {}, dice), dice), dice),
})

const badQuery: Kind = (route, given, dice, stock) => {
  const names = Object.keys(toSchema(route.query).properties ?? {})
  const name = dice.find([...names, ...Object.keys(stock.query), 'cursor', 'sort', 'unknown']) ?? ''
  const value = dice.oneIn(3)
    ? dice.pick(['-1', '0', '1.5', '99999999999999999999', 'true', '2026-13-01', 'abc', '-id', ','])
    : dice.pick(hostileTexts).slice(0, 3_000)
  const mark = given.path.includes('?') ? '&' : '?'
  return { ...given, path: `${given.path}${mark}${encode(name)}=${encode(value)}` }
}

const rawQuery: Kind = (_route, given, dice) => ({
  ...given,
  path: `${given.path}${given.path.includes('?') ? '&' : '?'}${dice.pick([
    '%',
    '%zz=%',
    '&&&',
    '=',
    '%ED%A0%80=1',
    'limit=1&limit=2',
    '__proto__=1',
    'a[b]=1',
    `q=${'y'.repeat(9_000)}`,
    '%00=%00',
  ])}`,
})

const badPath: Kind = (route, given, dice, stock) => {
  const value = dice.oneIn(2)
    ? dice.pick(hostileTexts).slice(0, 2_000)
    : dice.pick(['inv_0', 'cus_zzzzzzzzzzzzzzzzzzzzzzzzzz', '1', '-1', 'null', '%'])
  return { ...given, path: toPath(route, stock.query, () => value) }
}

const badHeaders: Kind = (_route, given, dice) => ({
  ...given,
  headers: { ...given.headers, ...dice.pick(oddHeaders) },
})

const oddHeaders: readonly [Record<string, string>, ...Record<string, string>[]] = [
  { 'idempotency-key': 'x'.repeat(300) },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'a b' },
  { 'idempotency-key': 'é' },
  { 'idempotency-key': '"quoted"' },
  { 'idempotency-key': 'the same for all' },
  { 'dry-run': 'TRUE' },
  { 'dry-run': 'perhaps' },
  { 'tallystick-strict': 'true' },
  { accept: 'application/problem+json' },
  { accept: 'text/html;q=1, */*;q=nonsense,,,' },
  { accept: ';;;' },
  { 'x-request-id': 'a\u0001b' },
  { 'x-forwarded-for': '::1, garbage, 999.1.1.1' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'multipart/form-data' },
  { 'content-type': '' },
  { 'content-encoding': 'br' },
  { 'content-encoding': 'gzip' },
  { 'if-match': '"0"' },
  { origin: 'null' },
  { cookie: 'a=b; c' },
  { expect: '100-continue' },
]

const badKey: Kind = (_route, given, dice) => ({
  ...given,
  headers: {
    ...given.headers,
    authorization: dice.pick([
      'Bearer',
      'Basic',
      'Bearer  ',
      `Bearer ${dice.digits(48)}`,
      `Bearer oim_${dice.digits(64)}`,
      `Bearer live_sk_${dice.digits(48)}`,
      `Basic ${dice.digits(64)}`,
      'Basic ====',
      'Digest a="b"',
      `Bearer ${'k'.repeat(5_000)}`,
      'Bearer \u0000',
    ]),
  },
})

const badMethod: Kind = (_route, { json: _json, ...given }, dice) => ({
  ...given,
  method: dice.pick(['TRACE', 'PROPFIND', 'OPTIONS', 'HEAD', 'DELETE', 'PUT', 'PATCH']),
})

const badBody: Kind = (_route, { json, ...given }, dice) => ({
  ...given,
  raw: dice.pick(brokenBodies)(JSON.stringify(json ?? {}), dice),
})

type Breaker = (whole: string, dice: Dice) => string | Buffer

/** Ways to make no JSON, or odd JSON, of a whole body. */
const brokenBodies: readonly [Breaker, ...Breaker[]] = [
  () => '',
  () => ' ',
  (whole, dice) => whole.slice(0, Math.max(1, dice.below(whole.length))),
  (whole) => `${whole}${whole}`,
  (whole) => `\ufeff${whole}`,
  (whole) => whole.replaceAll(':', ': NaN //'),
  (whole) => whole.replaceAll(/\d+/g, '1e400'),
  (whole) => whole.replaceAll(/\d+/g, '-'),
  (whole) => whole.replaceAll(/\d+/g, '00.1'),
  (whole) => whole.replaceAll(/\d+/g, '9'.repeat(400)),
  (whole) => whole.replaceAll(/\b\d+\b/g, '9007199254740993'),
  (whole) => whole.replace('{', '{"a":1,"a":2,'),
  (whole) => whole.replace('{', `{${whole.slice(1, -1)},`),
  (whole) => whole.replace('{', '{"__proto__":{"isAdmin":true},'),
  (whole) => whole.replace('{', '{"constructor":{"prototype":{}},'),
  (whole) => whole.replace('{', '{"a":"\\ud800","\\u0000":1,'),
  () => `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  () => `${'{"a":'.repeat(2_000)}1`,
  (_whole, dice) => JSON.stringify(hostileValue(dice) ?? null),
  () => 'null',
  () => '[]',
  () => '"text"',
  () => '42',
  (_whole, dice) => (dice.oneIn(5) ? `"${'x'.repeat(1_100_000)}"` : '""'),
  () => Buffer.from([0xff, 0xfe, 0x7b, 0x7d]),
  () => Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  (whole) => gzipSync(whole),
  (whole) => whole.replaceAll('"', "'"),
]

const packedBody: Kind = (_route, { json, ...given }, dice) => {
  const packed = gzipSync(JSON.stringify(json ?? {}))
  const raw = dice.oneIn(10)
    ? packedBlanks
    : dice.pick<Buffer>([packed, packed.subarray(0, 12), Buffer.from('{}')])
  return { ...given, headers: { ...given.headers, 'content-encoding': 'gzip' }, raw }
}

/** A small body that unpacks to more than any surface takes. */
const packedBlanks = gzipSync(Buffer.alloc(12 * 1024 * 1024, ' '))

const shared: readonly [readonly [string, Kind], ...(readonly [string, Kind])[]] = [
  ['valid', valid],
  ['valid', valid],
  ['valid', valid],
  ['bad query', badQuery],
  ['bad query', badQuery],
  ['raw query', rawQuery],
  ['bad path', badPath],
  ['bad path', badPath],
  ['bad header', badHeaders],
  ['bad header', badHeaders],
  ['bad key', badKey],
  ['bad method', badMethod],
]
const kindsWithoutBody: typeof shared = [...shared, ['bad body', badBody]]
const kinds: typeof shared = [
  ...shared,
  ['valid', valid],
  ['one defect', defect],
  ['one defect', defect],
  ['one defect', defect],
  ['one defect', defect],
  ['one defect', defect],
  ['three defects', defects],
  ['bad body', badBody],
  ['bad body', badBody],
  ['packed body', packedBody],
]
