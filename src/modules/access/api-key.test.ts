import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Instant } from '../../kernel/dates.ts'
import { isRefusal } from '../../kernel/errors.ts'
import {
  expiryOf,
  generateKey,
  hasScope,
  isCounted,
  type KeyState,
  keyRandomBytes,
  overlapEnd,
  parseKeyText,
  requireUsableKey,
  visibleParts,
} from './api-key.ts'

const zeros = new Uint8Array(keyRandomBytes)
const zero = (count: number): string => '0'.repeat(count)

test.each([
  ['invoicing', 'live', `oim_${zero(56)}cd5bae18`],
  ['books', 'live', `live_sk_${zero(40)}becb6b97`],
  ['books', 'test', `test_sk_${zero(40)}a7b2ce97`],
] as const)(
  'a %s %s key of zero bytes has the documented check value',
  (surface, environment, key) => {
    expect(generateKey(surface, environment, zeros)).toBe(key)
  },
)

test('every generated key has its shape and passes its own check, and no other surface takes it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('invoicing', 'books', 'connect'),
      fc.constantFrom('live', 'test'),
      fc.uint8Array({ minLength: keyRandomBytes, maxLength: keyRandomBytes, max: 247 }),
      (surface, environment, random) => {
        const key = generateKey(surface, environment, random)
        const other = surface === 'invoicing' ? 'books' : 'invoicing'

        expect(parseKeyText(surface, key)).toBe(key)
        expect(outcome(() => parseKeyText(other, key))).toBe('key.wrong_surface')
      },
    ),
  )
})

test.each([
  ['oim_', 'key.format_invalid'],
  ['', 'key.format_invalid'],
  [`oim_${zero(56)}CD5BAE18`, 'key.format_invalid'],
  [`oim_${zero(56)}cd5bae19`, 'key.checksum_invalid'],
  [`oim_${zero(55)}1cd5bae18`, 'key.checksum_invalid'],
  [`live_sk_${zero(40)}becb6b97`, 'key.wrong_surface'],
  [`oim_${zero(56)}cd5bae18`, 'accepted'],
])('on Invoicing %s is %s', (text, expected) => {
  expect(outcome(() => parseKeyText('invoicing', text))).toBe(expected)
})

test('lists show the documented characters', () => {
  const connect = generateKey('connect', 'live', zeros)

  expect(visibleParts('invoicing', `oim_7be21f90${zero(56)}`)).toEqual({
    start: 'oim_7be21f90',
    end: '',
  })
  expect(visibleParts('books', `live_sk_${zero(40)}becb6b97`)).toEqual({
    start: 'live_sk_0000',
    end: '6b97',
  })
  expect(visibleParts('connect', connect)).toEqual({ start: '0000', end: connect.slice(-4) })
})

const at = (text: string): Instant => text as Instant // literals of this table
const whole: KeyState = { expiresAt: null, revokedAt: null, disabledAt: null, overlapUntil: null }
const noon = at('2026-05-02T12:00:00.000Z')

test.each<[string, Partial<KeyState>, string]>([
  ['a key without an end', {}, 'accepted'],
  ['a key that ends in a millisecond', { expiresAt: at('2026-05-02T12:00:00.001Z') }, 'accepted'],
  ['a key at the instant of its end', { expiresAt: noon }, 'key.expired'],
  ['a key rotated with overlap left', { overlapUntil: at('2026-05-02T13:00:00.000Z') }, 'accepted'],
  ['a key whose overlap is over', { overlapUntil: noon, expiresAt: noon }, 'key.rotated_out'],
  ['a disabled key', { disabledAt: noon, overlapUntil: noon }, 'key.disabled'],
  ['a revoked key, whatever else', { revokedAt: noon, expiresAt: noon }, 'key.revoked'],
])('%s is %s', (_name, state, expected) => {
  expect(outcome(() => requireUsableKey({ ...whole, ...state }, noon))).toBe(expected)
})

test('a key in overlap does not count against the cap', () => {
  expect(isCounted(whole, noon)).toBe(true)
  expect(isCounted({ ...whole, overlapUntil: at('2026-05-03T12:00:00.000Z') }, noon)).toBe(false)
  expect(isCounted({ ...whole, revokedAt: noon }, noon)).toBe(false)
})

test.each([
  ['all', 'read', true],
  ['all', 'all', true],
  ['all', 'webhooks', true],
  ['write', 'read', true],
  ['write', 'webhooks', false],
  ['read', 'write', false],
  ['webhooks', 'read', false],
  ['full', 'manage', true],
  ['read', 'push', false],
  ['push', 'manage', false],
] as const)('scope %s opens %s: %s', (granted, required, expected) => {
  expect(hasScope([granted], required)).toBe(expected)
})

test('a route without a scope is open to a key without scopes', () => {
  expect(hasScope([], null)).toBe(true)
})

test.each([
  ['books', undefined, '2026-07-31T12:00:00.000Z'],
  ['books', 1, '2026-05-03T12:00:00.000Z'],
  ['books', 91, 'key.expiry_invalid'],
  ['books', 0, 'key.expiry_invalid'],
  ['invoicing', undefined, null],
  ['invoicing', 1, '2026-05-04T00:00:00.000Z'],
  ['connect', 30, '2026-06-01T12:00:00.000Z'],
] as const)('a %s key for %s days ends at %s', (surface, days, expected) => {
  expect(outcome(() => expiryOf(surface, noon, days))).toBe(expected)
})

test.each([
  [0, noon],
  [168, '2026-05-09T12:00:00.000Z'],
  [169, 'key.overlap_invalid'],
  [-1, 'key.overlap_invalid'],
])('an overlap of %s hours ends at %s', (hours, expected) => {
  expect(outcome(() => overlapEnd(noon, hours))).toBe(expected)
})

/** What a rule answers: its value, `accepted` for nothing or its own input, or the code it refuses. */
function outcome(rule: () => unknown): unknown {
  try {
    const value = rule()
    return value === undefined || (typeof value === 'string' && value.startsWith('oim_'))
      ? 'accepted'
      : value
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}
