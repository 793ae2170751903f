import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toPlainJson } from './json.ts'

test.each([
  [{ rate: 0.0000001 }, '{"rate":0.0000001}'],
  [[-1.5e-9, 1e21, 0], '[-0.0000000015,1000000000000000000000,0]'],
  [{ note: '5e-7', gone: undefined, parts: [undefined] }, '{"note":"5e-7","parts":[null]}'],
  [{ note: 'a 1e-7', rate: 1.25e-8 }, '{"note":"a 1e-7","rate":0.0000000125}'],
])('%o is written as %s', (body, text) => {
  expect(toPlainJson(body)).toBe(text)
})

const withoutTexts = /"(?:[^"\\]|\\.)*"/g

test('what is written reads back the same, and no number has an exponent', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      const text = toPlainJson(body)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(body)))
      expect(text.replace(withoutTexts, '')).not.toMatch(/[eE][+-]?\d/)
    }),
  )
})
