import { expect, test } from 'vitest'
import { exampleOf } from '../../kernel/error-examples.ts'
import { catalogue, type Issue, isErrorCode, Refusal } from '../../kernel/errors.ts'
import { invoicingErrors, renderInvoicingError } from './errors.ts'

const context = {
  requestId: '131f0225-5467-421a-b179-4531d6b4a942',
  origin: 'http://localhost:8080',
  acceptsProblem: false,
}

/** The published bodies (D) and the texts that differ from the catalogue's sentence. */
const published: readonly (readonly [Refusal, number, string])[] = [
  [new Refusal('key.header_missing'), 401, 'Missing Authorization header'],
  [new Refusal('key.format_invalid'), 401, 'Invalid API key format'],
  [new Refusal('key.wrong_surface'), 401, 'Invalid API key format'],
  [new Refusal('key.unknown'), 401, 'Invalid API key'],
  [new Refusal('key.revoked'), 401, 'Invalid API key'],
  [new Refusal('key.checksum_invalid'), 401, 'Invalid API key'],
  [new Refusal('key.expired'), 401, 'API key has expired'],
  [
    new Refusal('key.scope_insufficient', { required: 'write' }),
    403,
    'Insufficient permissions. Required: write',
  ],
  [
    new Refusal('validation.fields_missing', { fields: 'customer_id, items (at least one)' }),
    400,
    'Missing required fields: customer_id, items (at least one)',
  ],
  [
    new Refusal('validation.items_incomplete', {
      fields: 'description, quantity, unit_price',
      items: ['items[0]'],
    }),
    400,
    'Each item requires: description, quantity, unit_price',
  ],
  [new Refusal('validation.nothing_to_update'), 400, 'No valid fields to update'],
  [new Refusal('resource.not_found', { resource: 'Invoice', id: 'x' }), 404, 'Invoice not found'],
  [new Refusal('resource.not_found', { resource: 'Customer', id: 'x' }), 404, 'Customer not found'],
  [new Refusal('access.business_forbidden'), 404, 'Business not found'],
  [
    new Refusal('key.limit_reached', { limit: 2 }),
    429,
    'API key limit reached for your current plan',
  ],
  [new Refusal('request.malformed_json', { position: 3 }), 400, 'Invalid JSON in request body'],
  [new Refusal('request.route_unknown', { method: 'GET', path: '/x' }), 404, 'Not found'],
  [
    new Refusal('resource.number_taken', { resource: 'Quotation', number: 'Q-1' }),
    400,
    'Quotation number already exists',
  ],
  [
    new Refusal('resource.invalid_transition', {
      resource: 'Expense',
      from: 'paid',
      to: 'pending',
    }),
    400,
    'Expense cannot change from paid to pending',
  ],
  [
    new Refusal('sales.allocation_currency_mismatch', {
      receiptCurrency: 'USD',
      invoiceCurrency: 'NGN',
    }),
    400,
    'Payment (USD) and invoice (NGN) must be in the same currency',
  ],
  [new Refusal('platform.unexpected'), 500, 'Internal server error'],
]

test.each(published)('%s is %i %s', (refusal, status, text) => {
  const reply = renderInvoicingError(refusal, context)
  expect([reply.status, JSON.stringify(reply.body)]).toEqual([
    status,
    JSON.stringify({ error: text }),
  ])
})

test('every code has a status and a body of exactly one member with a text', () => {
  const codes = Object.keys(catalogue).filter(isErrorCode)
  expect(Object.keys(invoicingErrors)).toEqual(codes)
  const wrong = codes.filter((code) => {
    const { status, body } = renderInvoicingError(exampleOf(code), context)
    const text = body['error']
    const hasText = typeof text === 'string' && text !== '' && !/[{}]/.test(text)
    return status < 400 || status > 599 || Object.keys(body).join() !== 'error' || !hasText
  })
  expect(wrong).toEqual([])
})

test('wrong members are named with their paths, three at most', () => {
  const refusal = new Refusal('validation.failed', {
    issues: [
      issue('items[1].tax_rate', 'must be between 0 and 100'),
      issue('currency', 'must be an ISO 4217 currency code'),
      issue('notes', 'must be a string'),
      issue('terms', 'must be a string'),
    ],
  })
  expect(renderInvoicingError(refusal, context).body['error']).toBe(
    'items[1].tax_rate must be between 0 and 100; currency must be an ISO 4217 currency code; ' +
      'notes must be a string',
  )
})

test('every error says its code, its page and its request id, and is not stored', () => {
  const refusal = new Refusal('request.method_not_allowed', { method: 'PUT', allowed: 'GET, POST' })
  expect(renderInvoicingError(refusal, context).headers).toEqual({
    'Content-Type': 'application/json; charset=utf-8',
    'Error-Code': 'request.method_not_allowed',
    Link: '<http://localhost:8080/docs/errors/request.method_not_allowed>; rel="help"',
    'X-Request-Id': context.requestId,
    'Cache-Control': 'no-store',
    Allow: 'GET, POST',
  })
})

test.each([
  [new Refusal('idempotency.in_progress'), '1'],
  [new Refusal('platform.overloaded', { retryAfterSeconds: 2.2 }), '3'],
  [new Refusal('platform.database_unavailable'), '1'],
  [new Refusal('key.limit_reached', { limit: 2 }), undefined],
  [new Refusal('key.unknown'), undefined],
])('%s is worth another attempt after %s seconds', (refusal, seconds) => {
  expect(renderInvoicingError(refusal, context).headers['Retry-After']).toBe(seconds)
})

test('as a problem the detail is the text of this surface', () => {
  const { body } = renderInvoicingError(new Refusal('access.business_forbidden'), {
    ...context,
    acceptsProblem: true,
  })
  expect([body['status'], body['detail'], body['surface']]).toEqual([404, 'Business not found', {}])
})

const issue = (path: string, message: string): Issue => ({
  pointer: `/${path}`,
  path,
  rule: 'range',
  message,
})
