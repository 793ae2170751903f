import { expect, test } from 'vitest'
import { exampleOf } from '../../kernel/error-examples.ts'
import { catalogue, isErrorCode, Refusal } from '../../kernel/errors.ts'
import { renderBooksError } from '../books/errors.ts'
import { renderConnectError } from '../connect/errors.ts'
import { renderInvoicingError } from '../invoicing/errors.ts'
import { problemType, renderProblem, wantsOnlyProblem, wantsProblem } from './problem.ts'

const context = {
  requestId: '131f0225-5467-421a-b179-4531d6b4a942',
  origin: 'http://localhost:8080',
  acceptsProblem: true,
}
const codes = Object.keys(catalogue).filter(isErrorCode)

test('a problem has the members of RFC 9457 and ours, in this order', () => {
  const refusal = new Refusal('validation.failed', {
    issues: [
      {
        pointer: '/dueDate',
        path: 'dueDate',
        rule: 'order',
        message: 'must be after invoiceDate',
        fix: 'Send a later date.',
      },
    ],
  })
  const problem = renderProblem(refusal, { status: 400, surface: { code: 'X' } }, context)
  expect(JSON.stringify(problem.body)).toBe(
    JSON.stringify({
      type: 'http://localhost:8080/docs/errors/validation.failed',
      title: 'Validation: failed',
      status: 400,
      detail: 'Request body validation failed',
      instance: 'urn:uuid:131f0225-5467-421a-b179-4531d6b4a942',
      code: 'validation.failed',
      number: 1101,
      params: {},
      retry: 'never',
      blame: 'caller',
      errors: [
        {
          pointer: '/dueDate',
          path: 'dueDate',
          rule: 'order',
          detail: 'must be after invoiceDate',
          fix: 'Send a later date.',
        },
      ],
      surface: { code: 'X' },
    }),
  )
  expect(problem.headers['Content-Type']).toBe(problemType)
})

test('a rate refusal names the policy and the wait', () => {
  const refusal = new Refusal('limit.rate_exceeded', {
    retryAfterSeconds: 12,
    policy: 'key-minute',
    limit: 60,
    windowSeconds: 60,
  })
  const { body, headers } = renderBooksError(refusal, context)
  expect(body).toMatchObject({
    params: { retryAfterSeconds: 12, policy: 'key-minute', limit: 60, windowSeconds: 60 },
    retryAfterSeconds: 12,
    'violated-policies': ['key-minute'],
    surface: { code: 'RATE_LIMIT' },
  })
  expect(headers['Retry-After']).toBe('12')
})

test('parameters of the edge are in the problem too', () => {
  const { body } = renderBooksError(new Refusal('plan.company_limit', { limit: 50 }), context)
  expect(body['params']).toEqual({ docsUrl: 'http://localhost:8080/docs/limits', limit: 50 })
})

test('Connect tells what its own body would have said', () => {
  const { body } = renderConnectError(
    new Refusal('sync.connection_not_found', { connectionId: 'x' }),
    context,
  )
  expect(body['surface']).toEqual({
    statusCode: 404,
    service: 'PublicApi',
    error: 'Data connection x not found',
    correlationId: context.requestId,
    canBeRetried: 'False',
    detailedErrorCode: 3002,
  })
})

test('every code becomes a problem with the status of its native body, on every surface', () => {
  const native = { ...context, acceptsProblem: false }
  const different = codes.filter((code) =>
    [renderInvoicingError, renderBooksError, renderConnectError].some((render) => {
      const problem = render(exampleOf(code), context)
      const plain = render(exampleOf(code), native)
      JSON.stringify(problem.body)
      return problem.status !== plain.status || problem.body['status'] !== plain.status
    }),
  )
  expect(different).toEqual([])
})

test.each([
  [undefined, false, false],
  ['*/*', false, false],
  ['application/*', false, false],
  ['application/json', false, false],
  ['application/problem+json', true, true],
  ['application/problem+json, */*', true, false],
  ['application/json, application/problem+json', true, false],
  ['application/json, application/problem+json;q=0.5', false, false],
  ['application/json;q=0.5, APPLICATION/PROBLEM+JSON;q=0.9', true, false],
  ['application/problem+json;q=0', false, false],
])('Accept %s: problem %s, on Connect %s', (accept, shared, connect) => {
  expect([wantsProblem(accept), wantsOnlyProblem(accept)]).toEqual([shared, connect])
})
