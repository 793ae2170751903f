import { expect, test } from 'vitest'
import { exampleOf } from '../../kernel/error-examples.ts'
import { catalogue, isErrorCode, Refusal } from '../../kernel/errors.ts'
import { booksErrors, renderBooksError, toBooksRequestId } from './errors.ts'

const context = {
  requestId: '131f0225-5467-421a-b179-4531d6b4a942',
  booksRequestId: 'req_a1b2c3d4e5f6g7h8',
  origin: 'http://localhost:8080',
  acceptsProblem: false,
}
const codes = Object.keys(catalogue).filter(isErrorCode)

test('the published sample of a validation error comes out byte by byte', () => {
  const refusal = new Refusal('validation.failed', {
    issues: [
      {
        pointer: '/lineItems/0/unitPrice',
        path: 'lineItems[0].unitPrice',
        rule: 'range',
        message: 'must be a positive number',
      },
      { pointer: '/dueDate', path: 'dueDate', rule: 'order', message: 'must be after invoiceDate' },
    ],
  })
  expect(JSON.stringify(renderBooksError(refusal, context).body)).toBe(
    '{"success":false,"error":{"code":"VALIDATION_ERROR","message":"Request body validation failed",' +
      '"details":[{"field":"lineItems[0].unitPrice","message":"must be a positive number"},' +
      '{"field":"dueDate","message":"must be after invoiceDate"}],' +
      '"requestId":"req_a1b2c3d4e5f6g7h8"}}',
  )
})

/** The twenty documented codes with their status (D), and the one of ours. */
const documented: readonly (readonly [Refusal, number, string, string])[] = [
  [
    new Refusal('request.query_missing', { parameter: 'from' }),
    400,
    'INVALID_REQUEST',
    'Missing or invalid request parameters',
  ],
  [
    new Refusal('request.business_id_missing'),
    400,
    'MISSING_BUSINESS_ID',
    'businessId query parameter is required',
  ],
  [
    new Refusal('request.version_unsupported', { version: 'v2' }),
    400,
    'INVALID_VERSION',
    'API version v2 is not supported. Use /v1/.',
  ],
  [
    new Refusal('validation.nothing_to_update'),
    400,
    'VALIDATION_ERROR',
    'Request body validation failed',
  ],
  [
    exampleOf('ledger.journal_unbalanced'),
    400,
    'UNBALANCED_JOURNAL',
    'Debits (1000.00 NGN) and credits (900.00 NGN) differ by 100.00 NGN',
  ],
  [new Refusal('key.header_missing'), 401, 'UNAUTHORIZED', 'Missing Authorization header'],
  [new Refusal('key.format_invalid'), 401, 'UNAUTHORIZED', 'Invalid API key format'],
  [new Refusal('key.unknown'), 401, 'INVALID_API_KEY', 'Invalid API key'],
  [new Refusal('key.expired'), 401, 'INVALID_API_KEY', 'API key has expired'],
  [
    new Refusal('plan.trial_exhausted', { limit: 100 }),
    402,
    'TRIAL_EXHAUSTED',
    'All 100 trial calls are used. Top up credits, or use a test key.',
  ],
  [
    new Refusal('plan.credits_insufficient', { balance: 0, price: 1 }),
    402,
    'INSUFFICIENT_CREDITS',
    'The credit balance is too low for this call',
  ],
  [
    new Refusal('access.business_forbidden'),
    403,
    'FORBIDDEN',
    'No access to the requested business',
  ],
  [
    new Refusal('key.resource_not_associated'),
    403,
    'FORBIDDEN',
    'No access to the requested business',
  ],
  [
    new Refusal('access.business_suspended', { since: '2026-04-01' }),
    403,
    'BUSINESS_SUSPENDED',
    'This business is suspended',
  ],
  [
    new Refusal('plan.no_subscription'),
    403,
    'NO_SUBSCRIPTION',
    'API keys require a Premium or Accountant Pro subscription',
  ],
  [
    new Refusal('plan.downgraded'),
    403,
    'FREE_TIER',
    'The subscription was downgraded after this key was issued',
  ],
  [
    new Refusal('access.enterprise_only'),
    403,
    'ENTERPRISE_ONLY',
    'This endpoint is for enterprise accounts only',
  ],
  [
    new Refusal('resource.not_found', { resource: 'Bill', id: 'x' }),
    404,
    'NOT_FOUND',
    'Bill not found',
  ],
  [
    new Refusal('request.route_unknown', { method: 'GET', path: '/v1/x' }),
    404,
    'NOT_FOUND',
    'No such endpoint',
  ],
  [
    new Refusal('request.method_not_allowed', { method: 'PUT', allowed: 'GET, POST' }),
    405,
    'METHOD_NOT_ALLOWED',
    'Method PUT is not allowed here; allowed: GET, POST',
  ],
  [
    new Refusal('sales.invoice_voided', { number: 'INV-1' }),
    409,
    'CONFLICT',
    'Invoice INV-1 is already voided',
  ],
  [
    new Refusal('ledger.period_closed', { date: '2026-03-31', earliest: '2026-04-01' }),
    422,
    'BUSINESS_LOGIC_ERROR',
    '2026-03-31 lies in a closed period; the earliest open date is 2026-04-01',
  ],
  [
    exampleOf('limit.rate_exceeded'),
    429,
    'RATE_LIMIT',
    'Rate limit exceeded. Retry after 12 seconds.',
  ],
  [new Refusal('platform.unexpected'), 500, 'INTERNAL_ERROR', 'Internal server error'],
  [new Refusal('documents.render_failed'), 500, 'INTERNAL_ERROR', 'Internal server error'],
  [
    new Refusal('platform.shutting_down'),
    503,
    'SERVICE_UNAVAILABLE',
    'The service is restarting. Please try again.',
  ],
]

