import { assert as check, property, uuid } from 'fast-check'
import { expect, test } from 'vitest'
import { asId, eventId, isUuid, parseId, parsePrefixed, toPrefixed, uuidV7 } from './ids.ts'

const sample = '0197a1c2-0000-7000-8000-000000004002'

test('a version 7 id carries its time first and sorts by it', () => {
  const ones = new Uint8Array(10).fill(255)

  expect(uuidV7(0x0197a1c20000, new Uint8Array(10))).toBe('0197a1c2-0000-7000-8000-000000000000')
  expect(uuidV7(0x0197a1c20000, ones)).toBe('0197a1c2-0000-7fff-bfff-ffffffffffff')
  expect(uuidV7(1_000, ones) < uuidV7(1_001, new Uint8Array(10))).toBe(true)
})

test('ids are read in any case and kept in lower case', () => {
  expect(parseId('account', sample.toUpperCase())).toBe(sample)
  expect(asId('account', sample.toUpperCase())).toBe(sample)
})

test.each(['', 'x', `${sample}0`, sample.replaceAll('-', ''), `{${sample}}`])(
  '%s is refused as an id',
  (text) => {
    expect(() => parseId('account', text)).toThrow('request.id_malformed')
  },
)

test('the prefixed form is 26 lower-case characters of the same 128 bits', () => {
  expect(toPrefixed('je', '00000000-0000-0000-0000-000000000000')).toBe(`je_${'0'.repeat(26)}`)
  expect(toPrefixed('je', 'ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe(`je_7${'z'.repeat(25)}`)
  expect(parsePrefixed('je', 'je_01jygw4000e008000000002002')).toBe(
    '0197a1c2-0000-7000-8000-000000010002',
  )
})

test('a prefixed id leads back to its UUID, and the plain form is accepted too', () => {
  void check(
    property(uuid(), (id) => {
      expect(parsePrefixed('inv', toPrefixed('inv', id))).toBe(id)
      expect(parsePrefixed('inv', toPrefixed('inv', id).toUpperCase())).toBe(id)
      expect(parsePrefixed('inv', id.toUpperCase())).toBe(id)
      expect(parsePrefixed('bill', toPrefixed('inv', id))).toBe(undefined)
    }),
  )
})

test.each([
  'inv_',
  'inv_8zzzzzzzzzzzzzzzzzzzzzzzzz',
  'inv_01jygw4000e00800000000200',
  'inv_01jygw4000e00800000000200u',
  '01jygw4000e008000000002002',
])('%s names no invoice', (text) => {
  expect(parsePrefixed('inv', text)).toBe(undefined)
})

test('an event id is the UUID without dashes', () => {
  expect(eventId(sample)).toBe('evt_0197a1c2000070008000000000004002')
  expect(isUuid(sample)).toBe(true)
})
