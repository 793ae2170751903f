import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSecretName, redactText, renderRedacted } from './redact.ts'

test.each([
  [`oim_12345678${'0'.repeat(56)}`, 'oim_12345678…'],
  [`live_sk_1234${'a'.repeat(44)}`, 'live_sk_1234…'],
  [`test_sk_1234${'b'.repeat(44)}`, 'test_sk_1234…'],
  [`AbCd${'1'.repeat(36)}`, 'AbCd…'],
  [`whsec_${'A1b2'.repeat(8)}`, 'whsec_…'],
  [`Basic ${'QWJD'.repeat(12)}==`, 'Basic …'],
  [`${'QWJD'.repeat(13)}QQ==`, 'QWJD…'],
  ['postgres://app:hunter2@db.example/x', 'postgres://app:…@db.example/x'],
  ['0198c3f0-7a00-7000-8000-000000000001', '0198c3f0-7a00-7000-8000-000000000001'],
  ['Basic authentication is used', 'Basic authentication is used'],
])('%s is shown as %s', (text, shown) => {
  expect(redactText(`key "${text}", refused`)).toBe(`key "${shown}", refused`)
})

test.each([
  ['authorization', true],
  ['X-CSRF-Token', true],
  ['smtp_password', true],
  ['signingSecret', true],
  ['apiKey', true],
  ['customer_email', true],
  ['taxNumber', true],
  ['address', true],
  ['margin', false],
  ['admin', false],
  ['amount', false],
  ['idempotencyKey', false],
])('a member named %s is a secret: %s', (name, isSecret) => {
  expect(isSecretName(name)).toBe(isSecret)
})

test('members with the name of a secret are removed wherever they stand', () => {
  const text = renderRedacted({
    name: 'Lantern & Rye',
    amount: 12_50n,
    contact: { email: 'a@b.example', phone: null },
    list: [{ password: 'hunter2' }, undefined, 1.5, true],
  })
  expect(JSON.parse(text)).toEqual({
    name: 'Lantern & Rye',
    amount: '1250',
    contact: { email: '[removed]', phone: null },
    list: [{ password: '[removed]' }, null, 1.5, true],
  })
})

test('what is longer than asked for is cut, and no half of a key is left at the cut', () => {
  const key = `oim_12345678${'0'.repeat(56)}`
  expect(renderRedacted({ a: 'x'.repeat(100) }, 20)).toBe(`{"a":"${'x'.repeat(14)}…`)
  for (let start = 9_900; start <= 10_000; start += 5) {
    expect(renderRedacted(`${'-'.repeat(start)}${key}`)).not.toContain('0'.repeat(8))
  }
})

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'),
    minLength: length,
    maxLength: length,
  })
const letters = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...'ABCDEFGHIJabcdefghij0123456789'),
    minLength: length,
    maxLength: length,
  })
const secret = fc.oneof(
  hex(64).map((text) => `oim_${text}`),
  hex(48).map((text) => `live_sk_${text}`),
  hex(48).map((text) => `test_sk_${text}`),
  letters(40),
  letters(43).map((text) => `whsec_${text}=`),
)

test('no key is left of any value, wherever it stands in it', () => {
  const harmless = fc.string({ unit: fc.constantFrom(...' ,.:;"\\/{}[]äß€') })
  const planted = fc.tuple(secret, harmless, harmless)
  fc.assert(
    fc.property(planted, fc.array(fc.jsonValue(), { maxLength: 3 }), ([key, a, b], others) => {
      const text = `${a} ${key} ${b}`
      const value = { others, [`named ${key}`]: text, deep: [{ deeper: { text, list: [key] } }] }
      const rest = key.replace(/^(oim_|live_sk_|test_sk_|whsec_)/, '')
      return !renderRedacted(value).includes(rest.slice(9))
    }),
    { numRuns: 500 },
  )
})
