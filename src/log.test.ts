import { expect, test } from 'vitest'
import type { SeenRequest } from './api/http/request-log.ts'
import { buildLog, buildRequestLines } from './log.ts'

const keys = {
  books: `live_sk_1234${'a'.repeat(44)}`,
  test: `test_sk_1234${'b'.repeat(44)}`,
}

test('a line is one JSON object without secrets, wherever they stood', () => {
  const { log, lines } = aLog(false)

  log.info({ headers: { authorization: 'Bearer x' }, text: keys.books, status: 401 }, keys.test)

  const [line = ''] = lines
  expect(JSON.parse(line)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    level: 'info',
    pid: process.pid,
    msg: 'test_sk_1234…',
    headers: { authorization: '[removed]' },
    text: 'live_sk_1234…',
    status: 401,
  })
})

test('an error tells its stack and its members, without secrets', () => {
  const { log, lines } = aLog(false)

  const error = Object.assign(new Error(`refused ${keys.books}`), {
    config: { headers: { Authorization: 'Basic abc' }, password: 'hunter2' },
    url: 'postgres://app:hunter2@db.example/x',
  })
  log.error({ err: error }, 'request failed')

  const [line = ''] = lines
  expect(line).not.toMatch(/hunter2|Basic abc|aaaaa/)
  expect(JSON.parse(line).err).toMatchObject({
    message: 'refused live_sk_1234…',
    stack: expect.stringContaining('log.test.ts'),
    config: { password: '[removed]' },
    url: 'postgres://app:…@db.example/x',
  })
})

test('a terminal gets short lines', () => {
  const { log, lines } = aLog(true)

  log.warn({ port: 4400 }, 'listening')

  expect(lines).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}listening port=4400\n$/)])
})

test('lower levels than asked for are not written', () => {
  const { log, lines } = aLog(false)

  log.debug({}, 'hidden')

  expect(lines).toEqual([])
})

const aRequest = (more: Partial<SeenRequest> = {}): SeenRequest => ({
  requestId: '9f3c1b20-7a5d-4e11-8c42-0123456789ab',
  at: '2026-06-15T12:00:00.000Z' as SeenRequest['at'],
  ...{ organizationId: 'o', businessId: null, keyId: 'k', clientRequestId: keys.books },
  ...{ surface: 'books', operation: 'list-accounts', method: 'GET', path: keys.books },
  ...{ status: 200, errorCode: null, durationUs: 1_500, dbUs: 1, waitUs: 1, bytesIn: 0 },
  ...{ bytesOut: 0, address: '::1', userAgent: keys.books, idempotency: 'none' },
  ...{ chargeState: 'none', said: { params: keys.books }, ...more },
})

test('answered requests are lines without any text of a caller, written in one piece', () => {
  const pieces: string[] = []
  const logRequests = buildRequestLines(
    { logLevel: 'info', isLogPretty: false },
    { write: (piece) => pieces.push(piece) },
  )
  logRequests([
    aRequest({ traceId: 't' }),
    aRequest({ status: 429, errorCode: 'limit.rate_exceeded' }),
    aRequest({ status: 503, operation: null }),
  ])

  const [text = ''] = pieces
  const lines = text.trimEnd().split('\n')
  expect(pieces).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    ...{ level: 'info', time: '2026-06-15T12:00:00.000Z', pid: process.pid, msg: 'request' },
    ...{ requestId: '9f3c1b20-7a5d-4e11-8c42-0123456789ab', traceId: 't', surface: 'books' },
    ...{ operation: 'list-accounts', status: 200, durationMs: 1.5 },
    ...{ organizationId: 'o', keyId: 'k' },
  })
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(['info', 'warn', 'error'])
  expect(text).not.toContain('live_sk')
})

test('a log of warnings leaves out what went well, and a terminal gets short lines', () => {
  const pieces: string[] = []
  const out = { write: (text: string) => pieces.push(text) }
  const rows = [aRequest(), aRequest({ status: 429 })]
  buildRequestLines({ logLevel: 'warn', isLogPretty: false }, out)(rows)
  buildRequestLines({ logLevel: 'silent', isLogPretty: false }, out)(rows)
  buildRequestLines({ logLevel: 'info', isLogPretty: true }, out)([aRequest()])

  expect(pieces).toEqual([
    expect.stringMatching(/^\{"level":"warn"[^\n]*\n$/),
    expect.stringMatching(/^12:00:00 info {2}request requestId=[^\n]*status=200[^\n]*\n$/),
  ])
})

function aLog(isLogPretty: boolean) {
  const lines: string[] = []
  const log = buildLog({ logLevel: 'info', isLogPretty }, { write: (line) => lines.push(line) })
  return { log, lines }
}
