import { afterAll, expect, test } from 'vitest'
import { aLedger, journal } from '../../test/lane.ts'
import { isRefusal, Refusal } from '../kernel/errors.ts'
import { postJournal } from '../modules/ledger/journal.actions.ts'
import { setSoftLock } from '../modules/ledger/period.actions.ts'
import { verifyTenant } from '../modules/reports/integrity.queries.ts'
import { readSnapshot } from './tx.ts'
import type { Ctx } from './write.ts'

const ledger = await aLedger()
afterAll(ledger.close)

const sale = (amount: string) => journal(`1001 +${amount} | 4000 -${amount}`, '2026-06-10')

/** Posts, fails at something that locks and posts, and posts again. */
async function threeParts(ctx: Ctx): Promise<readonly string[]> {
  const first = await postJournal(ctx, sale('1.00'))
  const refused = await ctx.attempt(async () => {
    await setSoftLock(ctx, { scope: 'all', through: null, reason: 'x' })
    return postJournal(ctx, sale('2.00'))
  })
  const lost = await ctx.attempt(async () => {
    await postJournal(ctx, sale('3.00'))
    throw new Refusal('ledger.amount_overflow')
  })
  const second = await postJournal(ctx, sale('4.00'))
  return [
    first.number,
    'refusal' in refused ? refused.refusal.code : 'done',
    'refusal' in lost ? lost.refusal.code : 'done',
    second.number,
  ]
}

test('a refused part leaves nothing, and what follows takes its numbers', async () => {
  const tenant = await ledger.addBusiness()

  const done = await ledger.write(threeParts, undefined, { tenant })

  expect('value' in done && done.value).toEqual([
    'JE-2026-001',
    'resource.not_found',
    'ledger.amount_overflow',
    'JE-2026-002',
  ])
  const { findings, checked } = await readSnapshot(ledger.owner, tenant, (db) =>
    verifyTenant(db, tenant.businessId, []),
  )
  expect([findings, checked.entries]).toEqual([[], 2])
})

test('a part that fails by our fault ends the whole command', async () => {
  const tenant = await ledger.addBusiness()
  const fail = async (ctx: Ctx): Promise<unknown> => {
    await postJournal(ctx, sale('1.00'))
    return ctx.attempt(() => Promise.reject(new TypeError('our own mistake')))
  }

  const outcome = await ledger.write(fail, undefined, { tenant }).catch((error: unknown) => error)

  expect([outcome instanceof TypeError, isRefusal(outcome)]).toEqual([true, false])
  const { checked } = await readSnapshot(ledger.owner, tenant, (db) =>
    verifyTenant(db, tenant.businessId, []),
  )
  expect(checked.entries).toBe(0)
})
