import { randomBytes } from 'node:crypto'
import { array, asyncProperty, constantFrom, assert as holds, integer, record } from 'fast-check'
import { expect, test } from 'vitest'
import { msOf } from '../../src/kernel/dates.ts'
import { type Admitted, admitKeys } from '../../src/modules/access/admission.queries.ts'
import { aBusiness, noon, theWorld } from '../harness.ts'

const minuteMs = 60_000
const start = msOf(noon)

/** The limits of an Invoicing key of its own; asks for requests and answers what was granted. */
async function aCounter(quota: number) {
  const { owner, organizationId } = await aBusiness({ limits: 'of the plan' })
  const { pool } = await theWorld()
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     values ($1, 'invoicing', 'requestsPerMinute', to_jsonb($2::int), '2000-01-01', 'test', now())`,
    [organizationId, quota],
  )
  const { rows } = await owner.query<{ hash: Buffer; business_id: string }>(
    `select hash, business_id from api_key where organization_id = $1 and surface = 'invoicing'`,
    [organizationId],
  )
  const hash = rows[0]?.hash.toString('hex') ?? ''
  const db = {
    query: async <Row>({ text, values }: { text: string; values: readonly unknown[] }) =>
      (await pool.query(text, [...values])).rows as Row[],
  }
  const clear = () =>
    owner.query('delete from limit_counter where organization_id = $1', [organizationId])
  const ask = async (nowMs: number, count: number, cost: number): Promise<Admitted> => {
    const question = { hash, businessId: undefined, address: '', cost, count }
    const metering = { metering: 0 as const, requestIds: [], operations: [] }
    const [row] = await admitKeys(db, {
      nowMs,
      process: randomBytes(4).readUInt32BE(),
      questions: [{ ...question, ...metering }],
      ended: [],
    })
    return row as Admitted
  }
  return { ask, clear }
}

const steps = array(
  record({
    // Many at the same instant, some at the very edge of the window.
    passMs: constantFrom(0, 0, 1, 99, 100, 500, 20_000, 30_000, 59_999, 60_000),
    count: integer({ min: 1, max: 9 }),
    cost: constantFrom(1, 1, 1, 2, 5),
  }),
  { minLength: 1, maxLength: 25 },
)

test('to 2,000 a minute the window is a log: it grants what the log grants, and says when', async () => {
  const quota = 12
  const { ask, clear } = await aCounter(quota)
  await holds(
    asyncProperty(steps, async (given) => {
      await clear()
      const log: number[] = []
      let now = start
      for (const { passMs, count, cost } of given) {
        now += passMs
        const used = log.filter((at) => at > now - minuteMs).length
        const fit = Math.min(count, Math.floor((quota - used) / cost))
        const row = await ask(now, count, cost)
        expect([row.minute_used, row.granted]).toEqual([used, fit])
        for (let i = 0; i < fit * cost; i += 1) log.push(now)
        const newest = log.at(-1)
        const isFree = newest === undefined || newest <= now - minuteMs
        expect(row.minute_free).toBe(isFree ? now : newest + minuteMs)
        if (fit === count) continue
        // One more fits at the instant that is told, and not a millisecond before.
        const usedAt = (at: number): number => log.filter((one) => one > at - minuteMs).length
        const next = row.minute_next ?? 0
        expect(usedAt(next) + cost).toBeLessThanOrEqual(quota)
        expect(usedAt(next - 1) + cost).toBeGreaterThan(quota)
      }
    }),
    { numRuns: 40 },
  )
})

test('above that no minute ever has more than the quota, and what is told is never too early', async () => {
  const quota = 2_010
  const { ask, clear } = await aCounter(quota)
  await holds(
    asyncProperty(steps, async (given) => {
      await clear()
      const log: { at: number; cost: number }[] = []
      let now = start
      for (const { passMs, count, cost } of given) {
        now += passMs
        const row = await ask(now, count * 120, cost)
        log.push({ at: now, cost: row.granted * cost })
        const used = log.filter(({ at }) => at > now - minuteMs).reduce((sum, x) => sum + x.cost, 0)
        expect(used).toBeLessThanOrEqual(quota)
        // Capacity is back at most 100 ms late.
        const kept = log
          .filter(({ at }) => at > now - minuteMs - 100)
          .reduce((sum, x) => sum + x.cost, 0)
        if (row.granted < count * 120) {
          expect(kept + cost).toBeGreaterThan(quota)
          expect(row.minute_next).toBeGreaterThan(now)
        }
      }
    }),
    { numRuns: 25 },
  )
})

test('a clock that is set back takes nothing from the count and locks nobody out for long', async () => {
  const { ask } = await aCounter(12)
  await ask(start + 3_600_000, 12, 1)
  const early = await ask(start, 1, 1)
  expect([early.granted, (early.minute_next ?? 0) - start]).toEqual([0, minuteMs])
  // Refused requests write nothing: the future becomes now with each question until it is past.
  const later = await ask(start + 3_600_000 + minuteMs, 12, 1)
  expect(later.granted).toBe(12)
})
