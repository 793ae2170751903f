import { expect, test } from 'vitest'
import { revokeKey } from '../../../src/modules/access/api-key.actions.ts'
import { listKeys } from '../../../src/modules/access/api-key.queries.ts'
import { suspendBusiness } from '../../../src/modules/access/business.actions.ts'
import { grantCredits } from '../../../src/modules/plans/credit.actions.ts'
import { setPlans } from '../../../src/modules/plans/plan.actions.ts'
import { operatorPlans } from '../../../src/modules/plans/plan.ts'
import { bytesOf, rowsOf } from '../../error-page.ts'
import { type Answer, aBusiness, aClient, type Business, type Client } from '../../harness.ts'
import { booksOf, inBusiness } from './client.ts'

/*
 * The published error page of this surface, row by row: status, code, and what is said. Each row is
 * brought about by what really causes it, through HTTP.
 */

const page = `
400 INVALID_REQUEST
400 MISSING_BUSINESS_ID
400 INVALID_VERSION
400 VALIDATION_ERROR
400 UNBALANCED_JOURNAL
401 UNAUTHORIZED missing
401 UNAUTHORIZED malformed
401 INVALID_API_KEY invalid
401 INVALID_API_KEY revoked
401 INVALID_API_KEY expired
403 FORBIDDEN
403 BUSINESS_SUSPENDED expired
403 BUSINESS_SUSPENDED suspended
404 NOT_FOUND
405 METHOD_NOT_ALLOWED
409 CONFLICT
422 BUSINESS_LOGIC_ERROR
429 RATE_LIMIT
500 INTERNAL_ERROR
402 TRIAL_EXHAUSTED
402 INSUFFICIENT_CREDITS
403 NO_SUBSCRIPTION
403 FREE_TIER
403 ENTERPRISE_ONLY
`

const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const
const premium = { ...operatorPlans, books: 'premium' } as const
const free = { ...operatorPlans, books: 'free' } as const
const accounts = '/v1/chart-of-accounts/4000'
const invoices = '/v1/invoices'
const journals = '/v1/journal-entries'

const business = await aBusiness(nigeria)
const books = booksOf(business)

const posters = {
  customerName: 'Kuti Prints',
  customerEmail: 'accounts@kutiprints.example',
  lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: 40_000 }],
  invoiceDate: '2026-04-10',
}

const rent = (credit: number, transactionDate = '2026-04-30') => ({
  transactionDate,
  description: 'Rent',
  lines: [
    { accountId: '5020', debit: 1_000 },
    { accountId: '2002', credit },
  ],
  post: true,
})

const withKey = (authorization: string): Promise<Answer> =>
  inBusiness(aClient(business.app, 'books', authorization), business.businessId).get(accounts)

async function keyOf({ organizationId, read }: Business) {
  const [key] = await read((db) => listKeys(db, { organizationId, surface: 'books' }))
  if (key === undefined) throw new Error('the business has a key')
  return key.id
}

