import { expect, test } from 'vitest'
import { exampleOf } from '../../kernel/error-examples.ts'
import { catalogue, isErrorCode, Refusal } from '../../kernel/errors.ts'
import { connectErrors, renderConnectError, toPushOutcome } from './errors.ts'

const context = {
  requestId: '131f0225-5467-421a-b179-4531d6b4a942',
  origin: 'http://localhost:8080',
  acceptsProblem: false,
}
const codes = Object.keys(catalogue).filter(isErrorCode)

/** The published bodies (D), followed by the two members of ours. */
const published: readonly (readonly [Refusal, Readonly<Record<string, unknown>>])[] = [
  [
    new Refusal('plan.company_limit', { limit: 50 }),
    {
      statusCode: 402,
      service: 'PublicApi',
      error: 'CompanyValidationException: Company limit exceeded',
      correlationId: context.requestId,
      validation: {
        errors: [
          {
            itemId: 'Company',
            message: 'Company limit exceeded. Learn more at http://localhost:8080/docs/limits',
            validatorName: 'CreateCompany',
          },
        ],
        warnings: [],
      },
      canBeRetried: 'False',
      detailedErrorCode: 1405,
    },
  ],
  [
    new Refusal('plan.account_expired', { days: 365 }),
    {
      statusCode: 402,
      service: 'PublicApi',
      error: 'Payment Required',
      correlationId: context.requestId,
      validation: {
        errors: [{ message: 'Account expired. Learn more at http://localhost:8080/docs/limits' }],
        warnings: [],
      },
      canBeRetried: 'False',
      detailedErrorCode: 1408,
    },
  ],
  [
    new Refusal('plan.sync_schedule_not_allowed', { hours: 1 }),
    {
      statusCode: 402,
      service: 'PublicApi',
      error: 'SyncSettingsValidationException: Sync schedule not allowed',
      correlationId: context.requestId,
      validation: {
        errors: [
          {
            itemId: 'SyncSchedule',
            message: 'Sync schedule not allowed. Learn more at http://localhost:8080/docs/limits',
            validatorName: 'SyncSettings',
          },
        ],
        warnings: [],
      },
      canBeRetried: 'False',
      detailedErrorCode: 1407,
    },
  ],
  [
    new Refusal('documents.pdf_not_found', {
      companyId: '360cb9b3-d9cf-4f66-b8db-8a3523fe3dc5',
      invoiceId: '12345',
      platformName: 'QuickbooksOnline',
    }),
    {
      statusCode: 404,
      service: 'QuickbooksOnline',
      error:
        'InvoicePdfNotFoundException: Invoice not found for company ' +
        '360cb9b3-d9cf-4f66-b8db-8a3523fe3dc5 and invoice ID 12345',
      correlationId: context.requestId,
      canBeRetried: 'False',
      detailedErrorCode: 2818,
    },
  ],
  [
    new Refusal('sync.data_type_unsupported', {
      dataType: 'itemReceipts',
      platforms: 'Tallystick',
    }),
    {
      statusCode: 404,
      service: 'PullApi',
      error: 'Datatype itemReceipts not supported by platform(s) Tallystick',
      correlationId: context.requestId,
      canBeRetried: 'False',
      detailedErrorCode: 3004,
    },
  ],
]

test.each(published)('%s has its published body, member by member', (refusal, body) => {
  const reply = renderConnectError(refusal, context)
  expect(JSON.stringify(reply.body)).toBe(JSON.stringify(body))
  expect(reply.status).toBe(body['statusCode'])
})

/** Service and text of the rows whose words are not the catalogue's. */
const worded: readonly (readonly [Refusal, number, string, string])[] = [
  [
    new Refusal('request.malformed_json', { position: 1 }),
    400,
    'PublicApi',
    'Error processing request - not valid.',
  ],
  [
    new Refusal('request.query_property_unknown', { property: 'isCompleted', entity: 'Dataset' }),
    400,
    'PullApi',
    'Error parsing query - Could not resolve property isCompleted on Dataset',
  ],
  [
    new Refusal('request.order_by_unknown', { property: 'x', entity: 'Company' }),
    400,
    'ClientsApi',
    'Error parsing query - Could not resolve property x on Company',
  ],
  [
    new Refusal('validation.text_too_long', { field: 'name', max: 50 }),
    400,
    'PublicApi',
    'Max string length (50) for `name` reached.',
  ],
  [new Refusal('key.unknown'), 401, 'PublicApi', 'Unauthorized'],
  [
    new Refusal('key.revoked'),
    403,
    'PublicApi',
    'You are using an outdated API key or a key not associated with that resource.',
  ],
  [
    new Refusal('sync.connection_not_linked', {
      connectionId: 'c1',
      status: 'Unlinked',
      platformName: 'Xero',
    }),
    403,
    'PublicApi',
    "A downstream endpoint can't be accessed. Data connection c1 is Unlinked.",
  ],
  [
    new Refusal('sync.downstream_forbidden', { platformName: 'Xero' }),
    403,
    'Xero',
    "A downstream endpoint can't be accessed.",
  ],
  [
    new Refusal('sync.company_not_found', { companyId: 'c1' }),
    404,
    'ClientsApi',
    'No company was found with ID c1',
  ],
  [
    new Refusal('resource.not_found', { resource: 'Push operation', id: 'p1' }),
    404,
    'PublicApi',
    'Push operation p1 not found',
  ],
  [
    new Refusal('request.route_unknown', { method: 'GET', path: '/x' }),
    404,
    'PublicApi',
    'NotFound',
  ],
  [exampleOf('request.method_not_allowed'), 405, 'PublicApi', 'Method Not Allowed'],
  [
    new Refusal('sync.dataset_not_requested'),
    409,
    'PublicApi',
    'The data set has not been requested.',
  ],
  [
    exampleOf('limit.rate_exceeded'),
    429,
    'PublicApi',
    'You have made too many requests in a given amount of time; please retry later.',
  ],
  [
    new Refusal('sync.platform_blocked', { platformKey: 'gbol' }),
    451,
    'StdznCustomData',
    "Platform 'gbol' is not currently available for compliance purposes.",
  ],
  [
    new Refusal('platform.unexpected'),
    500,
    'PublicApi',
    'There is a problem with our server. Please try again later.',
  ],
  [
    new Refusal('platform.maintenance'),
    503,
    'PublicApi',
    'The API is temporarily offline for maintenance. Please try again later.',
  ],
]