test.each(documented)('%s is %i %s %s', (refusal, status, code, message) => {
  const reply = renderBooksError(refusal, context)
  expect([reply.status, reply.body]).toMatchObject([status, { error: { code, message } }])
})

test('all documented codes are in use, and one more', () => {
  const used = new Set(Object.values(booksErrors).map((look) => look.code))
  expect(used).toEqual(new Set(documented.map(([, , code]) => code)))
  expect(used.size).toBe(21)
})

test('the wait stands after the message, on 429 and 503 only', () => {
  const { body, headers } = renderBooksError(exampleOf('limit.rate_exceeded'), context)
  expect(JSON.stringify(body)).toBe(
    '{"success":false,"error":{"code":"RATE_LIMIT",' +
      '"message":"Rate limit exceeded. Retry after 12 seconds.","retryAfter":12,' +
      '"requestId":"req_a1b2c3d4e5f6g7h8"}}',
  )
  expect(headers['Retry-After']).toBe('12')
  const waiting = codes.filter((code) => hasMember(code, 'retryAfter'))
  const limited = codes.filter((code) => [429, 503].includes(booksErrors[code].status))
  expect(waiting).toEqual(limited)
})

test.each([
  [
    new Refusal('request.query_invalid', { parameter: 'from', reason: 'it is not a date' }),
    [{ field: 'from', message: 'it is not a date' }],
  ],
  [
    new Refusal('request.query_missing', { parameter: 'from' }),
    [{ field: 'from', message: 'is required' }],
  ],
  [
    new Refusal('request.page_invalid', { parameter: 'limit', min: 1, max: 100 }),
    [{ field: 'limit', message: 'must be between 1 and 100' }],
  ],
  [new Refusal('request.malformed_json', { position: 0 }), undefined],
  [
    exampleOf('ledger.journal_unbalanced'),
    [
      {
        field: 'lines',
        message: 'Debits (1000.00 NGN) and credits (900.00 NGN) differ by 100.00 NGN',
      },
    ],
  ],
  [
    new Refusal('validation.fields_missing', { fields: 'name, items (at least one)' }),
    [
      { field: 'name', message: 'is required' },
      { field: 'items', message: 'is required' },
    ],
  ],
  [
    new Refusal('validation.date_invalid', { field: 'dueDate' }),
    [{ field: 'dueDate', message: 'must be a valid date (YYYY-MM-DD)' }],
  ],
  [exampleOf('ledger.account_not_found'), undefined],
])('details of %s', (refusal, details) => {
  expect(renderBooksError(refusal, context).body).toMatchObject({ error: {} })
  expect(errorOf(refusal)['details']).toEqual(details)
})

test('every fault of a body names its field', () => {
  const silent = codes.filter(
    (code) => booksErrors[code].code === 'VALIDATION_ERROR' && !hasMember(code, 'details'),
  )
  expect(silent).toEqual([])
})

test('every code has a look, a message without places and a request id', () => {
  expect(Object.keys(booksErrors)).toEqual(codes)
  const wrong = codes.filter((code) => {
    const { message, requestId } = errorOf(exampleOf(code))
    return typeof message !== 'string' || /[{}]|^$/.test(message) || requestId === undefined
  })
  expect(wrong).toEqual([])
})

test('the request id is req_ and sixteen lower-case characters of the uuid', () => {
  expect(toBooksRequestId('00000000-0000-0000-0000-000000000000')).toBe('req_0000000000000000')
  expect(toBooksRequestId('ffffffff-ffff-ffff-ffff-000000000000')).toBe('req_zzzzzzzzzzzzzzzz')
  expect(toBooksRequestId('00000000-0000-0000-0001-000000000000')).toBe('req_0000000000000001')
})

const errorOf = (refusal: Refusal): Readonly<Record<string, unknown>> => {
  const { error } = renderBooksError(refusal, context).body
  return typeof error === 'object' && error !== null ? { ...error } : {}
}

const hasMember = (code: (typeof codes)[number], name: string): boolean =>
  Object.hasOwn(errorOf(exampleOf(code)), name)
