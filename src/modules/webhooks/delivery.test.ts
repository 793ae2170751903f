import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Instant, instantFromMs, msOf } from '../../kernel/dates.ts'
import { isRefusal } from '../../kernel/errors.ts'
import {
  deliveryBounds,
  hourOf,
  isGone,
  isHopeless,
  isSuccess,
  nextAttemptAt,
  type Outcome,
  requireReplayRange,
  toExcerpt,
  toSendable,
} from './delivery.ts'
import { hasWantedTag, isWanted, requireEvents, requireHeaders } from './endpoint.ts'

const noon = '2026-06-15T12:00:00.000Z' as Instant
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const failed = (more: Partial<Outcome> = {}): Outcome => ({
  httpStatus: 500,
  failure: null,
  retryAfter: null,
  durationMs: 10,
  excerpt: null,
  endedAt: noon,
  ...more,
})

const waitMs = (surface: 'invoicing' | 'books' | 'connect', attempt: number, fraction = 0) => {
  const due = nextAttemptAt(surface, { attempt, outcome: failed(), fraction })
  return due === undefined ? 'given up' : msOf(due) - msOf(noon)
}

test('Invoicing tries six times, with the documented waits', () => {
  expect([1, 2, 3, 4, 5, 6].map((attempt) => waitMs('invoicing', attempt))).toEqual([
    minute,
    5 * minute,
    30 * minute,
    2 * hour,
    day,
    'given up',
  ])
})

test.each(['books', 'connect'] as const)('%s tries eight times', (surface) => {
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => waitMs(surface, attempt))).toEqual([
    5 * second,
    5 * minute,
    30 * minute,
    2 * hour,
    5 * hour,
    10 * hour,
    10 * hour,
    'given up',
  ])
})

test('a wait is never shorter than the table and at most 5 % longer', () => {
  const attempts = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(attempts, fc.double({ min: 0, max: 1, noNaN: true }), (attempt, fraction) => {
      const least = Number(waitMs('invoicing', attempt))
      const given = Number(waitMs('invoicing', attempt, fraction))
      expect(given).toBeGreaterThanOrEqual(least)
      expect(given).toBeLessThanOrEqual(Math.ceil(least * 1.05))
    }),
  )
})

test.each([
  ['postpones on 429', 429, '3600', hour],
  ['postpones on 503, as a date', 503, 'Mon, 15 Jun 2026 14:00:00 GMT', 2 * hour],
  ['postpones on 502', 502, '120', 2 * minute],
  ['postpones on 504', 504, '120', 2 * minute],
  ['never advances', 429, '1', minute],
  ['is not read on other answers', 500, '3600', minute],
  ['is not read on redirects', 301, '3600', minute],
  ['postpones by at most a day', 503, '9999999', day],
  ['is ignored when it is garbage', 503, 'soon', minute],
  ['is ignored when it is negative', 503, '-5', minute],
  ['is ignored when it is past', 503, 'Mon, 15 Jun 2020 14:00:00 GMT', minute],
])('Retry-After %s', (_name, httpStatus, retryAfter, expected) => {
  const outcome = failed({ httpStatus, retryAfter })
  const due = nextAttemptAt('invoicing', { attempt: 1, outcome, fraction: 0 })

  expect(msOf(due ?? noon) - msOf(noon)).toBe(expected)
})

test('Retry-After adds no attempt', () => {
  const outcome = failed({ httpStatus: 503, retryAfter: '60' })

  expect(nextAttemptAt('invoicing', { attempt: 6, outcome, fraction: 0 })).toBeUndefined()
})

test.each([
  [200, null, true],
  [204, null, true],
  [299, null, true],
  [199, null, false],
  [300, null, false],
  [301, null, false],
  [410, null, false],
  [500, null, false],
  [null, 'timeout', false],
  [200, 'connection failed', false],
])('status %s with failure %s is a success: %s', (httpStatus, failure, expected) => {
  expect(isSuccess(failed({ httpStatus, failure }))).toBe(expected)
})

test('only an answer of 410 says that an endpoint is gone', () => {
  expect(isGone(failed({ httpStatus: 410 }))).toBe(true)
  expect(isGone(failed({ httpStatus: 404 }))).toBe(false)
})

const failing = (days: number, spreadHours: number, consecutiveFailures: number) => ({
  now: noon,
  failingSince: instantFromMs(msOf(noon) - days * day),
  spreadMs: spreadHours * hour,
  consecutiveFailures,
})

