import { expect, test } from 'vitest'
import { resumeBusiness, suspendBusiness } from '../../../src/modules/access/business.actions.ts'
import { sweepCharges } from '../../../src/modules/plans/charge.queries.ts'
import { grantCredits } from '../../../src/modules/plans/credit.actions.ts'
import { operatorPlans } from '../../../src/modules/plans/plan.ts'
import { type Answer, aBusiness, type Business, noon } from '../../harness.ts'

const plans = { ...operatorPlans, books: 'premium' as const }
const nextMinute = (minutes: number): string =>
  new Date(Date.parse(noon) + minutes * 60_000).toISOString()

const accountsPath = ({ businessId }: Business): string =>
  `/v1/chart-of-accounts?businessId=${businessId}`

/** A business on the plan premium with so many trial calls, at 100 naira a call after them. */
async function aMeteredBusiness(trialCalls: number): Promise<Business> {
  const business = await aBusiness({ plans, chart: 'nigeria', country: 'NG', baseCurrency: 'NGN' })
  await business.owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     values ($1, 'books', 'trialCalls', to_jsonb($2::int), '2000-01-01', 'test', '2000-01-01')`,
    [business.organizationId, trialCalls],
  )
  return business
}

const grant = (business: Business, naira: bigint, expiresAt?: string): Promise<unknown> =>
  business.write(
    grantCredits,
    {
      asset: 'NGN',
      amount: naira * 100n,
      reason: 'top up',
      ...(expiresAt !== undefined && { expiresAt: expiresAt as never }),
    },
    { organizationId: business.organizationId },
  )

/** Waits until all that ended has been told to the meter. */
async function settled({ owner, organizationId }: Business): Promise<void> {
  for (;;) {
    const { rows } = await owner.query<{ open: number }>(
      'select count(*)::int as open from charge where organization_id = $1 and not is_posted',
      [organizationId],
    )
    if (rows[0]?.open === 0) return
  }
}

const usage = async ({ books }: Business) => (await books.get('/v1/usage')).body.data

/** Every asset sums to nothing, and what is consumed is what charges say. */
async function expectBalancedMeter({ owner, organizationId }: Business): Promise<void> {
  const { rows } = await owner.query(
    `select 'accounts' as what, asset from meter_account where organization_id = $1
       group by asset having sum(balance) <> 0
     union all
     select 'lines', asset from meter_line where organization_id = $1
       group by asset having sum(amount) <> 0
     union all
     select 'account ' || a.code, a.asset from meter_account as a where a.organization_id = $1
       and a.balance <> (select coalesce(sum(x.amount), 0) from meter_line as x
         where x.organization_id = $1 and x.account_code = a.code and x.asset = a.asset)
     union all
     select 'consumed', a.asset from meter_account as a
     where a.organization_id = $1 and a.code = 'consumed'
       and a.balance <> (select coalesce(sum(c.units), 0) from charge as c
         where c.organization_id = $1 and c.asset = a.asset and c.state = 'settled')
     union all
     select 'grants', a.asset from meter_account as a
     where a.organization_id = $1 and a.code = 'available'
       and a.balance <> (select coalesce(sum(g.remaining), 0) from meter_grant as g
         where g.organization_id = $1 and g.asset = a.asset)`,
    [organizationId],
  )
  expect(rows).toEqual([])
}

const journal = {
  transactionDate: '2026-06-01',
  description: 'Rent',
  post: true,
  lines: [
    { accountId: '1001', credit: 5 },
    { accountId: '5020', debit: 5 },
  ],
}

test('402 with k trial calls left and many at once exactly k are admitted', async () => {
  const business = await aMeteredBusiness(100)
  const { books } = business
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => books.get(`${accountsPath(business)}&limit=1`)),
  )
  const exhausted = answers.filter(({ status }) => status === 402)
  expect(exhausted.length).toBeGreaterThanOrEqual(100)
  expect(exhausted[0]?.body.error).toMatchObject({
    code: 'TRIAL_EXHAUSTED',
    message: 'All 100 trial calls are used. Top up credits, or use a test key.',
  })
  await settled(business)
  const succeeded = answers.filter(({ status }) => status === 200).length
  expect(await usage(business)).toMatchObject({
    trialCallsUsed: succeeded,
    trialCallsRemaining: 100 - succeeded,
  })
  expect(answers.length - exhausted.length).toBe(100)
  await expectBalancedMeter(business)
})

test('402 without credits a call is told that the balance is too low, and pays again after a grant', async () => {
  const business = await aMeteredBusiness(1)
  const { books } = business
  expect((await books.get(accountsPath(business))).status).toBe(200)
  expect((await books.get(accountsPath(business))).body.error.code).toBe('TRIAL_EXHAUSTED')
  await grant(business, 300n)
  const paid: Answer[] = []
  for (let i = 0; i < 4; i += 1) paid.push(await books.get(accountsPath(business)))
  expect(paid.map(({ status }) => status)).toEqual([200, 200, 200, 402])
  expect(paid.at(-1)?.body.error).toMatchObject({
    code: 'INSUFFICIENT_CREDITS',
    message: 'The credit balance is too low for this call',
  })
  await settled(business)
  expect(await usage(business)).toEqual({
    mode: 'credits',
    trialCallsUsed: 1,
    trialCallsRemaining: 0,
    creditsBalanceKobo: 0,
    creditsBalance: 0,
    totalCallsThisMonth: 4,
    totalCallsAllTime: 4,
    lastCallAt: noon,
    metered: true,
    pricePerCallKobo: 10_000,
    pricePerCall: 100,
  })
  await expectBalancedMeter(business)
})

test('refusals, replays, dry runs and free routes cost nothing; a write is charged once', async () => {
  const business = await aMeteredBusiness(10)
  const { books } = business
  const path = `/v1/journal-entries?businessId=${business.businessId}`
  const keyed = { 'idempotency-key': 'once' }
  expect((await books.post(path, journal, keyed)).status).toBe(201)
  expect((await books.post(path, journal, keyed)).headers['idempotency-replayed']).toBe('true')
  expect((await books.post(path, journal, { 'dry-run': 'true' })).status).toBe(200)
  expect((await books.post(path, { ...journal, lines: [] })).status).toBe(400)
  expect((await books.get('/v1/chart-of-accounts')).status).toBe(400)
  expect((await books.get('/v1/usage')).status).toBe(200)
  expect((await books.get('/v1/api-keys')).status).toBe(200)
  await settled(business)
  expect(await usage(business)).toMatchObject({ trialCallsUsed: 1, totalCallsAllTime: 1 })
  const { rows } = await business.owner.query(
    'select operation, state from charge where organization_id = $1 order by state desc, operation',
    [business.organizationId],
  )
  expect(rows.filter(({ state }) => state === 'settled')).toHaveLength(1)
  await expectBalancedMeter(business)
})

test('many writes in one commit each settle their own charge', async () => {
  const business = await aMeteredBusiness(20)
  const path = `/v1/journal-entries?businessId=${business.businessId}`
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      business.books.post(path, i % 5 === 0 ? { ...journal, lines: [] } : journal),
    ),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(8)
  await settled(business)
  expect(await usage(business)).toMatchObject({ trialCallsUsed: 8, trialCallsRemaining: 12 })
  await expectBalancedMeter(business)
})

test('calls with test keys are free, and show what live keys used', async () => {
  const business = await aMeteredBusiness(5)
  await business.books.get(accountsPath(business))
  const tester = await business.clientOf('books', { environment: 'test' })
  const testBusinessId = await business.addBusiness({ environment: 'test' })
  const answer = await tester.get(`/v1/chart-of-accounts?businessId=${testBusinessId}`)
  expect(answer.status).toBe(200)
  await settled(business)
  expect((await tester.get('/v1/usage')).body.data).toMatchObject({ trialCallsUsed: 1 })
})

test('what a crash left held is given back after two minutes, and settled writes stay paid', async () => {
  const business = await aMeteredBusiness(5)
  const { owner, organizationId, pool } = business
  await business.books.get(accountsPath(business))
  await settled(business)
  await owner.query(
    `with lost as (
       insert into charge (organization_id, request_id, key_id, operation, units, asset, state, held_at)
       select $1, gen_random_uuid(), gen_random_uuid(), 'lost', 1, 'CALL', state, $2
       from unnest(array['held', 'settled']) as state returning 1)
     select post_meter($1, 'hold', 'hold:lost', null, $2, 'CALL', 'available', 'held',
       (select count(*) from lost))`,
    [organizationId, noon],
  )
  const sweep = (ms: number): Promise<number> =>
    sweepCharges(
      { query: async ({ text, values }) => (await pool.query(text, [...values])).rows as never },
      Date.parse(noon) + ms,
    )
  await sweep(119_999)
  expect(await usage(business)).toMatchObject({ trialCallsUsed: 1, trialCallsRemaining: 2 })
  await sweep(120_000)
  expect(await usage(business)).toMatchObject({ trialCallsUsed: 2, trialCallsRemaining: 3 })
  await expectBalancedMeter(business)
})

test('credits that have ended pay for nothing, and the ledger shows where they went', async () => {
  const business = await aMeteredBusiness(0)
  const { books, clock } = business
  await grant(business, 200n, nextMinute(1))
  expect((await books.get(accountsPath(business))).status).toBe(200)
  await settled(business)
  clock.set(nextMinute(1))
  expect((await books.get(accountsPath(business))).body.error.code).toBe('INSUFFICIENT_CREDITS')
  const { body } = await books.get('/v1/usage/ledger?limit=2')
  expect(body.data.movements[0]).toMatchObject({
    kind: 'expire',
    asset: 'NGN',
    from: 'available',
    to: 'expired',
    amount: 10_000,
  })
  expect(body.data.pagination).toMatchObject({ total: 4, hasMore: true })
  await expectBalancedMeter(business)
})

test('owners are told once when credits run low and when they have ended', async () => {
  const business = await aMeteredBusiness(0)
  await grant(business, 1_000n)
  for (let i = 0; i < 11; i += 1) await business.books.get(accountsPath(business))
  const told = async (): Promise<string[]> => {
    const { rows } = await business.owner.query<{ type: string }>(
      `select type from event where tenant_id = $1 and type like 'credits.%' order by sequence`,
      [business.organizationId],
    )
    return rows.map(({ type }) => type)
  }
  const expected = ['credits.granted', 'credits.low', 'credits.low', 'credits.exhausted']
  for (let i = 0; i < 200 && (await told()).length < expected.length; i += 1) {
    await new Promise(setImmediate)
  }
  expect(await told()).toEqual(expected)
})

test('the history counts calls by day and by how they ended', async () => {
  const business = await aMeteredBusiness(5)
  const { books } = business
  await books.get(accountsPath(business))
  await books.get('/v1/chart-of-accounts/9999?businessId=none')
  await settled(business)
  for (let i = 0; i < 200; i += 1) {
    const { body } = await books.get('/v1/usage/history')
    if (body.data.days[0]?.calls === 2) break
  }
  const { body } = await books.get('/v1/usage/history')
  expect(body.data).toEqual({
    days: [{ date: '2026-06-15', calls: 2, charged: 1, succeeded: 1, refused: 1, failed: 0 }],
    count: 1,
  })
})

test('the trial begins with the first charged call, also when a refused one gives back its slot beside it', async () => {
  const business = await aMeteredBusiness(3)
  const { books, write } = business

  await write(suspendBusiness, {})
  const refused = await books.get(accountsPath(business))
  await write(resumeBusiness, {})
  const served = await books.get(accountsPath(business))
  await settled(business)

  expect([refused.body.error.code, served.status]).toEqual(['BUSINESS_SUSPENDED', 200])
  expect(await usage(business)).toMatchObject({ trialCallsUsed: 1, trialCallsRemaining: 2 })
})