test.each(worded)('%s is %i %s %s', (refusal, statusCode, service, error) => {
  expect(renderConnectError(refusal, context).body).toMatchObject({ statusCode, service, error })
})

test('the service of a query error is that of the list that was asked', () => {
  const refusal = new Refusal('request.query_language_malformed', { position: 4 })
  const { body } = renderConnectError(refusal, { ...context, family: 'ClientsApi' })
  expect([body['service'], body['error']]).toEqual([
    'ClientsApi',
    'Error parsing query - Malformed query.',
  ])
})

test('a wrong body has one validation error per field, named after the entity', () => {
  const { body } = renderConnectError(
    new Refusal('validation.failed', {
      issues: [{ pointer: '/name', path: 'name', rule: 'required', message: 'is required' }],
    }),
    { ...context, validatorName: 'CreateCompany' },
  )
  expect(body['validation']).toEqual({
    errors: [{ itemId: 'name', message: 'is required', validatorName: 'CreateCompany' }],
    warnings: [],
  })
})

test.each([
  ['key.unknown', 'False'],
  ['plan.connection_limit', 'False'],
  ['limit.rate_exceeded', 'True'],
  ['platform.database_unavailable', 'True'],
  ['connect.push_outcome_unknown', 'Unknown'],
] as const)('%s can be retried: %s', (code, canBeRetried) => {
  expect(renderConnectError(exampleOf(code), context).body).toMatchObject({ canBeRetried })
})

test('only a missing or wrong credential is answered with a challenge', () => {
  expect(renderConnectError(new Refusal('key.unknown'), context).headers).toMatchObject({
    'WWW-Authenticate': 'Basic realm="connect"',
  })
  expect(renderConnectError(new Refusal('key.revoked'), context).headers).not.toHaveProperty(
    'WWW-Authenticate',
  )
})

test('a refusal met by a push fails the operation and not the request', () => {
  const refusal = new Refusal('ledger.period_closed', {
    date: '2026-03-31',
    earliest: '2026-04-01',
  })
  expect(toPushOutcome(refusal, 'Invoice', context)).toEqual({
    status: 'Failed',
    statusCode: 400,
    errorMessage:
      'An error occurred in a downstream service. Correlation ID: ' +
      '131f02255467421ab1794531d6b4a942. Message: Push failed for Invoice: ' +
      'see validation for more information',
    validation: {
      errors: [
        {
          message: '2026-03-31 lies in a closed period; the earliest open date is 2026-04-01',
          validatorName: 'Invoice',
        },
      ],
      warnings: [],
    },
  })
})

test.each([
  ['sync.push_timed_out', 'TimedOut', 408],
  ['connect.platform_auth_expired', 'Failed', 401],
  ['connect.push_outcome_unknown', 'Failed', 502],
] as const)('%s ends a push as %s %i', (code, status, statusCode) => {
  expect(toPushOutcome(exampleOf(code), 'Invoice', context)).toMatchObject({ status, statusCode })
})

test('a question of the platform is a warning of the failed push', () => {
  const { validation } = toPushOutcome(exampleOf('connect.platform_question'), 'Invoice', context)
  expect([validation.errors.length, validation.warnings.length]).toEqual([0, 1])
})

test('every code has a look whose status equals the one in the body, and its number', () => {
  expect(Object.keys(connectErrors)).toEqual(codes)
  const wrong = codes.filter((code) => {
    const { status, body } = renderConnectError(exampleOf(code), context)
    const { statusCode, service, error, detailedErrorCode } = body
    const isWhole = typeof error === 'string' && error !== '' && !/[{}]/.test(error)
    const isNamed = typeof service === 'string' && /^[A-Za-z]+$/.test(service)
    const isNumbered = detailedErrorCode === catalogue[code].number
    return statusCode !== status || !isWhole || !isNamed || !isNumbered
  })
  expect(wrong).toEqual([])
})
