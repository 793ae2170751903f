import { expect, test } from 'vitest'
import { type Comparison, type Filter, isMatch, type ListQuery, selectPage } from './filter.ts'

const compare = (
  path: string,
  kind: Comparison['kind'],
  operator: Comparison['operator'],
  value: string,
): Comparison => ({ path, kind, operator, value })

const invoice = {
  id: 'A-1',
  status: 'Paid',
  totalAmount: 0.1,
  issueDate: '2026-03-31T00:00:00',
  modifiedDate: '2026-04-01T08:00:00.5Z',
  customerRef: { id: '61', companyName: 'NewCo' },
  metadata: { isDeleted: false },
}

test.each<[string, Comparison, boolean]>([
  ['text without regard to case', compare('status', 'choice', '=', 'paid'), true],
  ['a part of a text', compare('customerRef.companyName', 'text', '~', 'WCO'), true],
  ['a part that is not there', compare('customerRef.companyName', 'text', '~', 'x'), false],
  ['equal by value', compare('totalAmount', 'number', '=', '0.10'), true],
  ['greater than exactly itself', compare('totalAmount', 'number', '>', '0.1'), false],
  ['at least itself', compare('totalAmount', 'number', '>=', '0.1'), true],
  [
    'a day as its midnight in UTC',
    compare('issueDate', 'date', '=', '2026-03-31T00:00:00.000Z'),
    true,
  ],
  ['after a day', compare('issueDate', 'date', '>', '2026-03-30T23:59:59.999Z'), true],
  [
    'short fractions of a second',
    compare('modifiedDate', 'date', '=', '2026-04-01T08:00:00.500Z'),
    true,
  ],
  ['a boolean', compare('metadata.isDeleted', 'boolean', '!=', 'true'), true],
  ['a missing property is equal to nothing', compare('note', 'text', '=', 'x'), false],
  ['a missing property differs from everything', compare('note', 'text', '!=', 'x'), true],
  ['a missing property holds nothing', compare('note', 'text', '~', 'x'), false],
  ['a missing parent', compare('recordRef.id', 'id', '!=', '1'), true],
])('%s: %o is %s', (_name, filter, expected) => {
  expect(isMatch(filter, invoice)).toBe(expected)
})

test('all of nothing passes and any of nothing does not', () => {
  expect([isMatch({ all: [] }, invoice), isMatch({ any: [] }, invoice)]).toEqual([true, false])
})

const rows = [
  { id: '3', name: 'beta', value: 2 },
  { id: '1', name: 'Alpha', value: 10 },
  { id: '2', name: 'alpha' },
  { id: '4', value: 10 },
]
const page = (query: Partial<ListQuery>): readonly string[] =>
  selectPage(rows, {
    filter: undefined,
    order: undefined,
    page: 1,
    pageSize: 10,
    ...query,
  }).rows.map(({ id }) => id)

test('rows are ordered by value, ties by id, and missing values come last either way', () => {
  const byName = { path: 'name', kind: 'text' } as const
  const byValue = { path: 'value', kind: 'number' } as const

  expect(page({})).toEqual(['3', '1', '2', '4'])
  expect(page({ order: { ...byName, isDescending: false } })).toEqual(['1', '2', '3', '4'])
  expect(page({ order: { ...byName, isDescending: true } })).toEqual(['3', '1', '2', '4'])
  expect(page({ order: { ...byValue, isDescending: false } })).toEqual(['3', '1', '4', '2'])
  expect(page({ order: { ...byValue, isDescending: true } })).toEqual(['1', '4', '3', '2'])
})

test('a page beyond the end is empty and still tells how many rows pass', () => {
  const filter: Filter = compare('value', 'number', '>', '5')
  const query = { filter, order: undefined, page: 3, pageSize: 1 }

  expect(selectPage(rows, query)).toEqual({ rows: [], total: 2 })
  expect(page({ filter, page: 2, pageSize: 1 })).toEqual(['4'])
})
