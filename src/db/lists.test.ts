import { expect, test } from 'vitest'
import { followsOf, type Order, orderOf, toPattern, toWhere } from './lists.ts'

test('conditions without a value are left out, and the others count their values on', () => {
  const conditions = [
    ['Lantern%', (place: string) => `name ilike ${place}`],
    [undefined, (place: string) => `sku = ${place}`],
    [false, (place: string) => `is_paid = ${place}`],
  ] as const

  expect(toWhere(['business', 'today'], conditions)).toEqual({
    values: ['business', 'today', 'Lantern%', false],
    where: ' and name ilike $3 and is_paid = $4',
  })
})

test.each([
  ['50%', '%50\\%%'],
  ['a_b', '%a\\_b%'],
  ['c\\d', '%c\\\\d%'],
])('%s is looked for as it is written', (text, pattern) => {
  expect(toPattern(text)).toBe(pattern)
})

const newestFirst: Order = {
  ...{ column: 'created_at', id: 'id', isDescending: true },
  canBeEmpty: false,
}
const soonestFirst: Order = {
  ...{ column: 'due_date', id: 'id', isDescending: false },
  canBeEmpty: true,
}

test('empty values come last in either direction', () => {
  expect(orderOf(newestFirst)).toBe('order by created_at desc, id desc')
  expect(orderOf(soonestFirst)).toBe('order by due_date asc nulls last, id asc')
  expect(orderOf({ ...soonestFirst, isDescending: true })).toBe(
    'order by due_date desc nulls last, id desc',
  )
})

test.each([
  ['the first page', newestFirst, undefined, '', []],
  [
    'a column that is never empty',
    newestFirst,
    { value: '2026-06-15', id: 'a' },
    ' and (created_at, id) < ($4, $3::uuid)',
    ['a', '2026-06-15'],
  ],
  [
    'a value before the empty ones',
    soonestFirst,
    { value: '2026-06-15', id: 'a' },
    ' and (due_date > $4 or (due_date = $4 and id > $3::uuid) or due_date is null)',
    ['a', '2026-06-15'],
  ],
  [
    'an empty value',
    soonestFirst,
    { value: null, id: 'a' },
    ' and due_date is null and id > $3::uuid',
    ['a'],
  ],
])('a page goes on behind %s', (_name, order, after, condition, values) => {
  expect(followsOf(order, after, 2)).toEqual({ condition, values })
})
