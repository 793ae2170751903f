import {
  array,
  assert as check,
  constant,
  double,
  integer,
  oneof,
  property,
  string,
} from 'fast-check'
import { expect, test } from 'vitest'
import { parseCursor, parsePageParameter, toCursor } from './page.ts'

const keys = array(oneof(string({ unit: 'binary' }), integer(), constant(null), constant(true)))

test('a cursor leads back to its key', () => {
  void check(
    property(keys, (key) => {
      const cursor = toCursor('invoices by date', key)
      expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
      expect(parseCursor('invoices by date', cursor, key.length)).toEqual(key)
    }),
  )
})

test.each([
  ['nothing', ''],
  ['free text', 'not a cursor!'],
  ['padding', `${toCursor('bills', ['a', 1])}==`],
  ['another query', toCursor('invoices', ['a', 1])],
  ['another order', toCursor('bills', ['a'])],
  ['an object', 'e30'],
  ['broken text', 'gICA'],
  ['a long text', 'A'.repeat(5_000)],
])('%s is refused as a cursor', (_name, text) => {
  expect(() => parseCursor('bills', text, 2)).toThrow('request.cursor_invalid')
})

test('whatever the text, a cursor is read or refused', () => {
  void check(
    property(string(), (text) => {
      expect(() => parseCursor('bills', text, 2)).toThrow('request.cursor_invalid')
    }),
  )
})

test.each([
  [undefined, 50],
  ['1', 1],
  ['100', 100],
])('page size %s is %s', (text, expected) => {
  expect(parsePageParameter('limit', text, { min: 1, max: 100, fallback: 50 })).toBe(expected)
})

test.each(['0', '101', '-1', '1.5', '1e2', 'ten', '', '9999999999999999999'])(
  'page size %s is refused',
  (text) => {
    const bounds = { min: 1, max: 100, fallback: 50 }
    expect(() => parsePageParameter('limit', text, bounds)).toThrow('request.page_invalid')
  },
)

test('numbers in a key survive exactly', () => {
  void check(
    property(double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(parseCursor('q', toCursor('q', [value]), 1)[0]).toBe(Object.is(value, -0) ? 0 : value)
    }),
  )
})
