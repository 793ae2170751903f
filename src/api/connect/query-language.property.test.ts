import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isRefusal } from '../../kernel/errors.ts'
import type { Operator, PropertyKind } from '../../modules/sync/filter.ts'
import { propertiesByEntity } from '../../modules/sync/property.ts'
import { parseOrder, parseQuery, parseTagQuery, type Query, readQuery } from './query-language.ts'

const invoices = { entity: 'Invoice', properties: propertiesByEntity.Invoice } as const

const outcome = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    if (!isRefusal(error)) throw error
    return [error.code, error.params]
  }
}

const is = (path: string, operator: Operator, value: string, kind: PropertyKind) => ({
  path,
  kind,
  operator,
  value,
})

const moment = '2026-01-01T00:00:00.000Z'

test.each([
  ['id=61', is('id', '=', '61', 'id')],
  ['customerRef.id=61', is('customerRef.id', '=', '61', 'id')],
  ['customerRef.companyName=NewCo', is('customerRef.companyName', '=', 'NewCo', 'text')],
  ['dueDate>2021-01-28', is('dueDate', '>', '2021-01-28T00:00:00.000Z', 'date')],
  ['modifiedDate>=2026-01-01T00:00:00Z', is('modifiedDate', '>=', moment, 'date')],
  ['modifiedDate>=2026-01-01T00:00:00', is('modifiedDate', '>=', moment, 'date')],
  ['modifiedDate>=2026-01-01T01:00:00.0000000+01:00', is('modifiedDate', '>=', moment, 'date')],
  ['status!=paid', is('status', '!=', 'paid', 'choice')],
  ['STATUS = Paid', is('status', '=', 'Paid', 'choice')],
  ['invoicenumber~ 7 ', is('invoiceNumber', '~', '7', 'text')],
  ['totalAmount<1000.50', is('totalAmount', '<', '1000.5', 'number')],
  ['metadata.isDeleted!=TRUE', is('metadata.isDeleted', '!=', 'true', 'boolean')],
  ['note="a && b } c"', is('note', '=', 'a && b } c', 'text')],
  ['status%21%3Dpaid', is('status', '!=', 'paid', 'choice')],
  [
    'amountDue>0&&totalAmount<1000',
    { all: [is('amountDue', '>', '0', 'number'), is('totalAmount', '<', '1000', 'number')] },
  ],
  [
    '{totalAmount > 100 || totalAmount < 50} && status != paid',
    {
      all: [
        {
          any: [is('totalAmount', '>', '100', 'number'), is('totalAmount', '<', '50', 'number')],
        },
        is('status', '!=', 'paid', 'choice'),
      ],
    },
  ],
  [
    'id=1||id=2&&id=3',
    {
      any: [
        is('id', '=', '1', 'id'),
        { all: [is('id', '=', '2', 'id'), is('id', '=', '3', 'id')] },
      ],
    },
  ],
  ['  ', undefined],
])('%s is read', (text, filter) => {
  expect(parseQuery(text, invoices)).toEqual(filter)
})

const unknown = (property: string) => [
  'request.query_property_unknown',
  { property, entity: 'Invoice' },
]