test.each([
  ['invoicing', 99, 40, 99, false],
  ['invoicing', 0, 0, 100, true],
  ['connect', 4.99, 40, 5_000, false],
  ['connect', 5, 12, 8, true],
  ['connect', 5, 11.99, 8, false],
  ['books', 5, 12, 8, true],
  ['books', 30, 0, 8, false],
] as const)(
  '%s: failing for %d days with a spread of %d hours and %d failures: %s',
  (surface, days, spread, count, expected) => {
    expect(isHopeless(surface, failing(days, spread, count))).toBe(expected)
  },
)

test('an hour of a quota starts on the clock', () => {
  expect(hourOf('2026-06-15T12:59:59.999Z' as Instant)).toEqual({
    start: '2026-06-15T12:00:00.000Z',
    next: '2026-06-15T13:00:00.000Z',
  })
})

test('an excerpt is one kilobyte and shows what cannot be printed', () => {
  expect(toExcerpt(new TextEncoder().encode('ok\r\n\0\u202eno'))).toBe('ok\\r\\n\\u{0}\\u{202e}no')
  expect(toExcerpt(new Uint8Array(5_000).fill(97))).toBe('a'.repeat(1_024))
  expect(toExcerpt(Uint8Array.of(0xff, 0xfe))).toBe('��')
})

test('a body over the limit is sent thin', () => {
  const [body, long] = ['{"a":1}', `"${'é'.repeat(deliveryBounds.bodyBytesMax / 2)}"`]

  expect(toSendable({ body, thin: 'thin' })).toBe(body)
  expect(toSendable({ body: long, thin: 'thin' })).toBe('thin')
})

test('a replay covers at most 30 days, forwards', () => {
  const outcome = (since: string, until: string) => {
    try {
      requireReplayRange(since as Instant, until as Instant)
      return 'accepted'
    } catch (error) {
      return isRefusal(error) ? error.code : 'broken'
    }
  }

  expect(outcome('2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z')).toBe('accepted')
  expect(outcome('2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.001Z')).toBe(
    'webhooks.replay_range',
  )
  expect(outcome('2026-06-02T00:00:00.000Z', '2026-06-01T00:00:00.000Z')).toBe(
    'webhooks.replay_range',
  )
})

test('an endpoint gets the events it names, or all', () => {
  expect(isWanted({ events: ['invoice.paid'] }, 'invoice.paid')).toBe(true)
  expect(isWanted({ events: ['invoice.paid'] }, 'invoice.sent')).toBe(false)
  expect(isWanted({ events: ['*'] }, 'invoice.sent')).toBe(true)
})

test('company tags let an event pass when any of them matches', () => {
  const endpoint = { companyTags: ['region:uk', 'tier:gold'] }

  expect(hasWantedTag(endpoint, { tier: 'gold', region: 'us' })).toBe(true)
  expect(hasWantedTag(endpoint, { region: 'us' })).toBe(false)
  expect(hasWantedTag(endpoint, undefined)).toBe(true)
  expect(hasWantedTag({ companyTags: [] }, { region: 'us' })).toBe(true)
})

test('events are known and named once', () => {
  expect(requireEvents(['a', 'b', 'a', '*'], ['a', 'b'])).toEqual(['a', 'b', '*'])
  expect(() => requireEvents(['a', 'c'], ['a', 'b'])).toThrow('webhooks.event_unknown')
})

test.each([
  ['a usual header', { 'X-Team': 'books' }, true],
  ['a credential', { Authorization: 'Bearer abc' }, true],
  ['a header of the signer', { 'webhook-id': '1' }, false],
  ['a header of the other signer', { 'X-Webhook-Event': '1' }, false],
  ['the host', { Host: 'a' }, false],
  ['the length', { 'Content-Length': '1' }, false],
  ['the connection', { Connection: 'close' }, false],
  ['a line break', { 'x-team': 'a\r\nx: y' }, false],
  ['a name with a blank', { 'x team': 'a' }, false],
  ['eleven', Object.fromEntries([...'abcdefghijk'].map((name) => [`x-${name}`, ''])), false],
])('%s may be set: %#', (_name, headers, expected) => {
  const outcome = (() => {
    try {
      requireHeaders(headers)
      return true
    } catch (error) {
      return !isRefusal(error)
    }
  })()
  expect(outcome).toBe(expected)
})