/** A premium organization whose calls cost what the plan says, with no trial left. */
async function aPayingClient(): Promise<Readonly<{ payer: Business; client: Client }>> {
  const payer = await aBusiness({ ...nigeria, plans: premium })
  await payer.owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     values ($1, 'books', 'trialCalls', '0', '2000-01-01', 'test', '2000-01-01')`,
    [payer.organizationId],
  )
  return { payer, client: booksOf(payer) }
}

const causes = {
  '400 INVALID_REQUEST': () => books.get(`${journals}?limit=none`),
  '400 MISSING_BUSINESS_ID': () => business.books.get(accounts),
  '400 INVALID_VERSION': () => books.get('/v2/invoices'),
  '400 VALIDATION_ERROR': () =>
    books.post(invoices, {
      ...posters,
      lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: -40_000 }],
      dueDate: '2026-04-09',
    }),
  '400 UNBALANCED_JOURNAL': () => books.post(journals, rent(900)),
  '401 UNAUTHORIZED missing': () => withKey(''),
  '401 UNAUTHORIZED malformed': () => withKey('Basic abc'),
  '401 INVALID_API_KEY invalid': () => withKey(`Bearer live_sk_${'0'.repeat(40)}becb6b97`),
  '401 INVALID_API_KEY revoked': async () => {
    const other = await aBusiness(nigeria)
    await other.write(
      revokeKey,
      { keyId: await keyOf(other) },
      { organizationId: other.organizationId },
    )
    return booksOf(other).get(accounts)
  },
  '401 INVALID_API_KEY expired': async () => {
    const other = await aBusiness(nigeria)
    // Keys rotate after 90 days.
    other.clock.set('2026-09-13T12:00:00.000Z')
    const answer = await booksOf(other).get(accounts)
    other.clock.set('2026-06-15T12:00:00.000Z')
    return answer
  },
  '403 FORBIDDEN': async () => {
    const other = await aBusiness(nigeria)
    return inBusiness(business.books, other.businessId).get(accounts)
  },
  '403 BUSINESS_SUSPENDED expired': async () => {
    const other = await aBusiness({ ...nigeria, plans: premium })
    const { organizationId } = other
    await other.write(setPlans, { plans: {}, booksStatus: 'expired' }, { organizationId })
    return booksOf(other).get(accounts)
  },
  '403 BUSINESS_SUSPENDED suspended': async () => {
    const other = await aBusiness(nigeria)
    await other.write(suspendBusiness, {})
    return booksOf(other).get(accounts)
  },
  '404 NOT_FOUND': () => books.get(`${invoices}/inv_01jygw4000e008000000001r01`),
  '405 METHOD_NOT_ALLOWED': () => books.send('PATCH', journals, {}),
  '409 CONFLICT': async () => {
    const other = booksOf(await aBusiness(nigeria))
    const { body } = await other.post(invoices, posters)
    const path = `${invoices}/${body.data.id}/void`
    await other.post(path, { reason: 'Made twice' })
    return other.post(path, { reason: 'Made twice' })
  },
  '422 BUSINESS_LOGIC_ERROR': async () => {
    const other = booksOf(await aBusiness(nigeria))
    await other.post('/v1/period-locks/close', { throughDate: '2026-04-30', reason: 'Filed' })
    return other.post(journals, rent(1_000))
  },
  '429 RATE_LIMIT': async () => {
    const other = booksOf(await aBusiness({ ...nigeria, limits: 'of the plan' }))
    let answer = await other.get(accounts)
    for (let i = 1; i < 61; i += 1) answer = await other.get(accounts)
    return answer
  },
  '500 INTERNAL_ERROR': async () => {
    await business.owner.query('revoke select on account from tallystick_app')
    const answer = await books.get(accounts)
    await business.owner.query('grant select on account to tallystick_app')
    return answer
  },
  '402 TRIAL_EXHAUSTED': async () => (await aPayingClient()).client.get(accounts),
  '402 INSUFFICIENT_CREDITS': async () => {
    const { payer, client } = await aPayingClient()
    const { organizationId } = payer
    const topUp = { asset: 'NGN', amount: 1n, reason: 'top up' } as const
    await payer.write(grantCredits, topUp, { organizationId })
    return client.get(accounts)
  },
  '403 NO_SUBSCRIPTION': async () => booksOf(await aBusiness({ plans: free })).get(accounts),
  '403 FREE_TIER': async () => {
    const other = await aBusiness({ plans: premium })
    const { organizationId } = other
    await other.write(setPlans, { plans: { books: 'free' } }, { organizationId })
    return booksOf(other).get(accounts)
  },
  '403 ENTERPRISE_ONLY': async () =>
    (await aBusiness({ plans: premium })).books.get('/v1/enterprise/businesses'),
}

const dates = '"message":"must be after invoiceDate"'

/** What follows the code, up to the request id. */
const saidBy: Readonly<Record<string, string>> = {
  '400 INVALID_REQUEST':
    '"Missing or invalid request parameters","details":[{"field":"limit","message":"must be between 1 and 100"}]',
  '400 MISSING_BUSINESS_ID': '"businessId query parameter is required"',
  '400 INVALID_VERSION': '"API version v2 is not supported. Use /v1/."',
  '400 VALIDATION_ERROR': `"Request body validation failed","details":[{"field":"lineItems[0].unitPrice","message":"must be a positive number"},{"field":"dueDate",${dates}}]`,
  '400 UNBALANCED_JOURNAL':
    '"Debits (1000.00 NGN) and credits (900.00 NGN) differ by 100.00 NGN","details":[{"field":"lines","message":"Debits (1000.00 NGN) and credits (900.00 NGN) differ by 100.00 NGN"}]',
  '401 UNAUTHORIZED missing': '"Missing Authorization header"',
  '401 UNAUTHORIZED malformed': '"Invalid API key format"',
  '401 INVALID_API_KEY invalid': '"Invalid API key"',
  '401 INVALID_API_KEY revoked': '"Invalid API key"',
  '401 INVALID_API_KEY expired': '"API key has expired"',
  '403 FORBIDDEN': '"No access to the requested business"',
  '403 BUSINESS_SUSPENDED expired': '"This business is suspended"',
  '403 BUSINESS_SUSPENDED suspended': '"This business is suspended"',
  '404 NOT_FOUND': '"Invoice not found"',
  '405 METHOD_NOT_ALLOWED': '"Method PATCH is not allowed here; allowed: GET, HEAD, POST"',
  '409 CONFLICT': '"Invoice INV-2026-001 is already voided"',
  '422 BUSINESS_LOGIC_ERROR':
    '"2026-04-30 lies in a closed period; the earliest open date is 2026-05-01","details":[{"field":"transactionDate","message":"must be on or after 2026-05-01"}]',
  '429 RATE_LIMIT': '"Rate limit exceeded. Retry after 60 seconds.","retryAfter":60',
  '500 INTERNAL_ERROR': '"Internal server error"',
  '402 TRIAL_EXHAUSTED': '"All 0 trial calls are used. Top up credits, or use a test key."',
  '402 INSUFFICIENT_CREDITS': '"The credit balance is too low for this call"',
  '403 NO_SUBSCRIPTION': '"API keys require a Premium or Accountant Pro subscription"',
  '403 FREE_TIER': '"The subscription was downgraded after this key was issued"',
  '403 ENTERPRISE_ONLY': '"This endpoint is for enterprise accounts only"',
}

test.each(rowsOf(page, causes))('%s is answered byte for byte', async (row, cause) => {
  const answer = await cause()

  const [status, code] = row.split(' ')
  expect([answer.status, bytesOf(answer)]).toEqual([
    Number(status),
    `{"success":false,"error":{"code":"${code}","message":${saidBy[row]},"requestId":"<id>"}}`,
  ])
})

test('a success stands in the published envelope, its members in their order', async () => {
  const answer = await booksOf(await aBusiness({ limits: 'of the plan' })).get(accounts)

  expect([
    answer.status,
    bytesOf(answer).replace(/"data":\{.*\},"meta"/, '"data":{},"meta"'),
  ]).toEqual([
    200,
    '{"success":true,"data":{},"meta":{"requestId":"<id>","timestamp":"2026-06-15T12:00:00.000Z",' +
      '"rateLimit":{"limit":60,"remaining":59,"reset":"2026-06-15T12:01:00.000Z"}}}',
  ])
})