test.each([
  ['name', ['request.query_language_malformed', { position: 0 }]],
  ['status=', ['request.query_language_malformed', { position: 7 }]],
  ['=paid', ['request.query_language_malformed', { position: 0 }]],
  ['status=paid&&', ['request.query_language_malformed', { position: 13 }]],
  ['{status=paid', ['request.query_language_malformed', { position: 12 }]],
  ['status=paid}', ['request.query_language_malformed', { position: 11 }]],
  ['note="a" b', ['request.query_language_malformed', { position: 5 }]],
  ['totalAmount=abc', ['request.query_language_malformed', { position: 0 }]],
  ['status=paid&&dueDate=soon', ['request.query_language_malformed', { position: 13 }]],
  ['metadata.isDeleted=maybe', ['request.query_language_malformed', { position: 0 }]],
  ['lineItems.unitAmount>5', unknown('lineItems.unitAmount')],
  ['supplementalData.content=1', unknown('supplementalData.content')],
  ['isCompleted=true', unknown('isCompleted')],
  [
    'totalAmount~5',
    [
      'request.query_invalid',
      { parameter: 'query', reason: 'totalAmount cannot be compared with ~' },
    ],
  ],
  [
    `note=${'a'.repeat(2_043)}`,
    [
      'request.query_invalid',
      { parameter: 'query', reason: 'it must be shorter than 2048 characters' },
    ],
  ],
  [
    Array.from({ length: 51 }, () => 'id=1').join('&&'),
    ['request.query_invalid', { parameter: 'query', reason: 'it may have 50 terms' }],
  ],
  [
    `${'{'.repeat(9)}id=1${'}'.repeat(9)}`,
    ['request.query_invalid', { parameter: 'query', reason: 'braces may nest 8 deep' }],
  ],
])('%s is refused', (text, expected) => {
  expect(outcome(() => parseQuery(text, invoices))).toEqual(expected)
})

test('a query of 2,047 characters is read', () => {
  expect(parseQuery(`note=${'a'.repeat(2_042)}`, invoices)).toMatchObject({ path: 'note' })
})

test('tags compare as text under any name', () => {
  expect(parseTagQuery('region = uk && owningTeam = invoice-finance')).toEqual({
    all: [is('region', '=', 'uk', 'text'), is('owningTeam', '=', 'invoice-finance', 'text')],
  })
  expect(outcome(() => parseTagQuery('tier>1'))).toEqual([
    'request.query_invalid',
    { parameter: 'tags', reason: 'tier cannot be compared with >' },
  ])
})

test('an order names a property and its direction', () => {
  expect(parseOrder('-customerref.companyname', invoices)).toEqual({
    path: 'customerRef.companyName',
    kind: 'text',
    isDescending: true,
  })
  expect(parseOrder('', invoices)).toBeUndefined()
  expect(outcome(() => parseOrder('-lineItems', invoices))).toEqual([
    'request.order_by_unknown',
    { entity: 'Invoice', property: 'lineItems' },
  ])
})

const term = fc.record({
  path: fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,8}(\.[a-z][a-zA-Z0-9]{0,5}){0,2}$/),
  operator: fc.constantFrom<Operator>('=', '!=', '~', '>', '<', '>=', '<='),
  value: fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes('"')),
  position: fc.constant(0),
})

const { query: anyQuery } = fc.letrec<{ query: Query; group: Query }>((tie) => ({
  query: fc.oneof({ maxDepth: 3, depthIdentifier: 'query' }, term, tie('group')),
  group: fc.oneof(
    fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((any) => ({ any })),
  ),
}))

/** The query as someone would write it, with braces around every group. */
function print(query: Query): string {
  if ('all' in query) return `{ ${query.all.map(print).join(' && ')} }`
  if ('any' in query) return `{${query.any.map(print).join('||')}}`
  return `${query.path} ${query.operator} "${query.value}"`
}

const withoutPositions = (query: Query | undefined): unknown =>
  JSON.parse(JSON.stringify(query, (name, value: unknown) => (name === 'position' ? 0 : value)))

test('what is printed is read back', () => {
  fc.assert(
    fc.property(anyQuery, (query) => {
      expect(withoutPositions(readQuery(print(query), 'query'))).toEqual(query)
    }),
  )
})

test('any text is read or refused with a code, and never in another way', () => {
  const mark = fc.constantFrom(
    '&&',
    '||',
    '{',
    '}',
    '=',
    '!=',
    '~',
    '>',
    '"',
    ' ',
    '%',
    'status',
    '5',
  )
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(mark, { maxLength: 14 }).map((marks) => marks.join('')),
  )
  fc.assert(
    fc.property(text, (given) => {
      outcome(() => parseQuery(given, invoices))
      outcome(() => parseTagQuery(given))
      outcome(() => parseOrder(given, invoices))
    }),
    { numRuns: 2_000 },
  )
})
