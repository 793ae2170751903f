import { expect, test } from 'vitest'
import { buildLog } from './log.ts'

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

function aLog(isLogPretty: boolean) {
  const lines: string[] = []
  const log = buildLog({ logLevel: 'info', isLogPretty }, { write: (line) => lines.push(line) })
  return { log, lines }
}
