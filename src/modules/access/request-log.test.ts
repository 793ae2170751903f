import { expect, test } from 'vitest'
import { toBooksRequestId } from '../../api/books/errors.ts'
import { parseRequestId } from './request-log.ts'

const id = '9f3c1b20-7a5d-4e11-8c42-0123456789ab'

test.each([
  [id, id, id],
  [id.toUpperCase(), id, id],
  [id.replaceAll('-', ''), id, id],
  [
    toBooksRequestId(id),
    '9f3c1b20-7a5d-4e11-8c42-000000000000',
    '9f3c1b20-7a5d-4e11-8c42-ffffffffffff',
  ],
])('%s stands for the ids from %s to %s', (text, first, last) => {
  expect(parseRequestId(text)).toEqual({ first, last })
})

test.each(['', 'req_', 'req_0000', 'req_000000000000000u', `${id}0`, '2018', 'Invoice not found'])(
  '%j is no request id',
  (text) => {
    expect(parseRequestId(text)).toBeUndefined()
  },
)
