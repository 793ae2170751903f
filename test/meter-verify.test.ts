import { expect, test } from 'vitest'
import { readSnapshot, toTx } from '../src/db/tx.ts'
import { grantCredits } from '../src/modules/plans/credit.actions.ts'
import { operatorPlans } from '../src/modules/plans/plan.ts'
import { verifyTenant } from '../src/modules/reports/integrity.queries.ts'
import { aBusiness } from './harness.ts'

const business = aBusiness({
  plans: { ...operatorPlans, books: 'premium' },
  ...{ chart: 'nigeria', country: 'NG', baseCurrency: 'NGN' },
})

/** Three calls, one of them refused, paid by two trial calls and then by credits. */
async function aUsedMeter() {
  const { owner, organizationId, businessId, books, write } = await business
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     values ($1, 'books', 'trialCalls', '2', '2000-01-01', 'test', '2000-01-01')`,
    [organizationId],
  )
  const grant = { asset: 'NGN', amount: 100_000n, reason: 'top up' }
  await write(grantCredits, grant, { organizationId })
  const path = `/v1/chart-of-accounts?businessId=${businessId}`
  for (let call = 0; call < 3; call += 1) await books.get(path)
  await books.get(`${path}&limit=none`)
  const open = async () => {
    const text =
      'select count(*)::int as n from charge where organization_id = $1 and not is_posted'
    return (await owner.query<{ n: number }>(text, [organizationId])).rows[0]?.n
  }
  await expect.poll(open, { timeout: 10_000 }).toBe(0)
  return { owner, organizationId }
}

const used = aUsedMeter()

test('a meter that nobody touched verifies, and its charges are counted', async () => {
  const { owner, organizationId } = await used
  const { checked, findings } = await readSnapshot(owner, { organizationId }, (db) =>
    verifyTenant(db, organizationId, []),
  )
  expect(findings).toEqual([])
  expect(checked.charges).toBeGreaterThanOrEqual(3)
})

test.each([
  [
    'a balance',
    `update meter_account set balance = balance + 1 where code = 'available'`,
    'meter_balance',
  ],
  [
    'a line',
    `update meter_line set amount = amount + 1 where account_code = 'consumed'`,
    'meter_entry',
  ],
  [
    'an entry that is gone',
    `delete from meter_line where account_code = 'consumed'`,
    'meter_entry',
  ],
  [
    'the price of a charge',
    `update charge set units = units + 1 where state = 'settled'`,
    'meter_charge',
  ],
  ['a charge that is gone', `delete from charge where state = 'settled'`, 'meter_charge'],
  [
    'a charge that was given back',
    `update charge set state = 'released' where state = 'settled'`,
    'meter_charge',
  ],
  ['the calls of a day', 'update usage_day set charged = charged + 1', 'meter_charge'],
])('%s changed behind the gate is found', async (_what, text, kind) => {
  const { owner, organizationId } = await used
  const client = await owner.connect()
  try {
    await client.query(
      'begin; set local role postgres; set local session_replication_role = replica',
    )
    const { rowCount } = await client.query(text)
    const { findings } = await verifyTenant(toTx(client), organizationId, [])
    expect(rowCount).toBeGreaterThan(0)
    expect(findings.map((finding) => finding.kind)).toContain(kind)
  } finally {
    await client.query('rollback')
    client.release()
  }
})
