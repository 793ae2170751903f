import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { catalogue, type ErrorCode, isErrorCode, isRefusal, Refusal } from './errors.ts'

const codes = Object.keys(catalogue).filter(isErrorCode)
const lock: unknown = JSON.parse(
  readFileSync(new URL('../../test/catalogue.lock.json', import.meta.url), 'utf8'),
)

test('every code keeps the number it was released with', () => {
  expect(Object.fromEntries(codes.map((code) => [code, catalogue[code].number]))).toEqual(lock)
})

test('no two codes share a number', () => {
  expect(new Set(codes.map((code) => catalogue[code].number)).size).toBe(codes.length)
})

test('every code is a group, a dot and a reason in lower snake case', () => {
  expect(codes.filter((code) => !/^[a-z]+\.[a-z0-9]+(_[a-z0-9]+)*$/.test(code))).toEqual([])
})

test('every value in a sentence is a declared parameter', () => {
  const undeclared = codes.flatMap((code) =>
    placesOf(code)
      .filter((place) => !namesOf(code).includes(place))
      .map((place) => `${code}: ${place}`),
  )
  expect(undeclared).toEqual([])
})

test('no sentence is longer than 160 characters', () => {
  expect(codes.filter((code) => catalogue[code].sentence.length > 160)).toEqual([])
})

test('a refusal carries its code and its values', () => {
  const refusal = new Refusal('ledger.rate_missing', { from: 'USD', to: 'NGN', date: '2026-03-31' })
  expect([refusal.code, refusal.params]).toEqual([
    'ledger.rate_missing',
    { from: 'USD', to: 'NGN', date: '2026-03-31' },
  ])
})

test('a code without values is thrown without values', () => {
  expect(new Refusal('request.body_required').params).toEqual({})
})

test('any refusal may say when to come back', () => {
  const refusal = new Refusal('platform.lane_full', { retryAfterSeconds: 3 })
  expect(refusal.retryAfterSeconds).toBe(3)
  expect(new Refusal('platform.lane_full').retryAfterSeconds).toBeUndefined()
})

test('a caught value is recognised as a refusal, and as one of a code', () => {
  const refusal = new Refusal('request.body_required')
  expect([isRefusal(refusal), isRefusal(refusal, 'request.body_required')]).toEqual([true, true])
  expect([isRefusal(refusal, 'key.unknown'), isRefusal(new TypeError('no'))]).toEqual([
    false,
    false,
  ])
})

test('codes are told from other texts', () => {
  expect(['key.unknown', 'key.nope', 'toString'].map(isErrorCode)).toEqual([true, false, false])
})

const placesOf = (code: ErrorCode): readonly string[] =>
  Array.from(catalogue[code].sentence.matchAll(/\{(\w+)\}/g), (match) => match[1] ?? '')

const namesOf = (code: ErrorCode): readonly string[] => catalogue[code].params
