import { expect, test } from 'vitest'
import { exampleOf } from './error-examples.ts'
import { audienceOf, blameOf, logLevelOf, sentence, titleMax, titleOf } from './error-text.ts'
import { catalogue, isErrorCode, Refusal } from './errors.ts'

const codes = Object.keys(catalogue).filter(isErrorCode)

test('amounts in a sentence are decimal with their currency', () => {
  const refusal = new Refusal('ledger.journal_unbalanced', {
    debit: { minor: 1_000_00n, currency: 'NGN' },
    credit: { minor: 900_00n, currency: 'NGN' },
    difference: { minor: 100_00n, currency: 'NGN' },
  })
  expect(sentence(refusal)).toBe(
    'Debits (1000.00 NGN) and credits (900.00 NGN) differ by 100.00 NGN',
  )
})

test('a text value loses control characters and ends after 200 characters', () => {
  const refusal = new Refusal('ledger.account_not_found', {
    account: `a\u0000\r\n${'😀'.repeat(300)}`,
  })
  expect(sentence(refusal)).toBe(`Account a${'😀'.repeat(199)} does not exist`)
})

test('a value cannot bring places of its own', () => {
  const refusal = new Refusal('resource.not_found', { resource: '{id}', id: 'secret' })
  expect(sentence(refusal)).toBe('{id} not found')
})

test('the example of every code fills every place of its sentence', () => {
  const holes = codes.filter((code) =>
    / {2}|\(\)|undefined|\{|^ | $/.test(sentence(exampleOf(code))),
  )
  expect(holes).toEqual([])
})

test('the example of every code has a value for every name but addresses the edge knows', () => {
  const missing = codes.flatMap((code) => {
    const names: readonly string[] = catalogue[code].params
    const values: Readonly<Record<string, unknown>> = exampleOf(code).params
    return names.filter(
      (name) => name !== 'docsUrl' && values[name.replace('[]', '')] === undefined,
    )
  })
  expect(missing).toEqual([])
})

test('every title fits its heading', () => {
  expect(codes.filter((code) => titleOf(code).length > titleMax)).toEqual([])
  expect(titleOf('ledger.period_closed')).toBe('Ledger: period closed')
  expect(titleOf('key.unknown')).toBe('API key: unknown')
})

test.each([
  ['validation.failed', 'caller', 'developer', 'debug'],
  ['limit.rate_exceeded', 'caller', 'developer', 'debug'],
  ['plan.credits_insufficient', 'account', 'billing_owner', 'info'],
  ['access.login_failed', 'caller', 'end_user', 'debug'],
  ['connect.platform_unavailable', 'upstream', 'developer', 'warn'],
  ['platform.lane_full', 'capacity', 'developer', 'warn'],
  ['platform.unexpected', 'platform', 'operator', 'error'],
] as const)('%s: blame %s, for %s, logged as %s', (code, blame, audience, level) => {
  expect([blameOf(code), audienceOf(code), logLevelOf(code)]).toEqual([blame, audience, level])
})
