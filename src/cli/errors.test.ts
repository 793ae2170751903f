import { expect, test } from 'vitest'
import { booksErrors } from '../api/books/errors.ts'
import { connectErrors } from '../api/connect/errors.ts'
import { invoicingErrors } from '../api/invoicing/errors.ts'
import { explain, renderExplanation } from './errors.ts'

const looks = { invoicing: invoicingErrors, books: booksErrors, connect: connectErrors }

test.each([
  ['ledger.period_closed', 'ledger.period_closed'],
  ['2018', 'ledger.period_closed'],
  [
    '2026-03-31 lies in a closed period; the earliest open date is 2026-04-01',
    'ledger.period_closed',
  ],
  ['Invalid JSON in request body', 'request.malformed_json'],
  ['No company was found with ID 42', 'sync.company_not_found'],
  ['closed period', 'ledger.period_closed'],
  ['Invoice not found', 'resource.not_found'],
])('%s is explained as %s', (query, code) => {
  expect(explain(query, looks)?.code).toBe(code)
})

test('a text of several codes names the others', () => {
  expect(explain('Invalid API key', looks)?.related).toContain('key.revoked')
})

test('nothing is made up for a query that means nothing', () => {
  expect(explain('', looks)).toBeUndefined()
  expect(explain('9999', looks)).toBeUndefined()
  expect(explain('quite another matter', looks)).toBeUndefined()
})

test('an explanation has the number, the looks and the steps', () => {
  const explanation = explain('ledger.journal_unbalanced', looks)
  expect(explanation).toMatchObject({
    number: 2001,
    surfaces: {
      invoicing: { status: 400 },
      books: { status: 400, code: 'UNBALANCED_JOURNAL' },
      connect: { status: 400, service: 'PushApi' },
    },
    docs: '/docs/errors/ledger.journal_unbalanced',
  })
  expect(explanation?.fix.length).toBeGreaterThan(0)
})

test('on a terminal it is plain lines', () => {
  const explanation = explain('key.unknown', looks)
  const text = explanation === undefined ? '' : renderExplanation(explanation)
  expect(text).toContain('key.unknown (1205)\nInvalid API key\n\n- ')
  expect(text).toContain('  books: 401 INVALID_API_KEY Invalid API key')
})
