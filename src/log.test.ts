import { expect, test } from 'vitest'
import { buildLog, redact } from './log.ts'

const keys = {
  invoicing: `oim_12345678${'0'.repeat(56)}`,
  books: `live_sk_1234${'a'.repeat(44)}`,
  test: `test_sk_1234${'b'.repeat(44)}`,
  connect: `AbCd${'1'.repeat(36)}`,
}

test.each([
  [keys.invoicing, 'oim_12345678…'],
  [keys.books, 'live_sk_1234…'],
  [keys.test, 'test_sk_1234…'],
  [keys.connect, 'AbCd…'],
  ['0198c3f0-7a00-7000-8000-000000000001', '0198c3f0-7a00-7000-8000-000000000001'],
])('%s is shown as %s', (text, shown) => {
  expect(redact(`key ${text}, refused`)).toBe(`key ${shown}, refused`)
})

test('a line is one JSON object without secrets, wherever they stood', () => {
  const { log, lines } = aLog(false)

  log.info({ headers: { authorization: 'Bearer x' }, text: keys.books, status: 401 }, keys.test)

  const [line = ''] = lines
  expect(JSON.parse(line)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    level: 'info',
    pid: process.pid,
    msg: 'test_sk_1234…',
    headers: {},
    text: 'live_sk_1234…',
    status: 401,
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

function aLog(isLogPretty: boolean) {
  const lines: string[] = []
  const log = buildLog({ logLevel: 'info', isLogPretty }, { write: (line) => lines.push(line) })
  return { log, lines }
}
