import { expect, test } from 'vitest'
import { isRefusal } from '../../kernel/errors.ts'
import { parseCompanyName, parseTags } from './company.ts'
import { toGuid } from './guid.ts'

const outcome = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return isRefusal(error) ? error.code : error
  }
}

test.each([
  ['Technicalium Ltd.', 'Technicalium Ltd.'],
  ["  O'Neill, Sons & Co @ No. 5? - Yes!  ", "O'Neill, Sons & Co @ No. 5? - Yes!"],
  ['Bäckerei Ølsen 株式会社', 'Bäckerei Ølsen 株式会社'],
  ['<b>Bold</b> #1 (UK)', 'bBoldb 1 UK'],
  ['***', 'validation.failed'],
  ['', 'validation.failed'],
  ['x'.repeat(250), 'x'.repeat(250)],
  ['x'.repeat(251), 'validation.failed'],
])('the name %s becomes %s', (given, expected) => {
  expect(outcome(() => parseCompanyName(given))).toBe(expected)
})

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, 'value']))

test.each([
  [null, {}],
  [{ region: 'uk' }, { region: 'uk' }],
  [many(10), many(10)],
  [many(11), 'sync.tags_invalid'],
  [{ 'a:b': 'c' }, 'sync.tags_invalid'],
  [{ '': 'c' }, 'sync.tags_invalid'],
  [{ ['k'.repeat(101)]: 'c' }, 'sync.tags_invalid'],
  [{ k: 'v'.repeat(101) }, 'sync.tags_invalid'],
])('the tags %o become %o', (given, expected) => {
  expect(outcome(() => parseTags(given))).toEqual(expected)
})

test('a guid is random but for its version and variant', () => {
  expect(toGuid('company', '00000000000000000000000000000000')).toBe(
    '00000000-0000-4000-8000-000000000000',
  )
  expect(toGuid('company', `${'f'.repeat(64)}`)).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
})
