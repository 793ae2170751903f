import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, toCanonicalJson } from './json.ts'

const read = (text: string): unknown => parseJson(Buffer.from(text)).value

const jsonValue = fc.jsonValue({ maxDepth: 6, noUnicodeString: false })

/** fast-check may draw the two names that no body can have. */
const isAllowed = (value: unknown): boolean =>
  !/"(__proto__|constructor)":/.test(JSON.stringify(value))

test('whatever JSON.stringify writes is read back as it was', () => {
  fc.assert(
    fc.property(jsonValue.filter(isAllowed), fc.constantFrom(0, 1, 2), (value, space) => {
      expect(read(JSON.stringify(value, null, space))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('a member that is written twice is refused wherever it stands', () => {
  const body = fc.tuple(jsonValue.filter(isAllowed), fc.string(), jsonValue.filter(isAllowed))
  fc.assert(
    fc.property(body, ([first, given, second]) => {
      const name = JSON.stringify(`n${given}`)
      const twice = `{${name}:${JSON.stringify(first)},${name}:${JSON.stringify(second)}}`
      expect(() => read(twice)).toThrow('request.malformed_json')
      expect(() => read(`[1,{"a":${twice}}]`)).toThrow('request.malformed_json')
    }),
  )
})

test('bytes that are not JSON never come through, and never throw anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const outcome = outcomeOf(Buffer.from(bytes))
      expect(outcome === 'request.malformed_json' || outcome === 'read').toBe(true)
    }),
  )
})

function outcomeOf(bytes: Buffer): string {
  try {
    parseJson(bytes)
    return 'read'
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
  }
}

test.each([
  ['{"a":"\\u0000"}', false],
  ['{"a":"\\ud800"}', false],
  ['{"a":"\\u0041"}', true],
  ['{"a":"plain"}', true],
])('%s is clean: %s', (text, isClean) => {
  expect(parseJson(Buffer.from(text)).isClean).toBe(isClean)
})

test('equal bodies have one canonical text, whatever the order of their members', () => {
  expect(toCanonicalJson({ b: [1.5, { d: 1, c: null }], a: 'ä' })).toBe(
    '{"a":"ä","b":[1.5,{"c":null,"d":1}]}',
  )
  const members = fc.dictionary(fc.string(), jsonValue)
  fc.assert(
    fc.property(members, (object) => {
      const turned = Object.fromEntries(Object.entries(object).reverse())
      expect(toCanonicalJson(turned)).toBe(toCanonicalJson(object))
    }),
  )
})
